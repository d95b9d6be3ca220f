//! Peers that mean harm, against a bound PULL and a bound PUSH: garbage, half greetings, huge lengths, broken
//! handshakes, resets, floods.
//!
//! Every script ends the same way: its connection ends, a good peer is served on the same socket, nothing that was
//! not a message came through, and no connection of the socket is left over.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use ringmq::{Context, DriverChoice, Socket, Statistics, TryRecvError};
use socket2::SockRef;

use super::script::{Pace, Script, Version, command, dial, frame_one, frame_two};
use super::script::{greeting_three, opening, property, ready};
use super::stage::{self, await_true, bound_pull, bound_push};

/// How a script ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It does not: the library must, and must count a protocol error.
    Refused,
    /// FIN, and then the library's end is awaited.
    Fin,
    /// RST.
    Reset,
}

#[derive(Debug)]
struct Attack {
    name: String,
    bytes: Vec<u8>,
    ending: Ending,
}

fn attack(name: impl Into<String>, bytes: Vec<u8>, ending: Ending) -> Attack {
    Attack {
        name: name.into(),
        bytes,
        ending,
    }
}

/// Lengths at which sums, signs and casts go wrong.
fn huge_lengths() -> Vec<u64> {
    let mut lengths = vec![u64::MAX - 37, (1 << 63) - 1, 1 << 63, (1 << 63) + 1];
    lengths.extend((0..64).map(|less| u64::MAX - less));
    lengths.extend([(1 << 32) - 1, 1 << 32, (1 << 32) + 1]);
    lengths.extend([(1 << 31) - 1, 1 << 31, (1 << 31) + 1]);
    lengths
}

