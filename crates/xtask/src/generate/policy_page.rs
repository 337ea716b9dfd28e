//! docs/policy.md: every answer of the policy, asked for and written down. Start at [`page`].

use desk::audience::{Audience, Subject, audience};
use desk::field::FIELDS;
use desk::{Action, Actor, Decision, Object, booking, decide, decide_for_bot, order};
use protocol::schema::{Schemas, schemas};
use protocol::{BookingStatus, ChannelName, ChatId, EventName, OrderStatus, Role, Topic, UserId};
use serde_json::Value;

use super::line;

const INTRODUCTION: &str = "\
# Who may do what

One pure function, `desk::decide`, answers for REST, sockets, recovery and the command line alike, on
today's rows. This page is that function, asked about everything: `yes`; `404`, which is also the
answer for what does not exist; or `403` with the reason below the table. An *own* object is the
actor's, *another's* is someone else's. What is not allowed here is forbidden.
";

/// The roles, as the tables have them from left to right.
const ROLES: [Role; 3] = [Role::Customer, Role::Staff, Role::Admin];

const ACTIONS: [(Action, &str); 4] = [
    (Action::Read, "read"),
    (Action::Create, "create"),
    (Action::Change, "change"),
    (Action::End, "end"),
];

/// Makes an object of the policy that belongs to someone.
type Owned = fn(UserId) -> Object<'static>;

/// Every object but channels, which have a table of their own.
/// Invariant: each variant that [`is_listed`] knows stands here.
const OBJECTS: &[(&str, &str, Owned)] = &[
    ("Account", "An account.", Object::Account),
    ("Session", "A sign-in.", |owner| Object::Session { owner }),
    ("Item", "Something that can be ordered.", |_| Object::Item),
    ("Order", "An order.", |customer| Object::Order { customer }),
    (
        "Status of an order",
        "Which status may follow is below.",
        |customer| Object::OrderStatus { customer },
    ),
    (
        "Free lines of an order",
        "Lines written freely in a new order, and the lines of one that exists.",
        |_| Object::OrderFreeLines,
    ),
    ("Resource", "Something that can be booked.", |_| {
        Object::Resource
    }),
    ("Booking", "A booking.", |customer| Object::Booking {
        customer,
    }),
    (
        "Slot of a booking",
        "When it is, and for how many.",
        |customer| Object::BookingSlot { customer },
    ),
    ("Notification", "A notification to one user.", |owner| {
        Object::Notification { owner: Some(owner) }
    }),
    ("Notification to a role", "", |_| Object::Notification {
        owner: None,
    }),
    (
        "Chat",
        "A chat, with the messages that its customer may see.",
        |customer| Object::Chat { customer },
    ),
    (
        "Handling of a chat",
        "Who answers in it, and what it is called.",
        |customer| Object::ChatHandling { customer },
    ),
    (
        "Person in a chat",
        "That a person answers instead of the bot.",
        |customer| Object::ChatPerson { customer },
    ),
    (
        "Answer of the bot",
        "In a chat of this customer; to end it is to stop it.",
        |customer| Object::Answer { customer },
    ),
    (
        "Offer of the bot",
        "In a chat of this customer; to change it is to choose.",
        |customer| Object::Offer { customer },
    ),
    ("Note", "A note in any chat.", |_| Object::Note),
    (
        "Message of its chat's customer",
        "Written by the customer whose chat it is.",
        |customer| Object::Message {
            customer,
            author: Some(customer),
            note: false,
        },
    ),
    (
        "Message of the server or a bot",
        "In a chat of this customer.",
        |customer| Object::Message {
            customer,
            author: None,
            note: false,
        },
    ),
    (
        "Note in a chat of this customer",
        "Written by someone else.",
        |customer| Object::Message {
            customer,
            author: None,
            note: true,
        },
    ),
    ("Presence", "Who is online.", |_| Object::Presence),
    (
        "Statistics",
        "Counts of connections, closes and refusals.",
        |_| Object::Statistics,
    ),
    ("Attempts", "What the server saw of handshakes.", |_| {
        Object::Attempts
    }),
    (
        "Connections",
        "The sockets that are open; to end one is to close it.",
        |_| Object::Connections,
    ),
    ("Configuration", "What the server was told to do.", |_| {
        Object::Configuration
    }),
    (
        "Bot settings",
        "How the bot is set up, with the answers of its file.",
        |_| Object::BotSettings,
    ),
];

