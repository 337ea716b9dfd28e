//! How far the bench is, for a person who watches: on stderr, and only if it is a terminal.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

/// Makes bars, or none.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
}

/// One thing that takes a while.
#[derive(Debug, Clone)]
pub(crate) struct Bar(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
        }
    }

    pub(crate) fn bar(&self, what: &str, steps: usize) -> Bar {
        if !self.shown {
            return Bar(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
        let style = ProgressStyle::with_template("{msg:16} {bar:30} {pos}/{len} {elapsed}")
            .expect("the template is right");
        bar.set_style(style);
        bar.set_message(what.to_owned());
        Bar(bar)
    }
}

impl Bar {
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
