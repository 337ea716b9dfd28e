//! One example of every frame, made from the types themselves; docs/protocol.md is written from
//! them, so it cannot show what the program does not say.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    ChannelName, CloseCode, CommandId, ConnectionId, Epoch, ErrorCode, ErrorFrame, EventFrame,
    EventId, EventName, GapRange, Goodbye, Limits, Order, OrderData, OrderId, OrderLine,
    OrderStatus, Outcome, Person, PositionEntry, Role, ServerFrame, Timestamp, UserId, Welcome,
    WelcomeUser,
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
    /// The frame's type, and what is special about this one.
    pub title: &'static str,
    /// Who sends it.
    pub direction: Direction,
    /// When it is sent and what follows.
    pub text: &'static str,
    /// The frame.
    pub json: Value,
}

const ANA: UserId = UserId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00a1));
const EPOCH: Epoch = Epoch(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00e0));
const EVENT: EventId = EventId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0042));
const NOON: Timestamp = Timestamp(1_790_000_000_000);

/// Every frame, the client's first.
#[must_use]
pub fn examples() -> Vec<Example> {
    let mut all = from_client();
    all.extend(from_server());
    all
}

fn from_client() -> Vec<Example> {
    let user = ChannelName::user(ANA);
    let position = json!({"epoch": EPOCH, "offset": 41, "id": EVENT});
    let example = |title, text, json| Example { title, direction: Direction::FromClient, text, json };
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
            json!({"type": "unsubscribe", "id": "3", "channel": "chat:0190a000-0000-7000-8000-0000000000c1"}),
        ),
        example(
            "refresh",
            "Extends the life of the socket with a fresh token of the same session. Answer: a \
             `reply` with `expires_at`.",
            json!({"type": "refresh", "id": "4", "token": "eyJ…"}),
        ),
        example(
            "ping",
            "Asks whether the server is there. Answer: a `reply` with `server_time`.",
            json!({"type": "ping", "id": 5}),
        ),
    ]
}

fn from_server() -> Vec<Example> {
    let example = |title, text, json| Example { title, direction: Direction::FromServer, text, json };
    let frame = |frame: ServerFrame| serde_json::to_value(frame).expect("frames are plain data");
    let id = Some(CommandId::Text("2".to_owned()));
    vec![
        example(
            "welcome",
            "The connection is open; before it, nothing is. It lists the automatic channels and \
             those resumed, each before its first event.",
            frame(ServerFrame::Welcome(welcome())),
        ),
        example(
            "event",
            "Something happened. A durable event has an `offset`, rising by one in its channel, \
             and an `id` that is the same on every channel that tells of it: hand each id on once.",
            event(),
        ),
        example(
            "reply",
            "A command was done; here a `subscribe` whose position was older than what is kept.",
            frame(ServerFrame::Reply {
                id: id.clone(),
                data: serde_json::to_value(gap_entry()).expect("entries are plain data"),
            }),
        ),
        example(
            "error",
            "A command was refused, or a frame was none. The connection goes on.",
            frame(ServerFrame::Error(ErrorFrame {
                id,
                code: ErrorCode::Forbidden,
                detail: "a customer may not read the channel staff".to_owned(),
                fix: ErrorCode::Forbidden.fix().to_owned(),
            })),
        ),
        example(
            "unsubscribed",
            "A subscription is over, for example because a resumed channel is no longer allowed. \
             The connection goes on.",
            frame(ServerFrame::Unsubscribed {
                channel: ChannelName::staff(),
                code: ErrorCode::Forbidden,
                detail: "a customer may not read the channel staff".to_owned(),
            }),
        ),
        example(
            "heartbeat",
            "Sent with every protocol ping, so that a page can see the server is there.",
            frame(ServerFrame::Heartbeat { server_time: NOON }),
        ),
        example(
            "goodbye",
            "The last frame before a close; the close frame repeats code and reason.",
            frame(ServerFrame::Goodbye(Goodbye {
                code: CloseCode::ServerRestarting,
                detail: "the server is being restarted".to_owned(),
                retry_after_ms: Some(1840),
            })),
        ),
    ]
}

fn welcome() -> Welcome {
    Welcome {
        connection_id: ConnectionId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00c0)),
        server: "frontdesk/0.1.0".to_owned(),
        boot_id: Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00b0).to_string(),
        server_time: NOON,
        user: WelcomeUser { id: ANA, name: "Ana".to_owned(), role: Role::Customer },
        expires_at: Timestamp(NOON.0 + 300_000),
        heartbeat_seconds: 25,
        limits: Limits {
            frame_max_bytes: 65536,
            messages_per_second: 20,
            message_burst: 60,
            subscriptions_max: 100,
        },
        channels: vec![PositionEntry {
            channel: ChannelName::user(ANA),
            epoch: EPOCH,
            offset: 41,
            head: 41,
            outcome: Outcome::Live,
            gap: None,
        }],
        presence: None,
    }
}

fn gap_entry() -> PositionEntry {
    PositionEntry {
        channel: ChannelName::user(ANA),
        epoch: EPOCH,
        offset: 60,
        head: 72,
        outcome: Outcome::Gap,
        gap: Some(GapRange { from: 42, to: 60, why: "expired".to_owned() }),
    }
}

fn event() -> Value {
    let order = Order {
        id: OrderId(Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0d01)),
        customer: Person { id: ANA, name: "Ana".to_owned() },
        status: OrderStatus::Ready,
        lines: vec![OrderLine {
            item_id: None,
            quantity: 2,
            name: "Espresso".to_owned(),
            unit_price: 250,
        }],
        total: 500,
        currency: "EUR".to_owned(),
        note: String::new(),
        version: 4,
        created_at: NOON,
        updated_at: Timestamp(NOON.0 + 240_000),
    };
    let data = serde_json::to_string(&OrderData { order }).expect("objects are plain data");
    let mut json = String::new();
    EventFrame {
        id: Some(EVENT),
        channel: &ChannelName::user(ANA),
        offset: Some(42),
        name: EventName::OrderUpdated,
        at: Timestamp(NOON.0 + 240_000),
        data: &data,
    }
    .write_to(&mut json);
    serde_json::from_str(&json).expect("an event frame is JSON")
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
