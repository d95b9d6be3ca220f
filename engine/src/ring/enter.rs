//! The two queues and the only call of `io_uring_enter`.
//!
//! Knows nothing of sockets or operations. Submissions are pushed in order; a full queue is submitted at once,
//! and what even then finds no room waits in a backlog that keeps the order.
//!
//! The `io-uring` crate's own `submit` is not used: it omits `GETEVENTS` when it does not wait, so that a
//! `DEFER_TASKRUN` ring that submits and peeks would never complete anything.

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::time::Duration;

use io_uring::{EnterFlags, IoUring, cqueue, squeue, types};

/// How many completions are taken off the queue at a time.
pub(super) const BATCH: usize = 64;

/// Room for one batch of completions.
pub(super) type Batch = [MaybeUninit<cqueue::Entry>; BATCH];

/// IORING_REGISTER_RING_FDS of `io_uring_register(2)`.
const REGISTER_RING_FDS: libc::c_uint = 20;

/// `struct io_uring_rsrc_update` of `<linux/io_uring.h>`.
#[repr(C)]
struct ResourceUpdate {
    offset: u32,
    reserved: u32,
    data: u64,
}

/// `struct io_uring_getevents_arg` of `<linux/io_uring.h>`.
#[repr(C)]
struct GetEventsArg {
    sigmask: u64,
    sigmask_bytes: u32,
    min_wait_usec: u32,
    timespec: u64,
}

/// How long one enter waits for a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Not at all; deferred work is run all the same.
    None,
    /// At most this long.
    For(Duration),
    /// Until there is one.
    Endless,
}

/// The queues of one ring.
pub(super) struct Queues {
    io: IoUring,
    /// The ring's number for `io_uring_enter`: its index in the thread's table, or its descriptor.
    enter_fd: i32,
    /// REGISTERED_RING where [`Self::enter_fd`] is an index.
    enter_flags: EnterFlags,
    /// Submissions that found the queue full. Bounded by the operations that sockets may have in flight.
    backlog: VecDeque<squeue::Entry>,
    /// How often the kernel was entered.
    enters: u64,
    /// Whether the kernel ever took a submission: before that it holds nothing of ours.
    has_submitted: bool,
    /// Ties the queues to their thread: the kernel accepts no other (`SINGLE_ISSUER`).
    _not_send: PhantomData<*const ()>,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues")
            .field("sq_entries", &self.io.params().sq_entries())
            .field("cq_entries", &self.io.params().cq_entries())
            .field("backlog", &self.backlog.len())
            .field("enters", &self.enters)
            .finish_non_exhaustive()
    }
}

impl Queues {
    /// Takes a ring over and registers its descriptor with the calling thread, where the thread's table of
    /// 16 has room.
    pub(super) fn new(io: IoUring) -> Self {
        let fd = io.as_raw_fd();
        let (enter_fd, enter_flags) = match register_ring_fd(fd) {
            Some(index) => (index, EnterFlags::REGISTERED_RING),
            None => (fd, EnterFlags::empty()),
        };
        Self {
            io,
            enter_fd,
            enter_flags,
            backlog: VecDeque::new(),
            enters: 0,
            has_submitted: false,
            _not_send: PhantomData,
        }
    }

    /// The ring, for register calls at set-up and for its tables.
    pub(super) fn io(&self) -> &IoUring {
        &self.io
    }

    /// How often the kernel was entered.
    #[cfg(test)]
    pub(super) fn enters(&self) -> u64 {
        self.enters
    }

    /// Queues a submission behind all earlier ones.
    ///
    /// # Safety
    /// All memory the entry names stays valid, and unaliased where the kernel writes, until the operation's
    /// final completion was taken from these queues.
    pub(super) unsafe fn push(&mut self, entry: squeue::Entry) {
        if !self.backlog.is_empty() {
            self.backlog.push_back(entry);
            return;
        }
        // SAFETY: the caller of this function promises what `push` asks.
        if unsafe { self.io.submission().push(&entry) }.is_ok() {
            return;
        }
        // An error here (no memory, overflow) will come back at the next poll, which can report it.
        let _ = self.call(EnterFlags::empty(), 0, None);
        // SAFETY: the caller of this function promises what `push` asks, as before.
        if unsafe { self.io.submission().push(&entry) }.is_err() {
            self.backlog.push_back(entry);
        }
    }

    /// Whether there is something to submit.
    pub(super) fn has_submissions(&mut self) -> bool {
        !self.backlog.is_empty() || !self.io.submission().is_empty()
    }

    /// Whether the kernel ever took a submission.
    pub(super) const fn has_submitted(&self) -> bool {
        self.has_submitted
    }

    /// Whether completions can be taken without entering the kernel.
    pub(super) fn has_completions(&self) -> bool {
        // SAFETY: completion queue views live only inside single calls on this thread, so none exists now.
        !unsafe { self.io.completion_shared() }.is_empty()
    }

    /// Whether the kernel flagged work that only an enter can finish: deferred task work or completions
    /// that overflowed.
    pub(super) fn needs_enter(&self) -> bool {
        // SAFETY: submission queue views live only inside single calls on this thread, so none exists now.
        let submission = unsafe { self.io.submission_shared() };
        submission.taskrun() || submission.cq_overflow()
    }

