//! What a world does wrong, how often, and how late.

use std::time::Duration;

/// The faults of a [`World`](super::World). Rates are chances in a thousand, rolled for each occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// A send takes fewer bytes than there was room for, down to one.
    pub short_send: u32,
    /// A receive brings fewer bytes than had arrived, down to one.
    pub short_receive: u32,
    /// A connect fails although somebody listens.
    pub refused_connect: u32,
    /// An accept fails, as it does where descriptors have run out. The connection stays in the backlog.
    pub failed_accept: u32,
    /// A poll brings nothing although something is due.
    pub spurious_poll: u32,
    /// A send cuts its connection: both ends fail, and what had not arrived is lost.
    pub cut: u32,
    /// What a send put on the way is held up for [`Self::stall_time`].
    pub stall: u32,
    /// How long a stall takes.
    pub stall_time: Duration,
    /// The longest time between an operation's start and its completion; each draws its own, so those of
    /// different sockets overtake each other.
    pub completion_delay_max: Duration,
    /// The longest time that bytes, ends and resets are under way.
    pub network_delay_max: Duration,
    /// The least bytes that one direction of a connection holds; at least one.
    pub buffer_bytes_min: u32,
    /// The most bytes that one direction of a connection holds.
    pub buffer_bytes_max: u32,
}

impl Faults {
    /// Nothing fails; time passes, and buffers are as large as a system makes them.
    pub const CALM: Self = Self {
        short_send: 0,
        short_receive: 0,
        refused_connect: 0,
        failed_accept: 0,
        spurious_poll: 0,
        cut: 0,
        stall: 0,
        stall_time: Duration::ZERO,
        completion_delay_max: Duration::from_micros(10),
        network_delay_max: Duration::from_micros(50),
        buffer_bytes_min: 64 << 10,
        buffer_bytes_max: 64 << 10,
    };

    /// Everything is late, short and out of step, but no connection fails.
    pub const ROUGH: Self = Self {
        short_send: 300,
        short_receive: 300,
        spurious_poll: 100,
        stall: 20,
        stall_time: Duration::from_millis(50),
        completion_delay_max: Duration::from_millis(1),
        network_delay_max: Duration::from_millis(5),
        buffer_bytes_min: 1,
        ..Self::CALM
    };

    /// Rough, and connections are refused and cut, and accepts fail.
    pub const HOSTILE: Self = Self {
        refused_connect: 200,
        failed_accept: 100,
        cut: 10,
        ..Self::ROUGH
    };
}

impl Default for Faults {
    fn default() -> Self {
        Self::CALM
    }
}
