//! The address, and whether a page may ask it at all. Nobody is asked.

use std::net::IpAddr;

use causes::Severity;

use crate::address::{Target, is_loopback};
use crate::examination::{Examination, Seen};
use crate::report::Finding;

/// Reads the address.
pub(crate) fn url(examination: &mut Examination<'_>) -> Seen {
    if let Some((_, rest)) = examination.options.url.split_once("://")
        && let Some((user, _)) = rest.split('/').next().unwrap_or_default().rsplit_once('@')
    {
        user.split(':')
            .for_each(|part| examination.secrets.add(part));
    }
    let target = match Target::parse(&examination.options.url) {
        Ok(target) => target,
        Err(finding) => {
            examination.find(*finding);
            return Seen::Unknown(String::new());
        }
    };
    if let Some(token) = &target.token {
        examination.secrets.add(token);
    }
    if target.has_bad_port() {
        let finding = Finding::new(
            "url.invalid",
            format!(
                "browsers refuse to ask port {}, whoever listens there (ERR_UNSAFE_PORT)",
                target.port
            ),
        );
        examination.find(finding.fix("let the server listen on another port, such as 8000"));
    }
    if let Some(finding) = subprotocols(&examination.options.subprotocols) {
        examination.find(finding);
    }
    let what = target.shown();
    examination.target = Some(target);
    Seen::Well(what)
}

/// What a browser's constructor refuses among the subprotocols.
fn subprotocols(offered: &[String]) -> Option<Finding> {
    let is_token = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte))
    };
    let bad = offered.iter().find(|name| !is_token(name));
    let twice = offered
        .iter()
        .enumerate()
        .find(|(index, name)| offered[..*index].contains(name))
        .map(|(_, name)| name);
    let sentence = match (bad, twice) {
        (Some(_), _) => "a subprotocol holds a character that none may hold, such as a space or \
            `=`; a browser throws SyntaxError (a token belongs in the address or the first frame)"
            .to_owned(),
        (None, Some(name)) => format!(
            "the subprotocol {name} is offered twice; a browser throws \
             SyntaxError"
        ),
        (None, None) => return None,
    };
    Some(Finding::new("url.invalid", sentence))
}

/// What a browser would refuse before it asks.
pub(crate) fn page(examination: &mut Examination<'_>) -> Seen {
    let Some(origin) = examination.options.origin.clone() else {
        return Seen::Skipped("no --origin was given".to_owned());
    };
    let target = examination.target().clone();
    let host = target.host.as_str();
    if origin == "null" || origin.starts_with("file:") {
        let sentence = format!(
            "the page's origin is {origin}: it was opened from a file or stands in a sandboxed \
             frame, so it names no server"
        );
        examination.find(Finding::new("br.file_origin", sentence));
        return Seen::Unknown(String::new());
    }
    let page = match url::Url::parse(&origin) {
        Ok(page) if matches!(page.scheme(), "http" | "https") && page.has_host() => page,
        _ => {
            examination.trouble = Some(format!(
                "--origin {origin} is no origin; one looks like http://localhost:5174"
            ));
            return Seen::Unknown(String::new());
        }
    };
    if page.scheme() == "https" && !target.is_tls && !is_loopback(host) {
        let sentence = format!(
            "a page of {origin} came over https, so a browser does not let it ask {} without TLS",
            target.shown()
        );
        examination.find(Finding::new("br.mixed", sentence).fix(format!(
                "use {} and serve TLS there",
                target
                    .shown()
                    .replacen("ws://", "wss://", 1)
                    .replacen("http://", "https://", 1)
            )));
    }
    let from_public = page.host_str().is_some_and(|host| !is_private(host));
    if from_public && is_private(host) {
        let sentence = format!(
            "a page of the public address {origin} asks {host}, which is in the local network: browsers ask the person first, \
             and refuse pages without https"
        );
        // Whether the page's own address is public is not known: a name may be one of the same network.
        examination.find(Finding::new("br.lna", sentence).severity(Severity::Warning));
    }
    Seen::Well(format!("a page of {origin}"))
}

fn is_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if is_loopback(host) {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            address.is_private() || address.is_link_local() || address.is_loopback()
        }
        Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
        Err(_) => host.ends_with(".local") || !host.contains('.'),
    }
}
