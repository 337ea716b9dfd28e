//! `cargo xtask contract`: asks a demo server what /openapi.json says may be asked, and compares every
//! answer with it. tests/contract/run.py does the asking with schemathesis, in an environment of its
//! own beside the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::workspace::{Workspace, succeeds};
use crate::{PROBLEM_FOUND, WELL};

pub(crate) const HELP: &str = "\
Usage: cargo xtask contract

Builds the server, starts it with demo data on a free port, and asks it some thousand requests made
from /openapi.json, as an admin, as staff and as a customer. Fails on an answer that is a server error
or is not described: its status, its content type, its schema. Takes about a minute and a half.
Needs Python 3 with venv and pip; what else it needs is installed below the build folder.

Examples:
  cargo xtask contract";

/// Builds the server and asks it.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    anyhow::ensure!(arguments.is_empty(), "`contract` takes no arguments");
    let Some(program) = workspace.build_server()? else {
        return Ok(PROBLEM_FOUND);
    };
    match step(workspace, &program)? {
        None => Ok(WELL),
        Some(problem) => {
            eprintln!("error: {problem}");
            Ok(PROBLEM_FOUND)
        }
    }
}

/// The step of `cargo xtask check`: a problem in words, or nothing.
pub(crate) fn step(workspace: &Workspace, program: &Path) -> anyhow::Result<Option<String>> {
    let folder = workspace.root.join("tests/contract");
    let python = environment(program, &folder.join("requirements.txt"))?;
    let mut asking = Command::new(python);
    asking.arg(folder.join("run.py")).arg(program);
    Ok((!succeeds(&mut asking)?)
        .then(|| "the server does not answer as /openapi.json describes".to_owned()))
}

/// The Python of an environment that holds exactly what the requirements name.
fn environment(program: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
    let beside = program.parent().and_then(Path::parent);
    let folder = beside
        .context("the program lies in no build folder")?
        .join("contract-venv");
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let wanted = fs::read_to_string(requirements).context("tests/contract/requirements.txt")?;
    let installed = folder.join("requirements.txt");
    if python.is_file() && fs::read_to_string(&installed).ok().as_ref() == Some(&wanted) {
        return Ok(python);
    }
    println!(
        "installing tests/contract/requirements.txt into {}",
        folder.display()
    );
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"])
        .arg(&folder)
        .stdout(Stdio::null());
    anyhow::ensure!(
        succeeds(&mut make).unwrap_or(false),
        "the contract tests need Python 3 with venv, which is not there or does not work; install \
         it, for example `sudo apt-get install python3 python3-venv`"
    );
    let mut install = Command::new(&python);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(requirements);
    anyhow::ensure!(
        succeeds(&mut install)?,
        "pip could not install {}",
        requirements.display()
    );
    fs::write(&installed, wanted)?;
    Ok(python)
}
