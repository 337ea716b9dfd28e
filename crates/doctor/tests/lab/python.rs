//! FastAPI under uvicorn, as many teams have it, in a virtual environment that is made once. Start
//! at [`Uvicorn`] and the tests.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::lab::{Lab, Told as _, at, examine, provokes};
use crate::ports::free_port;
use crate::programs::{Program, set_ups};
use crate::stalled::{Network, Way};

/// An app of `set_ups/python`, running.
struct Uvicorn {
    port: u16,
    program: Program,
}

/// What an app finds besides FastAPI and uvicorn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Library {
    /// No WebSocket library.
    None,
    /// The usual one.
    WebSockets,
    /// The usual one, and Starlette as it was before 1.0.
    OldStarlette,
}

impl Uvicorn {
    /// The chat with this fault, `none` if it is well.
    async fn start(fault: &str) -> Self {
        Self::run("app:app", fault, Library::WebSockets).await
    }

    async fn run(app: &str, fault: &str, library: Library) -> Self {
        Self::run_with(app, fault, library, &[], &[]).await
    }

    /// The chat, well, with these arguments for uvicorn and this environment.
    async fn told(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::run_with(
            "app:app",
            "none",
            Library::WebSockets,
            arguments,
            environment,
        )
        .await
    }

    async fn run_with(
        app: &str,
        fault: &str,
        library: Library,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Self {
        let environment = Environment::ready();
        let port = free_port();
        let mut command = Command::new(&environment.python);
        command
            .args(["-m", "uvicorn", app, "--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .arg("--app-dir")
            .arg(set_ups().join("python"))
            .args(arguments)
            .envs(settings.iter().copied())
            .env("FAULT", fault)
            .env("STATIC", set_ups().join("python/static"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", environment.path(library));
        let program = Program::start("uvicorn", command, &[("127.0.0.1", port)]).await;
        Self { port, program }
    }

    fn socket(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }
}

/// A virtual environment, and folders with what only some apps find.
struct Environment {
    folder: PathBuf,
    python: PathBuf,
}

impl Environment {
    /// Whichever test comes first makes it; the others wait for that.
    fn ready() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab-python");
        let python = folder.join("venv/bin/python");
        let environment = Self { folder, python };
        fs::create_dir_all(&environment.folder).unwrap();
        let lock = File::create(environment.folder.join("lock")).unwrap();
        lock.lock().unwrap();
        environment.install();
        environment
    }

    fn path(&self, library: Library) -> OsString {
        let folders: &[&str] = match library {
            Library::None => &[],
            Library::WebSockets => &["websockets"],
            Library::OldStarlette => &["websockets", "starlette"],
        };
        env::join_paths(folders.iter().map(|name| self.folder.join(name))).unwrap()
    }

    fn install(&self) {
        let required = |name: &str| set_ups().join("python").join(format!("{name}.txt"));
        let names = ["requirements", "websockets", "starlette"];
        let wanted = names
            .map(|name| fs::read_to_string(required(name)).unwrap())
            .concat();
        let installed = self.folder.join("installed.txt");
        if fs::read_to_string(&installed).ok().as_ref() == Some(&wanted) {
            return;
        }
        must(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(self.folder.join("venv")),
            "Python 3 with venv is needed: apt-get install python3 python3-venv",
        );
        for name in names {
            let mut install = Command::new(&self.python);
            install.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]);
            if name != "requirements" {
                // What an earlier version left behind is no use.
                let _ = fs::remove_dir_all(self.folder.join(name));
                install
                    .args(["--no-deps", "--target"])
                    .arg(self.folder.join(name));
            }
            install.arg("--requirement").arg(required(name));
            must(
                &mut install,
                "pip could not install what set_ups/python pins: it needs a package index",
            );
        }
        fs::write(&installed, wanted).unwrap();
    }
}

fn must(command: &mut Command, advice: &str) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{advice} ({error})"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{advice}; {command:?} said:\n{said}"
    );
}

provokes! {
    "auth.hidden_403" => the_handler_closes_before_it_accepts,
    "srv.no_ws_library" => uvicorn_has_no_websocket_library,
    "srv.static_mount" => static_files_swallow_the_route,
    "srv.crash" => the_handler_fails_after_it_accepted,
    "host.denied" => the_app_trusts_another_host,
    "auth.subprotocol_echo" => the_token_is_a_subprotocol_that_is_not_echoed,
    "idle.nopong" => the_way_to_the_server_is_dead,
    "auth.default_secret" => the_key_is_out_of_an_example,
    "cap.loop_blocked" => one_call_blocks_the_whole_loop,
}

