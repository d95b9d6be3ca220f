//! Who subscribed to what at a PUB or XPUB socket: topic to peers, and peer to topics.
//!
//! A set, not a count: a peer that subscribes twice to one topic is gone from it with one cancel, as the references
//! are kept at the subscriber.

use super::peer_set::{PeerIndex, PeerSet};
use super::place_set::PlaceSet;
use super::trie::{NodeId, Trie};

/// The subscriptions of all peers of a socket.
#[derive(Debug)]
pub(crate) struct Subscribers {
    /// The values are [`Held`].
    trie: Trie,
    /// The peers of topics that have more than one.
    sets: Vec<Option<PeerSet>>,
    /// Places in `sets` that are not used.
    free_sets: Vec<u32>,
    /// What the sets own outside of `sets`.
    set_bytes: usize,
    /// By peer: where its topics end.
    places: Vec<PlaceSet>,
}

/// What subscribing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// Nobody had subscribed to the topic: XPUB tells upstream.
    FirstOfTopic,
    /// Others had, this peer had not.
    Another,
    /// This peer had.
    Already,
}

/// What a cancel did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nobody is left at the topic: XPUB tells upstream.
    LastOfTopic,
    /// Others are left.
    OthersStay,
    /// The peer had not subscribed to the topic.
    Unknown,
}

/// Who holds a topic, as the value of its node.
enum Held {
    Nobody,
    One(PeerIndex),
    /// A place in `sets`.
    Set(u32),
}

/// In a value: a place in `sets`, and not a peer.
const SET: u32 = 1 << 31;

impl Held {
    #[inline]
    const fn from_value(value: u32) -> Self {
        match value {
            0 => Self::Nobody,
            SET.. => Self::Set(value - SET),
            _ => Self::One(PeerIndex(value - 1)),
        }
    }

    const fn to_value(&self) -> u32 {
        match self {
            Self::Nobody => 0,
            Self::One(peer) => peer.0 + 1,
            Self::Set(set) => SET + *set,
        }
    }
}

impl Subscribers {
    /// Peers are numbered below this.
    pub(crate) const PEERS_MAX: u32 = SET - 1;

    pub(crate) const fn new() -> Self {
        Self {
            trie: Trie::new(),
            sets: Vec::new(),
            free_sets: Vec::new(),
            set_bytes: 0,
            places: Vec::new(),
        }
    }

    /// A peer subscribes.
    pub(crate) fn add(&mut self, topic: &[u8], peer: PeerIndex) -> Added {
        assert!(
            peer.0 < Self::PEERS_MAX,
            "peers are numbered by their pipes, from 0"
        );
        let id = self.trie.find_or_add(topic);
        let added = match Held::from_value(self.trie.value(id)) {
            Held::Nobody => {
                self.trie.set_value(id, Held::One(peer).to_value());
                Added::FirstOfTopic
            }
            Held::One(holder) if holder == peer => return Added::Already,
            Held::One(holder) => {
                let set = self.add_set(PeerSet::pair(holder, peer));
                self.trie.set_value(id, Held::Set(set).to_value());
                Added::Another
            }
            Held::Set(set) => {
                if !self.change_set(set, |peers| peers.insert(peer)) {
                    return Added::Already;
                }
                Added::Another
            }
        };
        let index = peer.0 as usize;
        if index >= self.places.len() {
            self.places.resize_with(index + 1, PlaceSet::default);
        }
        let is_new = self.places[index].insert(id);
        debug_assert!(is_new, "both sides hold the same subscriptions");
        added
    }

    /// A peer cancels.
    pub(crate) fn remove(&mut self, topic: &[u8], peer: PeerIndex) -> Left {
        let places = self.places.get_mut(peer.0 as usize);
        let (Some(id), Some(places)) = (self.trie.find(topic), places) else {
            return Left::Unknown;
        };
        if !places.remove(id) {
            return Left::Unknown;
        }
        if self.leaves_others(id, peer) {
            return Left::OthersStay;
        }
        self.trie.set_value(id, 0);
        Left::LastOfTopic
    }

    /// A peer is gone. Names each topic that nobody is left at, in no particular order. Takes time for the topics of
    /// this peer only.
    pub(crate) fn remove_peer(&mut self, peer: PeerIndex, mut on_topic_gone: impl FnMut(&[u8])) {
        let Some(places) = self.places.get_mut(peer.0 as usize) else {
            return;
        };
        let places = std::mem::take(places);
        let mut topic = Vec::new();
        for id in places.iter() {
            // Nodes come and go as topics do, but one that carries a value keeps its number.
            if !self.leaves_others(id, peer) {
                self.trie.topic_of(id, &mut topic);
                self.trie.set_value(id, 0);
                on_topic_gone(&topic);
            }
        }
        let used = self.places.iter().rposition(|places| places.len() > 0);
        self.places.truncate(used.map_or(0, |last| last + 1));
    }

