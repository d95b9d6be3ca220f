//! Limits on traffic: each judged from the header, before the body is there.

use ringmq_wire::{Connection, Error, FrameHeader, Framing, Limits, SocketType};

use crate::script::{Kind, command, config, established, feed, frame};

fn limited(limits: Limits) -> Connection {
    let mut config = config(SocketType::Pull, b"");
    config.limits = limits;
    established(&config)
}

/// A v2 header in the long form.
fn claim(flags: u8, bytes: u64) -> Vec<u8> {
    [[flags | 2].as_slice(), &bytes.to_be_bytes()].concat()
}

#[test]
fn a_message_larger_than_64_mib_is_refused_from_its_header_by_default() {
    let mut connection = limited(Limits::default());
    let scan = connection.scan(&claim(0, 64 << 20)).expect("just within");
    assert!(scan.next.is_some());
    let bytes = (64 << 20) + 1;
    assert_eq!(
        connection.scan(&claim(0, bytes)),
        Err(Error::MessageTooLarge { bytes })
    );
}

#[test]
fn sizes_near_the_end_of_the_range_are_refused_without_any_limit_set() {
    for bytes in (0..64)
        .map(|below| u64::MAX - below)
        .chain([1 << 63, (1 << 63) + 1])
    {
        let mut connection = limited(Limits::NONE);
        let stream = [claim(0, bytes), vec![0; 5_000]].concat();
        assert_eq!(connection.scan(&stream), Err(Error::BadFrameSize { bytes }));
    }
    for bytes in [
        (1 << 63) - 1,
        (1 << 32) + 1,
        1 << 32,
        (1 << 32) - 1,
        (1 << 31) + 1,
        1 << 31,
    ] {
        let mut connection = limited(Limits::NONE);
        let scan = connection
            .scan(&claim(0, bytes))
            .expect("the body may still come");
        assert_eq!(scan.next.map(|next| next.header.body_bytes), Some(bytes));
    }
}

#[test]
fn the_parts_of_a_message_count_together() {
    let mut connection = limited(Limits {
        message_bytes_max: Some(10),
        ..Limits::NONE
    });
    let scan = connection.scan(&[frame(1, b"12345"), frame(0, b"67890")].concat());
    assert_eq!(scan.expect("just within").messages, 1);
    let stream = [
        frame(1, b"12345"),
        command(b"PING", &[0; 9]),
        frame(0, b"678901"),
    ]
    .concat();
    let first = connection.scan(&stream).expect("the first part");
    let ping = connection.scan(&stream[first.frames..]).expect("the PING");
    assert!(first.again && ping.again && ping.passed_over);
    assert_eq!(
        connection.scan(&stream[first.frames + ping.frames..]),
        Err(Error::MessageTooLarge { bytes: 11 })
    );
}

#[test]
fn bytes_of_a_message_that_cannot_be_summed_are_too_many() {
    let mut connection = limited(Limits {
        message_bytes_max: Some(u64::MAX - 1),
        ..Limits::NONE
    });
    for _ in 0..2 {
        let scan = connection.scan(&claim(1, i64::MAX as u64)).expect("within");
        connection.large_frame_taken(scan.next.expect("the header is whole").header);
    }
    assert_eq!(
        connection.scan(&claim(1, i64::MAX as u64)),
        Err(Error::MessageTooLarge { bytes: u64::MAX })
    );
}

#[test]
fn endless_more_is_refused_at_the_limit_of_parts() {
    let mut connection = limited(Limits {
        parts_max: Some(3),
        ..Limits::NONE
    });
    let three = [frame(1, b""), frame(1, b""), frame(0, b"")].concat();
    assert_eq!(connection.scan(&three).expect("just within").messages, 1);
    let four = frame(1, b"").repeat(4);
    assert_eq!(
        connection
            .scan(&four)
            .expect("told before the error")
            .frames,
        6
    );
    assert_eq!(connection.scan(&four[6..]), Err(Error::TooManyParts));
}

#[test]
fn a_frame_above_its_own_limit_is_refused_even_if_short() {
    let mut connection = limited(Limits {
        frame_bytes_max: Some(3),
        ..Limits::NONE
    });
    assert_eq!(
        connection
            .scan(&frame(0, b"123"))
            .expect("just within")
            .messages,
        1
    );
    assert_eq!(
        connection.scan(b"\x00\x04"),
        Err(Error::FrameTooLarge { bytes: 4 })
    );
}

#[test]
fn a_short_message_above_a_small_limit_is_refused() {
    let mut connection = limited(Limits {
        message_bytes_max: Some(3),
        ..Limits::NONE
    });
    assert_eq!(
        connection
            .scan(&frame(0, b"123"))
            .expect("just within")
            .messages,
        1
    );
    assert_eq!(
        connection.scan(b"\x00\x04"),
        Err(Error::MessageTooLarge { bytes: 4 })
    );
    assert!(
        limited(Limits {
            message_bytes_max: Some(3),
            ..Limits::NONE
        })
        .scan(&frame(0, b"1234"))
        .is_err()
    );
}

#[test]
fn a_command_above_its_limit_is_refused_and_messages_are_not_measured_by_it() {
    let mut connection = limited(Limits {
        command_bytes_max: Some(10),
        ..Limits::NONE
    });
    assert_eq!(
        connection
            .scan(&frame(0, &[0; 50]))
            .expect("a message")
            .messages,
        1
    );
    assert!(connection.scan(&command(b"PONG", b"12345")).is_ok());
    assert_eq!(
        connection.scan(b"\x04\x0b"),
        Err(Error::CommandTooLarge { bytes: 11 })
    );
}

#[test]
fn v1_frames_keep_the_same_limits_and_boundaries() {
    let mut config = config(SocketType::Pull, b"");
    config.limits = Limits {
        message_bytes_max: Some(10),
        parts_max: Some(2),
        ..Limits::NONE
    };
    let stream = Kind::BareShort.handshake(SocketType::Push, b"");
    let header = |more, body_bytes| FrameHeader::message(more, body_bytes);

    let (mut connection, _) = feed(&config, &stream, &[]);
    assert_eq!(connection.framing(), Some(Framing::V1));
    assert_eq!(connection.account_v1(header(true, 5)), Ok(false));
    assert_eq!(connection.account_v1(header(false, 5)), Ok(true));
    assert_eq!(connection.account_v1(header(true, 5)), Ok(false));
    let error = Error::MessageTooLarge { bytes: 11 };
    assert_eq!(connection.account_v1(header(false, 6)), Err(error.clone()));
    assert_eq!(connection.account_v1(header(false, 0)), Err(error));

    let (mut connection, _) = feed(&config, &stream, &[]);
    for _ in 0..2 {
        assert_eq!(connection.account_v1(header(true, 0)), Ok(false));
    }
    assert_eq!(
        connection.account_v1(header(true, 0)),
        Err(Error::TooManyParts)
    );
}
