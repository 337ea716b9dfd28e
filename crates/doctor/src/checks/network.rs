//! Names and TCP: does the name resolve, does each address take a connection, and if none does, who
//! listens instead.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use causes::Severity;
use tokio::net::lookup_host;
use tokio::task::JoinSet;

use crate::address::is_loopback;
use crate::examination::{Examination, Seen};
use crate::http::{Request, ask};
use crate::listeners::{Listener, is_of_this_machine, listeners};
use crate::report::Finding;
use crate::wire::{Dialer, Fault, connect};

/// How long a connection request may stay without an answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// How long a name may take to resolve.
const RESOLVE_WITHIN: Duration = Duration::from_secs(5);

/// How long a neighbour may take to say who it is.
const NEIGHBOUR_WITHIN: Duration = Duration::from_millis(250);

/// Most neighbours that are asked.
const NEIGHBOURS_MAX: usize = 64;

/// Ports on which developers run servers.
const USUAL_PORTS: [u16; 14] = [
    80, 443, 3000, 3001, 4000, 4173, 5000, 5173, 5174, 8000, 8001, 8080, 8081, 8888,
];

/// Resolves the name, in both families.
pub(crate) async fn names(examination: &mut Examination<'_>) -> Seen {
    let (host, port) = (examination.target().host.clone(), examination.target().port);
    let begun = Instant::now();
    let addresses: Vec<SocketAddr> = if let Ok(ip) = host.parse::<IpAddr>() {
        vec![SocketAddr::new(ip, port)]
    } else if is_loopback(&host) {
        // Browsers know this name by themselves, ::1 first, whatever the resolver says.
        [
            IpAddr::from(Ipv6Addr::LOCALHOST),
            Ipv4Addr::LOCALHOST.into(),
        ]
        .map(|ip| SocketAddr::new(ip, port))
        .to_vec()
    } else {
        match tokio::time::timeout(RESOLVE_WITHIN, lookup_host((host.as_str(), port))).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<SocketAddr> = Vec::new();
                for address in found {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                addresses
            }
            Ok(Err(error)) => return unresolved(examination, &host, &error.to_string()),
            Err(_) => return unresolved(examination, &host, "the resolver did not answer in 5 s"),
        }
    };
    examination.time("dns", begun.elapsed());
    if addresses.is_empty() {
        return unresolved(examination, &host, "the name has no address");
    }
    let shown: Vec<String> = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    examination.known.addresses = addresses;
    Seen::Well(format!("{host} is {}", shown.join(" and ")))
}

fn unresolved(examination: &mut Examination<'_>, host: &str, why: &str) -> Seen {
    // A name without a dot, or of a container network, is one that only insiders can resolve.
    let is_inside = !host.contains('.')
        || [".internal", ".local", ".svc", ".cluster.local", ".docker"]
            .iter()
            .any(|end| host.ends_with(end));
    let why = why.trim_start_matches("failed to lookup address information: ");
    let finding = if is_inside {
        let sentence = format!(
            "the name {host} does not resolve here ({why}); it looks like one of a container or \
             cluster network, which a browser is not in"
        );
        Finding::new("net.dns_split", sentence)
    } else {
        Finding::new(
            "net.dns",
            format!("the name {host} does not resolve: {why}"),
        )
    };
    examination.find_and_stop(finding.seen("host", host).seen("resolver", why))
}

/// Connects to every address at once.
pub(crate) async fn reach(examination: &mut Examination<'_>) -> Seen {
    if let Some(id) = examination.known.blocked {
        return Seen::Skipped(format!("{id} explains it"));
    }
    let within = CONNECT_WITHIN.min(examination.options.timeout);
    let mut attempts = JoinSet::new();
    for (index, address) in examination.known.addresses.iter().copied().enumerate() {
        attempts.spawn(async move {
            let begun = Instant::now();
            let result = connect(address, within).await.map(drop);
            (index, address, begun.elapsed(), result)
        });
    }
    let mut results = Vec::new();
    while let Some(result) = attempts.join_next().await {
        results.extend(result);
    }
    results.sort_by_key(|(index, ..)| *index);
    let mut failed = Vec::new();
    for (_, address, took, result) in results {
        match result {
            // One that was reset was taken before.
            Ok(()) | Err(Fault::Reset) => {
                examination.time(format!("tcp {address}"), took);
                examination.known.open.push(address);
            }
            Err(fault) => failed.push((address, fault)),
        }
    }
    let Some(first) = examination.known.open.first().copied() else {
        return nobody(examination, failed).await;
    };
    examination.known.dialer = Some(Dialer {
        address: first,
        tls: None,
        timeout: examination.options.timeout,
    });
    let open: Vec<String> = examination
        .known
        .open
        .iter()
        .map(SocketAddr::to_string)
        .collect();
    one_family(examination, first, &failed);
    let closed: Vec<String> = failed
        .iter()
        .map(|(address, fault)| format!("{address}: {}", fault.words()))
        .collect();
    match closed.is_empty() {
        true => Seen::Well(format!("{} take connections", open.join(" and "))),
        false => Seen::Well(format!(
            "{} takes connections; {}",
            open.join(" and "),
            closed.join("; ")
        )),
    }
}

