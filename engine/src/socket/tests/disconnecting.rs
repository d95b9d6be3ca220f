//! What `disconnect` and `unbind` end, and what goes on.

use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, process};

use super::{DRIVERS, PATIENCE, bound_pull, context, pull, push};
use crate::socket::Socket;
use crate::{Message, TrySendError};

const LINGERS: [Option<Duration>; 3] = [None, Some(Duration::ZERO), Some(PATIENCE)];

/// An ipc endpoint where nobody is bound.
fn absent(name: &str) -> String {
    let path = env::temp_dir().join(format!("ringmq-{name}-{}", process::id()));
    // It is there only if an earlier process with this number was killed.
    let _ = fs::remove_file(&path);
    format!("ipc://{}", path.display())
}

fn send_numbers(push: &mut Socket, numbers: std::ops::Range<u8>) {
    for number in numbers {
        push.send_bytes(&[number]).unwrap();
    }
}

fn expect_numbers(pull: &mut Socket, numbers: impl IntoIterator<Item = u8>) {
    for number in numbers {
        assert_eq!(&pull.recv().unwrap()[..], [number]);
    }
}

#[test]
fn nothing_is_sent_to_a_peer_after_its_disconnect() {
    for driver in DRIVERS {
        for linger in LINGERS {
            let context = context(*driver);
            let (mut left, left_at) = bound_pull(&context);
            let (mut kept, kept_at) = bound_pull(&context);
            let mut push = push(&context);
            push.set_linger(linger).unwrap();
            push.connect(&left_at).unwrap();
            push.connect(&kept_at).unwrap();
            send_numbers(&mut push, 0..2);
            expect_numbers(&mut left, [0]);
            expect_numbers(&mut kept, [1]);
            push.disconnect(&left_at).unwrap();
            // Each arrives there, so none went to the other.
            send_numbers(&mut push, 2..40);
            expect_numbers(&mut kept, 2..40);
        }
    }
}

#[test]
fn a_socket_without_its_only_peer_sends_nothing_until_it_connects_again() {
    for driver in DRIVERS {
        for linger in LINGERS {
            let context = context(*driver);
            let (mut pull, endpoint) = bound_pull(&context);
            let mut push = push(&context);
            push.set_linger(linger).unwrap();
            push.connect(&endpoint).unwrap();
            send_numbers(&mut push, 0..1);
            expect_numbers(&mut pull, [0]);
            push.disconnect(&endpoint).unwrap();
            assert!(!push.readiness().writable);
            let refused = push.try_send("to nobody");
            assert!(matches!(refused, Err(TrySendError::Full(_))));
            push.connect(&endpoint).unwrap();
            send_numbers(&mut push, 1..3);
            expect_numbers(&mut pull, 1..3);
        }
    }
}

#[test]
fn what_was_queued_before_a_disconnect_arrives_if_the_peer_comes_within_the_linger_time() {
    for driver in DRIVERS {
        for (round, linger) in [None, Some(PATIENCE)].into_iter().enumerate() {
            let context = context(*driver);
            let late_at = absent(&format!("late-{driver:?}-{round}"));
            let (mut kept, kept_at) = bound_pull(&context);
            let mut push = push(&context);
            push.set_linger(linger).unwrap();
            push.connect(&late_at).unwrap();
            push.connect(&kept_at).unwrap();
            send_numbers(&mut push, 0..10);
            push.disconnect(&late_at).unwrap();
            send_numbers(&mut push, 10..20);
            expect_numbers(&mut kept, (1..10).step_by(2).chain(10..20));
            let mut late = pull(&context);
            late.bind(&late_at).unwrap();
            expect_numbers(&mut late, (0..10).step_by(2));
        }
    }
}

#[test]
fn what_was_queued_for_a_disconnected_peer_is_counted_when_the_linger_time_is_over() {
    for driver in DRIVERS {
        for linger in [Duration::ZERO, Duration::from_millis(30)] {
            let context = context(*driver);
            let mut push = push(&context);
            push.set_linger(Some(linger)).unwrap();
            let endpoint = absent(&format!("never-{driver:?}"));
            push.connect(&endpoint).unwrap();
            send_numbers(&mut push, 0..10);
            push.disconnect(&endpoint).unwrap();
            // What the disconnect allows is not prolonged by the close, which would wait for ever.
            push.set_linger(None).unwrap();
            let shared = Arc::clone(&push.shared);
            drop((push, context));
            let counts = shared.counters.snapshot();
            assert_eq!((counts.messages_sent, counts.dropped_linger), (10, 10));
        }
    }
}

fn part(text: &'static str) -> Message {
    let mut part = Message::from(text);
    part.set_more(true);
    part
}

#[test]
fn the_rest_of_a_message_to_a_disconnected_peer_goes_nowhere() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (_left, left_at) = bound_pull(&context);
        let (mut kept, kept_at) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&left_at).unwrap();
        push.connect(&kept_at).unwrap();
        push.send(part("begun")).unwrap();
        push.disconnect(&left_at).unwrap();
        assert_eq!(push.statistics().dropped_unfinished, 1);
        push.send(part("swallowed")).unwrap();
        push.send("swallowed").unwrap();
        push.send("whole").unwrap();
        let got = kept.recv().unwrap();
        assert_eq!((&got[..], got.more()), (&b"whole"[..], false));
    }
}

#[test]
fn a_message_that_was_begun_elsewhere_outlives_a_disconnect() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut kept, kept_at) = bound_pull(&context);
        let (_left, left_at) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&kept_at).unwrap();
        push.connect(&left_at).unwrap();
        push.send(part("first")).unwrap();
        push.disconnect(&left_at).unwrap();
        push.send("last").unwrap();
        let got = kept.recv_multipart().unwrap();
        assert_eq!(got.len(), 2);
        assert_eq!((&got[0][..], &got[1][..]), (&b"first"[..], &b"last"[..]));
    }
}

#[test]
fn connections_outlive_the_unbind_of_their_endpoint() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = push(&context);
        let push_at = push.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let (mut pull, pull_at) = bound_pull(&context);
        pull.connect(&push_at).unwrap();
        send_numbers(&mut push, 0..1);
        expect_numbers(&mut pull, [0]);
        push.unbind(&push_at).unwrap();
        send_numbers(&mut push, 1..20);
        expect_numbers(&mut pull, 1..20);
        // And the other way round: the side that receives stops listening.
        let mut other = super::push(&context);
        other.connect(&pull_at).unwrap();
        send_numbers(&mut other, 20..21);
        expect_numbers(&mut pull, [20]);
        pull.unbind(&pull_at).unwrap();
        send_numbers(&mut other, 21..40);
        expect_numbers(&mut pull, 21..40);
    }
}
