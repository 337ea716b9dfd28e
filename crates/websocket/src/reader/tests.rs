//! The reader: whole messages, however they are cut, and every frame that is refused.

use super::*;
use crate::frame::masked_frame_header;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMITS: Limits = Limits {
    message_max_bytes: 1000,
    fragments_max: 4,
};

/// A masked frame. `first` is its first byte: 0x81 is a whole text, 0x01 the first fragment of one.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let (mut header, header_len) = masked_frame_header(Opcode::Text, payload.len(), MASK);
    header[0] = first;
    let mut bytes = header[..header_len].to_vec();
    bytes.extend_from_slice(payload);
    mask::apply(&mut bytes[header_len..], MASK);
    bytes
}

fn masked_all(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(first, payload)| masked(*first, payload))
        .collect()
}

fn describe(incoming: Incoming<'_>) -> String {
    match incoming {
        Incoming::Text(text) => format!("text {text}"),
        Incoming::Binary(bytes) => format!("binary {bytes:?}"),
        Incoming::Ping(bytes) => format!("ping {bytes:?}"),
        Incoming::Pong(bytes) => format!("pong {bytes:?}"),
        Incoming::Close(None) => "close".to_owned(),
        Incoming::Close(Some(frame)) => format!("close {} {}", frame.code, frame.reason),
    }
}

/// What a server reads from `bytes`, and that one byte at a time makes no difference.
#[track_caller]
fn read(bytes: &[u8]) -> (String, Result<(), ProtocolError>) {
    let at_once = read_in(bytes, bytes.len().max(1));
    assert_eq!(read_in(bytes, 1), at_once);
    at_once
}

fn read_in(bytes: &[u8], chunk_bytes: usize) -> (String, Result<(), ProtocolError>) {
    let mut reader = Reader::new(Role::Server);
    let mut said = Vec::new();
    for chunk in bytes.to_vec().chunks_mut(chunk_bytes) {
        let fed = reader.feed(&LIMITS, chunk, |incoming| {
            said.push(describe(incoming));
            ControlFlow::Continue(())
        });
        match fed {
            Ok(consumed) => assert_eq!(consumed, chunk.len()),
            Err(error) => return (said.join(" | "), Err(error)),
        }
    }
    (said.join(" | "), Ok(()))
}

#[track_caller]
fn check(frames: &[(u8, &[u8])], said: &str) {
    assert_eq!(read(&masked_all(frames)), (said.to_owned(), Ok(())));
}

#[track_caller]
fn refused(bytes: &[u8], said_before: &str, error: ProtocolError, close_code: u16) {
    assert_eq!(error.close_code(), close_code);
    assert_eq!(read(bytes), (said_before.to_owned(), Err(error)));
}

#[test]
fn whole_messages_are_handed_out_in_order() {
    check(
        &[
            (0x81, b"a"),
            (0x82, &[0, 255]),
            (0x89, b""),
            (0x8a, &[1]),
            (0x81, b""),
            (0x88, b"\x03\xe8bye"),
        ],
        "text a | binary [0, 255] | ping [] | pong [1] | text  | close 1000 bye",
    );
}

#[test]
fn a_close_frame_without_a_code_is_read() {
    check(&[(0x88, b"")], "close");
}

#[test]
fn a_client_reads_frames_without_a_mask() {
    let mut said = Vec::new();
    let fed = Reader::new(Role::Client).feed(&LIMITS, &mut b"\x81\x02hi".to_vec(), |incoming| {
        said.push(describe(incoming));
        ControlFlow::Continue(())
    });
    assert_eq!((fed, said.join(" | ")), (Ok(4), "text hi".to_owned()));
}

#[test]
fn a_client_refuses_a_masked_frame() {
    let fed = Reader::new(Role::Client).feed(&LIMITS, &mut masked(0x81, b"hi"), |_| {
        panic!("nothing may be handed out")
    });
    let opcode = Opcode::Text;
    assert_eq!(fed, Err(ProtocolError::Masked { opcode }));
}

#[test]
fn fragments_are_joined() {
    check(
        &[(0x01, b"Hel"), (0x00, b""), (0x80, b"lo"), (0x81, b"!")],
        "text Hello | text !",
    );
}

#[test]
fn control_frames_may_come_between_fragments() {
    check(
        &[(0x02, &[1]), (0x89, b""), (0x8a, &[9]), (0x80, &[2])],
        "ping [] | pong [9] | binary [1, 2]",
    );
}

#[test]
fn a_character_may_be_cut_by_a_fragment() {
    check(
        &[(0x01, b"\xe2\x82"), (0x89, b""), (0x80, b"\xac")],
        "ping [] | text €",
    );
}

#[test]
fn a_message_of_the_largest_size_is_read() {
    let payload = [b'x'; 1000];
    let expected = format!("text {}", "x".repeat(1000));
    check(&[(0x81, &payload)], &expected);
    check(
        &[(0x01, &payload[..600]), (0x80, &payload[..400])],
        &expected,
    );
}

