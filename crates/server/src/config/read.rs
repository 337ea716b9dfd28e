//! From settings to a [`Config`]: ranges, words, addresses, and what must fit together.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mask::mask_secrets;
use super::settings::{Fault, Setting, Settings, Value};
use super::web_origin::{Scheme, WebOrigin};
use super::{
    AuthConfig, BotConfig, BotKind, Config, DataConfig, DiagnosticsConfig, IpRange, LogConfig,
    LogFormat, Origin, Registration, ServerConfig, SocketConfig, StoreSection, TelemetryConfig,
};
use crate::nearest::nearest;

/// Which database an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// Anything but PostgreSQL is a file; other schemes were refused before.
    pub(crate) fn of(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres
        } else {
            Self::Sqlite
        }
    }
}

impl Config {
    /// Reads and checks every setting.
    ///
    /// # Errors
    /// All that is wrong, in the order of the keys.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader {
            settings,
            faults: Vec::new(),
        };
        let config = reader.config();
        if reader.faults.is_empty() {
            Ok(config)
        } else {
            Err(reader.faults)
        }
    }
}

struct Reader<'a> {
    settings: &'a Settings,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn config(&mut self) -> Config {
        let server = self.server();
        let dir = self.data_dir();
        let url = self.store_url(&dir);
        self.absent(
            "bus.url",
            "this version has no bus; leave it empty and run one node, or several on one \
             PostgreSQL database, where each finds the events of the others in the log",
        );
        let auth = AuthConfig {
            registration: self.word(
                "auth.registration",
                &[
                    ("open", Registration::Open),
                    ("closed", Registration::Closed),
                ],
            ),
            signing_key_file: self.filled("auth.signing_key_file").map(PathBuf::from),
            session_idle_hours: self.number("auth.session_idle_hours", 1..=8_760),
            session_max_days: self.number("auth.session_max_days", 1..=365),
            ws_token_seconds: self.number("auth.ws_token_seconds", 5..=300),
        };
        let socket = SocketConfig {
            heartbeat_seconds: self.number("socket.heartbeat_seconds", 5..=300),
            frame_max_bytes: self.size("socket.frame_max_bytes", 1_024..=16_777_216),
            outbox_max_bytes: self.size("socket.outbox_max_bytes", 65_536..=268_435_456),
            per_user_max: self.size("socket.per_user_max", 1..=10_000),
            per_ip_max: self.size("socket.per_ip_max", 1..=1_000_000),
            subscriptions_max: self.size("socket.subscriptions_max", 1..=10_000),
            messages_per_second: self.rate("socket.messages_per_second"),
            message_burst: self.rate("socket.message_burst"),
            refusals_per_minute: self.rate("socket.refusals_per_minute"),
        };
        let log = LogConfig {
            keep_events: self.number("log.keep_events", 1..=10_000_000),
            keep_hours: self.number("log.keep_hours", 1..=87_600),
        };
        let bot = self.bot(&dir);
        let log_format = self.word(
            "telemetry.log_format",
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        );
        self.absent(
            "telemetry.otlp_endpoint",
            "this version sends no traces; leave it empty",
        );
        self.absent(
            "telemetry.metrics_listen",
            "this version has no listener of its own for metrics; leave it empty",
        );
        let enabled = self.truth("diagnostics.enabled");
        Config {
            server,
            data: DataConfig { dir },
            store: StoreSection { url },
            auth,
            socket,
            log,
            bot,
            diagnostics: DiagnosticsConfig { enabled },
            telemetry: TelemetryConfig { log_format },
            demo: false,
            settings: self.settings.clone(),
        }
    }

    fn server(&mut self) -> ServerConfig {
        let listen = self.listen();
        let public_url = self.public_url();
        let allowed_origins = self.each("server.allowed_origins", |text| {
            WebOrigin::parse(text).map(|origin| origin.to_string())
        });
        let trusted_proxies = self.each("server.trusted_proxies", str::parse::<IpRange>);
        let config = ServerConfig {
            listen,
            listen_is_default: self.settings.setting("server.listen").origin == Origin::Default,
            public_url: public_url.map(|url| url.to_string()),
            allowed_origins,
            trusted_proxies,
            drain_seconds: self.number("server.drain_seconds", 1..=300),
        };
        self.check_reach(&config);
        config
    }

    fn listen(&mut self) -> Vec<SocketAddr> {
        let addresses = self.each("server.listen", parse_address);
        let setting = self.settings.setting("server.listen");
        if matches!(&setting.value, Value::List(texts) if texts.is_empty()) {
            self.fault(setting, "names no address", "such as 127.0.0.1:8000");
        }
        let twice = addresses
            .iter()
            .enumerate()
            .find(|(index, address)| address.port() != 0 && addresses[..*index].contains(address));
        if let Some((_, address)) = twice {
            self.fault(
                setting,
                &format!("names {address} twice"),
                "each address once",
            );
        }
        let every = |address: &&SocketAddr| address.ip().is_unspecified();
        let v6 = addresses
            .iter()
            .filter(every)
            .find(|address| address.is_ipv6());
        let v4 = v6.and_then(|v6| {
            let same_port = |v4: &&SocketAddr| v4.is_ipv4() && v4.port() == v6.port();
            addresses.iter().filter(every).find(same_port)
        });
        if let (Some(v6), Some(v4)) = (v6, v4) {
            self.fault(
                setting,
                &format!("names {v4} and {v6}"),
                &format!("{v6} alone, which is both"),
            );
        }
        addresses
    }

    fn public_url(&mut self) -> Option<WebOrigin> {
        let text = self.filled("server.public_url")?;
        let setting = self.settings.setting("server.public_url");
        match WebOrigin::parse(&text) {
            Err(why) => {
                self.fault(
                    setting,
                    &format!("is `{text}`: it {why}"),
                    "https://desk.example.com",
                );
                None
            }
            Ok(url) if url.scheme == Scheme::Http && !url.is_loopback() => {
                let wanted = format!(
                    "https://{}; cookies and tokens would travel in the open",
                    url.host
                );
                self.fault(setting, &format!("is `{text}`"), &wanted);
                None
            }
            Ok(url) => Some(url),
        }
    }

    /// A listener that others can reach needs https in front of it: without it, cookies and
    /// tokens travel in the open, and the relaxed rules of a developer's machine refuse them.
    fn check_reach(&mut self, config: &ServerConfig) {
        let Some(open) = config
            .listen
            .iter()
            .find(|address| !address.ip().is_loopback())
        else {
            return;
        };
        if config.is_https() {
            return;
        }
        let (listen, public_url) = (
            self.settings.setting("server.listen"),
            self.settings.setting("server.public_url"),
        );
        let url = match &config.public_url {
            Some(url) => format!("is {url}"),
            None => "is unset".to_owned(),
        };
        self.faults.push(Fault(format!(
            "server.listen has {open} ({}), which other machines can reach, but server.public_url \
             {url} ({}): cookies and tokens would travel in the open. put a proxy with https in \
             front and set server.public_url to its address, such as https://desk.example.com, or \
             listen on 127.0.0.1:{}",
            listen.origin,
            public_url.origin,
            open.port()
        )));
    }

    fn data_dir(&mut self) -> PathBuf {
        let setting = self.settings.setting("data.dir");
        match self.filled("data.dir") {
            Some(text) => PathBuf::from(text),
            None => {
                self.fault(setting, "is empty", "a folder");
                PathBuf::new()
            }
        }
    }

    fn store_url(&mut self, data_dir: &std::path::Path) -> String {
        let Some(url) = self.filled("store.url") else {
            return format!("sqlite:{}", data_dir.join("frontdesk.db").display());
        };
        let setting = self.settings.setting("store.url");
        let wanted = "sqlite:<file> or postgres://user:password@host/database";
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            self.fault(setting, &format!("is `{}`", mask_secrets(&url)), wanted);
        } else if url
            .trim_start_matches("sqlite:")
            .trim_start_matches('/')
            .is_empty()
        {
            self.fault(setting, &format!("is `{url}`, which names no file"), wanted);
        } else if url.contains(":memory:") || url.contains("mode=memory") {
            self.fault(
                setting,
                &format!("is `{url}`, which is forgotten at the end"),
                wanted,
            );
        } else if setting.origin == Origin::Flag("--store-url") && mask_secrets(&url) != url {
            let why = "holds a password, which every account of this machine can see in the list \
                       of processes";
            self.fault(
                setting,
                why,
                "it in the environment variable FRONTDESK_STORE__URL",
            );
        }
        url
    }

    fn bot(&mut self, dir: &Path) -> BotConfig {
        let kind = self.word(
            "bot.kind",
            &[
                ("desk", BotKind::Desk),
                ("openai", BotKind::OpenAi),
                ("off", BotKind::Off),
            ],
        );
        let base_url = self.text("bot.base_url");
        let model = self.text("bot.model");
        if kind == BotKind::OpenAi {
            for (key, wanted) in [
                (
                    "bot.base_url",
                    "where the model is, such as http://127.0.0.1:11434/v1",
                ),
                ("bot.model", "the name of a model"),
            ] {
                if self.filled(key).is_none() {
                    let setting = self.settings.setting(key);
                    self.fault(setting, "is empty and bot.kind is openai", wanted);
                }
            }
        }
        let is_http = base_url.starts_with("http://") || base_url.starts_with("https://");
        if !base_url.is_empty() && !is_http {
            let setting = self.settings.setting("bot.base_url");
            let found = format!("is `{}`", mask_secrets(&base_url));
            self.fault(setting, &found, "http://… or https://…");
        }
        let tokens = self.number("bot.tokens_per_day", 1_000..=1_000_000_000);
        BotConfig {
            kind,
            faq_file: self.filled("bot.faq_file").map(PathBuf::from),
            faq_file_by_default: dir.join("faq.toml"),
            base_url,
            model,
            api_key_file: self.filled("bot.api_key_file").map(PathBuf::from),
            timeout: Duration::from_secs(self.number("bot.timeout_seconds", 1..=600)),
            tokens_per_day: i64::try_from(tokens).expect("the range ends below 2^63"),
        }
    }

    fn text(&self, key: &str) -> String {
        match &self.settings.setting(key).value {
            Value::Text(text) => text.clone(),
            Value::Number(_) | Value::Truth(_) | Value::List(_) => mistyped(key),
        }
    }

    fn filled(&self, key: &str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty())
    }

    fn truth(&self, key: &str) -> bool {
        match &self.settings.setting(key).value {
            Value::Truth(truth) => *truth,
            Value::Text(_) | Value::Number(_) | Value::List(_) => mistyped(key),
        }
    }

    /// Only for ranges without negative numbers. A number out of its range counts as the smallest.
    fn number(&mut self, key: &str, range: RangeInclusive<i64>) -> u64 {
        let setting = self.settings.setting(key);
        let Value::Number(found) = setting.value else {
            mistyped(key)
        };
        if !range.contains(&found) {
            let wanted = format!("{} to {}", range.start(), range.end());
            self.fault(setting, &format!("is {found}"), &wanted);
        }
        let inside = found.clamp(*range.start(), *range.end());
        u64::try_from(inside).expect("the ranges begin at 0 or above")
    }

    fn size(&mut self, key: &str, range: RangeInclusive<i64>) -> usize {
        usize::try_from(self.number(key, range)).expect("the ranges end far below 2^32")
    }

    fn rate(&mut self, key: &str) -> u32 {
        u32::try_from(self.number(key, 1..=100_000)).expect("the range ends far below 2^32")
    }

    /// A word out of its list counts as the first.
    fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> T {
        let setting = self.settings.setting(key);
        let text = self.text(key);
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let meant = match nearest(&text, names.iter().copied()) {
            Some(near) => format!("; did you mean {near}"),
            None => String::new(),
        };
        self.fault(
            setting,
            &format!("is `{text}`"),
            &format!("one of {}{meant}", names.join(", ")),
        );
        words.first().expect("no list of words is empty").1
    }

    fn each<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let setting = self.settings.setting(key);
        let Value::List(texts) = &setting.value else {
            mistyped(key)
        };
        let mut parsed = Vec::new();
        for text in texts {
            match parse(text) {
                Ok(value) => parsed.push(value),
                Err(why) => self.faults.push(Fault(format!(
                    "{key} has `{}` ({}), which {why}",
                    mask_secrets(text),
                    setting.origin
                ))),
            }
        }
        parsed
    }

    /// A key that does nothing in this version and must say so rather than be ignored.
    fn absent(&mut self, key: &str, why: &str) {
        if let Some(text) = self.filled(key) {
            let origin = &self.settings.setting(key).origin;
            let shown = mask_secrets(&text);
            self.faults
                .push(Fault(format!("{key} is `{shown}` ({origin}): {why}")));
        }
    }

    fn fault(&mut self, setting: &Setting, found: &str, wanted: &str) {
        let Setting { key, origin, .. } = setting;
        self.faults.push(Fault(format!(
            "{key} {found} ({origin}), expected {wanted}"
        )));
    }
}

