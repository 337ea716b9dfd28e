//! Nothing is lost: over cuts, over `kill -9`, over retention and restored databases.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Browser, Database, Options, Server, copy_folder, on_both};
use crate::socket::{Reader, Received, Socket};

/// Reads until the reader has heard of so many orders, cutting its socket at random on the way.
async fn read_with_cuts(browser: &Browser, reader: &mut Reader, orders: usize, mut cuts: usize) {
    let began = Instant::now();
    let token = browser.token().await;
    while reader.events.len() < orders {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{} events",
            reader.events.len()
        );
        let mut socket = browser.resume_with(&token, &reader.positions()).await;
        reader.welcomed(&socket.welcomed);
        let life = Duration::from_millis(rand::random_range(0..60));
        let born = Instant::now();
        while reader.events.len() < orders {
            if cuts > 0 && born.elapsed() > life {
                cuts -= 1;
                socket.cut();
                break;
            }
            match socket.within(Duration::from_millis(20)).await {
                Some(Received::Frame(frame)) => reader.take(frame),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        }
    }
    assert_eq!(cuts, 0, "every cut happened");
}

on_both! {
    async fn five_hundred_events_over_fifty_cuts_arrive_once_and_in_order(database: Database) {
        let options = Options::demo().with("socket.per_user_max", 200);
        let server = Server::start(database, options.with("socket.per_ip_max", 1000));
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let socket = ana.socket().await;
        let mut reader = Reader::default();
        reader.welcomed(&socket.welcomed);
        drop(socket);

        let writer = {
            let (ana, item) = (ana.clone(), item.clone());
            tokio::spawn(async move {
                for number in 0..500 {
                    ana.order(&item, &format!("order {number}")).await;
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            })
        };
        read_with_cuts(&ana, &mut reader, 500, 50).await;
        writer.await.unwrap();
        for (number, event) in reader.events.iter().enumerate() {
            assert_eq!(event["data"]["order"]["note"], format!("order {number}"));
        }
        assert!(reader.outcomes.iter().all(|outcome| outcome != "gap" && outcome != "reset"));
    }

    async fn kill_nine_under_load_loses_nothing_acknowledged_and_shows_nothing_unwritten(
        database: Database
    ) {
        let mut server = Server::start(database, Options::demo().with("log.keep_events", 100_000));
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        let mut reader = Reader::default();
        let mut acknowledged: HashMap<String, Value> = HashMap::new();
        let rounds = 3;
        for round in 0..rounds {
            let mut socket = ana.resume(&reader.positions()).await;
            reader.welcomed(&socket.welcomed);
            let stop = Arc::new(AtomicBool::new(false));
            let writers: Vec<_> = (0..16)
                .map(|writer| {
                    let (ana, item, stop) = (ana.clone(), item.clone(), Arc::clone(&stop));
                    tokio::spawn(async move {
                        let mut done = Vec::new();
                        while !stop.load(Ordering::Relaxed) {
                            let lines = json!([{"item_id": item, "quantity": 1}]);
                            let body = json!({"lines": lines, "note": format!("{round}/{writer}")});
                            let request = ana
                                .request(reqwest::Method::POST, "/api/v1/orders")
                                .json(&body);
                            let Ok(response) = request.send().await else { break };
                            let created = response.status() == reqwest::StatusCode::CREATED;
                            let Ok(order) = response.json::<Value>().await else { break };
                            if created {
                                done.push(order);
                            }
                        }
                        done
                    })
                })
                .collect();
            // Two seconds of writes, read as they come; then the plug is pulled.
            let until = Instant::now() + Duration::from_secs(2);
            while Instant::now() < until {
                if let Some(Received::Frame(frame)) = socket.within(Duration::from_millis(5)).await {
                    reader.take(frame);
                }
            }
            server.kill();
            stop.store(true, Ordering::Relaxed);
            for writer in writers {
                for order in writer.await.unwrap() {
                    acknowledged.insert(order["id"].as_str().unwrap().to_owned(), order);
                }
            }
            // What was on its way to the page when the plug was pulled.
            while let Some(Received::Frame(frame)) = socket.within(Duration::from_millis(100)).await {
                reader.take(frame);
            }
            server.start_again();
        }
        // Everything that is in the database now, and everything that can be recovered.
        let mut stored: HashMap<String, Value> = HashMap::new();
        let mut cursor = String::new();
        loop {
            let (_, page) = ana.get(&format!("/api/v1/orders?limit=200{cursor}")).await;
            for order in page["items"].as_array().unwrap() {
                stored.insert(order["id"].as_str().unwrap().to_owned(), order.clone());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let written: Vec<&Value> = stored
            .values()
            .filter(|order| order["note"].as_str().unwrap().contains('/'))
            .collect();
        let mut socket = ana.resume(&reader.positions()).await;
        reader.welcomed(&socket.welcomed);
        while reader.events.len() < written.len() {
            match socket.next().await {
                Received::Frame(frame) => reader.take(frame),
                other => panic!("{other:?} after {} events", reader.events.len()),
            }
        }
        assert_eq!(socket.within(Duration::from_millis(300)).await, None, "no event too many");
        assert!(acknowledged.len() > 100, "only {} writes", acknowledged.len());
        for (id, order) in &acknowledged {
            assert_eq!(stored.get(id), Some(order), "an acknowledged write is lost");
        }
        for event in &reader.events {
            let order = &event["data"]["order"];
            let id = order["id"].as_str().unwrap();
            assert_eq!(stored.get(id), Some(order), "an event of a change that is not there");
        }
        assert_eq!(reader.events.len(), written.len(), "every change has its event");
        println!("{} acknowledged, {} written", acknowledged.len(), written.len());
    }

    async fn a_client_that_had_received_nothing_recovers_too(database: Database) {
        let mut server = Server::demo(database);
        let item = server.item().await;
        let ana = server.customer("dora").await;
        let mut reader = Reader::default();
        {
            let socket = ana.socket().await;
            assert_eq!(socket.entry(&ana.channel())["offset"], 0);
            reader.welcomed(&socket.welcomed);
        }
        ana.order(&item, "first").await;
        server.kill();
        server.start_again();
        ana.order(&item, "second").await;
        let mut socket = ana.resume(&reader.positions()).await;
        reader.welcomed(&socket.welcomed);
        assert_eq!(reader.outcomes.last().unwrap(), "recovered");
        for note in ["first", "second"] {
            let event = socket.event().await;
            assert_eq!(event["data"]["order"]["note"], note);
            reader.take(event);
        }
    }

    async fn a_position_older_than_what_is_kept_is_told_the_gap(database: Database) {
        let server = Server::start(database, Options::demo().with("log.keep_events", 100));
        let item = server.item().await;
        let ana = server.customer("fay").await;
        let entry = ana.socket().await.entry(&ana.channel()).clone();
        for number in 1..=130 {
            ana.order(&item, &format!("{number}")).await;
        }
        let position = json!({"epoch": entry["epoch"], "offset": entry["offset"]});
        let mut socket = ana.resume(&json!({ana.channel(): position})).await;
        let told = socket.entry(&ana.channel()).clone();
        assert_eq!(told["outcome"], "gap");
        assert_eq!(told["gap"], json!({"from": 1, "to": 30, "why": "expired"}));
        assert_eq!((&told["offset"], &told["head"]), (&json!(30), &json!(130)));
        for number in 31..=130 {
            let event = socket.event().await;
            assert_eq!(event["offset"], number);
            assert_eq!(event["data"]["order"]["note"], number.to_string());
        }
        // The log over HTTP says the same.
        let path = format!("/api/v1/events?channel={}&after=0&limit=1000", ana.channel());
        let (_, page) = ana.get(&path).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 100);
        assert_eq!(page["gap"]["to"], 30);
    }

    async fn a_foreign_or_future_position_is_reset(database: Database) {
        let server = Server::demo(database);
        let item = server.item().await;
        let ana = server.sign_in("websocket@test.com").await;
        ana.order(&item, "one").await;
        let entry = ana.socket().await.entry(&ana.channel()).clone();
        let (epoch, offset) = (&entry["epoch"], entry["offset"].as_u64().unwrap());
        let nobody = uuid::Uuid::now_v7();
        for (head, position) in [
            json!({"epoch": nobody, "offset": offset}),
            json!({"epoch": epoch, "offset": offset + 5}),
            json!({"epoch": epoch, "offset": offset, "id": nobody}),
        ]
        .into_iter()
        .enumerate()
        .map(|(told, position)| (offset + told as u64, position))
        {
            let mut socket = ana.resume(&json!({ana.channel(): position})).await;
            let told = socket.entry(&ana.channel()).clone();
            assert_eq!(told["outcome"], "reset", "{position}");
            assert_eq!(told["offset"], head);
            let order = ana.order(&item, "next").await;
            assert_eq!(socket.event().await["data"]["order"]["id"], order["id"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_older_database_is_told_as_reset() {
    let mut server = Server::demo(Database::Sqlite);
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    ana.order(&item, "before the backup").await;
    server.terminate().await;
    let backup = tempfile::tempdir().unwrap();
    copy_folder(&server.database_dir(), backup.path());
    server.start_again();

    let mut reader = Reader::default();
    let mut socket = ana.socket().await;
    reader.welcomed(&socket.welcomed);
    for number in 0..3 {
        ana.order(&item, &format!("lost with the restore {number}"))
            .await;
        reader.take(socket.event().await);
    }
    let ahead = reader.positions();
    server.terminate().await;
    std::fs::remove_dir_all(server.database_dir()).unwrap();
    copy_folder(backup.path(), &server.database_dir());
    server.start_again();

    // The offset is ahead of the restored log.
    let socket = ana.resume(&ahead).await;
    assert_eq!(socket.entry(&ana.channel())["outcome"], "reset");
    // The restored log has caught up: another event stands at that offset.
    for number in 0..5 {
        ana.order(&item, &format!("after the restore {number}"))
            .await;
    }
    let socket = ana.resume(&ahead).await;
    assert_eq!(socket.entry(&ana.channel())["outcome"], "reset");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_too_slow_is_closed_with_4002_and_loses_nothing() {
    let options = Options::demo()
        .with("socket.outbox_max_bytes", 65_536)
        .with("log.keep_events", 100_000);
    let server = Server::start(Database::Sqlite, options);
    let item = server.item().await;
    let ana = server.sign_in("websocket@test.com").await;
    let staff = server.sign_in("staff@test.com").await;
    let mut reader = Reader::default();
    let mut slow = staff.socket().await;
    reader.welcomed(&slow.welcomed);
    // Nobody reads `slow`; another reader does not notice.
    let mut quick = staff.socket().await;
    let note = "x".repeat(2_000);
    let mut orders = 0;
    let began = Instant::now();
    loop {
        let writes = (0..16).map(|_| ana.order(&item, &note));
        orders += futures_util::future::join_all(writes).await.len();
        for _ in 0..16 {
            quick.event().await;
        }
        let (_, stats) = staff.get("/api/v1/ws/stats").await;
        if stats["closes"]["4002"] == 1 || stats["connections"] == 1 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{stats}");
    }
    // What the kernel still held arrives, in order; then the connection is over.
    loop {
        match slow.next().await {
            Received::Frame(frame) => reader.take(frame),
            Received::Close(code, _) => {
                assert_eq!(code, 4002);
                break;
            }
            Received::Gone => break,
        }
    }
    let before = reader.events.len();
    assert!(before < orders, "it was too slow");
    let mut again = staff.resume(&reader.positions()).await;
    reader.welcomed(&again.welcomed);
    assert_eq!(reader.outcomes.last().unwrap(), "recovered");
    while reader.events.len() < orders {
        match again.next().await {
            Received::Frame(frame) => reader.take(frame),
            other => panic!("{other:?}: a reader that catches up is not too slow"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_with_slow_inserts_every_subscriber_sees_dense_offsets() {
    use sqlx::{AssertSqlSafe, Connection as _};
    let server = Server::start(
        Database::Postgres,
        Options::demo().with("socket.per_user_max", 50),
    );
    let url = server.store_url.clone().unwrap();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let trigger = "
        CREATE FUNCTION sleep_a_little() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(random() * 0.05); RETURN NEW; END $$;
        CREATE TRIGGER slow_events BEFORE INSERT ON events
        FOR EACH ROW EXECUTE FUNCTION sleep_a_little();";
    sqlx::raw_sql(AssertSqlSafe(trigger))
        .execute(&mut connection)
        .await
        .unwrap();

    let item = server.item().await;
    let staff = server.sign_in("staff@test.com").await;
    let mut sockets: Vec<Socket> = Vec::new();
    for _ in 0..4 {
        sockets.push(staff.socket().await);
    }
    let ana = server.sign_in("websocket@test.com").await;
    let writers = (0..32).map(|writer| {
        let (ana, item) = (ana.clone(), item.clone());
        async move {
            for number in 0..4 {
                ana.order(&item, &format!("{writer}/{number}")).await;
            }
        }
    });
    let readers = sockets.into_iter().map(|mut socket| async move {
        let mut reader = Reader::default();
        reader.welcomed(&socket.welcomed);
        while reader.events.len() < 128 {
            match socket.next().await {
                Received::Frame(frame) => reader.take(frame),
                other => panic!("{other:?}"),
            }
        }
        reader
            .events
            .iter()
            .map(|event| event["id"].clone())
            .collect::<Vec<_>>()
    });
    let (_, seen) = tokio::join!(
        futures_util::future::join_all(writers),
        futures_util::future::join_all(readers)
    );
    assert!(
        seen.windows(2).all(|pair| pair[0] == pair[1]),
        "all see the same order"
    );
}
