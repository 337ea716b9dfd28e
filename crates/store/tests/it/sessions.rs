//! Sign-ins.

use protocol::{ChannelName, ErrorCode, Revocation, RevokedSessions, Role, SessionId, UserId};
use store::{ChangeUserLocally, CreateSession, EndSession, SessionState, TouchSession};

use crate::harness::{Place, actor, at, new_session, refused_with};

contract! {
    a_session_lives_until_it_is_idle_or_too_old,
    use_keeps_a_session_alive_and_never_turns_its_clock_back,
    an_ended_session_is_over_and_told_once,
    a_session_of_someone_else_is_hidden,
    a_new_sign_in_ends_the_session_of_the_cookie_that_came_along,
    a_disabled_account_cannot_sign_in,
    a_password_that_changed_meanwhile_signs_nobody_in,
    the_live_sessions_are_listed_newest_first,
    a_refused_sign_in_ends_nothing,
}

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;

async fn a_session_lives_until_it_is_idle_or_too_old(mut place: Place) {
    place.config.session_idle_hours = 2;
    place.config.session_max_days = 1;
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let id = node.session(&ana, 1, at(0)).await;
    let live = async |now| {
        let by_secret = node
            .store
            .session_by_secret(&[1; 32], at(now))
            .await
            .unwrap();
        let by_id = node.store.session(id, at(now)).await.unwrap();
        match by_id {
            SessionState::Live(live) => assert_eq!(by_secret, Some(live)),
            state => assert_eq!((by_secret, state), (None, SessionState::Ended)),
        }
        node.store
            .session_by_secret(&[1; 32], at(now))
            .await
            .unwrap()
    };
    let session = live(2 * HOUR).await.unwrap();
    assert_eq!((session.id, session.user), (id, ana));
    assert_eq!((session.created_at, session.expires_at), (at(0), at(DAY)));
    assert_eq!(live(2 * HOUR + 1).await, None);
    // Used all day, it ends with the day.
    node.store
        .write(TouchSession {
            id,
            now: at(DAY - 1),
        })
        .await
        .unwrap();
    assert_eq!(live(DAY - 1).await.unwrap().last_seen_at, at(DAY - 1));
    assert_eq!(live(DAY).await, None);
}

async fn use_keeps_a_session_alive_and_never_turns_its_clock_back(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let id = node.session(&ana, 1, at(0)).await;
    let last_seen = async || {
        node.store
            .session_by_secret(&[1; 32], at(100))
            .await
            .unwrap()
            .unwrap()
            .last_seen_at
    };
    node.store
        .write(TouchSession { id, now: at(50) })
        .await
        .unwrap();
    assert_eq!(last_seen().await, at(50));
    node.store
        .write(TouchSession { id, now: at(40) })
        .await
        .unwrap();
    assert_eq!(last_seen().await, at(50));
    node.store
        .write(TouchSession {
            id: SessionId::new(),
            now: at(60),
        })
        .await
        .unwrap();
    assert_eq!(node.told.all(), []);
}

async fn an_ended_session_is_over_and_told_once(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let id = node.session(&ana, 1, at(0)).await;
    let end = EndSession {
        actor: actor(&ana),
        id,
        detail: "logged out".to_owned(),
        now: at(5),
    };
    node.store.write(end.clone()).await.unwrap();
    assert_eq!(
        node.store.session(id, at(6)).await.unwrap(),
        SessionState::Ended
    );
    assert_eq!(
        node.store.session_by_secret(&[1; 32], at(6)).await.unwrap(),
        None
    );
    refused_with(node.store.write(end).await, ErrorCode::NotFound);
    let told = node.told.on(&ChannelName::revocations());
    assert_eq!(told.len(), 1);
    let revocation: Revocation = serde_json::from_str(&told[0].data).unwrap();
    assert_eq!(
        revocation,
        Revocation {
            user: ana.id,
            sessions: RevokedSessions::One(id),
            code: 4505,
            detail: "logged out".to_owned()
        }
    );
    // What was announced is what the log holds: they were one transaction.
    assert_eq!(node.page(&ChannelName::revocations(), 0).await.events, told);
    assert_eq!(
        node.store.session(SessionId::new(), at(6)).await.unwrap(),
        SessionState::Unknown
    );
}

