//! Words that names avoid: they could stand on any type, so they say nothing about this one.

use crate::finding::{Finding, exactly, none};
use crate::paths::words;
use crate::tree::{Source, sources};

/// Refused as the first or the last word of a type's name.
const WORDS: &[&str] = &[
    "Manager",
    "Managers",
    "Handler",
    "Handlers",
    "Coordinator",
    "Processor",
    "Helper",
    "Helpers",
    "Util",
    "Utils",
    "Impl",
];

/// Refused as the name of a module, a file or a folder: such a place collects whatever has no home.
const MODULES: &[&str] = &[
    "core", "common", "misc", "util", "utils", "helper", "helpers",
];

/// Keywords that a type's name follows.
const TYPE_KEYWORDS: &[&str] = &["struct", "enum", "trait", "union", "type"];

fn type_names(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.code.iter().enumerate() {
        let words = words(line);
        for pair in words.windows(2) {
            if TYPE_KEYWORDS.contains(&pair[0]) && says_nothing(pair[1]) {
                let what = format!("`{}` is a name for anything", pair[1]);
                findings.push(Finding::at(
                    &source.path,
                    index,
                    what,
                    "name what it is in ZeroMQ's or io_uring's words",
                ));
            }
        }
    }
    findings
}

fn module_names(source: &Source) -> Vec<Finding> {
    let mend = "name the module after what it owns; one concept, one file";
    let declared = source.code.iter().enumerate().filter_map(|(index, line)| {
        let words = words(line);
        let named = words
            .windows(2)
            .find(|pair| pair[0] == "mod" && MODULES.contains(&pair[1]))?;
        Some(Finding::at(
            &source.path,
            index,
            format!("a module called `{}`", named[1]),
            mend,
        ))
    });
    let mut segments = source
        .path
        .split('/')
        .map(|segment| segment.strip_suffix(".rs").unwrap_or(segment));
    let filed = segments.find(|segment| MODULES.contains(segment));
    let filed =
        filed.map(|name| Finding::file(&source.path, format!("a place called `{name}`"), mend));
    declared.chain(filed).collect()
}

/// A test is named after the behaviour it shows: in words, and not after the issue that brought it.
fn test_names(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_test = false;
    for (index, line) in source.code.iter().enumerate() {
        let words = words(line);
        is_test |= line.trim() == "#[test]";
        let Some(pair) = words.windows(2).find(|pair| pair[0] == "fn") else {
            continue;
        };
        // In a macro the name is the caller's.
        let is_given = line.contains("fn $");
        if std::mem::take(&mut is_test) && !is_given && !is_behaviour(pair[1]) {
            let mend =
                "say in words what holds when it passes: `greeting_with_bad_signature_is_rejected`";
            findings.push(Finding::at(
                &source.path,
                index,
                format!("a test called `{}`", pair[1]),
                mend,
            ));
        }
    }
    findings
}

fn is_behaviour(name: &str) -> bool {
    let words: Vec<_> = name.split('_').collect();
    let of_an_issue = words
        .iter()
        .any(|word| matches!(*word, "issue" | "bug" | "regression"));
    words.len() >= 3 && words[0] != "test" && !of_an_issue
}

/// Whether a type's name begins or ends with one of the refused words.
fn says_nothing(name: &str) -> bool {
    let ends = WORDS.iter().any(|word| name.ends_with(word));
    let begins = WORDS.iter().any(|word| {
        let rest = name.strip_prefix(word);
        rest.is_some_and(|rest| rest.chars().next().is_none_or(char::is_uppercase))
    });
    ends || begins
}

#[test]
fn types_are_named_in_the_words_of_the_field() {
    none(&sources().iter().flat_map(type_names).collect::<Vec<_>>());
}

#[test]
fn no_module_is_a_place_for_anything() {
    none(&sources().iter().flat_map(module_names).collect::<Vec<_>>());
}

#[test]
fn tests_are_named_after_what_they_show() {
    none(&sources().iter().flat_map(test_names).collect::<Vec<_>>());
}

#[test]
fn a_test_with_a_name_that_shows_nothing_is_found() {
    let text = "#[test]\nfn issue_17_is_fixed() {}\n#[test]\nfn works() {}\nfn f() {}\n#[test]\nfn a_pipe_is_empty() {}\n";
    exactly(&test_names(&Source::new("engine/src/x.rs", text)), &[2, 4]);
}

#[test]
fn a_type_with_an_empty_name_is_found() {
    let text = "struct PipeManager;\npub enum HandlerKind {}\nstruct Implicit;\n// struct Util\ntype Utils = ();\n";
    exactly(
        &type_names(&Source::new("engine/src/x.rs", text)),
        &[1, 2, 5],
    );
}

#[test]
fn a_module_with_an_empty_name_is_found() {
    exactly(
        &module_names(&Source::new(
            "engine/src/x.rs",
            "mod pipe;\npub(crate) mod util;\n",
        )),
        &[2],
    );
    exactly(
        &module_names(&Source::new("engine/src/common/x.rs", "")),
        &[0],
    );
    exactly(&module_names(&Source::new("engine/src/misc.rs", "")), &[0]);
}
