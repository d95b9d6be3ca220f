//! A peer that goes while its reader stands still: a reset is noticed at once, an orderly end behind its messages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ringmq::{Context, DriverChoice, Endpoint, RecvError, Socket, SocketType};
use socket2::SockRef;

/// More than one read brings, so that some stay with the kernel while the reader stands still.
const MESSAGES: u32 = 5_000;
const PATIENCE: Duration = Duration::from_secs(20);

fn drivers() -> Vec<DriverChoice> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
}

fn bound_pull(context: &Context) -> (Socket, Endpoint) {
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_high_water_mark(4).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    (pull, endpoint)
}

/// A ZMTP 3.1 PUSH peer, by hand, that has sent all its messages: 4 bytes each, numbered.
fn scripted_push(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut greeting = [0u8; 64];
    greeting[..12].copy_from_slice(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH";
    stream.write_all(ready).unwrap();
    let mut frames = Vec::new();
    for number in 0..MESSAGES {
        frames.extend_from_slice(&[0, 4]);
        frames.extend_from_slice(&number.to_be_bytes());
    }
    stream.write_all(&frames).unwrap();
    stream
}

fn recv_number(pull: &mut Socket) -> u32 {
    let message = pull.recv_timeout(PATIENCE).unwrap();
    u32::from_be_bytes(message[..].try_into().unwrap())
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing wakes whoever waits for a counter: a deadline fails the test"
)]
fn await_disconnect(pull: &Socket) {
    let start = Instant::now();
    while pull.statistics().disconnects == 0 {
        assert!(start.elapsed() < PATIENCE, "the reset is not noticed");
        std::thread::yield_now();
    }
}

#[test]
fn a_reset_is_noticed_while_the_reader_stands_still() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let (mut pull, endpoint) = bound_pull(&context);
        let peer = scripted_push(endpoint.tcp().unwrap());
        // One read brings far more than the mark, so none follows while we take nothing.
        assert_eq!(recv_number(&mut pull), 0);
        SockRef::from(&peer)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(peer);
        await_disconnect(&pull);
        // What had been published is still there, in order.
        for number in 1..100 {
            assert_eq!(recv_number(&mut pull), number, "{driver:?}");
        }
    }
}

#[test]
fn a_heartbeat_to_a_peer_that_has_ended_loses_none_of_its_messages() {
    const INTERVAL: Duration = Duration::from_millis(40);
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let mut quiet = context.socket(SocketType::Pull).unwrap();
        quiet.bind("tcp://127.0.0.1:*").unwrap();
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_receive_high_water_mark(4).unwrap();
        pull.set_heartbeat(Some(INTERVAL), 4 * INTERVAL);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        let peer = scripted_push(endpoint.tcp().unwrap());
        assert_eq!(recv_number(&mut pull), 0);
        // The reset that follows, as our greeting was not read, comes behind the end.
        peer.shutdown(Shutdown::Write).unwrap();
        drop(peer);
        // Several heartbeats' time: the first meets the end, later ones fail.
        let nothing = quiet.recv_timeout(10 * INTERVAL).unwrap_err();
        assert_eq!(nothing, RecvError::TimedOut);
        for number in 1..MESSAGES {
            assert_eq!(recv_number(&mut pull), number, "{driver:?}");
        }
        await_disconnect(&pull);
    }
}

#[test]
fn an_orderly_end_loses_nothing_however_late_the_reader_comes() {
    for driver in drivers() {
        let context = Context::builder().driver(driver).build().unwrap();
        let (mut pull, endpoint) = bound_pull(&context);
        let peer = scripted_push(endpoint.tcp().unwrap());
        assert_eq!(recv_number(&mut pull), 0);
        // Not a drop, which would be a reset: the peer has not read our greeting.
        peer.shutdown(Shutdown::Write).unwrap();
        for number in 1..MESSAGES {
            assert_eq!(recv_number(&mut pull), number, "{driver:?}");
        }
        await_disconnect(&pull);
    }
}
