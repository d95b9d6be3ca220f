//! A self-test through the shipped code: what a kernel, a sandbox or a back-port promises is tried once.
//!
//! It finds what no probe can: sandboxes that allow set-up but not enter, and kernels that accept an operation
//! and never complete it. It takes some tens of microseconds and at most [`LIMIT`].

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::time::Duration;

use ringmq_driver::{
    Completion, Demand, Driver, Incoming, Outgoing, Received, SLICES_MAX, Time, Token,
};
use socket2::{Domain, Socket, Type};

use super::enter::Patience;
use super::setup::{RingConfig, RingRefused};
use super::{Ring, StableIncoming, StableOutgoing};

/// How long the test may take.
const LIMIT: Duration = Duration::from_millis(100);

const SENDER: Token = Token(1);
const RECEIVER: Token = Token(2);
const GREETING: &[&[u8]] = &[b"ring", b"mq"];
const GREETING_BYTES: usize = 6;

/// Sends static bytes, in two ranges.
#[derive(Debug)]
struct Greeting;

impl Outgoing for Greeting {
    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES_MAX]) -> usize {
        for (slice, part) in slices.iter_mut().zip(GREETING) {
            *slice = IoSlice::new(part);
        }
        GREETING.len()
    }

    fn bytes(&self) -> usize {
        GREETING_BYTES
    }
}

// SAFETY: the bytes are static.
unsafe impl StableOutgoing for Greeting {}

/// The test lends no memory for receives; there is no value of this type.
#[derive(Debug)]
enum Never {}

impl Incoming for Never {
    fn space(&mut self) -> &mut [u8] {
        match *self {}
    }
}

// SAFETY: there is no value of this type.
unsafe impl StableIncoming for Never {}

/// What has been seen so far.
#[derive(Debug, Default)]
struct Seen {
    sent: bool,
    bytes: Vec<u8>,
}

/// Runs the test on a small ring of its own, with the flags of the real one.
///
/// # Errors
/// The step that failed.
pub(super) fn run(config: &RingConfig) -> Result<(), RingRefused> {
    let config = RingConfig {
        sq_entries: 8,
        cq_entries: 16,
        buffers: 2,
        buffer_bytes: 4096,
        registered_files_max: config.registered_files_max.min(4),
    };
    let mut ring = Ring::<Greeting, Never>::unchecked(&config)?;
    let until = ring.now().after(LIMIT);
    exchange(&mut ring, until)?;
    ring_the_bell(&mut ring, until)
}

/// A stream receive and a send over a pair of sockets.
fn exchange(ring: &mut Ring<Greeting, Never>, until: Time) -> Result<(), RingRefused> {
    let (near, far) =
        Socket::pair(Domain::UNIX, Type::STREAM, None).map_err(RingRefused::SelfTest)?;
    let sender = ring.adopt(SENDER, OwnedFd::from(near));
    let receiver = ring.adopt(RECEIVER, OwnedFd::from(far));
    ring.receive(receiver, Demand::Stream);
    // The receive is armed, and waits, before anything is sent.
    ring.turn(Patience::None).map_err(RingRefused::SelfTest)?;
    ring.send(sender, Greeting);
    let mut seen = Seen::default();
    while !seen.sent || seen.bytes.len() < GREETING_BYTES {
        let missing = if seen.sent { "receive" } else { "send" };
        for completion in step(ring, until, missing)? {
            seen.note(ring, completion).map_err(RingRefused::SelfTest)?;
        }
    }
    if seen.bytes != GREETING.concat() {
        return Err(RingRefused::Silent("receive of what was sent"));
    }
    Ok(())
}

impl Seen {
    fn note(
        &mut self,
        ring: &mut Ring<Greeting, Never>,
        completion: Completion<Greeting, Never>,
    ) -> io::Result<()> {
        match completion {
            Completion::Sent { result, .. } => self.sent = result? == GREETING_BYTES,
            Completion::Received { data, .. } => self.keep(ring, data),
            Completion::ReceiveEnded {
                end: ringmq_driver::End::Failed(error),
                ..
            } => return Err(error),
            _ => {}
        }
        Ok(())
    }

    fn keep(&mut self, ring: &mut Ring<Greeting, Never>, data: Received) {
        self.bytes.extend_from_slice(ring.received(&data));
        ring.release(data);
    }
}

/// The eventfd ends a wait.
fn ring_the_bell(ring: &mut Ring<Greeting, Never>, until: Time) -> Result<(), RingRefused> {
    ring.arm_bell();
    ring.turn(Patience::None).map_err(RingRefused::SelfTest)?;
    ring.bell.doorbell.write();
    while ring.bell.armed {
        step(ring, until, "wake")?;
    }
    Ok(())
}

/// Waits once for completions. A thread that was held up beyond the limit still looks once at what came
/// meanwhile: the limit is for the kernel.
fn step(
    ring: &mut Ring<Greeting, Never>,
    until: Time,
    missing: &'static str,
) -> Result<Vec<Completion<Greeting, Never>>, RingRefused> {
    let left = until.since(ring.now());
    let patience = if left.is_zero() {
        Patience::None
    } else {
        Patience::For(left)
    };
    let armed = ring.bell.armed;
    ring.turn(patience).map_err(RingRefused::SelfTest)?;
    let mut completions = Vec::new();
    ring.complete_all(&mut completions)
        .map_err(RingRefused::SelfTest)?;
    let progressed = !completions.is_empty() || armed != ring.bell.armed;
    if left.is_zero() && !progressed {
        return Err(RingRefused::Silent(missing));
    }
    Ok(completions)
}
