//! Orders: who may place, see and change them, and what is told.

use desk::field::FIELDS;
use desk::policy::not_found;
use desk::{Action, Actor, Scope};
use protocol::{
    ChannelName, ErrorCode, EventName, ItemId, Order, OrderData, OrderId, OrderLine, OrderStatus,
    Person, Role, User, UserId,
};
use store::{ChangeItem, ChangeOrder, NewLine, OrderFilter, PageRequest, PlaceOrder, WriteError};

use crate::harness::{Node, Place, actor, at, invalid_fields, new_order, refused, refused_with};

contract! {
    an_order_copies_names_and_prices_and_is_told_to_both_sides,
    what_an_order_may_be_is_checked,
    only_staff_write_lines_freely_or_order_for_others,
    staff_order_for_customers_and_for_themselves_only,
    an_item_that_is_not_available_is_refused,
    orders_are_listed_newest_first,
    a_list_is_narrowed_by_status_and_customer,
    staff_walk_an_order_to_its_end,
    a_forbidden_transition_names_the_allowed_ones,
    a_stale_change_gets_the_current_order,
    the_order_of_someone_else_is_hidden,
    a_customer_changes_the_note_and_cancels,
    what_changes_nothing_tells_nothing,
    staff_change_lines_and_known_items_keep_their_price,
    a_field_changes_for_whom_the_table_of_fields_says,
}

fn change(by: &User, order: &Order) -> ChangeOrder {
    ChangeOrder {
        actor: actor(by),
        id: order.id,
        version: order.version,
        status: None,
        note: None,
        lines: None,
        now: at(50),
    }
}

/// The change of one field alone.
fn change_of(field: &str, by: &User, order: &Order) -> ChangeOrder {
    let nothing = change(by, order);
    match field {
        "status" => ChangeOrder {
            status: Some(OrderStatus::Cancelled),
            ..nothing
        },
        "note" => ChangeOrder {
            note: Some("another".to_owned()),
            ..nothing
        },
        "lines" => ChangeOrder {
            lines: Some(vec![free("tip", 100)]),
            ..nothing
        },
        other => panic!("the test does not know the field {other}"),
    }
}

async fn a_field_changes_for_whom_the_table_of_fields_says(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let item = node.item("soup", 450).await;
    let others = [
        node.user("ben", Role::Customer).await,
        node.user("sam", Role::Staff).await,
        node.user("ada", Role::Admin).await,
    ];
    let fields = || FIELDS.iter().filter(|field| field.resource == "order");
    assert_eq!(fields().count(), 3);
    for by in others.iter().chain([&ana]) {
        for field in fields() {
            let order = node.store.write(new_order(&ana, &item)).await.unwrap();
            let object = (field.object)(ana.id);
            let said = desk::decide(&actor(by), Action::Change, object).or_refuse();
            let made = node.store.write(change_of(field.name, by, &order)).await;
            match (said, made) {
                (Ok(()), Ok(after)) => assert_eq!(after.version, 2),
                // Whether the order is anyone's business is asked first.
                (Err(problem), Err(WriteError::Refused(refusal))) => assert!(
                    refusal.code == problem.code || refusal == not_found(),
                    "{} {}: {refusal:?}",
                    by.role,
                    field.name
                ),
                (said, made) => panic!("{} {}: {said:?}, but {made:?}", by.role, field.name),
            }
        }
    }
}

fn free(name: &str, unit_price: i64) -> NewLine {
    NewLine::Free {
        name: name.to_owned(),
        unit_price,
        quantity: 1,
    }
}

fn piece(item_id: ItemId) -> NewLine {
    NewLine::Item {
        item_id,
        quantity: 1,
    }
}

fn everything() -> OrderFilter {
    OrderFilter {
        scope: Scope::All,
        status: None,
        customer: None,
    }
}

