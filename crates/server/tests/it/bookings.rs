//! Resources and bookings: seen live by both sides, never overlapping, never shown to strangers.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Browser, Database, Server, answer, on_both, whole};
use crate::socket::Socket;

const RESOURCES: &str = "/api/v1/resources";
const BOOKINGS: &str = "/api/v1/bookings";

fn path(booking: &Value) -> String {
    format!("{BOOKINGS}/{}", booking["id"].as_str().unwrap())
}

/// An hour of a day in 2031.
fn hour(hour: u32) -> String {
    format!("2031-05-06T{hour:02}:00:00.000Z")
}

/// What makes a booking of two people.
fn body(resource: &Value, from: u32, to: u32) -> Value {
    json!({"resource_id": resource["id"], "starts_at": hour(from), "ends_at": hour(to), "party_size": 2})
}

async fn book(browser: &Browser, resource: &Value, from: u32, to: u32) -> Value {
    let (status, booking) = browser.post(BOOKINGS, body(resource, from, to)).await;
    assert_eq!(status, StatusCode::CREATED, "{booking}");
    booking
}

/// Changes a booking with the version that it shows.
async fn change(browser: &Browser, booking: &Value, mut body: Value) -> (StatusCode, Value) {
    body["version"] = booking["version"].clone();
    browser.patch(&path(booking), body).await
}

async fn set_status(browser: &Browser, booking: &Value, status: &str) -> Value {
    let (code, booking) = change(browser, booking, json!({"status": status})).await;
    assert_eq!(code, StatusCode::OK, "{booking}");
    booking
}

/// A new resource for four people.
async fn new_resource(server: &Server, name: &str) -> Value {
    make_resource(&server.sign_in("admin@test.com").await, name).await
}

async fn make_resource(admin: &Browser, name: &str) -> Value {
    let body = json!({"name": name, "kind": "table", "capacity": 4});
    let (status, resource) = admin.post(RESOURCES, body).await;
    assert_eq!(status, StatusCode::CREATED, "{resource}");
    resource
}

#[track_caller]
fn refused(answer: &(StatusCode, Value), status: u16, code: &str) {
    let (found, problem) = answer;
    let found = (found.as_u16(), problem["code"].as_str());
    assert_eq!(found, (status, Some(code)), "{problem}");
}

/// The pointers of a refusal.
fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array();
    let errors = errors.map(Vec::as_slice).unwrap_or_default();
    errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect()
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("a page");
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

async fn both_see(customer: &mut Socket, staff: &mut Socket, name: &str, booking: &Value) {
    let theirs = customer.event().await;
    let ours = staff.event().await;
    for event in [&theirs, &ours] {
        assert_eq!(event["event"], name);
        assert_eq!(event["topic"], "bookings");
        assert_eq!(
            event["data"],
            json!({"booking": booking}),
            "the whole object"
        );
    }
    assert_eq!(
        theirs["id"], ours["id"],
        "one event, one id on all its channels"
    );
    assert_eq!(ours["channel"], "staff");
}

