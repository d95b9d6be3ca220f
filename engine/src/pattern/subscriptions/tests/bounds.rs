//! Sizes that a peer can choose: they may cost what they are, and neither the stack nor the square.

use super::{Added, Left, PeerIndex, Random, Removed, Subscribers, Topics, matching, topics_of};

const MILLION: usize = 1_000_000;

#[test]
fn a_huge_topic_costs_its_bytes_and_no_stack() {
    let huge = Random(1).topic(64 << 20);
    let mut subscribers = Subscribers::new();
    assert_eq!(subscribers.add(&huge, PeerIndex(0)), Added::FirstOfTopic);
    assert!(subscribers.bytes() < huge.len() * 11 / 10);
    assert_eq!(matching(&subscribers, &huge), [0]);
    assert_eq!(matching(&subscribers, &huge[1..]), [0; 0]);
    assert_eq!(topics_of(&subscribers, 0), [&huge[..]]);
    assert_eq!(
        subscribers.remove(&huge[..huge.len() - 1], PeerIndex(0)),
        Left::Unknown
    );
    assert_eq!(subscribers.remove(&huge, PeerIndex(0)), Left::LastOfTopic);
    assert_eq!(subscribers.node_count(), 0);
    // And dropped while it is there.
    subscribers.add(&huge, PeerIndex(0));
}

/// Each prefix splits the way of the huge topic. If a split copied what lies behind it, this would copy more than
/// half a terabyte.
#[test]
fn many_prefixes_of_a_huge_topic_do_not_copy_it_each_time() {
    let huge = vec![b'a'; 64 << 20];
    let mut topics = Topics::new();
    topics.insert(&huge);
    let nodes = topics.node_count();
    assert!(
        nodes >= huge.len() / 2048,
        "its way is a chain of short pieces"
    );
    for len in 1..10_000 {
        assert!(topics.insert(&huge[..len]));
    }
    topics.check();
    for len in 1..10_000 {
        assert_eq!(topics.remove(&huge[..len]), Removed::Last);
    }
    topics.check();
    assert!(
        topics.node_count() <= nodes + 10,
        "the pieces were joined again"
    );
    assert_eq!(topics.remove(&huge), Removed::Last);
    assert_eq!((topics.node_count(), topics.bytes()), (0, 0));
}

#[test]
fn a_chain_of_prefixes_costs_one_node_each() {
    let letters = vec![b'a'; 10_000];
    let mut subscribers = Subscribers::new();
    for len in 1..=letters.len() {
        subscribers.add(&letters[..len], PeerIndex(len as u32 % 7));
    }
    assert_eq!(subscribers.node_count(), letters.len());
    assert!(
        subscribers.bytes() < letters.len() * 100,
        "{}",
        subscribers.bytes()
    );
    assert_eq!(matching(&subscribers, &letters[..70]).len(), 70);
    assert_eq!(matching(&subscribers, &letters).len(), letters.len());
    let mut gone = 0;
    for peer in 0..7 {
        subscribers.remove_peer(PeerIndex(peer), |_| gone += 1);
    }
    assert_eq!((gone, subscribers.node_count()), (letters.len(), 0));
}

/// Topics of 20 random bytes.
fn random_topics(count: usize, mut tell: impl FnMut(&[u8])) {
    let mut random = Random(1);
    for _ in 0..count {
        let mut topic = [0; 20];
        topic.fill_with(|| random.below(256) as u8);
        tell(&topic);
    }
}

#[test]
fn a_million_topics_take_less_than_a_hundred_bytes_each() {
    let mut subscribers = Subscribers::new();
    random_topics(MILLION, |topic| {
        assert_eq!(subscribers.add(topic, PeerIndex(7)), Added::FirstOfTopic);
    });
    assert_eq!(subscribers.len(), MILLION);
    let bytes_per_topic = subscribers.bytes() as f64 / MILLION as f64;
    println!(
        "{bytes_per_topic:.1} bytes per topic, {} nodes",
        subscribers.node_count()
    );
    assert!(bytes_per_topic < 100.0, "{bytes_per_topic}");
    // Their owner goes, and so does their memory.
    let mut gone = 0;
    subscribers.remove_peer(PeerIndex(7), |_| gone += 1);
    assert_eq!(
        (gone, subscribers.len(), subscribers.node_count()),
        (MILLION, 0, 0)
    );
    assert!(subscribers.bytes() < 1_000, "{}", subscribers.bytes());
}

/// A peer with few topics leaves two hundred thousand times. If that walked the topics of others, this would never end.
#[test]
fn a_peer_that_leaves_costs_its_own_topics_only() {
    let mut subscribers = Subscribers::new();
    random_topics(MILLION, |topic| {
        subscribers.add(topic, PeerIndex(0));
    });
    let nodes = subscribers.node_count();
    for round in 0..MILLION / 5 {
        subscribers.add(&round.to_le_bytes(), PeerIndex(1));
        subscribers.remove_peer(PeerIndex(1), |topic| assert_eq!(topic, round.to_le_bytes()));
    }
    assert_eq!(
        (subscribers.len(), subscribers.node_count()),
        (MILLION, nodes)
    );
}

#[test]
fn a_hundred_peers_of_the_same_topics_need_little_more_than_one() {
    let topics = 50_000usize;
    let mut subscribers = Subscribers::new();
    for peer in 0..100 {
        for topic in 0..topics {
            subscribers.add(&(topic as u64).to_le_bytes(), PeerIndex(peer));
        }
    }
    let bytes_per_topic = subscribers.bytes() as f64 / topics as f64;
    println!("{bytes_per_topic:.1} bytes per topic of 100 peers");
    assert!(bytes_per_topic < 150.0, "{bytes_per_topic}");
    assert_eq!(
        matching(&subscribers, &7u64.to_le_bytes()),
        (0..100).collect::<Vec<_>>()
    );
    for peer in 0..100 {
        let mut gone = 0;
        subscribers.remove_peer(PeerIndex(peer), |_| gone += 1);
        assert_eq!(gone, if peer == 99 { topics } else { 0 });
    }
    assert_eq!(subscribers.node_count(), 0);
    assert!(subscribers.bytes() < 10_000, "{}", subscribers.bytes());
}

/// As a peer with many topics leaves, the topics that stay keep only their own memory.
#[test]
fn memory_follows_what_is_left() {
    let mut subscribers = Subscribers::new();
    for topic in 0..1_000u32 {
        subscribers.add(&topic.to_le_bytes(), PeerIndex(0));
    }
    let before = subscribers.bytes();
    random_topics(MILLION / 4, |topic| {
        subscribers.add(topic, PeerIndex(1));
    });
    subscribers.remove_peer(PeerIndex(1), |_| {});
    let after = subscribers.bytes();
    println!("{before} bytes before, {after} after");
    assert!(
        after < before + MILLION / 2,
        "{before} before, {after} after"
    );
}
