//! Several engines in one context: peers are shared out among them, and the socket's owner does not notice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ringmq::{Context, ContextError, DriverChoice, OptionError, Socket, SocketType};

/// Only Linux has the ring.
const DRIVERS: &[DriverChoice] = if cfg!(all(target_os = "linux", not(ringmq_portable))) {
    &[DriverChoice::Ring, DriverChoice::Shim]
} else {
    &[DriverChoice::Shim]
};
const PATIENCE: Duration = Duration::from_secs(60);
const PEERS: usize = 12;

fn socket(context: &Context, socket_type: SocketType) -> Socket {
    let mut socket = context.socket(socket_type).unwrap();
    // Whichever of them the type has.
    let _ = socket.set_send_timeout(Some(PATIENCE));
    let _ = socket.set_receive_timeout(Some(PATIENCE));
    let _ = socket.set_linger(Some(PATIENCE));
    socket
}

fn three_engines(driver: DriverChoice) -> Context {
    Context::builder()
        .driver(driver)
        .engines(3)
        .build()
        .unwrap()
}

#[test]
fn peers_are_shared_out_evenly_and_each_gets_its_answer() {
    for driver in DRIVERS {
        let servers = three_engines(*driver);
        let mut router = socket(&servers, SocketType::Router);
        let endpoint = router.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let clients = three_engines(*driver);
        let mut dealers: Vec<Socket> = (0..PEERS)
            .map(|_| {
                let mut dealer = socket(&clients, SocketType::Dealer);
                dealer.connect(&endpoint).unwrap();
                dealer
            })
            .collect();
        assert_eq!(clients.peers_of_engines(), [PEERS / 3; 3], "{driver:?}");
        for round in 0..20_u32 {
            for dealer in &mut dealers {
                dealer.send(&round.to_le_bytes()).unwrap();
            }
            for _ in 0..PEERS {
                let request = router.recv_multipart().unwrap();
                router.send_multipart(request).unwrap();
            }
            for dealer in &mut dealers {
                assert_eq!(&dealer.recv().unwrap()[..], round.to_le_bytes());
            }
        }
        assert_eq!(servers.peers_of_engines(), [PEERS / 3; 3], "{driver:?}");
        drop((dealers, clients));
        assert_eq!(router.statistics().connections, PEERS as u64);
    }
}

#[test]
fn a_socket_with_an_affinity_has_all_its_peers_at_the_engines_it_names() {
    for driver in DRIVERS {
        let context = three_engines(*driver);
        let mut pull = socket(&context, SocketType::Pull);
        pull.set_affinity(0b100).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut push = socket(&context, SocketType::Push);
        push.set_affinity(0b011).unwrap();
        for _ in 0..4 {
            push.connect(&endpoint).unwrap();
        }
        for _ in 0..4 {
            push.send("to each in turn").unwrap();
        }
        for _ in 0..4 {
            pull.recv().unwrap();
        }
        assert_eq!(context.peers_of_engines(), [2, 2, 4], "{driver:?}");
        push.disconnect(&endpoint).unwrap();
        pull.unbind(&endpoint).unwrap();
        assert_eq!(pull.set_affinity(0b1000), Err(OptionError::NoSuchEngine));
    }
}

#[test]
fn an_engine_is_pinned_to_each_core_that_is_named() {
    let Some(first) = core_affinity::get_core_ids()
        .unwrap_or_default()
        .first()
        .copied()
    else {
        return;
    };
    for driver in DRIVERS {
        let context = Context::builder()
            .driver(*driver)
            .cores([first.id, first.id])
            .build()
            .unwrap();
        assert_eq!(context.peers_of_engines(), [0, 0]);
        let mut pull = socket(&context, SocketType::Pull);
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap().to_string();
        let mut push = socket(&context, SocketType::Push);
        push.connect(&endpoint).unwrap();
        push.send("hello").unwrap();
        assert_eq!(&pull.recv().unwrap()[..], b"hello");
    }
}

#[test]
fn a_context_without_engines_is_refused() {
    let refused = Context::builder().engines(0).build();
    assert!(matches!(refused, Err(ContextError::Engines(0))));
    let refused = Context::builder().engines(1_025).build();
    assert!(matches!(refused, Err(ContextError::Engines(1_025))));
}

#[test]
fn a_core_that_is_not_there_is_refused_although_others_are() {
    for driver in DRIVERS {
        let refused = Context::builder().driver(*driver).cores([0, 5_000]).build();
        assert!(matches!(refused, Err(ContextError::Core(5_000))));
    }
}
