//! `serve --demo`: accounts, orders and bookings to try things out with, on this machine only.
//! Start at [`check`] and [`fill`].

mod chat;

use protocol::{
    BookingId, BookingStatus, ItemId, NotificationId, OrderId, OrderStatus, ResourceId, Role,
    Timestamp, User, UserId,
};
use store::{
    BookingFilter, ChangeBooking, ChangeOrder, CreateBooking, CreateItem, CreateResource,
    CreateUser, NewLine, NewNotification, OrderFilter, PageRequest, PlaceOrder, SendNotification,
    Store,
};

use crate::config::Config;

/// The password of every demo account. Shorter than any other may be, and only here.
pub(crate) const PASSWORD: &str = "test123";

/// Address, name and role.
pub(crate) const ACCOUNTS: [(&str, &str, Role); 4] = [
    ("websocket@test.com", "Wanda Websocket", Role::Customer),
    ("ana@test.com", "Ana", Role::Customer),
    ("staff@test.com", "Stefan at the desk", Role::Staff),
    ("admin@test.com", "Ada Admin", Role::Admin),
];

/// Name and price in cents.
const ITEMS: [(&str, i64); 6] = [
    ("Espresso", 240),
    ("Cappuccino", 350),
    ("Croissant", 220),
    ("Cheese sandwich", 540),
    ("Apple cake", 390),
    ("Orange juice, fresh", 420),
];

/// One order to begin with.
struct DemoOrder {
    email: &'static str,
    /// Places in [`ITEMS`], and how many of each.
    lines: &'static [(usize, i64)],
    note: &'static str,
    /// The statuses it goes through after it is placed.
    way: &'static [OrderStatus],
}

const ORDERS: [DemoOrder; 5] = {
    use OrderStatus::{Accepted, Cancelled, Completed, Preparing, Ready};
    [
        DemoOrder {
            email: "ana@test.com",
            lines: &[(0, 2), (2, 2)],
            note: "",
            way: &[Accepted, Preparing, Ready, Completed],
        },
        DemoOrder {
            email: "websocket@test.com",
            lines: &[(1, 1), (4, 1)],
            note: "No sugar, please.",
            way: &[Accepted, Preparing],
        },
        DemoOrder {
            email: "ana@test.com",
            lines: &[(3, 1), (5, 1)],
            note: "Without onions.",
            way: &[Accepted],
        },
        DemoOrder {
            email: "ana@test.com",
            lines: &[(4, 3)],
            note: "",
            way: &[Cancelled],
        },
        DemoOrder {
            email: "websocket@test.com",
            lines: &[(0, 1)],
            note: "At the window.",
            way: &[],
        },
    ]
};

/// Name, kind and capacity.
const RESOURCES: [(&str, &str, i64); 4] = [
    ("Table at the window", "table", 2),
    ("Round table", "table", 6),
    ("Terrace", "table", 12),
    ("Meeting room", "room", 20),
];

/// One booking to begin with.
struct DemoBooking {
    email: &'static str,
    /// Place in [`RESOURCES`].
    resource: usize,
    /// Hours after the next midnight (UTC) at which it begins and ends.
    hours: (i64, i64),
    party_size: i64,
    note: &'static str,
    /// The statuses it goes through after it is asked for.
    way: &'static [BookingStatus],
}

const BOOKINGS: [DemoBooking; 4] = {
    use BookingStatus::{Cancelled, Confirmed};
    [
        DemoBooking {
            email: "ana@test.com",
            resource: 1,
            hours: (18, 20),
            party_size: 4,
            note: "A birthday.",
            way: &[Confirmed],
        },
        DemoBooking {
            email: "websocket@test.com",
            resource: 1,
            hours: (20, 22),
            party_size: 2,
            note: "",
            way: &[],
        },
        DemoBooking {
            email: "websocket@test.com",
            resource: 0,
            hours: (12, 13),
            party_size: 2,
            note: "",
            way: &[Cancelled],
        },
        DemoBooking {
            email: "ana@test.com",
            resource: 3,
            hours: (33, 41),
            party_size: 15,
            note: "With a projector, please.",
            way: &[],
        },
    ]
};

