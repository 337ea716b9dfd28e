//! What the doctor is told: an address, and what a page or a person has besides. Start at
//! [`Options`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The address that is examined when none is given.
pub const DEFAULT_URL: &str = "http://localhost:8000";

/// What to examine, and with what.
///
/// Invariant: `Debug` shows no secret.
#[derive(Clone)]
pub struct Options {
    /// Where a page would connect to: `http://host:port` of a server of ours, or any socket's URL.
    pub url: String,
    /// The origin of the page, such as `http://localhost:5174`.
    pub origin: Option<String>,
    /// The socket token that a page would send.
    pub token: Option<String>,
    /// An account of our server, to go the whole way of a page: login, cookie, token, socket.
    pub email: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Other ways to the same server, from the nearest to the farthest.
    pub via: Vec<Via>,
    /// How long to hold a silent connection.
    pub idle: Option<Duration>,
    /// Files to read: nginx, Vite, compose.
    pub read: Vec<PathBuf>,
    /// Only these checks, and those before them that they need; all if empty.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// A file of root certificates to trust besides those of the system.
    pub ca: Option<PathBuf>,
    /// Headers to send with each request, as a page behind a login would.
    pub headers: Vec<(String, String)>,
    /// Subprotocols to offer, as the page does.
    pub subprotocols: Vec<String>,
    /// What the page fetches before it connects; CORS and cookies are judged there.
    pub token_url: Option<String>,
    /// Ports on which our server is configured to listen on this machine.
    pub known_ports: Vec<u16>,
    /// The socket sends back what it is sent, so that sizes can be tried.
    pub echo: bool,
}

/// One way to the server, with the name that the report gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// Such as `dev` or `public`.
    pub name: String,
    /// The same server's address on this way.
    pub url: String,
}

impl Options {
    /// Examines an address with nothing else known.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            origin: None,
            token: None,
            email: None,
            password: None,
            via: Vec::new(),
            idle: None,
            read: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            timeout: Duration::from_secs(5),
            ca: None,
            headers: Vec::new(),
            subprotocols: Vec::new(),
            token_url: None,
            known_ports: Vec::new(),
            echo: false,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(DEFAULT_URL)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("origin", &self.origin)
            .field("email", &self.email)
            .field("token", &self.token.as_ref().map(|_| "[masked]"))
            .field("password", &self.password.as_ref().map(|_| "[masked]"))
            .field("idle", &self.idle)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
