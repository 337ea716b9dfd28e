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
    /// A stream of events.
    Channel(&'a ChannelName),
    /// Counts of connections, closes and refusals.
    Statistics,
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
    Problem::new(ErrorCode::NotFound, "there is no such object for this account")
}

/// The one function that decides.
#[must_use]
pub fn decide(actor: &Actor, action: Action, object: Object<'_>) -> Decision {
    match object {
        Object::Account(id) => account(actor, action, id),
        Object::Session { owner } => session(actor, action, owner),
        Object::Item => match action {
            Action::Read => Decision::Allow,
            Action::Create | Action::Change | Action::End => {
                only(actor.is_admin(), "only an admin may change what can be ordered")
            }
        },
        Object::Order { customer } => order(actor, action, customer),
        Object::OrderStatus { customer } => order(actor, action, customer),
        Object::OrderFreeLines => only(
            actor.is_staff(),
            "only staff may write lines freely; a customer's line names an item_id and a quantity",
        ),
        Object::Channel(name) => channel(actor, action, name),
        Object::Statistics => match action {
            Action::Read => only(actor.is_staff(), "only staff may read the statistics"),
            Action::Create | Action::Change | Action::End => Decision::Forbid("nobody may do this"),
        },
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
        Action::Read | Action::Change if actor.is_staff() || actor.id == customer => Decision::Allow,
        Action::Read | Action::Change => Decision::Hide,
        Action::Create => only(
            actor.is_staff() || actor.id == customer,
            "only staff may place an order for someone else",
        ),
        Action::End => Decision::Forbid("an order is cancelled, not ended"),
    }
}

fn channel(actor: &Actor, action: Action, name: &ChannelName) -> Decision {
    if action != Action::Read {
        return Decision::Forbid("only the server writes to channels");
    }
    match name.kind() {
        ChannelKind::User(id) => {
            only(actor.id == id, "only the user themselves may read the channel of a user")
        }
        ChannelKind::Staff => only(actor.is_staff(), "only staff may read the channel staff"),
        ChannelKind::Chat(_) => Decision::Hide,
        ChannelKind::Revocations => Decision::Forbid("nobody may read an internal channel"),
    }
}

const fn only(allowed: bool, why: &'static str) -> Decision {
    if allowed { Decision::Allow } else { Decision::Forbid(why) }
}

/// Whose objects a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everyone's.
    All,
    /// Only this user's.
    Own(UserId),
}

/// Whose orders the actor may list. Agrees with [`decide`] for every single one.
#[must_use]
pub const fn scope(actor: &Actor) -> Scope {
    if actor.is_staff() { Scope::All } else { Scope::Own(actor.id) }
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
        [Role::Customer, Role::Staff, Role::Admin].map(|role| Actor { id: UserId::new(), role })
    }

    #[test]
    fn an_automatic_channel_is_one_that_may_be_read() {
        for actor in actors() {
            for channel in automatic_channels(&actor) {
                assert_eq!(decide(&actor, Action::Read, Object::Channel(&channel)), Decision::Allow);
            }
        }
    }

    #[test]
    fn a_customer_sees_nothing_of_another_customer() {
        let [ana, ..] = actors();
        let other = UserId::new();
        for action in [Action::Read, Action::Change] {
            assert_eq!(decide(&ana, action, Object::Order { customer: other }), Decision::Hide);
        }
        for channel in [ChannelName::user(other), ChannelName::staff(), ChannelName::revocations()] {
            assert!(decide(&ana, Action::Read, Object::Channel(&channel)).or_refuse().is_err());
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
            Object::Channel(&channel),
            Object::Statistics,
        ];
        for object in objects {
            for action in [Action::Read, Action::Create, Action::Change, Action::End] {
                if decide(&staff, action, object) == Decision::Allow {
                    assert_eq!(decide(&admin, action, object), Decision::Allow, "{object:?}");
                }
            }
        }
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
