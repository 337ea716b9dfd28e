//! One examination under way: what is known by now, what was found, and which check comes next.
//! Start at [`examine`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use causes::Severity;

use crate::address::{Target, shown};
use crate::checks::{self, CHECKS, Check, Needs, account};
use crate::http::{Answer, Request, ask};
use crate::options::Options;
use crate::redact::{Secrets, printable};
use crate::report::{CheckResult, Finding, Report, State, Timing, Verdict};
use crate::socket::{Asked, Opened, Socket, handshake};
use crate::tls::Trust;
use crate::wire::{Dialer, Fault};

/// Longest body in the transcript, in characters.
const BODY_SHOWN_MAX_CHARS: usize = 600;

/// Examines an address from the cheapest check to the costliest. Prints nothing; the first finding
/// of the report is the cause.
pub async fn examine(options: &Options) -> Report {
    examine_hop(options, None).await
}

/// The same for one way of several: a Frontdesk on the port of another way is no news.
pub(crate) async fn examine_hop(options: &Options, other_port: Option<u16>) -> Report {
    let mut examination = Examination::new(options);
    examination.known.other_port = other_port;
    for check in CHECKS {
        if options.skip.iter().any(|name| name == check.name)
            || !checks::is_wanted(check, &options.only)
        {
            continue;
        }
        examination.make(check).await;
        if examination.trouble.is_some() {
            break;
        }
    }
    // What was signed in is signed out, whatever came of it.
    account::sign_out(&mut examination).await;
    examination.finish()
}

/// An examination under way.
pub(crate) struct Examination<'o> {
    pub(crate) options: &'o Options,
    pub(crate) secrets: Secrets,
    pub(crate) target: Option<Target>,
    pub(crate) known: Known,
    pub(crate) findings: Vec<Finding>,
    checks: Vec<CheckResult>,
    timings: Vec<Timing>,
    transcript: Vec<String>,
    /// The worst that the check under way has found, and its sentence.
    worst: Option<(Severity, String)>,
    /// Why it cannot go on at all.
    pub(crate) trouble: Option<String>,
}

/// What the checks learnt.
#[derive(Default)]
pub(crate) struct Known {
    /// The port of another way to the same server.
    pub(crate) other_port: Option<u16>,
    /// Whom to trust, once TLS is spoken.
    pub(crate) trust: Option<Arc<Trust>>,
    /// What the name stands for.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Those that take connections.
    pub(crate) open: Vec<SocketAddr>,
    /// How to get there.
    pub(crate) dialer: Option<Dialer>,
    /// The finding that explains why nothing more can be asked.
    pub(crate) blocked: Option<&'static str>,
    /// What `/healthz` answered.
    pub(crate) health: Option<Answer>,
    /// Whether our server answers there.
    pub(crate) is_ours: bool,
    /// Whether a Vite dev server stands there.
    pub(crate) is_vite: bool,
    /// How far the server's clock is ahead of ours, in seconds.
    pub(crate) clock_ahead: Option<i64>,
    /// The session cookie, `name=value`, and what the server said of the account.
    pub(crate) session: Option<Session>,
    /// Set-Cookie lines that were seen.
    pub(crate) cookies: Vec<String>,
    /// The token to use, and whether it stands in the address.
    pub(crate) token: Option<String>,
    /// The path of the socket that was opened.
    pub(crate) socket_path: String,
    /// The target's socket, open.
    pub(crate) socket: Option<Socket>,
    /// The id that it was opened with, by which our server remembers it.
    pub(crate) attempt: Option<String>,
    /// Whether it could be opened.
    pub(crate) is_open: bool,
    /// Whether it could be opened without `Origin` alone.
    pub(crate) without_origin: bool,
    /// The welcome of our server.
    pub(crate) welcome: Option<serde_json::Value>,
}

/// A sign-in of the doctor's own.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) cookie: String,
    pub(crate) role: String,
}

/// What a check saw; whether it is a failure follows from its findings.
pub(crate) enum Seen {
    /// All is well, as far as no finding says otherwise.
    Well(String),
    /// Nothing can be said.
    Unknown(String),
    /// There was nothing to do.
    Skipped(String),
}

