//! Who listens on this machine, from `/proc/net/tcp`. Linux only; elsewhere nothing is known.
//! Start at [`listeners`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// A socket that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
    /// Connections that wait to be accepted.
    pub(crate) waiting: u32,
    inode: u64,
}

/// The program behind a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// Open descriptors.
    pub(crate) descriptors: usize,
    /// The most it may have.
    pub(crate) descriptors_max: Option<usize>,
}

/// Everyone who listens here; `None` where that cannot be known.
pub(crate) fn listeners() -> Option<Vec<Listener>> {
    let four = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let six = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Some(four.lines().chain(six.lines()).filter_map(parse).collect())
}

/// Whether an address is one of this machine.
pub(crate) fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

impl Listener {
    /// Whether a connection to an address comes here.
    pub(crate) fn takes(&self, ip: IpAddr) -> bool {
        // A listener on :: takes IPv4 as well, unless it was told not to.
        self.ip == ip || (self.ip.is_unspecified() && (self.ip.is_ipv6() || ip.is_ipv4()))
    }

    /// The program that listens, if we may know.
    pub(crate) fn program(&self) -> Option<Program> {
        let wanted = format!("socket:[{}]", self.inode);
        for entry in std::fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            let Ok(descriptors) = std::fs::read_dir(entry.path().join("fd")) else {
                continue;
            };
            let links: Vec<_> = descriptors
                .flatten()
                .map(|descriptor| std::fs::read_link(descriptor.path()))
                .collect();
            if links
                .iter()
                .flatten()
                .any(|link| link.as_os_str() == wanted.as_str())
            {
                let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                return Some(Program {
                    pid,
                    name: name.trim().to_owned(),
                    descriptors: links.len(),
                    descriptors_max: limit(
                        &std::fs::read_to_string(entry.path().join("limits")).unwrap_or_default(),
                    ),
                });
            }
        }
        None
    }
}

fn limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

fn parse(line: &str) -> Option<Listener> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, queues, inode) = (
        fields.get(1)?,
        fields.get(3)?,
        fields.get(4)?,
        fields.get(9)?,
    );
    if *state != "0A" {
        return None;
    }
    let (ip, port) = local.split_once(':')?;
    let (_, waiting) = queues.split_once(':')?;
    Some(Listener {
        ip: address(ip)?,
        port: u16::from_str_radix(port, 16).ok()?,
        waiting: u32::from_str_radix(waiting, 16).ok()?,
        inode: inode.parse().ok()?,
    })
}

/// The kernel writes words of 32 bits in the order of the machine, which is little endian wherever
/// we run.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        Some(
            u32::from_str_radix(hex.get(at..at + 8)?, 16)
                .ok()?
                .to_le_bytes(),
        )
    };
    if hex.len() == 8 {
        return Some(Ipv4Addr::from(word(0)?).into());
    }
    let mut bytes = [0; 16];
    for part in 0..4 {
        bytes[part * 4..part * 4 + 4].copy_from_slice(&word(part * 8)?);
    }
    let address = Ipv6Addr::from(bytes);
    Some(
        address
            .to_ipv4_mapped()
            .map_or(address.into(), IpAddr::from),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_kernel_is_read() {
        let row = "   2: 0100007F:1F40 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 78 1 x";
        let listener = parse(row).unwrap();
        assert_eq!(
            (listener.ip.to_string(), listener.port, listener.waiting),
            ("127.0.0.1".to_owned(), 8000, 3)
        );
        let row = "   0: 00000000000000000000000001000000:1F40 0:0000 0A 00000000:00000000 00:0 \
            0     0        0 9 1 x";
        assert_eq!(parse(row).unwrap().ip, IpAddr::from(Ipv6Addr::LOCALHOST));
        assert_eq!(parse(&row.replace("0A", "01")), None);
        assert_eq!(parse("  sl  local_address rem_address   st"), None);
    }

    #[test]
    fn a_listener_of_our_own_is_found_with_its_program() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        // Elsewhere there is no such table, and nothing is to be known.
        let table = listeners();
        assert_eq!(table.is_some(), cfg!(target_os = "linux"));
        let Some(listeners) = table else {
            return;
        };
        let ours = listeners
            .iter()
            .find(|listener| listener.port == port)
            .expect("our listener is in the table");
        assert!(ours.takes(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(
            ours.program().map(|program| program.pid),
            Some(std::process::id())
        );
    }
}
