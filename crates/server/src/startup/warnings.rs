//! What is worth saying about a configuration that is allowed, and about the machine it runs on.
//! What only requests can show is said when the first of them comes (`peer.rs`, `host_hint.rs`).
//! Start at [`warnings`].

use std::net::SocketAddr;
use std::path::Path;

use protocol::Timestamp;

use super::raise_open_files;
use crate::config::{Config, WebOrigin};

/// Fewer open files than this are worth a warning.
const OPEN_FILES_WANTED: u64 = 4_096;

/// 2025-01-01T00:00:00Z in milliseconds. This program is younger: a clock that says less is wrong.
const CLOCK_EARLIEST: Timestamp = Timestamp(1_735_689_600_000);

/// Open files that are not sockets of clients: the database, the log, listeners.
const OPEN_FILES_OWN: u64 = 64;

/// Where systemd-timesyncd says how it is: the folder is there while it serves, the file once the
/// clock was synchronised. What other programs do about the clock is not written anywhere.
const TIMESYNC: &str = "/run/systemd/timesync";

/// What the machine gives and is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// How many files this process may open.
    open_files: Option<u64>,
    /// What its clock says.
    now: Timestamp,
    /// Whether it is known that nothing sets the clock.
    clock_is_adrift: bool,
}

impl Machine {
    /// This machine. Raises the bound on open files as far as it goes.
    pub(crate) fn look(now: Timestamp) -> Self {
        Self {
            open_files: raise_open_files(),
            now,
            clock_is_adrift: is_adrift(Path::new(TIMESYNC)),
        }
    }
}

fn is_adrift(timesync: &Path) -> bool {
    timesync.is_dir() && !timesync.join("synchronized").exists()
}

/// What is worth saying about a configuration that is allowed, as whole sentences.
pub(crate) fn warnings(config: &Config, machine: &Machine) -> Vec<String> {
    let mut warnings = Vec::new();
    let now = machine.now;
    if now < CLOCK_EARLIEST {
        warnings.push(format!(
            "this machine's clock says {now}, before this program was written: tokens and sessions \
             will count as expired or not yet valid elsewhere; set it by NTP (timedatectl set-ntp true)"
        ));
    }
    if machine.clock_is_adrift {
        warnings.push(
            "this machine's clock is not synchronised, as systemd-timesyncd says: tokens count as \
             expired or not yet valid where clocks differ; look at `timedatectl timesync-status`, \
             and let UDP port 123 out"
                .to_owned(),
        );
    }
    warnings.extend(too_few_files(config, machine));
    let server = &config.server;
    if server.is_https() && !server.is_local() && server.trusted_proxies.is_empty() {
        warnings.push(
            "server.trusted_proxies is unset while server.public_url has https: if a proxy stands \
             in front, all clients share its address and its limits; name the proxy, such as \
             trusted_proxies = [\"127.0.0.1\"]"
                .to_owned(),
        );
    }
    for text in &server.allowed_origins {
        let open = WebOrigin::parse(text)
            .is_ok_and(|origin| text.starts_with("http://") && !origin.is_loopback());
        if open && server.is_https() {
            warnings.push(format!(
                "server.allowed_origins has {text}: a page without https can be changed on its way \
                 and then acts with its reader's session"
            ));
        }
    }
    let local_url = server.public_url.as_deref().filter(|_| server.is_local());
    if let Some(url) = local_url.and_then(|url| WebOrigin::parse(url).ok()) {
        let port = url.port.unwrap_or(url.scheme.default_port());
        let ports: Vec<u16> = server.listen.iter().map(SocketAddr::port).collect();
        if !ports.contains(&port) && !ports.contains(&0) {
            warnings.push(format!(
                "server.public_url is {url}, but no address of server.listen has the port {port}; \
                 this works only if a proxy listens there"
            ));
        }
    }
    let https_port = server
        .public_url
        .as_deref()
        .filter(|url| url.starts_with("https://"))
        .and_then(|url| WebOrigin::parse(url).ok())
        .map(|origin| origin.port.unwrap_or(origin.scheme.default_port()));
    let plain =
        https_port.and_then(|port| server.listen.iter().find(|address| address.port() == port));
    if let (Some(url), Some(address)) = (&server.public_url, plain) {
        warnings.push(format!(
            "server.public_url is {url}, but {address} of server.listen has the same port and \
             speaks no TLS: browsers cannot reach it there; let a proxy with the certificate \
             listen on that port and this program on another, such as 127.0.0.1:8000"
        ));
    }
    if config.auth.session_idle_hours > config.auth.session_max_days * 24 {
        warnings.push(format!(
            "auth.session_idle_hours is {}, longer than auth.session_max_days allows ({} hours), so \
             it has no effect",
            config.auth.session_idle_hours,
            config.auth.session_max_days * 24
        ));
    }
    warnings
}

