//! `cargo xtask dev`: the server, built and started again whenever a source file changes, and the
//! console's development server beside it, which follows changes by itself.
//! It looks at modification times, so it needs no help of the system and no further crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use std::{fs, io};

use anyhow::Context as _;

use crate::run::server_flags;
use crate::web;
use crate::workspace::Workspace;

pub(crate) const HELP: &str = "\
Usage: cargo xtask dev [-- flags of `frontdesk serve`]

Runs `frontdesk serve --demo` on http://localhost:8000, and the console on http://localhost:5174 as
its sources are, in front of that server. When a file below crates/ changes, the server is built and,
if it builds, restarted; until then the old one goes on. A change of the console shows at once. Ctrl-C
ends all. Without Node there is the server alone. Where the server is not at its usual address,
FRONTDESK_API tells the console.

Examples:
  cargo xtask dev
  FRONTDESK_LOG=debug cargo xtask dev
  FRONTDESK_API=http://localhost:9000 cargo xtask dev -- --listen 127.0.0.1:9000";

/// How often the files are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long an old server may take to end before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// When each watched file was last written.
type Snapshot = BTreeMap<PathBuf, SystemTime>;

/// A program beside this one; it ends when this is dropped.
struct Beside {
    name: &'static str,
    child: Option<Child>,
}

impl Beside {
    /// Says once that it has ended by itself.
    fn look(&mut self) -> io::Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            eprintln!("{} ended ({status}).", self.name);
            self.child = None;
        }
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended in this moment.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Builds, runs and restarts until it is ended. Ctrl-C in a terminal reaches the servers as well as
/// this program; a signal sent to this program alone leaves them running.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    let flags = server_flags(arguments);
    let mut console = Beside {
        name: "The console's development server",
        child: None,
    };
    if web::has_npm(workspace) {
        console.child = Some(web::serve_console(workspace)?);
    } else {
        eprintln!("npm is not here, so the server runs without the console's development server.");
    }
    let mut server: Option<Child> = None;
    loop {
        let built_from = snapshot(&workspace.root);
        match workspace.build_server()? {
            Some(program) => {
                if let Some(mut old) = server.take() {
                    stop(&mut old)?;
                }
                server = Some(start(&workspace.root, &program, flags)?);
            }
            None => eprintln!("It does not build; waiting for a change."),
        }
        wait_for_change(&workspace.root, &built_from, &mut server, &mut console)?;
        eprintln!("A file changed; building again.");
    }
}

fn start(root: &Path, program: &Path, flags: &[String]) -> anyhow::Result<Child> {
    Command::new(program)
        .args(["serve", "--demo"])
        .args(flags)
        .current_dir(root)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// Returns when the files differ from `before` and have been quiet for one interval.
fn wait_for_change(
    root: &Path,
    before: &Snapshot,
    server: &mut Option<Child>,
    console: &mut Beside,
) -> anyhow::Result<()> {
    let mut last = before.clone();
    loop {
        thread::sleep(POLL_INTERVAL);
        console.look()?;
        if let Some(child) = server
            && let Some(status) = child.try_wait()?
        {
            eprintln!("The server ended ({status}); waiting for a change.");
            *server = None;
        }
        let now = snapshot(root);
        if now != *before && now == last {
            return Ok(());
        }
        last = now;
    }
}

/// Asks the server to end, so that it says goodbye to its clients; kills it if it does not.
fn stop(child: &mut Child) -> anyhow::Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    // The standard library can only kill; a polite signal needs the system's own program.
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .is_ok_and(|status| status.success());
    let deadline = Instant::now() + STOP_PATIENCE;
    while asked && Instant::now() < deadline {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn snapshot(root: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    collect(&root.join("crates"), &mut files);
    for name in ["Cargo.toml", "Cargo.lock", "config.default.toml"] {
        add(root.join(name), &mut files);
    }
    files
}

/// A folder or file may vanish while we look; the next look tells.
fn collect(folder: &Path, files: &mut Snapshot) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            add(path, files);
        }
    }
}

fn add(path: PathBuf, files: &mut Snapshot) {
    let written: io::Result<SystemTime> = fs::metadata(&path).and_then(|data| data.modified());
    if let Ok(written) = written {
        files.insert(path, written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_a_changed_and_a_removed_file_are_changes() {
        let root = std::env::temp_dir().join(format!("xtask-dev-{}", std::process::id()));
        let file = root.join("crates/desk/src/lib.rs");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let empty = snapshot(&root);
        fs::write(&file, "//! One.").unwrap();
        let one = snapshot(&root);
        fs::File::options()
            .append(true)
            .open(&file)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        let changed = snapshot(&root);
        fs::remove_file(&file).unwrap();
        let removed = snapshot(&root);
        fs::remove_dir_all(&root).unwrap();
        assert_ne!(empty, one);
        assert_ne!(one, changed);
        assert_eq!(empty, removed);
    }
}
