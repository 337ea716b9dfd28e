//! The devices of the customers: event sockets that listen to a chat, are cut, and come back from
//! where they were, as our own client does. Start at [`Devices::turn`].

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use serde_json::{Map, Value, json};

use crate::desk::{self, Account, Desk};
use crate::http;
use crate::swarm::{Opening, PATIENCE, Swarm, What, shown};

/// Devices of each customer.
pub(super) const EACH: usize = 2;

/// How long a device that was cut waits before it comes back, as our client's first try does.
const AWAY: Duration = Duration::from_millis(500);

/// The devices, named as their sockets are in the swarm: those of chat 3 are 6 and 7.
pub(super) struct Devices {
    swarm: Swarm,
    address: SocketAddr,
    chats: Vec<Chat>,
    all: Vec<Device>,
    /// Pieces of growing text that came.
    pub(super) deltas: usize,
}

/// A chat and whose it is.
pub(super) struct Chat {
    pub(super) id: String,
    channel: String,
    pub(super) account: Account,
    token: String,
}

#[derive(Default)]
struct Device {
    state: State,
    /// Where each channel goes on from.
    positions: Map<String, Value>,
    answer: Answer,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Away(Instant),
    Opening,
    Live,
}

/// The bot's answer, as a device has it.
#[derive(Default)]
struct Answer {
    message: Option<String>,
    grown: Vec<u16>,
    whole: Option<String>,
}

impl Devices {
    /// Begins a chat for each account, and opens its devices.
    pub(super) fn open(desk: &Desk, accounts: &[Account]) -> anyhow::Result<Self> {
        let mut connection = desk.connection()?;
        let mut chats = Vec::with_capacity(accounts.len());
        for account in accounts {
            let cookie = &account.cookie;
            let chat = connection.json(201, "POST", "/api/v1/chats", cookie, Some(&json!({})))?;
            let id = desk::text_of(&chat, "id")?;
            chats.push(Chat {
                channel: format!("chat:{id}"),
                id,
                account: account.clone(),
                token: desk::token(&mut connection, account)?,
            });
        }
        let mut swarm = Swarm::new()?;
        let count = chats.len() * EACH;
        swarm.reserve(count);
        let mut devices = Self {
            swarm,
            address: desk.child.address,
            chats,
            all: (0..count).map(|_| Device::default()).collect(),
            deltas: 0,
        };
        // One after the other: a socket that was let in is to say who it is at once.
        for number in 0..count {
            devices.begin(number)?;
            devices.until("a device is live", |all| {
                all.all[number].state == State::Live
            })?;
        }
        Ok(devices)
    }

    pub(super) fn chats(&self) -> &[Chat] {
        &self.chats
    }

    /// Gives every device a fresh token, so that a socket outlives a long run.
    pub(super) fn keep(&mut self, desk: &Desk) -> anyhow::Result<()> {
        let mut connection = desk.connection()?;
        for (number, chat) in self.chats.iter_mut().enumerate() {
            chat.token = desk::token(&mut connection, &chat.account)?;
            let refresh = json!({"type": "refresh", "id": "fresh", "token": chat.token});
            for device in number * EACH..(number + 1) * EACH {
                self.swarm.say(device, &refresh.to_string())?;
            }
        }
        Ok(())
    }

    /// Asks something in every chat, from one of its devices, and forgets the answer before.
    pub(super) fn ask(&mut self, question: impl Fn(usize) -> String) -> anyhow::Result<()> {
        for device in &mut self.all {
            device.answer = Answer::default();
        }
        for (number, chat) in self.chats.iter().enumerate() {
            let body = question(number);
            let write = json!({"type": "send_message", "id": body, "chat_id": chat.id,
                "client_id": body, "body": body});
            self.swarm.say(number * EACH, &write.to_string())?;
        }
        Ok(())
    }

    /// Whether every device is live and has the whole answer.
    pub(super) fn have_all(&self) -> bool {
        let has = |device: &Device| device.state == State::Live && device.answer.whole.is_some();
        self.all.iter().all(has)
    }

    /// How many devices have not got this answer of a chat, or have seen something else grow.
    pub(super) fn without(&self, chat: usize, answer: &str) -> usize {
        let devices = &self.all[chat * EACH..(chat + 1) * EACH];
        devices.iter().filter(|device| !device.has(answer)).count()
    }

