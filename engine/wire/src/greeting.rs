//! The greeting: what we send at which moment, and what the peer's first bytes say about its version.
//!
//! ```text
//!  off  3.x (64 bytes)          2.0 (12 bytes)        1.0 (no greeting)
//!   0   FF                      FF                    the peer's identity frame, in v1 framing:
//!   1   size, 8 bytes           size, 8 bytes         short, the first byte is not FF;
//!   9   7F (bit 0 set)          7F (bit 0 set)        long, byte 9 is its flags, bit 0 clear
//!  10   03 revision             01 revision
//!  11   minor                   socket type
//!  12   mechanism, 20 bytes
//!  32   as-server, filler
//! ```
//!
//! Ours goes out in stages, each when the peer's bytes allow it: ten bytes at once, which a 1.0 peer reads as
//! the header of our identity frame; the revision when the peer proves to have a greeting; the rest when its
//! revision is known. Neither end waits for the other's whole greeting, so two staged ends never deadlock.

use crate::error::MechanismName;
use crate::{Error, RoutingId, SocketType, Version, null};

/// A greeting of 3.x.
pub(crate) const GREETING_BYTES: usize = 64;
/// A greeting of 2.0, and of revision 0.
const GREETING_V2_BYTES: usize = 12;
/// The part before the revision.
const SIGNATURE_BYTES: usize = 10;
/// Where the revision is.
const REVISION_AT: usize = 10;

const REVISION_V1: u8 = 0;
const REVISION_V2: u8 = 1;
const REVISION_V3: u8 = 3;

/// The peer's greeting as far as it has come, and the stage of ours.
#[derive(Debug)]
pub(crate) struct Greeting {
    peer: [u8; GREETING_BYTES],
    /// How much of `peer` is there.
    filled: usize,
    /// How much of ours is out: 10, 11, or all of it.
    sent: usize,
}

/// What the peer's first bytes have settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) version: Version,
    /// The peer has no greeting: what it sent is the start of its identity frame.
    pub(crate) unversioned: bool,
    /// The type that a greeting of 2.0 tells.
    pub(crate) socket_type: Option<SocketType>,
}

impl Greeting {
    /// Starts a greeting and puts its first stage out.
    pub(crate) fn start(routing_id: &RoutingId, output: &mut Vec<u8>) -> Self {
        output.push(0xff);
        output.extend_from_slice(&(routing_id.as_bytes().len() as u64 + 1).to_be_bytes());
        output.push(0x7f);
        Self {
            peer: [0; GREETING_BYTES],
            filled: 0,
            sent: SIGNATURE_BYTES,
        }
    }

    /// The bytes taken so far; an unversioned peer's identity frame starts with them.
    pub(crate) fn taken(&self) -> &[u8] {
        &self.peer[..self.filled]
    }

    /// Takes from the front of `input` what belongs to the greeting, never a byte more, and puts out the
    /// stages that it allows. Returns how much it took and, at the end, what is settled.
    pub(crate) fn advance(
        &mut self,
        input: &[u8],
        own: SocketType,
        output: &mut Vec<u8>,
    ) -> Result<(usize, Option<Settled>), Error> {
        let mut used = 0;
        loop {
            let want = self.wanted();
            let take = (want - self.filled).min(input.len() - used);
            self.peer[self.filled..self.filled + take].copy_from_slice(&input[used..used + take]);
            self.filled += take;
            used += take;
            if self.filled < want {
                return Ok((used, None));
            }
            if self.is_unversioned() {
                let settled = Settled {
                    version: Version::V1_0,
                    unversioned: true,
                    socket_type: None,
                };
                return Ok((used, Some(settled)));
            }
            self.send_stage(own, output);
            if self.filled == self.wanted() {
                return self.settle(own).map(|settled| (used, Some(settled)));
            }
        }
    }

    /// How many bytes the next decision needs. They are the peer's greeting, or inside its identity frame.
    fn wanted(&self) -> usize {
        match self.filled {
            0 => 1,
            1..SIGNATURE_BYTES => SIGNATURE_BYTES,
            SIGNATURE_BYTES => REVISION_AT + 1,
            _ if self.peer[REVISION_AT] <= REVISION_V2 => GREETING_V2_BYTES,
            _ => GREETING_BYTES,
        }
    }

    /// Whether the bytes so far cannot start a greeting.
    fn is_unversioned(&self) -> bool {
        self.peer[0] != 0xff || (self.filled >= SIGNATURE_BYTES && self.peer[9] & 1 == 0)
    }

    /// Puts out the next stage of ours if the peer's bytes allow it.
    fn send_stage(&mut self, own: SocketType, output: &mut Vec<u8>) {
        if self.sent == SIGNATURE_BYTES && self.filled >= SIGNATURE_BYTES {
            output.push(REVISION_V3);
            self.sent += 1;
        }
        if self.sent == REVISION_AT + 1 && self.filled > REVISION_AT {
            if self.peer[REVISION_AT] <= REVISION_V2 {
                output.push(own.number());
                self.sent = GREETING_V2_BYTES;
            } else {
                output.push(1);
                output.extend_from_slice(&null::MECHANISM);
                output.extend_from_slice(&[0; 32]);
                self.sent = GREETING_BYTES;
            }
        }
    }

    /// Reads the peer's whole greeting.
    fn settle(&self, own: SocketType) -> Result<Settled, Error> {
        let version = match (self.peer[REVISION_AT], self.peer[REVISION_AT + 1]) {
            (REVISION_V1, _) => Version::V1_0,
            (REVISION_V2, _) => Version::V2_0,
            (REVISION_V3, 0) => Version::V3_0,
            // A revision we do not know is from a peer newer than us, which has seen ours.
            _ => Version::V3_1,
        };
        let socket_type = if version.has_commands() {
            let mechanism = self.peer[12..]
                .first_chunk()
                .expect("a greeting of 3.x has 64 bytes");
            if *mechanism != null::MECHANISM {
                return Err(Error::MechanismMismatch {
                    peer: MechanismName(*mechanism),
                });
            }
            None
        } else {
            let peer = SocketType::from_number(self.peer[REVISION_AT + 1])
                .ok_or(Error::UnknownSocketType)?;
            if !own.is_compatible_with(peer) {
                return Err(Error::IncompatibleSocket { peer });
            }
            Some(peer)
        };
        Ok(Settled {
            version,
            unversioned: false,
            socket_type,
        })
    }
}
