//! The memory that received bytes land in: a few large buffers, filled front to back, many reads in one.
//!
//! ```text
//!  buffer   [ read │ read │ read │ space ... ]
//!             held = 3      filled ▲
//! ```
//!
//! A small read shares its buffer with the next, so that ten thousand quiet peers need a handful of buffers;
//! a flood gets a whole one. The caller gives everything back before the next poll (D6), which empties them all.

use ringmq_driver::Received;

/// What one read fetches at most.
const BUFFER_BYTES: usize = 64 * 1024;
/// A buffer with less space than this is full: a shorter read costs as much and brings less.
const SPACE_BYTES_MIN: usize = 16 * 1024;
/// The most buffers, and so the most that one poll can receive: a mebibyte.
const BUFFERS_MAX: usize = 16;

#[derive(Debug)]
pub(crate) struct Buffers {
    buffers: Vec<Buffer>,
    /// The buffer that is being filled.
    current: usize,
}

struct Buffer {
    bytes: Box<[u8]>,
    /// Bytes in use, from the front.
    filled: usize,
    /// How many [`Received`] name a part of it.
    held: u32,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer")
            .field("filled", &self.filled)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl Buffers {
    pub(crate) const fn new() -> Self {
        Self {
            buffers: Vec::new(),
            current: 0,
        }
    }

    /// Room for one read, or `None` while the caller holds all there is.
    pub(crate) fn space(&mut self) -> Option<&mut [u8]> {
        let has_space = |buffer: &Buffer| BUFFER_BYTES - buffer.filled >= SPACE_BYTES_MIN;
        if !self.buffers.get(self.current).is_some_and(has_space) {
            self.current = match self.buffers.iter().position(has_space) {
                Some(index) => index,
                None if self.buffers.len() < BUFFERS_MAX => {
                    self.buffers.push(Buffer {
                        bytes: vec![0; BUFFER_BYTES].into_boxed_slice(),
                        filled: 0,
                        held: 0,
                    });
                    self.buffers.len() - 1
                }
                None => return None,
            };
        }
        let buffer = &mut self.buffers[self.current];
        Some(&mut buffer.bytes[buffer.filled..])
    }

    /// Names the first `bytes` of the space that was handed out last.
    pub(crate) fn fill(&mut self, bytes: usize) -> Received {
        let buffer = &mut self.buffers[self.current];
        let offset = buffer.filled;
        buffer.filled += bytes;
        buffer.held += 1;
        let narrow = |value: usize| u32::try_from(value).expect("a buffer has 64 KiB");
        Received {
            buffer: narrow(self.current),
            offset: narrow(offset),
            bytes: narrow(bytes),
        }
    }

    pub(crate) fn bytes(&self, data: &Received) -> &[u8] {
        let start = data.offset as usize;
        &self.buffers[data.buffer as usize].bytes[start..start + data.bytes as usize]
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "the name ends with what it names"
    )]
    pub(crate) fn release(&mut self, data: Received) {
        let buffer = &mut self.buffers[data.buffer as usize];
        buffer.held = buffer
            .held
            .checked_sub(1)
            .expect("the driver made each Received once, and it is not Clone");
        if buffer.held == 0 {
            buffer.filled = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER_BYTES, BUFFERS_MAX, Buffers};

    #[test]
    fn small_reads_share_a_buffer_and_keep_their_bytes() {
        let mut buffers = Buffers::new();
        let reads: Vec<_> = (0..100_u8)
            .map(|byte| {
                buffers.space().unwrap()[..64].fill(byte);
                buffers.fill(64)
            })
            .collect();
        assert!(reads.iter().all(|data| data.buffer == 0));
        for (byte, data) in (0..100_u8).zip(reads) {
            assert_eq!(buffers.bytes(&data), [byte; 64]);
            buffers.release(data);
        }
        assert_eq!(buffers.space().unwrap().len(), BUFFER_BYTES);
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let mut buffers = Buffers::new();
        let mut held = Vec::new();
        while let Some(space) = buffers.space() {
            let bytes = space.len();
            held.push(buffers.fill(bytes));
        }
        assert_eq!(held.len(), BUFFERS_MAX);
        buffers.release(held.remove(3));
        assert_eq!(buffers.space().unwrap().len(), BUFFER_BYTES);
        assert_eq!(buffers.fill(1).buffer, 3);
    }
}
