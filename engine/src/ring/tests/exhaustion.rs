//! What happens when buffers or room in the queues run out.

use ringmq_driver::{Completion, Demand, Driver, End, Received, Token, Wait};

use super::{Bytes, Ring, RingConfig, TestRing, connection, until};

fn two_buffers() -> TestRing {
    Ring::new(&RingConfig {
        buffers: 2,
        buffer_bytes: 4096,
        ..RingConfig::default()
    })
    .expect("this kernel runs the ring")
}

/// Fills both buffers and keeps them, so that the stream of the connection waits for one.
fn starve(ring: &mut TestRing) -> (ringmq_driver::SocketId, Vec<Received>) {
    let (_, client, server) = connection(ring);
    ring.receive(server, Demand::Stream);
    ring.send(client, Bytes::new(&[7; 3 * 4096], 1));
    let mut kept = Vec::new();
    until(ring, |_, completion| {
        if let Completion::Received { data, .. } = completion {
            kept.push(data);
        }
        (kept.len() == 2).then_some(())
    });
    let mut rest = Vec::new();
    while ring
        .lent
        .sockets
        .get(server)
        .receiving
        .as_ref()
        .is_some_and(|receiving| receiving.armed)
    {
        ring.poll(Wait::Now, &mut rest).expect("polls");
    }
    (server, kept)
}

#[test]
fn a_stream_without_buffers_goes_on_when_one_is_released() {
    let mut ring = two_buffers();
    let (_, kept) = starve(&mut ring);
    let mut bytes = 0;
    for data in kept {
        bytes += data.bytes;
        ring.release(data);
    }
    while bytes < 3 * 4096 {
        bytes += until(&mut ring, |ring, completion| match completion {
            Completion::Received { data, .. } => {
                let bytes = data.bytes;
                ring.release(data);
                Some(bytes)
            }
            _ => None,
        });
    }
    assert_eq!(bytes, 3 * 4096);
}

#[test]
fn a_stream_without_buffers_can_be_paused() {
    let mut ring = two_buffers();
    let (server, _kept) = starve(&mut ring);
    ring.pause(server);
    let end = until(&mut ring, |_, completion| match completion {
        Completion::ReceiveEnded { end, .. } => Some(end),
        _ => None,
    });
    assert!(matches!(end, End::Paused));
    // Its entry in the queue for buffers has become stale, and arms nothing.
    ring.feed_hungry();
    assert!(ring.lent.sockets.get(server).receiving.is_none());
}

#[test]
fn a_socket_without_buffers_can_be_closed() {
    let mut ring = two_buffers();
    let (server, _kept) = starve(&mut ring);
    ring.close(server);
    let mut ended = false;
    until(&mut ring, |_, completion| match completion {
        Completion::ReceiveEnded { .. } => {
            ended = true;
            None
        }
        Completion::Closed { .. } => Some(()),
        _ => None,
    });
    assert!(ended, "the demand ends first");
}

#[test]
fn queues_smaller_than_the_work_lose_nothing() {
    const CONNECTIONS: usize = 30;
    const EACH_BYTES: usize = 10_000;
    let mut ring: TestRing = Ring::new(&RingConfig {
        sq_entries: 4,
        cq_entries: 8,
        buffers: 2,
        buffer_bytes: 4096,
        registered_files_max: 3,
    })
    .expect("this kernel runs the ring");
    let pairs: Vec<_> = (0..CONNECTIONS).map(|_| connection(&mut ring)).collect();
    // More than the queues hold, all at once; each direction of each connection carries a byte of its own.
    for (index, (_, client, server)) in pairs.iter().enumerate() {
        for (offset, socket) in [(0, *client), (1, *server)] {
            let name = u8::try_from(2 * index + offset).expect("few connections");
            ring.set_token(socket, Token(u64::from(name)));
            ring.receive(socket, Demand::Stream);
            ring.send(socket, Bytes::new(&[name; EACH_BYTES], 5));
        }
    }
    let mut received = [0; 2 * CONNECTIONS];
    let mut sent = 0;
    until(&mut ring, |ring, completion| {
        match completion {
            Completion::Sent { result, .. } => {
                assert_eq!(result.expect("a send"), EACH_BYTES);
                sent += 1;
            }
            Completion::Received { token, data } => {
                let peer = token.0 ^ 1;
                let bytes = ring.received(&data);
                assert!(bytes.iter().all(|byte| u64::from(*byte) == peer));
                received[usize::try_from(peer).expect("small")] += bytes.len();
                ring.release(data);
            }
            other => panic!("nobody asked for {other:?}"),
        }
        let done = received.iter().all(|bytes| *bytes == EACH_BYTES);
        (done && sent == received.len()).then_some(())
    });
}

#[test]
#[should_panic(expected = "released once")]
fn a_buffer_is_released_once() {
    let mut ring = two_buffers();
    let (_, mut kept) = starve(&mut ring);
    let data = kept.pop().expect("two are kept");
    let again = Received { ..data };
    ring.release(data);
    ring.release(again);
}
