//! What an admin sees of the configuration.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Database, Options, Server, on_both};

on_both! {
    async fn an_admin_sees_every_key_with_its_origin_and_no_secret(database: Database) {
        let options = Options::demo()
            .with("bot.base_url", "http://me:geheim@127.0.0.1:1/v1")
            .with("socket.per_user_max", 33);
        let server = Server::start(database, options);
        let admin = server.sign_in("admin@test.com").await;
        let (status, seen) = admin.get("/api/v1/configuration").await;
        assert_eq!(status, StatusCode::OK, "{seen}");
        let kind = match database {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
        };
        assert_eq!(seen["database"], kind);
        assert_eq!(seen["version"], env!("CARGO_PKG_VERSION"));
        let socket = admin.socket().await;
        assert_eq!(seen["boot_id"], socket.welcomed["boot_id"]);
        assert!(seen["started_at"].as_str() < socket.welcomed["server_time"].as_str());
        assert!(!seen.to_string().contains("geheim"), "{seen}");

        let shown = |key: &str| -> Value {
            let settings = seen["settings"].as_array().unwrap().iter();
            settings.clone().find(|setting| setting["key"] == key).unwrap().clone()
        };
        assert_eq!(shown("bot.base_url")["value"], "http://me:***@127.0.0.1:1/v1");
        assert_eq!(shown("socket.per_user_max")["value"], 33);
        assert_eq!(
            shown("socket.per_user_max")["origin"],
            "environment variable FRONTDESK_SOCKET__PER_USER_MAX"
        );
        assert_eq!(shown("data.dir")["origin"], "flag --demo");
        assert_eq!(shown("server.drain_seconds"), json!(
            {"key": "server.drain_seconds", "value": 20, "origin": "default"}));

        // The same as the command line shows, key by key.
        let printed = server.run(&["config", "show", "--origin", "--json"], "");
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let mut keys = 0;
        for (section, entries) in printed.as_object().unwrap() {
            for (name, entry) in entries.as_object().unwrap() {
                let key = format!("{section}.{name}");
                keys += 1;
                // Started by other flags than the command.
                if !matches!(key.as_str(), "server.listen" | "data.dir") {
                    let seen = shown(&key);
                    assert_eq!((&seen["value"], &seen["origin"]), (&entry["value"], &entry["origin"]));
                }
            }
        }
        assert_eq!(seen["settings"].as_array().unwrap().len(), keys);
    }
}
