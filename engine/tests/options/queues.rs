//! What waits, how much of it, and for how long.

use std::time::{Duration, Instant};

use ringmq::{OptionError, RecvError, SendError, SocketType, TrySendError};

use crate::{bind, nowhere, on_each_driver, socket};

#[test]
fn so_many_messages_wait_for_a_peer_as_was_asked_for_and_the_mark_is_live() {
    on_each_driver(|context| {
        let (_held, endpoint) = nowhere();
        let mut push = socket(context, SocketType::Push);
        push.set_send_high_water_mark(3).unwrap();
        push.connect(&endpoint).unwrap();
        let mut fill = |mark| {
            push.set_send_high_water_mark(mark).unwrap();
            let mut sent = 0;
            while push.try_send("waits").is_ok() {
                sent += 1;
            }
            sent
        };
        assert_eq!(fill(3), 3);
        assert_eq!(fill(8), 5);
        assert_eq!(fill(4), 0);
    });
}

#[test]
fn no_more_is_read_from_a_peer_than_the_receive_mark_allows() {
    on_each_driver(|context| {
        let accepted = |mark| {
            let mut pull = socket(context, SocketType::Pull);
            pull.set_receive_high_water_mark(mark).unwrap();
            pull.set_kernel_buffers(None, Some(32 << 10));
            let endpoint = bind(&mut pull);
            let mut push = socket(context, SocketType::Push);
            push.set_send_high_water_mark(1).unwrap();
            push.set_kernel_buffers(Some(32 << 10), None);
            push.set_send_timeout(Some(Duration::from_millis(300)))
                .unwrap();
            push.connect(&endpoint).unwrap();
            let mut sent = 0;
            while sent < 300 && push.send(vec![0; 64 << 10]).is_ok() {
                sent += 1;
            }
            sent
        };
        // What the kernel holds comes on top.
        assert!(accepted(1) < 100);
        assert_eq!(accepted(0), 300);
    });
}

#[test]
fn a_send_waits_as_long_as_was_asked_for() {
    on_each_driver(|context| {
        let mut push = socket(context, SocketType::Push);
        push.set_send_timeout(Some(Duration::from_millis(30)))
            .unwrap();
        let start = Instant::now();
        let refused = push.send("for nobody").unwrap_err();
        assert!(matches!(refused, SendError::TimedOut(_)));
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn a_receive_waits_as_long_as_was_asked_for() {
    on_each_driver(|context| {
        let mut pull = socket(context, SocketType::Pull);
        pull.set_receive_timeout(Some(Duration::from_millis(30)))
            .unwrap();
        let start = Instant::now();
        assert_eq!(pull.recv().unwrap_err(), RecvError::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn a_closed_socket_lingers_as_it_was_told() {
    on_each_driver(|context| {
        let (held, endpoint) = nowhere();
        let push = |linger, text: &'static str| {
            let mut push = socket(context, SocketType::Push);
            push.set_linger(linger).unwrap();
            push.connect(&endpoint).unwrap();
            push.send(text).unwrap();
        };
        push(Some(Duration::ZERO), "dropped");
        push(None, "kept");
        drop(held);
        let mut pull = socket(context, SocketType::Pull);
        pull.bind(&endpoint).unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"kept");
    });
}

#[test]
fn immediate_queues_for_nobody_whose_connection_is_not_ready() {
    on_each_driver(|context| {
        let (_held, endpoint) = nowhere();
        let mut push = socket(context, SocketType::Push);
        push.set_immediate(true).unwrap();
        push.connect(&endpoint).unwrap();
        assert!(matches!(push.try_send("early"), Err(TrySendError::Full(_))));
        push.set_immediate(false).unwrap();
        push.connect(&endpoint).unwrap();
        push.try_send("queued").unwrap();
    });
}

#[test]
fn a_type_has_no_options_of_what_it_does_not_do() {
    use SocketType::{Pub, Pull, Push, Rep, Sub, XSub};
    let none = Err(OptionError::NotForThisType);
    on_each_driver(|context| {
        for socket_type in [Pull, Sub] {
            let mut socket = context.socket(socket_type).unwrap();
            assert_eq!(socket.set_send_high_water_mark(1), none);
            assert_eq!(socket.set_immediate(true), none);
        }
        for socket_type in [Pull, Sub, XSub, Rep] {
            let mut socket = context.socket(socket_type).unwrap();
            assert_eq!(socket.set_send_timeout(None), none);
        }
        for socket_type in [Push, Pub] {
            let mut socket = context.socket(socket_type).unwrap();
            assert_eq!(socket.set_receive_high_water_mark(1), none);
            assert_eq!(socket.set_receive_timeout(None), none);
            assert_eq!(socket.set_router_mandatory(true), none);
            assert_eq!(socket.set_manual(true), none);
        }
        let mut pull = context.socket(Pull).unwrap();
        assert_eq!(pull.set_linger(None), none);
    });
}
