//! A chunk: one allocation with a header and a page of framed bytes.
//!
//! ```text
//!   header  │ commit │ use count │ next, sealed, first_message, info, pool │
//!   page    │ frame │ frame │ frame ▶ ........ free ........ ◀ slot 1 │ slot 0 │
//!                                   ▲ committed bytes        ▲ committed refs
//! ```
//!
//! One release store of the commit word publishes bytes, slots and message count together. What lies beyond it is
//! the writer's alone; what lies before it never changes until the chunk is recycled. A chunk is recycled when
//! its last unit is given up: the pipe holds one, each batch in flight and each slice holds one. This file must
//! not know what the bytes mean.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::Arc as StdArc;

use crossbeam_utils::CachePadded;

use super::pool::{PoolShared, SizeClass};
use super::shadow::Shadow;
use super::slot::{SLOT_BYTES, Slot};
use super::{Commit, ConnectionInfo, Slice, Unit};
use crate::sync::{Arc, AtomicU32, AtomicU64, AtomicUsize, Ordering, UnsafeCell, fence};

/// `first_message` of a chunk in which no message starts.
pub(crate) const NO_MESSAGE: u32 = u32::MAX;

/// The header. The page follows it in the same allocation.
pub(super) struct Chunk {
    /// Written by the pipe's writer, polled by its reader.
    commit: CachePadded<AtomicU64>,
    /// Units: one for the pipe, one per slice and per batch, and what a walker has bought ahead.
    use_count: CachePadded<AtomicUsize>,
    /// The chunk after this one. The writer sets it before it seals; in a pool it links the free chunks.
    next: UnsafeCell<Option<NonNull<Self>>>,
    /// The word that will seal this chunk, from when the writer rolled over until it publishes that.
    seal: UnsafeCell<Commit>,
    /// Page offset of the first frame that starts a message, or [`NO_MESSAGE`].
    first_message: AtomicU32,
    /// The size of the allocation.
    class: SizeClass,
    /// The connection that the bytes came from.
    info: UnsafeCell<Option<StdArc<ConnectionInfo>>>,
    /// Where the chunk goes when its last unit is given up; `None` while it waits in a pool.
    pool: UnsafeCell<Option<Arc<PoolShared>>>,
    /// Lets loom see the page.
    shadow: Shadow,
}

/// Bytes of the header, which the page follows.
pub(super) const HEADER_BYTES: usize = size_of::<Chunk>();

/// Names a live chunk. It owns nothing: whoever has one knows which unit keeps the chunk alive.
///
/// The invariant that makes its methods safe: the chunk has not been recycled. [`ChunkRef::alias`] is where a
/// caller promises to keep it.
#[derive(Debug)]
pub(crate) struct ChunkRef(NonNull<Chunk>);

impl ChunkRef {
    /// Makes a chunk of `class`, with a zeroed page, that belongs to no pool yet.
    pub(super) fn allocate(class: SizeClass) -> Self {
        let layout = Self::layout(class);
        // SAFETY: the layout is larger than the header, so it is not zero.
        let memory = unsafe { alloc_zeroed(layout) };
        let Some(chunk) = NonNull::new(memory.cast::<Chunk>()) else {
            handle_alloc_error(layout)
        };
        let header = Chunk {
            commit: CachePadded::new(AtomicU64::new(0)),
            use_count: CachePadded::new(AtomicUsize::new(0)),
            next: UnsafeCell::new(None),
            seal: UnsafeCell::new(Commit::default()),
            first_message: AtomicU32::new(NO_MESSAGE),
            class,
            info: UnsafeCell::new(None),
            pool: UnsafeCell::new(None),
            shadow: Shadow::new(class.page_bytes()),
        };
        // SAFETY: the memory was allocated just now, with the header's size and alignment at its start.
        unsafe { chunk.write(header) };
        Self(chunk)
    }

    /// Gives the memory back to the system.
    ///
    /// # Safety
    /// No unit is left and nothing names the chunk any more.
    pub(super) unsafe fn free(self) {
        let layout = Self::layout(self.class());
        // SAFETY: the caller says that nothing else names the chunk, so the header is dropped once.
        unsafe { self.0.drop_in_place() };
        // SAFETY: `allocate` got the memory with this very layout.
        unsafe { dealloc(self.0.as_ptr().cast(), layout) };
    }

    fn layout(class: SizeClass) -> Layout {
        Layout::from_size_align(HEADER_BYTES + class.page_bytes(), align_of::<Chunk>()).expect(
            "a size class is far below isize::MAX and the header's alignment is a power of two",
        )
    }

