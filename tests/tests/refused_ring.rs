//! Where io_uring is refused, RingMQ runs on the shim and says so once, unless the ring was demanded.
#![cfg(all(target_os = "linux", not(ringmq_portable)))]

mod support_peer;

use std::process::Command;

use support_peer::{PROGRAM, Peer};

/// How a peer went: its lines, those of RingMQ on standard error, and whether it succeeded.
#[derive(Debug)]
struct Outcome {
    lines: Vec<String>,
    told: Vec<String>,
    succeeded: bool,
}

fn run(call: &str, errno: i32, driver: &str, variable: Option<&str>) -> Outcome {
    let mut command = Command::new(PROGRAM);
    command.args([
        "refused",
        &format!("call={call}"),
        &format!("errno={errno}"),
        &format!("driver={driver}"),
    ]);
    command.env_remove("RINGMQ_DRIVER");
    if let Some(value) = variable {
        command.env("RINGMQ_DRIVER", value);
    }
    let (lines, told, status) = Peer::spawn("a peer without io_uring", command).finish();
    Outcome {
        lines,
        told,
        succeeded: status.success(),
    }
}

/// Three contexts ran on the shim, and RingMQ said so in one line that names the step and the error.
fn falls_back(outcome: &Outcome, step: &str, errno: i32) {
    assert!(outcome.succeeded, "{outcome:#?}");
    assert_eq!(
        outcome.lines,
        ["driver shim", "driver shim", "driver shim", "moved 3"]
    );
    let [told] = outcome.told.as_slice() else {
        panic!("one line is to be said on standard error: {outcome:#?}");
    };
    assert!(told.contains("shim") && told.contains(step), "{told}");
    assert!(told.contains(&format!("os error {errno}")), "{told}");
}

/// No context was made, and the error names the step and the system's error.
fn is_refused(outcome: &Outcome, step: &str, errno: i32) {
    assert!(!outcome.succeeded, "{outcome:#?}");
    let [failed] = outcome.lines.as_slice() else {
        panic!("one line says why: {outcome:#?}");
    };
    assert!(
        failed.starts_with("failed ") && failed.contains(step),
        "{failed}"
    );
    assert!(failed.contains(&format!("os error {errno}")), "{failed}");
    assert!(
        outcome.told.is_empty(),
        "what an error says is not printed as well: {outcome:#?}"
    );
}

fn forbidden(call: &str, errno: i32, step: &str) {
    falls_back(&run(call, errno, "auto", None), step, errno);
    is_refused(&run(call, errno, "ring", None), step, errno);
}

#[test]
fn set_up_refused_by_a_filter_falls_back_to_the_shim_unless_the_ring_is_demanded() {
    forbidden("io_uring_setup", libc::EPERM, "io_uring_setup");
}

#[test]
fn a_kernel_without_io_uring_falls_back_to_the_shim_unless_the_ring_is_demanded() {
    forbidden("io_uring_setup", libc::ENOSYS, "io_uring_setup");
}

#[test]
fn a_ring_that_may_be_made_but_not_entered_falls_back_to_the_shim_unless_it_is_demanded() {
    forbidden("io_uring_enter", libc::EPERM, "self-test");
}

#[test]
fn the_environment_variable_chooses_where_the_program_does_not() {
    for name in ["ring", "shim"] {
        let outcome = run("none", 0, "auto", Some(name));
        let driver = format!("driver {name}");
        assert_eq!(
            outcome.lines,
            [&driver, &driver, &driver, "moved 3"],
            "{outcome:#?}"
        );
        assert!(outcome.told.is_empty(), "{outcome:#?}");
    }
    for name in ["auto", ""] {
        let outcome = run("none", 0, "auto", Some(name));
        assert_eq!(
            outcome.lines.first().map(String::as_str),
            Some("driver ring"),
            "{outcome:#?}"
        );
    }
}

#[test]
fn the_environment_variable_gives_way_to_the_program() {
    let outcome = run("none", 0, "shim", Some("ring"));
    assert_eq!(
        outcome.lines.first().map(String::as_str),
        Some("driver shim"),
        "{outcome:#?}"
    );
}

#[test]
fn an_environment_variable_that_names_no_driver_is_refused() {
    let outcome = run("none", 0, "auto", Some("nonsense"));
    assert!(!outcome.succeeded, "{outcome:#?}");
    let said = outcome.lines.first().map_or("", String::as_str);
    assert!(
        said.contains("RINGMQ_DRIVER") && said.contains("shim"),
        "{said}"
    );
}

#[test]
fn a_ring_demanded_by_the_environment_is_an_error_where_it_is_refused() {
    is_refused(
        &run("io_uring_setup", libc::EPERM, "auto", Some("ring")),
        "io_uring_setup",
        libc::EPERM,
    );
}
