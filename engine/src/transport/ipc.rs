//! `ipc://path`, `ipc://*`, and on Linux `ipc://@name` in the abstract namespace.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::{env, process};

use ringmq_driver::{Address, UnixName};

use super::EndpointError;

/// sockaddr_un holds 108 bytes, one of which ends the path (unix(7)).
const PATH_BYTES_MAX: usize = 107;

/// The address to listen at: `*` is a fresh name in the directory for temporary files.
pub(super) fn listening(rest: &str) -> Result<Address, EndpointError> {
    if rest != "*" {
        return address(rest);
    }
    // Names need only differ: should this one be taken, the bind says so.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(process::id());
    let name = format!("ringmq-{:016x}", hasher.finish());
    let path = env::temp_dir().join(name);
    address(&path.to_string_lossy())
}

/// The address to connect to.
pub(super) fn peer(rest: &str) -> Result<Address, EndpointError> {
    if rest == "*" {
        return Err(EndpointError::WildcardPeer);
    }
    address(rest)
}

/// The address that `rest` names.
fn address(rest: &str) -> Result<Address, EndpointError> {
    if rest.is_empty() || rest == "@" {
        return Err(EndpointError::NoPath);
    }
    if rest.contains('\0') {
        return Err(EndpointError::NoPath);
    }
    if rest.len() > PATH_BYTES_MAX {
        return Err(EndpointError::PathTooLong);
    }
    match rest.strip_prefix('@') {
        Some(name) => abstract_name(name),
        None => Ok(Address::Unix(UnixName::Path(PathBuf::from(rest)))),
    }
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
fn abstract_name(name: &str) -> Result<Address, EndpointError> {
    Ok(Address::Unix(UnixName::Abstract(name.as_bytes().to_vec())))
}

#[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
fn abstract_name(_name: &str) -> Result<Address, EndpointError> {
    Err(EndpointError::AbstractUnsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_as_they_are() {
        let address = address("/run/ringmq.sock").unwrap();
        assert_eq!(address.to_string(), "ipc:///run/ringmq.sock");
    }

    #[test]
    fn a_path_that_fits_no_unix_socket_is_refused() {
        assert!(address(&"x".repeat(107)).is_ok());
        assert_eq!(address(&"x".repeat(108)), Err(EndpointError::PathTooLong));
        assert_eq!(address(""), Err(EndpointError::NoPath));
    }

    #[test]
    fn a_wildcard_is_a_fresh_path_to_listen_at_and_nowhere_to_connect_to() {
        let (one, other) = (listening("*").unwrap(), listening("*").unwrap());
        assert_ne!(one, other);
        let text = one.to_string();
        let directory = env::temp_dir();
        assert!(
            text.starts_with(&format!("ipc://{}", directory.display())),
            "{text}"
        );
        assert_eq!(peer("*"), Err(EndpointError::WildcardPeer));
    }

    #[test]
    fn abstract_names_exist_on_linux_only() {
        let address = address("@ringmq");
        if cfg!(all(target_os = "linux", not(ringmq_portable))) {
            assert_eq!(address.unwrap().to_string(), "ipc://@ringmq");
        } else {
            assert_eq!(address, Err(EndpointError::AbstractUnsupported));
        }
    }
}
