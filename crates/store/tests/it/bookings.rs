//! Bookings: who may make, see and move them, what is told, and that no two live ones of a
//! resource ever overlap.

use desk::{Actor, Scope};
use protocol::{
    Booking, BookingData, BookingId, BookingStatus, ChannelName, ErrorCode, EventName, Person,
    Resource, ResourceId, ResourceName, Role, User, UserId,
};
use store::{
    BookingFilter, ChangeBooking, ChangeResource, CreateBooking, CreateResource, PageRequest,
};

use crate::harness::{Node, Place, actor, at, invalid_fields, refused, refused_with};

contract! {
    a_booking_is_told_to_both_sides,
    what_a_booking_may_be_is_checked,
    only_staff_book_for_others,
    live_bookings_of_a_resource_never_overlap,
    the_database_itself_refuses_an_overlap,
    exactly_the_live_statuses_take_up_a_resource,
    a_booking_that_moves_into_another_is_refused,
    a_refused_overlap_hurts_no_neighbour_of_its_group,
    of_many_at_once_on_two_nodes_one_wins,
    moves_that_cross_on_two_nodes_end_and_keep_apart,
    bookings_are_listed_newest_first,
    a_list_is_narrowed_by_every_filter,
    staff_walk_a_booking_to_its_end,
    a_stale_change_gets_the_current_booking,
    the_booking_of_someone_else_is_hidden,
    a_customer_changes_the_note_and_cancels,
    what_changes_nothing_tells_nothing,
    a_resource_that_became_smaller_keeps_its_bookings,
}

const HOUR: i64 = 3_600_000;

fn new_booking(customer: &User, resource: &Resource, hours: (i64, i64)) -> CreateBooking {
    CreateBooking {
        actor: actor(customer),
        id: BookingId::new(),
        customer: customer.id,
        resource: resource.id,
        starts_at: at(hours.0 * HOUR),
        ends_at: at(hours.1 * HOUR),
        party_size: 2,
        note: String::new(),
        now: at(0),
    }
}

fn change(by: &User, booking: &Booking) -> ChangeBooking {
    ChangeBooking {
        actor: actor(by),
        id: booking.id,
        version: booking.version,
        status: None,
        starts_at: None,
        ends_at: None,
        party_size: None,
        note: None,
        now: at(50),
    }
}

fn everything() -> BookingFilter {
    BookingFilter {
        scope: Scope::All,
        status: None,
        customer: None,
        resource: None,
        from: None,
        to: None,
    }
}

impl Node {
    async fn resource(&self, name: &str) -> Resource {
        let create = CreateResource {
            actor: Actor {
                id: UserId::new(),
                role: Role::Admin,
            },
            id: ResourceId::new(),
            name: name.to_owned(),
            kind: "table".to_owned(),
            capacity: 4,
            now: at(0),
        };
        self.store.write(create).await.unwrap()
    }

    async fn booking(&self, customer: &User, resource: &Resource, hours: (i64, i64)) -> Booking {
        let create = new_booking(customer, resource, hours);
        self.store.write(create).await.unwrap()
    }

    async fn set_status(&self, by: &User, booking: &Booking, status: BookingStatus) -> Booking {
        let change = ChangeBooking {
            status: Some(status),
            ..change(by, booking)
        };
        self.store.write(change).await.unwrap()
    }
}

