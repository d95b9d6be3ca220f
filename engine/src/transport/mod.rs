//! Endpoints: the texts that name where a socket listens or connects, and what they mean.
//!
//! Each transport says how its part of an endpoint is read; none has a loop or a socket of its own.

mod endpoint;
mod inproc;
mod ipc;
mod resolver;
mod tcp;

pub use endpoint::{Endpoint, EndpointError};
pub(crate) use inproc::name;
pub(crate) use resolver::{HostName, Names, Resolver, SystemNames};

use std::net::SocketAddr;

use ringmq_driver::Address;

/// What an endpoint of a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Listen,
    Connect,
}

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Where a number or a path says.
    At(Address),
    /// Where the name's host is when a connection is made.
    Named(HostName),
}

/// Reads an endpoint to connect to, and where to connect from if it says so. Looks nothing up: the name's host may come later, as the peer may.
pub(crate) fn peer(text: &str, ipv6: bool) -> Result<(Peer, Option<SocketAddr>), EndpointError> {
    match transport(text)? {
        Transport::Tcp(rest) => tcp::peer(rest, ipv6),
        Transport::Ipc(rest) => ipc::peer(rest).map(|address| (Peer::At(address), None)),
    }
}

/// Reads an endpoint to listen at; the first address of several that the system grants is meant. May block in the
/// system's resolver, so it runs on the caller's thread, never on an engine's.
pub(crate) fn listening(text: &str, ipv6: bool) -> Result<Vec<Address>, EndpointError> {
    match transport(text)? {
        Transport::Tcp(rest) => tcp::listening(rest, &SystemNames, ipv6),
        Transport::Ipc(rest) => ipc::listening(rest).map(|address| vec![address]),
    }
}

enum Transport<'a> {
    Tcp(&'a str),
    Ipc(&'a str),
}

fn transport(text: &str) -> Result<Transport<'_>, EndpointError> {
    match text.split_once("://") {
        Some(("tcp", rest)) => Ok(Transport::Tcp(rest)),
        Some(("ipc", rest)) => Ok(Transport::Ipc(rest)),
        Some((_, _)) => Err(EndpointError::UnsupportedTransport),
        None => Err(EndpointError::NoTransport),
    }
}
