//! What was measured: rows, which have a budget, and facts, which explain them. Start at [`Report`].

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

use crate::budgets::{Budgets, Verdict};
use crate::statistics::median;

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// Smaller and shorter than the budgets mean, so only a first look.
    pub quick: bool,
    /// How often each measurement was repeated.
    pub rounds: usize,
    /// What has a budget.
    pub rows: Vec<Row>,
    /// What explains it.
    pub facts: Vec<Fact>,
}

/// Where a run took place.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// Cores that the bench may use.
    pub cores: usize,
    /// The kernel's version.
    pub kernel: String,
    /// How much of one core other work had meanwhile, in percent: more than some shows in the
    /// numbers, and most of all in latencies.
    pub others_percent: f64,
}

/// One measurement against its budget.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Name of the budget.
    pub name: String,
    /// What was measured, in words.
    pub what: String,
    /// The median of the rounds.
    pub value: f64,
    /// What the value counts.
    pub unit: String,
    /// Up to here it is good.
    pub target: f64,
    /// Beyond this the bench fails.
    pub fails_above: f64,
    /// How they compare.
    pub verdict: Verdict,
    /// Each round's value.
    pub rounds: Vec<f64>,
}

/// A number beside the budgets.
#[derive(Debug, Serialize)]
pub struct Fact {
    /// Which scenario found it.
    pub scenario: &'static str,
    /// What it is, in words.
    pub what: String,
    /// The median of the rounds.
    pub value: f64,
    /// What the value counts.
    pub unit: &'static str,
}

impl Report {
    /// Whether a row is above what fails.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.failing().next().is_some()
    }

    /// The rows above what fails.
    pub fn failing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Fails)
    }

    pub(crate) fn row(
        &mut self,
        budgets: &Budgets,
        name: &str,
        rounds: Vec<f64>,
    ) -> anyhow::Result<()> {
        let budget = budgets.of(name)?;
        let value = median(&rounds);
        self.rows.push(Row {
            name: name.to_owned(),
            what: budget.what.clone(),
            value,
            unit: budget.unit.clone(),
            target: budget.target,
            fails_above: budget.fails_above,
            verdict: budget.verdict(value),
            rounds,
        });
        Ok(())
    }

    pub(crate) fn fact(
        &mut self,
        scenario: &'static str,
        what: impl Into<String>,
        rounds: &[f64],
        unit: &'static str,
    ) {
        self.facts.push(Fact {
            scenario,
            what: what.into(),
            value: median(rounds),
            unit,
        });
    }

    /// For people: a table of the rows and one of the facts.
    #[must_use]
    pub fn tables(&self) -> String {
        let mut rows = table(&["", "what", "value", "target", "fails above", "rounds"]);
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Good => "good",
                Verdict::Fair => "fair",
                Verdict::Fails => "FAILS",
            };
            let lowest = row.rounds.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = row.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            rows.add_row([
                verdict.to_owned(),
                row.what.clone(),
                with_unit(row.value, &row.unit),
                short(row.target),
                short(row.fails_above),
                format!("{} to {}", short(lowest), short(highest)),
            ]);
        }
        let mut facts = table(&["scenario", "what else was seen", "value"]);
        for fact in &self.facts {
            facts.add_row([
                fact.scenario.to_owned(),
                fact.what.clone(),
                with_unit(fact.value, fact.unit),
            ]);
        }
        let shown = [rows, facts].map(|table| match table.is_empty() {
            true => String::new(),
            false => format!("{table}\n\n"),
        });
        let mut text = shown.concat();
        if self.quick {
            text += "--quick: smaller and shorter than the budgets mean; only a first look\n";
        }
        text + &format!(
            "{} cores, kernel {}, medians of {} rounds; other work on the machine took {:.0} % of a \
             core",
            self.machine.cores, self.machine.kernel, self.rounds, self.machine.others_percent
        )
    }
}

fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(110)
        .set_header(heads);
    for (column, head) in table.column_iter_mut().zip(heads) {
        if matches!(*head, "value" | "target" | "fails above") {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => format!("{}×", short(value)),
        unit => format!("{} {unit}", short(value)),
    }
}

/// Three digits are all that a measurement is worth.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_it_fails_and_the_tables_show_it() {
        let mut report = Report {
            machine: Machine {
                cores: 2,
                kernel: "6.1".to_owned(),
                others_percent: 3.0,
            },
            quick: true,
            rounds: 3,
            rows: Vec::new(),
            facts: Vec::new(),
        };
        let budgets = Budgets::read(None).unwrap();
        report
            .row(&budgets, "fanout_one", vec![1.1, 1.2, 1.0])
            .unwrap();
        assert!(!report.fails());
        report
            .row(&budgets, "connect", vec![9.0, 8.0, 7.0])
            .unwrap();
        assert!(report.fails());
        report.fact("connect", "floor", &[12.3456], "µs");
        let text = report.tables();
        for part in [
            "good",
            "1.10×",
            "FAILS",
            "8.00×",
            "7.00 to 9.00",
            "12.3 µs",
            "--quick",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
