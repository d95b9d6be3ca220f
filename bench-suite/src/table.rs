//! The report as a person reads it. Knows nothing of measuring.

use comfy_table::{CellAlignment, Table, presets};

use crate::report::{LatencyRow, Peer, Report, ThroughputRow};
use crate::statistics::Spread;

/// ZeroMQ's high-water mark where the program sets none.
const DEFAULT_MARK: u32 = 1_000;

/// The whole text of a report.
pub(crate) fn text(report: &Report) -> String {
    let mut text = format!("\n{}\n", report.machine.line());
    text.push_str(&format!(
        "{}, one flow, two processes: sender on core {}, receiver on core {}\n",
        report.transport, report.cores.sender, report.cores.receiver
    ));
    let mut marks: Vec<u32> = report
        .throughput
        .iter()
        .filter_map(|row| row.high_water_mark)
        .collect();
    marks.dedup();
    if marks.is_empty() && !report.throughput.is_empty() {
        text.push_str("\nThroughput of bare sockets\n\n");
        text.push_str(&throughput(&report.throughput.iter().collect::<Vec<_>>()));
    }
    for mark in marks {
        let note = if mark == DEFAULT_MARK {
            ", ZeroMQ's default"
        } else {
            ""
        };
        let mark_text = if mark == 0 {
            "off".into()
        } else {
            thousands(mark.into())
        };
        text.push_str(&format!(
            "\nThroughput, both high-water marks {mark_text}{note}\n\n"
        ));
        text.push_str(&throughput(&rows_of_mark(&report.throughput, mark)));
    }
    if !report.latency.is_empty() {
        text.push_str("\nLatency of a lone message, one way (half a round trip)\n\n");
        text.push_str(&latency(&report.latency));
    }
    text.push('\n');
    text.push_str(&legend(report));
    text.truncate(text.trim_end().len());
    text
}

/// The rows of one high-water mark. Bare sockets have none: theirs stand before the cell they belong to.
fn rows_of_mark(rows: &[ThroughputRow], mark: u32) -> Vec<&ThroughputRow> {
    let next_mark = |index: usize| rows[index..].iter().find_map(|row| row.high_water_mark);
    rows.iter()
        .enumerate()
        .filter(|(index, _)| next_mark(*index) == Some(mark))
        .map(|(_, row)| row)
        .collect()
}

fn throughput(rows: &[&ThroughputRow]) -> String {
    let mut table = Columns::new(&[
        "size",
        "peer",
        "M msg/s",
        "min – max",
        "GB/s",
        "× libzmq",
        "of raw",
        "CPU s/M msg",
    ]);
    for row in rows {
        table.row(
            size(row.size_bytes),
            peer(&row.peer),
            [
                figure(row.messages_per_second.median / 1e6),
                ends(row.messages_per_second, 1e6),
                figure(row.bytes_per_second / 1e9),
                row.ratio_to_libzmq
                    .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
                row.ratio_to_raw
                    .map_or_else(String::new, |ratio| format!("{:.0} %", ratio * 100.0)),
                figure(row.cpu_seconds_per_million.median),
            ],
        );
    }
    table.text()
}

fn latency(rows: &[LatencyRow]) -> String {
    let mut table = Columns::new(&[
        "size",
        "peer",
        "p50 µs",
        "min – max",
        "p99 µs",
        "p99.9 µs",
        "× libzmq",
        "× raw",
        "CPU µs/round trip",
    ]);
    for row in rows {
        let ratio =
            |ratio: Option<f64>| ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        table.row(
            size(row.size_bytes),
            peer(&row.peer),
            [
                figure(row.p50_ns.median / 1e3),
                ends(row.p50_ns, 1e3),
                figure(row.p99_ns.median / 1e3),
                figure(row.p999_ns.median / 1e3),
                ratio(row.ratio_to_libzmq),
                ratio(row.ratio_to_raw),
                figure(row.cpu_us_per_round_trip.median),
            ],
        );
    }
    table.text()
}