/// Kind, title, body and link of the notifications that the first account has.
const NOTIFICATIONS: [(&str, &str, &str, Option<&str>); 2] = [
    (
        "welcome",
        "Welcome to the desk",
        "What concerns you is told here as it happens.",
        None,
    ),
    (
        "order",
        "Your order is being prepared",
        "One cappuccino and one apple cake.",
        Some("/orders"),
    ),
];

/// Whether a demo may run with this configuration.
///
/// # Errors
/// A sentence with the values: its password is public, so nobody else may reach it.
pub(crate) fn check(config: &Config) -> Result<(), String> {
    let server = &config.server;
    let open = server
        .listen
        .iter()
        .find(|address| !address.ip().is_loopback());
    if open.is_none() && server.is_local() {
        return Ok(());
    }
    let listen: Vec<String> = server.listen.iter().map(ToString::to_string).collect();
    Err(format!(
        "--demo has public passwords, so it runs only where nobody else can reach it: server.listen \
         is {} and server.public_url is {}; listen on 127.0.0.1 or [::1] alone and leave \
         public_url unset, or start without --demo",
        listen.join(", "),
        server.public_url.as_deref().unwrap_or("unset")
    ))
}

/// What [`fill`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// The demo data is there, now or already before.
    Demo,
    /// The store has accounts of its own and was left as it is.
    LeftAsItIs,
}

/// Puts the demo data into a store that is empty or was filled so before, also where that was
/// interrupted.
///
/// # Errors
/// The store cannot be read or written.
pub(crate) async fn fill(store: &Store, now: Timestamp) -> anyhow::Result<Filled> {
    let first = || PageRequest {
        limit: 200,
        cursor: None,
    };
    let found = store.users(first()).await?;
    let is_ours = |user: &User| ACCOUNTS.iter().any(|(email, ..)| *email == user.email);
    let only_ours = found.next_cursor.is_none() && found.items.iter().all(is_ours);
    if !only_ours {
        return Ok(Filled::LeftAsItIs);
    }
    let users = fill_accounts(store, found.items, now).await?;
    let staff = actor_of(&users, "staff@test.com")?;
    let admin = actor_of(&users, "admin@test.com")?;
    let mut items: Vec<ItemId> = store
        .items(first())
        .await?
        .items
        .into_iter()
        .map(|item| item.id)
        .collect();
    if items.is_empty() {
        items = fill_items(store, admin, now).await?;
    }
    let all = OrderFilter {
        scope: desk::Scope::All,
        status: None,
        customer: None,
    };
    if store.orders(all, first()).await?.items.is_empty() {
        for order in ORDERS {
            let customer = actor_of(&users, order.email)?;
            let lines = order
                .lines
                .iter()
                .filter_map(|(index, quantity)| {
                    let item_id = *items.get(*index)?;
                    Some(NewLine::Item {
                        item_id,
                        quantity: *quantity,
                    })
                })
                .collect();
            place(store, (customer, staff), lines, &order, now).await?;
        }
    }
    fill_bookings(store, &users, now).await?;
    fill_notifications(store, &users, now).await?;
    chat::fill(store, actor_of(&users, "ana@test.com")?, staff, now).await?;
    Ok(Filled::Demo)
}

/// The demo accounts that are in the store, with the demo's password: a store of a demo that is
/// served as a real one.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn accounts_left_open(store: &Store) -> anyhow::Result<Vec<&'static str>> {
    let mut open = Vec::new();
    for (email, ..) in ACCOUNTS {
        let Some(credentials) = store.credentials(email).await? else {
            continue;
        };
        if credentials.user.disabled {
            continue;
        }
        let hash = credentials.password_hash;
        let verdict =
            tokio::task::spawn_blocking(move || auth::verify_password(PASSWORD, &hash)).await?;
        if verdict != auth::Verdict::Wrong {
            open.push(email);
        }
    }
    Ok(open)
}