async fn a_booking_is_told_to_both_sides(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let table = node.resource("round table").await;
    let create = CreateBooking {
        note: "a birthday\n🎂".to_owned(),
        now: at(7),
        ..new_booking(&ana, &table, (1, 2))
    };
    let booking = node.store.write(create.clone()).await.unwrap();
    let expected = Booking {
        id: create.id,
        customer: Person {
            id: ana.id,
            name: "ana".to_owned(),
        },
        resource: ResourceName {
            id: table.id,
            name: "round table".to_owned(),
        },
        starts_at: at(HOUR),
        ends_at: at(2 * HOUR),
        party_size: 2,
        status: BookingStatus::Requested,
        note: "a birthday\n🎂".to_owned(),
        version: 1,
        created_at: at(7),
        updated_at: at(7),
    };
    assert_eq!(booking, expected);
    let read = node.store.booking(booking.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&expected));
    assert_eq!(node.store.booking(BookingId::new()).await.unwrap(), None);

    let told = node.told.all();
    let channels: Vec<_> = told.iter().map(|event| event.channel.clone()).collect();
    assert_eq!(channels, [ChannelName::staff(), ChannelName::user(ana.id)]);
    assert_eq!(told[0].id, told[1].id);
    for event in &told {
        assert_eq!((event.offset, event.name), (1, EventName::BookingCreated));
        let data: BookingData = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data.booking, expected);
    }

    // A booking shows what its resource is called today.
    let rename = ChangeResource {
        actor: Actor {
            id: ana.id,
            role: Role::Admin,
        },
        id: table.id,
        version: 1,
        name: Some("square table".to_owned()),
        kind: None,
        capacity: None,
        now: at(8),
    };
    node.store.write(rename).await.unwrap();
    let read = node.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!(read.resource.name, "square table");
    assert_eq!(read.version, 1);
}

async fn what_a_booking_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let table = node.resource("table").await;
    let valid = new_booking(&ana, &table, (1, 2));
    let slot = |starts: i64, ends: i64| CreateBooking {
        starts_at: at(starts),
        ends_at: at(ends),
        ..valid.clone()
    };
    let party = |party_size: i64| CreateBooking {
        party_size,
        ..valid.clone()
    };
    let note = |note: &str| CreateBooking {
        note: note.to_owned(),
        ..valid.clone()
    };
    let nowhere = CreateBooking {
        resource: ResourceId::new(),
        ..valid.clone()
    };
    let all_wrong = CreateBooking {
        resource: ResourceId::new(),
        note: "\0".to_owned(),
        party_size: 0,
        ..slot(2, 1)
    };
    const MONTH: i64 = 31 * 24 * HOUR;
    let refusals = [
        (slot(1, 1), vec!["/ends_at"]),
        (slot(2, 1), vec!["/ends_at"]),
        (slot(0, MONTH + 1), vec!["/ends_at"]),
        (slot(-at(0).0 - 1, 1 - at(0).0), vec!["/starts_at"]),
        (slot(i64::MAX - at(0).0, i64::MIN), vec!["/ends_at"]),
        (
            slot(i64::MIN, i64::MAX - at(0).0),
            vec!["/starts_at", "/ends_at"],
        ),
        (party(0), vec!["/party_size"]),
        (party(5), vec!["/party_size"]),
        (party(i64::MIN), vec!["/party_size"]),
        (nowhere, vec!["/resource_id"]),
        (note("a\0b"), vec!["/note"]),
        (note(&"x".repeat(2_001)), vec!["/note"]),
        (
            all_wrong,
            vec!["/resource_id", "/ends_at", "/party_size", "/note"],
        ),
    ];
    for (create, fields) in refusals {
        let shown = format!("{create:?}");
        let refused = node.store.write(create).await;
        assert_eq!(invalid_fields(refused), fields, "{shown}");
    }
    assert_eq!(place.count("bookings").await, 0);
    assert_eq!(node.told.all(), []);
    node.store.write(slot(0, MONTH)).await.unwrap();
    let largest = CreateBooking {
        id: BookingId::new(),
        party_size: 4,
        note: "🦀".repeat(2_000),
        ..slot(MONTH, MONTH + 1)
    };
    node.store.write(largest).await.unwrap();
}

async fn only_staff_book_for_others(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    let table = node.resource("table").await;
    let for_ben = |by: &User| CreateBooking {
        actor: actor(by),
        ..new_booking(&ben, &table, (1, 2))
    };
    refused_with(node.store.write(for_ben(&ana)).await, ErrorCode::Forbidden);
    let booking = node.store.write(for_ben(&staff)).await.unwrap();
    assert_eq!(booking.customer.id, ben.id);
    for nobody in [admin.id, UserId::new()] {
        let create = CreateBooking {
            customer: nobody,
            ..for_ben(&staff)
        };
        let fields = invalid_fields(node.store.write(create).await);
        assert_eq!(fields, ["/customer_id"]);
    }
    node.booking(&staff, &table, (2, 3)).await;
}

