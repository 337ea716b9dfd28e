//! Why connections fail: one registry for the doctor, the server, the client and the docs, and what
//! a pasted log, a close code or a token tells of it. Pure data and pure functions: no I/O, no clock.
//! Start at [`cause`] for the registry.

mod cause;
mod codes;
mod explain;
mod registry;

pub use cause::{Cause, Group, Severity, Standing};
pub use codes::{
    cause_of, cause_of_attempt, cause_of_close, cause_of_end, cause_of_problem, cause_of_refusal,
};
pub use explain::{Confidence, Explanation, Finding, Input, Verdict, explain, is_placeholder};
pub use registry::{all, cause};
