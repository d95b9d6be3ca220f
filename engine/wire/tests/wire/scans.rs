//! The scanner: against the slow decoder on generated streams, and its edges by hand.

use ringmq_wire::{
    Config, Connection, EVENTS_MAX, Error, EventKind, Form, Limits, Scan, SocketType,
};

use proptest::prelude::*;

use crate::reader::read;
use crate::script::{command, config, established, frame};
use crate::slow::tell;

fn traffic(own: SocketType) -> Connection {
    let mut connection = established(&config(own, b""));
    let unsent = connection.output().len();
    connection.output_sent(unsent);
    connection
}

#[test]
fn a_run_of_messages_is_counted_and_its_tail_left() {
    let mut connection = traffic(SocketType::Pull);
    let stream = [
        frame(0, b"one"),
        frame(0, b""),
        frame(0, b"three"),
        vec![0, 9, 1],
    ]
    .concat();
    let scan = connection.scan(&stream).expect("good frames");
    assert_eq!((scan.frames, scan.complete, scan.messages), (14, 14, 3));
    let next = scan.next.expect("the header is whole");
    assert_eq!((next.header.body_bytes, next.header_bytes), (9, 2));
}

#[test]
fn the_parts_of_a_message_may_come_in_several_scans_with_a_ping_between() {
    let mut connection = traffic(SocketType::Pull);
    let first = [frame(0, b"whole"), frame(1, b"part")].concat();
    let scan = connection.scan(&first).expect("good frames");
    assert_eq!(
        (scan.frames, scan.complete, scan.messages),
        (first.len(), 7, 1)
    );

    let ping = command(b"PING", &[0, 0]);
    let scan = connection.scan(&ping).expect("a good PING");
    assert_eq!(
        (scan.frames, scan.complete, scan.messages),
        (ping.len(), 0, 0)
    );
    assert_eq!(connection.output(), command(b"PONG", b""));

    let scan = connection.scan(&frame(0, b"end")).expect("good frames");
    assert_eq!((scan.frames, scan.complete, scan.messages), (5, 5, 1));
}

#[test]
fn commands_inside_a_message_come_one_by_one_and_apart_from_its_parts() {
    let mut connection = traffic(SocketType::Pull);
    let ping = command(b"PING", &[0, 0]);
    let stream = [
        ping.clone(),
        frame(1, b"part"),
        ping.clone(),
        command(b"SING", b"song"),
        frame(0, b"end"),
        ping.clone(),
    ]
    .concat();
    let mut at = 0;
    let mut told = Vec::new();
    loop {
        let scan = connection.scan(&stream[at..]).expect("good frames");
        told.push((scan.frames, scan.complete, scan.messages, scan.passed_over));
        at += scan.frames;
        if !scan.again {
            break;
        }
    }
    let run = (ping.len() + 6, ping.len(), 0, false);
    let commands = [(ping.len(), 0, 0, true), (11, 0, 0, true)];
    let rest = (5 + ping.len(), 5 + ping.len(), 1, false);
    assert_eq!(told, [run, commands[0], commands[1], rest]);
}

#[test]
fn a_command_outside_a_message_is_complete_but_no_message() {
    let mut connection = traffic(SocketType::Pull);
    let stream = [frame(0, b"m"), command(b"PONG", b"")].concat();
    let scan = connection.scan(&stream).expect("good frames");
    assert_eq!((scan.complete, scan.messages), (stream.len(), 1));
}

#[test]
fn a_scan_stops_before_a_large_body_even_if_it_is_all_there() {
    let mut connection = traffic(SocketType::Pull);
    connection.set_large_body_bytes(300);
    let stream = [frame(0, &[1; 300]), frame(1, &[2; 301]), frame(0, b"end")].concat();
    let scan = connection.scan(&stream).expect("good frames");
    assert_eq!((scan.frames, scan.messages), (309, 1));
    let next = scan.next.expect("the large frame");
    assert_eq!((next.header.body_bytes, next.header.more), (301, true));
    assert!(
        !connection.large_frame_taken(next.header),
        "more parts follow"
    );
    let scan = connection.scan(&stream[309 + 310..]).expect("good frames");
    assert_eq!(
        (scan.frames, scan.complete, scan.messages, scan.next),
        (5, 5, 1, None)
    );
}

