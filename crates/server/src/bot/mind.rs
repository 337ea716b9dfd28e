//! What the bot of this node is: its kind from the configuration, and the operator's file, which is
//! read again when it changes. Start at [`open_mind`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bot::{Brain, DeskBot, Faq, ModelBot, ModelConfig};

use super::faq_place::{FaqPlace, Stamp};
use crate::config::{BotConfig, BotKind};

/// A bot that can answer.
pub(crate) struct Mind {
    config: BotConfig,
    api_key: Option<String>,
    place: FaqPlace,
    /// One looks at a time, so that what was read first is not put over what was read later.
    looking: tokio::sync::Mutex<()>,
    current: Mutex<Current>,
}

struct Current {
    brain: Arc<Brain>,
    /// Which file it knows.
    file: Option<Stamp>,
}

/// The bot of this configuration; none when it is off.
///
/// # Errors
/// A file cannot be read or used; the text names the key.
pub(crate) fn open_mind(config: &BotConfig) -> anyhow::Result<Option<Mind>> {
    if config.kind == BotKind::Off {
        return Ok(None);
    }
    let api_key = match &config.api_key_file {
        Some(path) => Some(read_key(path)?),
        None => None,
    };
    let place = FaqPlace::of(config);
    let stamp = place.stamp();
    let faq = read_faq(&place)?;
    let brain = brain(config, api_key.as_deref(), faq)?;
    Ok(Some(Mind {
        config: config.clone(),
        api_key,
        place,
        looking: tokio::sync::Mutex::default(),
        current: Mutex::new(Current {
            brain: Arc::new(brain),
            file: stamp,
        }),
    }))
}

fn brain(config: &BotConfig, api_key: Option<&str>, faq: Faq) -> anyhow::Result<Brain> {
    Ok(match config.kind {
        BotKind::Off | BotKind::Desk => Brain::Desk(DeskBot::new(faq)),
        BotKind::OpenAi => Brain::Model(ModelBot::new(model(config, api_key), faq)?),
    })
}

fn model(config: &BotConfig, api_key: Option<&str>) -> ModelConfig {
    ModelConfig {
        base_url: config.base_url.clone(),
        model: config.model.clone(),
        api_key: api_key.map(str::to_owned),
        timeout: config.timeout,
    }
}

impl Mind {
    /// What answers now.
    pub(super) fn brain(&self) -> Arc<Brain> {
        let current = self.current.lock();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner).brain)
    }

    /// Whether there is a limit to what a customer may cost in a day.
    pub(super) const fn tokens_per_day(&self) -> Option<i64> {
        match super::costs(self.config.kind) {
            true => Some(self.config.tokens_per_day),
            false => None,
        }
    }

    /// Reads the operator's file again if it has changed. One that cannot be used changes nothing.
    pub(super) async fn refresh(&self) {
        let _one_at_a_time = self.looking.lock().await;
        let place = self.place.clone();
        let known = self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .file;
        let read = tokio::task::spawn_blocking(move || {
            let found = place.stamp();
            (found != known && found.is_some()).then(|| (found, read_faq(&place)))
        });
        let Ok(Some((file, faq))) = read.await else {
            return;
        };
        let made = faq.and_then(|faq| brain(&self.config, self.api_key.as_deref(), faq));
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.file = file;
        match made {
            Ok(brain) => {
                current.brain = Arc::new(brain);
                tracing::info!("read the answers of the bot again");
            }
            Err(error) => tracing::warn!("the bot goes on with the answers before: {error:#}"),
        }
    }
}

fn read_faq(place: &FaqPlace) -> anyhow::Result<Faq> {
    let file = place.read()?.unwrap_or_default();
    let shown = place.path().display();
    Faq::of(file).with_context(|| format!("cannot use {shown}, the answers of the bot"))
}

fn read_key(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {shown}, which bot.api_key_file names"))?;
    let key = text.trim();
    let printable = !key.is_empty() && key.chars().all(|c| c.is_ascii_graphic());
    anyhow::ensure!(
        printable,
        "{shown}, which bot.api_key_file names, holds no key: expected one line of printable \
         characters"
    );
    Ok(key.to_owned())
}

/// The model of this configuration, to be asked by hand.
///
/// # Errors
/// As [`open_mind`].
pub(crate) fn open_model(config: &BotConfig) -> anyhow::Result<ModelBot> {
    let api_key = match &config.api_key_file {
        Some(path) => Some(read_key(path)?),
        None => None,
    };
    Ok(ModelBot::new(
        model(config, api_key.as_deref()),
        Faq::default(),
    )?)
}
