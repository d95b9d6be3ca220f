//! One measurement: a pair of processes led through the exchange. Knows nothing of repetitions.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process;

use clap::ValueEnum;
use serde::Serialize;

use crate::cores::Placement;
use crate::exchange::{
    Backend, Exercise, Flow, Opening, Order, Percentiles, Reply, Role, RoundTrips,
};
use crate::pair::{Launch, Pair, PairError};
use crate::usage::Usage;

/// What messages travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    /// TCP over the loopback interface.
    Tcp,
    /// Unix-domain stream sockets.
    Ipc,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Ipc => "ipc",
        })
    }
}

/// An endpoint to bind. A path that was made for it goes with it.
struct Endpoint {
    text: String,
    path: Option<PathBuf>,
}

impl Endpoint {
    /// A free one, different for each role.
    fn free(transport: Transport, role: Role) -> Self {
        match transport {
            Transport::Tcp => Self {
                text: "tcp://127.0.0.1:*".into(),
                path: None,
            },
            Transport::Ipc => {
                let name = format!("ringmq-bench-{}-{}", process::id(), role.noun());
                let path = std::env::temp_dir().join(name);
                Self {
                    text: format!("ipc://{}", path.display()),
                    path: Some(path),
                }
            }
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Most libraries have removed it themselves.
            let _ = fs::remove_file(path);
        }
    }
}

/// What is the same in each repetition of a measurement.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Whose sockets.
    pub(crate) backend: Backend,
    /// What they travel over.
    pub(crate) transport: Transport,
    /// Bytes in a message.
    pub(crate) size_bytes: usize,
    /// Both high-water marks, messages.
    pub(crate) high_water_mark: u32,
    /// Where the processes run.
    pub(crate) placement: Placement,
}

/// One flow of messages, all of which arrived in order.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct FlowRun {
    /// How many messages count.
    pub(crate) count: u64,
    /// How long they took to arrive.
    pub(crate) elapsed_ns: u64,
    /// What the sending process used.
    pub(crate) sender: Usage,
    /// What the receiving process used.
    pub(crate) receiver: Usage,
}

impl FlowRun {
    /// Messages per second.
    pub(crate) fn rate(&self) -> f64 {
        self.count as f64 * 1e9 / self.elapsed_ns.max(1) as f64
    }

    /// CPU seconds of both processes per million messages.
    pub(crate) fn cpu_seconds_per_million(&self) -> f64 {
        (self.sender + self.receiver).cpu_seconds() * 1e6 / self.count as f64
    }
}

/// Round trips, all of which came back in order.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct RoundTripRun {
    /// Half the round-trip times.
    pub(crate) one_way: Percentiles,
    /// What the process that starts round trips used.
    pub(crate) sender: Usage,
    /// What the process that answers used.
    pub(crate) receiver: Usage,
}

/// A pair whose sockets are connected, and what really runs in it.
struct Connected {
    pair: Pair,
    ran: String,
    _endpoints: [Endpoint; 2],
}

impl Setup {
    /// Starts two processes and connects them.
    fn connect(&self, launch: &Launch, exercise: Exercise) -> Result<Connected, PairError> {
        let mut pair = Pair::start(launch)?;
        let roles = [Role::Receiver, Role::Sender];
        let endpoints = roles.map(|role| Endpoint::free(self.transport, role));
        for (role, endpoint) in roles.into_iter().zip(&endpoints) {
            pair.tell(role, &Order::Open(self.opening(exercise, role, endpoint)));
        }
        let [receiver, sender] = roles.map(|role| {
            pair.answer(role, "opening its sockets", |reply| match reply {
                Reply::Opened { endpoint, ran } => Some((endpoint, ran)),
                _ => None,
            })
        });
        let ((receiver, receiver_ran), (sender, sender_ran)) = (receiver?, sender?);
        for ran in [receiver_ran, sender_ran.clone()] {
            self.check_driver(ran)?;
        }
        // Who binds is connected to by the other.
        for (role, endpoint) in [(Role::Sender, receiver), (Role::Receiver, sender)] {
            let Some(endpoint) = endpoint else { continue };
            pair.tell(role, &Order::Connect(endpoint));
            pair.answer(role, "connecting", |reply| {
                matches!(reply, Reply::Connected).then_some(())
            })?;
        }
        Ok(Connected {
            pair,
            ran: sender_ran,
            _endpoints: endpoints,
        })
    }

