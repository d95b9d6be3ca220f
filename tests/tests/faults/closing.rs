//! Sockets closed in the middle of a flood.

use crate::ledger::{Account, WITH_RECEIVER_BYTES};
use crate::support_peer::{last_number, on_each_driver};
use crate::{Pull, finish_sending, free_port, stalled, start_push};

#[test]
fn what_a_sender_accepted_arrives_although_it_was_closed_in_the_middle() {
    on_each_driver(|driver| {
        let mut pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
        let mut push = start_push(
            driver,
            1,
            &format!("connect=tcp://127.0.0.1:{}", pull.peer.bound_port()),
        );
        push.say("flow");
        push.expect_count("at ", 400);
        push.say("close");
        let sent = last_number(&push.expect("sent "));
        push.expect("closed");
        // The last bytes may still be in the kernel.
        pull.peer.statistics_with("received", sent);
        let received = pull.log.received_from(1);
        assert_eq!(received, (0..sent).collect::<Vec<_>>(), "on the {driver}");
        pull.peer.close();
    });
}

#[test]
fn a_sender_flows_into_the_successor_of_a_receiver_that_was_closed() {
    on_each_driver(|driver| {
        let bind = format!("bind=tcp://127.0.0.1:{}", free_port());
        let first = Pull::start(driver, &bind);
        let connect = bind.replace("bind", "connect");
        let mut push = start_push(driver, 1, &connect);
        push.say("flow");
        first.peer.expect_count("got ", 400);
        first.peer.close();
        stalled(&push);
        let second = Pull::start(driver, &bind);
        second.peer.expect_count("got ", 400);
        finish_sending(&mut push);
        second.await_marker(1);
        let account = Account::settle(1, &mut push, &[&first.log, &second.log]);
        assert_eq!(account.disconnects, 1, "{account:?}");
        account.lost_at_most(WITH_RECEIVER_BYTES);
        push.close();
        second.peer.close();
    });
}
