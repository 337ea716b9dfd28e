//! What an HTTP answer to a handshake means. Pure: an answer and what else is known go in, a finding
//! comes out. Start at [`refused`].

mod between;

use crate::http::Answer;
use crate::report::Finding;

pub(crate) use between::gateway;
use between::{auth_layer, bad_gateway, full, is_by_proxy, of_vendor, redirect};

/// What else is known of a handshake that was refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circumstances {
    /// `host:port` and path, for people.
    pub(crate) place: String,
    /// The path that was asked.
    pub(crate) path: String,
    /// The origin that was sent.
    pub(crate) origin: String,
    /// Whether our server answers elsewhere at this address.
    pub(crate) is_ours: bool,
    /// Whether a Vite dev server stands there.
    pub(crate) is_vite: bool,
    /// The status of the same handshake without `Origin`.
    pub(crate) without_origin: Option<u16>,
    /// The status of a handshake at a path that cannot exist.
    pub(crate) elsewhere: Option<u16>,
    /// The status of a plain GET of the same path.
    pub(crate) plain: Option<u16>,
    /// The status of the same handshake with no header but the necessary ones.
    pub(crate) bare: Option<u16>,
    /// Statuses of the same handshake, repeated.
    pub(crate) repeated: Vec<u16>,
    /// What our server saw of a request with upgrade headers.
    pub(crate) seen: Option<Seen>,
    /// Whether a token was sent.
    pub(crate) has_token: bool,
}

/// What our server saw of a request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Such as `HTTP/1.0`.
    pub(crate) version: String,
    /// The header `Upgrade`, or `nothing`.
    pub(crate) upgrade: String,
    /// The header `Connection`, or `nothing`.
    pub(crate) connection: String,
    /// Whether a proxy passed it on that the server does not trust.
    pub(crate) is_by_stranger: bool,
}

/// Why an answer is not 101.
pub(crate) fn refused(answer: &Answer, known: &Circumstances) -> Finding {
    let finding = of_tls(answer, true)
        .or_else(|| of_ours(answer, known))
        .unwrap_or_else(|| by_status(answer, known));
    let finding = finding.seen("status", answer.status_line());
    let finding = match answer.header("server") {
        Some(server) => finding.seen("server", server),
        None => finding,
    };
    let body = beginning(answer);
    if body.is_empty() {
        finding
    } else {
        finding.seen("body", body)
    }
}

/// An answer that says that TLS is spoken wrongly.
pub(crate) fn of_tls(answer: &Answer, is_tls: bool) -> Option<Finding> {
    let text = answer.text();
    let to_tls_port = [
        "plain HTTP request was sent to HTTPS port",
        "Client sent an HTTP request to an HTTPS server",
        "speaking plain HTTP to an SSL-enabled server port",
    ];
    if to_tls_port.iter().any(|sentence| text.contains(sentence)) {
        let sentence = format!(
            "the port speaks TLS and was asked without: {}",
            answer.status_line()
        );
        return Some(
            Finding::new("tls.plain_port", sentence).fix("use wss:// (or https://) in the address"),
        );
    }
    let wants_certificate = text.contains("No required SSL certificate was sent")
        || text.contains("The SSL certificate error") && is_tls;
    wants_certificate.then(|| {
        let sentence = format!(
            "the server asks for a client certificate, which no page can choose for a socket: {}",
            answer.status_line()
        );
        Finding::new("tls.mtls", sentence)
    })
}

fn of_ours(answer: &Answer, known: &Circumstances) -> Option<Finding> {
    let (code, detail, fix) = answer.problem()?;
    let finding = match code.as_str() {
        "origin_denied" if known.is_vite => {
            let sentence = format!(
                "the dev proxy hands on the page's origin, and the server does not know it: \
                 {detail}"
            );
            Finding::new("dev.vite_origin", sentence).fix(fix)
        }
        "origin_denied" => {
            let finding = Finding::new("origin.denied", detail).fix(fix);
            match known.without_origin {
                Some(status) => finding.not(
                    "auth.hidden_403",
                    format!("without Origin the same handshake gave {status}"),
                ),
                None => finding,
            }
        }
        "upgrade_required" if detail.contains("Sec-WebSocket-Version") => {
            Finding::new("ws.version", detail).fix(fix)
        }
        "upgrade_required" => stripped(answer, known, &detail),
        "unavailable" => Finding::new(
            "srv.deploy",
            format!("the server refuses sockets: {detail}"),
        )
        .severity(causes::Severity::Error)
        .fix(fix),
        "overloaded" => Finding::new("cap.max_conn", detail).fix(fix),
        "rate_limited" if known.seen.as_ref().is_some_and(|seen| seen.is_by_stranger) => {
            let sentence = format!(
                "{detail}; a proxy that server.trusted_proxies does not name passes requests on, \
                 so all its users count as one address"
            );
            Finding::new("cap.rate_limit_ip", sentence)
                .fix("add the proxy's address to server.trusted_proxies")
                .not("cap.rate_limit", "the address is the proxy's")
        }
        "rate_limited" => Finding::new("cap.rate_limit", detail).fix(fix),
        "unknown_path" => Finding::new("url.path", detail).fix(fix),
        "uri_too_long" | "head_too_large" => Finding::new("http.header_size", detail).fix(fix),
        "internal_error" => Finding::new("srv.crash", detail).fix(fix),
        _ => Finding::new(
            "auth.hidden_403",
            format!("the server refuses the handshake: {code}: {detail}"),
        )
        .fix(fix),
    };
    Some(finding.seen("problem", code))
}

