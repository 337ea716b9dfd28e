//! One example of every frame, made from the types themselves; docs/protocol.md is written from
//! them, so it cannot show what the program does not say. Start at [`examples`].

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Booking, BookingData, BookingId, BookingStatus, ChannelName, Chat, ChatData, ChatFrame, ChatId,
    ChatStatus, CloseCode, CommandId, ConnectionId, DeltaData, Done, Epoch, ErrorCode, ErrorFrame,
    EventFrame, EventId, EventName, GapRange, Goodbye, Handler, HandlerKind, ItemId, Limits,
    Message, MessageAction, MessageData, MessageId, MessageState, Notification, NotificationData,
    NotificationId, Order, OrderData, OrderId, OrderLine, OrderStatus, Outcome, Person, Pong,
    PositionEntry, Presence, PresenceData, ReadPosition, Refreshed, ResourceId, ResourceName, Role,
    Sender, SenderKind, ServerFrame, Timestamp, Topic, TypingData, UserId, Welcome, WelcomeUser,
};

/// Who sends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    FromClient,
    /// The server.
    FromServer,
}

/// One frame as it looks on the wire.
#[derive(Clone, Debug)]
pub struct Example {
    /// The frame's `type`; with the event's name behind it for an event (`event order.created`),
    /// and with the command's for a reply (`reply ping`).
    pub frame: String,
    /// Who sends it.
    pub direction: Direction,
    /// When it is sent and what follows.
    pub text: &'static str,
    /// The frame.
    pub json: Value,
}

const fn uuid(last: u16) -> Uuid {
    Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0000 + last as u128)
}

const ANA: UserId = UserId(uuid(0x00a1));
const BEN: UserId = UserId(uuid(0x00b1));
const CHAT: ChatId = ChatId(uuid(0x00c1));
const MESSAGE: MessageId = MessageId(uuid(0x0e51));
const EPOCH: Epoch = Epoch(uuid(0x00e0));
const EVENT: EventId = EventId(uuid(0x0042));
const NOON: Timestamp = Timestamp(1_790_000_000_000);

/// Every frame, the client's first.
#[must_use]
pub fn examples() -> Vec<Example> {
    let mut all = from_client();
    all.extend(in_chat());
    all.extend(from_server());
    let told = EventName::ALL
        .iter()
        .filter(|name| name.topic() != Topic::Internal);
    all.extend(told.map(|name| event(*name)));
    all
}