    /// Makes a chunk that nothing names ready for a pipe, which holds its first unit.
    pub(super) fn open(&self, pool: Arc<PoolShared>) {
        // Relaxed: the chunk is the caller's alone; the commit that links it publishes these.
        self.header().commit.store(0, Ordering::Relaxed);
        self.header().use_count.store(1, Ordering::Relaxed);
        self.set_first_message(NO_MESSAGE);
        self.set_next(None);
        // SAFETY: the chunk came from the allocator or a pool, so this thread alone names it.
        self.header()
            .pool
            .with_mut(|place| unsafe { *place = Some(pool) });
    }

    /// A second name for the chunk.
    ///
    /// # Safety
    /// The caller stops using the alias before the unit that keeps the chunk alive is given up.
    #[inline]
    pub(crate) const unsafe fn alias(&self) -> Self {
        Self(self.0)
    }

    /// Whether both name one chunk.
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    #[inline]
    const fn header(&self) -> &Chunk {
        // SAFETY: the type's invariant: the chunk is live, and its header is only ever shared.
        unsafe { self.0.as_ref() }
    }

    /// The size class.
    pub(crate) const fn class(&self) -> SizeClass {
        self.header().class
    }

    /// Bytes of the page.
    pub(crate) const fn page_bytes(&self) -> usize {
        self.class().page_bytes()
    }

    // --- what is published -------------------------------------------------------------------------------

    /// What the writer has published.
    #[inline]
    pub(crate) fn committed(&self) -> Commit {
        // ORDERING: pairs with the release in `publish`: bytes, slots, `next` and `info` come with the word.
        Commit::from_word(self.header().commit.load(Ordering::Acquire))
    }

    /// Publishes everything up to `commit`, and every chunk that a sealed one links to.
    #[inline]
    pub(crate) fn publish(&self, commit: Commit) {
        // ORDERING: pairs with the acquire in `committed`.
        self.header().commit.store(commit.word(), Ordering::Release);
    }

    /// Sets the word of a chunk that no reader can reach yet.
    pub(crate) fn publish_unreachable(&self, commit: Commit) {
        // Relaxed: a reader comes here only through the release store that seals the chunk before.
        self.header().commit.store(commit.word(), Ordering::Relaxed);
    }

    /// Remembers the word that will seal the chunk once the message that rolled over is whole.
    pub(crate) fn set_seal(&self, commit: Commit) {
        // SAFETY: only the pipe's writer touches `seal`, and it is not called recursively.
        self.header()
            .seal
            .with_mut(|seal| unsafe { *seal = commit });
    }

    /// The word that will seal the chunk.
    pub(crate) fn seal(&self) -> Commit {
        // SAFETY: only the pipe's writer touches `seal`.
        self.header().seal.with(|seal| unsafe { *seal })
    }

    /// Links the next chunk. Only the writer of an unsealed chunk, or a pool, may call this.
    pub(super) fn set_next(&self, next: Option<&Self>) {
        let next = next.map(|chunk| chunk.0);
        // SAFETY: the caller owns the chunk (its pool) or its open end (its writer), so nobody reads the link.
        self.header().next.with_mut(|link| unsafe { *link = next });
    }

    /// Links the chunk that the writer rolled over to.
    pub(crate) fn link(&self, next: &Self) {
        self.set_next(Some(next));
    }

    /// The next chunk. Meaningful for the writer, and for a reader that saw the chunk sealed.
    pub(crate) fn next(&self) -> Option<Self> {
        // SAFETY: the link is written before the seal is published, and not again until the chunk is recycled.
        self.header().next.with(|link| unsafe { *link }).map(Self)
    }

    /// Page offset of the first frame that starts a message; beyond the committed bytes it means nothing.
    pub(crate) fn first_message(&self) -> u32 {
        // Relaxed: the value counts only below the committed bytes, and then the commit published it.
        self.header().first_message.load(Ordering::Relaxed)
    }

    /// Sets where the first message starts.
    pub(crate) fn set_first_message(&self, offset: u32) {
        // Relaxed: the commit that covers the offset publishes it.
        self.header().first_message.store(offset, Ordering::Relaxed);
    }

    /// The connection that the bytes came from.
    #[inline]
    pub(crate) fn info(&self) -> Option<&StdArc<ConnectionInfo>> {
        // SAFETY: written before the first byte is committed, and not again until the chunk is recycled.
        self.header().info.with(|info| unsafe { &*info }).as_ref()
    }

