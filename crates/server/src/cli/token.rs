//! `frontdesk token`: makes a real socket token with the real key, and explains one claim by claim.
//! There is no other kind of token and no way around one.

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::Context as _;
use auth::{Claims, Secret, SocketTokens, TOKEN_MAX_BYTES};
use clap::{Args, Subcommand};
use protocol::{SessionId, Timestamp};
use serde_json::json;
use store::{CreateSession, SessionState, Store};

use super::failure::{Done, Failure};
use super::local::{Absent, block_on, now, open_store};
use super::output::{self, Colour};
use super::{Given, user};
use crate::config::Config;
use crate::{key, startup};

/// What the session of a minted token calls itself in the list of sign-ins.
const SESSION_NAME: &str = "frontdesk token mint";

/// `frontdesk token …`
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a socket token for an account, as a login and GET /api/v1/auth/ws-token would.
    #[command(after_help = "Example:
  websocat \"ws://localhost:8000/api/v1/ws?token=$(frontdesk token mint --email ana@example.com)\"")]
    Mint(MintArgs),
    /// Explain a token claim by claim, and say whether a socket would take it. Exit 2 when not.
    #[command(after_help = "Examples:
  frontdesk token check eyJ0eXAi…
  frontdesk token mint --email ana@example.com | frontdesk token check -")]
    Check(CheckArgs),
}

/// `frontdesk token mint`
#[derive(Debug, Args)]
pub(super) struct MintArgs {
    /// Whose token.
    #[arg(long)]
    email: String,
    /// Its life, 1 to 300; auth.ws_token_seconds by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=300))]
    seconds: Option<i64>,
}

/// `frontdesk token check`
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The token; `-` or nothing reads it from stdin.
    token: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(given: &Given, command: TokenCommand) -> Done {
    let config = given.load()?;
    let text = match &command {
        TokenCommand::Mint(_) => String::new(),
        TokenCommand::Check(args) => token_text(args)?,
    };
    block_on(async {
        let store = open_store(&config, Absent::Refuse).await?;
        let done = match &command {
            TokenCommand::Mint(args) => mint(&config, &store, args).await,
            TokenCommand::Check(args) => check(&config, &store, &text, args.json).await,
        };
        store.close().await;
        done
    })
}

async fn mint(config: &Config, store: &Store, args: &MintArgs) -> Done {
    let user = user::find(store, &args.email).await?;
    let tokens = SocketTokens::new(key::load(config, store).await?);
    // A socket takes a token only while the session behind it is live. Nobody learns the secret of
    // this one, so it opens nothing but sockets.
    let session = CreateSession {
        id: SessionId::new(),
        user: user.id,
        checked_hash: None,
        secret_hash: Secret::generate().hash(),
        user_agent: SESSION_NAME.to_owned(),
        replaces: None,
        now: now(),
    };
    let session = store.write(session).await?;
    let life = args.seconds.unwrap_or_else(|| {
        i64::try_from(config.auth.ws_token_seconds).expect("it is checked to be at most 300")
    });
    let claims = Claims::new(user.id.0, session.id.0, unix_seconds(now()), life);
    let base = startup::base_url(config, &config.server.listen);
    output::talk(&format!(
        "a token of {} ({}), for {life} seconds; its session {} is listed as {SESSION_NAME:?}",
        user.email, user.role, session.id
    ));
    output::talk(&format!(
        "open a socket with: {}/api/v1/ws?token=<the token>",
        base.replacen("http", "ws", 1)
    ));
    output::data(&tokens.mint(&claims));
    Ok(ExitCode::SUCCESS)
}

