//! What the operator tells the desk bot: a TOML file of answers, opening hours and the words that
//! customers use. Start at [`Faq::parse`]; [`FaqFile`] is the file as it is written down.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::text::Words;

/// The file that stands for whatever the operator's leaves out.
pub const DEFAULT_FAQ: &str = include_str!("default-faq.toml");

/// Longest file, in bytes.
const FILE_MAX_BYTES: usize = 256 * 1024;

/// Most ways to ask, of all answers and phrases together.
const ASKED_MAX: usize = 2_000;

/// What the desk bot knows.
#[derive(Debug, Clone)]
pub struct Faq {
    /// When the desk is open; empty when nobody said.
    pub(crate) hours: String,
    pub(crate) timezone: TimeZone,
    pub(crate) topics: Vec<Topic>,
    pub(crate) words: Words,
}

/// Something that can be asked, in the ways it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    pub(crate) subject: Subject,
    pub(crate) asked: Vec<Vec<String>>,
}

/// What is done when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Hello,
    Thanks,
    Bye,
    Hours,
    Order,
    Bookings,
    CancelBooking,
    Person,
    /// An answer of the file.
    Answer(String),
}

impl Subject {
    /// As `[phrases]` calls it; `answer` for one of the file's answers.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Thanks => "thanks",
            Self::Bye => "bye",
            Self::Hours => "hours",
            Self::Order => "order",
            Self::Bookings => "bookings",
            Self::CancelBooking => "cancel_booking",
            Self::Person => "person",
            Self::Answer(_) => "answer",
        }
    }
}

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FaqError {
    text: String,
    /// The place in a [`FaqFile`]; empty for the whole of it.
    pointer: String,
}

/// A file as it is written down. What is left out stands in [`DEFAULT_FAQ`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaqFile {
    /// When the desk is open.
    pub hours: Option<String>,
    /// In which times are shown.
    pub timezone: Option<String>,
    /// Questions and their answers.
    #[serde(rename = "answer")]
    pub entries: Option<Vec<FaqEntry>>,
    /// Words that count as the word before them.
    pub synonyms: Option<BTreeMap<String, Vec<String>>>,
    /// How people say what the bot does by itself.
    pub phrases: Option<BTreeMap<String, Vec<String>>>,
}

/// An answer, and some ways to ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaqEntry {
    /// Some ways to ask.
    pub asked: Vec<String>,
    /// What is said then.
    pub answer: String,
}

impl FaqError {
    fn new(text: impl Into<String>) -> Self {
        Self::at("", text)
    }

    fn at(pointer: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            pointer: pointer.into(),
        }
    }

    /// The place in a [`FaqFile`], such as `/entries/2/answer`; empty for the whole of it.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl FaqFile {
    /// Reads a file without looking at what it says.
    ///
    /// # Errors
    /// It is too long, no TOML, or has a key that is not known; the text says where.
    pub fn parse(text: &str) -> Result<Self, FaqError> {
        if text.len() > FILE_MAX_BYTES {
            return Err(FaqError::new(format!(
                "has {} bytes, at most {FILE_MAX_BYTES} are read",
                text.len()
            )));
        }
        toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            let place = line.map_or(String::new(), |line| format!("line {line}: "));
            FaqError::new(format!("{place}{}", error.message().replace('\n', ", ")))
        })
    }

    /// The file as text, which reads as the same again.
    ///
    /// # Errors
    /// It would be longer than a file may be.
    pub fn to_toml(&self) -> Result<String, FaqError> {
        let text = toml::to_string(self).expect("texts, lists and tables of texts are TOML");
        match text.len() {
            0..=FILE_MAX_BYTES => Ok(text),
            bytes => Err(FaqError::new(format!(
                "would have {bytes} bytes as a file, at most {FILE_MAX_BYTES} are read"
            ))),
        }
    }

    /// What is in force: what is left out comes from the file that is compiled in.
    #[must_use]
    pub fn completed(self) -> Self {
        let rest = Self::compiled_in();
        let mut phrases = rest.phrases.unwrap_or_default();
        phrases.extend(self.phrases.unwrap_or_default());
        Self {
            hours: self.hours.or(rest.hours),
            timezone: self.timezone.or(rest.timezone),
            entries: self.entries.or(rest.entries),
            synonyms: self.synonyms.or(rest.synonyms),
            phrases: Some(phrases),
        }
    }

    fn compiled_in() -> Self {
        Self::parse(DEFAULT_FAQ).expect("a test reads the file that is compiled in")
    }
}

impl Default for Faq {
    fn default() -> Self {
        Self::parse(DEFAULT_FAQ).expect("a test reads the file that is compiled in")
    }
}

