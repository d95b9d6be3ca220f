//! What the two halves of a pipe share, and how a pipe is made and unmade.

use crossbeam_utils::CachePadded;

use super::credit::{HighWaterMark, NOBODY_WAITS};
use super::newest::Slot;
use super::ready_list::{EventKind, Node};
use super::{Owner, Reader, Writer};
use crate::memory::{ChunkRef, Pool, SizeClass};
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering, UnsafeCell, fence};

/// Who reads a pipe, which decides when its writer gets credit back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An engine that takes ranges for the kernel: credit at the take, or (for small marks) when they are sent.
    Engine,
    /// An application that walks messages: credit in steps of the low-water mark.
    Application,
}

/// What a pipe is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipeConfig {
    /// Whole messages the pipe may hold; 0 means no limit.
    pub(crate) high_water_mark: u32,
    /// Who reads it.
    pub(crate) reader_role: Role,
}

/// The memory of one pipe, kept alive by both halves and by a ready list it is on.
pub(super) struct Shared {
    /// Written by the reader only.
    pub(super) reader: CachePadded<ReaderLine>,
    /// Rarely written, by either side.
    pub(super) flags: CachePadded<Flags>,
    /// Lists the pipe for the reader's owner.
    pub(super) readable: Node,
    /// Lists the pipe for the writer's owner.
    pub(super) writable: Node,
    /// The chunks the reader left behind, once it is gone.
    pub(super) rest: UnsafeCell<Option<Rest>>,
    /// The newest message, in a pipe that holds no other.
    pub(super) newest: Option<Slot>,
}

/// How far the reader is.
pub(super) struct ReaderLine {
    /// Messages given credit for, cumulative.
    pub(super) acked: AtomicU64,
    /// Chunks retired, cumulative.
    pub(super) retired: AtomicU64,
}

/// What the halves tell each other besides messages.
pub(super) struct Flags {
    /// The reader found nothing and wants to be listed at the next commit.
    pub(super) parked: AtomicBool,
    /// The `acked` that the writer waits for, or [`NOBODY_WAITS`].
    pub(super) wake_at: AtomicU64,
    /// The writer is gone; stored after its last commit.
    pub(super) closing: AtomicBool,
    /// The reader is gone.
    pub(super) reader_gone: AtomicBool,
    /// One of the halves has left; the other one counts what is left of the messages (`leaving`).
    pub(super) left: AtomicBool,
}

/// Where a reader that is gone stood.
pub(super) struct Rest {
    pub(super) chunk: ChunkRef,
    /// Slots whose bodies the reader has dropped.
    pub(super) released: usize,
}

// SAFETY: each cell has one owner at a time. `rest` is written by the reader's drop and read by the last owner's,
// which the reference count orders; the nodes say how they keep theirs.
unsafe impl Send for Shared {}
// SAFETY: what is shared is atomic, or a cell whose one owner is said above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Lists the pipe for the reader's owner if the reader is parked. The caller has committed and fenced.
    #[inline]
    pub(super) fn wake_parked_reader(pipe: &Arc<Self>) {
        // Relaxed: the fence before it pairs with the fence after the reader's store.
        if pipe.flags.parked.load(Ordering::Relaxed) {
            Self::list_readable(pipe);
        }
    }

    #[cold]
    fn list_readable(pipe: &Arc<Self>) {
        // It decides who lists the pipe; the list orders what was published.
        // ORDERING: pairs with the release in `Reader::park`: the reader's owner was set before.
        if pipe.flags.parked.swap(false, Ordering::Acquire) {
            pipe.readable.list(pipe);
        }
    }

    /// Lists the pipe for the writer's owner if the writer waits for `acked` or less. The caller has stored and
    /// fenced.
    pub(super) fn wake_waiting_writer(pipe: &Arc<Self>, acked: u64) {
        // Relaxed: the fence before it pairs with the fence after the writer's store.
        if pipe.flags.wake_at.load(Ordering::Relaxed) <= acked {
            Self::list_writable(pipe);
        }
    }

    /// Lists the pipe for the writer's owner by the writer itself, which has taken back what it asked for.
    pub(super) fn list_own_writer(pipe: &Arc<Self>) {
        pipe.writable.list(pipe);
    }

    #[cold]
    fn list_writable(pipe: &Arc<Self>) {
        // Relaxed: it only decides who lists the pipe; the list orders the rest.
        if pipe.flags.wake_at.swap(NOBODY_WAITS, Ordering::Relaxed) != NOBODY_WAITS {
            pipe.writable.list(pipe);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: this is the last owner of the pipe.
        let mut rest = self.rest.with_mut(|rest| unsafe { (*rest).take() });
        while let Some(Rest { chunk, released }) = rest {
            let commit = chunk.committed();
            for slot in released..commit.refs() {
                // SAFETY: both halves are gone and the reader had not passed this published slot.
                unsafe { chunk.drop_slot(slot) };
            }
            let next = if commit.is_sealed() {
                chunk.next()
            } else {
                None
            };
            // SAFETY: the pipe's own unit of this chunk, which nobody gave up.
            unsafe { chunk.give_up(1) };
            rest = next.map(|chunk| Rest { chunk, released: 0 });
        }
    }
}

