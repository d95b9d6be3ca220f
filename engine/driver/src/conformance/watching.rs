//! Connections that fail, end or live on while nobody receives.

use super::Subject;
use super::rig::{Peer, Rig, assert_same, pattern};
use crate::{Driver, End, Wait};

/// Polls in which something would have been told, if it were going to be.
const QUIET_TURNS: usize = 100;

/// Makes the server's close a reset for the client: two bytes are sent, and one of them is read.
fn send_more_than_is_read<S: Subject>(rig: &mut Rig<'_, S>, client: Peer, server: Peer) {
    rig.receive_once(server, 1);
    rig.send_all(client, &pattern(2, 20), 1, |_| {});
    rig.until("a byte", |rig| !rig.record(server).received.is_empty());
}

/// D15: the failure of a connection is told to who watches, once, though nobody receives.
pub fn a_reset_is_told_to_who_watches<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.watch(client);
        send_more_than_is_read(&mut rig, client, server);
        assert_eq!(rig.record(client).hang_ups, 0);
        rig.close_all(&[server]);
        rig.until("the hang-up", |rig| rig.record(client).hang_ups > 0);
        for _ in 0..QUIET_TURNS {
            rig.turn(Wait::Now);
        }
        assert_eq!(rig.record(client).hang_ups, 1, "D15: told once");
        rig.close_all(&[client]);
    }
}

/// D15: it is told as well to who watches only after it has happened, and to who has received before.
pub fn a_reset_is_told_to_who_watches_later<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let other = rig.pair(&subject_address(subject, &address));
        for _ in 0..3 {
            rig.watch(client);
            rig.receive_stream(client);
            rig.send_all(server, b"bytes", 1, |_| {});
            rig.until("the bytes", |rig| !rig.record(client).received.is_empty());
            rig.record(client).received.clear();
            rig.driver.pause(client.socket);
            rig.until("the pause", |rig| !rig.record(client).ends.is_empty());
            rig.record(client).ends.clear();
        }
        send_more_than_is_read(&mut rig, client, server);
        rig.close_all(&[server]);
        // News from elsewhere, which comes behind the reset.
        rig.receive_stream(other.1);
        rig.send_all(other.0, b"later", 1, |_| {});
        rig.until("later news", |rig| !rig.record(other.1).received.is_empty());
        rig.watch(client);
        rig.until("the hang-up", |rig| rig.record(client).hang_ups > 0);
        rig.close_all(&[client, other.0, other.1]);
    }
}

/// D15, D7: the peer's end is no hang-up, and nor is the reset that sending to it brings: all bytes are received.
pub fn a_watched_socket_loses_nothing_that_came_before_the_end<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.watch(client);
        let bytes = pattern(3000, 21);
        rig.send_all(server, &bytes, 3, |_| {});
        rig.close_all(&[server]);
        for _ in 0..QUIET_TURNS {
            rig.turn(Wait::Now);
        }
        // Until the reset that answers the first has come: the sends of a dead connection fail.
        let mut failed = false;
        while !failed {
            rig.send(client, b"to nobody", 1);
            rig.until("a send", |rig| !rig.record(client).sent.is_empty());
            let result = rig.record(client).sent.pop_front().expect("just seen");
            failed = result.is_err();
        }
        for _ in 0..QUIET_TURNS {
            rig.turn(Wait::Now);
        }
        assert_eq!(rig.record(client).hang_ups, 0, "the peer's end is none");
        rig.receive_stream(client);
        rig.until("the end", |rig| !rig.record(client).ends.is_empty());
        assert_same(&rig.record(client).received, &bytes);
        assert!(matches!(rig.record(client).ends[..], [End::Eof]));
        rig.close_all(&[client]);
    }
}

/// D15: a watched connection goes on as any other does, and a watch ends with its socket.
pub fn watching_disturbs_nothing<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        let mut expected = Vec::new();
        for round in 0..20 {
            rig.watch(client);
            let bytes = pattern(500, round);
            rig.send_all(server, &bytes, 2, |_| {});
            rig.turn(Wait::Now);
            expected.extend_from_slice(&bytes);
            while rig.record(client).received.len() < expected.len() {
                rig.receive_once(client, 200);
                let before = rig.record(client).received.len();
                rig.until("bytes", |rig| rig.record(client).received.len() > before);
            }
        }
        assert_same(&rig.record(client).received, &expected);
        assert_eq!(rig.record(client).hang_ups, 0);
        rig.watch(client);
        rig.watch(server);
        rig.close_all(&[client, server]);
    }
}

/// A free address of the same sort.
fn subject_address<S: Subject>(subject: &S, address: &crate::Address) -> crate::Address {
    subject
        .addresses()
        .into_iter()
        .find(|found| std::mem::discriminant(found) == std::mem::discriminant(address))
        .expect("the subject gives the same sorts each time")
}
