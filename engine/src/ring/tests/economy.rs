//! How often the kernel is entered and rung: the numbers that the speed of the engine rests on.

use std::io::Read;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd};

use ringmq_driver::{Completion, Demand, Driver, Wait};

use super::{Bytes, CLIENT, SERVER, connection, ring, until};

#[test]
fn a_poll_with_nothing_to_do_does_not_enter_the_kernel() {
    let mut ring = ring();
    let (_, _, server) = connection(&mut ring);
    ring.receive(server, Demand::Stream);
    let mut completions = Vec::new();
    ring.poll(Wait::Now, &mut completions).expect("polls");
    let before = ring.enters();
    for _ in 0..100 {
        assert!(!ring.is_ready());
        ring.poll(Wait::Now, &mut completions).expect("polls");
    }
    assert_eq!(ring.enters(), before);
    assert!(completions.is_empty());
}

#[test]
fn a_send_and_the_wait_for_its_completion_are_one_enter() {
    let mut ring = ring();
    let (_, client, server) = connection(&mut ring);
    ring.receive(server, Demand::Stream);
    let mut completions = Vec::new();
    // Arms the receive and, because it waits, the doorbell.
    let soon = ring.now().after(std::time::Duration::from_millis(1));
    ring.poll(Wait::Until(soon), &mut completions)
        .expect("polls");
    for _ in 0..100 {
        let before = ring.enters();
        ring.send(client, Bytes::new(b"a lone message", 1));
        ring.poll(Wait::Forever, &mut completions).expect("polls");
        assert_eq!(ring.enters(), before + 1, "submit and wait together");
        while completions.len() < 2 {
            ring.poll(Wait::Forever, &mut completions).expect("polls");
        }
        assert!(
            ring.enters() <= before + 2,
            "the receive needs one more at most"
        );
        for completion in completions.drain(..) {
            match completion {
                Completion::Sent { token, result, .. } => {
                    assert_eq!(token, CLIENT);
                    assert_eq!(result.expect("a send"), 14);
                }
                Completion::Received { token, data } => {
                    assert_eq!(token, SERVER);
                    assert_eq!(ring.received(&data), b"a lone message");
                    ring.release(data);
                }
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }
}

#[test]
fn waking_a_ring_that_is_awake_makes_no_system_call() {
    let mut ring = ring();
    let waker = ring.waker();
    for _ in 0..1000 {
        waker.wake();
    }
    assert!(ring.is_ready());
    // The READ of the eventfd would have been completed by a write.
    let before = ring.enters();
    let mut completions = Vec::new();
    ring.poll(Wait::Forever, &mut completions).expect("polls");
    assert_eq!(ring.enters(), before, "one wake needs no kernel");
    assert!(completions.is_empty());
    assert!(!ring.is_ready(), "wakes merge");
    assert!(ring.bell.doorbell.fall_asleep(), "nothing is left of them");
    waker.wake();
    let mut eventfd = eventfd_of(&ring);
    let mut counter = [0; 8];
    eventfd.read_exact(&mut counter).expect("eight bytes");
    assert_eq!(u64::from_ne_bytes(counter), 1, "a sleeper is rung once");
    ring.bell.doorbell.wake_up();
}

#[test]
fn a_ring_that_was_rung_may_not_fall_asleep() {
    let ring = ring();
    let waker = ring.waker();
    assert!(ring.bell.doorbell.fall_asleep());
    ring.bell.doorbell.wake_up();
    waker.wake();
    assert!(!ring.bell.doorbell.fall_asleep(), "the second look");
    assert!(ring.bell.doorbell.answer());
    assert!(ring.bell.doorbell.fall_asleep(), "answered once");
}

#[test]
fn a_stream_outlives_the_buffers_it_filled() {
    let mut ring = ring();
    let (_, client, server) = connection(&mut ring);
    ring.receive(server, Demand::Stream);
    for round in 0_u8..200 {
        let bytes = [round; 3];
        ring.send(client, Bytes::new(&bytes, 1));
        let mut sent = false;
        let mut got = false;
        until(&mut ring, |ring, completion| {
            match completion {
                Completion::Sent { .. } => sent = true,
                Completion::Received { data, .. } => {
                    got = ring.received(&data) == bytes;
                    ring.release(data);
                }
                _ => {}
            }
            (sent && got).then_some(())
        });
    }
    assert_eq!(ring.lent.in_flight, 3, "accept, the stream, the doorbell");
}

/// The ring's eventfd, which stays the ring's.
fn eventfd_of(ring: &super::TestRing) -> ManuallyDrop<std::fs::File> {
    let fd = ring.bell.doorbell.eventfd().as_raw_fd();
    // SAFETY: the ring outlives the file, and the file never closes the descriptor.
    ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) })
}
