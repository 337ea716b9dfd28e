//! A database for one test, a listener for what the store announces, and short words for what
//! most tests need.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use desk::Actor;
use engine::{Announce, Event, EventLog as _, LogPage, PageLimits};
use protocol::{
    ChannelName, ErrorCode, Item, ItemId, Order, OrderId, Problem, Role, SessionId, Timestamp,
    User, UserId,
};
use sqlx::Connection as _;
use store::{
    CreateItem, CreateSession, CreateUser, NewLine, PlaceOrder, Store, StoreConfig, WriteError,
};
use tempfile::TempDir;

/// An empty database of either kind.
pub(crate) struct Place {
    pub(crate) config: StoreConfig,
    folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("data/desk.db").display());
        Self {
            config: config(url),
            folder: Some(folder),
        }
    }

    pub(crate) fn postgres() -> Self {
        Self {
            config: config(testbed::new_database()),
            folder: None,
        }
    }

    pub(crate) fn at(url: String) -> Self {
        Self {
            config: config(url),
            folder: None,
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    /// The file of the database; SQLite only.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("data/desk.db")
    }

    /// Opens a store on it, as another process or node would.
    pub(crate) async fn open(&self) -> Node {
        open(&self.config).await
    }

    /// The same where a bot answers in new chats.
    pub(crate) async fn open_with_bot(&self) -> Node {
        open(&StoreConfig {
            bot: true,
            ..self.config.clone()
        })
        .await
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn sql(&self, sql: &str) {
        self.connect().await.run(sql).await;
    }

    /// A connection behind the store's back.
    pub(crate) async fn connect(&self) -> Raw {
        if self.is_sqlite() {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.file());
            Raw::Sqlite(
                sqlx::SqliteConnection::connect_with(&options)
                    .await
                    .unwrap(),
            )
        } else {
            Raw::Postgres(sqlx::PgConnection::connect(&self.config.url).await.unwrap())
        }
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match self.connect().await {
            Raw::Sqlite(mut connection) => sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap(),
            Raw::Postgres(mut connection) => sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap(),
        }
    }

    /// Keeps the store from writing until the connection is told to `COMMIT`.
    pub(crate) async fn block_writes(&self) -> Raw {
        let mut raw = self.connect().await;
        let begin = if self.is_sqlite() {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN; LOCK TABLE users, orders, channels IN EXCLUSIVE MODE"
        };
        raw.run(begin).await;
        raw
    }
}

async fn open(config: &StoreConfig) -> Node {
    let told = Arc::new(Told::default());
    let store = Store::open(config, Arc::clone(&told) as _).await.unwrap();
    Node { store, told }
}

fn config(url: String) -> StoreConfig {
    StoreConfig {
        url,
        keep_events: 10_000,
        keep_hours: 168,
        session_idle_hours: 336,
        session_max_days: 90,
        bot: false,
    }
}

pub(crate) enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Raw {
    /// Whether the database refuses it.
    pub(crate) async fn fails(&mut self, sql: &str) -> bool {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.is_err(),
            Self::Postgres(connection) => sql.execute(connection).await.is_err(),
        }
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => drop(sql.execute(connection).await.unwrap()),
            Self::Postgres(connection) => drop(sql.execute(connection).await.unwrap()),
        }
    }
}

/// One open store, and what it announced.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) told: Arc<Told>,
}

/// Every announcement, in the order in which they came.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Vec<Event>>>);

impl Announce for Told {
    fn announce(&self, events: Arc<[Event]>) {
        self.0.lock().unwrap().push(events.to_vec());
    }
}

impl Told {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().concat()
    }

    pub(crate) fn on(&self, channel: &ChannelName) -> Vec<Event> {
        self.all()
            .into_iter()
            .filter(|event| event.channel == *channel)
            .collect()
    }

    /// How often something was announced: once per transaction that told of something.
    pub(crate) fn times(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A moment some milliseconds after a day in 2026.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp(1_790_000_000_000 + ms)
}

pub(crate) fn actor(user: &User) -> Actor {
    Actor {
        id: user.id,
        role: user.role,
    }
}

pub(crate) fn new_user(email: &str, role: Role) -> CreateUser {
    CreateUser {
        id: UserId::new(),
        email: email.to_owned(),
        name: email.split('@').next().unwrap().to_owned(),
        role,
        password_hash: format!("hash of {email}"),
        now: at(0),
    }
}

impl Node {
    pub(crate) async fn user(&self, name: &str, role: Role) -> User {
        self.store
            .write(new_user(&format!("{name}@example.com"), role))
            .await
            .unwrap()
    }

    pub(crate) async fn item(&self, name: &str, unit_price: i64) -> Item {
        self.priced_item(name, unit_price, "EUR").await
    }

    pub(crate) async fn priced_item(&self, name: &str, unit_price: i64, currency: &str) -> Item {
        let create = CreateItem {
            actor: Actor {
                id: UserId::new(),
                role: Role::Admin,
            },
            id: ItemId::new(),
            name: name.to_owned(),
            unit_price,
            currency: currency.to_owned(),
            available: true,
            now: at(0),
        };
        self.store.write(create).await.unwrap()
    }

    pub(crate) async fn session(&self, user: &User, secret: u8, now: Timestamp) -> SessionId {
        self.store
            .write(new_session(user, secret, now))
            .await
            .unwrap()
            .id
    }

    pub(crate) async fn order(&self, customer: &User, item: &Item) -> Order {
        self.store.write(new_order(customer, item)).await.unwrap()
    }

    pub(crate) async fn page(&self, channel: &ChannelName, after: u64) -> LogPage {
        let limits = PageLimits {
            events: 100_000,
            bytes: usize::MAX,
        };
        self.store
            .event_log()
            .page(channel, after, limits)
            .await
            .unwrap()
    }
}

pub(crate) fn new_session(user: &User, secret: u8, now: Timestamp) -> CreateSession {
    CreateSession {
        id: SessionId::new(),
        user: user.id,
        checked_hash: None,
        secret_hash: [secret; 32],
        user_agent: "a browser".to_owned(),
        replaces: None,
        now,
    }
}

pub(crate) fn new_order(customer: &User, item: &Item) -> PlaceOrder {
    PlaceOrder {
        actor: actor(customer),
        id: OrderId::new(),
        customer: customer.id,
        lines: vec![NewLine::Item {
            item_id: item.id,
            quantity: 2,
        }],
        currency: None,
        note: String::new(),
        now: at(0),
    }
}

/// The problem of a write that must have been refused.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, WriteError>) -> Problem {
    match result {
        Err(WriteError::Refused(problem)) => problem,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused_with<T: std::fmt::Debug>(result: Result<T, WriteError>, code: ErrorCode) {
    let problem = refused(result);
    assert_eq!(problem.code, code, "{}", problem.detail);
}

/// The pointers of a refusal with `validation_failed`.
#[track_caller]
pub(crate) fn invalid_fields<T: std::fmt::Debug>(result: Result<T, WriteError>) -> Vec<String> {
    let problem = refused(result);
    assert_eq!(
        problem.code,
        ErrorCode::ValidationFailed,
        "{}",
        problem.detail
    );
    problem
        .errors
        .into_iter()
        .map(|error| error.pointer)
        .collect()
}
