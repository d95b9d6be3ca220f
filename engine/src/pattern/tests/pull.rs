//! PULL: what ZeroMQ promises of it.

use super::*;

#[test]
fn messages_come_from_peers_in_turn() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peers = [pull.peer(), pull.peer()];
    for message in ["a1", "a2", "a3"] {
        peers[0].says(&[message]);
    }
    peers[1].says(&["b1"]);
    peers[1].says(&["b2"]);
    assert_eq!(pull.receive_all(), [["a1"], ["b1"], ["a2"], ["b2"], ["a3"]]);
}

#[test]
fn a_message_is_handed_out_whole_before_the_next_peer_has_its_turn() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peers = [pull.peer(), pull.peer()];
    peers[0].says(&["a", "b", "c"]);
    peers[1].says(&["d"]);
    assert_eq!(pull.receive(), Ok(whole(&["a", "b", "c"])));
    assert_eq!(pull.receive(), Ok(whole(&["d"])));
    assert_eq!(pull.receive(), Err(Nothing::Empty));
}

#[test]
fn a_message_without_its_last_part_is_not_there() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peer = pull.peer();
    let to = peer.to.as_mut().unwrap();
    to.write_frame(true, b"a");
    to.publish();
    assert!(!pull.can_receive());
    peer.says(&["b"]);
    assert_eq!(pull.receive(), Ok(whole(&["a", "b"])));
}

#[test]
fn what_a_peer_said_before_it_left_is_received() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peer = pull.peer();
    peer.says(&["a"]);
    peer.says(&["b"]);
    drop(peer);
    assert_eq!(pull.receive_all(), [["a"], ["b"]]);
}

#[test]
fn a_removed_peers_message_that_has_begun_is_handed_out_and_the_others_are_counted() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peer = pull.peer();
    peer.says(&["a", "b", "c"]);
    peer.says(&["d"]);
    peer.says(&["e"]);
    assert_eq!(pull.frame(), Ok((b"a".to_vec(), true)));
    pull.pattern.remove_peer(peer.id);
    assert_eq!(pull.receive(), Ok(whole(&["b", "c"])));
    assert_eq!(pull.receive(), Err(Nothing::Empty));
    assert_eq!(pull.counted().dropped_closed, 2);
}

#[test]
fn closing_counts_what_was_not_read() {
    let mut pull = Stage::new(Kind::Pull);
    let mut peers = [pull.peer(), pull.peer()];
    peers[0].says(&["a", "b"]);
    peers[0].says(&["c"]);
    peers[1].says(&["d"]);
    assert_eq!(pull.frame(), Ok((b"a".to_vec(), true)));
    assert_eq!(pull.pattern.close_readers(), 3);
}

#[test]
fn it_does_not_send() {
    let mut pull = Stage::new(Kind::Pull);
    let _peer = pull.peer();
    assert!(!pull.can_send());
    assert_eq!(pull.send(&["a"]), Err(Refusal::Unsupported));
    assert_eq!(pull.pattern.refusal(), Refusal::Unsupported);
}

#[test]
fn a_thousand_peers_have_equal_shares_however_much_each_has_to_say() {
    const PEERS: usize = 1_000;
    let mut pull = Stage::new(Kind::Pull);
    let mut peers: Vec<Peer> = (0..PEERS).map(|_| pull.peer()).collect();
    for (index, peer) in peers.iter_mut().enumerate() {
        let name = index.to_string();
        for _ in 0..10 + index % 7 * 10 {
            peer.says(&[&name]);
        }
    }
    let mut shares = vec![0; PEERS];
    for _ in 0..10 * PEERS {
        let message = pull.receive().unwrap();
        shares[message[0].parse::<usize>().unwrap()] += 1;
    }
    assert_eq!(shares, vec![10; PEERS]);
}
