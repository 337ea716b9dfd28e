//! Lines of consoles and logs: every dialect is asked about every line, and [`rank`] tells the cause
//! from its symptoms.
//!
//! [`rank`]: super::rank

use std::sync::LazyLock;

use protocol::{CloseCode, ErrorCode};
use regex::{Captures, Regex, RegexSet, RegexSetBuilder};

use super::closes::{by_close, sentence};
use super::line::{Address, Line, is_loopback, name_of};
use super::mask::{mask, regex, shown};
use super::pattern::{Pattern, Tells};
use super::rank::{self, Signal};
use super::{Confidence, Explanation, dialects, placeholder, statuses};
use crate::registry::known;
use crate::{Cause, cause, cause_of_attempt, cause_of_end, cause_of_refusal};

/// Most lines that are read; of a longer text the last ones.
const LINES_MAX: usize = 20_000;

/// Longest line that is read, in characters.
const LINE_MAX_CHARS: usize = 4_000;

pub(super) fn explain(text: &str) -> Explanation {
    let lines = lines(text);
    let page = Page::of(&lines, text);
    let mut signals = Vec::new();
    let mut is_symptom = false;
    let mut worked = None;
    for (index, line) in lines.iter().enumerate() {
        if line.is_hot_reload() {
            signals.push(of_line("srv.wrong_socket", Confidence::Likely, line));
            continue;
        }
        if page.is_foreign(line) {
            continue;
        }
        if line.address.as_ref().is_some_and(Address::has_hole) {
            signals.push(hole(line));
        }
        if let Some(word) = placeholder::in_line(&line.text) {
            signals.push(placeholder_in(line, &word));
        }
        for (pattern, found) in matches(&lines, index) {
            match pattern.tells {
                Tells::Symptom => is_symptom = true,
                Tells::Works => worked = Some(line.number),
                Tells::Cause(..)
                | Tells::Status(_)
                | Tells::Close
                | Tells::Attempt
                | Tells::Problem
                | Tells::Id => {
                    is_symptom = true;
                    signals.extend(page.signal(pattern, &found, line));
                }
            }
        }
    }
    since(&mut signals, worked);
    rank::explanation(signals).unwrap_or_else(|| nothing(is_symptom, worked.is_some()))
}

/// The lines, without secrets.
fn lines(text: &str) -> Vec<Line> {
    let all: Vec<&str> = text.lines().collect();
    let skipped = all.len().saturating_sub(LINES_MAX);
    let cut = |line: &str| -> String { line.chars().take(LINE_MAX_CHARS).collect() };
    let numbered = all.into_iter().enumerate().skip(skipped);
    let plain = |line: &str| COLOURS.replace_all(line, "").into_owned();
    numbered
        .map(|(index, line)| Line::new(index + 1, mask(&plain(&cut(line)))))
        .collect()
}

/// What a terminal's colours look like in a file.
static COLOURS: LazyLock<Regex> = LazyLock::new(|| regex("\u{1b}\\[[0-9;]*m"));

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSetBuilder::new(patterns().map(|pattern| pattern.expression))
        .size_limit(1 << 27)
        .dfa_size_limit(1 << 25)
        .build()
        .expect("a test compiles every pattern of ours")
});

static COMPILED: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    patterns()
        .map(|pattern| regex(pattern.expression))
        .collect()
});

fn patterns() -> impl Iterator<Item = &'static Pattern> {
    dialects::ALL.iter().copied().flatten()
}

