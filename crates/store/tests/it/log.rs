//! The event log: offsets, pages, retention.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::{EventLog as _, PageLimits};
use protocol::{ChannelName, Item, Role, User, UserId};

use crate::harness::{Node, Place, new_order};

contract! {
    offsets_are_dense_and_in_the_order_of_commits,
    an_empty_channel_has_a_page_too,
    a_page_goes_on_from_a_position,
    a_page_ends_at_its_limits,
    heads_come_in_the_order_asked,
    only_the_newest_events_are_kept,
    only_young_events_are_kept,
    a_clock_that_was_turned_back_leaves_no_hole,
    forgetting_changes_nothing_that_could_be_read,
    forgetting_does_not_read_what_is_kept,
    the_epoch_survives_a_restart,
    sessions_that_ended_long_ago_are_forgotten,
}

const NO_LIMIT: PageLimits = PageLimits {
    events: 100_000,
    bytes: usize::MAX,
};

async fn orders(node: &Node, count: usize) -> (User, ChannelName) {
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    for _ in 0..count {
        node.order(&ana, &soup).await;
    }
    let channel = ChannelName::user(ana.id);
    (ana, channel)
}

fn offsets(events: &[engine::Event]) -> Vec<u64> {
    events.iter().map(|event| event.offset).collect()
}

