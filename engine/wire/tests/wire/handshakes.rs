//! READY and what can stand in its place; identity frames; the deadline.

use std::sync::Arc;
use std::time::Duration;

use ringmq_wire::{Config, Connection, Error, MetadataFault, RoutingId, SocketType};

use crate::script::{Kind, command, config, feed, frame, greeting, property, ready, signature};

/// What a DEALER says to a 3.1 peer that sends `frames` behind its greeting.
fn dealer_meets(frames: &[u8]) -> Result<(), Error> {
    let stream = [greeting(3, 1, b"NULL"), frames.to_vec()].concat();
    feed(&config(SocketType::Dealer, b""), &stream, &[])
        .1
        .result
}

fn list(properties: &[(&[u8], &[u8])]) -> Vec<u8> {
    let list: Vec<_> = properties
        .iter()
        .map(|(name, value)| property(name, value))
        .collect();
    command(b"READY", &list.concat())
}

#[test]
fn properties_of_ready_are_kept_and_names_have_no_case() {
    let frames = list(&[
        (b"socket-TYPE", b"ROUTER"),
        (b"X-Zone", b"eu"),
        (b"IDENTITY", b"me"),
    ]);
    let stream = [greeting(3, 1, b"NULL"), frames].concat();
    let (connection, outcome) = feed(&config(SocketType::Dealer, b""), &stream, &[]);
    assert_eq!(outcome.result, Ok(()));
    let peer = connection.peer().expect("established");
    assert_eq!(peer.routing_id().as_bytes(), b"me");
    assert_eq!(peer.properties().get(b"x-zone"), Some(b"eu".as_slice()));
    assert_eq!(peer.properties().iter().count(), 3);
}

#[test]
fn our_own_properties_stand_in_ready() {
    let mut config = config(SocketType::Dealer, b"me");
    config
        .properties
        .push(b"X-Zone", b"eu")
        .expect("there is room");
    let stream = Kind::V3 {
        revision: 3,
        minor: 1,
    }
    .handshake(SocketType::Router, b"");
    let (_, outcome) = feed(&config, &stream, &[]);
    let expected = list(&[
        (b"Socket-Type", b"DEALER"),
        (b"Identity", b"me"),
        (b"X-Zone", b"eu"),
    ]);
    assert!(outcome.output.ends_with(&expected));
}

#[test]
fn a_ready_without_a_known_socket_type_is_refused() {
    let missing = Error::MalformedReady(MetadataFault::SocketTypeMissing);
    assert_eq!(dealer_meets(&list(&[])), Err(missing.clone()));
    assert_eq!(dealer_meets(&list(&[(b"X-a", b"b")])), Err(missing));
    for name in [b"".as_slice(), b"router", b"ROUTER\0", &[b'R'; 1000]] {
        assert_eq!(
            dealer_meets(&list(&[(b"Socket-Type", name)])),
            Err(Error::UnknownSocketType)
        );
    }
}

#[test]
fn a_ready_with_malformed_metadata_is_refused() {
    let kind = (b"Socket-Type".as_slice(), b"ROUTER".as_slice());
    let fault = |fault| Err(Error::MalformedReady(fault));
    assert_eq!(
        dealer_meets(&list(&[kind, (b"", b"x")])),
        fault(MetadataFault::EmptyName)
    );
    assert_eq!(
        dealer_meets(&list(&[kind, kind])),
        fault(MetadataFault::Duplicate)
    );
    assert_eq!(
        dealer_meets(&list(&[kind, (b"Identity", &[1; 256])])),
        fault(MetadataFault::RoutingIdTooLong)
    );
    assert_eq!(
        dealer_meets(&list(&[kind, (b"Identity", &[1; 255])])),
        Ok(())
    );
    assert_eq!(dealer_meets(&list(&[kind, (&[b'n'; 255], b"")])), Ok(()));

    let mut stray = property(b"Socket-Type", b"ROUTER");
    stray.push(7);
    assert_eq!(
        dealer_meets(&command(b"READY", &stray)),
        fault(MetadataFault::Truncated)
    );
    for claim in [1_u32, 1 << 31, u32::MAX] {
        let mut lying = property(b"Socket-Type", b"ROUTER");
        lying.extend(b"\x01n");
        lying.extend(claim.to_be_bytes());
        assert_eq!(
            dealer_meets(&command(b"READY", &lying)),
            fault(MetadataFault::Truncated)
        );
    }
}

#[test]
fn a_ready_cut_short_at_any_byte_is_never_taken_for_whole() {
    let body = [
        b"\x05READY".as_slice(),
        &property(b"Socket-Type", b"ROUTER"),
    ]
    .concat();
    for cut in 0..body.len() {
        let result = dealer_meets(&frame(4, &body[..cut]));
        assert!(
            matches!(
                result,
                Err(Error::MalformedCommand | Error::MalformedReady(_))
            ),
            "cut at {cut} gave {result:?}"
        );
    }
    assert_eq!(dealer_meets(&frame(4, &body)), Ok(()));
}

#[test]
fn more_than_64_properties_are_refused() {
    let names: Vec<Vec<u8>> = (0..64).map(|n| format!("X-{n}").into_bytes()).collect();
    let mut properties = vec![(b"Socket-Type".as_slice(), b"ROUTER".as_slice())];
    properties.extend(names.iter().map(|name| (name.as_slice(), b"".as_slice())));
    assert_eq!(dealer_meets(&list(&properties[..64])), Ok(()));
    assert_eq!(
        dealer_meets(&list(&properties)),
        Err(Error::TooManyProperties)
    );
}

