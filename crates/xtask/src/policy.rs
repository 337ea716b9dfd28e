//! The dependency policy of `deny.toml`: which crates, licences and sources may be used.
//!
//! cargo-deny checks it where it is installed. Elsewhere this file checks the same three things for
//! the host's dependency tree, from what `cargo tree` prints, so no network and no tool is needed.

use std::fs;

use anyhow::Context as _;

use crate::workspace::{Workspace, succeeds};

/// The step of `cargo xtask check`; a problem in words, or nothing.
pub(crate) fn step(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    if workspace.has_cargo_command("deny") {
        println!("cargo deny check bans licenses sources");
        let mut deny = workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]);
        return Ok((!succeeds(&mut deny)?).then(|| "cargo-deny found problems".to_owned()));
    }
    println!("cargo-deny is not installed: our own check of deny.toml against `cargo tree`");
    let text = fs::read_to_string(workspace.root.join("deny.toml")).context("deny.toml")?;
    let policy = Policy::parse(&text)?;
    let server = ["tree", "--package", "server", "--edges", "normal"];
    let mut findings = policy.banned_in(&tree(workspace, &server)?);
    let everything = tree(workspace, &["tree", "--workspace"])?;
    findings.extend(policy.unlicensed_in(&everything));
    findings.extend(foreign_in(&everything, &workspace.root.to_string_lossy()));
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("deny.toml: {finding}");
    }
    Ok((!findings.is_empty()).then(|| format!("{} findings", findings.len())))
}

/// What deny.toml allows and forbids.
struct Policy {
    banned: Vec<String>,
    licenses: Vec<String>,
}

impl Policy {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let banned = list(text, "[bans]", "deny").context("deny.toml has no [bans] deny list")?;
        let licenses =
            list(text, "[licenses]", "allow").context("deny.toml has no [licenses] allow list")?;
        Ok(Self {
            banned: banned
                .iter()
                .filter_map(|line| string_after(line, "crate ="))
                .collect(),
            licenses: licenses
                .iter()
                .filter_map(|line| string_after(line, ""))
                .collect(),
        })
    }

    fn banned_in(&self, tree: &[Package]) -> Vec<String> {
        tree.iter()
            .filter(|package| self.banned.contains(&package.name))
            .map(|package| {
                format!(
                    "the server depends on the banned crate {name}; `cargo tree --package server \
                     --edges normal --invert {name}` shows why",
                    name = package.name
                )
            })
            .collect()
    }

    fn unlicensed_in(&self, tree: &[Package]) -> Vec<String> {
        tree.iter()
            .filter(|package| !allowed(&package.license, &self.licenses))
            .map(|package| {
                format!(
                    "{} {} has the licence `{}`, which [licenses] does not allow; replace the \
                     crate, or decide to allow the licence",
                    package.name, package.version, package.license
                )
            })
            .collect()
    }
}

/// The lines between `key = [` and `]` in a section, without comments. deny.toml keeps one entry
/// per line so that this stays simple.
fn list(text: &str, section: &str, key: &str) -> Option<Vec<String>> {
    let mut lines = text
        .lines()
        .skip_while(|line| line.trim() != section)
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let opening = format!("{key} = [");
    lines.find(|line| line.trim() == opening)?;
    Some(
        lines
            .take_while(|line| line.trim() != "]")
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .collect(),
    )
}

/// The first quoted string after `key`.
fn string_after(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(key)?;
    let (_, rest) = rest.split_once('"')?;
    let (value, _) = rest.split_once('"')?;
    Some(value.to_owned())
}

/// One line of `cargo tree`.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    name: String,
    version: String,
    /// A folder, a repository or another registry; empty for the default registry.
    source: String,
    /// SPDX expression; empty if the crate has none.
    license: String,
}

fn tree(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Vec<Package>> {
    let mut command = workspace.cargo(arguments);
    command.args(["--color=never", "--prefix", "none", "--format", "{p}|{l}"]);
    let output = command.output().context("cannot start cargo")?;
    anyhow::ensure!(
        output.status.success(),
        "`cargo {}` failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(output.stderr.trim_ascii())
    );
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(package).collect())
}

/// Reads `name v1.2.3 (proc-macro) (source)|licence (*)`.
fn package(line: &str) -> Option<Package> {
    let (package, license) = line.split_once('|')?;
    let mut words = package.splitn(3, ' ');
    let name = words.next()?.to_owned();
    let version = words.next()?.trim_start_matches('v').to_owned();
    let source = words.next().unwrap_or_default().replace("(proc-macro)", "");
    let source = source.trim().trim_matches(['(', ')']).to_owned();
    let license = license.trim_end_matches("(*)").trim().to_owned();
    Some(Package {
        name,
        version,
        source,
        license,
    })
}

