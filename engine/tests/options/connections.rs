//! Making connections, keeping them, and what peers may send over them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use ringmq::{
    BindError, ConnectError, DetachError, EndpointError, Multipart, OptionError, SocketType,
    TrySendError,
};

use crate::{PATIENCE, bind, eventually, listener, on_each_driver, socket};

#[test]
fn a_lost_connection_is_made_again_after_the_pause_that_was_asked_for() {
    on_each_driver(|context| {
        let (peer, endpoint) = listener();
        let mut push = socket(context, SocketType::Push);
        push.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(1));
        push.connect(&endpoint).unwrap();
        let start = Instant::now();
        for _ in 0..12 {
            // Gone before its handshake: the pauses of the default would double, to a minute and more together.
            drop(peer.accept().unwrap());
        }
        assert!(start.elapsed() < PATIENCE);
    });
}

#[test]
fn without_reconnects_a_lost_connection_is_as_if_it_was_disconnected() {
    on_each_driver(|context| {
        let (peer, endpoint) = listener();
        let mut push = socket(context, SocketType::Push);
        push.set_reconnect_interval(None, Duration::ZERO);
        push.connect(&endpoint).unwrap();
        push.send("there is a peer").unwrap();
        drop(peer.accept().unwrap());
        eventually("it gives the connection up", || {
            matches!(push.try_send("none"), Err(TrySendError::Full(_)))
        });
        eventually("it forgets the endpoint", || {
            push.readiness();
            push.disconnect(&endpoint) == Err(DetachError::NotAttached)
        });
    });
}

#[test]
fn without_reconnects_a_connect_that_fails_is_over() {
    on_each_driver(|context| {
        let (_held, endpoint) = crate::nowhere();
        let mut push = socket(context, SocketType::Push);
        push.set_reconnect_interval(None, Duration::ZERO);
        push.connect(&endpoint).unwrap();
        eventually("it gives up", || {
            matches!(push.try_send("none"), Err(TrySendError::Full(_)))
        });
    });
}

