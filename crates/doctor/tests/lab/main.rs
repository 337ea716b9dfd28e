//! The fault laboratory: set-ups that are really broken, on this machine's loopback, and the doctor
//! in front of them. Each test breaks one thing, sees the doctor name it first, mends it, and sees
//! the doctor find nothing. What is provoked here is [`PROVOKED`]; start at `lab.rs`.
//!
//! The set-ups need nginx, haproxy, caddy, apache2, postgresql, node with web/node_modules, python3
//! with venv, and the program frontdesk. What is missing fails its tests with the sentence that says
//! how to get it; nothing is skipped.

#![expect(clippy::unwrap_used, reason = "this is what tests do")]

mod apache;
mod bot;
mod caddy;
mod capacity;
mod certificates;
mod cors;
mod drops;
mod forge;
mod frames;
mod frontdesk;
mod haproxy;
mod lab;
mod nginx;
mod nobody;
mod node;
mod origins;
mod ports;
mod programs;
mod proxies;
mod python;
mod scripted;
mod silence;
mod stalled;
mod timing;
mod tls;
mod tokens;
mod visitors;
mod vite;

use std::collections::BTreeSet;

use causes::Standing;

/// What the tests provoke, by file.
const PROVOKED: &[&[&str]] = &[
    apache::PROVOKED,
    bot::PROVOKED,
    caddy::PROVOKED,
    capacity::PROVOKED,
    cors::PROVOKED,
    drops::PROVOKED,
    frames::PROVOKED,
    haproxy::PROVOKED,
    nginx::PROVOKED,
    nobody::PROVOKED,
    node::PROVOKED,
    origins::PROVOKED,
    python::PROVOKED,
    silence::PROVOKED,
    tls::PROVOKED,
    tokens::PROVOKED,
    vite::PROVOKED,
];

/// Fewest causes that must be provoked for real.
const PROVOKED_MIN: usize = 80;

fn provoked() -> BTreeSet<&'static str> {
    PROVOKED.iter().copied().flatten().copied().collect()
}

#[test]
fn the_list_names_what_the_tests_provoke() {
    let listed: Vec<&str> = include_str!("provoked.txt").lines().collect();
    let provoked: Vec<&str> = provoked().into_iter().collect();
    assert!(
        listed == provoked,
        "crates/doctor/tests/lab/provoked.txt differs from the tests; it should be:\n{}",
        provoked.join("\n")
    );
    assert!(
        provoked.len() >= PROVOKED_MIN,
        "{} causes are provoked",
        provoked.len()
    );
}

#[test]
fn the_registry_says_of_the_same_causes_that_they_were_provoked() {
    let is_provoked = |cause: &&causes::Cause| cause.standing == Standing::Provoked;
    let registered: BTreeSet<&str> = causes::all()
        .filter(is_provoked)
        .map(|cause| cause.id)
        .collect();
    let provoked = provoked();
    let unregistered: Vec<_> = provoked.difference(&registered).collect();
    let unprovoked: Vec<_> = registered.difference(&provoked).collect();
    assert!(
        unregistered.is_empty() && unprovoked.is_empty(),
        "crates/causes and the laboratory differ.\nprovoked here, and not Standing::Provoked there: \
         {unregistered:?}\nStanding::Provoked there, and not provoked here: {unprovoked:?}"
    );
}
