//! The command line as a shell sees it: what goes in, what comes out, and the exit code.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Database, Options, PATIENCE, Server, on_both, program};
use crate::socket::Socket;

const PASSWORD: &str = "correct horse battery";

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Outcome {
    /// Fails unless it ended well.
    fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails unless it ended with this code and said all of these words on stderr.
    fn said(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Runs a command to its end.
fn finish(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that fails early may not read what it is told.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let read_errors = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let code = wait(&mut child);
    Outcome {
        code: code.expect("it was not killed"),
        stdout: read.join().unwrap(),
        stderr: read_errors.join().unwrap(),
    }
}

fn wait(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the command does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder to work in.
struct Shell(tempfile::TempDir);

impl Shell {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.command(arguments), "")
    }

    fn tell(&self, arguments: &[&str], input: &str) -> Outcome {
        finish(&mut self.command(arguments), input)
    }

    fn with(&self, name: &str, value: &str, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments).env(name, value), "")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn add(&self, email: &str, role: &str) -> Outcome {
        let arguments = [
            "user",
            "add",
            "--email",
            email,
            "--name",
            "Ana",
            "--role",
            role,
            "--password-stdin",
        ];
        self.tell(&arguments, &format!("{PASSWORD}\n"))
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn accounts_are_made_listed_and_changed_without_a_server() {
    let shell = Shell::new();
    shell
        .run(&["user", "list"])
        .said(2, &["there is no database at", "--data-dir"]);
    let made = shell.add(" Ana@Example.COM ", "admin").well();
    assert_eq!(made.stdout, "", "talk goes to stderr");
    assert!(made.stderr.contains("ana@example.com (admin)"), "{made:?}");
    shell.add("ben@example.com", "staff").well();
    let data = shell.path().join("frontdesk-data");
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("frontdesk.db")), 0o600);

    let list = |shell: &Shell| shell.run(&["user", "list", "--json"]).well().json();
    let users = list(&shell);
    let seen: Vec<(&Value, &Value, &Value)> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (&user["email"], &user["role"], &user["disabled"]))
        .collect();
    let (ana, ben) = (json!("ana@example.com"), json!("ben@example.com"));
    assert_eq!(
        seen,
        [
            (&ana, &json!("admin"), &json!(false)),
            (&ben, &json!("staff"), &json!(false)),
        ]
    );
    let table = shell.run(&["user", "list"]).well().stdout;
    assert!(table.starts_with("EMAIL"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    for text in [&table, &users.to_string()] {
        assert!(!text.contains("argon2"), "no hash is shown");
    }

    let ben = ["--email", "BEN@example.com"];
    shell
        .run(&[&["user", "role"][..], &ben, &["--role", "customer"]].concat())
        .well();
    assert_eq!(list(&shell)[1]["role"], "customer");
    shell.run(&[&["user", "disable"][..], &ben].concat()).well();
    assert_eq!(list(&shell)[1]["disabled"], true);
    assert!(shell.run(&["user", "list"]).stdout.contains("disabled"));
    shell.run(&[&["user", "enable"][..], &ben].concat()).well();
    assert_eq!(list(&shell)[1]["disabled"], false);
    shell
        .tell(
            &[&["user", "password"][..], &ben, &["--password-stdin"]].concat(),
            PASSWORD,
        )
        .well();
}

#[test]
fn wrong_input_for_accounts_is_named_with_a_fix_and_its_exit_code() {
    let shell = Shell::new();
    shell.add("ana@example.com", "admin").well();
    let add = |email: &str, name: &str, password: &str| {
        let arguments = [
            "user",
            "add",
            "--email",
            email,
            "--name",
            name,
            "--role",
            "staff",
            "--password-stdin",
        ];
        shell.tell(&arguments, password)
    };
    // 2: the command ran and found a problem.
    add("ANA@example.com", "A", PASSWORD).said(2, &["ana@example.com", "fix:"]);
    add("ben", "Ben", PASSWORD).said(2, &["/email", "fix:"]);
    add("ben@example.com", "", PASSWORD).said(2, &["/name"]);
    add("ben@example.com", "Ben", "short").said(2, &["5 characters", "fix:"]);
    add("ben@example.com", "Ben", "password123").said(2, &["most common"]);
    add("ben@example.com", "Ben", &"x".repeat(1_025)).said(2, &["the limit is 1024"]);
    add("ben@example.com", "Ben", "").said(2, &["stdin holds no password"]);
    let nobody = ["--email", "nobody@example.com"];
    for command in ["disable", "enable"] {
        shell
            .run(&[&["user", command][..], &nobody].concat())
            .said(2, &["nobody@example.com", "frontdesk user list"]);
    }
    let last = ["--email", "ana@example.com"];
    shell
        .run(&[&["user", "disable"][..], &last].concat())
        .said(2, &["last enabled admin"]);
    shell
        .run(&[&["user", "role"][..], &last, &["--role", "staff"]].concat())
        .said(2, &["last enabled admin"]);
    // 3: it could not run.
    shell
        .run(&[
            "user",
            "role",
            "--email",
            "ana@example.com",
            "--role",
            "root",
        ])
        .said(3, &["root", "customer"]);
    shell.run(&["user", "disable"]).said(3, &["--email"]);
    shell.run(&["user", "delete"]).said(3, &["delete"]);
    shell.run(&["usr"]).said(3, &["usr", "user"]);
    shell.run(&[]).said(3, &["Usage"]);
    shell
        .run(&[
            "user", "add", "--email", "b@c.d", "--name", "B", "--role", "staff",
        ])
        .said(3, &["no terminal", "--password-stdin"]);
    // A password is never an argument.
    shell
        .run(&["user", "password", "--email", "a@b.c", "--password", "x"])
        .said(3, &["--password"]);
    let users = shell.run(&["user", "list", "--json"]).well().json();
    assert_eq!(
        users.as_array().unwrap().len(),
        1,
        "nothing was changed: {users}"
    );
}

on_both! {
    async fn commands_work_beside_a_server(database: Database) {
        let server = Server::start(database, Options::empty());
        let who = ["--email", "ana@example.com"];
        let rest = ["--name", "Ana", "--role", "staff", "--password-stdin"];
        server.run(&[&["user", "add"][..], &who, &rest].concat(), PASSWORD);
        let ana = server.sign_in_with("ana@example.com", PASSWORD).await;
        let mut socket = ana.socket().await;
        let new = "a better horse battery";
        server.run(&[&["user", "password"][..], &who, &["--password-stdin"]].concat(), new);
        assert_eq!(socket.closed().await.0, 4505, "all sign-ins have ended");
        assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
        server.sign_in_with("ana@example.com", new).await;
        let users = server.run(&["user", "list", "--json"], "");
        let users: Value = serde_json::from_str(&users).unwrap();
        assert_eq!(users[0]["email"], "ana@example.com");

        let token = server.run(&["token", "mint", "--email", "ana@example.com"], "");
        let url = server.ws(&format!("/api/v1/ws?token={}", token.trim()));
        let mut socket = Socket::open(&url).await;
        socket.welcome().await;
        assert_eq!(socket.welcomed["user"]["email"], Value::Null, "the welcome names no address");
        assert_eq!(socket.welcomed["user"]["id"], users[0]["id"]);
    }
}

#[test]
fn a_minted_token_is_real_and_checking_explains_any_other() {
    let shell = Shell::new();
    shell.add("ana@example.com", "admin").well();
    shell.add("ben@example.com", "customer").well();
    let mint = |email: &str| shell.run(&["token", "mint", "--email", email]);
    let minted = mint("ben@example.com").well();
    let token = minted.stdout.trim().to_owned();
    assert_eq!(token.split('.').count(), 3, "only the token is on stdout");
    assert!(!minted.stderr.contains(&token));
    let data = shell.path().join("frontdesk-data");
    assert_eq!(mode(&data.join("signing.key")), 0o600);

    let checked = shell.tell(&["token", "check", "-"], &minted.stdout).well();
    assert!(
        checked.stdout.contains("a socket takes this token"),
        "{checked:?}"
    );
    let good = shell
        .run(&["token", "check", "--json", &token])
        .well()
        .json();
    assert_eq!(
        (&good["accepted"], &good["session"]),
        (&json!(true), &json!("live"))
    );
    assert!(
        good["claims"]
            .as_array()
            .unwrap()
            .iter()
            .all(|claim| claim["ok"] == true),
        "{good}"
    );

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let spoiled = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    for wrong in [
        "test",
        "undefined",
        "null",
        "[object Object]",
        "Bearer x",
        "<VALID_JWT>",
        &spoiled,
    ] {
        let told = shell.run(&["token", "check", wrong]);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(
            told.stdout.contains("a socket refuses this token"),
            "{told:?}"
        );
        assert!(told.stdout.contains("fix: "), "{told:?}");
        let told = shell.run(&["token", "check", "--json", wrong]);
        assert_eq!((told.code, &told.json()["accepted"]), (2, &json!(false)));
    }
    let empty = shell.tell(&["token", "check"], "");
    assert_eq!(empty.code, 2, "{empty:?}");

    shell
        .run(&["user", "disable", "--email", "ben@example.com"])
        .well();
    let told = shell.run(&["token", "check", "--json", &token]);
    assert_eq!(told.code, 2);
    assert_eq!(told.json()["session"], "account_disabled");
    // Of another server: the key is another one.
    let other = Shell::new();
    other.add("ben@example.com", "admin").well();
    let told = other.run(&["token", "check", "--json", &token]);
    assert_eq!(told.code, 2);
    assert_eq!(told.json()["session"], Value::Null);

    mint("nobody@example.com").said(2, &["nobody@example.com", "frontdesk user list"]);
    shell
        .run(&[
            "token",
            "mint",
            "--email",
            "ana@example.com",
            "--seconds",
            "301",
        ])
        .said(3, &["301", "300"]);
    Shell::new()
        .run(&["token", "mint", "--email", "a@b.c"])
        .said(2, &["there is no database"]);
}

#[test]
fn the_configuration_says_where_each_value_came_from() {
    let shell = Shell::new();
    shell.write(
        "frontdesk.toml",
        "[server]\nlisten = [\"127.0.0.1:9000\"]\ndrain_seconds = 7\n\n[log]\nkeep_hours = 5\n",
    );
    let arguments = ["config", "show", "--origin", "--listen", "127.0.0.1:9001"];
    let shown = shell
        .with("FRONTDESK_LOG__KEEP_HOURS", "6", &arguments)
        .well()
        .stdout;
    let line = |name: &str| {
        let found = shown
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")));
        found
            .unwrap_or_else(|| panic!("{name} is missing in {shown}"))
            .to_owned()
    };
    assert!(
        line("listen").contains("[\"127.0.0.1:9001\"]"),
        "a flag goes before all"
    );
    assert!(line("listen").ends_with("# flag --listen"), "{shown}");
    assert!(
        line("keep_hours").starts_with("keep_hours = 6 "),
        "the environment before the file"
    );
    assert!(line("keep_hours").ends_with("# environment variable FRONTDESK_LOG__KEEP_HOURS"));
    assert!(
        line("drain_seconds").ends_with("# frontdesk.toml:3"),
        "{shown}"
    );
    assert!(line("heartbeat_seconds").ends_with("# default"), "{shown}");

    let json = shell
        .with(
            "FRONTDESK_LOG__KEEP_HOURS",
            "6",
            &["config", "show", "--origin", "--json"],
        )
        .well()
        .json();
    assert_eq!(
        json["server"]["drain_seconds"],
        json!({"value": 7, "origin": "frontdesk.toml:3"})
    );
    let plain = shell.run(&["config", "show", "--json"]).well().json();
    assert_eq!(plain["log"]["keep_hours"], 5);
    // Another file, by flag and by variable.
    shell.write("other.toml", "[log]\nkeep_hours = 9\n");
    let other = shell
        .run(&["config", "show", "--json", "--config", "other.toml"])
        .well()
        .json();
    assert_eq!(
        (
            &other["log"]["keep_hours"],
            &other["server"]["drain_seconds"]
        ),
        (&json!(9), &json!(20))
    );
    let other = shell
        .with(
            "FRONTDESK_CONFIG",
            "other.toml",
            &["config", "show", "--json"],
        )
        .well();
    assert_eq!(other.json()["log"]["keep_hours"], 9);
    let told = shell.run(&["config", "check", "--config", "none.toml"]);
    assert_eq!(told.code, 2);
    assert!(told.stdout.contains("none.toml"), "{told:?}");

    // What is shown and what is printed as the default can be used as a file.
    for command in [&["config", "show", "--origin"][..], &["config", "default"]] {
        let fresh = Shell::new();
        let text = shell.run(command).well().stdout;
        fresh.write("frontdesk.toml", &text);
        fresh.run(&["config", "check"]).well();
    }
}

#[test]
fn what_is_wrong_with_the_configuration_is_named_with_what_was_meant() {
    let shell = Shell::new();
    shell.write(
        "frontdesk.toml",
        "[server]\nlisten = \"8000\"\npublic_ulr = \"https://a.b\"\n\n[sockets]\nx = 1\n\n\
         [auth]\nws_token_seconds = 3000\nregistration = \"opne\"\n",
    );
    let told = finish(
        shell
            .command(&["config", "check"])
            .env("FRONTDESK_SOCKET__PER_USER_MAXX", "3"),
        "",
    );
    assert_eq!(told.code, 2, "{told:?}");
    for words in [
        "frontdesk.toml:3 sets the unknown key server.public_ulr; did you mean server.public_url",
        "unknown section [sockets]; did you mean socket",
        "did you mean 127.0.0.1:8000",
        "auth.ws_token_seconds is 3000 (frontdesk.toml:9), expected 5 to 300",
        "did you mean open",
        "did you mean FRONTDESK_SOCKET__PER_USER_MAX",
    ] {
        assert!(
            told.stdout.contains(words),
            "{words:?} is missing in {}",
            told.stdout
        );
    }
    assert!(told.stderr.contains("6 errors found"), "{told:?}");
    // Nothing else runs with it, and show still shows.
    shell
        .run(&["serve"])
        .said(3, &["did you mean server.public_url"]);
    shell
        .run(&["user", "list"])
        .said(3, &["did you mean server.public_url"]);
    let shown = shell
        .run(&["config", "show"])
        .said(2, &["server.public_ulr"]);
    assert!(shown.stdout.contains("drain_seconds = 20"), "{shown:?}");

    let shell = Shell::new();
    for (name, value, words) in [
        (
            "FRONTDESK_SERVER__LISTEN",
            "0.0.0.0:8000",
            "server.public_url",
        ),
        (
            "FRONTDESK_SERVER__PUBLIC_URL",
            "http://desk.example.com",
            "https://desk.example.com",
        ),
        ("FRONTDESK_SERVER__DRAIN_SECONDS", "soon", "a whole number"),
        ("FRONTDESK_STORE__URL", "mysql://localhost/x", "postgres://"),
        (
            "FRONTDESK_SERVER__ALLOWED_ORIGINS",
            "*",
            "server.allowed_origins",
        ),
        (
            "FRONTDESK_SERVER__TRUSTED_PROXIES",
            "proxy.lan",
            "server.trusted_proxies",
        ),
    ] {
        let told = shell.with(name, value, &["config", "check"]);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(
            told.stdout.contains(words) && told.stdout.contains(name),
            "{told:?}"
        );
        shell.with(name, value, &["serve"]).said(3, &[words]);
    }
    // Names that others make are not ours.
    shell
        .with("FRONTDESK_PORT", "tcp://10.0.0.1:80", &["config", "check"])
        .well();
    // A warning is an exit code only when asked for.
    let (name, url) = ("FRONTDESK_SERVER__PUBLIC_URL", "https://desk.example.com");
    let told = shell.with(name, url, &["config", "check"]).well();
    assert!(
        told.stdout.contains("warning: server.trusted_proxies"),
        "{told:?}"
    );
    assert_eq!(
        shell.with(name, url, &["config", "check", "--strict"]).code,
        1
    );
    assert_eq!(shell.run(&["config", "check", "--strict"]).code, 0);
}

#[test]
fn no_command_shows_a_password() {
    let shell = Shell::new();
    let url = "postgres://ana:geheim@127.0.0.1:1/desk?sslpassword=geheim";
    for arguments in [
        &["config", "show", "--origin"][..],
        &["config", "show", "--json"],
        &["config", "check"],
        &["user", "list"],
        &["token", "mint", "--email", "a@b.c"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let told = shell.with("FRONTDESK_STORE__URL", url, arguments);
        assert!(
            !format!("{told:?}").contains("geheim"),
            "{arguments:?}: {told:?}"
        );
        if arguments[0] == "config" && arguments[1] == "show" {
            assert!(
                told.stdout.contains("postgres://ana:***@127.0.0.1:1/desk"),
                "{told:?}"
            );
        }
        if arguments[0] == "serve" {
            assert_eq!(told.code, 3, "nobody answers there: {told:?}");
            assert!(told.stderr.contains("127.0.0.1:1"), "{told:?}");
        }
    }
    shell
        .run(&["config", "check", "--store-url", url])
        .said(2, &[]);
    let told = shell
        .run(&["serve", "--store-url", url])
        .said(3, &["FRONTDESK_STORE__URL"]);
    assert!(!format!("{told:?}").contains("geheim"), "{told:?}");
    shell.write(
        "frontdesk.toml",
        "[store]\nurl = \"postgres://ana:geheim@db/desk\n",
    );
    let told = shell.run(&["config", "check"]);
    assert_eq!(told.code, 2);
    assert!(
        told.stdout.contains("frontdesk.toml:2 is not TOML"),
        "{told:?}"
    );
    assert!(!format!("{told:?}").contains("geheim"), "{told:?}");
}

#[tokio::test]
async fn a_taken_port_names_who_has_it() {
    let server = Server::demo(Database::Sqlite);
    let shell = Shell::new();
    let address = server.address.to_string();
    let pid = server.pid();
    shell.run(&["serve", "--listen", &address]).said(
        3,
        &[
            "another frontdesk runs there",
            &format!("process {pid}"),
            "--listen 127.0.0.1:",
        ],
    );
    assert!(
        !shell.path().join("frontdesk-data/frontdesk.db").exists(),
        "nothing was made"
    );

    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = foreign.local_addr().unwrap().to_string();
    let ours = format!("the process {} (", std::process::id());
    shell
        .run(&["serve", "--listen", &address])
        .said(3, &["the port is taken", &ours]);
    shell
        .run(&[
            "serve",
            "--listen",
            "192.0.2.1:0",
            "--public-url",
            "https://a.b",
        ])
        .said(3, &["cannot listen on 192.0.2.1:0", "has no such address"]);
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_no_key_stops_the_start() {
    let shell = Shell::new();
    shell.add("ana@example.com", "admin").well();
    shell
        .run(&["token", "mint", "--email", "ana@example.com"])
        .well();
    let key = shell.path().join("frontdesk-data/signing.key");
    let good = std::fs::read_to_string(&key).unwrap();
    let set_mode =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o644, 0o640, 0o604, 0o620] {
        set_mode(open);
        for arguments in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["token", "mint", "--email", "ana@example.com"],
        ] {
            shell
                .run(arguments)
                .said(3, &["signing.key", "chmod 600", &format!("{open:04o}")]);
        }
    }
    set_mode(0o600);
    shell
        .run(&["token", "mint", "--email", "ana@example.com"])
        .well();
    for (text, words) in [
        ("", "no signing key found"),
        ("c2hvcnQ", "at least"),
        ("change-me", "signing key"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "not random"),
        ("!!!", "base64url"),
    ] {
        std::fs::write(&key, text).unwrap();
        let told = shell
            .run(&["serve", "--listen", "127.0.0.1:0"])
            .said(3, &["signing.key", words]);
        assert!(!told.stderr.contains(good.trim()));
    }
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named() {
    let shell = Shell::new();
    shell.write("file", "");
    shell
        .run(&["serve", "--data-dir", "file"])
        .said(3, &["data.dir is file", "which is a file"]);
    std::fs::create_dir(shell.path().join("data")).unwrap();
    shell.write(
        "data/frontdesk.db",
        "this is a shopping list, not a database\n",
    );
    shell
        .run(&["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
        .said(3, &["data/frontdesk.db", "is not a database of ours"]);
    let kept = std::fs::read_to_string(shell.path().join("data/frontdesk.db")).unwrap();
    assert!(
        kept.starts_with("this is a shopping list"),
        "it was left as it was"
    );
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_named_as_locked() {
    use sqlx::Connection as _;
    let shell = Shell::new();
    shell.add("ana@example.com", "admin").well();
    let path = shell.path().join("frontdesk-data/frontdesk.db");
    let mut holder = sqlx::SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut holder)
        .await
        .unwrap();
    let told = tokio::task::spawn_blocking(move || {
        let told = shell.run(&["serve", "--listen", "127.0.0.1:0"]);
        (shell, told)
    });
    let (shell, told) = told.await.unwrap();
    told.said(3, &["frontdesk.db", "is locked by another process"]);
    sqlx::query("ROLLBACK").execute(&mut holder).await.unwrap();
    shell.run(&["user", "list"]).well();
}

#[test]
fn the_demo_runs_only_where_nobody_else_can_reach_it() {
    let shell = Shell::new();
    for arguments in [
        &[
            "--listen",
            "0.0.0.0:0",
            "--public-url",
            "https://desk.example.com",
        ][..],
        &[
            "--listen",
            "127.0.0.1:0",
            "--listen",
            "[::]:0",
            "--public-url",
            "https://desk.example.com",
        ],
        &[
            "--listen",
            "127.0.0.1:0",
            "--public-url",
            "https://desk.example.com",
        ],
        &[
            "--listen",
            "192.0.2.1:0",
            "--public-url",
            "https://desk.example.com",
        ],
    ] {
        shell
            .run(&[&["serve", "--demo"][..], arguments].concat())
            .said(3, &["--demo has public passwords"]);
    }
    shell
        .run(&["serve", "--demo", "--listen", "0.0.0.0:0"])
        .said(3, &["server.public_url"]);
    assert!(
        !shell.path().join("frontdesk-data").exists(),
        "nothing was made"
    );
}

#[tokio::test]
async fn demo_accounts_are_never_served_to_the_public() {
    let mut server = Server::demo(Database::Sqlite);
    server.terminate().await;
    let folder = server.database_dir();
    let shell = Shell::new();
    let arguments = [
        "serve",
        "--data-dir",
        folder.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        "https://desk.example.com",
    ];
    shell
        .run(&arguments)
        .said(3, &["admin@test.com", "frontdesk user password --email"]);
}

#[tokio::test]
async fn the_second_signal_ends_the_program_at_once_with_1() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    // Its close is never answered, so the drain waits.
    let _silent = ana.socket().await;
    let signal = |name: &str| {
        let pid = server.pid().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    };
    signal("-TERM");
    server.hear("shutting down");
    let began = Instant::now();
    signal("-INT");
    server.hear("a second signal");
    let mut server = server;
    assert_eq!(server.exit_code().await, Some(1));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_json_log_is_one_object_a_line_and_holds_no_setup_link() {
    let shell = Shell::new();
    let mut command = shell.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("FRONTDESK_TELEMETRY__LOG_FORMAT", "json");
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut heard = false;
    for line in lines.map_while(Result::ok) {
        let event: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(!line.contains("token="), "{line}");
        let message = event["message"].as_str().unwrap();
        heard |= message.starts_with("listening on http://127.0.0.1:");
        if message.contains("there is no admin yet") {
            break;
        }
    }
    child.kill().unwrap();
    wait(&mut child);
    assert!(heard, "it says where it listens");
}

#[test]
fn version_help_completions_and_the_description_are_printed() {
    let shell = Shell::new();
    let version = env!("CARGO_PKG_VERSION");
    for arguments in [&["version"][..], &["--version"]] {
        assert_eq!(
            shell.run(arguments).well().stdout,
            format!("frontdesk {version}\n")
        );
    }
    let json = shell.run(&["version", "--json"]).well().json();
    assert_eq!(json, json!({"name": "frontdesk", "version": version}));
    let help = shell.run(&["--help"]).well().stdout;
    for command in [
        "serve",
        "user",
        "token",
        "config",
        "completions",
        "version",
        "Exit codes",
    ] {
        assert!(help.contains(command), "{command} is missing in {help}");
    }
    for shell_name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shell.run(&["completions", shell_name]).well().stdout;
        assert!(
            script.contains("frontdesk") && script.contains("password-stdin"),
            "{shell_name}"
        );
    }
    shell
        .run(&["completions", "tcsh"])
        .said(3, &["tcsh", "bash"]);
    let description = shell.run(&["openapi"]).well().json();
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(
        std::fs::read_dir(shell.path()).unwrap().count(),
        0,
        "none of them makes a file"
    );

    // A reader that goes away is no failure.
    let mut command = shell.command(&["config", "default"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    wait(&mut child);
    assert!(!said.contains("panicked"), "{said}");
}
