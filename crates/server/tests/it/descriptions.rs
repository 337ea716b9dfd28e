//! The descriptions of both interfaces, as programs fetch them. That the copies in docs/ are not
//! stale is checked by `cargo xtask gen --check`.

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::{Database, Server};

#[tokio::test]
async fn both_are_served_to_anyone_and_printed_for_the_documentation() {
    let server = Server::demo(Database::Sqlite);
    for (name, version) in [("openapi", "3.1.0"), ("asyncapi", "3.0.0")] {
        let (status, served) = server.visitor().get(&format!("/{name}.json")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(served[name], version);
        let printed: Value = serde_json::from_str(&server.run(&[name], "")).unwrap();
        assert!(printed == served, "{name}");
    }
}
