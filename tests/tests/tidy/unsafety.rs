//! Where `unsafe` may stand, and that each block says which invariant makes it sound and who upholds it.
//!
//! One operation per block and the presence of a comment are clippy's to hold; clippy does not look into macros, does
//! not ask the comment to say anything, and does not know the places.

use crate::finding::{Finding, exactly, none};
use crate::paths::words;
use crate::tree::{Source, sources};

/// Where shipped code may be unsafe.
const PLACES: &[(&str, &str)] = &[
    ("engine/src/pipe/", "the memory that two threads share"),
    ("engine/src/memory/", "chunks, slabs, registered pools"),
    (
        "engine/src/message",
        "64 bytes that are either the body or a counted range",
    ),
    ("engine/src/ring/", "the kernel's own interface"),
    (
        "engine/src/ring_memory",
        "the pipes' promise to the ring: neither of the two may know the other",
    ),
    (
        "shim-epoll/src/",
        "readiness interfaces, where mio and socket2 do not reach",
    ),
    ("capi/src/", "C's side of the API"),
];

/// Files of tests and benchmarks that may be unsafe, each with the reason: they watch or trick the process itself.
const FILES: &[(&str, &str)] = &[
    (
        "bench-suite/build.rs",
        "hands libzmq's compiler a definition through the environment, before any other thread",
    ),
    (
        "bench-suite/src/peer/libzmq.rs",
        "the C interface of the library we are measured against",
    ),
    (
        "bench-suite/src/usage.rs",
        "getrusage, which no dependency wraps",
    ),
    (
        "tests/src/bin/peer/allocator.rs",
        "an allocator that counts, to show that a flood allocates nothing",
    ),
    (
        "tests/src/bin/peer/seccomp.rs",
        "a filter that refuses io_uring, as containers do",
    ),
];

/// Crates that forbid `unsafe` to the compiler, so that the list above cannot be wrong about them.
const FORBIDDING: &[&str] = &["engine/wire/src/lib.rs", "engine/driver/src/lib.rs"];

/// The fewest words that can name an invariant and who upholds it.
const SAFETY_WORDS_MIN: usize = 4;

fn place(source: &Source) -> Vec<Finding> {
    let places: Vec<_> = PLACES
        .iter()
        .chain(FILES)
        .map(|(place, _)| *place)
        .collect();
    if source.is_under(&places) {
        return Vec::new();
    }
    let mend = "move it into one of PLACES of unsafety.rs behind a safe function; a test program is listed in FILES";
    let stands = |(index, line): (usize, &String)| {
        words(line)
            .contains(&"unsafe")
            .then(|| Finding::at(&source.path, index, "`unsafe` does not belong here", mend))
    };
    source.code.iter().enumerate().filter_map(stands).collect()
}

fn explained(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        if !opens_unsafe(line) {
            continue;
        }
        let said = safety_comment(source, index);
        let what = match said.as_deref().map(|said| said.split_whitespace().count()) {
            None => "`unsafe` without a SAFETY comment above it",
            Some(words) if words < SAFETY_WORDS_MIN => "a SAFETY comment that says nothing",
            Some(_) => continue,
        };
        let mend = "write `// SAFETY:` above it: which invariant, and who upholds it";
        findings.push(Finding::at(&source.path, index, what, mend));
    }
    findings
}

/// Whether a line opens an unsafe block or an unsafe implementation. Functions say it in their `# Safety` section.
fn opens_unsafe(line: &str) -> bool {
    line.match_indices("unsafe").any(|(at, word)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + word.len()..].trim_start();
        let whole = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_'));
        whole && (behind.starts_with('{') || behind.starts_with("impl"))
    })
}

/// What stands behind `SAFETY:` in the comment that belongs to a line: on it, or above the statement it is part of.
fn safety_comment(source: &Source, index: usize) -> Option<String> {
    let mut said = Vec::new();
    let mut code_lines = 0;
    for above in (0..=index).rev() {
        let comment = source.comments[above]
            .trim()
            .trim_start_matches(['/', '*', '!'])
            .trim();
        if let Some((_, behind)) = comment.split_once("SAFETY:") {
            said.push(behind.to_owned());
            said.reverse();
            return Some(said.join(" "));
        }
        let code = source.code[above].trim();
        if comment.is_empty() {
            said.clear();
        } else {
            said.push(comment.to_owned());
        }
        if above == index || code.is_empty() || code.starts_with("#[") {
            continue;
        }
        // rustfmt may break a statement so that the block stands a few lines below its beginning.
        code_lines += 1;
        if code.ends_with(';') || code.ends_with('}') || code_lines > 4 {
            return None;
        }
    }
    None
}