#[test]
fn an_empty_input_and_half_a_header_tell_nothing() {
    let mut connection = traffic(SocketType::Pull);
    for input in [b"".as_slice(), b"\x00", b"\x02\x00\x00\x00\x00\x00\x00\x00"] {
        assert_eq!(connection.scan(input), Ok(Scan::default()));
    }
}

#[test]
fn what_comes_before_a_bad_frame_is_told_before_the_error() {
    let mut connection = traffic(SocketType::Pull);
    let stream = [frame(0, b"good"), frame(5, b"bad")].concat();
    let scan = connection.scan(&stream).expect("the good frame first");
    assert_eq!((scan.frames, scan.messages, scan.again), (6, 1, true));
    assert_eq!(connection.scan(&stream[6..]), Err(Error::MalformedCommand));
}

#[test]
fn subscriptions_are_told_in_both_forms_to_publishers_only() {
    let stream = [
        command(b"SUBSCRIBE", b"a"),
        frame(0, b"\x01bc"),
        frame(1, b"user data"),
        command(b"CANCEL", b""),
        frame(0, b"\x00"),
        frame(0, b"\x02x"),
    ]
    .concat();
    let message = |first_part| Form::Message { first_part };
    let expected = [
        (EventKind::Subscribe, Form::Command, b"a".as_slice()),
        (EventKind::Subscribe, message(true), b"bc"),
        (EventKind::Cancel, Form::Command, b""),
        (EventKind::Cancel, message(false), b""),
    ];
    for own in [SocketType::Pub, SocketType::XPub] {
        let (messages, told) = all_events(own, &stream);
        let told: Vec<_> = told
            .iter()
            .map(|(kind, form, topic)| (*kind, *form, topic.as_slice()))
            .collect();
        assert_eq!((messages, told.as_slice()), (3, expected.as_slice()));
    }
    assert_eq!(all_events(SocketType::Dealer, &stream), (3, Vec::new()));
}

/// Scans a whole stream: its messages, and what it says about subscriptions.
fn all_events(own: SocketType, stream: &[u8]) -> (u32, Vec<(EventKind, Form, Vec<u8>)>) {
    let mut connection = traffic(own);
    let (mut at, mut messages, mut told) = (0, 0, Vec::new());
    loop {
        let input = &stream[at..];
        let scan = connection.scan(input).expect("good frames");
        while let Some(event) = connection.next_event() {
            told.push((event.kind, event.form, input[event.topic].to_vec()));
        }
        at += scan.frames;
        messages += scan.messages;
        if !scan.again {
            return (messages, told);
        }
    }
}

#[test]
fn groups_are_told_to_radio() {
    let mut connection = traffic(SocketType::Radio);
    let stream = [command(b"JOIN", b"g"), command(b"LEAVE", b"g")].concat();
    let scan = connection.scan(&stream).expect("good frames");
    assert_eq!((scan.messages, scan.subscriptions), (0, 2));
    assert_eq!(
        connection.next_event().map(|event| event.kind),
        Some(EventKind::Join)
    );
    assert_eq!(
        connection.next_event().map(|event| event.kind),
        Some(EventKind::Leave)
    );
}

#[test]
fn a_cancel_of_what_was_never_subscribed_is_only_told() {
    let mut connection = traffic(SocketType::Pub);
    let stream = [command(b"CANCEL", b"never"), command(b"CANCEL", b"never")].concat();
    assert_eq!(
        connection.scan(&stream).expect("good frames").subscriptions,
        2
    );
}

