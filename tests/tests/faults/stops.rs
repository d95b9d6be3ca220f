//! Peers that are not there yet, do not read, or stand still: senders wait, with bounded queues, and lose nothing.

use std::time::Duration;

use crate::ledger::{Account, WITH_RECEIVER_BYTES};
use crate::support_peer::content::wire_bytes;
use crate::support_peer::{Peer, on_each_driver};
use crate::{Pull, finish_sending, free_port, stalled, start_push};

/// The high-water mark of each side, in messages, as the peer program sets it.
const MARK: u64 = 100;

/// How long a stopped reader stays stopped. This is the scenario, not a wait for something else.
const STOPPED: Duration = Duration::from_secs(10);

/// All messages that were sent and not yet received fit into two high-water marks and what lies between them.
fn queues_are_bounded(sent: u64, pull: &Pull) {
    let received = pull.log.received_from(1).len() as u64;
    let waiting: usize = (received..sent).map(wire_bytes).sum();
    let marked: usize = (sent.saturating_sub(MARK)..sent).map(wire_bytes).sum();
    assert!(
        waiting <= marked + WITH_RECEIVER_BYTES,
        "{waiting} bytes wait for one reader"
    );
}

/// The sender goes on, says where it ended, and everything has arrived.
fn all_arrives(mut push: Peer, pull: Pull) {
    pull.peer.forget_lines();
    pull.peer.expect("got ");
    finish_sending(&mut push);
    pull.await_marker(1);
    Account::settle(1, &mut push, &[&pull.log]).is_whole();
    push.close();
    pull.peer.close();
}

#[test]
fn a_reader_that_stands_still_for_ten_seconds_stops_its_sender_and_loses_nothing() {
    on_each_driver(|driver| {
        let pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
        let mut push = start_push(
            driver,
            1,
            &format!("connect=tcp://127.0.0.1:{}", pull.peer.bound_port()),
        );
        push.say("flow");
        pull.peer.expect_count("got ", 400);
        pull.peer.stop();
        let blocked = stalled(&push);
        assert!(
            push.expect_within("at ", STOPPED).is_none(),
            "the sender went on without a reader"
        );
        queues_are_bounded(blocked, &pull);
        pull.peer.resume();
        all_arrives(push, pull);
    });
}

#[test]
fn a_sender_that_stood_still_goes_on_where_it_was() {
    on_each_driver(|driver| {
        let pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
        let mut push = start_push(
            driver,
            1,
            &format!("connect=tcp://127.0.0.1:{}", pull.peer.bound_port()),
        );
        push.say("flow");
        pull.peer.expect_count("got ", 400);
        push.stop();
        // What was under way still comes; then it is quiet.
        while pull
            .peer
            .expect_within("got ", Duration::from_millis(200))
            .is_some()
        {}
        push.resume();
        all_arrives(push, pull);
    });
}

#[test]
fn a_receiver_that_does_not_receive_stops_its_sender_and_loses_nothing() {
    on_each_driver(|driver| {
        let mut pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
        let mut push = start_push(
            driver,
            1,
            &format!("connect=tcp://127.0.0.1:{}", pull.peer.bound_port()),
        );
        push.say("flow");
        pull.peer.expect_count("got ", 400);
        pull.peer.say("hold");
        let blocked = stalled(&push);
        queues_are_bounded(blocked, &pull);
        pull.peer.say("go");
        all_arrives(push, pull);
    });
}

#[test]
fn a_sender_waits_at_its_mark_for_a_listener_that_comes_late() {
    on_each_driver(|driver| {
        let port = free_port();
        let mut push = start_push(driver, 1, &format!("connect=tcp://127.0.0.1:{port}"));
        push.say("flow");
        assert_eq!(stalled(&push), MARK);
        let pull = Pull::start(driver, &format!("bind=tcp://127.0.0.1:{port}"));
        all_arrives(push, pull);
    });
}
