//! Who may import whom, read from each crate's Cargo.toml. ARCHITECTURE.md shows the same as a map.

use super::Finding;

/// Our crates, and which of ours each may use. Tests may use more.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("auth", &[]),
    ("websocket", &[]),
    ("desk", &["protocol"]),
    ("engine", &["protocol", "websocket"]),
    ("store", &["engine", "protocol", "desk"]),
    (
        "server",
        &[
            "protocol",
            "auth",
            "desk",
            "websocket",
            "engine",
            "store",
            "bot",
            "bench",
            "causes",
            "doctor",
        ],
    ),
    ("bot", &["protocol", "desk"]),
    ("bench", &["websocket"]),
    ("causes", &["protocol"]),
    ("doctor", &["causes", "protocol", "websocket"]),
    ("testbed", &[]),
    ("xtask", &["protocol", "desk", "causes"]),
];

/// The only crate whose Cargo.toml may name an HTTP framework.
const HTTP_CRATE: &str = "server";
/// The only crate that speaks SQL; the tests of the server look into the database too.
const SQL_CRATE: &str = "store";
/// Measures the store against bare SQLite, and knows nothing else of SQL.
const FLOOR_CRATE: &str = "bench";

/// Checks one crate's Cargo.toml; `path` is `crates/<name>/Cargo.toml`.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let name = path.split('/').nth(1).unwrap_or_default();
    let Some((_, may_use)) = MAY_USE.iter().find(|(crate_name, _)| *crate_name == name) else {
        let what = format!(
            "the crate {name} is in no rule, add it to MAY_USE in crates/xtask/src/tidy/imports.rs"
        );
        return vec![Finding::error(path, 1, what)];
    };
    let mut findings = Vec::new();
    for Dependency {
        line,
        kind,
        package,
    } in dependencies(text)
    {
        let is_ours = MAY_USE.iter().any(|(ours, _)| *ours == package);
        if is_ours && kind == Kind::Normal && !may_use.contains(&package) {
            let allowed = match may_use {
                [] => "no crate of ours".to_owned(),
                _ => format!("of ours only {}", may_use.join(", ")),
            };
            let what = format!(
                "{name} must not depend on {package}, it may use {allowed}; move the code to the \
                 crate that may, or pass what is needed as an argument"
            );
            findings.push(Finding::error(path, line, what));
        }
        if is_family(package, "axum") && name != HTTP_CRATE {
            let what = format!("only {HTTP_CRATE} knows {package}, move the HTTP part there");
            findings.push(Finding::error(path, line, what));
        }
        let is_server_test = name == HTTP_CRATE && kind == Kind::Dev;
        let is_floor = name == FLOOR_CRATE && package == "rusqlite";
        let speaks_sql = is_family(package, "sqlx") || package == "rusqlite";
        if speaks_sql && name != SQL_CRATE && !is_server_test && !is_floor {
            let what = format!("only {SQL_CRATE} knows {package}, move the query there");
            findings.push(Finding::error(path, line, what));
        }
    }
    findings
}

/// `axum` and `axum-extra` are one family.
fn is_family(package: &str, family: &str) -> bool {
    package
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    Dev,
}

#[derive(Debug, PartialEq, Eq)]
struct Dependency<'a> {
    /// From 1.
    line: usize,
    kind: Kind,
    package: &'a str,
}

/// The dependencies of a Cargo.toml, in both forms: a line below `[dependencies]`, and a table
/// `[dependencies.name]`.
fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            section = kind(header);
            if section.is_none()
                && let Some((table, package)) = header.rsplit_once('.')
                && let Some(kind) = kind(table)
            {
                found.push(Dependency {
                    line: index + 1,
                    kind,
                    package,
                });
            }
        } else if let Some(kind) = section
            && let Some((package, _)) = line.split_once(['.', '=', ' '])
            && !package.starts_with('#')
        {
            found.push(Dependency {
                line: index + 1,
                kind,
                package,
            });
        }
    }
    found
}

/// `dependencies`, `build-dependencies` and those of one target run in the product or its build.
fn kind(header: &str) -> Option<Kind> {
    let last = header.rsplit('.').next().unwrap_or_default();
    match last {
        "dependencies" | "build-dependencies" => Some(Kind::Normal),
        "dev-dependencies" => Some(Kind::Dev),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_leaf_uses_no_crate_of_ours_except_in_tests() {
        let text = "[dependencies]\nserde.workspace = true\nengine.workspace = true\n\n\
                    [dev-dependencies]\nprotocol.workspace = true\n";
        let told = told("crates/auth/Cargo.toml", text);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("crates/auth/Cargo.toml:3: auth must not depend on engine"));
    }

    #[test]
    fn allowed_imports_are_fine_in_every_form() {
        let text = "[dependencies]\nprotocol = { workspace = true, features = [\"openapi\"] }\n\
                    engine.workspace = true\n[dependencies.desk]\nworkspace = true\n";
        assert_eq!(told("crates/store/Cargo.toml", text), [] as [String; 0]);
    }

    #[test]
    fn a_table_and_a_target_are_dependencies_too() {
        let text = "[dependencies.store]\nworkspace = true\n\
                    [target.'cfg(unix)'.dependencies]\nserver.workspace = true\n";
        let told = told("crates/engine/Cargo.toml", text);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains(":1: engine must not depend on store"));
        assert!(told[1].contains(":4: engine must not depend on server"));
    }

    #[test]
    fn http_lives_in_the_server_and_sql_in_the_store() {
        let both = "[dependencies]\naxum-extra = \"1\"\nsqlx.workspace = true\n";
        assert_eq!(told("crates/engine/Cargo.toml", both).len(), 2);
        assert_eq!(told("crates/store/Cargo.toml", both).len(), 1);
        assert_eq!(told("crates/server/Cargo.toml", both).len(), 1);
        let tests = "[dependencies]\naxum.workspace = true\n[dev-dependencies]\nsqlx = \"1\"\n";
        assert_eq!(told("crates/server/Cargo.toml", tests), [] as [String; 0]);
    }

    #[test]
    fn a_crate_without_a_rule_is_a_finding() {
        assert!(told("crates/misc/Cargo.toml", "")[0].contains("add it to MAY_USE"));
    }
}
