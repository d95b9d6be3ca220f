//! PUSH: what ZeroMQ promises of it.

use super::*;

#[test]
fn messages_go_to_peers_in_turn() {
    let mut push = Stage::new(Kind::Push);
    let mut peers = [push.peer(), push.peer(), push.peer()];
    for message in ["1", "2", "3", "4", "5", "6"] {
        push.send(&[message]).unwrap();
    }
    assert_eq!(peers[0].hears_all(), [["1"], ["4"]]);
    assert_eq!(peers[1].hears_all(), [["2"], ["5"]]);
    assert_eq!(peers[2].hears_all(), [["3"], ["6"]]);
}

#[test]
fn all_parts_of_a_message_go_to_one_peer() {
    let mut push = Stage::new(Kind::Push);
    let mut peers = [push.peer(), push.peer()];
    push.send(&["a", "b", "c"]).unwrap();
    push.send(&["d", "e"]).unwrap();
    assert_eq!(peers[0].hears_all(), [["a", "b", "c"]]);
    assert_eq!(peers[1].hears_all(), [["d", "e"]]);
}

#[test]
fn nothing_is_visible_before_the_last_part() {
    let mut push = Stage::new(Kind::Push);
    let mut peer = push.peer();
    push.part("a", true).unwrap();
    assert_eq!(peer.hears(), None);
    push.part("b", false).unwrap();
    assert_eq!(peer.hears(), Some(whole(&["a", "b"])));
}

#[test]
fn without_peers_a_message_is_refused() {
    let mut push = Stage::new(Kind::Push);
    assert!(!push.can_send());
    assert_eq!(push.send(&["a"]), Err(Refusal::Full));
    assert_eq!(push.pattern.refusal(), Refusal::Full);
}

#[test]
fn a_full_peer_is_passed_over_until_it_has_read_half() {
    let mut push = Stage::with_mark(Kind::Push, 2);
    let mut peers = [push.peer(), push.peer()];
    for message in ["1", "2", "3", "4"] {
        push.send(&[message]).unwrap();
    }
    assert_eq!(push.send(&["5"]), Err(Refusal::Full));
    assert!(!push.can_send());
    assert_eq!(peers[1].hears(), Some(whole(&["2"])));
    assert!(push.can_send());
    push.send(&["5"]).unwrap();
    assert_eq!(peers[1].hears_all(), [["4"], ["5"]]);
    assert_eq!(peers[0].hears_all(), [["1"], ["3"]]);
}

#[test]
fn later_parts_are_admitted_beyond_the_mark() {
    let mut push = Stage::with_mark(Kind::Push, 1);
    let mut peer = push.peer();
    push.send(&["a", "b", "c", "d"]).unwrap();
    assert_eq!(push.send(&["e"]), Err(Refusal::Full));
    assert_eq!(peer.hears(), Some(whole(&["a", "b", "c", "d"])));
}

#[test]
fn the_rest_of_a_message_whose_peer_vanished_is_swallowed_and_counted() {
    let mut push = Stage::new(Kind::Push);
    let gone = push.peer();
    let mut stays = push.peer();
    push.part("a", true).unwrap();
    drop(gone);
    push.part("b", true).unwrap();
    push.part("c", false).unwrap();
    push.send(&["d"]).unwrap();
    assert_eq!(stays.hears_all(), [["d"]]);
    assert_eq!(push.counted().dropped_unfinished, 1);
}

#[test]
fn the_rest_of_a_message_is_swallowed_when_its_peer_is_removed() {
    let mut push = Stage::new(Kind::Push);
    let mut removed = push.peer();
    let mut stays = push.peer();
    push.part("a", true).unwrap();
    push.pattern.remove_peer(removed.id);
    push.part("b", false).unwrap();
    push.send(&["c"]).unwrap();
    assert_eq!(removed.hears(), None);
    assert_eq!(stays.hears_all(), [["c"]]);
    assert_eq!(push.counted().dropped_unfinished, 1);
}

#[test]
fn what_was_queued_for_a_removed_peer_still_leaves() {
    let mut push = Stage::new(Kind::Push);
    let mut peer = push.peer();
    push.send(&["a"]).unwrap();
    push.pattern.remove_peer(peer.id);
    assert_eq!(push.send(&["b"]), Err(Refusal::Full));
    assert_eq!(peer.hears_all(), [["a"]]);
}

#[test]
fn what_was_queued_for_a_peer_that_left_is_counted() {
    let mut push = Stage::new(Kind::Push);
    let peer = push.peer();
    push.send(&["a"]).unwrap();
    push.send(&["b"]).unwrap();
    drop(peer.from.unwrap());
    assert_eq!(push.pattern.lost().queued, 2);
    assert_eq!(push.send(&["c"]), Err(Refusal::Full));
    assert_eq!(push.counted().dropped_peer_gone, 2);
}

#[test]
fn closing_drops_the_parts_of_an_unfinished_message() {
    let mut push = Stage::new(Kind::Push);
    let mut peer = push.peer();
    push.send(&["a"]).unwrap();
    push.part("b", true).unwrap();
    push.pattern.close_writers();
    assert_eq!(peer.hears_all(), [["a"]]);
    assert!(peer.from.unwrap().is_finished());
}

#[test]
fn it_does_not_receive() {
    let mut push = Stage::new(Kind::Push);
    let _peer = push.peer();
    assert!(!push.can_receive());
    assert_eq!(push.receive(), Err(Nothing::Unsupported));
}
