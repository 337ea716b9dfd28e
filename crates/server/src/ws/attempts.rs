//! What became of every try to open a socket, the refused ones too: a browser learns nothing from a
//! handshake that was refused, so it asks here. In memory and bounded; time is handed in. Holds no
//! token and no part of one. Start at [`Seen::of`] and [`Attempts`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::auth::{TOKEN_LEEWAY_SECONDS, TokenProblem};
use axum::extract::Request;
use axum::http::header;
use engine::Closed;
use protocol::{AttemptId, CloseCode, ConnectionId, Goodbye, Problem, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Most attempts that are remembered, those under way too.
const REMEMBERED_MAX: usize = 10_000;

/// How long an attempt is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// Most refused and failed attempts that are listed.
const LISTED_MAX: usize = 200;

/// Longest id that a client may choose, in characters.
const ID_MAX_CHARS: usize = 64;

/// Longest text of a stranger that is kept, in characters.
const SHOWN_MAX_CHARS: usize = 200;

/// Longest segment of a path that is kept, in characters; a UUID has 36 and a token some hundred.
const SEGMENT_MAX_CHARS: usize = 40;

/// How the first part of every JWT begins: `{"` in base64url.
const JWT_BEGIN: &str = "eyJ";

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The handshake is done, the welcome is not sent yet.
    Upgrading,
    /// The welcome was sent; on the echo socket, the handshake is done.
    Open,
    /// The server said no.
    Refused,
    /// The connection has ended; without a welcome if `code` and `reason` do not tell otherwise.
    Closed,
}

/// Two values that were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Compared {
    /// What belongs there.
    expected: String,
    /// What was there.
    found: String,
}

/// What was compared, by name.
pub(crate) type Comparison = BTreeMap<String, Compared>;

/// One value that was compared.
pub(crate) fn compared(
    name: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Comparison {
    let found = shown(&found.into());
    Comparison::from([(
        name.into(),
        Compared {
            expected: expected.into(),
            found,
        },
    )])
}

/// One try to open a socket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// When the handshake came.
    pub(crate) at: Timestamp,
    /// The id that the client chose (`?attempt=`), or one of the server's.
    pub(crate) attempt: String,
    /// The path that was asked; long segments and those that look like tokens are left out.
    #[schema(example = "/api/v1/ws")]
    path: String,
    /// The page, as the browser named it.
    #[schema(example = "https://shop.example.com")]
    origin: Option<String>,
    /// The client's address, behind the trusted proxies.
    #[schema(value_type = String, example = "203.0.113.7")]
    address: IpAddr,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// The close code, or the HTTP status of a handshake that was refused.
    #[schema(example = 403)]
    pub(crate) code: Option<u16>,
    /// Why: a stable word, a colon and a sentence, as in a close frame.
    pub(crate) reason: Option<String>,
    /// The next step.
    pub(crate) fix: Option<String>,
    /// The name of the cause, as the doctor and the client have it; its page is in docs/failures.
    #[schema(example = "origin.denied")]
    pub(crate) cause: Option<&'static str>,
    /// What was compared, by name.
    compared: Comparison,
}

/// A handshake as it came in.
#[derive(Debug)]
pub(crate) struct Seen {
    attempt: Attempt,
    /// Whether the client chose the id, so that somebody may ask.
    named: bool,
    since: Instant,
}

impl Seen {
    /// Looks at a request. Of the query it takes the id alone.
    pub(crate) fn of(request: &Request, address: IpAddr, at: Timestamp, since: Instant) -> Self {
        let named = chosen_id(request.uri().query().unwrap_or_default());
        let origin = request.headers().get(header::ORIGIN);
        Self {
            named: named.is_some(),
            since,
            attempt: Attempt {
                at,
                attempt: named.unwrap_or_else(|| AttemptId::new().to_string()),
                path: shown_path(request.uri().path()),
                origin: origin.map(|origin| shown(origin.to_str().unwrap_or("?"))),
                address,
                outcome: Outcome::Upgrading,
                code: None,
                reason: None,
                fix: None,
                cause: None,
                compared: Comparison::new(),
            },
        }
    }
}

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u16,
    reason: String,
    fix: Cow<'static, str>,
    compared: Comparison,
}

