//! The shim keeps the driver contract: over TCP, and over unix sockets of each sort that the host has.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Mutex;

use ringmq_driver::conformance::{Subject, TestIn, TestOut};
use ringmq_driver::{Address, UnixName};
use ringmq_shim_epoll::Shim;

struct Epoll;

impl Subject for Epoll {
    type Driver = Shim<TestOut, TestIn>;

    fn driver(&self) -> Self::Driver {
        Shim::new().expect("descriptors suffice")
    }

    fn addresses(&self) -> Vec<Address> {
        let number = next_number();
        let mut addresses = vec![
            Address::Tcp((Ipv4Addr::LOCALHOST, 0).into()),
            Address::Unix(UnixName::Path(path(number))),
        ];
        if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            addresses.push(Address::Tcp((Ipv6Addr::LOCALHOST, 0).into()));
        }
        if cfg!(all(target_os = "linux", not(ringmq_portable))) {
            let name = format!("ringmq-shim-{}-{number}", std::process::id());
            addresses.push(Address::Unix(UnixName::Abstract(name.into_bytes())));
        }
        addresses
    }
}

/// Tests run on several threads of this process.
fn next_number() -> u64 {
    static NUMBER: Mutex<u64> = Mutex::new(0);
    let mut number = NUMBER.lock().expect("counting does not panic");
    *number += 1;
    *number
}

fn path(number: u64) -> PathBuf {
    std::env::temp_dir().join(format!("ringmq-shim-{}-{number}.sock", std::process::id()))
}

ringmq_driver::conformance_suite!(Epoll);