/// Makes a pipe. Its chunks come from `pool`, which is the writer's.
///
/// The keys come back in the owners' ready events, and may be set anew.
pub(crate) fn pipe(
    config: PipeConfig,
    pool: Pool,
    writer_owner: Owner,
    writer_key: u64,
    reader_owner: Owner,
    reader_key: u64,
) -> (Writer, Reader) {
    let writer = (writer_owner, writer_key);
    make(config, None, pool, writer, (reader_owner, reader_key))
}

/// Makes a pipe that holds only the newest message.
pub(crate) fn newest_pipe(
    pool: Pool,
    writer_owner: Owner,
    writer_key: u64,
    reader_owner: Owner,
    reader_key: u64,
) -> (Writer, Reader) {
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let writer = (writer_owner, writer_key);
    let slot = Some(Slot::default());
    make(config, slot, pool, writer, (reader_owner, reader_key))
}

fn make(
    config: PipeConfig,
    newest: Option<Slot>,
    pool: Pool,
    (writer_owner, writer_key): (Owner, u64),
    (reader_owner, reader_key): (Owner, u64),
) -> (Writer, Reader) {
    let chunk = pool.take(SizeClass::SMALLEST);
    // SAFETY: the pipe's unit keeps the chunk until the reader retires it, which it does before it lets go of
    // this name; `chunk` itself goes to the writer.
    let first = unsafe { chunk.alias() };
    let shared = Arc::new(Shared {
        reader: CachePadded::new(ReaderLine {
            acked: AtomicU64::new(0),
            retired: AtomicU64::new(0),
        }),
        flags: CachePadded::new(Flags {
            parked: AtomicBool::new(false),
            wake_at: AtomicU64::new(NOBODY_WAITS),
            closing: AtomicBool::new(false),
            reader_gone: AtomicBool::new(false),
            left: AtomicBool::new(false),
        }),
        readable: Node::new(EventKind::Readable, &reader_owner, reader_key),
        writable: Node::new(EventKind::Writable, &writer_owner, writer_key),
        rest: UnsafeCell::new(None),
        newest,
    });
    let mark = HighWaterMark::new(config.high_water_mark);
    let writer = Writer::new(shared.clone(), pool, chunk, mark, config.reader_role);
    let reader = Reader::new(shared, first, mark, config.reader_role);
    (writer, reader)
}

/// The fence between commits and the tests for parked readers.
///
/// Fan-out commits to every pipe, fences once, then tests: see [`Writer::commit`].
#[inline]
pub(crate) fn fence_commits() {
    // ORDERING: pairs with the fence in `Reader::park`: either we see the reader parked or it sees the commit.
    fence(Ordering::SeqCst);
}