/// What is known of the line at this place, alone or together with those after it.
fn matches(lines: &[Line], index: usize) -> Vec<(&'static Pattern, Found)> {
    /// Most lines that a pattern looks at together.
    const TOGETHER_MAX: usize = 8;
    let line = &lines[index];
    let mut found = Vec::new();
    for place in SET.matches(&line.text) {
        let pattern = patterns()
            .nth(place)
            .expect("the set has one entry for each pattern");
        if pattern.lines == 1 {
            found.extend(
                COMPILED[place]
                    .captures(&line.text)
                    .map(|captures| (pattern, Found::new(&captures))),
            );
        }
    }
    let end = lines.len().min(index + TOGETHER_MAX);
    for (place, pattern) in patterns()
        .enumerate()
        .filter(|(_, pattern)| pattern.lines > 1)
    {
        let last = end.min(index + pattern.lines);
        let begin = pattern
            .expression
            .split(['(', '.'])
            .next()
            .unwrap_or_default();
        if !begin.is_empty() && !line.text.contains(begin) {
            continue;
        }
        let text: Vec<&str> = lines[index..last]
            .iter()
            .map(|line| line.text.as_str())
            .collect();
        let text = text.join("\n");
        let captures = COMPILED[place].captures(&text);
        // Only where it begins in this line, or each block would be found several times.
        let here = captures.filter(|captures| {
            captures
                .get(0)
                .is_some_and(|whole| whole.start() <= line.text.len())
        });
        found.extend(here.map(|captures| (pattern, Found::new(&captures))));
    }
    found
}

