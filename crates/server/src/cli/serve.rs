//! `frontdesk serve`: from the configuration to the last byte of the drain. It reads from top to
//! bottom in the order in which things happen. Start at [`run`].

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use auth::SetupToken;
use clap::Args;
use protocol::Timestamp;
use store::{OfferSetup, Store, WriteError};
use tokio_util::sync::CancellationToken;

use super::failure::{Done, Failure};
use super::local::now;
use super::{Given, checked, output};
use crate::app::{self, App, Heard};
use crate::config::{Config, LogFormat, Origin, Settings, Value};
use crate::demo::{self, Filled};
use crate::listen::Listeners;
use crate::shutdown::{self, Signals};
use crate::{router, startup, telemetry, ws};

/// How often old rows are removed.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// Part of the drain that is kept for closing the store.
const CLOSE_RESERVE: Duration = Duration::from_secs(1);

/// Life of the one-time link for the first admin.
const SETUP_HOURS: i64 = 24;

/// `frontdesk serve`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  frontdesk serve --demo
  frontdesk serve --listen 127.0.0.1:8001 --data-dir /srv/frontdesk
  frontdesk serve --listen 0.0.0.0:8000 --public-url https://desk.example.com")]
pub(super) struct ServeArgs {
    /// Fill an empty store with demo accounts and data, in a folder of its own. On this machine
    /// only: every address must be a loopback.
    #[arg(long)]
    demo: bool,
}

pub(super) fn run(given: &Given, args: &ServeArgs) -> Done {
    let config = load(given, args.demo)?;
    telemetry::start(config.telemetry.log_format)?;
    startup::install_tls_provider();
    for warning in startup::warnings(&config, &startup::Machine::look(now())) {
        tracing::warn!("{warning}");
    }
    startup::prepare_data_dir(&config).map_err(Failure::could_not_run)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(async {
        let signals = Signals::register().context("cannot listen to signals")?;
        let stop = CancellationToken::new();
        tokio::select! {
            never = shutdown::watch(signals, stop.clone()) => match never {},
            done = serve(config, args.demo, stop) => done,
        }
    });
    // Whatever still hashes or reads a file is not waited for without end.
    runtime.shutdown_timeout(CLOSE_RESERVE);
    done
}

/// The demo has a folder of its own, so that it never mixes with real data.
fn load(given: &Given, demo: bool) -> Result<Config, Failure> {
    let (mut settings, faults) = Settings::collect(&given.sources());
    if demo {
        let own = match &settings.setting("data.dir").value {
            Value::Text(dir) if !dir.is_empty() => format!("{}/demo", dir.trim_end_matches('/')),
            Value::Text(_) | Value::Number(_) | Value::Truth(_) | Value::List(_) => String::new(),
        };
        settings.set("data.dir", Value::Text(own), Origin::Flag("--demo"));
    }
    let mut config = checked(&settings, faults)?;
    config.demo = demo;
    if demo {
        demo::check(&config).map_err(Failure::could_not_run)?;
    }
    Ok(config)
}

async fn serve(config: Config, demo: bool, stop: CancellationToken) -> Done {
    // Before the database, so that a taken port is told before anything is made.
    let listeners = bind(&config).await?;
    let opened = tokio::select! {
        () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
        opened = app::open(config.clone()) => opened,
    };
    let (app, heard) = opened?;
    let filled = if demo {
        Some(demo::fill(&app.store, now()).await?)
    } else {
        refuse_open_demo_accounts(&config, &app.store).await?;
        None
    };
    greet(&config, &listeners.addresses(), filled);
    if !demo {
        offer_setup(&config, &listeners.addresses(), &app.store).await?;
    }
    serve_and_drain(&config, &app, listeners, heard, &stop).await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn bind(config: &Config) -> Result<Listeners, Failure> {
    let listeners = match Listeners::bind(config).await {
        Ok(listeners) => listeners,
        Err(error) => {
            let text = startup::explain_bind(error.address, &error.source, config).await;
            return Err(Failure::could_not_run(text));
        }
    };
    if listeners.addresses().len() < config.server.listen.len() {
        tracing::warn!("this machine has no IPv6, so [::1] is not listened on; 127.0.0.1 is");
    }
    Ok(listeners)
}

/// Serves until `stop`, then lets everybody finish, within `server.drain_seconds`.
async fn serve_and_drain(
    config: &Config,
    app: &App,
    listeners: Listeners,
    heard: Heard,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let drain = Duration::from_secs(config.server.drain_seconds);
    let work_until = drain.saturating_sub(CLOSE_RESERVE).max(drain / 2);
    // Listening ends after the sockets are drained, so that /readyz can tell of it meanwhile.
    let listening_ends = CancellationToken::new();
    let drain_sockets = async {
        stop.cancelled().await;
        app.shutdown.cancel();
        app.drain().await;
        listening_ends.cancel();
    };
    let work = async {
        tokio::join!(
            listeners.serve(router::router(app.clone()), listening_ends.clone()),
            drain_sockets,
            ws::answer_all(app.clone(), heard.requests),
            ws::presence::tell_changes(&app.engine, heard.presence, &app.shutdown),
            ws::reconcile(&app.engine, &app.store, &app.shutdown),
            prune(&app.store, &app.shutdown),
            app.broadcasts.deliver(&app.store, &app.shutdown),
            app.bot.run(app),
        );
    };
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(work_until).await;
    };
    tokio::select! {
        () = work => {}
        () = too_late => tracing::warn!(
            drain_seconds = config.server.drain_seconds,
            "some requests did not finish within server.drain_seconds and are cut"
        ),
    }
    if tokio::time::timeout(drain - work_until, app.store.close())
        .await
        .is_err()
    {
        tracing::warn!("the database did not close in time; nothing that was acknowledged is lost");
    }
    Ok(())
}

