//! A socket inside somebody else's event loop: here mio's, which waits for a stream of plain bytes, too.
//!
//! The loop waits for the socket's descriptor. It tells that something *may* have changed, once: after it fired, and
//! after each send and receive, ask `readiness` and go on until that says no. Only then wait again.
//!
//! Run it: `cargo run -p ringmq --example foreign_loop`

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use ringmq::{Context, Socket, SocketType, TryRecvError};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

const MESSAGES: Token = Token(0);
const BYTES: Token = Token(1);
const COUNT: usize = 1_000;

/// Takes what is there. Returns how many messages that were.
fn drain(socket: &mut Socket) -> Result<usize, TryRecvError> {
    let mut taken = 0;
    while socket.readiness().readable {
        match socket.try_recv() {
            Ok(_) => taken += 1,
            Err(TryRecvError::Empty) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

fn main() -> Outcome {
    let context = Context::new()?;
    let mut pull = context.socket(SocketType::Pull)?;
    let endpoint = pull.bind("tcp://127.0.0.1:*")?.to_string();
    let mut push = context.socket(SocketType::Push)?;
    push.connect(&endpoint)?;
    let (mut near, mut far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    let descriptor = pull.descriptor()?;
    poll.registry()
        .register(&mut SourceFd(&descriptor), MESSAGES, Interest::READABLE)?;
    poll.registry().register(
        &mut SourceFd(&std::os::fd::AsRawFd::as_raw_fd(&near)),
        BYTES,
        Interest::READABLE,
    )?;

    let sending = thread::spawn(move || -> Outcome {
        for number in 0..COUNT {
            push.send_bytes(&number.to_le_bytes())?;
        }
        far.write_all(b"all sent")?;
        Ok(())
    });

    // What came before the descriptor was watched rings no more.
    let mut messages = drain(&mut pull)?;
    let mut text = String::new();
    let mut ended = false;
    while messages < COUNT || !ended {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                MESSAGES => messages += drain(&mut pull)?,
                _ => match near.read_to_string(&mut text) {
                    Ok(_) => ended = true,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
    }
    sending.join().expect("the sender does not panic")?;
    println!("{messages} messages, and bytes that say \"{text}\"");
    Ok(())
}