/// The named parts of a match.
#[derive(Debug)]
struct Found(Vec<(&'static str, String)>);

impl Found {
    fn new(captures: &Captures) -> Self {
        const NAMES: &[&str] = &[
            "host", "status", "code", "reason", "origin", "name", "word", "id", "port",
        ];
        let part =
            |name: &&'static str| Some((*name, captures.name(name)?.as_str().trim().to_owned()));
        Self(NAMES.iter().filter_map(part).collect())
    }

    fn part(&self, name: &str) -> Option<&str> {
        let (_, text) = self.0.iter().find(|(part, _)| *part == name)?;
        Some(text)
    }
}

/// What the whole text tells of the page it comes from.
#[derive(Debug)]
struct Page {
    /// Hosts of its sockets, without ports.
    hosts: Vec<String>,
    is_ours: bool,
}

impl Page {
    fn of(lines: &[Line], text: &str) -> Self {
        let addresses = lines.iter().filter_map(|line| line.address.as_ref());
        let hosts = addresses
            .filter(|address| address.is_socket())
            .map(|address| address.name().to_owned());
        Self {
            hosts: hosts.collect(),
            is_ours: ["frontdesk", "Frontdesk", "/api/v1/ws"]
                .iter()
                .any(|word| text.contains(word)),
        }
    }

    /// Whether a line is about a request to somebody else, such as a counter of visitors.
    fn is_foreign(&self, line: &Line) -> bool {
        let Some(address) = &line.address else {
            return false;
        };
        let is_known =
            self.hosts.is_empty() || self.hosts.iter().any(|host| host == address.name());
        !address.is_socket()
            && !is_known
            && !address.is_loopback()
            && line.text.contains("net::ERR")
    }

    fn signal(&self, pattern: &Pattern, found: &Found, line: &Line) -> Option<Signal> {
        let (cause, confidence) = match pattern.tells {
            Tells::Cause(id, confidence) => (known(id), confidence),
            Tells::Status(default) => {
                return by_status(
                    found
                        .part("status")
                        .map_or(Some(default), |text| text.parse().ok())?,
                    line,
                );
            }
            Tells::Close => return self.by_end(found, line),
            Tells::Attempt => return by_attempt(found, line),
            Tells::Problem => return by_problem(found, line),
            Tells::Id => (cause(found.part("id")?)?, Confidence::Likely),
            Tells::Symptom | Tells::Works => return None,
        };
        let host = found
            .part("host")
            .or(line.address.as_ref().map(|address| address.host.as_str()));
        let told = |template: &str| (!template.is_empty()).then(|| filled(template, found, host));
        let mut signal = Signal {
            sentence: told(pattern.sentence),
            fix: told(pattern.fix),
            ..of_cause(cause, confidence, line)
        };
        refine(&mut signal, host);
        Some(signal)
    }

    fn by_end(&self, found: &Found, line: &Line) -> Option<Signal> {
        let code = found.part("code")?.parse().ok()?;
        let close = by_close(code, found.part("reason").unwrap_or_default(), self.is_ours)?;
        Some(Signal {
            sentence: close.sentence,
            fix: close.fix.map(str::to_owned),
            is_outcome: close.confidence != Confidence::Certain,
            ..of_line(close.id, close.confidence, line)
        })
    }
}

fn by_status(status: u16, line: &Line) -> Option<Signal> {
    let (id, confidence) = statuses::by_status(status, line.address.as_ref())?;
    let whom = line
        .address
        .as_ref()
        .map_or("The server", |address| address.host.as_str());
    let is_unsure = confidence == Confidence::Unsure;
    let what = match is_unsure {
        true => "Several causes answer so.",
        false => known(id).sentence,
    };
    Some(Signal {
        sentence: Some(format!(
            "{whom} answers the handshake with {status}. {what}"
        )),
        fix: is_unsure.then(|| statuses::probe(status).to_owned()),
        others: statuses::others(status),
        probe: is_unsure.then(|| statuses::probe(status)),
        is_outcome: true,
        ..of_line(id, confidence, line)
    })
}

fn by_attempt(found: &Found, line: &Line) -> Option<Signal> {
    let reason = found.part("reason").unwrap_or_default();
    let code = found.part("code")?.parse().ok()?;
    let cause = if line.text.contains("a socket closed") {
        cause_of_end(code, reason)?
    } else {
        cause_of_attempt(code, reason)?
    };
    let detail = reason.split_once(": ").map_or(reason, |(_, detail)| detail);
    Some(Signal {
        sentence: (!detail.is_empty()).then(|| sentence(detail)),
        fix: CloseCode::from_code(code).map(|code| code.fix().to_owned()),
        ..of_cause(cause, Confidence::Certain, line)
    })
}

fn by_problem(found: &Found, line: &Line) -> Option<Signal> {
    let word = found.part("word")?;
    let detail = found.part("reason").unwrap_or_default();
    let code = ErrorCode::ALL.iter().find(|code| code.slug() == word)?;
    let cause = cause_of_refusal(*code, detail)?;
    let detail = if detail.is_empty() {
        code.meaning()
    } else {
        detail
    };
    Some(Signal {
        sentence: Some(sentence(detail)),
        fix: Some(code.fix().to_owned()),
        ..of_cause(cause, Confidence::Certain, line)
    })
}

fn of_line(id: &'static str, confidence: Confidence, line: &Line) -> Signal {
    of_cause(known(id), confidence, line)
}

fn of_cause(cause: &'static Cause, confidence: Confidence, line: &Line) -> Signal {
    Signal {
        cause,
        confidence,
        sentence: None,
        fix: None,
        others: &[],
        probe: None,
        is_outcome: false,
        line: line.number,
        shown: shown(&line.text).into_owned(),
    }
}

fn hole(line: &Line) -> Signal {
    let address = line
        .address
        .as_ref()
        .map(|address| format!("{}://{}{}", address.scheme, address.host, address.path));
    Signal {
        sentence: address.map(|address| {
            format!("The address {address} has a hole: a variable had no value when it was made.")
        }),
        ..of_line("url.undefined", Confidence::Certain, line)
    }
}

fn placeholder_in(line: &Line, word: &str) -> Signal {
    Signal {
        sentence: Some(format!(
            "The token in the address is `{word}`, a placeholder and no token."
        )),
        ..of_line("auth.placeholder", Confidence::Likely, line)
    }
}

/// Names in braces, replaced.
fn filled(template: &str, found: &Found, host: Option<&str>) -> String {
    let mut text = template.to_owned();
    for (name, value) in &found.0 {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    match host.filter(|host| !host.is_empty()) {
        Some(host) => text.replace("{host}", host),
        None => text
            .replace(" ({host})", "")
            .replace("{host}", "the server"),
    }
}

/// What the address adds: a machine that is near is not behind a firewall, and a name without a dot
/// is one of a private network.
fn refine(signal: &mut Signal, host: Option<&str>) {
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return;
    };
    let name = name_of(host);
    match signal.cause.id {
        "net.refused" if !is_loopback(name) => {
            signal.confidence = signal.confidence.max(Confidence::Likely);
            signal.others = &["net.bind_loopback", "net.wrong_port"];
            signal.sentence = Some(format!(
                "{host} refuses connections: the backend is not running there, or it listens on 127.0.0.1 alone."
            ));
            signal.fix = Some("On that machine: `ss -ltn` shows whether the port is listened on, and on which address. Start the backend with `frontdesk serve --listen 0.0.0.0:8000` if others are to reach it.".into());
        }
        "net.refused" => {
            signal.others = &["net.wrong_port", "net.ipv6_localhost"];
            signal.sentence = Some(format!(
                "The backend on {host} is not running: nothing listens there."
            ));
            signal.fix = Some(format!(
                "Start it: `frontdesk serve` (in the source tree: `cargo xtask run`), or your own backend on that port. Then `curl http://{host}/healthz` must answer; a page with our client reconnects by itself."
            ));
        }
        "net.dns" if !name.contains('.') && !is_loopback(name) || name.ends_with(".internal") => {
            signal.cause = known("net.dns_split");
            signal.confidence = Confidence::Likely;
            signal.sentence = Some(format!(
                "{name} is a name of a private network, such as a compose service: it does not resolve here."
            ));
        }
        "net.dns" => {
            signal.sentence = Some(format!(
                "Nobody knows the name {name}, so there is no address to connect to."
            ));
        }
        _ => {}
    }
}

/// Says of what happened before a connection worked that it is over.
fn since(signals: &mut [Signal], worked: Option<usize>) {
    let Some(worked) = worked else {
        return;
    };
    for signal in signals.iter_mut().filter(|signal| signal.line < worked) {
        let sentence = signal
            .sentence
            .take()
            .unwrap_or_else(|| signal.cause.sentence.to_owned());
        signal.sentence = Some(format!("{sentence} (It worked later, at line {worked}.)"));
    }
}

fn nothing(is_symptom: bool, is_working: bool) -> Explanation {
    let next = "Paste the red line of the browser's console (net::ERR_…, or `Unexpected response code: …`) or the server's log of that second, or run: frontdesk doctor <url>";
    if is_working {
        let why = "a connection was opened, and no line says that anything failed";
        return Explanation::cannot_tell(why, next);
    }
    if is_symptom {
        return Explanation {
            alternatives: vec![
                "net.refused",
                "net.dns",
                "tls.untrusted",
                "proxy.no_upgrade",
                "auth.hidden_403",
                "idle.proxy",
            ],
            ..Explanation::cannot_tell(
                "the lines say that a connection ended, and not why: 1006 and `error` look the same for two dozen causes",
                next,
            )
        };
    }
    Explanation::cannot_tell(
        "none of the lines is known to say why a connection fails",
        next,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_names_a_cause_and_its_own_parts() {
        assert_eq!(SET.len(), COMPILED.len());
        for (pattern, regex) in patterns().zip(COMPILED.iter()) {
            if let Tells::Cause(id, _) = pattern.tells {
                assert!(cause(id).is_some(), "{id}");
            }
            for template in [pattern.sentence, pattern.fix] {
                for part in template.split('{').skip(1) {
                    let name = part.split('}').next().unwrap();
                    let is_known = name == "host"
                        || regex.capture_names().flatten().any(|known| known == name);
                    assert!(is_known, "{name} in {template}");
                }
            }
        }
    }
}
