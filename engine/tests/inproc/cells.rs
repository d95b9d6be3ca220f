//! Every legal pair of types, whichever connects or binds first and whichever binds: the same frames arrive in order.

use ringmq::{Context, Message, Multipart, Socket, SocketType};

use crate::{on_each_driver, settle, socket};

use SocketType::{Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, XPub, XSub};

const SIZES: [usize; 8] = [0, 1, 255, 256, 8_191, 8_192, 8_193, 1 << 20];
const SMALL: usize = 1_000;

/// The legal pairs, and whether the second sends, too.
const PAIRS: [(SocketType, SocketType, bool); 12] = [
    (Pub, Sub, false),
    (XPub, Sub, false),
    (Pub, XSub, false),
    (XPub, XSub, true),
    (Req, Rep, true),
    (Req, Router, true),
    (Dealer, Rep, true),
    (Dealer, Dealer, true),
    (Dealer, Router, true),
    (Router, Router, true),
    (Push, Pull, false),
    (Pair, Pair, true),
];

/// One side of a pair: its socket, and what its messages begin with.
struct End {
    socket: Socket,
    /// What the application writes before the body.
    written: Vec<&'static [u8]>,
    /// What it reads before the body.
    read: Vec<&'static [u8]>,
}

/// The routing ids of a pair's first and second socket.
const IDS: [&[u8]; 2] = [b"one", b"other"];

impl End {
    fn new(context: &Context, own: SocketType, peer: SocketType, peer_id: &'static [u8]) -> Self {
        let (written, read): (Vec<&[u8]>, Vec<&[u8]>) = match (own, peer) {
            (Router, Req) => (vec![peer_id, b""], vec![peer_id, b""]),
            (Router, _) => (vec![peer_id], vec![peer_id]),
            (Dealer, Rep) => (vec![b""], vec![b""]),
            _ => (vec![], vec![]),
        };
        Self {
            socket: socket(context, own),
            written,
            read,
        }
    }

    fn with(prefix: &[&'static [u8]], body: &Multipart) -> Multipart {
        let prefix = prefix.iter().map(|frame| Message::from(frame.to_vec()));
        prefix.chain(body.clone()).collect()
    }

    fn send(&mut self, body: &Multipart) {
        let whole = Self::with(&self.written, body);
        self.socket.send_multipart(whole).unwrap();
    }

    fn expect(&mut self, body: &Multipart) {
        let whole = self.socket.recv_multipart().unwrap();
        assert!(
            whole == Self::with(&self.read, body),
            "{:?} received {} frames that are not what was sent",
            self.socket.socket_type(),
            whole.len()
        );
    }
}

/// A frame that tells which it is. It looks like no subscription.
fn frame(seed: usize, len: usize) -> Message {
    let bytes: Vec<u8> = (0..len)
        .map(|i| (2 + (seed * 31 + i * 7) % 250) as u8)
        .collect();
    Message::from(bytes)
}

/// All that one side sends.
fn messages() -> Vec<Multipart> {
    let sizes = SIZES
        .iter()
        .map(|len| Multipart::from(vec![frame(*len, *len)]));
    let parts = (0..100).map(|part| frame(part, part * 3)).collect();
    let small = (0..SMALL).map(|serial| Multipart::from(vec![frame(serial, serial % 40)]));
    sizes.chain([parts]).chain(small).collect()
}

/// Two sockets that know each other.
fn meet(context: &Context, cell: &Cell) -> (End, End) {
    let (first, second, _) = cell.pair;
    let mut one = End::new(context, first, second, IDS[1]);
    let mut other = End::new(context, second, first, IDS[0]);
    for (end, id) in [(&mut one, IDS[0]), (&mut other, IDS[1])] {
        if matches!(end.socket.socket_type(), Req | Dealer | Router) {
            end.socket.set_routing_id(id).unwrap();
        }
    }
    let name = format!("inproc://{cell:?}");
    let (binder, connector) = if cell.first_binds {
        (&mut one.socket, &mut other.socket)
    } else {
        (&mut other.socket, &mut one.socket)
    };
    if cell.bind_first {
        assert_eq!(binder.bind(&name).unwrap().to_string(), name);
        connector.connect(&name).unwrap();
    } else {
        connector.connect(&name).unwrap();
        binder.bind(&name).unwrap();
    }
    match second {
        Sub => other.socket.subscribe("").unwrap(),
        XSub => other.socket.send(vec![1]).unwrap(),
        _ => {}
    }
    settle(&mut one.socket, &mut other.socket);
    if first == XPub {
        assert_eq!(&one.socket.recv().unwrap()[..], [1]);
    }
    (one, other)
}

/// Which pair, which of the two binds, and whether that comes first.
#[derive(Debug)]
struct Cell {
    pair: (SocketType, SocketType, bool),
    first_binds: bool,
    bind_first: bool,
}

fn exchange(context: &Context, cell: &Cell) {
    let (first, second, both_ways) = cell.pair;
    let (mut one, mut other) = meet(context, cell);
    let messages = messages();
    if first == Req || second == Rep {
        for body in &messages {
            one.send(body);
            other.expect(body);
            other.send(body);
            one.expect(body);
        }
    } else {
        messages.iter().for_each(|body| one.send(body));
        messages.iter().for_each(|body| other.expect(body));
        if both_ways {
            messages.iter().for_each(|body| other.send(body));
            messages.iter().for_each(|body| one.expect(body));
        }
    }
    let (sent, received) = (one.socket.statistics(), other.socket.statistics());
    assert_eq!(sent.messages_sent, messages.len() as u64);
    assert_eq!(received.messages_received, messages.len() as u64);
    for statistics in [sent, received] {
        assert_eq!(statistics.connections, 1);
        assert_eq!(statistics.dropped_full, 0);
        assert_eq!(statistics.refused_peers, 0);
    }
}

#[test]
fn every_legal_pair_exchanges_every_size_in_either_order_of_bind_and_connect() {
    on_each_driver(|context| {
        let mut cells = 0;
        for pair in PAIRS {
            for bind_first in [true, false] {
                for first_binds in [true, false] {
                    let cell = Cell {
                        pair,
                        first_binds,
                        bind_first,
                    };
                    exchange(context, &cell);
                }
                cells += 1;
            }
        }
        assert_eq!(cells, 24);
        println!(
            "{}: {cells} cells of {} messages each way, either side bound",
            context.driver(),
            messages().len()
        );
    });
}
