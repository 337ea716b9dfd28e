//! Setting the bot up over HTTP: its answers, and a question by hand.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bot::text;
use crate::harness::{Browser, Database, Options, Server, answer};
use crate::model_server::{ModelServer, asked, say};

const BOT: &str = "/api/v1/bot";

async fn put(browser: &Browser, body: Value) -> (StatusCode, Value) {
    answer(
        browser
            .request(Method::PUT, &format!("{BOT}/faq"))
            .json(&body),
    )
    .await
}

async fn try_out(browser: &Browser, question: &str) -> Value {
    let body = json!({"question": question});
    let (status, tried) = browser.post(&format!("{BOT}/try"), body).await;
    assert_eq!(status, StatusCode::OK, "{tried}");
    tried
}

fn parking() -> Value {
    json!([{"asked": ["where can I park", "parking"], "answer": "Behind the house."}])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_admin_writes_is_answered_at_once_and_after_a_restart() {
    let options = Options::demo().with("bot.kind", "desk");
    let mut server = Server::start(Database::Sqlite, options);
    let admin = server.sign_in("admin@test.com").await;
    let (_, before) = admin.get(BOT).await;
    assert_eq!(
        (&before["kind"], &before["faq"]["written"]),
        (&json!("desk"), &json!(false))
    );
    assert!(
        before["faq"]["entries"].as_array().unwrap().len() >= 5,
        "{before}"
    );
    assert!(
        before.get("model").is_none() && before.get("base_url").is_none(),
        "{before}"
    );
    let file = before["faq"]["file"].as_str().unwrap();
    assert!(file.ends_with("/demo/faq.toml"), "{file}");

    let ana = server.customer("ana").await;
    let chat = ana.begin_chat().await;
    let body = json!({"entries": parking(), "hours": "From nine to five."});
    let (status, after) = put(&admin, body).await;
    assert_eq!(status, StatusCode::OK, "{after}");
    assert_eq!(after["faq"]["entries"], parking());
    assert_eq!(after["faq"]["written"], true);
    assert_eq!(after["faq"]["phrases"], before["faq"]["phrases"]);
    ana.say(&chat, "where can I park?").await;
    assert_eq!(text(&ana.answer(&chat, 1).await), "Behind the house.");

    // What is left out stays; what is given takes the place of what was.
    let entries = json!([{"asked": ["wifi"], "answer": "The password is on the wall."}]);
    let (_, again) = put(&admin, json!({"entries": entries})).await;
    assert_eq!(again["faq"]["hours"], "From nine to five.");
    assert_eq!(again["faq"]["entries"], entries);
    assert_eq!(
        try_out(&admin, "wifi?").await["answer"],
        "The password is on the wall."
    );

    server.kill();
    server.start_again();
    let admin = server.sign_in("admin@test.com").await;
    assert_eq!(admin.get(BOT).await.1["faq"], again["faq"]);
    assert_eq!(
        try_out(&admin, "when are you open?").await["answer"],
        "From nine to five."
    );
    let names = std::fs::read_dir(server.database_dir()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.ends_with(".new")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_pointed_at_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faq.toml");
    std::fs::write(&file, "hours = \"Always.\"").unwrap();
    let options = Options::demo()
        .with("bot.kind", "desk")
        .with("bot.faq_file", file.display());
    let server = Server::start(Database::Sqlite, options);
    let admin = server.sign_in("admin@test.com").await;
    let entry = |asked: &str, answer: &str| json!([{"asked": [asked], "answer": answer}]);
    for (body, status, pointer) in [
        (json!({"entries": entry(" ", "b")}), 422, "/entries/0/asked"),
        (json!({"entries": entry("a", "")}), 422, "/entries/0/answer"),
        (
            json!({"entries": entry("a", &"x".repeat(4_001))}),
            422,
            "/entries/0/answer",
        ),
        (json!({"entries": [], "timezone": "Mars"}), 422, "/timezone"),
        (
            json!({"entries": [], "phrases": {"dance": ["x"]}}),
            422,
            "/phrases",
        ),
        (
            json!({"entries": [{"asked": "a", "answer": "b"}]}),
            400,
            "/entries/0/asked",
        ),
        (json!({"entries": [], "hour": "x"}), 400, "/hour"),
        (json!({}), 400, ""),
    ] {
        let (found, problem) = put(&admin, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let (found, problem) = put(&admin, json!({"entries": [], "hours": "x".repeat(300_000)})).await;
    assert_eq!(found, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "hours = \"Always.\""
    );

    // A file that was broken by hand is told of, and can be replaced.
    std::fs::write(&file, "hours = 3").unwrap();
    let (_, seen) = admin.get(BOT).await;
    let told = seen["faq"]["problem"].as_str().unwrap();
    assert!(
        told.contains("line 1") && told.contains("faq.toml"),
        "{told}"
    );
    let (status, seen) = put(&admin, json!({"entries": parking()})).await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert!(seen["faq"].get("problem").is_none(), "{seen}");
    assert_eq!(
        try_out(&admin, "parking").await["answer"],
        "Behind the house."
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_written_is_a_problem_with_its_path() {
    let server = Server::demo(Database::Sqlite);
    let admin = server.sign_in("admin@test.com").await;
    // A folder in its place cannot be replaced by a file, whoever runs this.
    let place = server.database_dir().join("faq.toml");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("x"), "").unwrap();
    let (status, problem) = put(&admin, json!({"entries": parking()})).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("faq_unwritable"))
    );
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&place.display().to_string()), "{detail}");
    assert!(
        problem["fix"].as_str().unwrap().contains("bot.faq_file"),
        "{problem}"
    );
    std::fs::remove_dir_all(&place).unwrap();
    assert_eq!(
        put(&admin, json!({"entries": parking()})).await.0,
        StatusCode::OK
    );
    let mode = std::fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "nobody else reads it: {mode:o}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_by_hand_touches_no_chat_and_says_what_it_was_taken_for() {
    // The bot is off: what it would say can be tried before it is switched on.
    let server = Server::demo(Database::Sqlite);
    let admin = server.sign_in("admin@test.com").await;
    put(&admin, json!({"entries": parking()})).await;
    let (_, chats) = admin.get("/api/v1/chats").await;
    let tried = try_out(&admin, "can I park here?").await;
    assert_eq!(tried["answer"], "Behind the house.");
    assert_eq!(tried["matched"]["topic"], "answer");
    assert!(
        tried["matched"]["nearness"].as_f64().unwrap() >= 0.6,
        "{tried}"
    );
    assert_eq!(
        (&tried["offers"], &tried["hands_over"]),
        (&json!([]), &json!(false))
    );
    let tried = try_out(&admin, "I want to talk to a person").await;
    assert_eq!(
        (&tried["matched"]["topic"], &tried["hands_over"]),
        (&json!("person"), &json!(true))
    );
    let tried = try_out(&admin, "qwertz uiop").await;
    assert!(tried.get("matched").is_none(), "{tried}");
    assert_eq!(tried["offers"], json!(["Talk to a person"]));
    assert_eq!(admin.get("/api/v1/chats").await.1, chats);

    let mut refused = None;
    for _ in 0..30 {
        let (status, problem) = admin
            .post("/api/v1/bot/try", json!({"question": "hi"}))
            .await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(problem);
            break;
        }
    }
    assert!(refused.expect("questions are limited")["retry_after_seconds"].is_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_tried_without_tools_and_its_failure_is_told() {
    let model = ModelServer::start(|request| {
        assert!(request.get("tools").is_none(), "{request}");
        match asked(request) {
            "broken" => vec![],
            _ => vec![say("A model "), say("says so.")],
        }
    })
    .await;
    let server = Server::start(Database::Sqlite, model.options());
    let admin = server.sign_in("admin@test.com").await;
    let (_, seen) = admin.get(BOT).await;
    assert_eq!(seen["kind"], "openai");
    assert_eq!(seen["base_url"], model.address.to_string());
    assert!(seen["model"].is_string(), "{seen}");
    let tried = try_out(&admin, "hello").await;
    assert_eq!(tried["answer"], "A model says so.");
    assert!(tried.get("matched").is_none(), "{tried}");
    let (status, problem) = admin
        .post("/api/v1/bot/try", json!({"question": "broken"}))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("bot_failed"))
    );
    assert!(
        problem["detail"].as_str().unwrap().contains("model"),
        "{problem}"
    );
    assert_eq!(model.requests().len(), 2);
}
