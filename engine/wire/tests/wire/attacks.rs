//! What scanners, other protocols and attackers send in place of a handshake.

use std::sync::Arc;

use ringmq_wire::{Config, Connection, Error, SocketType};

use crate::script::{config, feed, signature};

/// First bytes of things that are not ZMTP.
const GARBAGE: [&[u8]; 10] = [
    b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
    b"POST /x HTTP/1.0\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00\x00\x00\xa4\xffSMBr\x00\x00\x00\x00",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00",
    b"EHLO example.org\r\n",
    b"\x05\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\r\n\r\n",
];

#[test]
fn other_protocols_are_refused_or_mistaken_for_nothing_worse_than_an_idle_peer() {
    for bytes in GARBAGE {
        for own in SocketType::ALL {
            let (connection, outcome) = feed(&config(own, b""), bytes, &[]);
            match outcome.result {
                Err(error) => assert_eq!(error, Error::BadGreeting, "{}", bytes.escape_ascii()),
                // What reads as an identity frame of 1.0 may be one: such a peer has no other mark.
                Ok(()) => {
                    let taken = connection.peer().is_none_or(|peer| peer.is_unversioned());
                    assert!(taken, "{}", bytes.escape_ascii());
                }
            }
        }
    }
}

#[test]
fn common_scans_are_refused_at_their_first_bytes() {
    for bytes in [GARBAGE[0], GARBAGE[2], GARBAGE[3], GARBAGE[4]] {
        let (_, outcome) = feed(&config(SocketType::Push, b""), bytes, &[]);
        assert_eq!(
            outcome.result,
            Err(Error::BadGreeting),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn an_identity_frame_that_claims_to_wrap_an_allocation_is_refused() {
    let sizes = (0..64).map(|below| u64::MAX - below);
    let edges = [
        1 << 63,
        (1 << 63) - 1,
        (1 << 63) + 1,
        1 << 32,
        1 << 31,
        258,
        257,
    ];
    for size in sizes.chain(edges) {
        let mut stream = vec![0xff];
        stream.extend(size.to_be_bytes());
        stream.push(0);
        stream.extend([0x41; 5000]);
        let (_, outcome) = feed(&config(SocketType::Push, b""), &stream, &[]);
        assert_eq!(outcome.result, Err(Error::BadGreeting), "size {size:#x}");
    }
}

#[test]
fn half_a_handshake_waits_without_an_answer_beyond_our_greeting() {
    for bytes in 0..10 {
        let (connection, outcome) = feed(
            &config(SocketType::Push, b""),
            &signature(b"")[..bytes],
            &[],
        );
        assert_eq!(outcome.result, Ok(()));
        assert_eq!(outcome.output.len(), 10);
        assert!(connection.deadline().is_some());
    }
}

#[test]
fn random_bytes_never_panic_and_never_buy_more_output_than_a_handshake() {
    let config = Arc::new(Config::new(SocketType::XPub));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..2_000 {
        let mut connection = Connection::new(Arc::clone(&config), 0);
        for _ in 0..200 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if connection.handshake(&state.to_le_bytes(), 0).is_err() {
                break;
            }
            if connection.is_established() {
                break;
            }
        }
        assert!(connection.output().len() <= 1024);
    }
}
