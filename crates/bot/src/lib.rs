//! The bot: a participant of a chat that answers the customer until a person takes over. It has no
//! private door: what it reads and does, it asks of [`Affairs`], which are the customer's own, and
//! whatever would change something it only proposes, for the customer to choose.
//! It knows no database and no web server. Start at [`Brain::answer`].

mod answer;
mod desk_bot;
mod faq;
mod model;
mod show;
mod text;
mod tryout;
mod voice;

pub use answer::{Affairs, Answer, AnswerError, Away, Brain, Offer, Proposal, Question, Said};
pub use desk_bot::DeskBot;
pub use faq::{DEFAULT_FAQ, Faq, FaqEntry, FaqError, FaqFile};
pub use model::{ModelBot, ModelConfig, Probe, ProbeVerdict, SetupError};
pub use show::Clock;
pub use tryout::{Matched, TriedOut};
pub use voice::{Full, TEXT_MAX_CHARS, Voice, cleaned};
