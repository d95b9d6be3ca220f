//! What the user can ask for. Knows only words and numbers.

use std::num::NonZeroU64;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exchange::SEQUENCE_BYTES;
use crate::measure::Transport;

/// Measures RingMQ beside libzmq and bare sockets, each in processes and on cores of its own.
#[derive(Debug, Parser)]
#[command(name = "ringmq-bench", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole comparison in less than a minute: four sizes, two high-water marks, and latency
    Quick(Where),
    /// Messages one way, as fast as they go
    Throughput(Throughput),
    /// One message to and fro
    Latency(Latency),
    /// Lists the cores that can be used
    Cores,
    /// The sending process of a measurement
    #[command(hide = true)]
    PeerSend,
    /// The receiving process of a measurement
    #[command(hide = true)]
    PeerRecv,
}

/// Who and where: the same for all measurements.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// Whom to measure
    #[arg(long = "peer", value_delimiter = ',', default_value = PEERS)]
    pub(crate) peers: Vec<Peer>,
    /// What messages travel over
    #[arg(long, value_enum, default_value_t = Transport::Tcp)]
    pub(crate) transport: Transport,
    /// Cores to run on; see `ringmq-bench cores`
    #[arg(long, value_name = "RECEIVER,SENDER")]
    pub(crate) cores: Option<CorePair>,
    /// Another libzmq to measure; without it, the system's is, where there is one
    #[arg(long, value_name = "PATH")]
    pub(crate) libzmq: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Kill a peer that does not answer for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(crate) deadline: f64,
    /// Words to put before the sending process's command, as in "strace -c -f"
    #[arg(
        long,
        value_name = "COMMAND",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) sender_prefix: String,
    /// The same for the receiving process
    #[arg(
        long,
        value_name = "COMMAND",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) receiver_prefix: String,
}

/// Options of `throughput`.
#[derive(Debug, Args)]
pub(crate) struct Throughput {
    /// Message sizes, bytes
    #[arg(long, value_delimiter = ',', default_value = "64", value_parser = size)]
    pub(crate) size: Vec<usize>,
    /// High-water marks of both sides, messages; 0 is no limit
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    pub(crate) hwm: Vec<u32>,
    /// How long
    #[command(flatten)]
    pub(crate) length: Length,
    /// How often; the median counts
    #[arg(long, default_value_t = 5, value_parser = repeat)]
    pub(crate) repeat: usize,
    /// Who and where
    #[command(flatten)]
    pub(crate) place: Where,
}

/// Options of `latency`.
#[derive(Debug, Args)]
pub(crate) struct Latency {
    /// Message sizes, bytes
    #[arg(long, value_delimiter = ',', default_value = "16", value_parser = size)]
    pub(crate) size: Vec<usize>,
    /// How long
    #[command(flatten)]
    pub(crate) length: Length,
    /// How often; the median counts
    #[arg(long, default_value_t = 5, value_parser = repeat)]
    pub(crate) repeat: usize,
    /// Who and where
    #[command(flatten)]
    pub(crate) place: Where,
}

/// How long a run is.
#[derive(Debug, Args)]
pub(crate) struct Length {
    /// Messages, or round trips, in each run
    #[arg(long, conflicts_with = "seconds")]
    pub(crate) count: Option<NonZeroU64>,
    /// About how long each run takes
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    pub(crate) seconds: f64,
}

/// Whom to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Bare sockets: the machine's limit
    Raw,
    /// libzmq through zmq_send and zmq_recv
    Libzmq,
    /// RingMQ on io_uring; an error where the ring cannot run
    Ring,
    /// RingMQ on epoll or kqueue
    Shim,
}

/// All of [`Peer`], in the order of a table.
const PEERS: &str = "raw,libzmq,ring,shim";

/// Two cores, written with a comma between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CorePair {
    /// The receiver's.
    pub(crate) receiver: usize,
    /// The sender's.
    pub(crate) sender: usize,
}

impl FromStr for CorePair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pair = text.split_once(',').and_then(|(receiver, sender)| {
            Some(Self {
                receiver: receiver.parse().ok()?,
                sender: sender.parse().ok()?,
            })
        });
        pair.ok_or("two core numbers with a comma between them are needed, as in 0,1")
    }
}

fn size(text: &str) -> Result<usize, &'static str> {
    let (digits, unit) = match text.find(|char: char| !char.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let factor = match unit.trim() {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        _ => return Err("a number of bytes is needed, as in 64, 64K or 1M"),
    };
    let count: usize = digits
        .parse()
        .map_err(|_| "a number of bytes is needed, as in 64")?;
    match count.checked_mul(factor) {
        Some(bytes) if (SEQUENCE_BYTES..=SIZE_MAX_BYTES).contains(&bytes) => Ok(bytes),
        _ => Err("a message carries a number of 8 bytes and has at most 256 MiB"),
    }
}

/// The largest message that is measured.
const SIZE_MAX_BYTES: usize = 256 << 20;

fn seconds(text: &str) -> Result<f64, &'static str> {
    match text.parse() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds is needed, at least 0.001 and at most a day"),
    }
}

fn repeat(text: &str) -> Result<usize, &'static str> {
    match text.parse() {
        Ok(times) if (1..=1_000).contains(&times) => Ok(times),
        _ => Err("a number from 1 to 1000 is needed"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn sizes_take_a_unit() {
        assert_eq!(
            ["8", "64K", "1 MiB"].map(size),
            [Ok(8), Ok(65_536), Ok(1 << 20)]
        );
    }

    #[test]
    fn a_message_too_small_for_its_number_is_refused() {
        assert!(size("7").is_err());
        assert!(size("0K").is_err());
    }

    #[test]
    fn sizes_that_overflow_or_mean_nothing_are_refused() {
        for text in [
            "",
            "K",
            "1G",
            "-1",
            "99999999999999999999",
            "9999999999999999M",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cores_are_named_in_pairs() {
        assert_eq!(
            "3,1".parse(),
            Ok(CorePair {
                receiver: 3,
                sender: 1
            })
        );
        assert!("3".parse::<CorePair>().is_err());
        assert!("3,1,2".parse::<CorePair>().is_err());
    }
}
