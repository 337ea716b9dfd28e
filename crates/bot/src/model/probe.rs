//! `frontdesk doctor bot`: asks the model once and shows what really came, and when. Start at
//! [`ModelBot::probe`].

use std::time::{Duration, Instant};

use serde_json::json;

use super::ModelBot;
use super::chunk::Chunk;
use super::sse::Decoder;
use super::stream::{is_whole, out_of_time};
use crate::answer::AnswerError;

/// What is kept of the first answer, in bytes.
const RAW_MAX_BYTES: usize = 4 * 1024;

/// Pieces that come closer together than this were collected by someone on the way.
const TOGETHER: Duration = Duration::from_millis(5);

/// What one question to the model showed.
#[derive(Debug)]
pub struct Probe {
    /// Where it was asked, without a password.
    pub url: String,
    /// Which model.
    pub model: String,
    /// What the server says it sends.
    pub content_type: String,
    /// The beginning of the answer as it came.
    pub raw: String,
    /// The text in it.
    pub text: String,
    /// Until the head of the answer.
    pub head_after: Option<Duration>,
    /// Until the first text.
    pub first_token_after: Option<Duration>,
    /// Until the end.
    pub done_after: Duration,
    /// What it means.
    pub verdict: ProbeVerdict,
}

/// What a probe means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeVerdict {
    /// The bot can answer.
    Well,
    /// It can, but the text does not grow: the id of the cause, what was seen, and the fix.
    Warning(&'static str, String, &'static str),
    /// It cannot.
    Problem(&'static str, String, &'static str),
}

impl ModelBot {
    /// Asks the model for a few words.
    pub async fn probe(&self) -> Probe {
        let began = Instant::now();
        let mut probe = Probe {
            url: self.shown_url(),
            model: self.config.model.clone(),
            content_type: String::new(),
            raw: String::new(),
            text: String::new(),
            head_after: None,
            first_token_after: None,
            done_after: Duration::ZERO,
            verdict: ProbeVerdict::Well,
        };
        let asked = self.ask(&mut probe, began);
        let longest = self.config.timeout;
        let done = tokio::time::timeout(longest, asked).await;
        let done = done.unwrap_or_else(|_| Err(out_of_time(!probe.raw.is_empty(), longest)));
        probe.done_after = began.elapsed();
        probe.verdict = match done {
            Ok(verdict) => verdict,
            Err(error) => {
                let (id, fix) = cause(&error);
                ProbeVerdict::Problem(id, error.to_string(), fix)
            }
        };
        probe
    }

    async fn ask(&self, probe: &mut Probe, began: Instant) -> Result<ProbeVerdict, AnswerError> {
        let messages = [json!({"role": "user", "content": "Count from one to ten in words."})];
        let mut response = self.send(&self.request(&messages, false)).await?;
        probe.head_after = Some(began.elapsed());
        let kind = response.headers().get("content-type");
        probe.content_type = kind.map_or(String::new(), |kind| {
            String::from_utf8_lossy(kind.as_bytes()).into_owned()
        });
        let whole = is_whole(&response);
        let (mut decoder, mut raw, mut texts) = (Decoder::default(), Vec::new(), 0_u32);
        let mut last_text = None;
        loop {
            let piece = response.chunk().await;
            let piece = piece.map_err(|error| AnswerError::Broken(error.to_string()))?;
            let mut events = Vec::new();
            match &piece {
                Some(bytes) => {
                    let room = RAW_MAX_BYTES.saturating_sub(raw.len());
                    raw.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    probe.raw = String::from_utf8_lossy(&raw).into_owned();
                    let pushed = decoder.push(bytes, &mut |event| events.push(event));
                    pushed.map_err(|_| AnswerError::Broken("a line without end".to_owned()))?;
                }
                None => decoder.finish(&mut |event| events.push(event)),
            }
            for event in events {
                let Some(chunk) = Chunk::read(&event) else {
                    continue;
                };
                if let Some(error) = chunk.error {
                    return Err(AnswerError::Broken(format!("the server says: {error}")));
                }
                if !chunk.text.is_empty() {
                    texts += 1;
                    last_text = Some(began.elapsed());
                    probe
                        .first_token_after
                        .get_or_insert_with(|| began.elapsed());
                    if probe.text.len() < RAW_MAX_BYTES {
                        probe.text.push_str(&chunk.text);
                    }
                }
            }
            if piece.is_none() {
                break;
            }
        }
        let first = probe.first_token_after;
        let (Some(first), Some(last)) = (first, last_text) else {
            return Ok(ProbeVerdict::Problem(
                "llm.dialect",
                "the answer holds no text that the bot can find".to_owned(),
                "compare the raw answer with what OpenAI's /chat/completions streams",
            ));
        };
        if whole || (texts > 3 && last.saturating_sub(first) < TOGETHER) {
            return Ok(ProbeVerdict::Warning(
                "llm.buffered",
                format!("all {texts} pieces of the text came at once"),
                "switch off buffering and compression in the proxy before the model, or streaming \
                 is off in its server",
            ));
        }
        Ok(ProbeVerdict::Well)
    }
}

fn cause(error: &AnswerError) -> (&'static str, &'static str) {
    match error {
        AnswerError::Unreachable { .. } => (
            "llm.unreachable",
            "start the model's server, or correct bot.base_url",
        ),
        AnswerError::Refused { status, fix, .. } => {
            let id = match status {
                401 | 403 => "llm.key",
                404 => "llm.model",
                429 => "llm.quota",
                _ => "llm.dialect",
            };
            (id, *fix)
        }
        AnswerError::Silent(_) | AnswerError::TurnTooSlow(_) | AnswerError::TooSlow(_) => (
            "llm.idle_thinking",
            "raise bot.timeout_seconds, or use a faster model",
        ),
        AnswerError::Broken(_)
        | AnswerError::Away(_)
        | AnswerError::TooManyCalls(_)
        | AnswerError::Stopped => (
            "llm.dialect",
            "compare the raw answer with what OpenAI's /chat/completions streams",
        ),
    }
}
