//! What became of a socket's messages: every one that was not delivered is counted, with the reason.
//!
//! What the application's handle alone counts has one writer, so a plain load and store suffice; what engines count,
//! several of whom may serve one socket, is added to atomically. Anybody may read.

use crate::sync::{AtomicU64, Ordering};

/// One count.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds to the count; only the counter's one writer may call it.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        // Relaxed: a count orders nothing, and its one writer sees its own last store.
        let now = self.0.load(Ordering::Relaxed);
        self.0.store(now.wrapping_add(n), Ordering::Relaxed);
    }

    /// Adds to a count that several write.
    pub(crate) fn add_shared(&self, n: u64) {
        if n > 0 {
            // Relaxed: a count orders nothing.
            self.0.fetch_add(n, Ordering::Relaxed);
        }
    }

    fn get(&self) -> u64 {
        // Relaxed: a snapshot of a count promises nothing about other memory.
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts of one socket.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Written by the application's handle.
    pub(crate) messages_sent: Counter,
    pub(crate) messages_received: Counter,
    pub(crate) dropped_unfinished: Counter,
    pub(crate) dropped_full: Counter,
    pub(crate) dropped_unroutable: Counter,
    pub(crate) dropped_unexpected: Counter,
    /// Written by the handle and by engines, with [`Counter::add_shared`] only.
    pub(crate) dropped_peer_gone: Counter,
    pub(crate) dropped_closed: Counter,
    pub(crate) refused_peers: Counter,
    pub(crate) dropped_conflated: Counter,
    pub(crate) dropped_linger: Counter,
    pub(crate) connections: Counter,
    pub(crate) disconnects: Counter,
    /// Written by engines, with [`Counter::add_shared`] only.
    pub(crate) dropped_half_sent: Counter,
    pub(crate) dropped_not_read: Counter,
    pub(crate) protocol_errors: Counter,
    pub(crate) accept_failures: Counter,
    pub(crate) strangers_dropped: Counter,
    pub(crate) lookup_failures: Counter,
}

/// A snapshot of a socket's counts, in whole messages unless it says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Accepted by `send`, whatever became of them: also where nobody was there to get them (PUB without subscribers), or
    /// several were.
    pub messages_sent: u64,
    /// Handed out by `recv`.
    pub messages_received: u64,
    /// Dropped because the peer vanished between two frames that the application sent.
    pub dropped_unfinished: u64,
    /// Dropped because the connection broke when only a part of the message had been accepted by the kernel.
    pub dropped_half_sent: u64,
    /// Dropped because they were queued for a peer of the bound side that vanished.
    pub dropped_peer_gone: u64,
    /// Dropped because the linger time passed before they could be sent.
    pub dropped_linger: u64,
    /// Dropped because they came from a peer to a socket type that never receives.
    pub dropped_not_read: u64,
    /// Dropped unread when the socket was closed, or let go of the peer; or by an XPUB that nobody reads, for lack of room.
    pub dropped_closed: u64,
    /// Dropped for one peer that had reached its high-water mark, by a type that does not wait: PUB, XPUB, XSUB,
    /// ROUTER, REP.
    pub dropped_full: u64,
    /// Dropped because a ROUTER knew no peer of that routing id, or the peer that a REP had to answer was gone.
    pub dropped_unroutable: u64,
    /// Received and dropped because it was no reply to a REQ's last request, no request that a REP could answer, or
    /// nothing that a SUB is subscribed to.
    pub dropped_unexpected: u64,
    /// Dropped for a newer one, by a socket that keeps only the newest.
    pub dropped_conflated: u64,
    /// Connections that became ready.
    pub connections: u64,
    /// Ready connections that were lost.
    pub disconnects: u64,
    /// Connections, or connects, that a PAIR refused because it had its peer; and connects to an inproc name, made before
    /// the bind, of sockets whose type does not fit.
    pub refused_peers: u64,
    /// Connections ended because the peer broke the protocol.
    pub protocol_errors: u64,
    /// Times the system refused to accept a connection.
    pub accept_failures: u64,
    /// Connections cut off in their handshake, older than a second, because more than 1 024 were in theirs.
    pub strangers_dropped: u64,
    /// Look-ups of the names of peers that found no address.
    pub lookup_failures: u64,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Statistics {
        Statistics {
            messages_sent: self.messages_sent.get(),
            messages_received: self.messages_received.get(),
            dropped_unfinished: self.dropped_unfinished.get(),
            dropped_half_sent: self.dropped_half_sent.get(),
            dropped_peer_gone: self.dropped_peer_gone.get(),
            dropped_linger: self.dropped_linger.get(),
            dropped_not_read: self.dropped_not_read.get(),
            dropped_closed: self.dropped_closed.get(),
            dropped_full: self.dropped_full.get(),
            dropped_unroutable: self.dropped_unroutable.get(),
            dropped_unexpected: self.dropped_unexpected.get(),
            dropped_conflated: self.dropped_conflated.get(),
            refused_peers: self.refused_peers.get(),
            connections: self.connections.get(),
            disconnects: self.disconnects.get(),
            protocol_errors: self.protocol_errors.get(),
            accept_failures: self.accept_failures.get(),
            strangers_dropped: self.strangers_dropped.get(),
            lookup_failures: self.lookup_failures.get(),
        }
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use loom::thread;

    use super::Counter;
    use crate::sync::Arc;

    #[test]
    fn a_count_that_two_threads_add_to_misses_nothing() {
        loom::model(|| {
            let count = Arc::new(Counter::default());
            let other = Arc::clone(&count);
            let adding = thread::spawn(move || other.add_shared(1));
            count.add_shared(1);
            adding.join().unwrap();
            assert_eq!(count.get(), 2);
        });
    }
}
