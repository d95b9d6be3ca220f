//! The commit word: what one store publishes of a chunk. It knows numbers only.

/// What a chunk has published: `sealed:1 | refs:15 | bytes:24 | messages:24`, each cumulative in the chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commit(u64);

impl Commit {
    const SEALED: u64 = 1 << 63;
    const REFS_SHIFT: u32 = 48;
    const BYTES_SHIFT: u32 = 24;

    /// What the word says.
    #[inline]
    pub(super) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// The word.
    #[inline]
    pub(super) const fn word(self) -> u64 {
        self.0
    }

    /// The word of a chunk that is still open.
    #[inline]
    pub(crate) const fn open(refs: usize, bytes: usize, messages: u32) -> Self {
        debug_assert!(refs < 1 << 15 && bytes < 1 << 24 && messages < 1 << 24);
        Self(
            (refs as u64) << Self::REFS_SHIFT
                | (bytes as u64) << Self::BYTES_SHIFT
                | messages as u64,
        )
    }

    /// The same, for a chunk that gets nothing more.
    pub(crate) const fn sealed(self) -> Self {
        Self(self.0 | Self::SEALED)
    }

    /// Whether the chunk gets nothing more, and its successor is linked.
    #[inline]
    pub(crate) const fn is_sealed(self) -> bool {
        self.0 & Self::SEALED != 0
    }

    /// How many reference slots are published.
    #[inline]
    pub(crate) const fn refs(self) -> usize {
        (self.0 >> Self::REFS_SHIFT & 0x7fff) as usize
    }

    /// How many page bytes are published.
    #[inline]
    pub(crate) const fn bytes(self) -> usize {
        (self.0 >> Self::BYTES_SHIFT & 0xff_ffff) as usize
    }

    /// How many whole messages have ended in the chunk.
    #[inline]
    pub(crate) const fn messages(self) -> u64 {
        self.0 & 0xff_ffff
    }
}
