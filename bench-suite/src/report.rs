//! Figures: medians, spreads and ratios of what was measured, in the shape that `--json` prints.
//!
//! The crate's documentation describes the fields. Knows nothing of tables.

use serde::Serialize;

use crate::cores::Placement;
use crate::exchange::{Backend, Percentiles};
use crate::machine::Machine;
use crate::measure::{FlowRun, RoundTripRun, Setup, Transport};
use crate::schedule::{CellFlows, Flows, PingPongs};
use crate::statistics::Spread;

/// Raised when a reader of the JSON form would have to change.
const SCHEMA: u32 = 1;

/// The result of one command.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: u32,
    version: &'static str,
    /// Where it was measured.
    pub(crate) machine: Machine,
    /// On which cores.
    pub(crate) cores: Placement,
    /// What messages travelled over.
    pub(crate) transport: Transport,
    /// One row for each size, high-water mark and peer.
    pub(crate) throughput: Vec<ThroughputRow>,
    /// One row for each size, high-water mark and peer.
    pub(crate) latency: Vec<LatencyRow>,
}

impl Report {
    /// A report without rows.
    pub(crate) fn new(machine: Machine, cores: Placement, transport: Transport) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            machine,
            cores,
            transport,
            throughput: Vec::new(),
            latency: Vec::new(),
        }
    }
}

/// Who was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Peer {
    /// The name it is asked for by.
    pub(crate) name: String,
    /// The driver or library that really ran, in its own words.
    pub(crate) ran: String,
    /// Bytes in each write of bare sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block_bytes: Option<usize>,
}

impl Peer {
    fn of(setup: &Setup, ran: &str) -> Self {
        Self {
            name: setup.backend.label().to_owned(),
            ran: ran.to_owned(),
            block_bytes: None,
        }
    }
}

/// How fast one peer moved messages of one size at one high-water mark.
#[derive(Debug, Serialize)]
pub(crate) struct ThroughputRow {
    /// Bytes in a message.
    pub(crate) size_bytes: usize,
    /// Both high-water marks; bare sockets have none.
    pub(crate) high_water_mark: Option<u32>,
    /// Who.
    pub(crate) peer: Peer,
    /// Over the repetitions.
    pub(crate) messages_per_second: Spread,
    /// Bytes of message bodies per second, the median.
    pub(crate) bytes_per_second: f64,
    /// Of both processes together, over the repetitions.
    pub(crate) cpu_seconds_per_million: Spread,
    /// Median over that of the fastest libzmq in the same cell.
    pub(crate) ratio_to_libzmq: Option<f64>,
    /// Median over that of bare sockets.
    pub(crate) ratio_to_raw: Option<f64>,
    /// Each repetition, as measured; those of bare sockets count blocks.
    pub(crate) runs: Vec<FlowRun>,
}

/// How long one message took with one peer.
#[derive(Debug, Serialize)]
pub(crate) struct LatencyRow {
    /// Bytes in a message.
    pub(crate) size_bytes: usize,
    /// Who.
    pub(crate) peer: Peer,
    /// Half the round trip, the middle one.
    pub(crate) p50_ns: Spread,
    /// Half the round trip of which one in a hundred is slower.
    pub(crate) p99_ns: Spread,
    /// Half the round trip of which one in a thousand is slower.
    pub(crate) p999_ns: Spread,
    /// CPU microseconds of both processes per round trip, over the repetitions.
    pub(crate) cpu_us_per_round_trip: Spread,
    /// Median over that of the fastest libzmq of the same size.
    pub(crate) ratio_to_libzmq: Option<f64>,
    /// Median over that of bare sockets that wait in the kernel.
    pub(crate) ratio_to_raw: Option<f64>,
    /// Each repetition.
    pub(crate) runs: Vec<RoundTripRun>,
}

/// Bytes that a message takes on the wire: its body and the frame header before it.
fn framed_bytes(size_bytes: usize) -> usize {
    let long = size_bytes > usize::from(u8::MAX);
    size_bytes + if long { 9 } else { 2 }
}

