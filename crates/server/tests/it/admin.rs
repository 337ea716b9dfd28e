//! Accounts as admins see them, who may use which route, and how the first admin comes to be.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, Server, answer, on_both};

const PASSWORD: &str = "correct horse battery";

fn account(email: &str, role: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Cleo", "role": role})
}

/// Routes that the table of roles leaves out: they are about being signed in at all, and one answers
/// with a stream.
const LEFT_OUT: [&str; 5] = [
    "GET /api/v1/diagnose/sse",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/password",
];

/// Where routes begin whose own modules say who may use them.
const ELSEWHERE: [&str; 7] = [
    "/api/v1/bookings",
    "/api/v1/resources",
    "/api/v1/notifications",
    "/api/v1/chats",
    "/api/v1/ws/attempts",
    "/api/v1/connect-check",
    "/api/v1/diagnose",
];

/// A route as the description names it; what stands for its `{…}`, or the query; a body; and the
/// status for a visitor, a customer, staff and an admin.
type Row = (&'static str, String, Value, [u16; 4]);

on_both! {
    async fn each_route_answers_each_role_as_the_policy_says(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let wanda = server.sign_in("websocket@test.com").await;
        let order = wanda.order(&item, "").await;
        let order_id = order["id"].as_str().unwrap().to_owned();
        let session = wanda.get("/api/v1/auth/sessions").await.1["items"][0]["id"].clone();
        let nobody = uuid::Uuid::now_v7().to_string();
        let callers = [
            server.visitor(),
            server.sign_in("ana@test.com").await,
            server.sign_in("staff@test.com").await,
            server.sign_in("admin@test.com").await,
        ];
        let (_, current_item) = callers[3].get(&format!("/api/v1/items/{item}")).await;
        let item_version = current_item["version"].clone();

        let none = String::new;
        let line = json!([{"item_id": item, "quantity": 1}]);
        let free = json!([{"name": "Cake", "unit_price": 100, "quantity": 1}]);
        let new_item = json!({"name": "Tea", "unit_price": 200, "currency": "EUR"});
        let setup = json!({"token": "x", "email": "a@b.c", "password": PASSWORD, "name": "A"});
        let signed = [401, 200, 200, 200];
        let rows: Vec<Row> = vec![
            ("GET /healthz", none(), Value::Null, [200; 4]),
            ("GET /readyz", none(), Value::Null, [200; 4]),
            ("GET /ws/status", none(), Value::Null, [200; 4]),
            ("POST /api/v1/setup", none(), setup, [410; 4]),
            ("GET /api/v1/auth/me", none(), Value::Null, signed),
            ("GET /api/v1/auth/sessions", none(), Value::Null, signed),
            ("GET /api/v1/auth/ws-token", none(), Value::Null, signed),
            ("GET /api/v1/users", none(), Value::Null, [401, 403, 200, 200]),
            ("POST /api/v1/users", none(), account("new@b.c", "staff"), [401, 403, 403, 201]),
            ("GET /api/v1/users/{id}", wanda.id().into(), Value::Null, [401, 403, 200, 200]),
            ("GET /api/v1/users/{id}", "{me}".into(), Value::Null, [401, 200, 200, 200]),
            ("GET /api/v1/users/{id}", nobody.clone(), Value::Null, [401, 403, 404, 404]),
            ("PATCH /api/v1/users/{id}", wanda.id().into(), json!({"name": "W"}), [401, 403, 403, 200]),
            ("PATCH /api/v1/users/{id}", "{me}".into(), json!({"name": "Me"}), [401, 403, 403, 200]),
            ("PATCH /api/v1/users/{id}", "{me}".into(), json!({"role": "admin"}), [401, 403, 403, 200]),
            ("PATCH /api/v1/users/{id}", nobody.clone(), json!({"name": "X"}), [401, 403, 403, 404]),
            ("GET /api/v1/users/{id}/sessions", wanda.id().into(), Value::Null,
             [401, 404, 404, 200]),
            ("GET /api/v1/users/{id}/sessions", "{me}".into(), Value::Null, [401, 200, 200, 200]),
            ("DELETE /api/v1/users/{id}/sessions/{session_id}", wanda.id().into(), Value::Null,
             [401, 404, 404, 404]),
            ("GET /api/v1/items", none(), Value::Null, signed),
            ("POST /api/v1/items", none(), new_item, [401, 403, 403, 201]),
            ("GET /api/v1/items/{id}", item.clone(), Value::Null, signed),
            ("GET /api/v1/items/{id}", nobody.clone(), Value::Null, [401, 404, 404, 404]),
            ("PATCH /api/v1/items/{id}", item.clone(),
             json!({"version": item_version, "unit_price": 1}), [401, 403, 403, 200]),
            ("GET /api/v1/orders", none(), Value::Null, signed),
            ("POST /api/v1/orders", none(), json!({"lines": line}), [401, 201, 201, 201]),
            ("POST /api/v1/orders", none(), json!({"lines": line, "customer_id": wanda.id()}),
             [401, 403, 201, 201]),
            ("POST /api/v1/orders", none(), json!({"lines": free, "currency": "EUR"}),
             [401, 403, 201, 201]),
            ("GET /api/v1/orders/{id}", order_id.clone(), Value::Null, [401, 404, 200, 200]),
            ("GET /api/v1/orders/{id}", nobody.clone(), Value::Null, [401, 404, 404, 404]),
            ("PATCH /api/v1/orders/{id}", order_id, json!({"version": 1, "note": ""}),
             [401, 404, 200, 200]),
            ("PATCH /api/v1/orders/{id}", nobody.clone(), json!({"version": 1}), [401, 404, 404, 404]),
            ("GET /api/v1/events", "?channel=staff".into(), Value::Null, [401, 403, 200, 200]),
            ("GET /api/v1/events", "?channel=user:{me}".into(), Value::Null, signed),
            ("GET /api/v1/events", format!("?channel=user:{}", wanda.id()), Value::Null,
             [401, 403, 403, 403]),
            ("GET /api/v1/events", "?channel=internal:revocations".into(), Value::Null,
             [401, 400, 400, 400]),
            ("GET /api/v1/presence", none(), Value::Null, [401, 403, 200, 200]),
            ("GET /api/v1/ws/stats", none(), Value::Null, [401, 403, 200, 200]),
            ("GET /api/v1/ws/attempts", none(), Value::Null, [401, 403, 200, 200]),
            ("GET /api/v1/ws/connections", none(), Value::Null, [401, 403, 200, 200]),
            ("DELETE /api/v1/ws/connections/{id}", nobody.clone(), Value::Null,
             [401, 403, 403, 404]),
            ("GET /api/v1/configuration", none(), Value::Null, [401, 403, 403, 200]),
            ("GET /api/v1/bot", none(), Value::Null, [401, 403, 403, 200]),
            ("PUT /api/v1/bot/faq", none(), json!({"entries": []}), [401, 403, 403, 200]),
            ("POST /api/v1/bot/try", none(), json!({"question": "hello"}), [401, 403, 403, 200]),
            ("GET /api/v1/connect-check/{attempt}", nobody.clone(), Value::Null, [200; 4]),
            ("GET /api/v1/diagnose", none(), Value::Null, [200; 4]),
            ("POST /api/v1/diagnose/token", none(), json!({"token": "test"}), [200; 4]),
            ("DELETE /api/v1/auth/sessions/{id}", nobody.clone(), Value::Null, [401, 404, 404, 404]),
            ("DELETE /api/v1/auth/sessions/{id}", session.as_str().unwrap().into(), Value::Null,
             [401, 404, 404, 204]),
        ];

        for (route, rest, body, expected) in &rows {
            for (caller, expected) in callers.iter().zip(expected) {
                let id = caller.me["id"].as_str().unwrap_or_else(|| wanda.id());
                let (method, template) = route.split_once(' ').unwrap();
                let rest = rest.replace("{me}", id);
                let path = match template.split_once('{') {
                    Some((before, name)) => {
                        let (_, after) = name.split_once('}').unwrap();
                        // A second id is one that nobody has.
                        let after = after.replace("{session_id}", &nobody);
                        format!("{before}{rest}{after}")
                    }
                    None => format!("{template}{rest}"),
                };
                let request = caller.request(method.parse().unwrap(), &path);
                let request = if body.is_null() { request } else { request.json(body) };
                let (status, told) = answer(request).await;
                let role = caller.me["role"].as_str().unwrap_or("visitor");
                assert_eq!(status.as_u16(), *expected, "{role}: {method} {path} {body}: {told}");
                let code = match expected {
                    401 => json!("unauthenticated"),
                    403 => json!("forbidden"),
                    404 => json!("not_found"),
                    410 => json!("setup_closed"),
                    _ => continue,
                };
                assert_eq!(told["code"], code, "{role}: {method} {path}");
            }
        }

        let (_, description) = server.visitor().get("/openapi.json").await;
        let paths = description["paths"].as_object().unwrap();
        let here = |path: &str| !ELSEWHERE.iter().any(|begin| path.starts_with(begin));
        for (path, item) in paths.iter().filter(|(path, _)| here(path)) {
            for method in item.as_object().unwrap().keys() {
                let route = format!("{} {path}", method.to_uppercase());
                let has_row = rows.iter().any(|(known, ..)| *known == route);
                assert!(
                    has_row || LEFT_OUT.contains(&route.as_str()),
                    "{route} has no row in the table of roles"
                );
            }
        }
    }

    async fn an_admin_makes_lists_and_changes_accounts(database: Database) {
        let server = Server::demo(database);
        let admin = server.sign_in("admin@test.com").await;
        let mut made = Vec::new();
        for role in ["customer", "staff", "admin"] {
            let email = format!("{role}-two@example.com");
            let (status, user) = admin.post("/api/v1/users", account(&email, role)).await;
            assert_eq!(status, StatusCode::CREATED, "{user}");
            let browser = server.sign_in_with(&email, PASSWORD).await;
            assert_eq!(browser.me, user);
            assert_eq!(user["role"], role);
            made.push(user);
        }
        let (status, problem) =
            admin.post("/api/v1/users", account("ANA@test.com", "staff")).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("email_taken")));
        for (field, value, status, pointer) in [
            ("role", json!("root"), 400, "/role"),
            ("role", Value::Null, 400, "/role"),
            ("disabled", json!(true), 400, "/disabled"),
            ("id", json!(uuid::Uuid::now_v7()), 400, "/id"),
            ("password", json!("short"), 422, "/password"),
            ("email", json!("x"), 422, "/email"),
        ] {
            let mut body = account("third@example.com", "staff");
            body[field] = value;
            let (found, problem) = admin.post("/api/v1/users", body).await;
            assert_eq!(found.as_u16(), status, "{field}: {problem}");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }

        // All of them, page by page, each once and in the order they were made.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = admin.get(&format!("/api/v1/users?limit=2{cursor}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            seen.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 4 + made.len());
        assert_eq!(seen[4..], made);
        assert!(!json!(seen).to_string().contains("argon2"), "no hash is shown");

        let path = format!("/api/v1/users/{}", made[0]["id"].as_str().unwrap());
        for (body, field) in [
            (json!({"name": "Cleopatra"}), "name"),
            (json!({"role": "staff"}), "role"),
            (json!({"disabled": true}), "disabled"),
        ] {
            let (status, user) = admin.patch(&path, body.clone()).await;
            assert_eq!((status, &user[field]), (StatusCode::OK, &body[field]), "{user}");
            assert_eq!(admin.get(&path).await.1, user);
        }
        for (body, status, pointer) in [
            (json!({"email": "other@example.com"}), 400, "/email"),
            (json!({"password": PASSWORD}), 400, "/password"),
            (json!({"id": made[1]["id"]}), 400, "/id"),
            (json!({"disabled": "yes"}), 400, "/disabled"),
            (json!({"name": ""}), 422, "/name"),
        ] {
            let (found, problem) = admin.patch(&path, body.clone()).await;
            assert_eq!(found.as_u16(), status, "{body}: {problem}");
            assert_eq!(problem["errors"][0]["pointer"], pointer);
        }
    }

    async fn the_last_admin_stays_one(database: Database) {
        let server = Server::demo(database);
        let admin = server.sign_in("admin@test.com").await;
        let path = |browser: &Browser| format!("/api/v1/users/{}", browser.id());
        for body in [json!({"role": "staff"}), json!({"disabled": true})] {
            let (status, problem) = admin.patch(&path(&admin), body.clone()).await;
            assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("last_admin")), "{body}");
        }
        assert_eq!(admin.get("/api/v1/auth/me").await.1["role"], "admin");

        // A disabled admin is none; of two that take each other's role away, one remains.
        let body = account("second@example.com", "admin");
        assert_eq!(admin.post("/api/v1/users", body).await.0, StatusCode::CREATED);
        let second = server.sign_in_with("second@example.com", PASSWORD).await;
        admin.patch(&path(&second), json!({"disabled": true})).await;
        let (status, _) = admin.patch(&path(&admin), json!({"role": "staff"})).await;
        assert_eq!(status, StatusCode::CONFLICT);
        admin.patch(&path(&second), json!({"disabled": false})).await;
        let second = server.sign_in_with("second@example.com", PASSWORD).await;
        let (firsts, seconds) = (path(&admin), path(&second));
        let (first, other) = tokio::join!(
            admin.patch(&seconds, json!({"role": "staff"})),
            second.patch(&firsts, json!({"role": "staff"})),
        );
        let won = [&first, &other].iter().filter(|(status, _)| *status == StatusCode::OK).count();
        assert_eq!(won, 1, "{first:?} {other:?}");
        let users: Value = serde_json::from_str(&server.run(&["user", "list", "--json"], "")).unwrap();
        let admins = users.as_array().unwrap().iter().filter(|user| user["role"] == "admin").count();
        assert_eq!(admins, 1, "{users}");
    }

    async fn of_fifty_who_use_the_setup_link_one_becomes_admin(database: Database) {
        let server = Server::start(database, Options::empty());
        let link = server.hear("/setup#token=");
        let token = link.split_once("#token=").unwrap().1.trim().to_owned();
        assert!(token.len() >= 43, "256 bits");
        let setup = async |token: &str, number: usize, password: &str| {
            let body = json!({
                "token": token, "email": format!("admin{number}@example.com"),
                "password": password, "name": "Ada",
            });
            server.visitor().post("/api/v1/setup", body).await
        };
        // Neither a guess nor a slip uses the link up.
        for guess in ["", "test", &"A".repeat(token.len())] {
            let (status, problem) = setup(guess, 0, PASSWORD).await;
            assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("setup_closed")));
        }
        let (status, problem) = setup(&token, 0, "short").await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");

        let tries = (0..50).map(|number| setup(&token, number, PASSWORD));
        let answers = futures_util::future::join_all(tries).await;
        let made: Vec<&Value> = answers
            .iter()
            .filter(|(status, _)| *status == StatusCode::CREATED)
            .map(|(_, user)| user)
            .collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        let gone = answers.iter().filter(|(status, _)| *status == StatusCode::GONE).count();
        assert_eq!(gone, 49, "{answers:?}");
        assert_eq!(setup(&token, 0, PASSWORD).await.0, StatusCode::GONE);

        let admin = server.sign_in_with(made[0]["email"].as_str().unwrap(), PASSWORD).await;
        assert_eq!(admin.me["role"], "admin");
        let (_, users) = admin.get("/api/v1/users").await;
        assert_eq!(users["items"], json!([made[0]]));
    }
}

