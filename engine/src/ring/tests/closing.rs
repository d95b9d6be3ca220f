//! What closing costs when there is much to close.

use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ringmq_driver::{Address, Completion, Demand, Driver, SocketOptions, Token, UnixName};

use super::{LISTENER, TestRing, fresh_path, ring, until};

/// Processor time that this thread has used, the kernel's work on its behalf included.
fn processor_time() -> Duration {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the kernel writes one timespec, which outlives the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, time.as_mut_ptr()) };
    assert_eq!(result, 0, "each thread has such a clock");
    // SAFETY: the call above succeeded, so it wrote the timespec.
    let time = unsafe { time.assume_init() };
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Peers that are connected to the ring, with a stream armed for each.
fn idle_peers(ring: &mut TestRing, count: usize) -> (Vec<UnixStream>, Vec<super::SocketId>) {
    let path = fresh_path();
    let address = Address::Unix(UnixName::Path(path.clone()));
    ring.listen(LISTENER, &address, &SocketOptions::default())
        .expect("a free path");
    let mut peers = Vec::with_capacity(count);
    let mut sockets = Vec::with_capacity(count);
    for number in 0..count {
        peers.push(UnixStream::connect(&path).expect("the listener has a backlog"));
        let socket = until(ring, |_, completion| match completion {
            Completion::Accepted { result, .. } => Some(result.expect("descriptors suffice")),
            _ => None,
        });
        ring.set_token(socket, Token(number as u64 + 100));
        ring.receive(socket, Demand::Stream);
        sockets.push(socket);
    }
    (peers, sockets)
}

/// How much processor time it takes to close so many connections at once.
fn closing_time(count: usize) -> Duration {
    let mut ring = ring();
    let (peers, sockets) = idle_peers(&mut ring, count);
    let before = processor_time();
    for socket in &sockets {
        ring.close(*socket);
    }
    let mut closed = 0;
    until(&mut ring, |_, completion| {
        closed += usize::from(matches!(completion, Completion::Closed { .. }));
        (closed == count).then_some(())
    });
    let taken = processor_time().saturating_sub(before);
    drop(peers);
    taken
}

#[test]
fn closing_many_connections_takes_time_in_proportion_to_their_number() {
    const FEW: usize = 500;
    const MANY: usize = 4000;
    let few = closing_time(FEW);
    let many = closing_time(MANY);
    // Eight times as many: 8 in proportion, 64 where each close looks at all the others.
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    assert!(
        ratio < 24.0,
        "{FEW} took {few:?}, {MANY} took {many:?}: {ratio:.1} times as much"
    );
}
