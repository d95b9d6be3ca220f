//! A large body: bytes that are written once, shared by count, and released once.
//!
//! Where the memory came from decides how it is released; nothing else depends on it. Memory with the application's
//! code behind it is foreign, and [`super::reaper`] decides where that code runs.

use std::ffi::c_void;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use bytes::Bytes;

use super::aligned::AlignedMemory;
use super::{BodyPool, reaper};

/// A C function that releases memory which its caller lent, as `zmq_msg_init_data` takes it.
pub type FreeFn = unsafe extern "C" fn(data: *mut c_void, hint: *mut c_void);

/// Shared immutable bytes.
///
/// A clone counts; the last drop, on whichever thread, releases the memory. Foreign code runs in that drop, or on
/// the reaper's thread if an engine's thread lets go last.
#[derive(Clone)]
pub(crate) struct Body {
    bytes: NonNull<u8>,
    len: usize,
    /// What releases the memory; `None` for constants.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "dropping it releases the memory")
    )]
    keeper: Option<Arc<Keeper>>,
}

// SAFETY: the bytes are immutable while any clone lives, and the keeper is touched again only by the last drop,
// which the count makes exclusive; each keeper may be dropped on any thread (`new_foreign`'s caller promises it).
unsafe impl Send for Body {}
// SAFETY: shared bodies are only read, and their bytes do not change.
unsafe impl Sync for Body {}

/// Owns the memory of a body until its last clone is gone.
struct Keeper(Memory);

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Memory::Foreign(foreign) = &mut self.0
            && let Some(foreign) = foreign.take()
        {
            reaper::release(foreign);
        }
    }
}

// SAFETY: nothing touches the memory's owner before the last clone drops it, and each kind may be
// dropped on any thread: the closure is Send, and `new_foreign`'s caller promises it for C memory.
unsafe impl Send for Keeper {}
// SAFETY: a shared keeper gives access to nothing.
unsafe impl Sync for Keeper {}

/// The kinds of memory that a body may be made of.
#[expect(dead_code, reason = "an owner of memory is only ever dropped")]
enum Memory {
    Vec(Vec<u8>),
    Aligned(AlignedMemory),
    /// `None` once it is released.
    Foreign(Option<Foreign>),
}

/// Memory that is released by the application's code.
#[expect(dead_code, reason = "an owner of memory is only ever dropped")]
enum Foreign {
    /// Whatever owner stands behind it: bytes do not tell.
    Bytes(Bytes),
    Closure(OnDrop),
}

impl Keeper {
    const fn foreign(foreign: Foreign) -> Self {
        Self(Memory::Foreign(Some(foreign)))
    }
}

/// Runs a closure when dropped.
struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}

impl Body {
    /// A body over foreign memory; `release` runs once, when the last clone is gone.
    ///
    /// # Safety
    /// The `len` bytes at `bytes` are readable and unchanging until `release` runs.
    pub(crate) unsafe fn with_release(
        bytes: NonNull<u8>,
        len: usize,
        release: Box<dyn FnOnce() + Send>,
    ) -> Self {
        Self {
            bytes,
            len,
            keeper: Some(Arc::new(Keeper::foreign(Foreign::Closure(OnDrop(Some(
                release,
            )))))),
        }
    }

    /// A body over memory that a C caller lent: `free(data, hint)` runs once, when the last clone is gone.
    ///
    /// # Safety
    /// The `len` bytes at `data` are readable and unchanging until `free` runs, and `free` may be called from any
    /// thread with these arguments.
    pub(crate) unsafe fn new_foreign(
        data: NonNull<u8>,
        len: usize,
        free: FreeFn,
        hint: *mut c_void,
    ) -> Self {
        let call = FreeCall {
            data: data.as_ptr().cast(),
            free,
            hint,
        };
        // SAFETY: the caller promises the memory until `free` runs, and the closure is what runs it.
        unsafe { Self::with_release(data, len, Box::new(move || call.run())) }
    }

    /// A body with a copy of `bytes`, in memory of `pool`; `bytes` is not empty.
    pub(crate) fn copied(bytes: &[u8], pool: &BodyPool) -> Self {
        let mut memory = AlignedMemory::EMPTY;
        memory.grow(bytes.len(), 0, pool);
        // SAFETY: the memory is new, holds as many bytes, and `bytes` borrows something else.
        unsafe {
            memory
                .start()
                .as_ptr()
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Self::from_aligned(memory, bytes.len())
    }

    /// A body over memory that was filled by receiving.
    pub(super) fn from_aligned(memory: AlignedMemory, len: usize) -> Self {
        Self {
            bytes: memory.start(),
            len,
            keeper: Some(Arc::new(Keeper(Memory::Aligned(memory)))),
        }
    }

    /// How many clones share the bytes; constants are not counted and say `None`.
    #[cfg(test)]
    pub(crate) fn shares(&self) -> Option<usize> {
        self.keeper.as_ref().map(Arc::strong_count)
    }
}

/// A C free function with its arguments.
struct FreeCall {
    data: *mut c_void,
    free: FreeFn,
    hint: *mut c_void,
}

// SAFETY: the pointers are only handed back to `free`, which `new_foreign`'s caller lets run on any thread.
unsafe impl Send for FreeCall {}

impl FreeCall {
    fn run(self) {
        // SAFETY: `new_foreign`'s caller allows this call, and the closure around it runs once.
        unsafe { (self.free)(self.data, self.hint) };
    }
}

impl From<Vec<u8>> for Body {
    fn from(vec: Vec<u8>) -> Self {
        // Moving the vector into its keeper does not move its heap memory, and nothing writes to it there.
        let bytes = NonNull::from(vec.as_slice()).cast();
        Self {
            bytes,
            len: vec.len(),
            keeper: Some(Arc::new(Keeper(Memory::Vec(vec)))),
        }
    }
}

impl From<Bytes> for Body {
    fn from(shared: Bytes) -> Self {
        let bytes = NonNull::from(shared.as_ref()).cast();
        Self {
            bytes,
            len: shared.len(),
            keeper: Some(Arc::new(Keeper::foreign(Foreign::Bytes(shared)))),
        }
    }
}

impl From<&'static [u8]> for Body {
    fn from(constant: &'static [u8]) -> Self {
        Self {
            bytes: NonNull::from(constant).cast(),
            len: constant.len(),
            keeper: None,
        }
    }
}

impl Deref for Body {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: each constructor had the range readable and unchanging until the keeper is dropped.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
