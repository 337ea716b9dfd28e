//! Arbitrary bytes, cut in arbitrary places, against the reader in both roles. It must not panic,
//! must hold no more memory than its limits allow, must not care where the bytes are cut, and must
//! read back what the writer makes of what it read.
//!
//! The first four bytes of an input choose role, limits and cuts; the rest is what a peer sends.

#![no_main]

use std::mem;
use std::ops::ControlFlow;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use websocket::{
    CONTROL_PAYLOAD_MAX_BYTES, Incoming, Limits, Opcode, ProtocolError, Reader, Role, write_close,
    write_frame, write_masked_close, write_masked_frame,
};

/// Room for what a reader remembers besides payloads.
const RECORD_MAX_BYTES: usize = 256;

/// Room for everything that the smaller limits of an input let through.
const ROOMY: Limits = Limits {
    message_max_bytes: 4 * 255,
    fragments_max: 1,
};

/// What was said, owned, so that two readings can be compared.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

type Reading = (Vec<Said>, Result<(), ProtocolError>);

fuzz_target!(|input: &[u8]| {
    let [choice, size, fragments, seed, sent @ ..] = input else {
        return;
    };
    let role = match choice & 1 {
        0 => Role::Server,
        _ => Role::Client,
    };
    let limits = Limits {
        message_max_bytes: usize::from(*size) * 4,
        fragments_max: usize::from(*fragments % 16),
    };
    let whole = read(role, &limits, sent, |_| usize::MAX, false);
    let byte_by_byte = read(role, &limits, sent, |_| 1, false);
    assert_eq!(whole, byte_by_byte, "cut after every byte");
    let mut state = u32::from(*seed) | 0x100;
    let mut cut = move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as usize % 23 + 1
    };
    assert_eq!(whole, read(role, &limits, sent, &mut cut, false), "cut");
    let with_breaks = read(role, &limits, sent, &mut cut, true);
    assert_eq!(whole, with_breaks, "cut, and a break after each item");

    keeps_its_promises(&whole, &limits);
    for peer in [Role::Server, Role::Client] {
        let written = write(peer, &whole.0, [*choice, *size, *fragments, *seed]);
        let reader = match peer {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        };
        let again = read(reader, &ROOMY, &written, |_| usize::MAX, false);
        assert_eq!(again, (whole.0.clone(), Ok(())), "written by a {peer:?}");
    }
});

/// Feeds `sent` in pieces; the memory held is checked after each.
fn read(
    role: Role,
    limits: &Limits,
    sent: &[u8],
    mut piece_bytes: impl FnMut(usize) -> usize,
    breaks: bool,
) -> Reading {
    let mut reader = Reader::new(role);
    let mut said = Vec::new();
    let mut rest = sent;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(piece_bytes(rest.len()).min(rest.len()));
        rest = later;
        let mut piece = piece.to_vec();
        let mut at = 0;
        while at < piece.len() {
            let before = said.len();
            let fed = reader.feed(limits, &mut piece[at..], |incoming| {
                said.push(owned(incoming));
                match breaks {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            check_memory(&reader, limits);
            match fed {
                Ok(consumed) => {
                    assert!(
                        consumed == piece.len() - at || (breaks && said.len() == before + 1),
                        "{consumed} of {} bytes were consumed without a break",
                        piece.len() - at
                    );
                    at += consumed;
                }
                Err(error) => {
                    assert_eq!(reader.buffered_bytes(), 0, "memory after {error}");
                    return (said, Err(error));
                }
            }
        }
    }
    (said, Ok(()))
}

/// While it is not known how long a message gets, its memory at most doubles.
fn check_memory(reader: &Reader, limits: &Limits) {
    let most = 2 * limits.message_max_bytes + CONTROL_PAYLOAD_MAX_BYTES + RECORD_MAX_BYTES;
    let held = reader.buffered_bytes();
    assert!(held <= most, "{held} bytes are held under {limits:?}");
    assert!(mem::size_of::<Reader>() <= 16);
}

fn keeps_its_promises((said, result): &Reading, limits: &Limits) {
    for (index, said_one) in said.iter().enumerate() {
        match said_one {
            Said::Text(text) => assert!(text.len() <= limits.message_max_bytes),
            Said::Binary(bytes) => assert!(bytes.len() <= limits.message_max_bytes),
            Said::Ping(bytes) | Said::Pong(bytes) => {
                assert!(bytes.len() <= CONTROL_PAYLOAD_MAX_BYTES);
            }
            Said::Close(frame) => {
                assert_eq!(index + 1, said.len(), "something was said after a close");
                assert!(result.is_ok(), "an error came after a close");
                if let Some((code, _)) = frame {
                    assert!((1000..5000).contains(code), "close code {code}");
                }
            }
        }
    }
    if let Err(error) = result {
        assert!(matches!(error.close_code(), 1002 | 1007 | 1009));
    }
}

fn owned(incoming: Incoming<'_>) -> Said {
    match incoming {
        Incoming::Text(text) => Said::Text(text.to_owned()),
        Incoming::Binary(bytes) => Said::Binary(bytes.to_vec()),
        Incoming::Ping(bytes) => Said::Ping(bytes.to_vec()),
        Incoming::Pong(bytes) => Said::Pong(bytes.to_vec()),
        Incoming::Close(frame) => {
            Said::Close(frame.map(|frame| (frame.code, frame.reason.to_owned())))
        }
    }
}

fn write(role: Role, said: &[Said], mask: [u8; 4]) -> BytesMut {
    let mut out = BytesMut::new();
    for said in said {
        let (opcode, payload) = match said {
            Said::Text(text) => (Opcode::Text, text.as_bytes()),
            Said::Binary(bytes) => (Opcode::Binary, &bytes[..]),
            Said::Ping(bytes) => (Opcode::Ping, &bytes[..]),
            Said::Pong(bytes) => (Opcode::Pong, &bytes[..]),
            Said::Close(None) => (Opcode::Close, &b""[..]),
            Said::Close(Some((code, reason))) => {
                match role {
                    Role::Server => write_close(&mut out, *code, reason),
                    Role::Client => write_masked_close(&mut out, *code, reason, mask),
                }
                continue;
            }
        };
        match role {
            Role::Server => write_frame(&mut out, opcode, payload),
            Role::Client => write_masked_frame(&mut out, opcode, payload, mask),
        }
    }
    out
}
