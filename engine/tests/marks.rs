//! High-water marks that change while peers come.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ringmq::{Context, DriverChoice, MonitorEventKind, MonitorEvents, Socket, SocketType};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Fewer than the steps in which the reader of a large mark gives credit, and more bytes than one read brings.
const MESSAGES: u32 = 20;
const MESSAGE_BYTES: usize = 70_000;

fn contexts() -> impl Iterator<Item = Context> {
    let mut drivers = vec![DriverChoice::Shim];
    if cfg!(all(target_os = "linux", not(ringmq_portable))) {
        drivers.push(DriverChoice::Ring);
    }
    drivers
        .into_iter()
        .map(|driver| Context::builder().driver(driver).build().unwrap())
}

fn send_all(push: &mut Socket) {
    for _ in 0..MESSAGES {
        push.send(vec![7; MESSAGE_BYTES]).unwrap();
    }
}

fn receive_all(pull: &mut Socket) {
    for _ in 0..MESSAGES {
        assert_eq!(pull.recv_timeout(PATIENCE).unwrap().len(), MESSAGE_BYTES);
    }
}

#[test]
fn a_mark_that_is_lowered_while_a_peer_arrives_holds_for_that_peer() {
    for context in contexts() {
        let mut pull = context.socket(SocketType::Pull).unwrap();
        let monitor = pull.monitor(MonitorEvents::HANDSHAKE_SUCCEEDED);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint).unwrap();
        // The peer is there, and the socket has not looked.
        let mut ready = monitor.filter(|event| event.kind == MonitorEventKind::HandshakeSucceeded);
        ready.next().unwrap();
        pull.set_receive_high_water_mark(1).unwrap();
        send_all(&mut push);
        receive_all(&mut pull);
    }
}

#[test]
fn a_mark_that_is_raised_after_a_bind_holds_for_the_peers_to_come() {
    for context in contexts() {
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_receive_high_water_mark(1).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        pull.set_receive_high_water_mark(1_000).unwrap();
        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint).unwrap();
        send_all(&mut push);
        receive_all(&mut pull);
    }
}

#[test]
fn a_mark_that_is_raised_after_an_unbind_holds_for_the_peers_that_stayed() {
    for context in contexts() {
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_receive_high_water_mark(1).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint).unwrap();
        send_all(&mut push);
        receive_all(&mut pull);
        pull.unbind(&endpoint).unwrap();
        pull.set_receive_high_water_mark(1_000).unwrap();
        send_all(&mut push);
        receive_all(&mut pull);
    }
}
