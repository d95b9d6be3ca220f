//! D10 where descriptors run out: an accept fails, the listener stops, and takes the connection when restarted.
//!
//! The one test of its program, because it takes all descriptors that the process may have.

use std::fs::File;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use ringmq_driver::conformance::{TestIn, TestOut};
use ringmq_driver::{Address, Completion, Driver, SocketOptions, Token, Wait};
use ringmq_shim_epoll::Shim;

/// More than any test host allows one process; beyond that there is no limit to test.
const DESCRIPTORS_MAX: usize = 200_000;

type Completions = Vec<Completion<TestOut, TestIn>>;

fn poll_for_one(shim: &mut Shim<TestOut, TestIn>, completions: &mut Completions) {
    let deadline = shim.now().after(Duration::from_secs(30));
    while completions.is_empty() {
        assert!(shim.now() < deadline, "no completion came");
        shim.poll(Wait::Until(deadline), completions)
            .expect("a working driver polls");
    }
}

#[test]
fn an_accept_without_a_descriptor_stops_the_listener_until_it_is_restarted() {
    let mut shim: Shim<TestOut, TestIn> = Shim::new().expect("descriptors suffice so far");
    let any = Address::Tcp((Ipv4Addr::LOCALHOST, 0).into());
    let (listener, real) = shim
        .listen(Token(1), &any, &SocketOptions::default())
        .expect("a port is free");
    let Address::Tcp(real) = real else {
        panic!("TCP was asked for");
    };
    let client = TcpStream::connect(real).expect("the listener has a backlog");

    let mut hoard = Vec::new();
    while hoard.len() < DESCRIPTORS_MAX
        && let Ok(file) = File::open("/dev/null")
    {
        hoard.push(file);
    }
    let mut completions = Vec::new();
    poll_for_one(&mut shim, &mut completions);
    let Some(Completion::Accepted { token, result }) = completions.pop() else {
        panic!("an accept was tried");
    };
    assert_eq!(token, Token(1));
    result.expect_err("no descriptor is left");

    // Stopped means silent: no second error, and no spinning.
    for _ in 0..10 {
        shim.poll(Wait::Now, &mut completions)
            .expect("a working driver polls");
        assert!(completions.is_empty());
        assert!(!shim.is_ready());
    }

    drop(hoard);
    shim.accept(listener);
    poll_for_one(&mut shim, &mut completions);
    let Some(Completion::Accepted { result, .. }) = completions.pop() else {
        panic!("the connection waited in the backlog");
    };
    let accepted = result.expect("descriptors suffice again");
    let local = client.local_addr().expect("it is connected");
    assert_eq!(shim.peer_address(accepted), Some(Address::Tcp(local)));
}
