//! Which process listens on a port, as far as this account may know. Reads `/proc`, so it knows
//! nothing outside of Linux. Start at [`holder_of`].

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Who listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A process, and the name it goes by.
    Process { pid: u32, name: String },
    /// A process of another user, into which this account may not look.
    Hidden { user_id: u32 },
    /// Nobody that can be seen from here.
    Unknown,
}

/// One listening socket in `/proc/net/tcp` or `/proc/net/tcp6`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listener {
    address: SocketAddr,
    user_id: u32,
    inode: u64,
}

/// Who makes it impossible to listen on the address.
pub(super) fn holder_of(address: SocketAddr) -> Holder {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let listeners: Vec<Listener> = tables
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|text| text.lines().filter_map(parse_listener).collect::<Vec<_>>())
        .filter(|listener| is_in_the_way(listener.address, address))
        .collect();
    let seen = listeners
        .iter()
        .find_map(|listener| process_with(listener.inode));
    match (seen, listeners.first()) {
        (Some(holder), _) => holder,
        (None, Some(listener)) => Holder::Hidden {
            user_id: listener.user_id,
        },
        (None, None) => Holder::Unknown,
    }
}

/// The same address, or every address.
fn is_in_the_way(taken: SocketAddr, wanted: SocketAddr) -> bool {
    taken.port() == wanted.port()
        && (taken.ip().to_canonical() == wanted.ip().to_canonical()
            || taken.ip().is_unspecified()
            || wanted.ip().is_unspecified())
}

/// Reads a line such as
/// `0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12345 1 …`,
/// if it is a listening socket (state 0A).
fn parse_listener(line: &str) -> Option<Listener> {
    let mut fields = line.split_whitespace();
    let (address, state) = (fields.nth(1)?, fields.nth(1)?);
    if state != "0A" {
        return None;
    }
    let (user_id, inode) = (fields.nth(3)?, fields.nth(1)?);
    Some(Listener {
        address: parse_address(address)?,
        user_id: user_id.parse().ok()?,
        inode: inode.parse().ok()?,
    })
}

/// Reads `0100007F:1F40`: 32-bit words in the byte order of the machine, then the port.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words: Vec<u32> = (0..ip.len() / 8)
        .map(|word| u32::from_str_radix(ip.get(word * 8..word * 8 + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ip = match bytes.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Looks for the socket among the open files of every process that may be looked into.
fn process_with(inode: u64) -> Option<Holder> {
    let wanted = format!("socket:[{inode}]");
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(files) = fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str() == wanted.as_str());
        if holds {
            // Only its name: the arguments of a process may hold secrets.
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            let name = name.trim().chars().filter(|c| !c.is_control()).collect();
            return Some(Holder::Process { pid, name });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_listening_socket_is_read_from_the_kernels_table() {
        let line = "   2: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  \
                    1000        0 84321 1 0000000000000000 100 0 0 10 0";
        assert_eq!(
            parse_listener(line),
            Some(Listener {
                address: "127.0.0.1:8000".parse().unwrap(),
                user_id: 1000,
                inode: 84_321
            })
        );
        let line = "   0: 00000000000000000000000001000000:1F40 \
                    00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 \
                    00000000     0        0 7 1 0000000000000000 100 0 0 10 0";
        assert_eq!(
            parse_listener(line).unwrap().address,
            "[::1]:8000".parse().unwrap()
        );
        let connected = line.replace(" 0A ", " 01 ");
        assert_eq!(parse_listener(&connected), None);
        let header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
        assert_eq!(parse_listener(header), None);
        for broken in [
            "",
            "0: 0100007F",
            "0: 0100007F:XX 0:0 0A 0 0 0 1 0 1",
            "0: é:1 é:1 0A 1 1",
        ] {
            assert_eq!(parse_listener(broken), None);
        }
    }

    #[test]
    fn every_address_is_in_the_way_of_one() {
        let way = |taken: &str, wanted: &str| {
            is_in_the_way(taken.parse().unwrap(), wanted.parse().unwrap())
        };
        assert!(way("127.0.0.1:1", "127.0.0.1:1"));
        assert!(way("0.0.0.0:1", "127.0.0.1:1"));
        assert!(way("127.0.0.1:1", "0.0.0.0:1"));
        assert!(!way("127.0.0.1:1", "127.0.0.1:2"));
        assert!(!way("127.0.0.2:1", "127.0.0.1:1"));
        assert!(!way("127.0.0.1:1", "[::1]:1"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_found_by_its_own_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = holder_of(listener.local_addr().unwrap());
        assert!(matches!(holder, Holder::Process { pid, .. } if pid == std::process::id()));
    }
}
