//! XPUB: what it has beyond PUB.

use super::*;
use crate::message::Message;
use crate::pattern::UpstreamModes;

fn with_modes(change: impl FnOnce(&mut UpstreamModes)) -> Stage {
    let mut xpub = Stage::new(Kind::XPub);
    let mut modes = UpstreamModes::default();
    change(&mut modes);
    xpub.set(Setting::Upstream(modes));
    xpub
}

#[test]
fn the_first_subscription_to_a_topic_and_the_last_unsubscription_are_told() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut peers = [xpub.peer(), xpub.peer()];
    peers[0].says(&["\u{1}a"]);
    assert_eq!(xpub.receive_all(), [["\u{1}a"]]);
    peers[0].says(&["\u{1}a"]);
    peers[1].says(&["\u{1}a"]);
    assert!(!xpub.can_receive());
    peers[0].says(&["\0a"]);
    assert!(!xpub.can_receive());
    peers[1].says(&["\0a"]);
    assert_eq!(xpub.receive_all(), [["\0a"]]);
}

#[test]
fn an_unsubscription_from_what_nobody_knows_is_told() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut peer = xpub.peer();
    peer.says(&["\0a"]);
    assert_eq!(xpub.receive_all(), [["\0a"]]);
}

#[test]
fn verbose_tells_each_subscription() {
    let mut xpub = with_modes(|modes| modes.verbose_subscribe = true);
    let mut peers = [xpub.peer(), xpub.peer()];
    for peer in &mut peers {
        peer.says(&["\u{1}a"]);
        peer.says(&["\u{1}a"]);
    }
    assert_eq!(xpub.receive_all(), [["\u{1}a"]; 4]);
    peers[0].says(&["\0a"]);
    peers[1].says(&["\0a"]);
    assert_eq!(xpub.receive_all(), [["\0a"]]);
}

#[test]
fn verboser_tells_each_unsubscription_too() {
    let mut xpub = with_modes(|modes| {
        modes.verbose_subscribe = true;
        modes.verbose_unsubscribe = true;
    });
    let mut peers = [xpub.peer(), xpub.peer()];
    for peer in &mut peers {
        peer.says(&["\u{1}a"]);
    }
    assert_eq!(xpub.receive_all(), [["\u{1}a"]; 2]);
    for peer in &mut peers {
        peer.says(&["\0a"]);
    }
    assert_eq!(xpub.receive_all(), [["\0a"]; 2]);
}

#[test]
fn the_last_subscriber_of_a_topic_that_leaves_is_told() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut leaves = xpub.peer();
    let mut stays = xpub.peer();
    leaves.says(&["\u{1}a"]);
    leaves.says(&["\u{1}b"]);
    stays.says(&["\u{1}b"]);
    assert_eq!(xpub.receive_all().len(), 2);
    drop(leaves);
    assert_eq!(xpub.receive_all(), [["\0a"]]);
    xpub.pattern.remove_peer(stays.id);
    assert_eq!(xpub.receive_all(), [["\0b"]]);
}

#[test]
fn other_messages_are_handed_out_whole() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut peers = [xpub.peer(), xpub.peer()];
    peers[0].says(&["user", "data"]);
    peers[1].says(&["\u{1}a"]);
    peers[1].says(&["", "x"]);
    let told = xpub.receive_all();
    assert_eq!(told.len(), 3);
    for expected in [&["user", "data"][..], &["\u{1}a"], &["", "x"]] {
        assert!(told.contains(&whole(expected)), "{expected:?}");
    }
}

#[test]
fn a_subscription_in_the_middle_of_a_message_counts_and_leaves_the_message_whole() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut other = xpub.peer();
    other.says(&["\u{1}a"]);
    assert_eq!(xpub.receive_all().len(), 1);
    let mut peer = xpub.peer();
    peer.says(&["user", "\u{1}a", "data"]);
    assert_eq!(xpub.receive_all(), [["user", "\u{1}a", "data"]]);
    xpub.send(&["a"]).unwrap();
    assert_eq!(peer.hears(), Some(whole(&["a"])));
}

#[test]
fn with_only_first_subscribe_later_frames_are_data() {
    let mut xpub = Stage::new(Kind::XPub);
    xpub.set(Setting::OnlyFirstSubscribe(true));
    let mut peer = xpub.peer();
    peer.says(&["user", "\u{1}a"]);
    assert_eq!(xpub.receive_all(), [["user", "\u{1}a"]]);
    xpub.send(&["a"]).unwrap();
    assert_eq!(peer.hears(), None);
}

