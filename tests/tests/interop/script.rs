//! A peer played by hand over TCP: greetings, frames and commands of ZMTP 1.0, 2.0, 3.0 and 3.1 as plain bytes.
//!
//! Written from the protocol's texts and sharing no code with the library, so that both cannot err alike. Knows
//! bytes only; each read and each write has a deadline.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::content::Frames;
use super::stage::PATIENCE;

/// Which protocol a script speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
    Three,
    ThreeOne,
}

/// How the bytes of a script leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A frame in one write.
    Whole,
    /// One write for each byte, for as long as anything but a long body can be meant; then in small pieces.
    Bytes,
}

/// Bytes of each write that [`Pace::Bytes`] sends one by one.
const SINGLE_BYTES: usize = 300;
/// The size of the pieces after that: a prime, so that they end everywhere in a body.
const PIECE_BYTES: usize = 997;

/// One connection.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) stream: TcpStream,
    version: Version,
    pace: Pace,
}

/// Connects to an endpoint as it is printed, and speaks nothing yet.
pub(crate) fn dial(endpoint: &str) -> TcpStream {
    let address: SocketAddr = endpoint
        .strip_prefix("tcp://")
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("no TCP address in '{endpoint}'"));
    prepared(TcpStream::connect_timeout(&address, PATIENCE).unwrap())
}

/// Waits for a connection.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    let mut waiting = [PollFd::new(listener, PollFlags::IN)];
    let ready = poll(&mut waiting, Some(&patience)).unwrap();
    assert_eq!(ready, 1, "nobody connects");
    prepared(listener.accept().unwrap().0)
}

fn prepared(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The greeting of ZMTP 3.x with a mechanism.
pub(crate) fn greeting_three(minor: u8, mechanism: &[u8]) -> Vec<u8> {
    let mut greeting = vec![0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, minor];
    greeting.extend_from_slice(mechanism);
    greeting.resize(64, 0);
    greeting
}

/// A short or long frame of ZMTP 2.0 and later.
pub(crate) fn frame_two(flags: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 9);
    if let Ok(short) = u8::try_from(body.len()) {
        frame.extend_from_slice(&[flags, short]);
    } else {
        frame.push(flags | 2);
        frame.extend_from_slice(&(body.len() as u64).to_be_bytes());
    }
    frame.extend_from_slice(body);
    frame
}

/// A command frame of ZMTP 3.x.
pub(crate) fn command(name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = vec![name.len() as u8];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    frame_two(4, &body)
}

/// A READY command of the NULL mechanism.
pub(crate) fn ready(socket_type: &str) -> Vec<u8> {
    command("READY", &property("Socket-Type", socket_type.as_bytes()))
}

/// One property of a READY command.
pub(crate) fn property(name: &str, value: &[u8]) -> Vec<u8> {
    let mut data = vec![name.len() as u8];
    data.extend_from_slice(name.as_bytes());
    data.extend_from_slice(&(value.len() as u32).to_be_bytes());
    data.extend_from_slice(value);
    data
}

/// All that a 3.1 peer of a type says before its first message.
pub(crate) fn opening(socket_type: &str) -> Vec<u8> {
    let mut opening = greeting_three(1, b"NULL");
    opening.extend(ready(socket_type));
    opening
}

impl Script {
    /// Completes both sides' handshake as a peer of `socket_type`.
    pub(crate) fn greet(
        stream: TcpStream,
        version: Version,
        pace: Pace,
        socket_type: &str,
    ) -> io::Result<Self> {
        let mut script = Self {
            stream,
            version,
            pace,
        };
        match version {
            Version::One => script.greet_one()?,
            Version::Two => script.greet_two(socket_type)?,
            Version::Three => script.greet_three(0, socket_type)?,
            Version::ThreeOne => script.greet_three(1, socket_type)?,
        }
        Ok(script)
    }

    /// Each side begins with a frame that is its identity. What a later version sends first reads as one.
    fn greet_one(&mut self) -> io::Result<()> {
        self.write(&[1, 0])?;
        let (_, identity) = self.read_frame_one()?;
        assert!(identity.is_empty(), "an identity nobody set: {identity:?}");
        Ok(())
    }

