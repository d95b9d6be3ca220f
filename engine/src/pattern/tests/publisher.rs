//! PUB: what ZeroMQ promises of it.

use super::*;
use crate::pattern::Subscriptions;

const ALL: &str = "\u{1}";

/// A peer that subscribed.
fn subscriber(publisher: &mut Stage, topics: &[&str]) -> Peer {
    let mut peer = publisher.peer();
    for topic in topics {
        peer.says(&[&format!("\u{1}{topic}")]);
    }
    publisher.look();
    peer
}

fn topics(publisher: &Stage) -> Subscriptions {
    publisher.pattern.subscriptions().expect("it has some")
}

#[test]
fn a_message_goes_to_whoever_subscribed_to_what_it_starts_with() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut a = subscriber(&mut publisher, &["a"]);
    let mut ab = subscriber(&mut publisher, &["ab", "a"]);
    let mut all = subscriber(&mut publisher, &[""]);
    let mut none = publisher.peer();
    publisher.send(&["abc", "1"]).unwrap();
    publisher.send(&["ax"]).unwrap();
    publisher.send(&["b", "a"]).unwrap();
    assert_eq!(a.hears_all(), [whole(&["abc", "1"]), whole(&["ax"])]);
    assert_eq!(ab.hears_all(), [whole(&["abc", "1"]), whole(&["ax"])]);
    assert_eq!(all.hears_all().len(), 3);
    assert_eq!(none.hears(), None);
}

#[test]
fn without_subscribers_a_message_is_taken_and_dropped() {
    let mut publisher = Stage::new(Kind::Pub);
    assert!(publisher.can_send());
    publisher.send(&["a", "b"]).unwrap();
    assert_eq!(publisher.counted().dropped_full, 0);
}

#[test]
fn a_full_subscriber_misses_the_whole_message_and_the_others_get_it() {
    let mut publisher = Stage::with_mark(Kind::Pub, 2);
    let mut slow = subscriber(&mut publisher, &[""]);
    let mut fast = subscriber(&mut publisher, &[""]);
    for message in ["1", "2", "3", "4"] {
        publisher.send(&[message, "x"]).unwrap();
        assert_eq!(fast.hears(), Some(whole(&[message, "x"])));
    }
    assert_eq!(slow.hears_all(), [["1", "x"], ["2", "x"]]);
    assert_eq!(publisher.counted().dropped_full, 2);
    publisher.send(&["5"]).unwrap();
    assert_eq!(slow.hears_all(), [["5"]]);
}

#[test]
fn a_full_subscriber_stays_out_until_it_has_read_half() {
    let mut publisher = Stage::with_mark(Kind::Pub, 4);
    let mut slow = subscriber(&mut publisher, &[""]);
    for message in ["1", "2", "3", "4", "5"] {
        publisher.send(&[message]).unwrap();
    }
    slow.hears().unwrap();
    publisher.send(&["6"]).unwrap();
    slow.hears().unwrap();
    publisher.send(&["7"]).unwrap();
    assert_eq!(slow.hears_all(), [["3"], ["4"], ["7"]]);
    assert_eq!(publisher.counted().dropped_full, 2);
}

#[test]
fn with_no_drop_a_message_that_one_has_no_room_for_goes_to_nobody() {
    let mut publisher = Stage::with_mark(Kind::Pub, 1);
    publisher.set(Setting::NoDrop(true));
    let mut slow = subscriber(&mut publisher, &["a"]);
    let mut other = subscriber(&mut publisher, &[""]);
    publisher.send(&["a1"]).unwrap();
    other.hears().unwrap();
    assert_eq!(publisher.send(&["a2"]), Err(Refusal::Full));
    assert_eq!(other.hears(), None);
    publisher.send(&["b"]).unwrap();
    assert_eq!(other.hears(), Some(whole(&["b"])));
    slow.hears().unwrap();
    publisher.send(&["a2"]).unwrap();
    assert_eq!(slow.hears(), Some(whole(&["a2"])));
    assert_eq!(publisher.counted().dropped_full, 0);
}

#[test]
fn it_hands_nothing_out() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &[""]);
    peer.says(&["user data"]);
    assert!(!publisher.can_receive());
    assert_eq!(publisher.receive(), Err(Nothing::Unsupported));
}

#[test]
fn one_cancel_takes_back_what_was_subscribed_twice() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &["a", "a"]);
    peer.says(&["\0a"]);
    publisher.send(&["a"]).unwrap();
    assert_eq!(peer.hears(), None);
    assert_eq!(topics(&publisher).nodes, 0);
}

#[test]
fn a_slot_that_is_reused_inherits_no_subscription() {
    let mut publisher = Stage::new(Kind::Pub);
    let first = subscriber(&mut publisher, &["", "a"]);
    drop(first);
    publisher.look();
    let mut second = publisher.peer();
    publisher.send(&["a"]).unwrap();
    assert_eq!(second.hears(), None);
    assert_eq!(topics(&publisher).topics, 0);

    let third = subscriber(&mut publisher, &["b"]);
    publisher.pattern.remove_peer(third.id);
    let mut fourth = publisher.peer();
    publisher.send(&["b"]).unwrap();
    assert_eq!(fourth.hears(), None);
}

