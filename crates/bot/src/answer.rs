//! What the bot is asked, what it may look at, and what it gives. Start at [`Brain::answer`].

use std::future::Future;

use protocol::{Booking, BookingId, Order, Problem, Resource, ResourceId, SenderKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::desk_bot::DeskBot;
use crate::model::ModelBot;
use crate::voice::{Full, Voice};

/// One kind of bot.
#[derive(Debug)]
pub enum Brain {
    /// Answers from the desk's own rows and a file; needs no network.
    Desk(DeskBot),
    /// Answers through a model that speaks like OpenAI's.
    Model(ModelBot),
}

impl Brain {
    /// Answers the newest words of the customer. The text goes to `voice` as it comes; what is
    /// given back is what belongs to it.
    ///
    /// # Errors
    /// No answer can be given, or only the part that was said until then.
    pub async fn answer(
        &self,
        question: &Question,
        affairs: &impl Affairs,
        voice: &mut Voice,
    ) -> Result<Answer, AnswerError> {
        match self {
            Self::Desk(bot) => bot.answer(question, affairs, voice).await,
            Self::Model(bot) => bot.answer(question, affairs, voice).await,
        }
    }
}

/// What was said so far, as the customer saw it: no notes.
#[derive(Clone, Debug)]
pub struct Question {
    /// The newest messages, the oldest of them first.
    pub history: Vec<Said>,
    /// When it is asked.
    pub now: Timestamp,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Said {
    /// What its author is to the chat.
    pub by: SenderKind,
    /// The text.
    pub text: String,
}

impl Question {
    /// The newest words of the customer.
    #[must_use]
    pub fn asked(&self) -> &str {
        let by_customer = |said: &&Said| said.by == SenderKind::Customer;
        let newest = self.history.iter().rev().find(by_customer);
        newest.map_or("", |said| &said.text)
    }
}

/// The affairs of the chat's customer, and of nobody else. Whoever implements this asks the policy
/// as that customer; the bot never names an account.
pub trait Affairs: Send + Sync {
    /// Their newest orders, the newest first.
    fn orders(&self) -> impl Future<Output = Result<Vec<Order>, Away>> + Send;
    /// Their newest bookings, the newest first.
    fn bookings(&self) -> impl Future<Output = Result<Vec<Booking>, Away>> + Send;
    /// What can be booked.
    fn resources(&self) -> impl Future<Output = Result<Vec<Resource>, Away>> + Send;
}

/// What belongs to an answer besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the customer may choose from.
    pub offers: Vec<Offer>,
    /// Whether a person is to answer from here on.
    pub hand_over: bool,
    /// What it cost; 0 without a model.
    pub tokens: u64,
}

/// A button under an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What stands on it.
    pub label: String,
    /// What it does.
    pub proposal: Proposal,
}

/// What is done once the customer has chosen it, as the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Proposal {
    /// A person is to answer.
    HandOver,
    /// A booking is called off.
    CancelBooking {
        /// Which.
        booking: BookingId,
        /// How it was shown.
        shown: String,
    },
    /// A booking is asked for.
    Book {
        /// What.
        resource: ResourceId,
        /// From when.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
        /// For how many.
        party_size: i64,
        /// The customer's words to the desk.
        note: String,
        /// How it was shown.
        shown: String,
    },
    /// Nothing is done.
    Nothing,
}

impl Proposal {
    /// What the bot says once it is done, or why it was refused.
    #[must_use]
    pub fn outcome(&self, refused: Option<&Problem>) -> String {
        match (self, refused) {
            (Self::HandOver, _) => HANDED_OVER.to_owned(),
            (Self::Nothing, _) => "All right, nothing was changed.".to_owned(),
            (Self::CancelBooking { shown, .. }, None) => {
                format!("Done: your booking of {shown} is cancelled.")
            }
            (Self::Book { shown, .. }, None) => {
                format!("Done: I asked the desk for {shown}. They will confirm it soon.")
            }
            (Self::CancelBooking { shown, .. }, Some(problem)) => format!(
                "I could not cancel your booking of {shown}: {}. Nothing was changed.",
                problem.detail
            ),
            (Self::Book { shown, .. }, Some(problem)) => format!(
                "I could not book {shown}: {}. Nothing was changed.",
                told(problem)
            ),
        }
    }
}

/// The detail of a problem with the faults of its fields.
fn told(problem: &Problem) -> String {
    match problem.errors.first() {
        Some(fault) => format!(
            "{} {}",
            fault.pointer.trim_start_matches('/'),
            fault.message
        ),
        None => problem.detail.clone(),
    }
}

pub(crate) const HANDED_OVER: &str =
    "I have asked for a person. Someone from the desk will answer you here.";

impl Offer {
    /// The way out that every answer may have.
    #[must_use]
    pub fn person() -> Self {
        Self {
            label: "Talk to a person".to_owned(),
            proposal: Proposal::HandOver,
        }
    }
}

/// The rows could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database does not answer: {0}")]
pub struct Away(pub String);

/// Why there is no answer, or only a part of one. For the operator's log; the customer is told
/// [`AnswerError::for_customer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The rows could not be read.
    #[error(transparent)]
    Away(#[from] Away),
    /// Nobody is at the model's address.
    #[error("the model at {url} cannot be reached: {cause}; check bot.base_url and the network")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the network said.
        cause: String,
    },
    /// The model's server says no.
    #[error("the model at {url} answered {status}: {body}; {fix}")]
    Refused {
        /// Where.
        url: String,
        /// HTTP status.
        status: u16,
        /// The beginning of what it said.
        body: String,
        /// The next step.
        fix: &'static str,
    },
    /// The model's server broke off, or sent what nobody can read.
    #[error("the answer of the model is broken: {0}")]
    Broken(String),
    /// The model was silent for too long.
    #[error("the model said nothing for {0} seconds, which is bot.timeout_seconds")]
    Silent(u64),
    /// One request was answered for too long.
    #[error(
        "the model was not done with one turn after {0} seconds, which is bot.timeout_seconds; \
         raise it, or use a faster model"
    )]
    TurnTooSlow(u64),
    /// The answer took too long as a whole, with all its turns.
    #[error("the model was not done after {0} seconds, which is five times bot.timeout_seconds")]
    TooSlow(u64),
    /// The model called tools until it might not any more.
    #[error("the model asked for more than {0} tool calls and said nothing")]
    TooManyCalls(usize),
    /// Nobody listens any more.
    #[error("the answer was stopped")]
    Stopped,
}

impl AnswerError {
    /// One sentence for the customer; it gives away nothing of the inside.
    #[must_use]
    pub const fn for_customer(&self) -> &'static str {
        match self {
            Self::Silent(_) | Self::TurnTooSlow(_) | Self::TooSlow(_) => {
                "Sorry, that took me too long. Would you like to talk to a person?"
            }
            Self::Away(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Broken(_)
            | Self::TooManyCalls(_)
            | Self::Stopped => {
                "Sorry, I cannot answer that now. Would you like to talk to a person?"
            }
        }
    }
}

impl From<Full> for AnswerError {
    fn from(full: Full) -> Self {
        match full {
            Full::Gone => Self::Stopped,
            Full::TooLong => Self::Broken(format!(
                "longer than the {} characters of a message",
                crate::voice::TEXT_MAX_CHARS
            )),
        }
    }
}