#[test]
fn data_after_a_close_frame_is_ignored() {
    let mut bytes = masked_all(&[(0x88, b""), (0x81, b"more")]);
    bytes.extend_from_slice(&[0xff; 20]);
    assert_eq!(read(&bytes), ("close".to_owned(), Ok(())));
}

#[test]
fn data_after_a_refusal_is_ignored() {
    let mut reader = Reader::new(Role::Server);
    let count = |reader: &mut Reader, bytes: &mut [u8]| {
        reader.feed(&LIMITS, bytes, |_| panic!("nothing may be handed out"))
    };
    assert!(!reader.has_ended());
    assert!(count(&mut reader, &mut [0xff]).is_err());
    assert!(reader.has_ended());
    assert_eq!(count(&mut reader, &mut masked(0x81, b"a")), Ok(7));
    assert_eq!(reader.buffered_bytes(), 0);
}

#[test]
fn a_break_leaves_the_rest_for_later() {
    let frames: [(u8, &[u8]); 4] = [(0x81, b"a"), (0x01, b"b"), (0x80, b"c"), (0x88, b"")];
    let mut bytes = masked_all(&frames);
    let mut reader = Reader::new(Role::Server);
    let (mut said, mut consumed) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < bytes.len() {
        let fed = reader.feed(&LIMITS, &mut bytes[at..], |incoming| {
            said.push(describe(incoming));
            ControlFlow::Break(())
        });
        at += fed.unwrap();
        consumed.push(at);
    }
    assert_eq!(said.join(" | "), "text a | text bc | close");
    assert_eq!(consumed, [7, 21, 27]);
}

#[test]
fn a_whole_message_is_handed_out_where_it_lies() {
    let mut bytes = masked(0x82, &[7; 100]);
    let range = bytes.as_ptr_range();
    let mut reader = Reader::new(Role::Server);
    let fed = reader.feed(&LIMITS, &mut bytes, |incoming| {
        let Incoming::Binary(payload) = incoming else {
            panic!("not binary")
        };
        assert!(range.contains(&payload.as_ptr()));
        ControlFlow::Continue(())
    });
    assert_eq!(fed, Ok(106));
    assert_eq!(reader.buffered_bytes(), 0);
}

#[test]
fn an_idle_reader_is_16_bytes() {
    assert_eq!(size_of::<Reader>(), 16);
    assert!(size_of::<Partial>() <= 128);
}

#[test]
fn memory_is_held_only_while_something_is_incomplete() {
    let mut reader = Reader::new(Role::Server);
    let bytes = masked_all(&[(0x01, b"ab"), (0x89, b"ping"), (0x80, b"c"), (0x81, b"d")]);
    let mut incomplete = Vec::new();
    for byte in &bytes {
        let fed = reader.feed(&LIMITS, &mut [*byte], |_| ControlFlow::Continue(()));
        assert_eq!(fed, Ok(1));
        incomplete.push(reader.buffered_bytes() > 0);
    }
    let mut expected = vec![true; bytes.len()];
    expected[8 + 10 + 7 - 1] = false;
    expected[8 + 10 + 7 + 7 - 1] = false;
    assert_eq!(incomplete, expected);
}

#[test]
fn a_declared_length_allocates_nothing() {
    let mut declaration = vec![0x82, 0xff];
    declaration.extend_from_slice(&(1_u64 << 62).to_be_bytes());
    declaration.extend_from_slice(&MASK);
    let feed = |limits: &Limits| {
        let mut reader = Reader::new(Role::Server);
        let mut bytes = declaration.clone();
        let fed = reader.feed(limits, &mut bytes, |_| panic!("nothing may be handed out"));
        (fed, reader)
    };

    let (fed, reader) = feed(&LIMITS);
    let refusal = ProtocolError::TooLarge {
        message_bytes: 1 << 62,
        limit_bytes: 1000,
    };
    assert_eq!(refusal.close_code(), 1009);
    assert_eq!(fed, Err(refusal));
    assert_eq!(reader.buffered_bytes(), 0);

    let (fed, mut reader) = feed(&Limits {
        message_max_bytes: usize::MAX,
        fragments_max: 1,
    });
    assert_eq!(fed, Ok(14));
    assert_eq!(reader.buffered_bytes(), size_of::<Partial>());
    for _ in 0..100 {
        let limits = Limits {
            message_max_bytes: usize::MAX,
            ..LIMITS
        };
        let fed = reader.feed(&limits, &mut [0; 10], |_| panic!("it is not complete"));
        assert_eq!(fed, Ok(10));
    }
    assert!(reader.buffered_bytes() <= size_of::<Partial>() + 2000);
}

#[test]
fn a_frame_that_is_whole_in_the_end_is_held_without_spare_room() {
    let mut reader = Reader::new(Role::Server);
    let bytes = masked(0x82, &[1; 1000]);
    for byte in &bytes[..bytes.len() - 1] {
        let fed = reader.feed(&LIMITS, &mut [*byte], |_| panic!("it is not complete"));
        assert_eq!(fed, Ok(1));
    }
    assert_eq!(reader.buffered_bytes(), size_of::<Partial>() + 1000);
}

