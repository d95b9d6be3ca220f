//! The conformance suite of the drivers, on roomy and on tiny rings.

use ringmq_driver::conformance::{Subject, TestIn, TestOut};
use ringmq_driver::{Address, UnixName};

use super::super::{Ring, RingConfig, StableIncoming, StableOutgoing};
use super::{fresh_name, fresh_path};

// SAFETY: the pieces are vectors, which keep their memory in place when they are moved; nothing writes them.
unsafe impl StableOutgoing for TestOut {}

// SAFETY: the memory is that of a vector, which keeps it in place when it is moved; it is read only after the
// value came back.
unsafe impl StableIncoming for TestIn {}

/// The ring, with sizes of choice.
struct Rings(RingConfig);

impl Subject for Rings {
    type Driver = Ring<TestOut, TestIn>;

    fn driver(&self) -> Self::Driver {
        Ring::new(&self.0).expect("this kernel runs the ring")
    }

    fn addresses(&self) -> Vec<Address> {
        vec![
            Address::Tcp("127.0.0.1:0".parse().expect("an address")),
            Address::Tcp("[::1]:0".parse().expect("an address")),
            Address::Unix(UnixName::Path(fresh_path())),
            Address::Unix(UnixName::Abstract(fresh_name().into_bytes())),
        ]
    }
}

mod roomy {
    use super::{RingConfig, Rings};

    ringmq_driver::conformance_suite!(Rings(RingConfig::default()));
}

/// Every shortage at once: the queues overflow, submissions find no room, buffers run out.
mod tiny {
    use super::{RingConfig, Rings};

    ringmq_driver::conformance_suite!(Rings(RingConfig {
        sq_entries: 4,
        cq_entries: 8,
        buffers: 2,
        buffer_bytes: 4096,
        registered_files_max: 2,
    }));
}
