//! A reason per dependency, the lints that hold the rest of the rules, and who may depend on whom.

use toml::{Table, Value};

use crate::finding::{Finding, exactly, none};
use crate::tree::{TextFile, text_files, text_of};

/// Lints that rules rely on; clippy and rustc hold them as long as they are asked to.
const LINTS_DENIED: &[(&str, &str)] = &[
    ("rust", "unsafe_op_in_unsafe_fn"),
    ("clippy", "undocumented_unsafe_blocks"),
    ("clippy", "multiple_unsafe_ops_per_block"),
    ("clippy", "unwrap_used"),
    ("clippy", "too_many_lines"),
    ("clippy", "todo"),
    ("clippy", "unimplemented"),
    ("clippy", "dbg_macro"),
    ("clippy", "self_named_module_files"),
    ("clippy", "disallowed_methods"),
];

/// Lints that warn; `.ci/run` turns warnings into errors.
const LINTS_WARNED: &[(&str, &str)] = &[
    ("rust", "missing_docs"),
    ("rust", "unreachable_pub"),
    ("rust", "missing_debug_implementations"),
    ("clippy", "use_self"),
    ("clippy", "manual_let_else"),
];

/// Which members each member may depend on; whoever is not listed may depend on all.
const MEMBERS: &[(&str, &[&str])] = &[
    ("ringmq-wire", &[]),
    ("ringmq-driver", &[]),
    ("ringmq-shim-epoll", &["ringmq-driver"]),
    (
        "ringmq",
        &["ringmq-wire", "ringmq-driver", "ringmq-shim-epoll"],
    ),
    ("ringmq-capi", &["ringmq"]),
];

fn manifests() -> impl Iterator<Item = &'static TextFile> {
    text_files()
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml"))
}

fn parsed(path: &str, text: &str) -> Table {
    text.parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each dependency on somebody else's crate says, on the line above it, why it is there.
fn unexplained(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_dependencies = false;
    let mut above = "";
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let mut name = None;
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            let (table, entry) = header.rsplit_once("dependencies").unwrap_or(("none", ""));
            in_dependencies = table != "none" && entry.is_empty();
            name = entry.strip_prefix('.');
        } else if in_dependencies && !line.starts_with('#') {
            name = line.split_once('=').map(|(name, _)| name.trim());
        }
        let name = name.map(|name| name.strip_suffix(".workspace").unwrap_or(name));
        let ours = name.is_some_and(|name| name == "ringmq" || name.starts_with("ringmq-"));
        if let Some(name) = name
            && !ours
            && above
                .strip_prefix('#')
                .is_none_or(|reason| reason.trim().is_empty())
        {
            let mend = "write one line of comment above it: why this crate and not our own code";
            findings.push(Finding::at(
                path,
                index,
                format!("`{name}` without a reason"),
                mend,
            ));
        }
        above = line;
    }
    findings
}

/// A member that does not take the workspace's lints is held to nothing.
fn without_lints(path: &str, text: &str) -> Option<Finding> {
    let manifest = parsed(path, text);
    let takes = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(Value::as_bool);
    // A workspace of its own, such as a fuzz target, cannot take them; it is not shipped.
    let own = manifest.contains_key("workspace");
    let mend = "write `[lints]` with `workspace = true`";
    (!own && takes != Some(true))
        .then(|| Finding::file(path, "does not take the workspace's lints", mend))
}

fn weakened(text: &str) -> Vec<Finding> {
    let manifest = parsed("Cargo.toml", text);
    let level = |(tool, lint): &(&str, &str)| {
        let lint = manifest
            .get("workspace")?
            .get("lints")?
            .get(tool)?
            .get(lint)?;
        lint.as_str()
            .or_else(|| lint.get("level")?.as_str())
            .map(str::to_owned)
    };
    let wanted = |lints: &'static [(&str, &str)], levels: &'static [&str]| {
        lints
            .iter()
            .filter(move |lint| level(lint).is_none_or(|level| !levels.contains(&level.as_str())))
    };
    let denied = wanted(LINTS_DENIED, &["deny", "forbid"]);
    let mend = "put it back into [workspace.lints]; a single place that has a reason says `#[expect(..., reason)]`";
    let denied = denied.map(|(tool, lint)| {
        Finding::file(
            "Cargo.toml",
            format!("`{tool}::{lint}` is not denied"),
            mend,
        )
    });
    let level = |(tool, lint): &(&str, &str)| {
        manifest
            .get("workspace")?
            .get("lints")?
            .get(tool)?
            .get(lint)?
            .as_str()
    };
    let warned = LINTS_WARNED
        .iter()
        .filter(|lint| !matches!(level(lint), Some("warn" | "deny" | "forbid")));
    let warned = warned.map(|(tool, lint)| {
        Finding::file(
            "Cargo.toml",
            format!("`{tool}::{lint}` is not warned"),
            mend,
        )
    });
    denied.chain(warned).collect()
}