/// The headers of the upgrade did not arrive, or in another version of HTTP.
fn stripped(answer: &Answer, known: &Circumstances, detail: &str) -> Finding {
    let said = answer.status_line();
    let seen = known.seen.as_ref();
    let has_old_version =
        detail.contains("HTTP/1.0") || seen.is_some_and(|seen| seen.version == "HTTP/1.0");
    let has_headers = match seen {
        _ if detail.contains("expected, ") => {
            detail.contains("websocket and ") && !detail.contains("nothing and")
        }
        Some(seen) => seen.upgrade.eq_ignore_ascii_case("websocket"),
        None => false,
    };
    let has_headers = has_headers && !found_part(detail).contains("nothing");
    let finding = if has_old_version && has_headers {
        let sentence = format!(
            "something on the way asks the server in HTTP/1.0, in which no connection can be \
             upgraded ({said})"
        );
        Finding::new("proxy.http10", sentence).not("proxy.no_upgrade", "the Upgrade header arrived")
    } else {
        let sentence = format!(
            "something on the way takes the Upgrade headers out of the request ({said}): {detail}"
        );
        let finding = Finding::new("proxy.no_upgrade", sentence);
        if detail.is_empty() {
            finding
        } else {
            finding.not(
                "proxy.no_ws_support",
                "the server behind it speaks WebSocket",
            )
        }
    };
    match seen {
        Some(Seen {
            version,
            upgrade,
            connection,
            ..
        }) => finding.seen(
            "server_saw",
            format!("{version}, Upgrade: {upgrade}, Connection: {connection}"),
        ),
        None => finding,
    }
}

/// Of "…were expected, HTTP/1.0, nothing and close were found", what was found.
fn found_part(detail: &str) -> &str {
    detail
        .split_once("expected, ")
        .map_or("", |(_, found)| found)
}

