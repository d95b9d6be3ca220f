//! Sizes of files, how they open, and the layout of the top level.

use std::fs;

use ringmq_tests::workspace_root;

use crate::finding::{Finding, exactly, none};
use crate::tree::{Source, sources, text_files};

/// A file longer than this is wrong.
const LINES_MAX: usize = 1000;

/// A file longer than this has to say why, in [`LONG_FILES`].
const LINES_WITHOUT_REASON_MAX: usize = 600;

/// Files of more than 600 lines, each with the reason why it is not two.
const LONG_FILES: &[(&str, &str)] = &[];

/// What lies at the top, and nothing else does: the first thing a newcomer sees.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".config",
    ".git",
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "bench-suite",
    "capi",
    "clippy.toml",
    "deny.toml",
    "engine",
    "perf-scripts",
    "rustfmt.toml",
    "shim-epoll",
    "tests",
];

/// What has to lie at the top.
const TOP_LEVEL_REQUIRED: &[&str] = &[
    ".ci",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bench-suite",
    "deny.toml",
    "engine",
    "perf-scripts",
    "shim-epoll",
    "tests",
];

fn size(source: &Source, long_files: &[(&str, &str)]) -> Vec<Finding> {
    let lines = source.lines.len();
    let reason = long_files.iter().find(|(path, _)| *path == source.path);
    let finding = if lines > LINES_MAX {
        let mend = "split it by what the parts own; over 1000 lines no reason is good enough";
        Some((format!("{lines} lines"), mend))
    } else if lines > LINES_WITHOUT_REASON_MAX && reason.is_none() {
        let mend = "split it by what the parts own, or give the reason in LONG_FILES of files.rs";
        Some((format!("{lines} lines"), mend))
    } else if lines <= LINES_WITHOUT_REASON_MAX && reason.is_some() {
        Some((
            "is short again".to_owned(),
            "take it out of LONG_FILES of files.rs",
        ))
    } else {
        None
    };
    finding
        .into_iter()
        .map(|(what, mend)| Finding::file(&source.path, what, mend))
        .collect()
}

fn opening(source: &Source) -> Vec<Finding> {
    let first = source.lines.first().map_or("", String::as_str);
    let said = first.strip_prefix("//!").unwrap_or("").trim();
    if said.split_whitespace().count() >= 2 {
        return Vec::new();
    }
    let mend = "open the file with `//!`: what it owns, and what it must not know";
    vec![Finding::at(
        &source.path,
        0,
        "does not say what it is for",
        mend,
    )]
}

fn layout(entries: &[String]) -> Vec<Finding> {
    let known = |entry: &String| {
        TOP_LEVEL.contains(&entry.as_str()) || entry == "target" || entry.starts_with("target-")
    };
    let strangers = entries.iter().filter(|entry| !known(entry)).map(|entry| {
        Finding::file(
            entry,
            "does not belong at the top level",
            "move it below one of the folders there",
        )
    });
    let missing = TOP_LEVEL_REQUIRED
        .iter()
        .filter(|name| !entries.iter().any(|entry| entry == *name));
    let missing =
        missing.map(|name| Finding::file(name, "is missing", "the top level is fixed: write it"));
    strangers.chain(missing).collect()
}

fn folder_module(paths: &[&str]) -> Vec<Finding> {
    let doubled = paths.iter().filter(|path| {
        let folder = path
            .strip_suffix(".rs")
            .map(|stem| format!("{stem}/mod.rs"));
        let inside = path.strip_suffix(".rs").map(|stem| format!("{stem}/"));
        let has_files =
            inside.is_some_and(|inside| paths.iter().any(|other| other.starts_with(&inside)));
        has_files || folder.is_some_and(|folder| paths.contains(&folder.as_str()))
    });
    doubled
        .map(|path| {
            Finding::file(
                path,
                "stands beside its own folder",
                "move it to `mod.rs` in that folder",
            )
        })
        .collect()
}

#[test]
fn files_are_short_enough_to_read_in_one_sitting() {
    none(
        &sources()
            .iter()
            .flat_map(|source| size(source, LONG_FILES))
            .collect::<Vec<_>>(),
    );
    let gone = LONG_FILES
        .iter()
        .filter(|(path, _)| !sources().iter().any(|source| source.path == *path));
    none(
        &gone
            .map(|(path, _)| Finding::file(path, "is gone", "take it out of LONG_FILES"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn each_file_opens_by_saying_what_it_owns() {
    none(&sources().iter().flat_map(opening).collect::<Vec<_>>());
}

#[test]
fn the_top_level_is_the_agreed_one() {
    let entries = fs::read_dir(workspace_root()).expect("the workspace can be listed");
    let names = entries.map(|entry| {
        let entry = entry.expect("the workspace can be listed");
        entry.file_name().to_string_lossy().into_owned()
    });
    none(&layout(&names.collect::<Vec<_>>()));
}

#[test]
fn the_module_of_a_folder_is_its_mod_rs() {
    none(&folder_module(
        &text_files()
            .iter()
            .map(|file| file.path.as_str())
            .collect::<Vec<_>>(),
    ));
}

#[cfg(test)]
mod tests {
    use super::{
        LINES_MAX, LINES_WITHOUT_REASON_MAX, Source, TOP_LEVEL_REQUIRED, exactly, folder_module,
    };
    use super::{layout, opening, size};

    fn of_lines(count: usize) -> Source {
        Source::new("engine/src/x.rs", &"\n".repeat(count))
    }

    #[test]
    fn a_long_file_is_found_unless_it_has_a_reason() {
        let reasons = [("engine/src/x.rs", "a table")];
        exactly(&size(&of_lines(LINES_WITHOUT_REASON_MAX), &[]), &[]);
        exactly(&size(&of_lines(LINES_WITHOUT_REASON_MAX + 1), &[]), &[0]);
        exactly(
            &size(&of_lines(LINES_WITHOUT_REASON_MAX + 1), &reasons),
            &[],
        );
        exactly(&size(&of_lines(LINES_MAX + 1), &reasons), &[0]);
        exactly(&size(&of_lines(1), &reasons), &[0]);
    }

    #[test]
    fn a_file_that_says_nothing_is_found() {
        exactly(&opening(&Source::new("a.rs", "use std::fmt;\n")), &[1]);
        exactly(&opening(&Source::new("a.rs", "//! placeholder\n")), &[1]);
        exactly(&opening(&Source::new("a.rs", "")), &[1]);
        exactly(&opening(&Source::new("a.rs", "//! Owns the ring.\n")), &[]);
    }

    #[test]
    fn a_stranger_and_a_gap_at_the_top_level_are_found() {
        let mut entries: Vec<String> = TOP_LEVEL_REQUIRED
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        exactly(&layout(&entries), &[]);
        entries.push("notes.txt".to_owned());
        exactly(&layout(&entries), &[0]);
        exactly(&layout(&entries[1..entries.len() - 1]), &[0]);
    }

    #[test]
    fn a_module_beside_its_folder_is_found() {
        exactly(&folder_module(&["a/b.rs", "a/b/c.rs"]), &[0]);
        exactly(&folder_module(&["a/b/mod.rs", "a/b/c.rs", "a/c.rs"]), &[]);
    }
}