#[test]
fn a_handshake_command_above_16_kib_is_refused_from_its_header() {
    let claim = |bytes: u64| [[6].as_slice(), &bytes.to_be_bytes()].concat();
    assert_eq!(
        dealer_meets(&claim(16 * 1024)),
        Ok(()),
        "the body may still come"
    );
    assert_eq!(
        dealer_meets(&claim(16 * 1024 + 1)),
        Err(Error::HandshakeTooLarge)
    );
    assert_eq!(
        dealer_meets(&claim(i64::MAX as u64)),
        Err(Error::HandshakeTooLarge)
    );
    for bytes in [1 << 63, u64::MAX - 38, u64::MAX] {
        assert_eq!(
            dealer_meets(&claim(bytes)),
            Err(Error::BadFrameSize { bytes })
        );
    }
}

#[test]
fn anything_but_ready_in_its_place_is_refused() {
    assert_eq!(
        dealer_meets(&frame(0, b"hello")),
        Err(Error::UnexpectedCommand)
    );
    assert_eq!(
        dealer_meets(&command(b"PING", &[0, 0])),
        Err(Error::UnexpectedCommand)
    );
    assert_eq!(
        dealer_meets(&command(b"HELLO", &[])),
        Err(Error::UnexpectedCommand)
    );
    assert_eq!(
        dealer_meets(&frame(5, b"\x05READY")),
        Err(Error::MalformedCommand)
    );
    assert_eq!(dealer_meets(&frame(4, b"")), Err(Error::MalformedCommand));
}

#[test]
fn an_error_in_place_of_ready_ends_the_connection_with_its_reason() {
    let error = dealer_meets(&command(b"ERROR", b"\x03400")).expect_err("refused");
    let Error::PeerError(reason) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(reason.as_bytes(), b"400");
    assert!(!error.is_retryable());
}

#[test]
fn an_error_comes_back_from_every_later_call() {
    let stream = greeting(3, 1, b"PLAIN");
    let (mut connection, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
    let error = outcome.result.expect_err("refused");
    assert_eq!(connection.handshake(b"x", 1), Err(error.clone()));
    assert_eq!(connection.scan(b"x"), Err(error.clone()));
    assert_eq!(connection.handle_deadline(1), Err(error));
    assert_eq!(connection.deadline(), None);
    assert!(!connection.is_established());
}

#[test]
fn the_longest_routing_id_passes_every_version() {
    let name = [7; 255];
    let mut dealer = config(SocketType::Dealer, b"");
    dealer.routing_id = RoutingId::new(&name).expect("255 is the limit");
    assert!(RoutingId::new(&[7; 256]).is_err());
    for kind in [
        Kind::V3 {
            revision: 3,
            minor: 1,
        },
        Kind::V2,
        Kind::BareLong,
    ] {
        let stream = kind.handshake(SocketType::Router, &name);
        let (connection, _) = feed(&dealer, &stream, &[]);
        let peer = connection.peer().expect("established");
        assert_eq!(peer.routing_id().as_bytes(), name);
    }
}

#[test]
fn an_identity_frame_that_is_none_is_refused() {
    let v2 = |header: &[u8]| {
        let stream = [
            signature(b""),
            vec![1, SocketType::Pull.number()],
            header.to_vec(),
        ]
        .concat();
        feed(&config(SocketType::Push, b""), &stream, &[]).1.result
    };
    assert_eq!(v2(&[1, 0]), Err(Error::BadIdentity));
    assert_eq!(v2(&[4, 0]), Err(Error::BadIdentity));
    assert_eq!(v2(&[2, 0, 0, 0, 0, 0, 0, 1, 0]), Err(Error::BadIdentity));
    assert_eq!(v2(&[2, 0, 0, 0, 0, 0, 0, 0, 0]), Ok(()));
}

#[test]
fn the_handshake_deadline_is_total_whatever_arrives() {
    let mut config = Config::new(SocketType::Push);
    config.handshake_timeout = Some(Duration::from_secs(1));
    let mut connection = Connection::new(Arc::new(config), 500);
    let deadline = 1_000_000_500;
    assert_eq!(connection.deadline(), Some(deadline));
    let stream = Kind::V3 {
        revision: 3,
        minor: 1,
    }
    .handshake(SocketType::Pull, b"");
    for (step, byte) in stream[..stream.len() - 1].iter().enumerate() {
        let now = 500 + step as u64 * 10_000_000;
        connection.bytes_arrived(now);
        assert_eq!(connection.handshake(&[*byte], now), Ok(1));
        assert_eq!(connection.handle_deadline(now), Ok(()));
        assert_eq!(connection.deadline(), Some(deadline));
    }
    assert_eq!(connection.handle_deadline(deadline - 1), Ok(()));
    assert_eq!(
        connection.handle_deadline(deadline),
        Err(Error::HandshakeTimeout)
    );
}

#[test]
fn an_established_connection_has_no_handshake_deadline() {
    let stream = [greeting(3, 1, b"NULL"), ready(b"PULL", b"")].concat();
    let (connection, _) = feed(&config(SocketType::Push, b""), &stream, &[]);
    assert_eq!(connection.deadline(), None);
}
