//! Where a stream socket listens or connects: numbers and names that need no look-up.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A resolved address of a stream socket. Turning host names into numbers is not a driver's work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// TCP over IPv4 or IPv6. Port 0 lets the kernel choose when listening.
    Tcp(SocketAddr),
    /// A unix-domain stream socket.
    Unix(UnixName),
}

/// The name of a unix-domain socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixName {
    /// A path in the file system.
    Path(PathBuf),
    /// A name in Linux's abstract namespace, without the leading zero byte. Other hosts refuse it.
    Abstract(Vec<u8>),
    /// The unnamed end of a connection: what a peer that did not bind is called.
    Unnamed,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Unix(UnixName::Path(path)) => write!(f, "ipc://{}", path.display()),
            Self::Unix(UnixName::Abstract(name)) => {
                write!(f, "ipc://@{}", String::from_utf8_lossy(name))
            }
            Self::Unix(UnixName::Unnamed) => f.write_str("ipc://"),
        }
    }
}
