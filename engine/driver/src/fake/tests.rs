//! The fake keeps the contract, calm and rough; and it does what a simulation needs of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::{Fake, Faults, World};
use crate::conformance::{Ledger, Subject, TestIn, TestOut};
use crate::{Address, Completion, Demand, Driver, End, SocketId, SocketOptions, Time, Token, Wait};

struct Simulated {
    world: World,
    faults: Faults,
    bytes_max: usize,
}

impl Simulated {
    fn new(seed: u64, faults: Faults, bytes_max: usize) -> Self {
        Self {
            world: World::new(seed, faults),
            faults,
            bytes_max,
        }
    }
}

impl Subject for Simulated {
    type Driver = Fake<TestOut, TestIn>;

    fn driver(&self) -> Self::Driver {
        self.world.driver()
    }

    fn addresses(&self) -> Vec<Address> {
        vec![anywhere()]
    }

    fn step(&self) {
        let _ = self.world.advance();
    }

    fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    fn waits(&self) -> bool {
        false
    }

    fn fail_accepts(&self, fail: bool) -> bool {
        self.world.set_faults(Faults {
            failed_accept: if fail { 1000 } else { 0 },
            ..self.faults
        });
        true
    }
}

fn anywhere() -> Address {
    Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

mod calm {
    use super::{Faults, Simulated};
    crate::conformance_suite!(Simulated::new(1, Faults::CALM, 1 << 20));
}

mod rough {
    use super::{Faults, Simulated};
    crate::conformance_suite!(Simulated::new(2, Faults::ROUGH, 16 << 10));
}

/// One process that sends a pattern over a connection and another that receives; both reconnect.
#[derive(Debug)]
struct Process {
    driver: Fake<TestOut, TestIn>,
    ledger: Ledger,
    tokens: u64,
    completions: Vec<Completion<TestOut, TestIn>>,
    received: u64,
    sent: u64,
    closed: u64,
    opened: u64,
    listener: Option<SocketId>,
    target: Option<Address>,
    open: Vec<(Token, SocketId)>,
}

impl Process {
    fn new(world: &World) -> Self {
        Self {
            driver: world.driver(),
            ledger: Ledger::default(),
            tokens: 0,
            completions: Vec::new(),
            received: 0,
            sent: 0,
            closed: 0,
            opened: 0,
            listener: None,
            target: None,
            open: Vec::new(),
        }
    }

    fn token(&mut self) -> Token {
        self.tokens += 1;
        Token(self.tokens)
    }

    fn listen(&mut self) -> Address {
        let token = self.token();
        let options = SocketOptions::default();
        let (id, real) = self.driver.listen(token, &anywhere(), &options).unwrap();
        self.listener = Some(id);
        real
    }

    fn connect(&mut self) {
        let (token, target) = (self.token(), self.target.clone().unwrap());
        let options = SocketOptions::default();
        let id = self.driver.connect(token, &target, &options).unwrap();
        self.admit(token, id);
    }

    fn admit(&mut self, token: Token, id: SocketId) {
        self.opened += 1;
        self.open.push((token, id));
    }

    fn id(&self, token: Token) -> Option<SocketId> {
        let found = self.open.iter().find(|(open, _)| *open == token)?;
        Some(found.1)
    }

    fn close(&mut self, token: Token) {
        if let Some(id) = self.id(token) {
            self.open.retain(|(open, _)| *open != token);
            self.driver.close(id);
            if self.target.is_some() {
                self.connect();
            }
        }
    }

    fn send(&mut self, token: Token) {
        if let Some(id) = self.id(token) {
            let outgoing = TestOut::new(&[7; 1000], 3, &self.ledger);
            self.driver.send(id, outgoing);
        }
    }

    fn turn(&mut self) {
        let mut completions = std::mem::take(&mut self.completions);
        self.driver.poll(Wait::Forever, &mut completions).unwrap();
        for completion in completions.drain(..) {
            self.handle(completion);
        }
        self.completions = completions;
    }

    fn handle(&mut self, completion: Completion<TestOut, TestIn>) {
        match completion {
            Completion::Accepted { result, .. } => match result {
                Ok(id) => {
                    let token = self.token();
                    self.driver.set_token(id, token);
                    self.admit(token, id);
                    self.driver.receive(id, Demand::Stream);
                }
                Err(_) => self.driver.accept(self.listener.unwrap()),
            },
            Completion::Connected { token, result } => match result {
                Ok(()) => {
                    let id = self.id(token).unwrap();
                    let incoming = TestIn::new(10, &self.ledger);
                    self.driver.receive(id, Demand::Into(incoming));
                    self.send(token);
                }
                Err(_) => self.close(token),
            },
            Completion::Received { data, .. } => {
                assert!(self.driver.received(&data).iter().all(|byte| *byte == 7));
                self.received += u64::from(data.bytes);
                self.driver.release(data);
            }
            Completion::ReceiveEnded { token, end } => {
                if !matches!(end, End::Paused) {
                    self.close(token);
                }
            }
            Completion::Filled { token, .. } => self.close(token),
            Completion::Sent { token, result, .. } => match result {
                Ok(bytes) => {
                    self.sent += bytes as u64;
                    self.send(token);
                }
                Err(_) => self.close(token),
            },
            Completion::HungUp { .. } => panic!("nobody watches"),
            Completion::Closed { .. } => self.closed += 1,
        }
    }
}

/// Two processes through `steps` instants of a world with all faults on.
fn run(world: &World, steps: usize) -> (Process, Process) {
    let (mut client, mut server) = (Process::new(world), Process::new(world));
    client.target = Some(server.listen());
    for _ in 0..3 {
        client.connect();
    }
    for _ in 0..steps {
        client.turn();
        server.turn();
        let _ = world.advance();
    }
    (client, server)
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let trace = |seed| {
        let world = World::new(seed, Faults::HOSTILE);
        let (client, server) = run(&world, 3000);
        (world.trace(), world.now(), client.sent, server.received)
    };
    let first = trace(11);
    assert!(first.3 > 0);
    assert_eq!(first, trace(11));
    assert_ne!(first.0, trace(12).0);
}

#[test]
fn every_accepted_byte_is_delivered_or_counted_as_lost() {
    const SEEDS: u64 = 30;
    let mut opened = 0;
    for seed in 0..SEEDS {
        let world = World::new(seed, Faults::HOSTILE);
        let (client, server) = run(&world, 3000);
        assert_eq!(server.received, world.bytes_delivered());
        assert!(client.sent <= world.bytes_accepted());
        opened += client.opened;
        let ledgers = [client.ledger.clone(), server.ledger.clone()];
        // Both processes end: nothing is under way any more.
        drop((client, server));
        assert_eq!(
            world.bytes_accepted(),
            world.bytes_delivered() + world.bytes_lost(),
            "seed {seed}"
        );
        assert!(ledgers.iter().all(|ledger| ledger.alive() == 0));
    }
    assert!(opened > 3 * SEEDS, "connections are cut and made again");
}

#[test]
fn a_driver_that_is_not_ready_brings_nothing_and_one_that_is_becomes_quiet() {
    let world = World::new(13, Faults::CALM);
    let (mut client, mut server) = run(&world, 100);
    for _ in 0..1000 {
        for process in [&mut client, &mut server] {
            let mut polls = 0;
            while process.driver.is_ready() {
                process.turn();
                polls += 1;
                assert!(polls < 100, "ready, and yet it never ends at this instant");
            }
            let mut completions = Vec::new();
            process
                .driver
                .poll(Wait::Forever, &mut completions)
                .unwrap();
            assert!(completions.is_empty(), "{completions:?}");
        }
        assert!(world.advance());
    }
    assert!(server.received > 0);
}

#[test]
fn killed_connections_fail_at_both_ends() {
    let world = World::new(5, Faults::CALM);
    let (mut client, mut server) = run(&world, 300);
    assert_eq!((client.opened, server.opened), (3, 3));
    world.kill_connections();
    for _ in 0..300 {
        client.turn();
        server.turn();
        let _ = world.advance();
    }
    assert_eq!((client.closed, server.closed), (3, 3));
    assert_eq!((client.opened, server.opened), (6, 6));
}

#[test]
fn a_process_that_dies_ends_its_connections_and_frees_its_port() {
    let world = World::new(6, Faults::CALM);
    let (mut client, server) = run(&world, 300);
    drop(server);
    for _ in 0..300 {
        client.turn();
        let _ = world.advance();
    }
    // The old ones closed; since then each connect was refused.
    assert!(client.closed >= 3);
    let mut server = Process::new(&world);
    let options = SocketOptions::default();
    let target = client.target.clone().unwrap();
    let (id, _) = server.driver.listen(Token(0), &target, &options).unwrap();
    server.listener = Some(id);
    for _ in 0..300 {
        client.turn();
        server.turn();
        let _ = world.advance();
    }
    assert_eq!(server.opened, 3);
    assert!(server.received > 0);
}

#[test]
fn time_moves_to_a_wait_s_end_and_no_further_than_the_limit() {
    let world = World::new(7, Faults::CALM);
    let mut driver: Fake<TestOut, TestIn> = world.driver();
    assert!(!world.advance(), "nothing happens in an idle world");
    assert_eq!(world.now(), Time::ZERO);
    let end = Time::ZERO.after(Duration::from_secs(3600));
    driver.poll(Wait::Until(end), &mut Vec::new()).unwrap();
    let limit = Time::ZERO.after(Duration::from_secs(1));
    assert!(!world.advance_until(limit));
    assert_eq!(world.now(), limit);
    assert!(world.advance());
    assert_eq!(world.now(), end);
    assert!(!world.advance());
}

#[test]
fn a_send_whose_memory_changes_before_its_completion_sends_the_change() {
    use std::cell::RefCell;
    use std::io::IoSlice;
    use std::rc::Rc;

    /// Breaks the promise that lent memory does not change, as only a test may: by swapping it whole.
    #[derive(Debug)]
    struct Fickle {
        choice: Rc<RefCell<usize>>,
        bytes: [Vec<u8>; 2],
    }
    impl crate::Outgoing for Fickle {
        fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; crate::SLICES_MAX]) -> usize {
            slices[0] = IoSlice::new(&self.bytes[*self.choice.borrow()]);
            1
        }
        fn bytes(&self) -> usize {
            1
        }
    }

    let world = World::new(8, Faults::CALM);
    let mut driver: Fake<Fickle, TestIn> = world.driver();
    let options = SocketOptions::default();
    let (_, real) = driver.listen(Token(1), &anywhere(), &options).unwrap();
    let client = driver.connect(Token(2), &real, &options).unwrap();
    let choice = Rc::new(RefCell::new(0));
    let mut completions = Vec::new();
    let mut received = None;
    while received.is_none() {
        driver.poll(Wait::Forever, &mut completions).unwrap();
        for completion in completions.drain(..) {
            match completion {
                Completion::Accepted { result, .. } => {
                    driver.receive(result.unwrap(), Demand::Stream);
                }
                Completion::Connected { .. } => {
                    let choice = Rc::clone(&choice);
                    let bytes = [vec![1], vec![2]];
                    driver.send(client, Fickle { choice, bytes });
                }
                Completion::Received { data, .. } => {
                    received = Some(driver.received(&data).to_vec());
                    driver.release(data);
                }
                _ => {}
            }
        }
        *choice.borrow_mut() = 1;
        assert!(world.advance() || received.is_some());
    }
    assert_eq!(received, Some(vec![2]));
}

#[test]
#[should_panic(expected = "D6")]
fn a_received_that_is_kept_beyond_the_next_poll_is_caught() {
    let world = World::new(9, Faults::CALM);
    let mut driver: Fake<TestOut, TestIn> = world.driver();
    let ledger = Ledger::default();
    let options = SocketOptions::default();
    let (_, real) = driver.listen(Token(1), &anywhere(), &options).unwrap();
    let client = driver.connect(Token(2), &real, &options).unwrap();
    let mut completions = Vec::new();
    for _ in 0..100 {
        driver.poll(Wait::Forever, &mut completions).unwrap();
        for completion in completions.drain(..) {
            match completion {
                Completion::Accepted { result, .. } => {
                    driver.receive(result.unwrap(), Demand::Stream);
                }
                Completion::Connected { .. } => {
                    driver.send(client, TestOut::new(&[1], 1, &ledger));
                }
                _ => {}
            }
        }
        let _ = world.advance();
    }
}
