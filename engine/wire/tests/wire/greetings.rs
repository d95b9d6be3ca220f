//! Every socket type against scripted peers of every version.

use std::sync::Arc;

use ringmq_wire::{Connection, Error, Framing, SocketType, Version};

use crate::script::{KINDS, Kind, command, config, feed, greeting, partner, signature};

#[test]
fn every_type_is_established_with_peers_of_every_version() {
    for own in SocketType::ALL {
        let Some(peer_type) = partner(own) else {
            continue;
        };
        for kind in KINDS {
            for (own_name, peer_name) in [(b"".as_slice(), b"".as_slice()), (b"own", b"the peer")] {
                let stream = kind.handshake(peer_type, peer_name);
                let traffic = [stream.as_slice(), b"\x00\x05hello"].concat();
                let (connection, outcome) = feed(&config(own, own_name), &traffic, &[]);
                assert_eq!(outcome.result, Ok(()), "{own} with {kind:?}");
                assert_eq!(
                    outcome.used,
                    stream.len(),
                    "{own} with {kind:?} stops at traffic"
                );
                assert_eq!(
                    outcome.output,
                    kind.expected(own, own_name),
                    "{own} to {kind:?}"
                );

                let peer = connection.peer().expect("established");
                assert_eq!(peer.version(), kind.version());
                assert_eq!(peer.is_unversioned(), kind.is_bare());
                assert_eq!(peer.socket_type(), (!kind.is_bare()).then_some(peer_type));
                let tells = !matches!(kind, Kind::V3 { .. }) || peer_type.announces_routing_id();
                let expected = if tells { peer_name } else { b"" };
                assert_eq!(peer.routing_id().as_bytes(), expected);
                let framing = connection.framing().expect("established");
                assert_eq!(framing == Framing::V1, kind.version() == Version::V1_0);
            }
        }
    }
}

#[test]
fn each_stage_of_our_greeting_goes_out_as_soon_as_the_peer_allows_it() {
    let stream = Kind::V3 {
        revision: 3,
        minor: 1,
    }
    .handshake(SocketType::Pull, b"");
    let mut connection = Connection::new(Arc::new(config(SocketType::Push, b"")), 0);
    let mut total = connection.output().len();
    assert_eq!(connection.output(), signature(b""));
    for (at, byte) in stream.iter().enumerate() {
        let expected = match at {
            0..10 => 10,
            10 => 11,
            11..64 => 64,
            _ => 64 + 2 + 6 + 20,
        };
        assert_eq!(total, expected, "before byte {at}");
        let before = connection.output().len();
        assert_eq!(connection.handshake(&[*byte], 0), Ok(1));
        total += connection.output().len() - before;
        let unsent = connection.output().len();
        connection.output_sent(unsent.min(3));
    }
    assert!(connection.is_established());
}

#[test]
fn a_1_0_peer_gets_the_identity_behind_the_header_it_already_has() {
    let mut connection = Connection::new(Arc::new(config(SocketType::Dealer, b"name")), 0);
    let mut sent = Vec::new();
    connection.take_output(&mut sent);
    assert_eq!(sent, b"\xff\0\0\0\0\0\0\0\x05\x7f");
    assert_eq!(connection.handshake(b"\x01\x00", 0), Ok(2));
    assert!(connection.is_established());
    assert_eq!(connection.output(), b"name");
}

#[test]
fn a_type_that_may_not_talk_to_ours_is_refused_where_the_peer_tells_it() {
    for own in SocketType::ALL {
        for peer in SocketType::ALL {
            for kind in KINDS {
                let (_, outcome) = feed(&config(own, b""), &kind.handshake(peer, b""), &[]);
                if kind.is_bare() || own.is_compatible_with(peer) {
                    assert_eq!(outcome.result, Ok(()), "{own} with {peer}, {kind:?}");
                } else {
                    assert_eq!(outcome.result, Err(Error::IncompatibleSocket { peer }));
                }
            }
        }
    }
}

#[test]
fn a_3_x_peer_is_told_why_it_is_refused() {
    let stream = Kind::V3 {
        revision: 3,
        minor: 1,
    }
    .handshake(SocketType::Pub, b"");
    let (_, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
    assert!(
        outcome
            .output
            .ends_with(&command(b"ERROR", b"\x18incompatible socket type"))
    );
}

#[test]
fn a_2_0_peer_is_refused_without_a_command_it_cannot_read() {
    let stream = Kind::V2.handshake(SocketType::Pub, b"");
    let (_, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
    assert_eq!(
        outcome.result,
        Err(Error::IncompatibleSocket {
            peer: SocketType::Pub
        })
    );
    assert_eq!(
        outcome.output,
        [signature(b""), vec![3, SocketType::Push.number()]].concat()
    );
}

#[test]
fn an_identity_frame_with_reserved_flags_is_still_one() {
    for flags in [0x40, 0x7e, 0xfe] {
        let stream = [b"\xff\0\0\0\0\0\0\0\x05".as_slice(), &[flags], b"name"].concat();
        let (connection, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
        assert_eq!(outcome.result, Ok(()));
        let peer = connection.peer().expect("established");
        assert_eq!(
            (peer.is_unversioned(), peer.routing_id().as_bytes()),
            (true, b"name".as_slice())
        );
    }
}

#[test]
fn a_socket_type_nobody_knows_is_refused() {
    for number in [21, 128, 255] {
        let stream = [signature(b""), vec![1, number]].concat();
        let (_, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
        assert_eq!(outcome.result, Err(Error::UnknownSocketType));
    }
}

#[test]
fn a_mechanism_that_is_not_exactly_ours_is_refused() {
    for name in [
        b"PLAIN".as_slice(),
        b"CURVE",
        b"null",
        b"NULL ",
        b"NULLX",
        b"",
        &[0xff; 20],
    ] {
        let (_, outcome) = feed(&config(SocketType::Push, b""), &greeting(3, 1, name), &[]);
        let Err(Error::MechanismMismatch { peer }) = outcome.result else {
            panic!("{name:?} gave {:?}", outcome.result);
        };
        assert_eq!(&peer.as_bytes()[..name.len()], name);
    }
    let mut trailing = greeting(3, 1, b"NULL");
    trailing[31] = 1;
    let (_, outcome) = feed(&config(SocketType::Push, b""), &trailing, &[]);
    assert!(matches!(
        outcome.result,
        Err(Error::MechanismMismatch { .. })
    ));
}

#[test]
fn the_size_in_a_signature_and_the_filler_say_nothing() {
    let mut stream = Kind::V3 {
        revision: 3,
        minor: 1,
    }
    .handshake(SocketType::Pull, b"");
    stream[1..9].copy_from_slice(&[0xaa; 8]);
    stream[9] = 0x01;
    stream[32..64].copy_from_slice(&[0x55; 32]);
    let (_, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
    assert_eq!(outcome.result, Ok(()));
}
