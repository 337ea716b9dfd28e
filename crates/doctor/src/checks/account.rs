//! The account: sign in as a page does, take a token, and see that the role opens what it should and
//! no more. What the doctor signs in it signs out again ([`sign_out`]).

use protocol::CloseCode;
use serde_json::json;

use super::server::not_ready;
use crate::examination::{Examination, Seen, Session};
use crate::http::Answer;
use crate::report::Finding;

/// From which share of ended sockets on slow readers are worth a word, in percent: a phone that fell
/// asleep is everyday.
const SLOW_FROM_PERCENT: u64 = 1;

/// Signs in with `--email` and takes a socket token.
pub(crate) async fn login(examination: &mut Examination<'_>) -> Seen {
    let Some(email) = examination.options.email.clone() else {
        return Seen::Skipped("no --email was given".to_owned());
    };
    let password = examination.options.password.clone().unwrap_or_default();
    let body = json!({"email": email, "password": password});
    let request = examination
        .request("POST", "/api/v1/auth/login")
        .json(&body);
    let request = with_origin(examination, request);
    let answer = match examination.ask(&request).await {
        Ok(answer) => answer,
        Err(fault) => {
            let finding = unwritten(examination, &fault.words()).await;
            examination.find(finding);
            return Seen::Unknown(String::new());
        }
    };
    if answer.status != 200 {
        let finding = match answer.status {
            503 => unwritten(examination, &answer.status_line()).await,
            _ => refused(&answer, &format!("the account {email} cannot sign in")),
        };
        examination.find(finding);
        return Seen::Unknown(String::new());
    }
    examination.time("login", answer.after);
    examination
        .known
        .cookies
        .extend(answer.all("set-cookie").map(str::to_owned));
    let role = answer
        .json()
        .and_then(|user| Some(user["role"].as_str()?.to_owned()))
        .unwrap_or_default();
    let cookie = answer
        .header("set-cookie")
        .and_then(|line| line.split(';').next())
        .unwrap_or_default()
        .to_owned();
    examination.known.session = Some(Session {
        cookie,
        role: role.clone(),
    });
    let given = examination.options.token.is_some() || examination.target().token.is_some();
    if given {
        return Seen::Well(format!("signed in as {role}; the given token is used"));
    }
    match fetch_token(examination).await {
        Ok(token) => {
            examination.known.token = Some(token);
            Seen::Well(format!("signed in as {role}, and a socket token was taken"))
        }
        Err(finding) => {
            examination.find(*finding);
            Seen::Unknown(String::new())
        }
    }
}

/// A login writes a session: if reading works and that does not, the database takes no writes.
async fn unwritten(examination: &mut Examination<'_>, said: &str) -> Finding {
    let ready = examination.get("/readyz");
    match examination.ask(&ready).await {
        Ok(ready) if ready.status == 200 => {
            let sentence = format!(
                "the login gets no answer or none of worth ({said}), while the server can read \
                 its database: another process holds the lock for writing"
            );
            Finding::new("cap.sqlite_busy", sentence).or("cap.db_pool")
        }
        Ok(ready) => match not_ready(&ready) {
            Some(finding) => finding.seen("login", said),
            None => {
                let found = ready.status_line();
                let sentence =
                    format!("the login gets no answer of worth ({said}), and /readyz says {found}");
                Finding::new("cap.sqlite_busy", sentence)
            }
        },
        Err(fault) => Finding::new(
            "cap.loop_blocked",
            format!(
                "neither the login ({said}) nor /readyz ({}) is answered",
                fault.words()
            ),
        ),
    }
}

