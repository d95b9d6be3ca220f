//! The ledger: what was sent was delivered, or dropped and counted, or lay in a connection when it broke.
//!
//! Owns the receivers' logs and the rules for reading them. Knows nothing of how messages went missing.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use crate::support_peer::Peer;
use crate::support_peer::content::wire_bytes;

/// What two kernels, a sender's last call and a proxy can hold of one connection whose receiver lives, in bytes: four
/// buffers that were asked to be 32 KiB and are twice that, and a send of at most 256 KiB in between.
pub(crate) const IN_CONNECTION_BYTES: usize = 512 << 10;

/// The same where the receiving process dies: with it go 100 messages behind its high-water mark and one more read.
pub(crate) const WITH_RECEIVER_BYTES: usize = IN_CONNECTION_BYTES + (2 << 20);

/// The longest message on the wire, in bytes.
const MESSAGE_BYTES_MAX: usize = 30 << 10;

/// A file of 12-byte records, written by a PULL process as it receives. Removed when the test is over.
#[derive(Debug)]
pub(crate) struct Log(PathBuf);

impl Log {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Relaxed: only that no two get the same number matters.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("ringmq-faults-{}-{number}", process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The messages of a sender, in the order in which they were received.
    pub(crate) fn received_from(&self, sender: u32) -> Vec<u64> {
        let bytes = fs::read(&self.0).expect("the PULL made its log before it said `ready`");
        let (records, _) = bytes.as_chunks::<12>();
        let of_sender = records
            .iter()
            .filter(|record| record[..4] == sender.to_le_bytes());
        of_sender
            .map(|record| u64::from_le_bytes(record[4..].try_into().expect("8 of 12 bytes")))
            .collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Where it is already gone there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// What became of one sender's messages.
#[derive(Debug)]
pub(crate) struct Account {
    /// Messages that `send` accepted.
    pub(crate) sent: u64,
    /// Messages that some PULL received.
    pub(crate) delivered: u64,
    /// Messages that the sender's socket counts as dropped.
    pub(crate) dropped: u64,
    /// The rest.
    pub(crate) lost: u64,
    /// The sender's connections that broke when they were ready.
    pub(crate) disconnects: u64,
    counts: HashMap<String, u64>,
    missing_bytes: usize,
}

impl Account {
    /// Reads the logs of all PULLs that ever ran and asks the sender. Its queues must be empty: a marker behind
    /// everything else has arrived.
    ///
    /// # Panics
    /// A message came twice, was never sent, or came in the wrong order; or more are counted as dropped than are
    /// missing.
    pub(crate) fn settle(sender: u32, push: &mut Peer, logs: &[&Log]) -> Self {
        let counts = push.statistics();
        let [sent, disconnects] = ["sent", "disconnects"].map(|name| counts[name]);
        let received: Vec<_> = logs.iter().map(|log| log.received_from(sender)).collect();
        let turned: u64 = received.iter().map(|log| turned_back(log)).sum();
        assert!(
            turned <= disconnects,
            "sender {sender}: the order was broken {turned} times, the connection {disconnects} times"
        );
        let mut missing: BTreeSet<u64> = (0..sent).collect();
        for seq in received.iter().flatten() {
            assert!(
                missing.remove(seq),
                "sender {sender}: message {seq} came twice, or was never sent"
            );
        }
        let drops = [
            "unfinished",
            "half_sent",
            "peer_gone",
            "linger",
            "closed",
            "not_read",
        ];
        let dropped = drops.iter().map(|name| counts[*name]).sum();
        let absent = missing.len() as u64;
        assert!(
            dropped <= absent,
            "sender {sender}: {absent} are missing, but counted as dropped: {counts:?}"
        );
        Self {
            sent,
            delivered: sent - absent,
            dropped,
            lost: absent - dropped,
            disconnects,
            counts,
            missing_bytes: missing.into_iter().map(wire_bytes).sum(),
        }
    }

    /// Nothing was broken: everything was delivered.
    pub(crate) fn is_whole(&self) {
        assert_eq!(
            (self.dropped, self.lost, self.disconnects),
            (0, 0, 0),
            "{self:?}"
        );
        assert_eq!(self.delivered, self.sent, "{self:?}");
    }

    /// Connections broke: what is missing and not counted fits into what held it, `each` bytes a connection.
    pub(crate) fn lost_at_most(&self, each: usize) {
        let bound = self.disconnects as usize * each + self.dropped as usize * MESSAGE_BYTES_MAX;
        assert!(
            self.missing_bytes <= bound,
            "{} bytes are missing, {bound} at most: {self:?}",
            self.missing_bytes
        );
        if self.disconnects == 0 {
            assert_eq!(self.lost, 0, "{self:?}");
        }
    }

    /// One of the sender's counts.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.counts[name]
    }
}

/// How often a message came before one that had been sent earlier. A connection keeps order, so there are at least
/// this many boundaries between connections in the log.
fn turned_back(log: &[u64]) -> u64 {
    let mut places: Vec<(u64, usize)> = log.iter().copied().zip(0..).collect();
    places.sort_unstable();
    places
        .windows(2)
        .filter(|pair| pair[1].1 < pair[0].1)
        .count() as u64
}

#[test]
fn order_is_counted_as_broken_where_connections_are_merged() {
    assert_eq!(turned_back(&[0, 1, 2, 5, 9]), 0);
    assert_eq!(turned_back(&[3, 0, 4, 1, 2, 5]), 1);
    assert_eq!(turned_back(&[2, 1, 0]), 2);
}
