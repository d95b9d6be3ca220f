//! One queue per direction: it holds the sender's mark and the receiver's together, exactly, whatever comes first.

use ringmq::{Context, Socket, SocketType, TrySendError};

use crate::{on_each_driver, settle, socket};

const NAME: &str = "inproc://marks";

/// Fills the pipe; returns how many messages that took.
fn fill(push: &mut Socket) -> usize {
    let mut sent = 0;
    loop {
        match push.try_send("x") {
            Ok(()) => sent += 1,
            Err(TrySendError::Full(_)) => return sent,
            Err(other) => panic!("{other}"),
        }
    }
}

fn drain(pull: &mut Socket) -> usize {
    std::iter::from_fn(|| pull.try_recv().ok()).count()
}

/// A PUSH and a PULL of these marks, not yet connected.
fn ends(context: &Context, send: u32, receive: u32) -> (Socket, Socket) {
    let mut push = socket(context, SocketType::Push);
    push.set_send_high_water_mark(send).unwrap();
    let mut pull = socket(context, SocketType::Pull);
    pull.set_receive_high_water_mark(receive).unwrap();
    (push, pull)
}

/// Connects them in one of the four ways.
fn join(push: &mut Socket, pull: &mut Socket, push_binds: bool, bind_first: bool) {
    let (binder, connector) = if push_binds {
        (push, pull)
    } else {
        (pull, push)
    };
    if bind_first {
        binder.bind(NAME).unwrap();
        connector.connect(NAME).unwrap();
    } else {
        connector.connect(NAME).unwrap();
        binder.bind(NAME).unwrap();
    }
    settle(binder, connector);
}

fn in_each_way(test: impl Fn(&Context, bool, bool)) {
    on_each_driver(|context| {
        for push_binds in [true, false] {
            for bind_first in [true, false] {
                test(context, push_binds, bind_first);
            }
        }
    });
}

#[test]
fn a_pipe_holds_the_marks_of_both_sides_exactly() {
    in_each_way(|context, push_binds, bind_first| {
        for (send, receive) in [(1_000, 1_000), (2, 2), (1, 1), (3, 8), (70, 1)] {
            let (mut push, mut pull) = ends(context, send, receive);
            join(&mut push, &mut pull, push_binds, bind_first);
            assert_eq!(fill(&mut push), (send + receive) as usize);
            assert_eq!(drain(&mut pull), (send + receive) as usize);
        }
    });
}

#[test]
fn a_side_without_a_mark_leaves_the_pipe_without_one() {
    in_each_way(|context, push_binds, bind_first| {
        for (send, receive) in [(0, 2), (2, 0), (0, 0)] {
            let (mut push, mut pull) = ends(context, send, receive);
            join(&mut push, &mut pull, push_binds, bind_first);
            for _ in 0..5_000 {
                push.try_send("x").unwrap();
            }
            assert_eq!(drain(&mut pull), 5_000);
        }
    });
}

#[test]
fn until_somebody_is_bound_only_the_connecting_sides_mark_counts() {
    on_each_driver(|context| {
        let (mut push, mut pull) = ends(context, 3, 4);
        push.connect(NAME).unwrap();
        assert_eq!(fill(&mut push), 3);
        pull.bind(NAME).unwrap();
        assert_eq!(fill(&mut push), 4);
        assert_eq!(drain(&mut pull), 7);
    });
}

#[test]
fn marks_that_change_on_a_live_peer_change_the_sum_on_both_sides() {
    in_each_way(|context, push_binds, bind_first| {
        let (mut push, mut pull) = ends(context, 1, 1);
        join(&mut push, &mut pull, push_binds, bind_first);
        assert_eq!(fill(&mut push), 2);
        push.set_send_high_water_mark(5).unwrap();
        assert_eq!(fill(&mut push), 4);
        pull.set_receive_high_water_mark(11).unwrap();
        assert_eq!(fill(&mut push), 10);
        assert_eq!(drain(&mut pull), 16);
        // What the reader has acknowledged is a multiple of its step, which is half of the mark as it is now.
        settle(&mut push, &mut pull);
        assert_eq!(fill(&mut push), 16);
        // Nothing is dropped when a mark falls, and nothing is taken until the pipe has come down to it.
        push.set_send_high_water_mark(1).unwrap();
        pull.set_receive_high_water_mark(1).unwrap();
        assert_eq!(fill(&mut push), 0);
        settle(&mut push, &mut pull);
        assert_eq!(drain(&mut pull), 16);
        assert_eq!(fill(&mut push), 2);
        assert_eq!(drain(&mut pull), 2);
    });
}

#[test]
fn a_mark_that_changes_between_a_connect_and_its_answer_is_not_forgotten() {
    on_each_driver(|context| {
        for push_binds in [true, false] {
            let (mut push, mut pull) = ends(context, 1, 1);
            let (binder, connector) = if push_binds {
                (&mut push, &mut pull)
            } else {
                (&mut pull, &mut push)
            };
            binder.bind(NAME).unwrap();
            connector.connect(NAME).unwrap();
            push.set_send_high_water_mark(4).unwrap();
            pull.set_receive_high_water_mark(3).unwrap();
            settle(&mut push, &mut pull);
            assert_eq!(fill(&mut push), 7, "PUSH binds: {push_binds}");
        }
    });
}

#[test]
fn a_publisher_drops_exactly_what_is_beyond_both_marks() {
    on_each_driver(|context| {
        let mut publisher = socket(context, SocketType::Pub);
        publisher.set_send_high_water_mark(10).unwrap();
        publisher.bind(NAME).unwrap();
        let mut subscriber = socket(context, SocketType::Sub);
        subscriber.set_receive_high_water_mark(20).unwrap();
        subscriber.subscribe("").unwrap();
        subscriber.connect(NAME).unwrap();
        settle(&mut publisher, &mut subscriber);
        for _ in 0..100 {
            publisher.send("x").unwrap();
        }
        assert_eq!(drain(&mut subscriber), 30);
        assert_eq!(publisher.statistics().dropped_full, 70);
        // Subscriptions are state: a full pipe takes them.
        for topic in 0..100u32 {
            subscriber.subscribe(topic.to_le_bytes()).unwrap();
        }
        publisher.readiness();
        assert_eq!(
            publisher.subscriptions().map(|known| known.topics),
            Some(101)
        );
    });
}