    /// Whether completions wait in the kernel because the queue was full.
    pub(super) fn has_overflowed(&self) -> bool {
        // SAFETY: submission queue views live only inside single calls on this thread, so none exists now.
        unsafe { self.io.submission_shared() }.cq_overflow()
    }

    /// Submits what is queued, runs deferred work, and waits as told.
    ///
    /// Returns early, with nothing to tell them apart, on time-out, on a signal, and when the kernel has for
    /// the moment no memory or no room in the completion queue: the caller looks at the queue and comes again.
    ///
    /// # Errors
    /// The ring is broken, or the wrong thread uses it.
    pub(super) fn enter(&mut self, patience: Patience) -> io::Result<()> {
        self.drain_backlog();
        let outcome = match patience {
            Patience::None => self.call(EnterFlags::GETEVENTS, 0, None),
            // What the backlog still holds must be submitted before anyone sleeps.
            _ if !self.backlog.is_empty() => self.call(EnterFlags::GETEVENTS, 0, None),
            Patience::Endless => self.call(EnterFlags::GETEVENTS, 1, None),
            Patience::For(wait) => self.call(EnterFlags::GETEVENTS, 1, Some(wait)),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::ETIME | libc::EINTR | libc::EBUSY) => Ok(()),
                Some(libc::EAGAIN) => {
                    // No memory for requests: let others give some back rather than spin on the kernel.
                    std::thread::yield_now();
                    Ok(())
                }
                _ => Err(error),
            },
        }
    }

    /// Takes up to a batch of completions off the queue.
    pub(super) fn take<'a>(&mut self, batch: &'a mut Batch) -> &'a [cqueue::Entry] {
        self.io.completion().fill(batch)
    }

    fn drain_backlog(&mut self) {
        while let Some(entry) = self.backlog.front() {
            // SAFETY: `push` took the entry over with the caller's promise, which lasts until its completion.
            if unsafe { self.io.submission().push(entry) }.is_ok() {
                self.backlog.pop_front();
            } else if self.call(EnterFlags::empty(), 0, None).is_err()
                || self.io.submission().is_full()
            {
                return;
            }
        }
    }

    fn call(
        &mut self,
        flags: EnterFlags,
        complete_min: u32,
        wait: Option<Duration>,
    ) -> io::Result<()> {
        let to_submit = self.io.submission().len();
        let timespec = types::Timespec::from(wait.unwrap_or_default());
        let arg = GetEventsArg {
            sigmask: 0,
            sigmask_bytes: 0,
            min_wait_usec: 0,
            timespec: (&raw const timespec).expose_provenance() as u64,
        };
        let (flags, arg, arg_bytes) = match wait {
            Some(_) => (
                flags | EnterFlags::EXT_ARG,
                (&raw const arg).cast::<libc::c_void>(),
                size_of::<GetEventsArg>(),
            ),
            None => (flags, std::ptr::null(), 0),
        };
        self.enters += 1;
        // SAFETY: `arg` and the timespec it names outlive the call; the submitted entries carry the promise of
        // `push`; the descriptor is the ring's own.
        let result = unsafe {
            libc::syscall(
                libc::SYS_io_uring_enter,
                self.enter_fd,
                to_submit as libc::c_uint,
                complete_min,
                (flags | self.enter_flags).bits(),
                arg,
                arg_bytes,
            )
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        self.has_submitted |= result > 0;
        Ok(())
    }
}

impl Drop for Queues {
    fn drop(&mut self) {
        if self.enter_flags.contains(EnterFlags::REGISTERED_RING) {
            unregister_ring_fd(self.io.as_raw_fd(), self.enter_fd);
        }
    }
}

/// Puts the ring's descriptor into the calling thread's table, which saves a look-up per enter.
fn register_ring_fd(fd: i32) -> Option<i32> {
    let mut update = ResourceUpdate {
        offset: u32::MAX,
        reserved: 0,
        data: u64::try_from(fd).ok()?,
    };
    // SAFETY: the kernel reads and writes one `ResourceUpdate`, which outlives the call.
    let registered = unsafe {
        libc::syscall(
            libc::SYS_io_uring_register,
            fd,
            REGISTER_RING_FDS,
            &raw mut update,
            1 as libc::c_uint,
        )
    };
    if registered == 1 {
        i32::try_from(update.offset).ok()
    } else {
        None
    }
}

/// Takes the ring's descriptor out of the calling thread's table.
fn unregister_ring_fd(fd: i32, index: i32) {
    let update = ResourceUpdate {
        offset: index.unsigned_abs(),
        reserved: 0,
        data: 0,
    };
    // SAFETY: the kernel reads one `ResourceUpdate`, which outlives the call. Failure would leave an entry in
    // the thread's table until the thread ends, which is harmless.
    unsafe {
        libc::syscall(
            libc::SYS_io_uring_register,
            fd,
            REGISTER_RING_FDS + 1,
            &raw const update,
            1 as libc::c_uint,
        )
    };
}