async fn an_order_copies_names_and_prices_and_is_told_to_both_sides(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let bread = node.item("bread", 120).await;
    let place_it = PlaceOrder {
        lines: vec![
            NewLine::Item {
                item_id: soup.id,
                quantity: 2,
            },
            NewLine::Item {
                item_id: bread.id,
                quantity: 3,
            },
        ],
        note: "no salt\nplease".to_owned(),
        now: at(7),
        ..new_order(&ana, &soup)
    };
    let order = node.store.write(place_it.clone()).await.unwrap();
    let line = |item: &protocol::Item, quantity| OrderLine {
        item_id: Some(item.id),
        quantity,
        name: item.name.clone(),
        unit_price: item.unit_price,
    };
    let expected = Order {
        id: place_it.id,
        customer: Person {
            id: ana.id,
            name: "ana".to_owned(),
        },
        status: OrderStatus::Placed,
        lines: vec![line(&soup, 2), line(&bread, 3)],
        total: 1_260,
        currency: "EUR".to_owned(),
        note: "no salt\nplease".to_owned(),
        version: 1,
        created_at: at(7),
        updated_at: at(7),
    };
    assert_eq!(order, expected);
    assert_eq!(
        node.store.order(order.id).await.unwrap().as_ref(),
        Some(&expected)
    );
    assert_eq!(node.store.order(OrderId::new()).await.unwrap(), None);

    let told = node.told.all();
    let channels: Vec<_> = told.iter().map(|event| event.channel.clone()).collect();
    assert_eq!(channels, [ChannelName::staff(), ChannelName::user(ana.id)]);
    assert_eq!(told[0].id, told[1].id);
    for event in &told {
        assert_eq!((event.offset, event.name), (1, EventName::OrderCreated));
        let data: OrderData = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data.order, expected);
        assert_eq!(
            &node.page(&event.channel, 0).await.events,
            std::slice::from_ref(event)
        );
    }

    // A later price is not the price of this order.
    let dearer = ChangeItem {
        actor: Actor {
            id: ana.id,
            role: Role::Admin,
        },
        id: soup.id,
        version: 1,
        name: None,
        unit_price: Some(999),
        available: None,
        now: at(8),
    };
    node.store.write(dearer).await.unwrap();
    assert_eq!(node.store.order(order.id).await.unwrap(), Some(expected));
}

async fn what_an_order_may_be_is_checked(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let burger = node.priced_item("burger", 900, "USD").await;
    let order = |lines: Vec<NewLine>| PlaceOrder {
        lines,
        ..new_order(&ana, &soup)
    };
    let by_staff = |lines: Vec<NewLine>| PlaceOrder {
        actor: actor(&staff),
        ..order(lines)
    };
    let many = NewLine::Item {
        item_id: soup.id,
        quantity: 1_001,
    };
    let unknown = piece(ItemId::new());
    let refusals = [
        (order(vec![]), vec!["/lines"]),
        (order(vec![piece(soup.id), many]), vec!["/lines/1/quantity"]),
        (
            order(vec![piece(soup.id), unknown.clone()]),
            vec!["/lines/1/item_id"],
        ),
        (
            order(vec![unknown.clone(), unknown]),
            vec!["/lines/0/item_id", "/lines/1/item_id"],
        ),
        (
            order(vec![piece(soup.id), piece(burger.id)]),
            vec!["/lines/1/item_id"],
        ),
        (
            PlaceOrder {
                currency: Some("USD".to_owned()),
                ..order(vec![piece(soup.id)])
            },
            vec!["/lines/0/item_id"],
        ),
        (
            PlaceOrder {
                note: "a\0b".to_owned(),
                ..order(vec![piece(soup.id)])
            },
            vec!["/note"],
        ),
        (by_staff(vec![free("", 1)]), vec!["/lines/0/name"]),
        (by_staff(vec![free("x", -1)]), vec!["/lines/0/unit_price"]),
        (by_staff(vec![free("x", 1)]), vec!["/currency"]),
        (
            PlaceOrder {
                currency: Some("euro".to_owned()),
                ..by_staff(vec![free("x", 1)])
            },
            vec!["/currency"],
        ),
    ];
    for (order, fields) in refusals {
        let shown = format!("{order:?}");
        assert_eq!(
            invalid_fields(node.store.write(order).await),
            fields,
            "{shown}"
        );
    }
    assert_eq!(place.count("orders").await, 0);
    assert_eq!(node.told.all(), []);
    let euros = PlaceOrder {
        currency: Some("EUR".to_owned()),
        ..by_staff(vec![free("x", 1)])
    };
    assert_eq!(node.store.write(euros).await.unwrap().currency, "EUR");
}

