//! How a command ends when it does not end well.

use std::fmt;
use std::process::ExitCode;

use protocol::Problem;
use store::{OpenError, ReadError, WriteError};

use crate::config::Fault;

/// What a command gives back.
pub(super) type Done = Result<ExitCode, Failure>;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Failure {
    /// A problem was found or a rule refused: exit 2.
    Refused {
        /// What is wrong, with the values compared.
        detail: String,
        /// The next step.
        fix: String,
    },
    /// Settings are wrong: could not run, exit 3.
    Configuration(Vec<Fault>),
    /// It could not run: exit 3.
    CouldNotRun(anyhow::Error),
}

impl Failure {
    pub(super) fn refused(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Refused {
            detail: detail.into(),
            fix: fix.into(),
        }
    }

    pub(super) fn could_not_run(text: impl fmt::Display) -> Self {
        Self::CouldNotRun(anyhow::anyhow!("{text}"))
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused { .. } => ExitCode::from(2),
            Self::Configuration(_) | Self::CouldNotRun(_) => ExitCode::from(3),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { detail, fix } => write!(f, "{detail}\n  fix: {fix}"),
            Self::Configuration(faults) => match faults.as_slice() {
                [one] => write!(f, "{one}"),
                many => {
                    write!(f, "the configuration has {} faults", many.len())?;
                    many.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
                }
            },
            Self::CouldNotRun(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::CouldNotRun(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused {
            detail: problem.detail,
            fix: problem.fix,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::CouldNotRun(error.into())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::CouldNotRun(error.into())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(problem) => problem.into(),
            WriteError::Unavailable(_) | WriteError::StorageFull(_) | WriteError::Failed(_) => {
                Self::CouldNotRun(error.into())
            }
        }
    }
}
