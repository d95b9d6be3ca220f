//! Shutdown, linger, and what outlives what.

use std::net::TcpListener;
use std::time::Duration;
use std::{mem, thread};

use ringmq::{RecvError, SendError};

use super::script::{Pace, Script, Version, accept};
use super::stage::{DRIVERS, PATIENCE, await_true, bound_pull, bound_push, context, push, timed};

#[test]
fn a_shutdown_releases_threads_that_are_blocked() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, _) = bound_pull(&context);
        let (mut push, _) = bound_push(&context);
        pull.set_receive_timeout(None).unwrap();
        push.set_send_timeout(None).unwrap();
        let receiver = thread::spawn(move || pull.recv().unwrap_err());
        let sender = thread::spawn(move || push.send("never").unwrap_err());
        context.shutdown();
        assert_eq!(receiver.join().unwrap(), RecvError::Terminated);
        let returned = sender.join().unwrap();
        assert!(matches!(returned, SendError::Terminated(message) if &message[..] == b"never"));
        assert!(context.socket(ringmq::SocketType::Pull).is_err());
    }
}

#[test]
fn without_linger_what_waits_is_dropped_at_once() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = push(&context);
        push.set_linger(Some(Duration::ZERO)).unwrap();
        push.connect("ipc:///nonexistent/ringmq").unwrap();
        (0..100).for_each(|_| push.send("lost").unwrap());
        let (_, time) = timed(|| {
            drop(push);
            drop(context);
        });
        assert!(time < PATIENCE / 4, "{driver:?}: {time:?}");
    }
}

#[test]
fn a_disconnect_without_linger_counts_what_it_drops() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = push(&context);
        push.set_linger(Some(Duration::ZERO)).unwrap();
        let nowhere = "ipc:///nonexistent/ringmq";
        push.connect(nowhere).unwrap();
        (0..100).for_each(|_| push.send("lost").unwrap());
        push.disconnect(nowhere).unwrap();
        await_true("all 100 are counted", || {
            push.statistics().dropped_linger == 100
        });
    }
}

#[test]
fn a_bounded_linger_ends_in_time() {
    const LINGER: Duration = Duration::from_millis(200);
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = push(&context);
        push.set_linger(Some(LINGER)).unwrap();
        push.connect("ipc:///nonexistent/ringmq").unwrap();
        push.send("lost in the end").unwrap();
        let (_, time) = timed(|| {
            drop(push);
            drop(context);
        });
        assert!(time >= LINGER, "{driver:?}: gave up after {time:?}");
        assert!(time < PATIENCE / 4, "{driver:?}: {time:?}");
    }
}

#[test]
fn an_unbounded_linger_delivers_everything_to_a_listener_that_comes_late() {
    for driver in DRIVERS {
        // The port is known before anybody listens to connections of it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let sender = context(*driver);
        let mut push = push(&sender);
        push.connect(&endpoint).unwrap();
        let late = accept(&listener);
        for number in 0..500u32 {
            push.send(&number.to_be_bytes()).unwrap();
        }
        drop(push);
        let closing = thread::spawn(move || drop(sender));
        // Socket and context are being closed before the peer says its first byte.
        let mut peer = Script::greet(late, Version::ThreeOne, Pace::Whole, "PULL").unwrap();
        for number in 0..500u32 {
            assert_eq!(peer.recv().unwrap(), [number.to_be_bytes()], "{driver:?}");
        }
        drop(peer);
        closing.join().unwrap();
    }
}

#[test]
fn messages_outlive_their_socket_and_context() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        let bodies: Vec<Vec<u8>> = [10, 200, 4_000, 8_192, 1 << 20]
            .iter()
            .map(|bytes| super::content::body(*bytes, 3))
            .collect();
        bodies
            .iter()
            .for_each(|body| push.send(body.clone()).unwrap());
        let received: Vec<_> = bodies.iter().map(|_| pull.recv().unwrap()).collect();
        mem::drop((push, pull, context));
        assert!(
            received
                .iter()
                .zip(&bodies)
                .all(|(got, sent)| got[..] == sent[..]),
            "{driver:?}"
        );
    }
}

#[test]
fn sockets_work_on_the_threads_that_they_are_given_to() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        for turn in 0..20u32 {
            (push, pull) = thread::spawn(move || {
                push.send(&turn.to_be_bytes()).unwrap();
                assert_eq!(pull.recv().unwrap()[..], turn.to_be_bytes());
                (push, pull)
            })
            .join()
            .unwrap();
        }
    }
}
