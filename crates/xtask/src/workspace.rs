//! Where the project lies, and how other programs are called from its root.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// The project's folder.
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// Finds the folder from the place of this crate, so every command works from any folder.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let here = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here
            .ancestors()
            .nth(2)
            .with_context(|| format!("{} is not inside a workspace", here.display()))?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The cargo that started us, called from the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Whether cargo has this subcommand, such as `nextest` or `deny`.
    pub(crate) fn has_cargo_command(&self, name: &str) -> bool {
        self.cargo(&[name, "--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Builds the server with the dev profile, with cargo's progress on the screen.
    /// Returns the path of the program, or nothing if it does not build.
    pub(crate) fn build_server(&self) -> anyhow::Result<Option<PathBuf>> {
        if !succeeds(&mut self.cargo(&["build", "--package", "server"]))? {
            return Ok(None);
        }
        self.server_program().map(Some)
    }

    /// The path of the server as it was last built with the dev profile, by tests too.
    pub(crate) fn server_program(&self) -> anyhow::Result<PathBuf> {
        // Cargo puts the programs of a workspace side by side, wherever its target folder is.
        let own = env::current_exe().context("cannot tell where this program lies")?;
        let name = format!("frontdesk{}", env::consts::EXE_SUFFIX);
        let server = own.with_file_name(name);
        anyhow::ensure!(
            server.is_file(),
            "the server was built, but {} is not there",
            server.display()
        );
        Ok(server)
    }
}

/// Runs a command that shares our terminal; whether it ended with 0.
pub(crate) fn succeeds(command: &mut Command) -> anyhow::Result<bool> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    Ok(status.success())
}

/// A path below `root`, written with `/` on every system.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
