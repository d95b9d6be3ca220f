//! Waking the ring from other threads: an eventfd that is written only while the ring sleeps.
//!
//! ```text
//!   waker                                   ring
//!   rung = true                             sleeping = true
//!   ── sequentially consistent ──           ── sequentially consistent ──
//!   sleeping? ─► write the eventfd          rung? ─► do not sleep
//! ```
//! At least one side sees the other's store, so no wake is lost (rule D12). Only the first waker after a poll
//! looks further than `rung`: repeated wakes cost one swap each.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use io_uring::{opcode, types};
use ringmq_driver::Wake;

use super::in_flight::{Op, UserData};
use super::{Ring, StableIncoming, StableOutgoing};

/// What wakers and ring share.
#[derive(Debug)]
pub(super) struct Doorbell {
    eventfd: OwnedFd,
    /// Somebody woke the ring, and no poll has returned for it yet.
    rung: AtomicBool,
    /// The ring is about to wait in the kernel, or does.
    sleeping: AtomicBool,
}

impl Doorbell {
    fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            // SAFETY: the descriptor is new and nobody else's.
            eventfd: unsafe { OwnedFd::from_raw_fd(fd) },
            rung: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
        })
    }

    /// The eventfd.
    pub(super) fn eventfd(&self) -> BorrowedFd<'_> {
        self.eventfd.as_fd()
    }

    /// Writes the eventfd. It cannot block: one write per sleep never fills the counter.
    pub(super) fn write(&self) {
        let one: u64 = 1;
        // SAFETY: the kernel reads eight bytes of a local that outlives the call.
        let written = unsafe { libc::write(self.eventfd.as_raw_fd(), (&raw const one).cast(), 8) };
        debug_assert_eq!(written, 8, "an eventfd takes eight bytes");
    }

    /// Takes note of wakes; returns whether there were any.
    pub(super) fn answer(&self) -> bool {
        // ORDERING: Relaxed suffices for the first look, which only saves the swap; the swap pairs with the
        // waker's: what the waker wrote before it rang is visible after.
        self.rung.load(Relaxed) && self.rung.swap(false, SeqCst)
    }

    /// Whether there was a wake that no poll has returned for.
    pub(super) fn is_rung(&self) -> bool {
        // ORDERING: Relaxed suffices: a spinning caller looks again, and `answer` synchronises.
        self.rung.load(Relaxed)
    }

    /// Announces that the ring will sleep; returns whether it may.
    pub(super) fn fall_asleep(&self) -> bool {
        // ORDERING: pairs with `wake`: this store precedes the load below in the single total order, as the
        // waker's swap precedes its load. So the ring sees `rung`, or the waker sees `sleeping`.
        self.sleeping.store(true, SeqCst);
        // ORDERING: see above.
        !self.rung.load(SeqCst)
    }

    /// Announces that the ring is awake.
    pub(super) fn wake_up(&self) {
        // ORDERING: Relaxed suffices: a waker that still sees `true` writes the eventfd once for nothing.
        self.sleeping.store(false, Relaxed);
    }
}

impl Wake for Doorbell {
    fn wake(&self) {
        // ORDERING: pairs with `fall_asleep` and `answer`, see there. Whoever finds `rung` set leaves the
        // looking to the one who set it.
        if self.rung.swap(true, SeqCst) {
            return;
        }
        // ORDERING: see `fall_asleep`.
        if self.sleeping.load(SeqCst) {
            self.write();
        }
    }
}

/// Where the kernel writes the eventfd's counter. Nobody reads it.
#[derive(Debug)]
pub(super) struct Count(NonNull<u64>);

impl Count {
    pub(super) fn new() -> Self {
        Self(NonNull::from(Box::leak(Box::new(0))))
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        // SAFETY: made by leaking a box, and freed here only. The kernel's loan ended with the completion of
        // the READ, which the ring awaits before it drops what it has lent.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The ring's end of the doorbell.
#[derive(Debug)]
pub(super) struct Bell {
    /// The shared part.
    pub(super) doorbell: Arc<Doorbell>,
    /// Whether a READ of the eventfd is in flight.
    pub(super) armed: bool,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            doorbell: Arc::new(Doorbell::new()?),
            armed: false,
        })
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Queues a READ of the eventfd, unless one is in flight.
    pub(super) fn arm_bell(&mut self) {
        if self.bell.armed {
            return;
        }
        self.bell.armed = true;
        let eventfd = types::Fd(self.bell.doorbell.eventfd().as_raw_fd());
        let entry = opcode::Read::new(eventfd, self.lent.count.0.as_ptr().cast(), 8)
            .build()
            .user_data(UserData::of_ring(Op::Wake).encode());
        self.lent.in_flight += 1;
        // SAFETY: the eight bytes are owned by `Lent::count` until the completion of this READ; one READ is in
        // flight at a time. The bell keeps the eventfd open longer than the ring runs.
        unsafe { self.queues.push(entry) };
    }

    /// The READ of the eventfd completed: there was a wake, which `rung` tells as well.
    pub(super) fn complete_wake(&mut self) {
        self.lent.in_flight -= 1;
        self.bell.armed = false;
    }
}
