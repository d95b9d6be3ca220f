//! The kernel's stream sockets without any protocol: the most that any messaging library can reach.
//!
//! A "message" here is a block of bytes without a frame around it. For throughput the parent asks for
//! blocks of several sizes and lets the best count.

use std::hint;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

use super::{Inlet, Outlet, PeerError, Sockets};

/// Bare sockets.
pub(super) struct Raw {
    spins: bool,
}

impl Raw {
    /// Sockets that wait in the kernel.
    pub(super) fn blocking() -> Self {
        Self { spins: false }
    }

    /// Sockets that never wait: whoever has nothing to do asks again.
    pub(super) fn spinning() -> Self {
        Self { spins: true }
    }
}

impl Sockets for Raw {
    type Outlet = RawOutlet;
    type Inlet = RawInlet;

    fn ran(&self) -> String {
        if self.spins {
            "sockets, spinning".into()
        } else {
            "sockets".into()
        }
    }

    fn bind(&mut self, endpoint: &str) -> Result<(RawInlet, String), PeerError> {
        let (listener, endpoint) = Listener::bind(endpoint)?;
        Ok((
            RawInlet {
                spins: self.spins,
                listener,
                stream: None,
            },
            endpoint,
        ))
    }

    fn connect(&mut self, endpoint: &str) -> Result<RawOutlet, PeerError> {
        let stream = Stream::connect(endpoint)?;
        stream.prepare(self.spins).map_err(PeerError::Raw)?;
        Ok(RawOutlet { stream })
    }
}

/// Writes blocks to a connection.
pub(super) struct RawOutlet {
    stream: Stream,
}

impl Outlet for RawOutlet {
    fn send(&mut self, block: &[u8]) -> Result<(), PeerError> {
        let mut sent = 0;
        while sent < block.len() {
            sent += retried(|| self.stream.write(&block[sent..]))?;
        }
        Ok(())
    }
}

/// Reads blocks from the connection it accepted.
pub(super) struct RawInlet {
    spins: bool,
    listener: Listener,
    stream: Option<Stream>,
}

impl Inlet for RawInlet {
    fn receive(&mut self, block: &mut [u8]) -> Result<usize, PeerError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let stream = self.listener.accept().map_err(PeerError::Raw)?;
                stream.prepare(self.spins).map_err(PeerError::Raw)?;
                empty.insert(stream)
            }
        };
        let mut received = 0;
        while received < block.len() {
            received += retried(|| stream.read(&mut block[received..]))?;
        }
        Ok(received)
    }
}

/// Repeats `call` while a spinning socket has nothing for it.
fn retried(mut call: impl FnMut() -> io::Result<usize>) -> Result<usize, PeerError> {
    loop {
        match call() {
            Ok(0) => return Err(PeerError::Raw(io::ErrorKind::UnexpectedEof.into())),
            Ok(bytes) => return Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => hint::spin_loop(),
            Err(error) => return Err(PeerError::Raw(error)),
        }
    }
}

/// Where connections arrive.
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    fn bind(endpoint: &str) -> Result<(Self, String), PeerError> {
        if let Some(address) = endpoint.strip_prefix("tcp://") {
            let address = address.replace(":*", ":0");
            let listener = TcpListener::bind(address).map_err(PeerError::Raw)?;
            let bound = listener.local_addr().map_err(PeerError::Raw)?;
            Ok((Self::Tcp(listener), format!("tcp://{bound}")))
        } else if let Some(path) = endpoint.strip_prefix("ipc://") {
            let listener = UnixListener::bind(path).map_err(PeerError::Raw)?;
            Ok((Self::Unix(listener), endpoint.to_owned()))
        } else {
            Err(PeerError::UnknownEndpoint)
        }
    }

    fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => Ok(Stream::Tcp(listener.accept()?.0)),
            Self::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }
}

/// A connection.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn connect(endpoint: &str) -> Result<Self, PeerError> {
        if let Some(address) = endpoint.strip_prefix("tcp://") {
            TcpStream::connect(address)
                .map(Self::Tcp)
                .map_err(PeerError::Raw)
        } else if let Some(path) = endpoint.strip_prefix("ipc://") {
            UnixStream::connect(path)
                .map(Self::Unix)
                .map_err(PeerError::Raw)
        } else {
            Err(PeerError::UnknownEndpoint)
        }
    }

    /// Sets the options that every peer's connections have.
    fn prepare(&self, spins: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_nonblocking(spins)
            }
            Self::Unix(stream) => stream.set_nonblocking(spins),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Unix(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
