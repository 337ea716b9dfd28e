//! What a durable append costs: writers that send chat messages through the store, against a bare
//! loop of the same group commits in one statement text, on the same disk. For whoever works on
//! the writer; the number that is promised comes from `frontdesk bench append`.
//!
//! `cargo run --release -p store --example append -- [writers] [messages per round] [rounds] [folder]`

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use desk::Actor;
use engine::{Announce, Event, EventLog as _, PageLimits};
use protocol::{ChannelName, ChatId, EventId, MessageId, Role, Timestamp, User, UserId};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
use store::{BeginChat, CreateUser, Store, StoreConfig, WriteMessage};

/// What a person writes.
const BODY: &str = "Could you tell me whether the blue one is still there, and when it would come?";

/// Channels of a message: its chat, its customer and the staff.
const EVENTS_OF_A_MESSAGE: usize = 3;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, otherwise: usize| match arguments.get(place) {
        Some(text) => text.parse().map_err(|error| format!("{text}: {error}")),
        None => Ok(otherwise),
    };
    let (writers, messages, rounds) = (number(0, 64)?, number(1, 6_400)?, number(2, 7)?);
    let folder = match arguments.get(3) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let mut ours = Ours::open(&folder.path().join("ours/desk.db"), writers).await?;
    let mut bare = Bare::open(&folder.path().join("bare/desk.db"), writers).await?;
    ours.round(writers * 10).await?;
    let mut out = std::io::stdout();
    let mut rows = Vec::new();
    for round in 1..=rounds {
        let fsync = fsync(&folder.path().join("fsync"))?;
        let cpu = cpu()?;
        let our = ours.round(messages).await?;
        let our_cpu = self::cpu()? - cpu;
        let group = (our.messages as f64 / our.groups as f64).round().max(1.0) as usize;
        let cpu = self::cpu()?;
        let theirs = bare.round(messages, group).await?;
        let bare_cpu = self::cpu()? - cpu;
        let row = Row {
            ours_cpu_us: micros(our_cpu) / messages as f64,
            bare_cpu_us: micros(bare_cpu) / messages as f64,
            ours_us: micros(our.took) / messages as f64,
            bare_us: micros(theirs) / messages as f64,
            group: our.messages as f64 / our.groups as f64,
            p50_us: micros(our.latency(0.5)),
            p99_us: micros(our.latency(0.99)),
            max_us: micros(our.latency(1.0)),
            fsync_us: micros(fsync),
        };
        writeln!(out, "round {round}: {row}")?;
        rows.push(row);
    }
    let median = Row {
        ours_cpu_us: median(&rows, |row| row.ours_cpu_us),
        bare_cpu_us: median(&rows, |row| row.bare_cpu_us),
        ours_us: median(&rows, |row| row.ours_us),
        bare_us: median(&rows, |row| row.bare_us),
        group: median(&rows, |row| row.group),
        p50_us: median(&rows, |row| row.p50_us),
        p99_us: median(&rows, |row| row.p99_us),
        max_us: median(&rows, |row| row.max_us),
        fsync_us: median(&rows, |row| row.fsync_us),
    };
    writeln!(out, "median:  {median}")?;
    writeln!(out, "{}", ours.pages().await?)?;
    ours.store.close().await;
    Ok(())
}

/// One round, or the medians of all.
struct Row {
    ours_us: f64,
    bare_us: f64,
    /// Of all threads, the senders' own work included.
    ours_cpu_us: f64,
    bare_cpu_us: f64,
    group: f64,
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
    fsync_us: f64,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.2}x ({:.1} us, bare {:.1} us; of the CPU {:.1} us, bare {:.1} us), \
             {:.0}/s in groups of {:.1}; answered after {:.0} us (p50), {:.0} us (p99), {:.0} us (max); fsync {:.0} us",
            self.ours_us / self.bare_us,
            self.ours_us,
            self.bare_us,
            self.ours_cpu_us,
            self.bare_cpu_us,
            1e6 / self.ours_us,
            self.group,
            self.p50_us,
            self.p99_us,
            self.max_us,
            self.fsync_us
        )
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn median(rows: &[Row], value: impl Fn(&Row) -> f64) -> f64 {
    let mut values: Vec<f64> = rows.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(since.unwrap_or_default().as_millis() as i64)
}

