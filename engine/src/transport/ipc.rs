//! `ipc://path` and, on Linux, `ipc://@name` in the abstract namespace.

use std::path::PathBuf;

use ringmq_driver::{Address, UnixName};

use super::EndpointError;

/// sockaddr_un holds 108 bytes, one of which ends the path (unix(7)).
const PATH_BYTES_MAX: usize = 107;

/// The address that `rest` names, to listen at or to connect to.
pub(super) fn address(rest: &str) -> Result<Address, EndpointError> {
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
    fn abstract_names_exist_on_linux_only() {
        let address = address("@ringmq");
        if cfg!(all(target_os = "linux", not(ringmq_portable))) {
            assert_eq!(address.unwrap().to_string(), "ipc://@ringmq");
        } else {
            assert_eq!(address, Err(EndpointError::AbstractUnsupported));
        }
    }
}