on_both! {
    async fn a_booking_is_seen_live_by_both_through_every_status(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let eve = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut customer_socket = ana.socket().await;
        let mut stranger = eve.socket().await;
        let mut staff_socket = staff.socket().await;

        let mut booking = book(&ana, &table, 18, 20).await;
        assert_eq!(booking["status"], "requested");
        assert_eq!(booking["version"], 1);
        assert_eq!(booking["customer"], json!({"id": ana.id(), "name": ana.me["name"]}));
        assert_eq!(booking["resource"], json!({"id": table["id"], "name": "Round table"}));
        assert_eq!((&booking["starts_at"], &booking["ends_at"]), (&json!(hour(18)), &json!(hour(20))));
        both_see(&mut customer_socket, &mut staff_socket, "booking.created", &booking).await;
        for status in ["confirmed", "arrived", "completed"] {
            booking = set_status(&staff, &booking, status).await;
            both_see(&mut customer_socket, &mut staff_socket, "booking.updated", &booking).await;
        }
        assert_eq!(ana.get(&path(&booking)).await, (StatusCode::OK, booking.clone()));
        let channel = ana.channel();
        let (_, log) = ana.get(&format!("/api/v1/events?channel={channel}&limit=1000")).await;
        let told = log["items"].as_array().unwrap().last().unwrap();
        assert_eq!(told["data"]["booking"], booking);

        // A final status is final, and a stale version is told the current object.
        let answer = change(&staff, &booking, json!({"status": "arrived"})).await;
        refused(&answer, 409, "invalid_transition");
        let stale = json!({"version": 1, "note": "late"});
        let answer = staff.patch(&path(&booking), stale).await;
        refused(&answer, 409, "stale_version");
        assert_eq!(answer.1["current"], booking);
        assert_eq!(stranger.within(Duration::from_millis(200)).await, None);
        assert_eq!(staff_socket.within(Duration::from_millis(100)).await, None);
    }

    async fn of_fifty_bookings_of_one_hour_at_once_one_is_made_and_told(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let eve = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut socket = staff.socket().await;
        let tries = (0..50).map(|index| {
            let who = if index % 2 == 0 { &ana } else { &eve };
            who.post(BOOKINGS, body(&table, 18, 20))
        });
        let answers = futures_util::future::join_all(tries).await;
        let (won, lost): (Vec<_>, Vec<_>) =
            answers.iter().partition(|(status, _)| *status == StatusCode::CREATED);
        assert_eq!((won.len(), lost.len()), (1, 49));
        for lost in lost {
            refused(lost, 409, "booking_conflict");
        }
        let event = socket.event().await;
        assert_eq!((&event["event"], &event["data"]["booking"]), (&json!("booking.created"), &won[0].1));
        assert_eq!(socket.within(Duration::from_millis(300)).await, None);
        let query = format!("?resource_id={}", table["id"].as_str().unwrap());
        let (_, page) = staff.get(&format!("{BOOKINGS}{query}")).await;
        assert_eq!(page["items"], json!([won[0].1]));
    }

    async fn a_resource_is_never_booked_twice_and_what_is_cancelled_is_free(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let eve = server.sign_in("websocket@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut first = body(&table, 18, 20);
        first["note"] = json!("secret-canary");
        let (_, first) = ana.post(BOOKINGS, first).await;
        let answer = eve.post(BOOKINGS, body(&table, 19, 21)).await;
        refused(&answer, 409, "booking_conflict");
        let expected = format!("Round table is already booked for some of the time from {} to {}", hour(19), hour(21));
        assert_eq!(answer.1["detail"], expected);
        // Whose it is and when it ends is nobody's business.
        let told = answer.1.to_string();
        for secret in ["secret-canary", ana.id(), &hour(18), &hour(20), first["id"].as_str().unwrap()] {
            assert!(!told.contains(secret), "{secret}: {told}");
        }
        // The same moment, written in another zone.
        let mut zoned = body(&table, 19, 21);
        zoned["starts_at"] = json!("2031-05-06T21:59:59.999+02:00");
        refused(&eve.post(BOOKINGS, zoned.clone()).await, 409, "booking_conflict");
        zoned["starts_at"] = json!("2031-05-06T22:00:00+02:00");
        let (status, second) = eve.post(BOOKINGS, zoned).await;
        assert_eq!(status, StatusCode::CREATED, "{second}");
        assert_eq!(second["starts_at"], hour(20), "one begins when the other ends");

        // A move is refused in the same way, and changes nothing.
        let answer = change(&staff, &second, json!({"starts_at": hour(19), "note": "moved"})).await;
        refused(&answer, 409, "booking_conflict");
        assert_eq!(eve.get(&path(&second)).await.1, second);
        let mut socket = eve.socket().await;
        let (status, moved) = change(&staff, &second, json!({"ends_at": hour(23), "party_size": 4})).await;
        assert_eq!(status, StatusCode::OK, "{moved}");
        assert_eq!(socket.event().await["data"]["booking"], moved);

        let cancelled = set_status(&ana, &first, "cancelled").await;
        let (status, moved) = change(&staff, &moved, json!({"starts_at": hour(18)})).await;
        assert_eq!(status, StatusCode::OK, "{moved}");
        let answer = change(&staff, &cancelled, json!({"status": "requested"})).await;
        refused(&answer, 409, "invalid_transition");
        refused(&ana.post(BOOKINGS, body(&table, 18, 19)).await, 409, "booking_conflict");
        book(&ana, &table, 17, 18).await;
    }

    async fn each_field_of_a_booking_is_checked_and_pointed_at(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let (_, before) = staff.get(&format!("{BOOKINGS}?limit=200")).await;
        let with = |field: &str, value: Value| {
            let mut body = body(&table, 18, 20);
            body[field] = value;
            body
        };
        let span = |from: &str, to: &str| {
            let mut body = with("starts_at", json!(from));
            body["ends_at"] = json!(to);
            body
        };
        let nobody = json!(uuid::Uuid::now_v7());
        let cases: Vec<(&Browser, Value, u16, &[&str])> = vec![
            (&ana, json!({}), 400, &[""]),
            (&ana, with("resource_id", json!("table")), 400, &["/resource_id"]),
            (&ana, with("resource_id", json!("\0")), 400, &["/resource_id"]),
            (&ana, with("resource_id", Value::Null), 400, &["/resource_id"]),
            (&ana, with("resource_id", nobody.clone()), 422, &["/resource_id"]),
            (&ana, with("starts_at", json!("tomorrow")), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!(1_900_000_000)), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!("2031-05-06")), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!("2031-05-06T18:00:00")), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!("2031-05-06 18:00:00Z")), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!("2031-05-06T18:00:00Z\0")), 400, &["/starts_at"]),
            (&ana, with("starts_at", json!("2031-02-30T18:00:00Z")), 400, &["/starts_at"]),
            (&ana, with("ends_at", Value::Null), 400, &["/ends_at"]),
            (&ana, with("ends_at", json!("10000-01-01T00:00:00Z")), 400, &["/ends_at"]),
            (&ana, with("starts_at", json!("-0001-01-01T00:00:00Z")), 400, &["/starts_at"]),
            (&ana, span("9998-12-31T00:00:00Z", "9999-01-01T00:00:00Z"), 422, &["/ends_at"]),
            (&ana, span("1969-12-31T23:59:59Z", "1970-01-01T01:00:00Z"), 422, &["/starts_at"]),
            (&ana, span("0000-01-01T00:00:00Z", "9999-12-30T00:00:00Z"), 422, &["/starts_at", "/ends_at"]),
            (&ana, with("ends_at", json!(hour(18))), 422, &["/ends_at"]),
            (&ana, with("ends_at", json!(hour(17))), 422, &["/ends_at"]),
            (&ana, with("ends_at", json!("2031-06-06T18:00:00.001Z")), 422, &["/ends_at"]),
            (&ana, with("party_size", json!(0)), 422, &["/party_size"]),
            (&ana, with("party_size", json!(-1)), 422, &["/party_size"]),
            (&ana, with("party_size", json!(5)), 422, &["/party_size"]),
            (&ana, with("party_size", json!(i64::MAX)), 422, &["/party_size"]),
            (&ana, with("party_size", json!(u64::MAX)), 400, &["/party_size"]),
            (&ana, with("party_size", json!(1.5)), 400, &["/party_size"]),
            (&ana, with("party_size", json!("2")), 400, &["/party_size"]),
            (&ana, with("note", json!("x".repeat(4_001))), 422, &["/note"]),
            (&ana, with("note", json!("x".repeat(2_001))), 422, &["/note"]),
            (&ana, with("note", json!("a\0b")), 422, &["/note"]),
            (&ana, with("note", json!(7)), 400, &["/note"]),
            (&ana, with("status", json!("confirmed")), 400, &["/status"]),
            (&ana, with("id", nobody.clone()), 400, &["/id"]),
            (&ana, with("customer_id", nobody.clone()), 403, &[]),
            (&staff, with("customer_id", nobody.clone()), 422, &["/customer_id"]),
            (&staff, with("customer_id", json!("ana")), 400, &["/customer_id"]),
        ];
        for (who, body, status, expected) in cases {
            let (found, problem) = who.post(BOOKINGS, body.clone()).await;
            assert_eq!(found.as_u16(), status, "{body}: {problem}");
            assert_eq!(pointers(&problem), expected, "{body}");
        }
        let (_, after) = staff.get(&format!("{BOOKINGS}?limit=200")).await;
        assert_eq!(before, after, "a refusal makes nothing");

        // The longest, and by staff for a customer.
        let mut longest = with("ends_at", json!("2031-06-06T18:00:00Z"));
        longest["customer_id"] = json!(ana.id());
        longest["party_size"] = json!(4);
        let (status, booking) = staff.post(BOOKINGS, longest).await;
        assert_eq!(status, StatusCode::CREATED, "{booking}");
        assert_eq!(booking["customer"]["id"], ana.id());
        for (body, status, expected) in [
            (json!({}), 400, vec![""]),
            (json!({"version": 1, "resource_id": nobody}), 400, vec!["/resource_id"]),
            (json!({"version": 1, "customer_id": ana.id()}), 400, vec!["/customer_id"]),
            (json!({"version": 1, "status": "eaten"}), 400, vec!["/status"]),
            (json!({"version": 1, "starts_at": "soon"}), 400, vec!["/starts_at"]),
            (json!({"version": 1, "starts_at": "2031-06-06T18:00:00Z"}), 422, vec!["/ends_at"]),
            (json!({"version": 1, "party_size": 5, "note": "\0"}), 422, vec!["/party_size", "/note"]),
        ] {
            let (found, problem) = staff.patch(&path(&booking), body.clone()).await;
            assert_eq!(found.as_u16(), status, "{body}: {problem}");
            assert_eq!(pointers(&problem), expected, "{body}");
        }
        // A customer moves nothing, not even to where it is.
        for body in [
            json!({"starts_at": booking["starts_at"]}),
            json!({"ends_at": hour(21)}),
            json!({"party_size": 1, "note": "fewer"}),
        ] {
            refused(&change(&ana, &booking, body).await, 403, "forbidden");
        }
        refused(&change(&ana, &booking, json!({"status": "arrived"})).await, 409, "invalid_transition");
        assert_eq!(ana.get(&path(&booking)).await.1, booking);

        // Words come back byte for byte.
        let mut booking = booking;
        for note in [
            "👩‍👩‍👧‍👦 family, flag 🏳️‍🌈",
            "right to left: שלום \u{202e}evil\u{202c} مرحبا \u{200f}",
            r#"'; DROP TABLE bookings; -- % _ \ " {} $1 <script>"#,
            "  spaces and lines\t\r\n\n ",
            &"🦀".repeat(2_000),
            "",
        ] {
            let (status, noted) = change(&ana, &booking, json!({"note": note})).await;
            assert_eq!((status, &noted["note"]), (StatusCode::OK, &json!(note)));
            booking = noted;
            assert_eq!(ana.get(&path(&booking)).await.1, booking);
        }
    }

    async fn a_strangers_booking_and_none_at_all_look_the_same(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let eve = server.sign_in("websocket@test.com").await;
        let booking = book(&ana, &table, 18, 20).await;
        let (_, booking) = change(&ana, &booking, json!({"note": "secret-canary"})).await;
        let (theirs, none) = (path(&booking), format!("{BOOKINGS}/{}", uuid::Uuid::now_v7()));
        for body in [
            Value::Null,
            json!({"version": 2, "note": "mine now"}),
            json!({"version": 99, "status": "cancelled"}),
            json!({"version": 2, "starts_at": hour(1)}),
            json!({"version": 2, "party_size": 0, "note": "\0"}),
        ] {
            let (one, other) = match body.is_null() {
                true => (eve.get(&theirs).await, eve.get(&none).await),
                false => (eve.patch(&theirs, body.clone()).await, eve.patch(&none, body.clone()).await),
            };
            refused(&one, 404, "not_found");
            assert_eq!(one, other, "byte for byte the same");
        }
        let table_id = table["id"].as_str().unwrap();
        let customer = format!("?customer_id={}", ana.id());
        for query in ["", "?limit=200", &customer, &format!("?resource_id={table_id}")] {
            let (status, page) = eve.get(&format!("{BOOKINGS}{query}")).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            assert!(!page.to_string().contains("secret-canary"), "{query}: {page}");
        }
        for id in ["%00", "1", "%27%20OR%201%3D1", "%ff"] {
            refused(&eve.get(&format!("{BOOKINGS}/{id}")).await, 404, "not_found");
        }
        let mut body = body(&table, 1, 2);
        body["customer_id"] = json!(ana.id());
        refused(&eve.post(BOOKINGS, body).await, 403, "forbidden");
        let visitor = server.visitor();
        for path in [RESOURCES, BOOKINGS, &theirs] {
            refused(&visitor.get(path).await, 401, "unauthenticated");
        }
    }

    async fn bookings_are_listed_in_pages_and_by_filter(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let room = new_resource(&server, "Room").await;
        let cleo = server.customer("cleo").await;
        let staff = server.sign_in("staff@test.com").await;
        let mut made = Vec::new();
        for index in 0..8 {
            let resource = if index % 2 == 0 { &table } else { &room };
            made.push(book(&cleo, resource, index, index + 2).await);
        }
        made[2] = set_status(&staff, &made[2], "confirmed").await;
        let id = |index: usize| made[index]["id"].as_str().unwrap();
        for limit in [1, 3, 8, 200] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let (status, page) = cleo.get(&format!("{BOOKINGS}?limit={limit}{cursor}")).await;
                assert_eq!(status, StatusCode::OK, "{page}");
                seen.extend(page["items"].as_array().unwrap().iter().cloned());
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            seen.reverse();
            assert_eq!(seen, made, "limit {limit}");
        }
        let (table_id, room_id) = (table["id"].as_str().unwrap(), room["id"].as_str().unwrap());
        let zoned = "from=2031-05-06T10:00:00%2B02:00&to=2031-05-06T12:00:00%2b02:00";
        for (query, expected) in [
            ("status=confirmed".to_owned(), vec![2]),
            (format!("resource_id={room_id}"), vec![7, 5, 3, 1]),
            (format!("from={}&to={}", hour(4), hour(5)), vec![4, 3]),
            (format!("from={}", hour(7)), vec![7, 6]),
            (format!("to={}&resource_id={table_id}", hour(4)), vec![2, 0]),
            (zoned.to_owned(), vec![7]),
        ] {
            let (_, own) = cleo.get(&format!("{BOOKINGS}?{query}")).await;
            let expected: Vec<&str> = expected.into_iter().map(id).collect();
            assert_eq!(ids(&own), expected, "{query}");
            let all = format!("{BOOKINGS}?{query}&customer_id={}", cleo.id());
            assert_eq!(staff.get(&all).await.1, own, "{query}");
        }
        let both = format!("from={}&to={}", hour(5), hour(5));
        for query in [
            "status=eaten", "status=", "status=%00", "customer_id=me", "resource_id=1", "from=today",
            "from=", "from=%00", "to=2031-05-06", "from=2031-05-06T10:00:00+02:00", "limit=0",
            "limit=201", "cursor=x", "sort=starts_at", &both,
            "from=2031-05-06T00:00:00Z&to=2030-05-06T00:00:00Z", "from=10000-01-01T00:00:00Z",
        ] {
            refused(&cleo.get(&format!("{BOOKINGS}?{query}")).await, 400, "invalid_request");
        }
    }

    async fn a_repeated_booking_with_its_key_is_the_same_booking(database: Database) {
        let server = Server::demo(database);
        let table = new_resource(&server, "Round table").await;
        let ana = server.sign_in("ana@test.com").await;
        let mut socket = ana.socket().await;
        let once = async |key: &str, body: Value| {
            let request = ana.request(Method::POST, BOOKINGS).header("idempotency-key", key);
            answer(request.json(&body)).await
        };
        let answers =
            futures_util::future::join_all((0..10).map(|_| once("key", body(&table, 1, 2)))).await;
        for (status, booking) in &answers {
            assert_eq!((*status, booking), (StatusCode::CREATED, &answers[0].1));
        }
        assert_eq!(socket.event().await["data"]["booking"], answers[0].1);
        refused(&once("key", body(&table, 2, 3)).await, 409, "idempotency_conflict");
        // A conflict does not use the key up: once the time is free, the same request is made.
        refused(&once("other", body(&table, 1, 2)).await, 409, "booking_conflict");
        let cancelled = set_status(&ana, &answers[0].1, "cancelled").await;
        assert_eq!(socket.event().await["data"]["booking"], cancelled);
        let (status, booking) = once("other", body(&table, 1, 2)).await;
        assert_eq!(status, StatusCode::CREATED, "{booking}");
        assert_eq!(socket.event().await["data"]["booking"], booking);
        assert_eq!(once("key", body(&table, 1, 2)).await.1, answers[0].1, "the first answer");
        assert_eq!(socket.within(Duration::from_millis(200)).await, None);
    }

    async fn everyone_reads_resources_and_admins_write_them(database: Database) {
        let server = Server::demo(database);
        let ana = server.sign_in("ana@test.com").await;
        let staff = server.sign_in("staff@test.com").await;
        let admin = server.sign_in("admin@test.com").await;
        let valid = json!({"name": "Terrasse 🌞 שולחן", "kind": "table", "capacity": 12});
        for who in [&ana, &staff] {
            refused(&who.post(RESOURCES, valid.clone()).await, 403, "forbidden");
        }
        let key = || admin.request(Method::POST, RESOURCES).header("idempotency-key", "key");
        let (status, headers, resource) = whole(key().json(&valid)).await;
        assert_eq!(status, StatusCode::CREATED, "{resource}");
        let path = format!("{RESOURCES}/{}", resource["id"].as_str().unwrap());
        assert_eq!(headers["location"], path.as_str());
        assert_eq!(answer(key().json(&valid)).await.1, resource);
        for (field, value) in valid.as_object().unwrap() {
            assert_eq!(&resource[field], value);
        }
        for who in [&ana, &staff, &admin] {
            assert_eq!(who.get(&path).await, (StatusCode::OK, resource.clone()));
            let (_, page) = who.get(&format!("{RESOURCES}?limit=200")).await;
            assert_eq!(page["items"].as_array().unwrap().last(), Some(&resource));
        }
        let with = |field: &str, value: Value| {
            let mut body = valid.clone();
            body[field] = value;
            body
        };
        for (body, status, expected) in [
            (json!({}), 400, ""),
            (with("name", json!("")), 422, "/name"),
            (with("name", json!(" \u{2003}")), 422, "/name"),
            (with("name", json!("a\0b")), 422, "/name"),
            (with("name", json!("two\nlines")), 422, "/name"),
            (with("name", json!("x".repeat(201))), 422, "/name"),
            (with("kind", json!("x".repeat(51))), 422, "/kind"),
            (with("kind", json!("\0")), 422, "/kind"),
            (with("capacity", json!(0)), 422, "/capacity"),
            (with("capacity", json!(10_001)), 422, "/capacity"),
            (with("capacity", json!("4")), 400, "/capacity"),
            (with("colour", json!("red")), 400, "/colour"),
        ] {
            let (found, problem) = admin.post(RESOURCES, body.clone()).await;
            assert_eq!((found.as_u16(), pointers(&problem)), (status, vec![expected]), "{body}");
        }
        let rename = json!({"version": 1, "name": "Terrace", "capacity": 8});
        for who in [&ana, &staff] {
            refused(&who.patch(&path, rename.clone()).await, 403, "forbidden");
        }
        let (status, renamed) = admin.patch(&path, rename.clone()).await;
        assert_eq!(status, StatusCode::OK, "{renamed}");
        assert_eq!((&renamed["name"], &renamed["version"]), (&json!("Terrace"), &json!(2)));
        let stale = admin.patch(&path, rename).await;
        refused(&stale, 409, "stale_version");
        assert_eq!(stale.1["current"], renamed);
        let wrong = admin.patch(&path, json!({"version": 2, "kind": " "})).await;
        assert_eq!(pointers(&wrong.1), ["/kind"]);
        let none = format!("{RESOURCES}/{}", uuid::Uuid::now_v7());
        refused(&ana.get(&none).await, 404, "not_found");
        refused(&admin.patch(&none, json!({"version": 1, "name": "x"})).await, 404, "not_found");
    }
}

