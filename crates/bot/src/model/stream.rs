//! One turn: a request, and its answer piece by piece until it ends or its time is over. Dropping
//! the future drops the connection, which is how a model is told to stop. Start at
//! [`ModelBot::turn`].

use std::mem;
use std::time::Duration;

use serde_json::{Value, json};

use super::ModelBot;
use super::chunk::{Call, Chunk};
use super::sse::Decoder;
use crate::answer::AnswerError;
use crate::voice::Voice;

/// Most bytes of one turn, whatever is in them.
const TURN_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Most bytes of an answer that comes in one piece.
const WHOLE_MAX_BYTES: usize = 1024 * 1024;

/// What is kept of an error page, in characters.
const BODY_SHOWN_CHARS: usize = 300;

/// What one turn gave besides its text.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) calls: Vec<Call>,
    text: String,
    tokens: Option<u64>,
}

impl Turn {
    /// What it cost: as the server says, or about a token for three characters.
    pub(super) fn tokens(&self, request: &Value, said_chars: usize) -> u64 {
        let about = (request["messages"].to_string().len() + said_chars) / 3;
        self.tokens.unwrap_or(about as u64)
    }

    /// The turn as it is repeated to the model.
    pub(super) fn as_message(&self) -> Value {
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|call| {
                json!({"id": call.id, "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments}})
            })
            .collect();
        json!({"role": "assistant", "content": self.text, "tool_calls": calls})
    }
}

impl ModelBot {
    /// Asks once; says the text as it comes, for no longer than a turn may take.
    pub(super) async fn turn(
        &self,
        request: &Value,
        voice: &mut Voice,
    ) -> Result<Turn, AnswerError> {
        let longest = self.config.timeout;
        let mut heard = false;
        let turn = tokio::time::timeout(longest, self.hear(request, voice, &mut heard)).await;
        turn.unwrap_or_else(|_| Err(out_of_time(heard, longest)))
    }

    async fn hear(
        &self,
        request: &Value,
        voice: &mut Voice,
        heard: &mut bool,
    ) -> Result<Turn, AnswerError> {
        let mut response = self.send(request).await?;
        let (mut turn, mut thoughts) = (Turn::default(), Thoughts::default());
        if is_whole(&response) {
            let bytes = Self::whole(&mut response, heard).await?;
            for chunk in chunks_of(&bytes)? {
                self.take(chunk, &mut turn, &mut thoughts, voice).await?;
            }
            return self.ended(turn, &mut thoughts, voice).await;
        }
        let (mut decoder, mut received) = (Decoder::default(), 0);
        let mut data: Vec<String> = Vec::new();
        loop {
            let piece = response.chunk().await;
            let piece = piece.map_err(|error| AnswerError::Broken(cause(&error)))?;
            let ended = piece.is_none();
            *heard = true;
            match &piece {
                Some(bytes) => {
                    received += bytes.len();
                    if received > TURN_MAX_BYTES {
                        return Err(AnswerError::Broken(format!(
                            "larger than {TURN_MAX_BYTES} bytes"
                        )));
                    }
                    let pushed = decoder.push(bytes, &mut |event| data.push(event));
                    pushed.map_err(|_| AnswerError::Broken("a line without end".to_owned()))?;
                }
                None => decoder.finish(&mut |event| data.push(event)),
            }
            for event in data.drain(..) {
                if event.trim() == "[DONE]" {
                    return self.ended(turn, &mut thoughts, voice).await;
                }
                // What is no JSON says nothing: some send words of their own in between.
                if let Some(chunk) = Chunk::read(&event) {
                    self.take(chunk, &mut turn, &mut thoughts, voice).await?;
                }
            }
            if ended {
                return self.ended(turn, &mut thoughts, voice).await;
            }
        }
    }

    async fn ended(
        &self,
        mut turn: Turn,
        thoughts: &mut Thoughts,
        voice: &mut Voice,
    ) -> Result<Turn, AnswerError> {
        let rest = thoughts.finish();
        turn.text.push_str(&rest);
        voice.say(&rest).await?;
        if turn.text.is_empty() && turn.calls.is_empty() {
            return Err(AnswerError::Broken("it is empty".to_owned()));
        }
        Ok(turn)
    }

    async fn take(
        &self,
        mut chunk: Chunk,
        turn: &mut Turn,
        thoughts: &mut Thoughts,
        voice: &mut Voice,
    ) -> Result<(), AnswerError> {
        if let Some(error) = chunk.error {
            let error: String = error.chars().take(BODY_SHOWN_CHARS).collect();
            return Err(AnswerError::Broken(format!("the server says: {error}")));
        }
        turn.tokens = chunk.tokens.or(turn.tokens);
        if !chunk.add_calls(&mut turn.calls) {
            return Err(AnswerError::Broken("it calls tools without end".to_owned()));
        }
        let text = thoughts.without(&chunk.text);
        turn.text.push_str(&text);
        voice.say(&text).await?;
        Ok(())
    }

