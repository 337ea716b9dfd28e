//! Who is told of each event: the kinds of channels it goes to. Who reads a channel is for
//! [`crate::policy`]. Start at [`audience`].

use protocol::{ChannelKind, ChannelName, EventName};

/// A kind of channel that an event is told on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// `user:{id}` of the person whom it concerns: the customer, or the owner of a notification.
    Person,
    /// `staff`.
    Staff,
    /// `chat:{id}` of the conversation.
    Chat,
    /// The server's own channel, which nobody reads from outside.
    Internal,
}

impl Audience {
    /// The channel's name, with a placeholder for its id.
    #[must_use]
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Person => "user:{id}",
            Self::Staff => "staff",
            Self::Chat => "chat:{id}",
            Self::Internal => "internal:revocations",
        }
    }

    /// The audience that a channel reaches.
    #[must_use]
    pub const fn of(kind: ChannelKind) -> Self {
        match kind {
            ChannelKind::User(_) => Self::Person,
            ChannelKind::Staff => Self::Staff,
            ChannelKind::Chat(_) => Self::Chat,
            ChannelKind::Revocations => Self::Internal,
        }
    }
}

/// What an event tells of, where that decides who may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Everything but a note.
    Plain,
    /// A note in a chat, which only staff see.
    Note,
}

/// The channels that an event goes to.
#[must_use]
pub const fn audience(name: EventName, subject: Subject) -> &'static [Audience] {
    use Audience::{Chat, Internal, Person, Staff};
    match (name, subject) {
        (
            EventName::OrderCreated
            | EventName::OrderUpdated
            | EventName::BookingCreated
            | EventName::BookingUpdated,
            _,
        ) => &[Person, Staff],
        (EventName::NotificationCreated | EventName::NotificationRead, _) => &[Person],
        (EventName::ChatCreated | EventName::ChatUpdated, _)
        | (EventName::MessageCreated | EventName::MessageUpdated, Subject::Plain) => {
            &[Person, Staff, Chat]
        }
        (EventName::MessageCreated | EventName::MessageUpdated, Subject::Note) => &[Staff],
        (EventName::MessageDelta | EventName::TypingStarted | EventName::TypingStopped, _) => {
            &[Chat]
        }
        (EventName::PresenceOnline | EventName::PresenceOffline, _) => &[Staff],
        (EventName::SessionRevoked | EventName::TextErased, _) => &[Internal],
    }
}

/// Whether these are the channels that an event may be told on: one of each kind, none missing and
/// none besides.
#[must_use]
pub fn is_audience(name: EventName, channels: &[ChannelName]) -> bool {
    let mut kinds: Vec<Audience> = channels
        .iter()
        .map(|name| Audience::of(name.kind()))
        .collect();
    kinds.sort_unstable();
    [Subject::Plain, Subject::Note]
        .into_iter()
        .any(|subject| kinds == audience(name, subject))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{ChatId, Topic, UserId};

    #[test]
    fn an_event_is_told_to_the_whole_audience_and_to_nobody_else() {
        let (ana, ben) = (
            ChannelName::user(UserId::new()),
            ChannelName::user(UserId::new()),
        );
        let (staff, chat) = (ChannelName::staff(), ChannelName::chat(ChatId::new()));
        let fits = |name, channels: &[&ChannelName]| {
            is_audience(
                name,
                &channels
                    .iter()
                    .map(|name| (*name).clone())
                    .collect::<Vec<_>>(),
            )
        };
        assert!(fits(EventName::OrderCreated, &[&staff, &ana]));
        assert!(!fits(EventName::OrderCreated, &[&ana]));
        assert!(!fits(EventName::OrderCreated, &[&ana, &ben, &staff]));
        assert!(!fits(EventName::OrderCreated, &[&ana, &staff, &chat]));
        assert!(fits(EventName::MessageCreated, &[&staff]), "a note");
        assert!(fits(EventName::MessageCreated, &[&chat, &staff, &ana]));
        assert!(!fits(EventName::MessageCreated, &[&chat, &staff]));
        assert!(!fits(EventName::ChatCreated, &[&staff]));
    }

    #[test]
    fn audiences_are_in_order_and_internal_events_stay_inside() {
        for name in EventName::ALL {
            for subject in [Subject::Plain, Subject::Note] {
                let audience = audience(*name, subject);
                assert!(audience.is_sorted() && !audience.is_empty(), "{name}");
                let inside = audience.contains(&Audience::Internal);
                assert_eq!(inside, name.topic() == Topic::Internal, "{name}");
            }
        }
    }
}
