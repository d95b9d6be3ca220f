//! Peers as bytes, written down by hand from the RFCs rather than with the crate's own encoders.

use std::sync::Arc;

use ringmq_wire::{Config, Connection, Error, Peer, RoutingId, SocketType, Version};

/// What kind of peer a script plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A greeting of 3.x with this revision and minor.
    V3 { revision: u8, minor: u8 },
    /// A greeting of 2.0.
    V2,
    /// The greeting of 2.0 with revision 0, v1 framing behind it.
    Revision0,
    /// No greeting; the identity frame has a short header.
    BareShort,
    /// No greeting; the identity frame has a long header.
    BareLong,
}

pub(crate) const KINDS: [Kind; 8] = [
    Kind::V3 {
        revision: 3,
        minor: 1,
    },
    Kind::V3 {
        revision: 3,
        minor: 0,
    },
    Kind::V3 {
        revision: 3,
        minor: 9,
    },
    Kind::V3 {
        revision: 4,
        minor: 0,
    },
    Kind::V2,
    Kind::Revision0,
    Kind::BareShort,
    Kind::BareLong,
];

impl Kind {
    pub(crate) fn version(self) -> Version {
        match self {
            Self::V3 {
                revision: 3,
                minor: 0,
            } => Version::V3_0,
            Self::V3 { .. } => Version::V3_1,
            Self::V2 => Version::V2_0,
            Self::Revision0 | Self::BareShort | Self::BareLong => Version::V1_0,
        }
    }

    pub(crate) fn is_bare(self) -> bool {
        matches!(self, Self::BareShort | Self::BareLong)
    }

    /// Everything such a peer sends until the connection is established.
    pub(crate) fn handshake(self, kind: SocketType, identity: &[u8]) -> Vec<u8> {
        match self {
            Self::V3 { revision, minor } => {
                let mut bytes = greeting(revision, minor, b"NULL");
                bytes.extend(ready(kind.name().as_bytes(), identity));
                bytes
            }
            Self::V2 => {
                let mut bytes = signature(identity);
                bytes.extend([1, kind.number(), 0, identity.len() as u8]);
                bytes.extend(identity);
                bytes
            }
            Self::Revision0 => {
                let mut bytes = signature(identity);
                bytes.extend([0, kind.number(), identity.len() as u8 + 1, 0]);
                bytes.extend(identity);
                bytes
            }
            Self::BareShort => [&[identity.len() as u8 + 1, 0], identity].concat(),
            Self::BareLong => {
                let size = (identity.len() as u64 + 1).to_be_bytes();
                [[0xff].as_slice(), &size, &[0], identity].concat()
            }
        }
    }

    /// What we must have sent to such a peer by then.
    pub(crate) fn expected(self, own: SocketType, identity: &[u8]) -> Vec<u8> {
        let mut bytes = signature(identity);
        match self {
            Self::V3 { .. } => {
                bytes = greeting(3, 1, b"NULL");
                bytes[1..9].copy_from_slice(&(identity.len() as u64 + 1).to_be_bytes());
                bytes.extend(ready(own.name().as_bytes(), identity));
            }
            Self::V2 => bytes.extend([3, own.number(), 0, identity.len() as u8]),
            Self::Revision0 => bytes.extend([3, own.number(), identity.len() as u8 + 1, 0]),
            Self::BareShort | Self::BareLong => {}
        }
        if !matches!(self, Self::V3 { .. }) {
            bytes.extend(identity);
        }
        bytes
    }
}

/// The ten bytes at the start of a greeting.
pub(crate) fn signature(identity: &[u8]) -> Vec<u8> {
    let size = (identity.len() as u64 + 1).to_be_bytes();
    [[0xff].as_slice(), &size, &[0x7f]].concat()
}

/// A greeting of 3.x.
pub(crate) fn greeting(revision: u8, minor: u8, mechanism: &[u8]) -> Vec<u8> {
    let mut bytes = signature(b"");
    bytes.extend([revision, minor]);
    bytes.extend(mechanism);
    bytes.resize(64, 0);
    bytes
}

/// A READY that tells a type and, where the type does so, an identity.
pub(crate) fn ready(name: &[u8], identity: &[u8]) -> Vec<u8> {
    let mut list = property(b"Socket-Type", name);
    if [b"REQ".as_slice(), b"DEALER", b"ROUTER"].contains(&name) {
        list.extend(property(b"Identity", identity));
    }
    command(b"READY", &list)
}

pub(crate) fn property(name: &[u8], value: &[u8]) -> Vec<u8> {
    let value_bytes = (value.len() as u32).to_be_bytes();
    [&[name.len() as u8], name, &value_bytes, value].concat()
}

/// A command frame.
pub(crate) fn command(name: &[u8], data: &[u8]) -> Vec<u8> {
    frame(4, &[&[name.len() as u8], name, data].concat())
}

/// A frame of v2 framing, in its shortest form.
pub(crate) fn frame(flags: u8, body: &[u8]) -> Vec<u8> {
    if body.len() < 256 {
        return [&[flags, body.len() as u8], body].concat();
    }
    let size = (body.len() as u64).to_be_bytes();
    [[flags | 2].as_slice(), &size, body].concat()
}

/// A socket of ours with a name.
pub(crate) fn config(own: SocketType, identity: &[u8]) -> Config {
    let mut config = Config::new(own);
    config.routing_id = RoutingId::new(identity).expect("tests use short names");
    config
}

/// A type that `own` may talk to.
pub(crate) fn partner(own: SocketType) -> Option<SocketType> {
    SocketType::ALL
        .into_iter()
        .find(|&peer| own.is_compatible_with(peer))
}

/// All that a handshake comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) result: Result<(), Error>,
    /// How much of the stream was taken; after an error, nothing is said about it.
    pub(crate) used: usize,
    pub(crate) peer: Option<Peer>,
    pub(crate) output: Vec<u8>,
}

/// Feeds a handshake in pieces that end at the given offsets, and at the end of the stream.
pub(crate) fn feed(config: &Config, stream: &[u8], cuts: &[usize]) -> (Connection, Outcome) {
    let mut connection = Connection::new(Arc::new(config.clone()), 0);
    let mut result = Ok(());
    let mut used = 0;
    for &cut in cuts.iter().chain([&stream.len()]) {
        match connection.handshake(&stream[used..cut], 0) {
            Ok(bytes) => used += bytes,
            Err(error) => {
                used = 0;
                result = Err(error);
                break;
            }
        }
        if connection.is_established() {
            break;
        }
        assert_eq!(used, cut, "an unfinished handshake takes all there is");
    }
    let mut output = Vec::new();
    connection.take_output(&mut output);
    let outcome = Outcome {
        result,
        used,
        peer: connection.peer().cloned(),
        output,
    };
    (connection, outcome)
}

/// An established connection to a 3.1 peer, its handshake output taken.
pub(crate) fn established(config: &Config) -> Connection {
    let peer = partner(config.socket_type).expect("the type speaks ZMTP");
    let kind = Kind::V3 {
        revision: 3,
        minor: 1,
    };
    let (connection, outcome) = feed(config, &kind.handshake(peer, b""), &[]);
    assert_eq!(outcome.result, Ok(()));
    assert!(connection.is_established());
    connection
}
