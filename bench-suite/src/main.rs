//! `ringmq-bench`: how fast RingMQ is on this machine, beside libzmq and beside what the kernel can do.
//!
//! ```text
//! ringmq-bench quick                      the whole comparison in less than a minute
//! ringmq-bench throughput --size 64,1K    messages one way
//! ringmq-bench latency                    one message to and fro
//! ringmq-bench cores                      where it can run
//! ```
//!
//! Sender and receiver are processes of their own, each pinned to a core of its own with all its threads.
//! The receiver keeps the time, from the last message of a warm-up to the last of all, and checks the number
//! that each message carries: a lost, doubled, cut or misplaced message voids the run. All peers run the same
//! loops with the same options, in turns. The libzmq reference is an optimised build, and a debug build of
//! this program refuses to measure; where the system has a libzmq too, both are measured and the faster one
//! counts. Each row names the driver that ran; asking for one and getting another is an error.
//!
//! Figures mean something on a machine that does nothing else. Where that cannot be had,
//! `--sender-prefix "nice -n -20" --receiver-prefix "nice -n -20"` (as root) keeps most of the rest away;
//! CPU seconds per message suffer least. The same options put a tracer or a profiler before either process.
//!
//! # The JSON form
//!
//! `--json` prints one object. Times end in their unit; a *spread* is `{median, min, max}` over repetitions.
//!
//! | field | meaning |
//! |---|---|
//! | `schema` | 1; another number when a field changes its meaning or goes |
//! | `version` | of this program |
//! | `machine` | `kernel`, `cpu_model`, `cores`, `virtual_machine`, `load_average` (before the first run, or null) |
//! | `cores` | the cores of the `receiver` and the `sender` |
//! | `transport` | `tcp` or `ipc` |
//! | `throughput[]` | one row for each size, high-water mark and peer, as below |
//! | `latency[]` | one row for each size and peer, as below |
//!
//! Both kinds of row have `size_bytes` and `peer`: its `name`, the driver or library that `ran`, and, for bare
//! sockets one way, the `block_bytes` of their best writes. `ratio_to_libzmq` and `ratio_to_raw` are quotients
//! of medians, or null where the other was not measured.
//!
//! | field of `throughput[]` | meaning |
//! |---|---|
//! | `high_water_mark` | of both sides, messages; 0 is no limit; null for bare sockets |
//! | `messages_per_second` | spread |
//! | `bytes_per_second` | bodies only, median |
//! | `cpu_seconds_per_million` | spread; CPU seconds of both processes per million messages |
//! | `runs[]` | `count`, `elapsed_ns`, and what `sender` and `receiver` used: `user_us`, `system_us`, `voluntary_switches`, `involuntary_switches`. Bare sockets count blocks here |
//!
//! | field of `latency[]` | meaning |
//! |---|---|
//! | `p50_ns`, `p99_ns`, `p999_ns` | spreads; half the round trip |
//! | `cpu_us_per_round_trip` | spread; both processes |
//! | `runs[]` | `one_way` (`count` of round trips, percentiles, `max_ns`), `sender`, `receiver` as above |

mod clock;
mod command_line;
mod cores;
mod exchange;
mod machine;
mod measure;
mod pair;
mod peer;
mod report;
mod schedule;
mod statistics;
mod table;
mod usage;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use command_line::{Command, CommandLine, Peer, Where};
use cores::Placement;
use exchange::{Backend, Role};
use machine::Machine;
use pair::Launch;
use report::Report;
use schedule::{Cell, Conditions, Length};

/// The name under which every Linux distribution installs libzmq.
const SYSTEM_LIBZMQ: &str = "libzmq.so.5";

/// Sizes, high-water marks and repetitions of `quick`.
const QUICK_SIZES_BYTES: [usize; 4] = [16, 64, 1 << 10, 64 << 10];
const QUICK_MARKS: [u32; 2] = [1_000, 100_000];
const QUICK_REPEAT: usize = 5;

/// The time that `quick` spends in runs, so that with start and end of all processes a minute is enough.
const QUICK_SECONDS: f64 = 46.0;

/// What one run costs beyond its own length: the warm-up is a fifth, and processes start and end.
const RUN_OVERHEAD_SECONDS: f64 = 0.03;

