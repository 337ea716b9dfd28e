//! PostgreSQL for tests, from the server that the distribution installed. Not for production: it
//! does not care for the disk.
//!
//! [`new_database`] gives an empty database on a server that all tests share; it is started by the
//! first and stops by itself a minute after the last. A test that stops or kills its server takes
//! one of its own with [`Postgres::start`].

use std::fs::{self, File};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to start on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);

/// Runs the server, and stops it when nobody has held the file `in-use` for a minute. The file
/// `start` keeps anyone from coming while it goes.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 &
server=$!
idle=0
while kill -0 $server 2>/dev/null; do
  sleep 2
  if flock --nonblock --exclusive "$folder/in-use" true; then idle=$((idle + 2)); else idle=0; fi
  if [ $idle -ge 60 ]; then
    (
      flock --exclusive 9
      if flock --nonblock --exclusive "$folder/in-use" true; then
        kill -INT $server
        while kill -0 $server 2>/dev/null; do sleep 0.1; done
        rm -rf "$folder/data"
      fi
    ) 9>"$folder/start"
    idle=0
  fi
done
"#;

/// An empty database on the shared server: its URL. It goes when a later test finds that this
/// process has ended.
///
/// # Panics
/// PostgreSQL is not installed or does not start; the text says what to do.
#[must_use]
pub fn new_database() -> String {
    static IN_USE: OnceLock<File> = OnceLock::new();
    let folder = shared_folder();
    IN_USE.get_or_init(|| {
        let in_use = lock_file(&folder, "in-use");
        in_use.lock_shared().expect("the file in-use can be locked");
        start_shared(&folder);
        in_use
    });
    drop_abandoned(&folder);
    create_database(&folder)
}

/// A server that belongs to one test.
pub struct Postgres {
    folder: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// Makes and starts a server.
    ///
    /// # Panics
    /// PostgreSQL is not installed or does not start; the text says what to do.
    #[must_use]
    pub fn start() -> Self {
        let name = format!(
            "frontdesk-postgres-{}-{}",
            std::process::id(),
            next_number()
        );
        let folder = std::env::temp_dir().join(name);
        make_folder(&folder);
        initialise(&folder);
        let mut postgres = Self {
            folder,
            server: None,
        };
        postgres.start_again();
        postgres
    }

    /// An empty database on this server: its URL.
    #[must_use]
    pub fn new_database(&self) -> String {
        create_database(&self.folder)
    }