/// For each status, what may follow when a customer and when staff ask.
const TABLE: [(&str, &[&str], &[&str]); 7] = [
    (
        "requested",
        &["cancelled"],
        &["confirmed", "declined", "cancelled"],
    ),
    (
        "confirmed",
        &["cancelled"],
        &["arrived", "no_show", "cancelled"],
    ),
    ("arrived", &[], &["completed"]),
    ("completed", &[], &[]),
    ("declined", &[], &[]),
    ("cancelled", &[], &[]),
    ("no_show", &[], &[]),
];

/// How staff bring a booking to a status.
fn way(status: &str) -> &'static [&'static str] {
    match status {
        "requested" => &[],
        "confirmed" => &["confirmed"],
        "arrived" => &["confirmed", "arrived"],
        "completed" => &["confirmed", "arrived", "completed"],
        "declined" => &["declined"],
        "cancelled" => &["cancelled"],
        "no_show" => &["confirmed", "no_show"],
        other => panic!("{other} is no status"),
    }
}

#[tokio::test]
async fn each_role_moves_a_booking_only_where_the_table_allows() {
    let server = Server::demo(Database::Sqlite);
    let ana = server.sign_in("ana@test.com").await;
    let staff = server.sign_in("staff@test.com").await;
    let admin = server.sign_in("admin@test.com").await;
    let at = async |status: &str| {
        let table = make_resource(&admin, "Round table").await;
        let mut booking = book(&ana, &table, 1, 2).await;
        for step in way(status) {
            booking = set_status(&staff, &booking, step).await;
        }
        booking
    };
    for (from, for_customer, for_staff) in TABLE {
        let whose = [
            (&ana, for_customer),
            (&staff, for_staff),
            (&admin, for_staff),
        ];
        for (who, allowed) in whose {
            let booking = at(from).await;
            for (to, ..) in TABLE {
                if to == from || allowed.contains(&to) {
                    continue;
                }
                let answer = change(who, &booking, json!({"status": to})).await;
                refused(&answer, 409, "invalid_transition");
                assert_eq!(answer.1["allowed"], json!(allowed), "{from} {to}");
            }
            // The status it has is no change, and a note may change in every one.
            let same = change(who, &booking, json!({"status": from})).await;
            assert_eq!(same, (StatusCode::OK, booking.clone()));
            let (status, _) = change(who, &booking, json!({"note": "more"})).await;
            assert_eq!(status, StatusCode::OK);
            for to in allowed {
                let moved = set_status(who, &at(from).await, to).await;
                assert_eq!(moved["status"], *to);
            }
        }
    }
}
