//! Frame headers, commands and metadata of any bytes: headers agree with arithmetic done another way, and what
//! is read can be written and read again.
//!
//! Input: what to read it as, then the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ringmq_wire::{Command, Error, FrameHeader, Framing, HEADER_BYTES_MAX, Metadata};

fuzz_target!(|data: &[u8]| {
    let Some((what, bytes)) = data.split_first() else {
        return;
    };
    match what % 4 {
        0 => header(Framing::V1, bytes),
        1 => header(Framing::V2, bytes),
        2 => command(bytes),
        _ => metadata(bytes),
    }
});

fn header(framing: Framing, bytes: &[u8]) {
    let read = FrameHeader::decode(framing, bytes);
    assert_eq!(read, slow_header(framing, bytes));
    // A header is judged as soon as it is there, and never changes with what follows.
    for cut in 0..bytes.len().min(HEADER_BYTES_MAX) {
        match FrameHeader::decode(framing, &bytes[..cut]) {
            Ok(None) => {}
            early => assert_eq!(early, read),
        }
    }
    if let Ok(Some((header, header_bytes))) = read {
        let mut buffer = [0; HEADER_BYTES_MAX];
        let shortest = header.encode(framing, &mut buffer);
        assert!(shortest <= header_bytes);
        let again = FrameHeader::decode(framing, &buffer[..shortest]);
        assert_eq!(again, Ok(Some((header, shortest))));
    }
}

/// The same by 128-bit sums over bytes.
fn slow_header(framing: Framing, bytes: &[u8]) -> Result<Option<(FrameHeader, usize)>, Error> {
    let sum = |from: usize, to: usize| {
        bytes.get(from..to).map(|size| {
            size.iter()
                .fold(0_u128, |sum, &byte| sum * 256 + u128::from(byte))
        })
    };
    let (size, flags_at, size_end) = match framing {
        Framing::V1 => match bytes.first() {
            Some(255) => (sum(1, 9), 9, 9),
            _ => (sum(0, 1), 1, 1),
        },
        Framing::V2 => match bytes.first().map(|flags| flags >> 1 & 1) {
            Some(1) => (sum(1, 9), 0, 9),
            _ => (sum(1, 2), 0, 2),
        },
    };
    let Some(size) = size else {
        return Ok(None);
    };
    let overhead = u128::from(framing == Framing::V1);
    if size < overhead || size - overhead >= 1 << 63 {
        return Err(Error::BadFrameSize { bytes: size as u64 });
    }
    let Some(flags) = bytes.get(flags_at) else {
        return Ok(None);
    };
    let header = FrameHeader {
        more: flags % 2 == 1,
        command: framing == Framing::V2 && flags & 4 == 4,
        body_bytes: (size - overhead) as u64,
    };
    if header.more && header.command {
        return Err(Error::MalformedCommand);
    }
    Ok(Some((header, size_end.max(flags_at + 1))))
}

fn command(body: &[u8]) {
    let Ok(command) = Command::decode(body) else {
        return;
    };
    let mut frame = Vec::new();
    command.encode(&mut frame);
    let (_, header_bytes) = FrameHeader::decode(Framing::V2, &frame)
        .expect("own frames are well-formed")
        .expect("own frames are whole");
    assert_eq!(Command::decode(&frame[header_bytes..]), Ok(command));
    // An ERROR may carry bytes behind its reason, which nobody reads; all else comes back to the byte.
    if !matches!(command, Command::Error { .. }) {
        assert_eq!(&frame[header_bytes..], body);
    }
}

fn metadata(bytes: &[u8]) {
    let Ok(metadata) = Metadata::parse(bytes) else {
        return;
    };
    let mut rebuilt = Vec::new();
    for (name, value) in metadata.iter() {
        assert_eq!(metadata.get(&name.to_ascii_uppercase()), Some(value));
        rebuilt.push(name.len() as u8);
        rebuilt.extend(name);
        rebuilt.extend((value.len() as u32).to_be_bytes());
        rebuilt.extend(value);
    }
    assert_eq!(rebuilt, bytes);
}