async fn live_bookings_of_a_resource_never_overlap(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let table = node.resource("round table").await;
    let other = node.resource("other table").await;
    let first = node.booking(&ana, &table, (10, 12)).await;
    for hours in [(10, 12), (11, 13), (9, 11), (9, 13), (11, 12), (10, 11)] {
        let create = new_booking(&ben, &table, hours);
        let problem = refused(node.store.write(create.clone()).await);
        assert_eq!(problem.code, ErrorCode::BookingConflict, "{hours:?}");
        let expected = format!(
            "round table is already booked for some of the time from {} to {}",
            create.starts_at, create.ends_at
        );
        assert_eq!(problem.detail, expected, "it tells nothing of the other");
        assert!(problem.members.is_empty() && problem.errors.is_empty());
    }
    // By one millisecond.
    let touching = |starts: i64, ends: i64| CreateBooking {
        id: BookingId::new(),
        starts_at: at(starts),
        ends_at: at(ends),
        ..new_booking(&ben, &table, (0, 1))
    };
    for create in [
        touching(12 * HOUR - 1, 12 * HOUR),
        touching(9 * HOUR, 10 * HOUR + 1),
    ] {
        refused_with(node.store.write(create).await, ErrorCode::BookingConflict);
    }
    assert_eq!(place.count("bookings").await, 1);
    // One may begin when the other ends, and another resource is another matter.
    for hours in [(12, 13), (8, 10)] {
        node.booking(&ben, &table, hours).await;
    }
    node.booking(&ben, &other, (10, 12)).await;
    // What is cancelled is free again.
    node.set_status(&ana, &first, BookingStatus::Cancelled)
        .await;
    let again = node.booking(&ben, &table, (10, 12)).await;
    refused_with(
        node.store.write(new_booking(&ana, &table, (11, 12))).await,
        ErrorCode::BookingConflict,
    );
    assert_eq!(node.told.on(&ChannelName::staff()).len(), 6);
    assert_eq!(again.version, 1);
}

/// Also when someone writes past the store.
async fn the_database_itself_refuses_an_overlap(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let table = node.resource("table").await;
    let booking = node.booking(&ana, &table, (1, 3)).await;
    let later = node.booking(&ana, &table, (3, 4)).await;
    let copy = |id: &str, status: &str, starts: i64, ends: i64| {
        format!(
            "INSERT INTO bookings SELECT '{id}', customer_id, resource_id, {starts}, {ends}, \
             party_size, '{status}', note, version, created_at, updated_at \
             FROM bookings WHERE id = '{}'",
            booking.id
        )
    };
    let moved = |starts: i64| {
        format!(
            "UPDATE bookings SET starts_at = {starts} WHERE id = '{}'",
            later.id
        )
    };
    let (two, three) = (at(2 * HOUR).0, at(3 * HOUR).0);
    for sql in [
        copy("x", "confirmed", two, three),
        copy("x", "arrived", two, two + 1),
        copy("x", "cancelled", two, two),
        copy("x", "cancelled", three, two),
        moved(three - 1),
    ] {
        let mut raw = place.connect().await;
        assert!(raw.fails(&sql).await, "{sql}");
    }
    place.sql(&copy("x", "cancelled", two, three)).await;
    let raised = "UPDATE bookings SET status = 'requested' WHERE id = 'x'";
    assert!(place.connect().await.fails(raised).await, "{raised}");
    place.sql(&moved(three + 1)).await;
    place.sql(&copy("y", "requested", three, three + 1)).await;
}