fn from_client() -> Vec<Example> {
    let user = ChannelName::user(ANA);
    let chat = ChannelName::chat(CHAT);
    let position = json!({"epoch": EPOCH, "offset": 41, "id": EVENT});
    let example = |frame: &str, text, json| Example {
        frame: frame.to_owned(),
        direction: Direction::FromClient,
        text,
        json,
    };
    vec![
        example(
            "connect",
            "The first frame of a socket that was opened without a token in its URL or headers, \
             within 5 s. `resume` holds the last position of each channel; leave it out on the \
             first visit. Answer: `welcome`, or `goodbye` and a close.",
            json!({"type": "connect", "id": "1", "token": "eyJ…", "resume": {user.as_str(): position}}),
        ),
        example(
            "subscribe",
            "Listens to a channel. With a `position`, what was missed follows first; on a channel \
             that is already subscribed it rewinds to that position. Answer: a `reply` with the \
             channel's position entry.",
            json!({"type": "subscribe", "id": "2", "channel": user, "position": position}),
        ),
        example(
            "unsubscribe",
            "Stops listening. The automatic channels cannot be left. Answer: a `reply` with `{}`.",
            json!({"type": "unsubscribe", "id": "3", "channel": chat}),
        ),
        example(
            "refresh",
            "Extends the life of the socket with a fresh token of the same session. Answer: a \
             `reply` with `expires_at`.",
            json!({"type": "refresh", "id": "4", "token": "eyJ…"}),
        ),
        example(
            "send_message",
            "Writes in a chat. The same `client_id` again gives the same message, so sending again \
             is safe. Answer: a `reply` with the message.",
            json!({
                "type": "send_message", "id": "5", "chat_id": CHAT,
                "client_id": "7f3c", "body": "Is my order ready?",
            }),
        ),
        example(
            "mark_read",
            "Tells how far one has read a chat. Answer: a `reply` with `{}`.",
            json!({"type": "mark_read", "id": "6", "chat_id": CHAT, "message_id": MESSAGE}),
        ),
        example(
            "mark_delivered",
            "Tells how far a chat has arrived on a device. What was read counts as arrived. Answer: \
             a `reply` with `{}`.",
            json!({"type": "mark_delivered", "id": "12", "chat_id": CHAT, "message_id": MESSAGE}),
        ),
        example(
            "typing",
            "Tells that one is writing, or has stopped. No answer, unless it is refused.",
            json!({"type": "typing", "chat_id": CHAT, "active": true}),
        ),
        example(
            "stop_message",
            "Stops an answer that is being written, from any device of whoever may write in the \
             chat. Answer: a `reply` with the message as it stands.",
            json!({"type": "stop_message", "id": "8", "message_id": MESSAGE}),
        ),
        example(
            "choose_action",
            "Chooses what the bot offered: a confirmation that it asked for. Answer: a `reply` \
             with the message.",
            json!({"type": "choose_action", "id": "9", "message_id": MESSAGE, "action_id": "1"}),
        ),
        example(
            "ping",
            "Asks whether the server is there. Answer: a `reply` with `server_time`.",
            json!({"type": "ping", "id": 7}),
        ),
    ]
}

/// What only a chat socket says and hears.
fn in_chat() -> Vec<Example> {
    let example = |frame: &str, direction, text, json| Example {
        frame: frame.to_owned(),
        direction,
        text,
        json,
    };
    let told = |frame: ChatFrame| plain(&frame);
    vec![
        example(
            "chat command message",
            Direction::FromClient,
            "Writes in the chat. `client_id` makes sending again safe; with an `id` the frame is \
             answered by a `reply`.",
            json!({"type": "message", "body": "Is my order ready?", "client_id": "7f3c"}),
        ),
        example(
            "chat command typing",
            Direction::FromClient,
            "Tells that one is writing; `active: false` that one has stopped.",
            json!({"type": "typing", "active": true}),
        ),
        example(
            "chat message",
            Direction::FromServer,
            "A message was written, or changed: it takes the place of the one with its id.",
            told(ChatFrame::Message {
                id: EVENT,
                offset: 42,
                message: message(),
            }),
        ),
        example(
            "chat message_delta",
            Direction::FromServer,
            "A piece of a message that is being written: its text from `start` on, counted in \
             UTF-16 units. The first one holds everything so far.",
            told(ChatFrame::MessageDelta {
                message_id: MESSAGE,
                start: 12,
                text: " is ready.".to_owned(),
            }),
        ),
        example(
            "chat typing",
            Direction::FromServer,
            "Someone is writing, or has stopped.",
            told(ChatFrame::Typing {
                active: true,
                chat_id: CHAT,
                user: typing().user,
            }),
        ),
        example(
            "chat chat",
            Direction::FromServer,
            "The chat changed: subject, status, handler, or how far someone has read or got.",
            told(ChatFrame::Chat {
                id: EVENT,
                offset: 43,
                chat: Box::new(chat()),
            }),
        ),
    ]
}

