//! Whole processes that die, stop, close, vanish and have their connections cut, on each driver.
//!
//! Every scenario ends the same way: messages flow again, none is torn, none comes twice, each connection kept its
//! order, and the ledger closes (`ledger.rs`).

mod closing;
mod cuts;
mod kills;
mod ledger;
mod proxy;
mod stops;
#[path = "../support_peer/mod.rs"]
mod support_peer;

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use ledger::Log;
use support_peer::{Peer, last_number};

/// A PULL process and the log it writes.
#[derive(Debug)]
struct Pull {
    peer: Peer,
    log: Log,
}

impl Pull {
    /// Starts a PULL; `attach` is `bind=...` or `connect=...`.
    fn start(driver: &str, attach: &str) -> Self {
        let log = Log::new();
        let peer = Peer::start(
            "pull",
            driver,
            &[attach, &format!("log={}", log.path().display())],
        );
        peer.expect("ready");
        Self { peer, log }
    }

    /// Kills it; what it had logged stays.
    fn kill(self) -> Log {
        self.peer.kill();
        self.log
    }

    /// Waits until it has received the next marker of a sender.
    fn await_marker(&self, sender: u32) {
        self.peer.expect(&format!("marker {sender} "));
    }
}

/// Starts a PUSH; `attach` is `bind=...` or `connect=...`.
fn start_push(driver: &str, sender: u32, attach: &str) -> Peer {
    let push = Peer::start("push", driver, &[attach, &format!("sender={sender}")]);
    push.expect("ready");
    push
}

/// Stops a sender; nothing follows the marker that it sends then.
fn finish_sending(push: &mut Peer) {
    push.say("hold");
    push.expect("sent ");
    push.say("marker");
}

/// Sends markers until each receiver has got one: whatever was queued for it before has arrived by then.
fn mark_everyone(push: &mut Peer, receivers: &[&Pull]) {
    let mut unmarked = receivers.to_vec();
    while !unmarked.is_empty() {
        push.say("marker");
        unmarked.retain(|pull| {
            pull.peer
                .expect_within("marker ", Duration::from_millis(30))
                .is_none()
        });
    }
}

/// Waits until a sender has been refused so often at the same count that it is not merely slow; returns the count.
fn stalled(push: &Peer) -> u64 {
    const REFUSALS: u32 = 10;
    push.forget_lines();
    let (mut count, mut refusals) = (0, 0);
    while refusals < REFUSALS {
        let refused = last_number(&push.expect("blocked "));
        refusals = if refused == count { refusals + 1 } else { 0 };
        count = refused;
    }
    count
}

/// A TCP port that nobody listens on, outside the range from which the kernel gives ports to those who connect: a
/// connect that is tried again and again could otherwise meet itself.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        // Relaxed: only that no two get the same number matters.
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 12_000 + (process::id() as u16 % 1_000) * 16 + turn % 16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
