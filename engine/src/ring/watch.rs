//! Watching a connection that nobody receives from: one POLL_ADD tells that it ended or failed.
//!
//! ```text
//!           watch()              end or failure
//!   Unasked ──────► Armed ────────────────────► Ended, or Failed ──► HungUp, once somebody wants it
//! ```
//! The poll stays armed when receiving goes on, as bytes do not complete it: a connection whose reader falls behind
//! again and again is watched for one submission altogether, and a watch costs nothing to end.

use std::io;

use io_uring::opcode;
use ringmq_driver::{Completion, SocketId};
use socket2::SockRef;

use super::in_flight::Op;
use super::sockets::with_file;
use super::{Ring, StableIncoming, StableOutgoing};

/// What is known of the failure of one socket, and whether anybody wants to know.
#[derive(Debug, Default)]
pub(super) struct Watch {
    stage: Stage,
    /// The caller watches, and was told nothing yet.
    pub(super) wanted: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// It was never asked for.
    #[default]
    Unasked,
    /// The poll is in the kernel.
    Armed,
    /// The peer ended its stream, which receiving will tell after all bytes. Or the kernel had no memory to watch.
    Ended,
    /// The socket has, or had, an error.
    Failed,
}

impl Watch {
    /// Whether the poll is in the kernel.
    pub(super) const fn is_armed(&self) -> bool {
        matches!(self.stage, Stage::Armed)
    }
}

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Watches a socket until the next receive.
    ///
    /// # Panics
    /// If a receive is outstanding, or the socket is closed.
    pub(super) fn watch_socket(&mut self, socket: SocketId) {
        let file = self.lent.sockets.file(socket);
        let state = self.lent.sockets.get_mut(socket);
        assert!(!state.closing, "no watch after close");
        assert!(state.receiving.is_none(), "a receive tells by itself (D15)");
        state.watch.wanted = true;
        match state.watch.stage {
            Stage::Unasked => {
                state.watch.stage = Stage::Armed;
                // No events: errors and the ends of both directions are always reported.
                let entry = with_file!(file, |file| opcode::PollAdd::new(file, 0).build());
                // SAFETY: a poll names no memory.
                unsafe { self.start(socket, Op::Watch, entry) };
            }
            Stage::Failed => {
                let told = self.hung_up(socket);
                self.local.extend(told);
            }
            Stage::Armed | Stage::Ended => {}
        }
    }

    /// The connection ended or failed, or its watch was cancelled.
    pub(super) fn complete_watch(
        &mut self,
        socket: SocketId,
        result: i32,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        self.ended(socket);
        let state = self.lent.sockets.get_mut(socket);
        let failed = result > 0 && result & i32::from(libc::POLLERR) != 0;
        state.watch.stage = if failed { Stage::Failed } else { Stage::Ended };
        if failed && state.watch.wanted && !state.closing {
            completions.extend(self.hung_up(socket));
        }
    }

    /// What to tell of a socket in error.
    fn hung_up(&mut self, socket: SocketId) -> Option<Completion<O, I>> {
        let state = self.lent.sockets.get_mut(socket);
        state.watch.wanted = false;
        state.watch.stage = Stage::Ended;
        // Nothing is left where a send or receive was given the error, and has told it.
        let error = SockRef::from(&state.fd).take_error().ok().flatten()?;
        // KERNEL: EPIPE is that of a reset behind the peer's end, so all that it sent is here and can be received.
        (error.kind() != io::ErrorKind::BrokenPipe).then_some(Completion::HungUp {
            token: state.token,
            error,
        })
    }
}
