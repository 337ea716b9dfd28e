//! The one registry of causes. Its rows are in the files of registry/, one for each [`Group`].
//!
//! [`Group`]: crate::Group

mod browser;
mod capacity;
mod chat;
mod client_code;
mod drops;
mod frames;
mod identity;
mod network;
mod nobody;
mod proxy;
mod silence;
mod token_fetch;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Cause;

/// Every cause, in the order of the groups.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    TABLES.into_iter().flatten()
}

/// The cause with this id.
#[must_use]
pub fn cause(id: &str) -> Option<&'static Cause> {
    BY_ID.get(id).copied()
}

const TABLES: [&[Cause]; 12] = [
    nobody::CAUSES,
    browser::CAUSES,
    network::CAUSES,
    token_fetch::CAUSES,
    identity::CAUSES,
    proxy::CAUSES,
    frames::CAUSES,
    drops::CAUSES,
    client_code::CAUSES,
    capacity::CAUSES,
    silence::CAUSES,
    chat::CAUSES,
];

static BY_ID: LazyLock<HashMap<&'static str, &'static Cause>> =
    LazyLock::new(|| all().map(|cause| (cause.id, cause)).collect());

/// A cause that our own code names.
pub(crate) fn known(id: &'static str) -> &'static Cause {
    cause(id).expect("a test looks every id up that the code names")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use protocol::{CloseCode, ErrorCode};

    use super::*;
    use crate::{Group, cause_of, cause_of_problem};

    #[test]
    fn every_code_has_a_cause_that_exists() {
        for code in CloseCode::ALL {
            assert!(cause(cause_of(*code).id).is_some());
        }
        for code in ErrorCode::ALL {
            assert!(cause_of_problem(*code).is_none_or(|found| cause(found.id).is_some()));
        }
    }

    #[test]
    fn ids_are_unique_and_stand_in_the_order_of_their_groups() {
        let ids: HashSet<_> = all().map(|cause| cause.id).collect();
        assert_eq!(ids.len(), all().count());
        assert!(all().is_sorted_by_key(|cause| cause.group));
        for group in Group::ALL {
            assert!(all().any(|cause| cause.group == *group), "{group:?}");
        }
    }

    #[test]
    fn what_looks_like_a_cause_is_another_cause() {
        for cause in all() {
            for other in cause.looks_like {
                assert!(BY_ID.contains_key(other), "{}: {other}", cause.id);
                assert_ne!(*other, cause.id);
            }
        }
    }

    #[test]
    fn every_text_is_there_and_is_a_sentence() {
        for cause in all() {
            let Cause {
                id,
                title,
                sentence,
                in_page,
                in_shell,
                probe,
                fix,
                ..
            } = cause;
            assert!(!title.is_empty() && !title.ends_with('.'), "{id}: {title}");
            for text in [sentence, in_page, in_shell, probe, fix] {
                let ends = text.ends_with(['.', '"', '`', ')']);
                assert!(
                    text.len() >= 5 && ends && !text.contains("  "),
                    "{id}: {text}"
                );
            }
        }
    }
}
