//! When a PUSH takes a message and when it gives it back; how long calls wait; what each type refuses.

use std::time::Duration;

use ringmq::{Message, Multipart, RecvError, SendError, TryRecvError, TrySendError};

use super::stage::{DRIVERS, await_true, bound_pull, bound_push, context, pull, push, timed};

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn without_a_peer_a_message_comes_back_at_once_and_unchanged() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, _) = bound_push(&context);
        let mut body = Message::from("first part");
        body.set_more(true);
        match push.try_send(body.clone()) {
            Err(TrySendError::Full(returned)) => assert_eq!(returned, body),
            other => panic!("{driver:?}: {other:?}"),
        }
        let large = vec![7; 70_000];
        match push.try_send(large.clone()) {
            Err(TrySendError::Full(returned)) => assert_eq!(&returned[..], large),
            other => panic!("{driver:?}: {other:?}"),
        }
        assert_eq!(push.statistics().messages_sent, 0);
    }
}

#[test]
fn a_connect_without_a_listener_takes_exactly_the_high_water_mark() {
    for driver in DRIVERS {
        for mark in [1, 7, 1_000] {
            let context = context(*driver);
            let mut push = push(&context);
            push.set_linger(Some(Duration::ZERO)).unwrap();
            push.set_send_high_water_mark(mark).unwrap();
            push.connect("ipc:///nonexistent/ringmq").unwrap();
            let mut numbers = 0u32..;
            let mut bodies = numbers.by_ref().map(|number| number.to_be_bytes().to_vec());
            let (sent, refused) = push.send_batch(&mut bodies);
            assert_eq!(sent, mark as usize, "{driver:?}");
            match refused {
                Err(TrySendError::Full(message)) => assert_eq!(message[..], mark.to_be_bytes()),
                other => panic!("{driver:?}: {other:?}"),
            }
            assert_eq!(push.statistics().messages_sent, u64::from(mark));
        }
    }
}

#[test]
fn a_send_and_a_receive_give_up_after_their_timeouts() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, _) = bound_push(&context);
        push.set_send_timeout(Some(SHORT)).unwrap();
        let (returned, time) = timed(|| {
            matches!(
                push.send("late"),
                Err(SendError::TimedOut(message)) if &message[..] == b"late"
            )
        });
        assert!(returned, "{driver:?}");
        assert!(time >= SHORT, "{driver:?}: after {time:?}");
        let whole = Multipart::from_iter(["a", "b"]);
        let returned = push.send_multipart(whole.clone());
        assert!(matches!(returned, Err(SendError::TimedOut(message)) if message == whole));

        let (mut pull, _) = bound_pull(&context);
        let (result, time) = timed(|| pull.recv_timeout(SHORT));
        assert_eq!(result.unwrap_err(), RecvError::TimedOut);
        assert!(time >= SHORT, "{driver:?}: after {time:?}");
    }
}

#[test]
fn each_type_refuses_the_other_direction() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, mut pull) = (push(&context), pull(&context));
        assert_eq!(push.recv().unwrap_err(), RecvError::Unsupported);
        assert_eq!(push.try_recv().unwrap_err(), TryRecvError::Unsupported);
        assert!(matches!(
            pull.send("x"),
            Err(SendError::Unsupported(message)) if &message[..] == b"x"
        ));
        assert!(matches!(
            pull.try_send("x"),
            Err(TrySendError::Unsupported(message)) if &message[..] == b"x"
        ));
    }
}

#[test]
fn a_pull_that_does_not_read_stops_its_push_and_loses_nothing() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let mut push = push(&context);
        push.set_send_high_water_mark(10).unwrap();
        push.connect(&endpoint).unwrap();
        push.set_send_timeout(Some(SHORT)).unwrap();
        let mut sent = 0u32;
        // 64 KiB each, so that the kernel's buffers fill soon.
        let body = |number: u32| {
            let mut body = vec![0; 64 << 10];
            body[..4].copy_from_slice(&number.to_be_bytes());
            body
        };
        while push.send(body(sent)).is_ok() {
            sent += 1;
            assert!(sent < 100_000, "{driver:?}: nothing stops it");
        }
        for number in 0..sent {
            assert_eq!(pull.recv().unwrap()[..4], number.to_be_bytes());
        }
        await_true("it can send again", || push.readiness().writable);
    }
}
