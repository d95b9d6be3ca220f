//! The futures of an [`AsyncSocket`]'s calls, for those who must name their types.
//!
//! Each borrows the socket: there is one at a time. None does anything before it is polled.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::AsyncSocket;
use super::waiting::Call;
use crate::message::{Message, Multipart};
use crate::reactor::AttachmentId;
use crate::socket::{BindError, DetachError, RecvError, SendError};
use crate::transport::{Endpoint, Use};

/// A call in progress: going, it takes its task's waker back.
struct InProgress<'a> {
    socket: &'a mut AsyncSocket,
    call: Call,
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.socket.waiting.forget(self.call);
    }
}

impl fmt::Debug for InProgress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}", self.call, self.socket)
    }
}

/// Of [`AsyncSocket::recv`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Recv<'a>(InProgress<'a>);

/// Of [`AsyncSocket::recv_multipart`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct RecvMultipart<'a>(InProgress<'a>);

/// Of [`AsyncSocket::readable`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Readable<'a>(InProgress<'a>);

/// Of [`AsyncSocket::writable`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Writable<'a>(InProgress<'a>);

/// Of [`AsyncSocket::send`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendMessage<'a>(InProgress<'a>, Option<Message>);

/// Of [`AsyncSocket::send_multipart`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendMultipart<'a>(InProgress<'a>, Option<Multipart>);

/// Of [`AsyncSocket::bind`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Bind<'a> {
    call: InProgress<'a>,
    endpoint: &'a str,
    /// What the reactor was asked for and has not answered.
    asked: Option<AttachmentId>,
}

/// Of [`AsyncSocket::unbind`] and [`AsyncSocket::disconnect`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Detach<'a> {
    call: InProgress<'a>,
    kind: Use,
    endpoint: &'a str,
    /// What the reactor was asked to end.
    asked: Option<AttachmentId>,
}

impl<'a> Recv<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket) -> Self {
        Self(InProgress {
            socket,
            call: Call::Receiving,
        })
    }
}

impl<'a> RecvMultipart<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket) -> Self {
        Self(InProgress {
            socket,
            call: Call::Receiving,
        })
    }
}

impl<'a> Readable<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket) -> Self {
        Self(InProgress {
            socket,
            call: Call::Receiving,
        })
    }
}

impl<'a> Writable<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket) -> Self {
        Self(InProgress {
            socket,
            call: Call::Sending,
        })
    }
}

impl<'a> SendMessage<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket, message: Message) -> Self {
        let call = Call::Sending;
        Self(InProgress { socket, call }, Some(message))
    }
}

impl<'a> SendMultipart<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket, message: Multipart) -> Self {
        let call = Call::Sending;
        Self(InProgress { socket, call }, Some(message))
    }
}

impl<'a> Bind<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket, endpoint: &'a str) -> Self {
        let call = Call::Attaching;
        Self {
            call: InProgress { socket, call },
            endpoint,
            asked: None,
        }
    }
}

impl<'a> Detach<'a> {
    pub(super) const fn new(socket: &'a mut AsyncSocket, kind: Use, endpoint: &'a str) -> Self {
        let call = Call::Attaching;
        Self {
            call: InProgress { socket, call },
            kind,
            endpoint,
            asked: None,
        }
    }
}

impl Future for Recv<'_> {
    type Output = Result<Message, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.socket.poll_recv(cx)
    }
}

impl Future for RecvMultipart<'_> {
    type Output = Result<Multipart, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.socket.poll_recv_multipart(cx)
    }
}

impl Future for Readable<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.socket.poll_readable(cx)
    }
}

impl Future for Writable<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.socket.poll_writable(cx)
    }
}

impl Future for SendMessage<'_> {
    type Output = Result<(), SendError<Message>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(call, message) = self.get_mut();
        call.socket.poll_send(cx, message)
    }
}

impl Future for SendMultipart<'_> {
    type Output = Result<(), SendError<Multipart>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(call, message) = self.get_mut();
        call.socket.poll_send_multipart(cx, message)
    }
}

impl Future for Bind<'_> {
    type Output = Result<Endpoint, BindError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let socket = &mut *this.call.socket;
        let attachment = match this.asked {
            Some(attachment) => attachment,
            None => {
                socket.waiting.share_news(Call::Attaching);
                *this.asked.insert(socket.socket.start_bind(this.endpoint)?)
            }
        };
        let result = ready!(socket.poll(Call::Attaching, cx, |socket| {
            socket.bind_result(attachment)
        }));
        this.asked = None;
        Poll::Ready(result)
    }
}

impl Drop for Bind<'_> {
    fn drop(&mut self) {
        if let Some(attachment) = self.asked.take() {
            self.call.socket.socket.abandon_bind(attachment);
        }
    }
}

impl Future for Detach<'_> {
    type Output = Result<(), DetachError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let socket = &mut *this.call.socket;
        let attachment = match this.asked {
            Some(attachment) => attachment,
            None => {
                socket.waiting.share_news(Call::Attaching);
                let asked = socket.socket.start_detach(this.kind, this.endpoint)?;
                *this.asked.insert(asked)
            }
        };
        socket.poll(Call::Attaching, cx, |socket| {
            socket.detach_result(attachment)
        })
    }
}