fn by_status(answer: &Answer, known: &Circumstances) -> Finding {
    let (said, place) = (answer.status_line(), known.place.as_str());
    let text = answer.text();
    let lower = text.to_ascii_lowercase();
    let server = answer
        .header("server")
        .unwrap_or_default()
        .to_ascii_lowercase();
    if differs(known) {
        let sentence = format!(
            "the same handshake is answered differently each time: {said}, then {}",
            numbers(&known.repeated)
        );
        return match lower.contains("session id unknown") {
            true => Finding::new("proxy.sticky", sentence),
            false if matches!(answer.status, 429 | 503) => {
                Finding::new("proxy.sticky", sentence).or("cap.max_conn")
            }
            false => Finding::new("proxy.sticky", sentence).or("auth.ephemeral_secret"),
        };
    }
    if let Some(host) = foreign_host(answer, &lower) {
        return Finding::new(
            "host.denied",
            format!("the server does not answer to this host name ({said}): {host}"),
        );
    }
    match answer.status {
        301 | 302 | 303 | 307 | 308 => redirect(answer),
        200..=299 if answer.is_html() => {
            let sentence = format!(
                "{place} answers the handshake with a page ({said}, \
                 text/html): a static host or its fallback to index.html has the path"
            );
            Finding::new("url.spa_fallback", sentence)
        }
        200..=299 => {
            let kind = answer.header("content-type").unwrap_or("no content type");
            let sentence = format!(
                "{place} answers the handshake as an ordinary request \
                 ({said}, {kind}): no socket lives at this path, or the Upgrade headers were lost"
            );
            Finding::new("url.path", sentence).or("proxy.no_upgrade")
        }
        400 if lower.contains("header or cookie too large")
            || lower.contains(
                "request header \
                 fields too large",
            )
            || lower.contains("header field") && lower.contains("too l") =>
        {
            header_size(answer, known)
        }
        400 if lower.contains("session id unknown") => Finding::new(
            "proxy.sticky",
            format!("the node that was asked does not know the session ({said})"),
        ),
        400 if lower.contains("transport unknown") || lower.contains("bad handshake method") => {
            let sentence = format!(
                "a Socket.IO server answers at {place} ({said}); it wants its \
                 own client, or ?EIO=4&transport=websocket"
            );
            Finding::new("url.path", sentence).fix(
                "use socket.io-client, or add \
                 ?EIO=4&transport=websocket to the address",
            )
        }
        400 if lower.contains("sec-websocket-version") => Finding::new(
            "ws.version",
            format!("the server speaks another version of WebSocket: {said}"),
        ),
        400 | 426
            if lower.contains("connection header")
                || lower.contains("upgrade` header")
                || lower.contains("upgrade header")
                || lower.contains("missing upgrade")
                || lower.contains("can \"upgrade\" only to \"websocket\"") =>
        {
            stripped(answer, known, first_line(&text))
        }
        426 if lower.contains("no upgrade state")
            || known.seen.as_ref().is_some_and(|seen| {
                seen.version == "HTTP/1.0" && seen.upgrade.eq_ignore_ascii_case("websocket")
            }) =>
        {
            let sentence = format!(
                "the server saw the Upgrade header in an HTTP/1.0 request, \
                 which cannot be upgraded ({said})"
            );
            Finding::new("proxy.http10", sentence)
        }
        426 => match answer
            .header("sec-websocket-version")
            .filter(|version| !version.split(',').any(|version| version.trim() == "13"))
        {
            Some(version) => Finding::new(
                "ws.version",
                format!(
                    "the server speaks version \
                     {version} of WebSocket, browsers speak 13 ({said})"
                ),
            ),
            None => stripped(answer, known, first_line(&text)),
        },
        400 => {
            let sentence = format!(
                "{place} takes the handshake for a bad request ({said}): {}",
                or_nothing(&beginning(answer))
            );
            let finding = stripped(answer, known, "")
                .or("ws.version")
                .or("auth.hidden_403");
            Finding {
                sentence,
                ..finding
            }
        }
        401 => auth_layer(answer)
            .or_else(|| of_vendor(answer))
            .unwrap_or_else(|| hidden(answer, known)),
        403 => of_vendor(answer)
            .or_else(|| by_origin(answer, known))
            .or_else(|| auth_layer(answer))
            .unwrap_or_else(|| hidden(answer, known)),
        404 => not_found(answer, known, &server),
        405 | 501 | 505 => {
            let sentence = format!(
                "the platform at {place} does not take WebSocket handshakes: \
                 {said}"
            );
            Finding::new("proxy.no_ws_support", sentence)
        }
        407 => Finding::new(
            "net.proxy_explicit",
            format!(
                "a proxy on the way wants a login: \
                 {said}"
            ),
        ),
        413 | 414 | 431 | 494 => header_size(answer, known),
        421 => Finding::new(
            "host.denied",
            format!(
                "the server does not answer for this host \
                 name: {said}"
            ),
        ),
        429 => of_vendor(answer).unwrap_or_else(|| {
            let wait = answer
                .header("retry-after")
                .map_or_else(String::new, |wait| format!("; Retry-After: {wait}"));
            Finding::new(
                "cap.rate_limit_ip",
                format!(
                    "too many handshakes came from this \
                     address, or from the proxy that all share: {said}{wait}"
                ),
            )
        }),
        502 | 504 => bad_gateway(answer),
        503 if is_by_proxy(answer, &lower, &server) => bad_gateway(answer),
        503 => full(answer, place),
        500 if known.is_vite => Finding::new(
            "dev.vite_target_down",
            format!(
                "the Vite dev \
                 server does not reach its proxy target: {said}"
            ),
        ),
        500 if known.elsewhere == Some(500) && known.plain != Some(500) => {
            let sentence = format!(
                "every handshake fails with 500, at {place} and at a path that cannot exist, \
                 while plain requests are answered: static files mounted at / swallow it"
            );
            Finding::new("srv.static_mount", sentence)
        }
        511 => Finding::new(
            "net.tunnel_auth",
            format!("the network wants a login first: {said}"),
        ),
        500..=599 => Finding::new(
            "srv.crash",
            format!(
                "the server failed while it took the \
                 handshake: {said}"
            ),
        )
        .or("srv.static_mount"),
        _ => Finding::new(
            "url.path",
            format!("{place} answers the handshake with {said}"),
        )
        .or("proxy.no_upgrade")
        .or("auth.hidden_403"),
    }
}

