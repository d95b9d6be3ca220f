//! Options of PUB, SUB, XPUB and XSUB: subscriptions, and what is told of them.
//!
//! They apply at once.

use super::super::{OptionError, Socket};
use crate::message::Message;
use crate::pattern::{Setting, Subscriptions, UpstreamModes};

/// Publishing and subscribing.
impl Socket {
    /// Wants messages that start with `topic`; an empty topic is every message. On an XPUB in manual mode: grants the
    /// topic to the peer whose subscription was received last.
    ///
    /// Subscriptions count: one made twice must be taken back twice.
    ///
    /// ```
    /// # use ringmq::{Context, SocketType};
    /// # let context = Context::new()?;
    /// let mut publisher = context.socket(SocketType::XPub)?;
    /// let mut subscriber = context.socket(SocketType::Sub)?;
    /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?.to_string())?;
    /// subscriber.subscribe("weather.")?;
    /// assert_eq!(&publisher.recv()?[..], b"\x01weather.");
    ///
    /// publisher.send("news: nobody asked")?;
    /// publisher.send("weather.oslo: snow")?;
    /// assert_eq!(&subscriber.recv()?[..], b"weather.oslo: snow");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The type does not subscribe.
    pub fn subscribe(&mut self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.look();
        self.set(Setting::Subscribe(topic.as_ref()))
    }

    /// Takes one [`Self::subscribe`] back.
    ///
    /// # Errors
    /// The type does not subscribe.
    pub fn unsubscribe(&mut self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
        self.look();
        self.set(Setting::Unsubscribe(topic.as_ref()))
    }

    /// PUB, XPUB: a message that some subscriber has no room for is refused, instead of dropped for that subscriber.
    /// Default false.
    ///
    /// # Errors
    /// The socket does not publish.
    pub fn set_no_drop(&mut self, no_drop: bool) -> Result<(), OptionError> {
        self.set(Setting::NoDrop(no_drop))
    }

    /// PUB, XPUB, SUB: messages go where they match no subscription. Set it on both sides. Default false.
    ///
    /// # Errors
    /// The socket neither publishes nor subscribes.
    pub fn set_invert_matching(&mut self, invert: bool) -> Result<(), OptionError> {
        self.set(Setting::InvertMatching(invert))
    }

    /// XPUB, XSUB: only the first frame of a message may be a subscription. Default false.
    ///
    /// # Errors
    /// The socket is neither XPUB nor XSUB.
    pub fn set_only_first_subscribe(&mut self, only: bool) -> Result<(), OptionError> {
        self.set(Setting::OnlyFirstSubscribe(only))
    }

    /// XPUB: a message that each new peer gets first; `None` for none, which is the default.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_welcome_message(&mut self, message: Option<Message>) -> Result<(), OptionError> {
        self.set(Setting::Welcome(message))
    }

    /// XPUB: also hands out subscriptions to topics that somebody else is subscribed to already. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_verbose(&mut self, verbose: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| modes.verbose_subscribe = verbose)
    }

    /// XPUB: also hands out each subscription and each unsubscription. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_verboser(&mut self, verboser: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| {
            modes.verbose_subscribe = verboser;
            modes.verbose_unsubscribe = verboser;
        })
    }

    /// XPUB: peers get what [`Self::subscribe`] grants them, not what they ask for. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_manual(&mut self, manual: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| modes.manual = manual)
    }

    /// XPUB: [`Self::set_manual`], and the first message that is sent after a subscription was received goes to the
    /// subscriber alone: the last value of what it asked for. Default false.
    ///
    /// # Errors
    /// The socket is no XPUB.
    pub fn set_manual_last_value(&mut self, last_value: bool) -> Result<(), OptionError> {
        self.change_upstream(|modes| {
            modes.manual = last_value;
            modes.last_value = last_value;
        })
    }

    /// How much this SUB or XSUB, or the peers of this PUB or XPUB, are subscribed to. `None` for other types.
    pub fn subscriptions(&mut self) -> Option<Subscriptions> {
        self.look();
        self.pattern.subscriptions()
    }

    fn change_upstream(
        &mut self,
        change: impl FnOnce(&mut UpstreamModes),
    ) -> Result<(), OptionError> {
        let mut modes = self
            .pattern
            .upstream_modes()
            .ok_or(OptionError::NotForThisType)?;
        change(&mut modes);
        self.set(Setting::Upstream(modes))
    }
}
