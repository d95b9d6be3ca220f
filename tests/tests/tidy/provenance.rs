//! No trace of the machine a file was written on: a path or a host that only one workplace has helps nobody else.

use crate::finding::{Finding, exactly, none};
use crate::tree::{TextFile, text_files};

/// What gives a workplace away, written in two halves so that this file does not give itself away.
const TRACES: &[(&str, &str)] = &[
    ("/wor", "k/"),
    ("/tmp/ba", "sh"),
    ("/tmp/tar", "get"),
    ("/tmp/bri", "efs"),
    ("/ro", "ot/"),
    ("/home", "/"),
    ("/User", "s/"),
    ("arti", "factory"),
    ("index.cr", "ates.io:443"),
    ("jfr", "og"),
];

fn traces(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for (left, right) in TRACES {
            let trace = format!("{left}{right}");
            if stands_alone(&line.to_lowercase(), &trace.to_lowercase()) {
                let mend =
                    "name it relative to the workspace, by an environment variable, or not at all";
                findings.push(Finding::at(&file.path, index, format!("`{trace}`"), mend));
            }
        }
    }
    findings
}

/// Whether `trace` occurs, and, if it is a path, begins one: `a/work/b` is somebody's folder like any other.
fn stands_alone(line: &str, trace: &str) -> bool {
    line.match_indices(trace).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !trace.starts_with('/')
            || before.is_none_or(|c| !(c.is_alphanumeric() || "._-~}$/".contains(c)))
    })
}

#[test]
fn no_file_tells_where_it_was_written() {
    none(&text_files().iter().flat_map(traces).collect::<Vec<_>>());
}

#[test]
fn a_path_of_one_machine_is_found() {
    let text = format!(
        "cd {}{}main\nsrc/{}x\nhttps://a.{}{}.example/\n",
        "/wor", "k/", "work/", "arti", "factory"
    );
    exactly(
        &traces(&TextFile {
            path: "a.sh".to_owned(),
            text,
        }),
        &[1, 3],
    );
}
