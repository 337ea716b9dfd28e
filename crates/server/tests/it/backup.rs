//! Backups under load, restores, and what clients of the old database are told.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::harness::{Browser, Database, Options, Server, on_both, program};
use crate::socket::{Received, Socket};

/// How a command ended, and what it printed.
#[derive(Debug)]
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Outcome {
    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails unless it ended with this code and said all of these words on stderr.
    #[track_caller]
    fn said(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// Runs a command in a folder of data; nobody is at its terminal.
fn run(data: &Path, arguments: &[&str]) -> Outcome {
    run_in(program().env("FRONTDESK_DATA__DIR", data), arguments)
}

fn run_in(command: &mut Command, arguments: &[&str]) -> Outcome {
    let output = command
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().expect("it was not killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every file of a folder with what is in it, but for the lock, which is always empty.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| !name.ends_with(".lock"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect()
}

async fn sql(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn quick_check(path: &Path) -> String {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query_scalar("PRAGMA quick_check")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// Writes orders at about 25 a second until told to stop: when each was acknowledged, and its id.
fn writer(
    ana: &Browser,
    item: &str,
    stop: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<Vec<(Instant, String)>> {
    let (ana, item, stop) = (ana.clone(), item.to_owned(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        let mut ticks = tokio::time::interval(Duration::from_millis(40));
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            let order = ana.order(&item, "under load").await;
            acknowledged.push((Instant::now(), order["id"].as_str().unwrap().to_owned()));
        }
        acknowledged
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_its_restore_is_told_as_reset() {
    let options = Options::demo().with("log.keep_events", 100_000);
    let mut server = Server::start(Database::Sqlite, options);
    let data = server.database_dir();
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    ana.order(&item, "long before").await;
    // A position that the restored log has too, with the same event at the same offset.
    let early = ana.socket().await.welcomed["channels"].clone();

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8).map(|_| writer(&ana, &item, &stop)).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let file = server.folder.path().join("copy.db");
    let began = Instant::now();
    let made = tokio::task::block_in_place(|| run(&data, &["backup", "--json", text(&file)]));
    let (took, made) = (began.elapsed(), made.well().json());
    tokio::time::sleep(Duration::from_millis(800)).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let before: Vec<_> = acknowledged.iter().filter(|(at, _)| *at < began).collect();
    let after = acknowledged
        .iter()
        .filter(|(at, _)| *at > began + took)
        .count();
    assert!(
        before.len() > 20 && after > 20,
        "{} and {after}",
        before.len()
    );
    assert_eq!(made["bytes"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(quick_check(&file).await, "ok");
    let late = ana.socket().await.welcomed["channels"].clone();

    // Not beside a running server, and then nothing is touched.
    let database = data.join("frontdesk.db");
    let inode = std::os::unix::fs::MetadataExt::ino(&database.metadata().unwrap());
    run(&data, &["restore", "--yes", text(&file)]).said(2, &["open", "stop the server"]);
    assert_eq!(
        std::os::unix::fs::MetadataExt::ino(&database.metadata().unwrap()),
        inode
    );
    ana.order(&item, "still served").await;

    server.terminate().await;
    let restored = run(&data, &["restore", "--yes", "--json", text(&file)])
        .well()
        .json();
    assert_eq!(restored["epoch_before"], made["epoch"]);
    assert_ne!(restored["epoch"], made["epoch"]);
    assert!(
        restored["sessions_ended"].as_u64().unwrap() >= 2,
        "{restored}"
    );
    let kept = restored["kept"].as_str().unwrap();
    assert_eq!(quick_check(Path::new(kept)).await, "ok");
    for path in [&database, Path::new(kept)] {
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{path:?}"
        );
    }
    server.start_again();

    assert_eq!(ana.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
    let ana = server.sign_in("websocket@test.com").await;
    let mut stored = Vec::new();
    let mut cursor = String::new();
    loop {
        let (_, page) = ana.get(&format!("/api/v1/orders?limit=200{cursor}")).await;
        let orders = page["items"].as_array().unwrap();
        stored.extend(
            orders
                .iter()
                .map(|order| order["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (_, id) in before {
        assert!(
            stored.contains(id),
            "acknowledged before the backup began, and not in it"
        );
    }
    assert!(
        stored.len() < acknowledged.len(),
        "the restored database is the older one"
    );

    // Whoever knows the old log is told so, wherever they were in it.
    let channel = ana.channel();
    for known in [&early, &late] {
        let entry = &known.as_array().unwrap()[0];
        assert_eq!(entry["channel"], channel.as_str());
        let position =
            json!({channel.clone(): {"epoch": entry["epoch"], "offset": entry["offset"]}});
        let mut socket = ana.resume(&position).await;
        assert_eq!(socket.entry(&channel)["outcome"], "reset", "{known}");
        assert_eq!(socket.entry(&channel)["epoch"], restored["epoch"]);
        let order = ana.order(&item, "after the restore").await;
        assert_eq!(socket.event().await["data"]["order"]["id"], order["id"]);
    }
    let socket = ana.socket().await;
    assert_eq!(socket.entry(&channel)["outcome"], "live");
    let entry = socket.entry(&channel);
    let position = json!({channel.clone(): {"epoch": entry["epoch"], "offset": entry["offset"]}});
    assert_eq!(
        ana.resume(&position).await.entry(&channel)["outcome"],
        "recovered"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_backup_is_refused_and_nothing_is_changed() {
    let mut server = Server::demo(Database::Sqlite);
    let data = server.database_dir();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    run(&data, &["backup", text(&at("good.db"))])
        .well()
        .said(0, &["4 accounts", "epoch"]);
    server.terminate().await;
    let before = files(&data);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        ["frontdesk.db", "signing.key"]
    );

    std::fs::write(
        at("garbage.db"),
        "not a database, but a longish text".repeat(100),
    )
    .unwrap();
    std::fs::write(at("empty.db"), "").unwrap();
    sql(
        &at("foreign.db"),
        "CREATE TABLE a (b); INSERT INTO a VALUES (1)",
    )
    .await;
    std::fs::copy(at("good.db"), at("newer.db")).unwrap();
    let tomorrow = "INSERT INTO _sqlx_migrations \
        (version, description, success, checksum, execution_time) \
        SELECT 9999, 'of tomorrow', success, checksum, 1 FROM _sqlx_migrations WHERE version = 1";
    sql(&at("newer.db"), tomorrow).await;
    let mut bytes = std::fs::read(at("good.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    std::fs::write(at("damaged.db"), bytes).unwrap();
    let cases: [(&str, i32, &[&str]); 7] = [
        ("garbage.db", 2, &["no SQLite database", "fix:"]),
        ("empty.db", 2, &["other tables"]),
        ("foreign.db", 2, &["other tables"]),
        ("newer.db", 2, &["migration 9999", "newer"]),
        ("damaged.db", 2, &["is damaged", "older backup"]),
        ("absent.db", 3, &["absent.db"]),
        (".", 3, &["not a file"]),
    ];
    for (name, code, words) in cases {
        run(&data, &["restore", "--yes", text(&at(name))]).said(code, words);
        assert!(files(&data) == before, "{name} left something behind");
    }
    let own = data.join("frontdesk.db");
    run(&data, &["restore", "--yes", text(&own)]).said(2, &["the database itself"]);
    run(&data, &["restore", text(&at("good.db"))]).said(2, &["no terminal", "--yes"]);
    assert!(files(&data) == before);

    // A database that cannot be read any more is the reason to restore.
    std::fs::write(&own, "lost to a broken disk").unwrap();
    let restored = run(&data, &["restore", "--yes", "--json", text(&at("good.db"))])
        .well()
        .json();
    let kept = std::fs::read_to_string(restored["kept"].as_str().unwrap()).unwrap();
    assert_eq!(kept, "lost to a broken disk");
    server.start_again();
    server.sign_in("ana@test.com").await;
    server.terminate().await;

    // Into a folder that does not exist yet, and without keeping anything.
    let trial = at("trial/data");
    let into_trial = [
        "restore",
        "--yes",
        "--no-keep",
        "--json",
        text(&at("good.db")),
    ]
    .map(str::to_owned);
    let into_trial: Vec<&str> = into_trial.iter().map(String::as_str).collect();
    for _ in 0..2 {
        let restored = run(&trial, &into_trial).well().json();
        assert_eq!(restored["kept"], Value::Null);
        assert_eq!(restored["users"], 4);
    }
    assert_eq!(files(&trial).keys().collect::<Vec<_>>(), ["frontdesk.db"]);
    assert_eq!(
        trial.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_without_our_lock_keeps_the_database_from_being_replaced() {
    let mut server = Server::demo(Database::Sqlite);
    let data = server.database_dir();
    let file = server.folder.path().join("copy.db");
    run(&data, &["backup", text(&file)]).well();
    server.terminate().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("frontdesk.db"));
    let mut other = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let users: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users")
        .fetch_one(&mut other)
        .await
        .unwrap();
    assert_eq!(users, 4);
    run(&data, &["restore", "--yes", text(&file)]).said(2, &["another program"]);
    other.close().await.unwrap();
    run(&data, &["restore", "--yes", text(&file)]).well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_never_replaces_anything_unasked() {
    let server = Server::demo(Database::Sqlite);
    let data = server.database_dir();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a 'quoted' näme.db");
    std::fs::write(&file, "precious").unwrap();
    run(&data, &["backup", text(&file)]).said(2, &["exists already", "--force"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    run(&data, &["backup", "--force", text(&file)]).well();
    assert_eq!(quick_check(&file).await, "ok");
    assert_eq!(files(folder.path()).len(), 1, "nothing else is left");

    let own = data.join("frontdesk.db");
    run(&data, &["backup", "--force", text(&own)]).said(2, &["the database itself"]);
    let nowhere = folder.path().join("no/such/folder.db");
    run(&data, &["backup", text(&nowhere)]).said(3, &["no/such/folder.db"]);
    run(
        folder.path(),
        &["backup", text(&folder.path().join("b.db"))],
    )
    .said(2, &["no database at", "--data-dir"]);
    server.sign_in("ana@test.com").await;
}

#[test]
fn on_postgres_the_right_tools_are_named_and_no_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.current_dir(folder.path());
        command.env(
            "FRONTDESK_STORE__URL",
            "postgres://desk:geheim@db.example.org/desk",
        );
        run_in(&mut command, arguments)
    };
    for (arguments, tool) in [
        (["backup", "desk.dump", "--json"], "pg_dump --format=custom"),
        (["restore", "desk.dump", "--yes"], "pg_restore"),
    ] {
        let outcome = run(&arguments).said(3, &[tool, "desk:***@db.example.org", "log new-epoch"]);
        assert!(!outcome.stderr.contains("geheim"), "{outcome:?}");
    }
}

on_both! {
    async fn a_new_epoch_beside_a_running_server_sends_everyone_back_to_the_start(
        database: Database
    ) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        ana.order(&item, "before").await;
        let mut socket = ana.socket().await;
        let entry = socket.entry(&ana.channel()).clone();
        let answer = server.run(&["log", "new-epoch", "--json"], "");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["epoch_before"], entry["epoch"]);
        let (code, reason, _) = socket.closed().await;
        assert_eq!(code, 4000, "{reason}");
        let position = json!({"epoch": entry["epoch"], "offset": entry["offset"]});
        // Each shard notices by itself: until the last one has, a socket may be sent back once more.
        let token = ana.token().await;
        let resume = json!({"type": "connect", "token": token,
            "resume": {ana.channel(): position}});
        let told = loop {
            let mut socket = Socket::open(&server.ws("/api/v1/ws")).await;
            socket.send(&resume).await;
            match socket.next().await {
                Received::Frame(frame) if frame["type"] == "welcome" => {
                    break frame["channels"][0].clone();
                }
                Received::Frame(frame) => assert_eq!(frame["code"], 4000, "{frame}"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((&told["outcome"], &told["epoch"]), (&json!("reset"), &answer["epoch"]));

        server.run(&["log", "new-epoch", "--end-sessions"], "");
        let (status, _) =
            crate::harness::answer(ana.request(Method::GET, "/api/v1/auth/me")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}
