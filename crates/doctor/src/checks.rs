//! The list of checks, from cheap to costly: an earlier one explains what a later one would only
//! suffer from. To add one: its file or function in checks/, its row in [`CHECKS`], its arm in
//! [`run`].

pub(crate) mod account;
pub(crate) mod address;
pub(crate) mod cors;
pub(crate) mod delivery;
pub(crate) mod idle;
pub(crate) mod machine;
pub(crate) mod network;
pub(crate) mod server;
pub(crate) mod sizes;
pub(crate) mod socket;
pub(crate) mod tls;
pub(crate) mod token;
pub(crate) mod upgrade;
pub(crate) mod via;
pub(crate) mod way;

use crate::examination::{Examination, Seen};

/// One check.
#[derive(Debug)]
pub struct Check {
    /// The name for `--only` and `--skip`.
    pub name: &'static str,
    /// The section it stands in.
    pub group: &'static str,
    /// What it asks.
    pub about: &'static str,
    pub(crate) needs: Needs,
}

/// What must be known before a check can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it asks no server.
    Nothing,
    /// An address that can be read.
    Address,
    /// A server that answers.
    Server,
    /// A server of ours.
    Ours,
    /// The socket, open.
    Open,
}

const fn check(
    name: &'static str,
    group: &'static str,
    needs: Needs,
    about: &'static str,
) -> Check {
    Check {
        name,
        group,
        about,
        needs,
    }
}

/// Every check, in order.
pub const CHECKS: &[Check] = &[
    check(
        "url",
        "address",
        Needs::Nothing,
        "the address can be read and has no hole where a variable was",
    ),
    check(
        "page",
        "browser",
        Needs::Address,
        "a page of --origin may ask this address at all",
    ),
    check(
        "names",
        "network",
        Needs::Address,
        "the host name resolves, in each address family",
    ),
    check(
        "reach",
        "network",
        Needs::Address,
        "each address takes a TCP connection; if none does, who listens",
    ),
    check(
        "tls",
        "tls",
        Needs::Server,
        "certificate chain, names and dates, ALPN, client certificates",
    ),
    check(
        "server",
        "server",
        Needs::Server,
        "who answers HTTP there: Frontdesk, a dev server, another program",
    ),
    check(
        "clock",
        "server",
        Needs::Server,
        "the server's clock agrees with this machine's",
    ),
    check(
        "cors",
        "browser",
        Needs::Server,
        "a page of --origin may read the answers, with its cookie",
    ),
    check(
        "login",
        "account",
        Needs::Ours,
        "--email can sign in, and gets a socket token",
    ),
    check(
        "token-url",
        "account",
        Needs::Server,
        "--token-url hands out a token, and a fresh one each time",
    ),
    check(
        "cookies",
        "browser",
        Needs::Server,
        "a browser keeps the cookies and sends them to the socket",
    ),
    check(
        "token",
        "token",
        Needs::Address,
        "the token, claim by claim",
    ),
    check(
        "upgrade",
        "socket",
        Needs::Server,
        "the handshake, with and without Origin, and its accept key",
    ),
    check(
        "negotiation",
        "socket",
        Needs::Open,
        "the handshake with subprotocols and compression offered",
    ),
    check(
        "welcome",
        "socket",
        Needs::Open,
        "what comes first: the welcome, a close, or broken frames",
    ),
    check(
        "ping",
        "socket",
        Needs::Open,
        "a round trip through the socket",
    ),
    check(
        "permission",
        "account",
        Needs::Ours,
        "the account may do what its role may, and no more",
    ),
    check(
        "delivery",
        "delivery",
        Needs::Ours,
        "an event of one socket reaches another (typing, which leaves nothing)",
    ),
    check(
        "resume",
        "delivery",
        Needs::Ours,
        "a second connection goes on where the first one stopped",
    ),
    check(
        "sizes",
        "socket",
        Needs::Server,
        "messages from 1 KiB to 1 MiB through the echo socket",
    ),
    check(
        "sse",
        "way",
        Needs::Ours,
        "nothing on the way holds an answer back (server-sent events)",
    ),
    check(
        "way",
        "way",
        Needs::Ours,
        "what the server saw of our request: proxies, Host, Origin, HTTP version",
    ),
    check(
        "via",
        "way",
        Needs::Address,
        "the same through each --via; the first that differs is to blame",
    ),
    check(
        "idle",
        "socket",
        Needs::Open,
        "a silent connection lives for --idle seconds",
    ),
    check(
        "limits",
        "machine",
        Needs::Address,
        "descriptors, ports and tables of this machine, if the server is on it",
    ),
    check(
        "files",
        "files",
        Needs::Nothing,
        "what the files of --read (nginx, Vite, compose) say of sockets",
    ),
];

/// Whether a check is to be made: all are without `--only`, else the named ones and what leads
/// there.
pub(crate) fn is_wanted(check: &Check, only: &[String]) -> bool {
    let named = |name: &str| only.iter().any(|wanted| wanted == name);
    if only.is_empty() || named(check.name) {
        return true;
    }
    let asks_server = CHECKS.iter().any(|other| {
        named(other.name)
            && !matches!(other.needs, Needs::Nothing)
            && !matches!(other.name, "url" | "page")
    });
    let needs_socket = CHECKS.iter().any(|other| {
        named(other.name)
            && (other.needs == Needs::Open || matches!(other.name, "delivery" | "resume" | "sizes"))
    });
    let needs_account = ["permission", "delivery", "resume"].into_iter().any(named);
    match check.name {
        "url" => only.iter().any(|name| name != "files"),
        "names" | "reach" | "tls" | "server" => asks_server,
        "login" | "token" => needs_socket || needs_account,
        "upgrade" | "welcome" => needs_socket,
        _ => false,
    }
}

/// Makes one check.
pub(crate) async fn run(check: &Check, examination: &mut Examination<'_>) -> Seen {
    match check.name {
        "files" => machine::files(examination),
        "url" => address::url(examination),
        "page" => address::page(examination),
        "names" => network::names(examination).await,
        "reach" => network::reach(examination).await,
        "tls" => tls::tls(examination).await,
        "server" => server::server(examination).await,
        "clock" => server::clock(examination),
        "cors" => cors::cors(examination).await,
        "login" => account::login(examination).await,
        "token-url" => account::token_url(examination).await,
        "cookies" => cors::cookies(examination).await,
        "token" => token::token(examination).await,
        "upgrade" => upgrade::upgrade(examination).await,
        "negotiation" => socket::negotiation(examination).await,
        "welcome" => socket::welcome(examination).await,
        "ping" => socket::ping(examination).await,
        "permission" => account::permission(examination).await,
        "delivery" => delivery::delivery(examination).await,
        "resume" => delivery::resume(examination).await,
        "sizes" => sizes::sizes(examination).await,
        "sse" => way::streaming(examination).await,
        "way" => way::way(examination).await,
        "via" => via::via(examination).await,
        "idle" => idle::idle(examination).await,
        "limits" => machine::limits(examination),
        name => unreachable!("{name} is in the list and not among the checks; a test makes each"),
    }
}