fn forbidding(source: &Source) -> Option<Finding> {
    let forbids = source
        .code
        .iter()
        .any(|line| line.trim() == "#![forbid(unsafe_code)]");
    let mend = "write `#![forbid(unsafe_code)]` at the top of the crate";
    (!forbids).then(|| Finding::file(&source.path, "no longer forbids `unsafe`", mend))
}

fn stale(sources: &[Source], files: &[(&str, &str)]) -> Vec<Finding> {
    let uses_it = |source: &Source| {
        source
            .code
            .iter()
            .any(|line| words(line).contains(&"unsafe"))
    };
    let needed = |path: &str| {
        sources
            .iter()
            .any(|source| source.path == path && uses_it(source))
    };
    let stale = files.iter().filter(|(path, _)| !needed(path));
    stale
        .map(|(path, _)| {
            Finding::file(
                path,
                "needs no `unsafe`",
                "take it out of FILES of unsafety.rs",
            )
        })
        .collect()
}

#[test]
fn unsafe_stands_only_where_the_design_puts_it() {
    let mut findings: Vec<_> = sources().iter().flat_map(place).collect();
    findings.extend(stale(sources(), FILES));
    none(&findings);
}

#[test]
fn each_unsafe_block_says_why_it_is_sound() {
    none(&sources().iter().flat_map(explained).collect::<Vec<_>>());
}

#[test]
fn crates_without_unsafe_forbid_it() {
    let crates = sources()
        .iter()
        .filter(|source| FORBIDDING.contains(&source.path.as_str()));
    let findings: Vec<_> = crates.filter_map(forbidding).collect();
    none(&findings);
}

#[test]
fn unsafe_in_the_wrong_place_is_found() {
    let text = "let x = unsafe { y() };\n// unsafe\n#![forbid(unsafe_code)]\n";
    exactly(
        &place(&Source::new("engine/src/session/mod.rs", text)),
        &[1],
    );
    exactly(&place(&Source::new("tests/tests/interop.rs", text)), &[1]);
    exactly(&place(&Source::new("engine/src/ring/send.rs", text)), &[]);
}

#[test]
fn a_file_that_no_longer_needs_unsafe_is_found() {
    let sources = [
        Source::new("tests/a.rs", "unsafe { x() }"),
        Source::new("tests/b.rs", "// unsafe"),
    ];
    exactly(&stale(&sources, &[("tests/a.rs", "why")]), &[]);
    exactly(
        &stale(&sources, &[("tests/b.rs", "why"), ("tests/c.rs", "why")]),
        &[0, 0],
    );
}

#[test]
fn unsafe_without_an_explanation_is_found() {
    let path = "engine/src/ring/send.rs";
    let bare = "// A comment.\nlet x = unsafe { y() };\n";
    exactly(&explained(&Source::new(path, bare)), &[2]);
    let empty = "// SAFETY: as above.\nunsafe impl Send for X {}\n";
    exactly(&explained(&Source::new(path, empty)), &[2]);
    let of_another =
        "// SAFETY: `y` is alive until the final completion.\nunsafe { y() };\nunsafe { z() };\n";
    exactly(&explained(&Source::new(path, of_another)), &[3]);
    let split =
        "// SAFETY: `y` is alive until\n// the final completion.\nlet x =\n    unsafe { y() };\n";
    exactly(&explained(&Source::new(path, split)), &[]);
    let attribute = "// SAFETY: the ring owns the slot until its completion.\n#[inline]\nunsafe impl Send for X {}\n";
    exactly(&explained(&Source::new(path, attribute)), &[]);
}

#[test]
fn a_crate_that_no_longer_forbids_unsafe_is_found() {
    assert!(forbidding(&Source::new("engine/wire/src/lib.rs", "//! Wire.\n")).is_some());
    assert!(
        forbidding(&Source::new(
            "engine/wire/src/lib.rs",
            "#![forbid(unsafe_code)]\n"
        ))
        .is_none()
    );
}
