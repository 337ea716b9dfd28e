//! The report for people: each section with its checks, then what was found and what to do, then a
//! table. Start at [`Report::text`].

use std::fmt::Write as _;

use causes::Severity;

use crate::report::{CheckResult, Finding, Report, State, Verdict};

/// Longest line of a section, in characters.
const SUMMARY_MAX_CHARS: usize = 84;

impl Report {
    /// The report as text. With `verbose`, notes of every check and all requests and answers.
    #[must_use]
    pub fn text(&self, verbose: bool) -> String {
        let mut out = format!("frontdesk doctor {}\n\n", self.target);
        for group in self.groups() {
            section(&mut out, &group, verbose);
        }
        if !self.findings.is_empty() {
            out.push('\n');
        }
        for (index, finding) in self.findings.iter().enumerate() {
            self.finding(&mut out, index, finding);
        }
        if !self.timings.is_empty() {
            let steps: Vec<String> = self
                .timings
                .iter()
                .map(|timing| format!("{} {} ms", timing.phase, timing.ms))
                .collect();
            let _ = write!(out, "\nTimings: {}\n", steps.join(" · "));
        }
        if verbose && !self.transcript.is_empty() {
            out.push_str("\nRequests and answers, secrets masked:\n");
            for exchange in &self.transcript {
                let _ = write!(out, "\n{exchange}");
            }
        }
        out.push('\n');
        self.table(&mut out);
        let _ = write!(out, "\n{}\n", self.summary());
        out
    }

    /// One sentence: how it stands.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |severity| {
            self.findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let things = |count: usize, word: &str| {
            format!("{count} {word}{}", if count == 1 { "" } else { "s" })
        };
        match (self.verdict, &self.trouble) {
            (Verdict::CouldNotRun, Some(why)) => format!("could not run: {why}"),
            (Verdict::CouldNotRun, None) => "could not run".to_owned(),
            (Verdict::Clean, _) => "No faults were found.".to_owned(),
            (Verdict::Warnings, _) => {
                format!("It works; {}.", things(count(Severity::Warning), "warning"))
            }
            (Verdict::Failed, _) => {
                let first = self.first().map_or("?", |finding| finding.id);
                let others = match count(Severity::Warning) {
                    0 => String::new(),
                    warnings => format!(" and {}", things(warnings, "warning")),
                };
                format!(
                    "It does not work: {}{others}. The cause to look at first is {first}.",
                    things(count(Severity::Error), "fault")
                )
            }
        }
    }

    fn finding(&self, out: &mut String, index: usize, finding: &Finding) {
        let mark = mark_of(finding.severity);
        let cause = if index == 0 && self.verdict == Verdict::Failed {
            "The cause: "
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "{mark} {cause}{} [{}]",
            sentence(&finding.sentence),
            finding.id
        );
        let _ = writeln!(out, "    fix: {}", finding.fix);
        if index == 0
            && let Some(cause) = causes::cause(finding.id)
        {
            let _ = writeln!(out, "    in a page: {}", cause.in_page);
        }
        for other in &finding.evidence.alternatives {
            let _ = writeln!(
                out,
                "    it may also be {}; to tell: {}",
                other.id, other.probe
            );
        }
        for (name, value) in &finding.evidence.seen {
            let _ = writeln!(out, "    {name}: {value}");
        }
        let _ = writeln!(
            out,
            "    more: docs/failures/{}.md, or frontdesk explain {}",
            finding.id, finding.id
        );
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for check in &self.checks {
            match groups.iter_mut().find(|group| group.name == check.group) {
                Some(group) => group.checks.push(check),
                None => groups.push(Group {
                    name: check.group,
                    checks: vec![check],
                }),
            }
        }
        groups
    }

    fn table(&self, out: &mut String) {
        let mut rows = vec![[
            "section".to_owned(),
            "status".to_owned(),
            "notes".to_owned(),
            "severity".to_owned(),
        ]];
        for group in self.groups() {
            let state = group.state();
            let severity = match state {
                State::Failed => "error",
                State::Warn => "warning",
                State::Ok | State::Skipped | State::Unknown => "none",
            };
            rows.push([
                group.name.to_owned(),
                word(state).to_owned(),
                group.notes(),
                severity.to_owned(),
            ]);
        }
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..4).map(width).collect();
        for row in &rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            let _ = writeln!(out, "{}", cells.join(" | ").trim_end());
        }
    }
}

