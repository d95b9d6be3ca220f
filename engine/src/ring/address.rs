//! Socket addresses in the system's form, and unix paths that are made on bind and removed on close.
//!
//! Knows nothing of the ring. A stale socket file is removed only if it is a socket and nobody answers on it; a
//! path is removed at the end only if it still names what we bound.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use ringmq_driver::{Address, UnixName};
use socket2::{Domain, SockAddr, Socket, Type};

/// The system's form of an address.
///
/// # Errors
/// `InvalidInput` for a name that is too long or has no system form.
pub(super) fn to_system(address: &Address) -> io::Result<SockAddr> {
    match address {
        Address::Tcp(address) => Ok(SockAddr::from(*address)),
        Address::Unix(UnixName::Path(path)) => {
            if path.as_os_str().is_empty() || path.as_os_str().as_bytes().contains(&0) {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            SockAddr::unix(path)
        }
        Address::Unix(UnixName::Abstract(name)) => {
            let mut path = Vec::with_capacity(name.len() + 1);
            path.push(0);
            path.extend_from_slice(name);
            SockAddr::unix(Path::new(std::ffi::OsStr::from_bytes(&path)))
        }
        Address::Unix(UnixName::Unnamed) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// The contract's form of an address, where it has one.
pub(super) fn from_system(address: &SockAddr) -> Option<Address> {
    if let Some(address) = address.as_socket() {
        return Some(Address::Tcp(address));
    }
    if !address.is_unix() {
        return None;
    }
    Some(Address::Unix(if let Some(path) = address.as_pathname() {
        UnixName::Path(path.to_path_buf())
    } else if let Some(name) = address.as_abstract_namespace() {
        UnixName::Abstract(name.to_vec())
    } else {
        UnixName::Unnamed
    }))
}

/// A path that a listener made. Dropping it removes the path, if it still names the same socket.
#[derive(Debug)]
pub(super) struct BoundPath {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl BoundPath {
    /// Notes a path that was just bound.
    fn of(path: &Path) -> io::Result<Self> {
        let made = std::fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            device: made.dev(),
            inode: made.ino(),
        })
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        let still_ours = std::fs::symlink_metadata(&self.path)
            .is_ok_and(|now| now.dev() == self.device && now.ino() == self.inode);
        if still_ours {
            // Somebody else may remove it first; then there is nothing left to do.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Binds a socket to an address; returns the path that this made, if any.
///
/// # Errors
/// Those of bind(2).
pub(super) fn bind(
    socket: &Socket,
    address: &Address,
    system: &SockAddr,
) -> io::Result<Option<BoundPath>> {
    let Address::Unix(UnixName::Path(path)) = address else {
        return socket.bind(system).map(|()| None);
    };
    match socket.bind(system) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path, system) => {
            std::fs::remove_file(path)?;
            socket.bind(system)?;
        }
        outcome => outcome?,
    }
    BoundPath::of(path).map(Some)
}

/// Whether a path is a socket that refuses a connect: its owner is gone. (A plain file refuses as well, so the
/// type is checked first.)
fn is_stale(path: &Path, system: &SockAddr) -> bool {
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if !is_socket {
        return false;
    }
    // Non-blocking, so that a listener with a full backlog cannot hold us.
    Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)
        .and_then(|probe| probe.connect(system))
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
