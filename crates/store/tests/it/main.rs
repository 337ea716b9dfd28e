//! The contract of the store. Every test of a `contract!` runs twice: on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "this is what tests do")]

/// Runs each of these functions against both databases.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Place::postgres()).await;
            })+
        }
    };
}

mod bookings;
mod bot;
mod called_off;
mod chats;
mod erase_user;
mod harness;
mod items;
mod log;
mod messages;
mod notifications;
mod once;
mod open;
mod orders;
mod outage;
mod resources;
mod sessions;
mod setup;
mod users;
mod writer;