impl<'o> Examination<'o> {
    fn new(options: &'o Options) -> Self {
        let mut secrets = Secrets::default();
        for secret in [&options.token, &options.password].into_iter().flatten() {
            secrets.add(secret);
        }
        for (name, value) in &options.headers {
            if secrets.header(name, value).contains("[masked]") {
                value
                    .split([';', '=', ' '])
                    .for_each(|part| secrets.add(part));
            }
        }
        Self {
            options,
            secrets,
            target: None,
            known: Known::default(),
            findings: Vec::new(),
            checks: Vec::new(),
            timings: Vec::new(),
            transcript: Vec::new(),
            worst: None,
            trouble: None,
        }
    }

    async fn make(&mut self, check: &'static Check) {
        let begun = Instant::now();
        self.worst = None;
        let seen = match self.lacking(check.needs) {
            Some(why) => Seen::Skipped(why),
            None => checks::run(check, self).await,
        };
        let (state, note) = match (self.worst.take(), seen) {
            (Some((Severity::Error, sentence)), seen) => (State::Failed, seen.note_or(sentence)),
            (Some((Severity::Warning, sentence)), seen) => (State::Warn, seen.note_or(sentence)),
            (_, Seen::Well(note)) => (State::Ok, note),
            (_, Seen::Unknown(note)) => (State::Unknown, note),
            (_, Seen::Skipped(note)) => (State::Skipped, note),
        };
        self.checks.push(CheckResult {
            name: check.name,
            group: check.group,
            state,
            ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            note: printable(&note),
        });
    }

    /// Why a check cannot be made now.
    fn lacking(&self, needs: Needs) -> Option<String> {
        if needs == Needs::Nothing {
            return None;
        }
        if self.target.is_none() {
            return Some("the address cannot be used".to_owned());
        }
        if needs == Needs::Address {
            return None;
        }
        if let Some(id) = self.known.blocked {
            return Some(format!("{id} explains it"));
        }
        if self.known.dialer.is_none() {
            return Some("there is no connection to the server".to_owned());
        }
        match needs {
            Needs::Ours if !self.known.is_ours => Some("it is not a server of ours".to_owned()),
            Needs::Open if !self.known.is_open => Some("the socket is not open".to_owned()),
            _ => None,
        }
    }

    /// Adds a finding; one that is there already learns what the new one saw.
    pub(crate) fn find(&mut self, finding: Finding) {
        if self
            .worst
            .as_ref()
            .is_none_or(|(severity, _)| *severity < finding.severity)
        {
            self.worst = Some((finding.severity, finding.sentence.clone()));
        }
        match self
            .findings
            .iter_mut()
            .find(|known| known.id == finding.id)
        {
            Some(known) => {
                for (name, value) in finding.evidence.seen {
                    known.evidence.seen.entry(name).or_insert(value);
                }
            }
            None => self.findings.push(finding),
        }
    }

    /// Adds a finding after which nothing more can be asked of the server.
    pub(crate) fn find_and_stop(&mut self, finding: Finding) -> Seen {
        self.known.blocked = Some(finding.id);
        self.find(finding);
        Seen::Unknown(String::new())
    }

