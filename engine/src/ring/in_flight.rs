//! Who owns what while the kernel holds it.
//!
//! Every operation is named by `user_data` = operation 8 bits | generation 24 | slot 32, never by a pointer, so
//! that no completion, however late, can reach freed memory. A socket has at most one operation of each kind in
//! flight (cancels are counted), so its slot is its entry in the in-flight table; the slot is reused only when
//! the last of its operations has completed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use io_uring::squeue;
use ringmq_driver::{Demand, SLICES_MAX, SocketId};
use socket2::SockAddr;

use super::buffers::BufferGroup;
use super::receive::Hungry;
use super::sockets::Sockets;
use super::wake::Count;
use super::{Ring, StableIncoming, StableOutgoing};

/// What an operation is. The numbers are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Op {
    /// Multishot accept of a listener.
    Accept = 1,
    /// Connect.
    Connect = 2,
    /// Any receive.
    Receive = 3,
    /// Any send.
    Send = 4,
    /// Cancel of one socket's operations.
    Cancel = 5,
    /// READ of the eventfd.
    Wake = 6,
    /// Cancel of everything, when the ring is dropped.
    CancelAll = 7,
    /// POLL_ADD that waits for the end of a connection.
    Watch = 8,
}

impl Op {
    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Accept,
            2 => Self::Connect,
            3 => Self::Receive,
            4 => Self::Send,
            5 => Self::Cancel,
            6 => Self::Wake,
            7 => Self::CancelAll,
            8 => Self::Watch,
            _ => return None,
        })
    }
}

const GENERATION_MASK: u32 = 0x00FF_FFFF;

/// The name of an operation in the kernel's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserData {
    /// What it is.
    pub(super) op: Op,
    /// The low 24 bits of its socket's generation.
    pub(super) generation: u32,
    /// Its socket's slot.
    pub(super) slot: u32,
}

impl UserData {
    /// The name of a socket's operation.
    pub(super) const fn of(op: Op, socket: SocketId) -> Self {
        Self {
            op,
            generation: socket.generation & GENERATION_MASK,
            slot: socket.index,
        }
    }

    /// The name of an operation of the ring itself.
    pub(super) const fn of_ring(op: Op) -> Self {
        Self {
            op,
            generation: 0,
            slot: u32::MAX,
        }
    }

    /// As the kernel carries it.
    pub(super) const fn encode(self) -> u64 {
        (self.op as u64) << 56 | (self.generation as u64) << 32 | self.slot as u64
    }

    /// Back from the kernel; `None` for a number that this ring never made.
    pub(super) const fn decode(number: u64) -> Option<Self> {
        match Op::from_number((number >> 56) as u8) {
            Some(op) => Some(Self {
                op,
                generation: (number >> 32) as u32 & GENERATION_MASK,
                slot: number as u32,
            }),
            None => None,
        }
    }

    /// Whether this names an operation of that socket.
    pub(super) const fn is_of(self, socket: SocketId) -> bool {
        self.slot == socket.index && self.generation == socket.generation & GENERATION_MASK
    }
}

/// A length as one operation can carry it: the kernel moves at most MAX_RW_COUNT bytes and refuses lengths above
/// `i32::MAX`. Moving fewer than asked for is always allowed.
pub(super) fn kernel_bytes(bytes: usize) -> u32 {
    const MAX_RW_COUNT: u32 = 0x7FFF_F000;
    u32::try_from(bytes).map_or(MAX_RW_COUNT, |bytes| bytes.min(MAX_RW_COUNT))
}

/// The iovec array and msghdr of one SENDMSG: 4 KiB, so they are shared by the sends that are in flight.
pub(super) struct Vectors {
    /// The ranges.
    pub(super) iovecs: [libc::iovec; SLICES_MAX],
    /// Names the ranges.
    pub(super) header: libc::msghdr,
}

impl Vectors {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            iovecs: [libc::iovec {
                iov_base: std::ptr::null_mut(),
                iov_len: 0,
            }; SLICES_MAX],
            // SAFETY: a msghdr of zeroes is a valid one: null pointers with lengths of zero.
            header: unsafe { std::mem::zeroed() },
        })
    }
}

