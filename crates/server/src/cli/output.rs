//! The one place that writes to the terminal. stdout is data, stderr is talk. Colours only for
//! people: not where `NO_COLOR` is set, and not into a file or a pipe.

use std::io::{self, IsTerminal as _, Write as _};

/// Writes a line of data. A reader that has gone away (`| head`) is no failure.
pub(super) fn data(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Writes a line of talk.
pub(super) fn talk(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = writeln!(stderr, "{line}").and_then(|()| stderr.flush());
}

/// Writes a question without ending its line.
pub(super) fn ask(question: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
}

/// Writes how far something is, over what was there before. For terminals alone.
pub(super) fn progress(line: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\u{1b}[K{line}\r").and_then(|()| stderr.flush());
}

/// Where long data goes, piece by piece.
pub(super) fn stdout() -> impl io::Write {
    io::BufWriter::new(io::stdout().lock())
}

/// Writes a JSON value as data, for programs.
pub(super) fn json(value: &serde_json::Value) {
    data(&format!("{value:#}"));
}

/// Writes rows of data in columns, the first row being the heads. Control characters of texts that
/// people chose are shown, not obeyed.
pub(super) fn table(rows: &[Vec<String>]) {
    for line in columns(rows) {
        data(&line);
    }
}

/// How a word looks on stdout.
#[derive(Clone, Copy, Debug)]
pub(super) enum Colour {
    Green,
    Red,
}

/// The text in colour, if stdout is a terminal that wants any.
pub(super) fn coloured(text: &str, colour: Colour) -> String {
    let wanted = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let code = match colour {
        Colour::Green => 32,
        Colour::Red => 31,
    };
    if wanted {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| printable(cell)).collect())
        .collect();
    let count = shown.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        shown
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..count)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    shown.iter().map(line).collect()
}

fn printable(text: &str) -> String {
    let escape = |c: char| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_are_shown() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let rows = [
            row(&["EMAIL", "NAME"]),
            row(&["ana@a.b", "A\u{1b}[2Jna"]),
            row(&["b", "B"]),
        ];
        assert_eq!(
            columns(&rows),
            ["EMAIL    NAME", "ana@a.b  A\\u{1b}[2Jna", "b        B"]
        );
    }
}
