//! Closing and dropping with operations outstanding: lent memory comes back once, slots are used again.

use super::Subject;
use super::rig::{Asked, Rig, pattern};
use crate::{Driver, Wait};

/// D8: with a send and an `Into` outstanding, both come back, then `Closed`.
pub fn a_closed_socket_returns_what_was_lent_once_and_then_says_closed<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_into(client, 5000);
        rig.jam(client, &pattern(1 << 20, 13));
        assert!(rig.record(client).sending.is_some());
        // The rig checks the order, and that the memory is the one that was lent.
        rig.close_all(&[client]);
        assert_eq!(rig.ledger.alive(), 0);
        rig.close_all(&[server]);
    }
}

/// D4, D8: a stream or an unfinished `Once` ends once before `Closed`.
pub fn a_closed_stream_demand_ends_before_closed<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_stream(client);
        rig.receive_once(server, 100);
        rig.turn(Wait::Now);
        rig.send(client, b"on its way when the other end closes", 1);
        rig.close_all(&[server, client]);
        assert_eq!(rig.record(client).ends.len(), 1);
    }
}

/// A connect that is closed at once is `Closed`, and nothing else follows.
pub fn a_connect_can_be_closed_before_it_completes<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (listener, real) = rig.listen(&address);
        for _ in 0..20 {
            let client = rig.connect(&real);
            rig.close_all(&[client]);
        }
        // The listener lives on: what it accepted meanwhile ended, the next connection does not.
        let client = rig.connect(&real);
        rig.until("a connect", |rig| rig.record(client).connected.is_some());
        assert!(matches!(rig.record(client).connected, Some(Ok(()))));
        rig.close_all(&[client, listener]);
    }
}

/// D8: whenever a listener is closed, each connection on its way to it was told by then, or ends.
pub fn a_closing_listener_keeps_no_connection<S: Subject>(subject: &S) {
    const CONNECTIONS: usize = 8;
    for address in subject.addresses() {
        for turns in 0..12 {
            let mut rig = Rig::new(subject);
            let (listener, real) = rig.listen(&address);
            let clients: Vec<_> = (0..CONNECTIONS).map(|_| rig.connect(&real)).collect();
            for _ in 0..turns {
                rig.turn(Wait::Now);
            }
            let told = rig.accepted.len();
            rig.close_all(&[listener]);
            assert_eq!(rig.accepted.len(), told);
            for _ in 0..told {
                let server = rig.accept();
                rig.close_all(&[server]);
            }
            for client in clients {
                rig.until("the connect", |rig| rig.record(client).connected.is_some());
                if matches!(rig.record(client).connected, Some(Ok(()))) {
                    rig.receive_stream(client);
                    rig.until("its end", |rig| !rig.record(client).ends.is_empty());
                }
                rig.close_all(&[client]);
            }
        }
    }
}

/// D8: sockets come and go in the same slots, and each hears of itself only.
pub fn a_reused_slot_never_gets_completions_of_its_past<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (_, real) = rig.listen(&address);
        for round in 0..50 {
            let (client, server) = rig.pair_at(&real);
            let bytes = pattern(100 + round, round as u64);
            rig.receive_stream(server);
            rig.receive_into(client, 64);
            rig.send(client, &bytes, 2);
            rig.send(server, &bytes, 2);
            if round % 2 == 0 {
                rig.until("the bytes", |rig| !rig.record(server).received.is_empty());
            }
            rig.close(client);
            rig.close(server);
            // Not awaited: the next pair is made while these close.
            if round % 5 == 0 {
                rig.until("closed", |rig| {
                    rig.record(client).is_closed && rig.record(server).is_closed
                });
            }
            let fresh = rig.pair_at(&real);
            rig.receive_stream(fresh.1);
            rig.send_all(fresh.0, &bytes, 1, |_| {});
            rig.until("the fresh bytes", |rig| {
                rig.record(fresh.1).received.len() == bytes.len()
            });
            assert_eq!(rig.record(fresh.1).received, bytes);
            assert_eq!(rig.record(fresh.1).demand, Asked::Stream);
            rig.close_all(&[fresh.0, fresh.1]);
            rig.until("the past ones", |rig| {
                rig.record(client).is_closed && rig.record(server).is_closed
            });
        }
    }
}

/// D13: whatever is outstanding, dropping the driver drops the lent memory, once.
pub fn dropping_the_driver_frees_what_was_lent<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_into(client, 5000);
        rig.receive_stream(server);
        rig.driver.pause(server.socket);
        rig.until("the pause", |rig| {
            rig.record(server).demand == Asked::Nothing
        });
        rig.jam(client, &pattern(1 << 20, 13));
        let other = rig.pair(&address_again(subject, &address));
        rig.receive_into(other.0, 100);
        // Lent and never polled for.
        rig.send(other.0, b"bytes that nobody will wait for", 3);
        rig.close(other.0);
        let ledger = rig.ledger.clone();
        assert_eq!(ledger.alive(), 4);
        drop(rig);
        assert_eq!(ledger.alive(), 0);
    }
}

/// A free address of the same sort.
fn address_again<S: Subject>(subject: &S, address: &crate::Address) -> crate::Address {
    subject
        .addresses()
        .into_iter()
        .find(|found| std::mem::discriminant(found) == std::mem::discriminant(address))
        .expect("the subject gives the same sorts each time")
}
