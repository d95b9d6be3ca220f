//! A radix trie: topics, each with a number of its own, found by walking down the bytes of a message.
//!
//! ```text
//!  "quotes.eur", "quotes.usd" and "quotes." carry values; "orders" too
//!
//!  root ─┬─ "orders" •                    • a topic ends here: value ≠ 0
//!        └─ "quotes." • ─┬─ "eur" •
//!                        └─ "usd" •
//! ```
//!
//! A node that carries no value exists only where ways part, or to continue a way that is too long for one label. So
//! there are at most two nodes per topic, and two more per [`LABEL_BYTES_MAX`] bytes of long ones. Everything is a
//! loop: neither a deep trie nor a long topic takes stack.

mod arena;
mod children;
mod label;
mod walk;

pub(super) use arena::NodeId;
use arena::{Arena, Node, ROOT};
use label::{LABEL_BYTES_MAX, Label};
pub(super) use walk::{Prefixes, Walk};

/// Topics with values.
#[derive(Debug)]
pub(super) struct Trie {
    /// The node of the empty topic. It is always there, so that it costs no look-up.
    root: Node,
    arena: Arena,
    /// How many nodes carry a value.
    topics: usize,
    /// What all nodes own outside themselves.
    heap_bytes: usize,
}

impl Trie {
    pub(super) const fn new() -> Self {
        Self {
            root: Node::new(ROOT, Label::EMPTY),
            arena: Arena::new(),
            topics: 0,
            heap_bytes: 0,
        }
    }

    /// How many topics carry a value.
    pub(super) const fn len(&self) -> usize {
        self.topics
    }

    /// How many nodes there are beside the root.
    pub(super) const fn node_count(&self) -> usize {
        self.arena.used()
    }

    /// The memory that was asked for, outside of `self`.
    pub(super) fn bytes(&self) -> usize {
        self.arena.bytes() + self.heap_bytes
    }

    fn node(&self, id: NodeId) -> &Node {
        if id == ROOT {
            &self.root
        } else {
            self.arena.get(id)
        }
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        if id == ROOT {
            &mut self.root
        } else {
            self.arena.get_mut(id)
        }
    }

    /// Changes a node, and accounts for what it owns outside itself.
    fn change(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        let node = self.node_mut(id);
        let before = node.heap_bytes();
        change(node);
        let after = node.heap_bytes();
        self.heap_bytes = self.heap_bytes - before + after;
    }

    pub(super) fn value(&self, id: NodeId) -> u32 {
        self.node(id).value
    }

    /// Gives a topic another value. With 0 the topic is gone, and so is its node, unless ways part there.
    pub(super) fn set_value(&mut self, id: NodeId, value: u32) {
        let node = self.node_mut(id);
        let before = std::mem::replace(&mut node.value, value);
        self.topics = self.topics - usize::from(before != 0) + usize::from(value != 0);
        if value == 0 {
            self.prune(id);
        }
    }

    /// The node of a topic that carries a value.
    pub(super) fn find(&self, topic: &[u8]) -> Option<NodeId> {
        let mut id = ROOT;
        let mut rest = topic;
        while let Some(first) = rest.first() {
            id = self.node(id).children.get(*first)?;
            rest = rest.strip_prefix(self.arena.get(id).label.as_slice())?;
        }
        (self.value(id) != 0).then_some(id)
    }

    /// The node of a topic, made if there is none. A new one carries 0, and the caller gives it a value at once.
    pub(super) fn find_or_add(&mut self, topic: &[u8]) -> NodeId {
        let mut id = ROOT;
        let mut rest = topic;
        while let Some(first) = rest.first() {
            let Some(child) = self.node(id).children.get(*first) else {
                return self.append(id, rest);
            };
            let label = self.arena.get(child).label.as_slice();
            if let Some(behind) = rest.strip_prefix(label) {
                id = child;
                rest = behind;
            } else {
                let shared = label.iter().zip(rest).take_while(|(a, b)| a == b).count();
                id = self.split(child, shared);
                rest = &rest[shared..];
            }
        }
        id
    }

    /// Adds the way `rest` below a node that has no child in that direction.
    fn append(&mut self, mut id: NodeId, rest: &[u8]) -> NodeId {
        for piece in rest.chunks(LABEL_BYTES_MAX) {
            let label = Label::new(piece);
            self.heap_bytes += label.heap_bytes();
            let child = self.arena.add(Node::new(id, label));
            self.change(id, |node| node.children.insert(piece[0], child));
            id = child;
        }
        id
    }

