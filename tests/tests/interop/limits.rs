//! What a peer may not exceed, and what it may do between the parts of a message.

use std::io::{ErrorKind, Read, Write};

use super::content::body;
use super::script::{Pace, Script, Version, command, dial, frame_two};
use super::stage::{DRIVERS, await_true, bound_push, context, pull};

#[test]
fn a_message_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    for driver in DRIVERS {
        for parts in [1, 4] {
            let context = context(*driver);
            let mut pull = pull(&context);
            pull.set_message_bytes_max(Some(10_000));
            let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
            let greet =
                || Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Whole, "PUSH").unwrap();
            let whole = vec![body(10_000 / parts, 0); parts];
            let mut good = greet();
            good.send(&whole).unwrap();
            assert_eq!(pull.recv_multipart().unwrap().len(), parts);
            let mut bad = greet();
            let mut longer = whole.clone();
            longer[parts - 1].push(0);
            // The library may hang up before the last byte was written.
            let _ = bad.send(&longer);
            ends(&mut bad);
            await_true("it is counted", || pull.statistics().protocol_errors == 1);
            good.send(&[b"next".to_vec()]).unwrap();
            assert_eq!(&pull.recv().unwrap()[..], b"next", "{driver:?}");
        }
    }
}

#[test]
fn a_message_of_too_many_parts_is_refused() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        pull.set_message_parts_max(Some(100));
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let greet =
            || Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Whole, "PUSH").unwrap();
        let mut good = greet();
        good.send(&vec![Vec::new(); 100]).unwrap();
        assert_eq!(pull.recv_multipart().unwrap().len(), 100);
        let mut endless = greet();
        while endless.stream.write_all(&frame_two(1, b"part")).is_ok() {}
        await_true("it is counted", || pull.statistics().protocol_errors == 1);
        good.send(&[b"next".to_vec()]).unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"next", "{driver:?}");
    }
}

#[test]
fn a_ping_between_the_parts_of_a_message_is_answered_and_tears_nothing() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut peer =
            Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Bytes, "PUSH").unwrap();
        for bytes in [3, 300, 70_000] {
            let part = body(bytes, 0);
            peer.write(&frame_two(1, &part)).unwrap();
            peer.write(&command("PING", b"\0\0who")).unwrap();
            peer.write(&frame_two(0, &part)).unwrap();
            let whole = pull.recv_multipart().unwrap();
            assert!(whole.iter().all(|frame| frame[..] == part[..]), "{bytes}");
            assert_eq!(whole.len(), 2);
            let answer = peer.read_frame_two().unwrap();
            assert_eq!(answer, (4, b"\x04PONGwho".to_vec()), "{driver:?}");
        }
        // A command that nobody knows is passed over.
        peer.write(&command("SING", b"song")).unwrap();
        peer.send(&[b"after".to_vec()]).unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"after");
    }
}

#[test]
fn a_flood_of_pings_to_a_push_holds_up_nobody_else() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, endpoint) = bound_push(&context);
        let mut flood =
            Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Whole, "PULL").unwrap();
        flood.stream.set_nonblocking(true).unwrap();
        let pings = command("PING", b"\0\0x").repeat(1_000);
        // It never reads what it is answered: until the kernel takes no more, or for long enough.
        for _ in 0..1_000 {
            // Full, or hung up on: either is as much as it can do.
            if flood.stream.write_all(&pings).is_err() {
                break;
            }
        }
        let mut good =
            Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Whole, "PULL").unwrap();
        await_true("the good peer is met", || {
            let _ = push.try_send("for one of two");
            good.stream.set_nonblocking(true).unwrap();
            let arrived = good.stream.peek(&mut [0]).is_ok();
            good.stream.set_nonblocking(false).unwrap();
            arrived
        });
        assert_eq!(good.recv().unwrap(), [b"for one of two".to_vec()]);
    }
}

#[test]
fn what_a_pull_peer_sends_to_a_push_is_dropped_and_counted() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, endpoint) = bound_push(&context);
        let mut peer =
            Script::greet(dial(&endpoint), Version::ThreeOne, Pace::Whole, "PULL").unwrap();
        for _ in 0..10 {
            peer.send(&[b"nobody".to_vec(), b"reads this".to_vec()])
                .unwrap();
        }
        await_true("it is counted", || push.statistics().dropped_not_read == 10);
        push.send("still here").unwrap();
        assert_eq!(peer.recv().unwrap(), [b"still here".to_vec()], "{driver:?}");
    }
}

/// The library closes or resets the connection.
fn ends(script: &mut Script) {
    let mut rest = Vec::new();
    match script.stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}
