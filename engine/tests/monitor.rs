//! What monitors tell, in which order, and that they hold nobody up.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use ringmq::{
    Context, DriverChoice, HandshakeFailure, Monitor, MonitorError, MonitorEvent, MonitorEventKind,
    MonitorEvents, ProtocolError, Socket, SocketType,
};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn contexts() -> impl Iterator<Item = Context> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
        .into_iter()
        .map(|driver| Context::builder().driver(driver).build().unwrap())
}

fn socket(context: &Context, socket_type: SocketType) -> (Socket, Monitor) {
    let mut socket = context.socket(socket_type).unwrap();
    socket.set_reconnect_interval(Duration::from_millis(5), Duration::from_millis(5));
    let monitor = socket.monitor(MonitorEvents::ALL);
    (socket, monitor)
}

fn next(monitor: &mut Monitor) -> MonitorEvent {
    monitor.recv_timeout(PATIENCE).unwrap()
}

fn expect(monitor: &mut Monitor, kind: &MonitorEventKind) -> MonitorEvent {
    let event = next(monitor);
    assert_eq!(event.kind, *kind);
    event
}

fn expect_retry(monitor: &mut Monitor) -> MonitorEvent {
    let event = next(monitor);
    assert!(
        matches!(event.kind, MonitorEventKind::ConnectRetried(pause) if !pause.is_zero()),
        "{event:?}"
    );
    event
}

#[test]
fn the_life_of_a_connection_is_told_in_order_at_both_ends() {
    use MonitorEventKind::{
        Accepted, Closed, ConnectDelayed, Connected, Disconnected, HandshakeSucceeded, Listening,
    };
    for context in contexts() {
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        let listening = expect(&mut pulls, &Listening);
        assert_eq!(listening.local.as_ref(), Some(&endpoint));
        assert!(listening.descriptor.is_some() && listening.remote.is_none());

        let (mut push, mut pushes) = socket(&context, SocketType::Push);
        push.connect(&endpoint.to_string()).unwrap();
        let delayed = expect(&mut pushes, &ConnectDelayed);
        assert_eq!(
            (delayed.local, delayed.remote.as_ref()),
            (None, Some(&endpoint))
        );
        let connected = expect(&mut pushes, &Connected);
        let accepted = expect(&mut pulls, &Accepted);
        assert_eq!(connected.remote.as_ref(), Some(&endpoint));
        assert_eq!(accepted.local.as_ref(), Some(&endpoint));
        assert!(connected.local.is_some() && connected.local == accepted.remote);
        let ready = expect(&mut pushes, &HandshakeSucceeded);
        assert_eq!(
            (ready.local, ready.remote),
            (connected.local.clone(), connected.remote)
        );
        expect(&mut pulls, &HandshakeSucceeded);

        drop(pull);
        let lost = expect(&mut pushes, &Disconnected);
        assert_eq!(lost.local, connected.local);
        expect_retry(&mut pushes);
        // Nobody listens there any more.
        expect(&mut pushes, &ConnectDelayed);
        expect(&mut pushes, &Closed);
        let retried = expect_retry(&mut pushes);
        assert_eq!(retried.remote.as_ref(), Some(&endpoint));

        let rest: Vec<_> = pulls.map(|event| event.kind).collect();
        assert_eq!(rest.len(), 3, "{rest:?}");
        assert!(rest.contains(&Disconnected) && rest.contains(&Closed));
        assert_eq!(rest[2], MonitorEventKind::MonitorStopped);
    }
}

#[test]
fn over_ipc_a_connect_is_not_delayed() {
    use MonitorEventKind::{Accepted, Closed, Connected, HandshakeSucceeded};
    for context in contexts() {
        let file = format!("ringmq-monitor-{}", std::process::id());
        let name = format!("ipc://{}", std::env::temp_dir().join(file).display());
        let (mut push, mut pushes) = socket(&context, SocketType::Push);
        push.connect(&name).unwrap();
        expect(&mut pushes, &Closed);
        expect_retry(&mut pushes);

        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        pull.bind(&name).unwrap();
        expect(&mut pulls, &MonitorEventKind::Listening);
        let accepted = expect(&mut pulls, &Accepted);
        assert_eq!(accepted.local.unwrap().to_string(), name);
        let connected = pushes.find(|event| event.kind == Connected).unwrap();
        assert_eq!(connected.remote.unwrap().to_string(), name);
        expect(&mut pushes, &HandshakeSucceeded);
        drop((push, pull));
    }
}

#[test]
fn a_bind_that_fails_says_why() {
    for context in contexts() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", taken.local_addr().unwrap());
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        assert!(pull.bind(&endpoint).is_err());
        let event = next(&mut pulls);
        let MonitorEventKind::BindFailed(fault) = event.kind else {
            panic!("{event:?}");
        };
        assert_eq!(fault.kind(), ErrorKind::AddrInUse);
        assert!(fault.code().is_some());
        assert_eq!(event.local.unwrap().to_string(), endpoint);
    }
}