    /// Cuts a device that is live, whichever; false if there is none.
    pub(super) fn cut_one(&mut self) -> bool {
        let first = rand::rng().random_range(0..self.all.len());
        let mut numbers = (first..self.all.len()).chain(0..first);
        let Some(number) = numbers.find(|number| self.all[*number].state == State::Live) else {
            return false;
        };
        self.swarm.reset(number);
        self.all[number].state = State::Away(Instant::now() + AWAY);
        true
    }

    /// Takes turns until something holds.
    pub(super) fn until(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while !holds(self) {
            if began.elapsed() > PATIENCE {
                let live = self
                    .all
                    .iter()
                    .filter(|one| one.state == State::Live)
                    .count();
                let whole = self
                    .all
                    .iter()
                    .filter(|one| one.answer.whole.is_some())
                    .count();
                bail!(
                    "not within {PATIENCE:?}: {what}; of {} devices {live} are live and {whole} \
                     have a whole answer",
                    self.all.len()
                );
            }
            self.turn()?;
        }
        Ok(())
    }

    /// Brings back who is due, and hears what comes within some milliseconds.
    pub(super) fn turn(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        for number in 0..self.all.len() {
            if matches!(self.all[number].state, State::Away(until) if until <= now) {
                self.begin(number)?;
            }
        }
        let mut replies = Vec::new();
        let mut fault = None;
        let (all, chats, deltas) = (&mut self.all, &self.chats, &mut self.deltas);
        self.swarm.turn(Duration::from_millis(5), |number, what| {
            let (device, chat) = (&mut all[number], &chats[number / EACH]);
            let heard = match what {
                What::Upgraded => {
                    let connect = json!({"type": "connect", "token": chat.token,
                        "resume": device.positions});
                    replies.push((number, connect));
                    Ok(())
                }
                What::Text(text) => device.hear(text, chat, deltas).map(|asks| {
                    replies.extend(asks.map(|ask| (number, ask)));
                }),
                What::Answer { status, body } => Err(anyhow::anyhow!(
                    "its upgrade was answered with {status}: {body}"
                )),
                What::Closed { code } => Err(anyhow::anyhow!("it was closed with {}", shown(code))),
            };
            if let Err(error) = heard {
                fault = Some(error.context(format!("device {number}")));
            }
        })?;
        for (number, frame) in replies {
            self.swarm.say(number, &frame.to_string())?;
        }
        fault.map_or(Ok(()), Err)
    }

    fn begin(&mut self, number: usize) -> anyhow::Result<()> {
        self.all[number].state = State::Opening;
        let request = http::upgrade_request(self.address, "/api/v1/ws");
        let address = self.address;
        self.swarm
            .begin_again(number, &Opening { address, request })
    }
}

impl Device {
    /// Whether it has this answer, and has shown nothing but its beginning before.
    fn has(&self, answer: &str) -> bool {
        let units: Vec<u16> = answer.encode_utf16().collect();
        self.answer.whole.as_deref() == Some(answer) && units.starts_with(&self.answer.grown)
    }

    /// Takes a frame; what it has to ask then, if anything.
    fn hear(
        &mut self,
        text: &str,
        chat: &Chat,
        deltas: &mut usize,
    ) -> anyhow::Result<Option<Value>> {
        let frame: Value = serde_json::from_str(text).context("a frame is JSON")?;
        match frame["type"].as_str() {
            Some("welcome") => {
                for entry in frame["channels"]
                    .as_array()
                    .context("a welcome has channels")?
                {
                    self.enter(entry)?;
                }
                if !self.positions.contains_key(&chat.channel) {
                    return Ok(Some(
                        json!({"type": "subscribe", "id": "chat", "channel": chat.channel}),
                    ));
                }
                self.state = State::Live;
            }
            Some("reply") if frame["id"] == "chat" => {
                self.enter(&frame["data"])?;
                self.state = State::Live;
            }
            Some("event") => self.take(&frame, chat, deltas)?,
            Some("error" | "unsubscribed" | "goodbye") => bail!("it was told {text}"),
            _ => {}
        }
        Ok(None)
    }

    /// Notes where a channel goes on from; nothing of it may be missing.
    fn enter(&mut self, entry: &Value) -> anyhow::Result<()> {
        let outcome = entry["outcome"].as_str().unwrap_or_default();
        anyhow::ensure!(
            matches!(outcome, "live" | "recovered"),
            "a channel has a gap: {entry}"
        );
        let channel = desk::text_of(entry, "channel")?;
        let position = json!({"epoch": entry["epoch"], "offset": entry["offset"]});
        self.positions.insert(channel, position);
        Ok(())
    }

