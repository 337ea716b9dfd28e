//! How the bot is set up, for admins: what answers, the answers of the operator's file, and a
//! question by hand. Who answers in a chat is the chat's (`chats.rs`).

use std::collections::BTreeMap;
use std::time::Instant;

use ::bot::{Faq, FaqEntry, FaqError, FaqFile};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use desk::policy::decide;
use desk::{Action, Object};
use protocol::{ErrorCode, FieldError, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusals;
use crate::app::App;
use crate::bot::FaqPlace;
use crate::config::BotKind;
use crate::extract::{Body, ClientAddress, Signed};
use crate::problem::{Answer, Refusal, check};

/// How the bot is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BotSettings {
    /// Who answers in new chats: `desk`, `openai` or `off`.
    #[schema(example = "desk")]
    kind: &'static str,
    /// The model, where one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Host and port of the model, where one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "127.0.0.1:11434")]
    base_url: Option<String>,
    /// What the operator wants answered.
    faq: FaqInForce,
}

/// The operator's answers as they are in force. What the file leaves out is what the program brings
/// along.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaqInForce {
    /// The file, on the machine of the node that answers.
    #[schema(example = "frontdesk-data/faq.toml")]
    file: String,
    /// Whether it is there; while it is not, everything is what the program brings along.
    written: bool,
    /// Why the file is not used; then the bot goes on with what it read last, and what stands here
    /// is what the program brings along.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// When the desk is open; empty when nobody said.
    hours: String,
    /// In which times are shown.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Questions and their answers.
    entries: Vec<Entry>,
    /// Words that count as the word before them.
    synonyms: BTreeMap<String, Vec<String>>,
    /// How people say what the bot does by itself.
    phrases: BTreeMap<String, Vec<String>>,
}

/// An answer, and some ways to ask for it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Some ways to ask; not all of them blank.
    #[schema(example = json!(["where can I park", "do you have parking"]))]
    asked: Vec<String>,
    /// What is said then.
    #[schema(
        min_length = 1,
        max_length = 4_000,
        example = "Behind the house, two hours for free."
    )]
    answer: String,
}

refusals!(ReadRefusals: Forbidden);

/// How the bot is set up. For admins.
#[utoipa::path(
    get, path = "/api/v1/bot", tag = "bot", operation_id = "bot_settings",
    responses((status = 200, description = "What is in force.", body = BotSettings), ReadRefusals)
)]
pub(crate) async fn settings(State(app): State<App>, signed: Signed) -> Answer<Json<BotSettings>> {
    decide(&signed.actor, Action::Read, Object::BotSettings).or_refuse()?;
    in_force(&app).await.map(Json)
}

async fn in_force(app: &App) -> Answer<BotSettings> {
    let config = &app.config.bot;
    let (kind, has_model) = match config.kind {
        BotKind::Desk => ("desk", false),
        BotKind::OpenAi => ("openai", true),
        BotKind::Off => ("off", false),
    };
    let place = app.bot.faq().clone();
    let faq = off_the_threads(move || faq_in_force(&place)).await?;
    Ok(BotSettings {
        kind,
        model: has_model.then(|| config.model.clone()),
        base_url: has_model.then(|| host_of(&config.base_url)),
        faq,
    })
}

fn faq_in_force(place: &FaqPlace) -> FaqInForce {
    let read = place.read().and_then(|file| {
        let is_written = file.is_some();
        let file = file.unwrap_or_default();
        Faq::of(file.clone())?;
        Ok((file, is_written))
    });
    let (file, written, problem) = match read {
        Ok((file, written)) => (file, written, None),
        Err(error) => (FaqFile::default(), true, Some(format!("{error:#}"))),
    };
    let file = file.completed();
    FaqInForce {
        file: place.path().display().to_string(),
        written,
        problem,
        hours: file.hours.unwrap_or_default(),
        timezone: file.timezone.unwrap_or_default(),
        entries: file
            .entries
            .into_iter()
            .flatten()
            .map(Entry::from)
            .collect(),
        synonyms: file.synonyms.unwrap_or_default(),
        phrases: file.phrases.unwrap_or_default(),
    }
}

/// An address may hold a name, a password and a path that are nobody's business.
fn host_of(base_url: &str) -> String {
    let uri: Option<Uri> = base_url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    match uri.as_ref().and_then(Uri::port_u16) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What the operator wants answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaqRequest {
    /// Questions and their answers, instead of those until now.
    entries: Vec<Entry>,
    /// When the desk is open; left out, it stays as it is.
    hours: Option<String>,
    /// In which times are shown, a name of the time zone database; left out, it stays as it is.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// Words that count as the word before them; left out, they stay as they are.
    synonyms: Option<BTreeMap<String, Vec<String>>>,
    /// How people say `hello`, `thanks`, `bye`, `hours`, `order`, `bookings`, `cancel_booking` and
    /// `person`; left out, they stay as they are.
    phrases: Option<BTreeMap<String, Vec<String>>>,
}

refusals!(FaqRefusals: Forbidden, FaqUnwritable, ValidationFailed);

/// Writes the operator's answers into the file of this node; the bot uses them at once. Comments in
/// the file are not kept. For admins.
#[utoipa::path(
    put, path = "/api/v1/bot/faq", tag = "bot", operation_id = "change_faq",
    request_body = FaqRequest,
    responses((status = 200, description = "What is in force.", body = BotSettings), FaqRefusals)
)]
pub(crate) async fn change_faq(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    signed: Signed,
    Body { value: request, .. }: Body<FaqRequest>,
) -> Answer<Json<BotSettings>> {
    decide(&signed.actor, Action::Change, Object::BotSettings).or_refuse()?;
    let place = app.bot.faq().clone();
    off_the_threads(move || {
        // A file that cannot be read has nothing to keep.
        let before = place.read().ok().flatten().unwrap_or_default();
        let file = request.over(before);
        let text = file.to_toml().and_then(|text| Faq::of(file).map(|_| text));
        place.write(&text.map_err(invalid)?)
    })
    .await??;
    app.bot.refresh().await;
    tracing::info!(
        target: "audit",
        user_id = %signed.actor.id,
        %address,
        "the answers of the bot were changed"
    );
    in_force(&app).await.map(Json)
}

