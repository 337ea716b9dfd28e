//! The desk under load: its accounts and data, made once by a server that has all cores, and the
//! servers that are measured, each on a copy. Everything goes over the public interface: the
//! command line, the configuration and HTTP. Start at [`Prepared::make`] and [`Prepared::serve`].

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::child::{Child, Launch};
use crate::http::Connection;
use crate::progress::Progress;
use crate::swarm::{Opening, PATIENCE, Swarm, What};

const PASSWORD: &str = "a load of sockets";
const ADMIN: &str = "admin@bench.example";

/// Tokens live for 300 s; a measurement takes less than what is left.
const REFRESH_AFTER: Duration = Duration::from_secs(120);

/// Accounts that are made at the same time. Each costs two password hashes.
const MAKERS: usize = 4;

/// Someone who is signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) cookie: String,
}

/// A data folder with accounts, and who they are.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Prepared {
    pub(crate) admin: Account,
    pub(crate) staff: Vec<Account>,
    pub(crate) customers: Vec<Account>,
    /// Something that can be ordered.
    pub(crate) item: String,
    #[serde(skip)]
    folder: PathBuf,
}

/// How many accounts are needed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) staff: usize,
    pub(crate) customers: usize,
}

impl Prepared {
    /// Makes the accounts in `folder`.
    pub(crate) fn make(
        launch: &Launch,
        folder: &Path,
        needs: Needs,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        let folder = folder.join("prepared");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let environment = environment(&folder, &[]);
        add_admin(launch, &folder, &environment)?;
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let child = Child::start(launch, &arguments, &folder, &environment)?;
        let mut connection = Connection::open(child.address)?;
        let admin = sign_in(&mut connection, ADMIN)?;
        let item = connection.json(
            201,
            "POST",
            "/api/v1/items",
            &admin.cookie,
            Some(&json!({"name": "Espresso", "unit_price": 240, "currency": "EUR", "available": true})),
        )?;
        let bar = progress.bar("accounts", needs.staff + needs.customers);
        let staff = make_accounts(child.address, &admin, "staff", needs.staff, &bar)?;
        let customers = make_accounts(child.address, &admin, "customer", needs.customers, &bar)?;
        bar.finish();
        child.stop()?;
        Ok(Self {
            admin,
            staff,
            customers,
            item: text_of(&item, "id")?,
            folder,
        })
    }

    /// Starts a server on a copy of the data.
    pub(crate) fn serve(
        &self,
        launch: &Launch,
        name: &str,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Desk> {
        let folder = self.folder.with_file_name(name);
        copy(&self.folder, &folder)?;
        let environment = environment(&folder, settings);
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let child = Child::start(launch, &arguments, &folder, &environment)?;
        Ok(Desk { child, folder })
    }
}

/// A running server on its own copy of the data, which is removed with it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) child: Child,
    folder: PathBuf,
}

impl Desk {
    pub(crate) fn connection(&self) -> anyhow::Result<Connection> {
        Connection::open(self.child.address)
    }

    /// Sockets of these accounts, `each` of every one in turn, with a fresh token of each account.
    pub(crate) fn sockets(
        &self,
        accounts: &[Account],
        count: usize,
    ) -> anyhow::Result<Vec<Opening>> {
        let address = self.child.address;
        let mut connection = self.connection()?;
        let used = accounts.len().min(count);
        anyhow::ensure!(used > 0, "no account was made for these sockets");
        let tokens: Vec<String> = accounts[..used]
            .iter()
            .map(|account| token(&mut connection, account))
            .collect::<anyhow::Result<_>>()?;
        Ok((0..count)
            .map(|number| Opening {
                address,
                request: crate::http::upgrade_request(
                    address,
                    &format!("/api/v1/ws?token={}", tokens[number % used]),
                ),
            })
            .collect())
    }
}

/// Sockets of some accounts, which stay open for longer than a token lives.
#[derive(Debug)]
pub(crate) struct Seats {
    pub(crate) sockets: Range<usize>,
    accounts: Vec<Account>,
    /// When their tokens were fetched.
    fresh: Instant,
}

impl Seats {
    /// Opens `count` sockets of these accounts in turn, and waits for every welcome.
    pub(crate) fn open(
        desk: &Desk,
        swarm: &mut Swarm,
        accounts: &[Account],
        count: usize,
    ) -> anyhow::Result<Self> {
        let fresh = Instant::now();
        let sockets = swarm.open_all(desk.sockets(accounts, count)?, true)?;
        Ok(Self {
            sockets,
            accounts: accounts[..accounts.len().min(count)].to_vec(),
            fresh,
        })
    }

