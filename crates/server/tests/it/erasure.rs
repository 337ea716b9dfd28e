//! What is stored about a person is exported whole, and erased without a trace, while the server
//! runs and others go on.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::harness::{Browser, Database, Options, PATIENCE, Server, answer, on_both};
use crate::socket::Received;

/// A word that stands in everything that is this person's, and nowhere else.
const CANARY: &str = "kanari";
/// The same of someone who stays.
const OTHER: &str = "stieglitz";

/// A customer with one of everything.
struct Customer {
    browser: Browser,
    email: String,
}

async fn created(request: reqwest::RequestBuilder) -> Value {
    let (status, object) = answer(request).await;
    assert_eq!(status, StatusCode::CREATED, "{object}");
    object
}

fn post(browser: &Browser, path: &str, body: &Value) -> reqwest::RequestBuilder {
    browser.request(Method::POST, path).json(body)
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// One of everything, each with the word in it.
async fn customer(server: &Server, staff: &Browser, table: &Value, word: &str) -> Customer {
    let browser = server.customer(word).await;
    let email = browser.me["email"].as_str().unwrap().to_owned();
    assert!(email.contains(word));
    let item = server.item().await;
    let order = browser.order(&item, &format!("{word}-order")).await;
    staff.set_status(&order, "accepted").await;
    // Made by staff, with a key: the answer is kept among staff's.
    let body = json!({"customer_id": browser.id(), "note": format!("{word}-for-them"),
        "lines": [{"item_id": item, "quantity": 1}]});
    let hour = if word == CANARY { 10 } else { 14 };
    let key = format!("at-{hour}");
    created(post(staff, "/api/v1/orders", &body).header("Idempotency-Key", &key)).await;

    let at = |hour: u32| format!("2031-05-06T{hour:02}:00:00.000Z");
    let body = json!({"resource_id": table["id"], "starts_at": at(hour), "ends_at": at(hour + 1),
        "party_size": 2, "note": format!("{word}-booking")});
    created(post(&browser, "/api/v1/bookings", &body)).await;

    let body = json!({"user_id": browser.id(), "kind": "news", "title": format!("{word}-title"),
        "body": format!("{word}-notified"), "link": format!("/{word}-link")});
    created(post(staff, "/api/v1/notifications", &body).header("Idempotency-Key", &key)).await;

    let subject = json!({"subject": format!("{word}-subject")});
    let chat = created(post(&browser, "/api/v1/chats", &subject)).await;
    let messages = format!("/api/v1/chats/{}/messages", id(&chat));
    let say = |text: &str| json!({"body": format!("{word}-{text}"), "client_id": format!("{word}-{text}")});
    let said =
        created(post(&browser, &messages, &say("first")).header("Idempotency-Key", word)).await;
    let edited = json!({"body": format!("{word}-edited")});
    assert_eq!(
        browser
            .patch(&format!("{messages}/{}", id(&said)), edited)
            .await
            .0,
        StatusCode::OK
    );
    created(post(staff, &messages, &say("reply"))).await;
    let note = json!({"body": format!("{word}-staffnote"), "note": true});
    created(post(staff, &messages, &note)).await;
    Customer { browser, email }
}

/// Everything that the database holds, as text, and on SQLite every byte of its files.
async fn dump(server: &Server) -> String {
    match &server.store_url {
        Some(url) => dump_postgres(url).await,
        None => dump_files(&server.database_dir()),
    }
}

async fn dump_postgres(url: &str) -> String {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' \
         AND table_type = 'BASE TABLE'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut text = String::new();
    for table in tables {
        let sql = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        let rows: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        text.push_str(&rows.join("\n"));
    }
    text
}

fn dump_files(folder: &Path) -> String {
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(
        files.iter().any(|path| path.ends_with("frontdesk.db")),
        "{files:?}"
    );
    let bytes: Vec<u8> = files
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All events of a channel over HTTP.
async fn events(browser: &Browser, channel: &str) -> String {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/api/v1/events?channel={channel}&after={after}&limit=100");
        let (status, page) = browser.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        let Some(last) = items.last() else {
            return Value::Array(all).to_string();
        };
        after = last["offset"].as_u64().unwrap();
        all.extend(items.iter().cloned());
    }
}

/// What a member of staff gets who resumes from the very beginning.
async fn resumed(staff: &Browser) -> String {
    let entry = staff.socket().await.entry("staff").clone();
    let start = json!({"staff": {"epoch": entry["epoch"], "offset": 0}});
    let mut socket = staff.resume(&start).await;
    let head = socket.entry("staff")["head"].as_u64().unwrap();
    let mut frames = Vec::new();
    loop {
        let Received::Frame(frame) = socket.next().await else {
            panic!("it was closed")
        };
        let done = frame["channel"] == "staff" && frame["offset"].as_u64() >= Some(head);
        frames.push(frame);
        if done {
            return Value::Array(frames).to_string();
        }
    }
}

#[track_caller]
fn only_of_the_other(place: &str, text: &str) {
    assert!(text.contains(OTHER), "{place} lost what is another's");
    if let Some(at) = text.find(CANARY) {
        let around: String = text[..at].chars().rev().take(200).collect();
        let around: String = around.chars().rev().collect();
        panic!("{place} still has: {around}{CANARY}…");
    }
}

fn export(server: &Server, email: &str) -> (String, Value) {
    let text = server.run(&["user", "export", "--email", email], "");
    let document = serde_json::from_str(&text).unwrap();
    (text, document)
}

on_both! {
    async fn a_person_is_exported_whole_and_erased_without_a_trace(database: Database) {
        let server = Server::start(database, Options::demo());
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let table = json!({"name": "Table 7", "kind": "table", "capacity": 4});
        let table = created(post(&admin, "/api/v1/resources", &table)).await;
        let gone = customer(&server, &staff, &table, CANARY).await;
        let stays = customer(&server, &staff, &table, OTHER).await;

        let (text, document) = export(&server, &gone.email);
        for kind in ["order", "for-them", "booking", "title", "notified", "link", "subject",
            "edited", "reply"] {
            assert!(text.contains(&format!("{CANARY}-{kind}")), "{kind} is missing: {text}");
        }
        assert!(!text.contains("staffnote") && !text.contains(OTHER) && !text.contains("argon2"));
        assert_eq!(document["account"]["email"], gone.email.as_str());
        for (key, count) in [("sessions", 1), ("orders", 2), ("bookings", 1), ("notifications", 1),
            ("chats", 1), ("messages", 2), ("messages_at_the_desk", 0)] {
            assert_eq!(document[key].as_array().unwrap().len(), count, "{key}");
        }
        let (_, of_staff) = export(&server, "staff@test.com");
        let written = of_staff["messages_at_the_desk"].to_string();
        for word in [CANARY, OTHER] {
            for kind in ["reply", "staffnote"] {
                assert!(written.contains(&format!("{word}-{kind}")), "{written}");
            }
        }
        assert!(!written.contains("-edited"), "of others there is nothing");
        let before = dump(&server).await;
        assert!(before.contains(&format!("{CANARY}-first")), "the test can see what is stored");
        assert!(resumed(&staff).await.contains(CANARY), "and what is sent");

        let mut hers = gone.browser.socket().await;
        let watching = staff.socket().await;
        let count = |list: Value| list["items"].as_array().unwrap().len();
        let orders = count(staff.get("/api/v1/orders").await.1);
        let said = server.run(&["user", "erase", "--email", &gone.email, "--yes", "--json"], "");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&said["notes"], &said["messages"], &said["notifications"]),
            (&json!(3), &json!(3), &json!(1)), "{said}");
        assert_eq!(hers.closed().await.0, 4506);
        assert_eq!(gone.browser.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
        let login = json!({"email": gone.email, "password": "correct horse battery"});
        let (status, _) = server.visitor().post("/api/v1/auth/login", login).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);

        only_of_the_other("the store", &dump(&server).await);
        only_of_the_other("the log", &events(&staff, "staff").await);
        // The shards are told within seconds.
        let began = Instant::now();
        while resumed(&staff).await.contains(CANARY) && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        only_of_the_other("what a socket is sent", &resumed(&staff).await);
        for path in ["/api/v1/orders", "/api/v1/bookings", "/api/v1/chats", "/api/v1/users"] {
            let (_, list) = staff.get(&format!("{path}?limit=200")).await;
            only_of_the_other(path, &list.to_string());
        }
        // The books are as they were, and others go on.
        let (_, list) = staff.get("/api/v1/orders").await;
        let erased: Vec<_> = list["items"].as_array().unwrap().iter()
            .filter(|order| order["customer"]["id"] == gone.browser.me["id"]).collect();
        assert_eq!((erased.len(), count(list.clone())), (2, orders));
        for order in erased {
            assert_eq!((&order["customer"]["name"], &order["note"]), (&json!("Erased"), &json!("")));
        }
        let (text, _) = export(&server, &stays.email);
        assert!(text.contains(&format!("{OTHER}-reply")));
        drop(watching);

        // Again is well, too: it finishes what was interrupted.
        let address = format!("erased-{}@invalid", gone.browser.id());
        server.run(&["user", "erase", "--email", &address, "--yes", "--no-compact"], "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_admin_nobody_and_the_unsure_are_not_erased() {
    let server = Server::demo(Database::Sqlite);
    let run = |arguments: &[&str]| {
        let output = server
            .command()
            .env("FRONTDESK_DATA__DIR", server.database_dir())
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let erase = ["user", "erase", "--email"];
    for (rest, word) in [
        (&["admin@test.com", "--yes"][..], "last enabled admin"),
        (&["nobody@test.com", "--yes"], "no account"),
        (&["ana@test.com"], "--yes"),
    ] {
        let (code, said) = run(&[&erase[..], rest].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(word), "{said}");
    }
    server.sign_in("admin@test.com").await;
    server.sign_in("ana@test.com").await;

    let file = server.folder.path().join("ana.json");
    let export = [
        "user",
        "export",
        "--email",
        "ana@test.com",
        "--output",
        file.to_str().unwrap(),
    ];
    assert_eq!(run(&export).0, 0);
    let made: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(made["account"]["name"], "Ana");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let (code, said) = run(&export);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("exists already"), "{said}");
    let nobody = run(&["user", "export", "--email", "nobody@test.com"]);
    assert_eq!(nobody.0, 2, "{}", nobody.1);
}