/// One of the two loopback addresses answers, the other does not.
fn one_family(examination: &mut Examination<'_>, open: SocketAddr, failed: &[(SocketAddr, Fault)]) {
    let refused = failed.iter().find(|(_, fault)| matches!(fault, Fault::Connect(error) if error.kind() == ErrorKind::ConnectionRefused));
    let Some((closed, fault)) = refused.filter(|(address, _)| address.is_ipv4() != open.is_ipv4())
    else {
        return;
    };
    let host = &examination.target().host;
    let sentence = format!(
        "{host} stands for two addresses and the server listens on one: {open} answers, {closed}: {}; a browser tries both, \
         Node's dev proxies and other programs may take the wrong one",
        fault.words()
    );
    let finding = Finding::new("net.ipv6_localhost", sentence)
        .severity(Severity::Warning)
        .fix(format!(
            "listen on both, or write {} instead of {host}, also in the target of a dev proxy",
            open.ip()
        ))
        .not("net.refused", format!("{open} takes connections"));
    examination.find(finding);
}

/// No address takes a connection: why, and who listens instead.
async fn nobody(examination: &mut Examination<'_>, failed: Vec<(SocketAddr, Fault)>) -> Seen {
    let port = examination.target().port;
    let words = in_words(&failed);
    let here: Vec<IpAddr> = failed
        .iter()
        .map(|(address, _)| address.ip())
        .filter(|ip| is_of_this_machine(*ip))
        .collect();
    let table = if here.is_empty() { None } else { listeners() };
    let on_port: Vec<&Listener> = table
        .iter()
        .flatten()
        .filter(|listener| listener.port == port)
        .collect();

    let timed_out = failed
        .iter()
        .any(|(_, fault)| matches!(fault, Fault::ConnectTimeout(_)));
    let unreachable = failed.iter().all(|(_, fault)| {
        matches!(fault, Fault::Connect(error) if matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable))
    });
    if timed_out {
        if let Some(full) = on_port.iter().find(|listener| listener.waiting > 0) {
            let sentence = format!(
                "a program listens on {}:{port}, but {} connections wait there and no more are \
                 taken",
                full.ip, full.waiting
            );
            let mut finding = Finding::new("cap.backlog", sentence).seen("tcp", words);
            if let Some(program) = full.program() {
                finding =
                    finding.seen("program", format!("{} (pid {})", program.name, program.pid));
            }
            return examination.find_and_stop(finding);
        }
        let sentence = format!(
            "nothing answers the connection request: {words}; a firewall drops it, or the \
             machine is off"
        );
        return examination.find_and_stop(Finding::new("net.timeout", sentence));
    }
    if unreachable {
        let sentence = format!(
            "there is no way to the address: {words}; a firewall rejects it, a VPN is off, or \
             the machine is"
        );
        return examination.find_and_stop(Finding::new("net.timeout", sentence).seen("tcp", words));
    }
    if let Some(other) = on_port
        .iter()
        .find(|listener| listener.ip.is_loopback() && !here.contains(&listener.ip))
    {
        let sentence = format!(
            "{words}; a program listens on {}:{port} alone, which only programs on the same \
             machine (or in the same container) can reach",
            other.ip
        );
        let finding = Finding::new("net.bind_loopback", sentence)
            .fix(format!(
                "listen on 0.0.0.0:{port} (frontdesk serve --listen 0.0.0.0:{port}), or \
                 use {}:{port} on this machine",
                other.ip
            ))
            .not("net.refused", format!("{}:{port} is listened on", other.ip));
        return examination.find_and_stop(with_program(finding, other));
    }
    let is_meant = |found: u16| {
        // Ports from 32768 on are handed out by chance, so a neighbour there means nothing.
        examination.options.known_ports.contains(&found)
            || USUAL_PORTS.contains(&found)
            || (port < 32_768 && found < 32_768 && found.abs_diff(port) <= 10)
    };
    let candidates: Vec<&Listener> = table
        .iter()
        .flatten()
        .filter(|listener| {
            is_meant(listener.port) && Some(listener.port) != examination.known.other_port
        })
        .collect();
    let neighbours = if here.is_empty() {
        Vec::new()
    } else {
        frontdesks(&candidates).await
    };
    if let Some(meant) = neighbours.first() {
        let host = &examination.target().host;
        let sentence = format!(
            "nothing listens on port {port} ({words}), but a Frontdesk answers on port {meant} \
             of this machine"
        );
        let finding = Finding::new("net.wrong_port", sentence)
            .fix(format!(
                "use port {meant}: frontdesk doctor http://{host}:{meant}; or start the \
                 server with --listen 127.0.0.1:{port}"
            ))
            .not(
                "net.refused",
                format!("port {meant} answers with our signature"),
            );
        return examination.find_and_stop(finding);
    }
    let host = &examination.target().host;
    let mut finding = Finding::new(
        "net.refused",
        format!("nothing listens on {host} port {port}, so the backend is not running: {words}"),
    )
    .fix(format!(
        "start it: frontdesk serve --listen 127.0.0.1:{port} (or your own backend, \
         such as uvicorn main:app --port {port}); then ask again"
    ));
    if table.is_some() {
        finding = finding
            .seen(
                "listeners",
                format!("none on port {port}, by the kernel's table"),
            )
            .not(
                "net.wrong_port",
                "no Frontdesk answers on a usual or neighbouring port of this machine",
            )
            .not(
                "net.bind_loopback",
                format!("no program of this machine listens on port {port} of any address"),
            )
            .not("net.ipv6_localhost", "every address of the name was asked");
    }
    examination.find_and_stop(finding)
}

