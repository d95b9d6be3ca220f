//! Each memory ordering says what it pairs with; each relaxed one says why that suffices.

use crate::finding::{Finding, exactly, none};
use crate::paths::words;
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

/// How many lines of code may stand between an ordering and the comment that explains it.
const CODE_LINES_MAX: usize = 6;

fn unexplained(source: &Source) -> Vec<Finding> {
    if !PLACES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut in_use = false;
    for (index, line) in source.code.iter().enumerate() {
        let words = words(line);
        in_use = (in_use
            || words.first().is_some_and(|first| *first == "use")
            || words.starts_with(&["pub", "use"]))
            && !line.contains(';');
        let is_use = in_use || words.contains(&"use");
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

/// Whether a comment that satisfies `says` stands on the line or a few lines of code above it, in the same function.
fn comment_above(source: &Source, index: usize, says: impl Fn(&str) -> bool) -> bool {
    let mut code_lines = 0;
    for above in (0..=index).rev() {
        if says(&source.comments[above]) {
            return true;
        }
        let code = source.code[above].trim();
        if above < index && !code.is_empty() {
            code_lines += 1;
        }
        if code_lines > CODE_LINES_MAX
            || (above < index
                && code == "}"
                && source.code[above].starts_with(['}', ' '])
                && source.code[above].len() - source.code[above].trim_start().len() <= 4)
        {
            return false;
        }
    }
    false
}

#[test]
fn each_memory_ordering_says_what_it_pairs_with() {
    none(&sources().iter().flat_map(unexplained).collect::<Vec<_>>());
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
