//! The engine from outside: the very shard code, driven from a seed.

#![expect(clippy::unwrap_used, reason = "this is what tests do")]

mod simulation;
mod world;