fn from_server() -> Vec<Example> {
    let example = |name: &str, text, frame: ServerFrame| Example {
        frame: name.to_owned(),
        direction: Direction::FromServer,
        text,
        json: serde_json::to_value(frame).expect("frames are plain data"),
    };
    let id = |text: &str| Some(CommandId::Text(text.to_owned()));
    let mut all = vec![
        example(
            "welcome",
            "The connection is open; before it, nothing is. It lists the automatic channels and \
             those resumed, each before its first event. Staff also get `presence`: who is online.",
            ServerFrame::Welcome(Box::new(welcome())),
        ),
        example(
            "error",
            "A command was refused, or a frame was none. The connection goes on.",
            ServerFrame::Error(ErrorFrame {
                id: id("2"),
                code: ErrorCode::Forbidden,
                detail: "a customer may not read the channel staff".to_owned(),
                fix: ErrorCode::Forbidden.fix().to_owned(),
            }),
        ),
        example(
            "unsubscribed",
            "A subscription is over, for example because a resumed channel is no longer allowed. \
             The connection goes on.",
            ServerFrame::Unsubscribed {
                channel: ChannelName::staff(),
                code: ErrorCode::Forbidden,
                detail: "a customer may not read the channel staff".to_owned(),
            },
        ),
        example(
            "heartbeat",
            "Sent with every protocol ping, so that a page can see the server is there.",
            ServerFrame::Heartbeat { server_time: NOON },
        ),
        example(
            "goodbye",
            "The last frame before a close; the close frame repeats code and reason.",
            ServerFrame::Goodbye(Goodbye {
                code: CloseCode::ServerRestarting,
                detail: "the server is being restarted".to_owned(),
                retry_after_ms: Some(1840),
            }),
        ),
    ];
    let reply = |command: &str, text, id, data| {
        example(
            &format!("reply {command}"),
            text,
            ServerFrame::Reply { id, data },
        )
    };
    all.extend([
        reply(
            "subscribe",
            "Where the channel goes on from; here the position was older than what is kept.",
            id("2"),
            plain(&gap_entry()),
        ),
        reply(
            "unsubscribe",
            "No more events of the channel follow.",
            id("3"),
            plain(&Done {}),
        ),
        reply(
            "refresh",
            "The socket lives on.",
            id("4"),
            plain(&Refreshed {
                expires_at: Timestamp(NOON.0 + 600_000),
            }),
        ),
        reply(
            "send_message",
            "The message as it was stored; its event comes too, before or after.",
            id("5"),
            plain(&MessageData { message: message() }),
        ),
        reply("mark_read", "It was noted.", id("6"), plain(&Done {})),
        reply("mark_delivered", "It was noted.", id("12"), plain(&Done {})),
        reply(
            "stop_message",
            "The message with what was said until then.",
            id("8"),
            plain(&MessageData {
                message: Message {
                    state: MessageState::Cancelled,
                    ..message()
                },
            }),
        ),
        reply(
            "choose_action",
            "The message with the choice in it; what came of it is told in the next one.",
            id("9"),
            plain(&MessageData {
                message: Message {
                    actions: vec![MessageAction {
                        id: "1".to_owned(),
                        label: "Yes, cancel it".to_owned(),
                        chosen: true,
                    }],
                    ..message()
                },
            }),
        ),
        reply(
            "ping",
            "The server is there.",
            Some(CommandId::Number(7)),
            plain(&Pong { server_time: NOON }),
        ),
    ]);
    all
}

fn plain(data: &impl Serialize) -> Value {
    serde_json::to_value(data).expect("objects are plain data")
}

fn welcome() -> Welcome {
    Welcome {
        connection_id: ConnectionId(uuid(0x00c0)),
        server: "frontdesk/0.1.0".to_owned(),
        boot_id: uuid(0x00b0).to_string(),
        server_time: NOON,
        user: WelcomeUser {
            id: BEN,
            name: "Ben".to_owned(),
            role: Role::Staff,
        },
        expires_at: Timestamp(NOON.0 + 300_000),
        heartbeat_seconds: 25,
        limits: Limits {
            frame_max_bytes: 65536,
            messages_per_second: 20,
            message_burst: 60,
            subscriptions_max: 100,
        },
        channels: vec![
            PositionEntry {
                channel: ChannelName::user(BEN),
                epoch: EPOCH,
                offset: 41,
                head: 41,
                outcome: Outcome::Live,
                gap: None,
            },
            PositionEntry {
                channel: ChannelName::staff(),
                epoch: EPOCH,
                offset: 977,
                head: 981,
                outcome: Outcome::Recovered,
                gap: None,
            },
        ],
        chat: None,
        messages: None,
        presence: Some(vec![presence()]),
    }
}

