//! Connections give their descriptors back, and a process that has none left waits and goes on.

mod support_peer;

use support_peer::{PATIENCE, Peer, on_each_driver};

#[test]
fn descriptors_are_as_before_after_two_hundred_connects_and_disconnects() {
    on_each_driver(|driver| {
        let peer = Peer::start("descriptors", driver, &["rounds=200"]);
        let counted = peer.expect("descriptors ");
        let (before, after) = counted.split_once(' ').expect("two counts");
        assert_eq!(before, after, "on the {driver}");
    });
}

#[test]
fn a_listener_without_descriptors_waits_and_then_accepts_everybody() {
    on_each_driver(|driver| {
        let mut pull = Peer::start("descriptors", driver, &["spare=5"]);
        let connect = format!("connect={}", pull.expect("bound "));
        pull.expect("ready");
        let mut crowd = Peer::start("crowd", driver, &["count=12", &connect]);
        crowd.expect("ready");
        pull.expect_count("got ", 5);
        pull.statistics_with("accept_failures", 1);
        assert!(
            pull.expect_within("got ", PATIENCE / 80).is_none(),
            "on the {driver}: no descriptor is left for a sixth connection"
        );
        for _ in 0..12 {
            crowd.say("leave");
        }
        pull.expect_count("got ", 12);
        let counts = pull.statistics();
        assert_eq!(counts["received"], 12);
        assert_eq!(counts["connections"], 12);
    });
}
