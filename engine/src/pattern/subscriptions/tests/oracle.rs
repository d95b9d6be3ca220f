//! Random operations on a store and on a plain map, which must agree.

use std::collections::{BTreeMap, BTreeSet};

use super::{Added, Left, PeerIndex, Random, Removed, Subscribers, Topics, matching, topics_of};

/// Topics that share starts: few letters, and now and then a way longer than one label. `letters` decides how wide
/// nodes become.
fn topic(random: &mut Random, letters: usize) -> Vec<u8> {
    let start = match random.below(12) {
        0 => vec![b'x'; 900 + random.below(3) * 100],
        1 => vec![b'x'; 2_000 + random.below(200)],
        2 => vec![b'x'; random.below(60)],
        _ => Vec::new(),
    };
    let len = random.below(6);
    let end = (0..len).map(|_| random.below(letters) as u8);
    start.into_iter().chain(end).collect()
}

/// A message that may start with such a topic.
fn message(random: &mut Random, letters: usize) -> Vec<u8> {
    let mut message = topic(random, letters);
    message.extend(topic(random, letters));
    message
}

#[test]
fn topics_agree_with_a_map_of_counts() {
    for seed in 0..32 {
        let mut random = Random(seed);
        let letters = [2, 5, 60, 256][seed as usize % 4];
        let mut topics = Topics::new();
        let mut oracle = BTreeMap::<Vec<u8>, u32>::new();
        for step in 0..1_500 {
            // Grows first, then shrinks.
            let topic = topic(&mut random, letters);
            if random.below(10) < if step < 900 { 7 } else { 3 } {
                let count = oracle.entry(topic.clone()).or_default();
                *count += 1;
                assert_eq!(
                    topics.insert(&topic),
                    *count == 1,
                    "seed {seed}, step {step}"
                );
            } else {
                let expected = match oracle.get_mut(&topic) {
                    None => Removed::Unknown,
                    Some(1) => {
                        oracle.remove(&topic);
                        Removed::Last
                    }
                    Some(count) => {
                        *count -= 1;
                        Removed::StillReferenced
                    }
                };
                assert_eq!(topics.remove(&topic), expected, "seed {seed}, step {step}");
            }
            let message = message(&mut random, letters);
            let expected = oracle.keys().any(|topic| message.starts_with(topic));
            assert_eq!(
                topics.matches(&message),
                expected,
                "seed {seed}, step {step}"
            );
            if step % 50 == 0 {
                topics.check();
                assert!(
                    topics.listed().iter().eq(oracle.keys()),
                    "seed {seed}, step {step}"
                );
                assert_eq!(topics.len(), oracle.len());
            }
        }
        for (topic, count) in oracle {
            for left in (0..count).rev() {
                let expected = if left == 0 {
                    Removed::Last
                } else {
                    Removed::StillReferenced
                };
                assert_eq!(topics.remove(&topic), expected);
            }
            topics.check();
        }
        assert_eq!(
            (topics.len(), topics.node_count(), topics.bytes()),
            (0, 0, 0)
        );
    }
}

type Oracle = BTreeMap<Vec<u8>, BTreeSet<u32>>;

/// What subscribing and cancelling do by the book.
fn oracle_step(oracle: &mut Oracle, topic: &[u8], peer: u32, subscribe: bool) -> (Added, Left) {
    let peers = oracle.entry(topic.to_vec()).or_default();
    let (was_empty, changed) = if subscribe {
        (peers.is_empty(), peers.insert(peer))
    } else {
        (peers.is_empty(), peers.remove(&peer))
    };
    let is_empty = peers.is_empty();
    if is_empty {
        oracle.remove(topic);
    }
    let added = match (changed, was_empty) {
        (false, _) => Added::Already,
        (true, true) => Added::FirstOfTopic,
        (true, false) => Added::Another,
    };
    let left = match (changed, is_empty) {
        (false, _) => Left::Unknown,
        (true, true) => Left::LastOfTopic,
        (true, false) => Left::OthersStay,
    };
    (added, left)
}

/// Removes a peer from both, and compares which topics are gone.
fn remove_peer(subscribers: &mut Subscribers, oracle: &mut Oracle, peer: u32) {
    let mut gone = Vec::new();
    subscribers.remove_peer(PeerIndex(peer), |topic| gone.push(topic.to_vec()));
    gone.sort();
    let mut expected = Vec::new();
    oracle.retain(|topic, peers| {
        let was_last = peers.remove(&peer) && peers.is_empty();
        if was_last {
            expected.push(topic.clone());
        }
        !was_last
    });
    assert_eq!(gone, expected);
    assert_eq!(subscribers.topic_count_of(PeerIndex(peer)), 0);
}

fn compare(subscribers: &Subscribers, oracle: &Oracle, peers: &[u32]) {
    subscribers.check();
    assert_eq!(subscribers.len(), oracle.len());
    for peer in peers {
        let held = oracle.iter().filter(|(_, peers)| peers.contains(peer));
        let expected: Vec<_> = held.map(|(topic, _)| topic.clone()).collect();
        assert_eq!(subscribers.topic_count_of(PeerIndex(*peer)), expected.len());
        assert_eq!(topics_of(subscribers, *peer), expected);
    }
}

#[test]
fn subscribers_agree_with_a_map_of_sets() {
    // Few peers, many, and some whose numbers lie so far apart that a bitmap would be waste.
    let crowds: [Vec<u32>; 3] = [
        (0..3).collect(),
        (0..150).collect(),
        (0..40).map(|n| n * n * 37).collect(),
    ];
    for seed in 0..18 {
        let mut random = Random(seed);
        let peers = &crowds[seed as usize % 3];
        let letters = [2, 4, 256][seed as usize / 3 % 3];
        let mut subscribers = Subscribers::new();
        let mut oracle = Oracle::new();
        for step in 0..2_500 {
            let topic = topic(&mut random, letters);
            let peer = peers[random.below(peers.len())];
            let subscribe = random.below(10) < if step < 1_700 { 8 } else { 2 };
            let (added, left) = oracle_step(&mut oracle, &topic, peer, subscribe);
            if subscribe {
                assert_eq!(
                    subscribers.add(&topic, PeerIndex(peer)),
                    added,
                    "{seed}, {step}"
                );
            } else {
                assert_eq!(
                    subscribers.remove(&topic, PeerIndex(peer)),
                    left,
                    "{seed}, {step}"
                );
            }
            let message = message(&mut random, letters);
            let held = oracle
                .iter()
                .filter(|(topic, _)| message.starts_with(topic));
            let mut expected: Vec<u32> = held.flat_map(|(_, peers)| peers).copied().collect();
            expected.sort_unstable();
            assert_eq!(
                matching(&subscribers, &message),
                expected,
                "seed {seed}, step {step}"
            );
            if step % 400 == 399 {
                compare(&subscribers, &oracle, peers);
                remove_peer(&mut subscribers, &mut oracle, peer);
            }
        }
        for peer in peers {
            remove_peer(&mut subscribers, &mut oracle, *peer);
            subscribers.check();
        }
        assert_eq!((subscribers.len(), subscribers.node_count()), (0, 0));
        assert!(oracle.is_empty());
    }
}
