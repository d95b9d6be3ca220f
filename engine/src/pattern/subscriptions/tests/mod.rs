//! The stores against plain maps, and at sizes where a careless one runs out of stack, time or memory.

mod bounds;
mod oracle;
mod shapes;

use super::*;

/// A sequence of numbers that one seed determines, so that a failure can be run again.
struct Random(u64);

impl Random {
    /// The next number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn topic(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}

impl Topics {
    fn check(&self) {
        self.trie().check();
    }

    fn listed(&self) -> Vec<Vec<u8>> {
        let mut topics = self.iter();
        let mut listed = Vec::new();
        while let Some(topic) = topics.next() {
            listed.push(topic.to_vec());
        }
        listed
    }
}

/// Sorted.
fn topics_of(subscribers: &Subscribers, peer: u32) -> Vec<Vec<u8>> {
    let mut topics = Vec::new();
    subscribers.topics_of(PeerIndex(peer), |topic| topics.push(topic.to_vec()));
    topics.sort();
    topics
}

/// Sorted; a peer that is named several times stands there several times.
fn matching(subscribers: &Subscribers, message: &[u8]) -> Vec<u32> {
    let mut peers = Vec::new();
    subscribers.for_each_match(message, |peer| peers.push(peer.0));
    peers.sort_unstable();
    peers
}
