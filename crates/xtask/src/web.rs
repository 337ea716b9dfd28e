//! The npm workspace in web/: installs what its lock file names, builds the console, and runs the
//! scripts. Node and npm are called as they are found in PATH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use anyhow::Context as _;

use crate::workspace::{Workspace, succeeds};

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// What the console is made of, below web/. Its bundler takes the two packages as they are written,
/// not as they were built.
const CONSOLE_SOURCES: &[&str] = &[
    "console/src",
    "console/index.html",
    "console/package.json",
    "console/vite.config.ts",
    "client/src",
    "react/src",
    "package-lock.json",
];

/// The packages that are built before anything else, in this order.
const BUILT: [&str; 3] = ["client", "react", "console"];

/// Packages that are verified one after the other, beside those of the other lane: most of the time
/// their tests wait.
const LANES: [&[&str]; 2] = [&["client"], &["react", "console", "testing"]];

/// Whether npm can be called.
pub(crate) fn has_npm(workspace: &Workspace) -> bool {
    npm(workspace, &["--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Builds the console where it is older than its sources; a problem in words, or nothing.
pub(crate) fn build_console(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    if !is_stale(&folder(workspace)) {
        return Ok(None);
    }
    install(workspace)?;
    build(workspace, "console")
}

/// Starts the console's development server, which shows a change of its sources at once. It is Node
/// itself, so that ending the child ends the server.
pub(crate) fn serve_console(workspace: &Workspace) -> anyhow::Result<Child> {
    install(workspace)?;
    let web = folder(workspace);
    Command::new("node")
        .arg(web.join("node_modules/vite/bin/vite.js"))
        .current_dir(web.join("console"))
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start node for the console")
}

fn build(workspace: &Workspace, package: &str) -> anyhow::Result<Option<String>> {
    println!("npm run build --workspace {package}");
    let arguments = ["run", "build", "--silent", "--workspace", package];
    let built = run(&mut npm(workspace, &arguments))?;
    Ok((!built).then(|| format!("the package {package} cannot be built")))
}

/// Whether the console was never built, or a source is newer than what was.
fn is_stale(web: &Path) -> bool {
    let Some(built) = written(&web.join("console/dist/index.html")) else {
        return true;
    };
    let newest = CONSOLE_SOURCES
        .iter()
        .filter_map(|source| newest(&web.join(source)));
    newest.max().is_none_or(|newest| newest > built)
}

/// When a file, or the newest file below a folder, was written. A folder counts itself, so that a
/// file that is gone is a change too.
fn newest(path: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let inside = entries.filter_map(|entry| newest(&entry.path()));
    inside.chain(written(path)).max()
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// The step of `cargo xtask check`: a problem in words, or nothing. The tests of the packages start
/// the program themselves.
pub(crate) fn step(workspace: &Workspace, program: &Path) -> anyhow::Result<Option<String>> {
    install(workspace)?;
    for package in BUILT {
        if let Some(problem) = build(workspace, package)? {
            return Ok(Some(problem));
        }
    }
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let lanes = LANES.map(|lane| scope.spawn(move || verify(workspace, program, lane)));
        let ended = lanes.map(|lane| lane.join().expect("a lane does not panic"));
        ended.into_iter().flatten().collect()
    });
    Ok((!failed.is_empty()).then(|| format!("`npm run verify` failed in {}", failed.join(", "))))
}

/// Verifies packages that are built, one after the other; those that failed. What one prints is shown
/// when it is over, so that two lanes do not mix.
fn verify(
    workspace: &Workspace,
    program: &Path,
    packages: &'static [&'static str],
) -> Vec<&'static str> {
    let is_well = |package: &&str| {
        let arguments = ["run", "verify", "--silent", "--workspace", package];
        let mut verify = npm(workspace, &arguments);
        verify
            .env("FRONTDESK_PROGRAM", program)
            .stdin(Stdio::null());
        match verify.output() {
            Ok(output) => {
                println!(
                    "npm run verify --workspace {package}\n{}{}",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
                output.status.success()
            }
            Err(error) => {
                println!("npm run verify --workspace {package}: {error}");
                false
            }
        }
    };
    packages
        .iter()
        .filter(|package| !is_well(package))
        .copied()
        .collect()
}

/// The step `browser` of `cargo xtask check`: real pages in a real Chromium, with the packages as
/// they are published, and the console that the server shows.
pub(crate) fn browser_step(
    workspace: &Workspace,
    program: &Path,
) -> anyhow::Result<Option<String>> {
    install(workspace)?;
    for package in BUILT {
        if let Some(problem) = build(workspace, package)? {
            return Ok(Some(problem));
        }
    }
    let script = "tests/browser/all.mjs";
    println!("node {script}");
    let mut node = Command::new("node");
    node.arg(workspace.root.join(script)).arg(program);
    Ok((!run(&mut node)?).then(|| format!("`node {script}` failed")))
}

/// What openapi-typescript makes of a description of the HTTP interface.
pub(crate) fn rest_types(workspace: &Workspace, openapi: &str) -> anyhow::Result<String> {
    install(workspace)?;
    let folder = std::env::temp_dir().join(format!("frontdesk-gen-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (from, to) = (folder.join("openapi.json"), folder.join("rest.ts"));
    let made = write_types(workspace, openapi, &from, &to);
    fs::remove_dir_all(&folder)?;
    let text = made?;
    // The tool's own first comment has no name of ours in it.
    let body = text
        .split_once("*/\n")
        .map_or(text.as_str(), |(_, body)| body);
    Ok(format!(
        "// Generated by `cargo xtask gen` with openapi-typescript from docs/openapi.json. Do not \
         edit.\n{body}"
    ))
}

fn write_types(
    workspace: &Workspace,
    openapi: &str,
    from: &Path,
    to: &Path,
) -> anyhow::Result<String> {
    fs::write(from, openapi)?;
    let mut tool = npm(
        workspace,
        &["exec", "--offline", "--", "openapi-typescript"],
    );
    tool.arg(from).arg("--output").arg(to).stdout(Stdio::null());
    anyhow::ensure!(run(&mut tool)?, "openapi-typescript failed");
    fs::read_to_string(to).context("openapi-typescript wrote no file")
}

/// Runs `npm ci`, unless what is installed is what the lock file names.
fn install(workspace: &Workspace) -> anyhow::Result<()> {
    let web = folder(workspace);
    let locked = written(&web.join("package-lock.json"));
    let installed = written(&web.join("node_modules/.package-lock.json"));
    if locked.is_some() && installed >= locked {
        return Ok(());
    }
    println!("npm ci");
    let mut install = npm(workspace, &["ci", "--no-audit", "--no-fund"]);
    anyhow::ensure!(run(&mut install)?, "`npm ci` failed in web/");
    Ok(())
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("web")
}

fn npm(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(NPM);
    command.args(arguments).current_dir(folder(workspace));
    command
}

fn run(command: &mut Command) -> anyhow::Result<bool> {
    succeeds(command)
        .context("web/ needs Node 20.19 or newer with npm; install it from your system")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_console_is_built_again_when_a_source_is_newer_changed_or_gone() {
        let web = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        let (source, lost) = (web.join("client/src/a/b.ts"), web.join("client/src/a/c.ts"));
        let dist = web.join("console/dist/index.html");
        for file in [&source, &lost, &dist] {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
        }
        fs::write(&source, "").unwrap();
        fs::write(&lost, "").unwrap();
        assert!(is_stale(&web), "never built");
        fs::write(&dist, "").unwrap();
        let set = |file: &Path, at| fs::File::open(file).unwrap().set_modified(at).unwrap();
        let later = SystemTime::now() + Duration::from_secs(60);
        set(&dist, later);
        assert!(!is_stale(&web));
        set(&source, later + Duration::from_secs(1));
        assert!(is_stale(&web), "a source is newer");
        set(&source, later);
        assert!(!is_stale(&web));
        set(&dist, SystemTime::UNIX_EPOCH + Duration::from_secs(2));
        for file in [&source, &lost] {
            set(file, SystemTime::UNIX_EPOCH);
        }
        fs::remove_file(&lost).unwrap();
        assert!(is_stale(&web), "a source is gone");
        fs::remove_dir_all(&web).unwrap();
    }
}