async fn exactly_the_live_statuses_take_up_a_resource(place: Place) {
    use BookingStatus::{Arrived, Cancelled, Completed, Confirmed, Declined, NoShow, Requested};
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    for (index, status) in (0..).zip(BookingStatus::ALL) {
        let way: &[BookingStatus] = match status {
            Requested => &[],
            Confirmed => &[Confirmed],
            Arrived => &[Confirmed, Arrived],
            Completed => &[Confirmed, Arrived, Completed],
            Declined => &[Declined],
            Cancelled => &[Cancelled],
            NoShow => &[Confirmed, NoShow],
        };
        let hours = (index, index + 1);
        let mut booking = node.booking(&ana, &table, hours).await;
        for step in way {
            booking = node.set_status(&staff, &booking, *step).await;
        }
        assert_eq!(booking.status, *status);
        let second = node.store.write(new_booking(&ana, &table, hours)).await;
        if desk::booking::LIVE.contains(status) {
            refused_with(second, ErrorCode::BookingConflict);
        } else {
            second.unwrap();
        }
    }
}

async fn a_booking_that_moves_into_another_is_refused(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    node.booking(&ana, &table, (1, 2)).await;
    let booking = node.booking(&ana, &table, (2, 3)).await;
    let before = node.told.all().len();
    let move_to = |booking: &Booking, hours: (i64, i64)| ChangeBooking {
        starts_at: Some(at(hours.0 * HOUR)),
        ends_at: Some(at(hours.1 * HOUR)),
        ..change(&staff, booking)
    };
    for hours in [(1, 2), (1, 3), (0, 4)] {
        let refused = node.store.write(move_to(&booking, hours)).await;
        refused_with(refused, ErrorCode::BookingConflict);
    }
    let read = node.store.booking(booking.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&booking), "a refusal changes nothing");
    assert_eq!(node.told.all().len(), before);
    // Into its own old time, and anywhere that is free.
    let longer = ChangeBooking {
        ends_at: Some(at(5 * HOUR)),
        party_size: Some(4),
        ..change(&staff, &booking)
    };
    let booking = node.store.write(longer).await.unwrap();
    assert_eq!((booking.party_size, booking.version), (4, 2));
    let booking = node.store.write(move_to(&booking, (3, 6))).await.unwrap();
    let told = node.told.all().pop().unwrap();
    assert_eq!(told.name, EventName::BookingUpdated);
    let data: BookingData = serde_json::from_str(&told.data).unwrap();
    assert_eq!(data.booking, booking);
    node.booking(&ana, &table, (2, 3)).await;
    // A move is checked like a new booking.
    for (hours, fields) in [((6, 6), ["/ends_at"]), ((7, 6), ["/ends_at"])] {
        let refused = node.store.write(move_to(&booking, hours)).await;
        assert_eq!(invalid_fields(refused), fields);
    }
    let crowd = ChangeBooking {
        party_size: Some(5),
        ..change(&staff, &booking)
    };
    let fields = invalid_fields(node.store.write(crowd).await);
    assert_eq!(fields, ["/party_size"]);
    // What is over may be corrected, wherever others are now.
    let gone = node
        .set_status(&staff, &booking, BookingStatus::Cancelled)
        .await;
    node.store.write(move_to(&gone, (1, 2))).await.unwrap();
}

async fn a_refused_overlap_hurts_no_neighbour_of_its_group(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let table = node.resource("table").await;
    let writes = (0..40).map(|index| {
        let hours = (index / 2, index / 2 + 1);
        node.store.write(new_booking(&ana, &table, hours))
    });
    let results = futures_util::future::join_all(writes).await;
    for pair in results.chunks(2) {
        assert_eq!(pair.iter().filter(|result| result.is_ok()).count(), 1);
        let lost = pair.iter().find(|result| result.is_err()).unwrap();
        refused_with(lost.clone(), ErrorCode::BookingConflict);
    }
    assert_eq!(place.count("bookings").await, 20);
    assert_eq!(node.told.on(&ChannelName::staff()).len(), 20);
    assert_eq!(node.page(&ChannelName::staff(), 0).await.head, 20);
}