/// What `--token-url` hands out.
pub(crate) async fn token_url(examination: &mut Examination<'_>) -> Seen {
    if examination.options.token_url.is_none() {
        return Seen::Skipped("no --token-url was given".to_owned());
    }
    let Some(request) = super::cors::fetched(examination) else {
        return Seen::Skipped("--token-url cannot be read".to_owned());
    };
    let request = with_origin(examination, request);
    let first = match examination.ask(&request).await {
        Ok(answer) => answer,
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    examination
        .known
        .cookies
        .extend(first.all("set-cookie").map(str::to_owned));
    let path = request
        .path
        .split('?')
        .next()
        .unwrap_or_default()
        .to_owned();
    if first.status == 401 {
        let with = if examination.options.headers.is_empty() {
            "no cookie was sent; pass one with --header"
        } else {
            "with the headers that were given"
        };
        let sentence = format!(
            "{path} hands out no token: {} ({with})",
            first.status_line()
        );
        examination.find(Finding::new("token.endpoint_unauth", sentence));
        return Seen::Unknown(String::new());
    }
    let token = |answer: &Answer| {
        let json = answer.json()?;
        let found = ["token", "access_token", "jwt", "ticket"]
            .into_iter()
            .find_map(|name| json[name].as_str());
        found.map(str::to_owned)
    };
    let Some(given) = token(&first) else {
        return Seen::Unknown(format!("{} without a token in it", first.status_line()));
    };
    examination.secrets.add(&given);
    let second = examination.ask(&request).await.ok();
    let again = second.as_ref().and_then(token);
    let caching = first
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_kept = caching.contains("max-age") && !caching.contains("max-age=0")
        || first.header("age").is_some();
    if again.as_deref() == Some(given.as_str()) || is_kept {
        let how = if is_kept {
            format!("its answer may be kept ({caching})")
        } else {
            "two requests got the same token".to_owned()
        };
        let sentence = format!(
            "{path} hands out an old token: {how}; a page that comes back later gets one that \
             has expired"
        );
        examination.find(Finding::new("token.cached", sentence));
    }
    if examination.known.token.is_none()
        && examination.options.token.is_none()
        && examination.target().token.is_none()
    {
        examination.known.token = again.or(Some(given));
    }
    Seen::Well(format!(
        "{path} hands out a token ({})",
        first.status_line()
    ))
}

/// A fresh token of the session.
pub(crate) async fn fetch_token(examination: &mut Examination<'_>) -> Result<String, Box<Finding>> {
    let request = with_cookie(examination, examination.get("/api/v1/auth/ws-token"));
    let request = with_origin(examination, request);
    let answer = examination.ask(&request).await.map_err(|fault| {
        Box::new(Finding::new(
            "srv.crash",
            format!("the token endpoint gives no answer: {}", fault.words()),
        ))
    })?;
    let token = answer
        .json()
        .and_then(|json| Some(json["token"].as_str()?.to_owned()));
    match token {
        Some(token) if answer.status == 200 => {
            examination.secrets.add(&token);
            if answer
                .header("cache-control")
                .is_none_or(|value| !value.contains("no-store"))
            {
                let sentence = "the answer with the token does not say Cache-Control: no-store, \
                    so a browser or proxy may hand out an old one";
                examination.find(
                    Finding::new("token.cached", sentence).severity(causes::Severity::Warning),
                );
            }
            judge_socket_url(examination, &answer);
            Ok(token)
        }
        _ => Err(Box::new(refused(
            &answer,
            "the session gets no socket token",
        ))),
    }
}

/// The server tells pages where its socket is: they should be able to go there.
fn judge_socket_url(examination: &mut Examination<'_>, answer: &Answer) {
    let Some(told) = answer
        .json()
        .and_then(|json| Some(json["ws_url"].as_str()?.to_owned()))
    else {
        return;
    };
    let target = examination.target();
    let (Ok(told_url), own) = (url::Url::parse(&told), target.origin()) else {
        return;
    };
    let told_origin = format!(
        "{}://{}",
        if told_url.scheme() == "wss" {
            "https"
        } else {
            "http"
        },
        told_url.authority()
    );
    // localhost and its addresses are one machine.
    let is_local =
        told_url.host_str().is_some_and(crate::address::is_loopback) && target.is_loopback();
    let is_same =
        told_origin == own || (is_local && told_url.port_or_known_default() == Some(target.port));
    if !is_same {
        let sentence = format!(
            "the server tells pages to connect to {told}, and was asked at {own}: its public_url \
             is not where it is reached"
        );
        let finding = Finding::new("srv.public_url", sentence).fix(format!(
            "set server.public_url to {own} (or ask the address that it names)"
        ));
        examination.find(finding);
    }
}

fn refused(answer: &Answer, what: &str) -> Finding {
    let said = answer.status_line();
    let Some((code, detail, fix)) = answer.problem() else {
        return match crate::answers::gateway(answer) {
            Some(finding) => finding,
            None => Finding::new("token.endpoint_unauth", format!("{what}: {said}")),
        };
    };
    let id = match code.as_str() {
        "account_disabled" | "session_ended" => "auth.revoked",
        "origin_denied" => "cors.origin",
        "rate_limited" => "cap.rate_limit",
        "unavailable" => "srv.deploy",
        "overloaded" => "cap.max_conn",
        "internal_error" => "srv.crash",
        _ => "token.endpoint_unauth",
    };
    Finding::new(id, format!("{what}: {code}: {detail}")).fix(fix)
}

/// A request with the session of the doctor.
pub(crate) fn with_cookie(
    examination: &Examination<'_>,
    request: crate::http::Request,
) -> crate::http::Request {
    match &examination.known.session {
        Some(session) => request.header("Cookie", session.cookie.clone()),
        None => request,
    }
}

/// A request as a page of `--origin` makes it.
fn with_origin(
    examination: &Examination<'_>,
    request: crate::http::Request,
) -> crate::http::Request {
    match &examination.options.origin {
        Some(origin) => request.header("Origin", origin.clone()),
        None => request,
    }
}

/// The role opens what it should: counts of sockets are for staff alone.
pub(crate) async fn permission(examination: &mut Examination<'_>) -> Seen {
    let Some(session) = examination.known.session.clone() else {
        return Seen::Skipped("no --email was given".to_owned());
    };
    let request = with_cookie(examination, examination.get("/api/v1/ws/stats"));
    let answer = match examination.ask(&request).await {
        Ok(answer) => answer,
        Err(fault) => return Seen::Unknown(fault.words()),
    };
    let is_staff = matches!(session.role.as_str(), "staff" | "admin");
    let expected = if is_staff { 200 } else { 403 };
    if answer.status != expected {
        let sentence = format!(
            "/api/v1/ws/stats answers a {} with {}, {expected} was expected",
            session.role, answer.status
        );
        examination.find(Finding::new("authz.role", sentence));
    }
    if let Some(finding) = answer.json().as_ref().and_then(slow_readers) {
        examination.find(finding);
    }
    Seen::Well(format!(
        "/api/v1/ws/stats answers a {} with {}",
        session.role, answer.status
    ))
}

/// What the counts say of clients that did not read, where they are more than a few.
fn slow_readers(counts: &serde_json::Value) -> Option<Finding> {
    let closes = counts["closes"].as_object()?;
    let count = |code: &str| closes.get(code).and_then(serde_json::Value::as_u64);
    let slow = count(&CloseCode::TooSlow.code().to_string()).unwrap_or(0);
    let ended: u64 = closes.values().filter_map(serde_json::Value::as_u64).sum();
    if slow == 0 || slow * 100 < ended * SLOW_FROM_PERCENT {
        return None;
    }
    let sentence = format!(
        "of {ended} sockets that ended since the server's start it gave {slow} up, because their \
         clients did not read as fast as events came"
    );
    let told = format!("{slow} of {ended} were closed with 4002, by /api/v1/ws/stats");
    Some(
        Finding::new("srv.slow_consumer", sentence)
            .not("cap.loop_blocked", "the server answers")
            .seen("closes", told),
    )
}

/// Ends the doctor's own session, so that nothing is left behind.
pub(crate) async fn sign_out(examination: &mut Examination<'_>) {
    if examination.known.session.is_none() || examination.known.dialer.is_none() {
        return;
    }
    let request = with_cookie(
        examination,
        examination.request("POST", "/api/v1/auth/logout"),
    );
    // A session that cannot be ended now ends by itself.
    let _ = examination
        .ask(&request.header("Content-Length", "0"))
        .await;
    examination.known.session = None;
}
