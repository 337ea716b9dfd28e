//! What the status of an answer to a handshake tells.

use super::Confidence::{self, Certain, Likely, Unsure};
use super::line::Address;

/// The cause, and how sure it is. None for what is no failure.
pub(super) fn by_status(
    status: u16,
    address: Option<&Address>,
) -> Option<(&'static str, Confidence)> {
    let host = address.map_or("", Address::name);
    let is_tunnel = [
        ".github.dev",
        ".devtunnels.ms",
        ".ngrok",
        ".gitpod.io",
        ".loca.lt",
        ".trycloudflare.com",
    ]
    .iter()
    .any(|part| host.contains(part));
    Some(match status {
        200 => ("url.spa_fallback", Likely),
        302 | 303 | 401 | 403 if is_tunnel => ("net.tunnel_auth", Likely),
        300..=399 => ("url.redirect", Certain),
        400 => ("proxy.no_upgrade", Unsure),
        401 => ("auth.hidden_403", Unsure),
        403 => ("origin.denied", Unsure),
        404 => ("url.path", Likely),
        407 => ("net.proxy_explicit", Likely),
        414 | 431 => ("http.header_size", Certain),
        426 => ("proxy.no_upgrade", Likely),
        429 => ("cap.rate_limit", Likely),
        500 => ("srv.crash", Unsure),
        502 | 504 => ("proxy.bad_gateway", Certain),
        503 => ("proxy.bad_gateway", Unsure),
        _ => return None,
    })
}

/// Causes beside the one of [`by_status`].
pub(super) fn others(status: u16) -> &'static [&'static str] {
    match status {
        200 => &["net.other_program", "dev.vite_ws_false"],
        400 => &[
            "http.header_size",
            "host.denied",
            "proxy.sticky",
            "ws.version",
        ],
        401 => &["proxy.auth_layer", "auth.missing"],
        403 => &[
            "auth.hidden_403",
            "host.denied",
            "proxy.waf",
            "proxy.auth_layer",
        ],
        404 => &[
            "srv.no_ws_library",
            "proxy.path_prefix",
            "proxy.no_ws_support",
        ],
        426 => &["proxy.http10", "proxy.no_ws_support"],
        429 => &["cap.rate_limit_ip", "proxy.waf"],
        500 => &["srv.static_mount", "dev.vite_target_down"],
        503 => &["srv.deploy", "cap.max_conn"],
        _ => &[],
    }
}

/// What would tell, where the status alone does not.
pub(super) fn probe(status: u16) -> &'static str {
    match status {
        400 => {
            "Read the body of the answer: send the upgrade with `curl -i --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='`, or let `frontdesk doctor <url>` do it."
        }
        401 | 403 => {
            "Send the upgrade twice, with `Origin` and without, and read the body: `frontdesk doctor <url> --origin <page>` does. If only the one without passes, it is the origin; otherwise the token or a layer in front."
        }
        _ => "Read the server's own log at that second; it has the cause of this status.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_leads_to_causes_that_exist() {
        for status in 0..600 {
            let first = by_status(status, None).map(|(id, _)| id);
            for id in others(status).iter().copied().chain(first) {
                assert!(crate::cause(id).is_some(), "{status}: {id}");
            }
            assert!(first.is_some() || others(status).is_empty(), "{status}");
        }
    }
}