    /// Whether a cause was found.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.findings.iter().any(|finding| finding.id == id)
    }

    /// Whether anything was found that does not work.
    pub(crate) fn has_error(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Remembers how long a step took.
    pub(crate) fn time(&mut self, phase: impl Into<String>, took: Duration) {
        let ms = (took.as_secs_f64() * 100_000.0).round() / 100.0;
        self.timings.push(Timing {
            phase: phase.into(),
            ms,
        });
    }

    /// The address. Only checks that need one ask.
    pub(crate) fn target(&self) -> &Target {
        self.target
            .as_ref()
            .expect("a check that needs an address is skipped without one")
    }

    /// How to get there. Only checks that need a connection ask.
    pub(crate) fn dialer(&self) -> Dialer {
        self.known
            .dialer
            .clone()
            .expect("a check that needs a connection is skipped without one")
    }

    /// The origin of the page: given, or that of a page which the server serves itself.
    pub(crate) fn origin(&self) -> String {
        self.options
            .origin
            .clone()
            .unwrap_or_else(|| self.target().origin())
    }

    /// The origin that handshakes name.
    pub(crate) fn socket_origin(&self) -> Option<String> {
        (!self.known.without_origin).then(|| self.origin())
    }

    /// A GET below the base of the server.
    pub(crate) fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    /// A request below the base of the server, with the headers that were given.
    pub(crate) fn request(&self, method: &'static str, path: &str) -> Request {
        let target = self.target();
        let request = Request::new(
            method,
            &target.authority(),
            format!("{}{path}", target.base()),
        );
        self.options
            .headers
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(name, value.clone())
            })
    }

    /// Asks, and keeps a transcript.
    pub(crate) async fn ask(&mut self, request: &Request) -> Result<Answer, Fault> {
        let answer = ask(&self.dialer(), request).await;
        match &answer {
            Ok(answer) => {
                for cookie in answer.all("set-cookie") {
                    if let Some((_, value)) = cookie
                        .split(';')
                        .next()
                        .and_then(|pair| pair.split_once('='))
                    {
                        self.secrets.add(value);
                    }
                }
                self.record(request, Ok(answer));
            }
            Err(fault) => self.record(request, Err(fault)),
        }
        answer
    }

    /// Makes a handshake, and keeps a transcript.
    pub(crate) async fn open(&mut self, asked: &Asked) -> Result<Opened, Fault> {
        let opened = handshake(&self.dialer(), asked).await;
        match &opened {
            Ok(opened) => self.record(&opened.request, Ok(&opened.answer)),
            Err(fault) => {
                let request =
                    Request::get(&asked.host, asked.path.clone()).header("Upgrade", "websocket");
                self.record(&request, Err(fault));
            }
        }
        opened
    }

    fn record(&mut self, request: &Request, answer: Result<&Answer, &Fault>) {
        let mut text = format!(
            "> {} {} HTTP/1.1\n",
            request.method,
            self.secrets.mask(&request.path)
        );
        for (name, value) in &request.headers {
            text.push_str(&format!("> {}\n", self.secrets.header(name, value)));
        }
        match answer {
            Err(fault) => text.push_str(&format!("! {}\n", fault.words())),
            Ok(answer) => {
                text.push_str(&format!("< {}\n", answer.status_line()));
                for (name, value) in &answer.headers {
                    text.push_str(&format!("< {}\n", self.secrets.header(name, value)));
                }
                let body = self.secrets.mask(&answer.text());
                let body: String = body.chars().take(BODY_SHOWN_MAX_CHARS).collect();
                for line in printable(&body).lines() {
                    text.push_str(&format!("< | {line}\n"));
                }
            }
        }
        self.transcript.push(text);
    }

    fn finish(mut self) -> Report {
        // What does not work comes first, then what will hurt; within each the order of the checks,
        // which is that of cause and symptom.
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        decide_by_files(&mut self.findings);
        let verdict = match self.findings.first().map(|finding| finding.severity) {
            _ if self.trouble.is_some() => Verdict::CouldNotRun,
            Some(Severity::Error) => Verdict::Failed,
            Some(Severity::Warning) => Verdict::Warnings,
            Some(Severity::Info) | None => Verdict::Clean,
        };
        let target = self
            .target
            .as_ref()
            .map_or_else(|| shown(&self.options.url), Target::shown);
        let mut report = Report {
            target,
            verdict,
            findings: self.findings,
            checks: self.checks,
            timings: self.timings,
            trouble: self.trouble,
            transcript: self.transcript,
        };
        self.secrets.clean(&mut report);
        report
    }
}

/// Of two causes that look alike from outside, a file that was read says which it is.
fn decide_by_files(findings: &mut Vec<Finding>) {
    let Some(first) = findings.first() else {
        return;
    };
    let decided = findings.iter().position(|finding| {
        finding.evidence.seen.contains_key("file")
            && first
                .evidence
                .alternatives
                .iter()
                .any(|other| other.id == finding.id)
    });
    if let Some(at) = decided {
        let mut finding = findings.remove(at);
        finding.severity = Severity::Error;
        finding.sentence = format!(
            "{} (seen from outside: {})",
            finding.sentence, findings[0].sentence
        );
        findings.insert(0, finding);
    }
}

impl Seen {
    /// What a check that found something says, or else what it found.
    fn note_or(self, sentence: String) -> String {
        match self {
            Self::Well(note) | Self::Unknown(note) | Self::Skipped(note) if !note.is_empty() => {
                note
            }
            Self::Well(_) | Self::Unknown(_) | Self::Skipped(_) => sentence,
        }
    }
}
