//! The chat socket: which chat it is, and what it begins with. From then on it is a socket like the
//! event socket, with one channel and a smaller tongue. Start at [`open`].

use std::collections::BTreeMap;

use desk::{Action, Actor, Object, decide, scope};
use engine::{Begin, ChatOpening, DeniedChannel, EventLog as _, JoinChannel};
use protocol::{
    ChannelName, Chat, ChatId, ChatStatus, CloseCode, ErrorCode, Goodbye, Position, Role,
};
use store::{BeginChat, ChatFilter, PageRequest};

use super::attempts::{Comparison, compared};
use super::connect::Granted;
use crate::app::App;

/// Most messages of a welcome.
const MESSAGES_MAX: u32 = 50;

/// The word that stands for the caller's own open chat.
const ME: &str = "me";

/// What a chat socket is given.
pub(super) struct Opened {
    pub(super) opening: ChatOpening,
    pub(super) granted: Granted,
}

/// Why there is no chat socket.
pub(super) enum Unopened {
    /// Not for this caller.
    Refused(Goodbye, Comparison),
    /// The store does not answer.
    Away(store::ReadError),
}

impl From<store::ReadError> for Unopened {
    fn from(error: store::ReadError) -> Self {
        Self::Away(error)
    }
}

/// Finds the chat that a path names, by its id or as `me`, and reads what its page begins with. A
/// chat of somebody else and no chat at all look alike.
pub(super) async fn open(
    app: &App,
    actor: &Actor,
    asked: &str,
    mut resume: BTreeMap<ChannelName, Position>,
) -> Result<Opened, Unopened> {
    let chat = find(app, actor, asked).await?;
    let channel = ChannelName::chat(chat.id);
    // The head before the messages: whatever comes in between follows as a frame of its own.
    let log = app.store.event_log();
    let heads = log.heads(std::slice::from_ref(&channel)).await;
    let heads = heads.map_err(|error| away(&error))?;
    let snapshot = Begin::Snapshot {
        epoch: heads.epoch,
        offset: heads.heads.first().copied().unwrap_or(0),
    };
    let chat = app.store.chat(actor, chat.id).await?;
    let chat = chat.ok_or_else(|| unknown_chat("none"))?;
    let page = PageRequest {
        limit: MESSAGES_MAX,
        cursor: None,
    };
    let mut messages = app.store.messages(chat.id, false, page).await?.items;
    messages.reverse();
    let begin = resume.remove(&channel).map_or(snapshot, Begin::Position);
    let denied = resume.into_keys().map(|channel| DeniedChannel {
        channel,
        code: ErrorCode::InvalidRequest,
        detail: "a chat socket has the channel of its chat and no other".to_owned(),
    });
    let join = JoinChannel {
        channel,
        begin,
        automatic: true,
    };
    Ok(Opened {
        opening: ChatOpening { chat, messages },
        granted: (vec![join], denied.collect()),
    })
}

async fn find(app: &App, actor: &Actor, asked: &str) -> Result<Chat, Unopened> {
    if asked == ME {
        return own(app, actor).await;
    }
    let Ok(id) = asked.parse::<ChatId>() else {
        return Err(unknown_chat("not an id"));
    };
    if asked == actor.id.to_string() {
        let detail = "this is an account's id, not a chat's; use /ws/chat/me for one's own chat";
        return Err(refused(detail, "an account's id"));
    }
    let chat = app.store.chat(actor, id).await?;
    let chat = chat.ok_or_else(|| unknown_chat("none of theirs"))?;
    let customer = chat.customer.id;
    decide(actor, Action::Read, Object::Chat { customer })
        .or_refuse()
        .map_err(|_| unknown_chat("none of theirs"))?;
    Ok(chat)
}

/// The customer's open chat; one is begun if there is none.
async fn own(app: &App, actor: &Actor) -> Result<Chat, Unopened> {
    if actor.role != Role::Customer {
        let detail = "`me` is a customer's own chat; staff name the chat by its id";
        return Err(refused(detail, actor.role.as_str()));
    }
    if let Some(chat) = open_chat(app, actor).await? {
        return Ok(chat);
    }
    let begin = BeginChat {
        actor: *actor,
        id: ChatId::new(),
        customer: actor.id,
        subject: String::new(),
        now: app.now(),
    };
    match app.store.write(begin).await {
        Ok(chat) => Ok(chat),
        // Another device was quicker.
        Err(error) => match open_chat(app, actor).await? {
            Some(chat) => Ok(chat),
            None => Err(away(&error)),
        },
    }
}

async fn open_chat(app: &App, actor: &Actor) -> Result<Option<Chat>, store::ReadError> {
    let filter = ChatFilter {
        scope: scope(actor),
        status: Some(ChatStatus::Open),
        handler: None,
    };
    let page = PageRequest {
        limit: 1,
        cursor: None,
    };
    let chats = app.store.chats(actor, filter, page).await?;
    Ok(chats.items.into_iter().next())
}

fn away(error: &dyn std::fmt::Display) -> Unopened {
    Unopened::Away(store::ReadError::Unavailable(error.to_string()))
}

fn unknown_chat(found: &str) -> Unopened {
    refused("there is no such chat for this account", found)
}

fn refused(detail: &str, found: &str) -> Unopened {
    let goodbye = Goodbye::new(CloseCode::ChatNotFound, detail);
    let expected = "a chat of the account, or `me` for a customer";
    Unopened::Refused(goodbye, compared("chat", expected, found))
}
