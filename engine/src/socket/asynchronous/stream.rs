//! An asynchronous socket as a stream of whole messages, and as a sink for them.
//!
//! Where two halves of one socket run in two tasks, neither knows whose turn it is: a REQ's or REP's half waits for its
//! turn instead of failing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;

use super::AsyncSocket;
use super::waiting::Call;
use crate::message::Multipart;
use crate::socket::{RecvError, SendError, TryRecvError, TrySendError};

/// The messages that come. It ends when the context is shut down, and after the error of a type that does not receive.
/// A REQ or REP whose turn it is to send waits.
impl Stream for AsyncSocket {
    type Item = Result<Multipart, RecvError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let next = this.poll(Call::Receiving, cx, |socket| {
            match socket.try_recv_multipart() {
                Err(TryRecvError::Empty | TryRecvError::OutOfTurn) => None,
                result => Some(result),
            }
        });
        let result = ready!(next);
        this.ended = result.is_err();
        Poll::Ready(match result {
            Err(TryRecvError::Terminated) => None,
            result => Some(result.map_err(RecvError::from)),
        })
    }
}

impl FusedStream for AsyncSocket {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

/// Sends messages. Each is with the engine when `start_send` has taken it, except where its peer went between
/// `poll_ready` and `start_send`; the next `poll_ready` or `poll_flush` waits until another peer takes that one. What is
/// sent by other calls meanwhile overtakes it. That a sink is flushed says nothing about the peer. Closing a sink flushes
/// it; the socket is closed when it is dropped.
///
/// Each error brings its message back. A REQ or REP whose turn it is to receive waits.
impl Sink<Multipart> for AsyncSocket {
    type Error = SendError<Multipart>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = self.get_mut();
        ready!(this.poll_unsent(cx))?;
        // What can never be sent is left to `start_send`, which can give the message back.
        this.poll_writable(cx).map(Ok)
    }

    fn start_send(self: Pin<&mut Self>, message: Multipart) -> Result<(), Self::Error> {
        let this = self.get_mut();
        if this.unsent.is_some() {
            // The caller did not wait until it may send.
            return Err(SendError::TimedOut(message));
        }
        this.waiting.share_news(Call::Sending);
        match this.socket.try_send_multipart(message) {
            Err(TrySendError::Full(message)) => this.unsent = Some(message),
            result => result?,
        }
        if this.socket.socket_type.takes_turns() {
            this.waiting.tell_others(Call::Sending);
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().poll_unsent(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_flush(cx)
    }
}

impl AsyncSocket {
    /// Sends what a `start_send` could not.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<Multipart>>> {
        let mut message = self.unsent.take();
        if message.is_none() {
            return Poll::Ready(Ok(()));
        }
        let sent = self.poll_send_multipart(cx, &mut message);
        self.unsent = message;
        sent
    }
}
