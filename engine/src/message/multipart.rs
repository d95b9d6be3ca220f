//! A whole message of several frames.

use std::ops::Deref;

use super::Message;

/// The frames of one message, in order. Sent and received whole: a peer sees all of them or none.
///
/// ```
/// use ringmq::Multipart;
///
/// let order = Multipart::from_iter(["buy", "100", "RMQ"]);
/// assert_eq!(order.len(), 3);
/// assert!(order[0].more() && !order[2].more());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multipart(Vec<Message>);

impl Multipart {
    /// A message without frames; frames are added with [`Multipart::push`].
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a last frame.
    ///
    /// ```
    /// let mut order = ringmq::Multipart::new();
    /// order.push("buy");
    /// order.push(vec![7_u8; 1 << 20]);
    /// assert!(order[0].more() && !order[1].more());
    /// ```
    pub fn push(&mut self, frame: impl Into<Message>) {
        if let Some(last) = self.0.last_mut() {
            last.set_more(true);
        }
        let mut frame = frame.into();
        frame.set_more(false);
        self.0.push(frame);
    }

    /// The frames.
    ///
    /// ```
    /// let order = ringmq::Multipart::from(vec!["buy", "100"]);
    /// let mut frames = order.into_frames();
    /// frames[1] = "200".into();
    /// let order = ringmq::Multipart::from(frames);
    /// assert_eq!(&order[1][..], b"200");
    /// ```
    #[must_use]
    pub fn into_frames(self) -> Vec<Message> {
        self.0
    }
}

impl Deref for Multipart {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.0
    }
}

impl<M: Into<Message>> FromIterator<M> for Multipart {
    fn from_iter<I: IntoIterator<Item = M>>(frames: I) -> Self {
        let mut whole = Self::new();
        for frame in frames {
            whole.push(frame);
        }
        whole
    }
}

impl<M: Into<Message>> From<Vec<M>> for Multipart {
    fn from(frames: Vec<M>) -> Self {
        Self::from_iter(frames)
    }
}

impl From<Message> for Multipart {
    /// A message of this one frame.
    fn from(frame: Message) -> Self {
        Self::from_iter([frame])
    }
}

impl IntoIterator for Multipart {
    type Item = Message;
    type IntoIter = std::vec::IntoIter<Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
