//! A question by hand: what the bot would answer, without a chat. Start at [`Brain::try_out`].

use tokio::sync::mpsc;

use crate::answer::{Affairs, Answer, AnswerError, Brain, Question};
use crate::voice::Voice;

/// Pieces of an answer that may wait to be put together.
const PIECES_MAX: usize = 64;

/// What the bot would answer.
#[derive(Clone, Debug, PartialEq)]
pub struct TriedOut {
    /// The whole text.
    pub text: String,
    /// What belongs to it: offers, and whether a person would be fetched.
    pub answer: Answer,
    /// What the question was taken for; never with a model, which does not tell.
    pub matched: Option<Matched>,
}

/// What a question was taken for.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// As `[phrases]` of the file calls it, or `answer` for one of its answers.
    pub topic: &'static str,
    /// The words of the way of asking that is nearest, as they are compared.
    pub asked: String,
    /// How near it is, up to 1.
    pub nearness: f64,
}

impl Brain {
    /// Answers a question that stands in no chat. A model gets no tools: it sees nothing of anyone
    /// and can propose nothing.
    ///
    /// # Errors
    /// As [`Brain::answer`]; also when the answer breaks off, as there is nobody who would read half
    /// of it.
    pub async fn try_out(
        &self,
        question: &Question,
        affairs: &impl Affairs,
    ) -> Result<TriedOut, AnswerError> {
        let (to, mut pieces) = mpsc::channel(PIECES_MAX);
        let speak = async {
            let mut voice = Voice::new(to);
            match self {
                Self::Desk(bot) => bot.answer(question, affairs, &mut voice).await,
                Self::Model(bot) => bot.answer_alone(question, &mut voice).await,
            }
        };
        let listen = async {
            let mut text = String::new();
            while let Some(piece) = pieces.recv().await {
                text.push_str(&piece);
            }
            text
        };
        let (answer, text) = tokio::join!(speak, listen);
        Ok(TriedOut {
            answer: answer?,
            text,
            matched: match self {
                Self::Desk(bot) => bot.matched(question.asked()),
                Self::Model(_) => None,
            },
        })
    }
}