impl Failure {
    /// A handshake that is answered with a problem instead of `101`. `reason` goes to whoever asks,
    /// so it says less than the problem where that names the server's settings.
    pub(crate) fn by_problem(problem: &Problem, reason: &str, compared: Comparison) -> Self {
        Self {
            code: problem.status,
            reason: format!("{}: {reason}", problem.code.slug()),
            fix: problem.fix.clone().into(),
            compared,
        }
    }

    /// A socket that is told goodbye.
    pub(crate) fn by_goodbye(goodbye: &Goodbye, compared: Comparison) -> Self {
        Self {
            code: goodbye.code.code(),
            reason: goodbye.code.reason(&goodbye.detail),
            fix: goodbye.code.fix().into(),
            compared,
        }
    }

    /// The same with a better next step.
    pub(crate) fn with_fix(mut self, fix: &'static str) -> Self {
        self.fix = fix.into();
        self
    }

    /// A socket that ended before its welcome, by what its shard says.
    fn by_end(closed: &Closed, per_user_max: usize) -> Self {
        let known = CloseCode::from_code(closed.code);
        let fix = match known {
            Some(code) => code.fix(),
            None => {
                "Keep the socket open until its welcome; send the token with the handshake or \
                     in the first frame, and nothing before it."
            }
        };
        let found = closed.detail.as_str();
        let compared = match known {
            Some(CloseCode::TokenMissing) => compared(
                "token",
                "a connect frame with a token within 5 s",
                "no token came",
            ),
            Some(CloseCode::TooManyConnections) => compared(
                "sockets_of_account",
                format!("at most {per_user_max}"),
                format!("{per_user_max} open already"),
            ),
            Some(CloseCode::SessionEnded) => compared("session", "live", "ended meanwhile"),
            Some(CloseCode::AccountDisabled) => compared("account", "enabled", "disabled"),
            Some(CloseCode::ServerRestarting) => {
                compared("server", "taking sockets", "being restarted")
            }
            Some(_) | None => compared("end", "a welcome", found),
        };
        Self {
            code: closed.code,
            reason: closed.detail.clone(),
            fix: fix.into(),
            compared,
        }
    }
}

/// What was compared in a token that opens nothing.
pub(crate) fn compared_in_token(problem: &TokenProblem) -> Comparison {
    let token = "a token of three parts from GET /api/v1/auth/ws-token";
    match problem {
        TokenProblem::Missing => compared("token", token, "nothing"),
        TokenProblem::Malformed {
            looks_like: Some(placeholder),
            detail,
        } => compared("token", token, format!("`{}`, {detail}", placeholder.word)),
        TokenProblem::Malformed {
            looks_like: None,
            detail,
        } => compared("token", token, format!("what {detail}")),
        TokenProblem::Invalid {
            what,
            expected,
            found,
        } => compared(what.to_string(), expected, found),
        TokenProblem::Expired { ago_seconds } => compared(
            "exp",
            format!("less than {TOKEN_LEEWAY_SECONDS} s ago"),
            format!("{ago_seconds} s ago"),
        ),
        TokenProblem::NotYetValid { in_seconds } => compared(
            "iat",
            format!("at most {TOKEN_LEEWAY_SECONDS} s ahead of the server's clock"),
            format!("{in_seconds} s ahead"),
        ),
    }
}

/// The attempts of this node. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts {
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    /// Oldest first.
    entries: BTreeMap<u64, Entry>,
    /// By the ids that clients chose.
    by_id: HashMap<String, u64>,
    by_connection: HashMap<ConnectionId, u64>,
    /// The last refused and failed ones, newest first.
    listed: VecDeque<Attempt>,
}

#[derive(Debug)]
struct Entry {
    seen: Seen,
    connection: Option<ConnectionId>,
}

impl Attempts {
    /// A handshake that goes on: its socket is on the way to a shard.
    pub(crate) fn upgrading(&self, seen: Seen, connection: ConnectionId) {
        self.book().insert(seen, Some(connection));
    }

