//! An independent decoder: reads a stream one byte at a time into owned frames, and only then thinks about
//! them. It shares no code with the crate and is the oracle for its scanner.

use ringmq_wire::{Error, EventKind, Form, Limits, SocketType};

/// What a stream comes to, however it was cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Bytes of whole frames.
    pub(crate) frames: usize,
    /// Bytes up to the last frame that ended a message or was a command outside one.
    pub(crate) complete: usize,
    /// Messages that ended.
    pub(crate) messages: u32,
    /// Bytes of the frames that are commands inside a message and not large: nobody is to keep them.
    pub(crate) passed_over: usize,
    /// Commands that the socket must see.
    pub(crate) subscriptions: u32,
    /// Subscriptions and groups in frames that were not large.
    pub(crate) events: Vec<(EventKind, Form, Vec<u8>)>,
    /// The PONG that the last PING asks for, its context only.
    pub(crate) last_pong: Option<Vec<u8>>,
    /// Why the stream ended, if it did.
    pub(crate) error: Option<Error>,
}

/// A frame of v2 framing.
struct Frame {
    more: bool,
    command: bool,
    /// The size that the header claims.
    size: u64,
    /// `None` if the stream ends before it is whole.
    body: Option<Vec<u8>>,
}

/// Reads frames off a stream, a byte at a time.
struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u64> {
        self.0.next().map(|&byte| u64::from(byte))
    }

    /// `None` if not even the header is whole.
    fn frame(&mut self) -> Option<Frame> {
        let flags = self.byte()?;
        let mut size = self.byte()?;
        if (flags >> 1) % 2 == 1 {
            for _ in 0..7 {
                size = size * 256 + self.byte()?;
            }
        }
        let mut body = Some(Vec::new());
        let mut missing = size;
        while let Some(bytes) = &mut body
            && missing > 0
        {
            match self.byte() {
                Some(byte) => bytes.push(byte as u8),
                None => body = None,
            }
            missing -= 1;
        }
        Some(Frame {
            more: flags % 2 == 1,
            command: (flags >> 2) % 2 == 1,
            size,
            body,
        })
    }
}

/// The oracle's view of a stream of traffic.
pub(crate) fn tell(
    stream: &[u8],
    own: SocketType,
    limits: &Limits,
    large_body_bytes: usize,
) -> Told {
    let mut told = Told::default();
    let mut bytes = Bytes(stream.iter());
    let mut parts: Vec<u64> = Vec::new();
    while told.error.is_none()
        && let Some(frame) = bytes.frame()
    {
        let before = told.frames;
        told.error = header_fault(&frame, &parts, limits);
        let (None, Some(body)) = (&told.error, &frame.body) else {
            break;
        };
        let is_large = body.len() > large_body_bytes;
        let ends = if frame.command {
            match command(body, own) {
                Err(error) => {
                    told.error = Some(error);
                    break;
                }
                Ok(Asks::Nothing) => {}
                Ok(Asks::Pong(context)) => told.last_pong = Some(context),
                Ok(Asks::Topic(kind, topic)) => {
                    told.subscriptions += 1;
                    if !is_large {
                        told.events.push((kind, Form::Command, topic));
                    }
                }
            }
            parts.is_empty()
        } else {
            if let (Some((&first @ (0 | 1), topic)), "PUB" | "XPUB", false) =
                (body.split_first(), own.name(), is_large)
            {
                let kind = if first == 1 {
                    EventKind::Subscribe
                } else {
                    EventKind::Cancel
                };
                let form = Form::Message {
                    first_part: parts.is_empty(),
                };
                told.events.push((kind, form, topic.to_vec()));
            }
            parts.push(frame.size);
            if !frame.more {
                parts.clear();
                told.messages += 1;
            }
            parts.is_empty()
        };
        told.frames = stream.len() - bytes.0.len();
        if frame.command && !parts.is_empty() && !is_large {
            told.passed_over += told.frames - before;
        }
        if ends {
            told.complete = told.frames;
        }
    }
    told
}

/// What is wrong with a frame by its header alone.
fn header_fault(frame: &Frame, parts: &[u64], limits: &Limits) -> Option<Error> {
    if frame.size >= 1 << 63 {
        return Some(Error::BadFrameSize { bytes: frame.size });
    }
    if frame.command {
        if frame.more {
            return Some(Error::MalformedCommand);
        }
        let over = limits.command_bytes_max.is_some_and(|max| frame.size > max);
        return over.then_some(Error::CommandTooLarge { bytes: frame.size });
    }
    if limits.frame_bytes_max.is_some_and(|max| frame.size > max) {
        return Some(Error::FrameTooLarge { bytes: frame.size });
    }
    let total = parts.iter().map(|&bytes| u128::from(bytes)).sum::<u128>() + u128::from(frame.size);
    let bytes = u64::try_from(total).unwrap_or(u64::MAX);
    if limits.message_bytes_max.is_some_and(|max| bytes > max) {
        return Some(Error::MessageTooLarge { bytes });
    }
    let over = limits
        .parts_max
        .is_some_and(|max| parts.len() >= max as usize);
    over.then_some(Error::TooManyParts)
}

/// What a command wants to be done.
enum Asks {
    Nothing,
    Pong(Vec<u8>),
    Topic(EventKind, Vec<u8>),
}

fn command(body: &[u8], own: SocketType) -> Result<Asks, Error> {
    let name_bytes = body.first().map_or(0, |&bytes| usize::from(bytes));
    if name_bytes == 0 || body.len() < 1 + name_bytes {
        return Err(Error::MalformedCommand);
    }
    let name = std::str::from_utf8(&body[1..=name_bytes]).unwrap_or("?");
    let data = &body[1 + name_bytes..];
    let topic = |kind| Ok(Asks::Topic(kind, data.to_vec()));
    match (name, own.name()) {
        ("SUBSCRIBE", "PUB" | "XPUB") => topic(EventKind::Subscribe),
        ("CANCEL", "PUB" | "XPUB") => topic(EventKind::Cancel),
        ("JOIN", "RADIO") => topic(EventKind::Join),
        ("LEAVE", "RADIO") => topic(EventKind::Leave),
        ("READY", _) => Err(Error::UnexpectedCommand),
        ("PING", _) if data.len() < 2 => Err(Error::MalformedCommand),
        ("PING", _) => Ok(Asks::Pong(data[2..].iter().copied().take(16).collect())),
        ("ERROR", _) => Err(peer_error(data)),
        _ => Ok(Asks::Nothing),
    }
}

fn peer_error(data: &[u8]) -> Error {
    match data {
        [bytes, rest @ ..] if rest.len() >= usize::from(*bytes) => {
            Error::PeerError(ringmq_wire::Reason::new(&rest[..usize::from(*bytes)]))
        }
        _ => Error::MalformedCommand,
    }
}
