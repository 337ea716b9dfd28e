//! Node with the package `ws`, as many teams have it.

use std::path::Path;
use std::process::Command;

use doctor::Options;

use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::free_port;
use crate::programs::{Program, installed, set_ups};

provokes! {
    "dev.two_handlers" => two_servers_answer_each_handshake,
    "ws.too_big" => messages_are_larger_than_max_payload,
    "srv.replaced" => one_socket_per_user_and_the_newer_throws_the_older_out,
    "auth.hidden_403" => verify_client_refuses_before_the_socket_is_open,
}

async fn two_servers_answer_each_handshake(lab: &mut Lab) {
    let torn = Node::start("two_handlers").await;
    lab.blames(torn.examined()).await;
    lab.clears(Node::start("none").await.examined()).await;
}

async fn messages_are_larger_than_max_payload(lab: &mut Lab) {
    let small = Node::start("small_messages").await;
    lab.blames(small.examined().echoing()).await;
    lab.clears(Node::start("none").await.examined().echoing())
        .await;
}

async fn verify_client_refuses_before_the_socket_is_open(lab: &mut Lab) {
    let refusing = Node::start("refuses").await;
    lab.blames(refusing.examined()).await;
    lab.clears(Node::start("none").await.examined()).await;
}

async fn one_socket_per_user_and_the_newer_throws_the_older_out(lab: &mut Lab) {
    let as_ana = |node: &Node| at(format!("ws://127.0.0.1:{}/ws?user=ana", node.port));
    // The doctor's own second handshake is the other tab.
    let jealous = Node::start("one_per_user").await;
    lab.blames(as_ana(&jealous)).await;
    lab.clears(as_ana(&Node::start("none").await)).await;
}

/// The server of `set_ups/node`, running.
struct Node {
    port: u16,
    _program: Program,
}

impl Node {
    /// With this fault, `none` if it is well.
    async fn start(fault: &str) -> Self {
        let module =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/node_modules/ws/wrapper.mjs");
        assert!(
            module.is_file(),
            "the package ws is not installed at {}: run `npm ci` in web/",
            module.display()
        );
        let port = free_port();
        let mut command = Command::new(installed("node", "nodejs"));
        command
            .arg(set_ups().join("node/server.mjs"))
            .env("WS_MODULE", module)
            .env("FAULT", fault)
            .env("PORT", port.to_string());
        let program = Program::start("node", command, &[("127.0.0.1", port)]).await;
        Self {
            port,
            _program: program,
        }
    }

    fn examined(&self) -> Options {
        at(format!("ws://127.0.0.1:{}/ws", self.port))
    }
}
