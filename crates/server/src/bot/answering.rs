//! One answer, from the question to its end: what was chosen is done, the question is thought
//! about, and the text grows before the eyes of its readers. Start at [`answer`].

use std::time::Duration;

use bot::{Answer, AnswerError, Offer, Question, Said, Voice};
use desk::Action;
use desk::policy::decide_for_bot;
use engine::Growth;
use protocol::{ChannelName, ChatId, MessageId, MessageState, Timestamp, UserId};
use rand::RngExt as _;
use store::{
    AnswerEnd, BeginAnswer, BotOffer, BotWork, EndAnswer, KeepAnswer, TakeBotWork, WriteError,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::affairs::{CustomerAffairs, page};
use super::perform::perform;
use super::{Place, is_ours};
use crate::app::App;

/// How long a run is believed to be at a chat without saying so again.
const LEASE_MS: i64 = 6_000;

/// How often it says so, and writes down how far the text is: what a crash may take of it.
const KEEP_INTERVAL: Duration = Duration::from_secs(2);

/// Pieces of the text that come within this time travel together.
const GROW_INTERVAL: Duration = Duration::from_millis(40);

/// An answer that needs longer than this shows that it is on its way.
const BEGIN_AFTER: Duration = Duration::from_millis(250);

/// Messages that the bot looks back on.
const HISTORY: u32 = 40;

/// Pieces that may wait between the one who thinks and the one who writes.
const PIECES_MAX: usize = 64;

/// A question that was taken up so often and never answered is not tried again.
const FAILURES_MAX: i64 = 2;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

const GIVEN_UP: &str =
    "Sorry, I tried to answer that and failed. Would you like to talk to a person?";

const SPENT: &str =
    "I have answered as much as I may for today. Would you like to talk to a person?";

/// Does what there is to do in a chat; false when the store does not let it.
pub(super) async fn answer(app: &App, place: &Place<'_>) -> bool {
    let take = TakeBotWork {
        chat: place.chat,
        owner: app.boot_id.to_string(),
        until: Timestamp(app.now().0 + LEASE_MS),
        now: app.now(),
    };
    let taken = match app.store.write(take).await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, "the bot cannot take a chat up");
            return false;
        }
    };
    if let Some(left) = taken.left {
        app.engine.grown(&ChannelName::chat(place.chat), left);
    }
    let Some(work) = taken.work else { return true };
    let writer = Writer {
        app,
        chat: place.chat,
        customer: work.customer,
    };
    if let Err(error) = writer.work(place, &work).await {
        // The lease runs out, and it is done anew.
        tracing::warn!(%error, chat = %place.chat, "the bot cannot write in a chat");
        return false;
    }
    true
}

/// Writes in one chat.
struct Writer<'a> {
    app: &'a App,
    chat: ChatId,
    customer: UserId,
}

/// The text of an answer as it grows.
#[derive(Default)]
struct Grown {
    id: Option<MessageId>,
    text: String,
    /// How much of it the readers have, in bytes and in UTF-16 units.
    told_bytes: usize,
    told_units: u64,
}

/// How the thinking came to its end.
enum Ending {
    Done(Result<Answer, AnswerError>),
    /// By a person, from some device or by taking over.
    Stopped,
    /// The program ends.
    Shutdown,
}

