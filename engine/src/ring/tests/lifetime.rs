//! Rings that come, go and are forked; listeners that fail and are restarted.

use std::net::TcpListener;

use ringmq_driver::{Address, Completion, Demand, Driver, SocketOptions};

use super::{Bytes, CLIENT, LISTENER, Space, connection, ring, until};

#[test]
fn more_rings_than_a_thread_has_room_to_register_all_work() {
    let mut rings: Vec<_> = (0..20).map(|_| ring()).collect();
    for ring in &mut rings {
        let (_, client, server) = connection(ring);
        ring.receive(server, Demand::Into(Space::new(8)));
        ring.send(client, Bytes::new(b"hello", 1));
        let bytes = until(ring, |_, completion| match completion {
            Completion::Filled { result, .. } => result.ok(),
            _ => None,
        });
        assert_eq!(bytes, 5);
    }
}

#[test]
fn a_forked_child_that_drops_the_ring_leaves_it_to_its_parent() {
    let mut ring = ring();
    let (_, client, server) = connection(&mut ring);
    ring.receive(server, Demand::Stream);
    // SAFETY: the child only drops the ring and leaves by _exit; it takes no lock another thread may hold but
    // the allocator's, which fork itself keeps usable.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(ring);
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(0) };
    }
    assert!(child > 0, "fork");
    let mut status = -1;
    // SAFETY: the status is a local that outlives the call.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0), "the child left in peace");
    ring.send(client, Bytes::new(b"still here", 2));
    let received = until(&mut ring, |ring, completion| match completion {
        Completion::Received { data, .. } => {
            let bytes = ring.received(&data).to_vec();
            ring.release(data);
            Some(bytes)
        }
        _ => None,
    });
    assert_eq!(received, b"still here");
}

#[test]
fn a_listener_that_failed_accepts_again_when_told_to() {
    let mut ring = ring();
    let options = SocketOptions::default();
    // A port of choice: one that the kernel chose would be lost when the listener fails. Somebody else may take it
    // before we do, so there are several tries.
    let (listener, address) = (0..16)
        .find_map(|_| {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = Address::Tcp(free.local_addr().expect("it is bound"));
            drop(free);
            ring.listen(LISTENER, &address, &options).ok()
        })
        .expect("one of 16 ports stays free that long");
    let fd = ring.descriptor(listener).expect("it has one");
    // SAFETY: takes plain numbers; the descriptor is the ring's and open.
    unsafe { libc::shutdown(fd, libc::SHUT_RD) };
    let error = until(&mut ring, |_, completion| match completion {
        Completion::Accepted { token, result } => {
            assert_eq!(token, LISTENER);
            result.err()
        }
        _ => None,
    });
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    assert_eq!(ring.lent.sockets.get(listener).in_flight, 0, "it stopped");
    // SAFETY: takes plain numbers; the descriptor is the ring's and open.
    let listening = unsafe { libc::listen(fd, 16) };
    assert_eq!(listening, 0);
    ring.accept(listener);
    ring.connect(CLIENT, &address, &options).expect("a socket");
    until(&mut ring, |_, completion| match completion {
        Completion::Accepted { result, .. } => Some(result.expect("it accepts again")),
        _ => None,
    });
}

#[test]
fn random_numbers_differ_between_rings_and_within_one() {
    let (mut one, mut other) = (ring(), ring());
    let numbers = [one.random(), one.random(), other.random(), other.random()];
    for (index, number) in numbers.iter().enumerate() {
        assert!(!numbers[index + 1..].contains(number));
    }
}
