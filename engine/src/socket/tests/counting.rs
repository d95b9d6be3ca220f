//! Every message that was accepted is counted by what became of it, as soon as that is asked.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{DRIVERS, bound_pull, context, pull, push};
use crate::peer::PeerId;
use crate::reactor::{Command, Key};
use crate::{DriverChoice, Message, SendError, SocketType};

#[test]
fn what_was_queued_for_a_peer_that_is_gone_is_told_before_the_next_send() {
    let context = context(DRIVERS[0]);
    let mut push = push(&context);
    let reader = push.make_outbound(PeerId(0), 0);
    for _ in 0..3 {
        push.send("queued").unwrap();
    }
    assert_eq!(push.statistics().dropped_peer_gone, 0);
    drop(reader);
    assert_eq!(push.statistics().dropped_peer_gone, 3);
    assert!(!push.readiness().writable);
    assert_eq!(push.statistics().dropped_peer_gone, 3, "counted once");
    let shared = Arc::clone(&push.shared);
    assert_eq!(shared.counters.snapshot().dropped_peer_gone, 3);
    drop(push);
    assert_eq!(shared.counters.snapshot().dropped_peer_gone, 3);
}

#[test]
fn what_was_queued_for_a_peer_that_is_gone_is_counted_when_the_socket_is_closed() {
    let context = context(DRIVERS[0]);
    let mut push = push(&context);
    let reader = push.make_outbound(PeerId(0), 0);
    for _ in 0..3 {
        push.send("queued").unwrap();
    }
    drop(reader);
    let shared = Arc::clone(&push.shared);
    drop(push);
    assert_eq!(shared.counters.snapshot().dropped_peer_gone, 3);
}

#[test]
fn what_was_queued_for_a_session_that_is_gone_before_its_pipe_comes_is_counted() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut push = push(&context);
        let outbound = push.make_outbound(PeerId(0), 0);
        for _ in 0..3 {
            push.send("queued").unwrap();
        }
        push.host.command(
            0,
            Command::Outbound {
                socket: Arc::clone(&push.shared),
                session: Key::from_bits(7),
                outbound,
            },
        );
        let shared = Arc::clone(&push.shared);
        drop((push, context));
        assert_eq!(shared.counters.snapshot().dropped_peer_gone, 3);
    }
}

#[test]
fn sending_a_whole_message_counts_what_it_finds_lost() {
    let context = context(DRIVERS[0]);
    let mut push = push(&context);
    let reader = push.make_outbound(PeerId(0), 0);
    push.send("queued").unwrap();
    let mut begun = Message::from("begun");
    begun.set_more(true);
    push.send(begun).unwrap();
    drop(reader);
    push.send("swallowed").unwrap();
    push.set_send_timeout(Some(Duration::ZERO)).unwrap();
    let refused = push.send_multipart(vec!["to", "nobody"]);
    assert!(matches!(refused, Err(SendError::TimedOut(_))));
    let counts = push.shared.counters.snapshot();
    assert_eq!(
        (counts.dropped_peer_gone, counts.dropped_unfinished),
        (1, 1)
    );
    assert_eq!(counts, push.statistics());
}

#[test]
fn messages_that_come_while_a_socket_is_being_closed_are_counted() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        push.send("received").unwrap();
        pull.recv().unwrap();
        // As in the middle of a drop: the handle has let go of its pipes, and the reactor has not heard of it.
        assert_eq!(pull.pattern.close_readers(), 0);
        for _ in 0..10 {
            push.send("late").unwrap();
        }
        let shared = Arc::clone(&pull.shared);
        drop(push);
        // The sender's end comes behind its last message.
        while shared.counters.snapshot().disconnects == 0 {
            thread::yield_now();
        }
        drop((pull, context));
        let counts = shared.counters.snapshot();
        assert_eq!((counts.messages_received, counts.dropped_closed), (1, 10));
    }
}

/// One round: a PUSH and its peers end in the same moment, in threads of their own.
fn end_together(driver: DriverChoice, round: u64) {
    let (sending, receiving) = (context(driver), context(driver));
    let mut push = push(&sending);
    push.set_linger(Some(Duration::ZERO)).unwrap();
    let endpoint = push.bind("tcp://127.0.0.1:*").unwrap().to_string();
    let mut pull = pull(&receiving);
    pull.set_receive_high_water_mark(4).unwrap();
    pull.connect(&endpoint).unwrap();
    push.send("first").unwrap();
    pull.recv().unwrap();
    let (sent, received) = (Arc::clone(&push.shared), Arc::clone(&pull.shared));
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..round * 7 % 100 {
                if push.try_send(vec![7; 100]).is_err() {
                    break;
                }
            }
            drop((push, sending));
        });
        scope.spawn(move || drop((pull, receiving)));
    });
    let (sent, received) = (sent.counters.snapshot(), received.counters.snapshot());
    let settled = sent.dropped_linger
        + sent.dropped_peer_gone
        + sent.dropped_half_sent
        + received.messages_received
        + received.dropped_closed;
    // The rest was in the kernel, and that no more than its buffers hold: what is counted is never counted twice.
    assert!(settled <= sent.messages_sent, "{sent:?}\n{received:?}");
    assert_eq!(received.messages_received, 1);
}

#[test]
fn nothing_is_counted_twice_where_both_ends_close_in_the_same_moment() {
    for driver in DRIVERS {
        for round in 0..60 {
            end_together(*driver, round);
        }
    }
}

/// A pipe whose halves leave in two threads while messages are written.
#[test]
fn what_is_sent_in_the_moment_in_which_the_peer_leaves_is_counted_once() {
    let context = context(DRIVERS[0]);
    for round in 0..300 {
        let mut push = context.socket(SocketType::Push).unwrap();
        let reader = push.make_outbound(PeerId(0), 0);
        let shared = Arc::clone(&push.shared);
        let leaving = thread::spawn(move || {
            for _ in 0..round {
                std::hint::spin_loop();
            }
            reader.leave()
        });
        for _ in 0..50 {
            if push.try_send("message").is_err() {
                break;
            }
        }
        drop(push);
        let by_session = leaving.join().unwrap();
        let counts = shared.counters.snapshot();
        assert_eq!(
            counts.dropped_peer_gone + by_session,
            counts.messages_sent,
            "round {round}"
        );
    }
}
