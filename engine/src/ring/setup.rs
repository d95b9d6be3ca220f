//! Making a ring, or saying why there is none.
//!
//! The steps are those of a probe: set up with the best flags, strip what the kernel does not know, check
//! features and operations, register, then a self-test through the shipped code. No version number decides.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::mem::ManuallyDrop;
use std::time::Instant;
use std::{fmt, io};

use io_uring::IoUring;

use super::buffers::BufferGroup;
use super::enter::Queues;
use super::in_flight::Lent;
use super::receive::Hungry;
use super::sockets::Sockets;
use super::wake::{Bell, Count};
use super::{Ring, StableIncoming, StableOutgoing, probe, self_test};

/// Sizes of a ring. All are bounds, not reservations of pinned memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RingConfig {
    /// Submission entries; a fuller queue is submitted early.
    pub(crate) sq_entries: u32,
    /// Completion entries; at least twice as many as submissions is wise, since multishots have many.
    pub(crate) cq_entries: u32,
    /// Provided buffers, 1 to 16 384.
    pub(crate) buffers: u16,
    /// Bytes in each provided buffer.
    pub(crate) buffer_bytes: u32,
    /// Entries in the table of registered files; capped by RLIMIT_NOFILE. Sockets beyond it work all the same.
    pub(crate) registered_files_max: u32,
}

impl Default for RingConfig {
    fn default() -> Self {
        Self {
            sq_entries: 256,
            cq_entries: 4096,
            buffers: 64,
            buffer_bytes: 64 * 1024,
            registered_files_max: 16 * 1024,
        }
    }
}

/// Why there is no ring: the step that failed and what the system said.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum RingRefused {
    /// `io_uring_setup(2)`: EPERM and ENOSYS where it is forbidden, ENOMEM, EMFILE.
    SetUp(io::Error),
    /// The kernel lacks a feature (all are there from 6.1 up).
    Feature(&'static str),
    /// The operations could not be asked for.
    Probe(io::Error),
    /// The kernel lacks an operation, or was told to hide it.
    Operation(&'static str),
    /// The provided buffers could not be mapped or registered.
    Buffers(io::Error),
    /// The eventfd of the doorbell could not be made.
    Doorbell(io::Error),
    /// A call failed in the self-test: `io_uring_enter(2)` is forbidden, or there are no descriptors.
    SelfTest(io::Error),
    /// The self-test ran, and this did not happen in time.
    Silent(&'static str),
}

impl fmt::Display for RingRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetUp(error) => write!(f, "io_uring_setup: {error}"),
            Self::Feature(name) => write!(f, "the kernel lacks the io_uring feature {name}"),
            Self::Probe(error) => write!(f, "io_uring probe: {error}"),
            Self::Operation(name) => write!(f, "the kernel lacks the io_uring operation {name}"),
            Self::Buffers(error) => write!(f, "io_uring provided buffers: {error}"),
            Self::Doorbell(error) => write!(f, "eventfd: {error}"),
            Self::SelfTest(error) => write!(f, "io_uring self-test: {error}"),
            Self::Silent(what) => write!(f, "io_uring self-test: no {what} in time"),
        }
    }
}

impl std::error::Error for RingRefused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::SetUp(error)
            | Self::Probe(error)
            | Self::Buffers(error)
            | Self::Doorbell(error)
            | Self::SelfTest(error) => Some(error),
            Self::Feature(_) | Self::Operation(_) | Self::Silent(_) => None,
        }
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Makes a ring for the calling thread, which alone may use it.
    ///
    /// # Errors
    /// The first step that failed. The caller takes the shim then.
    pub(crate) fn new(config: &RingConfig) -> Result<Self, RingRefused> {
        self_test::run(config)?;
        Self::unchecked(config)
    }

    /// Makes a ring without the self-test, which itself runs on one.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the driver that everyone else takes the time from"
    )]
    pub(super) fn unchecked(config: &RingConfig) -> Result<Self, RingRefused> {
        let io = set_up(config).map_err(RingRefused::SetUp)?;
        probe::check(&io)?;
        let registered_max = register_files(&io, config.registered_files_max);
        let buffers = BufferGroup::new(&io.submitter(), config.buffers, config.buffer_bytes)
            .map_err(RingRefused::Buffers)?;
        let bell = Bell::new().map_err(RingRefused::Doorbell)?;
        Ok(Self {
            queues: ManuallyDrop::new(Queues::new(io)),
            lent: ManuallyDrop::new(Lent {
                sockets: Sockets::new(registered_max),
                buffers,
                count: Count::new(),
                hungry: Hungry::default(),
                spare_vectors: Vec::new(),
                in_flight: 0,
            }),
            bell,
            local: VecDeque::new(),
            uncancelled: Vec::new(),
            origin: Instant::now(),
            random: RandomState::new().build_hasher().finish(),
            process: std::process::id(),
        })
    }
}

/// Makes the ring, first without the indirection array of the submission queue.
fn set_up(config: &RingConfig) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder
        .dontfork()
        .setup_clamp()
        .setup_cqsize(config.cq_entries.max(config.sq_entries + 1))
        .setup_submit_all()
        .setup_single_issuer()
        // KERNEL: 6.1, and what makes the ring worth having: below it the shim is at least as fast.
        .setup_defer_taskrun()
        .setup_taskrun_flag();
    // KERNEL: NO_SQARRAY is 6.6.
    match builder.clone().setup_no_sqarray().build(config.sq_entries) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            builder.build(config.sq_entries)
        }
        outcome => outcome,
    }
}

/// Makes the sparse table of registered files; returns how many entries it has.
fn register_files(io: &IoUring, wanted: u32) -> u32 {
    // KERNEL: until 6.13 a file that left the table stayed open until every older request of the ring had
    // ended, so one idle receive would keep closed connections alive. NO_IOWAIT (6.15) is the first feature
    // bit after that.
    if !io.params().is_feature_no_iowait() {
        return 0;
    }
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes one rlimit, which outlives the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return 0;
    }
    let entries = u32::try_from(limit.rlim_cur)
        .unwrap_or(u32::MAX)
        .min(wanted);
    // Sockets work without the table, so a kernel that refuses it is no reason to refuse the ring.
    match io.submitter().register_files_sparse(entries) {
        Ok(()) => entries,
        Err(_) => 0,
    }
}
