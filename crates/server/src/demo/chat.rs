//! The chat of the demo: one that is open, with a few messages.

use desk::{Actor, Scope};
use protocol::{ChatId, MessageId, Timestamp};
use store::{BeginChat, ChangeChat, ChatFilter, NewHandler, PageRequest, Store, WriteMessage};

/// Who says what: the customer, or else staff.
const MESSAGES: [(bool, &str); 3] = [
    (true, "Hello! Is the apple cake fresh today?"),
    (false, "Good morning! It came out of the oven an hour ago."),
    (true, "Then please keep three pieces for me 🍎"),
];

/// Begins the chat, unless there is any.
pub(super) async fn fill(
    store: &Store,
    customer: Actor,
    staff: Actor,
    now: Timestamp,
) -> anyhow::Result<()> {
    let all = ChatFilter {
        scope: Scope::All,
        status: None,
        handler: None,
    };
    let one = PageRequest {
        limit: 1,
        cursor: None,
    };
    if !store.chats(&staff, all, one).await?.items.is_empty() {
        return Ok(());
    }
    let begin = BeginChat {
        actor: customer,
        id: ChatId::new(),
        customer: customer.id,
        subject: "Apple cake".to_owned(),
        now,
    };
    let chat = store.write(begin).await?;
    let take = ChangeChat {
        actor: staff,
        id: chat.id,
        version: chat.version,
        subject: None,
        status: None,
        handler: Some(NewHandler::Person(staff.id)),
        now,
    };
    store.write(take).await?;
    for (index, (by_customer, body)) in MESSAGES.into_iter().enumerate() {
        let write = WriteMessage {
            actor: if by_customer { customer } else { staff },
            id: MessageId::new(),
            chat: chat.id,
            client_id: Some(format!("demo-{index}")),
            body: body.to_owned(),
            note: false,
            now,
        };
        store.write(write).await?;
    }
    Ok(())
}
