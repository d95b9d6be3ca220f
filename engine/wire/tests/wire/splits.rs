//! Every stream fed again, split at every byte.

use ringmq_wire::SocketType;

use crate::script::{KINDS, command, config, feed, frame, greeting, partner, ready, signature};

/// Feeds `stream` in two pieces at every cut, and byte by byte, and expects the same each time.
fn any_split_gives_the_same(own: SocketType, stream: &[u8]) {
    let config = config(own, b"own name");
    let (_, whole) = feed(&config, stream, &[]);
    for cut in 0..=stream.len() {
        let (_, split) = feed(&config, stream, &[cut]);
        assert_eq!(split, whole, "{own}: cut at {cut} of {stream:x?}");
    }
    let every_byte: Vec<usize> = (0..stream.len()).collect();
    let (_, bytewise) = feed(&config, stream, &every_byte);
    assert_eq!(bytewise, whole, "{own}: bytewise {stream:x?}");
}

#[test]
fn good_handshakes_of_every_version_may_be_split_anywhere() {
    for own in SocketType::ALL {
        for kind in KINDS {
            let peer = partner(own).unwrap_or(SocketType::Pair);
            let mut stream = kind.handshake(peer, b"peer name");
            stream.extend(b"\x01\x03\x00\xff\x00\x00\x00");
            any_split_gives_the_same(own, &stream);
        }
    }
}

#[test]
fn bad_handshakes_may_be_split_anywhere() {
    let greet = |frames: Vec<u8>| [greeting(3, 1, b"NULL"), frames].concat();
    for stream in [
        greet(command(b"ERROR", b"\x03500")),
        greet(command(b"ERROR", b"\x03")),
        greet(command(b"READY", b"\x03")),
        greet(ready(b"PUB", b"")),
        greet(ready(b"NOPE", b"")),
        greet(frame(0, b"hello")),
        greet(vec![6, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3]),
        greet(vec![
            6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xda, 0, 0,
        ]),
        greeting(3, 1, b"CURVE"),
        [signature(b""), vec![1, 99, 0, 0]].concat(),
        [signature(b""), vec![1, SocketType::Pull.number(), 1, 0]].concat(),
        [signature(b""), vec![0, SocketType::Pull.number(), 0, 0]].concat(),
        b"\x00\x00\x00".to_vec(),
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xda\x00\x00".to_vec(),
    ] {
        any_split_gives_the_same(SocketType::Push, &stream);
    }
}
