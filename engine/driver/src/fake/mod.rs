//! A world of drivers in one thread: virtual time, a virtual network, and faults from a seed.
//!
//! ```text
//!   reactor A      reactor B          World: clock, network, faults, chance, counts
//!      │               │                 ▲
//!    Fake ───────────Fake ───────────────┘      one Fake per simulated process
//! ```
//!
//! [`World::driver`] makes a [`Driver`](crate::Driver) for each simulated process; they reach each other over
//! any [`Address::Tcp`](crate::Address::Tcp). A poll never waits: it brings what is due and returns. The
//! harness polls all drivers until none is ready, then moves the clock with [`World::advance`], which jumps
//! to the next instant at which something happens or a driver's own wait ends. The same seed and the same
//! calls give the same run; [`World::trace`] tells whether they did.
//!
//! The fake looks for callers that break the contract. Lent [`Incoming`](crate::Incoming) memory is filled
//! with a pattern; [`Outgoing`](crate::Outgoing) slices are read at completion and not before, so a caller
//! that changes them early sends the wrong bytes; a [`Received`](crate::Received) that outlives the next poll
//! panics, and so does a second send or demand on one socket.
//!
//! It is an engine's test bed and no model of one kernel: what the rules leave open, it decides by chance.

mod driver;
mod faults;
mod network;
mod random;
mod socket;
mod way;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;

pub use driver::Fake;
pub use faults::Faults;

use crate::{Incoming, Outgoing, Time};
use network::Network;

/// One clock and one network, shared by the drivers that it makes. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World {
    network: Rc<RefCell<Network>>,
}

impl World {
    /// A world in which chance follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self {
            network: Rc::new(RefCell::new(Network::new(seed, faults))),
        }
    }

    /// The driver of one more simulated process. Dropping it is that process's sudden end.
    #[must_use]
    pub fn driver<O: Outgoing, I: Incoming>(&self) -> Fake<O, I> {
        Fake::new(Rc::clone(&self.network))
    }

    /// The present instant, on the clock of all drivers.
    #[must_use]
    pub fn now(&self) -> Time {
        self.network.borrow().now
    }

    /// Moves the clock to the next instant at which something happens or a driver's wait ends; false, and no
    /// time passes, if there is none.
    ///
    /// Drivers that are ready should be polled first: what they start may come sooner.
    #[must_use]
    pub fn advance(&self) -> bool {
        self.advance_until(Time::from_nanos(u64::MAX))
    }

    /// As [`Self::advance`], but not beyond `limit`: if nothing happens before it, the clock moves there and
    /// the answer is false.
    pub fn advance_until(&self, limit: Time) -> bool {
        let mut network = self.network.borrow_mut();
        match network.next_instant() {
            Some(next) if next <= limit => {
                network.set_time(next);
                true
            }
            _ => {
                if limit < Time::from_nanos(u64::MAX) && limit > network.now {
                    network.set_time(limit);
                }
                false
            }
        }
    }

    /// Cuts every connection: all ends fail, each at its own time, and what had not arrived is lost.
    pub fn kill_connections(&self) {
        self.network.borrow_mut().cut_all();
    }

    /// Replaces the faults from now on. Buffer sizes hold for new connections.
    pub fn set_faults(&self, faults: Faults) {
        self.network.borrow_mut().faults = faults;
    }

    /// Bytes that sends reported as accepted.
    #[must_use]
    pub fn bytes_accepted(&self) -> u64 {
        self.network.borrow().bytes_accepted
    }

    /// Bytes that receives brought.
    #[must_use]
    pub fn bytes_delivered(&self) -> u64 {
        self.network.borrow().bytes_delivered
    }

    /// Bytes that were accepted and will never be delivered.
    #[must_use]
    pub fn bytes_lost(&self) -> u64 {
        self.network.borrow().bytes_lost
    }

    /// A hash of all that the drivers have told so far, and when: equal for equal runs.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.network.borrow().trace
    }
}
