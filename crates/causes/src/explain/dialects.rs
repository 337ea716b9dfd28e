//! The wordings of programs, one file for each. Taken from what they really print.

mod browsers;
mod chromium;
mod closes;
mod curl;
mod frontdesk;
mod go_elixir;
mod nginx;
mod node;
mod proxies;
mod python;
mod runtime;
mod tokens;

use super::pattern::Pattern;

/// Every dialect.
pub(super) const ALL: &[&[Pattern]] = &[
    chromium::PATTERNS,
    browsers::PATTERNS,
    frontdesk::PATTERNS,
    node::PATTERNS,
    python::PATTERNS,
    nginx::PATTERNS,
    proxies::PATTERNS,
    go_elixir::PATTERNS,
    curl::PATTERNS,
    tokens::PATTERNS,
    runtime::PATTERNS,
    closes::PATTERNS,
];