    /// A handshake that is all there is to open: of the echo socket.
    pub(crate) fn open(&self, mut seen: Seen, connection: ConnectionId) {
        seen.attempt.outcome = Outcome::Open;
        self.book().insert(seen, Some(connection));
    }

    /// A handshake that is refused: by HTTP, or with a socket that is only told why.
    pub(crate) fn refused(&self, seen: Seen, connection: Option<ConnectionId>, failure: Failure) {
        let mut seen = seen;
        let attempt = &mut seen.attempt;
        attempt.fail(Outcome::Refused, failure);
        log(attempt, connection, None);
        let mut book = self.book();
        book.list(attempt.clone());
        // Nobody can ask for an id that nobody was told.
        if seen.named || connection.is_some() {
            book.insert(seen, connection);
        }
    }

    /// A socket whose token, session or account is refused.
    pub(crate) fn judged(&self, connection: ConnectionId, failure: Failure) {
        self.fail(connection, Outcome::Refused, failure, None);
    }

    /// A socket that got lost between HTTP and its shard.
    pub(crate) fn lost(&self, connection: ConnectionId, error: &str) {
        let failure = Failure {
            code: 1006,
            reason: error.to_owned(),
            fix: "Connect again; if it repeats, something on the way cuts connections.".into(),
            compared: compared("end", "a welcome", error),
        };
        self.fail(connection, Outcome::Closed, failure, None);
        self.book().forget_connection(connection);
    }

    /// A socket got its welcome.
    pub(crate) fn welcomed(&self, connection: ConnectionId) {
        let mut book = self.book();
        let Some(entry) = book.of_connection(connection) else {
            return;
        };
        entry.seen.attempt.outcome = Outcome::Open;
        if !entry.seen.named {
            book.forget_connection(connection);
        }
    }

    /// A socket ended.
    pub(crate) fn closed(&self, closed: &Closed, per_user_max: usize) {
        let mut book = self.book();
        let before = book
            .of_connection(closed.connection)
            .map(|entry| entry.seen.attempt.outcome);
        match before {
            Some(Outcome::Upgrading) => {
                drop(book);
                let failure = Failure::by_end(closed, per_user_max);
                // A peer may close with any number, so ours count only with our own reason.
                let ours = CloseCode::from_code(closed.code)
                    .is_some_and(|code| closed.detail.starts_with(code.slug()));
                let outcome = if ours {
                    Outcome::Refused
                } else {
                    Outcome::Closed
                };
                self.fail(closed.connection, outcome, failure, Some(closed));
            }
            Some(Outcome::Open) => {
                if let Some(entry) = book.of_connection(closed.connection) {
                    let attempt = &mut entry.seen.attempt;
                    attempt.outcome = Outcome::Closed;
                    attempt.code = Some(closed.code);
                    attempt.reason = Some(closed.detail.clone());
                    attempt.cause = name(causes::cause_of_end(closed.code, &closed.detail));
                    attempt.fix =
                        CloseCode::from_code(closed.code).map(|code| code.fix().to_owned());
                }
                drop(book);
                log_end(closed, "a socket closed");
            }
            Some(Outcome::Refused | Outcome::Closed) => {
                drop(book);
                log_end(closed, "a refused socket is gone");
            }
            None => {
                drop(book);
                if closed.welcomed {
                    log_end(closed, "a socket closed");
                } else {
                    tracing::info!(
                        connection_id = %closed.connection, code = closed.code,
                        reason = closed.detail, lived_ms = closed.lived_ms,
                        "a socket went before its welcome, longer ago than is remembered"
                    );
                }
            }
        }
        self.book().forget_connection(closed.connection);
    }

    /// The last refused and failed attempts, newest first.
    pub(crate) fn listed(&self) -> Vec<Attempt> {
        self.book().listed.iter().cloned().collect()
    }

    /// What is known of an attempt by the id that its client chose.
    pub(crate) fn find(&self, id: &str, now: Instant) -> Option<Attempt> {
        let book = self.book();
        let entry = book.entries.get(book.by_id.get(id)?)?;
        let age = now.saturating_duration_since(entry.seen.since);
        (age < REMEMBERED_FOR).then(|| entry.seen.attempt.clone())
    }