#[test]
fn a_flood_of_subscriptions_is_told_in_bounded_portions_and_unfetched_ones_stop_nothing() {
    let mut connection = traffic(SocketType::Pub);
    let stream = command(b"SUBSCRIBE", b"t").repeat(1_000);
    let (mut at, mut scans, mut told) = (0, 0, 0);
    loop {
        let scan = connection.scan(&stream[at..]).expect("good frames");
        at += scan.frames;
        told += scan.subscriptions;
        scans += 1;
        if !scan.again {
            break;
        }
        assert_eq!(scan.subscriptions, EVENTS_MAX as u32);
    }
    assert_eq!(
        (at, told, scans),
        (stream.len(), 1_000, 1_000_usize.div_ceil(EVENTS_MAX))
    );
}

#[test]
fn a_large_command_is_left_to_the_session_and_judged_like_any_other() {
    let mut connection = traffic(SocketType::Pub);
    let long = command(b"SUBSCRIBE", &[b't'; 5_000]);
    let scan = connection.scan(&long).expect("good frames");
    let next = scan.next.expect("the large command");
    assert!(next.header.command);
    let body = &long[next.header_bytes..];
    assert_eq!(
        connection.large_command_taken(body),
        Ok(Some(EventKind::Subscribe))
    );
    assert_eq!(
        connection.large_command_taken(b"\x05READY"),
        Err(Error::UnexpectedCommand)
    );
    assert_eq!(connection.scan(b""), Err(Error::UnexpectedCommand));
}

/// One piece of a generated stream.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(0..2_u8, 250..270),
        1 => prop::collection::vec(any::<u8>(), 4090..4100),
    ];
    let name = prop::sample::select(vec![
        "SUBSCRIBE",
        "CANCEL",
        "PING",
        "PONG",
        "JOIN",
        "LEAVE",
        "OTHER",
        "ERROR",
        "READY",
    ]);
    let topic = prop::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        10 => (body.clone(), any::<bool>(), 0..32_u8)
            .prop_map(|(body, more, reserved)| frame((reserved << 3) | u8::from(more), &body)),
        1 => body.clone().prop_map(|body| {
            // A short body in the long form is legal.
            let size = (body.len() as u64).to_be_bytes();
            [[2].as_slice(), &size, &body].concat()
        }),
        6 => (name, topic).prop_map(|(name, data)| command(name.as_bytes(), &data)),
        1 => body.prop_map(|body| frame(4, &body)),
        1 => prop::collection::vec(any::<u8>(), 1..12),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let bytes = || prop::option::of(prop::sample::select(vec![0, 10, 255, 300, 5_000]));
    (bytes(), bytes(), bytes(), prop::option::of(0..6_u32)).prop_map(
        |(frame_bytes_max, message_bytes_max, command_bytes_max, parts_max)| Limits {
            frame_bytes_max,
            message_bytes_max,
            parts_max,
            command_bytes_max,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_scan_tells_what_a_slow_decoder_tells_however_the_stream_is_cut(
        pieces in prop::collection::vec(piece(), 0..60),
        chunks in prop::collection::vec(1..600_usize, 1..8),
        limits in prop_oneof![3 => Just(Limits::NONE), 1 => limits()],
        large in prop::sample::select(vec![0, 16, 255, 256, 4096, 1 << 20]),
        own in prop::sample::select(vec![
            SocketType::Pull, SocketType::XPub, SocketType::Radio, SocketType::Dealer,
        ]),
    ) {
        let stream = pieces.concat();
        let mut config = Config::new(own);
        config.limits = limits;
        let expected = tell(&stream, own, &limits, large);
        for chunks in [chunks.as_slice(), &[1], &[usize::MAX]] {
            let mut connection = established(&config);
            let unsent = connection.output().len();
            connection.output_sent(unsent);
            connection.set_large_body_bytes(large);
            let told = read(&mut connection, &stream, chunks, large);
            prop_assert_eq!(&told, &expected);
        }
    }
}
