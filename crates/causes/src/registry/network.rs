//! Causes: TLS and the network path.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "tls.untrusted",
        group: Group::Network,
        title: "The certificate is not trusted",
        sentence: "The server's certificate is self-signed or from an authority that this client \
                   does not know.",
        in_page: "1006; `net::ERR_CERT_AUTHORITY_INVALID`. A socket shows no page on which one \
                  could click through.",
        in_shell: "`self-signed certificate`, `unable to get local issuer certificate` (curl exit \
                   60).",
        probe: "Read the chain: `openssl s_client -connect host:443 -servername host`.",
        fix: "Install the authority, use a real certificate, or in development open \
              `https://host` once and accept it: any port of the same host name will do.",
        severity: Severity::Error,
        looks_like: &["tls.chain"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.expired",
        group: Group::Network,
        title: "The certificate has expired",
        sentence: "The certificate's dates do not cover today, or the client's clock is wrong.",
        in_page: "1006; `net::ERR_CERT_DATE_INVALID`.",
        in_shell: "`certificate has expired`.",
        probe: "`openssl x509 -noout -dates` on the served certificate, and `date` on the client.",
        fix: "Renew it and reload the proxy: many serve the old one until they are reloaded.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.name",
        group: Group::Network,
        title: "The certificate is for another name",
        sentence: "The certificate does not name the host that the client dialled.",
        in_page: "1006; `net::ERR_CERT_COMMON_NAME_INVALID`.",
        in_shell: "`no alternative certificate subject name matches`, `Hostname/IP does not match \
                   certificate's altnames`.",
        probe: "Compare the host in the URL with the subject alternative names of the certificate.",
        fix: "Use a name that it has, or issue it for this one. An IP address needs an IP entry.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.chain",
        group: Group::Network,
        title: "The intermediate certificate is missing",
        sentence: "The server sends its own certificate without the intermediate, so some clients \
                   can build the chain and others cannot.",
        in_page: "Works in browsers that remember the intermediate; elsewhere \
                  `net::ERR_CERT_AUTHORITY_INVALID`.",
        in_shell: "`unable to verify the first certificate`, `unable to get local issuer \
                   certificate`, while a browser is content.",
        probe: "Count the certificates that the server sends: one is not enough, unless it is \
                self-signed.",
        fix: "Configure the full chain (`fullchain.pem`, not `cert.pem`).",
        severity: Severity::Error,
        looks_like: &["tls.untrusted"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.plain_port",
        group: Group::Network,
        title: "TLS meets plain text",
        sentence: "One side speaks TLS and the other does not: `wss://` to a plain port, or \
                   `ws://` to a TLS port.",
        in_page: "1006; `net::ERR_SSL_PROTOCOL_ERROR`, or `Connection closed before receiving a \
                  handshake response`.",
        in_shell: "`wrong version number`, `packet length too long`; the other way 400 \"plain \
                   HTTP request was sent to HTTPS port\".",
        probe: "Ask the port both ways: with TLS and without.",
        fix: "Change the scheme in the URL to what the port speaks.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.alpn_h2_only",
        group: Group::Network,
        title: "The port speaks HTTP/2 only",
        sentence: "The TLS port offers nothing but HTTP/2, or claims sockets over HTTP/2 and \
                   cannot carry them.",
        in_page: "`fetch` works (its `nextHopProtocol` is `h2`), the socket fails with 1006.",
        in_shell: "An upgrade over HTTP/1.1 works, or the handshake finds no common protocol.",
        probe: "Connect once offering only `http/1.1` and once only `h2`.",
        fix: "Offer `http/1.1` beside `h2`, or turn Extended CONNECT off in the proxy.",
        severity: Severity::Error,
        looks_like: &["proxy.no_upgrade"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "tls.mtls",
        group: Group::Network,
        title: "The server wants a client certificate",
        sentence: "The TLS layer asks for a client certificate, and none was given.",
        in_page: "1006; `net::ERR_BAD_SSL_CLIENT_AUTH_CERT`, or 400 after the handshake.",
        in_shell: "Alert `certificate required` or `handshake failure`; nginx: \"No required SSL \
                   certificate was sent\".",
        probe: "Read the alert: `openssl s_client -connect host:443` shows \"Acceptable client \
                certificate CA names\".",
        fix: "Install the client certificate, or exempt the socket's path.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.proxy_explicit",
        group: Group::Network,
        title: "The configured proxy refuses",
        sentence: "This machine reaches the network through an HTTP proxy (HTTP_PROXY, PAC, \
                   company), and it refuses the tunnel.",
        in_page: "1006; `net::ERR_TUNNEL_CONNECTION_FAILED` or `net::ERR_PROXY_CONNECTION_FAILED`.",
        in_shell: "It differs with and without `--noproxy '*'`.",
        probe: "Connect once through the proxy and once past it.",
        fix: "Use `wss://` on port 443, which proxies let through, or add the host to the proxy's \
              exceptions.",
        severity: Severity::Error,
        looks_like: &["net.middlebox"],
        standing: Standing::Explained {
            why: "needs a forward proxy beside the server",
        },
    },
    Cause {
        id: "net.middlebox",
        group: Group::Network,
        title: "Something on the way drops sockets",
        sentence: "A virus scanner, firewall or filter on the way looks into the traffic and \
                   drops the upgrade or the frames.",
        in_page: "`/healthz` and server-sent events pass, `/ws/echo` does not; on another network \
                  it works.",
        in_shell: "Depends on the machine and the network.",
        probe: "Open `/ws/echo` and `/api/v1/diagnose/sse` side by side, then again from another \
                network or over `wss://`.",
        fix: "Use `wss://`, where nothing on the way can look inside, or exempt the host in the \
              scanner.",
        severity: Severity::Error,
        looks_like: &["proxy.no_upgrade", "br.extension"],
        standing: Standing::Explained {
            why: "needs an inspecting box on the way",
        },
    },
    Cause {
        id: "net.tunnel_auth",
        group: Group::Network,
        title: "The tunnel's port is private",
        sentence: "The address belongs to a tunnel or a cloud workspace whose port is private: it \
                   redirects to a login.",
        in_page: "1006; `Unexpected response code: 302` (401 in some).",
        in_shell: "302 or 401 with HTML of the tunnel's provider (`github.dev`, `devtunnels.ms`, \
                   `ngrok`).",
        probe: "Read `Location` or the body of the answer to the upgrade.",
        fix: "Make the port public, or open the URL once in the same browser and log in.",
        severity: Severity::Error,
        looks_like: &["url.redirect", "proxy.auth_layer"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "net.change",
        group: Group::Network,
        title: "The network changed under the socket",
        sentence: "The way broke without a word: Wi-Fi to mobile, sleep, or a router that forgot \
                   the connection.",
        in_page: "Nothing arrives for a while, then 1006; or 1006 at the moment of the change.",
        in_shell: "Nothing to see from another machine.",
        probe: "An application ping that is not answered (`ping` on the event socket) tells a \
                dead way from a quiet one.",
        fix: "Nothing: the client reconnects by itself and what was missed follows. Servers must \
              ping; ours does every 25 s.",
        severity: Severity::Warning,
        looks_like: &["idle.proxy", "net.middlebox", "srv.crash"],
        standing: Standing::Explained {
            why: "needs a machine that changes its network",
        },
    },
];