async fn only_staff_write_lines_freely_or_order_for_others(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let freely = PlaceOrder {
        lines: vec![free("advice", 0)],
        ..new_order(&ana, &soup)
    };
    refused_with(node.store.write(freely).await, ErrorCode::Forbidden);
    let for_ben = PlaceOrder {
        customer: ben.id,
        ..new_order(&ana, &soup)
    };
    refused_with(node.store.write(for_ben).await, ErrorCode::Forbidden);
    assert_eq!(place.count("orders").await, 0);
}

async fn staff_order_for_customers_and_for_themselves_only(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    let soup = node.item("soup", 450).await;
    let by_staff = |customer| PlaceOrder {
        actor: actor(&staff),
        customer,
        ..new_order(&ana, &soup)
    };
    let order = node.store.write(by_staff(ana.id)).await.unwrap();
    assert_eq!(order.customer.name, "ana");
    node.store.write(by_staff(staff.id)).await.unwrap();
    for nobody in [admin.id, UserId::new()] {
        let refused = node.store.write(by_staff(nobody)).await;
        assert_eq!(invalid_fields(refused), ["/customer_id"]);
    }
}

async fn an_item_that_is_not_available_is_refused(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let sold_out = ChangeItem {
        actor: Actor {
            id: ana.id,
            role: Role::Admin,
        },
        id: soup.id,
        version: 1,
        name: None,
        unit_price: None,
        available: Some(false),
        now: at(1),
    };
    node.store.write(sold_out).await.unwrap();
    let problem = refused(node.store.write(new_order(&ana, &soup)).await);
    assert_eq!(problem.code, ErrorCode::ItemUnavailable);
    assert_eq!(problem.detail, "soup in line 0 cannot be ordered now");
}

async fn orders_are_listed_newest_first(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let mut made = Vec::new();
    for index in 0..7 {
        let customer = if index == 3 { &ben } else { &ana };
        let order = PlaceOrder {
            now: at([1, 2, 2, 2, 5, 4, 3][index]),
            ..new_order(customer, &soup)
        };
        made.push(node.store.write(order).await.unwrap());
    }
    made.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
    let list = async |filter: OrderFilter| {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = node
                .store
                .orders(filter, PageRequest { limit: 2, cursor })
                .await
                .unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return seen;
            }
        }
    };
    assert_eq!(list(everything()).await, made);
    made.retain(|order| order.customer.id == ana.id);
    let own = OrderFilter {
        scope: Scope::Own(ana.id),
        ..everything()
    };
    assert_eq!(list(own).await, made);
}

async fn a_list_is_narrowed_by_status_and_customer(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let anas = node.order(&ana, &soup).await;
    let accepted = node.order(&ana, &soup).await;
    let accept = ChangeOrder {
        status: Some(OrderStatus::Accepted),
        ..change(&staff, &accepted)
    };
    node.store.write(accept).await.unwrap();
    let bens = node.order(&ben, &soup).await;
    let ids = async |filter| {
        let page = PageRequest {
            limit: 200,
            cursor: None,
        };
        let orders = node.store.orders(filter, page).await.unwrap().items;
        let mut ids: Vec<_> = orders.into_iter().map(|order| order.id).collect();
        ids.sort();
        ids
    };
    let status = OrderFilter {
        status: Some(OrderStatus::Placed),
        ..everything()
    };
    assert_eq!(ids(status).await, [anas.id, bens.id]);
    let both = OrderFilter {
        customer: Some(ana.id),
        ..status
    };
    assert_eq!(ids(both).await, [anas.id]);
    // Whoever may only see their own sees none of another customer, whatever they ask for.
    let foreign = OrderFilter {
        scope: Scope::Own(ben.id),
        customer: Some(ana.id),
        status: None,
    };
    assert_eq!(ids(foreign).await, []);
}