async fn a_session_of_someone_else_is_hidden(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let staff = node.user("staff", Role::Staff).await;
    let admin = node.user("admin", Role::Admin).await;
    let id = node.session(&ana, 1, at(0)).await;
    let end = |by| EndSession {
        actor: actor(by),
        id,
        detail: "revoked".to_owned(),
        now: at(5),
    };
    refused_with(node.store.write(end(&staff)).await, ErrorCode::NotFound);
    assert!(matches!(
        node.store.session(id, at(6)).await.unwrap(),
        SessionState::Live(_)
    ));
    node.store.write(end(&admin)).await.unwrap();
    assert_eq!(
        node.store.session(id, at(6)).await.unwrap(),
        SessionState::Ended
    );
}

async fn a_new_sign_in_ends_the_session_of_the_cookie_that_came_along(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let anas = node.session(&ana, 1, at(0)).await;
    let again = CreateSession {
        replaces: Some([1; 32]),
        ..new_session(&ben, 2, at(1))
    };
    let bens = node.store.write(again).await.unwrap().id;
    assert_eq!(
        node.store.session(anas, at(2)).await.unwrap(),
        SessionState::Ended
    );
    assert!(matches!(
        node.store.session(bens, at(2)).await.unwrap(),
        SessionState::Live(_)
    ));
    let told = node.told.on(&ChannelName::revocations());
    let revocation: Revocation = serde_json::from_str(&told[0].data).unwrap();
    assert_eq!(
        (revocation.user, revocation.sessions),
        (ana.id, RevokedSessions::One(anas))
    );
    // A cookie of no session, or of one that ended, tells of nothing.
    let more = CreateSession {
        replaces: Some([1; 32]),
        ..new_session(&ben, 3, at(3))
    };
    node.store.write(more).await.unwrap();
    assert_eq!(node.told.all().len(), 1);
}

async fn a_password_that_changed_meanwhile_signs_nobody_in(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let stored = node
        .store
        .credentials_of(ana.id)
        .await
        .unwrap()
        .unwrap()
        .password_hash;
    let right = CreateSession {
        checked_hash: Some(stored.clone()),
        ..new_session(&ana, 1, at(1))
    };
    node.store.write(right).await.unwrap();
    let late = CreateSession {
        checked_hash: Some(format!("{stored}-before")),
        ..new_session(&ana, 2, at(1))
    };
    refused_with(node.store.write(late).await, ErrorCode::InvalidCredentials);
    assert_eq!(place.count("sessions").await, 1);
}

async fn a_disabled_account_cannot_sign_in(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let disable = ChangeUserLocally {
        id: ana.id,
        name: None,
        role: None,
        disabled: Some(true),
        now: at(1),
    };
    node.store.write(disable).await.unwrap();
    let session = node.store.write(new_session(&ana, 1, at(2))).await;
    refused_with(session, ErrorCode::AccountDisabled);
    let nobody = CreateSession {
        user: UserId::new(),
        ..new_session(&ana, 1, at(2))
    };
    refused_with(node.store.write(nobody).await, ErrorCode::NotFound);
    assert_eq!(place.count("sessions").await, 0);
}

async fn the_live_sessions_are_listed_newest_first(mut place: Place) {
    place.config.session_idle_hours = 1;
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let idle = node.session(&ana, 1, at(0)).await;
    let first = node.session(&ana, 2, at(HOUR)).await;
    let long = CreateSession {
        user_agent: "x".repeat(300),
        ..new_session(&ana, 3, at(HOUR + 1))
    };
    let second = node.store.write(long).await.unwrap();
    assert_eq!(second.user_agent, "x".repeat(200));
    node.session(&ben, 4, at(HOUR)).await;
    let ended = node.session(&ana, 5, at(HOUR)).await;
    let end = EndSession {
        actor: actor(&ana),
        id: ended,
        detail: String::new(),
        now: at(HOUR + 2),
    };
    node.store.write(end).await.unwrap();
    let listed = node.store.sessions_of(ana.id, at(HOUR + 3)).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|session| session.id).collect();
    assert_eq!(ids, [second.id, first]);
    assert!(!ids.contains(&idle));
    assert_eq!(listed[0], second);
}

async fn a_refused_sign_in_ends_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    let ben = node.user("ben", Role::Customer).await;
    let anas = node.session(&ana, 1, at(0)).await;
    node.session(&ben, 2, at(0)).await;
    // The secret is taken: the whole change goes, the end of the other session too.
    let clash = CreateSession {
        replaces: Some([1; 32]),
        ..new_session(&ben, 2, at(1))
    };
    let error = node.store.write(clash).await.unwrap_err();
    assert!(matches!(error, store::WriteError::Failed(_)), "{error:?}");
    assert!(matches!(
        node.store.session(anas, at(2)).await.unwrap(),
        SessionState::Live(_)
    ));
    assert_eq!(node.told.all(), []);
    assert_eq!(node.page(&ChannelName::revocations(), 0).await.head, 0);
}
