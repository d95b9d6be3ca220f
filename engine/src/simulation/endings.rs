//! Single endings in virtual time: linger to the instant, and what a second ending must not undo.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Weak;
use std::time::Duration;

use ringmq_driver::fake::{Faults, World};

use super::process::Process;
use super::tap::Passage;
use crate::memory::Pool;
use crate::pipe::{PipeConfig, Role, pipe};
use crate::reactor::{Key, SessionAddress};
use crate::socket::{Arrival, Socket, SocketEvent, SocketType};
use crate::transport::Use;

const ENDPOINT: &str = "tcp://10.0.0.1:5555";
const QUEUED: u64 = 10;

/// A world in which nothing goes wrong, and one process in it.
struct Stage {
    world: World,
    passage: Passage,
    process: Process,
}

impl Stage {
    fn new(socket_type: SocketType) -> Self {
        let world = World::new(1, Faults::CALM);
        let passage = Passage::default();
        let process = Process::new(&world, &passage, socket_type);
        Self {
            world,
            passage,
            process,
        }
    }

    /// A PUSH process that has something queued for a peer which is not there.
    fn queued() -> Self {
        let mut stage = Self::new(SocketType::Push);
        stage.socket().connect(ENDPOINT).unwrap();
        for sequence in 0..QUEUED {
            // As the taps want it: sender, part, parts, nothing, number.
            let message = [0, 0, 1, 0, sequence as u8, 0, 0, 0];
            stage.socket().send_bytes(&message).unwrap();
        }
        stage.pass(Duration::from_secs(1));
        stage
    }

    fn socket(&mut self) -> &mut Socket {
        self.process.socket.as_mut().unwrap()
    }

    fn disconnect(&mut self, linger: Option<Duration>) {
        let socket = self.socket();
        socket.set_linger(linger).unwrap();
        socket.start_detach(Use::Connect, ENDPOINT).unwrap();
    }

    /// Turns the process while time passes.
    fn pass(&mut self, time: Duration) {
        let end = self.world.now().after(time);
        while self.world.now() < end {
            self.process.turn();
            self.world.advance_until(end);
        }
        self.process.turn();
    }

    fn dropped_linger(&self) -> u64 {
        self.process.statistics().dropped_linger
    }
}

#[test]
fn what_was_queued_for_a_disconnected_peer_is_kept_for_the_linger_time_and_no_longer() {
    const MOMENT: Duration = Duration::from_millis(1);
    let linger = Duration::from_millis(700);
    let mut stage = Stage::queued();
    stage.disconnect(Some(linger));
    stage.pass(linger - MOMENT);
    assert_eq!(stage.dropped_linger(), 0);
    stage.pass(2 * MOMENT);
    assert_eq!(stage.dropped_linger(), QUEUED);
}

#[test]
fn what_was_queued_for_a_disconnected_peer_is_dropped_at_once_without_linger() {
    let mut stage = Stage::queued();
    stage.disconnect(Some(Duration::ZERO));
    stage.pass(Duration::from_millis(1));
    assert_eq!(stage.dropped_linger(), QUEUED);
}

#[test]
fn what_was_queued_for_a_disconnected_peer_waits_for_ever_where_linger_is_endless() {
    let mut stage = Stage::queued();
    stage.disconnect(None);
    stage.pass(Duration::from_secs(3_600));
    assert_eq!(stage.dropped_linger(), 0);
    let mut late = Process::new(&stage.world, &stage.passage, SocketType::Pull);
    let pull = late.socket.as_mut().unwrap();
    pull.start_bind(ENDPOINT).unwrap();
    for _ in 0..10_000 {
        stage.pass(Duration::from_millis(20));
        late.turn();
    }
    let pull = late.socket.as_mut().unwrap();
    for sequence in 0..QUEUED {
        assert_eq!(u64::from(pull.try_recv().unwrap()[4]), sequence);
    }
}

#[test]
fn closing_a_socket_prolongs_no_linger_time_of_a_disconnect() {
    let linger = Duration::from_millis(700);
    let mut stage = Stage::queued();
    stage.disconnect(Some(linger));
    stage.socket().set_linger(None).unwrap();
    stage.process.close();
    stage.pass(linger);
    assert_eq!(stage.dropped_linger(), QUEUED);
    assert!(stage.process.is_stopped());
}

#[test]
fn a_second_end_does_not_revive_a_session_that_was_given_up() {
    let mut stage = Stage::queued();
    let mut late = Process::new(&stage.world, &stage.passage, SocketType::Pull);
    late.socket.as_mut().unwrap().start_bind(ENDPOINT).unwrap();
    late.turn();
    // The connection is being made when the session is given up: it has to be closed first, and meanwhile the socket
    // is closed with all the time in the world.
    while stage.process.statistics().connections == 0 {
        stage.process.turn();
        if stage.world.bytes_accepted() > 0 {
            break;
        }
        let soon = stage.world.now().after(Duration::from_millis(1));
        stage.world.advance_until(soon);
    }
    stage.disconnect(Some(Duration::ZERO));
    stage.socket().set_linger(None).unwrap();
    stage.process.close();
    for _ in 0..10_000 {
        stage.pass(Duration::from_millis(1));
        late.turn();
    }
    assert!(stage.process.is_stopped());
    assert_eq!(stage.dropped_linger(), QUEUED);
    let pull = late.socket.as_mut().unwrap();
    assert!(pull.try_recv().is_err(), "what was given up is not sent");
}

#[test]
fn an_endless_reconnect_interval_is_a_long_one() {
    let mut stage = Stage::new(SocketType::Push);
    let endless = Duration::MAX;
    stage.socket().set_reconnect_interval(endless, endless);
    stage.socket().set_linger(Some(Duration::ZERO)).unwrap();
    stage.socket().connect(ENDPOINT).unwrap();
    stage.pass(Duration::from_secs(60));
    stage.process.close();
    stage.pass(Duration::from_secs(1));
    assert!(stage.process.is_stopped());
}

#[test]
fn messages_that_came_while_the_socket_was_closed_are_counted() {
    let mut stage = Stage::new(SocketType::Pull);
    let shared = stage.socket().shared();
    stage.process.close();
    // The reactor, which has not heard of it, makes a pipe for one more peer.
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let owner = shared.owner.clone();
    let (mut writer, reader) = pipe(config, Pool::new(), owner.clone(), 0, owner, 0);
    for _ in 0..QUEUED {
        writer.write_frame(false, b"late");
    }
    writer.publish();
    shared.tell(SocketEvent::Peer(Box::new(Arrival {
        peer: shared.peers.next(),
        session: SessionAddress {
            engine: 0,
            key: Key::from_bits(7),
        },
        presence: Weak::new(),
        epoch: 1,
        routing_id: Vec::new(),
        reader: Some(reader),
        wants_outbound: false,
    })));
    stage.pass(Duration::from_millis(1));
    assert_eq!(stage.process.statistics().dropped_closed, QUEUED);
    assert_eq!(writer.leave(), 0, "they are counted once");
}