impl Writer<'_> {
    async fn work(&self, place: &Place<'_>, work: &BotWork) -> Result<(), WriteError> {
        let mut left = work.chosen.len();
        for chosen in &work.chosen {
            left -= 1;
            let (body, hand_over) = perform(self.app, self.customer, chosen).await?;
            let last = left == 0 && !work.question;
            let end = EndAnswer {
                hand_over,
                outcome_of: Some(chosen.message),
                then: if last {
                    AnswerEnd::Answered
                } else {
                    AnswerEnd::More
                },
                ..self.whole(body)
            };
            self.app.store.write(end).await?;
            if hand_over {
                return self.let_go().await;
            }
        }
        if !work.question {
            return Ok(());
        }
        if work.failures >= FAILURES_MAX {
            return self.apologise(GIVEN_UP).await;
        }
        if self.has_spent(place).await? {
            return self.apologise(SPENT).await;
        }
        self.think(place).await
    }

    /// Whether the customer has had what they may have today.
    async fn has_spent(&self, place: &Place<'_>) -> Result<bool, WriteError> {
        let Some(most) = place.bot.mind().and_then(super::Mind::tokens_per_day) else {
            return Ok(false);
        };
        let used = self.app.store.bot_usage(self.customer, self.day()).await;
        let (_, tokens) = used.map_err(|error| WriteError::Unavailable(error.to_string()))?;
        Ok(tokens >= most)
    }

    fn day(&self) -> i64 {
        self.app.now().0.div_euclid(DAY_MS)
    }

    /// What was said so far, as the customer saw it.
    async fn question(&self) -> Result<Question, WriteError> {
        let customer = self.customer;
        decide_for_bot(customer, Action::Read, desk::Object::Chat { customer })
            .or_refuse()
            .map_err(WriteError::Refused)?;
        let read = self
            .app
            .store
            .messages(self.chat, false, page(HISTORY))
            .await;
        let read = read.map_err(|error| WriteError::Unavailable(error.to_string()))?;
        let mut history: Vec<Said> = read
            .items
            .into_iter()
            .filter(|message| !message.note && message.deleted_at.is_none())
            .map(|message| Said {
                by: message.sender.kind,
                text: message.body,
            })
            .collect();
        history.reverse();
        Ok(Question {
            history,
            now: self.app.now(),
        })
    }

    async fn think(&self, place: &Place<'_>) -> Result<(), WriteError> {
        let Some(mind) = place.bot.mind() else {
            return Ok(());
        };
        let question = self.question().await?;
        if question.asked().is_empty() {
            // What was asked is deleted by now.
            return self.let_go().await;
        }
        let brain = mind.brain();
        let affairs = CustomerAffairs {
            store: &self.app.store,
            customer: self.customer,
        };
        let (to, pieces) = mpsc::channel(PIECES_MAX);
        let thinking = async {
            let mut voice = Voice::new(to);
            brain.answer(&question, &affairs, &mut voice).await
        };
        let mut grown = Grown::default();
        let ending = self.listen(place, thinking, pieces, &mut grown).await;
        let ended = match ending {
            Ok(ending) => self.end(&grown, ending).await,
            Err(error) => Err(error),
        };
        if let Some(id) = grown.id {
            self.app.engine.grown(&ChannelName::chat(self.chat), id);
        }
        ended
    }

    /// Tells the readers what is thought, until there is nothing more or someone has had enough.
    async fn listen(
        &self,
        place: &Place<'_>,
        thinking: impl Future<Output = Result<Answer, AnswerError>>,
        mut pieces: mpsc::Receiver<String>,
        grown: &mut Grown,
    ) -> Result<Ending, WriteError> {
        tokio::pin!(thinking);
        // Answers that begin together, as after an outage, are not written down together.
        let first = KEEP_INTERVAL.mul_f64(rand::rng().random_range(0.0..=1.0));
        let mut keep = tokio::time::interval_at(Instant::now() + first, KEEP_INTERVAL);
        keep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tell_at = Some(Instant::now() + BEGIN_AFTER);
        loop {
            let due = tell_at.unwrap_or_else(|| Instant::now() + KEEP_INTERVAL);
            tokio::select! {
                // What was said before the end is heard before it.
                biased;
                () = place.underway.stop.cancelled() => return Ok(Ending::Stopped),
                () = self.app.shutdown.cancelled() => return Ok(Ending::Shutdown),
                () = place.underway.look.notified() => {
                    if !is_ours(self.app, self.chat).await {
                        return Ok(Ending::Stopped);
                    }
                }
                _ = keep.tick() => {
                    if !self.keep(grown).await {
                        return Ok(Ending::Stopped);
                    }
                }
                () = tokio::time::sleep_until(due), if tell_at.is_some() => {
                    tell_at = None;
                    if !self.tell(place, grown).await? {
                        return Ok(Ending::Stopped);
                    }
                }
                Some(piece) = pieces.recv() => {
                    grown.text.push_str(&piece);
                    let soon = Instant::now() + GROW_INTERVAL;
                    tell_at = Some(tell_at.map_or(soon, |at| at.min(soon)));
                }
                answer = &mut thinking => {
                    while let Ok(piece) = pieces.try_recv() {
                        grown.text.push_str(&piece);
                    }
                    return Ok(Ending::Done(answer));
                }
            }
        }
    }

    /// Gives the readers what they do not have yet; false when this chat is not the bot's any more.
    async fn tell(&self, place: &Place<'_>, grown: &mut Grown) -> Result<bool, WriteError> {
        let id = match grown.id {
            Some(id) => id,
            None => {
                let id = MessageId::new();
                place.grows(Some(id));
                let begin = BeginAnswer {
                    chat: self.chat,
                    owner: self.app.boot_id.to_string(),
                    id,
                    now: self.app.now(),
                };
                if !self.app.store.write(begin).await? {
                    return Ok(false);
                }
                grown.id = Some(id);
                id
            }
        };
        let piece = grown.text[grown.told_bytes..].to_owned();
        let start = grown.told_units;
        grown.told_bytes = grown.text.len();
        grown.told_units += piece.encode_utf16().count() as u64;
        self.app.engine.grow(Growth {
            channel: ChannelName::chat(self.chat),
            message: id,
            at: self.app.now(),
            start,
            text: piece,
        });
        Ok(true)
    }

    /// Writes down how far the text is; false when someone has ended it. A store that does not
    /// answer ends nothing: the lease does, if it stays away.
    async fn keep(&self, grown: &Grown) -> bool {
        let keep = KeepAnswer {
            chat: self.chat,
            owner: self.app.boot_id.to_string(),
            grown: grown.id.map(|id| (id, grown.text.clone())),
            until: Timestamp(self.app.now().0 + LEASE_MS),
        };
        match self.app.store.write(keep).await {
            Ok(ours) => ours,
            Err(error) => {
                tracing::warn!(%error, "the bot cannot write down how far it is");
                true
            }
        }
    }

    async fn end(&self, grown: &Grown, ending: Ending) -> Result<(), WriteError> {
        let ended = EndAnswer {
            id: grown.id,
            begun: grown.id.is_some(),
            ..self.whole(grown.text.clone())
        };
        let said = !grown.text.is_empty();
        match ending {
            Ending::Done(Ok(answer)) => {
                let end = EndAnswer {
                    id: Some(grown.id.unwrap_or_else(MessageId::new)),
                    offers: match answer.hand_over {
                        true => Vec::new(),
                        false => offers(&answer.offers),
                    },
                    hand_over: answer.hand_over,
                    usage: self.usage(answer.tokens),
                    ..ended
                };
                self.app.store.write(end).await?;
            }
            Ending::Done(Err(error)) => {
                tracing::warn!(%error, chat = %self.chat, "the bot could not answer");
                if said {
                    let failed = EndAnswer {
                        id: Some(grown.id.unwrap_or_else(MessageId::new)),
                        state: MessageState::Failed,
                        then: AnswerEnd::More,
                        ..ended
                    };
                    self.app.store.write(failed).await?;
                    return self.apologise(error.for_customer()).await;
                }
                let sorry = EndAnswer {
                    id: Some(grown.id.unwrap_or_else(MessageId::new)),
                    body: error.for_customer().to_owned(),
                    offers: offers(&[Offer::person()]),
                    usage: self.usage(about(grown)),
                    ..ended
                };
                self.app.store.write(sorry).await?;
            }
            Ending::Stopped => {
                let stopped = EndAnswer {
                    state: MessageState::Cancelled,
                    usage: self.usage(about(grown)),
                    ..ended
                };
                self.app.store.write(stopped).await?;
            }
            Ending::Shutdown => {
                let left = EndAnswer {
                    state: MessageState::Failed,
                    then: AnswerEnd::Anew,
                    ..ended
                };
                self.app.store.write(left).await?;
            }
        }
        Ok(())
    }

    fn usage(&self, tokens: u64) -> Option<(i64, i64)> {
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        (tokens > 0).then(|| (self.day(), tokens))
    }

    /// One sentence, and the way to a person.
    async fn apologise(&self, text: &str) -> Result<(), WriteError> {
        let end = EndAnswer {
            offers: offers(&[Offer::person()]),
            ..self.whole(text.to_owned())
        };
        self.app.store.write(end).await.map(drop)
    }

    /// Nothing is said, and the chat is free.
    async fn let_go(&self) -> Result<(), WriteError> {
        let end = EndAnswer {
            id: None,
            ..self.whole(String::new())
        };
        self.app.store.write(end).await.map(drop)
    }

    /// A message that appears whole and ends the work.
    fn whole(&self, body: String) -> EndAnswer {
        EndAnswer {
            chat: self.chat,
            owner: self.app.boot_id.to_string(),
            id: Some(MessageId::new()),
            begun: false,
            body,
            state: MessageState::Complete,
            offers: Vec::new(),
            hand_over: false,
            outcome_of: None,
            then: AnswerEnd::Answered,
            usage: None,
            now: self.app.now(),
        }
    }
}

/// What an answer costs that nobody counted: what was said, and about as much for the question.
fn about(grown: &Grown) -> u64 {
    match grown.id {
        Some(_) => 500 + grown.text.len() as u64 / 3,
        None => 0,
    }
}

fn offers(offers: &[Offer]) -> Vec<BotOffer> {
    let offer = |(index, offer): (usize, &Offer)| BotOffer {
        id: (index + 1).to_string(),
        label: offer.label.clone(),
        proposal: serde_json::to_string(&offer.proposal).expect("a proposal is plain data"),
    };
    offers.iter().enumerate().map(offer).collect()
}