struct Group<'a> {
    name: &'static str,
    checks: Vec<&'a CheckResult>,
}

impl Group<'_> {
    fn state(&self) -> State {
        let worst = self
            .checks
            .iter()
            .map(|check| check.state)
            .max()
            .unwrap_or(State::Skipped);
        // Something that could not be told beside something that is well is well.
        let has_ok = self.checks.iter().any(|check| check.state == State::Ok);
        if worst == State::Unknown && has_ok {
            State::Ok
        } else {
            worst
        }
    }

    fn notes(&self) -> String {
        let count = |state: State| {
            self.checks
                .iter()
                .filter(|check| check.state == state)
                .count()
        };
        let mut parts = Vec::new();
        for (state, name) in [
            (State::Failed, "failed"),
            (State::Warn, "to mend"),
            (State::Ok, "ok"),
            (State::Unknown, "unknown"),
            (State::Skipped, "skipped"),
        ] {
            if count(state) > 0 {
                parts.push(format!("{} {name}", count(state)));
            }
        }
        parts.join(", ")
    }
}

fn section(out: &mut String, group: &Group<'_>, verbose: bool) {
    let state = group.state();
    let told: Vec<&str> = group
        .checks
        .iter()
        .filter(|check| check.state == state)
        .map(|check| check.note.as_str())
        .filter(|note| !note.is_empty())
        .collect();
    let summary = match told.first() {
        Some(first) if state != State::Skipped => (*first).to_owned(),
        Some(first) => format!("skipped: {first}"),
        None => String::new(),
    };
    // The whole sentence stands with the finding.
    let summary = match summary.char_indices().nth(SUMMARY_MAX_CHARS) {
        Some((end, _)) if !verbose => format!("{}…", summary[..end].trim_end()),
        _ => summary,
    };
    let _ = writeln!(out, "{} {:<9} {summary}", mark(state), group.name);
    if verbose {
        for check in &group.checks {
            let _ = writeln!(
                out,
                "      {} {:<12} {:>5} ms  {}",
                mark(check.state),
                check.name,
                check.ms,
                check.note
            );
        }
    }
}

fn mark(state: State) -> &'static str {
    match state {
        State::Ok => "[✓]",
        State::Warn => "[!]",
        State::Failed => "[✗]",
        State::Unknown => "[?]",
        State::Skipped => "[-]",
    }
}

fn mark_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Info => "i",
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warn => "warning",
        State::Failed => "failed",
        State::Unknown => "unknown",
        State::Skipped => "skipped",
    }
}

/// With a full stop, as people write.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use crate::{Options, examine};

    #[tokio::test]
    async fn a_dead_server_is_told_in_one_sentence_with_what_to_type() {
        // A port that was free a moment ago; nobody else is given it so soon.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let report = examine(&Options::new(format!("http://127.0.0.1:{port}"))).await;
        assert_eq!(
            report.first().map(|finding| finding.id),
            Some("net.refused")
        );
        let text = report.text(false);
        for part in [
            "[✓] address",
            "[✗] network",
            &format!("The cause: Nothing listens on 127.0.0.1 port {port}"),
            "fix: start it: frontdesk serve",
            "It does not work: 1 fault. The cause to look at first is net.refused.",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert_eq!(report.exit_code(false), 2);
        let junit = report.junit();
        assert!(
            junit.contains("<failure type=\"net.refused\"") && junit.contains("<skipped message="),
            "{junit}"
        );
    }
}
