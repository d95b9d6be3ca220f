//! ROUTER: what ZeroMQ promises of it.

use super::*;

#[test]
fn a_message_is_handed_out_behind_the_name_of_its_peer() {
    let mut router = Stage::new(Kind::Router);
    let mut peer = router.peer_named("ann");
    peer.says(&["a", "b"]);
    assert_eq!(router.receive(), Ok(whole(&["ann", "a", "b"])));
}

#[test]
fn a_message_goes_to_the_peer_that_its_first_frame_names() {
    let mut router = Stage::new(Kind::Router);
    let mut ann = router.peer_named("ann");
    let mut bob = router.peer_named("bob");
    router.send(&["bob", "", "b"]).unwrap();
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(ann.hears_all(), [["a"]]);
    assert_eq!(bob.hears_all(), [["", "b"]]);
}

#[test]
fn a_peer_without_a_name_gets_one_of_a_zero_byte_and_a_number() {
    let mut router = Stage::new(Kind::Router);
    let mut peers = [router.peer(), router.peer()];
    let mut names = Vec::new();
    for peer in &mut peers {
        peer.says(&["a"]);
        let (name, more) = router.frame().unwrap();
        assert!(more);
        assert_eq!((name.len(), name[0]), (5, 0));
        router.receive().unwrap();
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
    let name = std::str::from_utf8(&names[1]).expect("numbers start low here");
    router.send(&[name, "b"]).unwrap();
    assert_eq!(peers[1].hears_all(), [["b"]]);
    assert_eq!(peers[0].hears(), None);
}

#[test]
fn messages_come_from_peers_in_turn() {
    let mut router = Stage::new(Kind::Router);
    let mut peers = [router.peer_named("a"), router.peer_named("b")];
    for peer in &mut peers {
        peer.says(&["1"]);
        peer.says(&["2"]);
    }
    let expected = [["a", "1"], ["b", "1"], ["a", "2"], ["b", "2"]];
    assert_eq!(router.receive_all(), expected);
}

#[test]
fn a_message_to_nobody_is_dropped_whole_and_counted() {
    let mut router = Stage::new(Kind::Router);
    let mut ann = router.peer_named("ann");
    assert!(router.can_send());
    router.send(&["bob", "ann", "x"]).unwrap();
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(ann.hears_all(), [["a"]]);
    assert_eq!(router.counted().dropped_unroutable, 1);
}

#[test]
fn a_name_alone_is_no_message() {
    let mut router = Stage::new(Kind::Router);
    let mut ann = router.peer_named("ann");
    router.send(&["ann"]).unwrap();
    assert_eq!(ann.hears(), None);
    assert_eq!(router.counted().dropped_unroutable, 1);
}

#[test]
fn a_message_to_a_full_peer_is_dropped_whole_and_counted() {
    let mut router = Stage::with_mark(Kind::Router, 1);
    let mut ann = router.peer_named("ann");
    for _ in 0..3 {
        router.send(&["ann", "a", "b"]).unwrap();
    }
    assert_eq!(ann.hears_all(), [["a", "b"]]);
    assert_eq!(router.counted().dropped_full, 2);
    router.send(&["ann", "c"]).unwrap();
    assert_eq!(ann.hears_all(), [["c"]]);
}

#[test]
fn a_mandatory_message_that_cannot_be_routed_is_refused_with_the_reason() {
    let mut router = Stage::with_mark(Kind::Router, 1);
    router.set(Setting::RouterMandatory(true));
    let mut ann = router.peer_named("ann");
    assert_eq!(router.send(&["bob", "x"]), Err(Refusal::Unroutable));
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(router.send(&["ann", "b"]), Err(Refusal::Full));
    assert_eq!(ann.hears(), Some(whole(&["a"])));
    router.send(&["ann", "b"]).unwrap();
    assert_eq!(ann.hears(), Some(whole(&["b"])));
    let counted = router.counted();
    assert_eq!((counted.dropped_full, counted.dropped_unroutable), (0, 0));
}

#[test]
fn a_mandatory_router_can_send_while_any_peer_has_room_and_is_told_when_one_has() {
    let mut router = Stage::with_mark(Kind::Router, 1);
    router.set(Setting::RouterMandatory(true));
    assert!(!router.can_send());
    let mut ann = router.peer_named("ann");
    let _bob = router.peer_named("bob");
    router.send(&["bob", "b"]).unwrap();
    assert!(router.can_send());
    router.send(&["ann", "a"]).unwrap();
    assert!(!router.can_send());
    assert!(!router.owner.has_news());
    ann.hears().unwrap();
    assert!(router.owner.has_news());
    assert!(router.can_send());
}

#[test]
fn a_newcomer_with_a_name_that_is_taken_is_not_heard_until_the_holder_is_gone() {
    let mut router = Stage::new(Kind::Router);
    let mut first = router.peer_named("ann");
    let mut second = router.peer_named("ann");
    second.says(&["second"]);
    first.says(&["first"]);
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(router.receive_all(), [["ann", "first"]]);
    assert_eq!(second.hears(), None);
    drop(first);
    assert_eq!(router.receive_all(), [["ann", "second"]]);
    router.send(&["ann", "b"]).unwrap();
    assert_eq!(second.hears_all(), [["b"]]);
}

#[test]
fn those_who_wait_for_a_name_get_it_in_the_order_in_which_they_came() {
    let mut router = Stage::new(Kind::Router);
    let first = router.peer_named("ann");
    let mut waiting: Vec<Peer> = (0..3).map(|_| router.peer_named("ann")).collect();
    for (index, peer) in waiting.iter_mut().enumerate() {
        peer.says(&[&index.to_string()]);
    }
    drop(first);
    assert_eq!(router.receive_all(), [["ann", "0"]]);
    // Who left while it waited is passed over.
    drop(waiting.remove(1));
    drop(waiting.remove(0));
    assert_eq!(router.receive_all(), [["ann", "2"]]);
    assert_eq!(router.counted().dropped_closed, 1);
}

#[test]
fn a_newcomer_takes_the_name_of_one_that_left_and_what_that_one_said_keeps_it() {
    let mut router = Stage::new(Kind::Router);
    let mut first = router.peer_named("ann");
    first.says(&["before"]);
    drop(first);
    let mut second = router.peer_named("ann");
    second.says(&["after"]);
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(second.hears_all(), [["a"]]);
    assert_eq!(router.receive_all(), [["ann", "before"], ["ann", "after"]]);
    router.send(&["ann", "b"]).unwrap();
    assert_eq!(second.hears_all(), [["b"]]);
}

#[test]
fn one_who_waited_comes_before_a_newcomer_when_the_holder_has_left() {
    let mut router = Stage::new(Kind::Router);
    let mut first = router.peer_named("ann");
    first.says(&["unread"]);
    let mut waiting = router.peer_named("ann");
    drop(first);
    let mut newcomer = router.peer_named("ann");
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(waiting.hears_all(), [["a"]]);
    assert_eq!(newcomer.hears(), None);
}

#[test]
fn with_handover_a_newcomer_takes_the_name_and_the_holder_is_let_go_of() {
    let mut router = Stage::new(Kind::Router);
    let mut first = router.peer_named("ann");
    first.says(&["unread"]);
    let waiting = router.peer_named("ann");
    router.set(Setting::RouterHandover(true));
    let mut newcomer = router.peer_named("ann");
    newcomer.says(&["new"]);
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(newcomer.hears_all(), [["a"]]);
    assert_eq!(router.receive_all(), [["ann", "new"]]);
    assert_eq!(router.counted().dropped_closed, 1);
    assert!(first.to.unwrap().is_reader_gone());
    assert!(!waiting.to.unwrap().is_reader_gone());
}

#[test]
fn a_message_whose_name_was_handed_out_is_handed_out_though_its_peer_is_removed() {
    let mut router = Stage::new(Kind::Router);
    let mut ann = router.peer_named("ann");
    let mut bob = router.peer_named("bob");
    ann.says(&["a", "b"]);
    ann.says(&["c"]);
    bob.says(&["d"]);
    assert_eq!(router.frame(), Ok((b"ann".to_vec(), true)));
    router.pattern.remove_peer(ann.id);
    assert!(router.can_receive());
    assert_eq!(router.receive(), Ok(whole(&["a", "b"])));
    assert_eq!(router.receive_all(), [["bob", "d"]]);
    assert_eq!(router.counted().dropped_closed, 1);
}

#[test]
fn a_newcomer_that_takes_a_name_over_between_two_frames_changes_nothing_of_the_message() {
    let mut router = Stage::new(Kind::Router);
    router.set(Setting::RouterHandover(true));
    let mut first = router.peer_named("ann");
    first.says(&["a", "b"]);
    assert_eq!(router.frame(), Ok((b"ann".to_vec(), true)));
    let mut second = router.peer_named("ann");
    second.says(&["c"]);
    assert_eq!(router.receive(), Ok(whole(&["a", "b"])));
    assert_eq!(router.receive_all(), [["ann", "c"]]);
}

#[test]
fn the_rest_of_a_message_to_a_removed_peer_goes_to_nobody_and_is_counted() {
    let mut router = Stage::new(Kind::Router);
    let mut ann = router.peer_named("ann");
    router.part("ann", true).unwrap();
    router.part("a", true).unwrap();
    router.pattern.remove_peer(ann.id);
    let mut bob = router.peer_named("bob");
    router.part("b", false).unwrap();
    router.send(&["bob", "c"]).unwrap();
    assert_eq!(ann.hears(), None);
    assert_eq!(bob.hears_all(), [["c"]]);
    assert_eq!(router.counted().dropped_unfinished, 1);
}

#[test]
fn what_an_unheard_peer_said_is_counted_when_it_is_removed() {
    let mut router = Stage::new(Kind::Router);
    let _first = router.peer_named("ann");
    let mut second = router.peer_named("ann");
    second.says(&["a"]);
    second.says(&["b"]);
    router.pattern.remove_peer(second.id);
    assert_eq!(router.counted().dropped_closed, 2);
}

#[test]
fn a_name_that_was_chosen_for_a_peer_is_its_name_whatever_it_calls_itself() {
    let mut router = Stage::new(Kind::Router);
    let id = router.name();
    assert!(router.pattern.expect(id, b"chosen"));
    assert!(!router.pattern.expect(PeerId(99), b"chosen"));
    let from = router.outbound(id);
    router.send(&["chosen", "early"]).unwrap();
    let to = router.inbound(id, "ann");
    let mut peer = Peer { id, to, from };
    peer.says(&["a"]);
    assert_eq!(peer.hears_all(), [["early"]]);
    assert_eq!(router.receive(), Ok(whole(&["chosen", "a"])));
    router.send(&["ann", "x"]).unwrap();
    assert_eq!(peer.hears(), None);
}

#[test]
fn a_peer_that_is_expected_and_not_there_yet_keeps_its_name() {
    let mut router = Stage::new(Kind::Router);
    let id = router.name();
    assert!(router.pattern.expect(id, b"ann"));
    let mut newcomer = router.peer_named("ann");
    newcomer.says(&["x"]);
    assert_eq!(router.receive(), Err(Nothing::Empty));
    let from = router.outbound(id);
    let to = router.inbound(id, "");
    let mut expected = Peer { id, to, from };
    expected.says(&["a"]);
    assert_eq!(router.receive_all(), [["ann", "a"]]);
}

#[test]
fn a_peer_that_came_and_went_before_anybody_looked_is_heard_and_keeps_no_name() {
    let mut router = Stage::new(Kind::Router);
    // As the socket has it where the session is gone: no pipe to the peer is made.
    let id = router.name();
    let mut to = router.inbound(id, "ann").unwrap();
    to.write_frame(false, b"hello");
    to.publish();
    drop(to);
    let mut second = router.peer_named("ann");
    second.says(&["again"]);
    assert_eq!(router.receive_all(), [["ann", "hello"], ["ann", "again"]]);
}

#[test]
fn one_that_never_receives_keeps_nothing_of_peers_that_left() {
    let mut router = Stage::new(Kind::Router);
    router.crowd(&[]);
    check_empty(&mut router);
}

#[test]
fn one_that_receives_keeps_nothing_of_peers_that_left() {
    let mut router = Stage::new(Kind::Router);
    router.crowd(&["hello"]);
    assert_eq!(router.receive_all().len(), 3_000);
    check_empty(&mut router);
}

#[test]
fn peers_that_return_under_one_name_do_not_pile_up() {
    let mut router = Stage::new(Kind::Router);
    let _holder = router.peer_named("ann");
    for _ in 0..1_000 {
        drop(router.peer_named("ann"));
    }
    let mut readers = 0;
    router.pattern.for_each_reader(|_, _| readers += 1);
    assert!(readers <= 2, "the holder and the last: {readers}");
}

fn check_empty(router: &mut Stage) {
    let Pattern::Router(state) = &router.pattern else {
        unreachable!("it is one");
    };
    assert_eq!(state.sizes(), [0; 4]);
}

#[test]
fn a_mandatory_router_cannot_send_to_a_peer_that_no_message_can_name() {
    let mut router = Stage::new(Kind::Router);
    router.set(Setting::RouterMandatory(true));
    let connecting = router.name();
    let _nameless = router.outbound(connecting);
    assert!(!router.can_send());
    let _ann = router.peer_named("ann");
    assert!(router.can_send());
}

#[test]
fn with_handover_the_successor_of_one_that_left_with_messages_unread_is_heard() {
    let mut router = Stage::new(Kind::Router);
    router.set(Setting::RouterHandover(true));
    let mut first = router.peer_named("ann");
    first.says(&["1"]);
    drop(first);
    let mut second = router.peer_named("ann");
    second.says(&["2"]);
    assert_eq!(router.receive_all(), [["ann", "1"], ["ann", "2"]]);
    router.send(&["ann", "a"]).unwrap();
    assert_eq!(second.hears_all(), [["a"]]);
}