/// Removes what is past its retention, again and again.
async fn prune(store: &Store, shutdown: &CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PRUNE_INTERVAL) => {}
        }
        match store.prune().await {
            Ok(pruned) => tracing::debug!(?pruned, "removed what is past its retention"),
            Err(error) => tracing::warn!(%error, "cannot remove what is past its retention"),
        }
    }
}

/// Says where it listens and what to try. Programs read the first lines, people the rest.
fn greet(config: &Config, addresses: &[SocketAddr], filled: Option<Filled>) {
    let base = startup::base_url(config, addresses);
    for address in addresses {
        say(config, &format!("listening on http://{address}"));
    }
    match (filled, config.telemetry.log_format) {
        (None, LogFormat::Text) => output::talk(&format!(
            "frontdesk {} is at {base} (documentation: {base}/docs), its data in {}",
            env!("CARGO_PKG_VERSION"),
            startup::data_place(config)
        )),
        (None, LogFormat::Json) => {}
        (Some(Filled::Demo), LogFormat::Text) => {
            let place = startup::data_place(config);
            output::talk(&format!("\n{}", demo::instructions(&base, &place)));
        }
        (Some(Filled::Demo), LogFormat::Json) => {
            tracing::warn!("this is a demo: its passwords are public");
        }
        (Some(Filled::LeftAsItIs), _) => tracing::warn!(
            "the store has accounts of its own, so it was left as it is, without demo data"
        ),
    }
}

/// A line for whoever started the program: plain beside a text log, a log line in a JSON log.
fn say(config: &Config, line: &str) {
    match config.telemetry.log_format {
        LogFormat::Text => output::talk(line),
        LogFormat::Json => tracing::info!("{line}"),
    }
}

/// Offers a one-time link while there is no admin who could make accounts.
async fn offer_setup(
    config: &Config,
    addresses: &[SocketAddr],
    store: &Store,
) -> Result<(), Failure> {
    if store.admin_exists().await? {
        return Ok(());
    }
    let by_hand = "frontdesk user add --email you@example.com --name You --role admin";
    if config.telemetry.log_format == LogFormat::Json {
        // A log is kept and shipped, so no secret goes into it.
        tracing::warn!("there is no admin yet; make one with: {by_hand}");
        return Ok(());
    }
    let token = SetupToken::generate();
    let now = now();
    let expires_at = Timestamp(now.0 + SETUP_HOURS * 60 * 60 * 1_000);
    let offer = OfferSetup {
        token_hash: token.hash(),
        expires_at,
        now,
    };
    match store.write(offer).await {
        Ok(()) => {
            let base = startup::base_url(config, addresses);
            output::talk(&format!(
                "\nThere is no admin yet. This link makes the first one, once, within {SETUP_HOURS} \
                 hours:\n  {base}/setup#token={}\nor make one here: {by_hand}\n",
                token.reveal()
            ));
            Ok(())
        }
        // Another node or a command was quicker: there is an admin now.
        Err(WriteError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The accounts of a demo have public passwords. On a developer's machine that is worth a warning;
/// where others can come, it is no start.
async fn refuse_open_demo_accounts(config: &Config, store: &Store) -> Result<(), Failure> {
    let open = demo::accounts_left_open(store).await?;
    if open.is_empty() {
        return Ok(());
    }
    let accounts = open.join(", ");
    let text = format!(
        "the store has accounts of a demo with its public password: {accounts}; use another \
         data.dir or store.url, or give each a new one with: frontdesk user password --email {}",
        open[0]
    );
    let local = config.server.is_local()
        && config
            .server
            .listen
            .iter()
            .all(|address| address.ip().is_loopback());
    if local {
        tracing::warn!("{text}");
        return Ok(());
    }
    Err(Failure::could_not_run(text))
}
