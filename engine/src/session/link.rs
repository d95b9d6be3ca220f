//! One connection of a session, from the driver's socket to the wire's state.

use std::sync::Arc;

use ringmq_driver::{SocketId, Time};
use ringmq_wire as wire;

use super::refusal::Refusal;
use super::telling::Ends;
use super::transcoder::Transcoder;
use crate::memory::{BodyBuffer, BodyPool};
use crate::pipe::Batch;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The driver is connecting.
    Connecting { until: Option<Time> },
    /// Greeting and handshake.
    Handshaking,
    /// Messages flow.
    Ready,
    /// All was sent and the writing side is shut; input is discarded until the peer closes.
    Draining { until: Time },
    /// The driver is closing the socket; its lent memory is still to come back.
    Closing,
}

/// What the driver was asked to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receiving {
    /// Nothing.
    Idle,
    /// One read.
    Once,
    /// Reads until paused.
    Stream,
    /// The same, and a pause is on its way.
    Pausing,
    /// One read into a large body.
    Into,
    /// Nothing, until the application takes messages: the high-water mark is reached.
    Gated,
}

/// A frame too large for a chunk, growing in memory of its own.
#[derive(Debug)]
pub(super) struct LargeFrame {
    pub(super) more: bool,
    /// A command of this size says nothing to us; it is received only to be passed over.
    pub(super) command: bool,
    /// `None` while the driver fills it.
    pub(super) buffer: Option<BodyBuffer>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) socket: SocketId,
    pub(super) stage: Stage,
    pub(super) wire: wire::Connection,
    pub(super) receiving: Receiving,
    pub(super) large: Option<LargeFrame>,
    /// Memory of large bodies.
    bodies: BodyPool,
    /// The largest body that this peer has sent whole: so much may be reserved for the next at once.
    pub(super) largest_body: usize,
    /// The last frame was so large that most of it was received in place; the next one may be, too.
    pub(super) follows_large: bool,
    /// A send is in flight.
    pub(super) sending: bool,
    /// The peer reads no more, and its own bytes wait behind the gate: nothing is sent until they are read.
    pub(super) sends_nothing: bool,
    /// How many bytes of the send in flight come from the wire's own output.
    pub(super) output_bytes: usize,
    /// An empty batch, kept for its capacity.
    pub(super) spare: Option<Batch>,
    /// What the pipes hold is not what this peer reads. Settled with the handshake: the wire forgets it when the
    /// connection breaks a rule.
    pub(super) transcodes: bool,
    /// The state of that, in both directions.
    pub(super) transcoder: Transcoder,
    /// The socket keeps its peers' subscriptions.
    pub(super) keeps_subscriptions: bool,
    /// The peer is being told why it is refused.
    pub(super) refusal: Option<Refusal>,
    /// The application or a large body stopped a stream lately: single reads suit this connection better.
    pub(super) prefers_once: bool,
    /// Its two ends, noted where somebody monitors the socket.
    pub(super) ends: Option<Box<Ends>>,
    /// Reads since then that found little; enough of them bring the stream back.
    pub(super) small_reads: u32,
}

impl Link {
    /// A connection that the driver is making.
    pub(super) fn connecting(
        socket: SocketId,
        config: &Arc<wire::Config>,
        bodies: &BodyPool,
        now: Time,
        until: Option<Time>,
    ) -> Self {
        let mut link = Self::connected(socket, config, bodies, now);
        link.stage = Stage::Connecting { until };
        link
    }

    /// A connection that exists; the handshake begins now.
    pub(crate) fn connected(
        socket: SocketId,
        config: &Arc<wire::Config>,
        bodies: &BodyPool,
        now: Time,
    ) -> Self {
        Self {
            socket,
            stage: Stage::Handshaking,
            wire: wire::Connection::new(Arc::clone(config), now.as_nanos()),
            receiving: Receiving::Idle,
            large: None,
            bodies: bodies.clone(),
            largest_body: 0,
            follows_large: false,
            sending: false,
            sends_nothing: false,
            output_bytes: 0,
            spare: None,
            transcodes: false,
            transcoder: Transcoder::default(),
            keeps_subscriptions: config.socket_type.keeps_subscriptions(),
            refusal: None,
            prefers_once: false,
            ends: None,
            small_reads: 0,
        }
    }

    /// A buffer for a large body of `total` bytes.
    pub(super) fn body_buffer(&self, total: usize) -> BodyBuffer {
        BodyBuffer::new(self.bodies.clone(), total, self.largest_body)
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.stage == Stage::Handshaking
    }

    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Nothing is read until the application takes messages.
    pub(super) fn is_gated(&self) -> bool {
        self.receiving == Receiving::Gated
    }

    /// The peer has not said who it is, or is not welcome.
    pub(super) fn is_stranger(&self) -> bool {
        self.is_handshaking() || (self.refusal.is_some() && self.stage != Stage::Closing)
    }

    /// Greeting, handshake or messages may be written and read.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Handshaking | Stage::Ready)
    }

    /// Something may be sent.
    pub(super) fn may_send(&self) -> bool {
        self.is_live() || self.refusal == Some(Refusal::Telling)
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        match self.stage {
            Stage::Connecting { until } => until,
            // Nobody is there to hear a PING.
            Stage::Ready if self.sends_nothing => None,
            Stage::Handshaking | Stage::Ready => self.wire.deadline().map(Time::from_nanos),
            Stage::Draining { until } => Some(until),
            Stage::Closing => None,
        }
    }

    /// The application is behind: nothing is read, so silence of the peer means nothing.
    pub(super) fn gate(&mut self, now: Time) {
        self.receiving = Receiving::Gated;
        self.prefers_once = true;
        self.wire.set_reading(false, now.as_nanos());
    }

    /// The application made room.
    pub(super) fn open_gate(&mut self, now: Time) {
        if self.receiving == Receiving::Gated {
            self.receiving = Receiving::Idle;
            self.wire.set_reading(true, now.as_nanos());
        }
    }
}