impl FaqRequest {
    fn over(self, before: FaqFile) -> FaqFile {
        FaqFile {
            hours: self.hours.or(before.hours),
            timezone: self.timezone.or(before.timezone),
            entries: Some(self.entries.into_iter().map(FaqEntry::from).collect()),
            synonyms: self.synonyms.or(before.synonyms),
            phrases: self.phrases.or(before.phrases),
        }
    }
}

fn invalid(error: FaqError) -> Problem {
    Problem::invalid(vec![FieldError::new(error.pointer(), error.to_string())])
}

/// Files are read and written where that holds nobody up.
async fn off_the_threads<A: Send + 'static>(
    work: impl FnOnce() -> A + Send + 'static,
) -> Answer<A> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::internal(&format!("a file could not be looked at: {error}")))
}

impl From<FaqEntry> for Entry {
    fn from(entry: FaqEntry) -> Self {
        Self {
            asked: entry.asked,
            answer: entry.answer,
        }
    }
}

impl From<Entry> for FaqEntry {
    fn from(entry: Entry) -> Self {
        Self {
            asked: entry.asked,
            answer: entry.answer,
        }
    }
}

/// Something that a customer may ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryRequest {
    /// As a customer would write it.
    #[schema(min_length = 1, max_length = 4_000, example = "when are you open?")]
    question: String,
}

/// What the bot would answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TryAnswer {
    /// The text.
    answer: String,
    /// What the question was taken for; left out when it was not understood, and with a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<Matched>,
    /// What would stand on the buttons below it.
    offers: Vec<String>,
    /// Whether a person would be fetched.
    hands_over: bool,
}

/// What a question was taken for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Matched {
    /// As `phrases` calls it, or `answer` for one of the entries.
    #[schema(example = "hours")]
    topic: &'static str,
    /// The words of the way of asking that is nearest, as they are compared.
    #[schema(example = "when open")]
    asked: String,
    /// How near it is, up to 1.
    #[schema(example = 0.9)]
    nearness: f64,
}

refusals!(TryRefusals: Forbidden, ValidationFailed, RateLimited, BotFailed);

/// What the bot would answer the one who asks, as a customer; no chat is touched. A model is asked
/// without tools, for one turn. For admins.
#[utoipa::path(
    post, path = "/api/v1/bot/try", tag = "bot", operation_id = "try_bot",
    request_body = TryRequest,
    responses((status = 200, description = "The answer.", body = TryAnswer), TryRefusals)
)]
pub(crate) async fn try_out(
    State(app): State<App>,
    signed: Signed,
    Body { value: request, .. }: Body<TryRequest>,
) -> Answer<Json<TryAnswer>> {
    decide(&signed.actor, Action::Read, Object::BotSettings).or_refuse()?;
    let mut faults = Vec::new();
    desk::chat::check_body(&request.question, &mut faults);
    for fault in &mut faults {
        "/question".clone_into(&mut fault.pointer);
    }
    check(faults)?;
    let user = signed.actor.id;
    if let Err(seconds) = app.rates.bot_tries.take(&user, Instant::now()) {
        let detail = format!("20 questions a minute were tried, try again in {seconds} s");
        return Err(Refusal::later(ErrorCode::RateLimited, detail, seconds));
    }
    let tried = app.bot.try_out(&app, user, request.question).await;
    let tried = tried.map_err(|error| Problem::new(ErrorCode::BotFailed, error.to_string()))?;
    Ok(Json(TryAnswer {
        answer: tried.text,
        matched: tried.matched.map(|matched| Matched {
            topic: matched.topic,
            asked: matched.asked,
            nearness: matched.nearness,
        }),
        offers: tried
            .answer
            .offers
            .into_iter()
            .map(|offer| offer.label)
            .collect(),
        hands_over: tried.answer.hand_over,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_host_alone_is_shown() {
        for (base_url, shown) in [
            (
                "https://me:secret@api.example.com/v1?key=x",
                "api.example.com",
            ),
            ("http://127.0.0.1:11434/v1", "127.0.0.1:11434"),
            ("http://[::1]:80", "[::1]:80"),
            ("", ""),
        ] {
            assert_eq!(host_of(base_url), shown);
        }
    }
}
