//! XSUB: what it has beyond SUB.

use super::*;

#[test]
fn messages_that_start_with_one_or_zero_subscribe_and_cancel() {
    let mut xsub = Stage::new(Kind::XSub);
    let mut peer = xsub.peer();
    xsub.send(&["\u{1}a"]).unwrap();
    xsub.send(&["\0a"]).unwrap();
    let expected = [["\u{9}SUBSCRIBEa"], ["\u{6}CANCELa"]];
    assert_eq!(peer.hears_all(), expected);
}

#[test]
fn other_messages_go_to_all_peers() {
    let mut xsub = Stage::new(Kind::XSub);
    let mut peers = [xsub.peer(), xsub.peer()];
    assert!(xsub.can_send());
    xsub.send(&["user", "data"]).unwrap();
    for peer in &mut peers {
        assert_eq!(peer.hears_all(), [["user", "data"]]);
    }
}

#[test]
fn a_new_peer_is_told_what_was_subscribed_to_before() {
    let mut xsub = Stage::new(Kind::XSub);
    xsub.send(&["\u{1}a"]).unwrap();
    xsub.send(&["\u{1}b"]).unwrap();
    xsub.send(&["\0a"]).unwrap();
    let mut peer = xsub.peer();
    assert_eq!(peer.hears_all(), [["\u{9}SUBSCRIBEb"]]);
}

#[test]
fn it_never_waits_for_room_and_counts_what_a_full_peer_missed() {
    let mut xsub = Stage::with_mark(Kind::XSub, 1);
    xsub.send(&["to nobody"]).unwrap();
    let mut peer = xsub.peer();
    xsub.send(&["1"]).unwrap();
    xsub.send(&["2"]).unwrap();
    xsub.send(&["\u{1}a"]).unwrap();
    assert_eq!(peer.hears_all(), [["1"], ["\u{9}SUBSCRIBEa"]]);
    assert_eq!(xsub.counted().dropped_full, 1);
}

#[test]
fn what_a_publisher_sends_is_handed_out_unfiltered() {
    let mut xsub = Stage::new(Kind::XSub);
    let mut peer = xsub.peer();
    peer.says(&["a"]);
    assert_eq!(xsub.receive_all(), [["a"]]);
}

#[test]
fn a_subscription_in_a_later_frame_is_kept_for_new_peers_unless_only_the_first_may_be_one() {
    for (only_first, told) in [(false, 1), (true, 0)] {
        let mut xsub = Stage::new(Kind::XSub);
        xsub.set(Setting::OnlyFirstSubscribe(only_first));
        let mut old = xsub.peer();
        xsub.send(&["user", "\u{1}a"]).unwrap();
        assert_eq!(old.hears_all(), [["user", "\u{1}a"]]);
        let mut new = xsub.peer();
        assert_eq!(new.hears_all().len(), told);
    }
}

#[test]
fn it_has_no_subscribe_option() {
    let mut xsub = Stage::new(Kind::XSub);
    assert!(!xsub.pattern.set(Setting::Subscribe(b"a")));
}

#[test]
fn a_peer_that_joins_or_leaves_in_the_middle_of_a_message_leaves_it_whole_for_the_others() {
    let mut xsub = Stage::new(Kind::XSub);
    let mut stays = xsub.peer();
    let mut leaves = xsub.peer();
    xsub.part("a", true).unwrap();
    xsub.pattern.remove_peer(leaves.id);
    let mut joins = xsub.peer();
    xsub.part("b", false).unwrap();
    assert_eq!(stays.hears_all(), [["a", "b"]]);
    assert_eq!(leaves.hears(), None);
    assert_eq!(joins.hears(), None);
    assert_eq!(xsub.counted().dropped_unfinished, 1);
}
