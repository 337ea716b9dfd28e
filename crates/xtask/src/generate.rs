//! `cargo xtask gen`: the files that are written from the program itself, so that they cannot say
//! what it does not: pages and descriptions in docs/, types in web/client/.

mod failures;
mod policy_page;
mod typed_examples;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use causes::{Cause, cause_of, cause_of_problem};
use desk::audience::{Subject, audience};
use protocol::{CloseCode, Direction, ErrorCode, EventName, Example, Retry};
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{PROBLEM_FOUND, WELL, web};

pub(crate) const HELP: &str = "\
Usage: cargo xtask gen [--check]

Builds the server, then writes from it and from crates/protocol, crates/desk and crates/causes:
docs/close-codes.md, docs/problems.md, docs/protocol.md, docs/policy.md, docs/failures/,
docs/openapi.json, docs/asyncapi.json, and in web/client/ src/protocol.ts, src/rest.ts,
src/causes.ts and test/examples.ts. Pages in docs/failures/ of no cause are removed.
With --check it writes nothing, lists the files that are stale, and ends with 1 if there are any.

Examples:
  cargo xtask gen
  cargo xtask gen --check";

/// Writes the pages, or compares them.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<u8> {
    let only_compare = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => anyhow::bail!("`gen` takes nothing or --check"),
    };
    let Some(program) = workspace.build_server()? else {
        return Ok(PROBLEM_FOUND);
    };
    if !only_compare {
        return write_all(workspace, &program);
    }
    match step(workspace, &program)? {
        None => Ok(WELL),
        Some(problem) => {
            eprintln!("error: {problem}");
            Ok(PROBLEM_FOUND)
        }
    }
}

/// The step of `cargo xtask check`: lists stale files and returns the problem in words.
pub(crate) fn step(workspace: &Workspace, program: &Path) -> anyhow::Result<Option<String>> {
    let mut stale = 0;
    for (path, text) in files(workspace, program)? {
        if fs::read_to_string(workspace.root.join(&path)).ok() != Some(text) {
            println!("{path}: stale, run `cargo xtask gen`");
            stale += 1;
        }
    }
    for path in orphans(workspace)? {
        println!("{path}: the page of no cause, `cargo xtask gen` removes it");
        stale += 1;
    }
    Ok((stale > 0).then(|| format!("{stale} generated files are stale")))
}

fn write_all(workspace: &Workspace, program: &Path) -> anyhow::Result<u8> {
    for (path, text) in files(workspace, program)? {
        let target = workspace.root.join(&path);
        if fs::read_to_string(&target).ok().as_ref() != Some(&text) {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make place for {path}"))?;
            }
            fs::write(&target, text).with_context(|| format!("cannot write {path}"))?;
            println!("{path}: written");
        }
    }
    for path in orphans(workspace)? {
        fs::remove_file(workspace.root.join(&path))
            .with_context(|| format!("cannot remove {path}"))?;
        println!("{path}: removed, it is the page of no cause");
    }
    Ok(WELL)
}

