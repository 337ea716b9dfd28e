//! Who may see or do what: one pure function over (actor, action, object). REST, subscribe,
//! recovery, fan-out and the command line ask it, always with today's rows, never with what a
//! token claims. What is not allowed here is forbidden.

use protocol::{ChannelKind, ChannelName, ErrorCode, Problem, Role, UserId};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose session it is.
    pub id: UserId,
    /// The role in today's row.
    pub role: Role,
}

impl Actor {
    /// Staff and admins work at the desk.
    #[must_use]
    pub const fn is_staff(&self) -> bool {
        match self.role {
            Role::Customer => false,
            Role::Staff | Role::Admin => true,
        }
    }

    const fn is_admin(&self) -> bool {
        matches!(self.role, Role::Admin)
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See it, alone or in a list.
    Read,
    /// Make a new one.
    Create,
    /// Change it.
    Change,
    /// End it.
    End,
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object<'a> {
    /// An account.
    Account(UserId),
    /// A sign-in of this user.
    Session {
        /// Whose.
        owner: UserId,
    },
    /// Something that can be ordered.
    Item,
    /// An order of this customer.
    Order {
        /// Whose.
        customer: UserId,
    },
    /// The status of an order of this customer. Which status may follow is for
    /// [`crate::order::next_statuses`].
    OrderStatus {
        /// Whose.
        customer: UserId,
    },
    /// The lines of an order that exists, or a line written freely in a new one.
    OrderFreeLines,
    /// Something that can be booked.
    Resource,
    /// A booking of this customer.
    Booking {
        /// Whose.
        customer: UserId,
    },
    /// When a booking of this customer is, and for how many.
    BookingSlot {
        /// Whose.
        customer: UserId,
    },
    /// A notification to this user, or to a role.
    Notification {
        /// Whose; nobody's in particular when it is for a role.
        owner: Option<UserId>,
    },
    /// A chat of this customer, with the messages that the customer may see.
    Chat {
        /// Whose.
        customer: UserId,
    },
    /// Who answers in a chat of this customer, and what it is called.
    ChatHandling {
        /// Whose.
        customer: UserId,
    },
    /// That a person answers in a chat of this customer instead of the bot.
    ChatPerson {
        /// Whose.
        customer: UserId,
    },
    /// An answer that the bot is writing in a chat of this customer; to end it is to stop it.
    Answer {
        /// Whose.
        customer: UserId,
    },
    /// What the bot offers in a chat of this customer; to change it is to choose.
    Offer {
        /// Whose.
        customer: UserId,
    },
    /// A note in a chat, which only staff see.
    Note,
    /// A message that this user wrote.
    Message {
        /// The customer whose chat it stands in.
        customer: UserId,
        /// Who wrote it; none for the server's and a bot's.
        author: Option<UserId>,
        /// Whether it is a note.
        note: bool,
    },
    /// Who is online.
    Presence,
    /// A stream of events.
    Channel {
        /// Its name.
        name: &'a ChannelName,
        /// The customer of a chat's channel; none for other channels, and for a chat that does
        /// not exist.
        customer: Option<UserId>,
    },
    /// Counts of connections, closes and refusals.
    Statistics,
    /// What the server saw of handshakes.
    Attempts,
    /// The sockets that are open; to end one is to close it.
    Connections,
    /// What the server was told to do.
    Configuration,
    /// How the bot is set up, with the answers of its file.
    BotSettings,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Do it.
    Allow,
    /// The object is none of the actor's business: answer as if it did not exist.
    Hide,
    /// The actor may know of it, but not do this.
    Forbid(&'static str),
}

impl Decision {
    /// Turns a refusal into the problem that tells of it.
    ///
    /// # Errors
    /// The decision is not [`Decision::Allow`]. `Hide` gives the very problem that a missing
    /// object gives.
    pub fn or_refuse(self) -> Result<(), Problem> {
        match self {
            Self::Allow => Ok(()),
            Self::Hide => Err(not_found()),
            Self::Forbid(why) => Err(Problem::new(ErrorCode::Forbidden, why)),
        }
    }
}

/// What is told of an object that does not exist, or that the actor may not know of.
#[must_use]
pub fn not_found() -> Problem {
    Problem::new(
        ErrorCode::NotFound,
        "there is no such object for this account",
    )
}

/// The one function that decides.
#[must_use]
pub fn decide(actor: &Actor, action: Action, object: Object<'_>) -> Decision {
    match object {
        Object::Account(id) => account(actor, action, id),
        Object::Session { owner } => session(actor, action, owner),
        Object::Item => match action {
            Action::Read => Decision::Allow,
            Action::Create | Action::Change | Action::End => only(
                actor.is_admin(),
                "only an admin may change what can be ordered",
            ),
        },
        Object::Order { customer } => order(actor, action, customer),
        Object::OrderStatus { customer } => order(actor, action, customer),
        Object::OrderFreeLines => only(
            actor.is_staff(),
            "only staff may write lines freely; a customer's line names an item_id and a quantity",
        ),
        Object::Resource => match action {
            Action::Read => Decision::Allow,
            Action::Create | Action::Change | Action::End => only(
                actor.is_admin(),
                "only an admin may change what can be booked",
            ),
        },
        Object::Booking { customer } => booking(actor, action, customer),
        Object::BookingSlot { customer } => match booking(actor, action, customer) {
            Decision::Allow => only(
                actor.is_staff(),
                "only staff may move a booking; a customer may change its note or cancel it",
            ),
            refused => refused,
        },
        Object::Notification { owner } => notification(actor, action, owner),
        Object::Chat { customer } => chat(actor, action, customer),
        Object::ChatHandling { customer } => match chat(actor, action, customer) {
            Decision::Allow => only(actor.is_staff(), "only staff may assign and name chats"),
            refused => refused,
        },
        Object::ChatPerson { customer } => match action {
            Action::Change => chat(actor, Action::Change, customer),
            Action::Read | Action::Create | Action::End => Decision::Forbid("nobody may do this"),
        },
        Object::Answer { customer } => answer(actor, action, customer),
        Object::Offer { customer } => offer(actor, action, customer),
        Object::Note => only(actor.is_staff(), "only staff may read and write notes"),
        Object::Message {
            customer,
            author,
            note,
        } => message(actor, action, customer, author, note),
        Object::Presence => read_by_staff(actor, action, "only staff may see who is online"),
        Object::Channel { name, customer } => channel(actor, action, name, customer),
        Object::Statistics => read_by_staff(actor, action, "only staff may read the statistics"),
        Object::Attempts => read_by_staff(actor, action, "only staff may read the attempts"),
        Object::Connections => match action {
            Action::End => only(actor.is_admin(), "only an admin may close a connection"),
            _ => read_by_staff(actor, action, "only staff may see the connections"),
        },
        Object::Configuration => match action {
            Action::Read => only(actor.is_admin(), "only an admin may read the configuration"),
            Action::Create | Action::Change | Action::End => {
                Decision::Forbid("the configuration changes with a new start")
            }
        },
        Object::BotSettings => match action {
            Action::Read | Action::Change => only(
                actor.is_admin(),
                "only an admin may see and change the bot's settings",
            ),
            Action::Create | Action::End => Decision::Forbid("nobody may do this"),
        },
    }
}

/// What the bot may do in a chat of this customer: write its answers, and of what the customer
/// themselves may do only what is listed here. It asks this and not [`decide`].
#[must_use]
pub fn decide_for_bot(customer: UserId, action: Action, object: Object<'_>) -> Decision {
    // Whatever the account has become since, the bot never works with more than a customer has.
    let actor = Actor {
        id: customer,
        role: Role::Customer,
    };
    match (object, action) {
        (
            Object::Answer { customer } | Object::Offer { customer },
            Action::Create | Action::Change,
        ) if customer == actor.id => Decision::Allow,
        (
            Object::Resource
            | Object::Order { .. }
            | Object::Booking { .. }
            | Object::Chat { .. }
            | Object::Message { .. },
            Action::Read,
        )
        | (Object::Booking { .. }, Action::Create | Action::Change)
        | (Object::ChatPerson { .. }, Action::Change) => decide(&actor, action, object),
        _ => Decision::Forbid("the bot may not do this"),
    }
}

fn read_by_staff(actor: &Actor, action: Action, why: &'static str) -> Decision {
    match action {
        Action::Read => only(actor.is_staff(), why),
        Action::Create | Action::Change | Action::End => Decision::Forbid("nobody may do this"),
    }
}

fn booking(actor: &Actor, action: Action, customer: UserId) -> Decision {
    match action {
        Action::Read | Action::Change if actor.is_staff() || actor.id == customer => {
            Decision::Allow
        }
        Action::Read | Action::Change => Decision::Hide,
        Action::Create => only(
            actor.is_staff() || actor.id == customer,
            "only staff may book for someone else",
        ),
        Action::End => Decision::Forbid("a booking is cancelled, not ended"),
    }
}

fn notification(actor: &Actor, action: Action, owner: Option<UserId>) -> Decision {
    match action {
        Action::Read | Action::Change if owner == Some(actor.id) => Decision::Allow,
        Action::Read | Action::Change => Decision::Hide,
        Action::Create => only(actor.is_staff(), "only staff may send notifications"),
        Action::End => Decision::Forbid("a notification is read, not ended"),
    }
}

fn chat(actor: &Actor, action: Action, customer: UserId) -> Decision {
    match action {
        Action::Read | Action::Change if actor.is_staff() || actor.id == customer => {
            Decision::Allow
        }
        Action::Read | Action::Change => Decision::Hide,
        Action::Create => only(
            actor.is_staff() || actor.id == customer,
            "only staff may begin a chat for someone else",
        ),
        Action::End => Decision::Forbid("a chat is closed, not ended"),
    }
}

/// Reading and writing follow the chat; changing and deleting are the author's alone.
fn message(
    actor: &Actor,
    action: Action,
    customer: UserId,
    author: Option<UserId>,
    note: bool,
) -> Decision {
    if note && !actor.is_staff() {
        // A note that exists and one that does not look the same to a customer.
        return match action {
            Action::Create => Decision::Forbid("only staff may read and write notes"),
            Action::Read | Action::Change | Action::End => Decision::Hide,
        };
    }
    match (chat(actor, Action::Read, customer), action) {
        (Decision::Allow, Action::Change | Action::End) => only(
            author == Some(actor.id),
            "only its author may change or delete a message",
        ),
        (decision, _) => decision,
    }
}

/// Whoever takes part in the chat sees an answer grow and may stop it; only the bot writes one.
fn answer(actor: &Actor, action: Action, customer: UserId) -> Decision {
    match action {
        Action::Read | Action::End => chat(actor, Action::Read, customer),
        Action::Create | Action::Change => Decision::Forbid("only the bot writes its answers"),
    }
}

/// What the bot offers is done as the customer, so nobody else may choose it.
fn offer(actor: &Actor, action: Action, customer: UserId) -> Decision {
    match (chat(actor, Action::Read, customer), action) {
        (Decision::Allow, Action::Change) => only(
            actor.id == customer,
            "only the customer of the chat may choose what the bot offers",
        ),
        (Decision::Allow, Action::Create | Action::End) => {
            Decision::Forbid("only the bot makes offers")
        }
        (decision, _) => decision,
    }
}

fn account(actor: &Actor, action: Action, id: UserId) -> Decision {
    match action {
        Action::Read if actor.is_staff() || actor.id == id => Decision::Allow,
        Action::Read => Decision::Forbid("only staff may read the accounts of others"),
        Action::Create | Action::Change => {
            only(actor.is_admin(), "only an admin may manage accounts")
        }
        Action::End => Decision::Forbid("an account is disabled, not ended"),
    }
}

fn session(actor: &Actor, action: Action, owner: UserId) -> Decision {
    match action {
        Action::Read | Action::End if actor.id == owner || actor.is_admin() => Decision::Allow,
        Action::Read | Action::End => Decision::Hide,
        Action::Create | Action::Change => Decision::Forbid("a session begins with a login"),
    }
}

fn order(actor: &Actor, action: Action, customer: UserId) -> Decision {
    match action {
        Action::Read | Action::Change if actor.is_staff() || actor.id == customer => {
            Decision::Allow
        }
        Action::Read | Action::Change => Decision::Hide,
        Action::Create => only(
            actor.is_staff() || actor.id == customer,
            "only staff may place an order for someone else",
        ),
        Action::End => Decision::Forbid("an order is cancelled, not ended"),
    }
}

fn channel(
    actor: &Actor,
    action: Action,
    name: &ChannelName,
    customer: Option<UserId>,
) -> Decision {
    if action != Action::Read {
        return Decision::Forbid("only the server writes to channels");
    }
    match name.kind() {
        ChannelKind::User(id) => only(
            actor.id == id,
            "only the user themselves may read the channel of a user",
        ),
        ChannelKind::Staff => only(actor.is_staff(), "only staff may read the channel staff"),
        ChannelKind::Chat(_) => match customer {
            Some(customer) => chat(actor, Action::Read, customer),
            None => Decision::Hide,
        },
        ChannelKind::Revocations => Decision::Forbid("nobody may read an internal channel"),
    }
}

const fn only(allowed: bool, why: &'static str) -> Decision {
    if allowed {
        Decision::Allow
    } else {
        Decision::Forbid(why)
    }
}

/// Whose objects a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everyone's.
    All,
    /// Only this user's.
    Own(UserId),
}

/// Whose orders, bookings and chats the actor may list. Agrees with [`decide`] for every single one.
#[must_use]
pub const fn scope(actor: &Actor) -> Scope {
    if actor.is_staff() {
        Scope::All
    } else {
        Scope::Own(actor.id)
    }
}

/// The channels that every socket of this actor is on.
#[must_use]
pub fn automatic_channels(actor: &Actor) -> Vec<ChannelName> {
    let mut channels = vec![ChannelName::user(actor.id)];
    if actor.is_staff() {
        channels.push(ChannelName::staff());
    }
    channels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actors() -> [Actor; 3] {
        [Role::Customer, Role::Staff, Role::Admin].map(|role| Actor {
            id: UserId::new(),
            role,
        })
    }

    #[test]
    fn an_automatic_channel_is_one_that_may_be_read() {
        for actor in actors() {
            for channel in automatic_channels(&actor) {
                let object = Object::Channel {
                    name: &channel,
                    customer: None,
                };
                assert_eq!(decide(&actor, Action::Read, object), Decision::Allow);
            }
        }
    }

    #[test]
    fn a_customer_sees_nothing_of_another_customer() {
        let [ana, ..] = actors();
        let other = UserId::new();
        let chat = ChannelName::chat(protocol::ChatId::new());
        let note = Object::Message {
            customer: ana.id,
            author: Some(other),
            note: true,
        };
        for action in [Action::Read, Action::Change] {
            for object in [
                Object::Order { customer: other },
                Object::Booking { customer: other },
                Object::BookingSlot { customer: other },
                Object::Chat { customer: other },
                Object::ChatHandling { customer: other },
                Object::Notification { owner: Some(other) },
                Object::Message {
                    customer: other,
                    author: Some(other),
                    note: false,
                },
                Object::Offer { customer: other },
                note,
            ] {
                assert_eq!(decide(&ana, action, object), Decision::Hide, "{object:?}");
            }
        }
        for customer in [None, Some(other)] {
            let object = Object::Channel {
                name: &chat,
                customer,
            };
            assert_eq!(decide(&ana, Action::Read, object), Decision::Hide);
        }
        for channel in [
            ChannelName::user(other),
            ChannelName::staff(),
            ChannelName::revocations(),
        ] {
            let object = Object::Channel {
                name: &channel,
                customer: None,
            };
            assert!(decide(&ana, Action::Read, object).or_refuse().is_err());
        }
        assert_eq!(scope(&ana), Scope::Own(ana.id));
    }

    #[test]
    fn an_admin_may_do_all_that_staff_may() {
        let [_, staff, admin] = actors();
        let other = UserId::new();
        let channel = ChannelName::staff();
        let objects = [
            Object::Account(other),
            Object::Session { owner: other },
            Object::Item,
            Object::Order { customer: other },
            Object::OrderStatus { customer: other },
            Object::OrderFreeLines,
            Object::Resource,
            Object::Booking { customer: other },
            Object::BookingSlot { customer: other },
            Object::Notification { owner: None },
            Object::Chat { customer: other },
            Object::ChatHandling { customer: other },
            Object::ChatPerson { customer: other },
            Object::Answer { customer: other },
            Object::Offer { customer: other },
            Object::Note,
            Object::Message {
                customer: other,
                author: None,
                note: true,
            },
            Object::Presence,
            Object::Channel {
                name: &channel,
                customer: None,
            },
            Object::Statistics,
            Object::Attempts,
            Object::Connections,
            Object::Configuration,
            Object::BotSettings,
        ];
        for object in objects {
            for action in [Action::Read, Action::Create, Action::Change, Action::End] {
                if decide(&staff, action, object) == Decision::Allow {
                    assert_eq!(
                        decide(&admin, action, object),
                        Decision::Allow,
                        "{object:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_message_is_changed_by_its_author_alone() {
        let [ana, staff, admin] = actors();
        let hers = Object::Message {
            customer: ana.id,
            author: Some(ana.id),
            note: false,
        };
        assert_eq!(decide(&ana, Action::Change, hers), Decision::Allow);
        for other in [staff, admin] {
            assert_eq!(decide(&other, Action::Read, hers), Decision::Allow);
            assert!(decide(&other, Action::Change, hers).or_refuse().is_err());
        }
    }

    #[test]
    fn an_answer_is_stopped_by_both_sides_and_an_offer_chosen_by_its_customer() {
        let [ana, staff, admin] = actors();
        let (answer, offer) = (
            Object::Answer { customer: ana.id },
            Object::Offer { customer: ana.id },
        );
        assert_eq!(decide(&ana, Action::Change, offer), Decision::Allow);
        for actor in [ana, staff, admin] {
            assert_eq!(decide(&actor, Action::End, answer), Decision::Allow);
            for object in [answer, offer] {
                assert!(decide(&actor, Action::Create, object).or_refuse().is_err());
            }
        }
        for other in [staff, admin] {
            assert_eq!(decide(&other, Action::Read, offer), Decision::Allow);
            assert!(decide(&other, Action::Change, offer).or_refuse().is_err());
        }
        let [ben, ..] = actors();
        assert_eq!(decide(&ben, Action::End, answer), Decision::Hide);
        let person = Object::ChatPerson { customer: ana.id };
        assert_eq!(decide(&ana, Action::Change, person), Decision::Allow);
        assert_eq!(decide(&ben, Action::Change, person), Decision::Hide);
    }

    #[test]
    fn the_bot_may_nothing_that_its_customer_may_not() {
        let [ana, ..] = actors();
        let other = UserId::new();
        let note = Object::Message {
            customer: ana.id,
            author: None,
            note: true,
        };
        let owned: [fn(UserId) -> Object<'static>; 9] = [
            |customer| Object::Order { customer },
            |customer| Object::OrderStatus { customer },
            |customer| Object::Booking { customer },
            |customer| Object::BookingSlot { customer },
            |customer| Object::Chat { customer },
            |customer| Object::ChatHandling { customer },
            |customer| Object::ChatPerson { customer },
            |customer| Object::Answer { customer },
            |customer| Object::Offer { customer },
        ];
        let free = [
            Object::Account(ana.id),
            Object::Session { owner: ana.id },
            Object::Item,
            Object::OrderFreeLines,
            Object::Note,
            note,
            Object::Presence,
            Object::Statistics,
            Object::Attempts,
            Object::Connections,
            Object::Configuration,
            Object::BotSettings,
        ];
        for action in [Action::Read, Action::Create, Action::Change, Action::End] {
            for object in owned {
                let others = decide_for_bot(ana.id, action, object(other));
                assert!(
                    others.or_refuse().is_err(),
                    "{action:?} {:?}",
                    object(other)
                );
            }
            for object in free {
                assert!(
                    decide_for_bot(ana.id, action, object).or_refuse().is_err(),
                    "{action:?} {object:?}"
                );
            }
        }
        let may = |action, object| decide_for_bot(ana.id, action, object) == Decision::Allow;
        let customer = ana.id;
        assert!(may(Action::Create, Object::Answer { customer }));
        assert!(may(Action::Change, Object::Booking { customer }));
        assert!(!may(Action::Change, Object::Order { customer }));
        assert!(!may(Action::Create, Object::Order { customer }));
        assert!(!may(Action::Change, Object::Chat { customer }));
    }

    #[test]
    fn what_runs_the_server_is_for_admins_and_staff_see_the_connections() {
        let [customer, staff, admin] = actors();
        let may = |actor, action, object| decide(&actor, action, object) == Decision::Allow;
        for (action, object, of_staff) in [
            (Action::Read, Object::Connections, true),
            (Action::End, Object::Connections, false),
            (Action::Read, Object::Configuration, false),
            (Action::Read, Object::BotSettings, false),
            (Action::Change, Object::BotSettings, false),
        ] {
            assert!(!may(customer, action, object), "{action:?} {object:?}");
            assert_eq!(
                may(staff, action, object),
                of_staff,
                "{action:?} {object:?}"
            );
            assert!(may(admin, action, object), "{action:?} {object:?}");
        }
        assert!(!may(admin, Action::Change, Object::Configuration));
        assert!(!may(admin, Action::Create, Object::Connections));
    }

    #[test]
    fn the_list_agrees_with_the_policy_for_a_single_order() {
        for actor in actors() {
            let other = UserId::new();
            let sees = decide(&actor, Action::Read, Object::Order { customer: other });
            assert_eq!(scope(&actor) == Scope::All, sees == Decision::Allow);
        }
    }
}
