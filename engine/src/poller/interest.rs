//! What is waited for, and what came.

use std::ops::BitOr;

/// What to wait for; several are joined by `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Nothing for now.
    pub const NOTHING: Self = Self(0);
    /// A message can be received, or bytes can be read.
    pub const READABLE: Self = Self(1);
    /// A message can be sent, or bytes can be written.
    pub const WRITABLE: Self = Self(2);

    /// Whether it is waited for something to receive.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE.0 != 0
    }

    /// Whether it is waited for room to send.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE.0 != 0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Something is ready that was waited for; a socket whose context was shut down is ready for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollEvent {
    /// The key it was added with.
    pub key: usize,
    /// There is something to receive, and that was waited for. Of a descriptor also: its end, or an error.
    pub readable: bool,
    /// There is room to send, and that was waited for. Of a descriptor also: nobody reads it any more, or an error.
    pub writable: bool,
    /// A descriptor is in error. Never of a socket.
    pub failed: bool,
}