/// A new variant does not compile until it is named here; then it belongs into [`OBJECTS`] too.
const fn is_listed(object: &Object<'_>) -> bool {
    match object {
        Object::Account(_)
        | Object::Session { .. }
        | Object::Item
        | Object::Order { .. }
        | Object::OrderStatus { .. }
        | Object::OrderFreeLines
        | Object::Resource
        | Object::Booking { .. }
        | Object::BookingSlot { .. }
        | Object::Notification { .. }
        | Object::Chat { .. }
        | Object::ChatHandling { .. }
        | Object::ChatPerson { .. }
        | Object::Answer { .. }
        | Object::Offer { .. }
        | Object::Note
        | Object::Message { .. }
        | Object::Presence
        | Object::Statistics
        | Object::Attempts
        | Object::Connections
        | Object::Configuration
        | Object::BotSettings => true,
        Object::Channel { .. } => false,
    }
}

/// The whole page.
pub(super) fn page(generated: &str) -> String {
    let mut page = format!("{generated}{INTRODUCTION}");
    line(&mut page, "\n## Objects");
    for (name, text, object) in OBJECTS {
        object_table(&mut page, name, text, *object);
    }
    bot(&mut page);
    channels(&mut page);
    fields(&mut page);
    transitions(&mut page);
    events(&mut page);
    page
}

/// Someone of each role, and someone else.
struct Cast {
    actors: [Actor; 3],
    stranger: UserId,
}

impl Cast {
    fn new() -> Self {
        Self {
            actors: ROLES.map(|role| Actor {
                id: UserId::new(),
                role,
            }),
            stranger: UserId::new(),
        }
    }
}

