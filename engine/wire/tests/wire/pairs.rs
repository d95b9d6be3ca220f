//! Two of our own connections against each other.

use std::time::Duration;

use ringmq_wire::{Error, Framing, Heartbeat, SocketType, Version};

use crate::pair::Pair;
use crate::script::{command, config, frame};

#[test]
fn every_compatible_pair_meets_whatever_the_chunks() {
    for own in SocketType::ALL {
        for peer in SocketType::ALL {
            for chunk in [1, 7, 64, 4096] {
                let mut pair = Pair::new([config(own, b"a"), config(peer, b"b")], chunk);
                let result = pair.drive();
                if own.is_compatible_with(peer) {
                    assert_eq!(result, Ok(()));
                    for (end, other) in pair.ends.iter().zip([peer, own]) {
                        let met = end.peer().expect("established");
                        assert_eq!(met.version(), Version::V3_1);
                        assert_eq!(met.socket_type(), Some(other));
                        assert_eq!(end.framing(), Some(Framing::V2));
                    }
                } else {
                    assert!(matches!(result, Err(Error::IncompatibleSocket { .. })));
                }
            }
        }
    }
}

#[test]
fn traffic_in_the_same_bytes_as_the_handshake_is_left_for_the_scan() {
    let mut pair = Pair::new(
        [config(SocketType::Push, b""), config(SocketType::Pull, b"")],
        4096,
    );
    while !pair.ends[0].is_established() {
        pair.step().expect("good handshake");
    }
    pair.send(0, &[frame(1, b"first"), frame(0, b"last")].concat());
    assert_eq!(pair.drive(), Ok(()));
    assert_eq!(pair.messages, [0, 1]);
}

#[test]
fn an_error_command_ends_an_established_connection() {
    let mut pair = Pair::new(
        [config(SocketType::Push, b""), config(SocketType::Pull, b"")],
        64,
    );
    pair.drive().expect("good handshake");
    pair.send(
        0,
        &[frame(0, b"kept"), command(b"ERROR", b"\x03bye")].concat(),
    );
    let Err(Error::PeerError(reason)) = pair.drive() else {
        panic!("the ERROR was not seen");
    };
    assert_eq!(reason.as_bytes(), b"bye");
}

#[test]
fn two_idle_ends_with_heartbeats_keep_each_other_alive_for_an_hour() {
    let beat = Heartbeat {
        interval: Duration::from_millis(500),
        timeout: Duration::from_millis(200),
        ttl: Duration::from_secs(1),
    };
    let mut configs = [config(SocketType::Push, b""), config(SocketType::Pull, b"")];
    configs[0].heartbeat = Some(beat);
    for both in [false, true] {
        configs[1].heartbeat = both.then_some(beat);
        let mut pair = Pair::new(configs.clone(), 4096);
        pair.drive().expect("good handshake");
        assert_eq!(pair.pass(3_600_000_000_000), Ok(()));
    }
}
