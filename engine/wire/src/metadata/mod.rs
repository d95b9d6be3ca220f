//! Property lists as READY carries them: `name_bytes(1) name value_bytes(4, big-endian) value`, repeated.

use std::fmt;

use crate::{Error, HANDSHAKE_COMMAND_BYTES_MAX, HANDSHAKE_PROPERTIES_MAX, ROUTING_ID_BYTES_MAX};

/// The most bytes of properties a [`Metadata`] takes from its owner: what fits in READY beside the properties
/// that the connection adds.
pub const PROPERTIES_BYTES_MAX: usize = HANDSHAKE_COMMAND_BYTES_MAX - OWN_BYTES_MAX;

/// Room for READY's name, `Socket-Type` and `Identity`, the longest values included.
const OWN_BYTES_MAX: usize = 512;
const _: () = assert!(6 + (1 + 11 + 4 + 8) + (1 + 8 + 4 + ROUTING_ID_BYTES_MAX) <= OWN_BYTES_MAX);

pub(crate) const SOCKET_TYPE: &[u8] = b"Socket-Type";
pub(crate) const IDENTITY: &[u8] = b"Identity";

/// A list of properties: names of 1 to 255 bytes, each at most once, with values of any bytes.
///
/// Names are compared without regard to ASCII case, as RFC 37 asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The list in wire form. Invariant: `parse` accepts it.
    bytes: Vec<u8>,
}

impl Metadata {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a property.
    ///
    /// # Errors
    /// The name is empty, too long, already there, or the connection's own to add; or the list would grow
    /// beyond what READY can carry.
    pub fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), MetadataFault> {
        if [SOCKET_TYPE, IDENTITY]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
        {
            return Err(MetadataFault::Duplicate);
        }
        if self.get(name).is_some() {
            return Err(MetadataFault::Duplicate);
        }
        let bytes = self.bytes.len() + 1 + name.len() + 4 + value.len();
        // Two properties are the connection's own.
        if bytes > PROPERTIES_BYTES_MAX || self.iter().count() + 2 >= HANDSHAKE_PROPERTIES_MAX {
            return Err(MetadataFault::TooLarge);
        }
        match name.len() {
            0 => return Err(MetadataFault::EmptyName),
            1..=255 => encode_property(&mut self.bytes, name, value),
            _ => return Err(MetadataFault::TooLarge),
        }
        Ok(())
    }

    /// The value of a property.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The properties, in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        Properties { rest: &self.bytes }
            .map(|property| property.expect("only well-formed lists become Metadata"))
    }

    /// Whether there are no properties.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The list in wire form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes a list from the wire.
    ///
    /// # Errors
    /// [`Error::MalformedReady`], [`Error::TooManyProperties`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut names = Vec::new();
        for property in (Properties { rest: bytes }) {
            let (name, _) = property.map_err(Error::MalformedReady)?;
            if names.len() == HANDSHAKE_PROPERTIES_MAX {
                return Err(Error::TooManyProperties);
            }
            if names
                .iter()
                .any(|known: &&[u8]| known.eq_ignore_ascii_case(name))
            {
                return Err(Error::MalformedReady(MetadataFault::Duplicate));
            }
            names.push(name);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.iter().map(|(name, value)| {
            (
                name.escape_ascii().to_string(),
                value.escape_ascii().to_string(),
            )
        });
        f.debug_map().entries(escaped).finish()
    }
}

/// Appends one property in wire form.
pub(crate) fn encode_property(into: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    into.push(u8::try_from(name.len()).expect("callers keep names to 255 bytes"));
    into.extend_from_slice(name);
    let value_bytes = u32::try_from(value.len()).expect("callers keep values to a command's size");
    into.extend_from_slice(&value_bytes.to_be_bytes());
    into.extend_from_slice(value);
}

/// Reads properties until the first fault.
struct Properties<'a> {
    rest: &'a [u8],
}

impl<'a> Properties<'a> {
    /// Takes the first property off `rest`, which is not empty.
    fn take(&mut self) -> Result<(&'a [u8], &'a [u8]), MetadataFault> {
        let [name_bytes] = self.take_array()?;
        if name_bytes == 0 {
            return Err(MetadataFault::EmptyName);
        }
        let name = self.take_bytes(u32::from(name_bytes))?;
        let value_bytes = u32::from_be_bytes(self.take_array()?);
        let value = self.take_bytes(value_bytes)?;
        Ok((name, value))
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], MetadataFault> {
        let (array, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(MetadataFault::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take_bytes(&mut self, bytes: u32) -> Result<&'a [u8], MetadataFault> {
        let (taken, rest) = usize::try_from(bytes)
            .ok()
            .and_then(|bytes| self.rest.split_at_checked(bytes))
            .ok_or(MetadataFault::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), MetadataFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let property = self.take();
        if property.is_err() {
            self.rest = &[];
        }
        Some(property)
    }
}

/// What is wrong with a property list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataFault {
    /// The list ends inside a property.
    Truncated,
    /// A property has no name.
    EmptyName,
    /// A property stands there twice.
    Duplicate,
    /// READY lacks the `Socket-Type` property.
    SocketTypeMissing,
    /// The `Identity` property is longer than a routing id can be.
    RoutingIdTooLong,
    /// A name, or the whole list, is longer than READY can carry.
    TooLarge,
}

impl fmt::Display for MetadataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the list ends inside a property",
            Self::EmptyName => "a property has no name",
            Self::Duplicate => "a property is repeated",
            Self::SocketTypeMissing => "the socket type is missing",
            Self::RoutingIdTooLong => "the routing id is too long",
            Self::TooLarge => "the list is too large",
        })
    }
}

impl std::error::Error for MetadataFault {}

#[cfg(test)]
mod tests;
