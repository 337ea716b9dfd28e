//! The bot that asks a model: any server that speaks like OpenAI's `/chat/completions`, streaming
//! and with tools. Nothing that it says is believed: tools are the customer's own affairs, what
//! would change something is only proposed, and everything has a bound.
//! Start at [`ModelBot::answer`].

mod chunk;
mod probe;
mod prompt;
mod sse;
mod stream;
mod tools;
mod tryout;

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::{Affairs, Answer, AnswerError, Question};
use crate::faq::Faq;
use crate::show::Clock;
use crate::voice::{Full, Voice};
use stream::Turn;
use tools::Desk;

pub use probe::{Probe, ProbeVerdict};

/// Most tool calls of one answer.
const CALLS_MAX: usize = 5;

/// Most times that the model is asked for one answer.
const TURNS_MAX: usize = 6;

/// A whole answer may take so many times what one turn may.
const WHOLE_TIMES: u32 = 5;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the operator configured.
#[derive(Clone)]
pub struct ModelConfig {
    /// Where the interface begins, such as `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// Which model.
    pub model: String,
    /// The key, if the server wants one.
    pub api_key: Option<String>,
    /// Longest turn: one request until its answer ends. So it is the longest silence, too.
    pub timeout: Duration,
}

/// Why there can be no such bot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(String);

/// Answers through a model.
pub struct ModelBot {
    client: reqwest::Client,
    config: ModelConfig,
    /// Where it is asked.
    url: reqwest::Url,
    faq: Faq,
}

/// Never shows the key.
impl std::fmt::Debug for ModelBot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelBot")
            .field("url", &self.shown_url())
            .field("model", &self.config.model)
            .finish_non_exhaustive()
    }
}

impl ModelBot {
    /// A bot that asks this model, and knows what the operator's file says. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the key cannot be used.
    pub fn new(config: ModelConfig, faq: Faq) -> Result<Self, SetupError> {
        let whole = format!("{}/chat/completions", config.base_url.trim_end_matches('/'));
        let url: reqwest::Url = whole
            .parse()
            .map_err(|error| SetupError(format!("bot.base_url is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme();
            return Err(SetupError(format!(
                "bot.base_url begins with {scheme}:, expected http:// or https://"
            )));
        }
        // Only the address of the configuration is ever asked: no redirect, no proxy of the
        // environment.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT.min(config.timeout))
            .build()
            .map_err(|error| SetupError(format!("no HTTP client for the bot: {error}")))?;
        Ok(Self {
            client,
            config,
            url,
            faq,
        })
    }

    /// See [`crate::Brain::answer`].
    pub(crate) async fn answer(
        &self,
        question: &Question,
        affairs: &impl Affairs,
        voice: &mut Voice,
    ) -> Result<Answer, AnswerError> {
        let whole = self.config.timeout * WHOLE_TIMES;
        let talk = self.talk(question, affairs, voice);
        match tokio::time::timeout(whole, talk).await {
            Ok(answer) => answer,
            Err(_) => Err(AnswerError::TooSlow(whole.as_secs())),
        }
    }

    async fn talk(
        &self,
        question: &Question,
        affairs: &impl Affairs,
        voice: &mut Voice,
    ) -> Result<Answer, AnswerError> {
        let clock = Clock::new(self.faq.timezone.clone());
        let mut desk = Desk::new(affairs, clock, question.now);
        let resources = desk.resources().await?;
        let mut messages = prompt::messages(&self.faq, question, &resources);
        let mut tokens = 0;
        let mut calls_left = CALLS_MAX;
        for turn in 1..=TURNS_MAX {
            let with_tools = turn < TURNS_MAX && calls_left > 0;
            let request = self.request(&messages, with_tools);
            let turn = match self.turn(&request, voice).await {
                Ok(turn) => turn,
                // The message is full: that is an answer, if a long one.
                Err(AnswerError::Broken(_)) if voice.chars() >= crate::TEXT_MAX_CHARS => {
                    Turn::default()
                }
                Err(error) => return Err(error),
            };
            tokens += turn.tokens(&request, voice.chars());
            let handed_over = desk.handed_over();
            if turn.calls.is_empty() || !with_tools {
                return self.finish(voice, desk, tokens, handed_over).await;
            }
            messages.push(turn.as_message());
            for call in &turn.calls {
                let result = match calls_left {
                    0 => json!({"error": "no more tool calls are possible in this answer"}),
                    _ => {
                        calls_left -= 1;
                        desk.call(call).await?
                    }
                };
                messages.push(json!({"role": "tool", "tool_call_id": call.id,
                    "content": result.to_string()}));
            }
        }
        let handed_over = desk.handed_over();
        self.finish(voice, desk, tokens, handed_over).await
    }

    /// Ends an answer; one that says nothing says what it proposes.
    async fn finish<A: Affairs>(
        &self,
        voice: &mut Voice,
        desk: Desk<'_, A>,
        tokens: u64,
        hand_over: bool,
    ) -> Result<Answer, AnswerError> {
        let offers = desk.into_offers();
        if !voice.has_spoken() {
            let text = match (hand_over, offers.as_slice()) {
                (true, _) => crate::answer::HANDED_OVER,
                (false, [_, ..]) => "Please choose:",
                (false, []) => return Err(AnswerError::TooManyCalls(CALLS_MAX)),
            };
            match voice.say(text).await {
                Ok(()) | Err(Full::TooLong) => {}
                Err(Full::Gone) => return Err(AnswerError::Stopped),
            }
        }
        Ok(Answer {
            offers,
            hand_over,
            tokens,
        })
    }

    fn request(&self, messages: &[Value], with_tools: bool) -> Value {
        let mut request = json!({
            "model": self.config.model,
            "messages": messages,
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": ANSWER_TOKENS_MAX,
        });
        if with_tools {
            request["tools"] = tools::schemas();
        }
        request
    }

    /// The address without a password in it.
    fn shown_url(&self) -> String {
        let mut url = self.url.clone();
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }
}

/// Most tokens that one turn may cost.
const ANSWER_TOKENS_MAX: u64 = 1_000;

#[cfg(test)]
mod tests;