/// The answers of one table, and the reasons below it.
#[derive(Default)]
struct Reasons(Vec<&'static str>);

impl Reasons {
    fn cell(&mut self, decision: Decision) -> String {
        match decision {
            Decision::Allow => "yes".to_owned(),
            Decision::Hide => "404".to_owned(),
            Decision::Forbid(why) => {
                let known = self.0.iter().position(|reason| *reason == why);
                let index = known.unwrap_or_else(|| {
                    self.0.push(why);
                    self.0.len() - 1
                });
                format!("403 ({})", index + 1)
            }
        }
    }

    fn write(&self, page: &mut String) {
        for (index, why) in self.0.iter().enumerate() {
            let space = if index == 0 { "\n" } else { "" };
            line(page, &format!("{space}{}. {why}", index + 1));
        }
    }
}

fn object_table(page: &mut String, name: &str, text: &str, object: Owned) {
    let cast = Cast::new();
    debug_assert!(
        is_listed(&object(cast.stranger)),
        "channels have a table of their own"
    );
    let answers = |action| {
        cast.actors.map(|actor| {
            [actor.id, cast.stranger].map(|owner| decide(&actor, action, object(owner)))
        })
    };
    let owner_matters = ACTIONS.iter().any(|(action, _)| {
        answers(*action)
            .iter()
            .any(|[own, anothers]| own != anothers)
    });
    line(page, &format!("\n### {name}\n"));
    if !text.is_empty() {
        line(page, &format!("{text}\n"));
    }
    let columns: Vec<String> = match owner_matters {
        true => ROLES
            .iter()
            .flat_map(|role| [format!("{role}, own"), format!("{role}, another's")])
            .collect(),
        false => ROLES.iter().map(ToString::to_string).collect(),
    };
    head(page, "", &columns);
    let mut reasons = Reasons::default();
    for (action, word) in ACTIONS {
        let mut cells = Vec::new();
        for [own, anothers] in answers(action) {
            cells.push(reasons.cell(own));
            if owner_matters {
                cells.push(reasons.cell(anothers));
            }
        }
        row(page, word, &cells);
    }
    reasons.write(page);
}

fn bot(page: &mut String) {
    line(page, "\n## The bot\n");
    line(
        page,
        "What the bot may do in a chat, asked of `desk::decide_for_bot`: it works for the chat's \
         customer, with less than they may. What it may do nowhere is left out.\n",
    );
    let actions = ACTIONS.map(|(_, word)| word.to_owned());
    let columns = ["the customer's", "another's"].iter().flat_map(|whose| {
        actions
            .iter()
            .map(move |action| format!("{action}, {whose}"))
    });
    head(page, "", &columns.collect::<Vec<_>>());
    let mut reasons = Reasons::default();
    let (customer, other) = (UserId::new(), UserId::new());
    for (name, _, object) in OBJECTS {
        let answers: Vec<Decision> = [customer, other]
            .into_iter()
            .flat_map(|owner| {
                ACTIONS.map(|(action, _)| decide_for_bot(customer, action, object(owner)))
            })
            .collect();
        if answers.contains(&Decision::Allow) {
            let cells: Vec<String> = answers.into_iter().map(|one| reasons.cell(one)).collect();
            row(page, name, &cells);
        }
    }
    reasons.write(page);
}

fn channels(page: &mut String) {
    line(page, "\n## Channels\n");
    line(
        page,
        "Who may read a stream of events, on a socket or with `GET /api/v1/events`. Nobody but the \
         server writes to one. A socket is on the `user:{id}` of its user and, for staff and admins, \
         on `staff` by itself; it subscribes to a `chat:{id}`.\n",
    );
    head(page, "channel", &ROLES.map(|role| role.to_string()));
    let mut reasons = Reasons::default();
    let cast = Cast::new();
    let chat = ChannelName::chat(ChatId::new());
    type Named = fn(&Cast, &ChannelName, &Actor) -> (ChannelName, Option<UserId>);
    let rows: [(&str, Named); 6] = [
        ("`user:{id}`, own", |_, _, actor| {
            (ChannelName::user(actor.id), None)
        }),
        ("`user:{id}`, another's", |cast, _, _| {
            (ChannelName::user(cast.stranger), None)
        }),
        ("`staff`", |_, _, _| (ChannelName::staff(), None)),
        ("`chat:{id}`, own", |_, chat, actor| {
            (chat.clone(), Some(actor.id))
        }),
        ("`chat:{id}`, another's", |cast, chat, _| {
            (chat.clone(), Some(cast.stranger))
        }),
        ("`chat:{id}`, of no chat", |_, chat, _| (chat.clone(), None)),
    ];
    for (word, named) in rows {
        let cells = cast.actors.map(|actor| {
            let (name, customer) = named(&cast, &chat, &actor);
            reasons.cell(decide(
                &actor,
                Action::Read,
                Object::Channel {
                    name: &name,
                    customer,
                },
            ))
        });
        row(page, word, &cells);
    }
    reasons.write(page);
}

fn fields(page: &mut String) {
    line(page, "\n## Fields of a change\n");
    line(
        page,
        "What a `PATCH` may hold. A field that is left out stays as it is.\n",
    );
    let columns = [
        "field",
        "customer, own",
        "customer, another's",
        "staff",
        "admin",
    ];
    head(page, "resource", &columns.map(str::to_owned));
    let mut reasons = Reasons::default();
    let cast = Cast::new();
    let [customer, staff, admin] = cast.actors;
    for field in FIELDS {
        let mut cells = vec![format!("`{}`", field.name)];
        for (actor, owner) in [
            (customer, customer.id),
            (customer, cast.stranger),
            (staff, cast.stranger),
            (admin, cast.stranger),
        ] {
            cells.push(reasons.cell(decide(&actor, Action::Change, (field.object)(owner))));
        }
        row(page, field.resource, &cells);
    }
    reasons.write(page);
}

fn transitions(page: &mut String) {
    line(page, "\n## Which status may follow\n");
    line(
        page,
        "Of one's own orders and bookings for customers, of all of them for the others.",
    );
    table_of_statuses(page, "order", OrderStatus::ALL, order::next_statuses);
    table_of_statuses(page, "booking", BookingStatus::ALL, booking::next_statuses);
}

fn table_of_statuses<S: Copy + std::fmt::Display + 'static>(
    page: &mut String,
    name: &str,
    all: &[S],
    next: fn(S, Role) -> &'static [S],
) {
    line(page, "");
    head(
        page,
        &format!("{name} is"),
        &ROLES.map(|role| role.to_string()),
    );
    for from in all {
        let cells = ROLES.map(|role| {
            let next: Vec<String> = next(*from, role)
                .iter()
                .map(|to| format!("`{to}`"))
                .collect();
            if next.is_empty() {
                "–".to_owned()
            } else {
                next.join(", ")
            }
        });
        row(page, &format!("`{from}`"), &cells);
    }
}

fn events(page: &mut String) {
    line(page, "\n## Who is told of what happens\n");
    line(
        page,
        "An event carries the whole object, and it is the same for everyone who is told; so who may \
         not see a field is not told of the event. A member with `?` may be left out. *Person* is the customer or, of a notification, \
         its owner, whatever their role. A passing event is not kept in the log. A chat's channel \
         must be subscribed to; the others come by themselves.\n",
    );
    let columns = [
        "told on",
        "person",
        "another customer",
        "staff",
        "admin",
        "carries",
    ]
    .map(str::to_owned);
    head(page, "event", &columns);
    let cast = Cast::new();
    let schemas = schemas();
    for name in EventName::ALL
        .iter()
        .filter(|name| name.topic() != Topic::Internal)
    {
        let plain = audience(*name, Subject::Plain);
        event_row(page, &format!("`{name}`"), *name, plain, &cast, &schemas);
        let note = audience(*name, Subject::Note);
        if note != plain {
            event_row(
                page,
                &format!("`{name}` of a note"),
                *name,
                note,
                &cast,
                &schemas,
            );
        }
    }
}