/// Pages of causes that are no more.
fn orphans(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let shown = || format!("cannot list {}", failures::FOLDER);
    let entries = match fs::read_dir(workspace.root.join(failures::FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(shown)?,
    };
    let known = failures::pages(GENERATED);
    let mut orphans = Vec::new();
    for entry in entries {
        let name = entry.with_context(shown)?.file_name();
        let path = format!("{}/{}", failures::FOLDER, name.to_string_lossy());
        if !known.iter().any(|(page, _)| *page == path) {
            orphans.push(path);
        }
    }
    orphans.sort();
    Ok(orphans)
}

/// A path below the root, and what must stand there.
type GeneratedFile = (String, String);

/// Every generated file.
fn files(workspace: &Workspace, program: &Path) -> anyhow::Result<Vec<GeneratedFile>> {
    let mut files = pages();
    let openapi = say(program, "openapi")?;
    let others = [
        ("web/client/src/protocol.ts", protocol::typescript()),
        ("web/client/src/causes.ts", failures::typescript()),
        ("web/client/test/examples.ts", typed_examples::file()),
        (
            "web/client/src/rest.ts",
            web::rest_types(workspace, &openapi)?,
        ),
        ("docs/openapi.json", openapi),
        ("docs/asyncapi.json", say(program, "asyncapi")?),
    ];
    files.extend(others.map(|(path, text)| (path.to_owned(), text)));
    Ok(files)
}

/// The files that need neither the server nor npm.
fn pages() -> Vec<GeneratedFile> {
    let pages = [
        ("docs/close-codes.md", close_codes()),
        ("docs/problems.md", problems()),
        ("docs/protocol.md", protocol()),
        ("docs/policy.md", policy_page::page(GENERATED)),
    ];
    let mut files = failures::pages(GENERATED);
    files.extend(pages.map(|(path, text)| (path.to_owned(), text)));
    files
}

/// What the server prints for one of its hidden commands.
fn say(program: &Path, command: &str) -> anyhow::Result<String> {
    let shown = || format!("cannot run `frontdesk {command}`");
    let output = Command::new(program)
        .arg(command)
        .output()
        .with_context(shown)?;
    anyhow::ensure!(output.status.success(), "`frontdesk {command}` failed");
    String::from_utf8(output.stdout).with_context(shown)
}

const GENERATED: &str = "<!-- Written by `cargo xtask gen` from the code. Do not edit. -->\n";

fn close_codes() -> String {
    let mut page = format!("{GENERATED}# Close codes\n\n");
    page.push_str(
        "Why the server ended a connection. The reason of the close frame is \
         `slug: short sentence`, and a `goodbye` frame before it says the same. The standard codes \
         (1000, 1002, 1007, 1009, 1011) keep their meaning.\n\n\
         A client that does not know a code still acts well by its range:\n\n\
         | range | `retry` | a client |\n| --- | --- | --- |\n",
    );
    for (range, retry) in [
        ("4000–4099", Retry::Backoff),
        ("4100–4199", Retry::FreshToken),
        ("4500–4999", Retry::Never),
    ] {
        let (word, does) = (retry.as_str(), client_does(retry));
        line(&mut page, &format!("| {range} | `{word}` | {does} |"));
    }
    page.push_str("\n| code | slug | `retry` |\n| --- | --- | --- |\n");
    for code in CloseCode::ALL {
        let (number, slug, retry) = (code.code(), code.slug(), code.retry().as_str());
        line(
            &mut page,
            &format!("| [{number}](#{number}-{slug}) | `{slug}` | `{retry}` |"),
        );
    }
    for code in CloseCode::ALL {
        section(
            &mut page,
            &format!("{} {}", code.code(), code.slug()),
            code.meaning(),
            code.fix(),
            Some(cause_of(*code)),
        );
    }
    page
}

fn client_does(retry: Retry) -> &'static str {
    match retry {
        Retry::Backoff => "connects again after a pause",
        Retry::FreshToken => "connects again with a fresh token",
        Retry::Never => "stops; someone must change something first",
    }
}

fn problems() -> String {
    let mut page = format!("{GENERATED}# Problems\n\n");
    page.push_str(
        "Why a request failed. Every error of the HTTP API is `application/problem+json` \
         (RFC 9457). Its `type` is `urn:frontdesk:problem:` and the code, which never changes; \
         `detail` is a sentence for people, `fix` the next step, and `errors` names the fields \
         that are wrong. The same codes stand in `error` frames on a socket.\n\n\
         | code | status | title |\n| --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let (slug, status, title) = (code.slug(), code.status(), code.title());
        line(
            &mut page,
            &format!("| [`{slug}`](#{slug}) | {status} | {title} |"),
        );
    }
    for code in ErrorCode::ALL {
        let meaning = format!("Status {}. {}", code.status(), code.meaning());
        section(
            &mut page,
            code.slug(),
            &meaning,
            code.fix(),
            cause_of_problem(*code),
        );
    }
    page
}

fn section(page: &mut String, title: &str, meaning: &str, fix: &str, cause: Option<&Cause>) {
    line(
        page,
        &format!("\n## {title}\n\n{meaning}\n\n**What to do:** {fix}"),
    );
    if let Some(Cause { id, .. }) = cause {
        line(page, &format!("\n**Cause:** [`{id}`](failures/{id}.md)"));
    }
}

