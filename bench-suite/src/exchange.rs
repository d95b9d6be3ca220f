//! What the parent and a peer's process say to each other: one JSON value a line, the parent's orders on
//! the peer's standard input, the peer's replies on its standard output.
//!
//! ```text
//!            receiver                  parent                   sender
//!               |<---- open -------------|------- open --------->|
//!               |----- opened(endpoint) >|<------ opened --------|
//!               |                        |------- connect ------>|
//!               |                        |<------ connected -----|
//!               |<---- flow -------------|------- flow --------->|
//!               |<==================== messages =================|
//!               |----- received -------->|------- report ------->|
//!               |                        |<------ used ----------|
//! ```
//!
//! A round-trip measurement connects both ways; its sender replies `pinged`, and its receiver is the one
//! that reports. Peers stay until the parent closes its end of their input.
//!
//! Knows nothing of how messages are moved.

use std::io::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::peer::PeerError;
use crate::usage::Usage;

/// Which of the two processes a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Sends the flow, or starts each round trip.
    Sender,
    /// Receives the flow, or answers each round trip.
    Receiver,
}

impl Role {
    /// The hidden subcommand that runs this role, as it shows up in a list of processes.
    pub(crate) fn subcommand(self) -> &'static str {
        match self {
            Self::Sender => "peer-send",
            Self::Receiver => "peer-recv",
        }
    }

    /// As it reads in a message to the user.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
        }
    }
}

/// Whose sockets a process uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backend {
    /// The kernel's sockets, waiting in recv(2).
    Raw,
    /// The kernel's sockets, asking again and again instead of waiting.
    RawSpinning,
    /// The libzmq built into this program.
    Libzmq,
    /// A libzmq opened by name or path at run time.
    LibzmqShared(String),
    /// RingMQ on io_uring.
    Ring,
    /// RingMQ on epoll or kqueue.
    Shim,
}

impl Backend {
    /// The driver that must run, where there is a choice.
    pub(crate) fn driver(&self) -> Option<&'static str> {
        match self {
            Self::Ring => Some("ring"),
            Self::Shim => Some("shim"),
            Self::Raw | Self::RawSpinning | Self::Libzmq | Self::LibzmqShared(_) => None,
        }
    }

    /// Whether it counts as the reference.
    pub(crate) fn is_libzmq(&self) -> bool {
        matches!(self, Self::Libzmq | Self::LibzmqShared(_))
    }

    /// A short name for the user.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Raw => "raw",
            Self::RawSpinning => "raw, spinning",
            Self::Libzmq => "libzmq",
            Self::LibzmqShared(name) => name,
            Self::Ring => "ring",
            Self::Shim => "shim",
        }
    }
}

/// What the two processes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exercise {
    /// Messages one way, as fast as they go.
    Throughput,
    /// One message to and fro.
    Latency,
}

/// What a process needs to know before it opens a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// Whose sockets.
    pub(crate) backend: Backend,
    /// What they will do.
    pub(crate) exercise: Exercise,
    /// Where a process that binds, binds.
    pub(crate) endpoint: String,
    /// Bytes in each message, at least [`SEQUENCE_BYTES`].
    pub(crate) size_bytes: usize,
    /// Both high-water marks, messages; zero is no limit.
    pub(crate) high_water_mark: u32,
    /// The core that all threads of the process stay on.
    pub(crate) core: usize,
}

impl Opening {
    /// Memory for one message. It is written to, because the kernel lets untouched memory share one page of
    /// zeroes, which stays in the nearest cache and would flatter whoever sends from it.
    pub(crate) fn message(&self) -> Vec<u8> {
        vec![0x5a; self.size_bytes]
    }
}

/// The room that the sequence number takes at the front of each message.
pub(crate) const SEQUENCE_BYTES: usize = size_of::<u64>();

/// How many messages a flow has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Messages before the clock starts; at least one, whose arrival starts it.
    pub(crate) warm_up: u64,
    /// Messages that count.
    pub(crate) count: u64,
}

/// When round trips end: at whichever of the two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoundTrips {
    /// Round trips before recording starts.
    pub(crate) warm_up: u64,
    /// The most round trips to record.
    pub(crate) count_max: u64,
    /// The longest time to spend on them.
    pub(crate) time_max: Duration,
}

/// What the parent tells a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Pin yourself and open your sockets.
    Open(Opening),
    /// Connect to the other process.
    Connect(String),
    /// Send or receive these messages.
    Flow(Flow),
    /// Start, or answer, round trips.
    RoundTrips(RoundTrips),
    /// All has arrived: say what it cost you.
    Report,
}

