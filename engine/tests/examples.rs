//! Runs every example as a program of its own, on each driver, and looks at what it prints.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::{LazyLock, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};

/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

const DRIVERS: &[&str] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &["ring", "shim"]
} else {
    &["shim"]
};

/// Where cargo puts the examples: beside the folder that this test is in.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples")
});

/// The program of an example. A `cargo test` of the whole package has built it; one of this test alone has not.
fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let program = FOLDER.join(format!("{name}{EXE_SUFFIX}"));
    let built = fs::metadata(&program).and_then(|found| found.modified());
    if built.is_err() || built.is_ok_and(|built| built < *LAST_CHANGE) {
        BUILT.get_or_init(build);
    }
    program
}

/// When a source was last changed that an example may be made of.
static LAST_CHANGE: LazyLock<SystemTime> = LazyLock::new(|| {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = [
        "src",
        "examples",
        "wire/src",
        "driver/src",
        "../shim-epoll/src",
    ]
    .map(|folder| package.join(folder))
    .to_vec();
    let mut last = SystemTime::UNIX_EPOCH;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                last = last.max(entry.metadata().unwrap().modified().unwrap());
            }
        }
    }
    last
});

fn build() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "ringmq", "--examples"]);
    cargo.arg("--target-dir");
    cargo.arg(FOLDER.parent().and_then(Path::parent).unwrap());
    if FOLDER.parent().unwrap().ends_with("release") {
        cargo.arg("--release");
    }
    assert!(
        cargo.status().unwrap().success(),
        "the examples can be built"
    );
}

/// Runs an example to its end and returns the lines that it printed.
fn lines(name: &str, driver: &str) -> Vec<String> {
    let mut running = Command::new(program(name))
        .env("RINGMQ_DRIVER", driver)
        // An example whose input ends ends, too, and with it what it started.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = running.stdout.take().unwrap();
    let (told, heard) = mpsc::channel();
    let reading = thread::spawn(move || {
        let mut text = String::new();
        let read = output.read_to_string(&mut text);
        // Nobody listens any more if this took too long.
        let _ = told.send(read.map(|_| text));
    });
    let Ok(text) = heard.recv_timeout(PATIENCE) else {
        running.kill().unwrap();
        running.wait().unwrap();
        panic!("{name} on {driver} does not end");
    };
    reading.join().unwrap();
    let text = text.unwrap();
    let ended = running.wait().unwrap();
    assert!(ended.success(), "{name} on {driver}: {ended}\n{text}");
    text.lines().map(str::to_owned).collect()
}

/// The example prints these lines and no others, in any order, since threads print as they come.
fn prints(name: &str, expected: &[&str]) {
    for driver in DRIVERS {
        let mut lines = lines(name, driver);
        let mut expected = expected.to_vec();
        lines.sort_unstable();
        expected.sort_unstable();
        assert_eq!(lines, expected, "{name} on {driver}");
    }
}

/// These lines are among those that the example prints, in this order.
fn tells(name: &str, expected: &[&str]) {
    for driver in DRIVERS {
        let lines = lines(name, driver);
        let mut rest = lines.iter();
        for wanted in expected {
            let found = rest.any(|line| line == wanted);
            assert!(found, "{name} on {driver}: \"{wanted}\" in {lines:#?}");
        }
    }
}

#[test]
fn every_example_has_a_test_here() {
    let this = include_str!("examples.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // A folder holds what examples share.
        if let Some(name) = name.strip_suffix(".rs") {
            assert!(this.contains(&format!("\"{name}\"")), "{name} is not run");
        }
    }
}

#[test]
fn a_pair_talks_both_ways_at_any_time() {
    prints(
        "pair",
        &[
            "the worker tells: step 1",
            "the worker tells: step 2",
            "the worker tells: step 3",
            "the worker tells: heard \"faster\"",
            "the worker stopped",
        ],
    );
}

#[test]
fn subscribers_hear_what_they_asked_for() {
    prints(
        "pub_sub",
        &[
            "2 subscribers are there",
            "Oslo hears Oslo: snow",
            "Oslo hears Oslo: more snow",
            "Lisbon hears Lisbon: sun",
        ],
    );
}

#[test]
fn each_question_gets_its_answer() {
    prints(
        "req_rep",
        &[
            "not sent: \"too early\"",
            "FIRST: RING",
            "FIRST: QUEUE",
            "SECOND: RING",
            "SECOND: QUEUE",
            "the server ended",
        ],
    );
}

#[test]
fn a_router_answers_in_any_order() {
    let answers = "{(1, \"1\"), (2, \"4\"), (3, \"9\"), (4, \"16\"), (5, \"25\")}";
    for driver in DRIVERS {
        let mut lines = lines("dealer_router", driver);
        lines.sort_unstable();
        let expected = ["ada", "grace", "lynn"]
            .map(|name| format!("{name} was answered in the order [5, 4, 3, 2, 1]: {answers}"));
        assert_eq!(lines, expected, "{driver}");
    }
}

#[test]
fn workers_share_the_tasks() {
    prints(
        "push_pull",
        &[
            "the squares of 1 to 1000 add up to 333833500",
            "3 workers did 1000 tasks",
        ],
    );
}

#[test]
fn a_proxy_passes_messages_down_and_subscriptions_up() {
    prints(
        "xpub_xsub",
        &[
            "news: number 1",
            "news: number 2",
            "news: number 3",
            "prices: number 1",
            "prices: number 2",
            "prices: number 3",
            "the proxy ended",
        ],
    );
}