/// A connection to a socket of ours that is monitored, whose events so far were read.
fn stranger(pull: &mut Socket, monitor: &mut Monitor) -> TcpStream {
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    expect(monitor, &MonitorEventKind::Listening);
    let stream = TcpStream::connect(endpoint.tcp().unwrap()).unwrap();
    expect(monitor, &MonitorEventKind::Accepted);
    stream
}

fn failure(monitor: &mut Monitor) -> HandshakeFailure {
    let event = next(monitor);
    let MonitorEventKind::HandshakeFailed(failure) = event.kind else {
        panic!("{event:?}");
    };
    expect(monitor, &MonitorEventKind::Disconnected);
    failure
}

/// What a 3.1 peer without security begins with.
fn greeting() -> [u8; 64] {
    let mut greeting = [0; 64];
    greeting[..16].copy_from_slice(b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL");
    greeting
}

#[test]
fn a_handshake_that_fails_says_why_before_the_connection_ends() {
    for context in contexts() {
        // The peer speaks something else.
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        let mut peer = stranger(&mut pull, &mut pulls);
        peer.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(
            failure(&mut pulls),
            HandshakeFailure::Protocol(ProtocolError::BadGreeting)
        );

        // The peer goes.
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        drop(stranger(&mut pull, &mut pulls));
        assert!(matches!(failure(&mut pulls), HandshakeFailure::NoDetail(_)));

        // The peer says nothing.
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        pull.set_handshake_timeout(Some(Duration::from_millis(20)));
        let silent = stranger(&mut pull, &mut pulls);
        let HandshakeFailure::NoDetail(fault) = failure(&mut pulls) else {
            panic!("it has no detail");
        };
        assert_eq!(fault.kind(), ErrorKind::TimedOut);
        drop(silent);

        // The peer does not let us in.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let (mut push, mut pushes) = socket(&context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(&greeting()).unwrap();
        peer.write_all(b"\x04\x0a\x05ERROR\x03400").unwrap();
        expect(&mut pushes, &MonitorEventKind::ConnectDelayed);
        expect(&mut pushes, &MonitorEventKind::Connected);
        assert_eq!(failure(&mut pushes), HandshakeFailure::Auth { status: 400 });
        expect_retry(&mut pushes);
    }
}

#[test]
fn a_failure_after_the_handshake_is_only_a_lost_connection() {
    for context in contexts() {
        let (mut pull, mut pulls) = socket(&context, SocketType::Pull);
        let mut peer = stranger(&mut pull, &mut pulls);
        peer.write_all(&greeting()).unwrap();
        peer.write_all(b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH")
            .unwrap();
        expect(&mut pulls, &MonitorEventKind::HandshakeSucceeded);
        // A frame of 2⁶⁴ − 1 bytes.
        peer.write_all(b"\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")
            .unwrap();
        expect(&mut pulls, &MonitorEventKind::Disconnected);
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = peer.read_to_end(&mut rest);
    }
}

#[test]
fn a_monitor_that_nobody_reads_holds_nobody_up() {
    const PEERS: u64 = 50;
    for context in contexts() {
        let mut pull = context.socket(SocketType::Pull).unwrap();
        let mut unread = pull.monitor_with(MonitorEvents::ALL, 2);
        let mut read = pull.monitor(MonitorEvents::DISCONNECTED);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        for number in 0..PEERS {
            let mut push = context.socket(SocketType::Push).unwrap();
            push.connect(&endpoint).unwrap();
            push.send_bytes(&number.to_be_bytes()).unwrap();
            let got = pull.recv().unwrap();
            assert_eq!(got[..], number.to_be_bytes());
        }
        for _ in 0..PEERS {
            expect(&mut read, &MonitorEventKind::Disconnected);
        }
        // Listening, and three for each peer; two of them were kept.
        assert_eq!(unread.dropped(), 1 + 3 * PEERS - 2);
        expect(&mut unread, &MonitorEventKind::Listening);
        expect(&mut unread, &MonitorEventKind::Accepted);
        assert_eq!(unread.try_recv(), Err(MonitorError::Nothing));
        drop(pull);
        expect(&mut read, &MonitorEventKind::MonitorStopped);
        assert_eq!(read.recv(), Err(MonitorError::Stopped));
    }
}

#[test]
fn a_shutdown_ends_a_monitor_that_waits_on_another_thread() {
    for context in contexts() {
        let (mut pull, pulls) = socket(&context, SocketType::Pull);
        let waiting = thread::spawn(move || pulls.map(|event| event.kind).collect::<Vec<_>>());
        pull.bind("tcp://127.0.0.1:*").unwrap();
        context.shutdown();
        let told = waiting.join().unwrap();
        assert_eq!(
            told,
            [
                MonitorEventKind::Listening,
                MonitorEventKind::MonitorStopped
            ]
        );
    }
}
