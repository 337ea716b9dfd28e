//! The distribution's proxies, each in front of a server. Start at [`nginx`], [`haproxy`], [`caddy`]
//! and [`apache`].

use std::process::Command;

use crate::ports::free_port;
use crate::programs::{Program, installed, write_set_up};

/// A proxy, running until this is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    _program: Program,
    _folder: tempfile::TempDir,
}

impl Proxy {
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    pub(crate) fn socket(&self, path: &str) -> String {
        format!("ws://localhost:{}{path}", self.port)
    }
}

/// What passes sockets on, in a location of nginx.
pub(crate) const NGINX_PASSES_SOCKETS: &str = "proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection \"upgrade\";
    proxy_set_header Host $http_host;";

/// nginx with this in its `server { … }`.
pub(crate) async fn nginx(server: &str) -> Proxy {
    nginx_with("", server).await
}

/// nginx with something beside its server too.
pub(crate) async fn nginx_with(http: &str, server: &str) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let (port_word, folder_word) = (port.to_string(), folder.path().display().to_string());
    let words = [
        ("port", port_word.as_str()),
        ("folder", &folder_word),
        ("http", http),
        ("server", server),
    ];
    let file = write_set_up("nginx/main.conf", &words, folder.path());
    let mut command = Command::new(installed("nginx", "nginx-light"));
    command.arg("-p").arg(folder.path()).arg("-c").arg(file);
    start("nginx", command, port, folder).await
}

/// nginx with one location that hands everything to this upstream, with these lines.
pub(crate) async fn nginx_before(upstream: u16, lines: &str) -> Proxy {
    nginx(&format!(
        "location / {{ proxy_pass http://127.0.0.1:{upstream}; {lines} }}"
    ))
    .await
}

/// What a haproxy is told.
pub(crate) struct Haproxy {
    pub(crate) frontend: &'static str,
    pub(crate) backend: &'static str,
    /// Of silence, on either side.
    pub(crate) timeout: &'static str,
}

impl Haproxy {
    pub(crate) const WELL: Self = Self {
        frontend: "",
        backend: "",
        timeout: "1h",
    };
}

pub(crate) async fn haproxy(upstream: u16, told: Haproxy) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let words = [
        ("port", port.to_string()),
        ("upstream", upstream.to_string()),
        ("frontend", told.frontend.to_owned()),
        ("backend", told.backend.to_owned()),
        ("timeout", told.timeout.to_owned()),
    ];
    let words: Vec<_> = words
        .iter()
        .map(|(word, value)| (*word, value.as_str()))
        .collect();
    let file = write_set_up("haproxy/main.cfg", &words, folder.path());
    let mut command = Command::new(installed("haproxy", "haproxy"));
    command.arg("-db").arg("-f").arg(file);
    start("haproxy", command, port, folder).await
}

/// Caddy with these directives in its site.
pub(crate) async fn caddy(site: &str) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let (port_word, folder_word) = (port.to_string(), folder.path().display().to_string());
    let words = [
        ("port", port_word.as_str()),
        ("folder", &folder_word),
        ("site", site),
    ];
    let file = write_set_up("caddy/Caddyfile", &words, folder.path());
    let mut command = Command::new(installed("caddy", "caddy"));
    command
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file);
    command.env("HOME", folder.path());
    start("caddy", command, port, folder).await
}

/// Apache with these directives.
pub(crate) async fn apache(site: &str) -> Proxy {
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let (port_word, folder_word) = (port.to_string(), folder.path().display().to_string());
    let program = installed("apache2", "apache2");
    let words = [
        ("port", port_word.as_str()),
        ("folder", &folder_word),
        ("modules", "/usr/lib/apache2/modules"),
        ("site", site),
    ];
    let file = write_set_up("apache/main.conf", &words, folder.path());
    let mut command = Command::new(program);
    command.arg("-X").arg("-f").arg(file);
    start("apache", command, port, folder).await
}

async fn start(
    name: &'static str,
    command: Command,
    port: u16,
    folder: tempfile::TempDir,
) -> Proxy {
    let listens = [("127.0.0.1", port), ("::1", port)];
    Proxy {
        port,
        _program: Program::start(name, command, &listens).await,
        _folder: folder,
    }
}
