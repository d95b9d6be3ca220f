//! Work left unfinished or skipped, sleeping where an event should be awaited, and the clock.

use crate::finding::{Finding, exactly, none};
use crate::tree::{Source, sources};

/// Marks of unfinished or skipped work, and what to do instead. Looked for in code.
const UNFINISHED: &[(&str, &str)] = &[
    ("todo!(", "write it, or leave out what it would have served"),
    (
        "unimplemented!(",
        "write it, or leave out what it would have served",
    ),
    ("dbg!(", "assert what you looked at, or take it out"),
    (
        "#[ignore",
        "a test runs or does not exist; make it faster or move it to the bench-suite",
    ),
];

/// Ways to sleep. Looked for in code.
const SLEEPS: &[&str] = &[
    "thread::sleep",
    "time::sleep",
    "sleep_ms",
    "nanosleep",
    "usleep",
];

/// Files that may sleep, each with the reason.
const SLEEPERS: &[(&str, &str)] = &[(
    "bench-suite/src/peer/mod.rs",
    "a thread that waits for nothing: it ends an orphaned process that does not end itself",
)];

/// Marks in comments that need an owner behind them: `TODO(name):`.
const OWNED_MARKS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Where time may be read. Everywhere else it is an argument, so that a simulation can own the clock.
const CLOCKS: &[(&str, &str)] = &[
    (
        "engine/src/pipe/parker",
        "an application thread that waits with a time-out",
    ),
    (
        "engine/src/clock",
        "the engine's one door to the clock for blocking calls with a time-out",
    ),
    (
        "engine/src/ring/",
        "the ring driver's clock, which is where the engine's time comes from",
    ),
    (
        "shim-epoll/src/",
        "the shim driver's clock, which is where the engine's time comes from",
    ),
    (
        "engine/driver/src/conformance/",
        "tests of drivers on the real clock, with a deadline that fails them",
    ),
    ("bench-suite/", "measuring is reading the clock"),
    (
        "engine/examples/",
        "applications, which have no clock but the system's",
    ),
    ("tests/", "deadlines that fail a test"),
];

fn unfinished(source: &Source) -> Vec<Finding> {
    let marks = |(index, line): (usize, &String)| {
        let (mark, mend) = UNFINISHED
            .iter()
            .find(|(mark, _)| contains_word(line, mark))?;
        Some(Finding::at(
            &source.path,
            index,
            format!("`{}`", mark.trim_end_matches('(')),
            mend,
        ))
    };
    source.code.iter().enumerate().filter_map(marks).collect()
}

fn sleeping(source: &Source, sleepers: &[(&str, &str)]) -> Vec<Finding> {
    if sleepers.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    let mend = "wait for the event itself: a completion, a message, a line from the child; with a deadline";
    let slept = |(index, line): (usize, &String)| {
        let sleep = SLEEPS.iter().find(|sleep| contains_word(line, sleep))?;
        Some(Finding::at(&source.path, index, format!("`{sleep}`"), mend))
    };
    source.code.iter().enumerate().filter_map(slept).collect()
}

fn unowned(source: &Source) -> Vec<Finding> {
    let marks = |(index, line): (usize, &String)| {
        let mark = OWNED_MARKS.iter().find(|mark| contains_word(line, mark))?;
        let behind = line.split_once(mark).map_or("", |(_, behind)| behind);
        let owner = behind
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map_or("", |(owner, _)| owner);
        let owned = !owner.trim().is_empty();
        (!owned).then(|| {
            Finding::at(
                &source.path,
                index,
                format!("{mark} without an owner"),
                "write `TODO(name): ...`",
            )
        })
    };
    source
        .comments
        .iter()
        .enumerate()
        .filter_map(marks)
        .collect()
}

fn clock(source: &Source) -> Vec<Finding> {
    let places: Vec<_> = CLOCKS.iter().map(|(place, _)| *place).collect();
    if source.is_under(&places) {
        return Vec::new();
    }
    let mend = "take the time as an argument, or from the driver; see CLOCKS of leftovers.rs";
    let read = |(index, line): (usize, &String)| {
        let reads = contains_word(line, "Instant::now") || contains_word(line, "SystemTime::now");
        (reads && !source.is_test_line(index))
            .then(|| Finding::at(&source.path, index, "reads the clock", mend))
    };
    source.code.iter().enumerate().filter_map(read).collect()
}

/// Whether `line` contains `word` and not merely a longer name that ends or goes on with it.
fn contains_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let word_ends_in_name = part_of_name(word.chars().next_back());
        let before =
            part_of_name(line[..at].chars().next_back()) && part_of_name(word.chars().next());
        let behind = word_ends_in_name && part_of_name(line[at + word.len()..].chars().next());
        !before && !behind
    })
}

#[test]
fn nothing_is_left_unfinished_or_skipped() {
    none(&sources().iter().flat_map(unfinished).collect::<Vec<_>>());
}

#[test]
fn nothing_sleeps_to_let_things_settle() {
    none(
        &sources()
            .iter()
            .flat_map(|source| sleeping(source, SLEEPERS))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn each_open_question_has_an_owner() {
    none(&sources().iter().flat_map(unowned).collect::<Vec<_>>());
}

#[test]
fn only_the_clock_files_read_the_clock() {
    none(&sources().iter().flat_map(clock).collect::<Vec<_>>());
}

#[test]
fn unfinished_work_is_found() {
    let text =
        "fn f() { todo!() }\n#[ignore]\nlet s = \"todo!()\"; // dbg!(x)\nx.dbg!(y);\nmytodo!();\n";
    exactly(
        &unfinished(&Source::new("engine/src/x.rs", text)),
        &[1, 2, 4],
    );
}

#[test]
fn sleep_is_found_unless_the_file_has_a_reason() {
    let source = Source::new(
        "tests/tests/x.rs",
        "std::thread::sleep(d);\nowner.prepare_sleep();\n",
    );
    exactly(&sleeping(&source, &[]), &[1]);
    exactly(&sleeping(&source, &[("tests/tests/x.rs", "why")]), &[]);
}

#[test]
fn an_open_question_without_an_owner_is_found() {
    let text = "// TODO: later\n// TODO(ada): later\n// FIXME()\nlet x = \"TODO\";\n";
    exactly(&unowned(&Source::new("engine/src/x.rs", text)), &[1, 3]);
}

#[test]
fn reading_the_clock_outside_the_clock_files_is_found() {
    let text =
        "let now = Instant::now();\n#[cfg(test)]\nmod tests {\n let now = Instant::now();\n}\n";
    exactly(
        &clock(&Source::new("engine/src/session/mod.rs", text)),
        &[1],
    );
    exactly(&clock(&Source::new("engine/src/clock.rs", text)), &[]);
    exactly(&clock(&Source::new("engine/src/clockwork.rs", text)), &[1]);
}
