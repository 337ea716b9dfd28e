//! Texts that grow: what there is so far of each message that is being written, so that whoever comes
//! late or reads slowly gets it in one piece and then goes on with what follows. In memory only;
//! the message as it ends is an event like any other. Start at [`Growing::grow`].

use std::collections::HashMap;

use bytes::BytesMut;
use protocol::{ChannelName, DeltaData, EventFrame, EventName, MessageId, Timestamp, Tongue};
use websocket::Opcode;

/// Longest text that is kept while it grows, in bytes; a longer one stands still until it ends.
const TEXT_MAX_BYTES: usize = 64 * 1024;

/// A piece of a text that grows. Ephemeral: no offset, no place in the log.
#[derive(Clone, Debug)]
pub struct Growth {
    /// Who listens.
    pub channel: ChannelName,
    /// Which message.
    pub message: MessageId,
    /// When.
    pub at: Timestamp,
    /// Where the piece belongs, in UTF-16 units: 0 begins the text anew, anything else is where
    /// the piece before it ended.
    pub start: u64,
    /// The piece.
    pub text: String,
}

/// The growing texts of a shard, by channel.
#[derive(Debug, Default)]
pub(crate) struct Growing(HashMap<ChannelName, Vec<Text>>);

#[derive(Debug)]
struct Text {
    message: MessageId,
    at: Timestamp,
    text: String,
    /// Its length in UTF-16 units.
    units: u64,
}

impl Growing {
    /// Takes a piece. False when it does not go on where its text ended, or the text is too long.
    pub(crate) fn grow(&mut self, growth: &Growth) -> bool {
        let texts = match self.0.get_mut(&growth.channel) {
            Some(texts) => texts,
            None => self.0.entry(growth.channel.clone()).or_default(),
        };
        if growth.start == 0 {
            texts.retain(|text| text.message != growth.message);
            texts.push(Text {
                message: growth.message,
                at: growth.at,
                text: String::new(),
                units: 0,
            });
        }
        let Some(text) = texts
            .iter_mut()
            .find(|text| text.message == growth.message && text.units == growth.start)
        else {
            return false;
        };
        if text.text.len() + growth.text.len() > TEXT_MAX_BYTES {
            return false;
        }
        text.text.push_str(&growth.text);
        text.units += growth.text.encode_utf16().count() as u64;
        text.at = growth.at;
        true
    }

    /// The text has ended.
    pub(crate) fn end(&mut self, channel: &ChannelName, message: MessageId) {
        if let Some(texts) = self.0.get_mut(channel) {
            texts.retain(|text| text.message != message);
            if texts.is_empty() {
                self.0.remove(channel);
            }
        }
    }

    /// Appends a frame for each text of the channel, whole. `json` is only lent for its memory.
    pub(crate) fn write_whole(
        &self,
        channel: &ChannelName,
        tongue: Tongue,
        into: &mut BytesMut,
        json: &mut String,
    ) {
        for text in self.0.get(channel).into_iter().flatten() {
            let data = (text.message, 0, text.text.as_str());
            write_delta(channel, tongue, text.at, data, into, json);
        }
    }
}

impl Growth {
    /// Appends the frame of this piece.
    pub(crate) fn write(&self, tongue: Tongue, into: &mut BytesMut, json: &mut String) {
        let data = (self.message, self.start, self.text.as_str());
        write_delta(&self.channel, tongue, self.at, data, into, json);
    }
}

fn write_delta(
    channel: &ChannelName,
    tongue: Tongue,
    at: Timestamp,
    (message_id, start, text): (MessageId, u64, &str),
    into: &mut BytesMut,
    json: &mut String,
) {
    let data = DeltaData {
        message_id,
        start,
        text: text.to_owned(),
    };
    let data = serde_json::to_string(&data).expect("a delta is plain data");
    json.clear();
    EventFrame {
        id: None,
        channel,
        offset: None,
        name: EventName::MessageDelta,
        at,
        data: &data,
    }
    .write_as(tongue, json);
    websocket::write_frame(into, Opcode::Text, json.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(start: u64, text: &str) -> Growth {
        Growth {
            channel: ChannelName::staff(),
            message: MessageId(uuid::Uuid::from_u128(7)),
            at: Timestamp(0),
            start,
            text: text.to_owned(),
        }
    }

    fn whole(growing: &Growing) -> usize {
        let mut bytes = BytesMut::new();
        let staff = ChannelName::staff();
        growing.write_whole(&staff, Tongue::Events, &mut bytes, &mut String::new());
        bytes.len()
    }

    #[test]
    fn a_text_grows_where_it_ended_counted_as_javascript_counts() {
        let mut growing = Growing::default();
        assert!(growing.grow(&growth(0, "Grüße 👋")));
        assert!(!growing.grow(&growth(9, "!")), "not where it ended");
        assert!(growing.grow(&growth(8, "!")));
        let before = whole(&growing);
        assert!(growing.grow(&growth(0, "")), "begun anew");
        assert!(whole(&growing) < before);
        growing.end(&ChannelName::staff(), MessageId(uuid::Uuid::from_u128(7)));
        assert_eq!(whole(&growing), 0);
        assert!(growing.0.is_empty());
    }

    #[test]
    fn a_text_that_is_too_long_stands_still() {
        let mut growing = Growing::default();
        assert!(growing.grow(&growth(0, &"x".repeat(TEXT_MAX_BYTES))));
        let before = whole(&growing);
        assert!(!growing.grow(&growth(TEXT_MAX_BYTES as u64, "y")));
        assert_eq!(whole(&growing), before);
    }
}
