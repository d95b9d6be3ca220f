//! The hot path: finds frame and message boundaries in received bytes of v2 framing, looking at headers only.
//!
//! The scanner owns where in a message the stream is, and the limits. It must not know who answers a command:
//! whole commands go to the caller's function, in stream order.

use std::collections::VecDeque;
use std::ops::Range;

use crate::event::{EVENTS_MAX, Event, EventKind, Form};
use crate::frame::{COMMAND, LONG, MORE};
use crate::limits::LARGE_BODY_BYTES_DEFAULT;
use crate::{Command, Error, FrameHeader, Framing, Limits, SocketType};

/// What a scan found at the front of its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Bytes of whole frames. The next scan's input starts behind them.
    pub frames: usize,
    /// Bytes up to the end of the last frame that ended a message, or was a command outside a message.
    pub complete: usize,
    /// Messages that ended within `frames`.
    pub messages: u32,
    /// Commands within `frames` that the socket must see: SUBSCRIBE and CANCEL for PUB and XPUB, JOIN and
    /// LEAVE for RADIO. They count against the high-water mark like messages.
    pub subscriptions: u32,
    /// The frame that starts at `frames`, if its header is there and the scan stopped before it: because its
    /// body is not all there, or because it is large.
    pub next: Option<NextFrame>,
    /// The scan stopped early: because [`EVENTS_MAX`] events wait, because the next frame breaks a rule, which
    /// the next scan will say, or at either end of a command inside a message. Call again with what follows
    /// `frames`; no new bytes are needed.
    pub again: bool,
    /// All of `frames` is one command inside an unfinished message, which has been answered and told. Do not keep
    /// it with the parts around it: no limit of a message counts it, so a peer could send such commands without
    /// end.
    pub passed_over: bool,
}

/// A frame that a scan stopped before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextFrame {
    /// What its header says; within all limits.
    pub header: FrameHeader,
    /// How many bytes the header takes in the input; the body follows.
    pub header_bytes: usize,
}

/// Where in a message the stream is.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    /// Parts of the unfinished message so far; zero outside a message.
    parts: u32,
    /// Bytes of those parts' bodies.
    bytes: u64,
}

/// Boundaries, limits and events of one connection's inbound stream.
#[derive(Debug)]
pub(crate) struct Scanner {
    position: Position,
    limits: Limits,
    /// Bodies above this many bytes are the session's to take.
    large_body_bytes: u64,
    /// A short single-part message can break no limit and is no event, so runs of them need no look.
    runs_are_plain: bool,
    keeps_subscriptions: bool,
    keeps_groups: bool,
    /// Events of the last scan that were not fetched; at most `EVENTS_MAX`.
    events: VecDeque<Event>,
}

impl Scanner {
    pub(crate) fn new(socket_type: SocketType, limits: Limits) -> Self {
        let mut scanner = Self {
            position: Position::default(),
            limits,
            large_body_bytes: 0,
            runs_are_plain: false,
            keeps_subscriptions: socket_type.keeps_subscriptions(),
            keeps_groups: socket_type.keeps_groups(),
            events: VecDeque::new(),
        };
        scanner.set_large_body_bytes(LARGE_BODY_BYTES_DEFAULT);
        scanner
    }

