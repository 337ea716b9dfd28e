//! Our own server as a set-up: the real program on a free port of both loopbacks. Start at
//! [`Frontdesk::demo`].

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::ports::free_port;
use crate::programs::Program;

/// Accounts of the demo.
pub(crate) const CUSTOMER: &str = "ana@test.com";
pub(crate) const OTHER_CUSTOMER: &str = "websocket@test.com";
pub(crate) const ADMIN: &str = "admin@test.com";
pub(crate) const STAFF: &str = "staff@test.com";
pub(crate) const PASSWORD: &str = "test123";

/// A server that is about to be started.
pub(crate) struct Plan {
    settings: Vec<(String, String)>,
    addresses: Vec<String>,
    demo: bool,
    open_files: Option<u32>,
}

impl Plan {
    /// With a key of the configuration, as `section.key`.
    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Self {
        let (section, key) = key.split_once('.').expect("a key is section.key");
        let name = format!(
            "FRONTDESK_{}__{}",
            section.to_uppercase(),
            key.to_uppercase()
        );
        self.settings.push((name, value.to_string()));
        self
    }

    /// Listens on these addresses instead of on both loopbacks.
    pub(crate) fn on(mut self, addresses: &[&str]) -> Self {
        self.addresses = addresses
            .iter()
            .map(|&address| address.to_owned())
            .collect();
        self
    }

    /// Without demo data; another name than loopback needs that.
    pub(crate) fn without_demo(mut self) -> Self {
        self.demo = false;
        self
    }

    /// May have so many files and sockets open at once.
    pub(crate) fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    pub(crate) async fn start(self) -> Frontdesk {
        self.start_on(free_port()).await
    }

    pub(crate) async fn start_on(self, port: u16) -> Frontdesk {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Frontdesk {
            port,
            folder,
            plan: self,
            program: None,
        };
        server.start_again().await;
        server
    }
}

/// The server, running. It is killed when this is dropped.
pub(crate) struct Frontdesk {
    pub(crate) port: u16,
    pub(crate) folder: tempfile::TempDir,
    plan: Plan,
    pub(crate) program: Option<Program>,
}

impl Frontdesk {
    /// With the demo's accounts, on both loopbacks.
    pub(crate) fn demo() -> Plan {
        Plan {
            settings: Vec::new(),
            addresses: ["127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
            demo: true,
            open_files: None,
        }
    }

    /// Starts it once more on the same data and port.
    pub(crate) async fn start_again(&mut self) {
        self.kill();
        let listen: Vec<String> = (self.plan.addresses.iter())
            .map(|address| format!("{address}:{}", self.port))
            .collect();
        let mut serve = self.settings();
        serve.push(("FRONTDESK_SERVER__LISTEN".to_owned(), listen.join(",")));
        serve.push(("FRONTDESK_DATA__DIR".to_owned(), self.data_dir(false)));
        let mut command = match self.plan.open_files {
            None => program(),
            // The shell gives its limit to the program it becomes.
            Some(most) => {
                let mut shell = Command::new("sh");
                clean(&mut shell);
                shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]);
                shell.arg(program_path());
                shell
            }
        };
        command
            .arg("serve")
            .envs(serve)
            .current_dir(self.folder.path());
        if self.plan.demo {
            command.arg("--demo");
        }
        let listens: Vec<(&str, u16)> = (self.plan.addresses.iter())
            .map(|address| (address.trim_matches(['[', ']']), self.port))
            .collect();
        let program = Program::start("frontdesk", command, &listens).await;
        // It takes connections a little before it has its demo data.
        program.hear("listening on http").await;
        self.program = Some(program);
    }

    pub(crate) fn kill(&mut self) {
        self.program = None;
    }

    /// As a page and a person name it.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// One of its sockets.
    pub(crate) fn socket(&self, path: &str) -> String {
        format!("ws://localhost:{}{path}", self.port)
    }

    /// A fresh socket token of an account, made with the server's key.
    pub(crate) fn token(&self, email: &str) -> String {
        self.run(&["token", "mint", "--email", email], &[])
    }

    /// Runs a command beside the server and gives what it printed.
    pub(crate) fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let output = program()
            .args(arguments)
            .envs(self.settings())
            .env("FRONTDESK_DATA__DIR", self.data_dir(self.plan.demo))
            .envs(settings.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "frontdesk {arguments:?} failed: {said}"
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The key that signs its tokens.
    pub(crate) fn signing_key(&self) -> String {
        let file = PathBuf::from(self.data_dir(self.plan.demo)).join("signing.key");
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        let key = text
            .lines()
            .find(|line| !line.starts_with('#') && !line.trim().is_empty());
        key.expect("a key file has a key").trim().to_owned()
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings = vec![
            // Chats stay quiet unless a test is about the bot.
            ("FRONTDESK_BOT__KIND".to_owned(), "off".to_owned()),
            ("FRONTDESK_LOG".to_owned(), "info".to_owned()),
        ];
        settings.extend(self.plan.settings.iter().cloned());
        settings
    }

    fn data_dir(&self, demo: bool) -> String {
        let folder = self.folder.path().join("data");
        let folder = if demo { folder.join("demo") } else { folder };
        folder.display().to_string()
    }
}

/// `frontdesk doctor bot` against a model's interface: what it says as JSON.
pub(crate) fn doctor_bot(base_url: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let output = program()
        .args(["doctor", "bot", "--json"])
        .current_dir(folder.path())
        .env("FRONTDESK_BOT__KIND", "openai")
        .env("FRONTDESK_BOT__BASE_URL", base_url)
        .env("FRONTDESK_BOT__MODEL", "scripted")
        .env("FRONTDESK_BOT__TIMEOUT_SECONDS", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&said).unwrap_or_else(|error| {
        let complaint = String::from_utf8_lossy(&output.stderr);
        panic!("frontdesk doctor bot said no JSON ({error}): {said}\n{complaint}")
    })
}

fn program() -> Command {
    let mut command = Command::new(program_path());
    clean(&mut command);
    command
}

/// Without anything that the environment of the tests would tell it.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FRONTDESK_")) {
        command.env_remove(name);
    }
}

/// The program `frontdesk`: what `FRONTDESK_PROGRAM` names, or the one that was built beside this
/// test.
///
/// # Panics
/// There is none: the text says how to build it.
pub(crate) fn program_path() -> PathBuf {
    if let Some(named) = std::env::var_os("FRONTDESK_PROGRAM") {
        let path = PathBuf::from(named);
        assert!(
            path.is_file(),
            "FRONTDESK_PROGRAM names {}, which is no file",
            path.display()
        );
        return path;
    }
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/lab-… → target/debug/frontdesk
    let beside = test
        .parent()
        .and_then(|deps| deps.parent())
        .map(|dir| dir.join("frontdesk"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "the program frontdesk was not built beside {}: run `cargo build -p server`, or name \
             one with FRONTDESK_PROGRAM",
            test.display()
        )
    })
}
