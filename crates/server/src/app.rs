//! The one place where the parts are joined. Nothing here decides anything. Start at [`open`].

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use auth::{SigningKeys, SocketTokens, Throttle, ThrottleLimits};
use engine::Request;
use protocol::{BootId, Presence, Timestamp, UserId};
use store::Store;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bot::{self, Bot, FaqPlace, WakeBot};
use crate::broadcasts::Broadcasts;
use crate::config::Config;
use crate::host_hint::HostHint;
use crate::key;
use crate::limits;
use crate::metrics::Metrics;
use crate::origin::Origins;
use crate::passwords::Passwords;
use crate::peer::ProxyHint;
use crate::rate_limit::RateLimit;
use crate::ws::{
    self, Admissions, Attempts, Door, Engine, ForgetFirst, PresenceChanges, Sessions, Sockets,
    Typing,
};

/// Everything a handler may need. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    /// What the program was told to do.
    pub(crate) config: Arc<Config>,
    /// What must survive.
    pub(crate) store: Store,
    /// The shards that own the sockets.
    pub(crate) engine: Engine,
    /// The threads of the shards.
    pub(crate) sockets: Sockets,
    /// Where the shards say who came and went.
    pub(crate) presence: PresenceChanges,
    /// Which sessions are known to live.
    pub(crate) sessions: Sessions,
    /// Who answers in the chats until a person does.
    pub(crate) bot: Bot,
    /// Who is writing in which chat.
    pub(crate) typing: Typing,
    /// How many sockets an address may have.
    pub(crate) admissions: Admissions,
    /// What became of handshakes.
    pub(crate) attempts: Attempts,
    /// Handshakes on their way from HTTP to a shard.
    pub(crate) upgrades: TaskTracker,
    /// The signing keys, also of keyed hashes.
    pub(crate) keys: Arc<SigningKeys>,
    /// Socket tokens of these keys.
    pub(crate) tokens: Arc<SocketTokens>,
    /// Which pages may ask.
    pub(crate) origins: Arc<Origins>,
    /// Where passwords are hashed.
    pub(crate) passwords: Passwords,
    /// Failed logins.
    pub(crate) throttle: Arc<Mutex<Throttle>>,
    /// How often one caller may ask for what costs much.
    pub(crate) rates: Arc<Rates>,
    /// Streams of `GET /diagnose/sse` that may be open at once.
    pub(crate) ticking: Arc<Semaphore>,
    /// Whether a proxy seems to stand in front that nobody named.
    pub(crate) proxy_hint: Arc<ProxyHint>,
    /// Whether people come by another address than the public one.
    pub(crate) host_hint: Arc<HostHint>,
    /// Wakes the job that writes notifications to a role.
    pub(crate) broadcasts: Broadcasts,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// This run of the program.
    pub(crate) boot_id: BootId,
    /// Cancelled when draining begins.
    pub(crate) shutdown: CancellationToken,
}

/// Rate limits of routes.
#[derive(Debug)]
pub(crate) struct Rates {
    /// `POST /auth/register`, by subscriber.
    pub(crate) registrations: RateLimit<IpAddr>,
    /// `POST /setup`, by subscriber.
    pub(crate) setups: RateLimit<IpAddr>,
    /// `GET /auth/ws-token`.
    pub(crate) socket_tokens: RateLimit<UserId>,
    /// `GET /connect-check/{attempt}`, by subscriber.
    pub(crate) connect_checks: RateLimit<IpAddr>,
    /// `/diagnose` and what is below it, by subscriber.
    pub(crate) diagnoses: RateLimit<IpAddr>,
    /// `POST /bot/try`.
    pub(crate) bot_tries: RateLimit<UserId>,
}

/// What the shards say; whoever serves listens to it.
pub(crate) struct Heard {
    /// What they ask, for [`ws::answer_all`].
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    /// Who came and went, for [`ws::presence::tell_changes`].
    pub(crate) presence: mpsc::UnboundedReceiver<(Presence, bool)>,
}