    /// Says where the bytes will come from. Only the writer may call it, before it commits the first byte.
    pub(crate) fn set_info(&self, info: Option<StdArc<ConnectionInfo>>) {
        // SAFETY: nothing is committed, so no reader looks at the facts.
        self.header()
            .info
            .with_mut(|place| unsafe { *place = info });
    }

    // --- the page ----------------------------------------------------------------------------------------

    /// Start of the page. Derived from the allocation, so that it may reach every byte of it.
    #[inline]
    pub(crate) const fn page(&self) -> *mut u8 {
        self.0.as_ptr().cast::<u8>().wrapping_add(HEADER_BYTES)
    }

    /// The committed (or the writer's own) bytes at `offset`.
    ///
    /// # Safety
    /// The range lies in the page, and nobody writes to it while the result lives.
    #[inline]
    pub(crate) unsafe fn bytes(&self, offset: usize, len: usize) -> &[u8] {
        self.header().shadow.read(offset, len);
        let start = self.page().wrapping_add(offset);
        // SAFETY: the caller names a range of the page that is initialised (pages are zeroed) and not written to.
        unsafe { std::slice::from_raw_parts(start, len) }
    }

    /// One committed byte.
    ///
    /// # Safety
    /// As for [`Self::bytes`].
    #[inline]
    pub(crate) unsafe fn byte(&self, offset: usize) -> u8 {
        self.header().shadow.read(offset, 1);
        // SAFETY: the caller names a byte of the page that nobody writes to.
        unsafe { self.page().wrapping_add(offset).read() }
    }