async fn of_many_at_once_on_two_nodes_one_wins(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let ana = nodes[0].user("ana", Role::Customer).await;
    let ben = nodes[0].user("ben", Role::Customer).await;
    let table = nodes[0].resource("table").await;
    let writes = (0..50).map(|index| {
        let customer = if index % 3 == 0 { &ana } else { &ben };
        // All of them overlap in the minutes around the sixth hour.
        let hours = (index % 6, 7 + index % 5);
        let create = new_booking(customer, &table, hours);
        nodes[index as usize % 2].store.write(create)
    });
    let results = futures_util::future::join_all(writes).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for lost in lost {
        refused_with(lost, ErrorCode::BookingConflict);
    }
    assert_eq!(place.count("bookings").await, 1);
    let told: Vec<_> = nodes.iter().flat_map(|node| node.told.all()).collect();
    assert_eq!(told.len(), 2, "one event, on two channels");
}

/// Two nodes move bookings of two resources back and forth; now and then they stand in each
/// other's way, and nobody hears of it.
async fn moves_that_cross_on_two_nodes_end_and_keep_apart(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let staff = nodes[0].user("staff", Role::Staff).await;
    let mut bookings = Vec::new();
    for name in ["one", "other"] {
        let table = nodes[0].resource(name).await;
        for index in 0..3 {
            let hours = (index * 2, index * 2 + 1);
            bookings.push(nodes[0].booking(&staff, &table, hours).await.id);
        }
    }
    let tasks = (0..8_usize).map(|task| {
        let store = nodes[task % 2].store.clone();
        let (staff, bookings) = (staff.clone(), bookings.clone());
        tokio::spawn(async move {
            for round in 0..8 {
                let id = bookings[(task * 5 + round * 7) % bookings.len()];
                let seen = store.booking(id).await.unwrap().unwrap();
                let hour = i64::try_from((task + round) % 6).unwrap();
                let move_it = ChangeBooking {
                    starts_at: Some(at(hour * HOUR)),
                    ends_at: Some(at((hour + 1) * HOUR)),
                    ..change(&staff, &seen)
                };
                if let Err(error) = store.write(move_it).await {
                    let problem = refused::<()>(Err(error));
                    let expected = [ErrorCode::StaleVersion, ErrorCode::BookingConflict];
                    assert!(expected.contains(&problem.code), "{problem:?}");
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let first = PageRequest {
        limit: 200,
        cursor: None,
    };
    let page = nodes[0].store.bookings(everything(), first).await.unwrap();
    let mut slots: Vec<_> = page
        .items
        .iter()
        .map(|booking| (booking.resource.id, booking.starts_at, booking.ends_at))
        .collect();
    slots.sort_unstable();
    assert_eq!(slots.len(), 6);
    for pair in slots.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "{pair:?}");
    }
}

async fn all_pages(node: &Node, filter: BookingFilter, limit: u32) -> Vec<Booking> {
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit, cursor };
        let page = node.store.bookings(filter, page).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        seen.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return seen;
        }
    }
}

async fn bookings_are_listed_newest_first(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let table = node.resource("table").await;
    let mut made = Vec::new();
    for index in 0..7_usize {
        let customer = if index == 3 { &ben } else { &ana };
        let hour = i64::try_from(index * 3 % 7).unwrap();
        let create = CreateBooking {
            now: at([1, 2, 2, 2, 5, 4, 3][index]),
            ..new_booking(customer, &table, (hour, hour + 1))
        };
        made.push(node.store.write(create).await.unwrap());
    }
    made.sort_by_key(|booking| std::cmp::Reverse((booking.created_at, booking.id)));
    for limit in [1, 2, 7, 200] {
        assert_eq!(all_pages(&node, everything(), limit).await, made);
    }
    made.retain(|booking| booking.customer.id == ana.id);
    let own = BookingFilter {
        scope: Scope::Own(ana.id),
        ..everything()
    };
    assert_eq!(all_pages(&node, own, 2).await, made);
}

async fn a_list_is_narrowed_by_every_filter(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    let room = node.resource("room").await;
    let early = node.booking(&ana, &table, (1, 3)).await;
    let late = node.booking(&ben, &table, (3, 5)).await;
    let inside = node.booking(&ana, &room, (2, 4)).await;
    let late = node
        .set_status(&staff, &late, BookingStatus::Confirmed)
        .await;
    let all = everything();
    let hour = |hour: i64| Some(at(hour * HOUR));
    let span = |from: Option<i64>, to: Option<i64>| BookingFilter {
        from: from.and_then(hour),
        to: to.and_then(hour),
        ..all
    };
    let cases = [
        (all, vec![&inside, &late, &early]),
        (
            BookingFilter {
                status: Some(BookingStatus::Confirmed),
                ..all
            },
            vec![&late],
        ),
        (
            BookingFilter {
                customer: Some(ana.id),
                ..all
            },
            vec![&inside, &early],
        ),
        (
            BookingFilter {
                customer: Some(ana.id),
                scope: Scope::Own(ben.id),
                ..all
            },
            vec![],
        ),
        (
            BookingFilter {
                resource: Some(table.id),
                ..all
            },
            vec![&late, &early],
        ),
        (
            BookingFilter {
                resource: Some(ResourceId::new()),
                ..all
            },
            vec![],
        ),
        // A booking that ends or begins at the edge is outside.
        (span(Some(3), None), vec![&inside, &late]),
        (span(Some(4), None), vec![&late]),
        (span(Some(5), None), vec![]),
        (span(None, Some(1)), vec![]),
        (span(None, Some(2)), vec![&early]),
        (span(None, Some(3)), vec![&inside, &early]),
        (span(Some(3), Some(4)), vec![&inside, &late]),
        (span(Some(0), Some(9)), vec![&inside, &late, &early]),
        (
            BookingFilter {
                customer: Some(ana.id),
                resource: Some(table.id),
                status: Some(BookingStatus::Requested),
                ..span(Some(2), Some(3))
            },
            vec![&early],
        ),
    ];
    for (filter, expected) in cases {
        for limit in [1, 50] {
            let mut seen = all_pages(&node, filter, limit).await;
            // All were made in the same millisecond, so their ids tell which was later.
            seen.sort_by_key(|booking| std::cmp::Reverse(booking.id));
            let mut expected: Vec<_> = expected.iter().map(|booking| (*booking).clone()).collect();
            expected.sort_by_key(|booking| std::cmp::Reverse(booking.id));
            assert_eq!(seen, expected, "{filter:?}");
        }
    }
}

async fn staff_walk_a_booking_to_its_end(place: Place) {
    use BookingStatus::{Arrived, Completed, Confirmed, Requested};
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    let mut booking = node.booking(&ana, &table, (1, 2)).await;
    for status in [Confirmed, Arrived, Completed] {
        let after = node.set_status(&staff, &booking, status).await;
        let expected = Booking {
            status,
            version: booking.version + 1,
            updated_at: at(50),
            ..booking
        };
        assert_eq!(after, expected);
        booking = after;
    }
    let read = node.store.booking(booking.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&booking));
    let back = ChangeBooking {
        status: Some(Requested),
        ..change(&staff, &booking)
    };
    let problem = refused(node.store.write(back).await);
    assert_eq!(problem.code, ErrorCode::InvalidTransition);
    assert_eq!(problem.members["allowed"], serde_json::json!([]));
    let events = node.told.on(&ChannelName::user(ana.id));
    assert_eq!(events.len(), 4);
    let data: BookingData = serde_json::from_str(&events[3].data).unwrap();
    assert_eq!(data.booking, booking);
}