fn gap_entry() -> PositionEntry {
    PositionEntry {
        channel: ChannelName::user(ANA),
        epoch: EPOCH,
        offset: 60,
        head: 72,
        outcome: Outcome::Gap,
        gap: Some(GapRange {
            from: 42,
            to: 60,
            why: "expired".to_owned(),
        }),
    }
}

/// An event, on one of the channels that it is told on.
fn event(name: EventName) -> Example {
    let user = || ChannelName::user(ANA);
    let (text, channel, data) = match name {
        EventName::OrderCreated => (
            "An order was placed.",
            ChannelName::staff(),
            plain(&OrderData {
                order: order(OrderStatus::Placed),
            }),
        ),
        EventName::OrderUpdated => (
            "An order changed: its status, its note or its lines.",
            user(),
            plain(&OrderData {
                order: order(OrderStatus::Ready),
            }),
        ),
        EventName::BookingCreated => (
            "A booking was asked for.",
            ChannelName::staff(),
            plain(&BookingData {
                booking: booking(BookingStatus::Requested),
            }),
        ),
        EventName::BookingUpdated => (
            "A booking changed.",
            user(),
            plain(&BookingData {
                booking: booking(BookingStatus::Confirmed),
            }),
        ),
        EventName::NotificationCreated => (
            "There is something to know.",
            user(),
            plain(&NotificationData {
                notification: notification(None),
            }),
        ),
        EventName::NotificationRead => (
            "A notification was read, on this or another device.",
            user(),
            plain(&NotificationData {
                notification: notification(Some(NOON)),
            }),
        ),
        EventName::ChatCreated => (
            "A chat began.",
            ChannelName::staff(),
            plain(&ChatData { chat: chat() }),
        ),
        EventName::ChatUpdated => (
            "A chat changed: subject, status, handler, or how far someone has read.",
            user(),
            plain(&ChatData { chat: chat() }),
        ),
        EventName::MessageCreated => (
            "Someone wrote in a chat. On `staff` a message may be a note, with `note: true`.",
            ChannelName::chat(CHAT),
            plain(&MessageData { message: message() }),
        ),
        EventName::MessageUpdated => (
            "A message was changed or deleted; a deleted one has an empty `body`.",
            ChannelName::chat(CHAT),
            plain(&MessageData {
                message: Message {
                    body: String::new(),
                    deleted_at: Some(Timestamp(NOON.0 + 60_000)),
                    ..message()
                },
            }),
        ),
        EventName::MessageDelta => (
            "A piece of a message that is being written: its text from `start` on, counted in \
             UTF-16 units. The first one holds everything so far.",
            ChannelName::chat(CHAT),
            plain(&DeltaData {
                message_id: message().id,
                start: 12,
                text: " is ready.".to_owned(),
            }),
        ),
        EventName::TypingStarted => (
            "Someone is writing.",
            ChannelName::chat(CHAT),
            plain(&typing()),
        ),
        EventName::TypingStopped => (
            "Someone has stopped writing.",
            ChannelName::chat(CHAT),
            plain(&typing()),
        ),
        EventName::PresenceOnline => (
            "Someone came online: their first socket is open.",
            ChannelName::staff(),
            plain(&PresenceData {
                presence: presence(),
            }),
        ),
        EventName::PresenceOffline => (
            "Someone went offline: their last socket has been gone for a few seconds.",
            ChannelName::staff(),
            plain(&PresenceData {
                presence: presence(),
            }),
        ),
        EventName::SessionRevoked | EventName::TextErased => {
            unreachable!("internal events are told to no client")
        }
    };
    let mut json = String::new();
    EventFrame {
        id: name.is_kept().then_some(EVENT),
        channel: &channel,
        offset: name.is_kept().then_some(42),
        name,
        at: Timestamp(NOON.0 + 240_000),
        data: &data.to_string(),
    }
    .write_to(&mut json);
    Example {
        frame: format!("event {name}"),
        direction: Direction::FromServer,
        text,
        json: serde_json::from_str(&json).expect("an event frame is JSON"),
    }
}

