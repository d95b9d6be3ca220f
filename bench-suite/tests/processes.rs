//! The program's processes from outside: peers spoken to by hand, line by line, and the commands a user types.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ringmq-bench");

/// A peer's process. It ends when its input does, that is, when this is dropped.
struct Peer {
    child: Child,
    orders: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Peer {
    fn start(subcommand: &str) -> Self {
        let mut command = Command::new(PROGRAM);
        command
            .arg(subcommand)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let orders = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            orders,
            replies,
        }
    }

    fn tell(&mut self, order: &Value) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
    }

    fn reply(&mut self) -> Value {
        let mut line = String::new();
        self.replies.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.orders = None;
        self.child.wait().unwrap();
    }
}

fn open(backend: &Value, exercise: &str, endpoint: &str) -> Value {
    let core = core_affinity::get_core_ids().unwrap()[0].id;
    json!({ "open": {
        "backend": backend, "exercise": exercise, "endpoint": endpoint, "size_bytes": 24,
        "high_water_mark": 100, "core": core,
    }})
}

/// What each backend says of itself.
fn backends() -> [(Value, &'static str); 5] {
    [
        (json!("raw"), "sockets"),
        (json!("raw_spinning"), "sockets, spinning"),
        (json!("libzmq"), "libzmq 4."),
        (json!("ring"), "ring"),
        (json!("shim"), "shim"),
    ]
}

/// Endpoints on which `name` may bind.
fn endpoints(name: &str) -> [String; 2] {
    let path = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
    [
        "tcp://127.0.0.1:*".into(),
        format!("ipc://{}", path.display()),
    ]
}

fn flow_through(backend: &Value, ran: &str, endpoint: &str) {
    let (mut receiver, mut sender) = (Peer::start("peer-recv"), Peer::start("peer-send"));
    receiver.tell(&open(backend, "throughput", endpoint));
    sender.tell(&open(backend, "throughput", endpoint));
    let opened = receiver.reply();
    assert!(
        opened["opened"]["ran"].as_str().unwrap().starts_with(ran),
        "{opened}"
    );
    assert!(sender.reply()["opened"]["endpoint"].is_null());
    sender.tell(&json!({ "connect": opened["opened"]["endpoint"] }));
    assert_eq!(sender.reply(), "connected");

    let flow = json!({ "flow": { "warm_up": 50, "count": 5_000 } });
    receiver.tell(&flow);
    sender.tell(&flow);
    let received = receiver.reply();
    assert!(
        received["received"]["elapsed_ns"].as_u64().unwrap() > 0,
        "{received}"
    );
    sender.tell(&json!("report"));
    let used = sender.reply();
    assert!(used["used"]["system_us"].is_i64(), "{used}");
}

#[test]
fn a_flow_arrives_whole_through_every_backend_and_transport() {
    for (backend, ran) in backends() {
        for endpoint in endpoints(backend.as_str().unwrap()) {
            flow_through(&backend, ran, &endpoint);
            if let Some(path) = endpoint.strip_prefix("ipc://") {
                // Most libraries have removed it themselves.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

#[test]
fn round_trips_come_back_through_every_backend() {
    for (backend, ran) in backends() {
        let mut peers = [Peer::start("peer-recv"), Peer::start("peer-send")];
        let opened = peers.each_mut().map(|peer| {
            peer.tell(&open(&backend, "latency", "tcp://127.0.0.1:*"));
            peer.reply()["opened"].take()
        });
        assert!(
            opened[0]["ran"].as_str().unwrap().starts_with(ran),
            "{opened:?}"
        );
        let [receiver, sender] = &mut peers;
        sender.tell(&json!({ "connect": opened[0]["endpoint"] }));
        receiver.tell(&json!({ "connect": opened[1]["endpoint"] }));
        let round_trips = json!({ "round_trips": {
            "warm_up": 10, "count_max": 40, "time_max": { "secs": 3_600, "nanos": 0 },
        }});
        for peer in [&mut *receiver, &mut *sender] {
            assert_eq!(peer.reply(), "connected");
            peer.tell(&round_trips);
        }
        let pinged = sender.reply();
        assert_eq!(pinged["pinged"]["one_way"]["count"], 40, "{pinged}");
        receiver.tell(&json!("report"));
        assert!(receiver.reply()["used"].is_object());
    }
}

#[test]
fn a_sender_that_skips_a_number_is_found_by_the_receiver() {
    let mut receiver = Peer::start("peer-recv");
    receiver.tell(&open(&json!("raw"), "throughput", "tcp://127.0.0.1:*"));
    let opened = receiver.reply();
    let endpoint = opened["opened"]["endpoint"].as_str().unwrap();
    receiver.tell(&json!({ "flow": { "warm_up": 1, "count": 2 } }));

    let address = endpoint.strip_prefix("tcp://").unwrap();
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    for number in [0u64, 1, 3] {
        let mut message = [0; 24];
        message[..8].copy_from_slice(&number.to_le_bytes());
        connection.write_all(&message).unwrap();
    }
    let reason = receiver.reply();
    assert_eq!(
        reason["failed"]["reason"],
        "message 2 was due, message 3 came"
    );
}

#[test]
fn a_peer_that_is_told_nonsense_says_so_and_ends() {
    let mut peer = Peer::start("peer-send");
    peer.tell(&json!("report"));
    assert!(peer.reply()["failed"]["reason"].is_string());
    assert!(!peer.child.wait().unwrap().success());
}

#[test]
fn a_peer_whose_parent_is_gone_ends_although_it_waits_for_a_message() {
    let mut receiver = Peer::start("peer-recv");
    receiver.tell(&open(&json!("raw"), "throughput", "tcp://127.0.0.1:*"));
    assert!(receiver.reply()["opened"].is_object());
    receiver.tell(&json!({ "flow": { "warm_up": 1, "count": 2 } }));
    receiver.orders = None;
    assert!(!receiver.child.wait().unwrap().success());
}

#[test]
fn the_list_of_cores_names_the_first_one_allowed() {
    let output = Command::new(PROGRAM).arg("cores").output().unwrap();
    let first = core_affinity::get_core_ids().unwrap()[0].id;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("core {first} ")), "{text}");
}

#[test]
fn a_core_that_is_not_there_is_refused() {
    let output = Command::new(PROGRAM)
        .args(["quick", "--cores", "0,987654"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}

#[cfg(debug_assertions)]
#[test]
fn a_debug_build_refuses_to_measure() {
    for command in ["quick", "throughput", "latency"] {
        let output = Command::new(PROGRAM).arg(command).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("--release"), "{text}");
    }
}

#[cfg(not(debug_assertions))]
#[test]
fn a_comparison_has_a_row_for_each_peer_with_what_ran_and_its_ratios() {
    let output = Command::new(PROGRAM)
        .args([
            "throughput",
            "--json",
            "--size",
            "64",
            "--count",
            "5000",
            "--repeat",
            "3",
        ])
        .args(["--peer", "raw,libzmq,ring,shim", "--transport", "ipc"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["schema"], &report["transport"]),
        (&json!(1), &json!("ipc"))
    );
    let rows = report["throughput"].as_array().unwrap();
    let ran = |name: &str| rows.iter().find(|row| row["peer"]["name"] == name).unwrap();
    for name in ["raw", "libzmq", "ring", "shim"] {
        let row = ran(name);
        assert_eq!(row["runs"].as_array().unwrap().len(), 3);
        assert!(row["messages_per_second"]["median"].as_f64().unwrap() > 0.0);
        assert!(row["ratio_to_libzmq"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(ran("ring")["peer"]["ran"], "ring");
    assert_eq!(ran("shim")["peer"]["ran"], "shim");
    assert_eq!(ran("raw")["ratio_to_raw"], 1.0);
}