#[test]
fn in_manual_mode_peers_get_what_they_are_granted() {
    let mut xpub = with_modes(|modes| modes.manual = true);
    let mut peers = [xpub.peer(), xpub.peer()];
    peers[0].says(&["\u{1}a"]);
    peers[1].says(&["\u{1}a"]);
    assert_eq!(xpub.receive(), Ok(whole(&["\u{1}a"])));
    xpub.set(Setting::Subscribe(b"granted"));
    assert_eq!(xpub.receive(), Ok(whole(&["\u{1}a"])));
    xpub.send(&["a"]).unwrap();
    xpub.send(&["granted"]).unwrap();
    assert_eq!(peers[0].hears_all(), [["granted"]]);
    assert_eq!(peers[1].hears(), None);
    peers[0].says(&["\0a"]);
    assert_eq!(xpub.receive(), Ok(whole(&["\0a"])));
    xpub.set(Setting::Unsubscribe(b"granted"));
    xpub.send(&["granted"]).unwrap();
    assert_eq!(peers[0].hears(), None);
}

#[test]
fn an_answer_to_a_peer_that_is_gone_does_nothing() {
    let mut xpub = with_modes(|modes| modes.manual = true);
    let mut peer = xpub.peer();
    peer.says(&["\u{1}a"]);
    xpub.look();
    drop(peer);
    assert_eq!(xpub.receive(), Ok(whole(&["\u{1}a"])));
    let mut successor = xpub.peer();
    xpub.set(Setting::Subscribe(b""));
    xpub.send(&["a"]).unwrap();
    assert_eq!(successor.hears(), None);
}

#[test]
fn in_manual_mode_what_a_peer_that_leaves_had_asked_for_is_told() {
    let mut xpub = with_modes(|modes| modes.manual = true);
    let mut peer = xpub.peer();
    peer.says(&["\u{1}a"]);
    assert_eq!(xpub.receive_all().len(), 1);
    xpub.set(Setting::Subscribe(b"b"));
    drop(peer);
    assert_eq!(xpub.receive_all(), [["\0a"]]);
    assert_eq!(xpub.pattern.subscriptions().unwrap().topics, 0);
}

#[test]
fn a_welcome_message_is_the_first_to_each_new_peer() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut before = xpub.peer();
    xpub.set(Setting::Welcome(Some(Message::from("welcome"))));
    let mut after = xpub.peer();
    assert_eq!(before.hears(), None);
    assert_eq!(after.hears_all(), [["welcome"]]);
}

#[test]
fn what_waits_for_an_application_that_reads_is_bounded_and_nothing_is_lost() {
    const TOPICS: usize = 100_000;
    let mut xpub = Stage::new(Kind::XPub);
    let mut peer = xpub.peer();
    peer.says(&["first"]);
    assert_eq!(xpub.receive_all().len(), 1);
    for topic in 0..TOPICS {
        peer.says(&[&format!("\u{1}{topic}")]);
    }
    xpub.look();
    assert!(peer.to.as_ref().unwrap().outstanding() > 0, "some wait");
    let told = xpub.receive_all();
    assert_eq!(told.len(), TOPICS);
    assert_eq!(told[TOPICS - 1], [format!("\u{1}{}", TOPICS - 1)]);
}

#[test]
fn one_that_never_reads_takes_all_subscriptions_and_keeps_the_last_of_what_waits() {
    const TOPICS: usize = 100_000;
    let mut xpub = Stage::new(Kind::XPub);
    let mut peer = xpub.peer();
    peer.says(&["user", "data"]);
    for topic in 0..TOPICS {
        peer.says(&[&format!("\u{1}{topic}")]);
    }
    xpub.look();
    assert_eq!(xpub.pattern.subscriptions().unwrap().topics, TOPICS);
    assert_eq!(xpub.counted().dropped_closed, 1, "the peer's message");
    let told = xpub.receive_all();
    assert!(told.len() < 1 << 16, "{} waited", told.len());
    assert_eq!(told.last(), Some(&vec![format!("\u{1}{}", TOPICS - 1)]));
}

#[test]
fn closing_counts_peers_messages_that_were_not_read_and_no_notices() {
    let mut xpub = Stage::new(Kind::XPub);
    let mut peer = xpub.peer();
    peer.says(&["user", "data"]);
    peer.says(&["\u{1}a"]);
    peer.says(&["more"]);
    xpub.look();
    assert_eq!(xpub.pattern.close_readers(), 2);
}
