//! Header edges and round trips of both framings.

use proptest::prelude::*;

use super::*;

fn decode(framing: Framing, input: &[u8]) -> Result<Option<(FrameHeader, usize)>, Error> {
    FrameHeader::decode(framing, input)
}

/// Long headers of either framing that claim `size`, with a few bytes behind.
fn claims(size: u64) -> [(Framing, Vec<u8>); 2] {
    let mut v1 = vec![0xff];
    v1.extend(size.to_be_bytes());
    v1.extend([0; 16]);
    let mut v2 = vec![LONG];
    v2.extend(size.to_be_bytes());
    v2.extend([0; 16]);
    [(Framing::V1, v1), (Framing::V2, v2)]
}

#[test]
fn sizes_that_wrap_an_allocation_are_refused_from_the_header() {
    for below in 0..64 {
        let size = u64::MAX - below;
        for (framing, input) in claims(size) {
            assert_eq!(
                decode(framing, &input),
                Err(Error::BadFrameSize { bytes: size })
            );
        }
    }
    assert_eq!(
        decode(Framing::V2, &claims(1 << 63)[1].1),
        Err(Error::BadFrameSize { bytes: 1 << 63 })
    );
    assert_eq!(
        decode(Framing::V1, &claims((1 << 63) + 1)[0].1),
        Err(Error::BadFrameSize {
            bytes: (1 << 63) + 1
        })
    );
}

#[test]
fn sizes_around_the_signed_limits_are_read_exactly() {
    for size in [
        (1 << 31) - 1,
        1 << 31,
        (1 << 31) + 1,
        (1 << 32) - 1,
        1 << 32,
        (1 << 32) + 1,
    ] {
        let [(_, v1), (_, v2)] = claims(size);
        assert_eq!(
            decode(Framing::V1, &v1),
            Ok(Some((FrameHeader::message(false, size - 1), 10)))
        );
        assert_eq!(
            decode(Framing::V2, &v2),
            Ok(Some((FrameHeader::message(false, size), 9)))
        );
    }
    let largest = FrameHeader::message(false, BODY_BYTES_MAX);
    assert_eq!(
        decode(Framing::V1, &claims(1 << 63)[0].1),
        Ok(Some((largest, 10)))
    );
    assert_eq!(
        decode(Framing::V2, &claims(BODY_BYTES_MAX)[1].1),
        Ok(Some((largest, 9)))
    );
}

#[test]
fn a_v1_size_without_room_for_the_flags_is_refused() {
    assert_eq!(
        decode(Framing::V1, &[0]),
        Err(Error::BadFrameSize { bytes: 0 })
    );
    assert_eq!(
        decode(Framing::V1, &claims(0)[0].1),
        Err(Error::BadFrameSize { bytes: 0 })
    );
}

#[test]
fn a_command_with_more_parts_is_malformed() {
    assert_eq!(
        decode(Framing::V2, &[MORE | COMMAND, 0]),
        Err(Error::MalformedCommand)
    );
}

#[test]
fn reserved_flags_are_not_looked_at() {
    assert_eq!(
        decode(Framing::V2, &[0xf8 | MORE, 3]),
        Ok(Some((FrameHeader::message(true, 3), 2)))
    );
    assert_eq!(
        decode(Framing::V1, &[4, 0xfe]),
        Ok(Some((FrameHeader::message(false, 3), 2)))
    );
}

#[test]
fn the_short_form_ends_where_each_framing_says() {
    let mut buffer = [0; HEADER_BYTES_MAX];
    for (framing, last_short) in [(Framing::V1, 253), (Framing::V2, 255)] {
        assert_eq!(
            FrameHeader::message(false, last_short).encode(framing, &mut buffer),
            2
        );
        assert!(FrameHeader::message(false, last_short + 1).encode(framing, &mut buffer) > 2);
    }
}

proptest! {
    #[test]
    fn headers_come_back_as_they_were(
        more: bool,
        command: bool,
        body_bytes in prop_oneof![0..600_u64, 0..=BODY_BYTES_MAX],
    ) {
        let mut buffer = [0; HEADER_BYTES_MAX];
        for framing in [Framing::V1, Framing::V2] {
            let command = command && !more && framing == Framing::V2;
            let header = FrameHeader { more, command, body_bytes };
            let bytes = header.encode(framing, &mut buffer);
            prop_assert_eq!(decode(framing, &buffer), Ok(Some((header, bytes))));
            for cut in 0..bytes {
                prop_assert_eq!(decode(framing, &buffer[..cut]), Ok(None));
            }
        }
    }
}
