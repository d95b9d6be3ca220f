//! The bytes on the way from a node's parent to the node.

/// The longest label. Longer ways are chains of nodes, so that a split or a merge copies no more than this: otherwise
/// ten thousand short prefixes of one huge topic would copy that topic ten thousand times.
pub(super) const LABEL_BYTES_MAX: usize = 1024;

/// Labels up to this many bytes lie in the node itself. Most topics are short, and most of a trie are its last nodes.
const INLINE_BYTES_MAX: usize = 22;

/// At most [`LABEL_BYTES_MAX`] bytes; none only at the root.
#[derive(Debug)]
pub(super) enum Label {
    Inline {
        /// How many of `bytes` count.
        len: u8,
        bytes: [u8; INLINE_BYTES_MAX],
    },
    Heap(Box<[u8]>),
}

impl Label {
    pub(super) const EMPTY: Self = Self::Inline {
        len: 0,
        bytes: [0; INLINE_BYTES_MAX],
    };

    pub(super) fn new(label: &[u8]) -> Self {
        Self::joined(label, &[])
    }

    /// One label made of two.
    pub(super) fn joined(front: &[u8], back: &[u8]) -> Self {
        let len = front.len() + back.len();
        debug_assert!(len <= LABEL_BYTES_MAX, "longer ways are chains of nodes");
        if len > INLINE_BYTES_MAX {
            return Self::Heap([front, back].concat().into_boxed_slice());
        }
        let mut bytes = [0; INLINE_BYTES_MAX];
        bytes[..front.len()].copy_from_slice(front);
        bytes[front.len()..len].copy_from_slice(back);
        Self::Inline {
            len: len as u8,
            bytes,
        }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Self::Heap(bytes) => bytes,
        }
    }

    /// What lies outside the node.
    pub(super) const fn heap_bytes(&self) -> usize {
        match self {
            Self::Inline { .. } => 0,
            Self::Heap(bytes) => bytes.len(),
        }
    }
}