    /// Takes a peer off a topic that it is on, if there are others on it.
    fn leaves_others(&mut self, id: NodeId, peer: PeerIndex) -> bool {
        let Held::Set(set) = Held::from_value(self.trie.value(id)) else {
            return false;
        };
        let was_there = self.change_set(set, |peers| peers.remove(peer));
        debug_assert!(was_there, "both sides hold the same subscriptions");
        let only = self.sets[set as usize].as_ref().and_then(PeerSet::only);
        if let Some(only) = only {
            self.trie.set_value(id, Held::One(only).to_value());
            self.remove_set(set);
        }
        true
    }

    /// Names each peer that subscribed to a topic this message starts with, once per topic: a peer can be named
    /// several times. A topic longer than `message_start` does not match, so that has to be the whole first frame, or
    /// as much of it as the longest topic.
    #[inline]
    pub(crate) fn for_each_match(&self, message_start: &[u8], mut tell: impl FnMut(PeerIndex)) {
        for value in self.trie.prefixes_of(message_start) {
            match Held::from_value(value) {
                Held::Nobody => {}
                Held::One(peer) => tell(peer),
                Held::Set(set) => self.tell_set(set, &mut tell),
            }
        }
    }

    /// Apart, so that the way of the one subscriber stays short.
    #[inline(never)]
    fn tell_set(&self, set: u32, tell: &mut impl FnMut(PeerIndex)) {
        if let Some(peers) = &self.sets[set as usize] {
            peers.for_each(tell);
        }
    }

    /// Names the topics of one peer, in no particular order.
    #[cfg(test)]
    pub(crate) fn topics_of(&self, peer: PeerIndex, mut tell: impl FnMut(&[u8])) {
        let mut topic = Vec::new();
        for id in self
            .places
            .get(peer.0 as usize)
            .iter()
            .flat_map(|places| places.iter())
        {
            self.trie.topic_of(id, &mut topic);
            tell(&topic);
        }
    }

    /// How many topics one peer holds.
    #[cfg(test)]
    pub(crate) fn topic_count_of(&self, peer: PeerIndex) -> usize {
        self.places.get(peer.0 as usize).map_or(0, PlaceSet::len)
    }

    /// How many topics there are, whoever holds them.
    pub(crate) const fn len(&self) -> usize {
        self.trie.len()
    }

    /// How many nodes they take, the root not counted.
    pub(crate) const fn node_count(&self) -> usize {
        self.trie.node_count()
    }

    /// The memory all takes outside of `self`, as asked of the allocator.
    pub(crate) fn bytes(&self) -> usize {
        let sets = self.sets.capacity() * size_of::<Option<PeerSet>>();
        let free_sets = self.free_sets.capacity() * size_of::<u32>();
        let peers = self.places.capacity() * size_of::<PlaceSet>();
        let places: usize = self.places.iter().map(PlaceSet::bytes).sum();
        self.trie.bytes() + sets + free_sets + self.set_bytes + peers + places
    }

    fn add_set(&mut self, set: PeerSet) -> u32 {
        self.set_bytes += set.heap_bytes();
        if let Some(index) = self.free_sets.pop() {
            self.sets[index as usize] = Some(set);
            return index;
        }
        // An eighth at a time: doubling would leave half of the memory unused.
        if self.sets.len() == self.sets.capacity() {
            self.sets.reserve_exact(self.sets.len() / 8 + 4);
        }
        self.sets.push(Some(set));
        self.sets.len() as u32 - 1
    }

    fn change_set(&mut self, set: u32, change: impl FnOnce(&mut PeerSet) -> bool) -> bool {
        let peers = self.sets[set as usize]
            .as_mut()
            .expect("a value names a set that is there");
        let before = peers.heap_bytes();
        let changed = change(peers);
        self.set_bytes = self.set_bytes - before + peers.heap_bytes();
        changed
    }

    fn remove_set(&mut self, set: u32) {
        let peers = self.sets[set as usize]
            .take()
            .expect("a value names a set that is there");
        self.set_bytes -= peers.heap_bytes();
        self.free_sets.push(set);
        if self.free_sets.len() == self.sets.len() {
            self.sets = Vec::new();
            self.free_sets = Vec::new();
        }
    }
}

#[cfg(test)]
impl Subscribers {
    /// That the trie is in order, that both sides hold the same subscriptions, and that memory is accounted for.
    pub(super) fn check(&self) {
        self.trie.check();
        let (mut held, mut sets) = (0, 0);
        let mut topics = self.trie.walk();
        while let Some((topic, value)) = topics.next() {
            let id = self.trie.find(topic).expect("a topic that was just named");
            match Held::from_value(value) {
                Held::Nobody => unreachable!("a topic carries a value"),
                Held::One(peer) => {
                    held += 1;
                    assert!(self.places[peer.0 as usize].iter().any(|place| place == id));
                }
                Held::Set(set) => {
                    sets += 1;
                    let peers = self.sets[set as usize]
                        .as_ref()
                        .expect("a set that is used");
                    peers.for_each(|_| held += 1);
                    assert_eq!(peers.only(), None, "one peer needs no set");
                }
            }
        }
        let places: usize = self.places.iter().map(|places| places.iter().count()).sum();
        assert_eq!(held, places);
        assert_eq!(sets, self.sets.iter().flatten().count());
        let set_bytes: usize = self.sets.iter().flatten().map(PeerSet::heap_bytes).sum();
        assert_eq!(set_bytes, self.set_bytes);
    }
}
