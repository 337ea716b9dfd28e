//! One turn without tools, for a question that stands in no chat.

use super::{ModelBot, prompt};
use crate::answer::{Answer, AnswerError, Question};
use crate::voice::Voice;

impl ModelBot {
    /// Asks once and says what comes.
    pub(crate) async fn answer_alone(
        &self,
        question: &Question,
        voice: &mut Voice,
    ) -> Result<Answer, AnswerError> {
        let messages = prompt::messages(&self.faq, question, &[]);
        let request = self.request(&messages, false);
        let turn = self.turn(&request, voice).await?;
        if !voice.has_spoken() {
            return Err(AnswerError::Broken("it said nothing".to_owned()));
        }
        Ok(Answer {
            tokens: turn.tokens(&request, voice.chars()),
            ..Answer::default()
        })
    }
}
