//! The report as JUnit XML, for what shows test results. Start at [`Report::junit`].

use std::fmt::Write as _;

use causes::Severity;

use crate::report::{Finding, Report, State};

impl Report {
    /// One test case for each check, and one for each finding.
    #[must_use]
    pub fn junit(&self) -> String {
        let failures = self
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count();
        let skipped = self
            .checks
            .iter()
            .filter(|check| check.state == State::Skipped)
            .count();
        let tests = self.checks.len() + self.findings.len();
        let seconds: f64 = self
            .checks
            .iter()
            .map(|check| Self::seconds(check.ms))
            .sum();
        let errors = usize::from(self.trouble.is_some());
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            out,
            "<testsuite name=\"frontdesk doctor {}\" tests=\"{}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.3}\">",
            escape(&self.target),
            tests + errors
        );
        for check in &self.checks {
            let _ = write!(
                out,
                "  <testcase classname=\"doctor.{}\" name=\"{}\" time=\"{:.3}\"",
                check.group,
                check.name,
                Self::seconds(check.ms)
            );
            match check.state {
                State::Skipped => {
                    let _ = writeln!(
                        out,
                        "><skipped message=\"{}\"/></testcase>",
                        escape(&check.note)
                    );
                }
                _ => out.push_str("/>\n"),
            }
        }
        for finding in &self.findings {
            case(&mut out, finding);
        }
        if let Some(why) = &self.trouble {
            let _ = writeln!(
                out,
                "  <testcase classname=\"doctor\" name=\"run\"><error message=\"{}\"/></testcase>",
                escape(why)
            );
        }
        out.push_str("</testsuite>\n");
        out
    }

    fn seconds(ms: u64) -> f64 {
        std::time::Duration::from_millis(ms).as_secs_f64()
    }
}

fn case(out: &mut String, finding: &Finding) {
    let _ = write!(
        out,
        "  <testcase classname=\"doctor.finding\" name=\"{}\"",
        finding.id
    );
    let (sentence, fix) = (escape(&finding.sentence), escape(&finding.fix));
    let _ = match finding.severity {
        Severity::Error => writeln!(
            out,
            "><failure type=\"{}\" message=\"{sentence}\">fix: {fix}</failure></testcase>",
            finding.id
        ),
        Severity::Warning | Severity::Info => writeln!(
            out,
            "><system-out>{}: {sentence}; fix: {fix}</system-out></testcase>",
            finding.severity
        ),
    };
}

/// Text in XML; characters that no XML may hold are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {}
            other => out.push(other),
        }
    }
    out
}