/// What the columns mean, for those who see them for the first time.
fn legend(report: &Report) -> String {
    let mut text = String::new();
    let repeats = |runs: usize| {
        if runs == 1 {
            "one run".into()
        } else {
            format!("median of {runs}")
        }
    };
    let others = |row: &&ThroughputRow| row.high_water_mark.is_some();
    if let Some(row) = report
        .throughput
        .iter()
        .find(others)
        .or(report.throughput.first())
    {
        text.push_str(&format!(
            "Throughput is timed by the receiver, which checks every message's number: {}.\n",
            repeats(row.runs.len())
        ));
    }
    if report
        .throughput
        .iter()
        .any(|row| row.high_water_mark.is_none())
    {
        text.push_str(
            "raw: bytes through a bare socket, divided by what a framed message takes; the best of \
             32, 64 and 256 KiB writes.\n",
        );
    }
    if let Some(row) = report.latency.first() {
        text.push_str(&format!(
            "Latency: each message waits for the answer to the one before, two PUSH/PULL pairs: {}; \
             smaller is better.\n",
            repeats(row.runs.len())
        ));
    }
    if !report.throughput.is_empty() {
        text.push_str("CPU s/M msg: CPU seconds of both processes per million messages.\n");
    }
    if let Some(load) = report.machine.load_average.filter(|&load| load > 0.5) {
        text.push_str(&format!(
            "The load average was {load} at the start: an idle machine gives steadier figures.\n"
        ));
    }
    text
}

/// A table whose first column is written once for each group of rows, with a gap between groups.
struct Columns {
    table: Table,
    columns: usize,
    group: String,
}

impl Columns {
    fn new(header: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(header.to_vec());
        for (index, column) in table.column_iter_mut().enumerate() {
            let words = index < 2;
            column.set_cell_alignment(if words {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            });
            column.set_padding((2, 0));
        }
        Self {
            table,
            columns: header.len(),
            group: String::new(),
        }
    }

    fn row<const N: usize>(&mut self, group: String, name: String, figures: [String; N]) {
        let first = if self.group == group {
            String::new()
        } else {
            group.clone()
        };
        if !first.is_empty() && !self.group.is_empty() {
            self.table.add_row(vec![""; self.columns]);
        }
        self.group = group;
        self.table.add_row([first, name].into_iter().chain(figures));
    }

    fn text(&self) -> String {
        let lines = self.table.to_string();
        lines
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }
}

/// The name of a row: what was asked for, and what ran where that says more.
fn peer(peer: &Peer) -> String {
    match peer.block_bytes {
        Some(block_bytes) => format!("raw, {} writes", size(block_bytes)),
        None if peer.name.starts_with("raw") => peer.name.clone(),
        None => peer.ran.clone(),
    }
}

/// A number of bytes: `64 B`, `1 KiB`.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        bytes => format!("{bytes} B"),
    }
}

/// Three digits that mean something.
fn figure(value: f64) -> String {
    match value {
        value if value >= 99.95 => format!("{value:.0}"),
        value if value >= 9.995 => format!("{value:.1}"),
        value if value >= 0.9995 => format!("{value:.2}"),
        value if value > 0.0 => {
            let decimals = 2.0 - value.log10().floor();
            format!("{value:.0$}", decimals as usize)
        }
        _ => "0".into(),
    }
}

fn ends(spread: Spread, unit: f64) -> String {
    format!(
        "{} – {}",
        figure(spread.min / unit),
        figure(spread.max / unit)
    )
}

/// A count as a person writes it: `100 000`.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits() {
        let figures = [312.6, 99.96, 31.26, 9.999, 3.126, 0.3126, 0.000_109_7].map(figure);
        assert_eq!(
            figures,
            ["313", "100", "31.3", "10.0", "3.13", "0.313", "0.000110"]
        );
        assert_eq!(figure(0.0), "0");
    }

    #[test]
    fn sizes_are_written_in_the_largest_whole_unit() {
        assert_eq!(
            [16, 1024, 1500, 65536, 1 << 20].map(size),
            ["16 B", "1 KiB", "1500 B", "64 KiB", "1 MiB"]
        );
    }

    #[test]
    fn counts_are_grouped_by_three() {
        assert_eq!(
            [7, 1_000, 100_000, 1_234_567].map(thousands),
            ["7", "1 000", "100 000", "1 234 567"]
        );
    }

    #[test]
    fn a_group_is_named_once_and_set_apart() {
        let mut columns = Columns::new(&["size", "peer", "rate"]);
        columns.row("16 B".into(), "raw".into(), ["10".into()]);
        columns.row("16 B".into(), "ring".into(), ["9".into()]);
        columns.row("64 B".into(), "ring".into(), ["8".into()]);
        let text = columns.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(text.matches("16 B").count(), 1);
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("  64 B"));
    }
}
