//! What can go wrong at a start, told with its cause and what to do; and what is worth a warning.
//! Start at [`explain_bind`] and [`warnings()`].

mod holder;
mod warnings;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::{Config, Database, mask_secrets};
use holder::{Holder, holder_of};
pub(crate) use warnings::{Machine, warnings};

/// How long a program on our port may take to say who it is.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// Most bytes that are read of its answer.
const ANSWER_MAX_BYTES: u64 = 8_192;

/// Why an address cannot be listened on: who has it, or what is missing, and what to do.
pub(crate) async fn explain_bind(
    address: SocketAddr,
    error: &io::Error,
    config: &Config,
) -> String {
    let port = address.port();
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let twin = twin_note(address, config);
            let other = SocketAddr::new([127, 0, 0, 1].into(), port.checked_add(1).unwrap_or(8001));
            let who = match (answers_as_frontdesk(address).await, holder_of(address)) {
                (true, Holder::Process { pid, name }) => {
                    format!("another frontdesk runs there (process {pid}, {name}); stop it")
                }
                (true, _) => "another frontdesk runs there; stop it".to_owned(),
                (false, Holder::Process { pid, name }) => {
                    format!("the process {pid} ({name}) has it; stop that")
                }
                (false, Holder::Hidden { user_id }) => format!(
                    "a process of the user id {user_id} has it, which this account may not look \
                     into (ask with: sudo ss -ltnp 'sport = :{port}'); stop that"
                ),
                (false, Holder::Unknown) => {
                    "another program has it, perhaps outside of this container; stop that"
                        .to_owned()
                }
            };
            format!(
                "cannot listen on {address}, the port is taken: {who}, or choose another with \
                 --listen {other}{twin}"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            "cannot listen on {address}: ports below 1024 need a privilege; choose a higher one \
             such as --listen {}, put a proxy in front, or allow it with: sudo setcap \
             cap_net_bind_service=+ep <path of frontdesk>",
            SocketAddr::new(address.ip(), 8000)
        ),
        io::ErrorKind::AddrNotAvailable => format!(
            "cannot listen on {address}: this machine has no such address ({error}); `ip address` \
             lists those it has, and 127.0.0.1 is always one"
        ),
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// Whether the failure only says that this machine does without IPv6, and the address is the second
/// of the two defaults.
pub(crate) fn may_do_without(address: SocketAddr, error: &io::Error, config: &Config) -> bool {
    // EAFNOSUPPORT, which the standard library has no kind for, where IPv6 is compiled out.
    let no_ipv6 = error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    config.server.listen_is_default && address.is_ipv6() && no_ipv6
}

fn twin_note(address: SocketAddr, config: &Config) -> &'static str {
    let both = config.server.listen.len() > 1 && address.ip().is_loopback();
    if !both {
        return "";
    }
    if address.is_ipv6() {
        ". both loopbacks are needed: browsers try ::1 first for localhost and would reach that \
         program"
    } else {
        ". both loopbacks are needed: for localhost some clients would reach that program"
    }
}

/// Asks the program at the address for `/healthz`, which a frontdesk signs.
async fn answers_as_frontdesk(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream
            .take(ANSWER_MAX_BYTES)
            .read_to_end(&mut answer)
            .await?;
        io::Result::Ok(answer)
    };
    match tokio::time::timeout(ANSWER_TIMEOUT, ask).await {
        Ok(Ok(answer)) => {
            let text = String::from_utf8_lossy(&answer).replace(' ', "");
            text.contains(r#""service":"frontdesk""#)
        }
        Ok(Err(_)) | Err(_) => false,
    }
}

/// Makes the data folder with mode 0700 where it is missing, and sees whether it can be written.
///
/// # Errors
/// A sentence that names the folder, the cause and the fix.
pub(crate) fn prepare_data_dir(config: &Config) -> Result<(), String> {
    let needed = config.database() == Database::Sqlite || config.signing_key_file().is_some();
    if !needed {
        return Ok(());
    }
    let dir = &config.data.dir;
    make_private_dir(dir).and_then(|()| check_writable(dir)).map_err(|error| {
        let shown = dir.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                let user_id = rustix::process::geteuid().as_raw();
                format!(
                    "data.dir is {shown}, where the user id {user_id} may not write; name another \
                     with --data-dir, or run: sudo mkdir -p {shown} && sudo chown {user_id} {shown}"
                )
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                format!("data.dir is {shown}, which is a file; name a folder with --data-dir")
            }
            io::ErrorKind::ReadOnlyFilesystem => format!(
                "data.dir is {shown}, on a file system that can only be read; name another folder \
                 with --data-dir"
            ),
            io::ErrorKind::StorageFull => {
                format!("data.dir is {shown}, whose disk is full; free some space")
            }
            _ => format!("data.dir is {shown}, which cannot be used: {error}"),
        }
    })
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

