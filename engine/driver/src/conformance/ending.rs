//! How a connection's bytes end: the peer's end, half-closed sockets, resets.

use super::Subject;
use super::rig::{Asked, Rig, assert_same, pattern};
use crate::{Driver, End};

/// D7: the end comes after all bytes, once, whatever demand meets it.
pub fn the_end_comes_once_after_all_bytes<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        for kind in 0..3 {
            let mut rig = Rig::new(subject);
            let (client, server) = rig.pair(&address);
            let bytes = pattern(10_000, 9);
            let serve = |rig: &mut Rig<'_, S>| {
                let record = rig.record(server);
                if record.demand == Asked::Nothing && record.ends.is_empty() {
                    match kind {
                        0 => rig.receive_stream(server),
                        1 => rig.receive_once(server, 3000),
                        _ => rig.receive_into(server, 3000),
                    }
                }
            };
            rig.send_all(client, &bytes, 4, serve);
            rig.close(client);
            rig.until("the end", |rig| {
                serve(rig);
                !rig.record(server).ends.is_empty()
            });
            assert!(matches!(rig.record(server).ends[..], [End::Eof]));
            assert_same(&rig.record(server).received, &bytes);
            rig.close_all(&[server]);
            if kind == 0 {
                assert_eq!(rig.record(server).ends.len(), 1, "D7: told once");
            }
        }
    }
}

/// A half-closed connection still carries the other direction.
pub fn a_socket_that_ended_its_writing_still_receives<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_stream(client);
        rig.receive_stream(server);
        let question = pattern(5000, 10);
        rig.send_all(client, &question, 2, |_| {});
        rig.driver.shutdown(client.socket);
        rig.until("the question's end", |rig| {
            !rig.record(server).ends.is_empty()
        });
        assert!(matches!(rig.record(server).ends[..], [End::Eof]));
        assert_same(&rig.record(server).received, &question);

        let answer = pattern(100_000, 11);
        rig.send_all(server, &answer, 5, |_| {});
        rig.close(server);
        rig.until("the answer's end", |rig| {
            !rig.record(client).ends.is_empty()
        });
        assert!(matches!(rig.record(client).ends[..], [End::Eof]));
        assert_same(&rig.record(client).received, &answer);
        rig.close_all(&[client]);
    }
}

/// D14: a reset (the peer closed without reading what we sent) is a failed receive, and then failed sends.
pub fn a_reset_fails_the_receive_and_the_next_sends<S: Subject>(subject: &S) {
    for address in subject.addresses() {
        let mut rig = Rig::new(subject);
        let (client, server) = rig.pair(&address);
        rig.receive_stream(client);
        rig.receive_once(server, 1);
        rig.send_all(client, &pattern(2, 12), 1, |_| {});
        // The second byte is with the server, or close behind, once it has read the first.
        rig.until("a byte", |rig| !rig.record(server).received.is_empty());
        rig.close_all(&[server]);
        rig.until("the reset", |rig| !rig.record(client).ends.is_empty());
        assert!(matches!(rig.record(client).ends[..], [End::Failed(_)]));
        rig.send(client, b"to nobody", 1);
        rig.until("a failed send", |rig| !rig.record(client).sent.is_empty());
        let result = rig.record(client).sent.pop_front().expect("just seen");
        assert!(
            result.is_err(),
            "a send after a reset succeeded: {result:?}"
        );
        rig.close_all(&[client]);
    }
}
