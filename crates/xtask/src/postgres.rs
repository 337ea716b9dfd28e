//! Finds a PostgreSQL server's programs for the tests, or installs them.
//! It starts no server: the test fixtures do, each in a folder of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::succeeds;

const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

/// The folder with `postgres` and `initdb`, installed first if that is needed and possible.
/// The error is a sentence that says what to install.
pub(crate) fn ensure() -> anyhow::Result<PathBuf> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    let Some(administrator) = administrator() else {
        anyhow::bail!(
            "the tests need the programs of a PostgreSQL server (postgres and initdb), which are \
             neither in PATH nor below {DEBIAN_FOLDER}; install your system's package, for example \
             `sudo apt-get install postgresql` or `brew install postgresql`"
        );
    };
    eprintln!("PostgreSQL is missing: installing the distribution's package `postgresql`.");
    let installed = apt_get(administrator, &["update"])?
        && apt_get(
            administrator,
            &["install", "--yes", "--no-install-recommends", "postgresql"],
        )?;
    match find() {
        Some(folder) if installed => Ok(folder),
        Some(_) | None => anyhow::bail!(
            "installing PostgreSQL failed; install it by hand (`apt-get install postgresql`)"
        ),
    }
}

/// The folder with `postgres` and `initdb`: first in PATH, then Debian's, newest version first.
pub(crate) fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .find(|folder| has_server(folder))
        .or_else(|| newest(Path::new(DEBIAN_FOLDER)))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(versions)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            has_server(&folder).then_some((version, folder))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

fn has_server(folder: &Path) -> bool {
    ["postgres", "initdb"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

/// How we may call `apt-get`, if we may at all without asking for a password.
#[derive(Clone, Copy)]
enum Administrator {
    Root,
    Sudo,
}

fn administrator() -> Option<Administrator> {
    if !answers("apt-get", &["--version"]) {
        return None;
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(Administrator::Root);
    }
    answers("sudo", &["-n", "true"]).then_some(Administrator::Sudo)
}

fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn apt_get(administrator: Administrator, arguments: &[&str]) -> anyhow::Result<bool> {
    let mut command = match administrator {
        Administrator::Root => Command::new("env"),
        Administrator::Sudo => {
            let mut command = Command::new("sudo");
            command.args(["-n", "env"]);
            command
        }
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"])
        .args(arguments)
        .stdin(Stdio::null());
    succeeds(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_with_both_programs_is_taken() {
        let versions = env::temp_dir().join(format!("xtask-postgres-{}", std::process::id()));
        for (version, programs) in [
            ("9", &["postgres", "initdb"][..]),
            ("15", &["postgres", "initdb"]),
            ("16", &["initdb"]),
            ("common", &["postgres", "initdb"]),
        ] {
            let folder = versions.join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            for program in programs {
                fs::write(folder.join(program), "").unwrap();
            }
        }
        let found = newest(&versions);
        fs::remove_dir_all(&versions).unwrap();
        assert_eq!(found, Some(versions.join("15").join("bin")));
    }
}