fn ana() -> Person {
    Person {
        id: ANA,
        name: "Ana".to_owned(),
    }
}

fn order(status: OrderStatus) -> Order {
    Order {
        id: OrderId(uuid(0x0d01)),
        customer: ana(),
        status,
        lines: vec![
            OrderLine {
                item_id: Some(ItemId(uuid(0x0171))),
                quantity: 2,
                name: "Espresso".to_owned(),
                unit_price: 250,
            },
            OrderLine {
                item_id: None,
                quantity: 1,
                name: "Oat milk".to_owned(),
                unit_price: 50,
            },
        ],
        total: 550,
        currency: "EUR".to_owned(),
        note: String::new(),
        version: if status == OrderStatus::Placed { 1 } else { 4 },
        created_at: NOON,
        updated_at: NOON,
    }
}

fn booking(status: BookingStatus) -> Booking {
    Booking {
        id: BookingId(uuid(0x0b01)),
        customer: ana(),
        resource: ResourceName {
            id: ResourceId(uuid(0x07a1)),
            name: "Table 4".to_owned(),
        },
        starts_at: Timestamp(NOON.0 + 3_600_000),
        ends_at: Timestamp(NOON.0 + 7_200_000),
        party_size: 3,
        status,
        note: "By the window, please.".to_owned(),
        version: if status == BookingStatus::Requested {
            1
        } else {
            2
        },
        created_at: NOON,
        updated_at: NOON,
    }
}

fn notification(read_at: Option<Timestamp>) -> Notification {
    Notification {
        id: NotificationId(uuid(0x0f01)),
        kind: "order".to_owned(),
        title: "Your order is ready".to_owned(),
        body: String::new(),
        link: Some("/orders/0190a000-0000-7000-8000-000000000d01".to_owned()),
        read_at,
        created_at: NOON,
    }
}

fn chat() -> Chat {
    Chat {
        id: CHAT,
        customer: ana(),
        subject: "Order".to_owned(),
        status: ChatStatus::Open,
        handler: Handler {
            kind: HandlerKind::Staff,
            user: Some(Person {
                id: BEN,
                name: "Ben".to_owned(),
            }),
        },
        last_message: Some(message()),
        read: vec![ReadPosition {
            user_id: ANA,
            message_id: MESSAGE,
        }],
        delivered: [ANA, BEN]
            .map(|user_id| ReadPosition {
                user_id,
                message_id: MESSAGE,
            })
            .into(),
        unread: None,
        version: 2,
        created_at: NOON,
        updated_at: NOON,
    }
}

fn message() -> Message {
    Message {
        id: MESSAGE,
        chat_id: CHAT,
        client_id: Some("7f3c".to_owned()),
        sender: Sender {
            kind: SenderKind::Customer,
            id: Some(ANA),
            name: "Ana".to_owned(),
        },
        body: "Is my order ready?".to_owned(),
        note: false,
        state: MessageState::Complete,
        actions: Vec::new(),
        created_at: NOON,
        edited_at: None,
        deleted_at: None,
    }
}

fn typing() -> TypingData {
    TypingData {
        chat_id: CHAT,
        user: ana(),
    }
}

fn presence() -> Presence {
    Presence {
        user: WelcomeUser {
            id: ANA,
            name: "Ana".to_owned(),
            role: Role::Customer,
        },
        since: NOON,
        sockets: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientFrame;

    #[test]
    fn every_client_example_is_a_command_that_we_read() {
        for example in from_client() {
            ClientFrame::parse(&example.json.to_string()).unwrap();
        }
    }
}
