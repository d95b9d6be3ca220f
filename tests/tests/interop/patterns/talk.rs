//! How the two ends of a pair of types talk: who introduces itself how, and which frames a message travels in.

use std::thread;

use ringmq::SocketType::{self, Dealer, Pair, Pub, Push, Rep, Req, Router, Sub, XPub, XSub};

use crate::content::{CONTENTS, Frames, numbered};
use crate::peers::End;
use crate::stage;

const NUMBERED_MESSAGES: u32 = 1_000;

/// The routing ids of two ROUTERs, by who binds.
const BINDS: &str = "the one that binds";
const CONNECTS: &str = "the one that connects";

/// What a publisher says until it is heard, and once it was.
const HEAR_ME: &str = "hear me";
const BEGIN: &str = "begin";

/// Every content, and numbered small messages.
fn messages() -> Vec<Frames> {
    let contents = CONTENTS.iter().map(|content| content.frames());
    let small = (0..NUMBERED_MESSAGES).map(numbered);
    contents.chain(small).collect()
}

/// Messages that an XSUB sends, none of whose frames means a subscription.
fn upstream() -> Vec<Frames> {
    let mut messages = messages();
    for frame in messages.iter_mut().flatten() {
        if let Some(first) = frame.first_mut() {
            *first = b'u';
        }
    }
    messages
}

/// The frames before those of a message, when it is sent and when it comes.
#[derive(Clone, Copy)]
struct Envelope<'a> {
    sent: &'a [&'a [u8]],
    came: &'a [&'a [u8]],
}

const BARE: Envelope<'_> = Envelope {
    sent: &[],
    came: &[],
};

fn within(envelope: &[&[u8]], message: &Frames) -> Frames {
    let before = envelope.iter().map(|frame| frame.to_vec());
    before.chain(message.iter().cloned()).collect()
}

/// Sends all messages on a thread of their own, because a sender may have to wait for its receiver.
fn stream(
    from: &mut End,
    to: &mut End,
    messages: &[Frames],
    envelope: Envelope<'_>,
) -> Result<(), String> {
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for message in messages {
                from.send(within(envelope.sent, message))?;
            }
            Ok::<(), String>(())
        });
        let received = receive_all(to, messages, envelope);
        sender.join().expect("sending does not panic")?;
        received
    })
}

fn receive_all(to: &mut End, messages: &[Frames], envelope: Envelope<'_>) -> Result<(), String> {
    for (place, message) in messages.iter().enumerate() {
        let received = to.recv().map_err(|error| format!("{place}: {error}"))?;
        if received != within(envelope.came, message) {
            return Err(format!("message {place} differs"));
        }
    }
    Ok(())
}

/// Two sockets of a pair of types.
pub(super) struct Talk {
    pub(super) pair: (SocketType, SocketType),
    pub(super) first: End,
    pub(super) second: End,
    pub(super) first_binds: bool,
}

impl Talk {
    /// The end that binds, and the one that connects.
    pub(super) const fn by_role(&mut self) -> (&mut End, &mut End) {
        if self.first_binds {
            (&mut self.first, &mut self.second)
        } else {
            (&mut self.second, &mut self.first)
        }
    }