#[test]
fn what_was_asked_over_a_connection_that_was_lost_is_void_over_the_next() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &["a", "b"]);
    peer.reconnects(1);
    peer.says(&["\u{1}b"]);
    publisher.send(&["a"]).unwrap();
    publisher.send(&["b"]).unwrap();
    assert_eq!(peer.hears_all(), [["b"]]);
}

#[test]
fn what_was_asked_over_a_connection_that_was_lost_is_void_though_nothing_is_asked_over_the_next() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &["a"]);
    peer.says(&["\u{1}b"]);
    publisher.pattern.connected(peer.id, 1);
    publisher.send(&["a"]).unwrap();
    publisher.send(&["b"]).unwrap();
    assert_eq!(peer.hears(), None);
    peer.reconnects(1);
    peer.says(&["\u{1}b"]);
    publisher.send(&["a"]).unwrap();
    publisher.send(&["b"]).unwrap();
    assert_eq!(peer.hears_all(), [["b"]]);
}

#[test]
fn the_news_of_a_connection_that_come_after_its_subscriptions_change_nothing() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &["a"]);
    peer.reconnects(1);
    peer.says(&["\u{1}b"]);
    publisher.look();
    publisher.pattern.connected(peer.id, 1);
    publisher.send(&["b"]).unwrap();
    assert_eq!(peer.hears_all(), [["b"]]);
}

#[test]
fn subscriptions_that_come_before_the_new_pipe_to_their_peer_hold() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &["old"]);
    peer.reconnects(1);
    peer.says(&["\u{1}new"]);
    publisher.look();
    let mut old = peer.from.take().unwrap();
    peer.from = publisher.outbound(peer.id);
    publisher.send(&["old"]).unwrap();
    publisher.send(&["new"]).unwrap();
    assert_eq!(peer.hears_all(), [["new"]]);
    assert!(old.is_finished());
}

#[test]
fn a_subscriber_that_joins_in_the_middle_of_a_message_gets_nothing_of_it() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut early = subscriber(&mut publisher, &[""]);
    publisher.part("a", true).unwrap();
    let mut late = subscriber(&mut publisher, &[""]);
    publisher.part("b", false).unwrap();
    assert_eq!(early.hears(), Some(whole(&["a", "b"])));
    assert_eq!(late.hears(), None);
}

#[test]
fn a_subscriber_removed_in_the_middle_of_a_message_is_counted_and_its_successor_gets_nothing() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut removed = subscriber(&mut publisher, &[""]);
    let mut stays = subscriber(&mut publisher, &[""]);
    publisher.part("a", true).unwrap();
    publisher.pattern.remove_peer(removed.id);
    let mut successor = subscriber(&mut publisher, &[""]);
    publisher.part("b", false).unwrap();
    assert_eq!(removed.hears(), None);
    assert_eq!(successor.hears(), None);
    assert_eq!(stays.hears(), Some(whole(&["a", "b"])));
    assert_eq!(publisher.counted().dropped_unfinished, 1);
}

#[test]
fn closing_drops_the_parts_of_an_unfinished_message() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peer = subscriber(&mut publisher, &[""]);
    publisher.send(&["a"]).unwrap();
    publisher.part("b", true).unwrap();
    publisher.pattern.close_writers();
    assert_eq!(peer.hears_all(), [["a"]]);
}

#[test]
fn inverted_a_message_goes_to_whoever_did_not_subscribe() {
    let mut publisher = Stage::new(Kind::Pub);
    publisher.set(Setting::InvertMatching(true));
    let mut a = subscriber(&mut publisher, &["a"]);
    let mut b = subscriber(&mut publisher, &["b"]);
    let mut none = publisher.peer();
    publisher.send(&["a"]).unwrap();
    publisher.send(&["c"]).unwrap();
    assert_eq!(a.hears_all(), [["c"]]);
    assert_eq!(b.hears_all(), [["a"], ["c"]]);
    assert_eq!(none.hears_all(), [["a"], ["c"]]);
}

#[test]
fn an_inverted_message_to_many_takes_no_time_for_their_square() {
    const PEERS: usize = 20_000;
    let mut publisher = Stage::new(Kind::Pub);
    publisher.set(Setting::InvertMatching(true));
    let mut peers: Vec<Peer> = (0..PEERS).map(|_| publisher.peer()).collect();
    for peer in &mut peers[1..] {
        peer.says(&[ALL]);
    }
    publisher.look();
    for _ in 0..100 {
        publisher.send(&["a"]).unwrap();
    }
    assert_eq!(peers[0].hears_all().len(), 100);
}

#[test]
fn a_large_body_to_many_is_whole_for_each() {
    let mut publisher = Stage::new(Kind::Pub);
    let mut peers: Vec<Peer> = (0..10).map(|_| subscriber(&mut publisher, &[""])).collect();
    let large = "x".repeat(1_000);
    publisher.send(&["small", &large]).unwrap();
    for peer in &mut peers {
        assert_eq!(peer.hears(), Some(whole(&["small", &large])));
    }
}

#[test]
fn nothing_is_kept_of_peers_that_left() {
    let mut publisher = Stage::new(Kind::Pub);
    publisher.crowd(&["\u{1}topic"]);
    let Pattern::Publisher(state) = &publisher.pattern else {
        unreachable!("it is one");
    };
    assert_eq!(state.sizes(), [0; 2]);
    assert_eq!(topics(&publisher).topics, 0);
    let mut writers = 0;
    publisher.pattern.for_each_writer(|_, _| writers += 1);
    assert_eq!(writers, 0);
}
