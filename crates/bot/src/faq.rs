//! What the operator tells the desk bot: a TOML file of answers, opening hours and the words that
//! customers use. Start at [`Faq::parse`].

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

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

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaqError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hours: Option<String>,
    timezone: Option<String>,
    answer: Option<Vec<Entry>>,
    synonyms: Option<BTreeMap<String, Vec<String>>>,
    phrases: Option<BTreeMap<String, Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    asked: Vec<String>,
    answer: String,
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
        if text.len() > FILE_MAX_BYTES {
            return Err(FaqError(format!(
                "has {} bytes, at most {FILE_MAX_BYTES} are read",
                text.len()
            )));
        }
        let file = read(text)?;
        let rest = read(DEFAULT_FAQ)?;
        let zone = file.timezone.or(rest.timezone).unwrap_or_default();
        let timezone = TimeZone::get(&zone).map_err(|_| {
            FaqError(format!(
                "timezone is `{zone}`, which is not a name of the time zone database such as \
                 Europe/Berlin"
            ))
        })?;
        let words = Words::new(file.synonyms.or(rest.synonyms).unwrap_or_default());
        let mut phrases = rest.phrases.unwrap_or_default();
        for (name, asked) in file.phrases.unwrap_or_default() {
            if !phrases.contains_key(&name) {
                let known: Vec<&str> = phrases.keys().map(String::as_str).collect();
                return Err(FaqError(format!(
                    "[phrases] has `{name}`, which the bot cannot do; it knows {}",
                    known.join(", ")
                )));
            }
            phrases.insert(name, asked);
        }
        let mut topics = Vec::new();
        for entry in file.answer.or(rest.answer).unwrap_or_default() {
            check_answer(&entry)?;
            topics.push(words.topic(Subject::Answer(entry.answer), &entry.asked));
        }
        for (name, asked) in &phrases {
            topics.push(words.topic(subject(name)?, asked));
        }
        let asked: usize = topics.iter().map(|topic| topic.asked.len()).sum();
        if asked > ASKED_MAX {
            return Err(FaqError(format!(
                "has {asked} ways to ask, at most {ASKED_MAX} are compared"
            )));
        }
        Ok(Self {
            hours: file.hours.or(rest.hours).unwrap_or_default(),
            timezone,
            topics,
            words,
        })
    }
}

fn read(text: &str) -> Result<File, FaqError> {
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let place = line.map_or(String::new(), |line| format!("line {line}: "));
        FaqError(format!("{place}{}", error.message().replace('\n', ", ")))
    })
}

fn check_answer(entry: &Entry) -> Result<(), FaqError> {
    let mut faults = Vec::new();
    desk::chat::check_body(&entry.answer, &mut faults);
    if let Some(fault) = faults.first() {
        let begin: String = entry.answer.chars().take(40).collect();
        return Err(FaqError(format!("the answer `{begin}` {}", fault.message)));
    }
    if entry.asked.iter().all(|asked| asked.trim().is_empty()) {
        let begin: String = entry.answer.chars().take(40).collect();
        return Err(FaqError(format!("nobody can ask for the answer `{begin}`")));
    }
    Ok(())
}

fn subject(name: &str) -> Result<Subject, FaqError> {
    Ok(match name {
        "hello" => Subject::Hello,
        "thanks" => Subject::Thanks,
        "bye" => Subject::Bye,
        "hours" => Subject::Hours,
        "order" => Subject::Order,
        "bookings" => Subject::Bookings,
        "cancel_booking" => Subject::CancelBooking,
        "person" => Subject::Person,
        other => return Err(FaqError(format!("[phrases] has `{other}`"))),
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
