//! Options of REQ, DEALER and ROUTER: routing ids, and the rules of asking and answering.

use ringmq_wire::RoutingId;

use super::super::{OptionError, Socket, SocketType};
use crate::pattern::Setting;

const BAD_ROUTING_ID: OptionError = OptionError::BadValue {
    allowed: "a routing id of 1 to 255 bytes whose first is not zero",
};

/// Routing.
impl Socket {
    /// ROUTER: refuses a message for an unknown peer ([`SendError::Unroutable`](crate::SendError::Unroutable)), and
    /// waits for room at a known one, instead of dropping it. Default false.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// use ringmq::SendError;
    ///
    /// let mut router = context.socket(SocketType::Router)?;
    /// router.send_multipart(vec!["nobody", "dropped and counted"])?;
    /// assert_eq!(router.statistics().dropped_unroutable, 1);
    ///
    /// router.set_router_mandatory(true)?;
    /// let refused = router.send_multipart(vec!["nobody", "comes back"]);
    /// assert!(matches!(refused, Err(SendError::Unroutable(message)) if message.len() == 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The socket is no ROUTER.
    pub fn set_router_mandatory(&mut self, mandatory: bool) -> Result<(), OptionError> {
        self.set(Setting::RouterMandatory(mandatory))
    }

    /// ROUTER: a peer that announces a routing id which another one has takes it over; the other one is let go of.
    /// Default false: it is not heard until the other one is gone.
    ///
    /// # Errors
    /// The socket is no ROUTER.
    pub fn set_router_handover(&mut self, handover: bool) -> Result<(), OptionError> {
        self.set(Setting::RouterHandover(handover))
    }

    /// ROUTER: hands out an empty message from each peer whose connection is ready (`connect`), before its first, and
    /// from each that is gone (`disconnect`), behind its last: its routing id, then an empty frame. Default neither.
    ///
    /// Peers that came before are not told of. A peer that this socket connected to stays the same one while its
    /// connection is made again, and is told of once.
    ///
    /// # Errors
    /// The socket is no ROUTER.
    pub fn set_router_notify(
        &mut self,
        connect: bool,
        disconnect: bool,
    ) -> Result<(), OptionError> {
        self.set(Setting::RouterNotify {
            connect,
            disconnect,
        })
    }

    /// REQ: each request carries a number, and only a reply that repeats it is taken. Default false.
    ///
    /// # Errors
    /// The socket is no REQ.
    pub fn set_request_correlate(&mut self, correlate: bool) -> Result<(), OptionError> {
        self.set(Setting::RequestCorrelate(correlate))
    }

    /// REQ: a request may be sent before the reply to the last one came. Use it with
    /// [`Self::set_request_correlate`], or a late reply may be taken for that to the new request. Default false.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// use std::time::Duration;
    /// use ringmq::RecvError;
    ///
    /// let mut server = context.socket(SocketType::Router)?;
    /// let endpoint = server.bind("tcp://127.0.0.1:*")?.to_string();
    /// let mut client = context.socket(SocketType::Req)?;
    /// client.set_request_relaxed(true)?;
    /// client.set_request_correlate(true)?;
    /// client.connect(&endpoint)?;
    ///
    /// client.send("first")?;
    /// let first = server.recv_multipart()?;
    /// assert_eq!(client.recv_timeout(Duration::from_millis(1)), Err(RecvError::TimedOut));
    /// client.send("second")?;
    /// let second = server.recv_multipart()?;
    /// server.send_multipart(first)?; // too late
    /// server.send_multipart(second)?;
    /// assert_eq!(&client.recv()?[..], b"second");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The socket is no REQ.
    pub fn set_request_relaxed(&mut self, relaxed: bool) -> Result<(), OptionError> {
        self.set(Setting::RequestRelaxed(relaxed))
    }

    /// REQ, DEALER, ROUTER: the name that peers get to know this socket by: 1 to 255 bytes, the first not zero; empty
    /// for none, which is the default. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The id is too long or starts with a zero byte, or the type has none.
    pub fn set_routing_id(&mut self, id: impl AsRef<[u8]>) -> Result<(), OptionError> {
        if !self.socket_type.on_the_wire().announces_routing_id() {
            return Err(OptionError::NotForThisType);
        }
        self.options.routing_id = routing_id(id.as_ref())?;
        Ok(())
    }

    /// ROUTER: the name that the peer of the next [`connect`](Socket::connect) is known by, whatever it calls itself,
    /// so that messages can be sent to it at once.
    ///
    /// # Errors
    /// The id is empty, too long or starts with a zero byte, or the socket is no ROUTER.
    pub fn set_connect_routing_id(&mut self, id: impl AsRef<[u8]>) -> Result<(), OptionError> {
        if self.socket_type != SocketType::Router {
            return Err(OptionError::NotForThisType);
        }
        if id.as_ref().is_empty() {
            return Err(BAD_ROUTING_ID);
        }
        self.options.connect_routing_id = Some(routing_id(id.as_ref())?);
        Ok(())
    }

    /// REQ, DEALER, ROUTER: sends an empty message first to each new peer, so that a ROUTER learns of this socket
    /// before it says anything. Default false. Applies to the binds and connects that follow.
    ///
    /// # Errors
    /// The type does not probe.
    pub fn set_probe_router(&mut self, probe: bool) -> Result<(), OptionError> {
        if !self.socket_type.on_the_wire().announces_routing_id() {
            return Err(OptionError::NotForThisType);
        }
        self.options.probe_router = probe;
        Ok(())
    }
}

fn routing_id(id: &[u8]) -> Result<RoutingId, OptionError> {
    if id.first() == Some(&0) {
        return Err(BAD_ROUTING_ID);
    }
    RoutingId::new(id).map_err(|_| BAD_ROUTING_ID)
}