#[tokio::test]
async fn a_new_start_replaces_the_setup_link_until_there_is_an_admin() {
    let mut server = Server::start(Database::Sqlite, Options::empty());
    let token_of = |line: String| line.split_once("#token=").unwrap().1.trim().to_owned();
    let old = token_of(server.hear("/setup#token="));
    server.kill();
    server.start_again();
    let new = token_of(server.hear("/setup#token="));
    let setup = async |server: &Server, token: &str| {
        let body = json!({
            "token": token, "email": "ada@example.com", "password": PASSWORD, "name": "Ada",
        });
        server.visitor().post("/api/v1/setup", body).await.0
    };
    assert_eq!(setup(&server, &old).await, StatusCode::GONE);
    assert_eq!(setup(&server, &new).await, StatusCode::CREATED);
    server.kill();
    server.start_again();
    server.sign_in_with("ada@example.com", PASSWORD).await;
    assert!(
        !server.said().contains("/setup#token="),
        "there is an admin"
    );
}

#[tokio::test]
async fn an_admin_made_by_command_closes_the_setup() {
    let server = Server::start(Database::Sqlite, Options::empty());
    let link = server.hear("/setup#token=");
    let token = link.split_once("#token=").unwrap().1.trim().to_owned();
    let add = [
        "user",
        "add",
        "--email",
        "ada@example.com",
        "--name",
        "Ada",
        "--role",
        "admin",
        "--password-stdin",
    ];
    server.run(&add, PASSWORD);
    let body = json!({
        "token": token, "email": "eve@example.com", "password": PASSWORD, "name": "Eve",
    });
    let (status, problem) = server.visitor().post("/api/v1/setup", body).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::GONE, &json!("setup_closed"))
    );

    let browser = server.sign_in_with("ada@example.com", PASSWORD).await;
    let (status, _) = answer(browser.request(Method::GET, "/api/v1/users")).await;
    assert_eq!(status, StatusCode::OK);
}
