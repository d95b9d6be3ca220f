//! Ways through a trie that change nothing: down along a message, and over all topics.

use super::Trie;
use super::arena::{Node, NodeId, ROOT};

/// The values of the topics that a message starts with.
#[derive(Debug)]
pub(in crate::pattern::subscriptions) struct Prefixes<'a> {
    trie: &'a Trie,
    /// Where the message has led so far.
    node: Option<&'a Node>,
    /// What of the message lies behind that.
    rest: &'a [u8],
}

impl<'a> Prefixes<'a> {
    #[inline]
    pub(super) fn new(trie: &'a Trie, message_start: &'a [u8]) -> Self {
        Self {
            trie,
            node: Some(&trie.root),
            rest: message_start,
        }
    }

    /// One node further down.
    #[inline]
    fn descend(&mut self, node: &Node) -> Option<&'a Node> {
        let child = node.children.get(*self.rest.first()?)?;
        let child = self.trie.arena.get(child);
        self.rest = self.rest.strip_prefix(child.label.as_slice())?;
        Some(child)
    }
}

impl Iterator for Prefixes<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while let Some(node) = self.node {
            self.node = self.descend(node);
            if node.value != 0 {
                return Some(node.value);
            }
        }
        None
    }
}

/// All topics with their values, in ascending order. Its memory is that of the longest topic, however deep the trie.
#[derive(Debug)]
pub(in crate::pattern::subscriptions) struct Walk<'a> {
    trie: &'a Trie,
    at: Place,
    /// The bytes on the way to where the walk stands.
    topic: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    Node(NodeId),
    End,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(trie: &'a Trie) -> Self {
        Self {
            trie,
            at: Place::Start,
            topic: Vec::new(),
        }
    }

    /// The next topic and its value. Not an iterator, as all topics share one buffer.
    pub(in crate::pattern::subscriptions) fn next(&mut self) -> Option<(&[u8], u32)> {
        let value = loop {
            self.at = match self.at {
                Place::Start => Place::Node(ROOT),
                Place::Node(id) => self.successor(id),
                Place::End => Place::End,
            };
            match self.at {
                Place::Node(id) if self.trie.value(id) != 0 => break self.trie.value(id),
                Place::Start | Place::Node(_) => {}
                Place::End => return None,
            }
        };
        Some((&self.topic, value))
    }

    /// The first child, or else the next sibling of the closest ancestor that has one.
    fn successor(&mut self, mut id: NodeId) -> Place {
        let mut from = Some(0);
        loop {
            let node = self.trie.node(id);
            if let Some((_, child)) = from.and_then(|from| node.children.at_or_behind(from)) {
                let label = self.trie.node(child).label.as_slice();
                self.topic.extend_from_slice(label);
                return Place::Node(child);
            }
            if id == ROOT {
                return Place::End;
            }
            let label = node.label.as_slice();
            self.topic.truncate(self.topic.len() - label.len());
            from = label[0].checked_add(1);
            id = node.parent;
        }
    }
}
