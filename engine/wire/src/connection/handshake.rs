//! The handshake: the greeting, then one frame from the peer, which is READY (3.x) or its identity (2.0, 1.0).

use crate::frame::HEADER_BYTES_MAX;
use crate::greeting::{Greeting, Settled};
use crate::{
    Config, Error, FrameHeader, HANDSHAKE_COMMAND_BYTES_MAX, Metadata, Peer, ROUTING_ID_BYTES_MAX,
    RoutingId, null,
};

/// A handshake that is not over.
#[derive(Debug)]
pub(super) struct Handshake {
    greeting: Greeting,
    /// What the greeting settled, once it is whole.
    settled: Option<Settled>,
    frame: PartialFrame,
}

/// The peer's one frame as far as it has come. Grows with received bytes, up to the limits of `check`.
#[derive(Debug, Default)]
struct PartialFrame {
    bytes: Vec<u8>,
    /// The header and its size, once it is whole and checked.
    header: Option<(FrameHeader, usize)>,
}

impl Handshake {
    pub(super) fn start(config: &Config, output: &mut Vec<u8>) -> Self {
        Self {
            greeting: Greeting::start(&config.routing_id, output),
            settled: None,
            frame: PartialFrame::default(),
        }
    }

    /// Whether the peer can read an ERROR command.
    pub(super) fn has_commands(&self) -> bool {
        self.settled
            .is_some_and(|settled| settled.version.has_commands())
    }

    /// Takes the handshake's part from the front of `input`. Returns how much that was and, at the end, the
    /// peer.
    pub(super) fn advance(
        &mut self,
        config: &Config,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(usize, Option<Peer>), Error> {
        let mut used = 0;
        if self.settled.is_none() {
            let (taken, settled) = self.greeting.advance(input, config.socket_type, output)?;
            used = taken;
            let Some(settled) = settled else {
                return Ok((used, None));
            };
            self.settled = Some(settled);
            introduce(config, settled, output);
            if settled.unversioned {
                // These bytes are the identity frame's, and never more than its header.
                let (refed, _) = self.frame.advance(settled, self.greeting.taken())?;
                debug_assert_eq!(refed, self.greeting.taken().len());
            }
        }
        let settled = self.settled.expect("settled above or in an earlier call");
        let (taken, whole) = self.frame.advance(settled, &input[used..])?;
        used += taken;
        if !whole {
            return Ok((used, None));
        }
        let peer = meet(config, settled, self.frame.body())?;
        Ok((used, Some(peer)))
    }
}

impl PartialFrame {
    /// Takes the frame's part from the front of `input`. Says how much that was, and whether the frame is
    /// whole.
    fn advance(&mut self, settled: Settled, input: &[u8]) -> Result<(usize, bool), Error> {
        let mut used = 0;
        while self.header.is_none() {
            let Some(&byte) = input.get(used) else {
                return Ok((used, false));
            };
            self.bytes.push(byte);
            used += 1;
            debug_assert!(self.bytes.len() <= HEADER_BYTES_MAX);
            self.header =
                FrameHeader::decode(settled.version.framing(), &self.bytes).map_err(|error| {
                    if settled.unversioned {
                        Error::BadGreeting
                    } else {
                        error
                    }
                })?;
            if let Some((header, _)) = self.header {
                check(settled, header)?;
            }
        }
        let missing = self.bytes_whole() - self.bytes.len();
        let take = missing.min(input.len() - used);
        self.bytes.extend_from_slice(&input[used..used + take]);
        Ok((used + take, take == missing))
    }

    /// The size of the whole frame.
    fn bytes_whole(&self) -> usize {
        let (header, header_bytes) = self.header.expect("called only behind the header");
        header_bytes + usize::try_from(header.body_bytes).expect("checked against a small limit")
    }

    fn body(&self) -> &[u8] {
        let (_, header_bytes) = self.header.expect("called only for a whole frame");
        &self.bytes[header_bytes..]
    }
}

/// Judges the peer's one frame by its header, before any of its body is kept.
fn check(settled: Settled, header: FrameHeader) -> Result<(), Error> {
    if settled.version.has_commands() {
        if !header.command {
            return Err(Error::UnexpectedCommand);
        }
        if header.body_bytes > HANDSHAKE_COMMAND_BYTES_MAX as u64 {
            return Err(Error::HandshakeTooLarge);
        }
        return Ok(());
    }
    if header.more || header.command || header.body_bytes > ROUTING_ID_BYTES_MAX as u64 {
        // Whatever speaks without a greeting and then sends no identity is no ZeroMQ peer at all.
        let error = if settled.unversioned {
            Error::BadGreeting
        } else {
            Error::BadIdentity
        };
        return Err(error);
    }
    Ok(())
}

/// Puts out what follows our greeting.
fn introduce(config: &Config, settled: Settled, output: &mut Vec<u8>) {
    if settled.version.has_commands() {
        null::encode_ready(config, output);
        return;
    }
    let identity = config.routing_id.as_bytes();
    if !settled.unversioned {
        let mut header = [0; HEADER_BYTES_MAX];
        let bytes = FrameHeader::message(false, identity.len() as u64)
            .encode(settled.version.framing(), &mut header);
        output.extend_from_slice(&header[..bytes]);
    }
    // To an unversioned peer the first stage of our greeting was the header of this frame.
    output.extend_from_slice(identity);
}

/// Reads the peer's one frame.
fn meet(config: &Config, settled: Settled, body: &[u8]) -> Result<Peer, Error> {
    let Settled {
        version,
        unversioned,
        socket_type,
    } = settled;
    if version.has_commands() {
        let ready = null::take_ready(config, body)?;
        return Ok(Peer {
            version,
            unversioned,
            socket_type: Some(ready.socket_type),
            routing_id: ready.routing_id,
            properties: ready.properties,
        });
    }
    let routing_id = RoutingId::new(body).map_err(|_| Error::BadIdentity)?;
    Ok(Peer {
        version,
        unversioned,
        socket_type,
        routing_id,
        properties: Metadata::default(),
    })
}