async fn a_stale_change_gets_the_current_booking(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    let seen = node.booking(&ana, &table, (1, 2)).await;
    let current = node
        .set_status(&staff, &seen, BookingStatus::Confirmed)
        .await;
    let cancel = ChangeBooking {
        status: Some(BookingStatus::Cancelled),
        ..change(&ana, &seen)
    };
    let problem = refused(node.store.write(cancel).await);
    assert_eq!(problem.code, ErrorCode::StaleVersion);
    let shown = serde_json::to_value(&current).unwrap();
    assert_eq!(problem.members["current"], shown);
    assert_eq!(node.store.booking(seen.id).await.unwrap(), Some(current));
}

async fn the_booking_of_someone_else_is_hidden(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let eve = node.user("eve", Role::Customer).await;
    let table = node.resource("table").await;
    let booking = node.booking(&ana, &table, (1, 2)).await;
    let theirs = ChangeBooking {
        version: 99,
        starts_at: Some(at(7)),
        status: Some(BookingStatus::Cancelled),
        ..change(&eve, &booking)
    };
    let missing = ChangeBooking {
        id: BookingId::new(),
        ..theirs.clone()
    };
    let hidden = refused(node.store.write(theirs).await);
    assert_eq!(hidden, refused(node.store.write(missing).await));
    assert_eq!(hidden.code, ErrorCode::NotFound);
    let read = node.store.booking(booking.id).await.unwrap();
    assert_eq!(read, Some(booking));
}

