//! Turns among peers, and the descriptor for foreign event loops.

use ringmq::Socket;

use super::stage::{DRIVERS, PATIENCE, await_true, bound_pull, bound_push, context, pull, push};

const PEERS: usize = 3;
const EACH: usize = 100;

#[test]
fn a_push_gives_each_of_three_pulls_its_turn() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut push, endpoint) = bound_push(&context);
        let mut pulls: Vec<Socket> = (0..PEERS).map(|_| pull(&context)).collect();
        for pull in &mut pulls {
            pull.connect(&endpoint).unwrap();
        }
        let mut met = [false; PEERS];
        await_true("each peer hears something", || {
            // Without a peer yet, or with one that is behind, it is not sent.
            let _ = push.try_send("");
            for (met, pull) in met.iter_mut().zip(&mut pulls) {
                *met |= pull.try_recv().is_ok();
            }
            met == [true; PEERS]
        });
        for number in 0..(PEERS * EACH) as u32 {
            push.send(&number.to_be_bytes()).unwrap();
        }
        for pull in &mut pulls {
            let mut numbers = Vec::new();
            while numbers.len() < EACH {
                let message = pull.recv().unwrap();
                if let Ok(number) = message[..].try_into() {
                    numbers.push(u32::from_be_bytes(number));
                }
            }
            let in_turn = numbers
                .windows(2)
                .all(|pair| pair[1] == pair[0] + PEERS as u32);
            assert!(in_turn, "{driver:?}: {numbers:?}");
        }
    }
}

#[test]
fn a_pull_takes_from_three_pushes_in_turn() {
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        for name in 0..PEERS as u8 {
            let mut push = push(&context);
            push.connect(&endpoint).unwrap();
            for _ in 0..EACH {
                push.send(&[name]).unwrap();
            }
        }
        // A peer's end is seen after its last message: then everything waits, and only turns decide.
        await_true("all peers have come and gone", || {
            pull.statistics().disconnects == PEERS as u64
        });
        let heard: Vec<u8> = (0..PEERS * EACH).map(|_| pull.recv().unwrap()[0]).collect();
        for round in heard.chunks(PEERS) {
            let mut names = round.to_vec();
            names.sort_unstable();
            assert_eq!(names, [0, 1, 2], "{driver:?}: {heard:?}");
        }
    }
}

#[test]
fn the_descriptor_wakes_a_foreign_loop_for_every_message() {
    const MESSAGES: u32 = 200;
    for driver in DRIVERS {
        let context = context(*driver);
        let (mut pull, endpoint) = bound_pull(&context);
        let descriptor = pull.descriptor().unwrap();
        let mut push = push(&context);
        push.connect(&endpoint).unwrap();
        for number in 0..MESSAGES {
            push.send(&number.to_be_bytes()).unwrap();
            while !pull.readiness().readable {
                let mut waiting = [zmq::PollItem::from_fd(descriptor, zmq::POLLIN)];
                let woken = zmq::poll(&mut waiting, PATIENCE.as_millis() as i64).unwrap();
                assert_eq!(woken, 1, "{driver:?}: nothing wakes for {number}");
            }
            assert_eq!(pull.try_recv().unwrap()[..], number.to_be_bytes());
        }
    }
}
