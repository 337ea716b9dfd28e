//! Vite's dev server between a page and our server, wrong and right.

use std::path::Path;
use std::process::Command;

use crate::certificates::{Authority, Manners, TlsServer, self_signed};
use crate::frontdesk::{CUSTOMER, Frontdesk};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::free_port;
use crate::programs::{Program, installed, write_set_up};
use crate::scripted::{Reply, any_echo};

/// A dev server, running.
struct Vite {
    port: u16,
    program: Program,
    root: tempfile::TempDir,
}

impl Vite {
    /// With these entries in `server.proxy`.
    async fn start(proxy: &str) -> Self {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/node_modules/vite/bin/vite.js");
        assert!(
            program.is_file(),
            "Vite is not installed at {}: run `npm ci` in web/",
            program.display()
        );
        let (port, root) = (free_port(), tempfile::tempdir().unwrap());
        std::fs::write(
            root.path().join("index.html"),
            "<!doctype html><title>shop</title>",
        )
        .unwrap();
        let (port_word, root_word) = (port.to_string(), root.path().display().to_string());
        let words = [
            ("port", port_word.as_str()),
            ("root", &root_word),
            ("proxy", proxy),
        ];
        let config = write_set_up("vite/vite.config.mjs", &words, root.path());
        let mut command = Command::new(installed("node", "nodejs"));
        command.arg(program).arg("--config").arg(config);
        let program = Program::run("vite", &command);
        // It tries the port before it takes it: that it could be reached once says nothing.
        program.hear("Local:").await;
        Self {
            port,
            program,
            root,
        }
    }

    /// In front of a server at this port, as the guide says it.
    async fn before(port: u16) -> Self {
        Self::start(&passes(port)).await
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn socket(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }
}

/// Everything of our server, sockets too.
fn passes(port: u16) -> String {
    let target = format!("target: \"http://127.0.0.1:{port}\"");
    format!(
        "\"/api\": {{ {target}, ws: true }}, \"/ws\": {{ {target}, ws: true }}, \
         \"/healthz\": {{ {target} }}, \"/readyz\": {{ {target} }}"
    )
}

provokes! {
    "dev.vite_ws_false" => the_proxy_is_not_told_of_sockets,
    "dev.vite_target_down" => the_server_behind_vite_is_not_running,
    "dev.vite_origin" => the_server_refuses_the_origin_that_vite_passes_on,
    "dev.vite_tls" => vite_does_not_trust_the_certificate_of_its_target,
    "srv.wrong_socket" => the_red_line_is_of_hot_reload,
}

async fn the_proxy_is_not_told_of_sockets(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let deaf = Vite::start(&passes(server.port).replace(", ws: true", "")).await;
    lab.blames(at(deaf.origin()).on_page(&deaf.origin())).await;
    lab.blames(at(deaf.socket("/api/v1/ws")).token(&server.token(CUSTOMER)))
        .await;
    let well = Vite::before(server.port).await;
    lab.clears(at(well.origin()).on_page(&well.origin())).await;
    lab.clears(at(well.socket("/api/v1/ws")).token(&server.token(CUSTOMER)))
        .await;
}

async fn the_server_behind_vite_is_not_running(lab: &mut Lab) {
    let alone = Vite::before(free_port()).await;
    lab.blames(at(alone.origin()).on_page(&alone.origin()))
        .await;
    lab.blames(at(alone.socket("/api/v1/ws"))).await;
    alone.program.hear("ECONNREFUSED").await;
    let server = Frontdesk::demo().start().await;
    let well = Vite::before(server.port).await;
    lab.clears(at(well.origin()).on_page(&well.origin())).await;
}

async fn the_server_refuses_the_origin_that_vite_passes_on(lab: &mut Lab) {
    let strict = Frontdesk::demo()
        .with("server.public_url", "https://desk.example.com")
        .without_demo()
        .start()
        .await;
    let well = Frontdesk::demo().start().await;
    let (before_strict, before_well) =
        tokio::join!(Vite::before(strict.port), Vite::before(well.port));
    lab.blames(at(before_strict.socket("/ws/echo")).on_page(&before_strict.origin()))
        .await;
    lab.clears(at(before_well.socket("/ws/echo")).on_page(&before_well.origin()))
        .await;
}

async fn vite_does_not_trust_the_certificate_of_its_target(lab: &mut Lab) {
    let authority = Authority::new();
    let target = TlsServer::start(
        &authority,
        self_signed(),
        Manners::default(),
        |asked| match asked.path() {
            "/ws" => any_echo(asked),
            _ => Reply::json(&serde_json::json!({"status": "ok"})),
        },
    )
    .await;
    let entry = |more: &str| {
        format!(
            "\"/ws\": {{ target: \"https://localhost:{}\", ws: true{more} }}",
            target.port
        )
    };
    let strict = Vite::start(&entry("")).await;
    let mut read = at(strict.socket("/ws"));
    read.read = vec![strict.root.path().join("vite.config.mjs")];
    lab.blames(read).await;
    let lenient = Vite::start(&entry(", secure: false")).await;
    lab.clears(at(lenient.socket("/ws"))).await;
}

async fn the_red_line_is_of_hot_reload(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let vite = Vite::before(server.port).await;
    lab.blames(at(vite.socket("/?token=Zs5kY2w0QXJh"))).await;
    lab.clears(at(vite.socket("/ws/echo"))).await;
}
