//! Group I: connected, and nothing comes.

use testbed::Postgres;

use crate::frontdesk::{CUSTOMER, Frontdesk, PASSWORD};
use crate::lab::{Lab, Told as _, at, provokes};

provokes! {
    "ev.bus_down" => the_database_is_down,
}

async fn the_database_is_down(lab: &mut Lab) {
    let mut postgres = Postgres::start();
    let server = Frontdesk::demo().with("store.url", postgres.new_database());
    let server = server.start().await;
    let event_socket = at(server.socket("/api/v1/ws")).token(&server.token(CUSTOMER));
    let signed_in = || at(server.url()).login(CUSTOMER, PASSWORD);
    postgres.kill();
    lab.blames(event_socket).await;
    lab.blames(signed_in()).await;
    postgres.start_again();
    lab.clears(signed_in()).await;
}