async fn a_customer_changes_the_note_and_cancels(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let table = node.resource("table").await;
    let booking = node.booking(&ana, &table, (1, 2)).await;
    let note = ChangeBooking {
        note: Some("a high chair".to_owned()),
        ..change(&ana, &booking)
    };
    let booking = node.store.write(note).await.unwrap();
    assert_eq!((&*booking.note, booking.version), ("a high chair", 2));
    let changes = [
        ChangeBooking {
            starts_at: Some(booking.starts_at),
            ..change(&ana, &booking)
        },
        ChangeBooking {
            ends_at: Some(at(5 * HOUR)),
            ..change(&ana, &booking)
        },
        ChangeBooking {
            party_size: Some(3),
            note: Some("with it".to_owned()),
            ..change(&ana, &booking)
        },
    ];
    for change in changes {
        refused_with(node.store.write(change).await, ErrorCode::Forbidden);
    }
    let confirm = ChangeBooking {
        status: Some(BookingStatus::Confirmed),
        ..change(&ana, &booking)
    };
    let problem = refused(node.store.write(confirm).await);
    assert_eq!(problem.code, ErrorCode::InvalidTransition);
    assert_eq!(problem.members["allowed"], serde_json::json!(["cancelled"]));
    let read = node.store.booking(booking.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&booking));
    let cancelled = node
        .set_status(&ana, &booking, BookingStatus::Cancelled)
        .await;
    assert_eq!(cancelled.status, BookingStatus::Cancelled);
}

async fn what_changes_nothing_tells_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    let booking = node.booking(&ana, &table, (1, 2)).await;
    let told = node.told.all().len();
    let same = ChangeBooking {
        status: Some(booking.status),
        starts_at: Some(booking.starts_at),
        ends_at: Some(booking.ends_at),
        party_size: Some(booking.party_size),
        note: Some(booking.note.clone()),
        ..change(&staff, &booking)
    };
    assert_eq!(node.store.write(same).await.unwrap(), booking);
    assert_eq!(node.told.all().len(), told);
}

async fn a_resource_that_became_smaller_keeps_its_bookings(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let table = node.resource("table").await;
    let booking = node.booking(&ana, &table, (1, 2)).await;
    let smaller = ChangeResource {
        actor: Actor {
            id: staff.id,
            role: Role::Admin,
        },
        id: table.id,
        version: 1,
        name: None,
        kind: None,
        capacity: Some(1),
        now: at(1),
    };
    node.store.write(smaller).await.unwrap();
    let booking = node
        .set_status(&staff, &booking, BookingStatus::Confirmed)
        .await;
    assert_eq!(booking.party_size, 2);
    let later = ChangeBooking {
        ends_at: Some(at(3 * HOUR)),
        ..change(&staff, &booking)
    };
    let fields = invalid_fields(node.store.write(later).await);
    assert_eq!(fields, ["/party_size"]);
}