    /// Refreshes the tokens if they grow old. Called between measurements.
    pub(crate) fn keep(&mut self, desk: &Desk, swarm: &mut Swarm) -> anyhow::Result<()> {
        if self.fresh.elapsed() < REFRESH_AFTER {
            return Ok(());
        }
        self.fresh = Instant::now();
        let mut connection = desk.connection()?;
        let refreshes: Vec<String> = self
            .accounts
            .iter()
            .map(|account| {
                let token = token(&mut connection, account)?;
                Ok(json!({"type": "refresh", "id": "bench", "token": token}).to_string())
            })
            .collect::<anyhow::Result<_>>()?;
        for (socket, refresh) in self.sockets.clone().zip(refreshes.iter().cycle()) {
            swarm.say(socket, refresh)?;
        }
        let mut replied = 0;
        while replied < self.sockets.len() {
            anyhow::ensure!(
                self.fresh.elapsed() < PATIENCE,
                "{replied} of {} sockets have a fresh token after {PATIENCE:?}",
                self.sockets.len()
            );
            swarm.turn(Duration::from_secs(1), |link, what| {
                if let What::Text(text) = what
                    && self.sockets.contains(&link)
                {
                    replied += usize::from(text.starts_with(r#"{"type":"reply""#));
                }
            })?;
        }
        Ok(())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A folder that stays is below the bench's own, which is removed in the end.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A socket token of an account.
pub(crate) fn token(connection: &mut Connection, account: &Account) -> anyhow::Result<String> {
    let answer = connection.json(200, "GET", "/api/v1/auth/ws-token", &account.cookie, None)?;
    text_of(&answer, "token")
}

/// A text in an answer.
pub(crate) fn text_of(answer: &Value, name: &str) -> anyhow::Result<String> {
    let text = answer[name].as_str();
    Ok(text
        .with_context(|| format!("the answer has no text `{name}`"))?
        .to_owned())
}

/// What a server under load is configured with: nothing but bounds that are for many strangers, and
/// here everyone comes from one machine.
fn environment(folder: &Path, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let data = folder.display().to_string();
    let mut all = vec![
        ("data.dir", data.as_str()),
        ("socket.per_ip_max", "1000000"),
        ("socket.per_user_max", "10000"),
        ("socket.messages_per_second", "100000"),
        ("socket.message_burst", "100000"),
        ("socket.refusals_per_minute", "100000"),
        // Its answers would be counted among what is measured.
        ("bot.kind", "off"),
    ];
    all.extend_from_slice(settings);
    let mut environment: Vec<(String, String)> = all
        .iter()
        .map(|(key, value)| {
            let name = key.replace('.', "__").to_uppercase();
            (format!("FRONTDESK_{name}"), (*value).to_owned())
        })
        .collect();
    environment.push(("FRONTDESK_LOG".to_owned(), "warn".to_owned()));
    environment
}

fn add_admin(
    launch: &Launch,
    folder: &Path,
    environment: &[(String, String)],
) -> anyhow::Result<()> {
    let arguments = [
        "user",
        "add",
        "--email",
        ADMIN,
        "--name",
        "Admin",
        "--role",
        "admin",
        "--password-stdin",
    ];
    let mut process = launch
        .command(&arguments, folder, environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", launch.program.display()))?;
    let mut stdin = process.stdin.take().expect("stdin was asked to be a pipe");
    writeln!(stdin, "{PASSWORD}").context("cannot tell the admin's password")?;
    drop(stdin);
    let output = process.wait_with_output()?;
    anyhow::ensure!(
        output.status.success(),
        "`frontdesk user add` ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn make_accounts(
    address: SocketAddr,
    admin: &Account,
    role: &str,
    count: usize,
    bar: &crate::progress::Bar,
) -> anyhow::Result<Vec<Account>> {
    let next = AtomicUsize::new(0);
    let make = || -> anyhow::Result<Vec<(usize, Account)>> {
        let mut connection = Connection::open(address)?;
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(made);
            }
            let email = format!("{role}{number}@bench.example");
            let new = json!({"email": email, "password": PASSWORD, "name": email, "role": role});
            connection.json(201, "POST", "/api/v1/users", &admin.cookie, Some(&new))?;
            made.push((number, sign_in(&mut connection, &email)?));
            bar.step();
        }
    };
    let mut accounts = std::thread::scope(|scope| -> anyhow::Result<Vec<(usize, Account)>> {
        let makers: Vec<_> = (0..MAKERS).map(|_| scope.spawn(make)).collect();
        let mut all = Vec::new();
        for maker in makers {
            all.extend(maker.join().expect("a maker does not panic")?);
        }
        Ok(all)
    })?;
    accounts.sort_by_key(|(number, _)| *number);
    Ok(accounts.into_iter().map(|(_, account)| account).collect())
}

fn sign_in(connection: &mut Connection, email: &str) -> anyhow::Result<Account> {
    let login = json!({"email": email, "password": PASSWORD});
    let answer = connection.call("POST", "/api/v1/auth/login", "", Some(&login))?;
    anyhow::ensure!(
        answer.status == 200,
        "the login of {email} was answered with {}: {}",
        answer.status,
        answer.body
    );
    let user: Value = serde_json::from_str(&answer.body).context("the login answered no JSON")?;
    Ok(Account {
        id: text_of(&user, "id")?,
        cookie: answer.cookie.context("the login set no cookie")?,
    })
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to).with_context(|| format!("cannot make {}", to.display()))?;
    rustix::fs::chmod(to, rustix::fs::Mode::RWXU)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
