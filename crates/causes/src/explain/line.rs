//! One line of a pasted text, and the address in it.

use std::sync::LazyLock;

use regex::Regex;

use super::mask::regex;

/// A line without secrets.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) address: Option<Address>,
}

/// An address of a socket or a page.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) scheme: String,
    /// With the port, as it is written.
    pub(super) host: String,
    /// With the query.
    pub(super) path: String,
}

impl Line {
    pub(super) fn new(number: usize, text: String) -> Self {
        let address = Address::find(&text);
        Self {
            number,
            text,
            address,
        }
    }

    /// Whether the line is about a dev server's own socket.
    pub(super) fn is_hot_reload(&self) -> bool {
        let own = |address: &Address| {
            let path = address.path.as_str();
            address.is_socket()
                && (path.starts_with("/?token=")
                    || path.starts_with("/_next/webpack-hmr")
                    || path.starts_with("/sockjs-node")
                    || path.contains("vite-hmr"))
        };
        self.text.contains("[vite]") && HOT_RELOAD.is_match(&self.text)
            || self.address.as_ref().is_some_and(own)
    }
}

impl Address {
    fn find(text: &str) -> Option<Self> {
        let found = ADDRESS.captures(text)?;
        Some(Self {
            scheme: found[1].to_lowercase(),
            host: found[2].trim_end_matches(['.', ':']).to_owned(),
            path: found
                .get(3)
                .map_or("/", |path| path.as_str())
                .trim_end_matches(['.', ',', ':'])
                .to_owned(),
        })
    }

    /// Whether it is that of a socket.
    pub(super) fn is_socket(&self) -> bool {
        self.scheme.starts_with("ws")
    }

    /// The host without its port.
    pub(super) fn name(&self) -> &str {
        name_of(&self.host)
    }

    /// Whether it is this very machine.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(self.name())
    }

    /// Whether a variable had no value when it was made.
    pub(super) fn has_hole(&self) -> bool {
        let name = self.name().to_lowercase();
        let first = self.path.split(['/', '?']).nth(1).unwrap_or_default();
        matches!(name.as_str(), "undefined" | "null" | "nan" | "")
            || name.contains(['$', '{', '<'])
            || self.host.ends_with(":undefined")
            || matches!(first, "undefined" | "null" | "NaN")
            || self.path.contains("${")
    }
}

/// A host without its port.
pub(super) fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a name or address is this very machine.
pub(super) fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost") || name.starts_with("127.") || name == "::1"
}

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?i)\b(wss?|https?)://(\[[0-9a-f:]+\](?::\d+)?|[^\s/'"`?#)>]*)([/?][^\s'"`)>]*)?"#)
});

static HOT_RELOAD: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"failed to connect to websocket|server connection lost|Direct websocket connection fallback",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Line::new(1, text.to_owned()).address.unwrap()
    }

    #[test]
    fn addresses_are_read_as_they_stand_in_logs() {
        let found = address("WebSocket connection to 'ws://[::1]:8000/ws?token=test' failed: x");
        assert_eq!(
            (found.host.as_str(), found.name(), found.path.as_str()),
            ("[::1]:8000", "::1", "/ws?token=test")
        );
        assert!(found.is_loopback() && found.is_socket());
        let found =
            address("can’t establish a connection to the server at ws://localhost:8000/ws.");
        assert_eq!(
            (found.host.as_str(), found.path.as_str()),
            ("localhost:8000", "/ws")
        );
        for hole in [
            "ws://undefined/ws",
            "ws://localhost:undefined/",
            "ws://localhost:5173/undefined/ws",
            "wss://${HOST}/ws",
        ] {
            assert!(address(hole).has_hole(), "{hole}");
        }
        assert!(!address("ws://localhost:8000/ws/undefined-things").has_hole());
    }

    #[test]
    fn the_socket_of_a_dev_server_is_known() {
        for (text, expected) in [
            (
                "WebSocket connection to 'ws://localhost:5173/?token=…' failed:",
                true,
            ),
            ("[vite] failed to connect to websocket.", true),
            ("[vite] connected.", false),
            (
                "WebSocket connection to 'ws://localhost:8000/ws?token=…' failed:",
                false,
            ),
        ] {
            assert_eq!(
                Line::new(1, text.to_owned()).is_hot_reload(),
                expected,
                "{text}"
            );
        }
    }
}
