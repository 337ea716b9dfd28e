//! Server-sent events as model servers send them, which is not always as the standard has them:
//! any line end, comments, a byte order mark, no space after the colon, JSON without `data:`, a last
//! event without its blank line, bytes that are not UTF-8. Start at [`Decoder::push`].

/// Longest line, in bytes.
const LINE_MAX_BYTES: usize = 256 * 1024;

/// Makes the data of events out of bytes, however they are cut.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    /// The data lines of the event so far.
    data: Option<String>,
    /// The last byte was a carriage return, so that a line feed ends nothing more.
    after_return: bool,
    begun: bool,
}

/// A line was longer than any event of a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Decoder {
    /// Takes bytes; the data of each event that they end is given to `event`.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        event: &mut impl FnMut(String),
    ) -> Result<(), TooLong> {
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    self.end_line(event);
                }
                byte => {
                    self.after_return = false;
                    if self.line.len() >= LINE_MAX_BYTES
                        || self
                            .data
                            .as_ref()
                            .is_some_and(|data| data.len() > LINE_MAX_BYTES)
                    {
                        return Err(TooLong);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(())
    }

    /// The stream has ended; what was not ended by a blank line counts too.
    pub(super) fn finish(&mut self, event: &mut impl FnMut(String)) {
        if !self.line.is_empty() {
            self.end_line(event);
        }
        self.end_event(event);
    }

    fn end_line(&mut self, event: &mut impl FnMut(String)) {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let mut line = line.as_ref();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.trim_start_matches('\u{feff}');
        }
        if line.is_empty() {
            return self.end_event(event);
        }
        if let Some(data) = line.strip_prefix("data:") {
            let data = data.strip_prefix(' ').unwrap_or(data);
            match &mut self.data {
                Some(before) => {
                    before.push('\n');
                    before.push_str(data);
                }
                None => self.data = Some(data.to_owned()),
            }
        } else if line.starts_with('{') {
            // Lines of JSON without the name of a field.
            self.end_event(event);
            event(line.to_owned());
        }
        // Comments, and the fields event, id and retry, say nothing here.
    }

    fn end_event(&mut self, event: &mut impl FnMut(String)) {
        if let Some(data) = self.data.take() {
            event(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut |data| events.push(data)).unwrap();
        }
        decoder.finish(&mut |data| events.push(data));
        events
    }

    #[test]
    fn every_dialect_gives_its_data() {
        for text in [
            "data: {\"a\":1}\n\ndata: [DONE]\n\n",
            "\u{feff}: hello\r\n\r\ndata:{\"a\":1}\r\n\r\n: keep-alive\r\ndata: [DONE]\r\n",
            "data: {\"a\":1}\r\rdata: [DONE]",
            "event: chunk\nid: 7\ndata: {\"a\":1}\n\nretry: 3\ndata: [DONE]",
            "{\"a\":1}\n[DONE]\ndata: [DONE]",
        ] {
            assert_eq!(
                events(&[text.as_bytes()]),
                ["{\"a\":1}", "[DONE]"],
                "{text:?}"
            );
        }
        assert_eq!(events(&[b"data: a\ndata: b\n\n"]), ["a\nb"]);
        assert_eq!(events(&[b"data: \xff\xfe!\n\n"]), ["\u{fffd}\u{fffd}!"]);
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut decoder = Decoder::default();
        let bytes = vec![b'x'; LINE_MAX_BYTES + 1];
        assert_eq!(decoder.push(&bytes, &mut |_| {}), Err(TooLong));
        let mut decoder = Decoder::default();
        let line = b"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(20_000);
        assert_eq!(decoder.push(&line, &mut |_| {}), Err(TooLong));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "(data: ?[a-zü]{0,4}(\r\n|\n|\r){1,2}|: c\n){0,8}", at in 0usize..64) {
            let bytes = text.as_bytes();
            let at = at.min(bytes.len());
            prop_assert_eq!(events(&[&bytes[..at], &bytes[at..]]), events(&[bytes]));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(events(&single), events(&[bytes]));
        }
    }
}
