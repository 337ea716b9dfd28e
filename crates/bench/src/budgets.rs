//! What is good and what fails: `bench/budgets.toml`, compiled in. Start at [`Budgets::read`].

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

const COMMITTED: &str = include_str!("../../../bench/budgets.toml");

/// The bounds of each row by its name.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Budgets(BTreeMap<String, Budget>);

/// The bounds of one row. Less is better in all of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// What is measured, in words.
    pub(crate) what: String,
    pub(crate) unit: String,
    /// Up to here it is good.
    pub(crate) target: f64,
    /// Beyond this the bench fails.
    pub(crate) fails_above: f64,
}

/// How a value compares with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// At most the target.
    Good,
    /// Above the target, and not above what fails.
    Fair,
    /// Above what fails, or no number at all.
    Fails,
}

impl Budgets {
    /// The committed ones, or those of a file.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            return toml::from_str(COMMITTED).context("bench/budgets.toml is not right");
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the budgets in {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("the budgets in {}", path.display()))
    }

    pub(crate) fn of(&self, row: &str) -> anyhow::Result<&Budget> {
        self.0.get(row).with_context(|| {
            format!("the budgets have no table [{row}]; take it over from bench/budgets.toml")
        })
    }
}

impl Budget {
    pub(crate) fn verdict(&self, value: f64) -> Verdict {
        if value <= self.target {
            Verdict::Good
        } else if value <= self.fails_above {
            Verdict::Fair
        } else {
            Verdict::Fails
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_budgets_are_right_and_no_target_lies_beyond_its_bound() {
        let budgets = Budgets::read(None).unwrap();
        assert!(!budgets.0.is_empty());
        for (name, budget) in &budgets.0 {
            assert!(budget.target <= budget.fails_above, "{name}: {budget:?}");
        }
        assert!(budgets.of("fanout_one").is_ok());
        let missing = budgets.of("fanout_two").unwrap_err().to_string();
        assert!(missing.contains("[fanout_two]"), "{missing}");
    }

    #[test]
    fn a_value_is_good_fair_or_fails() {
        let budget = Budget {
            what: "x".to_owned(),
            unit: "ratio".to_owned(),
            target: 1.0,
            fails_above: 2.0,
        };
        assert_eq!(budget.verdict(1.0), Verdict::Good);
        assert_eq!(budget.verdict(1.5), Verdict::Fair);
        assert_eq!(budget.verdict(2.0), Verdict::Fair);
        assert_eq!(budget.verdict(2.1), Verdict::Fails);
        assert_eq!(budget.verdict(f64::NAN), Verdict::Fails);
    }
}
