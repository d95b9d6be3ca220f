//! Which measurements a command makes, in which order, and how long each lasts.
//!
//! Repetitions are interleaved: every peer has its first turn before any has its second, so that a change
//! in the machine's mood falls on all of them. Lengths are found by trial, so that fast and slow peers run
//! about as long. Knows nothing of how figures are shown.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cores::Placement;
use crate::exchange::{Backend, Flow, RoundTrips};
use crate::measure::{FlowRun, RoundTripRun, Setup, Transport};
use crate::pair::{Launch, PairError};

/// Sizes of the blocks that bare sockets write; the best of them counts as the machine's limit.
pub(crate) const RAW_BLOCKS_BYTES: [usize; 3] = [32 << 10, 64 << 10, 256 << 10];

/// The most bytes a run moves where its high-water marks would let all of them wait in memory.
const UNBOUNDED_BYTES_MAX: u64 = 1 << 30;

/// About what the first trial run moves; small messages make it shorter.
const TRIAL_BYTES: u64 = 64 << 20;

/// Fewer messages make no run.
const COUNT_MIN: u64 = 4;

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    /// So many messages, or round trips.
    Count(u64),
    /// About so long.
    Seconds(f64),
}

/// What all measurements of a command share.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    /// How peers are started.
    pub(crate) launch: Launch,
    /// What messages travel over.
    pub(crate) transport: Transport,
    /// Where the two processes run.
    pub(crate) placement: Placement,
    /// How long each run is.
    pub(crate) length: Length,
    /// How often each measurement is made.
    pub(crate) repeat: usize,
}

/// A run that came to nothing.
#[derive(Debug)]
pub(crate) struct RunError {
    /// Whose.
    backend: Backend,
    /// With messages, or blocks, of so many bytes.
    size_bytes: usize,
    /// Why.
    source: PairError,
}

impl RunError {
    fn of(setup: &Setup) -> impl FnOnce(PairError) -> Self {
        move |source| Self {
            backend: setup.backend.clone(),
            size_bytes: setup.size_bytes,
            source,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = crate::table::size(self.size_bytes);
        write!(f, "{}, {size}: {}", self.backend.label(), self.source)?;
        if self.backend == Backend::Ring {
            f.write_str("\n--peer raw,libzmq,shim measures without the ring")?;
        }
        Ok(())
    }
}

impl Error for RunError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl Conditions {
    fn setup(&self, backend: &Backend, size_bytes: usize, high_water_mark: u32) -> Setup {
        Setup {
            backend: backend.clone(),
            transport: self.transport,
            size_bytes,
            high_water_mark,
            placement: self.placement,
        }
    }
}

/// All repetitions of one flow.
#[derive(Clone, Debug)]
pub(crate) struct Flows {
    /// What was measured.
    pub(crate) setup: Setup,
    /// What really ran.
    pub(crate) ran: String,
    /// One run for each repetition.
    pub(crate) runs: Vec<FlowRun>,
    /// Messages that the next run will count.
    count: u64,
}

impl Flows {
    fn new(setup: Setup) -> Self {
        let count = TRIAL_BYTES / setup.size_bytes as u64;
        Self {
            setup,
            ran: String::new(),
            runs: Vec::new(),
            count: count.clamp(COUNT_MIN, 20_000),
        }
    }

    /// Flows that were measured elsewhere.
    #[cfg(test)]
    pub(crate) fn of(setup: Setup, runs: Vec<FlowRun>) -> Self {
        Self {
            runs,
            ..Self::new(setup)
        }
    }

    /// The most messages that may be under way without filling the machine's memory.
    fn count_max(&self) -> u64 {
        let (size, mark) = (
            self.setup.size_bytes as u64,
            u64::from(self.setup.high_water_mark),
        );
        if mark == 0 || mark * size > UNBOUNDED_BYTES_MAX {
            (UNBOUNDED_BYTES_MAX / size).max(COUNT_MIN)
        } else {
            u64::MAX
        }
    }