    pub(crate) fn set_large_body_bytes(&mut self, bytes: usize) {
        let short_max = u64::from(u8::MAX);
        self.large_body_bytes = bytes as u64;
        self.runs_are_plain = !self.keeps_subscriptions
            && self.large_body_bytes >= short_max
            && self
                .limits
                .frame_bytes_max
                .is_none_or(|max| max >= short_max)
            && self
                .limits
                .message_bytes_max
                .is_none_or(|max| max >= short_max)
            && self.limits.parts_max.is_none_or(|max| max >= 1);
    }

    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Scans `input`, which starts at a frame boundary. An error is told only when the frame that causes it
    /// is the first, so that what came before it is never lost, however the stream is cut.
    #[inline]
    pub(crate) fn scan(
        &mut self,
        input: &[u8],
        on_command: &mut impl FnMut(Command<'_>) -> Result<(), Error>,
    ) -> Result<Scan, Error> {
        self.events.clear();
        let mut scan = Scan::default();
        loop {
            if self.runs_are_plain && self.position.parts == 0 {
                skip_short_messages(input, &mut scan);
            }
            match self.step(input, &mut scan, on_command) {
                Ok(true) => {}
                Ok(false) => return Ok(scan),
                Err(error) if scan.frames == 0 => return Err(error),
                Err(_) => {
                    scan.again = true;
                    return Ok(scan);
                }
            }
        }
    }

    /// Takes the frame at `scan.frames`. Says whether to go on.
    #[inline]
    fn step(
        &mut self,
        input: &[u8],
        scan: &mut Scan,
        on_command: &mut impl FnMut(Command<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let start = scan.frames;
        let Some((header, header_bytes)) = FrameHeader::decode(Framing::V2, &input[start..])?
        else {
            return Ok(false);
        };
        let position = self.admit(header)?;
        let body_start = start + header_bytes;
        let left = (input.len() - body_start) as u64;
        if header.body_bytes > left || header.body_bytes > self.large_body_bytes {
            scan.next = Some(NextFrame {
                header,
                header_bytes,
            });
            return Ok(false);
        }
        // Cannot truncate: at most `left`, which is a usize.
        let end = body_start + header.body_bytes as usize;
        if self.keeps_subscriptions || header.command {
            if header.command && self.position.parts > 0 {
                // Alone in its scan, so that the session can leave it out of the run.
                scan.again = true;
                if start == 0 {
                    scan.subscriptions +=
                        u32::from(self.take_command(input, body_start..end, on_command)?);
                    scan.frames = end;
                    scan.passed_over = true;
                }
                return Ok(false);
            }
            if self.events.len() == EVENTS_MAX {
                scan.again = true;
                return Ok(false);
            }
            if header.command {
                scan.subscriptions +=
                    u32::from(self.take_command(input, body_start..end, on_command)?);
            } else {
                self.note_subscription_message(input, body_start..end);
            }
        }
        scan.frames = end;
        self.position = position;
        if position.parts == 0 {
            scan.complete = end;
            scan.messages += u32::from(!header.command);
        }
        Ok(true)
    }

    /// Checks a frame against the limits, and says where in a message the stream would be behind it.
    #[inline]
    fn admit(&self, header: FrameHeader) -> Result<Position, Error> {
        let body = header.body_bytes;
        if header.command {
            if self.limits.command_bytes_max.is_some_and(|max| body > max) {
                return Err(Error::CommandTooLarge { bytes: body });
            }
            return Ok(self.position);
        }
        if self.limits.frame_bytes_max.is_some_and(|max| body > max) {
            return Err(Error::FrameTooLarge { bytes: body });
        }
        let bytes = self.position.bytes.saturating_add(body);
        if self.limits.message_bytes_max.is_some_and(|max| bytes > max) {
            return Err(Error::MessageTooLarge { bytes });
        }
        let parts = self.position.parts.saturating_add(1);
        if self.limits.parts_max.is_some_and(|max| parts > max) {
            return Err(Error::TooManyParts);
        }
        Ok(if header.more {
            Position { parts, bytes }
        } else {
            Position::default()
        })
    }

    /// Takes a frame that the session walked or carried off itself. Says whether it ended a message.
    pub(crate) fn account(&mut self, header: FrameHeader) -> Result<bool, Error> {
        self.position = self.admit(header)?;
        Ok(!header.command && !header.more)
    }

    /// Takes a whole command. Says whether the socket must see it.
    fn take_command(
        &mut self,
        input: &[u8],
        body: Range<usize>,
        on_command: &mut impl FnMut(Command<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let command = Command::decode(&input[body.clone()])?;
        let Some((kind, topic)) = self.wanted(&command) else {
            on_command(command)?;
            return Ok(false);
        };
        let topic = body.end - topic.len()..body.end;
        self.events.push_back(Event {
            kind,
            form: Form::Command,
            topic,
        });
        Ok(true)
    }

    /// What a command asks of this type of socket, if anything.
    pub(crate) fn wanted<'a>(&self, command: &Command<'a>) -> Option<(EventKind, &'a [u8])> {
        match *command {
            Command::Subscribe { topic } if self.keeps_subscriptions => {
                Some((EventKind::Subscribe, topic))
            }
            Command::Cancel { topic } if self.keeps_subscriptions => {
                Some((EventKind::Cancel, topic))
            }
            Command::Join { group } if self.keeps_groups => Some((EventKind::Join, group)),
            Command::Leave { group } if self.keeps_groups => Some((EventKind::Leave, group)),
            _ => None,
        }
    }

    fn note_subscription_message(&mut self, input: &[u8], body: Range<usize>) {
        let kind = match input[body.clone()].first() {
            Some(1) => EventKind::Subscribe,
            Some(0) => EventKind::Cancel,
            _ => return,
        };
        let form = Form::Message {
            first_part: self.position.parts == 0,
        };
        self.events.push_back(Event {
            kind,
            form,
            topic: body.start + 1..body.end,
        });
    }
}

/// Passes over whole short single-part messages: the flood that the engine is built for.
///
/// Only the bits that matter are tested, so that reserved flags do not make a peer slow.
#[inline]
fn skip_short_messages(input: &[u8], scan: &mut Scan) {
    let mut at = scan.frames;
    let mut messages = 0;
    while let Some(&[flags, size]) = input.get(at..).and_then(|rest| rest.first_chunk::<2>()) {
        let end = at + 2 + usize::from(size);
        if flags & (MORE | LONG | COMMAND) != 0 || end > input.len() {
            break;
        }
        at = end;
        messages += 1;
    }
    if messages > 0 {
        scan.frames = at;
        scan.complete = at;
        scan.messages += messages;
    }
}
