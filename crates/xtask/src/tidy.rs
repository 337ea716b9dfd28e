//! `cargo xtask tidy`: source rules that no linter knows. The rules are pure functions over a
//! file's text, in the files of tidy/; this file reads the tree and asks them.

mod imports;
mod links;
mod source;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::workspace::{Workspace, relative};
use crate::{PROBLEM_FOUND, WELL};

pub(crate) const HELP: &str = "\
Usage: cargo xtask tidy

Checks who may import whom, markers for open work, file sizes and openings, clocks in the quiet
crates, links between documents, and white space. Prints `path:line: what, and what to do`.

Examples:
  cargo xtask tidy
  cargo xtask tidy && git commit";

/// Prints every finding.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    anyhow::ensure!(arguments.is_empty(), "`tidy` takes no arguments");
    match step(workspace)? {
        None => Ok(WELL),
        Some(problem) => {
            eprintln!("error: {problem}");
            Ok(PROBLEM_FOUND)
        }
    }
}

/// The step of `cargo xtask check`: prints findings and returns the problem in words.
pub(crate) fn step(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let findings = findings(&workspace.root)?;
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| !finding.is_warning)
        .count();
    Ok((errors > 0).then(|| format!("{errors} findings")))
}

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// Path below the root, with `/`.
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong, and what to do.
    what: String,
    /// A warning is printed and fails nothing.
    is_warning: bool,
}

impl Finding {
    fn error(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
            is_warning: false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_warning { "warning: " } else { "" };
        write!(f, "{}:{}: {kind}{}", self.path, self.line, self.what)
    }
}

fn findings(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let path = relative(root, &file);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
        findings.extend(source::check(&path, &text));
        if is_crate_manifest(&path) {
            findings.extend(imports::check(&path, &text));
        }
        if path.ends_with(".md") {
            findings.extend(links::check(&path, &text, |target| {
                root.join(target).exists()
            }));
        }
    }
    Ok(findings)
}

/// Whether this is `crates/<name>/Cargo.toml`. What lies deeper, such as a fuzz target, is a
/// workspace of its own and no part of the program.
fn is_crate_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "Cargo.toml"])
}

/// Folders with files that others wrote, and the store of the demo.
const FOREIGN_FOLDERS: &[&str] = &[".git", "dist", "frontdesk-data", "node_modules", "target"];

/// Endings of the files that people write; snapshots and lock files are written by tools.
const ENDINGS: &[&str] = &[
    ".css", ".html", ".json", ".js", ".md", ".rs", ".sh", ".sql", ".toml", ".ts", ".tsx", ".yml",
];

/// Files without such an ending that are read too.
const NAMES: &[&str] = &[".ci/run", ".gitignore", "LICENSE"];

fn collect(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let shown = || format!("cannot list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let kind = entry.file_type().with_context(shown)?;
        if kind.is_dir() {
            if !FOREIGN_FOLDERS.contains(&&*name) {
                collect(root, &path, files)?;
            }
        } else if kind.is_file() && is_ours(&relative(root, &path)) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_ours(path: &str) -> bool {
    let is_lock_file = path.ends_with("package-lock.json");
    NAMES.contains(&path) || (!is_lock_file && ENDINGS.iter().any(|end| path.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_first() {
        let finding = Finding::error("docs/a.md", 3, "no such file, mend the link");
        assert_eq!(
            finding.to_string(),
            "docs/a.md:3: no such file, mend the link"
        );
    }

    #[test]
    fn a_workspace_inside_a_crate_has_imports_of_its_own() {
        assert!(is_crate_manifest("crates/desk/Cargo.toml"));
        assert!(!is_crate_manifest("crates/websocket/fuzz/Cargo.toml"));
        assert!(!is_crate_manifest("Cargo.toml"));
    }

    #[test]
    fn files_written_by_tools_are_left_alone() {
        assert!(is_ours("crates/desk/src/lib.rs") && is_ours(".ci/run"));
        assert!(!is_ours("web/package-lock.json") && !is_ours("Cargo.lock"));
        assert!(!is_ours("crates/server/tests/it/snapshots/help.snap"));
    }
}
