//! Between the contract's addresses and the system's.

use std::io;
use std::path::PathBuf;

use ringmq_driver::{Address, UnixName};
use socket2::SockAddr;

/// # Errors
/// A path that is too long, a name that the host does not have, the unnamed address.
pub(crate) fn to_system(address: &Address) -> io::Result<SockAddr> {
    match address {
        Address::Tcp(address) => Ok(SockAddr::from(*address)),
        Address::Unix(UnixName::Path(path)) => SockAddr::unix(path),
        Address::Unix(UnixName::Abstract(name)) => abstract_name(name),
        Address::Unix(UnixName::Unnamed) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

pub(crate) fn from_system(address: &SockAddr) -> Option<Address> {
    if let Some(address) = address.as_socket() {
        return Some(Address::Tcp(address));
    }
    if !address.is_unix() {
        return None;
    }
    let name = if let Some(path) = address.as_pathname() {
        UnixName::Path(PathBuf::from(path))
    } else if let Some(name) = as_abstract_name(address) {
        UnixName::Abstract(name.to_vec())
    } else {
        UnixName::Unnamed
    };
    Some(Address::Unix(name))
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
fn abstract_name(name: &[u8]) -> io::Result<SockAddr> {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let mut bytes = Vec::with_capacity(1 + name.len());
    bytes.push(0);
    bytes.extend_from_slice(name);
    SockAddr::unix(OsString::from_vec(bytes))
}

#[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
fn abstract_name(_name: &[u8]) -> io::Result<SockAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
fn as_abstract_name(address: &SockAddr) -> Option<&[u8]> {
    address.as_abstract_namespace()
}

#[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
const fn as_abstract_name(_address: &SockAddr) -> Option<&[u8]> {
    None
}
