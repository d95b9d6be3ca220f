//! The topics of one peer, as the numbers of their nodes: two bytes each where they lie apart, one bit each where they
//! lie close, so that a hundred peers of the same million topics need little more than one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::trie::NodeId;

/// Numbers per block.
const BLOCK: u32 = 4096;

/// Words of a block's bitmap.
const WORDS: usize = BLOCK as usize / 64;

/// A list of more numbers takes more memory than the bitmap.
const LISTED_MAX: usize = WORDS * size_of::<u64>() / size_of::<u16>();

/// Blocks by number; none is empty.
#[derive(Debug, Default)]
pub(super) struct PlaceSet {
    blocks: BTreeMap<u32, Block>,
    len: usize,
    /// What the blocks own outside of the map.
    heap_bytes: usize,
}

#[derive(Debug)]
enum Block {
    /// Ascending.
    Listed(Vec<u16>),
    /// A bit for each number, and how many are set.
    Bits(Box<[u64; WORDS]>, u16),
}

impl Block {
    fn insert(&mut self, place: u16) -> bool {
        match self {
            Self::Listed(places) => {
                let Err(rank) = places.binary_search(&place) else {
                    return false;
                };
                places.insert(rank, place);
                if places.len() > LISTED_MAX {
                    let mut words = Box::new([0; WORDS]);
                    for place in &*places {
                        words[usize::from(place / 64)] |= 1 << (place % 64);
                    }
                    let count = places.len() as u16;
                    *self = Self::Bits(words, count);
                }
                true
            }
            Self::Bits(words, count) => {
                let (word, bit) = (usize::from(place / 64), 1 << (place % 64));
                let is_new = words[word] & bit == 0;
                words[word] |= bit;
                *count += u16::from(is_new);
                is_new
            }
        }
    }

    fn remove(&mut self, place: u16) -> bool {
        match self {
            Self::Listed(places) => {
                let Ok(rank) = places.binary_search(&place) else {
                    return false;
                };
                places.remove(rank);
                if places.len() * 4 <= places.capacity() {
                    places.shrink_to(places.len() * 2);
                }
                true
            }
            Self::Bits(words, count) => {
                let (word, bit) = (usize::from(place / 64), 1 << (place % 64));
                let was_there = words[word] & bit != 0;
                words[word] &= !bit;
                *count -= u16::from(was_there);
                if usize::from(*count) <= LISTED_MAX / 2 {
                    *self = Self::Listed(self.iter().collect());
                }
                was_there
            }
        }
    }

    fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let (list, words): (&[u16], &[u64]) = match self {
            Self::Listed(places) => (places, &[]),
            Self::Bits(words, _) => (&[], &**words),
        };
        let set = words.iter().enumerate().flat_map(|(index, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(index as u16 * 64 + bit as u16)
            })
        });
        list.iter().copied().chain(set)
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::Listed(places) => places.is_empty(),
            Self::Bits(_, count) => *count == 0,
        }
    }

    const fn heap_bytes(&self) -> usize {
        match self {
            Self::Listed(places) => places.capacity() * size_of::<u16>(),
            Self::Bits(..) => WORDS * size_of::<u64>(),
        }
    }
}

impl PlaceSet {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether the place is new.
    pub(super) fn insert(&mut self, id: NodeId) -> bool {
        let number = id.number();
        let block = self.blocks.entry(number / BLOCK);
        let block = block.or_insert_with(|| Block::Listed(Vec::with_capacity(1)));
        let before = block.heap_bytes() * usize::from(!block.is_empty());
        let is_new = block.insert((number % BLOCK) as u16);
        self.heap_bytes = self.heap_bytes - before + block.heap_bytes();
        self.len += usize::from(is_new);
        is_new
    }

    /// Whether the place was there.
    pub(super) fn remove(&mut self, id: NodeId) -> bool {
        let number = id.number();
        let Entry::Occupied(mut block) = self.blocks.entry(number / BLOCK) else {
            return false;
        };
        let before = block.get().heap_bytes();
        let was_there = block.get_mut().remove((number % BLOCK) as u16);
        let after = if block.get().is_empty() {
            block.remove();
            0
        } else {
            block.get().heap_bytes()
        };
        self.heap_bytes = self.heap_bytes - before + after;
        self.len -= usize::from(was_there);
        was_there
    }

    /// All places, by ascending number.
    pub(super) fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.blocks.iter().flat_map(|(number, block)| {
            let places = block.iter();
            places.map(move |place| NodeId::new(number * BLOCK + u32::from(place)))
        })
    }

    /// The memory that was asked for, outside of `self`. What the map needs per block is the standard library's
    /// business; taken as one node of 11 entries at least, and as nodes two thirds full beyond that.
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<u32>() + size_of::<Block>();
        let entries = match self.blocks.len() {
            0 => 0,
            blocks => (blocks * 3 / 2).max(11),
        };
        self.heap_bytes + entries * entry
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Ten blocks filled and emptied in an order that jumps about, each number tried twice.
    #[test]
    fn places_agree_with_a_plain_set_and_take_little_memory() {
        let numbers = 10 * BLOCK;
        let order: Vec<u32> = (0..numbers).map(|n| n * 7_919 % numbers).collect();
        let mut set = PlaceSet::default();
        let mut oracle = BTreeSet::new();
        for (step, number) in order.iter().enumerate() {
            assert!(set.insert(NodeId::new(*number)));
            assert!(!set.insert(NodeId::new(*number)));
            oracle.insert(*number);
            check(&set, &oracle, step);
        }
        assert_eq!(set.heap_bytes, numbers as usize / 8);
        for (step, number) in order.iter().enumerate() {
            assert!(set.remove(NodeId::new(*number)));
            assert!(!set.remove(NodeId::new(*number)));
            oracle.remove(number);
            check(&set, &oracle, step);
        }
        assert_eq!((set.len(), set.bytes()), (0, 0));
    }

    fn check(set: &PlaceSet, oracle: &BTreeSet<u32>, step: usize) {
        assert_eq!(set.len(), oracle.len());
        if step.is_multiple_of(512) {
            assert!(set.iter().map(NodeId::number).eq(oracle.iter().copied()));
            let held: usize = set.blocks.values().map(Block::heap_bytes).sum();
            assert_eq!(held, set.heap_bytes);
            // A list's vector may be half or, after removals, three quarters empty.
            assert!(held <= oracle.len() * 8 + set.blocks.len() * 16, "{held}");
        }
    }
}
