//! A descriptor that foreign event loops can wait for, made only where somebody asks for it.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

/// A socket pair: a byte in it makes the descriptor readable.
pub(super) struct Descriptor {
    pair: OnceLock<Pair>,
}

struct Pair {
    read: UnixStream,
    write: UnixStream,
}

impl Descriptor {
    pub(super) const fn new() -> Self {
        Self {
            pair: OnceLock::new(),
        }
    }

    /// The descriptor, and whether this call made it.
    pub(super) fn get_or_make(&self) -> io::Result<(RawFd, bool)> {
        if let Some(pair) = self.pair.get() {
            return Ok((pair.read.as_raw_fd(), false));
        }
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let pair = self.pair.get_or_init(|| Pair { read, write });
        Ok((pair.read.as_raw_fd(), true))
    }

    /// Makes the descriptor readable, if there is one.
    pub(super) fn signal(&self) {
        if let Some(pair) = self.pair.get() {
            // The only refusal is a full socket, and that is readable already.
            let _ = (&pair.write).write(&[1]);
        }
    }

    /// Whether it is readable; takes one byte.
    #[cfg(test)]
    pub(super) fn is_readable(&self) -> bool {
        let mut byte = [0];
        self.pair
            .get()
            .is_some_and(|pair| matches!((&pair.read).read(&mut byte), Ok(1)))
    }

    /// Makes it unreadable.
    pub(super) fn clear(&self) {
        let Some(pair) = self.pair.get() else { return };
        let mut bytes = [0; 64];
        loop {
            match (&pair.read).read(&mut bytes) {
                Ok(read) if read == bytes.len() => (),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                // Fewer bytes than asked for, or none: the socket is empty.
                Ok(_) | Err(_) => return,
            }
        }
    }
}
