//! The system's allocator, counting between two marks. It must not allocate itself while it counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[global_allocator]
static COUNTED: Counted = Counted;

/// Allocations of all threads while the count is on.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static COUNTING: AtomicBool = AtomicBool::new(false);
/// The site of the first allocation is still to be told.
static UNTOLD: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// This thread is telling a site, which takes allocations of its own.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

#[derive(Debug)]
struct Counted;

/// Starts counting; the first allocation after this prints where it came from on standard error.
pub(crate) fn start() {
    // Relaxed, here and below: what is counted is what each thread does after it sees the mark, and the marks lie
    // far enough apart that a late view changes nothing.
    ALLOCATIONS.store(0, Ordering::Relaxed);
    UNTOLD.store(true, Ordering::Relaxed);
    COUNTING.store(true, Ordering::Relaxed);
}

/// Stops counting; returns how many allocations there were.
pub(crate) fn stop() -> u64 {
    // Relaxed: as in `start`.
    COUNTING.store(false, Ordering::Relaxed);
    ALLOCATIONS.load(Ordering::Relaxed)
}

fn count() {
    // Relaxed: as in `start`.
    if !COUNTING.load(Ordering::Relaxed) || TELLING.get() {
        return;
    }
    // Relaxed: a count orders nothing.
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    // Relaxed: one thread wins the swap, which is all that is asked of it.
    if UNTOLD.swap(false, Ordering::Relaxed) {
        TELLING.set(true);
        eprintln!("first allocation:\n{}", Backtrace::force_capture());
        TELLING.set(false);
    }
}

// SAFETY: every call goes to `System` unchanged, which upholds the trait's contract; counting touches atomics, and the
// one backtrace allocates like any other caller.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds `alloc`'s contract, and it is handed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller upholds `alloc_zeroed`'s contract, and it is handed on unchanged.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller got `pointer` from this allocator, which got it from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count();
        // SAFETY: the caller got `pointer` from this allocator, which got it from `System`.
        unsafe { System.realloc(pointer, layout, bytes) }
    }
}
