//! REP: what ZeroMQ promises of it.

use super::*;

#[test]
fn a_request_is_handed_out_without_its_way_back_and_the_reply_goes_that_way() {
    let mut rep = Stage::new(Kind::Rep);
    let mut peers = [rep.peer(), rep.peer()];
    peers[1].says(&["far", "near", "", "question", ""]);
    assert_eq!(rep.receive(), Ok(whole(&["question", ""])));
    rep.send(&["answer", "more"]).unwrap();
    let reply = whole(&["far", "near", "", "answer", "more"]);
    assert_eq!(peers[1].hears(), Some(reply));
    assert_eq!(peers[0].hears(), None);
}

#[test]
fn receives_and_sends_alternate() {
    let mut rep = Stage::new(Kind::Rep);
    let mut peer = rep.peer();
    assert!(!rep.can_send());
    assert_eq!(rep.send(&["x"]), Err(Refusal::OutOfTurn));
    assert_eq!(rep.pattern.refusal(), Refusal::OutOfTurn);
    peer.says(&["", "a", "b"]);
    peer.says(&["", "c"]);
    assert_eq!(rep.frame(), Ok((b"a".to_vec(), true)));
    assert_eq!(rep.send(&["x"]), Err(Refusal::OutOfTurn));
    assert_eq!(rep.receive(), Ok(whole(&["b"])));
    assert!(!rep.can_receive());
    assert_eq!(rep.receive(), Err(Nothing::OutOfTurn));
    rep.part("r", true).unwrap();
    assert_eq!(rep.receive(), Err(Nothing::OutOfTurn));
    rep.part("s", false).unwrap();
    assert_eq!(rep.receive(), Ok(whole(&["c"])));
    assert_eq!(peer.hears_all(), [["", "r", "s"]]);
}

#[test]
fn requests_come_from_peers_in_turn() {
    let mut rep = Stage::new(Kind::Rep);
    let mut peers = [rep.peer(), rep.peer()];
    for peer in &mut peers {
        peer.says(&["", "1"]);
        peer.says(&["", "2"]);
    }
    for expected in ["1", "1", "2", "2"] {
        assert_eq!(rep.receive(), Ok(whole(&[expected])));
        rep.send(&[expected]).unwrap();
    }
    for peer in &mut peers {
        assert_eq!(peer.hears_all(), [["", "1"], ["", "2"]]);
    }
}

#[test]
fn what_has_no_way_back_or_no_body_is_no_request() {
    let mut rep = Stage::new(Kind::Rep);
    let mut peer = rep.peer();
    peer.says(&["body alone"]);
    peer.says(&["x", "y"]);
    peer.says(&[""]);
    assert!(!rep.can_receive());
    peer.says(&["", "a"]);
    assert_eq!(rep.receive(), Ok(whole(&["a"])));
    assert_eq!(rep.counted().dropped_unexpected, 3);
}

#[test]
fn looking_for_a_request_loses_nothing_of_it() {
    let mut rep = Stage::new(Kind::Rep);
    let mut peers = [rep.peer(), rep.peer()];
    peers[0].says(&["id", "", "a"]);
    assert!(rep.can_receive());
    peers[1].says(&["", "b"]);
    assert!(rep.can_receive());
    assert_eq!(rep.receive(), Ok(whole(&["a"])));
    rep.send(&["r"]).unwrap();
    assert_eq!(peers[0].hears(), Some(whole(&["id", "", "r"])));
}

#[test]
fn the_reply_to_an_asker_that_is_gone_goes_nowhere_and_is_counted() {
    let mut rep = Stage::new(Kind::Rep);
    let mut asker = rep.peer();
    let mut other = rep.peer();
    asker.says(&["", "a"]);
    assert_eq!(rep.receive(), Ok(whole(&["a"])));
    drop(asker);
    rep.send(&["r", "s"]).unwrap();
    assert_eq!(rep.counted().dropped_unroutable, 1);
    other.says(&["", "b"]);
    assert_eq!(rep.receive(), Ok(whole(&["b"])));
    rep.send(&["t"]).unwrap();
    assert_eq!(other.hears_all(), [["", "t"]]);
}

#[test]
fn the_reply_to_an_asker_without_room_goes_nowhere_and_is_counted() {
    let mut rep = Stage::with_mark(Kind::Rep, 1);
    let mut asker = rep.peer();
    for turn in 0..2 {
        asker.says(&["", "a"]);
        assert_eq!(rep.receive(), Ok(whole(&["a"])), "turn {turn}");
        rep.send(&["r"]).unwrap();
    }
    assert_eq!(rep.counted().dropped_full, 1);
    assert_eq!(asker.hears_all(), [["", "r"]]);
    asker.says(&["", "b"]);
    assert_eq!(rep.receive(), Ok(whole(&["b"])));
    rep.send(&["s"]).unwrap();
    assert_eq!(asker.hears_all(), [["", "s"]]);
}

#[test]
fn a_reply_whose_asker_is_removed_in_the_middle_is_counted_and_goes_to_nobody_else() {
    let mut rep = Stage::new(Kind::Rep);
    let mut asker = rep.peer();
    asker.says(&["", "a"]);
    assert_eq!(rep.receive(), Ok(whole(&["a"])));
    rep.part("r", true).unwrap();
    rep.pattern.remove_peer(asker.id);
    let mut next = rep.peer();
    rep.part("s", false).unwrap();
    assert_eq!(asker.hears(), None);
    assert_eq!(next.hears(), None);
    assert_eq!(rep.counted().dropped_unfinished, 1);
    next.says(&["", "b"]);
    assert_eq!(rep.receive(), Ok(whole(&["b"])));
    rep.send(&["t"]).unwrap();
    assert_eq!(next.hears_all(), [["", "t"]]);
}

#[test]
fn a_reply_whose_asker_left_between_two_frames_is_counted_and_goes_to_nobody_else() {
    let mut rep = Stage::new(Kind::Rep);
    let mut asker = rep.peer();
    asker.says(&["", "a"]);
    assert_eq!(rep.receive(), Ok(whole(&["a"])));
    assert!(!rep.can_receive());
    rep.part("r", true).unwrap();
    drop(asker);
    let mut next = rep.peer();
    rep.part("s", false).unwrap();
    rep.send(&["t"]).unwrap_err();
    assert_eq!(rep.receive(), Err(Nothing::Empty));
    let counted = rep.counted();
    assert_eq!(counted.dropped_unfinished + counted.dropped_peer_gone, 1);
    assert_eq!(next.hears(), None);
}

#[test]
fn a_request_of_a_removed_peer_that_was_begun_is_handed_out_and_answered_to_nobody() {
    let mut rep = Stage::new(Kind::Rep);
    let mut asker = rep.peer();
    asker.says(&["", "a", "b"]);
    assert_eq!(rep.frame(), Ok((b"a".to_vec(), true)));
    rep.pattern.remove_peer(asker.id);
    assert_eq!(rep.receive(), Ok(whole(&["b"])));
    rep.send(&["r"]).unwrap();
    assert_eq!(asker.hears(), None);
    assert_eq!(rep.counted().dropped_unroutable, 1);
}

#[test]
fn one_that_never_receives_keeps_nothing_of_peers_that_left() {
    let mut rep = Stage::new(Kind::Rep);
    rep.crowd(&[]);
    let mut writers = 0;
    rep.pattern.for_each_writer(|_, _| writers += 1);
    assert_eq!(writers, 0);
}
