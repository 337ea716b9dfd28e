//! The way an answer takes to its reader: cleaned of what a message may not hold, never longer than
//! one, and as slow as the reader. Start at [`Voice::say`].

use tokio::sync::mpsc;

/// Longest answer, in characters: a message's.
pub const TEXT_MAX_CHARS: usize = desk::chat::BODY.max_chars;

/// What the end of an answer that was too long is replaced by.
const CUT: char = '…';

/// Where an answer goes.
#[derive(Debug)]
pub struct Voice {
    to: mpsc::Sender<String>,
    chars: usize,
    /// Whether anything but space was said.
    spoken: bool,
}

/// Why nothing more can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Nobody listens any more.
    Gone,
    /// The message is full; its last character says so.
    TooLong,
}

impl Voice {
    /// Speaks into a channel. A full one makes the speaker wait.
    #[must_use]
    pub const fn new(to: mpsc::Sender<String>) -> Self {
        Self {
            to,
            chars: 0,
            spoken: false,
        }
    }

    /// Whether anything was said.
    #[must_use]
    pub const fn has_spoken(&self) -> bool {
        self.spoken
    }

    /// How many characters were said.
    #[must_use]
    pub const fn chars(&self) -> usize {
        self.chars
    }

    /// Says a piece. Space before the first word is left out.
    ///
    /// # Errors
    /// The message is full, or nobody listens.
    pub async fn say(&mut self, piece: &str) -> Result<(), Full> {
        let mut text = cleaned(piece);
        if !self.spoken {
            text = text.trim_start().to_owned();
        }
        if text.is_empty() {
            return Ok(());
        }
        self.spoken = true;
        let room = TEXT_MAX_CHARS - self.chars;
        let chars = text.chars().count();
        let cut = chars > room;
        if cut {
            text = text.chars().take(room.saturating_sub(1)).collect();
            if room > 0 {
                text.push(CUT);
            }
        }
        self.chars += chars.min(room);
        if !text.is_empty() {
            self.to.send(text).await.map_err(|_| Full::Gone)?;
        }
        match cut {
            true => Err(Full::TooLong),
            false => Ok(()),
        }
    }
}

/// The text without what a message may not hold: control characters but line breaks and tabs.
#[must_use]
pub fn cleaned(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control() || matches!(character, '\n' | '\t'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_cleaned_and_never_longer_than_a_message() {
        let (to, mut from) = mpsc::channel(8);
        let mut voice = Voice::new(to);
        voice.say(" \n ").await.unwrap();
        assert!(!voice.has_spoken());
        voice.say(" a\0b\u{1b}[2J\r\nc").await.unwrap();
        assert_eq!(from.recv().await.unwrap(), "ab[2J\nc");
        let full = voice.say(&"ü".repeat(TEXT_MAX_CHARS)).await;
        assert_eq!(full, Err(Full::TooLong));
        let rest = from.recv().await.unwrap();
        assert_eq!(7 + rest.chars().count(), TEXT_MAX_CHARS);
        assert!(rest.ends_with('…'));
        assert_eq!(voice.say("x").await, Err(Full::TooLong));
        let (to, from) = mpsc::channel(1);
        drop(from);
        assert_eq!(Voice::new(to).say("x").await, Err(Full::Gone));
    }
}
