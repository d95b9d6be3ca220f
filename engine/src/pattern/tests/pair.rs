//! PAIR: what ZeroMQ promises of it.

use super::*;

#[test]
fn messages_go_both_ways() {
    let mut pair = Stage::new(Kind::Pair);
    let mut peer = pair.peer();
    pair.send(&["a", "b"]).unwrap();
    peer.says(&["c"]);
    assert_eq!(peer.hears(), Some(whole(&["a", "b"])));
    assert_eq!(pair.receive(), Ok(whole(&["c"])));
}

#[test]
fn a_second_peer_is_refused() {
    let mut pair = Stage::new(Kind::Pair);
    let first = pair.peer();
    let second = pair.name();
    assert!(!pair.pattern.admits(second));
    assert!(pair.pattern.admits(first.id), "it is the one");
}

#[test]
fn the_next_peer_is_admitted_once_the_last_message_of_the_first_was_read() {
    let mut pair = Stage::new(Kind::Pair);
    let mut first = pair.peer();
    first.says(&["last"]);
    drop(first);
    let second = pair.name();
    assert!(!pair.pattern.admits(second));
    assert_eq!(pair.receive(), Ok(whole(&["last"])));
    assert!(pair.pattern.admits(second));
}

#[test]
fn the_next_peer_is_admitted_when_the_first_is_removed() {
    let mut pair = Stage::new(Kind::Pair);
    let first = pair.peer();
    pair.pattern.remove_peer(first.id);
    let mut second = pair.peer();
    pair.send(&["a"]).unwrap();
    assert_eq!(second.hears(), Some(whole(&["a"])));
}

#[test]
fn a_peer_that_had_left_before_it_arrived_keeps_nobody_out() {
    let mut pair = Stage::new(Kind::Pair);
    let id = pair.name();
    assert!(pair.pattern.admits(id));
    let (to, reader) = pipe(
        pair.config(),
        Pool::new(),
        pair.far.clone(),
        0,
        pair.owner.clone(),
        0,
    );
    drop(to);
    pair.pattern.add_reader(id, reader, b"");
    let next = pair.name();
    assert!(pair.pattern.admits(next));
}

#[test]
fn without_room_a_message_is_refused() {
    let mut pair = Stage::with_mark(Kind::Pair, 1);
    assert_eq!(pair.send(&["a"]), Err(Refusal::Full));
    let mut peer = pair.peer();
    pair.send(&["a"]).unwrap();
    assert_eq!(pair.send(&["b"]), Err(Refusal::Full));
    assert_eq!(peer.hears(), Some(whole(&["a"])));
    pair.send(&["b"]).unwrap();
    assert_eq!(peer.hears(), Some(whole(&["b"])));
}

#[test]
fn a_message_that_was_begun_for_one_peer_is_not_ended_for_the_next() {
    let mut pair = Stage::new(Kind::Pair);
    let first = pair.peer();
    pair.part("a", true).unwrap();
    pair.pattern.remove_peer(first.id);
    let mut second = pair.peer();
    pair.part("b", false).unwrap();
    pair.send(&["c"]).unwrap();
    assert_eq!(second.hears_all(), [["c"]]);
    assert_eq!(pair.counted().dropped_unfinished, 1);
}
