//! Caddy in front of our server, wrong and right.

use crate::frontdesk::Frontdesk;
use crate::lab::{Lab, at, provokes};
use crate::ports::free_port;
use crate::proxies::caddy;

/// What is right.
fn passes(port: u16) -> String {
    format!("reverse_proxy 127.0.0.1:{port}")
}

provokes! {
    "proxy.bad_gateway" => nothing_is_behind_caddy,
    "proxy.no_upgrade" => caddy_takes_the_header_away,
    "url.spa_fallback" => caddy_serves_the_page_for_every_path,
    "proxy.no_ws_support" => the_platform_has_no_sockets,
}

async fn nothing_is_behind_caddy(lab: &mut Lab) {
    let alone = caddy(&passes(free_port())).await;
    lab.blames(at(alone.url())).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(caddy(&passes(server.port)).await.url()))
        .await;
}

async fn caddy_takes_the_header_away(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let site = "request_header -Upgrade\n\t".to_owned() + &passes(server.port);
    lab.blames(at(caddy(&site).await.url())).await;
    lab.clears(at(caddy(&passes(server.port)).await.url()))
        .await;
}

async fn caddy_serves_the_page_for_every_path(lab: &mut Lab) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("index.html"),
        "<!doctype html><title>shop</title>",
    )
    .unwrap();
    let page = format!(
        "handle {{\n\troot * {}\n\ttry_files {{path}} /index.html\n\tfile_server\n\t}}\n",
        folder.path().display()
    );
    let alone = caddy(&page).await;
    lab.blames(at(alone.socket("/ws/echo"))).await;
    let server = Frontdesk::demo().start().await;
    let routed: String = ["/api/*", "/ws/*", "/healthz", "/readyz"]
        .map(|path| format!("handle {path} {{\n\t{}\n\t}}\n\t", passes(server.port)))
        .concat();
    lab.clears(at(caddy(&(routed + &page)).await.socket("/ws/echo")))
        .await;
}

async fn the_platform_has_no_sockets(lab: &mut Lab) {
    let headers = "header Server Vercel\n\theader X-Vercel-Id fra1::abcde-1700000000000";
    let page = "respond \"The page could not be found\" 404";
    let platform = caddy(&format!("{headers}\n\t{page}")).await;
    lab.blames(at(platform.socket("/ws"))).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(caddy(&passes(server.port)).await.socket("/ws/echo")))
        .await;
}
