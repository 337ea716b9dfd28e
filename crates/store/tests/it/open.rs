//! Opening a store, and why it may fail.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use protocol::Role;
use store::{OpenError, Store};

use crate::harness::{Place, Told};

contract! {
    opening_again_changes_nothing,
    many_may_open_an_empty_database_at_once,
    a_database_of_a_newer_program_is_left_alone,
    an_open_store_is_ready,
}

async fn error(place: &Place) -> OpenError {
    match Store::open(&place.config, Arc::new(Told::default())).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

async fn opening_again_changes_nothing(place: Place) {
    let node = place.open().await;
    let ana = node.user("ana", Role::Customer).await;
    node.store.close().await;
    let migrations = place.count("_sqlx_migrations").await;
    for _ in 0..2 {
        let node = place.open().await;
        assert_eq!(node.store.user(ana.id).await.unwrap().as_ref(), Some(&ana));
        node.store.close().await;
    }
    assert_eq!(place.count("_sqlx_migrations").await, migrations);
}

async fn many_may_open_an_empty_database_at_once(place: Place) {
    let opened = futures_util::future::join_all((0..6).map(|_| place.open())).await;
    let ana = opened[0].user("ana", Role::Customer).await;
    for node in &opened {
        assert_eq!(node.store.user(ana.id).await.unwrap().as_ref(), Some(&ana));
        assert_eq!(
            node.store.epoch().await.unwrap(),
            opened[0].store.epoch().await.unwrap()
        );
    }
}

async fn a_database_of_a_newer_program_is_left_alone(place: Place) {
    place.open().await.store.close().await;
    place
        .sql(
            "INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) \
             SELECT 9999, 'of tomorrow', success, checksum, 1 FROM _sqlx_migrations \
             WHERE version = 1",
        )
        .await;
    let error = error(&place).await;
    assert!(
        matches!(
            error,
            OpenError::Newer {
                migration: 9999,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("start the newer version"),
        "{error}"
    );
}

async fn an_open_store_is_ready(place: Place) {
    let node = place.open().await;
    node.store.ready().await.unwrap();
    node.store.close().await;
    node.store.ready().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_may_read_the_files_of_sqlite() {
    let place = Place::sqlite();
    let node = place.open().await;
    node.user("ana", Role::Customer).await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.file()), 0o600);
    assert_eq!(mode(place.file().parent().unwrap()), 0o700);
    for end in ["-wal", "-shm"] {
        let beside = format!("{}{end}", place.file().display());
        assert_eq!(mode(std::path::Path::new(&beside)), 0o600, "{beside}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_is_left_alone() {
    let place = Place::sqlite();
    let text = "Dear diary, ".repeat(1_000);
    std::fs::create_dir(place.file().parent().unwrap()).unwrap();
    std::fs::write(place.file(), &text).unwrap();
    let error = error(&place).await;
    assert!(matches!(error, OpenError::NotADatabase(_)), "{error}");
    assert_eq!(std::fs::read_to_string(place.file()).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_place_of_the_file_is_named() {
    let place = Place::sqlite();
    std::fs::create_dir_all(place.file()).unwrap();
    let error = error(&place).await;
    assert!(matches!(error, OpenError::Permission { .. }), "{error}");
    assert!(error.to_string().contains("desk.db"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_process_holds_is_named() {
    let place = Place::sqlite();
    place.open().await.store.close().await;
    let mut holder = place.connect().await;
    holder.run("BEGIN IMMEDIATE").await;
    let error = error(&place).await;
    assert!(matches!(error, OpenError::Locked(_)), "{error}");
    holder.run("COMMIT").await;
    place.open().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_postgres_is_named() {
    let url = testbed::new_database();
    let (_, host) = url.split_once('?').unwrap();
    let missing = error(&Place::at(format!(
        "postgres://postgres@localhost/nowhere?{host}"
    )))
    .await;
    assert!(matches!(missing, OpenError::NoDatabase { .. }), "{missing}");
    let stranger = error(&Place::at(format!(
        "postgres://stranger@localhost/nowhere?{host}"
    )))
    .await;
    assert!(
        matches!(stranger, OpenError::WrongPassword { .. }),
        "{stranger}"
    );
    for away in [
        "postgres://postgres:hush@127.0.0.1:9/x",
        "postgres://postgres@localhost/x?host=/nowhere",
    ] {
        let away = error(&Place::at(away.to_owned())).await;
        assert!(matches!(away, OpenError::Unreachable { .. }), "{away}");
        assert!(!away.to_string().contains("hush"), "{away}");
    }
    let odd = error(&Place::at("mysql://localhost/x".to_owned())).await;
    assert!(matches!(odd, OpenError::Url(_)), "{odd}");
}
