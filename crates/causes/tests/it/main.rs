//! What is explained, and what is not: real wordings of many programs, with the noise around them.

#![expect(clippy::unwrap_used, reason = "this is what tests do")]

mod excerpts;
mod words;
