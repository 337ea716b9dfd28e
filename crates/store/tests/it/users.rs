//! Accounts.

use protocol::{ChannelName, CloseCode, ErrorCode, Revocation, RevokedSessions, Role, UserId};
use store::{
    ChangeUser, ChangeUserLocally, PageRequest, ReadError, SessionState, SetPassword,
    UpgradePasswordHash,
};

use crate::harness::{Node, Place, actor, at, invalid_fields, new_user, refused, refused_with};

contract! {
    an_account_is_found_by_its_id_and_address,
    a_taken_address_is_refused_in_any_spelling,
    a_text_with_nul_is_refused,
    accounts_are_listed_in_pages_without_gaps_or_repeats,
    a_cursor_that_is_not_ours_is_refused,
    only_an_admin_changes_accounts,
    the_last_enabled_admin_stays,
    two_nodes_cannot_take_away_the_last_two_admins,
    disabling_ends_every_session_and_is_told,
    a_change_of_role_is_told_and_sessions_go_on,
    what_changes_nothing_tells_nothing,
    a_new_password_ends_all_sessions_but_the_one_that_gets_a_new_secret,
    a_stronger_hash_replaces_only_the_one_that_was_checked,
}

fn change(by: &protocol::User, id: UserId) -> ChangeUser {
    ChangeUser {
        actor: actor(by),
        id,
        name: None,
        role: None,
        disabled: None,
        now: at(10),
    }
}

fn revocations(node: &Node) -> Vec<Revocation> {
    let events = node.told.on(&ChannelName::revocations());
    events
        .iter()
        .map(|event| serde_json::from_str(&event.data).unwrap())
        .collect()
}

