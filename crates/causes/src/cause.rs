//! What a cause is. Start at [`Cause`].

use std::fmt;

use serde::Serialize;

/// One reason why a connection fails, or why nothing arrives on it.
#[derive(Debug)]
pub struct Cause {
    /// The stable name, such as `net.refused`.
    pub id: &'static str,
    /// Where in the order of things it belongs.
    pub group: Group,
    /// A few words.
    pub title: &'static str,
    /// What happened, for a person.
    pub sentence: &'static str,
    /// What a page sees of it.
    pub in_page: &'static str,
    /// What a command line sees of it.
    pub in_shell: &'static str,
    /// The probe that decides.
    pub probe: &'static str,
    /// The next step.
    pub fix: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Causes that look the same from outside until the probe has decided.
    pub looks_like: &'static [&'static str],
    /// Whether we have seen it.
    pub standing: Standing,
}

/// How much a cause matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is wrong; it is told so that nobody looks further.
    Info,
    /// It works, and will hurt.
    Warning,
    /// It does not work.
    Error,
}

impl Severity {
    /// The word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a cause was provoked for real, or is known from reading alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The doctor's laboratory provokes it, and the doctor names it.
    Provoked,
    /// It is explained, and no test provokes it yet.
    Explained {
        /// What is missing for that.
        why: &'static str,
    },
}

/// Where in the order of things a cause belongs: from the address to what is said at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Nobody there, or the wrong place.
    Nobody,
    /// The browser refuses.
    Browser,
    /// TLS and the network path.
    Network,
    /// Fetching the token: CORS and cookies.
    TokenFetch,
    /// Token, identity, permission.
    Identity,
    /// Proxies and dev servers.
    Proxy,
    /// Negotiation and frames.
    Frames,
    /// Drops after open.
    Drops,
    /// Client code.
    ClientCode,
    /// Capacity.
    Capacity,
    /// Connected, but nothing arrives.
    Silence,
    /// Chat and streaming.
    Chat,
}

impl Group {
    /// Every group, in order.
    pub const ALL: &'static [Self] = &[
        Self::Nobody,
        Self::Browser,
        Self::Network,
        Self::TokenFetch,
        Self::Identity,
        Self::Proxy,
        Self::Frames,
        Self::Drops,
        Self::ClientCode,
        Self::Capacity,
        Self::Silence,
        Self::Chat,
    ];

    /// Its heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Nobody => "Nobody there, or the wrong place",
            Self::Browser => "The browser refuses",
            Self::Network => "TLS and the network path",
            Self::TokenFetch => "Fetching the token: CORS and cookies",
            Self::Identity => "Token, identity, permission",
            Self::Proxy => "Proxies and dev servers",
            Self::Frames => "Negotiation and frames",
            Self::Drops => "Drops after open",
            Self::ClientCode => "Client code",
            Self::Capacity => "Capacity",
            Self::Silence => "Connected, but nothing arrives",
            Self::Chat => "Chat and streaming",
        }
    }
}

impl Cause {
    /// Its page, below the root of the project.
    #[must_use]
    pub fn page(&self) -> String {
        format!("docs/failures/{}.md", self.id)
    }
}
