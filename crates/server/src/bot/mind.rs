//! What the bot of this node is: its kind from the configuration, and the operator's file, which is
//! read again when it changes. Start at [`open_mind`].

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use bot::{Brain, DeskBot, Faq, ModelBot, ModelConfig};

use crate::config::{BotConfig, BotKind};

/// A bot that can answer.
pub(crate) struct Mind {
    config: BotConfig,
    api_key: Option<String>,
    current: Mutex<Current>,
}

struct Current {
    brain: Arc<Brain>,
    /// Which file it knows.
    file: Option<Stamp>,
}

/// When a file was written, and how long it is.
type Stamp = (SystemTime, u64);

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
    let stamp = config.faq_file.as_deref().and_then(stamp);
    let faq = match &config.faq_file {
        Some(path) => read_faq(path)?,
        None => Faq::default(),
    };
    let brain = brain(config, api_key.as_deref(), faq)?;
    Ok(Some(Mind {
        config: config.clone(),
        api_key,
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
        let Some(path) = self.config.faq_file.clone() else {
            return;
        };
        let known = self
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .file;
        let read = tokio::task::spawn_blocking(move || {
            let found = stamp(&path);
            (found != known && found.is_some()).then(|| (found, read_faq(&path)))
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
                tracing::info!("read bot.faq_file again");
            }
            Err(error) => tracing::warn!("bot.faq_file is not used, the one before is: {error:#}"),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read_faq(path: &Path) -> anyhow::Result<Faq> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {shown}, which bot.faq_file names"))?;
    Faq::parse(&text).with_context(|| format!("cannot use {shown}, which bot.faq_file names"))
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
