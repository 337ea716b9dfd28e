//! Starts the real program, and is a browser to it. Start at [`Server::start`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::socket::Socket;

/// Longest wait for anything that must happen; a busy machine is slow, not wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Which database the program stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// Runs a test on both databases, each as a test of its own.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block)+) => {$(
        mod $name {
            use super::*;
            async fn run($database: Database) $body
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() { run(Database::Sqlite).await }
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() { run(Database::Postgres).await }
        }
    )+};
}
pub(crate) use on_both;

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    settings: Vec<(String, String)>,
    demo: bool,
}

impl Options {
    /// With the four accounts of the demo.
    pub(crate) fn demo() -> Self {
        Self {
            settings: Vec::new(),
            demo: true,
        }
    }

    /// Without any account.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

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
}

/// The program, running. It is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store_url: Option<String>,
    options: Options,
    child: Option<Child>,
    log: Option<mpsc::Receiver<String>>,
}

impl Server {
    /// Starts it with the demo's accounts.
    pub(crate) fn demo(database: Database) -> Self {
        Self::start(database, Options::demo())
    }

    pub(crate) fn start(database: Database, options: Options) -> Self {
        let store_url = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(testbed::new_database()),
        };
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder: tempfile::tempdir().unwrap(),
            store_url,
            options,
            child: None,
            log: None,
        };
        server.start_again();
        server
    }

    /// Another node on the same PostgreSQL database.
    pub(crate) fn beside(&self) -> Self {
        assert!(
            self.store_url.is_some(),
            "only PostgreSQL has several nodes"
        );
        let mut node = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder: tempfile::tempdir().unwrap(),
            store_url: self.store_url.clone(),
            options: self.options.clone(),
            child: None,
            log: None,
        };
        node.start_again();
        node
    }

    /// Starts it once more on the same data; the port is kept.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let mut command = self.command();
        command.args(["serve", "--listen", &self.address.to_string()]);
        if self.options.demo {
            command.arg("--demo");
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let stderr = child.stderr.take().expect("stderr is piped");
        let (lines, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let began = Instant::now();
        let mut said = Vec::new();
        self.address = loop {
            match log.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(line) => {
                    if let Some(address) = line.strip_prefix("listening on http://") {
                        break address.parse().unwrap();
                    }
                    said.push(line);
                }
                Err(_) => {
                    child.kill().ok();
                    panic!("the program did not start; it said:\n{}", said.join("\n"));
                }
            }
        };
        self.child = Some(child);
        self.log = Some(log);
    }

    /// The program with this server's settings, for a command beside it.
    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        command.current_dir(self.folder.path());
        command.env("FRONTDESK_DATA__DIR", self.data_dir());
        command.env("FRONTDESK_LOG", "debug");
        // Chats stay quiet unless a test is about the bot.
        command.env("FRONTDESK_BOT__KIND", "off");
        if let Some(url) = &self.store_url {
            command.env("FRONTDESK_STORE__URL", url);
        }
        command.envs(
            self.options
                .settings
                .iter()
                .map(|(name, value)| (name, value)),
        );
        command
    }

    /// Runs a command beside the server and gives what it printed. Fails unless it went well.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command();
        if self.options.demo {
            command.env("FRONTDESK_DATA__DIR", self.data_dir().join("demo"));
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?} failed: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of the database on SQLite.
    pub(crate) fn database_dir(&self) -> PathBuf {
        if self.options.demo {
            self.data_dir().join("demo")
        } else {
            self.data_dir()
        }
    }

    /// Changes a setting for the next start.
    pub(crate) fn set(&mut self, key: &str, value: impl ToString) {
        self.options = self.options.clone().with(key, value);
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM; the exit code, and how long it took.
    pub(crate) async fn terminate(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let killed = Command::new("kill")
            .arg(self.pid().to_string())
            .status()
            .unwrap();
        assert!(killed.success());
        (self.exit_code().await, began.elapsed())
    }

    /// Waits for its end.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE * 2, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Everything the program has said so far and was not asked for before.
    pub(crate) fn said(&self) -> String {
        let log = self.log.as_ref().expect("it runs");
        log.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// The next line it says that holds these words; lines before it are dropped.
    pub(crate) fn hear(&self, words: &str) -> String {
        let log = self.log.as_ref().expect("it runs");
        let began = Instant::now();
        loop {
            match log.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
                Ok(line) if line.contains(words) => return line,
                Ok(_) => {}
                Err(_) => panic!("it never said {words:?}"),
            }
        }
    }

    pub(crate) fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn ws(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Someone who is not signed in.
    pub(crate) fn visitor(&self) -> Browser {
        Browser::new(self.address)
    }

    /// An account of the demo, signed in.
    pub(crate) async fn sign_in(&self, email: &str) -> Browser {
        self.sign_in_with(email, "test123").await
    }

    pub(crate) async fn sign_in_with(&self, email: &str, password: &str) -> Browser {
        let mut browser = self.visitor();
        let (status, _) = browser
            .post(
                "/api/v1/auth/login",
                json!({"email": email, "password": password}),
            )
            .await;
        assert!(status.is_success(), "{email} cannot sign in: {status}");
        browser.me = browser.get("/api/v1/auth/me").await.1;
        browser
    }

    /// A new customer, signed in.
    pub(crate) async fn customer(&self, name: &str) -> Browser {
        let email = format!("{name}-{}@example.com", uuid::Uuid::now_v7());
        let password = "correct horse battery";
        let body = json!({"email": email, "password": password, "name": name});
        let (status, answer) = self.visitor().post("/api/v1/auth/register", body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        self.sign_in_with(&email, password).await
    }

    /// An item that can be ordered.
    pub(crate) async fn item(&self) -> String {
        let browser = self.sign_in("staff@test.com").await;
        let (_, page) = browser.get("/api/v1/items").await;
        let available = |item: &&Value| item["available"] == true;
        let item = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(available)
            .unwrap();
        item["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking()
            && let Some(log) = &self.log
        {
            let said: Vec<String> = log.try_iter().collect();
            let from = said.len().saturating_sub(60);
            eprintln!("the program said last:\n{}", said[from..].join("\n"));
        }
    }
}

/// A browser: it keeps its cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) client: reqwest::Client,
    address: SocketAddr,
    /// The account that is signed in.
    pub(crate) me: Value,
}

impl Browser {
    fn new(address: SocketAddr) -> Self {
        // The server ends a connection that was idle for a minute: one that was idle for less is
        // used again, as a browser does.
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .pool_idle_timeout(Duration::from_secs(5))
            .no_proxy();
        Self {
            client: client.build().unwrap(),
            address,
            me: Value::Null,
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.me["id"].as_str().expect("signed in")
    }

    /// The channel of the account.
    pub(crate) fn channel(&self) -> String {
        format!("user:{}", self.id())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
            .timeout(PATIENCE)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (StatusCode, Value) {
        answer(self.request(Method::DELETE, path)).await
    }

    /// Places an order of one piece.
    pub(crate) async fn order(&self, item: &str, note: &str) -> Value {
        let lines = json!([{"item_id": item, "quantity": 1}]);
        let (status, order) = self
            .post("/api/v1/orders", json!({"lines": lines, "note": note}))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        order
    }

    /// Moves an order to another status.
    pub(crate) async fn set_status(&self, order: &Value, status: &str) -> Value {
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        let body = json!({"version": order["version"], "status": status});
        let (code, order) = self.patch(&path, body).await;
        assert_eq!(code, StatusCode::OK, "{order}");
        order
    }

    pub(crate) async fn token(&self) -> String {
        let (status, answer) = self.get("/api/v1/auth/ws-token").await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }

    /// A socket of this account, with its token in the URL; it has had its welcome.
    pub(crate) async fn socket(&self) -> Socket {
        let token = self.token().await;
        let url = format!("ws://{}/api/v1/ws?token={token}", self.address);
        let mut socket = Socket::open(&url).await;
        socket.welcome().await;
        socket
    }

    /// A socket that resumes from the positions of another one.
    pub(crate) async fn resume(&self, positions: &Value) -> Socket {
        self.resume_with(&self.token().await, positions).await
    }

    /// The same with a token that was fetched before.
    pub(crate) async fn resume_with(&self, token: &str, positions: &Value) -> Socket {
        let mut socket = Socket::open(&format!("ws://{}/api/v1/ws", self.address)).await;
        socket
            .send(&json!({"type": "connect", "token": token, "resume": positions}))
            .await;
        socket.welcome().await;
        socket
    }
}

/// Sends a request and gives status and JSON.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let (status, _, body) = whole(request).await;
    (status, body)
}

/// The same with the headers.
pub(crate) async fn whole(request: reqwest::RequestBuilder) -> (StatusCode, HeaderMap, Value) {
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    };
    (status, headers, body)
}

/// The program, without anything that the environment of the tests would tell it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FRONTDESK_")) {
        command.env_remove(name);
    }
    command
}

/// Copies a folder with its files.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
