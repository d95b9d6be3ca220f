//! One peer's connection: joins the greeting, the mechanism, the scanner and the heartbeat into one machine.
//!
//! The getters tell what is so; `handshake`, `scan` and `handle_deadline` take what has happened; `output` is
//! what must go out. The connection must not know how its bytes travel, nor what a message means.

mod handshake;
mod output;

use std::sync::Arc;

use self::handshake::Handshake;
use self::output::Output;
use crate::heartbeat::{Liveness, nanos};
use crate::scan::Scanner;
use crate::{Command, Config, Error, Event, EventKind, FrameHeader, Framing, Peer, Reason, Scan};

/// One connection to one peer, from the first byte to the end.
///
/// After an error the connection is over: the same error comes back from every later call, and `output` may
/// still hold an ERROR command to send, as a courtesy, before the transport is closed.
#[derive(Debug)]
pub struct Connection {
    config: Arc<Config>,
    output: Output,
    phase: Phase,
    scanner: Scanner,
    liveness: Liveness,
    /// The last thing put out is an ERROR.
    is_refusing: bool,
}

/// How far the connection has come.
#[derive(Debug)]
enum Phase {
    /// Until the peer has introduced itself. Boxed: it is large and short-lived.
    Handshake {
        state: Box<Handshake>,
        /// Until when it must end, whatever arrives.
        deadline: Option<u64>,
    },
    Established(Box<Peer>),
    Over(Error),
}

impl Connection {
    /// A connection whose transport has just come up. `now` is in nanoseconds of the caller's clock, as in all
    /// other calls.
    #[must_use]
    pub fn new(config: Arc<Config>, now: u64) -> Self {
        let mut output = Output::default();
        let state = Box::new(Handshake::start(&config, output.handshake_bytes()));
        let deadline = config
            .handshake_timeout
            .map(|timeout| now.saturating_add(nanos(timeout)));
        Self {
            output,
            phase: Phase::Handshake { state, deadline },
            scanner: Scanner::new(config.socket_type, config.limits),
            liveness: Liveness::default(),
            is_refusing: false,
            config,
        }
    }

