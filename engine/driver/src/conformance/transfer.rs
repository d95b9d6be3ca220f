//! Moving bytes: sizes, order, short sends, mixed demands, pauses, fairness.

use super::Subject;
use super::rig::{Asked, Peer, Rig, assert_same, pattern};
use crate::{Driver, End, Wait};

/// D3, D5: an echo of one byte to megabytes, in one slice and in many.
pub fn bytes_of_every_size_come_back_in_order<S: Subject>(subject: &S) {
    let sizes = [1, 2, 255, 4096, 65_536, 65_537, 4 << 20];
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_stream(server);
        rig.receive_stream(client);
        for (size, pieces_max) in sizes.into_iter().zip([1, 2, 3, 256, 1, 7, 256]) {
            let bytes = pattern(size.min(subject.bytes_max()), size as u64);
            for (from, to) in [(client, server), (server, client)] {
                rig.send_all(from, &bytes, pieces_max, |_| {});
                rig.until("all bytes", |rig| {
                    rig.record(to).received.len() >= bytes.len()
                });
                assert_same(&std::mem::take(&mut rig.record(to).received), &bytes);
            }
        }
    }
}

/// D3: a send for which there is no room waits, or is short; nothing is lost when the reader comes.
pub fn a_send_waits_for_a_reader_that_comes_late<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let bytes = pattern(subject.bytes_max() / 4, 4);
        rig.jam(client, &bytes);
        rig.receive_stream(server);
        rig.until("the stuck send", |rig| rig.record(client).sending.is_none());
        let sent = std::mem::take(&mut rig.record(client).sent);
        let mut expected = Vec::new();
        for result in sent {
            expected.extend_from_slice(&bytes[..result.expect("nothing failed here")]);
        }
        rig.until("all bytes", |rig| {
            rig.record(server).received.len() >= expected.len()
        });
        assert_same(&rig.record(server).received, &expected);
    }
}

/// D4, D5: whichever demands fetch the bytes, they come in order and without gaps.
pub fn the_demands_may_be_mixed<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let bytes = pattern(subject.bytes_max() / 4, 5);
        let mut turn = 0_u32;
        let mut serve = |rig: &mut Rig<'_, S>| {
            if rig.record(server).demand == Asked::Nothing {
                turn += 1;
                match turn % 5 {
                    0 => rig.receive_stream(server),
                    1 => rig.receive_once(server, 1 + turn % 300),
                    2 => rig.receive_into(server, 1 + turn as usize % 9000),
                    3 => rig.receive_once(server, u32::MAX),
                    _ => rig.receive_into(server, 100_000),
                }
            } else if rig.record(server).demand == Asked::Stream {
                rig.driver.pause(server.socket);
            }
        };
        rig.send_all(client, &bytes, 9, &mut serve);
        rig.until("all bytes", |rig| {
            serve(rig);
            rig.record(server).received.len() >= bytes.len()
        });
        assert_same(&rig.record(server).received, &bytes);
        assert!(
            rig.record(server)
                .ends
                .iter()
                .all(|end| matches!(end, End::Paused))
        );
    }
}

/// D4: `Once` is an upper limit, and what it leaves is fetched by the next.
pub fn once_fetches_no_more_than_it_was_asked_for<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let bytes = pattern(1000, 6);
        let serve = |rig: &mut Rig<'_, S>| {
            if rig.record(server).demand == Asked::Nothing {
                rig.receive_once(server, 7);
            }
        };
        rig.send_all(client, &bytes, 1, serve);
        rig.until("all bytes", |rig| {
            serve(rig);
            rig.record(server).received.len() >= bytes.len()
        });
        assert_same(&rig.record(server).received, &bytes);
        assert!(rig.record(server).receives >= bytes.len().div_ceil(7));
    }
}

/// D9: a pause ends a stream after the bytes that arrived, and the next demand goes on behind them.
pub fn pausing_loses_no_byte<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let bytes = pattern(1 << 16, 7);
        for chunk in bytes.chunks(4096) {
            rig.receive_stream(server);
            rig.send_all(client, chunk, 3, |_| {});
            rig.driver.pause(server.socket);
            rig.until("the pause", |rig| {
                rig.record(server).demand == Asked::Nothing
            });
            assert!(matches!(rig.record(server).ends.pop(), Some(End::Paused)));
        }
        // An unfinished `Once` pauses as well; one that gets its byte first has ended by that.
        while rig.record(server).received.len() < bytes.len() {
            rig.receive_once(server, 512);
            rig.driver.pause(server.socket);
            rig.until("the end of it", |rig| {
                rig.record(server).demand == Asked::Nothing
            });
            rig.receive_once(server, 512);
            rig.until("a Received", |rig| {
                rig.record(server).demand == Asked::Nothing
            });
        }
        assert_same(&rig.record(server).received, &bytes);
        rig.close_all(&[client, server]);
    }
}

/// D9: a pause means nothing to a socket without a demand, or with an `Into`.
pub fn pausing_what_does_not_stream_does_nothing<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.driver.pause(server.socket);
        for _ in 0..20 {
            rig.turn(Wait::Now);
        }
        rig.receive_into(server, 100);
        rig.driver.pause(server.socket);
        for _ in 0..20 {
            rig.turn(Wait::Now);
        }
        assert!(matches!(rig.record(server).demand, Asked::Into(..)));
        assert!(rig.record(server).ends.is_empty());
        rig.send_all(client, &[1], 1, |_| {});
        rig.until("the byte", |rig| rig.record(server).received == [1]);
    }
}

/// While one connection is flooded, the others are served.
pub fn a_flood_on_one_socket_does_not_starve_the_others<S: Subject>(subject: &S) {
    const QUIET: usize = 32;
    const ROUNDS: usize = 20;
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (_, real) = rig.listen(&address);
        let flood = rig.pair_at(&real);
        let quiet: Vec<_> = (0..QUIET).map(|_| rig.pair_at(&real)).collect();
        // More than a turn should read from one socket, so that the flood never runs dry.
        let bytes = pattern(subject.bytes_max().min(1 << 20), 8);
        rig.receive_stream(flood.1);
        for (_, server) in &quiet {
            rig.receive_stream(*server);
        }
        let mut flooded = 0_usize;
        for round in 1..=ROUNDS {
            for (client, _) in &quiet {
                rig.send(*client, b"q", 1);
            }
            rig.until("the quiet ones", |rig| {
                keep_flooding(rig, flood, &bytes, &mut flooded);
                quiet.iter().all(|(client, server)| {
                    rig.record(*client).sent.len() == round
                        && rig.record(*server).received.len() == round
                })
            });
        }
    }
}

/// Sends of the flood in which the quiet ones must have got through: each round needs a few turns, and a driver
/// that reads one socket dry first never gets there.
const FLOODS_MAX: usize = 2000;

fn keep_flooding<S: Subject>(
    rig: &mut Rig<'_, S>,
    (client, server): (Peer, Peer),
    bytes: &[u8],
    flooded: &mut usize,
) {
    rig.record(server).received.clear();
    if rig.record(client).sending.is_none() {
        rig.record(client).sent.clear();
        rig.send(client, bytes, 1);
        *flooded += 1;
        assert!(*flooded < FLOODS_MAX, "the quiet ones had to wait");
    }
}
