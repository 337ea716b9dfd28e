//! The business rules without I/O: what an order is, which status may follow which, and
//! [`policy`], the one function that says who may see or do what.
//! It speaks in the words of `protocol` and knows no database, no socket and no clock.

pub mod account;
pub mod audience;
pub mod booking;
pub mod chat;
pub mod field;
pub mod item;
pub mod notification;
pub mod order;
pub mod policy;
mod text;
mod transition;

pub use policy::{Action, Actor, Decision, Object, Scope, decide, decide_for_bot, scope};
pub use text::{TextRule, check_text};