/// The middle of some small appends with a sync each: what the disk alone takes.
fn fsync(path: &Path) -> std::io::Result<Duration> {
    let mut file = std::fs::File::create(path)?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let begin = Instant::now();
        file.write_all(&[1; 4_096])?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// What this process has had of the CPU, in all of its threads.
fn cpu() -> std::io::Result<Duration> {
    let mut sum = 0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanos = text.split(' ').next().unwrap_or_default().parse();
        sum += nanos.unwrap_or(0_u64);
    }
    Ok(Duration::from_nanos(sum))
}

/// Counts what is announced: once for each group.
#[derive(Default)]
struct Groups(AtomicU64);

impl Announce for Groups {
    fn announce(&self, _events: Arc<[Event]>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The store under load.
struct Ours {
    store: Store,
    groups: Arc<Groups>,
    chats: Vec<(User, ChatId)>,
}

struct Round {
    took: Duration,
    messages: u64,
    groups: u64,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Round {
    fn latency(&self, quantile: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * quantile) as usize]
    }
}

impl Ours {
    async fn open(path: &Path, writers: usize) -> Result<Self, Box<dyn Error>> {
        let groups = Arc::new(Groups::default());
        let config = StoreConfig {
            url: format!("sqlite:{}", path.display()),
            keep_events: 100_000,
            keep_hours: 24,
            session_idle_hours: 24,
            session_max_days: 30,
            bot: false,
        };
        let store = Store::open(&config, Arc::clone(&groups) as _).await?;
        let mut chats = Vec::new();
        for index in 0..writers {
            let user = CreateUser {
                id: UserId::new(),
                email: format!("customer{index}@example.com"),
                name: format!("Customer {index}"),
                role: Role::Customer,
                password_hash: String::new(),
                now: now(),
            };
            let user = store.write(user).await.map_err(text)?;
            let chat = BeginChat {
                actor: actor(&user),
                id: ChatId::new(),
                customer: user.id,
                subject: "A question".to_owned(),
                now: now(),
            };
            let chat = store.write(chat).await.map_err(text)?;
            chats.push((user, chat.id));
        }
        Ok(Self {
            store,
            groups,
            chats,
        })
    }

    /// Every writer waits for its answer before it sends the next message.
    async fn round(&mut self, messages: usize) -> Result<Round, Box<dyn Error>> {
        let each = messages / self.chats.len();
        let groups = self.groups.0.load(Ordering::Relaxed);
        let begin = Instant::now();
        let writers: Vec<_> = self
            .chats
            .iter()
            .map(|(user, chat)| {
                let (store, actor, chat) = (self.store.clone(), actor(user), *chat);
                tokio::spawn(async move {
                    let mut latencies = Vec::with_capacity(each);
                    for _ in 0..each {
                        let id = MessageId::new();
                        let message = WriteMessage {
                            actor,
                            id,
                            chat,
                            client_id: Some(id.to_string()),
                            body: BODY.to_owned(),
                            note: false,
                            now: now(),
                        };
                        let begin = Instant::now();
                        store.write(message).await.map_err(text)?;
                        latencies.push(begin.elapsed());
                    }
                    Ok::<_, String>(latencies)
                })
            })
            .collect();
        let mut latencies = Vec::with_capacity(messages);
        for writer in writers {
            latencies.extend(writer.await??);
        }
        let took = begin.elapsed();
        latencies.sort_unstable();
        Ok(Round {
            took,
            messages: latencies.len() as u64,
            groups: self.groups.0.load(Ordering::Relaxed) - groups,
            latencies,
        })
    }