/// What a peer tells the parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// Sockets are open.
    Opened {
        /// Where this process bound, if it did.
        endpoint: Option<String>,
        /// Which driver or library really runs.
        ran: String,
    },
    /// The other process has been connected to.
    Connected,
    /// Every message of the flow arrived, in order.
    Received {
        /// From the last message of the warm-up to the last of all.
        elapsed_ns: u64,
        /// What this process used meanwhile.
        used: Usage,
    },
    /// Every round trip came back.
    Pinged {
        /// One way: half a round trip.
        one_way: Percentiles,
        /// What this process used meanwhile.
        used: Usage,
    },
    /// What this process used, from its own warm-up to the report.
    Used(Usage),
    /// The measurement is void.
    Failed {
        /// For the user.
        reason: String,
    },
}

/// Points of a latency distribution, nanoseconds one way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    /// How many round trips were recorded.
    pub(crate) count: u64,
    /// Half were faster.
    pub(crate) p50_ns: f64,
    /// One in a hundred was slower.
    pub(crate) p99_ns: f64,
    /// One in a thousand was slower.
    pub(crate) p999_ns: f64,
    /// The slowest.
    pub(crate) max_ns: f64,
}

/// The peer's end of the exchange.
pub(crate) struct Exchange<'a> {
    orders: Box<dyn Iterator<Item = io::Result<String>> + 'a>,
    replies: Box<dyn Write + 'a>,
}

impl<'a> Exchange<'a> {
    /// An exchange that takes orders from `orders`, a line each, and writes replies to `replies`.
    pub(crate) fn new(
        orders: impl Iterator<Item = io::Result<String>> + 'a,
        replies: impl Write + 'a,
    ) -> Self {
        Self {
            orders: Box::new(orders),
            replies: Box::new(replies),
        }
    }

    /// The parent's next order.
    pub(crate) fn order(&mut self) -> Result<Order, PeerError> {
        let gone = || Err(io::ErrorKind::UnexpectedEof.into());
        let line = self
            .orders
            .next()
            .unwrap_or_else(gone)
            .map_err(PeerError::Exchange)?;
        serde_json::from_str(&line).map_err(|error| PeerError::Exchange(error.into()))
    }

    /// Waits until the parent lets go: it closes its end.
    pub(crate) fn end(&mut self) -> Result<(), PeerError> {
        match self.orders.next() {
            None => Ok(()),
            Some(line) => Err(PeerError::OutOfTurn(
                line.map_err(PeerError::Exchange)?.into(),
            )),
        }
    }

    /// Tells the parent something.
    pub(crate) fn reply(&mut self, reply: &Reply) -> Result<(), PeerError> {
        let mut line =
            serde_json::to_string(reply).map_err(|error| PeerError::Exchange(error.into()))?;
        line.push('\n');
        self.replies
            .write_all(line.as_bytes())
            .map_err(PeerError::Exchange)?;
        self.replies.flush().map_err(PeerError::Exchange)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use super::*;

    #[test]
    fn orders_arrive_as_they_were_written() {
        let orders = [
            Order::Open(Opening {
                backend: Backend::LibzmqShared("libzmq.so.5".into()),
                exercise: Exercise::Latency,
                endpoint: "tcp://127.0.0.1:*".into(),
                size_bytes: 16,
                high_water_mark: 1000,
                core: 1,
            }),
            Order::Connect("ipc:///a b".into()),
            Order::Flow(Flow {
                warm_up: 1,
                count: u64::MAX,
            }),
            Order::Report,
        ];
        let mut text = Vec::new();
        for order in &orders {
            text.extend(serde_json::to_vec(order).unwrap());
            text.push(b'\n');
        }
        let mut exchange = Exchange::new(text.lines(), io::sink());
        for order in orders {
            assert_eq!(exchange.order().unwrap(), order);
        }
        exchange.end().unwrap();
    }

    #[test]
    fn a_reply_is_one_line() {
        let mut replies = Vec::new();
        let reply = Reply::Failed {
            reason: "two\nlines".into(),
        };
        Exchange::new(std::iter::empty(), &mut replies)
            .reply(&reply)
            .unwrap();
        assert_eq!(replies.iter().filter(|&&byte| byte == b'\n').count(), 1);
        assert_eq!(serde_json::from_slice::<Reply>(&replies).unwrap(), reply);
    }
}