    fn fail(
        &self,
        connection: ConnectionId,
        outcome: Outcome,
        failure: Failure,
        closed: Option<&Closed>,
    ) {
        let mut book = self.book();
        let Some(entry) = book.of_connection(connection) else {
            return;
        };
        if entry.seen.attempt.outcome != Outcome::Upgrading {
            return;
        }
        entry.seen.attempt.fail(outcome, failure);
        let attempt = entry.seen.attempt.clone();
        book.list(attempt.clone());
        drop(book);
        log(&attempt, Some(connection), closed);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    fn fail(&mut self, outcome: Outcome, failure: Failure) {
        self.outcome = outcome;
        self.code = Some(failure.code);
        self.cause = name(causes::cause_of_attempt(failure.code, &failure.reason));
        self.reason = Some(failure.reason);
        self.fix = Some(failure.fix.into_owned());
        self.compared = failure.compared;
    }
}

impl Book {
    fn insert(&mut self, seen: Seen, connection: Option<ConnectionId>) {
        let is_old = |entry: &Entry| {
            seen.since.saturating_duration_since(entry.seen.since) >= REMEMBERED_FOR
        };
        while (self.entries.len() >= REMEMBERED_MAX
            || self
                .entries
                .first_key_value()
                .is_some_and(|(_, oldest)| is_old(oldest)))
            && let Some((serial, entry)) = self.entries.pop_first()
        {
            self.unlink(serial, &entry);
        }
        let serial = self.next;
        self.next += 1;
        if seen.named {
            self.by_id.insert(seen.attempt.attempt.clone(), serial);
        }
        if let Some(connection) = connection {
            self.by_connection.insert(connection, serial);
        }
        self.entries.insert(serial, Entry { seen, connection });
    }

    fn of_connection(&mut self, connection: ConnectionId) -> Option<&mut Entry> {
        self.entries.get_mut(self.by_connection.get(&connection)?)
    }

    /// Nothing more will come of this connection. What a client may ask for stays.
    fn forget_connection(&mut self, connection: ConnectionId) {
        let Some(serial) = self.by_connection.remove(&connection) else {
            return;
        };
        if self
            .entries
            .get(&serial)
            .is_some_and(|entry| !entry.seen.named)
        {
            self.entries.remove(&serial);
        }
    }

    fn unlink(&mut self, serial: u64, entry: &Entry) {
        if let Some(connection) = entry.connection {
            self.by_connection.remove(&connection);
        }
        // The same id may have come again since.
        if self.by_id.get(&entry.seen.attempt.attempt) == Some(&serial) {
            self.by_id.remove(&entry.seen.attempt.attempt);
        }
    }

    fn list(&mut self, attempt: Attempt) {
        self.listed.truncate(LISTED_MAX - 1);
        self.listed.push_front(attempt);
    }
}

fn name(cause: Option<&'static causes::Cause>) -> Option<&'static str> {
    cause.map(|cause| cause.id)
}

/// The one line of an attempt that failed, with everything that was compared.
fn log(attempt: &Attempt, connection: Option<ConnectionId>, closed: Option<&Closed>) {
    let compared: Vec<String> = attempt
        .compared
        .iter()
        .map(|(name, values)| {
            format!(
                "{name}: expected {}, found {}",
                values.expected, values.found
            )
        })
        .collect();
    let text = match attempt.outcome {
        Outcome::Refused => "a socket was refused",
        Outcome::Upgrading | Outcome::Open | Outcome::Closed => "a socket went before its welcome",
    };
    tracing::info!(
        attempt = attempt.attempt,
        connection_id = connection.map(|connection| connection.to_string()),
        path = attempt.path,
        origin = attempt.origin,
        address = %attempt.address,
        code = attempt.code,
        reason = attempt.reason,
        cause = attempt.cause,
        compared = compared.join("; "),
        user_id = closed.and_then(|closed| closed.user).map(|user| user.to_string()),
        lived_ms = closed.map(|closed| closed.lived_ms),
        "{text}"
    );
}

/// The line of a connection whose end is no news.
fn log_end(closed: &Closed, text: &str) {
    tracing::debug!(
        connection_id = %closed.connection,
        user_id = closed.user.map(|user| user.to_string()),
        code = closed.code,
        reason = closed.detail,
        lived_ms = closed.lived_ms,
        "{text}"
    );
}

/// The id that a client chose, if it is one: 1 to 64 letters, digits, `-` and `_`.
fn chosen_id(query: &str) -> Option<String> {
    let (_, id) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "attempt")?;
    let fits = (1..=ID_MAX_CHARS).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !id.starts_with(JWT_BEGIN);
    fits.then(|| id.into_owned())
}

/// A path as it may be shown and logged: without segments that may be a token.
pub(crate) fn shown_path(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let long = segment.chars().nth(SEGMENT_MAX_CHARS).is_some();
        if long || segment.contains(JWT_BEGIN) {
            "…"
        } else {
            segment
        }
    });
    shown(&segments.collect::<Vec<_>>().join("/"))
}