    fn measure(&mut self, launch: &Launch) -> Result<FlowRun, RunError> {
        let flow = Flow {
            warm_up: (self.count / 5).max(1),
            count: self.count,
        };
        let (run, ran) = self
            .setup
            .flow(launch, flow)
            .map_err(RunError::of(&self.setup))?;
        self.ran = ran;
        Ok(run)
    }

    /// Finds how many messages make a run of the right length.
    fn calibrate(&mut self, conditions: &Conditions) -> Result<(), RunError> {
        let seconds = match conditions.length {
            Length::Count(count) => {
                self.count = count;
                return Ok(());
            }
            Length::Seconds(seconds) => seconds,
        };
        // The first, short run is mostly start-up, so its rate is only good for a longer one.
        for _ in 0..4 {
            let run = self.measure(&conditions.launch)?;
            let found = (run.rate() * seconds) as u64;
            let settled = run.elapsed_ns as f64 / 1e9 > seconds / 4.0;
            self.count = found
                .clamp(COUNT_MIN, self.count * 20)
                .min(self.count_max());
            if settled || self.count == self.count_max() {
                break;
            }
        }
        Ok(())
    }

    fn repeat(&mut self, conditions: &Conditions) -> Result<(), RunError> {
        let run = self.measure(&conditions.launch)?;
        self.runs.push(run);
        Ok(())
    }
}

/// All repetitions of one ping-pong.
#[derive(Clone, Debug)]
pub(crate) struct PingPongs {
    /// What was measured.
    pub(crate) setup: Setup,
    /// What really ran.
    pub(crate) ran: String,
    /// One run for each repetition.
    pub(crate) runs: Vec<RoundTripRun>,
}

/// What to measure at one size and one high-water mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Bytes in a message.
    pub(crate) size_bytes: usize,
    /// Both high-water marks, messages.
    pub(crate) high_water_mark: u32,
}

/// The flows of one cell, one for each peer.
#[derive(Clone, Debug)]
pub(crate) struct CellFlows {
    /// Which cell.
    pub(crate) cell: Cell,
    /// In the order in which peers were named.
    pub(crate) flows: Vec<Flows>,
}

/// How often bare sockets run in each cell: their blocks are the same in all cells, so that the repetitions
/// are spread over the cells.
fn raw_runs_per_cell(repeat: usize, cells: usize) -> usize {
    repeat.div_ceil(cells.max(1))
}

/// How many runs [`throughput`] makes, trial runs included.
pub(crate) fn throughput_runs(backends: &[Backend], cells: usize, repeat: usize) -> usize {
    let raw = usize::from(backends.contains(&Backend::Raw)) * RAW_BLOCKS_BYTES.len();
    let others = backends
        .iter()
        .filter(|&backend| *backend != Backend::Raw)
        .count();
    raw * (1 + cells * raw_runs_per_cell(repeat, cells)) + others * cells * (1 + repeat)
}

/// Measures flows; returns those of bare sockets, one for each block size, and those of the other peers.
pub(crate) fn throughput(
    conditions: &Conditions,
    backends: &[Backend],
    cells: &[Cell],
    progress: &ProgressBar,
) -> Result<(Vec<Flows>, Vec<CellFlows>), RunError> {
    let raw_blocks = if backends.contains(&Backend::Raw) {
        &RAW_BLOCKS_BYTES[..]
    } else {
        &[]
    };
    let mut raw: Vec<Flows> = raw_blocks
        .iter()
        .map(|&block| Flows::new(conditions.setup(&Backend::Raw, block, 1)))
        .collect();
    for flows in &mut raw {
        progress.set_message("bare sockets, finding the length of a run");
        flows.calibrate(conditions)?;
        progress.inc(1);
    }

    let mut done = Vec::new();
    for &cell in cells {
        let Cell {
            size_bytes,
            high_water_mark,
        } = cell;
        let mut flows: Vec<Flows> = backends
            .iter()
            .filter(|&backend| *backend != Backend::Raw)
            .map(|backend| Flows::new(conditions.setup(backend, size_bytes, high_water_mark)))
            .collect();
        for flows in &mut flows {
            progress.set_message(format!(
                "{}, finding the length of a run",
                subject(&flows.setup)
            ));
            flows.calibrate(conditions)?;
            progress.inc(1);
        }
        for turn in 0..conditions.repeat {
            let raw_now = turn < raw_runs_per_cell(conditions.repeat, cells.len());
            let raw = raw.iter_mut().filter(|_| raw_now);
            for flows in raw.chain(&mut flows) {
                progress.set_message(subject(&flows.setup));
                flows.repeat(conditions)?;
                progress.inc(1);
            }
        }
        done.push(CellFlows { cell, flows });
    }
    Ok((raw, done))
}

