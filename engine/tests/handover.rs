//! A routing id that is taken over: its old holder is not left connected and deaf.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ringmq::{Context, DriverChoice, Socket, SocketType};

const PATIENCE: Duration = Duration::from_secs(60);

/// Only Linux has the ring.
const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};

fn dealer(context: &Context, endpoint: &str) -> Socket {
    let mut dealer = context.socket(SocketType::Dealer).unwrap();
    dealer.set_receive_timeout(Some(PATIENCE)).unwrap();
    dealer.set_routing_id("the same").unwrap();
    // Once it is let go of, it must not take the id back while the test looks.
    dealer.set_reconnect_interval(PATIENCE, PATIENCE);
    dealer.connect(endpoint).unwrap();
    dealer
}

#[test]
fn a_newcomer_takes_a_routing_id_over_and_its_old_holder_is_disconnected() {
    for driver in DRIVERS {
        let context = Context::builder().driver(*driver).build().unwrap();
        let mut router = context.socket(SocketType::Router).unwrap();
        router.set_receive_timeout(Some(PATIENCE)).unwrap();
        router.set_router_handover(true).unwrap();
        let endpoint = router.bind("tcp://127.0.0.1:*").unwrap().to_string();

        let mut old = dealer(&context, &endpoint);
        old.send("from the old one").unwrap();
        assert_eq!(&router.recv_multipart().unwrap()[0][..], b"the same");
        let mut new = dealer(&context, &endpoint);
        new.send("from the new one").unwrap();
        let message = router.recv_multipart().unwrap();
        assert_eq!(&message[1][..], b"from the new one");

        router.send_multipart(vec!["the same", "hello"]).unwrap();
        assert_eq!(&new.recv().unwrap()[..], b"hello");
        while old.statistics().disconnects == 0 {
            old.readiness();
            std::thread::yield_now();
        }
        assert_eq!(new.statistics().disconnects, 0);
    }
}