fn too_few_files(config: &Config, machine: &Machine) -> Option<String> {
    let open_files = machine.open_files?;
    let sockets = open_files.saturating_sub(OPEN_FILES_OWN);
    let raise =
        "raise it with LimitNOFILE=65536 (systemd), --ulimit nofile=65536 (docker) or ulimit -n";
    let per_ip_max = config.socket.per_ip_max;
    if u64::try_from(per_ip_max).unwrap_or(u64::MAX) > sockets {
        return Some(format!(
            "socket.per_ip_max is {per_ip_max}, but this process may open {open_files} files, so one \
             address alone can take the about {sockets} sockets that fit; {raise}, or lower \
             socket.per_ip_max"
        ));
    }
    (open_files < OPEN_FILES_WANTED).then(|| {
        format!("this process may open {open_files} files, so about {sockets} sockets fit; {raise}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    const MACHINE: Machine = Machine {
        open_files: Some(65_536),
        now: Timestamp(1_800_000_000_000),
        clock_is_adrift: false,
    };

    fn config(file: &str) -> Config {
        let mut settings = Settings::defaults();
        let mut faults = Vec::new();
        settings.add_file(Path::new("f.toml"), file, &mut faults);
        assert!(faults.is_empty());
        Config::read(&settings).unwrap()
    }

    #[test]
    fn a_clock_is_called_adrift_only_where_that_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let timesync = folder.path().join("timesync");
        assert!(!is_adrift(&timesync), "nobody says anything");
        std::fs::create_dir(&timesync).unwrap();
        assert!(is_adrift(&timesync));
        std::fs::write(timesync.join("synchronized"), "").unwrap();
        assert!(!is_adrift(&timesync));
        let adrift = Machine {
            clock_is_adrift: true,
            ..MACHINE
        };
        let texts = warnings(&config(""), &adrift);
        assert!(texts[0].contains("is not synchronised"), "{texts:?}");
    }

    #[test]
    fn files_that_do_not_suffice_for_what_is_configured_are_told_with_both_numbers() {
        let with = |open_files, file| {
            let machine = Machine {
                open_files: Some(open_files),
                ..MACHINE
            };
            warnings(&config(file), &machine)
        };
        let many = "[socket]\nper_ip_max = 10000";
        let texts = with(8_192, many);
        assert_eq!(texts.len(), 1, "{texts:?}");
        for part in ["per_ip_max is 10000", "8192 files", "about 8128 sockets"] {
            assert!(texts[0].contains(part), "{texts:?}");
        }
        assert!(with(65_536, many).is_empty());
        assert!(with(8_192, "").is_empty());
    }

    #[test]
    fn warnings_name_the_key_and_the_values() {
        assert!(warnings(&config(""), &MACHINE).is_empty());
        let few = Machine {
            open_files: Some(1_024),
            ..MACHINE
        };
        let few = warnings(&config(""), &few);
        assert!(
            few[0].contains("1024 files, so about 960 sockets"),
            "{few:?}"
        );
        let texts = warnings(
            &config(
                "[server]\npublic_url = \"https://a.b\"\nallowed_origins = [\"http://c.d\"]\n\
                 [auth]\nsession_max_days = 1",
            ),
            &MACHINE,
        );
        assert_eq!(texts.len(), 3, "{texts:?}");
        let texts = warnings(
            &config("[server]\npublic_url = \"http://localhost:3000\""),
            &MACHINE,
        );
        assert!(texts[0].contains("the port 3000"), "{texts:?}");
        let same_port = "[server]\npublic_url = \"https://a.b:8443\"\nlisten = [\"0.0.0.0:8443\"]\n\
             trusted_proxies = [\"127.0.0.1\"]";
        let texts = warnings(&config(same_port), &MACHINE);
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(
            texts[0].contains("0.0.0.0:8443 of server.listen has the same port"),
            "{texts:?}"
        );
        let past = Machine {
            now: Timestamp(0),
            ..MACHINE
        };
        let texts = warnings(&config(""), &past);
        assert!(
            texts[0].contains("clock says 1970-01-01T00:00:00.000Z"),
            "{texts:?}"
        );
    }
}
