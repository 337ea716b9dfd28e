//! Group C: TLS and the network path.

use doctor::Options;

use crate::certificates::{Authority, Manners, TlsServer, self_signed};
use crate::lab::{Lab, at, provokes};
use crate::scripted::{Reply, Scripted, any_echo};

/// An examination by somebody who trusts this authority.
fn trusting(authority: &Authority, url: String) -> Options {
    let mut options = at(url);
    options.ca = Some(authority.root_file());
    options
}

/// The same server with everything right.
async fn right(authority: &Authority) -> TlsServer {
    TlsServer::start(authority, authority.right(), Manners::default(), any_echo).await
}

provokes! {
    "tls.untrusted" => the_certificate_vouches_for_itself,
    "tls.expired" => the_certificate_was_valid_once,
    "tls.name" => the_certificate_names_another_host,
    "tls.chain" => the_intermediate_is_missing,
    "tls.plain_port" => one_side_speaks_tls_and_the_other_does_not,
    "tls.alpn_h2_only" => the_port_offers_http_2_alone,
    "tls.mtls" => the_server_wants_a_certificate_of_the_client,
    "net.tunnel_auth" => the_port_of_a_tunnel_is_private,
}

async fn the_certificate_vouches_for_itself(lab: &mut Lab) {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, self_signed(), Manners::default(), any_echo).await;
    lab.blames(trusting(&authority, server.socket("/ws"))).await;
    // One of an authority that nobody here was told to trust.
    let server = right(&authority).await;
    lab.blames(at(server.socket("/ws"))).await;
    lab.clears(trusting(&authority, server.socket("/ws"))).await;
}

async fn the_certificate_was_valid_once(lab: &mut Lab) {
    let authority = Authority::new();
    let server = TlsServer::start(
        &authority,
        authority.expired(),
        Manners::default(),
        any_echo,
    )
    .await;
    lab.blames(trusting(&authority, server.socket("/ws"))).await;
    lab.clears(trusting(&authority, right(&authority).await.socket("/ws")))
        .await;
}

async fn the_certificate_names_another_host(lab: &mut Lab) {
    let authority = Authority::new();
    let identity = authority.for_name("desk.example.com");
    let server = TlsServer::start(&authority, identity, Manners::default(), any_echo).await;
    let report = lab.blames(trusting(&authority, server.socket("/ws"))).await;
    let finding = format!("{:?}", report.findings[0]);
    assert!(
        finding.contains("desk.example.com"),
        "the name it has is told: {finding}"
    );
    lab.clears(trusting(&authority, right(&authority).await.socket("/ws")))
        .await;
}

async fn the_intermediate_is_missing(lab: &mut Lab) {
    let authority = Authority::new();
    let short = authority.below_intermediate(false);
    let server = TlsServer::start(&authority, short, Manners::default(), any_echo).await;
    lab.blames(trusting(&authority, server.socket("/ws"))).await;
    let whole = authority.below_intermediate(true);
    let server = TlsServer::start(&authority, whole, Manners::default(), any_echo).await;
    lab.clears(trusting(&authority, server.socket("/ws"))).await;
}

async fn one_side_speaks_tls_and_the_other_does_not(lab: &mut Lab) {
    let authority = Authority::new();
    let plain = Scripted::echo().await;
    let encrypted = right(&authority).await;
    lab.blames(at(format!("wss://localhost:{}/ws", plain.port)))
        .await;
    lab.blames(trusting(
        &authority,
        format!("ws://localhost:{}/ws", encrypted.port),
    ))
    .await;
    lab.clears(at(plain.socket("/ws"))).await;
    lab.clears(trusting(&authority, encrypted.socket("/ws")))
        .await;
}

async fn the_port_offers_http_2_alone(lab: &mut Lab) {
    let authority = Authority::new();
    let manners = |alpn| Manners {
        alpn,
        wants_certificate: false,
    };
    let only: Vec<&'static [u8]> = vec![b"h2"];
    let server = TlsServer::start(&authority, authority.right(), manners(only), any_echo).await;
    lab.blames(trusting(&authority, server.socket("/ws"))).await;
    let both: Vec<&'static [u8]> = vec![b"h2", b"http/1.1"];
    let server = TlsServer::start(&authority, authority.right(), manners(both), any_echo).await;
    lab.clears(trusting(&authority, server.socket("/ws"))).await;
}

async fn the_server_wants_a_certificate_of_the_client(lab: &mut Lab) {
    let authority = Authority::new();
    let manners = Manners {
        alpn: Vec::new(),
        wants_certificate: true,
    };
    let server = TlsServer::start(&authority, authority.right(), manners, any_echo).await;
    lab.blames(trusting(&authority, server.socket("/ws"))).await;
    lab.clears(trusting(&authority, right(&authority).await.socket("/ws")))
        .await;
}

async fn the_port_of_a_tunnel_is_private(lab: &mut Lab) {
    let private = Scripted::start(|_| {
        let sign_in = "https://github.dev/pf-signin?id=desk-8000.app.github.dev&port=8000";
        Reply::html("302 Found").with("Location", sign_in)
    })
    .await;
    lab.blames(at(private.socket("/ws"))).await;
    let public = Scripted::echo().await;
    lab.clears(at(public.socket("/ws"))).await;
}
