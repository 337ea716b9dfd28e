//! Group A: nobody there, or the wrong place.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use doctor::Options;
use socket2::{Domain, SockFilter, Socket, Type};
use tokio::net::TcpStream;

use crate::frontdesk::Frontdesk;
use crate::lab::{Lab, Told as _, at, provokes};
use crate::ports::free_port;
use crate::scripted::{Mute, Reply, Scripted, any_echo};

provokes! {
    "net.refused" => nothing_listens,
    "net.wrong_port" => the_server_is_on_the_port_of_its_configuration,
    "net.other_program" => another_program_has_the_port,
    "net.bind_loopback" => the_server_listens_on_loopback_alone,
    "net.ipv6_localhost" => localhost_has_a_listener_on_one_of_its_two_addresses,
    "net.dns" => the_name_does_not_resolve,
    "net.dns_split" => the_name_is_that_of_a_compose_service,
    "net.timeout" => a_packet_filter_drops_what_comes,
    "cap.backlog" => the_queue_of_the_listener_is_full,
    "url.undefined" => the_address_has_a_hole,
    "url.invalid" => the_address_is_no_address,
    "url.path" => no_socket_lives_there,
    "url.redirect" => the_handshake_is_redirected,
    "url.spa_fallback" => a_static_host_answers_with_its_page,
}

async fn nothing_listens(lab: &mut Lab) {
    // A Frontdesk that a person runs on a usual port of this machine would be proposed instead.
    if lab.goes_apart("nobody::provoked::nothing_listens") {
        return;
    }
    let mut server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
    server.kill();
    let report = lab.blames(at(server.url())).await;
    let sentence = &report.findings[0].sentence;
    assert!(sentence.contains(&server.port.to_string()), "{sentence}");
}

async fn the_server_is_on_the_port_of_its_configuration(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let mut wrong = at(format!("http://localhost:{}", free_port()));
    wrong.known_ports = vec![server.port];
    let report = lab.blames(wrong).await;
    let fix = &report.findings[0].fix;
    assert!(
        fix.contains(&server.port.to_string()),
        "the fix names the right port: {fix}"
    );
    lab.clears(at(server.url())).await;
}