async fn the_handler_closes_before_it_accepts(lab: &mut Lab) {
    let broken = Uvicorn::start("close_before_accept").await;
    lab.blames(at(broken.socket("/ws")).token("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"))
        .await;
    let well = Uvicorn::start("none").await;
    lab.clears(at(well.socket("/ws"))).await;
}

async fn uvicorn_has_no_websocket_library(lab: &mut Lab) {
    let without = Uvicorn::run("app:app", "none", Library::None).await;
    lab.blames(at(without.socket("/ws"))).await;
    without
        .program
        .hear("No supported WebSocket library detected")
        .await;
    let with = Uvicorn::start("none").await;
    lab.clears(at(with.socket("/ws"))).await;
}

async fn static_files_swallow_the_route(lab: &mut Lab) {
    let swallowed = Uvicorn::run("static_mount:app", "static_mount", Library::OldStarlette).await;
    lab.blames(at(swallowed.socket("/ws"))).await;
    let well = Uvicorn::run("static_mount:app", "none", Library::OldStarlette).await;
    lab.clears(at(well.socket("/ws"))).await;
}

async fn the_handler_fails_after_it_accepted(lab: &mut Lab) {
    let crashing = Uvicorn::start("crash").await;
    lab.blames(at(crashing.socket("/ws"))).await;
    let well = Uvicorn::start("none").await;
    lab.clears(at(well.socket("/ws"))).await;
}

async fn the_app_trusts_another_host(lab: &mut Lab) {
    let strict = Uvicorn::start("trusted_host").await;
    lab.blames(at(strict.socket("/ws"))).await;
    let well = Uvicorn::start("none").await;
    lab.clears(at(well.socket("/ws"))).await;
}

async fn the_token_is_a_subprotocol_that_is_not_echoed(lab: &mut Lab) {
    let offering = |server: &Uvicorn| {
        let mut options = at(server.socket("/ws"));
        let token = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl";
        options.subprotocols = ["access_token", token].map(str::to_owned).to_vec();
        options
    };
    let silent = Uvicorn::start("subprotocol_not_echoed").await;
    lab.blames(offering(&silent)).await;
    let well = Uvicorn::start("none").await;
    lab.clears(offering(&well)).await;
}

async fn one_call_blocks_the_whole_loop(lab: &mut Lab) {
    let blocked = Uvicorn::start("blocked_loop").await;
    lab.blames(at(blocked.socket("/ws"))).await;
    let well = Uvicorn::start("none").await;
    lab.clears(at(well.socket("/ws"))).await;
}

async fn the_way_to_the_server_is_dead(lab: &mut Lab) {
    let impatient = ["--ws-ping-interval", "1", "--ws-ping-timeout", "1"];
    let server = Uvicorn::told(&impatient, &[]).await;
    let held = |network: &Network, time| at(network.socket("/ws")).idle(time);
    let network = Network::to(server.port).await;
    tokio::join!(
        async {
            network.until_held().await;
            network.to_server(Way::Dead);
        },
        lab.blames(held(&network, Duration::from_secs(15))),
    );
    let network = Network::to(server.port).await;
    // Long enough for two pings and the time that their answers have.
    lab.clears(held(&network, Duration::from_secs(3))).await;
}

async fn the_key_is_out_of_an_example(lab: &mut Lab) {
    let own = "kJ8-vq2Lr0Tz5nXw7yBd3mHs9cGf4aEu";
    for (key, is_example) in [("your-256-bit-secret", true), (own, false)] {
        let server = Uvicorn::told(&[], &[("JWT_SECRET", key)]).await;
        let token = jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            &serde_json::json!({"sub": "ana", "exp": 4_000_000_000_u64}),
            &jsonwebtoken::EncodingKey::from_secret(key.as_bytes()),
        );
        let options = at(server.socket("/ws")).token(&token.unwrap());
        match is_example {
            true => lab.blames(options).await,
            false => lab.clears(options).await,
        };
        // The app does check it.
        let other = at(server.socket("/ws")).token("eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
        assert!(
            examine(&other).await.has_errors(),
            "any token opens the socket"
        );
    }
}