    fn take(&mut self, frame: &Value, chat: &Chat, deltas: &mut usize) -> anyhow::Result<()> {
        let channel = frame["channel"].as_str().unwrap_or_default();
        if let Some(offset) = frame["offset"].as_u64() {
            let position = self.positions.get_mut(channel);
            let position = position.with_context(|| format!("nobody asked for {channel}"))?;
            let before = position["offset"].as_u64();
            anyhow::ensure!(
                before.map(|before| before + 1) == Some(offset),
                "after {before:?} came {offset} on {channel}"
            );
            position["offset"] = json!(offset);
        }
        if channel != chat.channel {
            return Ok(());
        }
        let data = &frame["data"];
        match frame["event"].as_str() {
            Some("message.delta") => {
                *deltas += 1;
                self.answer.grow(data);
            }
            Some("message.created" | "message.updated") => self.answer.take(&data["message"]),
            _ => {}
        }
        Ok(())
    }
}

impl Answer {
    /// After a hole nothing more is added, as in our client: the whole message follows.
    fn grow(&mut self, delta: &Value) {
        let start = delta["start"]
            .as_u64()
            .and_then(|start| usize::try_from(start).ok());
        let (Some(start), Some(text)) = (start, delta["text"].as_str()) else {
            return;
        };
        if self.message.as_deref() == delta["message_id"].as_str() && start <= self.grown.len() {
            self.grown.truncate(start);
            self.grown.extend(text.encode_utf16());
        }
    }

    fn take(&mut self, message: &Value) {
        let id = message["id"].as_str();
        if message["sender"]["kind"] != "bot"
            || (self.message.is_some() && self.message.as_deref() != id)
        {
            return;
        }
        self.message = id.map(str::to_owned);
        if message["state"] != "streaming" {
            self.whole = message["body"].as_str().map(str::to_owned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(state: &str, body: &str) -> Value {
        json!({"id": "m1", "sender": {"kind": "bot"}, "state": state, "body": body})
    }

    fn delta(start: u64, text: &str) -> Value {
        json!({"message_id": "m1", "start": start, "text": text})
    }

    #[test]
    fn an_answer_is_built_up_in_utf_16_and_stops_at_a_hole() {
        let mut answer = Answer::default();
        answer.grow(&delta(0, "too early"));
        assert!(answer.grown.is_empty(), "the message is not there yet");
        answer.take(&message("streaming", ""));
        answer.grow(&delta(0, "é👋"));
        answer.grow(&delta(3, " b"));
        answer.grow(&delta(9, "hole"));
        assert_eq!(String::from_utf16(&answer.grown).unwrap(), "é👋 b");
        answer.grow(&delta(0, "é👋 b c"));
        assert_eq!(answer.whole, None);
        answer.take(
            &json!({"id": "m2", "sender": {"kind": "bot"}, "state": "complete", "body": "x"}),
        );
        assert_eq!(
            answer.whole, None,
            "another message is none of its business"
        );
        answer.take(&message("complete", "é👋 b c"));
        assert_eq!(answer.whole.as_deref(), Some("é👋 b c"));
    }

    #[test]
    fn a_missing_event_and_a_gap_are_noticed() {
        let chat = Chat {
            id: "1".to_owned(),
            channel: "chat:1".to_owned(),
            account: Account {
                id: "u".to_owned(),
                cookie: String::new(),
            },
            token: String::new(),
        };
        let mut device = Device::default();
        let entry = |outcome: &str| json!({"channel": "chat:1", "epoch": "e", "offset": 4, "outcome": outcome});
        assert!(device.enter(&entry("gap")).is_err());
        device.enter(&entry("live")).unwrap();
        let mut hear = |offset: u64| {
            let event = json!({"type": "event", "channel": "chat:1", "offset": offset, "event": "chat.updated"});
            device.hear(&event.to_string(), &chat, &mut 0).map(drop)
        };
        hear(5).unwrap();
        let missing = hear(7).unwrap_err().to_string();
        assert!(missing.contains('5') && missing.contains('7'), "{missing}");
        assert!(hear(5).is_err(), "nor may one come twice");
    }

    #[test]
    fn a_device_with_another_text_is_counted() {
        let mut device = Device::default();
        assert!(!device.has("same"), "it has nothing yet");
        device.answer.take(&message("complete", "same"));
        assert!(device.has("same") && !device.has("other"));
        device.answer.grown = "sane".encode_utf16().collect();
        assert!(!device.has("same"), "it has shown what was never said");
    }
}
