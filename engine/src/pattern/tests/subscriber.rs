//! SUB: what ZeroMQ promises of it.

use super::*;

/// A SUBSCRIBE as it stands in a pipe.
fn subscribe(topic: &str) -> Whole {
    vec![format!("\u{9}SUBSCRIBE{topic}")]
}

fn cancel(topic: &str) -> Whole {
    vec![format!("\u{6}CANCEL{topic}")]
}

fn wanting(topics: &[&str]) -> Stage {
    let mut sub = Stage::new(Kind::Sub);
    for topic in topics {
        sub.set(Setting::Subscribe(topic.as_bytes()));
    }
    sub
}

#[test]
fn it_does_not_send() {
    let mut sub = wanting(&[""]);
    let mut peer = sub.peer();
    peer.hears_all();
    assert!(!sub.can_send());
    assert_eq!(sub.send(&["\u{1}a"]), Err(Refusal::Unsupported));
    assert_eq!(peer.hears(), None);
}

#[test]
fn what_was_not_subscribed_to_is_passed_over_and_counted() {
    let mut sub = wanting(&["a"]);
    let mut peer = sub.peer();
    peer.says(&["b", "a"]);
    peer.says(&["a", "b"]);
    peer.says(&["c"]);
    assert!(sub.can_receive());
    assert_eq!(sub.receive_all(), [["a", "b"]]);
    assert_eq!(sub.counted().dropped_unexpected, 2);
}

#[test]
fn without_subscriptions_nothing_is_received() {
    let mut sub = wanting(&[]);
    let mut peer = sub.peer();
    peer.says(&["a"]);
    assert_eq!(sub.receive(), Err(Nothing::Empty));
}

#[test]
fn messages_come_from_peers_in_turn() {
    let mut sub = wanting(&[""]);
    let mut peers = [sub.peer(), sub.peer()];
    for peer in &mut peers {
        peer.says(&["1"]);
        peer.says(&["2"]);
    }
    assert_eq!(sub.receive_all(), [["1"], ["1"], ["2"], ["2"]]);
}

#[test]
fn each_new_pipe_begins_with_all_subscriptions() {
    let mut sub = wanting(&["a", "b", "b"]);
    for _ in 0..2 {
        let mut peer = sub.peer();
        assert_eq!(peer.hears_all(), [subscribe("a"), subscribe("b")]);
    }
    let id = sub.name();
    let mut first = sub.outbound(id);
    assert!(first.take().is_some());
    let again = sub.outbound(id);
    let mut peer = Peer {
        id,
        to: None,
        from: again,
    };
    assert_eq!(peer.hears_all(), [subscribe("a"), subscribe("b")]);
}

#[test]
fn each_subscription_is_told_and_only_the_last_of_a_topic_is_cancelled() {
    let mut sub = wanting(&[]);
    let mut peer = sub.peer();
    sub.set(Setting::Subscribe(b"a"));
    sub.set(Setting::Subscribe(b"a"));
    assert_eq!(peer.hears_all(), [subscribe("a"), subscribe("a")]);
    sub.set(Setting::Unsubscribe(b"a"));
    assert_eq!(peer.hears(), None);
    peer.says(&["a"]);
    assert_eq!(sub.receive(), Ok(whole(&["a"])));
    sub.set(Setting::Unsubscribe(b"a"));
    assert_eq!(peer.hears_all(), [cancel("a")]);
    peer.says(&["a"]);
    assert_eq!(sub.receive(), Err(Nothing::Empty));
}

#[test]
fn to_unsubscribe_from_an_unknown_topic_is_no_mistake_and_not_told() {
    let mut sub = wanting(&["a"]);
    let mut peer = sub.peer();
    peer.hears_all();
    sub.set(Setting::Unsubscribe(b"b"));
    assert_eq!(peer.hears(), None);
}

#[test]
fn subscriptions_do_not_count_for_the_mark() {
    let mut sub = Stage::with_mark(Kind::Sub, 1);
    let mut early = sub.peer();
    for topic in 0..5_000 {
        sub.set(Setting::Subscribe(topic.to_string().as_bytes()));
    }
    let mut late = sub.peer();
    assert_eq!(early.hears_all().len(), 5_000);
    assert_eq!(late.hears_all().len(), 5_000);
}

#[test]
fn a_long_topic_is_told_whole() {
    let long = "x".repeat(100_000);
    let mut sub = wanting(&[&long]);
    let mut peer = sub.peer();
    assert_eq!(peer.hears_all(), [subscribe(&long)]);
}

#[test]
fn inverted_what_was_subscribed_to_is_passed_over() {
    let mut sub = wanting(&["a"]);
    sub.set(Setting::InvertMatching(true));
    let mut peer = sub.peer();
    peer.says(&["a"]);
    peer.says(&["b"]);
    assert_eq!(sub.receive_all(), [["b"]]);
}

#[test]
fn the_rest_of_a_message_is_handed_out_whatever_is_unsubscribed_meanwhile() {
    let mut sub = wanting(&["a"]);
    let mut peer = sub.peer();
    peer.says(&["a", "b"]);
    assert_eq!(sub.frame(), Ok((b"a".to_vec(), true)));
    sub.set(Setting::Unsubscribe(b"a"));
    sub.pattern.remove_peer(peer.id);
    assert_eq!(sub.receive(), Ok(whole(&["b"])));
}

#[test]
fn it_keeps_nothing_of_peers_that_left() {
    let mut sub = wanting(&["a"]);
    sub.crowd(&[]);
    let mut writers = 0;
    sub.pattern.for_each_writer(|_, _| writers += 1);
    assert_eq!(writers, 0);
    sub.crowd(&["a"]);
    assert_eq!(sub.receive_all().len(), 3_000);
    sub.pattern.for_each_writer(|_, _| writers += 1);
    assert_eq!(writers, 0);
}
