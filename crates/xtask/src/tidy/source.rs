//! Rules about one source file: how it opens, how long it is, what it must not say.

use super::Finding;

/// A file of code longer than this asks whether it should be two.
const LINES_WARN: usize = 500;
/// A file of code may not be longer than this; its tests do not count.
const LINES_MAX: usize = 800;

/// Folders whose code is told the time and never looks at a clock; a test may measure.
const CLOCKLESS: &[&str] = &[
    "crates/engine/src/",
    "crates/desk/src/",
    "crates/protocol/src/",
    "crates/auth/src/",
];

/// How code looks at a clock.
const CLOCKS: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];

/// Checks one file of any kind.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = white_space(path, text);
    if !is_code(path) {
        return findings;
    }
    findings.extend(length(path, text));
    findings.extend(markers(path, text));
    if path.ends_with(".rs") {
        findings.extend(opening(path, text));
        findings.extend(clocks(path, text));
    }
    findings
}

fn is_code(path: &str) -> bool {
    let endings = [
        ".rs", ".sql", ".toml", ".ts", ".tsx", ".js", ".css", ".html", ".sh", ".ci/run",
    ];
    endings.iter().any(|ending| path.ends_with(ending))
}

fn white_space(path: &str, text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = text
        .split('\n')
        .enumerate()
        .filter(|(_, line)| line.ends_with([' ', '\t', '\r']))
        .map(|(index, _)| Finding::error(path, index + 1, "white space at the end, remove it"))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        let what = "the file does not end with a newline, add one";
        findings.push(Finding::error(path, text.lines().count(), what));
    }
    findings
}

fn length(path: &str, text: &str) -> Option<Finding> {
    if is_test_file(path) || path.ends_with(".toml") {
        return None;
    }
    let lines = lines_before_tests(text);
    let what = format!(
        "{lines} lines besides its tests, a file has at most {LINES_MAX} and asks a question at \
         {LINES_WARN}; split it by meaning"
    );
    (lines > LINES_WARN).then(|| Finding {
        is_warning: lines <= LINES_MAX,
        ..Finding::error(path, lines, what)
    })
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Lines up to the `mod tests` that ends a file, or all of them.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests {"))
        .unwrap_or(lines.len())
}

/// Open work: an issue's number makes it findable, the other marker means "not before merging".
fn markers(path: &str, text: &str) -> Vec<Finding> {
    // Written in two halves, so that this file does not find itself.
    let unfinished = concat!("FIX", "ME");
    let open = concat!("TO", "DO");
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !after_word(line, unfinished).is_empty() {
            let what = format!("{unfinished} means not before merging, finish it");
            findings.push(Finding::error(path, index + 1, what));
        }
        for rest in after_word(line, open) {
            if !names_issue(rest) {
                let what = format!("write {open}(#n) with the number of an issue, or do it now");
                findings.push(Finding::error(path, index + 1, what));
            }
        }
    }
    findings
}

/// What follows each place where `word` stands alone.
fn after_word<'a>(line: &'a str, word: &str) -> Vec<&'a str> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word)
        .map(|(at, _)| (&line[..at], &line[at + word.len()..]))
        .filter(|(before, after)| !before.ends_with(is_part) && !after.starts_with(is_part))
        .map(|(_, after)| after)
        .collect()
}

/// Whether the text begins with `(#12)`.
fn names_issue(text: &str) -> bool {
    text.strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

fn opening(path: &str, text: &str) -> Option<Finding> {
    let what = "a file opens with a //! comment: say what it is, what it is not, where to start";
    (!text.starts_with("//!")).then(|| Finding::error(path, 1, what))
}

fn clocks(path: &str, text: &str) -> Vec<Finding> {
    if is_test_file(path) || !CLOCKLESS.iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().take(lines_before_tests(text)).enumerate() {
        let is_comment = line.trim_start().starts_with("//");
        if let Some(clock) = CLOCKS
            .iter()
            .find(|clock| !is_comment && line.contains(*clock))
        {
            let what = format!("{clock} in a crate that reads no clock, take the time as argument");
            findings.push(Finding::error(path, index + 1, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn white_space_is_tidy() {
        assert_eq!(told("a.md", "one\ntwo\n"), [] as [String; 0]);
        assert_eq!(
            told("a.md", "one \n\ttwo\t\nthree"),
            [
                "a.md:1: white space at the end, remove it",
                "a.md:2: white space at the end, remove it",
                "a.md:3: the file does not end with a newline, add one",
            ]
        );
    }

    #[test]
    fn a_rust_file_says_what_it_is() {
        assert_eq!(told("crates/x/src/a.rs", "//! A.\n"), [] as [String; 0]);
        assert_eq!(told("crates/x/src/a.rs", "use b;\n").len(), 1);
    }

    #[test]
    fn open_work_names_an_issue() {
        let open = concat!("TO", "DO");
        let good = format!("//! A.\n// {open}(#12): later\nlet {open}S = 1;\n");
        assert_eq!(told("crates/x/src/a.rs", &good), [] as [String; 0]);
        for bad in [
            format!("{open}: later"),
            format!("{open}(ana)"),
            concat!("FIX", "ME").into(),
        ] {
            let told = told("a.sql", &format!("-- {bad}\n"));
            assert_eq!(told.len(), 1, "{bad}");
        }
    }

    #[test]
    fn long_files_are_warned_of_and_then_refused_but_tests_may_be_long() {
        let file = |lines: usize| format!("//! A.\n{}", "let a = 1;\n".repeat(lines - 1));
        let path = "crates/x/src/a.rs";
        assert_eq!(check(path, &file(500)), []);
        assert!(check(path, &file(501))[0].is_warning);
        assert!(!check(path, &file(801))[0].is_warning);
        assert_eq!(check("crates/x/tests/it/a.rs", &file(900)), []);
        let tests = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            file(400),
            "a\n".repeat(500)
        );
        assert_eq!(check(path, &tests), []);
    }

    #[test]
    fn quiet_crates_read_no_clock() {
        let text = "//! Unlike Instant::now, a port.\nlet now = Instant::now();\n";
        assert_eq!(told("crates/engine/src/a.rs", text).len(), 1);
        assert_eq!(told("crates/desk/tests/a.rs", text), [] as [String; 0]);
        let measured = "//! A.\n#[cfg(test)]\nmod tests {\n    Instant::now();\n}\n";
        assert_eq!(told("crates/auth/src/a.rs", measured), [] as [String; 0]);
        assert_eq!(told("crates/server/src/a.rs", text), [] as [String; 0]);
    }
}