    /// Writes bytes that are not published.
    ///
    /// # Safety
    /// The caller is the writer, and the range is free: beyond what is committed and before the slots.
    #[inline]
    pub(crate) unsafe fn write(&self, offset: usize, bytes: &[u8]) {
        self.header().shadow.write(offset, bytes.len());
        let start = self.page().wrapping_add(offset);
        // A call of memcpy costs more than copying so few bytes.
        match bytes.len() {
            // SAFETY: the range is free and inside the page, and as long as `bytes`.
            8..=16 => unsafe { write_ends::<8>(start, bytes) },
            // SAFETY: the caller's range is free and as long as `bytes`, which is 17 to 32.
            17..=32 => unsafe { write_ends::<16>(start, bytes) },
            // SAFETY: the caller's range is free and as long as `bytes`, which is 33 to 64.
            33..=64 => unsafe { write_ends::<32>(start, bytes) },
            // SAFETY: the caller's range is free and as long as `bytes`, which borrows something else.
            len => unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), len) },
        }
    }

    /// The free bytes at `offset`.
    ///
    /// # Safety
    /// As for [`Self::write`], for as long as the result lives.
    #[inline]
    #[expect(
        clippy::mut_from_ref,
        reason = "the page is not part of the header that `self` borrows"
    )]
    pub(crate) unsafe fn space(&self, offset: usize, len: usize) -> &mut [u8] {
        self.header().shadow.write(offset, len);
        let start = self.page().wrapping_add(offset);
        // SAFETY: the caller owns the range, it is initialised (pages are zeroed), and nothing else names it.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// Moves unpublished bytes inside the page.
    ///
    /// # Safety
    /// As for [`Self::write`], for both ranges.
    pub(crate) unsafe fn shift(&self, from: usize, to: usize, len: usize) {
        self.header().shadow.read(from, len);
        self.header().shadow.write(to, len);
        let source = self.page().wrapping_add(from);
        // SAFETY: the caller owns both ranges; the copy allows them to overlap.
        unsafe { source.copy_to(self.page().wrapping_add(to), len) };
    }

    /// Tells loom that a slice is read.
    #[inline]
    pub(super) fn watch_read(&self, bytes: *const u8, len: usize) {
        self.header()
            .shadow
            .read(bytes.addr() - self.page().addr(), len);
    }

    // --- the slots ---------------------------------------------------------------------------------------

    #[inline]
    const fn slot_offset(&self, index: usize) -> usize {
        self.page_bytes() - (index + 1) * SLOT_BYTES
    }

    #[inline]
    const fn slot_place(&self, index: usize) -> *mut Slot {
        self.page().wrapping_add(self.slot_offset(index)).cast()
    }

    /// Fills a slot that is not published.
    ///
    /// # Safety
    /// The caller is the writer; the slot is free and lies above the frames.
    pub(crate) unsafe fn write_slot(&self, index: usize, slot: Slot) {
        self.header()
            .shadow
            .write(self.slot_offset(index), SLOT_BYTES);
        // SAFETY: the place is free, inside the page and aligned (page and slot sizes are multiples of 8).
        unsafe { self.slot_place(index).write(slot) };
    }

    /// A slot whose body has not been dropped.
    ///
    /// # Safety
    /// The slot is published (or the caller is the writer), and stays undropped while the result lives.
    pub(crate) unsafe fn slot(&self, index: usize) -> &Slot {
        self.header()
            .shadow
            .read(self.slot_offset(index), SLOT_BYTES);
        // SAFETY: the caller says that the slot is filled and stays so.
        unsafe { &*self.slot_place(index) }
    }

    /// Where a slot's body belongs, which stays readable after the body was dropped.
    ///
    /// # Safety
    /// The slot is published, or the caller is the writer that filled it.
    pub(crate) unsafe fn slot_at(&self, index: usize) -> usize {
        self.header()
            .shadow
            .read(self.slot_offset(index), SLOT_BYTES);
        let place = self.slot_place(index);
        // SAFETY: the slot was filled, so the field lies in initialised memory of the page.
        let offset = unsafe { &raw const (*place).offset };
        // SAFETY: a number stays valid when the body beside it is dropped.
        let offset = unsafe { offset.read() };
        offset as usize
    }

    /// Drops a slot's body. It may run a foreign free function.
    ///
    /// # Safety
    /// The caller owns the slot (see the file's head of `slot.rs`), and nothing borrows its body.
    pub(crate) unsafe fn drop_slot(&self, index: usize) {
        self.header()
            .shadow
            .read(self.slot_offset(index), SLOT_BYTES);
        // SAFETY: the caller owns the filled slot and drops it once.
        unsafe { self.slot_place(index).drop_in_place() };
    }

    // --- the use count -----------------------------------------------------------------------------------

    /// Adds `units` to the use count. The caller already relies on a unit.
    #[inline]
    pub(crate) fn buy(&self, units: usize) {
        // Relaxed: the caller's unit keeps the count above zero, and a new unit needs to see nothing.
        self.header().use_count.fetch_add(units, Ordering::Relaxed);
    }

    /// Gives up `units`; with the last one the chunk goes back to its pool.
    ///
    /// # Safety
    /// The caller owns that many units and does not use the chunk through them again.
    #[inline]
    pub(crate) unsafe fn give_up(&self, units: usize) {
        // ORDERING: pairs with the acquire fence below: whoever recycles sees all uses of the others as past.
        if self.header().use_count.fetch_sub(units, Ordering::Release) == units {
            // ORDERING: pairs with the releases above.
            fence(Ordering::Acquire);
            self.recycle();
        }
    }

    #[cold]
    fn recycle(&self) {
        self.set_info(None);
        // SAFETY: the last unit is gone, so this thread alone names the chunk.
        let pool = self
            .header()
            .pool
            .with_mut(|place| unsafe { (*place).take() });
        let pool = pool
            .expect("a chunk in use belongs to a pool until it is recycled, which happens once");
        // SAFETY: `self` is not used after this, and nobody else names the chunk.
        let chunk = unsafe { self.alias() };
        pool.give_back(chunk);
    }

    /// Makes a slice of the committed bytes at `bytes`, from a unit that the caller has bought.
    ///
    /// # Safety
    /// The bytes lie in this chunk's page and are committed; the caller owns a unit and passes it on.
    #[inline]
    pub(crate) unsafe fn slice(&self, bytes: NonNull<u8>, len: usize) -> Slice {
        // SAFETY: the caller passes its unit on.
        let unit = unsafe { Unit::adopt(self) };
        // SAFETY: the caller says that the bytes are committed and lie in the page.
        unsafe { Slice::new(bytes, len, unit) }
    }

    /// The raw name, for a pool's stack.
    pub(super) const fn into_raw(self) -> *mut Chunk {
        self.0.as_ptr()
    }

    /// The name back from [`Self::into_raw`].
    pub(super) fn from_raw(chunk: *mut Chunk) -> Option<Self> {
        NonNull::new(chunk).map(Self)
    }
}

/// Copies `N` to `2 * N` bytes as their first and their last `N`, which may overlap.
///
/// # Safety
/// As many bytes as `bytes` has may be written at `start`.
#[inline]
unsafe fn write_ends<const N: usize>(start: *mut u8, bytes: &[u8]) {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else {
        unreachable!("callers choose N by the length");
    };
    // SAFETY: the range is at least N long; an array of bytes needs no alignment.
    unsafe { start.cast::<[u8; N]>().write(*first) };
    let rest = start.wrapping_add(bytes.len() - N);
    // SAFETY: these are the last N bytes of the range, and an array of bytes needs no alignment.
    unsafe { rest.cast::<[u8; N]>().write(*last) };
}