impl fmt::Debug for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vectors")
            .field("ranges", &self.header.msg_iovlen)
            .finish_non_exhaustive()
    }
}

/// One send: its loans end at the final completion of [`Op::Send`].
#[derive(Debug)]
pub(super) struct Sending<O> {
    /// Owns the bytes the kernel reads.
    pub(super) outgoing: O,
    /// The iovec array and msghdr, where there is more than one range.
    pub(super) vectors: Option<Box<Vectors>>,
}

/// One receive demand: its loan ends at the final completion of [`Op::Receive`].
#[derive(Debug)]
pub(super) struct Receiving<I> {
    /// What was asked for; owns the memory of an `Into`.
    pub(super) demand: Demand<I>,
    /// Whether the operation is in the kernel. Otherwise it waits for a buffer.
    pub(super) armed: bool,
    /// Whether the caller asked to pause it.
    pub(super) pausing: bool,
    /// Whether bytes arrived since it was last armed.
    pub(super) progressed: bool,
}

/// What one socket has lent to the kernel: the address of a connect, the memory of a receive, the bytes of a send.
pub(super) type Loans<O, I> = (
    Option<Box<SockAddr>>,
    Option<Receiving<I>>,
    Option<Sending<O>>,
);

/// Everything the kernel may touch.
#[derive(Debug)]
pub(super) struct Lent<O, I> {
    /// Sockets with their sends and receives.
    pub(super) sockets: Sockets<O, I>,
    /// The provided buffers.
    pub(super) buffers: BufferGroup,
    /// Where the eventfd is read to.
    pub(super) count: Count,
    /// Receives that wait for a buffer.
    pub(super) hungry: Hungry,
    /// Iovec arrays that no send uses, most recently used last.
    pub(super) spare_vectors: Vec<Box<Vectors>>,
    /// Operations whose final completion has not been taken.
    pub(super) in_flight: usize,
}

impl<O, I> Lent<O, I> {
    /// Closes the sockets and keeps the memory for ever: the kernel may still write it, and refuses to say when it
    /// will not.
    pub(super) fn abandon(self) {
        /// Where the abandoned memory is, so that leak checkers see that somebody knows. Bounded by the rings that
        /// broke, each of which ended its engine.
        static ABANDONED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

        let loans = self.sockets.close_all();
        let kept = Box::new((self.buffers, self.count, loans));
        let address = Box::into_raw(kept).expose_provenance();
        let mut abandoned = ABANDONED.lock().unwrap_or_else(PoisonError::into_inner);
        abandoned.push(address);
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Queues an operation of a socket and counts it as in flight.
    ///
    /// # Safety
    /// All memory that the entry names is owned by [`Lent`] until the operation's final completion.
    pub(super) unsafe fn start(&mut self, socket: SocketId, op: Op, entry: squeue::Entry) {
        let entry = entry.user_data(UserData::of(op, socket).encode());
        self.lent.in_flight += 1;
        self.lent.sockets.get_mut(socket).in_flight += 1;
        // SAFETY: the caller promises that `Lent` owns the memory, and `Lent` outlives what is in flight.
        unsafe { self.queues.push(entry) };
    }

    /// Notes the final completion of a socket's operation.
    pub(super) fn ended(&mut self, socket: SocketId) {
        self.lent.in_flight -= 1;
        self.lent.sockets.get_mut(socket).in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_survives_the_kernel() {
        for op in 1..=8 {
            let op = Op::from_number(op).expect("eight operations exist");
            let socket = SocketId {
                index: 0xDEAD_BEEF,
                generation: 0x12AB_CDEF,
            };
            let name = UserData::of(op, socket);
            let back = UserData::decode(name.encode()).expect("we made it");
            assert_eq!(back, name);
            assert!(back.is_of(socket));
            assert!(!back.is_of(SocketId {
                generation: socket.generation + 1,
                ..socket
            }));
        }
    }

    #[test]
    fn foreign_user_data_is_refused() {
        assert_eq!(UserData::decode(0), None);
        assert_eq!(UserData::decode(u64::MAX), None);
    }
}
