//! One frame of a ZeroMQ message, as applications hold it: 64 bytes, wherever its body lives.
//!
//! ```text
//!  Content::Inline   up to 33 bytes, in the message itself
//!  Content::Slice    a range of a received chunk, which the message keeps alive
//!  Content::Shared   a counted large body, sent and received by reference
//!  Content::Owned    a Vec the application gave; copied when it is sent, if it is small
//!  Content::Static   bytes that live for ever
//! ```
//!
//! This module knows neither sockets nor pipes' insides.

mod multipart;
#[cfg(test)]
mod tests;

use std::ffi::c_void;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use bytes::Bytes;

use crate::memory::{Body, Slice};

pub use crate::memory::FreeFn;

pub use multipart::Multipart;

/// The longest body that a message holds in itself, in bytes.
pub(crate) const INLINE_BYTES_MAX: usize = 33;

/// A body of at most this many bytes is copied into the pipe; a longer one is sent by reference.
pub(crate) const COPY_BYTES_MAX: usize = 4 << 10;

/// One frame: a body and whether more frames of the same message follow.
///
/// A message dereferences to its bytes. It is `Send`, costs no allocation for bodies up to 33 bytes, and when
/// received it borrows the engine's memory instead of copying larger bodies; it may outlive the socket and the
/// context it came from. A message is one cache line.
///
/// ```
/// use ringmq::Message;
///
/// let greeting = Message::from("hello");
/// assert_eq!(&greeting[..], b"hello");
///
/// let large = Message::from(vec![7u8; 1 << 20]); // not copied, here or when it is sent
/// assert_eq!(large.len(), 1 << 20);
/// ```
#[repr(align(64))]
pub struct Message {
    content: Content,
    more: bool,
}

/// Where the body is.
pub(crate) enum Content {
    /// In the message.
    Inline {
        len: u8,
        bytes: [u8; INLINE_BYTES_MAX],
    },
    /// In a received chunk.
    Slice(Slice),
    /// In a counted body.
    Shared(Body),
    /// In a vector of the application's.
    Owned(Vec<u8>),
    /// In static memory.
    Static(&'static [u8]),
}

const _: () = assert!(size_of::<Message>() == 64);

impl Message {
    /// An empty message.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            content: Content::Inline {
                len: 0,
                bytes: [0; INLINE_BYTES_MAX],
            },
            more: false,
        }
    }

    /// A message that refers to bytes that live for ever; nothing is copied until it is sent.
    #[must_use]
    pub const fn from_static(bytes: &'static [u8]) -> Self {
        Self {
            content: Content::Static(bytes),
            more: false,
        }
    }

    /// A message around a body that somebody else owns: `owner` is dropped exactly once, when neither the
    /// application nor the engine refers to the bytes any more, on whatever thread that happens.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use ringmq::Message;
    ///
    /// let table: Arc<[u8]> = vec![1u8; 100_000].into();
    /// let message = Message::from_owner(Arc::clone(&table));
    /// assert_eq!(message.len(), 100_000);
    /// drop(message);
    /// assert_eq!(Arc::strong_count(&table), 1);
    /// ```
    #[must_use]
    pub fn from_owner<T: AsRef<[u8]> + Send + 'static>(owner: T) -> Self {
        Self::from(Bytes::from_owner(owner))
    }

    /// A message around memory that C code owns: `free(data, hint)` is called exactly once, when neither the
    /// application nor the engine refers to the bytes any more, on whatever thread that happens; for a small
    /// message that may be inside the call that sends it. The counterpart of zmq_msg_init_data(3).
    ///
    /// ```
    /// use std::ffi::c_void;
    /// use std::ptr::{NonNull, null_mut};
    /// use ringmq::Message;
    ///
    /// unsafe extern "C" fn free(data: *mut c_void, _hint: *mut c_void) {
    ///     // SAFETY: the pointer is that of the box below, and this is called once.
    ///     drop(unsafe { Box::from_raw(data.cast::<[u8; 5]>()) });
    /// }
    ///
    /// let data = NonNull::from(Box::leak(Box::new(*b"hello"))).cast::<u8>();
    /// // SAFETY: the box stays until `free`, which may run on any thread.
    /// let message = unsafe { Message::from_foreign(data, 5, free, null_mut()) };
    /// assert_eq!(&message[..], b"hello");
    /// ```
    ///
    /// # Safety
    /// The `len` bytes at `data` are readable and unchanging until `free` is called, and `free` may be called
    /// with `data` and `hint` from any thread.
    #[must_use]
    pub unsafe fn from_foreign(
        data: NonNull<u8>,
        len: usize,
        free: FreeFn,
        hint: *mut c_void,
    ) -> Self {
        // SAFETY: the caller promises what `new_foreign` asks for.
        let body = unsafe { Body::new_foreign(data, len, free, hint) };
        Self::with_content(Content::Shared(body), false)
    }

    /// Whether more frames of the same multipart message follow this one.
    #[must_use]
    pub const fn more(&self) -> bool {
        self.more
    }

    /// Says whether more frames of the same message will follow this one.
    pub const fn set_more(&mut self, more: bool) {
        self.more = more;
    }

    /// The body.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.content {
            Content::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Content::Slice(slice) => slice,
            Content::Shared(body) => body,
            Content::Owned(vec) => vec,
            Content::Static(bytes) => bytes,
        }
    }

    /// The body as text, if it is UTF-8.
    ///
    /// # Errors
    /// The body is not UTF-8.
    pub fn as_str(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(self)
    }

    /// A message with a copy of `bytes` (inline up to 33 bytes).
    #[must_use]
    #[inline]
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self {
            content: Content::copied(bytes),
            more: false,
        }
    }

    pub(crate) const fn with_content(content: Content, more: bool) -> Self {
        Self { content, more }
    }

    pub(crate) fn into_content(self) -> Content {
        self.content
    }
}

