//! Traffic of any bytes: the scanner tells what a slow decoder tells, however the stream is cut.
//!
//! Input: socket type, limits, threshold for large bodies, two bytes that say how to cut, then the traffic.

#![no_main]

#[path = "../../tests/wire/reader.rs"]
mod reader;
#[path = "../../tests/wire/slow.rs"]
mod slow;

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use ringmq_wire::{Config, Connection, Limits, SocketType};

/// Types whose commands are treated differently.
const TYPES: [SocketType; 4] = [
    SocketType::Pull,
    SocketType::XPub,
    SocketType::Radio,
    SocketType::Dealer,
];

fuzz_target!(|data: &[u8]| {
    let [kind, limits, large, first, second, stream @ ..] = data else {
        return;
    };
    let kind = TYPES[usize::from(*kind) % TYPES.len()];
    let limits = some_limits(*limits);
    let large = [0, 16, 255, 256, 4096, usize::MAX][usize::from(*large) % 6];
    let expected = slow::tell(stream, kind, &limits, large);
    let cuts = [usize::from(*first) + 1, usize::from(*second) + 1];
    for chunks in [&[usize::MAX], cuts.as_slice(), &[1]] {
        let mut connection = established(kind, limits);
        connection.set_large_body_bytes(large);
        let told = reader::read(&mut connection, stream, chunks, large);
        assert_eq!(told, expected, "{kind}, chunks {chunks:?}");
    }
});

/// Two bits for each limit.
fn some_limits(bits: u8) -> Limits {
    let bytes = |shift: u8| [None, Some(10), Some(255), Some(5000)][usize::from(bits >> shift) % 4];
    Limits {
        frame_bytes_max: bytes(0),
        message_bytes_max: bytes(2),
        command_bytes_max: bytes(4),
        parts_max: [None, Some(0), Some(1), Some(3)][usize::from(bits >> 6)],
    }
}

/// A connection behind a good 2.0 handshake, the shortest that leads to v2 framing.
fn established(kind: SocketType, limits: Limits) -> Connection {
    let peer = SocketType::ALL
        .into_iter()
        .find(|&peer| kind.is_compatible_with(peer));
    let peer = peer.expect("the types above all have partners");
    let mut config = Config::new(kind);
    config.limits = limits;
    let mut connection = Connection::new(Arc::new(config), 0);
    let mut stream = b"\xff\0\0\0\0\0\0\0\x01\x7f\x01?\0\0".to_vec();
    stream[11] = peer.number();
    assert_eq!(connection.handshake(&stream, 0), Ok(stream.len()));
    let unsent = connection.output().len();
    connection.output_sent(unsent);
    connection
}