/// What became of the addresses, those of one fate together.
fn in_words(failed: &[(SocketAddr, Fault)]) -> String {
    let mut fates: Vec<(String, Vec<String>)> = Vec::new();
    for (address, fault) in failed {
        let words = fault.words();
        match fates.iter_mut().find(|(known, _)| *known == words) {
            Some((_, addresses)) => addresses.push(address.to_string()),
            None => fates.push((words, vec![address.to_string()])),
        }
    }
    let told: Vec<String> = fates
        .iter()
        .map(|(words, addresses)| format!("{}: {words}", addresses.join(" and ")))
        .collect();
    told.join("; ")
}

/// A finding that names the program behind a listener, if that is known.
pub(crate) fn with_program(finding: Finding, listener: &Listener) -> Finding {
    match listener.program() {
        Some(program) => finding.seen("program", format!("{} (pid {})", program.name, program.pid)),
        None => finding,
    }
}

/// Those of these ports on which our signature answers.
async fn frontdesks(candidates: &[&Listener]) -> Vec<u16> {
    let mut asked = JoinSet::new();
    let mut seen = Vec::new();
    for listener in candidates {
        let ip = match listener.ip {
            ip if ip.is_loopback() => ip,
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            _ => continue,
        };
        let address = SocketAddr::new(ip, listener.port);
        if seen.contains(&listener.port) || seen.len() >= NEIGHBOURS_MAX {
            continue;
        }
        seen.push(listener.port);
        asked.spawn(async move {
            let dialer = Dialer {
                address,
                tls: None,
                timeout: NEIGHBOUR_WITHIN,
            };
            let request = Request::get(&address.to_string(), "/healthz");
            let answer = tokio::time::timeout(NEIGHBOUR_WITHIN, ask(&dialer, &request)).await;
            let is_ours = answer.is_ok_and(|answer| {
                answer.is_ok_and(|answer| super::server::is_signature(&answer))
            });
            is_ours.then_some(address.port())
        });
    }
    let mut found: Vec<u16> = Vec::new();
    while let Some(result) = asked.join_next().await {
        found.extend(result.ok().flatten());
    }
    found.sort_unstable();
    found
}
