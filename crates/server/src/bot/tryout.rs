//! A question by hand, for an admin who sets the bot up: what it would answer, and no chat.

use std::sync::Arc;

use bot::{AnswerError, Brain, DeskBot, Faq, Question, Said, TriedOut};
use protocol::{SenderKind, UserId};

use super::Bot;
use super::affairs::CustomerAffairs;
use crate::app::App;

impl Bot {
    /// What the bot would answer this account, as a customer: from its own orders and bookings and
    /// the operator's file. While the bot is off, the one that needs no network answers.
    ///
    /// # Errors
    /// There is no answer.
    pub(crate) async fn try_out(
        &self,
        app: &App,
        customer: UserId,
        question: String,
    ) -> Result<TriedOut, AnswerError> {
        let brain = match self.mind() {
            Some(mind) => {
                mind.refresh().await;
                mind.brain()
            }
            None => Arc::new(Brain::Desk(DeskBot::new(self.faq_as_written().await))),
        };
        let question = Question {
            history: vec![Said {
                by: SenderKind::Customer,
                text: question,
            }],
            now: app.now(),
        };
        let store = &app.store;
        brain
            .try_out(&question, &CustomerAffairs { store, customer })
            .await
    }

    async fn faq_as_written(&self) -> Faq {
        let place = self.faq().clone();
        let read = tokio::task::spawn_blocking(move || place.read()).await;
        let file = read.ok().and_then(Result::ok).flatten().unwrap_or_default();
        Faq::of(file).unwrap_or_default()
    }
}