    fn greet_two(&mut self, socket_type: &str) -> io::Result<()> {
        let (number, theirs) = numbers(socket_type);
        self.write(&[0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 1, number])?;
        self.write(&[0, 0])?;
        let greeting = self.read_array::<12>()?;
        assert_eq!((greeting[0], greeting[9] & 1), (0xFF, 1), "{greeting:?}");
        assert_eq!(greeting[11], theirs, "the socket type in {greeting:?}");
        let (flags, identity) = self.read_frame_two()?;
        assert_eq!((flags, identity.len()), (0, 0), "the identity");
        Ok(())
    }

    fn greet_three(&mut self, minor: u8, socket_type: &str) -> io::Result<()> {
        self.write(&greeting_three(minor, b"NULL"))?;
        self.write(&ready(socket_type))?;
        let greeting = self.read_array::<64>()?;
        assert_eq!(greeting[10], 3, "{greeting:?}");
        assert_eq!(&greeting[12..17], b"NULL\0", "{greeting:?}");
        let (flags, body) = self.read_frame_two()?;
        assert_eq!(flags, 4, "READY is a command");
        assert!(body.starts_with(b"\x05READY"), "{body:?}");
        Ok(())
    }

    /// Sends the frames of one message.
    pub(crate) fn send(&mut self, frames: &[Vec<u8>]) -> io::Result<()> {
        let last = frames.len() - 1;
        for (place, body) in frames.iter().enumerate() {
            let more = u8::from(place < last);
            let frame = match self.version {
                Version::One => frame_one(more, body),
                _ => frame_two(more, body),
            };
            self.write(&frame)?;
        }
        Ok(())
    }

    /// Receives the frames of one message; there must be no command between them.
    pub(crate) fn recv(&mut self) -> io::Result<Frames> {
        let mut frames = Frames::new();
        loop {
            let (flags, body) = match self.version {
                Version::One => self.read_frame_one()?,
                _ => self.read_frame_two()?,
            };
            assert_eq!(flags & !1, 0, "only MORE is expected in {flags:#x}");
            frames.push(body);
            if flags & 1 == 0 {
                return Ok(frames);
            }
        }
    }

    /// Sends bytes as they are, at the script's pace.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.pace == Pace::Whole {
            return self.stream.write_all(bytes);
        }
        let (single, rest) = bytes.split_at(bytes.len().min(SINGLE_BYTES));
        for byte in single {
            self.stream.write_all(&[*byte])?;
        }
        for piece in rest.chunks(PIECE_BYTES) {
            self.stream.write_all(piece)?;
        }
        Ok(())
    }

    fn read_frame_one(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let [short] = self.read_array::<1>()?;
        let length = match short {
            0xFF => u64::from_be_bytes(self.read_array::<8>()?),
            short => u64::from(short),
        };
        let [flags] = self.read_array::<1>()?;
        assert_ne!(length, 0, "the flags count as a byte");
        // The bits of a later version's signature mean nothing to a 1.0 peer.
        Ok((flags & 1, self.read_vec(length - 1)?))
    }

    /// Reads one frame of ZMTP 2.0 and later: its MORE and COMMAND flags, and its body.
    pub(crate) fn read_frame_two(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let [flags] = self.read_array::<1>()?;
        let length = if flags & 2 == 0 {
            u64::from(self.read_array::<1>()?[0])
        } else {
            u64::from_be_bytes(self.read_array::<8>()?)
        };
        Ok((flags & !2, self.read_vec(length)?))
    }

    fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn read_vec(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        assert!(bytes < 1 << 30, "a frame of {bytes} bytes");
        let mut body = vec![0; bytes as usize];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

/// The numbers that ZMTP 2.0 gives a type, and the one of ours that talks to it.
fn numbers(socket_type: &str) -> (u8, u8) {
    match socket_type {
        "PUB" => (1, 2),
        "SUB" => (2, 1),
        "REQ" => (3, 4),
        "REP" => (4, 3),
        "DEALER" => (5, 6),
        "PULL" => (7, 8),
        "PUSH" => (8, 7),
        other => panic!("no script plays {other}"),
    }
}

/// A frame of ZMTP 1.0, whose length counts its flags.
pub(crate) fn frame_one(flags: u8, body: &[u8]) -> Vec<u8> {
    let length = body.len() + 1;
    let mut frame = Vec::with_capacity(length + 9);
    if length < 255 {
        frame.push(length as u8);
    } else {
        frame.push(0xFF);
        frame.extend_from_slice(&(length as u64).to_be_bytes());
    }
    frame.push(flags);
    frame.extend_from_slice(body);
    frame
}
