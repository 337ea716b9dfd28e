//! nginx in front of our server, in the wrong ways that people find, and right.

use std::time::Duration;

use crate::frontdesk::{CUSTOMER, Frontdesk};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::free_port;
use crate::proxies::{NGINX_PASSES_SOCKETS, nginx, nginx_before, nginx_with};
use crate::scripted::{Reply, Scripted};

provokes! {
    "proxy.no_upgrade" => the_headers_of_the_upgrade_are_stripped,
    "proxy.http10" => the_upgrade_arrives_in_http_1_0,
    "proxy.bad_gateway" => nothing_is_behind_the_proxy,
    "proxy.sticky" => every_second_request_reaches_a_node_that_knows_nothing,
    "proxy.path_prefix" => the_prefix_is_not_stripped,
    "idle.proxy" => the_proxy_ends_what_is_silent,
    "http.header_size" => the_cookies_are_larger_than_the_proxy_takes,
    "llm.buffered" => the_proxy_collects_the_stream,
}

async fn the_headers_of_the_upgrade_are_stripped(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    for lines in ["", "proxy_http_version 1.1;"] {
        let proxy = nginx_before(server.port, lines).await;
        lab.blames(at(proxy.url())).await;
        lab.blames(at(server.url()).via("public", &proxy.url()))
            .await;
    }
    let proxy = nginx_before(server.port, NGINX_PASSES_SOCKETS).await;
    lab.clears(at(proxy.url())).await;
    lab.clears(at(server.url()).via("public", &proxy.url()))
        .await;
}

async fn the_upgrade_arrives_in_http_1_0(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let headers = NGINX_PASSES_SOCKETS.replace("proxy_http_version 1.1;", "");
    let proxy = nginx_before(server.port, &headers).await;
    lab.blames(at(proxy.url())).await;
    let proxy = nginx_before(server.port, NGINX_PASSES_SOCKETS).await;
    lab.clears(at(proxy.url())).await;
}

async fn nothing_is_behind_the_proxy(lab: &mut Lab) {
    let proxy = nginx_before(free_port(), NGINX_PASSES_SOCKETS).await;
    lab.blames(at(proxy.url())).await;
    lab.blames(at(proxy.socket("/ws/echo"))).await;
    let server = Frontdesk::demo().start().await;
    let proxy = nginx_before(server.port, NGINX_PASSES_SOCKETS).await;
    lab.clears(at(proxy.url())).await;
}

async fn every_second_request_reaches_a_node_that_knows_nothing(lab: &mut Lab) {
    let knowing = Scripted::echo().await;
    let ignorant = Scripted::start(|_| {
        let body = "{\"code\":1,\"message\":\"Session ID unknown\"}";
        Reply::page("400 Bad Request", "application/json", body)
    })
    .await;
    let balanced = |first: u16, second: u16| async move {
        let nodes =
            format!("upstream nodes {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; }}");
        let all = format!("location / {{ proxy_pass http://nodes; {NGINX_PASSES_SOCKETS} }}");
        nginx_with(&nodes, &all).await
    };
    let torn = balanced(knowing.port, ignorant.port).await;
    lab.blames(at(torn.socket("/ws"))).await;
    let whole = balanced(knowing.port, knowing.port).await;
    lab.clears(at(whole.socket("/ws"))).await;
}

async fn the_prefix_is_not_stripped(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let under = |upstream: String| async move {
        nginx(&format!(
            "location /desk/ {{ proxy_pass {upstream}; {NGINX_PASSES_SOCKETS} }}"
        ))
        .await
    };
    let kept = under(format!("http://127.0.0.1:{}", server.port)).await;
    lab.blames(at(format!("{}/desk", kept.url()))).await;
    let stripped = under(format!("http://127.0.0.1:{}/", server.port)).await;
    lab.clears(at(format!("{}/desk", stripped.url()))).await;
}

async fn the_proxy_ends_what_is_silent(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let hold = |proxy: String, token: &str| {
        at(format!("{proxy}/api/v1/ws"))
            .token(token)
            .idle(Duration::from_secs(3))
    };
    let lines = format!("{NGINX_PASSES_SOCKETS} proxy_read_timeout 1s;");
    let impatient = nginx_before(server.port, &lines).await;
    lab.blames(hold(impatient.socket(""), &server.token(CUSTOMER)))
        .await;
    let patient = nginx_before(server.port, NGINX_PASSES_SOCKETS).await;
    lab.clears(hold(patient.socket(""), &server.token(CUSTOMER)))
        .await;
}

async fn the_cookies_are_larger_than_the_proxy_takes(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let proxy = nginx(&format!(
        "client_header_buffer_size 1k; large_client_header_buffers 2 2k;
         location / {{ proxy_pass http://127.0.0.1:{}; {NGINX_PASSES_SOCKETS} }}",
        server.port
    ))
    .await;
    let mut heavy = at(proxy.socket("/ws/echo"));
    heavy.headers = vec![(
        "Cookie".to_owned(),
        format!("session={}", "c".repeat(6_000)),
    )];
    lab.blames(heavy).await;
    lab.clears(at(proxy.socket("/ws/echo"))).await;
}

async fn the_proxy_collects_the_stream(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    // nginx obeys the server's X-Accel-Buffering unless it is told not to.
    let plain = "proxy_ignore_headers X-Accel-Buffering;".to_owned();
    let compressed = format!(
        "{NGINX_PASSES_SOCKETS} {plain} gzip on; gzip_types text/event-stream; gzip_proxied any;"
    );
    for lines in [plain, compressed] {
        let collecting = nginx_before(server.port, &lines).await;
        let mut options = at(collecting.url());
        options.only = vec!["sse".to_owned()];
        lab.blames(options).await;
    }
    let passing = nginx_before(server.port, NGINX_PASSES_SOCKETS).await;
    let mut options = at(passing.url());
    options.only = vec!["sse".to_owned()];
    lab.clears(options).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_nginx_that_redirects_is_told_as_one() {
    let proxy = nginx("return 301 https://desk.example.com$request_uri;").await;
    let report = crate::lab::examine(&at(proxy.socket("/api/v1/ws"))).await;
    assert_eq!(
        report.first().map(|finding| finding.id),
        Some("url.redirect"),
        "{}",
        crate::lab::shown(&report)
    );
}