/// How many runs [`latency`] makes.
pub(crate) fn latency_runs(backends: &[Backend], sizes: usize, repeat: usize) -> usize {
    backends.len() * sizes * repeat
}

/// Measures round trips of each size with each peer.
pub(crate) fn latency(
    conditions: &Conditions,
    backends: &[Backend],
    cells: &[Cell],
    progress: &ProgressBar,
) -> Result<Vec<PingPongs>, RunError> {
    let (count_max, time_max) = match conditions.length {
        Length::Count(count) => (count, Duration::MAX),
        Length::Seconds(seconds) => (u64::MAX, Duration::from_secs_f64(seconds)),
    };
    let round_trips = RoundTrips {
        warm_up: 500,
        count_max,
        time_max,
    };
    let mut all = Vec::new();
    for cell in cells {
        let mut peers: Vec<PingPongs> = backends
            .iter()
            .map(|backend| conditions.setup(backend, cell.size_bytes, cell.high_water_mark))
            .map(|setup| PingPongs {
                setup,
                ran: String::new(),
                runs: Vec::new(),
            })
            .collect();
        for _ in 0..conditions.repeat {
            for peer in &mut peers {
                progress.set_message(format!("latency, {}", subject(&peer.setup)));
                let measured = peer.setup.round_trips(&conditions.launch, round_trips);
                let (run, ran) = measured.map_err(RunError::of(&peer.setup))?;
                peer.runs.push(run);
                peer.ran = ran;
                progress.inc(1);
            }
        }
        all.extend(peers);
    }
    Ok(all)
}

/// What the progress bar says about a run.
fn subject(setup: &Setup) -> String {
    format!(
        "{}, {}",
        setup.backend.label(),
        crate::table::size(setup.size_bytes)
    )
}

/// A bar for `runs` runs, on standard error; invisible where that is no terminal.
pub(crate) fn progress(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed}  {msg}")
        .expect("the template is well-formed");
    ProgressBar::new(runs as u64).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows(size_bytes: usize, high_water_mark: u32) -> Flows {
        Flows::new(Setup {
            backend: Backend::Libzmq,
            transport: Transport::Tcp,
            size_bytes,
            high_water_mark,
            placement: Placement {
                receiver: 0,
                sender: 1,
            },
        })
    }

    #[test]
    fn marks_that_would_let_memory_fill_bound_the_number_of_messages() {
        assert_eq!(flows(64 << 10, 100_000).count_max(), 16_384);
        assert_eq!(flows(64 << 10, 0).count_max(), 16_384);
        assert_eq!(flows(64 << 10, 1_000).count_max(), u64::MAX);
        assert_eq!(flows(64, 100_000).count_max(), u64::MAX);
    }

    #[test]
    fn the_first_trial_is_short_for_messages_of_all_sizes() {
        assert_eq!(
            [16, 64 << 10, 256 << 20].map(|size| flows(size, 1_000).count),
            [20_000, 1_024, COUNT_MIN]
        );
    }

    #[test]
    fn bare_sockets_run_as_often_as_asked_in_one_cell_and_at_least_once_in_each_of_many() {
        let runs = [(5, 1), (5, 2), (5, 8)].map(|(repeat, cells)| raw_runs_per_cell(repeat, cells));
        assert_eq!(runs, [5, 3, 1]);
    }

    #[test]
    fn the_progress_bar_counts_trials_and_every_block_size() {
        let peers = [Backend::Raw, Backend::Libzmq, Backend::Ring];
        assert_eq!(throughput_runs(&peers, 1, 5), 3 * (1 + 5) + 2 * (1 + 5));
        assert_eq!(throughput_runs(&peers[1..], 8, 5), 2 * 8 * (1 + 5));
    }
}