#[test]
fn a_peer_that_does_not_answer_is_let_go_after_the_handshake_timeout() {
    on_each_driver(|context| {
        let (peer, endpoint) = listener();
        let mut push = socket(context, SocketType::Push);
        push.set_handshake_timeout(Some(Duration::from_millis(50)));
        push.connect(&endpoint).unwrap();
        let (mut silent, _) = peer.accept().unwrap();
        silent.set_read_timeout(Some(PATIENCE)).unwrap();
        let start = Instant::now();
        // Our greeting, and the end.
        silent.read_to_end(&mut Vec::new()).unwrap();
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "the default is 10 s"
        );
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_takes_too_long_is_tried_again() {
    use socket2::{Domain, Socket, Type};
    on_each_driver(|context| {
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        full.bind(&any.into()).unwrap();
        full.listen(0).unwrap();
        let at = full.local_addr().unwrap().as_socket().unwrap();
        // Once its backlog is full, the kernel answers nobody.
        let _first = TcpStream::connect(at).unwrap();
        let mut push = socket(context, SocketType::Push);
        push.set_connect_timeout(Some(Duration::from_millis(30)));
        push.set_reconnect_interval(Duration::from_millis(1), Duration::from_millis(1));
        push.connect(&format!("tcp://{at}")).unwrap();
        let mut seen = std::collections::HashSet::new();
        eventually("each attempt has a port of its own", || {
            seen.extend(crate::kernel::ports_connecting_to(at.port()));
            seen.len() >= 3
        });
    });
}

/// Completes the handshake of a PULL that accepted, by hand, and reads up to the body of the first PING.
fn first_ping(peer: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = peer.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut greeting = [0u8; 64];
    greeting[..12].copy_from_slice(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PULL";
    stream.write_all(ready).unwrap();
    let mut got = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte).unwrap();
        got.push(byte[0]);
        if let Some(at) = got.windows(5).position(|bytes| bytes == b"\x04PING")
            && got.len() >= at + 7
        {
            return got.split_off(at + 5);
        }
    }
}

#[test]
fn a_ping_asks_for_the_time_to_live_that_was_set() {
    on_each_driver(|context| {
        for (ttl, tenths) in [
            (Some(Duration::from_millis(1_500)), 15u16),
            (Some(Duration::ZERO), 0),
            (None, 200),
        ] {
            let (peer, endpoint) = listener();
            let mut push = socket(context, SocketType::Push);
            push.set_heartbeat(Some(Duration::from_millis(10)), Duration::from_secs(20));
            push.set_heartbeat_ttl(ttl).unwrap();
            push.connect(&endpoint).unwrap();
            assert_eq!(first_ping(&peer), tenths.to_be_bytes());
        }
        let mut push = socket(context, SocketType::Push);
        for bad in [Duration::from_millis(99), Duration::from_secs(6_554)] {
            let refused = push.set_heartbeat_ttl(Some(bad)).unwrap_err();
            assert!(matches!(refused, OptionError::BadValue { .. }));
        }
    });
}

#[test]
fn the_wildcard_is_both_families_or_ipv4_alone() {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    on_each_driver(|context| {
        let mut both = socket(context, SocketType::Pull);
        let port = both.bind("tcp://*:*").unwrap().tcp().unwrap().port();
        let mut push = socket(context, SocketType::Push);
        push.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        push.send("over IPv4").unwrap();
        assert_eq!(&both.recv().unwrap()[..], b"over IPv4");
        if has_ipv6 {
            let mut push = socket(context, SocketType::Push);
            push.connect(&format!("tcp://[::1]:{port}")).unwrap();
            push.send("over IPv6").unwrap();
            assert_eq!(&both.recv().unwrap()[..], b"over IPv6");
        }
        let mut four = socket(context, SocketType::Pull);
        four.set_ipv6(false);
        let bound = four.bind("tcp://*:*").unwrap();
        assert!(bound.tcp().unwrap().is_ipv4());
        let refused = four.bind("tcp://[::1]:*").unwrap_err();
        assert!(matches!(
            refused,
            BindError::Endpoint(EndpointError::Ipv6Off)
        ));
        push.set_ipv6(false);
        let refused = push.connect("tcp://[::1]:1").unwrap_err();
        assert!(matches!(
            refused,
            ConnectError::Endpoint(EndpointError::Ipv6Off)
        ));
    });
}

#[test]
fn a_peer_that_sends_too_long_a_message_is_disconnected() {
    on_each_driver(|context| {
        let mut pull = socket(context, SocketType::Pull);
        pull.set_message_bytes_max(Some(1_000));
        let endpoint = bind(&mut pull);
        let mut push = socket(context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        push.send(vec![0; 1_000]).unwrap();
        assert_eq!(pull.recv().unwrap().len(), 1_000);
        push.send(vec![0; 1_001]).unwrap();
        eventually("it is a breach", || pull.statistics().protocol_errors == 1);
    });
}

#[test]
fn a_peer_that_sends_too_many_parts_is_disconnected() {
    on_each_driver(|context| {
        let mut pull = socket(context, SocketType::Pull);
        pull.set_message_parts_max(Some(3));
        let endpoint = bind(&mut pull);
        let mut push = socket(context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        push.send_multipart(vec!["1", "2", "3"]).unwrap();
        assert_eq!(pull.recv_multipart().unwrap().len(), 3);
        let four = Multipart::from(vec!["1", "2", "3", "4"]);
        push.send_multipart(four).unwrap();
        eventually("it is a breach", || pull.statistics().protocol_errors == 1);
    });
}

#[test]
fn the_last_endpoint_is_told_with_the_port_that_it_got() {
    on_each_driver(|context| {
        let mut pull = socket(context, SocketType::Pull);
        assert_eq!(pull.last_endpoint(), None);
        let endpoint = bind(&mut pull);
        assert_eq!(pull.last_endpoint(), Some(&endpoint[..]));
        let (_held, nowhere) = crate::nowhere();
        pull.connect(&nowhere).unwrap();
        assert_eq!(pull.last_endpoint(), Some(&nowhere[..]));
    });
}