fn differs(known: &Circumstances) -> bool {
    known.repeated.contains(&101) && known.repeated.iter().any(|status| *status != 101)
}

fn numbers(statuses: &[u16]) -> String {
    statuses
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn by_origin(answer: &Answer, known: &Circumstances) -> Option<Finding> {
    let without = known
        .without_origin
        .filter(|status| *status != answer.status)?;
    let (id, what) = match known.is_vite {
        true => ("dev.vite_origin", "behind the dev proxy "),
        false => ("origin.denied", ""),
    };
    let sentence = format!(
        "{what}the server refuses pages of {}: with this Origin the handshake gave {}, without \
         one {without}",
        known.origin, answer.status
    );
    Some(
        Finding::new(id, sentence)
            .seen("without_origin", without.to_string())
            .not(
                "auth.hidden_403",
                format!("without Origin it gave {without}"),
            ),
    )
}

fn hidden(answer: &Answer, known: &Circumstances) -> Finding {
    let said = answer.status_line();
    let with = if known.has_token {
        "with the token that was sent"
    } else {
        "without a token"
    };
    let sentence = format!(
        "the server refuses the handshake before it accepts ({said}, {with}), so a page learns \
         nothing but 1006; it may be the token, the account or the path"
    );
    let finding = Finding::new("auth.hidden_403", sentence).or("url.path");
    match known.without_origin {
        Some(status) if status == answer.status => finding.not(
            "origin.denied",
            format!("without Origin it is {status} as well"),
        ),
        _ => finding,
    }
}

fn not_found(answer: &Answer, known: &Circumstances, server: &str) -> Finding {
    let (said, place) = (answer.status_line(), known.place.as_str());
    let platform = [
        ("x-vercel-id", "Vercel"),
        ("x-nf-request-id", "Netlify"),
        ("x-github-request-id", "GitHub Pages"),
        ("x-amz-request-id", "S3"),
    ];
    if let Some((_, name)) = platform
        .iter()
        .find(|(header, _)| answer.header(header).is_some())
    {
        return Finding::new(
            "proxy.no_ws_support",
            format!("{place} is served by {name}, which takes no WebSocket there: {said}"),
        );
    }
    // With a WebSocket library uvicorn answers an unknown socket with 403; 404 is what it says to a
    // plain request, so it took the handshake for one.
    if server.contains("uvicorn") {
        let sentence = format!(
            "uvicorn took the handshake for a plain request ({said}): it has no WebSocket \
             library, or a proxy took the Upgrade headers out"
        );
        return Finding::new("srv.no_ws_library", sentence)
            .or("proxy.no_upgrade")
            .fix("pip install 'uvicorn[standard]' (or websockets) and start it again");
    }
    if known.is_ours {
        let by = if server.is_empty() {
            "something in front of the server".to_owned()
        } else {
            server.to_owned()
        };
        let sentence = format!(
            "{by} does not pass {} on ({said}), although the server itself is reached",
            known.path
        );
        return Finding::new("proxy.path_prefix", sentence);
    }
    let sentence = format!("nothing lives at {place}: {said}");
    Finding::new("url.path", sentence)
        .or("proxy.path_prefix")
        .or("proxy.no_ws_support")
}

fn header_size(answer: &Answer, known: &Circumstances) -> Finding {
    let sentence = format!(
        "the request is too large for the server: {}; cookies and tokens are in its headers and \
         its address",
        answer.status_line()
    );
    let finding = Finding::new("http.header_size", sentence);
    match known.bare {
        Some(status) => finding.seen("without_headers_and_query", status.to_string()),
        None => finding,
    }
}

fn foreign_host(answer: &Answer, lower: &str) -> Option<String> {
    if !matches!(answer.status, 400 | 403) {
        return None;
    }
    let is_meant = lower.contains("invalid host header")
        || lower.contains("invalid http_host")
        || lower.contains("disallowedhost")
        || (lower.contains("blocked request") && lower.contains("host"))
        || lower.contains("host not allowed")
        || lower.contains("invalid host");
    is_meant.then(|| beginning(answer))
}

/// The beginning of the body in one line.
fn beginning(answer: &Answer) -> String {
    let text = answer.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() {
        "it says nothing more"
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
