//! What an idle peer costs the process that accepted it, in resident memory.
#![cfg(target_os = "linux")]

mod support_peer;

use ringmq::{Context, Socket, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support_peer::{PATIENCE, Peer, last_number, on_each_driver};

const PEERS: usize = 1_000;

/// What one of them may cost, in bytes.
const RESIDENT_BYTES_MAX: u64 = 8 << 10;

#[test]
fn a_thousand_idle_peers_cost_eight_kibibytes_each_at_most() {
    // Both processes need a descriptor for each peer, and a process inherits what it may have.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("a process may have what it may have at most");
    on_each_driver(|driver| {
        let peers = format!("peers={PEERS}");
        let mut echo = Peer::start("echo", driver, &[&peers]);
        let endpoint = echo.expect("bound ");
        let context = Context::new().expect("the host has room for an engine");
        let first = greet(&context, &endpoint);
        answered(first);
        echo.expect("warm");
        let waiting: Vec<Socket> = (0..PEERS).map(|_| greet(&context, &endpoint)).collect();
        let peers: Vec<Socket> = waiting.into_iter().map(answered).collect();
        let resident = last_number(&echo.expect("resident "));
        println!("{driver}: {resident} bytes resident for each of {PEERS} idle peers");
        assert!(
            resident <= RESIDENT_BYTES_MAX,
            "on the {driver}: {resident} bytes"
        );
        drop(peers);
        echo.say("leave");
        let (_, _, status) = echo.finish();
        assert!(status.success(), "on the {driver}: {status}");
    });
}

/// A peer that has said something.
fn greet(context: &Context, endpoint: &str) -> Socket {
    let mut peer = context
        .socket(SocketType::Dealer)
        .expect("the context lives");
    peer.set_receive_timeout(Some(PATIENCE))
        .expect("a DEALER receives");
    peer.connect(endpoint).expect("the endpoint is good");
    peer.send("hello").expect("there is room for one message");
    peer
}

/// The peer, once it was answered.
fn answered(mut peer: Socket) -> Socket {
    let answer = peer.recv().expect("the echo answers");
    assert_eq!(&answer[..], b"hello");
    peer
}