impl Content {
    #[inline]
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE_BYTES_MAX {
            Self::inline(bytes)
        } else {
            Self::Owned(bytes.to_vec())
        }
    }

    /// `bytes` must be at most [`INLINE_BYTES_MAX`].
    #[inline]
    pub(crate) fn inline(bytes: &[u8]) -> Self {
        let mut inline = [0; INLINE_BYTES_MAX];
        inline[..bytes.len()].copy_from_slice(bytes);
        // The slice index above holds the length to 33.
        Self::Inline {
            len: bytes.len() as u8,
            bytes: inline,
        }
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Message {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Message {
    /// Counts a large body once more; copies a small one.
    fn clone(&self) -> Self {
        let content = match &self.content {
            Content::Inline { len, bytes } => Content::Inline {
                len: *len,
                bytes: *bytes,
            },
            Content::Slice(slice) => Content::copied(slice),
            Content::Shared(body) => Content::Shared(body.clone()),
            Content::Owned(vec) => Content::copied(vec),
            Content::Static(bytes) => Content::Static(bytes),
        };
        Self {
            content,
            more: self.more,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 32;
        let shown = self.get(..SHOWN).unwrap_or(self);
        let rest = if self.len() > SHOWN { ".." } else { "" };
        let more = if self.more { ", more" } else { "" };
        write!(
            f,
            "Message({} B{more}, \"{}{rest}\")",
            self.len(),
            shown.escape_ascii()
        )
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.more == other.more && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Message {}

impl From<Vec<u8>> for Message {
    fn from(vec: Vec<u8>) -> Self {
        Self {
            content: Content::Owned(vec),
            more: false,
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self {
            content: Content::Shared(Body::from(bytes)),
            more: false,
        }
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::copy_from(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Message {
    fn from(bytes: &[u8; N]) -> Self {
        Self::copy_from(bytes)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::copy_from(text.as_bytes())
    }
}

impl From<Message> for Bytes {
    /// Takes the body over without copying it, unless it is inline.
    fn from(message: Message) -> Self {
        match message.content {
            Content::Inline { len, bytes } => Self::copy_from_slice(&bytes[..usize::from(len)]),
            Content::Slice(slice) => Self::from_owner(slice),
            Content::Shared(body) => Self::from_owner(body),
            Content::Owned(vec) => Self::from(vec),
            Content::Static(bytes) => Self::from_static(bytes),
        }
    }
}
