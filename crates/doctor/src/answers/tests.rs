//! What an answer to an upgrade means, by status, headers and body.

use std::time::Duration;

use super::*;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    Answer {
        version: "1.1",
        status,
        phrase: String::new(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        after: Duration::ZERO,
    }
}

fn problem(code: &str, detail: &str) -> String {
    serde_json::json!({"type": format!("urn:frontdesk:problem:{code}"), "code": code, "detail": detail, "fix": "do it"}).to_string()
}

fn known() -> Circumstances {
    Circumstances {
        place: "localhost:1/ws".to_owned(),
        path: "/ws".to_owned(),
        origin: "http://localhost:5174".to_owned(),
        ..Circumstances::default()
    }
}

#[test]
fn a_status_with_its_headers_and_body_names_the_cause() {
    type Row = (
        u16,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
    );
    let table: &[Row] = &[
        (301, &[("location", "/ws/")], "", "url.redirect"),
        (302, &[("location", "/login?next=/ws")], "", "url.redirect"),
        (
            307,
            &[("location", "https://localhost/ws")],
            "",
            "url.redirect",
        ),
        (
            302,
            &[(
                "location",
                "https://x.cloudflareaccess.com/cdn-cgi/access/login",
            )],
            "",
            "proxy.auth_layer",
        ),
        (
            302,
            &[("location", "https://github.dev/pf-signin?id=x")],
            "",
            "net.tunnel_auth",
        ),
        (
            200,
            &[("content-type", "text/html; charset=utf-8")],
            "<!doctype html>",
            "url.spa_fallback",
        ),
        (
            200,
            &[("content-type", "application/json")],
            "{}",
            "url.path",
        ),
        (
            400,
            &[],
            "Connection header did not include 'upgrade'",
            "proxy.no_upgrade",
        ),
        (
            400,
            &[],
            "<h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port",
            "tls.plain_port",
        ),
        (
            400,
            &[],
            "<h1>400 Bad Request</h1>No required SSL certificate was sent",
            "tls.mtls",
        ),
        (
            400,
            &[("server", "nginx")],
            "Request Header Or Cookie Too Large",
            "http.header_size",
        ),
        (400, &[], "Invalid host header", "host.denied"),
        (
            400,
            &[],
            "{\"code\":1,\"message\":\"Session ID unknown\"}",
            "proxy.sticky",
        ),
        (
            400,
            &[],
            "{\"code\":0,\"message\":\"Transport unknown\"}",
            "url.path",
        ),
        (
            401,
            &[("www-authenticate", "Basic realm=x")],
            "",
            "proxy.auth_layer",
        ),
        (
            401,
            &[("www-authenticate", "Bearer")],
            "",
            "auth.hidden_403",
        ),
        (403, &[("server", "uvicorn")], "", "auth.hidden_403"),
        (
            403,
            &[("server", "cloudflare"), ("cf-ray", "x")],
            "",
            "proxy.waf",
        ),
        (
            403,
            &[],
            "Blocked request. This host (\"a.b\") is not allowed.",
            "host.denied",
        ),
        (
            404,
            &[("server", "uvicorn")],
            "{\"detail\":\"Not Found\"}",
            "srv.no_ws_library",
        ),
        (404, &[("x-vercel-id", "x")], "", "proxy.no_ws_support"),
        (404, &[], "Cannot GET /ws", "url.path"),
        (407, &[], "", "net.proxy_explicit"),
        (414, &[], "", "http.header_size"),
        (
            426,
            &[],
            "WebSocket request couldn't be upgraded since no upgrade state was present",
            "proxy.http10",
        ),
        (426, &[("sec-websocket-version", "8")], "", "ws.version"),
        (
            426,
            &[("upgrade", "websocket")],
            "Upgrade Required",
            "proxy.no_upgrade",
        ),
        (429, &[("retry-after", "3")], "", "cap.rate_limit_ip"),
        (431, &[], "", "http.header_size"),
        (500, &[], "", "srv.crash"),
        (502, &[("server", "nginx")], "", "proxy.bad_gateway"),
        (
            503,
            &[],
            "<h1>503 Service Unavailable</h1>No server is available to handle this request.",
            "proxy.bad_gateway",
        ),
        (503, &[("retry-after", "5")], "", "cap.max_conn"),
        (
            503,
            &[("server", "nginx/1.26.3")],
            "<h1>503 Service Temporarily Unavailable</h1>",
            "cap.max_conn",
        ),
        (504, &[], "", "proxy.bad_gateway"),
    ];
    for (status, headers, body, id) in table {
        let finding = refused(&answer(*status, headers, body), &known());
        assert_eq!(finding.id, *id, "{status} {headers:?} {body}");
        for other in causes::cause(id).unwrap().looks_like {
            assert!(finding.names(other), "{status}: {id} does not name {other}");
        }
    }
}

