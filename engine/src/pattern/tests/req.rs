//! REQ: what ZeroMQ promises of it.

use super::*;

/// Answers the next request with what stood before its body.
fn answer(peer: &mut Peer, body: &str) {
    let from = peer.from.as_mut().expect("REQ sends");
    let to = peer.to.as_mut().expect("REQ receives");
    let mut in_envelope = true;
    loop {
        let frame = from.next_frame().expect("a request");
        if in_envelope {
            to.write_frame(true, &frame.body);
            in_envelope = !frame.body.is_empty();
        } else if !frame.more {
            break;
        }
    }
    to.write_frame(false, body.as_bytes());
    to.publish();
}

#[test]
fn a_request_has_an_empty_frame_before_its_body() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    req.send(&["a", "b"]).unwrap();
    assert_eq!(peer.hears(), Some(whole(&["", "a", "b"])));
}

#[test]
fn a_reply_is_handed_out_without_what_stands_before_its_body() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    peer.says(&["", "b", "", "c"]);
    assert_eq!(req.receive(), Ok(whole(&["b", "", "c"])));
}

#[test]
fn sends_and_receives_alternate() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    assert!(!req.can_receive());
    assert_eq!(req.receive(), Err(Nothing::OutOfTurn));
    req.part("a", true).unwrap();
    assert_eq!(req.receive(), Err(Nothing::OutOfTurn));
    req.part("b", false).unwrap();
    assert!(!req.can_send());
    assert_eq!(req.send(&["c"]), Err(Refusal::OutOfTurn));
    assert_eq!(req.pattern.refusal(), Refusal::OutOfTurn);
    assert_eq!(req.receive(), Err(Nothing::Empty));
    answer(&mut peer, "d");
    assert!(req.can_receive());
    assert_eq!(req.receive(), Ok(whole(&["d"])));
    assert_eq!(req.receive(), Err(Nothing::OutOfTurn));
    assert!(req.can_send());
}

#[test]
fn nothing_is_sent_in_the_middle_of_a_reply() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    peer.says(&["", "b", "c"]);
    assert_eq!(req.frame(), Ok((b"b".to_vec(), true)));
    assert!(!req.can_send());
    assert_eq!(req.send(&["x"]), Err(Refusal::OutOfTurn));
    assert_eq!(req.receive(), Ok(whole(&["c"])));
}

#[test]
fn requests_go_to_peers_in_turn() {
    let mut req = Stage::new(Kind::Req);
    let mut peers = [req.peer(), req.peer()];
    for turn in 0..4 {
        req.send(&["a"]).unwrap();
        answer(&mut peers[turn % 2], &turn.to_string());
        assert_eq!(req.receive(), Ok(whole(&[&turn.to_string()])));
    }
}

#[test]
fn only_the_peer_that_was_asked_is_heard() {
    let mut req = Stage::new(Kind::Req);
    let mut peers = [req.peer(), req.peer()];
    req.send(&["a"]).unwrap();
    peers[1].says(&["", "not asked"]);
    assert!(!req.can_receive());
    answer(&mut peers[0], "asked");
    assert_eq!(req.receive(), Ok(whole(&["asked"])));
    assert_eq!(req.counted().dropped_unexpected, 1);
}

#[test]
fn once_the_peer_that_was_asked_is_gone_anybodys_answer_will_do() {
    let mut req = Stage::new(Kind::Req);
    let asked = req.peer();
    let mut other = req.peer();
    req.send(&["a"]).unwrap();
    drop(asked);
    assert_eq!(req.receive(), Err(Nothing::Empty));
    assert_eq!(req.send(&["b"]), Err(Refusal::OutOfTurn));
    other.says(&["", "instead"]);
    assert_eq!(req.receive(), Ok(whole(&["instead"])));
}

#[test]
fn an_answer_that_came_before_its_peer_left_is_received() {
    let mut req = Stage::new(Kind::Req);
    let mut asked = req.peer();
    req.send(&["a"]).unwrap();
    answer(&mut asked, "last words");
    drop(asked);
    assert_eq!(req.receive(), Ok(whole(&["last words"])));
}