async fn staff_walk_an_order_to_its_end(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let mut order = node.order(&ana, &soup).await;
    let steps = [
        OrderStatus::Accepted,
        OrderStatus::Preparing,
        OrderStatus::Ready,
        OrderStatus::Completed,
    ];
    for status in steps {
        let step = ChangeOrder {
            status: Some(status),
            ..change(&staff, &order)
        };
        let next = node.store.write(step).await.unwrap();
        assert_eq!(
            (next.status, next.version, next.updated_at),
            (status, order.version + 1, at(50))
        );
        order = next;
    }
    let told = node.told.on(&ChannelName::user(ana.id));
    assert_eq!(
        told.iter().map(|event| event.offset).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    assert!(
        told[1..]
            .iter()
            .all(|event| event.name == EventName::OrderUpdated)
    );
    let last: OrderData = serde_json::from_str(&told[4].data).unwrap();
    assert_eq!(last.order, order);
    assert_eq!(node.page(&ChannelName::staff(), 0).await.events.len(), 5);
}

async fn a_forbidden_transition_names_the_allowed_ones(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let order = node.order(&ana, &soup).await;
    for (by, to) in [(&staff, OrderStatus::Ready), (&ana, OrderStatus::Accepted)] {
        let wrong = ChangeOrder {
            status: Some(to),
            ..change(by, &order)
        };
        let problem = refused(node.store.write(wrong).await);
        assert_eq!(problem.code, ErrorCode::InvalidTransition);
        assert!(
            problem.members["allowed"]
                .as_array()
                .unwrap()
                .contains(&"cancelled".into())
        );
    }
    assert_eq!(node.store.order(order.id).await.unwrap(), Some(order));
    assert_eq!(node.told.all().len(), 2);
}

async fn a_stale_change_gets_the_current_order(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let seen = node.order(&ana, &soup).await;
    let accept = ChangeOrder {
        status: Some(OrderStatus::Accepted),
        ..change(&staff, &seen)
    };
    let current = node.store.write(accept).await.unwrap();
    // Even what she may not do at all is first told that it is stale.
    for stale in [
        ChangeOrder {
            note: Some("x".to_owned()),
            ..change(&ana, &seen)
        },
        ChangeOrder {
            lines: Some(vec![free("x", 1)]),
            ..change(&ana, &seen)
        },
        ChangeOrder {
            status: Some(OrderStatus::Ready),
            ..change(&staff, &seen)
        },
    ] {
        let problem = refused(node.store.write(stale).await);
        assert_eq!(problem.code, ErrorCode::StaleVersion);
        assert_eq!(
            problem.members["current"],
            serde_json::to_value(&current).unwrap()
        );
    }
}

async fn the_order_of_someone_else_is_hidden(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let order = node.order(&ana, &soup).await;
    let cancel = ChangeOrder {
        status: Some(OrderStatus::Cancelled),
        ..change(&ben, &order)
    };
    let hidden = refused(node.store.write(cancel.clone()).await);
    let missing = ChangeOrder {
        id: OrderId::new(),
        ..cancel.clone()
    };
    let missing = refused(node.store.write(missing).await);
    let stale = refused(
        node.store
            .write(ChangeOrder {
                version: 7,
                ..cancel
            })
            .await,
    );
    assert_eq!(hidden.code, ErrorCode::NotFound);
    assert_eq!((&hidden, &hidden), (&missing, &stale));
}

async fn a_customer_changes_the_note_and_cancels(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let order = node.order(&ana, &soup).await;
    let lines = ChangeOrder {
        lines: Some(vec![piece(soup.id)]),
        ..change(&ana, &order)
    };
    refused_with(node.store.write(lines).await, ErrorCode::Forbidden);
    let note = ChangeOrder {
        note: Some("hot".to_owned()),
        ..change(&ana, &order)
    };
    let order = node.store.write(note).await.unwrap();
    assert_eq!(order.note, "hot");
    let nul = ChangeOrder {
        note: Some("\0".to_owned()),
        ..change(&ana, &order)
    };
    assert_eq!(invalid_fields(node.store.write(nul).await), ["/note"]);
    let cancel = ChangeOrder {
        status: Some(OrderStatus::Cancelled),
        ..change(&ana, &order)
    };
    let order = node.store.write(cancel).await.unwrap();
    assert_eq!((order.status, order.version), (OrderStatus::Cancelled, 3));
}

async fn what_changes_nothing_tells_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let soup = node.item("soup", 450).await;
    let order = node.order(&ana, &soup).await;
    let same = ChangeOrder {
        status: Some(OrderStatus::Placed),
        note: Some(String::new()),
        ..change(&ana, &order)
    };
    assert_eq!(node.store.write(same).await.unwrap(), order);
    assert_eq!(node.store.order(order.id).await.unwrap(), Some(order));
    assert_eq!(node.told.all().len(), 2);
}

