//! The sessions of others, for admins.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Database, Server, on_both};

on_both! {
    async fn an_admin_ends_one_session_of_another_and_its_sockets(database: Database) {
        let server = Server::demo(database);
        let admin = server.sign_in("admin@test.com").await;
        let [phone, laptop] = [server.sign_in("ana@test.com").await, server.sign_in("ana@test.com").await];
        let (mut first, mut second) = (phone.socket().await, laptop.socket().await);
        let path = format!("/api/v1/users/{}/sessions", phone.id());
        let (status, page) = admin.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "{page}");
        assert!(items.iter().all(|session| session["current"] == false));
        let (_, own) = phone.get("/api/v1/auth/sessions").await;
        let of_phone = own["items"].as_array().unwrap().iter().find(|session| session["current"] == true);
        let of_phone = of_phone.unwrap()["id"].as_str().unwrap().to_owned();

        // Under another account's name it is not there.
        let wrong = format!("/api/v1/users/{}/sessions/{of_phone}", admin.id());
        assert_eq!(admin.delete(&wrong).await.0, StatusCode::NOT_FOUND);
        let end = format!("{path}/{of_phone}");
        let staff = server.sign_in("staff@test.com").await;
        assert_eq!(staff.delete(&end).await.0, StatusCode::NOT_FOUND);
        assert_eq!(staff.get(&path).await.0, StatusCode::NOT_FOUND);
        assert_eq!(admin.delete(&end).await.0, StatusCode::NO_CONTENT);
        let (code, reason, _) = first.closed().await;
        assert_eq!(code, 4505, "{reason}");
        assert_eq!(phone.get("/api/v1/auth/me").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(admin.delete(&end).await.0, StatusCode::NOT_FOUND);
        assert_eq!(admin.get(&path).await.1["items"].as_array().unwrap().len(), 1);
        assert_eq!(second.ask(&json!({"type": "ping", "id": 1})).await["type"], "reply");

        // One's own are at both places; ending the one that asks takes its cookie back.
        let own = format!("/api/v1/users/{}/sessions", laptop.id());
        let (_, page) = laptop.get(&own).await;
        assert_eq!(page["items"][0]["current"], true, "{page}");
        let id = page["items"][0]["id"].as_str().unwrap();
        let request = laptop.request(reqwest::Method::DELETE, &format!("{own}/{id}"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert!(response.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(second.closed().await.0, 4505);
        let nobody = format!("/api/v1/users/{}/sessions", uuid::Uuid::now_v7());
        assert_eq!(admin.get(&nobody).await.0, StatusCode::NOT_FOUND);
    }
}