#[test]
fn what_came_before_the_request_answers_nothing() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    peer.says(&["", "too early"]);
    req.send(&["a"]).unwrap();
    assert!(!req.can_receive());
    answer(&mut peer, "b");
    assert_eq!(req.receive(), Ok(whole(&["b"])));
    assert_eq!(req.counted().dropped_unexpected, 1);
}

#[test]
fn what_has_no_empty_frame_or_no_body_is_no_reply() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    peer.says(&["body alone"]);
    peer.says(&["x", "", "body"]);
    peer.says(&[""]);
    assert!(!req.can_receive());
    peer.says(&["", "b"]);
    assert_eq!(req.receive(), Ok(whole(&["b"])));
    assert_eq!(req.counted().dropped_unexpected, 3);
}

#[test]
fn a_correlated_reply_repeats_the_number_of_the_request() {
    let mut req = Stage::new(Kind::Req);
    req.set(Setting::RequestCorrelate(true));
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    peer.says(&["", "no number"]);
    peer.says(&["1234", "", "wrong number"]);
    answer(&mut peer, "b");
    assert_eq!(req.receive(), Ok(whole(&["b"])));
    assert_eq!(req.counted().dropped_unexpected, 2);
}

#[test]
fn each_request_has_a_number_of_its_own() {
    let mut req = Stage::new(Kind::Req);
    req.set(Setting::RequestCorrelate(true));
    req.set(Setting::RequestRelaxed(true));
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    req.send(&["b"]).unwrap();
    let requests = peer.hears_all();
    assert_eq!(requests[0][0].len(), 4);
    assert_ne!(requests[0][0], requests[1][0]);
    assert_eq!(requests[1][1..], ["", "b"]);
}

#[test]
fn a_relaxed_and_correlated_request_hears_no_late_reply_to_the_one_before() {
    let mut req = Stage::new(Kind::Req);
    req.set(Setting::RequestCorrelate(true));
    req.set(Setting::RequestRelaxed(true));
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    req.send(&["b"]).unwrap();
    answer(&mut peer, "late");
    assert!(!req.can_receive());
    answer(&mut peer, "b's");
    assert_eq!(req.receive(), Ok(whole(&["b's"])));
    assert_eq!(req.counted().dropped_unexpected, 1);
}

#[test]
fn a_reply_that_was_seen_but_not_received_is_counted_when_a_relaxed_request_follows() {
    let mut req = Stage::new(Kind::Req);
    req.set(Setting::RequestRelaxed(true));
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    answer(&mut peer, "unwanted");
    assert!(req.can_receive());
    req.send(&["b"]).unwrap();
    assert!(!req.can_receive());
    assert_eq!(req.counted().dropped_unexpected, 1);
    answer(&mut peer, "wanted");
    assert_eq!(req.receive(), Ok(whole(&["wanted"])));
}

#[test]
fn without_room_a_request_is_refused_and_may_be_sent_later() {
    let mut req = Stage::new(Kind::Req);
    assert_eq!(req.send(&["a"]), Err(Refusal::Full));
    assert_eq!(req.pattern.refusal(), Refusal::Full);
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    assert_eq!(peer.hears(), Some(whole(&["", "a"])));
}

#[test]
fn a_reply_that_was_seen_is_handed_out_though_its_peer_is_removed() {
    let mut req = Stage::new(Kind::Req);
    let mut peer = req.peer();
    req.send(&["a"]).unwrap();
    answer(&mut peer, "b");
    assert!(req.can_receive());
    req.pattern.remove_peer(peer.id);
    assert_eq!(req.receive(), Ok(whole(&["b"])));
}

#[test]
fn a_request_whose_peer_is_removed_in_the_middle_goes_nowhere_and_is_counted() {
    let mut req = Stage::new(Kind::Req);
    let mut removed = req.peer();
    let mut other = req.peer();
    req.part("a", true).unwrap();
    req.pattern.remove_peer(removed.id);
    req.part("b", false).unwrap();
    assert_eq!(removed.hears(), None);
    assert_eq!(other.hears(), None);
    assert_eq!(req.counted().dropped_unfinished, 1);
    other.says(&["", "anybody's"]);
    assert_eq!(req.receive(), Ok(whole(&["anybody's"])));
}
