//! The cases that a random test may miss, by name.

use super::{Added, Left, PeerIndex, Removed, Subscribers, Topics, matching, topics_of};

const A: PeerIndex = PeerIndex(0);
const B: PeerIndex = PeerIndex(1);

#[test]
fn the_empty_topic_matches_every_message() {
    let mut topics = Topics::new();
    assert!(!topics.matches(b"") && !topics.matches(b"message"));
    assert!(topics.insert(b""));
    assert!(topics.matches(b"") && topics.matches(b"message"));
    assert_eq!(
        (topics.len(), topics.node_count(), topics.bytes()),
        (1, 0, 0)
    );
    assert_eq!(topics.remove(b""), Removed::Last);
    assert!(!topics.matches(b""));
}

#[test]
fn a_topic_matches_what_starts_with_it_and_nothing_shorter() {
    let mut topics = Topics::new();
    topics.insert(b"quotes.");
    assert!(topics.matches(b"quotes.") && topics.matches(b"quotes.eur"));
    assert!(!topics.matches(b"quotes") && !topics.matches(b"") && !topics.matches(b"Quotes."));
}

#[test]
fn a_topic_is_subscribed_until_its_last_reference_goes() {
    let mut topics = Topics::new();
    assert!(topics.insert(b"a"));
    assert!(!topics.insert(b"a"));
    assert_eq!(topics.remove(b"a"), Removed::StillReferenced);
    assert!(topics.matches(b"a"));
    assert_eq!(topics.remove(b"a"), Removed::Last);
    assert!(!topics.matches(b"a"));
    assert_eq!(topics.remove(b"a"), Removed::Unknown);
}

#[test]
fn a_way_that_is_split_and_joined_again_is_one_node() {
    let mut topics = Topics::new();
    topics.insert(b"quotes.eur");
    assert_eq!(topics.node_count(), 1);
    topics.insert(b"quotes.usd");
    assert_eq!(topics.node_count(), 3, "a node where the ways part");
    topics.insert(b"quotes.");
    topics.insert(b"quo");
    assert_eq!((topics.node_count(), topics.len()), (4, 4));
    assert_eq!(
        topics.listed(),
        [&b"quo"[..], b"quotes.", b"quotes.eur", b"quotes.usd"]
    );
    assert_eq!(topics.remove(b"quot"), Removed::Unknown);
    assert_eq!(topics.remove(b"quotes.usd"), Removed::Last);
    assert_eq!(topics.remove(b"quo"), Removed::Last);
    assert_eq!(topics.node_count(), 2);
    assert_eq!(topics.remove(b"quotes."), Removed::Last);
    assert_eq!(topics.node_count(), 1);
    topics.check();
    assert!(topics.matches(b"quotes.eur") && !topics.matches(b"quotes."));
}

#[test]
fn a_place_where_ways_part_is_no_topic() {
    let mut topics = Topics::new();
    topics.insert(b"ab");
    topics.insert(b"ac");
    assert!(!topics.matches(b"a"));
    assert_eq!(topics.remove(b"a"), Removed::Unknown);
    assert_eq!(topics.len(), 2);
}

#[test]
fn a_peer_counts_once_however_often_it_subscribes() {
    let mut subscribers = Subscribers::new();
    assert_eq!(subscribers.add(b"a", A), Added::FirstOfTopic);
    assert_eq!(subscribers.add(b"a", A), Added::Already);
    assert_eq!(subscribers.add(b"a", B), Added::Another);
    assert_eq!(subscribers.add(b"a", B), Added::Already);
    assert_eq!(matching(&subscribers, b"a"), [0, 1]);
    assert_eq!(subscribers.remove(b"a", A), Left::OthersStay);
    assert_eq!(subscribers.remove(b"a", A), Left::Unknown);
    assert_eq!(matching(&subscribers, b"a"), [1]);
    assert_eq!(subscribers.remove(b"a", B), Left::LastOfTopic);
    assert_eq!(subscribers.remove(b"a", B), Left::Unknown);
    assert_eq!((subscribers.len(), subscribers.node_count()), (0, 0));
}

#[test]
fn a_peer_is_named_once_for_each_of_its_topics() {
    let mut subscribers = Subscribers::new();
    for topic in [&b""[..], b"a", b"ab", b"b"] {
        subscribers.add(topic, A);
    }
    subscribers.add(b"ab", B);
    assert_eq!(matching(&subscribers, b"abc"), [0, 0, 0, 1]);
}

#[test]
fn a_peer_that_leaves_takes_the_topics_of_nobody_else() {
    let mut subscribers = Subscribers::new();
    for topic in [&b""[..], b"quotes.eur", b"quotes.", b"orders"] {
        subscribers.add(topic, A);
    }
    subscribers.add(b"quotes.", B);
    subscribers.add(b"quotes.usd", B);
    let mut gone = Vec::new();
    subscribers.remove_peer(A, |topic| gone.push(topic.to_vec()));
    gone.sort();
    assert_eq!(gone, [&b""[..], b"orders", b"quotes.eur"]);
    assert_eq!(topics_of(&subscribers, 0), [b""; 0]);
    assert_eq!(topics_of(&subscribers, 1), [&b"quotes."[..], b"quotes.usd"]);
    subscribers.remove_peer(A, |_| panic!("it is gone already"));
    subscribers.remove_peer(PeerIndex(99), |_| panic!("it was never there"));
    assert_eq!(matching(&subscribers, b"quotes.usd"), [1, 1]);
}

#[test]
fn a_number_that_a_gone_peer_had_starts_without_topics() {
    let mut subscribers = Subscribers::new();
    subscribers.add(b"old", A);
    subscribers.remove_peer(A, |_| {});
    assert_eq!(subscribers.add(b"new", A), Added::FirstOfTopic);
    assert_eq!(topics_of(&subscribers, 0), [b"new"]);
    assert_eq!(matching(&subscribers, b"old"), [0; 0]);
}
