//! Orders over HTTP: what each field may hold, pages, the table of statuses, and repetition.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Server, answer, on_both};

const ORDERS: &str = "/api/v1/orders";

fn path(order: &Value) -> String {
    format!("{ORDERS}/{}", order["id"].as_str().unwrap())
}

/// The pointers of a refusal.
fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect()
}

/// Places an order under a key.
async fn place_once(browser: &Browser, key: &str, body: &Value) -> (StatusCode, Value) {
    let request = browser
        .request(Method::POST, ORDERS)
        .header("idempotency-key", key);
    answer(request.json(body)).await
}

/// Makes an item as an admin.
async fn new_item(admin: &Browser, name: &str, currency: &str, available: bool) -> Value {
    let body =
        json!({"name": name, "unit_price": 250, "currency": currency, "available": available});
    let (status, item) = admin.post("/api/v1/items", body).await;
    assert_eq!(status, StatusCode::CREATED, "{item}");
    item
}

/// Every page of a list.
async fn all_pages(browser: &Browser, path: &str, limit: u32) -> Vec<Value> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = browser.get(&format!("{path}?limit={limit}{cursor}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        seen.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return seen,
        }
    }
}

on_both! {
    async fn each_field_of_an_order_is_checked_and_pointed_at(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let before = all_pages(&ana, ORDERS, 50).await.len();
        let line = json!({"item_id": item, "quantity": 1});
        let with = |field: &str, value: Value| {
            let mut line = line.clone();
            line[field] = value;
            json!({"lines": [line]})
        };
        let and = |field: &str, value: Value| json!({"lines": [line], field: value});
        let free = |name: &str, price: i64| {
            json!({"lines": [{"name": name, "unit_price": price, "quantity": 1}], "currency": "EUR"})
        };
        let nobody = json!(uuid::Uuid::now_v7());
        let cases: Vec<(&Browser, Value, u16, &[&str])> = vec![
            (&ana, json!({}), 400, &[""]),
            (&ana, json!({"lines": null}), 400, &["/lines"]),
            (&ana, json!({"lines": {}}), 400, &["/lines"]),
            (&ana, json!({"lines": []}), 422, &["/lines"]),
            (&ana, json!({"lines": vec![line.clone(); 101]}), 422, &["/lines"]),
            (&ana, json!({"lines": [7]}), 400, &["/lines/0"]),
            (&ana, json!({"lines": [{}]}), 400, &["/lines/0"]),
            (&ana, json!({"lines": [{"quantity": 1}]}), 422, &["/lines/0"]),
            (&ana, with("quantity", json!(0)), 422, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!(-1)), 422, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!(1_001)), 422, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!("1")), 400, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!(1.5)), 400, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!(u64::MAX)), 400, &["/lines/0/quantity"]),
            (&ana, with("quantity", json!(null)), 400, &["/lines/0/quantity"]),
            (&ana, with("item_id", json!("espresso")), 400, &["/lines/0/item_id"]),
            (&ana, with("item_id", json!(7)), 400, &["/lines/0/item_id"]),
            (&ana, with("item_id", nobody.clone()), 422, &["/lines/0/item_id"]),
            (&ana, with("name", json!("Cheaper")), 422, &["/lines/0"]),
            (&ana, with("unit_price", json!(1)), 422, &["/lines/0"]),
            (&ana, with("price", json!(1)), 400, &["/lines/0/price"]),
            (&ana, and("note", json!("x".repeat(2_001))), 422, &["/note"]),
            (&ana, and("note", json!("a\u{7}b")), 422, &["/note"]),
            (&ana, and("note", json!(7)), 400, &["/note"]),
            (&ana, and("currency", json!("EURO")), 422, &["/currency"]),
            (&ana, and("currency", json!("eur")), 422, &["/currency"]),
            (&ana, and("currency", json!("USD")), 422, &["/lines/0/item_id"]),
            (&ana, and("customer_id", json!("ana")), 400, &["/customer_id"]),
            (&ana, and("customer_id", nobody.clone()), 403, &[]),
            (&ana, and("status", json!("completed")), 400, &["/status"]),
            (&ana, and("total", json!(0)), 400, &["/total"]),
            (&ana, and("id", nobody.clone()), 400, &["/id"]),
            (&ana, and("version", json!(7)), 400, &["/version"]),
            (&ana, free("Cake", 100), 403, &[]),
            (&staff, and("customer_id", nobody), 422, &["/customer_id"]),
            (&staff, free("", 100), 422, &["/lines/0/name"]),
            (&staff, free(" ", 100), 422, &["/lines/0/name"]),
            (&staff, free(&"x".repeat(201), 100), 422, &["/lines/0/name"]),
            (&staff, free("Cake", -1), 422, &["/lines/0/unit_price"]),
            (&staff, free("Cake", 100_000_001), 422, &["/lines/0/unit_price"]),
            (&staff, json!({"lines": [{"name": "Cake", "unit_price": 1, "quantity": 1}]}), 422,
             &["/currency"]),
            (&staff, json!({"lines": [{"name": "Cake", "quantity": 1}]}), 422, &["/lines/0"]),
            (&ana, json!({"lines": [{"item_id": item, "quantity": 0}], "note": "\0"}), 422,
             &["/lines/0/quantity", "/note"]),
        ];
        for (browser, body, status, places) in &cases {
            let (found, problem) = browser.post(ORDERS, body.clone()).await;
            assert_eq!(found.as_u16(), *status, "{body}: {problem}");
            assert_eq!(pointers(&problem), *places, "{body}: {problem}");
            let code = match status {
                400 => "invalid_request",
                403 => "forbidden",
                _ => "validation_failed",
            };
            assert_eq!(problem["code"], code);
        }
        assert_eq!(all_pages(&ana, ORDERS, 50).await.len(), before, "nothing was placed");

        let order = ana.order(&item, "").await;
        for (body, status, places) in [
            (json!({}), 400, &[""][..]),
            (json!({"version": "1"}), 400, &["/version"]),
            (json!({"version": 1, "status": "eaten"}), 400, &["/status"]),
            (json!({"version": 1, "note": "\0"}), 422, &["/note"]),
            (json!({"version": 1, "customer": {}}), 400, &["/customer"]),
            (json!({"version": 1, "total": 0}), 400, &["/total"]),
            (json!({"version": 1, "lines": []}), 422, &["/lines"]),
        ] {
            let (found, problem) = staff.patch(&path(&order), body.clone()).await;
            assert_eq!(found.as_u16(), status, "{body}: {problem}");
            assert_eq!(pointers(&problem), *places, "{body}");
        }
        assert_eq!(ana.get(&path(&order)).await.1, order, "nothing was changed");
    }

    async fn names_and_prices_are_copied_and_all_of_one_currency(database: Database) {
        let server = Server::demo(database);
        let admin = server.sign_in("admin@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let ana = server.sign_in("ana@test.com").await;
        let tea = new_item(&admin, "Tea", "EUR", true).await;
        let bagel = new_item(&admin, "Bagel", "USD", true).await;
        let sold_out = new_item(&admin, "Soup", "EUR", false).await;
        let line = |item: &Value, quantity: i64| json!({"item_id": item["id"], "quantity": quantity});

        let order = ana.post(ORDERS, json!({"lines": [line(&tea, 3)]})).await.1;
        assert_eq!((&order["total"], &order["currency"]), (&json!(750), &json!("EUR")));
        assert_eq!(order["lines"][0]["name"], "Tea");
        let tea_path = format!("/api/v1/items/{}", tea["id"].as_str().unwrap());
        let dearer = json!({"version": 1, "unit_price": 900, "name": "Fine tea", "available": false});
        assert_eq!(admin.patch(&tea_path, dearer).await.0, StatusCode::OK);
        assert_eq!(ana.get(&path(&order)).await.1, order, "an order keeps its prices");
        let (status, problem) = ana.post(ORDERS, json!({"lines": [line(&tea, 1)]})).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("item_unavailable")));

        // Staff rewrite the lines: what was ordered keeps its price although it is sold out now.
        let lines = json!([line(&tea, 1), {"name": "Delivery", "unit_price": 99, "quantity": 1}]);
        let (status, changed) =
            staff.patch(&path(&order), json!({"version": 1, "lines": lines})).await;
        assert_eq!((status, &changed["total"]), (StatusCode::OK, &json!(349)), "{changed}");

        let (status, problem) =
            ana.post(ORDERS, json!({"lines": [line(&bagel, 1), line(&sold_out, 1)]})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(pointers(&problem), ["/lines/1/item_id"], "two currencies");
        let mine = new_item(&admin, "Milk", "EUR", true).await;
        let (status, problem) =
            ana.post(ORDERS, json!({"lines": [line(&mine, 1), line(&sold_out, 1)]})).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("item_unavailable")));
        assert_eq!(problem["pointer"], "/lines/1");
        assert!(problem["detail"].as_str().unwrap().contains("Soup"), "{problem}");

        let free = json!({"name": "Advice", "unit_price": 100_000_000, "quantity": 1_000});
        let largest = json!({"lines": vec![free; 100], "currency": "JPY", "customer_id": ana.id()});
        let (status, order) = staff.post(ORDERS, largest).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        assert_eq!(order["total"], 10_000_000_000_000_i64);
        assert_eq!((&order["currency"], &order["customer"]["id"]), (&json!("JPY"), &ana.me["id"]));
    }

    async fn a_note_comes_back_byte_for_byte_everywhere(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("ana@test.com").await;
        let notes = [
            "👩‍👩‍👧‍👦 family, flag 🏳️‍🌈, skin 👍🏽",
            "right to left: שלום \u{202e}evil\u{202c} مرحبا \u{200f}",
            "e\u{301} and é are two texts; \u{feff}BOM; \u{a0}space; \u{2028}line",
            "  spaces at both ends\t\r\n\n ",
            r#"'; DROP TABLE orders; -- % _ \ " {} $1 \u0000 <script>alert(1)</script>"#,
            &"🦀".repeat(2_000),
            "",
        ];
        for note in notes {
            let order = ana.order(&item, note).await;
            assert_eq!(order["note"], note);
            assert_eq!(ana.get(&path(&order)).await.1, order);
            let (_, list) = ana.get(&format!("{ORDERS}?limit=1")).await;
            assert_eq!(list["items"][0], order);
            let (_, log) = ana.get(&format!("/api/v1/events?channel={}&limit=1000", ana.channel())).await;
            let told = log["items"].as_array().unwrap().last().unwrap();
            assert_eq!(told["data"]["order"], order);
            let patch = json!({"version": 1, "note": format!("{}!", note.chars().skip(1).collect::<String>())});
            let (status, changed) = ana.patch(&path(&order), patch.clone()).await;
            assert_eq!((status, &changed["note"]), (StatusCode::OK, &patch["note"]));
        }
        // NUL, which only one of the databases could keep, is refused by both and in every place.
        for note in ["\0", "a\0b", "\u{1}"] {
            let lines = json!([{"item_id": item, "quantity": 1}]);
            let (status, problem) = ana.post(ORDERS, json!({"lines": lines, "note": note})).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
            assert_eq!(pointers(&problem), ["/note"]);
        }
        for query in ["status=%00", "customer_id=%00", "cursor=%00", "limit=%00", "%00=1", "status=%ff"] {
            let (status, problem) = ana.get(&format!("{ORDERS}?{query}")).await;
            assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{query}");
        }
        for id in ["%00", "1", "%27%20OR%201%3D1", "0190a000-0000-7000-8000-00000000000", "%ff", "..%2f"] {
            let (status, problem) = ana.get(&format!("{ORDERS}/{id}")).await;
            assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{id}");
        }
        let (status, problem) = ana.get("/api/v1/events?channel=user:%00").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    }

    async fn over_a_hundred_and_twenty_orders_no_page_skips_or_repeats_one(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let cleo = server.customer("cleo").await;
        let staff = server.sign_in("staff@test.com").await;
        let place = (0..120).map(|_| cleo.order(&item, ""));
        let placed = futures_util::future::join_all(place).await;
        let ids = |orders: &[Value]| -> BTreeSet<String> {
            orders.iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
        };
        let placed = ids(&placed);
        assert_eq!(placed.len(), 120);
        for limit in [1, 7, 60, 119, 120, 121, 200] {
            let seen = all_pages(&cleo, ORDERS, limit).await;
            assert_eq!(seen.len(), 120, "limit {limit}");
            assert_eq!(ids(&seen), placed, "limit {limit}");
            let ages: Vec<&str> =
                seen.iter().map(|order| order["created_at"].as_str().unwrap()).collect();
            assert!(ages.is_sorted_by(|a, b| a >= b), "the newest first");
        }
        let (_, page) = cleo.get(ORDERS).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 50, "the default");

        // What is placed meanwhile disturbs no page.
        let (_, first) = cleo.get(&format!("{ORDERS}?limit=100")).await;
        let late = cleo.order(&item, "late").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let (_, second) = cleo.get(&format!("{ORDERS}?limit=100&cursor={cursor}")).await;
        assert_eq!(second["items"].as_array().unwrap().len(), 20);
        let mut both = first["items"].as_array().unwrap().clone();
        both.extend(second["items"].as_array().unwrap().iter().cloned());
        assert_eq!(ids(&both), placed);

        // The same cursor in someone else's hands shows nothing of these.
        let eve = server.sign_in("ana@test.com").await;
        let (_, page) = eve.get(&format!("{ORDERS}?limit=200&cursor={cursor}")).await;
        assert!(ids(page["items"].as_array().unwrap()).is_disjoint(&placed));

        // Filters.
        staff.set_status(&late, "accepted").await;
        for (who, query, expected) in [
            (&staff, format!("customer_id={}&status=accepted", cleo.id()), 1),
            (&staff, format!("customer_id={}&status=placed&limit=200", cleo.id()), 120),
            (&staff, format!("customer_id={}", uuid::Uuid::now_v7()), 0),
            (&eve, format!("customer_id={}", cleo.id()), 0),
            (&cleo, "status=rejected".to_owned(), 0),
        ] {
            let (status, page) = who.get(&format!("{ORDERS}?{query}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            assert_eq!(page["items"].as_array().unwrap().len(), expected, "{query}");
        }

        let bent = cursor.replace('.', "-");
        let upper = cursor.to_uppercase();
        let bad = ["limit=0", "limit=201", "limit=-1", "limit=ten", "limit=", "limit=1.0",
            "limit=99999999999999999999", "limit=1&limit=2", "cursor=", "cursor=x", "cursor=1.2",
            "status=eaten", "status=", "customer_id=me", "sort=note", "offset=1",
            &format!("cursor={bent}"), &format!("cursor={upper}"), &format!("cursor={cursor}0"),
            &format!("cursor={}", "1".repeat(513))];
        for query in bad {
            let (status, problem) = cleo.get(&format!("{ORDERS}?{query}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {problem}");
            assert_eq!(problem["code"], "invalid_request");
        }
    }

    async fn the_edges_of_idempotency_keys(database: Database) {
        let mut server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let body = json!({"lines": [{"item_id": item, "quantity": 2}]});

        for key in ["x".repeat(256).as_str(), "two words", "", "caf\u{e9}"] {
            let (status, problem) = place_once(&ana, key, &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{key}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains("Idempotency-Key"), "{problem}");
        }
        let twice = ana.request(Method::POST, ORDERS).header("idempotency-key", "a");
        let (status, _) = answer(twice.header("idempotency-key", "b").json(&body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let longest = "x".repeat(255);
        assert_eq!(place_once(&ana, &longest, &body).await.0, StatusCode::CREATED);

        // A refusal does not use the key up, whoever refused: a check of ours or the store.
        let sold_out = new_item(&admin, "Soup", "EUR", false).await;
        let wrong = json!({"lines": [{"item_id": item, "quantity": 0}]});
        let unavailable = json!({"lines": [{"item_id": sold_out["id"], "quantity": 1}]});
        assert_eq!(place_once(&ana, "key", &wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(place_once(&ana, "key", &unavailable).await.0, StatusCode::CONFLICT);
        let (status, order) = place_once(&ana, "key", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{order}");
        assert_eq!(place_once(&ana, "key", &wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let (status, problem) = place_once(&ana, "key", &unavailable).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("idempotency_conflict")));

        // The key is this user's, on this path.
        let (status, theirs) = place_once(&staff, "key", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{theirs}");
        assert_ne!(theirs["id"], order["id"]);
        let tea = json!({"name": "Tea", "unit_price": 250, "currency": "EUR"});
        let request = admin.request(Method::POST, "/api/v1/items").header("idempotency-key", "key");
        assert_eq!(answer(request.json(&tea)).await.0, StatusCode::CREATED);
        let (status, admins) = place_once(&admin, "key", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{admins}");
        assert_ne!(admins["id"], order["id"]);
        // Without a key two are two.
        let (one, other) = (ana.post(ORDERS, body.clone()).await.1, ana.post(ORDERS, body.clone()).await.1);
        assert_ne!(one["id"], other["id"]);

        // The first answer, also when the order has moved on and the server was started again.
        staff.set_status(&order, "accepted").await;
        assert_eq!(place_once(&ana, "key", &body).await, (StatusCode::CREATED, order.clone()));
        server.kill();
        server.start_again();
        assert_eq!(place_once(&ana, "key", &body).await, (StatusCode::CREATED, order.clone()));
        assert_eq!(ana.get(&path(&order)).await.1["status"], "accepted");
    }
}

/// For each status, what may follow when a customer and when staff ask.
const TABLE: [(&str, &[&str], &[&str]); 7] = [
    (
        "placed",
        &["cancelled"],
        &["accepted", "rejected", "cancelled"],
    ),
    ("accepted", &["cancelled"], &["preparing", "cancelled"]),
    ("preparing", &[], &["ready", "cancelled"]),
    ("ready", &[], &["completed", "cancelled"]),
    ("completed", &[], &[]),
    ("rejected", &[], &[]),
    ("cancelled", &[], &[]),
];

/// How staff bring an order to a status.
fn way(status: &str) -> &'static [&'static str] {
    match status {
        "placed" => &[],
        "accepted" => &["accepted"],
        "preparing" => &["accepted", "preparing"],
        "ready" => &["accepted", "preparing", "ready"],
        "completed" => &["accepted", "preparing", "ready", "completed"],
        "rejected" => &["rejected"],
        "cancelled" => &["cancelled"],
        other => panic!("{other} is no status"),
    }
}

#[tokio::test]
async fn each_role_moves_an_order_only_where_the_table_allows() {
    let server = Server::demo(Database::Sqlite);
    let item = server.item().await;
    let ana = server.sign_in("ana@test.com").await;
    let staff = server.sign_in("staff@test.com").await;
    let admin = server.sign_in("admin@test.com").await;
    let at = async |status: &str| {
        let mut order = ana.order(&item, "").await;
        for step in way(status) {
            order = staff.set_status(&order, step).await;
        }
        order
    };
    for (from, for_customer, for_staff) in TABLE {
        for (who, allowed) in [
            (&ana, for_customer),
            (&staff, for_staff),
            (&admin, for_staff),
        ] {
            let role = &who.me["role"];
            let order = at(from).await;
            for (to, ..) in TABLE
                .iter()
                .filter(|(to, ..)| !allowed.contains(to) && *to != from)
            {
                let body = json!({"version": order["version"], "status": to});
                let (status, problem) = who.patch(&path(&order), body).await;
                assert_eq!(
                    status,
                    StatusCode::CONFLICT,
                    "{role} {from} {to}: {problem}"
                );
                assert_eq!(problem["code"], "invalid_transition");
                assert_eq!(problem["allowed"], json!(allowed), "{role} {from} {to}");
            }
            // The status it has is no change, and a note may change in every one.
            let same = json!({"version": order["version"], "status": from});
            assert_eq!(
                who.patch(&path(&order), same).await,
                (StatusCode::OK, order.clone())
            );
            let note = json!({"version": order["version"], "note": "more"});
            let (status, noted) = who.patch(&path(&order), note).await;
            assert_eq!(status, StatusCode::OK, "{role} {from}: {noted}");
            for (number, to) in allowed.iter().enumerate() {
                let order = if number == 0 {
                    noted.clone()
                } else {
                    at(from).await
                };
                let moved = who.set_status(&order, to).await;
                assert_eq!(moved["status"], *to);
                assert_eq!(moved["version"], order["version"].as_i64().unwrap() + 1);
            }
        }
    }
}

#[tokio::test]
async fn a_customer_changes_nothing_but_the_note_and_a_refusal_changes_nothing_at_all() {
    let server = Server::demo(Database::Sqlite);
    let item = server.item().await;
    let ana = server.sign_in("ana@test.com").await;
    let order = ana.order(&item, "first").await;
    let lines = json!([{"item_id": item, "quantity": 5}]);
    let body = json!({"version": 1, "lines": lines, "note": "with it"});
    let (status, problem) = ana.patch(&path(&order), body).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::FORBIDDEN, &json!("forbidden"))
    );
    let body = json!({"version": 1, "status": "completed", "note": "with it"});
    let (status, problem) = ana.patch(&path(&order), body).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::CONFLICT, &json!("invalid_transition"))
    );
    assert_eq!(ana.get(&path(&order)).await.1, order);

    // Nothing to change is no new version; a version that was never there is stale.
    assert_eq!(
        ana.patch(&path(&order), json!({"version": 1})).await,
        (StatusCode::OK, order.clone())
    );
    for version in [0, 2, -1, i64::MAX] {
        let body = json!({"version": version, "note": "lost"});
        let (status, problem) = ana.patch(&path(&order), body).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("stale_version"))
        );
        assert_eq!(problem["current"], order);
    }
}