async fn fill_accounts(
    store: &Store,
    mut users: Vec<User>,
    now: Timestamp,
) -> anyhow::Result<Vec<User>> {
    for (email, name, role) in ACCOUNTS {
        if users.iter().any(|user| user.email == email) {
            continue;
        }
        let password_hash = tokio::task::spawn_blocking(|| auth::hash_password(PASSWORD)).await??;
        let create = CreateUser {
            id: UserId::new(),
            email: email.to_owned(),
            name: name.to_owned(),
            role,
            password_hash,
            now,
        };
        users.push(store.write(create).await?);
    }
    Ok(users)
}

async fn fill_items(
    store: &Store,
    actor: desk::Actor,
    now: Timestamp,
) -> anyhow::Result<Vec<ItemId>> {
    let mut ids = Vec::new();
    for (name, unit_price) in ITEMS {
        let create = CreateItem {
            actor,
            id: ItemId::new(),
            name: name.to_owned(),
            unit_price,
            currency: "EUR".to_owned(),
            available: true,
            now,
        };
        ids.push(store.write(create).await?.id);
    }
    Ok(ids)
}

async fn place(
    store: &Store,
    (customer, staff): (desk::Actor, desk::Actor),
    lines: Vec<NewLine>,
    order: &DemoOrder,
    now: Timestamp,
) -> anyhow::Result<()> {
    let place = PlaceOrder {
        actor: customer,
        id: OrderId::new(),
        customer: customer.id,
        lines,
        currency: None,
        note: order.note.to_owned(),
        now,
    };
    let mut placed = store.write(place).await?;
    for status in order.way {
        let change = ChangeOrder {
            actor: staff,
            id: placed.id,
            version: placed.version,
            status: Some(*status),
            note: None,
            lines: None,
            now,
        };
        placed = store.write(change).await?;
    }
    Ok(())
}

async fn fill_bookings(store: &Store, users: &[User], now: Timestamp) -> anyhow::Result<()> {
    const HOUR_MS: i64 = 60 * 60 * 1_000;
    const DAY_MS: i64 = 24 * HOUR_MS;
    let first = || PageRequest {
        limit: 200,
        cursor: None,
    };
    let staff = actor_of(users, "staff@test.com")?;
    let found = store.resources(first()).await?.items;
    let mut resources: Vec<ResourceId> = found.into_iter().map(|resource| resource.id).collect();
    if resources.is_empty() {
        resources = fill_resources(store, actor_of(users, "admin@test.com")?, now).await?;
    }
    let all = BookingFilter {
        scope: desk::Scope::All,
        status: None,
        customer: None,
        resource: None,
        from: None,
        to: None,
    };
    if !store.bookings(all, first()).await?.items.is_empty() {
        return Ok(());
    }
    let midnight = now.0 - now.0.rem_euclid(DAY_MS) + DAY_MS;
    for booking in BOOKINGS {
        let Some(resource) = resources.get(booking.resource) else {
            continue;
        };
        let customer = actor_of(users, booking.email)?;
        let create = CreateBooking {
            actor: customer,
            id: BookingId::new(),
            customer: customer.id,
            resource: *resource,
            starts_at: Timestamp(midnight + booking.hours.0 * HOUR_MS),
            ends_at: Timestamp(midnight + booking.hours.1 * HOUR_MS),
            party_size: booking.party_size,
            note: booking.note.to_owned(),
            now,
        };
        let mut made = store.write(create).await?;
        for status in booking.way {
            let change = ChangeBooking {
                actor: staff,
                id: made.id,
                version: made.version,
                status: Some(*status),
                starts_at: None,
                ends_at: None,
                party_size: None,
                note: None,
                now,
            };
            made = store.write(change).await?;
        }
    }
    Ok(())
}

