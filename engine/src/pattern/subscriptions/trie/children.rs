//! The children of one node by the first byte of their labels, in a shape that fits their number.
//!
//! The shapes are those of an adaptive radix tree: nothing, one child beside its byte, sorted bytes with the children
//! beside them, and a table of all 256. A node changes to the next smaller shape only when it fits there with some
//! room, so that adding and removing one child in turn does not rebuild it each time.

use super::arena::{NodeId, ROOT};

/// Which child begins with which byte. At most 256, each byte once.
#[derive(Debug, Default)]
pub(super) enum Children {
    #[default]
    None,
    One(u8, NodeId),
    Four(Box<Keyed<4>>),
    Sixteen(Box<Keyed<16>>),
    FortyEight(Box<Keyed<48>>),
    All(Box<Table>),
}

/// Up to `N` children, sorted by byte.
#[derive(Debug)]
pub(super) struct Keyed<const N: usize> {
    len: u8,
    /// Ascending; those that do not count are the largest byte, so that they never rank below one that is looked for.
    keys: [u8; N],
    nodes: [NodeId; N],
}

/// A child for each byte; the root is nobody's child and stands for none.
#[derive(Debug)]
pub(super) struct Table {
    len: u16,
    nodes: [NodeId; 256],
}

impl<const N: usize> Keyed<N> {
    fn new(children: impl Iterator<Item = (u8, NodeId)>) -> Box<Self> {
        let mut keyed = Box::new(Self {
            len: 0,
            keys: [u8::MAX; N],
            nodes: [ROOT; N],
        });
        for (byte, node) in children {
            keyed.insert(byte, node);
        }
        keyed
    }

    /// How many bytes are smaller. A sum without branches, which compiles to a few vector instructions.
    #[inline]
    fn rank(&self, byte: u8) -> usize {
        let rank = self
            .keys
            .iter()
            .fold(0u8, |rank, key| rank + u8::from(*key < byte));
        usize::from(rank)
    }

    /// Where the child of a byte stands.
    #[inline]
    fn place(&self, byte: u8) -> Option<usize> {
        let rank = self.rank(byte);
        (rank < usize::from(self.len) && self.keys[rank] == byte).then_some(rank)
    }

    const fn is_full(&self) -> bool {
        self.len as usize == N
    }

    fn insert(&mut self, byte: u8, node: NodeId) {
        let rank = self.rank(byte);
        let len = usize::from(self.len);
        self.keys.copy_within(rank..len, rank + 1);
        self.nodes.copy_within(rank..len, rank + 1);
        self.keys[rank] = byte;
        self.nodes[rank] = node;
        self.len += 1;
    }

    fn remove(&mut self, byte: u8) {
        let rank = self.place(byte).expect("only children are removed");
        let len = usize::from(self.len);
        self.keys.copy_within(rank + 1..len, rank);
        self.nodes.copy_within(rank + 1..len, rank);
        self.keys[len - 1] = u8::MAX;
        self.len -= 1;
    }

    /// The first child at or behind a byte.
    fn at_or_behind(&self, byte: u8) -> Option<(u8, NodeId)> {
        let rank = self.rank(byte);
        (rank < usize::from(self.len)).then(|| (self.keys[rank], self.nodes[rank]))
    }
}

impl Table {
    fn new(children: impl Iterator<Item = (u8, NodeId)>) -> Box<Self> {
        let mut table = Box::new(Self {
            len: 0,
            nodes: [ROOT; 256],
        });
        for (byte, node) in children {
            table.nodes[usize::from(byte)] = node;
            table.len += 1;
        }
        table
    }

    fn at_or_behind(&self, byte: u8) -> Option<(u8, NodeId)> {
        let behind = &self.nodes[usize::from(byte)..];
        let steps = behind.iter().position(|node| *node != ROOT)?;
        Some((byte + steps as u8, behind[steps]))
    }
}

impl Children {
    #[inline]
    pub(super) fn get(&self, byte: u8) -> Option<NodeId> {
        match self {
            Self::None => None,
            Self::One(key, node) => (*key == byte).then_some(*node),
            Self::Four(keyed) => keyed.place(byte).map(|place| keyed.nodes[place]),
            Self::Sixteen(keyed) => keyed.place(byte).map(|place| keyed.nodes[place]),
            Self::FortyEight(keyed) => keyed.place(byte).map(|place| keyed.nodes[place]),
            Self::All(table) => Some(table.nodes[usize::from(byte)]).filter(|node| *node != ROOT),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(..) => 1,
            Self::Four(keyed) => usize::from(keyed.len),
            Self::Sixteen(keyed) => usize::from(keyed.len),
            Self::FortyEight(keyed) => usize::from(keyed.len),
            Self::All(table) => usize::from(table.len),
        }
    }

    /// The child of a node that has one.
    pub(super) const fn only(&self) -> Option<NodeId> {
        match self {
            Self::One(_, node) => Some(*node),
            _ => None,
        }
    }

    /// The first child whose byte is not smaller.
    pub(super) fn at_or_behind(&self, byte: u8) -> Option<(u8, NodeId)> {
        match self {
            Self::None => None,
            Self::One(key, node) => (*key >= byte).then_some((*key, *node)),
            Self::Four(keyed) => keyed.at_or_behind(byte),
            Self::Sixteen(keyed) => keyed.at_or_behind(byte),
            Self::FortyEight(keyed) => keyed.at_or_behind(byte),
            Self::All(table) => table.at_or_behind(byte),
        }
    }

