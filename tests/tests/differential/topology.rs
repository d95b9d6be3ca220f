//! Which sockets of a script must be connected: what the script did to binds and connects, and nothing of patterns.

use ringmq::SocketType;

use crate::script::{Family, PLACES, SLOTS, Step};
use crate::world::{Connections, Outcome};

#[derive(Clone, Copy, Debug)]
struct Link {
    connector: usize,
    place: usize,
    /// The bound socket at the other end, while there is a connection.
    acceptor: Option<usize>,
}

/// The binds, connects and connections of a script.
#[derive(Debug)]
pub(crate) struct Topology {
    exclusive: bool,
    bound: [Option<usize>; PLACES],
    links: Vec<Link>,
    connections: [Option<Connections>; SLOTS],
}

impl Topology {
    pub(crate) const fn new(family: Family) -> Self {
        Self {
            exclusive: matches!(family.first, SocketType::Pair),
            bound: [None; PLACES],
            links: Vec::new(),
            connections: [None; SLOTS],
        }
    }

    /// Whether a bind must succeed there.
    pub(crate) fn is_free(&self, place: usize) -> bool {
        self.bound[place].is_none()
    }

    /// How many connections an open socket must at least have had and lost.
    pub(crate) const fn expected(&self, slot: usize) -> Option<Connections> {
        self.connections[slot]
    }

    pub(crate) fn follow(&mut self, step: &Step, outcome: &Outcome) {
        match *step {
            Step::Open(slot, _) => self.connections[slot] = Some(Connections::default()),
            Step::Close(slot) => self.close(slot),
            Step::Bind(slot, place) if *outcome == Outcome::Done => {
                self.bound[place] = Some(slot);
                self.link();
            }
            Step::Unbind(slot, place) if self.bound[place] == Some(slot) => {
                self.bound[place] = None;
            }
            Step::Connect(connector, place) if *outcome == Outcome::Done => {
                self.links.push(Link {
                    connector,
                    place,
                    acceptor: None,
                });
                self.link();
            }
            Step::Disconnect(connector, place) => {
                self.part(|link| link.connector == connector && link.place == place);
            }
            _ => {}
        }
    }

    fn close(&mut self, slot: usize) {
        self.connections[slot] = None;
        for bound in &mut self.bound {
            if *bound == Some(slot) {
                *bound = None;
            }
        }
        for place in 0..self.links.len() {
            let link = &mut self.links[place];
            if link.acceptor == Some(slot) {
                link.acceptor = None;
                let connector = link.connector;
                self.lose(connector);
            }
        }
        self.part(|link| link.connector == slot);
    }

    /// Ends links from the connecting side.
    fn part(&mut self, ends: impl Fn(&Link) -> bool) {
        let ended: Vec<_> = self
            .links
            .iter()
            .filter(|link| ends(link))
            .copied()
            .collect();
        self.links.retain(|link| !ends(link));
        for link in ended {
            if let Some(acceptor) = link.acceptor {
                self.lose(acceptor);
            }
        }
        self.link();
    }

    fn lose(&mut self, slot: usize) {
        if let Some(connections) = &mut self.connections[slot] {
            connections.lost += 1;
        }
    }

    /// Connects whoever waits for a place to the socket that is bound there.
    fn link(&mut self) {
        for place in 0..self.links.len() {
            let link = self.links[place];
            let (None, Some(acceptor)) = (link.acceptor, self.bound[link.place]) else {
                continue;
            };
            if self.exclusive && (self.has_link(acceptor) || self.has_link(link.connector)) {
                continue;
            }
            self.links[place].acceptor = Some(acceptor);
            for slot in [link.connector, acceptor] {
                if let Some(connections) = &mut self.connections[slot] {
                    connections.ready += 1;
                }
            }
        }
    }

    fn has_link(&self, slot: usize) -> bool {
        self.links.iter().any(|link| {
            link.acceptor == Some(slot) || link.connector == slot && link.acceptor.is_some()
        })
    }
}
