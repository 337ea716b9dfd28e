//! The bot at work: it finds what is unanswered in the rows of the store, takes a chat up so that no
//! other node does, and answers. What it says comes from the crate `bot`; here is only when, for
//! whom, and what becomes of it. Start at [`Bot::run`].

mod affairs;
mod answering;
mod faq_place;
mod mind;
mod perform;
mod tryout;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use desk::Actor;
use engine::{Announce, Event};
use protocol::{ChannelKind, ChatId, ChatStatus, EventName, Message, MessageId, Problem, Role};
use store::{StopAnswer, WriteError};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::BotKind;
pub(crate) use faq_place::FaqPlace;
pub(crate) use mind::{Mind, open_mind, open_model};

/// How often it looks by itself: for what another node or a crash has left.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Most answers under way on this node. Each is a task that mostly waits.
const ANSWERS_MAX: usize = 512;

/// How long whoever stops an answer waits for its end before it is ended over their head.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// The bot of this node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bot(Arc<Inner>);

struct Inner {
    /// Nothing when the bot is off.
    mind: Option<Mind>,
    faq: FaqPlace,
    wake: Notify,
    /// The answers under way here.
    answers: Mutex<HashMap<ChatId, Underway>>,
}

/// An answer under way.
#[derive(Clone, Default)]
struct Underway {
    /// The message that grows, once it does.
    message: Option<MessageId>,
    /// Cancelled by whoever wants it stopped.
    stop: CancellationToken,
    /// The chat has changed: is it still the bot's?
    look: Arc<Notify>,
    /// Cancelled when it has ended.
    ended: CancellationToken,
}

/// Forgets an answer when it has ended, however it has.
struct Place<'a> {
    bot: &'a Bot,
    chat: ChatId,
    underway: Underway,
}

impl Bot {
    /// A bot with this mind, or none.
    pub(crate) fn new(mind: Option<Mind>, faq: FaqPlace) -> Self {
        Self(Arc::new(Inner {
            mind,
            faq,
            wake: Notify::new(),
            answers: Mutex::default(),
        }))
    }

    /// Whether it answers.
    pub(crate) fn is_on(&self) -> bool {
        self.0.mind.is_some()
    }

    /// Where the operator's answers lie.
    pub(crate) fn faq(&self) -> &FaqPlace {
        &self.0.faq
    }

    /// Uses the operator's answers as they lie there now.
    pub(crate) async fn refresh(&self) {
        if let Some(mind) = self.mind() {
            mind.refresh().await;
        }
    }