#[test]
fn an_unmasked_frame_from_a_client_is_refused() {
    let opcode = Opcode::Text;
    refused(b"\x81\x02hi", "", ProtocolError::Unmasked { opcode }, 1002);
}

#[test]
fn a_reserved_bit_is_refused() {
    let bytes = masked_all(&[(0x81, b"a"), (0xc1, b"b")]);
    refused(
        &bytes,
        "text a",
        ProtocolError::ReservedBits { bits: 4 },
        1002,
    );
}

#[test]
fn a_reserved_opcode_is_refused() {
    let error = ProtocolError::ReservedOpcode { opcode: 0xb };
    refused(&masked(0x8b, b""), "", error, 1002);
}

#[test]
fn a_fragmented_control_frame_is_refused() {
    let opcode = Opcode::Ping;
    let error = ProtocolError::FragmentedControl { opcode };
    refused(&masked(0x09, b""), "", error, 1002);
}

#[test]
fn a_control_frame_of_126_bytes_is_refused() {
    let opcode = Opcode::Close;
    let error = ProtocolError::ControlTooLong { opcode };
    refused(&masked(0x88, &[3; 126]), "", error, 1002);
    check(&[(0x8a, &[0; 125])], &format!("pong {:?}", [0; 125]));
}

#[test]
fn a_continuation_without_a_start_is_refused() {
    let bytes = masked_all(&[(0x01, b"a"), (0x80, b"b"), (0x80, b"c")]);
    refused(
        &bytes,
        "text ab",
        ProtocolError::UnexpectedContinuation,
        1002,
    );
}

#[test]
fn a_new_message_inside_a_fragmented_one_is_refused() {
    let bytes = masked_all(&[(0x01, b"a"), (0x82, b"b")]);
    let opcode = Opcode::Binary;
    refused(
        &bytes,
        "",
        ProtocolError::UnfinishedMessage { opcode },
        1002,
    );
}

#[test]
fn fragments_too_large_together_are_refused() {
    let bytes = masked_all(&[(0x02, &[0; 600]), (0x89, b""), (0x00, &[0; 401])]);
    let error = ProtocolError::TooLarge {
        message_bytes: 1001,
        limit_bytes: 1000,
    };
    refused(&bytes[..bytes.len() - 401], "ping []", error, 1009);
}

#[test]
fn too_many_fragments_are_refused_even_if_they_are_empty() {
    let four = [(0x01, &b""[..]), (0x00, b""), (0x00, b""), (0x80, b"")];
    check(&four, "text ");
    let bytes = masked_all(&[
        (0x01, b""),
        (0x00, b""),
        (0x00, b""),
        (0x00, b""),
        (0x80, b""),
    ]);
    refused(
        &bytes,
        "",
        ProtocolError::TooManyFragments { fragments_max: 4 },
        1009,
    );
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    for (payload, valid_bytes) in [
        (&b"ab\xff"[..], 2),
        (b"\xc0\xaf", 0),
        (b"a\xed\xa0\x80", 1),
        (b"\xf4\x90\x80\x80", 0),
        (b"abc\xe2\x82", 3),
    ] {
        let error = ProtocolError::TextNotUtf8 { valid_bytes };
        refused(&masked(0x81, payload), "", error, 1007);
    }
}

#[test]
fn text_that_is_not_utf8_across_fragments_is_refused() {
    let broken = masked_all(&[(0x01, b"a\xe2\x82"), (0x80, b"b")]);
    let error = ProtocolError::TextNotUtf8 { valid_bytes: 1 };
    refused(&broken, "", error.clone(), 1007);

    let cut = masked_all(&[(0x01, b"a\xe2\x82"), (0x00, b""), (0x80, b"")]);
    refused(&cut, "", error, 1007);
}

#[test]
fn text_is_refused_at_its_first_bad_byte() {
    let bytes = masked_all(&[(0x01, b"fine "), (0x80, b"so far \xff and on")]);
    let error = ProtocolError::TextNotUtf8 { valid_bytes: 12 };
    refused(&bytes[..bytes.len() - 7], "", error, 1007);
}

#[test]
fn binary_need_not_be_utf8() {
    check(&[(0x02, &[0xff]), (0x80, &[0xc0])], "binary [255, 192]");
}

#[test]
fn a_bad_close_body_is_refused() {
    let error = ProtocolError::CloseBodyTooShort;
    refused(&masked(0x88, &[3]), "", error, 1002);
    let error = ProtocolError::InvalidCloseCode { code: 1005 };
    refused(&masked(0x88, &[3, 0xed]), "", error, 1002);
    let error = ProtocolError::CloseReasonNotUtf8 { valid_bytes: 0 };
    refused(&masked(0x88, &[3, 0xe8, 0xff]), "", error, 1007);
}