    /// Puts a node without value on the way to `below`, behind the first `at` bytes of its label.
    fn split(&mut self, below: NodeId, at: usize) -> NodeId {
        let node = self.arena.get(below);
        let above = node.parent;
        let (front, back) = node.label.as_slice().split_at(at);
        let (first, next) = (front[0], back[0]);
        let (front, back) = (Label::new(front), Label::new(back));
        self.heap_bytes += front.heap_bytes();
        let middle = self.arena.add(Node::new(above, front));
        self.change(middle, |node| node.children.insert(next, below));
        self.change(below, |node| {
            node.parent = middle;
            node.label = back;
        });
        self.node_mut(above).children.replace(first, middle);
        // Both ways became shorter: pieces of a long one may now fit into one label.
        self.merge(below);
        self.merge(above);
        middle
    }

    /// Joins a node that has no reason to exist with its only child, which keeps its number.
    fn merge(&mut self, id: NodeId) {
        let node = self.node(id);
        let Some(child) = node.children.only() else {
            return;
        };
        let front = node.label.as_slice();
        let back = self.arena.get(child).label.as_slice();
        if id == ROOT || node.value != 0 || front.len() + back.len() > LABEL_BYTES_MAX {
            return;
        }
        let first = front[0];
        let label = Label::joined(front, back);
        let above = self.take_out(id).parent;
        self.change(child, |node| {
            node.parent = above;
            node.label = label;
        });
        self.node_mut(above).children.replace(first, child);
    }

    fn take_out(&mut self, id: NodeId) -> Node {
        let node = self.arena.remove(id);
        self.heap_bytes -= node.heap_bytes();
        node
    }

    /// Removes a node whose value is gone, and all above it that were there only for its sake.
    fn prune(&mut self, mut id: NodeId) {
        while id != ROOT && self.node(id).value == 0 && self.node(id).children.len() == 0 {
            let node = self.take_out(id);
            id = node.parent;
            let first = node.label.as_slice()[0];
            self.change(id, |node| node.children.remove(first));
        }
        self.merge(id);
    }

    /// Writes the topic of a node into a buffer, in place of what was there.
    pub(super) fn topic_of(&self, id: NodeId, topic: &mut Vec<u8>) {
        let mut len = 0;
        let mut way = id;
        while way != ROOT {
            let node = self.arena.get(way);
            len += node.label.as_slice().len();
            way = node.parent;
        }
        topic.clear();
        topic.resize(len, 0);
        let mut way = id;
        while way != ROOT {
            let node = self.arena.get(way);
            let label = node.label.as_slice();
            topic[len - label.len()..len].copy_from_slice(label);
            len -= label.len();
            way = node.parent;
        }
    }

    /// The values of all topics that the message starts with, the shortest topic first.
    #[inline]
    pub(super) fn prefixes_of<'a>(&'a self, message_start: &'a [u8]) -> Prefixes<'a> {
        Prefixes::new(self, message_start)
    }

    /// All topics, in ascending order.
    pub(super) const fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }
}

#[cfg(test)]
impl Trie {
    /// That every node has a reason to exist, names its parent, and is accounted for.
    pub(super) fn check(&self) {
        let (mut nodes, mut topics, mut heap_bytes) = (0, 0, 0);
        let mut left = vec![ROOT];
        while let Some(id) = left.pop() {
            let node = self.node(id);
            heap_bytes += node.heap_bytes();
            topics += usize::from(node.value != 0);
            for (byte, child) in node.children.iter() {
                assert_eq!(self.arena.get(child).parent, id);
                assert_eq!(self.arena.get(child).label.as_slice()[0], byte);
                left.push(child);
            }
            if id == ROOT {
                continue;
            }
            nodes += 1;
            let way = node.label.as_slice().len();
            assert!((1..=LABEL_BYTES_MAX).contains(&way));
            if node.value == 0 {
                assert_ne!(node.children.len(), 0, "a way leads somewhere");
                if let Some(child) = node.children.only() {
                    let behind = self.arena.get(child).label.as_slice().len();
                    assert!(way + behind > LABEL_BYTES_MAX, "one label would do");
                }
            }
        }
        assert_eq!(nodes, self.node_count());
        assert_eq!((topics, heap_bytes), (self.topics, self.heap_bytes));
    }
}