fn protocol() -> String {
    let mut page = format!("{GENERATED}{}", include_str!("protocol_intro.txt"));
    for (direction, in_chat, title) in [
        (Direction::FromClient, false, "From the client"),
        (Direction::FromServer, false, "From the server"),
        (
            Direction::FromClient,
            true,
            "From the client of a chat socket",
        ),
        (
            Direction::FromServer,
            true,
            "From the server to a chat socket",
        ),
    ] {
        line(&mut page, &format!("\n## {title}"));
        let examples = protocol::examples();
        for example in examples
            .iter()
            .filter(|example| example.direction == direction)
            .filter(|example| example.frame.starts_with("chat ") == in_chat)
        {
            let mut json = String::new();
            write_json(&mut json, &example.json, 0);
            let (text, told) = (example.text, told_on(example));
            let frame = example.json["type"].as_str().filter(|_| in_chat);
            let frame = frame.unwrap_or(&example.frame);
            line(
                &mut page,
                &format!("\n### {frame}\n\n{text}{told}\n\n```json\n{json}\n```"),
            );
        }
    }
    page
}

/// A sentence about the channels that an event goes to; nothing for other frames.
fn told_on(example: &Example) -> String {
    let event = example
        .frame
        .strip_prefix("event ")
        .and_then(|name| name.parse().ok());
    event.map_or_else(String::new, |name: EventName| {
        let channels = audience(name, Subject::Plain).iter();
        let channels: Vec<_> = channels.map(|on| format!("`{}`", on.pattern())).collect();
        let kept = if name.is_kept() {
            ""
        } else {
            " It is not kept in the log."
        };
        format!(" Told on {}.{kept}", channels.join(", "))
    })
}

/// Members that a reader looks for first, in this order; the others follow by name.
/// The order is ours because that of `serde_json` depends on a feature any crate may turn on.
const FIRST: &[&str] = &[
    "type", "id", "code", "channel", "epoch", "offset", "head", "outcome", "topic", "event", "at",
];

/// Values up to this many bytes stay on one line.
const LINE_MAX_BYTES: usize = 80;

fn write_json(out: &mut String, value: &Value, depth: usize) {
    let mut flat = String::new();
    write_flat(&mut flat, value);
    if flat.len() + 2 * depth <= LINE_MAX_BYTES {
        out.push_str(&flat);
        return;
    }
    let inner = "  ".repeat(depth + 1);
    let outer = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            out.push('{');
            for (index, (key, value)) in sorted(members).into_iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { ",\n" });
                out.push_str(&format!("{inner}{}: ", Value::from(key)));
                write_json(out, value, depth + 1);
            }
            out.push_str(&format!("\n{outer}}}"));
        }
        Value::Array(items) => {
            out.push('[');
            for (index, value) in items.iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { ",\n" });
                out.push_str(&inner);
                write_json(out, value, depth + 1);
            }
            out.push_str(&format!("\n{outer}]"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&flat),
    }
}

fn write_flat(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            out.push('{');
            for (index, (key, value)) in sorted(members).into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(&format!("{}: ", Value::from(key)));
                write_flat(out, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, value) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_flat(out, value);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

fn sorted(members: &serde_json::Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut members: Vec<(&str, &Value)> = members
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    members.sort_by_key(|(key, _)| {
        let place = FIRST.iter().position(|first| first == key);
        (place.unwrap_or(FIRST.len()), *key)
    });
    members
}

fn line(page: &mut String, text: &str) {
    writeln!(page, "{text}").expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_code_has_its_section() {
        let (closes, problems) = (close_codes(), problems());
        for code in CloseCode::ALL {
            assert!(closes.contains(&format!("\n## {} {}\n", code.code(), code.slug())));
        }
        for code in ErrorCode::ALL {
            assert!(problems.contains(&format!("\n## {}\n", code.slug())));
        }
    }

    #[test]
    fn pages_end_with_one_newline_and_have_no_loose_spaces() {
        for (path, text) in pages() {
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{path}");
        }
    }

    #[test]
    fn json_is_printed_with_the_type_first_and_short_values_on_one_line() {
        let mut out = String::new();
        let long = "x".repeat(60);
        write_json(
            &mut out,
            &json!({"a": [1, 2], "type": "event", "z": {"b": long}}),
            0,
        );
        assert_eq!(
            out,
            format!(
                "{{\n  \"type\": \"event\",\n  \"a\": [1, 2],\n  \"z\": {{\"b\": \"{long}\"}}\n}}"
            )
        );
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["a"][1], 2);
    }
}
