//! Lists in pages: a cursor is the age and the id of the last object seen, so a page is found by
//! an index and nothing is skipped or repeated while others write.

use std::fmt::Display;

use protocol::{Page, Timestamp};
use uuid::Uuid;

use crate::ReadError;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most objects, 1 to 200; the caller has checked it.
    pub limit: u32,
    /// The `next_cursor` of the page before; none for the first page.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The place after which this page begins.
    pub(crate) fn place(&self) -> Result<Option<Place>, ReadError> {
        self.cursor
            .as_deref()
            .map(|text| Place::read(text).ok_or(ReadError::BadCursor))
            .transpose()
    }

    /// How many rows to ask for: one more than fits, which tells whether another page follows.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the rows to the page.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> Place) -> Page<T> {
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| place(last).to_string());
        Page { items, next_cursor }
    }
}

/// Where an object stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) created_at: Timestamp,
    pub(crate) id: Uuid,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (created_at, id) = text.split_once('.')?;
        let place = Self {
            created_at: Timestamp(created_at.parse().ok()?),
            id: Uuid::try_parse(id).ok()?,
        };
        (place.to_string() == text).then_some(place)
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.created_at.0, self.id.as_simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cursor_that_we_wrote_is_read() {
        let place = Place {
            created_at: Timestamp(1_700_000_000_000),
            id: Uuid::now_v7(),
        };
        assert_eq!(Place::read(&place.to_string()), Some(place));
        for text in [
            "",
            ".",
            "1",
            "1.",
            "x.y",
            "01.0190a0000000700080000000000000a1",
            "1.\0",
        ] {
            assert_eq!(Place::read(text), None, "{text:?}");
        }
    }
}
