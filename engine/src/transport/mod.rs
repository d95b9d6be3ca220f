//! Endpoints: the texts that name where a socket listens or connects, and what they mean.
//!
//! Each transport says how its part of an endpoint is read; none has a loop or a socket of its own.

mod endpoint;
mod ipc;
mod tcp;

pub use endpoint::{Endpoint, EndpointError};

use ringmq_driver::Address;

/// Whether an address is for listening or for connecting: a wildcard means something only when listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Listen,
    Connect,
}

/// Reads an endpoint and looks its names up. May block in the resolver, so it runs on the caller's thread,
/// never on an engine's.
pub(crate) fn resolve(text: &str, purpose: Use) -> Result<Vec<Address>, EndpointError> {
    match text.split_once("://") {
        Some(("tcp", rest)) => tcp::resolve(rest, purpose),
        Some(("ipc", rest)) => ipc::resolve(rest, purpose).map(|address| vec![address]),
        Some((_, _)) => Err(EndpointError::UnsupportedTransport),
        None => Err(EndpointError::NoTransport),
    }
}
