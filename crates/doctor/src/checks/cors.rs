//! May a page of another origin read the answers, with its cookie: CORS as a browser checks it, and
//! the cookies that come along.

use crate::cookies::{Setting, judge};
use crate::examination::{Examination, Seen};
use crate::http::{Answer, Request};
use crate::report::Finding;

/// The address that the page fetches before it connects, as path and query of the target.
pub(crate) fn fetched(examination: &Examination<'_>) -> Option<Request> {
    let target = examination.target();
    let request = |path: &str| {
        let request = Request::get(&target.authority(), path);
        examination
            .options
            .headers
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(name, value.clone())
            })
    };
    if let Some(given) = &examination.options.token_url {
        let path = match url::Url::parse(given) {
            Ok(url) => {
                let query = url
                    .query()
                    .map_or_else(String::new, |query| format!("?{query}"));
                format!("{}{query}", url.path())
            }
            Err(_) if given.starts_with('/') => given.clone(),
            Err(_) => format!("/{given}"),
        };
        return Some(request(&path));
    }
    if examination.known.is_ours {
        return Some(examination.get("/api/v1/auth/ws-token"));
    }
    target.is_http.then(|| request(&target.path_and_query()))
}

/// A preflight and the request behind it, as a page of `--origin` with a cookie makes them.
pub(crate) async fn cors(examination: &mut Examination<'_>) -> Seen {
    let Some(origin) = examination.options.origin.clone() else {
        return Seen::Skipped("no --origin was given".to_owned());
    };
    if origin == examination.target().origin() && !examination.known.is_vite {
        return Seen::Well("the page is of the server's own origin".to_owned());
    }
    // What a page that was given a socket's address fetches is not known.
    let is_known = examination.options.token_url.is_some() || examination.target().is_http;
    let Some(request) = fetched(examination).filter(|_| is_known) else {
        return Seen::Skipped(
            "it is not known what the page fetches; --token-url names it".to_owned(),
        );
    };
    let preflight = Request {
        method: "OPTIONS",
        ..request.clone()
    };
    // Our own server reads no Authorization over HTTP, so no page sends it.
    let asked_headers = if examination.known.is_ours {
        "content-type"
    } else {
        "authorization, content-type"
    };
    let preflight = preflight
        .header("Origin", origin.clone())
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", asked_headers);
    let first = match examination.ask(&preflight).await {
        Ok(answer) => answer,
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    let second = match examination
        .ask(&request.clone().header("Origin", origin.clone()))
        .await
    {
        Ok(answer) => answer,
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    examination
        .known
        .cookies
        .extend(second.all("set-cookie").map(str::to_owned));
    let path = request
        .path
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    let finding = of_answer(&second, &origin, &path)
        .or_else(|| of_preflight(&first, &origin, &path, asked_headers));
    match finding {
        Some(finding) => {
            examination.find(finding);
            Seen::Unknown(String::new())
        }
        None => Seen::Well(format!("{origin} may read {path} ({})", second.status)),
    }
}

fn of_answer(answer: &Answer, origin: &str, path: &str) -> Option<Finding> {
    let said = answer.status_line();
    let allowed = answer.header("access-control-allow-origin").map(str::trim);
    let with_credentials = answer
        .header("access-control-allow-credentials")
        .is_some_and(|value| value.trim() == "true");
    let finding = match allowed {
        None if answer.status >= 500 => {
            let sentence = format!(
                "{path} fails with {said}, and that answer has no CORS headers, so a page of \
                 {origin} is told of CORS and not of the error"
            );
            Finding::new("cors.error_hides", sentence).not(
                "cors.origin",
                "the answer is an error, which hides what the list says",
            )
        }
        None => {
            let sentence = format!(
                "{path} names no Access-Control-Allow-Origin for a page of {origin} ({said}), so \
                 the browser keeps the answer from it"
            );
            Finding::new("cors.origin", sentence).not(
                "cors.error_hides",
                format!(
                    "the answer is {}, not an error of the server",
                    answer.status
                ),
            )
        }
        Some("*") => {
            let sentence = format!(
                "{path} allows every origin (*), which a browser refuses for a request with a \
                 cookie; {origin} must be named"
            );
            Finding::new("cors.credentials_wildcard", sentence)
        }
        Some(other) if other != origin => {
            let sentence = format!("{path} allows {other}, and the page is of {origin}");
            Finding::new("cors.origin", sentence)
                .not("cors.error_hides", "an origin is named, another one")
        }
        Some(_) if !with_credentials => {
            let sentence = format!(
                "{path} allows {origin}, but not with a cookie: \
                 Access-Control-Allow-Credentials: true is missing"
            );
            Finding::new("cors.credentials_wildcard", sentence)
        }
        Some(_) => return None,
    };
    Some(
        finding
            .seen("allow_origin", allowed.unwrap_or("absent"))
            .seen("origin", origin)
            .seen("status", said),
    )
}

fn of_preflight(answer: &Answer, origin: &str, path: &str, asked: &str) -> Option<Finding> {
    let said = answer.status_line();
    let finding = |sentence: String| {
        let finding = Finding::new("cors.preflight", sentence).seen("status", said.clone());
        Some(finding.not("cors.origin", "the request itself is allowed"))
    };
    if !(200..300).contains(&answer.status) {
        return finding(format!(
            "the preflight OPTIONS {path} is answered with {said}; a browser asks for 200 to 299 \
             and then does not send the request"
        ));
    }
    let allowed = answer
        .header("access-control-allow-origin")
        .unwrap_or("absent")
        .trim();
    if allowed != origin {
        return finding(format!(
            "the preflight OPTIONS {path} allows {allowed}, and the page is of {origin}"
        ));
    }
    let listed: Vec<String> = answer
        .all("access-control-allow-headers")
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let missing: Vec<&str> = asked
        .split(", ")
        .filter(|name| !listed.iter().any(|known| known == name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let sentence = format!(
        "the preflight OPTIONS {path} does not allow the header {}: a page that sends it is \
         refused",
        missing.join(", ")
    );
    // Whether the page sends Authorization is not known.
    let is_certain = missing.contains(&"content-type");
    finding(sentence).map(|finding| match is_certain {
        true => finding,
        false => finding.severity(causes::Severity::Warning),
    })
}

/// Judges the cookies that were set.
pub(crate) async fn cookies(examination: &mut Examination<'_>) -> Seen {
    if examination.known.cookies.is_empty()
        && examination.options.email.is_none()
        && (examination.options.token_url.is_some()
            || (examination.target().is_http && !examination.known.is_ours))
        && let Some(request) = fetched(examination)
        && let Ok(answer) = examination.ask(&request).await
    {
        examination
            .known
            .cookies
            .extend(answer.all("set-cookie").map(str::to_owned));
    }
    if examination.known.cookies.is_empty() {
        return Seen::Skipped("no cookie was set".to_owned());
    }
    let origin = examination.origin();
    let Ok(page) = url::Url::parse(&origin) else {
        return Seen::Skipped(format!("the origin {origin} names no host"));
    };
    let target = examination.target().clone();
    let server_scheme = if target.is_tls { "https" } else { "http" };
    let socket_path = match (examination.known.is_ours, target.is_http) {
        (true, true) => Some(format!("{}/api/v1/ws", target.base())),
        (_, false) => Some(target.path.clone()),
        (false, true) => None,
    };
    let setting = Setting {
        page: (page.scheme(), page.host_str().unwrap_or_default()),
        server: (server_scheme, &target.host),
        socket_path: socket_path.as_deref(),
    };
    let lines = examination.known.cookies.clone();
    for line in &lines {
        for finding in judge(line, &setting) {
            examination.find(finding);
        }
    }
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split('=').next())
        .collect();
    Seen::Well(format!("{}, for a page of {origin}", names.join(", ")))
}
