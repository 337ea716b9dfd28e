//! Programs of others, started for one test and ended with it. Start at [`Program::start`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::ports::PATIENCE;

/// A program that runs until this is dropped.
pub(crate) struct Program {
    name: &'static str,
    child: Option<Child>,
    /// What it wrote to both its outputs.
    log: tempfile::NamedTempFile,
}

impl Program {
    /// Starts a program and waits until it accepts connections on all of these addresses.
    ///
    /// # Panics
    /// It does not: the text has what the program said.
    pub(crate) async fn start(
        name: &'static str,
        command: Command,
        listens: &[(&str, u16)],
    ) -> Self {
        let mut program = Self::run(name, &command);
        let began = Instant::now();
        for (address, port) in listens {
            while TcpStream::connect((*address, *port)).await.is_err() {
                let ended = program.try_wait();
                assert!(
                    ended.is_none() && began.elapsed() < PATIENCE,
                    "{name} does not listen on {address} port {port} after {:?} (ended: {ended:?}); \
                     it said:\n{}",
                    began.elapsed(),
                    program.said()
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        program
    }

    /// Starts a program and waits for nothing.
    pub(crate) fn run(name: &'static str, command: &Command) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        // Whatever ends the test ends the program too: the runner kills tests that take too long.
        let mut tied = Command::new("setpriv");
        tied.args(["--pdeathsig", "KILL", "--"]);
        tied.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => tied.env(name, value),
                None => tied.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            tied.current_dir(folder);
        }
        // Where CI is said, some colour what they say, in the middle of the words that are waited for.
        tied.env("NO_COLOR", "1")
            .env_remove("FORCE_COLOR")
            .stdin(Stdio::null())
            .stdout(log.reopen().unwrap())
            .stderr(log.reopen().unwrap());
        let child = tied
            .spawn()
            .expect("setpriv of the package util-linux starts programs");
        Self {
            name,
            child: Some(child),
            log,
        }
    }

    /// Everything it said so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log.path()).unwrap()).into_owned()
    }

    /// Waits until it has said these words.
    pub(crate) async fn hear(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let said = self.said();
            if let Some(line) = said.lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} never said {words:?}; it said:\n{said}",
                self.name
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(sent.success(), "{} cannot be sent {name}", self.name);
    }

    /// `kill -9`, and waits for its end.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    fn try_wait(&mut self) -> Option<std::process::ExitStatus> {
        self.child
            .as_mut()
            .and_then(|child| child.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let from = said.len().saturating_sub(4_000);
            let from = said.ceil_char_boundary(from);
            eprintln!("{} said last:\n{}", self.name, &said[from..]);
        }
    }
}

/// Where a program of the distribution lies.
///
/// # Panics
/// It is not installed: the text says how to get it.
pub(crate) fn installed(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!(
                "{program} is not installed, and this test breaks a real one: \
                 apt-get install --no-install-recommends {package}"
            )
        })
}

/// A file of `set_ups/` with its `{{words}}` filled in, written into a folder; its path.
pub(crate) fn write_set_up(name: &str, words: &[(&str, &str)], folder: &Path) -> PathBuf {
    let text = set_up(name, words);
    let file = folder.join(Path::new(name).file_name().expect("a set-up is a file"));
    std::fs::write(&file, text).unwrap();
    file
}

/// The text of a file of `set_ups/` with its `{{words}}` filled in.
pub(crate) fn set_up(name: &str, words: &[(&str, &str)]) -> String {
    let path = set_ups().join(name);
    let mut text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let words: BTreeMap<_, _> = words.iter().copied().collect();
    for (word, value) in &words {
        text = text.replace(&format!("{{{{{word}}}}}"), value);
    }
    assert!(
        !text.contains("{{"),
        "{} has words that were not filled in, known are {:?}:\n{text}",
        path.display(),
        words.keys()
    );
    text
}

/// The folder of the set-ups.
pub(crate) fn set_ups() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/set_ups")
}
