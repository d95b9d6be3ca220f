//! Peers of ZMTP 1.0, 2.0 and 3.0, at either end, bound or connecting, whole frames at a time or byte by byte.

use std::io::{ErrorKind, Read};
use std::net::TcpListener;

use ringmq::{Context, DriverChoice, Multipart};

use super::content::{Frames, body, numbered};
use super::script::{Pace, Script, Version, accept, dial};
use super::stage::{self, bound_pull, bound_push};

/// 1.0's long header begins at 254, 2.0's at 256; 4 096 is the longest body we copy; 70 000 exceeds a read.
const SIZES: &[usize] = &[
    0, 1, 253, 254, 255, 256, 4_095, 4_096, 4_097, 8_192, 8_193, 70_000,
];

const NUMBERED_MESSAGES: u32 = 200;

fn messages() -> Vec<Frames> {
    let single = SIZES.iter().map(|bytes| vec![body(*bytes, 1)]);
    let parts = SIZES.iter().map(|bytes| body(*bytes, 2)).collect();
    let empty_parts = vec![Vec::new(); 3];
    single
        .chain([parts, empty_parts])
        .chain((0..NUMBERED_MESSAGES).map(numbered))
        .collect()
}

/// Where our socket is in one cell.
#[derive(Clone, Copy, Debug)]
enum Side {
    Bound,
    Connected,
}

fn they_push(context: &Context, version: Version, pace: Pace, side: Side) {
    let (mut pull, stream) = match side {
        Side::Bound => {
            let (pull, endpoint) = bound_pull(context);
            (pull, dial(&endpoint))
        }
        Side::Connected => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut pull = stage::pull(context);
            pull.connect(&format!("tcp://{}", listener.local_addr().unwrap()))
                .unwrap();
            (pull, accept(&listener))
        }
    };
    let mut script = Script::greet(stream, version, pace, "PUSH").unwrap();
    for (place, message) in messages().into_iter().enumerate() {
        script.send(&message).unwrap();
        let received = pull.recv_multipart().unwrap();
        assert_eq!(
            received,
            Multipart::from(message),
            "{version:?}: message {place}"
        );
    }
    // A burst, so that many frames share a read.
    let burst: Vec<_> = (0..NUMBERED_MESSAGES).map(numbered).collect();
    burst.iter().for_each(|frames| script.send(frames).unwrap());
    for frames in burst {
        assert_eq!(pull.recv_multipart().unwrap(), Multipart::from(frames));
    }
    assert_eq!(pull.statistics().protocol_errors, 0);
}

fn they_pull(context: &Context, version: Version, pace: Pace, side: Side) {
    let (mut push, stream) = match side {
        Side::Bound => {
            let (push, endpoint) = bound_push(context);
            (push, dial(&endpoint))
        }
        Side::Connected => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut push = stage::push(context);
            push.connect(&format!("tcp://{}", listener.local_addr().unwrap()))
                .unwrap();
            (push, accept(&listener))
        }
    };
    let mut script = Script::greet(stream, version, pace, "PULL").unwrap();
    for message in messages() {
        push.send_multipart(message).unwrap();
    }
    for (place, message) in messages().into_iter().enumerate() {
        let received = script.recv().unwrap();
        assert!(received == message, "{version:?}: message {place} differs");
    }
    assert_eq!(push.statistics().protocol_errors, 0);
    assert_eq!(push.statistics().messages_sent, messages().len() as u64);
}

fn all_cells(driver: DriverChoice) {
    const CELLS: usize = 3 * 2 * 2 * 2;
    let context = stage::context(driver);
    let mut passed = 0;
    for version in [Version::One, Version::Two, Version::Three] {
        for pace in [Pace::Whole, Pace::Bytes] {
            for side in [Side::Bound, Side::Connected] {
                // A failing cell names itself: its name is the last one printed.
                println!("{driver:?}: {version:?}, {pace:?}, ours {side:?}");
                they_push(&context, version, pace, side);
                they_pull(&context, version, pace, side);
                passed += 2;
            }
        }
    }
    println!("old peers on the {driver:?}: {passed} cells passed");
    assert_eq!(passed, CELLS, "the table lost cells");
}

/// A frame of 1.0 that claims 2^40 bytes.
const TOO_LARGE: [u8; 10] = [0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// Larger than both sides' socket buffers, so that a send is in flight for as long as nobody reads.
const LARGE_BYTES: usize = 32 << 20;

/// The wire forgets that a peer speaks 1.0 when it breaks a rule, while bytes encoded for it are still on loan.
#[test]
fn a_1_0_peer_that_breaks_a_rule_during_a_send_is_dropped_and_nothing_is_sent_twice() {
    for driver in stage::DRIVERS {
        let context = stage::context(*driver);
        let (mut push, endpoint) = bound_push(&context);
        let mut bad = Script::greet(dial(&endpoint), Version::One, Pace::Whole, "PULL").unwrap();
        push.send("small").unwrap();
        assert_eq!(bad.recv().unwrap(), [b"small".to_vec()]);
        push.send(vec![b'x'; LARGE_BYTES]).unwrap();
        // The send is in flight once its first bytes have come.
        bad.stream.peek(&mut [0]).unwrap();
        bad.write(&TOO_LARGE).unwrap();
        stage::await_true("it is dropped and counted", || {
            let counts = push.statistics();
            counts.protocol_errors == 1 && counts.disconnects == 1
        });
        stage::await_true("what was sent by half is counted", || {
            push.statistics().dropped_half_sent == 1
        });
        let mut rest = Vec::new();
        match bad.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        assert!(rest.len() < LARGE_BYTES, "{} bytes came", rest.len());

        let mut good = Script::greet(dial(&endpoint), Version::One, Pace::Whole, "PULL").unwrap();
        for number in 0..NUMBERED_MESSAGES {
            push.send_multipart(numbered(number)).unwrap();
        }
        for number in 0..NUMBERED_MESSAGES {
            assert_eq!(good.recv().unwrap(), numbered(number), "on {driver:?}");
        }
        assert_eq!(push.statistics().protocol_errors, 1);
    }
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
#[test]
fn peers_of_every_old_version_are_served_on_the_ring() {
    all_cells(DriverChoice::Ring);
}

#[test]
fn peers_of_every_old_version_are_served_on_the_shim() {
    all_cells(DriverChoice::Shim);
}