    /// The answer to a request, once its head is there and good. How long that may take is for the
    /// caller to say.
    pub(super) async fn send(&self, request: &Value) -> Result<reqwest::Response, AnswerError> {
        let mut asked = self.client.post(self.url.clone()).json(request);
        asked = asked.header("accept", "text/event-stream, application/json");
        if let Some(key) = &self.config.api_key {
            asked = asked.bearer_auth(key);
        }
        let url = self.shown_url();
        let mut response = asked
            .send()
            .await
            .map_err(|error| AnswerError::Unreachable {
                url: url.clone(),
                cause: cause(&error),
            })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut body = Vec::new();
        while body.len() < 4 * BODY_SHOWN_CHARS
            && let Ok(Some(bytes)) = response.chunk().await
        {
            body.extend_from_slice(&bytes);
        }
        let body: String = String::from_utf8_lossy(&body)
            .chars()
            .filter(|character| !character.is_control())
            .take(BODY_SHOWN_CHARS)
            .collect();
        Err(AnswerError::Refused {
            url,
            status: status.as_u16(),
            body,
            fix: fix(status.as_u16()),
        })
    }

    async fn whole(
        response: &mut reqwest::Response,
        heard: &mut bool,
    ) -> Result<Vec<u8>, AnswerError> {
        let mut bytes = Vec::new();
        loop {
            let piece = response.chunk().await;
            *heard = true;
            match piece.map_err(|error| AnswerError::Broken(cause(&error)))? {
                Some(piece) => bytes.extend_from_slice(&piece),
                None => return Ok(bytes),
            }
            if bytes.len() > WHOLE_MAX_BYTES {
                return Err(AnswerError::Broken(format!(
                    "larger than {WHOLE_MAX_BYTES} bytes"
                )));
            }
        }
    }
}

/// Why a turn ended with its time: a model that said something is slow, another one silent.
pub(super) const fn out_of_time(heard: bool, longest: Duration) -> AnswerError {
    match heard {
        true => AnswerError::TurnTooSlow(longest.as_secs()),
        false => AnswerError::Silent(longest.as_secs()),
    }
}

/// Whether the answer comes in one piece although a stream was asked for.
pub(super) fn is_whole(response: &reqwest::Response) -> bool {
    let kind = response.headers().get("content-type");
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"))
}

/// What an answer that came whole says; some call a stream JSON.
fn chunks_of(bytes: &[u8]) -> Result<Vec<Chunk>, AnswerError> {
    let error = match serde_json::from_slice::<Value>(bytes) {
        Ok(json) => return Ok(vec![Chunk::of(&json)]),
        Err(error) => error,
    };
    let (mut decoder, mut chunks) = (Decoder::default(), Vec::new());
    let mut event = |data: String| chunks.extend(Chunk::read(&data));
    let pushed = decoder.push(bytes, &mut event);
    decoder.finish(&mut event);
    match (pushed, chunks.is_empty()) {
        (Ok(()), false) => Ok(chunks),
        _ => Err(AnswerError::Broken(format!("it is no JSON: {error}"))),
    }
}

/// The innermost cause, which is the one that says something, without an address that may hold a
/// password.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match std::ptr::eq(cause, error) {
        true => "the connection failed".to_owned(),
        false => cause.to_string(),
    }
}

pub(super) const fn fix(status: u16) -> &'static str {
    match status {
        401 | 403 => "put a valid key into the file that bot.api_key_file names",
        404 => "check bot.model, and that bot.base_url ends where /chat/completions is to follow",
        429 => "the server limits you: wait, or raise the quota",
        400 | 422 => {
            "the server does not take the request: check bot.model and that it knows tools"
        }
        300..400 => "redirects are not followed: set bot.base_url to where it leads",
        _ => "look into the log of the model's server",
    }
}

/// Takes out what some models think aloud before they answer: `<think>…</think>`.
#[derive(Debug, Default)]
struct Thoughts {
    state: Thinking,
    held: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Thinking {
    /// Nothing but space came so far, or the beginning of the mark.
    #[default]
    Unknown,
    Aloud,
    No,
}

const BEGINS: &str = "<think>";
const ENDS: &str = "</think>";

impl Thoughts {
    fn without(&mut self, text: &str) -> String {
        if self.state == Thinking::No {
            return text.to_owned();
        }
        self.held.push_str(text);
        if self.state == Thinking::Unknown {
            let begun = self.held.trim_start();
            if begun.starts_with(BEGINS) {
                self.state = Thinking::Aloud;
            } else if BEGINS.starts_with(begun) {
                return String::new();
            } else {
                self.state = Thinking::No;
                return mem::take(&mut self.held);
            }
        }
        match self.held.find(ENDS) {
            Some(end) => {
                self.state = Thinking::No;
                let rest = self.held.split_off(end + ENDS.len());
                self.held.clear();
                rest
            }
            None => {
                // Only the end is needed to find the mark.
                let mut keep = self.held.len().saturating_sub(ENDS.len());
                while !self.held.is_char_boundary(keep) {
                    keep -= 1;
                }
                self.held.drain(..keep);
                String::new()
            }
        }
    }

    /// What was held back and is no thought.
    fn finish(&mut self) -> String {
        match mem::replace(&mut self.state, Thinking::No) {
            Thinking::Unknown => mem::take(&mut self.held),
            Thinking::Aloud | Thinking::No => String::new(),
        }
    }
}
