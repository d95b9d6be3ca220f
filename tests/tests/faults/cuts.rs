//! Connections cut in the middle of the greeting, the handshake, a header, a body.

use crate::ledger::{Account, IN_CONNECTION_BYTES};
use crate::proxy::{Cut, Direction, End, Proxy};
use crate::support_peer::{PATIENCE, on_each_driver};
use crate::{Pull, finish_sending, free_port, mark_everyone, start_push};

/// Greeting (64 bytes) and READY command end well before this many bytes of either side; messages follow.
const HANDSHAKE_BYTES_MAX: usize = 150;

/// Where else to cut, in bytes of the sender: the heads and bodies of large frames and places far inside the flood.
const FAR_BYTES: [usize; 12] = [
    500, 1_000, 1_500, 4_200, 8_300, 12_600, 20_300, 25_000, 40_000, 65_536, 100_001, 300_007,
];

fn cut(direction: Direction, after_bytes: usize, end: End) -> Cut {
    Cut {
        direction,
        after_bytes,
        end,
    }
}

fn flood_through(cuts: Vec<Cut>, driver: &str) {
    let pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
    let bound = pull.peer.bound_port();
    let proxy = Proxy::start(bound, cuts);
    let mut push = start_push(
        driver,
        1,
        &format!("connect=tcp://127.0.0.1:{}", proxy.port),
    );
    push.say("flow");
    flows_through(&proxy, &pull);
    finish_sending(&mut push);
    pull.await_marker(1);
    let account = Account::settle(1, &mut push, &[&pull.log]);
    account.lost_at_most(IN_CONNECTION_BYTES);
    assert_eq!(account.count("protocol_errors"), 0, "{account:?}");
    assert!(
        account.dropped <= account.disconnects,
        "at most one message is half sent: {account:?}"
    );
    push.close();
    pull.peer.close();
}

/// Waits until all cuts are done and messages flow again.
fn flows_through(proxy: &Proxy, pull: &Pull) {
    let passes = proxy.passes.recv_timeout(PATIENCE);
    passes.expect("whoever connects does so again after each cut");
    pull.peer.forget_lines();
    // What lay in broken connections comes first; this much more shows that it flows again.
    for _ in 0..3 {
        pull.peer.expect("got ");
    }
}

fn at_every_byte_of_the_handshake(direction: Direction, end: End) -> Vec<Cut> {
    (0..=HANDSHAKE_BYTES_MAX)
        .map(|after| cut(direction, after, end))
        .collect()
}

#[test]
fn resets_at_each_byte_of_the_senders_handshake_and_inside_messages_tear_nothing() {
    on_each_driver(|driver| {
        let mut cuts = at_every_byte_of_the_handshake(Direction::Up, End::Reset);
        cuts.extend(FAR_BYTES.map(|after| cut(Direction::Up, after, End::Reset)));
        flood_through(cuts, driver);
    });
}

#[test]
fn orderly_ends_at_each_byte_of_the_senders_handshake_and_inside_messages_tear_nothing() {
    on_each_driver(|driver| {
        let mut cuts = at_every_byte_of_the_handshake(Direction::Up, End::Finish);
        cuts.extend(FAR_BYTES.map(|after| cut(Direction::Up, after, End::Finish)));
        flood_through(cuts, driver);
    });
}

#[test]
fn cuts_at_each_byte_of_the_receivers_handshake_lose_only_what_was_under_way() {
    // The receiver says nothing after its handshake, so further bytes are not waited for.
    const RECEIVER_BYTES: usize = 64 + 2;
    on_each_driver(|driver| {
        let each = (0..=RECEIVER_BYTES).flat_map(|after| {
            [End::Reset, End::Finish].map(|end| cut(Direction::Down, after, end))
        });
        flood_through(each.collect(), driver);
    });
}

#[test]
fn cuts_at_each_byte_towards_a_receiver_that_connects_tear_nothing() {
    on_each_driver(|driver| {
        let port = free_port();
        let mut push = start_push(driver, 1, &format!("bind=tcp://127.0.0.1:{port}"));
        let cuts = [End::Reset, End::Finish].into_iter().flat_map(|end| {
            let mut cuts = at_every_byte_of_the_handshake(Direction::Down, end);
            cuts.extend(FAR_BYTES.map(|after| cut(Direction::Down, after, end)));
            cuts
        });
        let proxy = Proxy::start(port, cuts.collect());
        let pull = Pull::start(driver, &format!("connect=tcp://127.0.0.1:{}", proxy.port));
        push.say("flow");
        flows_through(&proxy, &pull);
        push.say("hold");
        push.expect("sent ");
        mark_everyone(&mut push, &[&pull]);
        // What was queued for a peer that has gone is dropped by the side that is bound, and counted.
        let account = Account::settle(1, &mut push, &[&pull.log]);
        account.lost_at_most(IN_CONNECTION_BYTES);
        assert_eq!(account.count("protocol_errors"), 0, "{account:?}");
        push.close();
        pull.peer.close();
    });
}
