//! The nodes of a trie by number, in chunks: growing moves no more than one chunk, and a chunk whose nodes are all gone
//! gives its memory back.
//!
//! Numbers instead of references keep the code safe, let a node name its parent, halve the pointers, and make dropping
//! a trie of any depth a loop.

use super::children::Children;
use super::label::Label;

/// The number of a node. It stays the same as long as the node carries a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pattern::subscriptions) struct NodeId(u32);

/// The node of the empty topic, which lies in the trie itself.
pub(super) const ROOT: NodeId = NodeId(0);

impl NodeId {
    pub(in crate::pattern::subscriptions) const fn new(number: u32) -> Self {
        Self(number)
    }

    pub(in crate::pattern::subscriptions) const fn number(self) -> u32 {
        self.0
    }

    /// Chunk and place in it. The root has no place: the numbers of the others start with 1.
    #[inline]
    const fn place(self) -> (usize, usize) {
        let place = self.0.wrapping_sub(1) as usize;
        (place / CHUNK_NODES, place % CHUNK_NODES)
    }
}

/// One node: 48 bytes where pointers have 8.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: NodeId,
    /// What the topic that ends here carries; 0 if none ends here.
    pub(super) value: u32,
    /// From the parent to here.
    pub(super) label: Label,
    pub(super) children: Children,
}

impl Node {
    pub(super) const fn new(parent: NodeId, label: Label) -> Self {
        Self {
            parent,
            value: 0,
            label,
            children: Children::None,
        }
    }

    /// What lies outside the node and belongs to it.
    pub(super) const fn heap_bytes(&self) -> usize {
        self.label.heap_bytes() + self.children.heap_bytes()
    }
}

/// Nodes per chunk.
const CHUNK_NODES: usize = 256;

/// In a free slot: the number of the next free slot of the chunk, or this.
const NO_SLOT: u32 = u32::MAX;

#[derive(Debug)]
struct Chunk {
    nodes: Vec<Node>,
    /// How many of them are in use.
    used: usize,
    /// The first free slot; its node's parent is the number of the next.
    free: u32,
}

/// All nodes except the root.
#[derive(Debug)]
pub(super) struct Arena {
    chunks: Vec<Chunk>,
    /// The chunks with a free slot, each once.
    roomy: Vec<u32>,
    used: usize,
    /// Of the chunks' own memory.
    bytes: usize,
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            roomy: Vec::new(),
            used: 0,
            bytes: 0,
        }
    }

    #[inline]
    pub(super) fn get(&self, id: NodeId) -> &Node {
        let (chunk, slot) = id.place();
        &self.chunks[chunk].nodes[slot]
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> &mut Node {
        let (chunk, slot) = id.place();
        &mut self.chunks[chunk].nodes[slot]
    }

    pub(super) const fn used(&self) -> usize {
        self.used
    }

    /// The memory of the nodes, without what they own outside themselves.
    pub(super) fn bytes(&self) -> usize {
        let chunks = self.chunks.capacity() * size_of::<Chunk>();
        chunks + self.roomy.capacity() * size_of::<u32>() + self.bytes
    }

    pub(super) fn add(&mut self, node: Node) -> NodeId {
        if self.roomy.is_empty() {
            self.roomy.push(self.chunks.len() as u32);
            self.chunks.push(Chunk {
                nodes: Vec::new(),
                used: 0,
                free: NO_SLOT,
            });
        }
        let index = *self.roomy.last().expect("a chunk was just added");
        let chunk = &mut self.chunks[index as usize];
        let slot = if chunk.free == NO_SLOT {
            let before = chunk.nodes.capacity();
            chunk.nodes.push(node);
            self.bytes += (chunk.nodes.capacity() - before) * size_of::<Node>();
            chunk.nodes.len() - 1
        } else {
            let slot = chunk.free as usize;
            chunk.free = chunk.nodes[slot].parent.0;
            chunk.nodes[slot] = node;
            slot
        };
        chunk.used += 1;
        if chunk.used == CHUNK_NODES {
            self.roomy.pop();
        }
        self.used += 1;
        let number = index as usize * CHUNK_NODES + slot + 1;
        NodeId(u32::try_from(number).expect("four thousand million nodes do not fit into memory"))
    }

    /// Takes a node out. Its number will be given to another.
    pub(super) fn remove(&mut self, id: NodeId) -> Node {
        let (index, slot) = id.place();
        let chunk = &mut self.chunks[index];
        let free = Node::new(NodeId(chunk.free), Label::EMPTY);
        let node = std::mem::replace(&mut chunk.nodes[slot], free);
        chunk.free = slot as u32;
        if chunk.used == CHUNK_NODES {
            self.roomy.push(index as u32);
        }
        chunk.used -= 1;
        self.used -= 1;
        if chunk.used == 0 {
            self.bytes -= chunk.nodes.capacity() * size_of::<Node>();
            chunk.nodes = Vec::new();
            chunk.free = NO_SLOT;
        }
        if self.used == 0 {
            *self = Self::new();
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_whose_nodes_are_gone_gives_its_memory_back() {
        let mut arena = Arena::new();
        let add = |arena: &mut Arena| arena.add(Node::new(ROOT, Label::EMPTY));
        let ids: Vec<_> = (0..4 * CHUNK_NODES).map(|_| add(&mut arena)).collect();
        let full = arena.bytes();
        for id in &ids[CHUNK_NODES..3 * CHUNK_NODES] {
            arena.remove(*id);
        }
        assert!(arena.bytes() < full * 6 / 10, "{} of {full}", arena.bytes());
        for _ in 0..2 * CHUNK_NODES {
            add(&mut arena);
        }
        assert_eq!(
            (arena.used(), arena.chunks.len()),
            (4 * CHUNK_NODES, 4),
            "slots are reused"
        );
        for number in 1..=4 * CHUNK_NODES as u32 {
            arena.remove(NodeId::new(number));
        }
        assert_eq!((arena.used(), arena.bytes()), (0, 0));
    }

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_node_has_forty_eight_bytes() {
        assert_eq!(size_of::<Node>(), 48);
    }
}