    /// Ends the server and all its processes at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let server_id = server.id().to_string();
            // Stopped, it cannot start others while we look for those there are.
            signal("-STOP", std::slice::from_ref(&server_id));
            let mut doomed = children(&server_id);
            doomed.push(server_id);
            signal("-KILL", &doomed);
            server.wait().expect("our own server can be waited for");
        }
    }

    /// Starts it again on the same data.
    ///
    /// # Panics
    /// It does not start within a minute.
    pub fn start_again(&mut self) {
        let begin = Instant::now();
        // What is left of a killed server may hold its memory for a moment; then try again.
        loop {
            let mut server = as_server_user("setpriv")
                .args(["--pdeathsig", "KILL", "--"])
                .args(server_command(&self.folder))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("setpriv of the package util-linux can be run");
            while server
                .try_wait()
                .expect("our own server can be asked")
                .is_none()
            {
                if answers(&self.folder) {
                    self.server = Some(server);
                    return;
                }
                assert!(begin.elapsed() < START_MAX, "PostgreSQL does not start");
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(
                begin.elapsed() < START_MAX,
                "PostgreSQL ends as soon as it starts"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        // A folder that stays behind in the temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn signal(name: &str, processes: &[String]) {
    // A process that has ended already is as it should be.
    let _ = Command::new("kill")
        .arg(name)
        .args(processes)
        .stderr(Stdio::null())
        .status();
}

/// The processes that this one started.
fn children(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let is_child = |id: &String| {
        // The name, in brackets, may hold spaces; the parent is the second field after it.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_whitespace().nth(1) == Some(parent)
    };
    names.filter(is_child).collect()
}

fn shared_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("frontdesk-postgres-shared-{}", own_uid()));
    make_folder(&folder);
    folder
}

fn start_shared(folder: &Path) {
    let start = lock_file(folder, "start");
    start.lock().expect("the file start can be locked");
    if answers(folder) {
        return;
    }
    let _ = fs::remove_dir_all(folder.join("data"));
    initialise(folder);
    // In a session of its own, it survives whatever ends this test.
    let started = as_server_user("setsid")
        .args(["--fork", "sh", "-c", KEEPER, "keeper"])
        .arg(folder)
        .args(server_command(folder))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("setsid of the package util-linux can be run");
    assert!(started.success(), "setsid cannot start the server");
    let begin = Instant::now();
    while !answers(folder) {
        assert!(
            begin.elapsed() < START_MAX,
            "PostgreSQL does not start: {}",
            fs::read_to_string(folder.join("log")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn initialise(folder: &Path) {
    let output = as_server_user(program("initdb"))
        .args([
            "--username=postgres",
            "--auth=trust",
            "--no-sync",
            "--no-instructions",
        ])
        .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
        .arg(folder.join("data"))
        .current_dir("/")
        .output()
        .expect("initdb can be run");
    assert!(
        output.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn server_command(folder: &Path) -> Vec<String> {
    let socket = format!("unix_socket_directories={}", folder.display());
    let settings = [
        socket.as_str(),
        "listen_addresses=",
        "fsync=off",
        "full_page_writes=off",
        "max_connections=300",
        "shared_buffers=64MB",
        "autovacuum=off",
        "max_wal_size=256MB",
    ];
    let mut command = vec![
        program("postgres").display().to_string(),
        "-D".to_owned(),
        folder.join("data").display().to_string(),
    ];
    for setting in settings {
        command.extend(["-c".to_owned(), setting.to_owned()]);
    }
    command
}

/// Whether a server accepts statements here; it opens its socket a little before that.
fn answers(folder: &Path) -> bool {
    UnixStream::connect(folder.join(".s.PGSQL.5432")).is_ok()
        && client("psql", folder)
            .args(["-qtAc", "SELECT 1", "postgres"])
            .status()
            .is_ok_and(|status| status.success())
}

fn create_database(folder: &Path) -> String {
    let name = format!("test_{}_{}", std::process::id(), next_number());
    let output = client("createdb", folder)
        .args(["--template=template0", &name])
        .stderr(Stdio::piped())
        .output()
        .expect("createdb can be run");
    assert!(
        output.status.success(),
        "createdb: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    format!(
        "postgres://postgres@localhost/{name}?host={}",
        folder.display()
    )
}

/// Drops databases whose test has ended.
fn drop_abandoned(folder: &Path) {
    let listed = client("psql", folder)
        .args([
            "-qtAc",
            "SELECT datname FROM pg_database WHERE datname LIKE 'test%'",
            "postgres",
        ])
        .stdout(Stdio::piped())
        .output()
        .expect("psql can be run");
    let process = |name: &str| {
        name.split('_')
            .nth(1)
            .and_then(|pid| pid.parse::<u32>().ok())
    };
    for name in String::from_utf8_lossy(&listed.stdout).lines() {
        if process(name).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another test may have been faster.
            let _ = client("dropdb", folder)
                .args(["--if-exists", "--force", name])
                .status();
        }
    }
}

fn client(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    command
        .arg("--host")
        .arg(folder)
        .args(["--username", "postgres"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A program of the newest installed server, or the one on the path.
fn program(name: &str) -> PathBuf {
    let version = |folder: &Path| {
        folder
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.parse::<u32>().ok())
    };
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = installed.map(|entry| entry.path()).collect();
    folders.sort_by_key(|folder| version(folder));
    let in_folders = folders.iter().rev().map(|folder| folder.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    in_folders
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.exists())
        .unwrap_or_else(|| {
            panic!(
                "{name} of PostgreSQL is not installed, and tests need a server of their own: \
                 install the package `postgresql` (apt-get install postgresql)"
            )
        })
}

fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A command as the user who runs the server: it refuses to run as root.
fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = server_user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// User and group to become; none when we are not root.
fn server_user() -> Option<(u32, u32)> {
    if own_uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |wanted: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(
        ids("postgres")
            .or_else(|| ids("nobody"))
            .expect("there is a user postgres or nobody"),
    )
}

fn own_uid() -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").expect("/proc is mounted").uid()
}

fn make_folder(folder: &Path) {
    fs::create_dir_all(folder).expect("the temporary folder can be written");
    if let Some((uid, gid)) = server_user() {
        std::os::unix::fs::chown(folder, Some(uid), Some(gid)).expect("root may give folders away");
    }
}

fn lock_file(folder: &Path, name: &str) -> File {
    let path = folder.join(name);
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o666)
        .open(&path)
        .expect("a lock file can be made");
    // Whoever made it, the keeper of the server opens it too.
    let _ = file.set_permissions(fs::Permissions::from_mode(0o666));
    file
}
