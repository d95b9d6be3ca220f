//! How much of what a peer sends is kept: measured as the resident memory of this process, so this file has a process
//! of its own and its tests run one at a time.

#![cfg(all(target_os = "linux", not(ringmq_portable)))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use std::{fs, thread};

use ringmq::{Context, DriverChoice, SocketType, TryRecvError};

/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the peer sends inside one message.
const FLOOD_BYTES: usize = 64 << 20;
/// What the process may grow by meanwhile: buffers and pools, but nothing that grows with the flood.
const GROWTH_BYTES_MAX: usize = 16 << 20;
/// The context of each PING: as long as a short frame allows.
const CONTEXT_BYTES: usize = 240;

/// A PUSH peer of ZMTP 3.1, its handshake done.
fn push_peer(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut opening = vec![0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 1];
    opening.extend_from_slice(b"NULL");
    opening.resize(64, 0);
    opening.extend_from_slice(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
    stream.write_all(&opening).unwrap();
    stream.read_exact(&mut [0; 64]).unwrap();
    assert!(read_command(&mut stream).starts_with(b"\x05READY"));
    stream
}

/// The body of a short command.
fn read_command(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    assert_eq!(header[0], 4, "a short command");
    let mut body = vec![0; usize::from(header[1])];
    stream.read_exact(&mut body).unwrap();
    body
}

fn command(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut frame = vec![4, (1 + name.len() + data.len()) as u8, name.len() as u8];
    frame.extend_from_slice(name);
    frame.extend_from_slice(data);
    frame
}

/// Bytes of this process that are in memory.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse::<usize>().unwrap() << 10
}

#[test]
fn commands_without_end_inside_a_message_are_not_kept() {
    for driver in [DriverChoice::Ring, DriverChoice::Shim] {
        for name in [b"PING", b"SING"] {
            flood(driver, name);
        }
    }
}

fn flood(driver: DriverChoice, name: &[u8]) {
    let context = Context::builder().driver(driver).build().unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    pull.set_receive_timeout(Some(PATIENCE)).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
    let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let mut good = push_peer(port);
    let mut bad = push_peer(port);
    bad.write_all(b"\x01\x05first").unwrap();

    let before = resident_bytes();
    let batch = command(name, &[0; CONTEXT_BYTES]).repeat(256);
    let mut reading = bad.try_clone().unwrap();
    let answers = thread::spawn(move || while read_command(&mut reading) != b"\x04PONGlast" {});
    for _ in 0..FLOOD_BYTES.div_ceil(batch.len()) {
        bad.write_all(&batch).unwrap();
    }
    bad.write_all(&command(b"PING", b"\0\0last")).unwrap();
    answers.join().unwrap();
    let growth = resident_bytes().saturating_sub(before);
    assert!(growth < GROWTH_BYTES_MAX, "{driver:?}: {growth} bytes more");

    good.write_all(b"\x00\x04good").unwrap();
    assert_eq!(&pull.recv().unwrap()[..], b"good", "{driver:?}");
    assert_eq!(pull.try_recv().unwrap_err(), TryRecvError::Empty);
    bad.write_all(b"\x00\x04last").unwrap();
    let whole = pull.recv_multipart().unwrap();
    let parts: Vec<&[u8]> = whole.iter().map(|part| &part[..]).collect();
    assert_eq!(parts, [b"first".as_slice(), b"last"], "{driver:?}");
    assert_eq!(pull.statistics().protocol_errors, 0);
}
