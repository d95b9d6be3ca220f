//! Memory of large bodies, kept for the next ones.
//!
//! A fresh megabyte from the system costs 256 page faults and a pass that zeroes it. Blocks therefore come back here
//! from whichever thread dropped the last clone of a body, and go out again as they are: their old contents are
//! overwritten before anybody can look. What is kept is bounded; the rest is freed.
//!
//! ```text
//!   reactor ──take──▶ BodyBuffer ──finish──▶ Body … last clone dropped, on any thread ──give──▶ queue of its class
//! ```

use std::fmt;
use std::sync::{Arc, OnceLock};

use crossbeam_queue::ArrayQueue;

use super::aligned::Block;
use crate::sync::{AtomicUsize, Ordering};

/// What a reactor keeps for bodies to be received: they go back as fast as applications read.
pub(crate) const RECEIVING_KEEPS_BYTES: usize = 8 << 20;
/// What a socket keeps for bodies to be sent: half of what waits in a pipe of the default mark comes back at once.
pub(crate) const SENDING_KEEPS_BYTES: usize = 32 << 20;

/// The smallest class holds blocks of this size; each further one twice as much.
const SMALLEST_BYTES: usize = 8 << 10;
/// 8 KiB to 1 MiB. Larger blocks are not kept.
const CLASSES: usize = 8;
/// The most blocks of one class.
const BLOCKS_MAX: usize = 1_024;

/// A handle of one pool. It lives as long as a body that came from it.
#[derive(Clone)]
pub(crate) struct BodyPool(Arc<Shelves>);

struct Shelves {
    classes: [OnceLock<ArrayQueue<Block>>; CLASSES],
    /// Bytes in all classes.
    kept: AtomicUsize,
    /// The most of them.
    keeps: usize,
}

impl BodyPool {
    /// A pool that keeps at most `keeps` bytes.
    pub(crate) fn new(keeps: usize) -> Self {
        let classes = Default::default();
        Self(Arc::new(Shelves {
            classes,
            kept: AtomicUsize::new(0),
            keeps,
        }))
    }

    /// A block of at least `bytes` bytes, all initialised.
    pub(super) fn take(&self, bytes: usize) -> Block {
        let Some(class) = class_for(bytes) else {
            return Block::new(bytes);
        };
        match self.0.classes[class].get().and_then(ArrayQueue::pop) {
            Some(block) => {
                // Relaxed: a sum that orders nothing; the queue hands the block over.
                self.0.kept.fetch_sub(block.capacity(), Ordering::Relaxed);
                block
            }
            None => Block::new(class_bytes(class)),
        }
    }

    /// Takes a block back, or frees it if enough is kept.
    pub(super) fn give(&self, block: Block) {
        let bytes = block.capacity();
        let Some(class) = class_for(bytes).filter(|class| class_bytes(*class) == bytes) else {
            return;
        };
        // Relaxed: a sum that orders nothing. Counted first, so that the sum is never below what is kept.
        let kept = self.0.kept.fetch_add(bytes, Ordering::Relaxed);
        let queue = self.0.classes[class].get_or_init(|| ArrayQueue::new(BLOCKS_MAX));
        if kept + bytes > self.0.keeps || queue.push(block).is_err() {
            // Relaxed: as above; the block is freed.
            self.0.kept.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for BodyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: a snapshot for a person.
        let kept = self.0.kept.load(Ordering::Relaxed);
        f.debug_struct("BodyPool")
            .field("kept_bytes", &kept)
            .finish_non_exhaustive()
    }
}

const fn class_bytes(class: usize) -> usize {
    SMALLEST_BYTES << class
}

/// The smallest class whose blocks hold `bytes`; none if no class is so large.
fn class_for(bytes: usize) -> Option<usize> {
    (0..CLASSES).find(|class| class_bytes(*class) >= bytes)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_block_comes_back_for_the_next_body_of_its_class() {
        let pool = BodyPool::new(4 << 20);
        let block = pool.take(60_000);
        assert_eq!(block.capacity(), 64 << 10);
        let place = format!("{block:?}");
        pool.give(block);
        let again = pool.take(40_000);
        assert_eq!(format!("{again:?}"), place);
        assert_ne!(format!("{:?}", pool.take(40_000)), place);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let pool = BodyPool::new(4 << 20);
        for bytes in [1, 64 << 10, 1 << 20, 4 << 20] {
            let blocks: Vec<Block> = (0..300).map(|_| pool.take(bytes)).collect();
            for block in blocks {
                pool.give(block);
            }
        }
        let kept = (0..CLASSES)
            .map(|class| {
                class_bytes(class) * pool.0.classes[class].get().map_or(0, ArrayQueue::len)
            })
            .sum::<usize>();
        assert_eq!(kept, pool.0.kept.load(Ordering::Relaxed));
        assert!(kept > 0 && kept <= 4 << 20, "{kept}");
    }

    #[test]
    fn a_body_outlives_the_last_other_handle_of_its_pool() {
        let pool = BodyPool::new(4 << 20);
        let mut buffer = crate::memory::BodyBuffer::new(pool.clone(), 100_000, 0);
        assert_eq!(buffer.append(&[7; 100_000]), 100_000);
        let body = buffer.finish();
        drop(pool);
        let elsewhere = std::thread::spawn(move || body.iter().all(|byte| *byte == 7));
        assert!(elsewhere.join().unwrap());
    }
}
