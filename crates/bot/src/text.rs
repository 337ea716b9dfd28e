//! Words: how a text becomes some, and how near a question is to a way of asking. Start at
//! [`Words::nearness`].

use std::collections::{BTreeMap, HashMap};

use crate::faq::{Subject, Topic};

/// Words of a question that are looked at; a longer one says nothing more about its subject.
const WORDS_MAX: usize = 40;

/// What a word counts that stands in every second sentence.
const FILLER_WEIGHT: f64 = 0.12;

/// A shorter word is not taken for a mistyped one, nor is one that is less near.
const MISTYPED_MIN_CHARS: usize = 5;
const MISTYPED_NEAR: f64 = 0.82;

/// Words that say little about what is asked.
const FILLERS: &[&str] = &[
    "a",
    "am",
    "an",
    "and",
    "any",
    "are",
    "at",
    "be",
    "can",
    "could",
    "do",
    "does",
    "for",
    "get",
    "have",
    "how",
    "i",
    "id",
    "if",
    "im",
    "in",
    "is",
    "it",
    "just",
    "like",
    "me",
    "much",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "please",
    "show",
    "so",
    "some",
    "something",
    "that",
    "the",
    "there",
    "this",
    "to",
    "very",
    "want",
    "was",
    "we",
    "what",
    "whats",
    "when",
    "where",
    "wheres",
    "who",
    "will",
    "with",
    "would",
    "you",
    "your",
];

/// The words that mean the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    means: HashMap<String, String>,
}

impl Words {
    pub(crate) fn new(synonyms: BTreeMap<String, Vec<String>>) -> Self {
        let mut means = HashMap::new();
        for (word, others) in synonyms {
            for other in others {
                means.insert(other.to_lowercase(), word.to_lowercase());
            }
        }
        Self { means }
    }

    /// The words of a text, each as the one that stands for it.
    pub(crate) fn of(&self, text: &str) -> Vec<String> {
        text.to_lowercase()
            .replace(['\'', '’'], "")
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(WORDS_MAX)
            .map(|word| self.meaning(word).to_owned())
            .collect()
    }

    /// The word that stands for this one, also when it is mistyped.
    fn meaning<'a>(&'a self, word: &'a str) -> &'a str {
        if let Some(meaning) = self.means.get(word) {
            return meaning;
        }
        if FILLERS.binary_search(&word).is_ok() || word.chars().count() < MISTYPED_MIN_CHARS {
            return word;
        }
        let near = |other: &str| strsim::normalized_damerau_levenshtein(word, other);
        self.means
            .iter()
            .map(|(other, meaning)| (near(other), meaning))
            .filter(|(near, _)| *near >= MISTYPED_NEAR)
            .max_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(right.1)))
            .map_or(word, |(_, meaning)| meaning)
    }

    pub(crate) fn topic(&self, subject: Subject, asked: &[String]) -> Topic {
        let asked = asked.iter().map(|asked| self.of(asked));
        Topic {
            subject,
            asked: asked.filter(|words| !words.is_empty()).collect(),
        }
    }

    /// How near a question is to a way of asking, from 0 to 1: how much of the one stands in the
    /// other, and a little the other way round, so that the more exact of two wins.
    pub(crate) fn nearness(question: &[String], asked: &[String]) -> f64 {
        0.75 * covered(asked, question) + 0.25 * covered(question, asked)
    }
}

/// How much of these words stands among those, by weight.
fn covered(words: &[String], among: &[String]) -> f64 {
    let (mut found, mut all) = (0.0, 0.0);
    for word in words {
        let weight = weight(word);
        let best = among.iter().map(|other| alike(word, other));
        found += weight * best.fold(0.0, f64::max);
        all += weight;
    }
    if all > 0.0 { found / all } else { 0.0 }
}

fn weight(word: &str) -> f64 {
    match FILLERS.binary_search(&word) {
        Ok(_) => FILLER_WEIGHT,
        Err(_) => 1.0,
    }
}

/// 1 for the same word, less for one with a typing mistake, 0 for another. Short words have no
/// room for mistakes: `is` and `it` differ in one letter.
fn alike(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    if left.chars().count().min(right.chars().count()) < 4 {
        return 0.0;
    }
    let near = strsim::normalized_damerau_levenshtein(left, right);
    if near >= 0.75 { near } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_can_be_searched() {
        assert!(FILLERS.is_sorted());
    }

    #[test]
    fn typing_mistakes_are_forgiven_in_long_words_only() {
        assert!(alike("opening", "oppening") > 0.8);
        assert!(alike("order", "odrer") > 0.7);
        assert!(alike("is", "it") < 0.1 && alike("order", "older") < 0.9);
    }

    #[test]
    fn a_text_becomes_words_that_stand_for_their_like() {
        let synonyms = BTreeMap::from([("booking".to_owned(), vec!["Reservation".to_owned()])]);
        let words = Words::new(synonyms);
        assert_eq!(
            words.of("Where’s my RESERVATION?!"),
            ["wheres", "my", "booking"]
        );
        assert_eq!(words.of(&"x ".repeat(5_000)).len(), WORDS_MAX);
    }
}
