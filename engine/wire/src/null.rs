//! The NULL mechanism: each end sends one READY and takes one.

use crate::metadata::{IDENTITY, SOCKET_TYPE, encode_property};
use crate::{Command, Config, Error, Metadata, MetadataFault, Reason, RoutingId, SocketType};

/// The mechanism field of our greeting.
pub(crate) const MECHANISM: [u8; 20] = *b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What a peer's READY tells.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) socket_type: SocketType,
    pub(crate) routing_id: RoutingId,
    pub(crate) properties: Metadata,
}

/// Appends our READY.
pub(crate) fn encode_ready(config: &Config, into: &mut Vec<u8>) {
    let mut list = Vec::new();
    encode_property(&mut list, SOCKET_TYPE, config.socket_type.name().as_bytes());
    if config.socket_type.announces_routing_id() {
        encode_property(&mut list, IDENTITY, config.routing_id.as_bytes());
    }
    list.extend_from_slice(config.properties.as_bytes());
    Command::Ready { metadata: &list }.encode(into);
}

/// Reads the peer's one command and checks that the two sockets may talk.
pub(crate) fn take_ready(config: &Config, body: &[u8]) -> Result<Ready, Error> {
    let metadata = match Command::decode(body)? {
        Command::Ready { metadata } => metadata,
        Command::Error { reason } => return Err(Error::PeerError(Reason::new(reason))),
        _ => return Err(Error::UnexpectedCommand),
    };
    let properties = Metadata::parse(metadata)?;
    let name = properties
        .get(SOCKET_TYPE)
        .ok_or(Error::MalformedReady(MetadataFault::SocketTypeMissing))?;
    let socket_type = SocketType::from_name(name).ok_or(Error::UnknownSocketType)?;
    if !config.socket_type.is_compatible_with(socket_type) {
        return Err(Error::IncompatibleSocket { peer: socket_type });
    }
    let routing_id = RoutingId::new(properties.get(IDENTITY).unwrap_or_default())
        .map_err(|_| Error::MalformedReady(MetadataFault::RoutingIdTooLong))?;
    Ok(Ready {
        socket_type,
        routing_id,
        properties,
    })
}
