//! A difference that no script may contain, because everything that follows differs: what unbinding does to live peers.

use ringmq::DriverChoice;
use ringmq::SocketType::{Pull, Push};

use crate::ours::Ours;
use crate::run::next_endpoints;
use crate::script::{Frame, Settings, Step};
use crate::theirs::Theirs;
use crate::world::{Outcome, World};

const PUSH: usize = 0;
const PULL: usize = 2;
const PLACE: usize = 0;

/// Asks for something until it is so; a world that never agrees is ended by the test's own time limit.
fn until(world: &mut dyn World, mut holds: impl FnMut(&mut dyn World) -> bool) {
    while !holds(world) {
        world.settle();
    }
}

fn connect_and_unbind(world: &mut dyn World) {
    world.begin(next_endpoints());
    for step in [
        Step::Open(PUSH, Settings::plain(Push, 10)),
        Step::Open(PULL, Settings::plain(Pull, 10)),
        Step::Bind(PUSH, PLACE),
        Step::Connect(PULL, PLACE),
    ] {
        assert_eq!(world.act(&step), Outcome::Done);
    }
    for slot in [PUSH, PULL] {
        until(world, |world| world.connections(slot).ready == 1);
    }
    assert_eq!(world.act(&Step::Unbind(PUSH, PLACE)), Outcome::Done);
}

#[test]
fn unbind_keeps_live_peers_only_here() {
    let message = vec![Frame(b"after".to_vec())];
    let send = Step::Send(PUSH, message.clone());

    let mut theirs = Theirs::new();
    connect_and_unbind(&mut theirs);
    until(&mut theirs, |world| world.connections(PULL).lost == 1);
    until(&mut theirs, |world| world.act(&send) == Outcome::WouldBlock);
    theirs.end();

    for driver in [DriverChoice::Shim, DriverChoice::Ring] {
        let mut ours = Ours::new(driver);
        connect_and_unbind(&mut ours);
        assert_eq!(ours.act(&send), Outcome::Done);
        until(&mut ours, |world| {
            world.act(&Step::Receive(PULL)) == Outcome::Got(message.clone())
        });
        assert_eq!(ours.connections(PULL).lost, 0);
        ours.end();
    }
}