fn main() -> ExitCode {
    let command = match CommandLine::parse().command {
        Command::PeerSend => return peer::run(Role::Sender),
        Command::PeerRecv => return peer::run(Role::Receiver),
        command => command,
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringmq-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    let cores = cores::allowed()?;
    let report = match command {
        Command::Quick(place) => (quick(&place, &cores)?, place.json),
        Command::Throughput(options) => (throughput(&options, &cores)?, options.place.json),
        Command::Latency(options) => (latency(&options, &cores)?, options.place.json),
        Command::Cores => return print(&cores::list(&cores)),
        Command::PeerSend | Command::PeerRecv => unreachable!("main runs peers"),
    };
    match report {
        (report, true) => print(&serde_json::to_string_pretty(&report)?),
        (report, false) => print(&table::text(&report)),
    }
}

/// Prints `text`; a reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Four sizes at two high-water marks, then latency.
fn quick(place: &Where, cores: &[cores::Core]) -> Result<Report, Box<dyn Error>> {
    let (mut conditions, mut report) = prepare(place, cores)?;
    let one_way = backends(place);
    let both_ways = with_spinning(&one_way);
    let cells = cells(&QUICK_SIZES_BYTES, &QUICK_MARKS);
    let lone = [Cell {
        size_bytes: 16,
        high_water_mark: 1_000,
    }];
    let runs = schedule::throughput_runs(&one_way, cells.len(), QUICK_REPEAT)
        + schedule::latency_runs(&both_ways, lone.len(), QUICK_REPEAT);
    conditions.repeat = QUICK_REPEAT;
    let seconds = QUICK_SECONDS / runs as f64 - RUN_OVERHEAD_SECONDS;
    conditions.length = Length::Seconds((seconds / 1.2).clamp(0.05, 1.0));

    let progress = schedule::progress(runs);
    let (raw, flows) = schedule::throughput(&conditions, &one_way, &cells, &progress)?;
    let ping_pongs = schedule::latency(&conditions, &both_ways, &lone, &progress)?;
    progress.finish_and_clear();
    report.throughput = report::throughput_rows(&raw, flows);
    report.latency = report::latency_rows(ping_pongs);
    Ok(report)
}

fn throughput(
    options: &command_line::Throughput,
    cores: &[cores::Core],
) -> Result<Report, Box<dyn Error>> {
    let (mut conditions, mut report) = prepare(&options.place, cores)?;
    conditions.length = length(&options.length);
    conditions.repeat = options.repeat;
    let backends = backends(&options.place);
    let cells = cells(&options.size, &options.hwm);
    let runs = schedule::throughput_runs(&backends, cells.len(), options.repeat);
    let progress = schedule::progress(runs);
    let (raw, flows) = schedule::throughput(&conditions, &backends, &cells, &progress)?;
    progress.finish_and_clear();
    report.throughput = report::throughput_rows(&raw, flows);
    Ok(report)
}

fn latency(
    options: &command_line::Latency,
    cores: &[cores::Core],
) -> Result<Report, Box<dyn Error>> {
    let (mut conditions, mut report) = prepare(&options.place, cores)?;
    conditions.length = length(&options.length);
    conditions.repeat = options.repeat;
    let backends = with_spinning(&backends(&options.place));
    let cells = cells(&options.size, &[1_000]);
    let progress = schedule::progress(schedule::latency_runs(
        &backends,
        cells.len(),
        options.repeat,
    ));
    let ping_pongs = schedule::latency(&conditions, &backends, &cells, &progress)?;
    progress.finish_and_clear();
    report.latency = report::latency_rows(ping_pongs);
    Ok(report)
}

/// Refuses what cannot give honest figures, and fixes what all runs share.
fn prepare(place: &Where, cores: &[cores::Core]) -> Result<(Conditions, Report), Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return Err("this is a debug build, whose figures would mean nothing; \
                    run `cargo run --release -p ringmq-bench` instead"
            .into());
    }
    let asked = place.cores.map(|pair| (pair.receiver, pair.sender));
    let placement = cores::place(cores, asked)?;
    if cores::share_a_physical_core(cores, placement) {
        let Placement { receiver, sender } = placement;
        eprintln!(
            "ringmq-bench: cores {receiver} and {sender} are two threads of one physical core, and \
             slow each other down; see `ringmq-bench cores`"
        );
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let conditions = Conditions {
        launch: Launch {
            program: std::env::current_exe()?,
            sender_prefix: words(&place.sender_prefix),
            receiver_prefix: words(&place.receiver_prefix),
            deadline: Duration::from_secs_f64(place.deadline),
        },
        transport: place.transport,
        placement,
        length: Length::Seconds(1.0),
        repeat: 1,
    };
    Ok((
        conditions,
        Report::new(Machine::describe(), placement, place.transport),
    ))
}

fn length(length: &command_line::Length) -> Length {
    length
        .count
        .map_or(Length::Seconds(length.seconds), |count| {
            Length::Count(count.get())
        })
}

/// Every mark with every size, sizes together.
fn cells(sizes_bytes: &[usize], marks: &[u32]) -> Vec<Cell> {
    let cell = |high_water_mark, size_bytes| Cell {
        size_bytes,
        high_water_mark,
    };
    marks
        .iter()
        .flat_map(|&mark| {
            sizes_bytes
                .iter()
                .map(move |&size_bytes| cell(mark, size_bytes))
        })
        .collect()
}

/// The peers asked for; libzmq stands for the one built in and the one named or installed.
fn backends(place: &Where) -> Vec<Backend> {
    let mut backends = Vec::new();
    for peer in &place.peers {
        match peer {
            Peer::Raw => backends.push(Backend::Raw),
            Peer::Ring => backends.push(Backend::Ring),
            Peer::Shim => backends.push(Backend::Shim),
            Peer::Libzmq => {
                backends.push(Backend::Libzmq);
                let installed =
                    || peer::shared_version(SYSTEM_LIBZMQ).map(|_| SYSTEM_LIBZMQ.into());
                backends.extend(
                    place
                        .libzmq
                        .clone()
                        .or_else(installed)
                        .map(Backend::LibzmqShared),
                );
            }
        }
    }
    backends
}

/// For round trips, bare sockets run twice: waiting in the kernel, and spinning.
fn with_spinning(backends: &[Backend]) -> Vec<Backend> {
    let twice = |backend: &Backend| match backend {
        Backend::Raw => vec![Backend::Raw, Backend::RawSpinning],
        other => vec![other.clone()],
    };
    backends.iter().flat_map(twice).collect()
}
