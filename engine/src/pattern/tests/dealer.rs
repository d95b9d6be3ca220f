//! DEALER: what ZeroMQ promises of it.

use super::*;

#[test]
fn messages_go_to_peers_in_turn_and_come_from_them_in_turn() {
    let mut dealer = Stage::new(Kind::Dealer);
    let mut peers = [dealer.peer(), dealer.peer()];
    for message in ["1", "2", "3"] {
        dealer.send(&[message]).unwrap();
    }
    assert_eq!(peers[0].hears_all(), [["1"], ["3"]]);
    assert_eq!(peers[1].hears_all(), [["2"]]);
    for peer in &mut peers {
        peer.says(&["a", ""]);
        peer.says(&["b"]);
    }
    let expected = [&["a", ""][..], &["a", ""], &["b"], &["b"]];
    assert_eq!(dealer.receive_all(), expected.map(whole));
}

#[test]
fn what_is_sent_is_independent_of_what_is_received() {
    let mut dealer = Stage::new(Kind::Dealer);
    let mut peer = dealer.peer();
    peer.says(&["x", "y"]);
    dealer.part("a", true).unwrap();
    assert_eq!(dealer.frame(), Ok((b"x".to_vec(), true)));
    dealer.part("b", false).unwrap();
    assert_eq!(dealer.receive(), Ok(whole(&["y"])));
    assert_eq!(peer.hears(), Some(whole(&["a", "b"])));
}

#[test]
fn without_room_a_message_is_refused() {
    let mut dealer = Stage::with_mark(Kind::Dealer, 1);
    assert_eq!(dealer.send(&["a"]), Err(Refusal::Full));
    let _peer = dealer.peer();
    dealer.send(&["a"]).unwrap();
    assert!(!dealer.can_send());
    assert_eq!(dealer.send(&["b"]), Err(Refusal::Full));
}

#[test]
fn one_that_only_receives_keeps_nothing_of_peers_that_left() {
    let mut dealer = Stage::new(Kind::Dealer);
    dealer.crowd(&["hello"]);
    assert_eq!(dealer.receive_all().len(), 3_000);
    assert!(!dealer.can_receive());
    let mut writers = 0;
    dealer.pattern.for_each_writer(|_, _| writers += 1);
    assert_eq!(writers, 0);
}

#[test]
fn one_that_does_nothing_keeps_nothing_of_peers_that_left_without_a_word() {
    let mut dealer = Stage::new(Kind::Dealer);
    dealer.crowd(&[]);
    let (mut writers, mut readers) = (0, 0);
    dealer.pattern.for_each_writer(|_, _| writers += 1);
    dealer.pattern.for_each_reader(|_, _| readers += 1);
    assert_eq!((writers, readers), (0, 0));
}

#[test]
fn a_message_for_a_peer_that_is_found_gone_while_receiving_is_counted() {
    let mut dealer = Stage::new(Kind::Dealer);
    let peer = dealer.peer();
    dealer.part("a", true).unwrap();
    drop(peer);
    assert_eq!(dealer.receive(), Err(Nothing::Empty));
    dealer.part("b", false).unwrap();
    assert_eq!(dealer.counted().dropped_unfinished, 1);
}