impl Faq {
    /// How many answers the file gives.
    #[must_use]
    pub fn answers(&self) -> usize {
        let of_file = |topic: &&Topic| matches!(topic.subject, Subject::Answer(_));
        self.topics.iter().filter(of_file).count()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not what the bot can use; the text says where and why.
    pub fn parse(text: &str) -> Result<Self, FaqError> {
        Self::of(FaqFile::parse(text)?)
    }

    /// What a file says.
    ///
    /// # Errors
    /// It is not what the bot can use; the text says where and why.
    pub fn of(file: FaqFile) -> Result<Self, FaqError> {
        for name in file.phrases.iter().flat_map(BTreeMap::keys) {
            if subject(name).is_none() {
                let known = FaqFile::compiled_in().phrases.unwrap_or_default();
                let known: Vec<String> = known.into_keys().collect();
                return Err(FaqError::at(
                    "/phrases",
                    format!(
                        "[phrases] has `{name}`, which the bot cannot do; it knows {}",
                        known.join(", ")
                    ),
                ));
            }
        }
        let file = file.completed();
        let zone = file.timezone.unwrap_or_default();
        let timezone = TimeZone::get(&zone).map_err(|_| {
            FaqError::at(
                "/timezone",
                format!(
                    "timezone is `{zone}`, which is not a name of the time zone database such as \
                     Europe/Berlin"
                ),
            )
        })?;
        let words = Words::new(file.synonyms.unwrap_or_default());
        let mut topics = Vec::new();
        for (index, entry) in file.entries.unwrap_or_default().into_iter().enumerate() {
            check_answer(index, &entry)?;
            topics.push(words.topic(Subject::Answer(entry.answer), &entry.asked));
        }
        for (name, asked) in &file.phrases.unwrap_or_default() {
            topics.extend(subject(name).map(|subject| words.topic(subject, asked)));
        }
        let asked: usize = topics.iter().map(|topic| topic.asked.len()).sum();
        if asked > ASKED_MAX {
            return Err(FaqError::new(format!(
                "has {asked} ways to ask, at most {ASKED_MAX} are compared"
            )));
        }
        Ok(Self {
            hours: file.hours.unwrap_or_default(),
            timezone,
            topics,
            words,
        })
    }
}

fn check_answer(index: usize, entry: &FaqEntry) -> Result<(), FaqError> {
    let mut faults = Vec::new();
    desk::chat::check_body(&entry.answer, &mut faults);
    if let Some(fault) = faults.first() {
        let begin: String = entry.answer.chars().take(40).collect();
        return Err(FaqError::at(
            format!("/entries/{index}/answer"),
            format!("the answer `{begin}` {}", fault.message),
        ));
    }
    if entry.asked.iter().all(|asked| asked.trim().is_empty()) {
        let begin: String = entry.answer.chars().take(40).collect();
        return Err(FaqError::at(
            format!("/entries/{index}/asked"),
            format!("nobody can ask for the answer `{begin}`"),
        ));
    }
    Ok(())
}

fn subject(name: &str) -> Option<Subject> {
    Some(match name {
        "hello" => Subject::Hello,
        "thanks" => Subject::Thanks,
        "bye" => Subject::Bye,
        "hours" => Subject::Hours,
        "order" => Subject::Order,
        "bookings" => Subject::Bookings,
        "cancel_booking" => Subject::CancelBooking,
        "person" => Subject::Person,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_compiled_in_can_be_read() {
        let faq = Faq::default();
        assert!(faq.answers() >= 5 && faq.hours.is_empty());
        assert_eq!(faq.topics.len(), faq.answers() + 8);
    }

    #[test]
    fn a_file_needs_to_hold_only_what_differs() {
        let faq = Faq::parse("hours = \"always\"\n[phrases]\nhello = [\"hallo\"]").unwrap();
        assert_eq!(faq.hours, "always");
        assert_eq!(faq.answers(), Faq::default().answers());
    }

    #[test]
    fn a_file_that_is_written_reads_as_the_same_again() {
        let file = FaqFile::parse(DEFAULT_FAQ).unwrap();
        let again = FaqFile::parse(&file.to_toml().unwrap()).unwrap();
        assert_eq!(again, file);
        assert_eq!(file.clone().completed(), file, "nothing is left out of it");
        let odd = FaqFile {
            hours: Some("\"quoted\"\n# no comment\t\u{1f4a1}".to_owned()),
            phrases: Some(BTreeMap::from([(
                "hello".to_owned(),
                vec!["moin".to_owned()],
            )])),
            ..FaqFile::default()
        };
        assert_eq!(FaqFile::parse(&odd.to_toml().unwrap()).unwrap(), odd);
        let whole = odd.completed();
        assert_eq!(whole.entries, file.entries);
        assert_eq!(whole.phrases.unwrap().len(), 8);
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        let entry = |asked: &str, answer: &str| FaqEntry {
            asked: vec![asked.to_owned()],
            answer: answer.to_owned(),
        };
        let with = |second: FaqEntry| FaqFile {
            entries: Some(vec![entry("a", "b"), second]),
            ..FaqFile::default()
        };
        let long = "x".repeat(FILE_MAX_BYTES);
        assert!(with(entry("a", &long)).to_toml().is_err());
        for (file, pointer) in [
            (with(entry(" ", "b")), "/entries/1/asked"),
            (with(entry("a", "")), "/entries/1/answer"),
            (
                FaqFile {
                    timezone: Some("Mars".to_owned()),
                    ..FaqFile::default()
                },
                "/timezone",
            ),
        ] {
            assert_eq!(Faq::of(file).unwrap_err().pointer(), pointer);
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_says_where_and_why() {
        let why = |text: &str| Faq::parse(text).unwrap_err().to_string();
        assert!(
            why("hours = 3").starts_with("line 1: "),
            "{}",
            why("hours = 3")
        );
        assert!(why("\nhour = \"x\"").starts_with("line 2: unknown field `hour`"));
        assert!(why("timezone = \"Berlin\"").contains("`Berlin`"));
        assert!(why("[phrases]\ndance = [\"x\"]").contains("cannot do; it knows bookings, bye"));
        assert!(why("[[answer]]\nasked = []\nanswer = \"x\"").contains("nobody can ask"));
        assert!(why("[[answer]]\nasked = [\"a\"]\nanswer = \"\"").contains("0 characters"));
        assert!(why(&"#".repeat(FILE_MAX_BYTES + 1)).contains("bytes"));
    }
}