    /// The bytes to send next. They may go out only between messages, and once part of them went out, the rest
    /// must follow before anything else.
    ///
    /// At most a greeting and a READY, afterwards a few short commands, however much the peer asks.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.bytes()
    }

    /// Whether the connection is over and `output` ends, or ended, with an ERROR that tells the peer why.
    #[must_use]
    pub const fn is_refusing(&self) -> bool {
        self.is_refusing
    }

    /// The first `bytes` of `output` were sent.
    ///
    /// # Panics
    /// There were not so many.
    pub fn output_sent(&mut self, bytes: usize) {
        self.output.sent(bytes);
    }

    /// Moves all of `output` to the end of `into`.
    pub fn take_output(&mut self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.output.bytes());
        self.output.sent(self.output.bytes().len());
    }

    /// Takes the handshake's part from the front of `input` and returns how many bytes that was: all of
    /// them, until the connection is established; then it stops exactly before the first byte of traffic.
    /// Takes nothing from an established connection.
    ///
    /// # Errors
    /// The peer broke a rule of the handshake, or refused us.
    pub fn handshake(&mut self, input: &[u8], now: u64) -> Result<usize, Error> {
        let state = match &mut self.phase {
            Phase::Handshake { state, .. } => state,
            Phase::Established(_) => return Ok(0),
            Phase::Over(error) => return Err(error.clone()),
        };
        match state.advance(&self.config, input, self.output.handshake_bytes()) {
            Ok((used, None)) => Ok(used),
            Ok((used, Some(peer))) => {
                let heartbeat = self
                    .config
                    .heartbeat
                    .filter(|_| peer.version.has_commands());
                let has_ping = peer.version.has_heartbeats();
                self.liveness = Liveness::start(heartbeat, has_ping, now);
                self.phase = Phase::Established(Box::new(peer));
                Ok(used)
            }
            Err(error) => {
                if let Some(reason) = error.reason_for_peer().filter(|_| state.has_commands()) {
                    Command::Error { reason }.encode(self.output.handshake_bytes());
                    self.is_refusing = true;
                }
                self.end(error)
            }
        }
    }

    /// Whether the handshake is over and traffic may flow.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.phase, Phase::Established(_))
    }

    /// The other end, once established.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        match &self.phase {
            Phase::Established(peer) => Some(peer),
            Phase::Handshake { .. } | Phase::Over(_) => None,
        }
    }

    /// How frames of traffic are laid out, once established.
    #[must_use]
    pub fn framing(&self) -> Option<Framing> {
        self.peer().map(|peer| peer.version.framing())
    }

    /// Finds the frames and messages in received traffic of v2 framing, answers commands, keeps the limits.
    ///
    /// `input` starts at a frame boundary. Call [`bytes_arrived`](Self::bytes_arrived) before, so that a
    /// PING's time-to-live counts from its arrival. Commands between messages stay in the stream for the reader to
    /// skip; those inside a message come alone ([`Scan::passed_over`]).
    ///
    /// # Errors
    /// The first frame breaks a rule, or is the peer's ERROR. What comes before such a frame is told first;
    /// see [`Scan::again`].
    ///
    /// # Panics
    /// The connection is not established, or has v1 framing.
    #[inline]
    pub fn scan(&mut self, input: &[u8]) -> Result<Scan, Error> {
        match &self.phase {
            Phase::Established(peer) => {
                assert!(
                    peer.version.framing() == Framing::V2,
                    "v1 frames are not scanned"
                );
            }
            Phase::Handshake { .. } => panic!("the handshake comes before traffic"),
            Phase::Over(error) => return Err(error.clone()),
        }
        let (output, liveness) = (&mut self.output, &mut self.liveness);
        let mut on_command = |command: Command<'_>| answer(command, output, liveness);
        match self.scanner.scan(input, &mut on_command) {
            Ok(scan) => Ok(scan),
            Err(error) => self.end(error),
        }
    }

    /// The next subscription or group that the last scan found. The next scan forgets those not fetched.
    pub fn next_event(&mut self) -> Option<Event> {
        self.scanner.next_event()
    }

    /// Sets the body size above which a scan stops and leaves the frame to the session.
    pub fn set_large_body_bytes(&mut self, bytes: usize) {
        self.scanner.set_large_body_bytes(bytes);
    }

    /// The session took the frame of [`Scan::next`], header and body, out of the stream; the next scan starts
    /// behind it. Says whether the frame ended a message. For a command use
    /// [`large_command_taken`](Self::large_command_taken).
    ///
    /// # Panics
    /// The header is not the one that the scan told.
    pub fn large_frame_taken(&mut self, header: FrameHeader) -> bool {
        self.scanner
            .account(header)
            .expect("the scan that told this header has checked it")
    }

    /// The session took a command out of the stream. Says what it asks for, if the socket must see it.
    ///
    /// # Errors
    /// As for [`scan`](Self::scan).
    pub fn large_command_taken(&mut self, body: &[u8]) -> Result<Option<EventKind>, Error> {
        let result =
            Command::decode(body).and_then(|command| match self.scanner.wanted(&command) {
                Some((kind, _)) => Ok(Some(kind)),
                None => answer(command, &mut self.output, &mut self.liveness).map(|()| None),
            });
        match result {
            Ok(kind) => Ok(kind),
            Err(error) => self.end(error),
        }
    }

    /// Counts a frame of v1 framing, whose header the session decoded, before its body is awaited. Says
    /// whether it ends a message.
    ///
    /// # Errors
    /// The frame breaks a limit.
    pub fn account_v1(&mut self, header: FrameHeader) -> Result<bool, Error> {
        if let Phase::Over(error) = &self.phase {
            return Err(error.clone());
        }
        match self.scanner.account(header) {
            Ok(ends) => Ok(ends),
            Err(error) => self.end(error),
        }
    }

    /// When [`handle_deadline`](Self::handle_deadline) wants to be called.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::Handshake { deadline, .. } => *deadline,
            Phase::Established(_) => self.liveness.deadline(),
            Phase::Over(_) => None,
        }
    }

    /// Does what is due: may put a PING out. Take what has arrived first, so that bytes already there are not
    /// held for silence.
    ///
    /// # Errors
    /// The handshake took too long, or the peer fell silent.
    pub fn handle_deadline(&mut self, now: u64) -> Result<(), Error> {
        match &self.phase {
            Phase::Handshake { deadline, .. } => {
                if deadline.is_some_and(|deadline| now >= deadline) {
                    return self.end(Error::HandshakeTimeout);
                }
            }
            Phase::Established(_) => match self.liveness.expire(now) {
                Ok(Some(ttl)) => self.output.ping(ttl),
                Ok(None) => {}
                Err(error) => return self.end(error),
            },
            Phase::Over(error) => return Err(error.clone()),
        }
        Ok(())
    }

    /// Bytes came from the peer, be it a part of a frame: it lives.
    pub fn bytes_arrived(&mut self, now: u64) {
        self.liveness.bytes_arrived(now);
    }

    /// The session stops reading for want of room (`false`), or reads again (`true`). Meanwhile the peer is
    /// not timed out, and gets PINGs of ours, at once and then at the rate of its own, since its PINGs wait unread.
    pub fn set_reading(&mut self, reading: bool, now: u64) {
        self.liveness.set_paused(!reading, now);
    }

    /// Ends the connection.
    fn end<T>(&mut self, error: Error) -> Result<T, Error> {
        self.phase = Phase::Over(error.clone());
        Err(error)
    }
}

/// Does what a command of traffic asks of the connection itself.
fn answer(command: Command<'_>, output: &mut Output, liveness: &mut Liveness) -> Result<(), Error> {
    match command {
        Command::Ping { ttl, context } => {
            liveness.peer_pinged(ttl);
            output.pong(context);
            Ok(())
        }
        Command::Error { reason } => Err(Error::PeerError(Reason::new(reason))),
        Command::Ready { .. } => Err(Error::UnexpectedCommand),
        _ => Ok(()),
    }
}