/// The bare sockets' row of a cell: the block size that moved most bytes, counted in messages.
fn raw_row(raw: &[Flows], size_bytes: usize) -> Option<ThroughputRow> {
    let byte_rate = |flows: &Flows| {
        let block = flows.setup.size_bytes as f64;
        Spread::of(flows.runs.iter().map(|run| run.rate() * block)).map(|spread| spread.median)
    };
    let best = raw.iter().max_by(|a, b| {
        byte_rate(a)
            .unwrap_or(0.0)
            .total_cmp(&byte_rate(b).unwrap_or(0.0))
    })?;
    let block_bytes = best.setup.size_bytes;
    let messages_per_block = block_bytes as f64 / framed_bytes(size_bytes) as f64;
    let rate = Spread::of(best.runs.iter().map(|run| run.rate() * messages_per_block))?;
    let cpu = best
        .runs
        .iter()
        .map(|run| run.cpu_seconds_per_million() / messages_per_block);
    Some(ThroughputRow {
        size_bytes,
        high_water_mark: None,
        peer: Peer {
            block_bytes: Some(block_bytes),
            ..Peer::of(&best.setup, &best.ran)
        },
        messages_per_second: rate,
        bytes_per_second: rate.median * size_bytes as f64,
        cpu_seconds_per_million: Spread::of(cpu)?,
        ratio_to_libzmq: None,
        ratio_to_raw: None,
        runs: best.runs.clone(),
    })
}

fn flow_row(flows: Flows) -> Option<ThroughputRow> {
    let Setup {
        size_bytes,
        high_water_mark,
        ..
    } = flows.setup;
    let rate = Spread::of(flows.runs.iter().map(FlowRun::rate))?;
    let cpu = flows.runs.iter().map(FlowRun::cpu_seconds_per_million);
    Some(ThroughputRow {
        size_bytes,
        high_water_mark: Some(high_water_mark),
        peer: Peer::of(&flows.setup, &flows.ran),
        messages_per_second: rate,
        bytes_per_second: rate.median * size_bytes as f64,
        cpu_seconds_per_million: Spread::of(cpu)?,
        ratio_to_libzmq: None,
        ratio_to_raw: None,
        runs: flows.runs,
    })
}

/// The rows of all cells, bare sockets first in each.
pub(crate) fn throughput_rows(raw: &[Flows], cells: Vec<CellFlows>) -> Vec<ThroughputRow> {
    let mut all = Vec::new();
    for CellFlows { cell, flows } in cells {
        let is_libzmq: Vec<bool> = flows
            .iter()
            .map(|flows| flows.setup.backend.is_libzmq())
            .collect();
        let mut rows: Vec<ThroughputRow> = flows.into_iter().filter_map(flow_row).collect();
        let libzmq = rows
            .iter()
            .zip(is_libzmq)
            .filter_map(|(row, is)| is.then_some(row.messages_per_second.median))
            .max_by(f64::total_cmp);
        rows.splice(0..0, raw_row(raw, cell.size_bytes));
        let raw = rows
            .first()
            .filter(|row| row.peer.block_bytes.is_some())
            .map(|row| row.messages_per_second.median);
        for row in &mut rows {
            row.ratio_to_libzmq = libzmq.map(|of| row.messages_per_second.median / of);
            row.ratio_to_raw = raw.map(|of| row.messages_per_second.median / of);
        }
        all.extend(rows);
    }
    all
}

