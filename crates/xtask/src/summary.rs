//! Reads how many tests passed and failed from what the test runners print.

use std::fmt;
use std::ops::AddAssign;

/// Tests that passed and failed, added up over every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that ran to their end and found nothing wrong.
    pub(crate) passed: u64,
    /// Tests that failed, timed out or could not be started.
    pub(crate) failed: u64,
}

impl Counts {
    /// How many tests ran.
    pub(crate) fn total(self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The program that runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// cargo-nextest: one summary of everything, on stderr.
    Nextest,
    /// `cargo test`: one result for each test program, on stdout.
    Libtest,
}

impl Runner {
    /// What a line tells; most lines tell nothing. The output of a failed test may look like a
    /// line of the other runner, so each reads its own only.
    pub(crate) fn read(self, line: &str) -> Option<Counts> {
        let line = without_escapes(line);
        let list = match self {
            Self::Nextest => {
                line.trim()
                    .strip_prefix("Summary [")?
                    .split_once(" run: ")?
                    .1
            }
            Self::Libtest => line.strip_prefix("test result: ")?.split_once(". ")?.1,
        };
        let mut counts = Counts::default();
        for entry in without_parentheses(list).split([',', ';']) {
            let Some((number, what)) = entry.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what.trim() {
                "passed" => counts.passed += number,
                "failed" | "exec failed" | "timed out" => counts.failed += number,
                // Skipped, ignored, measured and filtered tests did not run.
                _ => {}
            }
        }
        Some(counts)
    }

    /// Puts a line's counts to those of the same run: nextest's last summary holds for all of it.
    pub(crate) fn update(self, run: &mut Counts, line: &str) {
        if let Some(counts) = self.read(line) {
            match self {
                Self::Nextest => *run = counts,
                Self::Libtest => *run += counts,
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// The line without the colours of a terminal.
fn without_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        // An escape sequence of a colour is `ESC [`, numbers, and one letter that ends it.
        for character in characters.by_ref() {
            if character.is_ascii_alphabetic() {
                break;
            }
        }
    }
    plain
}

/// `2 passed (1 slow, 1 flaky), 1 failed` without the remarks.
fn without_parentheses(list: &str) -> String {
    let mut depth = 0_usize;
    list.chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nextest(line: &str) -> Option<String> {
        Runner::Nextest.read(line).map(|counts| counts.to_string())
    }

    #[test]
    fn nextest_summaries_are_read() {
        assert_eq!(
            nextest("     Summary [   0.005s] 3 tests run: 2 passed, 1 failed, 0 skipped\n"),
            Some("2 passed, 1 failed".to_owned())
        );
        assert_eq!(
            nextest("     Summary [   1.2s] 1 test run: 1 passed, 12 skipped"),
            Some("1 passed, 0 failed".to_owned())
        );
        assert_eq!(
            nextest(
                "  Summary [ 61.004s] 9/12 tests run: 5 passed (1 slow, 2 flaky), 1 failed, \
                 2 timed out, 1 exec failed, 3 skipped"
            ),
            Some("5 passed, 4 failed".to_owned())
        );
    }

    #[test]
    fn colours_do_not_matter() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \
                    \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped";
        assert_eq!(nextest(line), Some("2 passed, 0 failed".to_owned()));
        let line = "test result: \u{1b}[32mok\u{1b}[m. 3 passed; 0 failed; 0 ignored";
        let counts = Runner::Libtest.read(line).unwrap();
        assert_eq!(counts.to_string(), "3 passed, 0 failed");
    }

    #[test]
    fn libtest_results_are_added_up() {
        let output = "running 3 tests\n\
            test a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s\n\
            \n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let mut run = Counts::default();
        for line in output.lines() {
            Runner::Libtest.update(&mut run, line);
        }
        assert_eq!(run.to_string(), "4 passed, 2 failed");
    }

    #[test]
    fn the_output_of_a_failed_test_is_not_a_summary() {
        let shown = "test result: FAILED. 0 passed; 1 failed; 0 ignored; finished in 0.00s";
        assert_eq!(nextest(shown), None);
        assert_eq!(nextest("12 passed, 3 failed"), None);
        assert_eq!(
            Runner::Libtest.read("error: could not compile `store`"),
            None
        );
    }

    #[test]
    fn a_later_summary_of_nextest_replaces_an_earlier_one() {
        let mut run = Counts::default();
        for passed in [1, 2] {
            let line = format!("Summary [ 0.1s] 3 tests run: {passed} passed, 1 failed");
            Runner::Nextest.update(&mut run, &line);
        }
        assert_eq!(run.to_string(), "2 passed, 1 failed");
    }
}