    /// How fast a client that comes back gets its pages, from one reader and from eight.
    async fn pages(&self) -> Result<String, Box<dyn Error>> {
        let limits = PageLimits {
            events: 256,
            bytes: 1 << 20,
        };
        let mut said = String::new();
        for readers in [1_usize, 8] {
            let begin = Instant::now();
            let reading: Vec<_> = (0..readers)
                .map(|_| {
                    let log = self.store.event_log();
                    tokio::spawn(async move {
                        let mut read = (0_usize, 0_u64);
                        while read.0 < 200 {
                            let page = log.page(&ChannelName::staff(), read.1, limits).await?;
                            read.0 += 1;
                            read.1 = match page.events.last() {
                                Some(last) if last.offset < page.head => last.offset,
                                _ => 0,
                            };
                        }
                        Ok::<_, engine::LogError>(read.0)
                    })
                })
                .collect();
            let mut pages = 0;
            for reader in reading {
                pages += reader.await?.map_err(|error| error.to_string())?;
            }
            let each = micros(begin.elapsed()) / pages as f64;
            said += &format!("a page of 256 events with {readers} reading: {each:.0} us; ");
        }
        let begin = Instant::now();
        for (user, _) in self.chats.iter().cycle().take(2_000) {
            self.store
                .user(user.id)
                .await
                .map_err(|error| error.to_string())?;
        }
        let each = micros(begin.elapsed()) / 2_000.0;
        Ok(said + &format!("an account by its id: {each:.0} us"))
    }
}

fn text(error: store::WriteError) -> String {
    format!("a write failed: {error:?}")
}

fn actor(user: &User) -> Actor {
    Actor {
        id: user.id,
        role: user.role,
    }
}

/// The least that a database must do for the same groups: the rows, and nothing read.
struct Bare {
    connection: SqliteConnection,
    offset: i64,
    /// As many as there are writers, so that as many pages are touched.
    chats: Vec<String>,
}

impl Bare {
    async fn open(path: &Path, chats: usize) -> Result<Self, Box<dyn Error>> {
        let tables = Ours::open(path, 1).await?;
        tables.store.close().await;
        let connection = SqliteConnectOptions::new()
            .filename(PathBuf::from(path))
            .foreign_keys(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging()
            .connect()
            .await?;
        Ok(Self {
            connection,
            offset: 1_000,
            chats: (0..chats).map(|_| ChatId::new().to_string()).collect(),
        })
    }

    async fn round(&mut self, messages: usize, group: usize) -> Result<Duration, Box<dyn Error>> {
        let mut took = Duration::ZERO;
        let mut left = messages;
        while left > 0 {
            let some = group.min(left);
            left -= some;
            took += self.group(some).await?;
        }
        Ok(took)
    }

    /// A whole group in one text, so that the worker thread of the driver is asked once.
    async fn group(&mut self, size: usize) -> Result<Duration, sqlx::Error> {
        let begin = Instant::now();
        let mut sql = "BEGIN IMMEDIATE;".to_owned();
        for _ in 0..size {
            sql += "SAVEPOINT change;\
                INSERT INTO messages (id, chat_id, client_id, sender_kind, sender_id, body, note, \
                state, created_at) VALUES (?, ?, ?, 'customer', ?, ?, 0, 'complete', ?);";
            for _ in 0..EVENTS_OF_A_MESSAGE {
                sql += "INSERT INTO events (channel, event_offset, id, name, at, data, subject) \
                    VALUES (?, ?, ?, 'message.created', ?, ?, ?);";
            }
            sql += "RELEASE change;";
        }
        sql += "COMMIT";
        let at = now().0;
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for _ in 0..size {
            let id = MessageId::new().to_string();
            self.offset += 1;
            let chat = &self.chats[self.offset as usize % self.chats.len()];
            let channels = [
                format!("chat:{chat}"),
                format!("user:{chat}"),
                "staff".to_owned(),
            ];
            query = query
                .bind(id.clone())
                .bind(chat.clone())
                .bind(id.clone())
                .bind(chat.clone())
                .bind(BODY)
                .bind(at + self.offset);
            let event = EventId::new().to_string();
            let data = format!(
                r#"{{"message":{{"id":"{id}","chat_id":"{chat}","client_id":"{id}","sender":{{"kind":"customer","id":"{chat}","name":"Customer"}},"body":"{BODY}","note":false,"state":"complete","created_at":"2026-01-01T00:00:00.000Z","edited_at":null,"deleted_at":null}}}}"#
            );
            for channel in channels {
                query = query
                    .bind(channel)
                    .bind(self.offset)
                    .bind(event.clone())
                    .bind(at)
                    .bind(data.clone())
                    .bind(id.clone());
            }
        }
        query.execute(&mut self.connection).await?;
        Ok(begin.elapsed())
    }
}
