//! What a peer is told that is refused in its handshake: an ERROR, then the end of the stream; and what it is told that
//! could not read one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use ringmq::DriverChoice;

use super::script::{accept, command, dial, greeting_three, opening, ready};
use super::stage::{self, DRIVERS, await_true, bound_pull};

/// All that a bound PULL says to a peer that sends `bytes` and then nothing, up to an orderly end.
fn told(driver: DriverChoice, bytes: &[u8]) -> Vec<u8> {
    let context = stage::context(driver);
    let (pull, endpoint) = bound_pull(&context);
    let mut stream = dial(&endpoint);
    stream.write_all(bytes).unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).unwrap();
    await_true("it is counted", || pull.statistics().protocol_errors == 1);
    assert_eq!(pull.statistics().connections, 0);
    told
}

/// What a refused peer has been told when the stream ends: our greeting, READY and ERROR.
fn refusal(socket_type: &str, reason: &str) -> Vec<u8> {
    let mut data = vec![reason.len() as u8];
    data.extend_from_slice(reason.as_bytes());
    [opening(socket_type), command("ERROR", &data)].concat()
}

#[test]
fn a_refused_peer_reads_an_error_and_then_the_end() {
    for driver in DRIVERS {
        for (bytes, reason) in [
            (opening("SUB"), "incompatible socket type"),
            (opening("BUS"), "unknown socket type"),
            (
                [greeting_three(1, b"NULL"), command("PING", b"\0\0")].concat(),
                "unexpected command",
            ),
            // What comes behind the refused READY is unread input, which must not turn the end into a reset.
            (
                [opening("SUB"), vec![0; 100_000]].concat(),
                "incompatible socket type",
            ),
        ] {
            let told = told(*driver, &bytes);
            assert_eq!(told, refusal("PULL", reason), "{driver:?}");
        }
    }
}

#[test]
fn a_peer_with_another_mechanism_is_told_nothing_but_our_greeting() {
    for driver in DRIVERS {
        let told = told(*driver, &greeting_three(1, b"PLAIN"));
        assert!(opening("PULL").starts_with(&told), "{told:?}");
    }
}

#[test]
fn a_refused_listener_reads_an_error_too_and_is_tried_again() {
    for driver in DRIVERS {
        let context = stage::context(*driver);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut push = stage::push(&context);
        push.connect(&format!("tcp://{}", listener.local_addr().unwrap()))
            .unwrap();
        for _ in 0..2 {
            let mut stream = accept(&listener);
            stream.write_all(&greeting_three(1, b"NULL")).unwrap();
            stream.write_all(&ready("PUB")).unwrap();
            let mut told = Vec::new();
            stream.read_to_end(&mut told).unwrap();
            assert_eq!(told, refusal("PUSH", "incompatible socket type"));
            stream.shutdown(Shutdown::Both).unwrap();
        }
    }
}