fn event_row(
    page: &mut String,
    word: &str,
    name: EventName,
    told: &[Audience],
    cast: &Cast,
    schemas: &Schemas,
) {
    let [customer, staff, admin] = cast.actors;
    let person = cast.stranger;
    let chat = ChannelName::chat(ChatId::new());
    let sees = |actor: Actor| {
        let on = told.iter().filter(|audience| {
            let (name, customer) = match audience {
                Audience::Person => (ChannelName::user(person), None),
                Audience::Staff => (ChannelName::staff(), None),
                Audience::Chat => (chat.clone(), Some(person)),
                Audience::Internal => (ChannelName::revocations(), None),
            };
            let object = Object::Channel {
                name: &name,
                customer,
            };
            decide(&actor, Action::Read, object) == Decision::Allow
        });
        let on: Vec<String> = on
            .map(|audience| format!("`{}`", audience.pattern()))
            .collect();
        if on.is_empty() {
            "–".to_owned()
        } else {
            on.join(", ")
        }
    };
    let channels: Vec<String> = told
        .iter()
        .map(|on| format!("`{}`", on.pattern()))
        .collect();
    let themselves = Actor {
        id: person,
        role: Role::Customer,
    };
    let mut cells = vec![channels.join(", ")];
    cells.extend([themselves, customer, staff, admin].map(sees));
    let passes = if name.is_kept() { "" } else { " (passing)" };
    cells.push(format!("{}{passes}", carried(name, schemas)));
    row(page, word, &cells);
}

/// The members of an event's data, and those of the object in it.
fn carried(name: EventName, schemas: &Schemas) -> String {
    let frame = schemas
        .frame(&format!("event {name}"))
        .expect("each event has a schema");
    let data = resolve(&frame.schema["properties"]["data"], schemas);
    let carried = members(data).into_iter().map(|(member, schema)| {
        let inner: Vec<String> = members(resolve(schema, schemas))
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        if inner.is_empty() {
            format!("`{member}`")
        } else {
            format!("`{member} {{{}}}`", inner.join(", "))
        }
    });
    carried.collect::<Vec<_>>().join(", ")
}

/// What a schema refers to, or itself.
fn resolve<'a>(schema: &'a Value, schemas: &'a Schemas) -> &'a Value {
    let reference = schema
        .get("$ref")
        .or_else(|| schema.pointer("/allOf/0/$ref"));
    let name = reference
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next());
    name.and_then(|name| schemas.definitions.get(name))
        .unwrap_or(schema)
}

/// The members of an object, by name; what may be left out has a question mark.
fn members(schema: &Value) -> Vec<(String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let member = |(name, schema)| {
        let name: &String = name;
        let mark = if is_required(name) { "" } else { "?" };
        (format!("{name}{mark}"), schema)
    };
    let mut members: Vec<_> = properties.into_iter().flatten().map(member).collect();
    members.sort_by(|(left, _), (right, _)| left.cmp(right));
    members
}

fn head(page: &mut String, first: &str, columns: &[String]) {
    row(page, first, columns);
    line(page, &format!("|{}", " --- |".repeat(columns.len() + 1)));
}

fn row(page: &mut String, first: &str, cells: &[String]) {
    let first = if first.is_empty() {
        String::new()
    } else {
        format!("{first} ")
    };
    line(page, &format!("| {first}| {} |", cells.join(" | ")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_policy_says() {
        let page = page("");
        assert!(page.contains(
            "### Order\n\nAn order.\n\n| | customer, own | customer, another's | staff, own | \
             staff, another's | admin, own | admin, another's |"
        ));
        assert!(
            page.contains("| read | yes | 404 | yes | yes | yes | yes |"),
            "{page}"
        );
        assert!(page.contains("| order | `note` | yes | 404 | yes | yes |"));
        assert!(page.contains("| `placed` | `cancelled` | `accepted`, `rejected`, `cancelled` |"));
        assert!(page.contains(
            "| `order.created` | `user:{id}`, `staff` | `user:{id}` | – | `staff` | `staff` | \
             `order {created_at, currency, customer,"
        ));
        assert!(
            page.contains("| `message.created` of a note | `staff` | – | – | `staff` | `staff` |")
        );
        assert!(!page.contains("session.revoked"));
    }

    #[test]
    fn no_customer_is_told_of_what_is_anothers() {
        for line in page("")
            .lines()
            .filter(|line| line.starts_with("| `") && line.contains("{id}` |"))
        {
            let cells: Vec<&str> = line.split(" | ").collect();
            if cells.len() == 7 {
                assert_eq!(cells[3], "–", "{line}");
            }
        }
    }
}