#[test]
fn a_loop_with_other_work_never_waits() {
    for driver in DRIVERS {
        let lines = lines("non_blocking", driver);
        assert_eq!(lines[0], "came back: \"nobody is there\"");
        assert_eq!(lines[1], "came back after 10 ms");
        assert_eq!(lines[2], "nothing came for 10 ms");
        // How often it was full is up to the machine.
        assert!(lines[3].starts_with("10000 messages in order; the sender was full"));
        assert_eq!(lines.len(), 4);
    }
}

#[test]
fn batches_keep_the_order() {
    prints(
        "batches",
        &[
            "200000 messages came in order",
            "fewer calls than messages: true",
        ],
    );
}

#[test]
fn a_foreign_loop_is_told_of_messages() {
    prints(
        "foreign_loop",
        &["1000 messages, and bytes that say \"all sent\""],
    );
}

#[test]
fn engines_share_the_peers() {
    prints(
        "engines",
        &[
            "heard [\"peer 0\", \"peer 1\", \"peer 2\", \"peer 3\"]",
            "8 peers on 2 engines",
            "both engines work: true",
            "there is no third engine",
        ],
    );
}

#[test]
fn one_thread_serves_sockets_and_a_descriptor() {
    prints(
        "poller",
        &[
            "desk: somebody asks \"is it fresh?\"",
            "visitor: the answer is \"of course\"",
            "desk: tea and cake were ordered, and the bell rang",
        ],
    );
}

#[test]
fn futures_need_no_runtime() {
    prints("async_block_on", &["hello, world"]);
}

#[test]
fn tasks_of_a_runtime_share_a_server() {
    prints("async_tokio", &["400 requests of 4 clients were served"]);
}

#[test]
fn a_lazy_pirate_survives_a_server_that_is_killed_in_a_request() {
    tells(
        "lazy_pirate",
        &[
            "server: ready",
            "server: stuck with request 4",
            "-- the server is killed",
            "-- another server is started",
            "server: ready",
            "client: 6 of 6 requests were answered",
            "-- the server is killed for good",
            "client: gave request 1 up",
            "client: 0 of 1 requests were answered",
        ],
    );
}

#[test]
fn a_binary_star_serves_whichever_of_its_servers_is_killed() {
    tells(
        "binary_star",
        &[
            "Primary: Active",
            "Backup: Passive",
            "client: answered by Primary",
            "-- the primary is killed",
            "client: answered by Backup",
            "-- the primary returns",
            "Primary: Passive",
            "client: answered by Backup",
            "-- the backup is killed",
            "client: answered by Primary",
        ],
    );
}

#[test]
fn majordomo_survives_a_worker_and_a_broker_that_are_killed() {
    tells(
        "majordomo",
        &[
            "broker: ready",
            "red: stuck",
            "-- a worker is killed",
            "broker: a worker died; it had a request in hand: true",
            "client: 10 requests were answered",
            "-- the broker is killed",
            "client: no answer to request 1",
            "-- another broker is started",
            "broker: ready",
            "blue: reports again",
            "client: 5 requests were answered",
        ],
    );
}

#[test]
fn a_clone_survives_clients_and_servers_that_are_killed_and_updates_that_are_dropped() {
    tells(
        "clone",
        &[
            "alice: joins",
            "-- a client joins late",
            "bob: joins",
            "-- a client is killed and returns",
            "-- they hold the same: true",
            "-- a flood, until the server has dropped updates",
            "bob: missed updates",
            "-- they hold the same: true",
            "-- the server is killed, and starts anew",
            "alice: meets another server",
            "bob: meets another server",
            "-- they hold the same: true",
        ],
    );
}

#[test]
fn titanic_survives_a_store_and_a_worker_that_are_killed() {
    tells(
        "titanic",
        &[
            "store: ready, 0 unanswered on the disk",
            "client: order-1 is stored",
            "client: order-2 is stored",
            "client: order-3 is stored",
            "client: fetches order-1: pending",
            "-- the client ends, and the store is killed",
            "store: ready, 3 unanswered on the disk",
            "red: stuck with order-2",
            "-- a worker is killed with a request in hand",
            "client: order-1: TEA FOR ORDER-1",
            "client: order-2: TEA FOR ORDER-2",
            "client: order-3: TEA FOR ORDER-3",
            "-- the store is killed again",
            "store: ready, 0 unanswered on the disk",
            "client: order-2: TEA FOR ORDER-2",
            "client: fetches order-2: unknown",
            "client: 0 files are left",
        ],
    );
}

#[test]
fn a_monitor_tells_what_becomes_of_connections() {
    prints(
        "monitor",
        &[
            "client: is connected to the server: true",
            "client: has lost the server: true",
            "client: ConnectDelayed",
            "client: Connected",
            "client: HandshakeSucceeded",
            "client: Disconnected",
            "client: will try again",
            "client: MonitorStopped",
            "server: Listening",
            "server: Accepted",
            "server: HandshakeSucceeded",
            "server: Disconnected",
            "server: Closed",
            "server: MonitorStopped",
        ],
    );
}

#[test]
fn stages_of_one_process_pass_bodies_on_without_a_copy() {
    prints(
        "inproc",
        &[
            "1000 tasks of a megabyte were washed and dried",
            "0 of them were copied on their way",
        ],
    );
}

#[test]
fn a_context_closes_in_time_and_names_what_is_left() {
    prints(
        "closing",
        &[
            "done: the only task",
            "still open: a Push with 1 message to send",
            "the worker was freed after 1 task",
            "closed",
        ],
    );
}