    /// All, by ascending byte.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u8, NodeId)> + '_ {
        let mut next = Some(0u8);
        std::iter::from_fn(move || {
            let (byte, node) = self.at_or_behind(next?)?;
            next = byte.checked_add(1);
            Some((byte, node))
        })
    }

    /// Adds the child of a byte that has none.
    pub(super) fn insert(&mut self, byte: u8, node: NodeId) {
        self.make_room();
        match self {
            Self::None => *self = Self::One(byte, node),
            Self::One(..) => unreachable!("room was made"),
            Self::Four(keyed) => keyed.insert(byte, node),
            Self::Sixteen(keyed) => keyed.insert(byte, node),
            Self::FortyEight(keyed) => keyed.insert(byte, node),
            Self::All(table) => {
                table.nodes[usize::from(byte)] = node;
                table.len += 1;
            }
        }
    }

    fn make_room(&mut self) {
        let larger = match self {
            Self::One(..) => Self::Four(Keyed::new(self.iter())),
            Self::Four(keyed) if keyed.is_full() => Self::Sixteen(Keyed::new(self.iter())),
            Self::Sixteen(keyed) if keyed.is_full() => Self::FortyEight(Keyed::new(self.iter())),
            Self::FortyEight(keyed) if keyed.is_full() => Self::All(Table::new(self.iter())),
            _ => return,
        };
        *self = larger;
    }

    /// Another node takes the place of the child of a byte.
    pub(super) fn replace(&mut self, byte: u8, node: NodeId) {
        let place = match self {
            Self::One(key, place) if *key == byte => Some(place),
            Self::None | Self::One(..) => None,
            Self::Four(keyed) => keyed.place(byte).map(|place| &mut keyed.nodes[place]),
            Self::Sixteen(keyed) => keyed.place(byte).map(|place| &mut keyed.nodes[place]),
            Self::FortyEight(keyed) => keyed.place(byte).map(|place| &mut keyed.nodes[place]),
            Self::All(table) => Some(&mut table.nodes[usize::from(byte)]),
        };
        *place.expect("only children are replaced") = node;
    }

    /// Removes the child of a byte that has one.
    pub(super) fn remove(&mut self, byte: u8) {
        match self {
            Self::None => unreachable!("only children are removed"),
            Self::One(..) => *self = Self::None,
            Self::Four(keyed) => keyed.remove(byte),
            Self::Sixteen(keyed) => keyed.remove(byte),
            Self::FortyEight(keyed) => keyed.remove(byte),
            Self::All(table) => {
                table.nodes[usize::from(byte)] = ROOT;
                table.len -= 1;
            }
        }
        self.give_room_back();
    }

    fn give_room_back(&mut self) {
        let smaller = match self {
            Self::Four(keyed) if keyed.len == 1 => Self::One(keyed.keys[0], keyed.nodes[0]),
            Self::Sixteen(keyed) if keyed.len <= 3 => Self::Four(Keyed::new(self.iter())),
            Self::FortyEight(keyed) if keyed.len <= 12 => Self::Sixteen(Keyed::new(self.iter())),
            Self::All(table) if table.len <= 40 => Self::FortyEight(Keyed::new(self.iter())),
            _ => return,
        };
        *self = smaller;
    }

    /// What lies outside the node.
    pub(super) const fn heap_bytes(&self) -> usize {
        match self {
            Self::None | Self::One(..) => 0,
            Self::Four(_) => size_of::<Keyed<4>>(),
            Self::Sixteen(_) => size_of::<Keyed<16>>(),
            Self::FortyEight(_) => size_of::<Keyed<48>>(),
            Self::All(_) => size_of::<Table>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every shape on the way up and down, in an order of bytes that is not sorted.
    #[test]
    fn children_are_found_in_every_shape() {
        let order: Vec<u8> = (0..=255u8).map(|n| n.wrapping_mul(167)).collect();
        let id = |byte: u8| NodeId::new(u32::from(byte) + 1);
        let mut children = Children::default();
        for held in 1..=256 {
            children.insert(order[held - 1], id(order[held - 1]));
            check(&children, &order[..held], id);
        }
        for held in (0..256).rev() {
            children.remove(order[held]);
            check(&children, &order[..held], id);
        }
        assert_eq!(children.heap_bytes(), 0);
    }

    fn check(children: &Children, held: &[u8], id: impl Fn(u8) -> NodeId) {
        let mut sorted = held.to_vec();
        sorted.sort_unstable();
        let listed: Vec<_> = children.iter().collect();
        let expected: Vec<_> = sorted.iter().map(|byte| (*byte, id(*byte))).collect();
        assert_eq!(listed, expected);
        assert_eq!(children.len(), held.len());
        for byte in 0..=255 {
            let expected = held.contains(&byte).then(|| id(byte));
            assert_eq!(children.get(byte), expected, "{byte} of {held:?}");
        }
        let only = (held.len() == 1).then(|| id(held[0]));
        assert_eq!(children.only(), only);
    }

    #[test]
    fn a_replaced_child_is_found_by_its_byte() {
        for len in [1u8, 4, 16, 48, 200] {
            let mut children = Children::default();
            for byte in 0..len {
                children.insert(byte, NodeId::new(1));
            }
            children.replace(len - 1, NodeId::new(7));
            assert_eq!(children.get(len - 1), Some(NodeId::new(7)));
            assert_eq!(children.len(), usize::from(len));
        }
    }
}
