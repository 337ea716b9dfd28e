//! TLS: is the chain trusted, does the name fit, are the dates right, which protocols are offered.

use std::sync::Arc;
use std::time::Instant;

use causes::Severity;
use rustls::CertificateError;

use super::server::speaks_http;
use crate::address::Target;
use crate::examination::{Examination, Seen};
use crate::http::Answer;
use crate::report::Finding;
use crate::tls::{Facts, Handshake, Trust};
use crate::wire::{Fault, Tls, connect};

/// A certificate that ends sooner than this is worth a word.
const ENDS_SOON_SECONDS: i64 = 14 * 24 * 3600;

/// Shakes hands.
pub(crate) async fn tls(examination: &mut Examination<'_>) -> Seen {
    let target = examination.target().clone();
    if !target.is_tls {
        return Seen::Skipped("the address is without TLS".to_owned());
    }
    let trust = match Trust::load(examination.options.ca.as_deref()) {
        Ok(trust) => Arc::new(trust),
        Err(why) => {
            examination.trouble = Some(why);
            return Seen::Unknown(String::new());
        }
    };
    examination.known.trust = Some(Arc::clone(&trust));
    let begun = Instant::now();
    let handshake = match shake(examination, &trust, &[b"http/1.1"]).await {
        Ok(handshake) => handshake,
        Err(fault) => {
            if let Some(answer) = speaks_http(examination).await {
                let finding = plain(&target, &answer, &fault.words());
                return examination.find_and_stop(finding);
            }
            let sentence = format!(
                "{} took the connection and did not answer the TLS handshake: {}",
                target.authority(),
                fault.words()
            );
            return examination
                .find_and_stop(Finding::new("cap.loop_blocked", sentence).or("net.middlebox"));
        }
    };
    examination.time("tls", begun.elapsed());
    let leaf = handshake.chain.first().and_then(Facts::of);
    if let Some(why) = &handshake.distrust {
        let finding = distrusted(why, &handshake, leaf.as_ref(), &trust, &target.host);
        return examination.find_and_stop(finding);
    }
    if let Err(error) = &handshake.stream {
        let finding = failed(examination, &handshake, &trust, &error.to_string()).await;
        return examination.find_and_stop(finding);
    }
    if let Some(dialer) = &mut examination.known.dialer {
        dialer.tls = Some(Tls {
            trust: Arc::clone(&trust),
            host: target.host.clone(),
        });
    }
    let mut note = format!(
        "{}, trusted by {}",
        handshake.version.as_deref().unwrap_or("TLS"),
        trust.source
    );
    if let Some(leaf) = leaf {
        note = format!("{note}; until {}", leaf.not_after);
        if leaf.ends_in_seconds < ENDS_SOON_SECONDS {
            let sentence = format!(
                "the certificate of {} ends in {} h, on {}",
                target.host,
                leaf.ends_in_seconds / 3600,
                leaf.not_after
            );
            examination.find(Finding::new("tls.expired", sentence).severity(Severity::Warning));
        }
    }
    if handshake.alpn.is_none() {
        // No common protocol was named; a server that speaks HTTP/2 alone may do so too.
        if let Ok(second) = shake(examination, &trust, &[b"h2"]).await
            && second.alpn.as_deref() == Some("h2")
        {
            let sentence = format!(
                "{} names only h2 as its protocol; a socket's handshake is HTTP/1.1",
                target.authority()
            );
            examination
                .find(Finding::new("tls.alpn_h2_only", sentence).severity(Severity::Warning));
        }
    }
    Seen::Well(note)
}

async fn shake(
    examination: &Examination<'_>,
    trust: &Trust,
    alpn: &[&[u8]],
) -> Result<Handshake, Fault> {
    let dialer = examination.dialer();
    let stream = connect(dialer.address, dialer.timeout).await?;
    let handshake = trust.handshake(stream, &examination.target().host, alpn);
    tokio::time::timeout(dialer.timeout, handshake)
        .await
        .map_err(|_| Fault::Silent(dialer.timeout))
}

