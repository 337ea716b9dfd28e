//! What the program is told to do: defaults, then a file, then the environment, then flags; checked
//! once, at the start. Nothing else reads the environment. Start at [`Config`].

mod ip_range;
mod mask;
mod read;
mod settings;
mod show;
mod web_origin;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use ip_range::IpRange;
pub(crate) use mask::mask_secrets;
pub(crate) use read::Database;
pub(crate) use settings::{DEFAULTS, Fault, Origin, Settings, Sources, Value};
pub(crate) use show::{ShownSetting, listed, show_json, show_toml};
pub(crate) use web_origin::{WebOrigin, is_loopback_host};

/// The whole configuration, checked. Every key is explained in `config.default.toml`.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) data: DataConfig,
    pub(crate) store: StoreSection,
    pub(crate) auth: AuthConfig,
    pub(crate) socket: SocketConfig,
    pub(crate) log: LogConfig,
    pub(crate) bot: BotConfig,
    pub(crate) diagnostics: DiagnosticsConfig,
    pub(crate) telemetry: TelemetryConfig,
    /// `serve --demo`: the accounts of the demo are there, with their public passwords.
    pub(crate) demo: bool,
    /// Every key as it is in force, secrets and all: to be shown by [`listed`] alone.
    pub(crate) settings: Settings,
}

/// `[server]`
#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    /// At least one, no two equal.
    pub(crate) listen: Vec<SocketAddr>,
    /// Whether `listen` is the default, so that one of its two addresses may be missing.
    pub(crate) listen_is_default: bool,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) public_url: Option<String>,
    /// Each as a browser writes it.
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<IpRange>,
    pub(crate) drain_seconds: u64,
}

impl ServerConfig {
    /// Whether browsers reach this server over https, so that cookies are `Secure`.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether this is a developer's machine: `public_url` unset, or a loopback host.
    pub(crate) fn is_local(&self) -> bool {
        match &self.public_url {
            None => true,
            Some(url) => WebOrigin::parse(url).is_ok_and(|origin| origin.is_loopback()),
        }
    }
}

/// `[data]`
#[derive(Clone, Debug)]
pub(crate) struct DataConfig {
    pub(crate) dir: PathBuf,
}

/// `[store]`
#[derive(Clone, Debug)]
pub(crate) struct StoreSection {
    /// Never empty: the default is a file in the data folder. May hold a password.
    pub(crate) url: String,
}

/// `[auth]`
#[derive(Clone, Debug)]
pub(crate) struct AuthConfig {
    pub(crate) registration: Registration,
    /// None: in the data folder on SQLite, in the database on PostgreSQL.
    pub(crate) signing_key_file: Option<PathBuf>,
    pub(crate) session_idle_hours: u64,
    pub(crate) session_max_days: u64,
    pub(crate) ws_token_seconds: u64,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    Open,
    Closed,
}

/// `[socket]`
#[derive(Clone, Debug)]
pub(crate) struct SocketConfig {
    pub(crate) heartbeat_seconds: u64,
    pub(crate) frame_max_bytes: usize,
    pub(crate) outbox_max_bytes: usize,
    pub(crate) per_user_max: usize,
    pub(crate) per_ip_max: usize,
    pub(crate) subscriptions_max: usize,
    pub(crate) messages_per_second: u32,
    pub(crate) message_burst: u32,
    pub(crate) refusals_per_minute: u32,
}

/// `[log]`: the event log, not the program's own.
#[derive(Clone, Debug)]
pub(crate) struct LogConfig {
    pub(crate) keep_events: u64,
    pub(crate) keep_hours: u64,
}

/// `[bot]`
#[derive(Clone, Debug)]
pub(crate) struct BotConfig {
    pub(crate) kind: BotKind,
    /// What the operator wants answered; none: the file that is compiled in.
    pub(crate) faq_file: Option<PathBuf>,
    /// Where answers are written that an admin gives over HTTP while no file is named.
    pub(crate) faq_file_by_default: PathBuf,
    /// Where the model's interface begins; may hold a password.
    pub(crate) base_url: String,
    pub(crate) model: String,
    pub(crate) api_key_file: Option<PathBuf>,
    /// Longest silence of the model.
    pub(crate) timeout: Duration,
    /// What one customer may cost in a day.
    pub(crate) tokens_per_day: i64,
}

/// Who answers in new chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BotKind {
    Desk,
    OpenAi,
    Off,
}

/// `[diagnostics]`
#[derive(Clone, Debug)]
pub(crate) struct DiagnosticsConfig {
    pub(crate) enabled: bool,
}

/// `[telemetry]`
#[derive(Clone, Debug)]
pub(crate) struct TelemetryConfig {
    pub(crate) log_format: LogFormat,
}

/// How the program's own log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Which database the store's address names.
    pub(crate) fn database(&self) -> Database {
        Database::of(&self.store.url)
    }

    /// The file of the signing key, or none when the key lives in the database.
    pub(crate) fn signing_key_file(&self) -> Option<PathBuf> {
        match (&self.auth.signing_key_file, self.database()) {
            (Some(path), _) => Some(path.clone()),
            (None, Database::Sqlite) => Some(self.data.dir.join("signing.key")),
            (None, Database::Postgres) => None,
        }
    }

    /// What the store needs to know.
    pub(crate) fn store_config(&self) -> store::StoreConfig {
        store::StoreConfig {
            url: self.store.url.clone(),
            keep_events: self.log.keep_events,
            keep_hours: self.log.keep_hours,
            session_idle_hours: self.auth.session_idle_hours,
            session_max_days: self.auth.session_max_days,
            bot: self.bot.kind != BotKind::Off,
        }
    }
}