async fn fill_resources(
    store: &Store,
    actor: desk::Actor,
    now: Timestamp,
) -> anyhow::Result<Vec<ResourceId>> {
    let mut ids = Vec::new();
    for (name, kind, capacity) in RESOURCES {
        let create = CreateResource {
            actor,
            id: ResourceId::new(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            capacity,
            now,
        };
        ids.push(store.write(create).await?.id);
    }
    Ok(ids)
}

async fn fill_notifications(store: &Store, users: &[User], now: Timestamp) -> anyhow::Result<()> {
    let user = actor_of(users, ACCOUNTS[0].0)?.id;
    let first = PageRequest {
        limit: 1,
        cursor: None,
    };
    if !store
        .notifications(user, None, first)
        .await?
        .items
        .is_empty()
    {
        return Ok(());
    }
    for (kind, title, body, link) in NOTIFICATIONS {
        let send = SendNotification {
            actor: actor_of(users, "staff@test.com")?,
            id: NotificationId::new(),
            user,
            notification: NewNotification {
                kind: kind.to_owned(),
                title: title.to_owned(),
                body: body.to_owned(),
                link: link.map(str::to_owned),
            },
            now,
        };
        store.write(send).await?;
    }
    Ok(())
}

fn actor_of(users: &[User], email: &str) -> anyhow::Result<desk::Actor> {
    let user = users.iter().find(|user| user.email == email);
    let user = user.ok_or_else(|| anyhow::anyhow!("the demo account {email} is missing"))?;
    Ok(desk::Actor {
        id: user.id,
        role: user.role,
    })
}

/// What to try, with the real address: for a terminal and for a browser's console.
pub(crate) fn instructions(base: &str, place: &str) -> String {
    let socket = base.replacen("http", "ws", 1);
    let email = ACCOUNTS[0].0;
    let accounts: Vec<String> = ACCOUNTS
        .iter()
        .map(|(email, _, role)| format!("    {email:<20} {role}"))
        .collect();
    format!(
        "\
Demo data is in {place}, apart from real data. Accounts, all with the password {PASSWORD}:
{accounts}

  Console                     {base}
  API and its documentation   {base}/docs

In a terminal:
  curl -c cookies.txt -H 'Content-Type: application/json' \\
    -d '{{\"email\":\"{email}\",\"password\":\"{PASSWORD}\"}}' {base}/api/v1/auth/login
  curl -b cookies.txt {base}/api/v1/auth/ws-token
  curl -v {base}/ws/status

In a browser's console:
  new WebSocket('{socket}/api/v1/ws?token=<VALID_JWT>')
or, all at once, on a page of {base}:
  await fetch('{base}/api/v1/auth/login', {{method: 'POST', credentials: 'include', \
headers: {{'Content-Type': 'application/json'}}, \
body: JSON.stringify({{email: '{email}', password: '{PASSWORD}'}})}}); \
const {{token}} = await (await fetch('{base}/api/v1/auth/ws-token', \
{{credentials: 'include'}})).json(); \
const ws = new WebSocket('{socket}/api/v1/ws?token=' + token); \
ws.onmessage = (e) => console.log(e.data); \
ws.onclose = (e) => console.log(e.code, e.reason);
",
        accounts = accounts.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, Settings, Value};

    fn with(settings: &[(&str, Value)]) -> Config {
        let mut all = Settings::defaults();
        for (key, value) in settings {
            all.set(key, value.clone(), Origin::Default);
        }
        Config::read(&all).unwrap()
    }

    #[test]
    fn a_demo_runs_only_where_nobody_else_can_reach_it() {
        assert_eq!(check(&with(&[])), Ok(()));
        let local = Value::Text("http://localhost:3000".to_owned());
        assert_eq!(check(&with(&[("server.public_url", local)])), Ok(()));
        let public = (
            "server.public_url",
            Value::Text("https://desk.example.com".to_owned()),
        );
        let error = check(&with(std::slice::from_ref(&public))).unwrap_err();
        assert!(
            error.contains("server.public_url is https://desk.example.com"),
            "{error}"
        );
        assert!(
            error.contains("server.listen is 127.0.0.1:8000, [::1]:8000"),
            "{error}"
        );
        let listen = (
            "server.listen",
            Value::List(vec!["0.0.0.0:8000".to_owned()]),
        );
        let error = check(&with(&[listen, public])).unwrap_err();
        assert!(error.contains("server.listen is 0.0.0.0:8000"), "{error}");
    }

    #[test]
    fn the_instructions_name_the_real_port() {
        let text = instructions("http://127.0.0.1:41234", "frontdesk-data/demo");
        assert!(text.contains("new WebSocket('ws://127.0.0.1:41234/api/v1/ws?token=<VALID_JWT>')"));
        assert!(text.contains("curl -v http://127.0.0.1:41234/ws/status"));
        assert!(text.contains("websocket@test.com   customer"));
        assert!(!text.contains("8000"), "{text}");
    }

    struct Nobody;

    impl engine::Announce for Nobody {
        fn announce(&self, _events: std::sync::Arc<[engine::Event]>) {}
    }

    async fn empty_store(folder: &std::path::Path) -> Store {
        let dir = Value::Text(folder.display().to_string());
        let config = with(&[("data.dir", dir)]);
        Store::open(&config.store_config(), std::sync::Arc::new(Nobody))
            .await
            .unwrap()
    }

    async fn orders_of(store: &Store) -> Vec<protocol::Order> {
        let all = OrderFilter {
            scope: desk::Scope::All,
            status: None,
            customer: None,
        };
        store
            .orders(
                all,
                PageRequest {
                    limit: 200,
                    cursor: None,
                },
            )
            .await
            .unwrap()
            .items
    }

    async fn bookings_of(store: &Store) -> Vec<protocol::Booking> {
        let all = BookingFilter {
            scope: desk::Scope::All,
            status: None,
            customer: None,
            resource: None,
            from: None,
            to: None,
        };
        let page = PageRequest {
            limit: 200,
            cursor: None,
        };
        store.bookings(all, page).await.unwrap().items
    }

    #[tokio::test]
    async fn filling_twice_gives_the_same_demo() {
        let folder = tempfile::tempdir().unwrap();
        let store = empty_store(folder.path()).await;
        let now = Timestamp(1_700_000_000_000);
        assert!(accounts_left_open(&store).await.unwrap().is_empty());
        assert_eq!(fill(&store, now).await.unwrap(), Filled::Demo);
        let before = orders_of(&store).await;
        assert_eq!(before.len(), ORDERS.len());
        assert!(before.iter().all(|order| order.currency == "EUR"));
        let booked = bookings_of(&store).await;
        assert_eq!(booked.len(), BOOKINGS.len());
        assert!(booked.iter().all(|booking| booking.starts_at > now));
        let later = Timestamp(now.0 + 3_600_000);
        assert_eq!(fill(&store, later).await.unwrap(), Filled::Demo);
        assert_eq!(orders_of(&store).await, before);
        let wanda = store
            .credentials(ACCOUNTS[0].0)
            .await
            .unwrap()
            .unwrap()
            .user;
        let all = PageRequest {
            limit: 200,
            cursor: None,
        };
        let notifications = store
            .notifications(wanda.id, Some(true), all)
            .await
            .unwrap();
        assert_eq!(notifications.items.len(), NOTIFICATIONS.len());
        assert_eq!(bookings_of(&store).await, booked);
        assert_eq!(
            accounts_left_open(&store).await.unwrap().len(),
            ACCOUNTS.len()
        );
        store.close().await;
    }

    #[tokio::test]
    async fn a_store_with_accounts_of_its_own_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = empty_store(folder.path()).await;
        let now = Timestamp(1_700_000_000_000);
        let own = CreateUser {
            id: UserId::new(),
            email: "someone@example.com".to_owned(),
            name: "Someone".to_owned(),
            role: Role::Admin,
            password_hash: "none".to_owned(),
            now,
        };
        store.write(own).await.unwrap();
        assert_eq!(fill(&store, now).await.unwrap(), Filled::LeftAsItIs);
        assert!(orders_of(&store).await.is_empty());
        store.close().await;
    }
}