async fn staff_change_lines_and_known_items_keep_their_price(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let soup = node.item("soup", 450).await;
    let bread = node.item("bread", 120).await;
    let burger = node.priced_item("burger", 900, "USD").await;
    let order = node.order(&ana, &soup).await;
    let gone = ChangeItem {
        actor: Actor {
            id: staff.id,
            role: Role::Admin,
        },
        id: soup.id,
        version: 1,
        name: None,
        unit_price: Some(999),
        available: Some(false),
        now: at(1),
    };
    node.store.write(gone).await.unwrap();
    let lines = vec![piece(soup.id), piece(bread.id), free("box", 30)];
    let more = ChangeOrder {
        lines: Some(lines),
        ..change(&staff, &order)
    };
    let order = node.store.write(more).await.unwrap();
    assert_eq!(order.total, 450 + 120 + 30);
    assert_eq!(
        node.store.order(order.id).await.unwrap().as_ref(),
        Some(&order)
    );
    let dollars = ChangeOrder {
        lines: Some(vec![piece(burger.id)]),
        ..change(&staff, &order)
    };
    assert_eq!(
        invalid_fields(node.store.write(dollars).await),
        ["/lines/0/item_id"]
    );
    let none = ChangeOrder {
        lines: Some(vec![]),
        ..change(&staff, &order)
    };
    assert_eq!(invalid_fields(node.store.write(none).await), ["/lines"]);
}

/// Many changes of the same two orders from two nodes, in every order: transactions get in each
/// other's way, and nobody but a stale one hears of it.
async fn contention(place: Place) {
    let nodes = [place.open().await, place.open().await];
    let ana = nodes[0].user("ana", Role::Customer).await;
    let soup = nodes[0].item("soup", 450).await;
    let orders = [
        nodes[0].order(&ana, &soup).await,
        nodes[0].order(&ana, &soup).await,
    ];
    let tasks = (0..2)
        .flat_map(|node| (0..8).map(move |task| (node, task)))
        .map(|(node, task)| {
            let store = nodes[node].store.clone();
            let (ana, orders) = (ana.clone(), orders.clone());
            tokio::spawn(async move {
                let mut made = 0;
                for round in 0..20 {
                    let id = orders[(round + task + node) % 2].id;
                    let seen = store.order(id).await.unwrap().unwrap();
                    let note = Some(format!("{node} {task} {round}"));
                    match store
                        .write(ChangeOrder {
                            note,
                            ..change(&ana, &seen)
                        })
                        .await
                    {
                        Ok(_) => made += 1,
                        refused => refused_with(refused, ErrorCode::StaleVersion),
                    }
                }
                made
            })
        });
    let mut made = 0;
    for task in tasks.collect::<Vec<_>>() {
        made += task.await.unwrap();
    }
    let mut versions = 0;
    for order in &orders {
        versions += nodes[0]
            .store
            .order(order.id)
            .await
            .unwrap()
            .unwrap()
            .version;
    }
    assert_eq!(versions, made + 2);
    let head = Node::page(&nodes[0], &ChannelName::staff(), 0).await.head;
    assert_eq!(head, u64::try_from(made + 2).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_meet_are_run_again_on_sqlite() {
    contention(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_meet_are_run_again_on_postgres() {
    contention(Place::postgres()).await;
}