#[test]
fn our_own_refusals_are_believed() {
    let expected = "this path speaks WebSocket; HTTP/1.1, Upgrade: websocket and Connection: Upgrade were expected, ";
    for (status, code, detail, id) in [
        (
            403,
            "origin_denied",
            "the page is of http://a.b".to_owned(),
            "origin.denied",
        ),
        (
            426,
            "upgrade_required",
            format!("{expected}HTTP/1.0, nothing and close were found"),
            "proxy.no_upgrade",
        ),
        (
            426,
            "upgrade_required",
            format!("{expected}HTTP/1.1, nothing and close were found"),
            "proxy.no_upgrade",
        ),
        (
            426,
            "upgrade_required",
            format!("{expected}HTTP/1.0, websocket and upgrade were found"),
            "proxy.http10",
        ),
        (
            426,
            "upgrade_required",
            "Sec-WebSocket-Version is 8, expected is 13".to_owned(),
            "ws.version",
        ),
        (
            503,
            "unavailable",
            "the server is being restarted".to_owned(),
            "srv.deploy",
        ),
        (
            429,
            "rate_limited",
            "this address has 200 sockets open already".to_owned(),
            "cap.rate_limit",
        ),
    ] {
        let finding = refused(&answer(status, &[], &problem(code, &detail)), &known());
        assert_eq!(finding.id, id, "{code} {detail}");
    }
    let vite = Circumstances {
        is_vite: true,
        ..known()
    };
    let finding = refused(&answer(403, &[], &problem("origin_denied", "x")), &vite);
    assert_eq!(finding.id, "dev.vite_origin");
}

#[test]
fn what_else_was_tried_decides_between_causes_that_look_alike() {
    let without_origin = Circumstances {
        without_origin: Some(101),
        ..known()
    };
    assert_eq!(
        refused(&answer(403, &[], ""), &without_origin).id,
        "origin.denied"
    );
    let same = Circumstances {
        without_origin: Some(403),
        ..known()
    };
    let finding = refused(&answer(403, &[], ""), &same);
    assert_eq!(finding.id, "auth.hidden_403");
    assert!(
        finding
            .evidence
            .ruled_out
            .iter()
            .any(|other| other.id == "origin.denied")
    );

    let everywhere = Circumstances {
        elsewhere: Some(500),
        plain: Some(404),
        ..known()
    };
    assert_eq!(
        refused(&answer(500, &[], "Internal Server Error"), &everywhere).id,
        "srv.static_mount"
    );
    let here = Circumstances {
        elsewhere: Some(404),
        plain: Some(200),
        ..known()
    };
    assert_eq!(refused(&answer(500, &[], ""), &here).id, "srv.crash");

    let changing = Circumstances {
        repeated: vec![101, 403, 101],
        ..known()
    };
    let finding = refused(&answer(403, &[], ""), &changing);
    assert_eq!(finding.id, "proxy.sticky");
    assert!(finding.names("auth.ephemeral_secret"));

    let old = Seen {
        version: "HTTP/1.0".to_owned(),
        upgrade: "websocket".to_owned(),
        connection: "upgrade".to_owned(),
        is_by_stranger: false,
    };
    let seen = Circumstances {
        seen: Some(old),
        ..known()
    };
    assert_eq!(refused(&answer(426, &[], ""), &seen).id, "proxy.http10");
    let ours = Circumstances {
        is_ours: true,
        ..known()
    };
    assert_eq!(
        refused(&answer(404, &[("server", "nginx")], "404 Not Found"), &ours).id,
        "proxy.path_prefix"
    );
}