/// A stranger's text, cut.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use protocol::{ErrorCode, UserId};

    use super::*;

    fn seen(uri: &str, since: Instant) -> Seen {
        let request = Request::builder().uri(uri).header("origin", "https://a.b");
        let request = request.body(Body::empty()).unwrap();
        Seen::of(&request, "192.0.2.1".parse().unwrap(), Timestamp(0), since)
    }

    fn denied() -> Failure {
        let problem = Problem::new(ErrorCode::OriginDenied, "the list is secret");
        let compared = compared("origin", "https://c.d", "https://a.b");
        Failure::by_problem(&problem, "https://a.b is not on the list", compared)
    }

    fn end(connection: ConnectionId, welcomed: bool, code: u16, detail: &str) -> Closed {
        Closed {
            connection,
            user: Some(UserId::new()),
            address: "192.0.2.1".parse().unwrap(),
            welcomed,
            code,
            detail: detail.to_owned(),
            lived_ms: 1,
        }
    }

    #[test]
    fn an_id_is_taken_when_it_is_one_and_else_made() {
        let now = Instant::now();
        let long = "a".repeat(64);
        for (query, expected) in [
            ("?attempt=abc-_09", Some("abc-_09")),
            ("?token=x&attempt=b", Some("b")),
            (&format!("?attempt={long}"), Some(long.as_str())),
            (&format!("?attempt={long}a"), None),
            ("?attempt=", None),
            ("?attempt=a%2Fb", None),
            ("?attempt=%C3%BC", None),
            ("?attempt=eyJhbGciOiJIUzI1NiJ9", None),
            ("", None),
        ] {
            let seen = seen(&format!("/api/v1/ws{query}"), now);
            assert_eq!(seen.named, expected.is_some(), "{query}");
            match expected {
                Some(expected) => assert_eq!(seen.attempt.attempt, expected),
                None => assert_eq!(seen.attempt.attempt.len(), 36, "{query}"),
            }
        }
    }

    #[test]
    fn a_path_is_shown_without_what_may_be_a_token() {
        assert_eq!(shown_path("/api/v1/ws/"), "/api/v1/ws/");
        assert_eq!(
            shown_path("/ws/chat/0190a000-0000-7000-8000-0000000000d1"),
            "/ws/chat/0190a000-0000-7000-8000-0000000000d1"
        );
        assert_eq!(shown_path("/ws/eyJhbGciOi.eyJzdWIi.c2ln"), "/ws/…");
        assert_eq!(shown_path(&format!("/ws/{}/x", "a".repeat(41))), "/ws/…/x");
        assert!(shown_path(&"/abc".repeat(2_000)).len() <= 200);
    }

    #[test]
    fn an_attempt_is_followed_from_its_handshake_to_its_end() {
        let attempts = Attempts::default();
        let (now, connection) = (Instant::now(), ConnectionId::new());
        attempts.upgrading(seen("/api/v1/ws?attempt=a", now), connection);
        assert_eq!(attempts.find("a", now).unwrap().outcome, Outcome::Upgrading);
        attempts.welcomed(connection);
        assert_eq!(attempts.find("a", now).unwrap().outcome, Outcome::Open);
        attempts.closed(&end(connection, true, 4001, "server_restarting: x"), 20);
        let found = attempts.find("a", now).unwrap();
        assert_eq!((found.outcome, found.code), (Outcome::Closed, Some(4001)));
        assert_eq!(found.cause, Some("srv.deploy"));
        assert!(attempts.listed().is_empty(), "it had its welcome");
        assert!(attempts.find("b", now).is_none());
    }

    #[test]
    fn the_first_verdict_stays_and_an_end_without_a_welcome_is_listed() {
        let attempts = Attempts::default();
        let (now, connection) = (Instant::now(), ConnectionId::new());
        attempts.upgrading(seen("/api/v1/ws?attempt=a", now), connection);
        let goodbye = Goodbye::new(CloseCode::TokenMalformed, "the token is `test`");
        attempts.judged(connection, Failure::by_goodbye(&goodbye, Comparison::new()));
        attempts.closed(&end(connection, false, 1006, "the socket is broken"), 20);
        let found = attempts.find("a", now).unwrap();
        assert_eq!(
            (found.code, found.cause),
            (Some(4502), Some("auth.placeholder"))
        );

        for (code, detail, outcome) in [
            (
                4501,
                "token_missing: no token came within 5 s",
                Outcome::Refused,
            ),
            (4501, "the peer closed the connection", Outcome::Closed),
            (1006, "the socket is broken: reset", Outcome::Closed),
        ] {
            let connection = ConnectionId::new();
            attempts.upgrading(seen("/api/v1/ws?attempt=b", now), connection);
            attempts.closed(&end(connection, false, code, detail), 20);
            assert_eq!(
                attempts.find("b", now).unwrap().outcome,
                outcome,
                "{detail}"
            );
        }
        assert_eq!(attempts.listed().len(), 4);
        assert!(attempts.book().by_connection.is_empty());
    }

    #[test]
    fn what_is_asked_and_listed_is_bounded_in_number_and_time() {
        let attempts = Attempts::default();
        let start = Instant::now();
        for number in 0..REMEMBERED_MAX + 100 {
            let seen = seen(&format!("/api/v1/ws?attempt={number}"), start);
            attempts.refused(seen, Some(ConnectionId::new()), denied());
        }
        assert!(attempts.find("99", start).is_none());
        assert!(attempts.find("100", start).is_some());
        let listed = attempts.listed();
        assert_eq!(listed.len(), LISTED_MAX);
        assert_eq!(listed[0].attempt, (REMEMBERED_MAX + 99).to_string());
        let later = start + REMEMBERED_FOR;
        assert!(attempts.find("100", later).is_none());
        attempts.refused(seen("/api/v1/ws?attempt=new", later), None, denied());
        let book = attempts.book();
        assert_eq!(
            (
                book.entries.len(),
                book.by_id.len(),
                book.by_connection.len()
            ),
            (1, 1, 0)
        );
    }

    #[test]
    fn nothing_is_kept_of_a_socket_that_opened_and_that_nobody_can_ask_for() {
        let attempts = Attempts::default();
        let (now, connection) = (Instant::now(), ConnectionId::new());
        attempts.upgrading(seen("/api/v1/ws?token=x", now), connection);
        attempts.welcomed(connection);
        assert!(attempts.book().entries.is_empty());
        attempts.refused(seen("/api/v1/ws", now), None, denied());
        assert!(attempts.book().entries.is_empty());
        assert_eq!(attempts.listed().len(), 1);
    }

    #[test]
    fn whoever_asks_is_not_told_the_list_of_origins() {
        let attempts = Attempts::default();
        let now = Instant::now();
        attempts.refused(seen("/api/v1/ws?attempt=a", now), None, denied());
        let found = attempts.find("a", now).unwrap();
        assert_eq!(found.code, Some(StatusCode::FORBIDDEN.as_u16()));
        let reason = found.reason.unwrap();
        assert_eq!(reason, "origin_denied: https://a.b is not on the list");
    }
}