    fn opening(&self, exercise: Exercise, role: Role, endpoint: &Endpoint) -> Opening {
        Opening {
            backend: self.backend.clone(),
            exercise,
            endpoint: endpoint.text.clone(),
            size_bytes: self.size_bytes,
            high_water_mark: self.high_water_mark,
            core: match role {
                Role::Sender => self.placement.sender,
                Role::Receiver => self.placement.receiver,
            },
        }
    }

    /// Refuses figures of another driver than the one asked for.
    fn check_driver(&self, ran: String) -> Result<(), PairError> {
        match self.backend.driver() {
            Some(asked) if asked != ran => Err(PairError::WrongDriver {
                asked,
                ran: ran.into(),
            }),
            _ => Ok(()),
        }
    }

    /// Measures one flow; returns it and what really ran.
    pub(crate) fn flow(&self, launch: &Launch, flow: Flow) -> Result<(FlowRun, String), PairError> {
        let Connected {
            mut pair,
            ran,
            _endpoints,
        } = self.connect(launch, Exercise::Throughput)?;
        pair.tell(Role::Receiver, &Order::Flow(flow));
        pair.tell(Role::Sender, &Order::Flow(flow));
        let (elapsed_ns, receiver) =
            pair.answer(Role::Receiver, "receiving messages", |reply| match reply {
                Reply::Received { elapsed_ns, used } => Some((elapsed_ns, used)),
                _ => None,
            })?;
        pair.tell(Role::Sender, &Order::Report);
        let sender = pair.answer(Role::Sender, "sending messages", used)?;
        pair.finish()?;
        Ok((
            FlowRun {
                count: flow.count,
                elapsed_ns,
                sender,
                receiver,
            },
            ran,
        ))
    }

    /// Measures round trips; returns them and what really ran.
    pub(crate) fn round_trips(
        &self,
        launch: &Launch,
        round_trips: RoundTrips,
    ) -> Result<(RoundTripRun, String), PairError> {
        let Connected {
            mut pair,
            ran,
            _endpoints,
        } = self.connect(launch, Exercise::Latency)?;
        pair.tell(Role::Receiver, &Order::RoundTrips(round_trips));
        pair.tell(Role::Sender, &Order::RoundTrips(round_trips));
        let (one_way, sender) =
            pair.answer(Role::Sender, "waiting for answers", |reply| match reply {
                Reply::Pinged { one_way, used } => Some((one_way, used)),
                _ => None,
            })?;
        pair.tell(Role::Receiver, &Order::Report);
        let receiver = pair.answer(Role::Receiver, "answering", used)?;
        pair.finish()?;
        Ok((
            RoundTripRun {
                one_way,
                sender,
                receiver,
            },
            ran,
        ))
    }
}

fn used(reply: Reply) -> Option<Usage> {
    match reply {
        Reply::Used(used) => Some(used),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(backend: Backend) -> Setup {
        Setup {
            backend,
            transport: Transport::Tcp,
            size_bytes: 64,
            high_water_mark: 1_000,
            placement: Placement {
                receiver: 0,
                sender: 1,
            },
        }
    }

    #[test]
    fn a_ring_that_turns_out_to_be_the_shim_is_refused() {
        let result = setup(Backend::Ring).check_driver("shim".into());
        let Err(error @ PairError::WrongDriver { asked: "ring", .. }) = result else {
            panic!("{result:?}");
        };
        assert!(error.to_string().contains("the shim ran"), "{error}");
    }

    #[test]
    fn a_driver_that_is_the_one_asked_for_passes() {
        setup(Backend::Ring).check_driver("ring".into()).unwrap();
        setup(Backend::Shim).check_driver("shim".into()).unwrap();
        setup(Backend::Libzmq)
            .check_driver("libzmq 4.3.5".into())
            .unwrap();
    }

    #[test]
    fn paths_are_removed_with_the_endpoint_that_made_them() {
        let endpoint = Endpoint::free(Transport::Ipc, Role::Sender);
        let path = endpoint.path.clone().unwrap();
        fs::write(&path, "").unwrap();
        drop(endpoint);
        assert!(!path.exists());
    }
}