    /// What must be set before an end binds or connects.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        for (end, socket_type) in [
            (&mut self.first, self.pair.0),
            (&mut self.second, self.pair.1),
        ] {
            match socket_type {
                Pub | XPub => end.set_unlimited(),
                Sub => end.subscribe(""),
                XSub => {
                    end.set_unlimited();
                    end.send(vec![vec![1]])?;
                }
                Router => end.set_router_mandatory(),
                _ => {}
            }
        }
        if self.pair == (Router, Router) {
            let (binding, connecting) = self.by_role();
            binding.set_routing_id(BINDS);
            connecting.set_routing_id(CONNECTS);
            connecting.set_probe_router();
        }
        Ok(())
    }

    /// Waits until each end that must know of the other one does.
    pub(super) fn introduce(&mut self) -> Result<(), String> {
        match self.pair {
            (XPub, _) => self.make_the_subscriber_heard(),
            (Pub, _) => self.make_the_publisher_heard(),
            (Router, Router) => {
                let (binding, _) = self.by_role();
                let probe = binding.recv()?;
                if probe == [CONNECTS.as_bytes(), b""] {
                    Ok(())
                } else {
                    Err(format!("the probe was {probe:?}"))
                }
            }
            _ => Ok(()),
        }
    }

    /// A subscriber that binds tells a new peer what it wants when its application calls it next, here and in libzmq.
    fn make_the_subscriber_heard(&mut self) -> Result<(), String> {
        let (publisher, subscriber) = (&mut self.first, &mut self.second);
        let mut subscription = None;
        stage::await_true("the subscription comes", || {
            assert_eq!(subscriber.recv_soon(), None, "nothing was published");
            subscription = publisher.recv_soon();
            subscription.is_some()
        });
        match subscription {
            Some(frames) if frames == [vec![1]] => Ok(()),
            other => Err(format!("the subscription was {other:?}")),
        }
    }

    /// A PUB cannot know who is subscribed: it calls until somebody hears it.
    fn make_the_publisher_heard(&mut self) -> Result<(), String> {
        let (first, second) = (&mut self.first, &mut self.second);
        stage::await_true("the publisher is heard", || {
            first.send(vec![HEAR_ME.into()]).unwrap();
            second.recv_soon().is_some()
        });
        first.send(vec![BEGIN.into()])?;
        loop {
            let received = second.recv()?;
            if received == [BEGIN.as_bytes()] {
                return Ok(());
            }
            if received != [HEAR_ME.as_bytes()] {
                return Err(format!("{received:?} before the beginning"));
            }
        }
    }

    /// Sends everything both ways, as far as the pattern allows.
    pub(super) fn hold(&mut self) -> Result<(), String> {
        match self.pair {
            (Router, Router) => self.by_name(),
            (Dealer, Router) => self.dealer_to_router(),
            (Req | Dealer, Rep) | (Req, Router) => self.ask_and_answer(),
            _ => self.bare(),
        }
    }

    /// The application's frames are those that travel.
    fn bare(&mut self) -> Result<(), String> {
        let (first, second) = (&mut self.first, &mut self.second);
        stream(first, second, &messages(), BARE)?;
        match self.pair {
            (Pair, Pair) | (Dealer, Dealer) => stream(second, first, &messages(), BARE),
            (XPub, XSub) => stream(second, first, &upstream(), BARE),
            (Push | Pub | XPub, _) => Ok(()),
            other => Err(format!("nobody knows how {other:?} talk")),
        }
    }

    fn by_name(&mut self) -> Result<(), String> {
        let (binding, connecting) = self.by_role();
        let to_connecting = Envelope {
            sent: &[CONNECTS.as_bytes()],
            came: &[BINDS.as_bytes()],
        };
        let to_binding = Envelope {
            sent: &[BINDS.as_bytes()],
            came: &[CONNECTS.as_bytes()],
        };
        // Having heard of the other one, an end knows its name.
        stream(binding, connecting, &messages(), to_connecting)?;
        stream(connecting, binding, &messages(), to_binding)
    }

    /// The ROUTER names a DEALER that did not name itself.
    fn dealer_to_router(&mut self) -> Result<(), String> {
        let (dealer, router) = (&mut self.first, &mut self.second);
        dealer.send(vec![b"who am I?".to_vec()])?;
        let asked = router.recv()?;
        let [name, question] = &asked[..] else {
            return Err(format!("{} frames came", asked.len()));
        };
        if name.len() != 5 || name[0] != 0 || question != b"who am I?" {
            return Err(format!("the ROUTER received {asked:?}"));
        }
        let name = &[&name[..]];
        let to_router = Envelope {
            sent: &[],
            came: name,
        };
        let to_dealer = Envelope {
            sent: name,
            came: &[],
        };
        stream(dealer, router, &messages(), to_router)?;
        stream(router, dealer, &messages(), to_dealer)
    }

    /// Each message is asked and answered with the next one.
    fn ask_and_answer(&mut self) -> Result<(), String> {
        let (client, server) = (&mut self.first, &mut self.second);
        let messages = messages();
        let answers = messages.iter().cycle().skip(1);
        let delimiter: &[&[u8]] = if self.pair.0 == Dealer { &[b""] } else { &[] };
        for (place, (message, answer)) in messages.iter().zip(answers).enumerate() {
            client.send(within(delimiter, message))?;
            let asked = server
                .recv()
                .map_err(|error| format!("request {place}: {error}"))?;
            let (envelope, question) = match self.pair.1 {
                Router if asked.len() > 2 && asked[1].is_empty() => asked.split_at(2),
                Router => return Err(format!("request {place} has no envelope")),
                _ => asked.split_at(0),
            };
            if question != message {
                return Err(format!("request {place} differs"));
            }
            server.send(envelope.iter().chain(answer).cloned().collect())?;
            let answered = client
                .recv()
                .map_err(|error| format!("reply {place}: {error}"))?;
            if answered != within(delimiter, answer) {
                return Err(format!("reply {place} differs"));
            }
        }
        Ok(())
    }
}
