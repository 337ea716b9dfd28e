//! Frames on their way out. Every message is one frame; we never fragment. Start at [`write_frame`].

use bytes::{BufMut, BytesMut};

use crate::close;
use crate::frame::{Opcode, Role, decode_header, frame_header, masked_frame_header};
use crate::mask;

/// Appends a frame as a server sends it: whole and without a mask.
///
/// A control frame carries at most [`CONTROL_PAYLOAD_MAX_BYTES`](crate::CONTROL_PAYLOAD_MAX_BYTES);
/// the caller keeps that.
pub fn write_frame(out: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
    let (header, header_len) = frame_header(opcode, payload.len());
    out.reserve(header_len + payload.len());
    out.put_slice(&header[..header_len]);
    out.put_slice(payload);
}

/// Appends a close frame as a server sends it, with as much of `reason` as fits into
/// [`CLOSE_REASON_MAX_BYTES`](crate::CLOSE_REASON_MAX_BYTES), cut between two characters.
pub fn write_close(out: &mut BytesMut, code: u16, reason: &str) {
    let (body, len) = close::encode(code, reason);
    write_frame(out, Opcode::Close, &body[..len]);
}

/// Appends a frame as a client sends it. `mask` must be new and unpredictable for each frame when
/// a proxy may stand in between (RFC 6455, 5.3 and 10.3).
pub fn write_masked_frame(out: &mut BytesMut, opcode: Opcode, payload: &[u8], mask: [u8; 4]) {
    let (header, header_len) = masked_frame_header(opcode, payload.len(), mask);
    out.reserve(header_len + payload.len());
    out.put_slice(&header[..header_len]);
    let payload_at = out.len();
    out.put_slice(payload);
    mask::apply(&mut out[payload_at..], mask);
}

/// [`write_close`] for a client.
pub fn write_masked_close(out: &mut BytesMut, code: u16, reason: &str, mask: [u8; 4]) {
    let (body, len) = close::encode(code, reason);
    write_masked_frame(out, Opcode::Close, &body[..len], mask);
}

/// Where a frame may be put into a stream that is half written: the smallest offset of at least
/// `written` at which a frame of `chunk` begins or the chunk ends.
///
/// `chunk` holds whole frames as [`write_frame`] makes them, and `written` of its bytes have gone
/// out. What lies between the two offsets must still follow; what lies behind may be left out.
pub fn frame_boundary(chunk: &[u8], written: usize) -> usize {
    let mut boundary = 0;
    while boundary < written.min(chunk.len()) {
        boundary = match frame_len(&chunk[boundary..]) {
            Some(len) => boundary + len,
            None => chunk.len(),
        };
    }
    boundary
}

/// Length of the frame that `bytes` begin with; `None` if it is not a whole frame of a server.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let (header, header_len) = decode_header(Role::Client, bytes).ok()??;
    let len = usize::try_from(header.payload_bytes)
        .ok()?
        .checked_add(header_len)?;
    (len <= bytes.len()).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_written_as_in_the_rfc() {
        let mut out = BytesMut::new();
        write_frame(&mut out, Opcode::Text, b"Hello");
        assert_eq!(&out[..], b"\x81\x05Hello");
    }

    #[test]
    fn a_masked_frame_is_written_as_in_the_rfc() {
        let mut out = BytesMut::from(&b"before"[..]);
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        write_masked_frame(&mut out, Opcode::Text, b"Hello", mask);
        assert_eq!(
            &out[..],
            b"before\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        );
    }

    #[test]
    fn a_close_frame_holds_code_and_reason() {
        let mut out = BytesMut::new();
        write_close(&mut out, 4002, "too slow");
        assert_eq!(&out[..], b"\x88\x0a\x0f\xa2too slow");
    }

    #[test]
    fn a_half_written_chunk_goes_on_to_the_end_of_its_frame() {
        let mut chunk = BytesMut::new();
        let mut boundaries = vec![0];
        for len in [0, 5, 125, 126, 65_535, 65_536, 1] {
            write_frame(&mut chunk, Opcode::Binary, &vec![7; len]);
            boundaries.push(chunk.len());
        }
        for written in 0..=chunk.len() {
            let boundary = frame_boundary(&chunk, written);
            if boundaries.contains(&written) {
                assert_eq!(boundary, written);
                continue;
            }
            let expected = boundaries.iter().find(|&&boundary| boundary >= written);
            assert_eq!(Some(&boundary), expected);
        }
    }

    #[test]
    fn a_chunk_that_is_not_whole_frames_ends_at_its_end() {
        for chunk in [
            &b"\x81\x05Hel"[..],
            b"\xff",
            b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(frame_boundary(chunk, 1), chunk.len());
        }
        assert_eq!(frame_boundary(b"\x81\x01a", 100), 3);
        assert_eq!(frame_boundary(b"", 0), 0);
    }
}
