//! A socket that always has bytes to read must not keep the poller from being asked about the others.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use ringmq_driver::conformance::{TestIn, TestOut};
use ringmq_driver::{Address, Completion, Demand, Driver, SocketOptions, Token, Wait};
use ringmq_shim_epoll::Shim;

const FLOOD: Token = Token(1);
const QUIET: Token = Token(2);
/// The driver lives on what it knows for a few polls at most; more than that is starving.
const POLLS_MAX: usize = 20;

type TestShim = Shim<TestOut, TestIn>;

/// A connection whose far end belongs to no driver, so that it can always be filled again.
fn accepted(shim: &mut TestShim, real: &Address, token: Token) -> TcpStream {
    let Address::Tcp(real) = *real else {
        panic!("TCP was asked for");
    };
    let far = TcpStream::connect(real).expect("the listener has a backlog");
    far.set_nonblocking(true).expect("a socket can be made so");
    let mut completions = Vec::new();
    let deadline = shim.now().after(Duration::from_secs(30));
    while completions.is_empty() {
        assert!(shim.now() < deadline, "no accept came");
        shim.poll(Wait::Until(deadline), &mut completions)
            .expect("a working driver polls");
    }
    let Some(Completion::Accepted { result, .. }) = completions.pop() else {
        panic!("nothing else is going on");
    };
    let id = result.expect("descriptors suffice");
    shim.set_token(id, token);
    shim.receive(id, Demand::Stream);
    far
}

#[test]
fn a_flood_that_never_ends_does_not_hide_a_quiet_socket() {
    let mut shim: TestShim = Shim::new().expect("descriptors suffice");
    let any = Address::Tcp((Ipv4Addr::LOCALHOST, 0).into());
    let (_, real) = shim
        .listen(Token(0), &any, &SocketOptions::default())
        .expect("a port is free");
    let mut flood = accepted(&mut shim, &real, FLOOD);
    let mut quiet = accepted(&mut shim, &real, QUIET);
    let bytes = vec![0; 1 << 20];
    let mut completions = Vec::new();
    for _ in 0..50 {
        quiet.write_all(b"q").expect("the socket has room");
        let mut polls = 0;
        let mut is_heard = false;
        while !is_heard {
            // Until its buffers are full: the driver never sees the end of them.
            while flood.write(&bytes).is_ok() {}
            polls += 1;
            assert!(polls <= POLLS_MAX, "the flood hides the quiet socket");
            shim.poll(Wait::Now, &mut completions)
                .expect("a working driver polls");
            for completion in completions.drain(..) {
                if let Completion::Received { token, data } = completion {
                    is_heard |= token == QUIET;
                    shim.release(data);
                }
            }
        }
    }
}