fn check_writable(dir: &Path) -> io::Result<()> {
    let probe = dir.join(format!(".write-check-{}", std::process::id()));
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&probe)?;
    fs::remove_file(&probe)
}

/// Chooses the one TLS library of this program, for connections to PostgreSQL. Before anything that
/// may connect; a second call changes nothing.
pub(crate) fn install_tls_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Raises the bound on open files as far as it goes without privilege, and returns it. Every socket
/// is one; the usual 1,024 is far below what the machine can serve.
fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // When it cannot be raised, the old bound holds.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current
}

/// Where the data is, for people: the data folder, or the database if it is elsewhere.
pub(crate) fn data_place(config: &Config) -> String {
    let folder = config.data.dir.display().to_string();
    if config.store.url.starts_with(&format!("sqlite:{folder}")) {
        folder
    } else {
        mask_secrets(&config.store.url)
    }
}

/// The address that a person on this machine types: `server.public_url`, or one of the bound ones.
pub(crate) fn base_url(config: &Config, bound: &[SocketAddr]) -> String {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    let Some(first) = bound.first() else {
        return "http://localhost:8000".to_owned();
    };
    let port = first.port();
    // `localhost` may mean ::1, so it is right only where both answer, or where there is no ::1.
    let has = |ip: std::net::IpAddr| bound.contains(&SocketAddr::new(ip, port));
    let v4 = has(std::net::Ipv4Addr::LOCALHOST.into());
    let v6 = has(std::net::Ipv6Addr::LOCALHOST.into());
    if v4 && (v6 || config.server.listen_is_default) {
        format!("http://localhost:{port}")
    } else {
        format!("http://{first}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn config(file: &str) -> Config {
        let mut settings = Settings::defaults();
        let mut faults = Vec::new();
        settings.add_file(Path::new("f.toml"), file, &mut faults);
        assert!(faults.is_empty());
        Config::read(&settings).unwrap()
    }

    #[tokio::test]
    async fn a_taken_port_names_its_holder_and_another_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let error = std::net::TcpListener::bind(address).unwrap_err();
        let text = explain_bind(address, &error, &config("")).await;
        assert!(text.contains("the port is taken"), "{text}");
        assert!(
            text.contains(&format!("--listen 127.0.0.1:{}", address.port() + 1)),
            "{text}"
        );
        if cfg!(target_os = "linux") {
            assert!(
                text.contains(&format!("the process {} (", std::process::id())),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn another_frontdesk_is_recognised_by_its_signature() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = "HTTP/1.1 200 OK\r\n\r\n{\"service\": \"frontdesk\"}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (found, ()) = tokio::join!(answers_as_frontdesk(address), serve);
        assert!(found);
    }

    #[tokio::test]
    async fn other_bind_errors_say_what_to_do() {
        let config = config("");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let text = explain_bind("127.0.0.1:80".parse().unwrap(), &denied, &config).await;
        assert!(text.contains("--listen 127.0.0.1:8000"), "{text}");
        let absent = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let v6: SocketAddr = "[::1]:8000".parse().unwrap();
        let text = explain_bind(v6, &absent, &config).await;
        assert!(text.contains("has no such address"), "{text}");
        assert!(may_do_without(v6, &absent, &config));
        assert!(!may_do_without(
            "127.0.0.1:8000".parse().unwrap(),
            &absent,
            &config
        ));
        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        assert!(!may_do_without(v6, &taken, &config));
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named_with_the_fix() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let at = |path: &Path| config(&format!("[data]\ndir = \"{}\"", path.display()));
        let error = prepare_data_dir(&at(&file)).unwrap_err();
        assert!(error.contains("which is a file"), "{error}");
        let fresh = folder.path().join("a/b");
        prepare_data_dir(&at(&fresh)).unwrap();
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&fresh).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(fs::read_dir(&fresh).unwrap().count(), 0);
    }

    #[test]
    fn the_address_for_people_is_one_that_reaches_this_program() {
        let bound = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let default = config("");
        let both = bound(&["127.0.0.1:8000", "[::1]:8000"]);
        assert_eq!(base_url(&default, &both), "http://localhost:8000");
        assert_eq!(base_url(&default, &both[..1]), "http://localhost:8000");
        let one = config("[server]\nlisten = [\"127.0.0.1:0\"]");
        assert_eq!(
            base_url(&one, &bound(&["127.0.0.1:41234"])),
            "http://127.0.0.1:41234"
        );
        let public = config("[server]\npublic_url = \"https://a.b\"");
        assert_eq!(base_url(&public, &both), "https://a.b");
    }
}