async fn an_account_is_found_by_its_id_and_address(place: Place) {
    let node = place.open().await;
    let ana = node
        .store
        .write(new_user(" Ana@Example.COM", Role::Customer))
        .await
        .unwrap();
    assert_eq!(ana.email, "ana@example.com");
    assert_eq!(node.store.user(ana.id).await.unwrap().as_ref(), Some(&ana));
    let found = node
        .store
        .credentials("ana@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.user, ana);
    assert_eq!(found.password_hash, "hash of  Ana@Example.COM");
    assert_eq!(
        node.store.credentials_of(ana.id).await.unwrap(),
        Some(found)
    );
    assert_eq!(node.store.user(UserId::new()).await.unwrap(), None);
    assert_eq!(
        node.store.credentials("ben@example.com").await.unwrap(),
        None
    );
}

async fn a_taken_address_is_refused_in_any_spelling(place: Place) {
    let node = place.open().await;
    node.user("ana", Role::Customer).await;
    let again = node
        .store
        .write(new_user("ANA@example.com ", Role::Staff))
        .await;
    refused_with(again, ErrorCode::EmailTaken);
    assert_eq!(place.count("users").await, 1);
}

async fn a_text_with_nul_is_refused(place: Place) {
    let node = place.open().await;
    let mut ana = new_user("ana@example.com", Role::Customer);
    ana.name = "An\0a".to_owned();
    assert_eq!(invalid_fields(node.store.write(ana).await), ["/name"]);
    let mut ana = new_user("ana@example.com", Role::Customer);
    ana.password_hash = "a\0b".to_owned();
    refused_with(node.store.write(ana).await, ErrorCode::ValidationFailed);
    assert_eq!(place.count("users").await, 0);
    assert_eq!(
        node.store.credentials("a\0na@example.com").await.unwrap(),
        None
    );
}

async fn accounts_are_listed_in_pages_without_gaps_or_repeats(place: Place) {
    let node = place.open().await;
    let mut made = Vec::new();
    for index in 0..7 {
        let mut user = new_user(&format!("u{index}@example.com"), Role::Customer);
        // Three are of the same moment, and the ids of two are not in the order of making.
        user.now = at([5, 5, 5, 7, 6, 9, 8][index]);
        made.push(node.store.write(user).await.unwrap());
    }
    made.sort_by_key(|user| (user.created_at, user.id));
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut pages = 0;
    loop {
        let page = node
            .store
            .users(PageRequest { limit: 3, cursor })
            .await
            .unwrap();
        pages += 1;
        seen.extend(page.items);
        if pages == 1 {
            // Someone who comes in front of the place already read is not seen, and moves nothing.
            let mut early = new_user("early@example.com", Role::Customer);
            early.now = at(1);
            node.store.write(early).await.unwrap();
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, made);
    let whole = node
        .store
        .users(PageRequest {
            limit: 8,
            cursor: None,
        })
        .await
        .unwrap();
    assert_eq!((whole.items.len(), whole.next_cursor), (8, None));
}

async fn a_cursor_that_is_not_ours_is_refused(place: Place) {
    let node = place.open().await;
    for text in ["", "x", "1.2", "'; DROP TABLE users; --", "a\0"] {
        let page = PageRequest {
            limit: 3,
            cursor: Some(text.to_owned()),
        };
        assert_eq!(
            node.store.users(page.clone()).await.unwrap_err(),
            ReadError::BadCursor
        );
        assert_eq!(
            node.store.items(page).await.unwrap_err(),
            ReadError::BadCursor
        );
    }
}

async fn only_an_admin_changes_accounts(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    for by in [&ana, &staff] {
        let rename = ChangeUser {
            name: Some("Zoe".to_owned()),
            ..change(by, ana.id)
        };
        refused_with(node.store.write(rename).await, ErrorCode::Forbidden);
    }
    let rename = ChangeUser {
        name: Some("Zoe".to_owned()),
        ..change(&admin, ana.id)
    };
    assert_eq!(node.store.write(rename).await.unwrap().name, "Zoe");
    assert_eq!(node.store.user(ana.id).await.unwrap().unwrap().name, "Zoe");
    let nobody = ChangeUser {
        name: Some("Zoe".to_owned()),
        ..change(&admin, UserId::new())
    };
    refused_with(node.store.write(nobody).await, ErrorCode::NotFound);
    let empty = ChangeUser {
        name: Some(String::new()),
        ..change(&admin, ana.id)
    };
    assert_eq!(invalid_fields(node.store.write(empty).await), ["/name"]);
}

async fn the_last_enabled_admin_stays(place: Place) {
    let node = place.open().await;
    let first = node.user("first", Role::Admin).await;
    let second = node.user("second", Role::Admin).await;
    assert!(node.store.admin_exists().await.unwrap());
    let disable = ChangeUser {
        disabled: Some(true),
        ..change(&first, second.id)
    };
    assert!(node.store.write(disable).await.unwrap().disabled);
    for last in [
        ChangeUser {
            disabled: Some(true),
            ..change(&first, first.id)
        },
        ChangeUser {
            role: Some(Role::Staff),
            ..change(&first, first.id)
        },
    ] {
        refused_with(node.store.write(last).await, ErrorCode::LastAdmin);
    }
    let locally = ChangeUserLocally {
        id: first.id,
        name: None,
        role: Some(Role::Customer),
        disabled: None,
        now: at(20),
    };
    refused_with(node.store.write(locally).await, ErrorCode::LastAdmin);
    // The name of the last admin may change, and a disabled admin may become something else.
    let rename = ChangeUser {
        name: Some("Zoe".to_owned()),
        ..change(&first, first.id)
    };
    node.store.write(rename).await.unwrap();
    let demote = ChangeUser {
        role: Some(Role::Staff),
        ..change(&first, second.id)
    };
    node.store.write(demote).await.unwrap();
    assert!(node.store.admin_exists().await.unwrap());
}

async fn two_nodes_cannot_take_away_the_last_two_admins(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    for round in 0..10 {
        place.sql("UPDATE users SET role = 'staff'").await;
        let ana = one.user(&format!("ana{round}"), Role::Admin).await;
        let ben = one.user(&format!("ben{round}"), Role::Admin).await;
        let (first, second) = tokio::join!(
            one.store.write(ChangeUser {
                role: Some(Role::Staff),
                ..change(&ana, ben.id)
            }),
            two.store.write(ChangeUser {
                disabled: Some(true),
                ..change(&ben, ana.id)
            }),
        );
        let lost = [first, second]
            .into_iter()
            .filter(Result::is_err)
            .collect::<Vec<_>>();
        assert_eq!(lost.len(), 1, "{lost:?}");
        for result in lost {
            refused_with(result, ErrorCode::LastAdmin);
        }
        assert!(one.store.admin_exists().await.unwrap());
    }
}

async fn disabling_ends_every_session_and_is_told(place: Place) {
    let node = place.open().await;
    let admin = node.user("admin", Role::Admin).await;
    let ana = node.user("ana", Role::Customer).await;
    let session = node.session(&ana, 1, at(1)).await;
    let admins = node.session(&admin, 2, at(1)).await;
    let disable = ChangeUser {
        disabled: Some(true),
        ..change(&admin, ana.id)
    };
    node.store.write(disable).await.unwrap();
    let state = node.store.session(session, at(11)).await.unwrap();
    assert_eq!(state, SessionState::AccountDisabled);
    assert_eq!(
        node.store
            .session_by_secret(&[1; 32], at(11))
            .await
            .unwrap(),
        None
    );
    assert!(matches!(
        node.store.session(admins, at(11)).await.unwrap(),
        SessionState::Live(_)
    ));
    let told = Revocation {
        user: ana.id,
        sessions: RevokedSessions::All,
        code: CloseCode::AccountDisabled.code(),
        detail: "the account was disabled".to_owned(),
    };
    assert_eq!(revocations(&node), [told]);
    // Enabled again, the account has to sign in again.
    let enable = ChangeUser {
        disabled: Some(false),
        ..change(&admin, ana.id)
    };
    node.store.write(enable).await.unwrap();
    assert_eq!(
        node.store.session(session, at(12)).await.unwrap(),
        SessionState::Ended
    );
    assert_eq!(revocations(&node).len(), 1);
}

async fn a_change_of_role_is_told_and_sessions_go_on(place: Place) {
    let node = place.open().await;
    let admin = node.user("admin", Role::Admin).await;
    let ben = node.user("ben", Role::Staff).await;
    let session = node.session(&ben, 1, at(1)).await;
    let demote = ChangeUser {
        role: Some(Role::Customer),
        ..change(&admin, ben.id)
    };
    node.store.write(demote).await.unwrap();
    let SessionState::Live(live) = node.store.session(session, at(11)).await.unwrap() else {
        panic!("the session ended");
    };
    assert_eq!(live.user.role, Role::Customer);
    let told = Revocation {
        user: ben.id,
        sessions: RevokedSessions::All,
        code: CloseCode::RoleChanged.code(),
        detail: "the role changed from staff to customer".to_owned(),
    };
    assert_eq!(revocations(&node), [told]);
}

async fn what_changes_nothing_tells_nothing(place: Place) {
    let node = place.open().await;
    let admin = node.user("admin", Role::Admin).await;
    let ana = node.user("ana", Role::Customer).await;
    let same = ChangeUser {
        name: Some(ana.name.clone()),
        role: Some(ana.role),
        disabled: Some(false),
        ..change(&admin, ana.id)
    };
    assert_eq!(node.store.write(same).await.unwrap(), ana);
    let rename = ChangeUser {
        name: Some("Zoe".to_owned()),
        ..change(&admin, ana.id)
    };
    node.store.write(rename).await.unwrap();
    assert_eq!(node.told.all(), []);
}

async fn a_new_password_ends_all_sessions_but_the_one_that_gets_a_new_secret(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let kept = node.session(&ana, 1, at(1)).await;
    let other = node.session(&ana, 2, at(1)).await;
    let bens = node.session(&ben, 3, at(1)).await;
    let set = SetPassword {
        id: ana.id,
        password_hash: "new".to_owned(),
        keep: Some((kept, [9; 32])),
        now: at(10),
    };
    node.store.write(set.clone()).await.unwrap();
    let credentials = node.store.credentials_of(ana.id).await.unwrap().unwrap();
    assert_eq!(credentials.password_hash, "new");
    assert_eq!(
        node.store
            .session_by_secret(&[1; 32], at(11))
            .await
            .unwrap(),
        None
    );
    let live = node
        .store
        .session_by_secret(&[9; 32], at(11))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(live.id, kept);
    assert_eq!(
        node.store.session(other, at(11)).await.unwrap(),
        SessionState::Ended
    );
    assert!(matches!(
        node.store.session(bens, at(11)).await.unwrap(),
        SessionState::Live(_)
    ));
    // A session of someone else cannot be kept, nor its secret be changed.
    let stolen = SetPassword {
        keep: Some((bens, [8; 32])),
        ..set.clone()
    };
    node.store.write(stolen).await.unwrap();
    assert_eq!(
        node.store
            .session_by_secret(&[8; 32], at(11))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        node.store.session(kept, at(11)).await.unwrap(),
        SessionState::Ended
    );
    let told: Vec<_> = revocations(&node)
        .into_iter()
        .map(|told| told.sessions)
        .collect();
    assert_eq!(told, [RevokedSessions::AllBut(kept), RevokedSessions::All]);
    assert!(
        revocations(&node)
            .iter()
            .all(|told| told.user == ana.id && told.code == 4505)
    );
    refused_with(
        node.store
            .write(SetPassword {
                id: UserId::new(),
                ..set
            })
            .await,
        ErrorCode::NotFound,
    );
}

async fn a_stronger_hash_replaces_only_the_one_that_was_checked(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let hash = async || {
        node.store
            .credentials_of(ana.id)
            .await
            .unwrap()
            .unwrap()
            .password_hash
    };
    let upgrade = |old: &str| UpgradePasswordHash {
        id: ana.id,
        old_hash: old.to_owned(),
        new_hash: "stronger".to_owned(),
    };
    node.store.write(upgrade("another")).await.unwrap();
    assert_eq!(hash().await, "hash of ana@example.com");
    node.store
        .write(upgrade("hash of ana@example.com"))
        .await
        .unwrap();
    assert_eq!(hash().await, "stronger");
    assert_eq!(node.told.all(), []);
    let problem = refused(node.store.write(new_user("nobody", Role::Customer)).await);
    assert_eq!(problem.errors[0].pointer, "/email");
}
