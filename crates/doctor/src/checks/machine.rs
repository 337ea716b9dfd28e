//! This machine, where the server is on it: descriptors, ports, tables of the kernel; and the files
//! that were given to read.

use causes::Severity;

use super::server::listener;
use crate::examination::{Examination, Seen};
use crate::files;
use crate::report::Finding;

/// From which share on a table counts as nearly full, in percent.
const NEARLY_FULL_PERCENT: usize = 90;

/// Limits that a running server meets.
pub(crate) fn limits(examination: &mut Examination<'_>) -> Seen {
    let Some(listener) = listener(examination) else {
        return Seen::Skipped(
            "the server is not on this machine, or the machine does not tell".to_owned(),
        );
    };
    let mut notes = Vec::new();
    if let Some(program) = listener.program() {
        let most = program
            .descriptors_max
            .map_or("?".to_owned(), |most| most.to_string());
        notes.push(format!(
            "{} (pid {}) has {} of {most} descriptors open",
            program.name, program.pid, program.descriptors
        ));
        if let Some(most) = program
            .descriptors_max
            .filter(|most| program.descriptors * 100 >= most * NEARLY_FULL_PERCENT)
        {
            let sentence = format!(
                "{} (pid {}) has {} of {most} descriptors open; behind the last one no \
                 connection is accepted",
                program.name, program.pid, program.descriptors
            );
            examination.find(Finding::new("cap.fd", sentence).severity(Severity::Warning));
        }
    }
    let number = |path: &str| {
        std::fs::read_to_string(path)
            .ok()?
            .trim()
            .parse::<usize>()
            .ok()
    };
    if let (Some(used), Some(most)) = (
        number("/proc/sys/net/netfilter/nf_conntrack_count"),
        number("/proc/sys/net/netfilter/nf_conntrack_max"),
    ) {
        notes.push(format!("{used} of {most} tracked connections"));
        if used * 100 >= most * NEARLY_FULL_PERCENT {
            let sentence = format!(
                "the kernel tracks {used} of at most {most} connections; behind the last one \
                 packets are dropped"
            );
            examination.find(Finding::new("cap.conntrack", sentence).severity(Severity::Warning));
        }
    }
    if listener.waiting > 0 {
        notes.push(format!(
            "{} connections wait to be accepted",
            listener.waiting
        ));
    }
    match notes.is_empty() {
        true => Seen::Unknown("this machine tells nothing of the program that listens".to_owned()),
        false => Seen::Well(notes.join("; ")),
    }
}

/// Reads the files of `--read`.
pub(crate) fn files(examination: &mut Examination<'_>) -> Seen {
    if examination.options.read.is_empty() {
        return Seen::Skipped("no --read was given".to_owned());
    }
    let port = examination.target.as_ref().map(|target| target.port);
    let mut notes = Vec::new();
    for path in &examination.options.read {
        let shown = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let (kind, findings) = files::judge(&shown, &text, port);
                notes.push(format!("{shown}: {kind}"));
                for finding in findings {
                    examination.find(finding.seen("file", shown.clone()));
                }
            }
            Err(error) => {
                examination.trouble = Some(format!("cannot read --read {shown}: {error}"));
                return Seen::Unknown(String::new());
            }
        }
    }
    Seen::Well(notes.join("; "))
}
