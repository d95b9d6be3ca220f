//! The peers of one topic: usually one, which needs no memory of its own, and otherwise a list or a bitmap, whichever
//! is smaller.

/// A subscriber. The numbers are small and reused: they are places in the distributor's list of pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PeerIndex(pub(crate) u32);

/// Peers listed in place.
const FEW: usize = 5;

/// At least one peer, each once.
#[derive(Debug)]
pub(super) enum PeerSet {
    Few {
        /// How many of `peers` count.
        len: u8,
        /// Ascending.
        peers: [u32; FEW],
    },
    /// Ascending. For the few that are far apart.
    Sorted(Box<[u32]>),
    /// A bit for each number. Its last word is not 0.
    Bits(Box<[u64]>),
}

/// Word and bit of a peer in a bitmap.
const fn place(peer: u32) -> (usize, u64) {
    ((peer / 64) as usize, 1 << (peer % 64))
}

/// Words of a bitmap whose largest peer is this.
const fn words_for(largest: u32) -> usize {
    largest as usize / 64 + 1
}

impl PeerSet {
    /// Of two different peers.
    pub(super) fn pair(a: PeerIndex, b: PeerIndex) -> Self {
        Self::from_sorted(&[a.0.min(b.0), a.0.max(b.0)])
    }

    /// In the smallest form.
    fn from_sorted(sorted: &[u32]) -> Self {
        if sorted.len() <= FEW {
            let mut peers = [0; FEW];
            peers[..sorted.len()].copy_from_slice(sorted);
            let len = sorted.len() as u8;
            return Self::Few { len, peers };
        }
        let words = words_for(sorted[sorted.len() - 1]);
        if words * size_of::<u64>() > size_of_val(sorted) {
            return Self::Sorted(sorted.into());
        }
        let mut bits = vec![0; words].into_boxed_slice();
        for peer in sorted {
            let (word, bit) = place(*peer);
            bits[word] |= bit;
        }
        Self::Bits(bits)
    }

    /// The peers, if they are a list.
    fn list(&self) -> &[u32] {
        match self {
            Self::Few { len, peers } => &peers[..usize::from(*len)],
            Self::Sorted(peers) => peers,
            Self::Bits(_) => &[],
        }
    }

    #[inline]
    pub(super) fn for_each(&self, mut tell: impl FnMut(PeerIndex)) {
        let Self::Bits(words) = self else {
            self.list().iter().for_each(|peer| tell(PeerIndex(*peer)));
            return;
        };
        for (index, word) in words.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                tell(PeerIndex(index as u32 * 64 + left.trailing_zeros()));
                left &= left - 1;
            }
        }
    }

    /// Whether the peer is new.
    pub(super) fn insert(&mut self, peer: PeerIndex) -> bool {
        if let Self::Bits(words) = self {
            let (word, bit) = place(peer.0);
            if word < words.len() {
                let is_new = words[word] & bit == 0;
                words[word] |= bit;
                return is_new;
            }
            *self = Self::grown(words, peer.0);
            return true;
        }
        let list = self.list();
        let Err(rank) = list.binary_search(&peer.0) else {
            return false;
        };
        let (front, back) = list.split_at(rank);
        *self = Self::from_sorted(&[front, &[peer.0], back].concat());
        true
    }

    /// A bitmap with a peer that is larger than all in it. If the newcomer is far away, a list is smaller.
    fn grown(words: &[u64], peer: u32) -> Self {
        let count: usize = words.iter().map(|word| word.count_ones() as usize).sum();
        let grown = words_for(peer);
        if is_wasteful(grown, count + 1) {
            let mut sorted = Self::listed(words);
            sorted.push(peer);
            return Self::from_sorted(&sorted);
        }
        let mut larger = vec![0; grown].into_boxed_slice();
        larger[..words.len()].copy_from_slice(words);
        let (word, bit) = place(peer);
        larger[word] |= bit;
        Self::Bits(larger)
    }

    fn listed(words: &[u64]) -> Vec<u32> {
        let mut sorted = Vec::new();
        let set = Self::Bits(words.into());
        set.for_each(|peer| sorted.push(peer.0));
        sorted
    }

    /// Whether the peer was there. The last one is not removed: a topic of one peer needs no set.
    pub(super) fn remove(&mut self, peer: PeerIndex) -> bool {
        let Self::Bits(words) = self else {
            let list = self.list();
            let Ok(rank) = list.binary_search(&peer.0) else {
                return false;
            };
            debug_assert!(list.len() > 1, "a topic of one peer needs no set");
            *self = Self::from_sorted(&[&list[..rank], &list[rank + 1..]].concat());
            return true;
        };
        let (word, bit) = place(peer.0);
        if words.get(word).is_none_or(|word| word & bit == 0) {
            return false;
        }
        words[word] &= !bit;
        let count: usize = words.iter().map(|word| word.count_ones() as usize).sum();
        let used = words
            .iter()
            .rposition(|word| *word != 0)
            .map_or(0, |last| last + 1);
        if count <= FEW || is_wasteful(used, count) {
            *self = Self::from_sorted(&Self::listed(words));
        } else if used < words.len() {
            *words = words[..used].into();
        }
        true
    }

    /// The peer of a set of one.
    pub(super) fn only(&self) -> Option<PeerIndex> {
        match self.list() {
            [peer] => Some(PeerIndex(*peer)),
            _ => None,
        }
    }

    /// What lies outside the set itself.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few { .. } => 0,
            Self::Sorted(peers) => size_of_val(&**peers),
            Self::Bits(words) => size_of_val(&**words),
        }
    }
}

/// Whether a bitmap takes more than twice the memory of a list. Between once and twice it stays what it is, so that
/// one peer that comes and goes does not rebuild it each time.
const fn is_wasteful(words: usize, count: usize) -> bool {
    words * size_of::<u64>() > 2 * count * size_of::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_of(peers: impl IntoIterator<Item = u32>) -> PeerSet {
        PeerSet::from_sorted(&peers.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn peers_that_lie_close_are_bits_and_those_far_apart_are_listed() {
        let mut set = set_of(0..100);
        assert_eq!(set.heap_bytes(), 16);
        assert!(set.insert(PeerIndex(1_000_000)));
        assert_eq!(set.heap_bytes(), 101 * 4);
        assert!(set.remove(PeerIndex(1_000_000)));
        assert_eq!(set.heap_bytes(), 16);
        for peer in 64..100 {
            assert!(set.remove(PeerIndex(peer)));
        }
        assert_eq!(set.heap_bytes(), 8);
        for peer in 5..64 {
            assert!(set.remove(PeerIndex(peer)));
        }
        assert_eq!(set.heap_bytes(), 0);
    }

    #[test]
    fn bits_of_which_few_are_left_become_a_list() {
        let mut set = set_of(0..6_400);
        for peer in (0..6_400).filter(|peer| peer % 800 != 799) {
            assert!(set.remove(PeerIndex(peer)));
        }
        assert_eq!(set.heap_bytes(), 8 * 4);
        let mut left = Vec::new();
        set.for_each(|peer| left.push(peer.0));
        assert_eq!(left, (0..8).map(|n| n * 800 + 799).collect::<Vec<_>>());
    }
}