fn distrusted(
    why: &CertificateError,
    handshake: &Handshake,
    leaf: Option<&Facts>,
    trust: &Trust,
    host: &str,
) -> Finding {
    let unknown = Facts::default();
    let leaf = leaf.unwrap_or(&unknown);
    let finding = match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let which = handshake
                .chain
                .iter()
                .filter_map(Facts::of)
                .find(|facts| facts.ends_in_seconds < 0);
            let which = which.as_ref().unwrap_or(leaf);
            Finding::new(
                "tls.expired",
                format!(
                    "the certificate of {} ended on {}",
                    which.subject, which.not_after
                ),
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let sentence = format!(
                "the certificate of {} begins on {}: it is too new, or this machine's clock is \
                 behind",
                leaf.subject, leaf.not_before
            );
            Finding::new("tls.expired", sentence)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = if leaf.names.is_empty() {
                "no name at all".to_owned()
            } else {
                leaf.names.join(", ")
            };
            Finding::new(
                "tls.name",
                format!("the certificate is for {names}, not for {host}"),
            )
        }
        _ => untrusted(handshake, leaf, trust, why),
    };
    finding
        .seen("subject", leaf.subject.clone())
        .seen("issuer", leaf.issuer.clone())
        .seen(
            "valid",
            format!("{} to {}", leaf.not_before, leaf.not_after),
        )
        .seen("names", leaf.names.join(", "))
        .seen("certificates_sent", handshake.chain.len().to_string())
        .seen("trusted", trust.source.clone())
}

fn untrusted(
    handshake: &Handshake,
    leaf: &Facts,
    trust: &Trust,
    why: &CertificateError,
) -> Finding {
    let last = handshake
        .chain
        .last()
        .and_then(Facts::of)
        .unwrap_or_default();
    if leaf.is_self_signed() && handshake.chain.len() == 1 {
        let sentence = format!(
            "the certificate of {} is signed by itself, so nobody vouches for it",
            leaf.subject
        );
        return Finding::new("tls.untrusted", sentence)
            .not("tls.chain", "it is signed by itself: no link is missing");
    }
    if last.is_self_signed() {
        let sentence = format!(
            "the certificate was issued by {}, which is not among {}",
            last.subject, trust.source
        );
        return Finding::new("tls.untrusted", sentence)
            .not("tls.chain", "the chain was sent up to its root");
    }
    if *why != CertificateError::UnknownIssuer {
        return Finding::new(
            "tls.untrusted",
            format!(
                "the certificate of {} is not trusted: {why:?}",
                leaf.subject
            ),
        );
    }
    let sentence = format!(
        "the chain ends at {}, whose issuer {} was not sent and is not among {}",
        last.subject, last.issuer, trust.source
    );
    // Whoever passes a root with --ca has a link missing, and so has a certificate of a public
    // authority; any other was issued by a private one.
    if trust.has_own || last.names_issuer_url {
        return Finding::new("tls.chain", sentence).or("tls.untrusted");
    }
    Finding::new("tls.untrusted", sentence).or("tls.chain").fix(
        "pass the root of the private authority with --ca, and install it where browsers run; or take a certificate of \
         a public one, with its full chain",
    )
}

async fn failed(
    examination: &Examination<'_>,
    handshake: &Handshake,
    trust: &Trust,
    error: &str,
) -> Finding {
    let authority = examination.target().authority();
    if handshake.asked_for_certificate {
        let sentence = format!(
            "{authority} asks for a client certificate and ends the handshake without one: {error}"
        );
        return Finding::new("tls.mtls", sentence);
    }
    if error.contains("NoApplicationProtocol")
        || error.contains("no_application_protocol")
        || error.contains("no application protocol")
    {
        let takes_h2 = shake(examination, trust, &[b"h2"])
            .await
            .is_ok_and(|second| second.stream.is_ok());
        let sentence = format!(
            "{authority} offers no HTTP/1.1{}: a socket's handshake is HTTP/1.1",
            if takes_h2 { ", only h2" } else { "" }
        );
        return Finding::new("tls.alpn_h2_only", sentence).not(
            "proxy.no_upgrade",
            "the TLS handshake ends before any request",
        );
    }
    if let Some(answer) = speaks_http(examination).await {
        return plain(examination.target(), &answer, error);
    }
    let is_garbage = error.contains("InvalidContentType")
        || error.contains("corrupt message")
        || error.contains("InvalidMessage");
    if is_garbage {
        let sentence = format!("{authority} does not speak TLS, and no HTTP either: {error}");
        return Finding::new("net.other_program", sentence);
    }
    Finding::new(
        "net.middlebox",
        format!("the TLS handshake with {authority} fails: {error}"),
    )
}

fn plain(target: &Target, answer: &Answer, error: &str) -> Finding {
    let sentence = format!(
        "{} speaks plain HTTP ({}), and is asked with TLS: {error}",
        target.authority(),
        answer.status_line()
    );
    let plain = target
        .shown()
        .replacen("wss://", "ws://", 1)
        .replacen("https://", "http://", 1);
    Finding::new("tls.plain_port", sentence).fix(format!("use {plain}, or serve TLS on this port"))
}
