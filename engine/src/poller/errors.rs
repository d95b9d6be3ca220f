//! What can go wrong with a poller.

use std::{fmt, io};

/// Why a poller did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollerError {
    /// Something else has this key, or it is `usize::MAX`, which is the poller's own.
    KeyInUse,
    /// The socket is there already, under another key.
    AlreadyAdded,
    /// Nothing has this key.
    UnknownKey,
    /// The collection given to [`Poller::wait`](crate::Poller::wait) has another socket under this key than the one
    /// that was added with it.
    WrongSocket {
        /// The key.
        key: usize,
    },
    /// The system refused a descriptor, or to wait.
    Io(io::Error),
}

impl fmt::Display for PollerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyInUse => f.write_str("the key is in use"),
            Self::AlreadyAdded => f.write_str("the socket is in the poller already"),
            Self::UnknownKey => f.write_str("the poller has no such key"),
            Self::WrongSocket { key } => {
                write!(
                    f,
                    "key {key} leads to another socket than was added with it"
                )
            }
            Self::Io(error) => write!(f, "cannot wait: {error}"),
        }
    }
}

impl std::error::Error for PollerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::KeyInUse | Self::AlreadyAdded | Self::UnknownKey | Self::WrongSocket { .. } => {
                None
            }
        }
    }
}

impl From<io::Error> for PollerError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