/// Types were checked against the defaults when the layers were put together.
fn mistyped(key: &str) -> ! {
    panic!("config.default.toml gives {key} another type than the program reads")
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let with_address = text
        .strip_prefix("localhost:")
        .map(|port| format!("names a host; write 127.0.0.1:{port} and [::1]:{port}"));
    text.parse().map_err(|_| {
        with_address.unwrap_or_else(|| {
            let port = text.strip_prefix(':').unwrap_or(text);
            match port.parse::<u16>() {
                Ok(port) => format!("has no address; did you mean 127.0.0.1:{port}"),
                Err(_) => "is not an address and a port, such as 127.0.0.1:8000".to_owned(),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(file: &str) -> Result<Config, Vec<String>> {
        let mut settings = Settings::defaults();
        let mut faults = Vec::new();
        settings.add_file(Path::new("f.toml"), file, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        Config::read(&settings).map_err(|faults| faults.into_iter().map(|fault| fault.0).collect())
    }

    fn only_fault(file: &str) -> String {
        let faults = read(file).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.into_iter().next().unwrap()
    }

    #[test]
    fn the_defaults_are_what_the_documentation_promises() {
        let config = read("").unwrap();
        let listen: Vec<String> = config
            .server
            .listen
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(listen, ["127.0.0.1:8000", "[::1]:8000"]);
        assert!(config.server.listen_is_default && config.server.is_local());
        assert_eq!(config.store.url, "sqlite:frontdesk-data/frontdesk.db");
        assert_eq!(
            config.signing_key_file(),
            Some("frontdesk-data/signing.key".into())
        );
        assert_eq!(config.auth.ws_token_seconds, 300);
        assert_eq!(config.socket.frame_max_bytes, 65_536);
        assert_eq!(config.server.drain_seconds, 20);
        assert_eq!(config.auth.registration, Registration::Open);
    }

    #[test]
    fn a_number_out_of_its_range_is_refused_with_the_range() {
        assert_eq!(
            only_fault("[auth]\nws_token_seconds = 3600"),
            "auth.ws_token_seconds is 3600 (f.toml:2), expected 5 to 300"
        );
        assert_eq!(
            only_fault("[socket]\nheartbeat_seconds = -1"),
            "socket.heartbeat_seconds is -1 (f.toml:2), expected 5 to 300"
        );
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = read(
            "[server]\nlisten = [\"8000\"]\nallowed_origins = [\"*\"]\n[auth]\n\
             registration = \"opn\"\n[telemetry]\nlog_format = \"xml\"",
        )
        .unwrap_err();
        assert_eq!(
            faults,
            [
                "server.listen has `8000` (f.toml:2), which has no address; did you mean \
                 127.0.0.1:8000",
                "server.allowed_origins has `*` (f.toml:3), which is a wildcard; name each origin \
                 in full",
                "auth.registration is `opn` (f.toml:5), expected one of open, closed; did you mean \
                 open",
                "telemetry.log_format is `xml` (f.toml:7), expected one of text, json",
            ]
        );
    }

    #[test]
    fn what_this_version_does_not_have_is_refused_rather_than_ignored() {
        assert!(
            only_fault("[bus]\nurl = \"nats://a:b@c\"")
                .starts_with("bus.url is `nats://a:***@c` (f.toml:2): this version has no bus")
        );
        assert!(only_fault("[telemetry]\notlp_endpoint = \"http://a\"").contains("no traces"));
        assert!(only_fault("[telemetry]\nmetrics_listen = \"127.0.0.1:9\"").contains("metrics"));
    }

    #[test]
    fn a_model_needs_an_address_and_a_name() {
        let faults = read("[bot]\nkind = \"openai\"").unwrap_err();
        assert!(faults[0].starts_with("bot.base_url is empty and bot.kind is openai (default)"));
        assert!(faults[1].contains("bot.model is empty"));
        assert_eq!(
            only_fault("[bot]\nkind = \"gpt\""),
            "bot.kind is `gpt` (f.toml:2), expected one of desk, openai, off"
        );
        assert!(only_fault("[bot]\nbase_url = \"localhost:1\"").contains("is `localhost:1`"));
        assert_eq!(read("").unwrap().bot.kind, BotKind::Desk);
    }

    #[test]
    fn an_address_that_others_can_reach_needs_https_in_front() {
        let listen = "[server]\nlisten = [\"0.0.0.0:8000\"]\n";
        let fault = only_fault(listen);
        assert!(fault.contains("0.0.0.0:8000 (f.toml:2)"), "{fault}");
        assert!(
            fault.contains("server.public_url is unset (default)"),
            "{fault}"
        );
        assert!(fault.ends_with("or listen on 127.0.0.1:8000"), "{fault}");
        let fault = only_fault(&format!("{listen}public_url = \"http://localhost:8000\""));
        assert!(
            fault.contains("is http://localhost:8000 (f.toml:3)"),
            "{fault}"
        );
        let config = read(&format!(
            "{listen}public_url = \"https://Desk.example.com/\""
        ))
        .unwrap();
        assert_eq!(
            config.server.public_url.as_deref(),
            Some("https://desk.example.com")
        );
        assert!(config.server.is_https() && !config.server.is_local());
    }

    #[test]
    fn an_address_is_named_once() {
        let fault = only_fault("[server]\nlisten = \"127.0.0.1:1, 127.0.0.1:1\"");
        assert!(
            fault.contains("names 127.0.0.1:1 twice (f.toml:2)"),
            "{fault}"
        );
        let fault =
            only_fault("[server]\npublic_url = \"https://a.b\"\nlisten = \"0.0.0.0:80, [::]:80\"");
        assert!(
            fault.ends_with("expected [::]:80 alone, which is both"),
            "{fault}"
        );
        assert!(read("[server]\nlisten = \"127.0.0.1:0, [::1]:0\"").is_ok());
        assert!(only_fault("[server]\nlisten = []").contains("names no address"));
        assert!(only_fault("[server]\nlisten = \"localhost:1\"").contains("[::1]:1"));
    }

    #[test]
    fn a_public_address_without_https_is_refused() {
        let fault = only_fault("[server]\npublic_url = \"http://desk.example.com\"");
        assert!(
            fault.contains("expected https://desk.example.com"),
            "{fault}"
        );
        assert!(
            read("[server]\npublic_url = \"http://localhost:3000\"")
                .unwrap()
                .server
                .is_local()
        );
        let fault = only_fault("[server]\npublic_url = \"https://a.b/app\"");
        assert!(fault.contains("the path /app"), "{fault}");
    }

    #[test]
    fn the_store_is_a_file_or_postgresql_and_its_password_stays_hidden() {
        let config = read("[store]\nurl = \"postgres://a:b@c/d\"").unwrap();
        assert_eq!(config.database(), Database::Postgres);
        assert_eq!(config.signing_key_file(), None);
        let fault = only_fault("[store]\nurl = \"mysql://a:geheim@c/d\"");
        assert!(
            fault.starts_with("store.url is `mysql://a:***@c/d` (f.toml:2)"),
            "{fault}"
        );
        assert!(only_fault("[store]\nurl = \"sqlite::memory:\"").contains("forgotten"));
        let mut settings = Settings::defaults();
        let url = Value::Text("postgres://a:geheim@c/d".to_owned());
        settings.set("store.url", url, Origin::Flag("--store-url"));
        let faults = Config::read(&settings).unwrap_err();
        assert!(faults[0].0.contains("FRONTDESK_STORE__URL") && !faults[0].0.contains("geheim"));
    }
}
