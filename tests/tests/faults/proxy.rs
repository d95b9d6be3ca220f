//! A TCP proxy that cuts connections where it is told to: after so many bytes, by a reset or an orderly end.
//!
//! It serves one connection at a time, as one PUSH makes them. Knows bytes, not ZeroMQ.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use socket2::SockRef;

/// The kernel's buffers on the proxy's side are as small as its peers', so that little is lost in them.
const KERNEL_BYTES: usize = 32 << 10;

/// Which bytes a cut counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the one who connects.
    Up,
    /// To the one who connects.
    Down,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// RST to both sides, in the middle of whatever they were doing.
    Reset,
    /// FIN to both sides.
    Finish,
}

/// One connection's fate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Whose bytes count.
    pub(crate) direction: Direction,
    /// How many of them pass.
    pub(crate) after_bytes: usize,
    pub(crate) end: End,
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) port: u16,
    /// Says so when all cuts are done and a connection passes whole.
    pub(crate) passes: Receiver<()>,
}

impl Proxy {
    /// Starts a proxy to a port of this host: the first connections suffer the cuts in turn, the next one passes.
    pub(crate) fn start(to: u16, cuts: Vec<Cut>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        SockRef::from(&listener)
            .set_recv_buffer_size(KERNEL_BYTES)
            .expect("a size may be asked for");
        let port = listener.local_addr().expect("it is bound").port();
        let (passing, passes) = mpsc::channel();
        thread::spawn(move || {
            for cut in cuts {
                serve(&listener, to, Some(cut));
            }
            // The test may have failed and gone.
            let _ = passing.send(());
            serve(&listener, to, None);
        });
        Self { port, passes }
    }
}

fn serve(listener: &TcpListener, to: u16, cut: Option<Cut>) {
    let (client, _) = listener.accept().expect("the listener stays open");
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).expect("the PULL lives");
    SockRef::from(&server)
        .set_send_buffer_size(KERNEL_BYTES)
        .expect("a size may be asked for");
    let mut passed = [0; 2];
    while cut.is_none_or(|cut| passed[cut.direction as usize] < cut.after_bytes) {
        let mut ready = [
            PollFd::new(&client, PollFlags::IN),
            PollFd::new(&server, PollFlags::IN),
        ];
        poll(&mut ready, None).expect("two sockets can be polled");
        let [up, down] = ready.map(|fd| !fd.revents().is_empty());
        let open = (!up || pass(&client, &server, Direction::Up, cut, &mut passed))
            && (!down || pass(&server, &client, Direction::Down, cut, &mut passed));
        if !open {
            return;
        }
    }
    match cut.map(|cut| cut.end) {
        Some(End::Reset) => {
            for stream in [&client, &server] {
                let linger = Some(Duration::ZERO);
                SockRef::from(stream)
                    .set_linger(linger)
                    .expect("it may be set on any socket");
            }
        }
        Some(End::Finish) => {
            for stream in [&client, &server] {
                finish(stream);
            }
        }
        None => {}
    }
}

/// Passes on what is there, up to the cut. Returns whether the connection goes on.
fn pass(
    mut from: &TcpStream,
    mut to: &TcpStream,
    direction: Direction,
    cut: Option<Cut>,
    passed: &mut [usize; 2],
) -> bool {
    let mut bytes = [0; 16 << 10];
    let counts = &mut passed[direction as usize];
    let most = match cut {
        Some(cut) if cut.direction == direction => bytes.len().min(cut.after_bytes - *counts),
        _ => bytes.len(),
    };
    if most == 0 {
        return true;
    }
    match from.read(&mut bytes[..most]) {
        Ok(0) | Err(_) => false,
        Ok(read) => {
            *counts += read;
            to.write_all(&bytes[..read]).is_ok()
        }
    }
}

/// Ends a stream in an orderly way: everything passed on can still be read.
fn finish(mut stream: &TcpStream) {
    // A peer that has already closed makes each of these fail, and is closed.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut bytes = [0; 4_096];
    while stream.read(&mut bytes).is_ok_and(|read| read > 0) {}
}
