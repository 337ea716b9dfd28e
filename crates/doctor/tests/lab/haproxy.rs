//! HAProxy in front of our server, wrong and right.

use std::time::Duration;

use crate::frontdesk::{CUSTOMER, Frontdesk};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::free_port;
use crate::proxies::{Haproxy, haproxy};

provokes! {
    "proxy.waf" => a_rule_in_front_refuses_the_handshake,
    "proxy.no_upgrade" => haproxy_takes_the_header_away,
    "proxy.bad_gateway" => nothing_is_behind_haproxy,
    "idle.proxy" => haproxy_ends_what_is_silent,
}

async fn a_rule_in_front_refuses_the_handshake(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let rule = "http-request return status 403 content-type text/html \
                string \"<title>Attention Required! | Cloudflare</title>\" \
                hdr server cloudflare hdr cf-ray 8f1c2d3e4f5a6b7c-FRA if { path_beg /ws/ /api/ }";
    let guarded = haproxy(
        server.port,
        Haproxy {
            frontend: rule,
            ..Haproxy::WELL
        },
    )
    .await;
    lab.blames(at(guarded.socket("/ws/echo"))).await;
    let open = haproxy(server.port, Haproxy::WELL).await;
    lab.clears(at(open.url())).await;
    lab.clears(at(open.socket("/ws/echo"))).await;
}

async fn haproxy_takes_the_header_away(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let rule = "http-request del-header upgrade";
    let stripping = haproxy(
        server.port,
        Haproxy {
            frontend: rule,
            ..Haproxy::WELL
        },
    )
    .await;
    lab.blames(at(stripping.url())).await;
    let open = haproxy(server.port, Haproxy::WELL).await;
    lab.clears(at(open.url())).await;
}

async fn nothing_is_behind_haproxy(lab: &mut Lab) {
    let alone = haproxy(free_port(), Haproxy::WELL).await;
    lab.blames(at(alone.url())).await;
    let server = Frontdesk::demo().start().await;
    let open = haproxy(server.port, Haproxy::WELL).await;
    lab.clears(at(open.url())).await;
}

async fn haproxy_ends_what_is_silent(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let hold = |url: String| {
        at(url)
            .token(&server.token(CUSTOMER))
            .idle(Duration::from_secs(3))
    };
    let impatient = haproxy(
        server.port,
        Haproxy {
            timeout: "1s",
            ..Haproxy::WELL
        },
    )
    .await;
    lab.blames(hold(impatient.socket("/api/v1/ws"))).await;
    let patient = haproxy(server.port, Haproxy::WELL).await;
    lab.clears(hold(patient.socket("/api/v1/ws"))).await;
}
