//! Notices: what the server itself says in a chat, of who came to answer and who left. They are
//! messages like any other, but nobody's to change, and never unread. Start at [`write_notice`].

use protocol::{
    ChatId, EventName, Message, MessageId, MessageState, Sender, SenderKind, Timestamp, UserId,
};

use crate::error::Fault;
use crate::messages::{after_newest, insert, name_of, nameless, tell_message};
use crate::transaction::Transaction;

/// Writes what the server itself says of someone's doing. The person is its sender, so that it is
/// erased with them.
pub(crate) async fn write_notice(
    tx: &mut Transaction<'_>,
    (chat, customer): (ChatId, UserId),
    by: Option<UserId>,
    did: &str,
    now: Timestamp,
) -> Result<Message, Fault> {
    let name = match by {
        Some(id) => name_of(tx, id).await?.unwrap_or_default(),
        None => nameless(SenderKind::Bot).to_owned(),
    };
    let message = Message {
        id: MessageId::new(),
        chat_id: chat,
        client_id: None,
        sender: Sender {
            kind: SenderKind::System,
            id: by,
            name: name.clone(),
        },
        body: format!("{name} {did}"),
        note: false,
        state: MessageState::Complete,
        actions: Vec::new(),
        created_at: after_newest(tx, chat, now).await?,
        edited_at: None,
        deleted_at: None,
    };
    insert(tx, &message).await?;
    tell_message(tx, EventName::MessageCreated, customer, &message)?;
    Ok(message)
}
