//! Processes killed in the middle of a flood, and started again.

use crate::ledger::{Account, Log, WITH_RECEIVER_BYTES};
use crate::support_peer::{Peer, on_each_driver};
use crate::{Pull, finish_sending, free_port, mark_everyone, stalled, start_push};

/// What a sender may have accepted for one peer and not yet given to the kernel: a high-water mark of 100 messages,
/// and one send of at most 1 MiB, in which there is room for fewer than 200 messages of 7 KiB on average.
const QUEUED_MESSAGES_MAX: u64 = 100 + 200;

#[test]
fn four_senders_survive_their_receiver_and_flow_into_the_next_one() {
    on_each_driver(|driver| {
        let port = free_port();
        let bind = format!("bind=tcp://127.0.0.1:{port}");
        let connect = format!("connect=tcp://127.0.0.1:{port}");
        let first = Pull::start(driver, &bind);
        let mut senders: Vec<Peer> = (0..4)
            .map(|sender| start_push(driver, sender, &connect))
            .collect();
        for push in &mut senders {
            push.say("flow");
        }
        first.peer.expect_count("got ", 2_000);
        let first = first.kill();
        for push in &senders {
            stalled(push);
        }
        let second = Pull::start(driver, &bind);
        second.peer.expect_count("got ", 2_000);
        senders.iter_mut().for_each(finish_sending);
        await_markers(&second, 4);
        for (sender, push) in (0..).zip(&mut senders) {
            let account = Account::settle(sender, push, &[&first, &second.log]);
            assert_eq!(account.disconnects, 1, "{account:?}");
            account.lost_at_most(WITH_RECEIVER_BYTES);
            assert!(
                !second.log.received_from(sender).is_empty(),
                "sender {sender} never came back"
            );
        }
        senders.into_iter().for_each(Peer::close);
        second.peer.close();
    });
}

/// Waits until `count` senders' markers have come, in whatever order.
fn await_markers(pull: &Pull, count: usize) {
    for _ in 0..count {
        pull.peer.expect("marker ");
    }
}

#[test]
fn a_killed_receiver_among_three_costs_only_what_was_on_its_way_to_it() {
    on_each_driver(|driver| {
        let port = free_port();
        let connect = format!("connect=tcp://127.0.0.1:{port}");
        let mut push = start_push(driver, 7, &format!("bind=tcp://127.0.0.1:{port}"));
        let [one, two, three] = [(); 3].map(|()| Pull::start(driver, &connect));
        push.say("flow");
        for pull in [&one, &two, &three] {
            pull.peer.expect_count("got ", 200);
        }
        let one = one.kill();
        for pull in [&two, &three] {
            pull.peer.forget_lines();
            pull.peer.expect("got ");
            pull.peer.expect("got ");
        }
        let four = Pull::start(driver, &connect);
        four.peer.expect_count("got ", 200);
        push.say("hold");
        push.expect("sent ");
        mark_everyone(&mut push, &[&two, &three, &four]);
        // KERNEL: the sockets of a killed ring are closed by a worker of the kernel, some time after the process.
        push.statistics_with("disconnects", 1);
        let logs: [&Log; 4] = [&one, &two.log, &three.log, &four.log];
        let account = Account::settle(7, &mut push, &logs);
        assert_eq!(account.disconnects, 1, "{account:?}");
        assert!(
            account.count("peer_gone") <= QUEUED_MESSAGES_MAX,
            "{account:?}"
        );
        account.lost_at_most(WITH_RECEIVER_BYTES);
        push.close();
        [two, three, four]
            .into_iter()
            .for_each(|pull| pull.peer.close());
    });
}

#[test]
fn a_killed_sender_leaves_whole_messages_in_order_and_others_undisturbed() {
    on_each_driver(|driver| {
        let mut pull = Pull::start(driver, "bind=tcp://127.0.0.1:*");
        let connect = format!("connect=tcp://127.0.0.1:{}", pull.peer.bound_port());
        let [mut killed, mut other] = [1, 2].map(|sender| start_push(driver, sender, &connect));
        killed.say("flow");
        other.say("flow");
        killed.expect_count("at ", 1_000);
        killed.kill();
        pull.peer.forget_lines();
        pull.peer.expect("got ");
        let mut successor = start_push(driver, 3, &connect);
        successor.say("send 1000");
        successor.expect_count("sent ", 1_000);
        finish_sending(&mut successor);
        finish_sending(&mut other);
        await_markers(&pull, 2);
        for (sender, push) in [(2, &mut other), (3, &mut successor)] {
            Account::settle(sender, push, &[&pull.log]).is_whole();
        }
        // A receiver that had fallen behind reads to the end of a dead sender's bytes before it finds that end.
        let counts = pull.peer.statistics_with("disconnects", 1);
        let received = pull.log.received_from(1);
        let whole: Vec<u64> = (0..received.len() as u64).collect();
        assert_eq!(
            received, whole,
            "on the {driver}: what a killed sender had sent has no gap"
        );
        assert_eq!(
            (counts["connections"], counts["disconnects"]),
            (3, 1),
            "{counts:?}"
        );
        assert_eq!(counts["protocol_errors"], 0, "{counts:?}");
        other.close();
        successor.close();
        pull.peer.close();
    });
}
