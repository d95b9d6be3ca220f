//! Each memory ordering says what it pairs with, each relaxed one why that suffices, and lock-free code takes its atomics
//! from the loom facade.

use crate::finding::{Finding, exactly, none};
use crate::paths::{is_inside, paths, words};
use crate::tree::{Source, sources};

/// Crates whose shipped code is held to it. Tests may use what is simplest.
const PLACES: &[&str] = &[
    "engine/src/",
    "engine/driver/src/",
    "shim-epoll/src/",
    "capi/src/",
];

/// The orderings that need a partner.
const PAIRED: &[&str] = &["Acquire", "Release", "AcqRel", "SeqCst"];

/// Where the standard library's atomics may be named, each with the reason.
const WITHOUT_FACADE: [(&str, &str); 4] = [
    ("engine/src/sync", "the facade"),
    (
        "engine/src/ring/",
        "the kernel is the other side, and loom cannot play it",
    ),
    (
        "shim-epoll/src/",
        "one flag beside the poller's wake-up, in a crate without the facade",
    ),
    (
        "engine/driver/src/",
        "the fake's wake flag and the conformance suite's counters, in a crate without the facade",
    ),
];

/// How many lines of code may stand between an ordering and the comment that explains it.
const CODE_LINES_MAX: usize = 6;

fn unexplained(source: &Source) -> Vec<Finding> {
    if !PLACES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut inside_use = false;
    for (index, line) in source.code.iter().enumerate() {
        let words = words(line);
        let is_use = inside_use || begins_use(&words);
        inside_use = is_use && !line.contains(';');
        if is_use || source.is_test_line(index) {
            continue;
        }
        let paired = words.iter().find(|word| PAIRED.contains(word));
        if let Some(ordering) = paired {
            if !comment_above(source, index, |comment| comment.contains("ORDERING")) {
                let mend = "write `// ORDERING: pairs with ...` above it: which store or load, of which side";
                findings.push(Finding::at(
                    &source.path,
                    index,
                    format!("`{ordering}` without a partner"),
                    mend,
                ));
            }
        } else if words.contains(&"Relaxed")
            && !comment_above(source, index, |comment| {
                comment.contains("ORDERING") || comment.to_lowercase().contains("relaxed")
            })
        {
            let mend = "say above it why relaxed suffices: who else orders this word, or that nobody needs to";
            findings.push(Finding::at(
                &source.path,
                index,
                "`Relaxed` without a reason",
                mend,
            ));
        }
    }
    findings
}

/// Whether the words are those of a line that begins a `use`.
fn begins_use(words: &[&str]) -> bool {
    matches!(
        words,
        ["use", ..] | ["pub", "use", ..] | ["pub", "crate" | "super", "use", ..]
    )
}

/// Whether a comment that satisfies `says` stands on the line, or a few lines of code above it and not beyond the end
/// of another function.
fn comment_above(source: &Source, index: usize, says: impl Fn(&str) -> bool) -> bool {
    let mut code_lines = 0;
    for above in (0..=index).rev() {
        if says(&source.comments[above]) {
            return true;
        }
        let code = source.code[above].trim_end();
        if above == index || code.is_empty() {
            continue;
        }
        code_lines += 1;
        let ends_a_function = code == "}" || code == "    }";
        if code_lines > CODE_LINES_MAX || ends_a_function {
            return false;
        }
    }
    false
}

fn past_the_facade(source: &Source) -> Vec<Finding> {
    let held = PLACES.iter().any(|place| source.path.starts_with(place));
    if !held || source.is_under(&WITHOUT_FACADE.map(|(place, _)| place)) {
        return Vec::new();
    }
    let mend =
        "take it from `crate::sync`, which loom can replace; see WITHOUT_FACADE of orderings.rs";
    let named = paths(source)
        .into_iter()
        .filter(|(line, path)| is_inside(path, "std::sync::atomic") && !source.is_test_line(*line));
    named
        .map(|(line, path)| Finding::at(&source.path, line, format!("names `{path}`"), mend))
        .collect()
}

#[test]
fn each_memory_ordering_says_what_it_pairs_with() {
    none(&sources().iter().flat_map(unexplained).collect::<Vec<_>>());
}

#[test]
fn lock_free_code_takes_its_atomics_from_the_loom_facade() {
    none(
        &sources()
            .iter()
            .flat_map(past_the_facade)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn an_atomic_that_loom_cannot_replace_is_found() {
    let text = "use std::sync::{Arc, atomic::AtomicU64};\nuse crate::sync::AtomicBool;\n";
    exactly(
        &past_the_facade(&Source::new("engine/src/pipe/x.rs", text)),
        &[1],
    );
    exactly(
        &past_the_facade(&Source::new("engine/src/ring/x.rs", text)),
        &[],
    );
    exactly(
        &past_the_facade(&Source::new("tests/tests/x.rs", text)),
        &[],
    );
}

#[test]
fn an_ordering_without_a_partner_is_found() {
    let text = "use std::sync::atomic::Ordering::{Acquire, Release};\n\
        fn f() {\n    a.load(Acquire);\n    // ORDERING: pairs with the store in `g`.\n    b.load(Acquire);\n}\n\
        fn g() {\n    b.store(1, Release);\n}\n";
    exactly(
        &unexplained(&Source::new("engine/src/pipe/x.rs", text)),
        &[3, 8],
    );
    exactly(
        &unexplained(&Source::new("engine/src/pipe/tests.rs", text)),
        &[],
    );
    exactly(
        &unexplained(&Source::new("bench-suite/src/x.rs", text)),
        &[],
    );
}

#[test]
fn a_relaxed_ordering_without_a_reason_is_found() {
    let text = "fn f() {\n    a.load(Ordering::Relaxed);\n}\n\
        fn g() {\n    // Relaxed: only this thread writes it.\n    a.load(Ordering::Relaxed);\n}\n";
    exactly(
        &unexplained(&Source::new("engine/src/memory/x.rs", text)),
        &[2],
    );
}

#[test]
fn a_comment_far_above_explains_nothing() {
    let text = format!(
        "fn f() {{\n    // ORDERING: pairs with g.\n{}    fence(SeqCst);\n}}\n",
        "    x();\n".repeat(7)
    );
    exactly(
        &unexplained(&Source::new("engine/src/pipe/x.rs", &text)),
        &[10],
    );
}