async fn offsets_are_dense_and_in_the_order_of_commits(place: Place) {
    write_at_once_from_four_nodes(&place, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_are_dense_although_postgres_inserts_slowly() {
    let place = Place::postgres();
    place.open().await.store.close().await;
    place
        .sql(
            "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN PERFORM pg_sleep(random() * 0.05); RETURN NEW; END $$; \
             CREATE TRIGGER doze BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION doze();",
        )
        .await;
    write_at_once_from_four_nodes(&place, 2).await;
}

/// 32 writers on four nodes, each with orders of its own customer, all of them told to staff.
/// Meanwhile someone reads. An offset that is given before its turn to commit would show as a hole
/// at one of these moments.
async fn write_at_once_from_four_nodes(place: &Place, orders_each: usize) {
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(place.open().await);
    }
    let soup = nodes[0].item("soup", 450).await;
    let mut customers = Vec::new();
    for index in 0..32 {
        customers.push(nodes[0].user(&format!("u{index}"), Role::Customer).await);
    }
    let done = Arc::new(AtomicBool::new(false));
    let watcher = tokio::spawn(watch(nodes[3].store.event_log(), Arc::clone(&done)));
    let writers: Vec<_> = customers
        .iter()
        .enumerate()
        .map(|(index, customer)| {
            let store = nodes[index % 4].store.clone();
            let (customer, soup): (User, Item) = (customer.clone(), soup.clone());
            tokio::spawn(async move {
                for _ in 0..orders_each {
                    store.write(new_order(&customer, &soup)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Release);
    let looks = watcher.await.unwrap();
    assert!(looks > 1, "the reader looked {looks} times");

    let all = 32 * orders_each;
    let staff = nodes[0].page(&ChannelName::staff(), 0).await;
    assert_eq!(staff.head, all as u64);
    assert_eq!(offsets(&staff.events), (1..=all as u64).collect::<Vec<_>>());
    for customer in &customers {
        let page = nodes[0].page(&ChannelName::user(customer.id), 0).await;
        assert_eq!(
            offsets(&page.events),
            (1..=orders_each as u64).collect::<Vec<_>>()
        );
    }
    // Each node announced what it committed, all of it, once, and of each channel in order.
    let mut told = Vec::new();
    for node in &nodes {
        let of_node = node.told.on(&ChannelName::staff());
        assert!(!of_node.is_empty());
        assert!(of_node.is_sorted_by(|a, b| a.offset < b.offset));
        told.extend(of_node);
    }
    told.sort_by_key(|event| event.offset);
    assert_eq!(told, staff.events);
}

async fn watch(log: store::EventLogReader, done: Arc<AtomicBool>) -> usize {
    let mut looks = 0;
    let mut seen = Vec::new();
    while !done.load(Ordering::Acquire) {
        let page = log.page(&ChannelName::staff(), 0, NO_LIMIT).await.unwrap();
        let ids: Vec<_> = page.events.iter().map(|event| event.id).collect();
        assert_eq!(offsets(&page.events), (1..=page.head).collect::<Vec<_>>());
        assert!(ids.starts_with(&seen), "what was read has changed");
        if ids.len() > seen.len() {
            looks += 1;
        }
        seen = ids;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    looks
}

async fn an_empty_channel_has_a_page_too(place: Place) {
    let node = place.open().await;
    let channel = ChannelName::user(UserId::new());
    for after in [0, 5, u64::MAX] {
        let page = node.page(&channel, after).await;
        assert_eq!((page.head, page.oldest, page.id_at_position), (0, 1, None));
        assert_eq!(page.events, []);
        assert_eq!(page.epoch, node.store.epoch().await.unwrap());
    }
}

async fn a_page_goes_on_from_a_position(place: Place) {
    let node = place.open().await;
    let (_, channel) = orders(&node, 5).await;
    let whole = node.page(&channel, 0).await;
    assert_eq!(
        (whole.head, whole.oldest, whole.id_at_position),
        (5, 1, None)
    );
    assert_eq!(whole.events, node.told.on(&channel));
    let rest = node.page(&channel, 3).await;
    assert_eq!(offsets(&rest.events), [4, 5]);
    assert_eq!(rest.id_at_position, Some(whole.events[2].id));
    let live = node.page(&channel, 5).await;
    assert_eq!(
        (live.events, live.id_at_position),
        (vec![], Some(whole.events[4].id))
    );
    let beyond = node.page(&channel, 6).await;
    assert_eq!(
        (beyond.head, beyond.events, beyond.id_at_position),
        (5, vec![], None)
    );
}

async fn a_page_ends_at_its_limits(place: Place) {
    let node = place.open().await;
    let (_, channel) = orders(&node, 5).await;
    let log = node.store.event_log();
    let bytes = node.page(&channel, 0).await.events[0].data.len();
    let read = async |after, events, bytes| {
        let page = log
            .page(&channel, after, PageLimits { events, bytes })
            .await
            .unwrap();
        offsets(&page.events)
    };
    assert_eq!(read(0, 2, usize::MAX).await, [1, 2]);
    assert_eq!(read(2, 2, usize::MAX).await, [3, 4]);
    // The bytes are passed by one event at most, and one event always comes.
    assert_eq!(read(0, 100, 1).await, [1]);
    assert_eq!(read(0, 100, bytes).await, [1]);
    assert_eq!(read(0, 100, bytes + 1).await, [1, 2]);
    assert_eq!(read(0, 0, 0).await, [1]);
    assert_eq!(read(4, 100, 0).await, [5]);
}

async fn heads_come_in_the_order_asked(place: Place) {
    let node = place.open().await;
    let (_, channel) = orders(&node, 3).await;
    let empty = ChannelName::user(UserId::new());
    let asked = [empty, ChannelName::staff(), channel.clone(), channel];
    let heads = node.store.event_log().heads(&asked).await.unwrap();
    assert_eq!(heads.heads, [0, 3, 3, 3]);
    assert_eq!(heads.epoch, node.store.epoch().await.unwrap());
    let none = node.store.event_log().heads(&[]).await.unwrap();
    assert_eq!((none.epoch, none.heads), (heads.epoch, vec![]));
}

async fn only_the_newest_events_are_kept(mut place: Place) {
    place.config.keep_events = 3;
    let node = place.open().await;
    let (_, channel) = orders(&node, 5).await;
    let all = node.told.on(&channel);
    // The rows are still there; they just do not count.
    assert_eq!(place.count("events WHERE channel <> 'staff'").await, 5);
    for after in [0, 1] {
        let page = node.page(&channel, after).await;
        assert_eq!((page.head, page.oldest, page.id_at_position), (5, 3, None));
        assert_eq!(page.events, all[2..]);
    }
    assert_eq!(node.page(&channel, 2).await.id_at_position, None);
    let page = node.page(&channel, 3).await;
    assert_eq!(
        (offsets(&page.events), page.id_at_position),
        (vec![4, 5], Some(all[2].id))
    );
}

/// Milliseconds since 1970, as the store sees them.
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .try_into()
        .unwrap()
}

const HOUR: i64 = 60 * 60 * 1_000;

async fn only_young_events_are_kept(mut place: Place) {
    place.config.keep_hours = 1;
    let node = place.open().await;
    let (_, channel) = orders(&node, 4).await;
    let now = now();
    // The second is as old as an event may not be, the third a minute younger.
    place
        .sql(&format!(
            "UPDATE events SET at = {} WHERE event_offset = 1",
            now - 2 * HOUR
        ))
        .await;
    place
        .sql(&format!(
            "UPDATE events SET at = {} WHERE event_offset = 2",
            now - HOUR
        ))
        .await;
    place
        .sql(&format!(
            "UPDATE events SET at = {} WHERE event_offset = 3",
            now - HOUR + 60_000
        ))
        .await;
    let page = node.page(&channel, 0).await;
    assert_eq!(
        (page.head, page.oldest, offsets(&page.events)),
        (4, 3, vec![3, 4])
    );
    assert_eq!(node.page(&channel, 2).await.id_at_position, None);
    assert!(node.page(&channel, 3).await.id_at_position.is_some());
    // When all have gone, the channel goes on where it was.
    place
        .sql(&format!("UPDATE events SET at = {}", now - 2 * HOUR))
        .await;
    let page = node.page(&channel, 0).await;
    assert_eq!((page.head, page.oldest, page.events.len()), (4, 5, 0));
}

async fn a_clock_that_was_turned_back_leaves_no_hole(mut place: Place) {
    place.config.keep_hours = 1;
    let node = place.open().await;
    let (_, channel) = orders(&node, 4).await;
    place
        .sql(&format!(
            "UPDATE events SET at = {} WHERE event_offset = 3",
            now() - 2 * HOUR
        ))
        .await;
    for _ in 0..2 {
        let page = node.page(&channel, 0).await;
        assert_eq!(
            (page.head, page.oldest, offsets(&page.events)),
            (4, 4, vec![4])
        );
        node.store.prune().await.unwrap();
    }
    assert_eq!(place.count("events").await, 2);
}

async fn forgetting_changes_nothing_that_could_be_read(mut place: Place) {
    place.config.keep_events = 7;
    place.config.keep_hours = 1;
    let node = place.open().await;
    let (_, channel) = orders(&node, 10).await;
    // More than one batch of old events in a channel of its own.
    let old = ChannelName::user(UserId::new());
    place
        .sql(&format!(
            "INSERT INTO channels (name, head) VALUES ('{old}', 2501); \
             INSERT INTO events (channel, event_offset, id, name, at, data) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2501) \
             SELECT '{old}', i, '{}', 'order.created', CASE WHEN i > 2499 THEN {} ELSE 0 END, '{{}}' \
             FROM n",
            UserId::new(),
            now()
        ))
        .await;
    let channels = [ChannelName::staff(), channel, old];
    let mut before = Vec::new();
    for channel in &channels {
        before.push(node.page(channel, 0).await);
    }
    assert_eq!((before[1].oldest, before[1].events.len()), (4, 7));
    assert_eq!((before[2].oldest, before[2].events.len()), (2500, 2));
    assert_eq!(node.store.prune().await.unwrap().events, 3 + 3 + 2499);
    for (channel, before) in channels.iter().zip(before) {
        assert_eq!(node.page(channel, 0).await, before);
    }
    assert_eq!(place.count("events").await, 7 + 7 + 2);
    assert_eq!(node.store.prune().await.unwrap(), store::Pruned::default());
}

/// Other changes wait while something is forgotten, so a long channel that is young must cost
/// nothing. Reading it once for each of its events, as a wrong plan does, takes minutes.
async fn forgetting_does_not_read_what_is_kept(place: Place) {
    let node = place.open().await;
    place
        .sql(&format!(
            "INSERT INTO channels (name, head) VALUES ('staff', 10000); \
             INSERT INTO events (channel, event_offset, id, name, at, data) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
             SELECT 'staff', i, '{}', 'order.created', CASE WHEN i > 3 THEN {} ELSE 0 END, '{{}}' \
             FROM n",
            UserId::new(),
            now()
        ))
        .await;
    let pruned = tokio::time::timeout(Duration::from_secs(10), node.store.prune()).await;
    assert_eq!(
        pruned.expect("forgetting takes too long").unwrap().events,
        3
    );
    let limits = PageLimits {
        events: 1,
        bytes: 1,
    };
    let log = node.store.event_log();
    let reading = async {
        for _ in 0..1_000 {
            let page = log
                .page(&ChannelName::staff(), 9_000, limits)
                .await
                .unwrap();
            assert_eq!((page.oldest, page.events[0].offset), (4, 9_001));
        }
    };
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    read.expect("a page takes longer the longer its channel is");
}

async fn the_epoch_survives_a_restart(place: Place) {
    let (one, two) = tokio::join!(place.open(), place.open());
    let epoch = one.store.epoch().await.unwrap();
    assert_eq!(two.store.epoch().await.unwrap(), epoch);
    let (_, channel) = orders(&one, 2).await;
    one.store.close().await;
    two.store.close().await;
    let again = place.open().await;
    assert_eq!(again.store.epoch().await.unwrap(), epoch);
    let page = again.page(&channel, 1).await;
    assert_eq!(
        (page.epoch, page.head, offsets(&page.events)),
        (epoch, 2, vec![2])
    );
}

async fn sessions_that_ended_long_ago_are_forgotten(mut place: Place) {
    place.config.session_idle_hours = 1;
    place.config.session_max_days = 2;
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let now = now();
    let day = 24 * HOUR;
    // Each pair: one is kept for another minute, one goes.
    let rows = [
        (now, now, Some(now - day)),
        (now, now, Some(now - day + 60_000)),
        (now, now - HOUR - day, None),
        (now, now - HOUR - day + 60_000, None),
        (now - 3 * day, now, None),
        (now - 3 * day + 60_000, now, None),
        (now, now, None),
    ];
    for (index, (created_at, last_seen_at, ended_at)) in rows.into_iter().enumerate() {
        let ended_at = ended_at.map_or("NULL".to_owned(), |at| at.to_string());
        let secret = if place.is_sqlite() { "X''" } else { "''" };
        let secret = secret.replace("''", &format!("'{index:02}'"));
        place
            .sql(&format!(
                "INSERT INTO sessions VALUES \
                 ('{index}', '{}', {secret}, '', {created_at}, {last_seen_at}, {ended_at})",
                ana.id
            ))
            .await;
    }
    assert_eq!(node.store.prune().await.unwrap().sessions, 3);
    assert_eq!(
        place
            .count("sessions WHERE id IN ('1', '3', '5', '6')")
            .await,
        4
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_older_copy_is_noticed_by_the_id_at_a_position() {
    let place = Place::sqlite();
    let node = place.open().await;
    let (ana, channel) = orders(&node, 2).await;
    node.store.close().await;
    let backup = place.file().with_extension("backup");
    std::fs::copy(place.file(), &backup).unwrap();

    let node = place.open().await;
    let soup = node.item("bread", 120).await;
    node.order(&ana, &soup).await;
    let third = node.page(&channel, 3).await;
    assert_eq!(third.head, 3);
    node.store.close().await;
    std::fs::copy(&backup, place.file()).unwrap();

    let node = place.open().await;
    assert_eq!(
        node.page(&channel, 3).await.head,
        2,
        "the position is ahead of the head"
    );
    let soup = node.item("bread", 120).await;
    node.order(&ana, &soup).await;
    let other = node.page(&channel, 3).await;
    assert_eq!((other.epoch, other.head), (third.epoch, third.head));
    assert!(other.id_at_position.is_some());
    assert_ne!(other.id_at_position, third.id_at_position);
}
