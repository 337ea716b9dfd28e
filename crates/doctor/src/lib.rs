//! Why a connection fails, seen from outside. The doctor knows what a page knows: an address, an
//! origin, perhaps a token or an account. The causes are those of the crate `causes`.
//!
//! Start at [`examine`]; the checks are listed in `checks.rs`.

mod address;
mod answers;
mod arguments;
mod checks;
mod closes;
mod cookies;
mod examination;
mod example_keys;
mod files;
mod http;
mod junit;
mod listeners;
mod options;
mod redact;
mod render;
mod report;
mod socket;
mod tls;
mod token;
mod wire;

pub use arguments::{Arguments, Output};
pub use checks::{CHECKS, Check};
pub use examination::examine;
pub use options::{DEFAULT_URL, Options, Via};
pub use report::{
    Alternative, CheckResult, Evidence, Finding, Report, RuledOut, State, Timing, Verdict,
};

#[cfg(test)]
mod tests;
