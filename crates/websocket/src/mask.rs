//! The XOR that clients put over their payloads (RFC 6455, 5.3). It is its own inverse.

/// Masks or unmasks `payload`, eight bytes at a time.
pub(crate) fn apply(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(word.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// The mask for the bytes that follow `bytes` masked ones.
pub(crate) fn after(mut mask: [u8; 4], bytes: usize) -> [u8; 4] {
    mask.rotate_left(bytes % 4);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    #[test]
    fn byte_i_meets_key_i_modulo_4() {
        for len in 0..40 {
            let plain: Vec<u8> = (0..len).collect();
            let mut masked = plain.clone();
            apply(&mut masked, MASK);
            for (i, byte) in masked.iter().enumerate() {
                assert_eq!(*byte, plain[i] ^ MASK[i % 4]);
            }
        }
    }

    #[test]
    fn a_payload_in_two_parts_is_masked_as_one() {
        let plain: Vec<u8> = (0..40).collect();
        let mut whole = plain.clone();
        apply(&mut whole, MASK);
        for cut in 0..plain.len() {
            let mut parts = plain.clone();
            let (head, tail) = parts.split_at_mut(cut);
            apply(head, MASK);
            apply(tail, after(MASK, cut));
            assert_eq!(parts, whole);
        }
    }
}
