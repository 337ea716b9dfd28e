//! Apache in front of our server, wrong and right.

use crate::frontdesk::Frontdesk;
use crate::lab::{Lab, at, provokes};
use crate::ports::free_port;
use crate::proxies::apache;

/// What is right.
fn passes(port: u16) -> String {
    format!("ProxyPass / http://127.0.0.1:{port}/ upgrade=websocket")
}

provokes! {
    "proxy.auth_layer" => a_password_is_asked_in_front,
    "proxy.no_upgrade" => apache_is_not_told_of_upgrades,
    "proxy.bad_gateway" => nothing_is_behind_apache,
}

async fn a_password_is_asked_in_front(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let guarded = "<Location />\nAuthType Basic\nAuthName \"staging\"\n\
                   AuthUserFile /dev/null\nRequire valid-user\n</Location>\n";
    let guarded = apache(&(guarded.to_owned() + &passes(server.port))).await;
    lab.blames(at(guarded.url())).await;
    lab.blames(at(guarded.socket("/ws/echo"))).await;
    lab.clears(at(apache(&passes(server.port)).await.url()))
        .await;
}

async fn apache_is_not_told_of_upgrades(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let plain = format!("ProxyPass / http://127.0.0.1:{}/", server.port);
    lab.blames(at(apache(&plain).await.url())).await;
    lab.clears(at(apache(&passes(server.port)).await.url()))
        .await;
}

async fn nothing_is_behind_apache(lab: &mut Lab) {
    lab.blames(at(apache(&passes(free_port())).await.url()))
        .await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(apache(&passes(server.port)).await.url()))
        .await;
}