    /// Answers until the program shuts down. Whatever is left then is answered after the next
    /// start, or by another node.
    pub(crate) async fn run(&self, app: &App) {
        let Some(mind) = &self.0.mind else {
            return self.leave_chats(app).await;
        };
        let (tasks, slots) = (TaskTracker::new(), Arc::new(Semaphore::new(ANSWERS_MAX)));
        while !app.shutdown.is_cancelled() {
            mind.refresh().await;
            let free = i64::try_from(slots.available_permits()).unwrap_or(i64::MAX);
            let found = match free {
                0 => Ok(Vec::new()),
                free => app.store.bot_work(app.now(), free).await,
            };
            match found {
                Ok(chats) => {
                    for chat in chats.into_iter().filter(|chat| !self.is_at(*chat)) {
                        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                            break;
                        };
                        let (bot, app) = (self.clone(), app.clone());
                        let place = Underway::default();
                        self.lock().insert(chat, place.clone());
                        tasks.spawn(async move {
                            let _slot = slot;
                            let place = Place {
                                bot: &bot,
                                chat,
                                underway: place,
                            };
                            let well = answering::answer(&app, &place).await;
                            drop(place);
                            // There may be a question that came meanwhile, or one that waited. A
                            // store that cannot be written is not asked again at once.
                            if well {
                                bot.wake();
                            }
                        });
                    }
                }
                Err(error) => tracing::warn!(%error, "the bot cannot look for questions"),
            }
            tokio::select! {
                () = app.shutdown.cancelled() => {}
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    /// Without a bot, chats that one began to answer are the desk's.
    async fn leave_chats(&self, app: &App) {
        loop {
            let chats = match app.store.chats_of_the_bot(100).await {
                Ok(chats) if chats.is_empty() => return,
                Ok(chats) => chats,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for chats that a bot answered before");
                    return;
                }
            };
            for chat in chats {
                let leave = store::LeaveChat {
                    chat,
                    now: app.now(),
                };
                if let Err(error) = app.store.write(leave).await {
                    tracing::warn!(%error, %chat, "cannot give a chat of the bot to the desk");
                    return;
                }
            }
        }
    }

    /// Stops an answer: at once if it grows here, by its row otherwise.
    pub(crate) async fn stop(
        &self,
        app: &App,
        actor: Actor,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Message, WriteError> {
        let underway = self.lock().get(&chat).cloned();
        let here = underway.filter(|underway| underway.message == Some(message));
        if let Some(underway) = here
            && may_stop(app, &actor, chat).await
        {
            underway.stop.cancel();
            // Its last words are in its own ending, so that is waited for.
            let _ = tokio::time::timeout(STOP_PATIENCE, underway.ended.cancelled()).await;
        }
        let id = message;
        app.store.write(StopAnswer { actor, chat, id }).await
    }

    fn wake(&self) {
        self.0.wake.notify_one();
    }

    fn is_at(&self, chat: ChatId) -> bool {
        self.lock().contains_key(&chat)
    }

    fn mind(&self) -> Option<&Mind> {
        self.0.mind.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ChatId, Underway>> {
        // A panic elsewhere leaves the map whole: every change is one insert or one remove.
        self.0
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the policy lets them stop an answer; the store asks it again.
async fn may_stop(app: &App, actor: &Actor, chat: ChatId) -> bool {
    let state = app.store.chat_state(chat).await.ok().flatten();
    state.is_some_and(|state| {
        let object = desk::Object::Answer {
            customer: state.customer,
        };
        desk::decide(actor, desk::Action::End, object) == desk::Decision::Allow
    })
}

impl Place<'_> {
    /// The message begins to grow: from here on it can be stopped.
    fn grows(&self, message: Option<MessageId>) {
        if let Some(underway) = self.bot.lock().get_mut(&self.chat) {
            underway.message = message;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.bot.lock().remove(&self.chat);
        self.underway.ended.cancel();
    }
}

/// Hears what is committed here, for the bot, and hands it on.
pub(crate) struct WakeBot<A> {
    /// Who is woken.
    pub(crate) bot: Bot,
    /// Who is told first.
    pub(crate) next: A,
}

impl<A: Announce> Announce for WakeBot<A> {
    fn announce(&self, events: Arc<[Event]>) {
        self.next.announce(Arc::clone(&events));
        if !self.bot.is_on() {
            return;
        }
        for event in events.iter() {
            let about_chats = matches!(
                event.name,
                EventName::MessageCreated | EventName::MessageUpdated | EventName::ChatUpdated
            );
            if !about_chats {
                continue;
            }
            let ChannelKind::Chat(chat) = event.channel.kind() else {
                continue;
            };
            match self.bot.lock().get(&chat) {
                Some(underway) if event.name == EventName::ChatUpdated => {
                    underway.look.notify_one();
                }
                Some(_) => {}
                None => self.bot.wake(),
            }
        }
    }
}

/// The customer as whom the bot acts: whatever the account has become, with no more than that.
fn as_customer(id: protocol::UserId) -> Actor {
    Actor {
        id,
        role: Role::Customer,
    }
}

/// Whether the chat is still the bot's; a store that does not answer changes nothing.
async fn is_ours(app: &App, chat: ChatId) -> bool {
    match app.store.chat_state(chat).await {
        Ok(Some(state)) => {
            state.status == ChatStatus::Open && state.handler == protocol::HandlerKind::Bot
        }
        Ok(None) => false,
        Err(_) => true,
    }
}

/// What a refusal of the store was, if it was one.
fn refused(error: &WriteError) -> Option<&Problem> {
    match error {
        WriteError::Refused(problem) => Some(problem),
        WriteError::Unavailable(_) | WriteError::StorageFull(_) | WriteError::Failed(_) => None,
    }
}

/// Whether a kind of bot costs tokens.
pub(crate) const fn costs(kind: BotKind) -> bool {
    matches!(kind, BotKind::OpenAi)
}
