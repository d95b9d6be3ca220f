//! What a SUB or XSUB socket subscribed to, with references: a topic subscribed twice is unsubscribed by two calls.

use super::trie::{Trie, Walk};

/// The application's subscriptions.
#[derive(Debug)]
pub(crate) struct Topics {
    /// The values are the references. At the largest number they stay for ever, as nobody knows how many they are.
    trie: Trie,
}

/// What unsubscribing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// Nothing refers to the topic any more: the publishers are told.
    Last,
    /// The topic was subscribed more often.
    StillReferenced,
    /// It was not subscribed.
    Unknown,
}

impl Topics {
    pub(crate) const fn new() -> Self {
        Self { trie: Trie::new() }
    }

    /// Subscribes. Whether this is the first reference to the topic.
    pub(crate) fn insert(&mut self, topic: &[u8]) -> bool {
        let id = self.trie.find_or_add(topic);
        let references = self.trie.value(id);
        self.trie.set_value(id, references.saturating_add(1));
        references == 0
    }

    /// Takes one reference back.
    pub(crate) fn remove(&mut self, topic: &[u8]) -> Removed {
        let Some(id) = self.trie.find(topic) else {
            return Removed::Unknown;
        };
        let references = self.trie.value(id);
        if references == u32::MAX {
            return Removed::StillReferenced;
        }
        self.trie.set_value(id, references - 1);
        if references == 1 {
            Removed::Last
        } else {
            Removed::StillReferenced
        }
    }

    /// Whether a message that starts with these bytes is subscribed to. A topic longer than them does not match, so
    /// they have to be the whole first frame, or as much of it as the longest topic.
    #[inline]
    pub(crate) fn matches(&self, message_start: &[u8]) -> bool {
        self.trie.prefixes_of(message_start).next().is_some()
    }

    /// All topics, each once and in ascending order: what a new publisher has to be told.
    pub(crate) const fn iter(&self) -> TopicsIter<'_> {
        TopicsIter(self.trie.walk())
    }

    /// How many topics there are, whatever the references.
    pub(crate) const fn len(&self) -> usize {
        self.trie.len()
    }

    /// How many nodes they take, the root not counted.
    pub(crate) const fn node_count(&self) -> usize {
        self.trie.node_count()
    }

    /// The memory they take outside of `self`, as asked of the allocator.
    pub(crate) fn bytes(&self) -> usize {
        self.trie.bytes()
    }
}

/// All topics of a [`Topics`]. Not an iterator, as all of them share one buffer.
#[derive(Debug)]
pub(crate) struct TopicsIter<'a>(Walk<'a>);

impl TopicsIter<'_> {
    pub(crate) fn next(&mut self) -> Option<&[u8]> {
        self.0.next().map(|(topic, _)| topic)
    }
}

#[cfg(test)]
impl Topics {
    pub(super) const fn trie(&self) -> &Trie {
        &self.trie
    }
}