/// Opens the store, loads the keys, starts the shards, joins the parts.
///
/// # Errors
/// The store cannot be opened or the keys cannot be loaded; the text names cause and fix.
pub(crate) async fn open(config: Config) -> anyhow::Result<(App, Heard)> {
    let (engine, seats) = ws::engine(&config.socket);
    let idle = Duration::from_secs(config.auth.session_idle_hours * 3_600);
    let sessions = Sessions::new(idle);
    let bot = Bot::new(bot::open_mind(&config.bot)?, FaqPlace::of(&config.bot));
    let announce = ForgetFirst {
        sessions: sessions.clone(),
        next: WakeBot {
            bot: bot.clone(),
            next: engine.clone(),
        },
    };
    let store = Store::open(&config.store_config(), Arc::new(announce)).await?;
    let keys = key::load(&config, &store)
        .await
        .context("cannot load the signing keys")?;
    let boot_id = BootId::new();
    let tokens = Arc::new(SocketTokens::new(keys.clone()));
    let attempts = Attempts::default();
    let door = Door {
        tokens: Arc::clone(&tokens),
        sessions: sessions.clone(),
        engine: engine.clone(),
        attempts: attempts.clone(),
    };
    let (sockets, requests) = Sockets::start(seats, &store, boot_id, door).await?;
    let (presence, changes) = PresenceChanges::new();
    let socket = &config.socket;
    let app = App {
        admissions: Admissions::new(socket.per_ip_max, socket.refusals_per_minute),
        attempts,
        presence,
        sessions,
        bot,
        typing: Typing::default(),
        engine,
        sockets,
        upgrades: TaskTracker::new(),
        tokens,
        keys: Arc::new(keys),
        origins: Arc::new(Origins::new(&config)),
        passwords: Passwords::start().context("cannot start the threads that hash passwords")?,
        throttle: Arc::new(Mutex::new(Throttle::new(ThrottleLimits::default()))),
        rates: Arc::new(Rates::new()),
        ticking: Arc::new(Semaphore::new(limits::DIAGNOSE_STREAMS_MAX)),
        proxy_hint: Arc::new(ProxyHint::default()),
        host_hint: Arc::new(HostHint::new(&config)),
        broadcasts: Broadcasts::default(),
        metrics: Arc::new(Metrics::new(now())),
        boot_id,
        shutdown: CancellationToken::new(),
        config: Arc::new(config),
        store,
    };
    Ok((
        app,
        Heard {
            requests,
            presence: changes,
        },
    ))
}

impl App {
    /// The time. Handlers read it here and hand it on.
    pub(crate) fn now(&self) -> Timestamp {
        now()
    }

    /// Closes every socket and waits until all are gone; each client is told to come back at a
    /// moment of its own.
    pub(crate) async fn drain(&self) {
        // A handshake that was let in before the drain began still reaches its shard.
        self.upgrades.close();
        self.upgrades.wait().await;
        let window = Duration::from_secs(self.config.server.drain_seconds);
        self.sockets.drain(&self.engine, window).await;
    }
}

impl Rates {
    fn new() -> Self {
        Self {
            registrations: RateLimit::new(limits::REGISTRATIONS, limits::RATE_LIMIT_KEYS_MAX),
            setups: RateLimit::new(limits::SETUPS, limits::RATE_LIMIT_KEYS_MAX),
            socket_tokens: RateLimit::new(limits::SOCKET_TOKENS, limits::RATE_LIMIT_KEYS_MAX),
            connect_checks: RateLimit::new(limits::CONNECT_CHECKS, limits::RATE_LIMIT_KEYS_MAX),
            diagnoses: RateLimit::new(limits::DIAGNOSES, limits::RATE_LIMIT_KEYS_MAX),
            bot_tries: RateLimit::new(limits::BOT_TRIES, limits::RATE_LIMIT_KEYS_MAX),
        }
    }
}

/// The calendar's time, in milliseconds.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
