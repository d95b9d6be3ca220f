//! Unix sockets by wildcard, by path and by abstract name, and what is left of them.

use std::path::PathBuf;
use std::time::Duration;

use ringmq::{ConnectError, Context, DriverChoice, EndpointError, SocketType};

const PATIENCE: Duration = Duration::from_secs(60);

/// Only Linux has the ring.
const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

#[test]
fn a_wildcard_gets_a_path_of_its_own_which_goes_with_its_bind() {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        let mut pull = context.socket(SocketType::Pull).unwrap();
        pull.set_receive_timeout(Some(PATIENCE)).unwrap();
        let endpoint = pull.bind("ipc://*").unwrap();
        let other = pull.bind("ipc://*").unwrap();
        assert_ne!(endpoint, other);
        let path = PathBuf::from(endpoint.path().unwrap());
        assert!(path.exists());

        let mut push = context.socket(SocketType::Push).unwrap();
        push.connect(&endpoint.to_string()).unwrap();
        push.send("hello").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"hello");
        pull.unbind(&endpoint.to_string()).unwrap();
        assert!(!path.exists());
        let wildcard = push.connect("ipc://*");
        assert!(matches!(
            wildcard,
            Err(ConnectError::Endpoint(EndpointError::WildcardPeer))
        ));
    }
}
