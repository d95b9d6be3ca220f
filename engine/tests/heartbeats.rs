//! A silent peer is given up, a living one is not, on each driver.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use ringmq::{Context, DriverChoice, Endpoint, RecvError, Socket, SocketType};

const INTERVAL: Duration = Duration::from_millis(40);
const TIMEOUT: Duration = Duration::from_millis(80);

fn drivers() -> Vec<DriverChoice> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
}

fn bound_pull(context: &Context) -> (Socket, Endpoint) {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_heartbeat(Some(INTERVAL), TIMEOUT);
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    (pull, endpoint)
}

/// A ZMTP 3.1 PUSH peer that completes the handshake, by hand.
fn scripted_push(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut greeting = [0u8; 64];
    greeting[..12].copy_from_slice(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH";
    stream.write_all(ready).unwrap();
    stream
}

#[test]
fn a_peer_that_falls_silent_is_disconnected() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let (pull, endpoint) = bound_pull(&context);
        let mut silent = scripted_push(endpoint.tcp().unwrap());
        silent
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // Our end closes: the peer reads our greeting, READY and PING, then the end.
        let mut received = Vec::new();
        silent.read_to_end(&mut received).unwrap();
        assert!(
            received.windows(5).any(|bytes| bytes == b"\x04PING"),
            "{driver:?} sends no PING"
        );
        assert_eq!(pull.statistics().connections, 1, "{driver:?}");
        assert_eq!(pull.statistics().disconnects, 1, "{driver:?}");
    }
}

#[test]
fn a_peer_that_answers_stays_connected_however_long_it_sends_nothing() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint.to_string()).unwrap();
        push.send("first").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"first");
        // Several heartbeats' time.
        let nothing = pull.recv_timeout(10 * INTERVAL).unwrap_err();
        assert_eq!(nothing, RecvError::TimedOut);
        push.send("second").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"second");
        assert_eq!(pull.statistics().disconnects, 0, "{driver:?}");
        assert_eq!(push.statistics().connections, 1, "{driver:?}");
    }
}

#[test]
fn a_peer_that_never_finishes_its_greeting_is_disconnected() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_handshake_timeout(Some(Duration::from_millis(100)));
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        let mut slow = TcpStream::connect(endpoint.tcp().unwrap()).unwrap();
        slow.set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        slow.write_all(&[0xFF, 0, 0]).unwrap();
        let mut received = Vec::new();
        slow.read_to_end(&mut received).unwrap();
        assert_eq!(pull.statistics().connections, 0, "{driver:?}");
    }
}
