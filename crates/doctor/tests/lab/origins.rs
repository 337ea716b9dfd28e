//! Which page may open a socket: our server's list, and what a proxy does to it.

use crate::frontdesk::{CUSTOMER, Frontdesk, PASSWORD};
use crate::lab::{Lab, Told as _, at, provokes};
use crate::proxies::{NGINX_PASSES_SOCKETS, nginx_before};
use crate::scripted::{Reply, Scripted, any_echo};

provokes! {
    "origin.denied" => the_page_is_not_on_the_list,
    "origin.denied" => the_proxy_hides_the_name_that_the_page_asked_by,
    "origin.denied" => the_public_url_is_another,
    "br.file_origin" => the_page_was_opened_as_a_file,
    "srv.public_url" => pages_are_told_another_address,
    "cookie.samesite" => the_page_signs_in_from_another_loopback,
}

async fn the_page_is_not_on_the_list(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let socket = server.socket("/ws/echo");
    lab.blames(at(&socket).on_page("http://192.168.7.7:5173"))
        .await;
    lab.clears(at(&socket).on_page("http://localhost:5173"))
        .await;
    // Any server that looks at it.
    let strict = Scripted::start(|asked| match asked.header("origin") {
        Some("http://localhost:3000") | None => any_echo(asked),
        Some(_) => Reply::page("403 Forbidden", "text/plain", "origin not allowed"),
    })
    .await;
    lab.blames(at(strict.socket("/ws")).on_page("http://localhost:5173"))
        .await;
    lab.clears(at(strict.socket("/ws")).on_page("http://localhost:3000"))
        .await;
}

async fn the_proxy_hides_the_name_that_the_page_asked_by(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let forwarded = "proxy_set_header X-Forwarded-For $remote_addr;";
    let lines = NGINX_PASSES_SOCKETS.replace("proxy_set_header Host $http_host;", forwarded);
    let hiding = nginx_before(server.port, &lines).await;
    let page = |proxy: &crate::proxies::Proxy| at(proxy.socket("/ws/echo")).on_page(&proxy.url());
    lab.blames(page(&hiding)).await;
    let lines = format!("{NGINX_PASSES_SOCKETS} {forwarded}");
    let telling = nginx_before(server.port, &lines).await;
    lab.clears(page(&telling)).await;
}

async fn the_public_url_is_another(lab: &mut Lab) {
    let elsewhere = "http://localhost:1";
    let wrong = Frontdesk::demo()
        .with("server.public_url", "https://desk.example.com")
        .without_demo()
        .start()
        .await;
    lab.blames(at(wrong.socket("/ws/echo")).on_page(elsewhere))
        .await;
    let right = Frontdesk::demo().start().await;
    lab.clears(at(right.socket("/ws/echo")).on_page(elsewhere))
        .await;
}

async fn pages_are_told_another_address(lab: &mut Lab) {
    let wrong = Frontdesk::demo()
        .with("server.public_url", "http://localhost:1")
        .start()
        .await;
    lab.blames(at(wrong.url()).login(CUSTOMER, PASSWORD)).await;
    let right = Frontdesk::demo().start().await;
    lab.clears(at(right.url()).login(CUSTOMER, PASSWORD)).await;
}

async fn the_page_was_opened_as_a_file(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    lab.blames(at(server.socket("/ws/echo")).on_page("null"))
        .await;
    lab.clears(at(server.socket("/ws/echo")).on_page("http://localhost:5173"))
        .await;
}

async fn the_page_signs_in_from_another_loopback(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let signed_in = |origin: &str| at(server.url()).on_page(origin).login(CUSTOMER, PASSWORD);
    lab.blames(signed_in("http://127.0.0.1:5173")).await;
    lab.clears(signed_in("http://localhost:5173")).await;
}