/// Packages that come neither from the default registry nor from our own folder.
fn foreign_in(tree: &[Package], root: &str) -> Vec<String> {
    tree.iter()
        .filter(|package| !package.source.is_empty() && !package.source.starts_with(root))
        .map(|package| {
            format!(
                "{} {} comes from `{}`; use a release from the default registry",
                package.name, package.version, package.source
            )
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with the allowed licences.
/// The old form with `/` means OR.
fn allowed(expression: &str, licenses: &[String]) -> bool {
    let expression = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut parser = Expression {
        words: &words,
        licenses,
    };
    let satisfied = parser.any();
    satisfied == Some(true) && parser.words.is_empty()
}

/// A reader of SPDX expressions; AND binds closer than OR.
struct Expression<'a> {
    words: &'a [&'a str],
    licenses: &'a [String],
}

impl<'a> Expression<'a> {
    fn any(&mut self) -> Option<bool> {
        let mut satisfied = self.all()?;
        while self.take("OR") {
            satisfied |= self.all()?;
        }
        Some(satisfied)
    }

    fn all(&mut self) -> Option<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Some(satisfied)
    }

    fn one(&mut self) -> Option<bool> {
        let word = self.next()?;
        if word == "(" {
            let satisfied = self.any()?;
            return self.take(")").then_some(satisfied);
        }
        let license = if self.take("WITH") {
            format!("{word} WITH {}", self.next()?)
        } else {
            word.to_owned()
        };
        Some(self.licenses.contains(&license))
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self.words.first() == Some(&word);
        if taken {
            self.words = &self.words[1..];
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licenses() -> Vec<String> {
        ["MIT", "Apache-2.0", "ISC"].map(str::to_owned).to_vec()
    }

    #[test]
    fn licence_expressions_are_read_as_spdx_means_them() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "Unlicense OR MIT",
            "(MIT OR GPL-3.0) AND ISC",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
            "GPL-3.0 AND ISC OR MIT",
        ] {
            assert!(allowed(good, &licenses()), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT",
            "MIT Apache-2.0",
        ] {
            assert!(!allowed(bad, &licenses()), "{bad}");
        }
    }

    #[test]
    fn lines_of_cargo_tree_are_read() {
        let package = |line| package(line).map(|p| [p.name, p.version, p.source, p.license]);
        let expected = |words: [&str; 4]| Some(words.map(str::to_owned));
        assert_eq!(
            package("syn v2.0.1|MIT OR Apache-2.0 (*)"),
            expected(["syn", "2.0.1", "", "MIT OR Apache-2.0"])
        );
        assert_eq!(
            package("serde_derive v1.0.0 (proc-macro)|MIT"),
            expected(["serde_derive", "1.0.0", "", "MIT"])
        );
        assert_eq!(
            package("desk v0.1.0 (/srv/frontdesk/crates/desk)|Apache-2.0"),
            expected(["desk", "0.1.0", "/srv/frontdesk/crates/desk", "Apache-2.0"])
        );
        assert_eq!(package(""), None);
    }

    #[test]
    fn only_the_default_registry_and_our_own_folder_are_sources() {
        let tree: Vec<Package> = [
            "syn v2.0.1|MIT",
            "desk v0.1.0 (/srv/frontdesk/crates/desk)|MIT",
            "odd v0.1.0 (https://example.org/odd.git#0a1b2c3d)|MIT",
        ]
        .iter()
        .filter_map(|line| package(line))
        .collect();
        let findings = foreign_in(&tree, "/srv/frontdesk");
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("odd 0.1.0 comes from"));
    }

    #[test]
    fn our_own_deny_toml_is_understood() {
        let policy = Policy::parse(include_str!("../../../deny.toml")).unwrap();
        assert!(policy.banned.contains(&"ring".to_owned()));
        assert!(policy.banned.contains(&"openssl".to_owned()));
        assert!(policy.licenses.contains(&"Apache-2.0".to_owned()));
        let ring = package("ring v0.17.0|MIT").unwrap();
        assert_eq!(policy.banned_in(&[ring]).len(), 1);
        let copyleft = package("odd v1.0.0|GPL-3.0-only").unwrap();
        assert_eq!(policy.unlicensed_in(&[copyleft]).len(), 1);
    }
}