/// The rows of all round trips.
pub(crate) fn latency_rows(measured: Vec<PingPongs>) -> Vec<LatencyRow> {
    let median = |peer: &PingPongs| {
        Spread::of(peer.runs.iter().map(|run| run.one_way.p50_ns)).map(|spread| spread.median)
    };
    let fastest = |size_bytes: usize, counts: fn(&Backend) -> bool| {
        measured
            .iter()
            .filter(|peer| peer.setup.size_bytes == size_bytes && counts(&peer.setup.backend))
            .filter_map(median)
            .min_by(f64::total_cmp)
    };
    measured
        .iter()
        .filter_map(|peer| {
            let size_bytes = peer.setup.size_bytes;
            let spread = |point: fn(&Percentiles) -> f64| {
                Spread::of(peer.runs.iter().map(|run| point(&run.one_way)))
            };
            let p50_ns = spread(|one_way| one_way.p50_ns)?;
            let cpu = peer.runs.iter().map(|run| {
                (run.sender + run.receiver).cpu_seconds() * 1e6 / run.one_way.count.max(1) as f64
            });
            Some(LatencyRow {
                size_bytes,
                peer: Peer::of(&peer.setup, &peer.ran),
                p50_ns,
                p99_ns: spread(|one_way| one_way.p99_ns)?,
                p999_ns: spread(|one_way| one_way.p999_ns)?,
                cpu_us_per_round_trip: Spread::of(cpu)?,
                ratio_to_libzmq: fastest(size_bytes, Backend::is_libzmq)
                    .map(|of| p50_ns.median / of),
                ratio_to_raw: fastest(size_bytes, |backend| *backend == Backend::Raw)
                    .map(|of| p50_ns.median / of),
                runs: peer.runs.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Cell;
    use crate::usage::Usage;

    fn setup(backend: Backend, size_bytes: usize) -> Setup {
        Setup {
            backend,
            transport: Transport::Tcp,
            size_bytes,
            high_water_mark: 1_000,
            placement: Placement {
                receiver: 0,
                sender: 1,
            },
        }
    }

    /// Runs of `backend` at these rates, a microsecond of CPU time for each message.
    fn flows(backend: Backend, size_bytes: usize, rates: &[u64]) -> Flows {
        let run = |&count: &u64| FlowRun {
            count,
            elapsed_ns: 1_000_000_000,
            sender: Usage {
                user_us: count.cast_signed(),
                ..Usage::default()
            },
            receiver: Usage::default(),
        };
        Flows::of(setup(backend, size_bytes), rates.iter().map(run).collect())
    }

    fn cell(size_bytes: usize, flows: Vec<Flows>) -> CellFlows {
        let cell = Cell {
            size_bytes,
            high_water_mark: 1_000,
        };
        CellFlows { cell, flows }
    }

    #[test]
    fn the_faster_of_two_libzmqs_is_the_reference() {
        let slow = flows(Backend::Libzmq, 64, &[90, 100, 110]);
        let fast = flows(Backend::LibzmqShared("libzmq.so.5".into()), 64, &[200]);
        let ring = flows(Backend::Ring, 64, &[1_000, 800, 900]);
        let rows = throughput_rows(&[], vec![cell(64, vec![slow, fast, ring])]);
        let ratios: Vec<_> = rows.iter().filter_map(|row| row.ratio_to_libzmq).collect();
        assert_eq!(ratios, [0.5, 1.0, 4.5]);
        assert!(rows.iter().all(|row| row.ratio_to_raw.is_none()));
    }

    #[test]
    fn bare_sockets_count_framed_messages_of_their_best_block() {
        let small = flows(Backend::Raw, 660, &[1_000]);
        let large = flows(Backend::Raw, 1_320, &[900]);
        let ring = flows(Backend::Ring, 64, &[9_000]);
        let rows = throughput_rows(&[small, large], vec![cell(64, vec![ring])]);
        assert_eq!(rows[0].peer.block_bytes, Some(1_320));
        assert_eq!(rows[0].messages_per_second.median, 18_000.0);
        assert_eq!(rows[0].bytes_per_second, 18_000.0 * 64.0);
        assert_eq!(rows[0].cpu_seconds_per_million.median, 0.05);
        assert_eq!(rows[1].ratio_to_raw, Some(0.5));
        assert_eq!(rows[1].cpu_seconds_per_million.median, 1.0);
    }

    #[test]
    fn long_frames_have_nine_bytes_of_header() {
        assert_eq!([255, 256].map(framed_bytes), [257, 265]);
    }

    #[test]
    fn latency_is_compared_with_sockets_that_wait() {
        let peer = |backend: Backend, p50_ns: f64| {
            let one_way = Percentiles {
                count: 1,
                p50_ns,
                p99_ns: p50_ns,
                p999_ns: p50_ns,
                max_ns: p50_ns,
            };
            PingPongs {
                setup: setup(backend, 16),
                ran: String::new(),
                runs: vec![RoundTripRun {
                    one_way,
                    sender: Usage::default(),
                    receiver: Usage::default(),
                }],
            }
        };
        let rows = latency_rows(vec![
            peer(Backend::RawSpinning, 10.0),
            peer(Backend::Raw, 50.0),
            peer(Backend::Libzmq, 100.0),
            peer(Backend::Shim, 75.0),
        ]);
        assert_eq!(rows[3].ratio_to_raw, Some(1.5));
        assert_eq!(rows[3].ratio_to_libzmq, Some(0.75));
    }
}
