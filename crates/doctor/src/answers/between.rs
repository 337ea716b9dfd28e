//! What stands between us and a server, by what it answers: a login, a tunnel, a guard, a gateway,
//! a redirect. Pure. Start at [`gateway`].

use crate::http::Answer;
use crate::report::Finding;

/// Names of hosts that ask people to log in before a tunnel.
const TUNNELS: [&str; 7] = [
    "github.dev",
    "githubpreview.dev",
    "devtunnels.ms",
    "visualstudio.com",
    "gitpod.io",
    "ngrok",
    "loca.lt",
];

/// Names of hosts where people log in.
const LOGINS: [&str; 8] = [
    "cloudflareaccess.com",
    "login.microsoftonline.com",
    "accounts.google.com",
    "okta.com",
    "auth0.com",
    "onelogin.com",
    "amazoncognito.com",
    "/oauth2/",
];

/// An answer of something between us and the server, whatever was asked.
pub(crate) fn gateway(answer: &Answer) -> Option<Finding> {
    let said = answer.status_line();
    match answer.status {
        301 | 302 | 303 | 307 | 308 => Some(redirect(answer)),
        503 if answer.problem().is_none() && is_nginx(answer) => {
            Some(full(answer, "the way to the server"))
        }
        502..=504 if answer.problem().is_none() => Some(bad_gateway(answer)),
        407 => Some(Finding::new(
            "net.proxy_explicit",
            format!("a proxy on the way wants a login: {said}"),
        )),
        511 => Some(Finding::new(
            "net.tunnel_auth",
            format!("the network wants a login first: {said}"),
        )),
        401 | 403 | 429 => vendor(answer)
            .map(|vendor| {
                Finding::new(
                    "proxy.waf",
                    format!("{vendor} stands in front of the server and answered {said}"),
                )
                .seen("vendor", vendor)
            })
            .or_else(|| auth_layer(answer)),
        _ => None,
    }
}

pub(super) fn redirect(answer: &Answer) -> Finding {
    let location = answer.header("location").unwrap_or("nowhere");
    let said = answer.status_line();
    let host = location
        .split_once("://")
        .map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    if TUNNELS.iter().any(|tunnel| host.contains(tunnel)) {
        let sentence = format!("the tunnel asks for a login: {said} to {location}");
        return Finding::new("net.tunnel_auth", sentence).seen("location", location);
    }
    if LOGINS.iter().any(|login| location.contains(login)) {
        let sentence = format!("a login stands in front of the server: {said} to {location}");
        return Finding::new("proxy.auth_layer", sentence).seen("location", location);
    }
    let sentence =
        format!("the handshake is redirected ({said} to {location}), and browsers do not follow");
    Finding::new("url.redirect", sentence)
        .fix(format!(
            "connect to {location} at once, or let the server take both addresses"
        ))
        .seen("location", location)
}

pub(super) fn bad_gateway(answer: &Answer) -> Finding {
    let by = answer
        .header("server")
        .map_or_else(String::new, |server| format!(" ({server})"));
    let sentence = format!(
        "a proxy{by} answers {} because it does not reach the server behind it",
        answer.status_line()
    );
    Finding::new("proxy.bad_gateway", sentence)
}

pub(super) fn is_by_proxy(answer: &Answer, lower: &str, server: &str) -> bool {
    [
        "haproxy",
        "caddy",
        "apache",
        "envoy",
        "varnish",
        "traefik",
        "awselb",
        "cloudflare",
        "vercel",
    ]
    .iter()
    .any(|name| server.contains(name))
        || lower.contains("no server is available to handle")
        || lower.contains("upstream")
        || answer.header("via").is_some()
}

/// A server, or what stands in front of it, takes no more for now.
pub(super) fn full(answer: &Answer, place: &str) -> Finding {
    let wait = answer
        .header("retry-after")
        .map_or_else(String::new, |wait| format!("; Retry-After: {wait}"));
    let said = answer.status_line();
    let finding = if is_nginx(answer) {
        let sentence = format!(
            "{place} is closed for now: nginx answers {said}{wait}, as it does where limit_conn \
             or limit_req is reached; a server that it does not reach would be 502"
        );
        Finding::new("cap.max_conn", sentence)
            .fix("raise limit_conn (or limit_req) in nginx, or close sockets that nobody uses")
    } else {
        let sentence = format!("{place} refuses the handshake for now: {said}{wait}");
        Finding::new("cap.max_conn", sentence)
    };
    finding.or("proxy.bad_gateway")
}

fn is_nginx(answer: &Answer) -> bool {
    let server = answer.header("server").unwrap_or_default();
    server.to_ascii_lowercase().contains("nginx")
}

pub(super) fn of_vendor(answer: &Answer) -> Option<Finding> {
    let vendor = vendor(answer)?;
    let sentence = format!(
        "{vendor} stands in front of the server and refuses the handshake: {}",
        answer.status_line()
    );
    Some(Finding::new("proxy.waf", sentence).seen("vendor", vendor))
}

/// Who guards the server, by the headers that only they send.
fn vendor(answer: &Answer) -> Option<&'static str> {
    let server = answer
        .header("server")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let has = |name: &str| answer.header(name).is_some();
    let body = answer.text().to_ascii_lowercase();
    Some(match () {
        () if has("cf-mitigated") || has("cf-ray") || server == "cloudflare" => "Cloudflare",
        () if has("x-amzn-waf-action") || server.contains("awselb") || has("x-amzn-errortype") => {
            "AWS"
        }
        () if server.contains("cloudfront") || has("x-amz-cf-id") => "CloudFront",
        () if has("x-sucuri-id") || server.contains("sucuri") => "Sucuri",
        () if has("x-iinfo") || has("x-cdn") => "Imperva",
        () if server.contains("akamaighost") || body.contains("errors.edgesuite.net") => "Akamai",
        () if has("x-azure-ref") => "Azure Front Door",
        () if body.contains("mod_security") || body.contains("modsecurity") => "ModSecurity",
        () => return None,
    })
}

pub(super) fn auth_layer(answer: &Answer) -> Option<Finding> {
    let scheme = answer
        .header("www-authenticate")?
        .split(' ')
        .next()?
        .to_owned();
    let is_foreign = ["basic", "negotiate", "ntlm", "digest", "kerberos"]
        .contains(&scheme.to_ascii_lowercase().as_str());
    is_foreign.then(|| {
        let sentence = format!(
            "a login ({scheme}) stands in front of the server: {}; a page \
             cannot answer it for a socket",
            answer.status_line()
        );
        Finding::new("proxy.auth_layer", sentence)
            .seen("www-authenticate", scheme)
            .not("auth.hidden_403", "it asks for a login of its own")
    })
}
