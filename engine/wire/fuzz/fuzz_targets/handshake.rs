//! A handshake of any bytes: the same however it is cut, bounded in what it keeps and says.
//!
//! Input: socket type, two bytes that say how to cut, then the peer's bytes.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use ringmq_wire::{Config, Connection, Error, HANDSHAKE_BYTES_MAX, Peer, RoutingId, SocketType};

/// All that a handshake comes to: the bytes it took, and what it told and said.
#[derive(Debug, PartialEq)]
struct Outcome {
    used: Option<usize>,
    error: Option<Error>,
    peer: Option<Peer>,
    output: Vec<u8>,
}

fuzz_target!(|data: &[u8]| {
    let [kind, first, second, stream @ ..] = data else {
        return;
    };
    let kind = SocketType::from_number(kind % 21).expect("there are 21 types");
    let mut config = Config::new(kind);
    config.routing_id = RoutingId::new(b"fuzz").expect("short");
    let config = Arc::new(config);

    let whole = shake(&config, stream, &[usize::MAX]);
    let cuts = [usize::from(*first) + 1, usize::from(*second) + 1];
    assert_eq!(shake(&config, stream, &cuts), whole);
    assert_eq!(shake(&config, stream, &[1]), whole);

    assert!(whole.output.len() <= 256);
    assert!(whole.used.is_none_or(|used| used <= HANDSHAKE_BYTES_MAX));
    if let Some(peer) = &whole.peer {
        assert!(peer.routing_id().as_bytes().len() <= 255);
        assert!(
            peer.socket_type()
                .is_none_or(|peer| kind.is_compatible_with(peer))
        );
        assert!(peer.socket_type().is_some() || peer.is_unversioned());
    }
});

/// Feeds `stream` in chunks of the given sizes, in turn.
fn shake(config: &Arc<Config>, stream: &[u8], chunks: &[usize]) -> Outcome {
    let mut connection = Connection::new(Arc::clone(config), 0);
    let mut outcome = Outcome {
        used: Some(0),
        error: None,
        peer: None,
        output: Vec::new(),
    };
    let (mut at, mut have) = (0, 0_usize);
    for chunk in chunks.iter().cycle() {
        have = have.saturating_add(*chunk).min(stream.len());
        match connection.handshake(&stream[at..have], 0) {
            Ok(used) => at += used,
            Err(error) => {
                outcome.error = Some(error);
                break;
            }
        }
        connection.take_output(&mut outcome.output);
        if connection.is_established() || have == stream.len() {
            break;
        }
        assert_eq!(at, have, "an unfinished handshake takes all there is");
    }
    connection.take_output(&mut outcome.output);
    // How far a refused handshake had got depends on the cut; nothing else may.
    outcome.used = outcome.error.is_none().then_some(at);
    outcome.peer = connection.peer().cloned();
    outcome
}
