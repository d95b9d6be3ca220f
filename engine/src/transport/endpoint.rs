//! What an endpoint is and what can be wrong with one.

use std::fmt;
use std::net::SocketAddr;

use ringmq_driver::{Address, UnixName};

/// Where a socket really listens, or what it was told to connect to.
///
/// Displays as the text that a peer passes to `connect`, for example `tcp://127.0.0.1:5555`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint(Place);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    At(Address),
    /// In this context, by a name.
    Named(Box<str>),
}

impl Endpoint {
    pub(crate) const fn new(address: Address) -> Self {
        Self(Place::At(address))
    }

    /// The inproc endpoint of this name.
    pub(crate) fn named(name: &str) -> Self {
        Self(Place::Named(name.into()))
    }

    /// The name of an inproc endpoint.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Place::Named(name) => Some(name),
            Place::At(_) => None,
        }
    }

    /// The TCP address, if this is a TCP endpoint: for example to learn the port after binding to port `*`.
    #[must_use]
    pub const fn tcp(&self) -> Option<SocketAddr> {
        match self.0 {
            Place::At(Address::Tcp(address)) => Some(address),
            Place::At(Address::Unix(_)) | Place::Named(_) => None,
        }
    }

    /// The path of an ipc endpoint in the file system, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Place::At(Address::Unix(UnixName::Path(path))) => Some(path),
            Place::At(Address::Unix(_) | Address::Tcp(_)) | Place::Named(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::At(address) => address.fmt(f),
            Place::Named(name) => write!(f, "inproc://{name}"),
        }
    }
}

/// Why an endpoint's text cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is no `transport://` in front.
    NoTransport,
    /// The transport is not one that this version speaks (`tcp`, `ipc` and `inproc`).
    UnsupportedTransport,
    /// A TCP endpoint without `:port`, or with one that is not a number from 0 to 65535 (`*` when binding).
    BadPort,
    /// A TCP endpoint whose host cannot be read; when binding, also one that the resolver does not know.
    UnknownHost,
    /// An IPv6 address, while the socket was told to do without
    /// ([`Socket::set_ipv6`](crate::Socket::set_ipv6)).
    Ipv6Off,
    /// An inproc endpoint, for a socket that keeps only the newest message
    /// ([`Socket::set_conflate`](crate::Socket::set_conflate)).
    NoConflate,
    /// A wildcard (`*`) in an endpoint to connect to.
    WildcardPeer,
    /// An ipc endpoint without a path, or with a zero byte in it.
    NoPath,
    /// An ipc path of more than 107 bytes, which no unix socket can have.
    PathTooLong,
    /// An abstract ipc name (`ipc://@name`) on a host other than Linux.
    AbstractUnsupported,
    /// An inproc endpoint without a name.
    NoName,
    /// An inproc name of more than 256 bytes.
    NameTooLong,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTransport => {
                "endpoint has no transport: write tcp://host:port, ipc://path or inproc://name"
            }
            Self::UnsupportedTransport => {
                "transport is not supported: use tcp://, ipc:// or inproc://"
            }
            Self::BadPort => "tcp endpoint needs a port from 0 to 65535 (or * when binding)",
            Self::UnknownHost => "host cannot be read, or is not known",
            Self::Ipv6Off => "IPv6 address, and IPv6 is turned off for this socket",
            Self::NoConflate => "inproc does not keep only the newest message",
            Self::WildcardPeer => "cannot connect to a wildcard: name the peer",
            Self::NoPath => "ipc endpoint needs a path",
            Self::PathTooLong => "ipc path is longer than 107 bytes",
            Self::AbstractUnsupported => "abstract ipc names (ipc://@name) exist on Linux only",
            Self::NoName => "inproc endpoint needs a name",
            Self::NameTooLong => "inproc name is longer than 256 bytes",
        })
    }
}

impl std::error::Error for EndpointError {}