async fn another_program_has_the_port(lab: &mut Lab) {
    let foreign =
        Scripted::start(|_| Reply::html("404 Not Found").with("Server", "SomethingElse/3.1")).await;
    lab.blames(at(foreign.url(""))).await;
    let ssh = Mute::start(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await;
    lab.blames(at(format!("http://localhost:{}", ssh.port)))
        .await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn the_server_listens_on_loopback_alone(lab: &mut Lab) {
    let own = own_address();
    let mut server = Frontdesk::demo().start().await;
    lab.blames(at(format!("http://{own}:{}", server.port)))
        .await;
    let port = server.port;
    server.kill();
    let public = format!("http://{own}:{port}");
    let everywhere = Scripted::start_on(port, &["0.0.0.0"], any_echo).await;
    lab.clears(at(format!("ws://{own}:{}/ws", everywhere.port)).on_page(&public))
        .await;
}

async fn localhost_has_a_listener_on_one_of_its_two_addresses(lab: &mut Lab) {
    let four = Frontdesk::demo().on(&["127.0.0.1"]).start().await;
    lab.blames(at(four.url())).await;
    let six = Frontdesk::demo().on(&["[::1]"]).start().await;
    lab.blames(at(six.url())).await;
    let both = Frontdesk::demo().start().await;
    lab.clears(at(both.url())).await;
    lab.clears(at(format!("http://127.0.0.1:{}", four.port)))
        .await;
}

async fn the_name_does_not_resolve(lab: &mut Lab) {
    lab.blames(at("http://desk.invalid:8000")).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn the_name_is_that_of_a_compose_service(lab: &mut Lab) {
    lab.blames(at("ws://backend:8000/ws")).await;
    lab.blames(at("http://host.docker.internal:8000")).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn a_packet_filter_drops_what_comes(lab: &mut Lab) {
    let filtered = Unanswering::filtered();
    lab.blames(patient_for_two_seconds(filtered.address)).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn the_queue_of_the_listener_is_full(lab: &mut Lab) {
    let full = Unanswering::full().await;
    lab.blames(patient_for_two_seconds(full.address)).await;
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn the_address_has_a_hole(lab: &mut Lab) {
    for url in [
        "ws://undefined/api/v1/ws",
        "ws://null:8000/ws",
        "wss://${HOST}/ws",
        "ws://localhost:undefined/ws",
        "http://localhost:8000/undefined/ws",
    ] {
        lab.blames(at(url)).await;
    }
    let server = Frontdesk::demo().start().await;
    lab.clears(at(server.url())).await;
}

async fn the_address_is_no_address(lab: &mut Lab) {
    for url in [
        "ftp://localhost/ws",
        "ws://localhost:99999/ws",
        "ws://localhost/ws#room",
        "ws://local host/ws",
        "ws://localhost:6667/ws",
    ] {
        lab.blames(at(url)).await;
    }
    let server = Frontdesk::demo().start().await;
    let mut spaced = at(server.socket("/ws/echo"));
    spaced.subprotocols = vec!["Bearer abc".to_owned()];
    lab.blames(spaced).await;
    lab.clears(at(server.socket("/ws/echo"))).await;
}

async fn no_socket_lives_there(lab: &mut Lab) {
    let server = Frontdesk::demo().start().await;
    let report = lab.blames(at(server.socket("/ws"))).await;
    let finding = format!("{:?}", report.findings[0]);
    assert!(
        finding.contains("/api/v1/ws"),
        "the nearest path is named: {finding}"
    );
    let token = server.token(crate::frontdesk::CUSTOMER);
    lab.clears(at(server.socket("/api/v1/ws")).token(&token))
        .await;
    // Any server, which says no more than 404.
    let other = Scripted::echo().await;
    lab.blames(at(other.socket("/sockets"))).await;
    lab.clears(at(other.socket("/ws"))).await;
}

async fn the_handshake_is_redirected(lab: &mut Lab) {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let redirecting = Scripted::start(move |asked| match asked.path() {
            "/ws/" => Reply::socket(asked),
            path => Reply::html(status).with("Location", &format!("{path}/")),
        })
        .await;
        let report = lab.blames(at(redirecting.socket("/ws"))).await;
        let finding = format!("{:?}", report.findings[0]);
        assert!(finding.contains("/ws/"), "where to is named: {finding}");
        let followed = redirecting
            .asked()
            .iter()
            .any(|asked| asked.path() == "/ws/");
        assert!(
            !followed,
            "the doctor follows a redirect, which no browser does"
        );
        lab.clears(at(redirecting.socket("/ws/"))).await;
    }
}

async fn a_static_host_answers_with_its_page(lab: &mut Lab) {
    let page = Scripted::start(|_| Reply::html("200 OK")).await;
    lab.blames(at(page.socket("/ws"))).await;
    let routed = Scripted::start(|asked| match asked.path() {
        "/ws" => any_echo(asked),
        _ => Reply::html("200 OK"),
    })
    .await;
    lab.clears(at(routed.socket("/ws"))).await;
}

/// The address under which other machines know this one.
pub(crate) fn own_address() -> std::net::IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent: to connect a datagram socket only asks which address it would send from.
    let found = socket
        .connect("198.51.100.1:9")
        .and_then(|()| socket.local_addr());
    match found {
        Ok(address) if !address.ip().is_loopback() && !address.ip().is_unspecified() => {
            address.ip()
        }
        other => panic!(
            "this machine has no address besides loopback ({other:?}), and the test of \
             net.bind_loopback asks a server by one: connect a network"
        ),
    }
}

fn patient_for_two_seconds(address: SocketAddr) -> Options {
    let mut options = at(format!("http://{address}"));
    options.timeout = Duration::from_secs(2);
    options
}

/// A listener that leaves connection requests without an answer.
struct Unanswering {
    address: SocketAddr,
    _listener: Socket,
    _queued: Vec<TcpStream>,
}

impl Unanswering {
    /// The kernel drops every packet before TCP sees it, as a firewall does.
    fn filtered() -> Self {
        let (address, listener) = Self::bound();
        // BPF_RET | BPF_K with 0: of each packet keep nothing.
        listener
            .attach_filter(&[SockFilter::new(0x06, 0, 0, 0)])
            .unwrap();
        listener.listen(5).unwrap();
        Self {
            address,
            _listener: listener,
            _queued: Vec::new(),
        }
    }

    fn bound() -> (SocketAddr, Socket) {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
        // A connection of an earlier test may linger on the port.
        listener.set_reuse_address(true).unwrap();
        listener.bind(&address.into()).unwrap();
        (address, listener)
    }

    /// Its queue is full, and nobody takes anything out.
    async fn full() -> Self {
        let (address, listener) = Self::bound();
        listener.listen(0).unwrap();
        let mut queued = Vec::new();
        // How many fit is the kernel's business; the first that must wait shows that it is full.
        let patience = Duration::from_millis(300);
        while let Ok(connected) = tokio::time::timeout(patience, TcpStream::connect(address)).await
        {
            queued.push(connected.unwrap());
            assert!(queued.len() < 5_000, "the queue of {address} never fills");
        }
        Self {
            address,
            _listener: listener,
            _queued: queued,
        }
    }
}
