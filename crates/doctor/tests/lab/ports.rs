//! Ports for set-ups. Tests run beside one another in processes
//! of their own and share nothing, so each process takes its ports from a block of its own.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Longest wait for anything that must happen; a busy machine is slow, not wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where the blocks begin: below the ports that the kernel gives to outgoing connections (32768 and
/// up), so that nobody takes one before its set-up does. Two blocks lie far enough apart that a
/// server in one is no neighbour of a port in the other.
const FIRST: u16 = 12_000;
const BLOCK: u16 = 40;
const BLOCKS: u16 = 500;

/// A port where nobody listens, on no address of either family.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let block =
        u16::try_from(std::process::id() % u32::from(BLOCKS)).expect("there are 500 blocks");
    for _ in 0..BLOCKS {
        let taken = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (block * BLOCK + taken) % (BLOCK * BLOCKS);
        // Where there is IPv6, its wildcard stands for both families.
        let bound = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)) {
            Err(error) if error.kind() != ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
            }
            bound => bound,
        };
        if bound.is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}
