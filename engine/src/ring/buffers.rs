//! The group of provided buffers: memory the kernel picks from when bytes arrive.
//!
//! One plain group serves all sockets. A buffer is always in exactly one of two hands: the kernel's, which may
//! write it at any time, or the caller's, between [`ringmq_driver::Completion::Received`] and
//! [`ringmq_driver::Driver::release`]. Giving one back is a write to shared memory, no system call.
//!
//! There are no private groups with incremental consumption (IOU_PBUF_RING_INC, 6.12). What they could give is
//! larger contiguous receives, since every buffer comes back before the next poll anyway (rule D6). MEASURED, as an
//! upper bound: 4 buffers of 256 KiB against 64 of 64 KiB in a flood over loopback TCP, two pinned threads that
//! spin, medians of 7: 2.36 against 2.34 GB/s with sends of 32 KiB, 3.72 against 3.66 with 256 KiB. The sender is the
//! limit there.
//!
//! ```text
//!   ring of entries (shared with the kernel)          memory
//!   ┌─────────────┐ head: the kernel's                ┌────────┬────────┬────────┐
//!   │ addr len id │ ───────────────────────────────►  │ buffer │ buffer │ buffer │ …
//!   │ addr len id │ tail: ours, published last        └────────┴────────┴────────┘
//!   └─────────────┘
//! ```

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::{Submitter, types::BufRingEntry};
use ringmq_driver::Received;

/// The group's number in the ring.
pub(super) const GROUP: u16 = 0;

/// Anonymous memory, zeroed, page-aligned, unmapped on drop.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    /// Maps `bytes` bytes.
    pub(super) fn new(bytes: usize) -> io::Result<Self> {
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches no existing memory.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).expect("mmap returns null only on request");
        Ok(Self { start, bytes })
    }

    /// The first byte. Offsets below the length stay inside the mapping.
    pub(super) const fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours alone; whoever lent parts of it to the kernel drops it only after the
        // final completions (see the drop of the ring).
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// The provided buffers of one ring.
#[derive(Debug)]
pub(super) struct BufferGroup {
    /// The ring of entries; `mask + 1` of them.
    entries: Mapping,
    /// The buffers, one after the other.
    memory: Mapping,
    /// Bytes in each buffer.
    buffer_bytes: u32,
    /// Ring size less one; the ring size is a power of two.
    mask: u16,
    /// How many entries were ever provided, modulo 2¹⁶.
    tail: u16,
    /// By buffer: whether the caller has it.
    with_caller: Vec<bool>,
    /// How many buffers the kernel has.
    with_kernel: u16,
}

impl BufferGroup {
    /// Maps `count` buffers, registers the group, and gives all of them to the kernel.
    pub(super) fn new(
        submitter: &Submitter<'_>,
        count: u16,
        buffer_bytes: u32,
    ) -> io::Result<Self> {
        let count = count.clamp(1, 1 << 14);
        let ring_entries = count.next_power_of_two();
        let entries = Mapping::new(usize::from(ring_entries) * size_of::<BufRingEntry>())?;
        let memory = Mapping::new(usize::from(count) * buffer_bytes as usize)?;
        // SAFETY: the entries are mapped, page-aligned and as many as said; they are unmapped only after the
        // ring is gone (see the drop of the ring).
        unsafe {
            submitter.register_buf_ring_with_flags(
                entries.start().expose_provenance() as u64,
                ring_entries,
                GROUP,
                0,
            )
        }?;
        let mut group = Self {
            entries,
            memory,
            buffer_bytes,
            mask: ring_entries - 1,
            tail: 0,
            with_caller: vec![true; usize::from(count)],
            with_kernel: 0,
        };
        for buffer in 0..count {
            group.provide(buffer);
        }
        Ok(group)
    }

    /// Whether the kernel has a buffer to put bytes in.
    pub(super) const fn kernel_has_some(&self) -> bool {
        self.with_kernel > 0
    }

    /// The caller's view of a buffer that the kernel has just filled: notes who has it now.
    pub(super) fn filled(&mut self, buffer: u16, bytes: u32) -> Received {
        let with_caller = &mut self.with_caller[usize::from(buffer)];
        debug_assert!(!*with_caller, "the kernel picks only buffers it was given");
        *with_caller = true;
        self.with_kernel -= 1;
        Received {
            buffer: u32::from(buffer),
            offset: 0,
            bytes,
        }
    }

    /// The bytes of a buffer that the caller has.
    ///
    /// # Panics
    /// If the caller does not have this buffer, or names bytes outside it.
    pub(super) fn bytes(&self, data: &Received) -> &[u8] {
        assert!(
            self.with_caller[data.buffer as usize],
            "a Received is readable until it is released"
        );
        let end = u64::from(data.offset) + u64::from(data.bytes);
        assert!(end <= u64::from(self.buffer_bytes), "bytes of one buffer");
        let offset = data.buffer as usize * self.buffer_bytes as usize + data.offset as usize;
        let start = self.memory.start().wrapping_add(offset).cast_const();
        // SAFETY: the range lies in one buffer of the mapping, which starts out zeroed. The caller has the
        // buffer, so the kernel does not write it: that loan ended with the completion that `filled` noted,
        // and `release`, which starts the next one, needs `&mut self`.
        unsafe { std::slice::from_raw_parts(start, data.bytes as usize) }
    }

    /// Takes a buffer back from the caller and gives it to the kernel.
    ///
    /// # Panics
    /// If the caller does not have this buffer.
    pub(super) fn release(&mut self, data: &Received) {
        let buffer = u16::try_from(data.buffer).expect("a buffer of this group");
        self.provide(buffer);
    }

    fn provide(&mut self, buffer: u16) {
        let with_caller = &mut self.with_caller[usize::from(buffer)];
        assert!(*with_caller, "a Received is released once");
        *with_caller = false;
        let start = self
            .memory
            .start()
            .wrapping_add(usize::from(buffer) * self.buffer_bytes as usize);
        let first = self.entries.start().cast::<BufRingEntry>();
        let entry = first.wrapping_add(usize::from(self.tail & self.mask));
        // SAFETY: the index is masked to the ring. The kernel does not look at entries at or beyond the tail,
        // and there are no more buffers than entries, so this one is ours until the tail moves over it.
        let entry = unsafe { &mut *entry };
        entry.set_addr(start.expose_provenance() as u64);
        entry.set_len(self.buffer_bytes);
        entry.set_bid(buffer);
        self.tail = self.tail.wrapping_add(1);
        self.with_kernel += 1;
        self.publish_tail();
    }

    fn publish_tail(&self) {
        let first = self.entries.start().cast::<BufRingEntry>().cast_const();
        // SAFETY: the entries are mapped and start with the first one, which overlays the tail.
        let tail = unsafe { BufRingEntry::tail(first) };
        // SAFETY: the tail is an aligned u16 of the mapping, written here only and read by the kernel.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // ORDERING: pairs with the kernel's acquire load of the tail, before it reads the entries below it.
        tail.store(self.tail, Ordering::Release);
    }
}