/// Connections of people who are no ZeroMQ peers, or vanish.
fn strangers() -> Vec<Attack> {
    let mut attacks = Vec::new();
    let greeting = opening("PUSH");
    for ending in [Ending::Fin, Ending::Reset] {
        for bytes in 0..greeting.len() {
            let name = format!("{bytes} bytes of a handshake");
            attacks.push(attack(name, greeting[..bytes].to_vec(), ending));
        }
    }
    let texts: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: scanner\r\nAccept: */*\r\n\r\n",
        b"OPTIONS / HTTP/1.0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\r\n\r\nhelp\r\n",
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03 a hello of TLS 1.2",
        b"\x00",
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ];
    for text in texts {
        let name = format!("'{}'", text.escape_ascii());
        attacks.push(attack(name, text.to_vec(), Ending::Fin));
    }
    for seed in 1..=16 {
        // What begins otherwise can be a peer of ZMTP 1.0, whose messages would have to be delivered.
        let mut bytes = opening("REQ")[..10].to_vec();
        bytes.extend(noise(seed, 4 << 10));
        let name = format!("a signature, and noise from seed {seed}");
        attacks.push(attack(name, bytes, Ending::Fin));
    }
    attacks
}

/// Numbers without a pattern (xorshift), the same in each run.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// Frames whose length is a lie, in each framing (libzmq issue 1488, CVE-2019-6250).
fn liars(their_type: &str) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for length in huge_lengths() {
        let long = length.to_be_bytes();
        let mut one = vec![0xFF];
        one.extend_from_slice(&long);
        one.push(0);
        one.resize(5_000, b'x');
        let name = format!("1.0 identity of {length:#x} bytes");
        attacks.push(attack(name, one.clone(), Ending::Refused));
        let mut message = vec![1, 0];
        message.extend(one);
        let name = format!("1.0 message of {length:#x} bytes");
        attacks.push(attack(name, message, Ending::Refused));
        for flags in [2, 6] {
            let mut three = opening(their_type);
            three.push(flags);
            three.extend_from_slice(&long);
            three.resize(5_000, b'x');
            let name = format!("frame with flags {flags} of {length:#x} bytes");
            attacks.push(attack(name, three, Ending::Refused));
        }
    }
    attacks
}

/// Handshakes that a NULL peer must refuse.
fn bad_handshakes(their_type: &str) -> Vec<Attack> {
    let refused = |name: &str, greeting: Vec<u8>, rest: Vec<u8>| {
        attack(name, [greeting, rest].concat(), Ending::Refused)
    };
    let null = || greeting_three(1, b"NULL");
    let mut attacks = vec![
        refused("PLAIN", greeting_three(1, b"PLAIN"), Vec::new()),
        refused("CURVE", greeting_three(1, b"CURVE"), Vec::new()),
        refused("lower case", greeting_three(1, b"null"), Vec::new()),
        refused("no mechanism", greeting_three(1, b""), Vec::new()),
        refused("NULL and more", greeting_three(1, b"NULL\0x"), Vec::new()),
        refused("a SUB peer", null(), ready("SUB")),
        refused(
            "a peer of our own type",
            null(),
            ready(mirrored(their_type)),
        ),
        refused("an unknown type", null(), ready("BUS")),
        refused("no type", null(), command("READY", b"")),
        refused("a message for READY", null(), frame_two(0, b"\x05READY")),
        refused("READY with MORE", null(), {
            let mut bytes = ready(their_type);
            bytes[0] |= 1;
            bytes
        }),
        refused("an empty command", null(), frame_two(4, b"")),
        refused(
            "a name beyond its frame",
            null(),
            frame_two(4, b"\xFFREADY"),
        ),
        refused("PING for READY", null(), command("PING", b"\0\0")),
        refused("ERROR", null(), command("ERROR", b"\x03no!")),
        refused("HELLO", null(), command("HELLO", b"\x01a\x01b")),
        refused("100 000 bytes of READY", null(), {
            command("READY", &property("Socket-Type", &[b'x'; 100_000]))
        }),
    ];
    let metadata = property("Socket-Type", their_type.as_bytes());
    for bytes in 1..metadata.len() {
        let name = format!("READY whose metadata ends after {bytes} bytes");
        attacks.push(refused(&name, null(), command("READY", &metadata[..bytes])));
    }
    let mut long_value = metadata.clone();
    long_value[12] = 0x80;
    attacks.push(refused(
        "a value of 2 GiB",
        null(),
        command("READY", &long_value),
    ));
    attacks
}

fn mirrored(socket_type: &str) -> &str {
    if socket_type == "PUSH" {
        "PULL"
    } else {
        "PUSH"
    }
}

/// Peers that leave in the middle of a message (CVE-2021-20234).
fn deserters(their_type: &str) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for turn in 0..50 {
        let parts = (0..3).flat_map(|_| frame_two(1, &[b'x'; 100]));
        let bytes = opening(their_type).into_iter().chain(parts).collect();
        let ending = if turn % 2 == 0 {
            Ending::Fin
        } else {
            Ending::Reset
        };
        attacks.push(attack("parts without an end", bytes, ending));
        let mut bytes = opening(their_type);
        bytes.extend(&frame_two(0, &[b'x'; 70_000])[..30_000 + turn]);
        attacks.push(attack("half a message", bytes, ending));
    }
    let one = [frame_one(0, b""), frame_one(1, b"part")].concat();
    attacks.push(attack("1.0 and half a message", one, Ending::Fin));
    attacks
}

fn perform(endpoint: &str, attack: &Attack) {
    let mut stream = dial(endpoint);
    // The library may have closed before the last byte was written.
    let written = stream.write_all(&attack.bytes);
    match attack.ending {
        Ending::Refused => {}
        Ending::Fin => {
            written.unwrap_or_default();
            let _ = stream.shutdown(Shutdown::Write);
        }
        Ending::Reset => {
            SockRef::from(&stream)
                .set_linger(Some(std::time::Duration::ZERO))
                .unwrap();
            return;
        }
    }
    read_to_the_end(&mut stream, &attack.name);
}

/// Reads until the other side closes or resets.
fn read_to_the_end(stream: &mut TcpStream, name: &str) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{name}: {error}"),
    }
}

/// How many connections the system holds for the owner of a TCP port: those in which both sides live, and those
/// which the other side has ended and the owner has not.
fn open_connections(endpoint: &str) -> usize {
    const ESTABLISHED: &str = "01";
    const CLOSE_WAIT: &str = "08";
    let port: u16 = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let ours = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(str::split_whitespace);
    rows.filter(|row| {
        let mut row = row.clone().skip(1);
        let local = row.next().unwrap();
        let state = row.nth(1).unwrap();
        local.ends_with(&ours) && (state == ESTABLISHED || state == CLOSE_WAIT)
    })
    .count()
}

/// A bound socket under attack.
struct Victim {
    socket: Socket,
    endpoint: String,
    their_type: &'static str,
}

impl Victim {
    fn pull(context: &Context) -> Self {
        let (socket, endpoint) = bound_pull(context);
        Self {
            socket,
            endpoint,
            their_type: "PUSH",
        }
    }

    fn push(context: &Context) -> Self {
        let (socket, endpoint) = bound_push(context);
        Self {
            socket,
            endpoint,
            their_type: "PULL",
        }
    }

    /// A good peer comes, is served, and goes.
    fn serve_a_good_peer(&mut self, after: &str) {
        let stream = dial(&self.endpoint);
        let mut good =
            Script::greet(stream, Version::ThreeOne, Pace::Whole, self.their_type).unwrap();
        let frames = [b"good".to_vec(), after.as_bytes().to_vec()];
        if self.their_type == "PUSH" {
            good.send(&frames).unwrap();
            let received = self.socket.recv_multipart().unwrap();
            assert!(
                received.iter().map(|frame| &frame[..]).eq(&frames),
                "after {after}: {received:?}"
            );
            assert_eq!(self.socket.try_recv().unwrap_err(), TryRecvError::Empty);
        } else {
            let message = frames.to_vec();
            self.socket.send_multipart(message).unwrap();
            assert_eq!(good.recv().unwrap(), frames, "after {after}");
        }
    }

    fn counts(&self) -> Statistics {
        self.socket.statistics()
    }
}

fn survive(mut victim: Victim, attacks: &[Attack]) {
    let refused = |attack: &&Attack| attack.ending == Ending::Refused;
    for attack in attacks {
        let errors = victim.counts().protocol_errors;
        perform(&victim.endpoint, attack);
        if refused(&attack) {
            await_true(&format!("{} is counted", attack.name), || {
                victim.counts().protocol_errors > errors
            });
        }
    }
    victim.serve_a_good_peer(&attacks.last().unwrap().name);
    await_true("all connections are closed", || {
        open_connections(&victim.endpoint) == 0
    });
    let expected = attacks.iter().filter(refused).count() as u64;
    assert!(victim.counts().protocol_errors >= expected);
}

fn on_each_victim(driver: DriverChoice, attacks: impl Fn(&str) -> Vec<Attack>) {
    let context = stage::context(driver);
    for victim in [Victim::pull(&context), Victim::push(&context)] {
        let attacks = attacks(victim.their_type);
        survive(victim, &attacks);
    }
}

#[test]
fn strangers_and_half_handshakes_do_no_harm() {
    for driver in stage::DRIVERS {
        on_each_victim(*driver, |_| strangers());
    }
}

#[test]
fn lies_about_lengths_are_refused_and_counted() {
    for driver in stage::DRIVERS {
        on_each_victim(*driver, liars);
    }
}

#[test]
fn handshakes_that_break_the_rules_are_refused_and_counted() {
    for driver in stage::DRIVERS {
        on_each_victim(*driver, bad_handshakes);
    }
}

#[test]
fn peers_that_leave_inside_a_message_leave_nothing_behind() {
    for driver in stage::DRIVERS {
        on_each_victim(*driver, deserters);
    }
}
