//! The engine from outside: the very shard code, driven from a seed.

mod simulation;
mod world;