fn tools(clippy: &str, rustfmt: &str) -> Vec<Finding> {
    let clippy = parsed("clippy.toml", clippy);
    let rustfmt = parsed("rustfmt.toml", rustfmt);
    let lines = clippy
        .get("too-many-lines-threshold")
        .and_then(Value::as_integer);
    let width = rustfmt.get("max_width").and_then(Value::as_integer);
    let banned = |path: &str| {
        let entries = clippy.get("disallowed-methods").and_then(Value::as_array);
        let named = |entry: &Value| {
            entry.as_str() == Some(path) || entry.get("path").and_then(Value::as_str) == Some(path)
        };
        entries.is_some_and(|entries| entries.iter().any(named))
    };
    let mend = "put it back: the rules rely on it";
    let checks = [
        (
            lines == Some(70),
            "clippy.toml",
            "functions may be longer than 70 lines",
        ),
        (
            width == Some(100),
            "rustfmt.toml",
            "lines are not 100 columns wide",
        ),
        (
            banned("std::time::Instant::now"),
            "clippy.toml",
            "anyone may read the clock",
        ),
    ];
    checks
        .iter()
        .filter(|(holds, ..)| !holds)
        .map(|(_, path, what)| Finding::file(path, *what, mend))
        .collect()
}

fn upward(path: &str, text: &str) -> Vec<Finding> {
    let manifest = parsed(path, text);
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str);
    let Some((_, may)) = MEMBERS.iter().find(|(member, _)| Some(*member) == name) else {
        return Vec::new();
    };
    // Tests may reach further: only what is shipped decides the layers.
    let needs = manifest
        .get("dependencies")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::keys);
    let ours = needs.filter(|need| *need == "ringmq" || need.starts_with("ringmq-"));
    let mend = "the layers point one way; see the table in ARCHITECTURE.md";
    ours.filter(|need| !may.contains(&need.as_str()))
        .map(|need| Finding::file(path, format!("depends on `{need}`"), mend))
        .collect()
}

#[test]
fn each_dependency_says_why_it_is_there() {
    none(
        &manifests()
            .flat_map(|file| unexplained(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn each_member_takes_the_lints_of_the_workspace() {
    none(
        &manifests()
            .filter_map(|file| without_lints(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_lints_that_rules_rely_on_are_still_set() {
    none(&weakened(text_of("Cargo.toml")));
    none(&tools(text_of("clippy.toml"), text_of("rustfmt.toml")));
}

#[test]
fn members_depend_only_downwards() {
    none(
        &manifests()
            .flat_map(|file| upward(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let text = "[package]\nname = \"x\"\n\n[dependencies]\nringmq.workspace = true\n# Why.\nlibc = \"0.2\"\nmio = \"1\"\n\n\
        [target.'cfg(unix)'.dev-dependencies.nix]\nversion = \"1\"\n[features]\na = []\n";
    exactly(&unexplained("x/Cargo.toml", text), &[8, 10]);
}

#[test]
fn a_member_without_lints_is_found() {
    assert!(without_lints("x/Cargo.toml", "[package]\nname = \"x\"\n").is_some());
    assert!(without_lints("x/Cargo.toml", "[lints]\nworkspace = true\n").is_none());
}

#[test]
fn a_lint_that_was_taken_away_is_found() {
    let without = text_of("Cargo.toml").replace("too_many_lines", "something_else");
    exactly(&weakened(&without), &[0]);
    exactly(
        &tools("too-many-lines-threshold = 100", "max_width = 120"),
        &[0, 0, 0],
    );
}

#[test]
fn a_dependency_that_points_upwards_is_found() {
    let text = "[package]\nname = \"ringmq-shim-epoll\"\n[dependencies]\nringmq-driver = \"1\"\nringmq-wire = \"1\"\n";
    exactly(&upward("shim-epoll/Cargo.toml", text), &[0]);
}