async fn check(config: &Config, store: &Store, text: &str, as_json: bool) -> Done {
    let tokens = SocketTokens::new(key::load(config, store).await?);
    let now = now();
    let verdict = tokens.verify(text, unix_seconds(now));
    let lines = tokens.explain(text, unix_seconds(now));
    // The claims of a token that is refused may be anybody's words: no need to ask the store.
    let session = match &verdict {
        Ok(claims) => Some(store.session(SessionId(claims.session_id), now).await?),
        Err(_) => None,
    };
    let refusal = match (&verdict, &session) {
        (Err(problem), _) => Some((problem.to_string(), problem.fix().to_owned())),
        (Ok(claims), Some(SessionState::Live(live))) if live.user.id.0 != claims.user_id => {
            Some(foreign_session())
        }
        (Ok(_), session) => session.as_ref().and_then(session_refusal),
    };
    if as_json {
        let claims: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({"name": line.name, "expected": line.expected, "found": line.found,
                    "ok": line.ok, "verified": line.verified})
            })
            .collect();
        output::json(&json!({
            "accepted": refusal.is_none(),
            "detail": refusal.as_ref().map(|(detail, _)| detail),
            "fix": refusal.as_ref().map(|(_, fix)| fix),
            "session": session.as_ref().map(|state| describe_session(state).0),
            "claims": claims,
        }));
    } else {
        let mut rows = vec![
            ["", "CLAIM", "FOUND", "EXPECTED"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(lines.iter().map(|line| {
            let mark = if line.ok { "ok" } else { "no" };
            vec![
                mark.to_owned(),
                line.name.to_owned(),
                line.found.clone(),
                line.expected.clone(),
            ]
        }));
        if let Some(state) = &session {
            let (word, text) = describe_session(state);
            let mark = if word == "live" { "ok" } else { "no" };
            rows.push([mark, "session", &text, "live"].map(str::to_owned).to_vec());
        }
        output::table(&rows);
        output::data("");
        match &refusal {
            None => output::data(&output::coloured(
                "a socket takes this token",
                Colour::Green,
            )),
            Some((detail, fix)) => {
                let text = format!("a socket refuses this token: {detail}");
                output::data(&output::coloured(&text, Colour::Red));
                output::data(&format!("fix: {fix}"));
            }
        }
    }
    Ok(ExitCode::from(if refusal.is_none() { 0 } else { 2 }))
}

fn session_refusal(state: &SessionState) -> Option<(String, String)> {
    let login = "log in again and fetch a fresh token from GET /api/v1/auth/ws-token";
    match state {
        SessionState::Live(_) => None,
        SessionState::Ended => Some(("its session has ended".to_owned(), login.to_owned())),
        SessionState::AccountDisabled => Some((
            "its account is disabled".to_owned(),
            "an admin enables it with: frontdesk user enable --email …".to_owned(),
        )),
        SessionState::Unknown => Some((
            "its session is not in this database".to_owned(),
            "use a token of the server that has this database, or name the right one with \
             --data-dir"
                .to_owned(),
        )),
    }
}

fn foreign_session() -> (String, String) {
    (
        "its session belongs to another account".to_owned(),
        "fetch a fresh token from GET /api/v1/auth/ws-token".to_owned(),
    )
}

/// A word for programs and a text for people.
fn describe_session(state: &SessionState) -> (&'static str, String) {
    match state {
        SessionState::Live(live) => {
            let user = &live.user;
            (
                "live",
                format!(
                    "live, of {} ({}), until {}",
                    user.email, user.role, live.expires_at
                ),
            )
        }
        SessionState::Ended => ("ended", "ended".to_owned()),
        SessionState::AccountDisabled => ("account_disabled", "account disabled".to_owned()),
        SessionState::Unknown => ("unknown", "not in this database".to_owned()),
    }
}

fn token_text(args: &CheckArgs) -> Result<String, Failure> {
    match args.token.as_deref() {
        Some(token) if token != "-" => Ok(token.to_owned()),
        Some(_) | None => {
            // More than a token may have, so that a longer text is refused rather than cut.
            let limit = u64::try_from(TOKEN_MAX_BYTES).unwrap_or(u64::MAX) * 2;
            let mut text = String::new();
            std::io::stdin()
                .take(limit)
                .read_to_string(&mut text)
                .context("cannot read the token from stdin")?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}

fn unix_seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}
