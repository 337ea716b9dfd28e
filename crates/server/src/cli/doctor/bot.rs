//! `frontdesk doctor bot`: asks the bot once, and says what is wrong with its model.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bot::{Faq, Probe, ProbeVerdict};
use clap::Args;
use serde_json::json;

use crate::bot::open_model;
use crate::cli::failure::{Done, Failure};
use crate::cli::{Given, output};
use crate::config::{BotConfig, BotKind};
use crate::startup;

/// `frontdesk doctor bot`
#[derive(Debug, Args)]
pub(in crate::cli) struct BotArgs {
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(given: &Given, args: &BotArgs) -> Done {
    let config = given.load()?.bot;
    match config.kind {
        BotKind::Off => {
            tell(
                args,
                "off",
                &["bot.kind is off: people answer in new chats".to_owned()],
            );
            Ok(ExitCode::SUCCESS)
        }
        BotKind::Desk => desk(args, &config),
        BotKind::OpenAi => model(args, &config),
    }
}

fn tell(args: &BotArgs, kind: &str, lines: &[String]) {
    if args.json {
        return output::json(&json!({"kind": kind, "said": lines}));
    }
    for line in lines {
        output::data(line);
    }
}

fn desk(args: &BotArgs, config: &BotConfig) -> Done {
    let (from, faq) = match &config.faq_file {
        None => (
            "the answers that are compiled in".to_owned(),
            Faq::default(),
        ),
        Some(path) => {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {shown}, which bot.faq_file names"))?;
            let faq = Faq::parse(&text).map_err(|error| {
                Failure::refused(
                    format!("cannot use {shown}: {error}"),
                    "correct it; docs/bot.md shows what may stand there",
                )
            })?;
            (shown, faq)
        }
    };
    let lines = [format!(
        "the desk bot answers, from {from}: {} answers of its own, and orders and bookings from the \
         customer's rows; it needs no network",
        faq.answers()
    )];
    tell(args, "desk", &lines);
    Ok(ExitCode::SUCCESS)
}

fn model(args: &BotArgs, config: &BotConfig) -> Done {
    startup::install_tls_provider();
    let bot = open_model(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    if !args.json {
        output::talk("asking the model to count from one to ten");
    }
    let probe = runtime.block_on(bot.probe());
    match args.json {
        true => output::json(&as_json(&probe)),
        false => show(&probe),
    }
    Ok(match probe.verdict {
        ProbeVerdict::Well | ProbeVerdict::Warning(..) => ExitCode::SUCCESS,
        ProbeVerdict::Problem(..) => ExitCode::from(2),
    })
}

fn show(probe: &Probe) {
    let time = |after: Option<Duration>| match after {
        Some(after) => format!("{} ms", after.as_millis()),
        None => "never".to_owned(),
    };
    output::data(&format!(
        "asked            {} for the model {}",
        probe.url, probe.model
    ));
    output::data(&format!("head after       {}", time(probe.head_after)));
    output::data(&format!(
        "first token      {}",
        time(probe.first_token_after)
    ));
    output::data(&format!(
        "done after       {}",
        time(Some(probe.done_after))
    ));
    output::data(&format!(
        "content-type     {}",
        printable(&probe.content_type)
    ));
    output::data(&format!(
        "text             {}",
        printable(probe.text.trim())
    ));
    output::data("raw answer, its beginning:");
    for line in probe.raw.lines().take(20) {
        output::data(&format!("  {}", printable(line)));
    }
    match &probe.verdict {
        ProbeVerdict::Well => output::data("well: the bot can answer, and its text grows"),
        ProbeVerdict::Warning(id, what, fix) => {
            output::data(&format!("warning {id}: {what}; {fix}"));
        }
        ProbeVerdict::Problem(id, what, fix) => {
            output::data(&format!("problem {id}: {what}\nfix: {fix}"));
        }
    }
}

/// Without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

fn as_json(probe: &Probe) -> serde_json::Value {
    let millis = |after: Option<Duration>| after.map(|after| after.as_millis());
    let verdict = match &probe.verdict {
        ProbeVerdict::Well => json!({"status": "well"}),
        ProbeVerdict::Warning(id, what, fix) => {
            json!({"status": "warning", "id": id, "detail": what, "fix": fix})
        }
        ProbeVerdict::Problem(id, what, fix) => {
            json!({"status": "problem", "id": id, "detail": what, "fix": fix})
        }
    };
    json!({"kind": "openai", "url": probe.url, "model": probe.model,
        "head_ms": millis(probe.head_after), "first_token_ms": millis(probe.first_token_after),
        "done_ms": millis(Some(probe.done_after)), "content_type": probe.content_type,
        "text": probe.text, "raw": probe.raw, "verdict": verdict})
}
