//! Send: SEND for one range, SENDMSG for several, one in flight per socket (two could be reordered).

use std::io::{self, IoSlice};

use io_uring::opcode;
use ringmq_driver::{Completion, SLICES_MAX, SocketId};

use super::in_flight::{Op, Sending, Vectors, kernel_bytes};
use super::sockets::with_file;
use super::{Ring, StableIncoming, StableOutgoing};

/// Up to this many bytes the kernel itself finishes short sends (MSG_WAITALL), which saves completions. Larger
/// ones come back as soon as some bytes are accepted, so that their memory can be reused.
const WAIT_ALL_BYTES_MAX: usize = 256 * 1024;

impl<O: StableOutgoing, I: StableIncoming> Ring<O, I> {
    /// Starts a send.
    ///
    /// # Panics
    /// If a send is outstanding (rule D2), the socket is closed, or there is nothing to send.
    pub(super) fn arm_send(&mut self, socket: SocketId, outgoing: O) {
        let mut vectors = self.lent.spare_vectors.pop().unwrap_or_else(Vectors::new);
        let flags = if outgoing.bytes() <= WAIT_ALL_BYTES_MAX {
            libc::MSG_NOSIGNAL | libc::MSG_WAITALL
        } else {
            libc::MSG_NOSIGNAL
        };
        let count = collect_slices(&outgoing, &mut vectors);
        assert!((1..=SLICES_MAX).contains(&count), "a send has ranges");
        let file = self.lent.sockets.file(socket);
        let (entry, vectors) = if count == 1 {
            let range = vectors.iovecs[0];
            self.lent.spare_vectors.push(vectors);
            let bytes = kernel_bytes(range.iov_len);
            let entry = with_file!(file, |file| {
                opcode::Send::new(file, range.iov_base.cast_const().cast(), bytes)
                    .flags(flags)
                    .build()
            });
            (entry, None)
        } else {
            vectors.header.msg_iov = vectors.iovecs.as_mut_ptr();
            vectors.header.msg_iovlen = count;
            let header = &raw const vectors.header;
            let entry = with_file!(file, |file| {
                opcode::SendMsg::new(file, header)
                    .flags(flags.unsigned_abs())
                    .build()
            });
            (entry, Some(vectors))
        };
        let state = self.lent.sockets.get_mut(socket);
        assert!(!state.closing, "no send after close");
        assert!(state.sending.is_none(), "one send at a time (D2)");
        state.sending = Some(Sending { outgoing, vectors });
        // SAFETY: the socket's entry owns the outgoing value, whose memory `StableOutgoing` keeps in place, and
        // the vectors, until `complete_send` takes them at the final completion.
        unsafe { self.start(socket, Op::Send, entry) };
    }

    /// The send ended.
    pub(super) fn complete_send(
        &mut self,
        socket: SocketId,
        result: i32,
        completions: &mut Vec<Completion<O, I>>,
    ) {
        self.ended(socket);
        let state = self.lent.sockets.get_mut(socket);
        let (token, closing) = (state.token, state.closing);
        let Sending { outgoing, vectors } = state
            .sending
            .take()
            .expect("a send completes once, and is kept until then");
        self.lent.spare_vectors.extend(vectors);
        if !closing && matches!(-result, libc::EINTR | libc::EAGAIN) {
            self.arm_send(socket, outgoing);
            return;
        }
        let result = match usize::try_from(result) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => Ok(bytes),
            Err(_) => Err(io::Error::from_raw_os_error(-result)),
        };
        completions.push(Completion::Sent {
            token,
            outgoing,
            result,
        });
    }
}

/// Asks for the ranges and writes them straight into the iovec array; returns how many there are.
fn collect_slices<O: StableOutgoing>(outgoing: &O, vectors: &mut Vectors) -> usize {
    let slices = (&raw mut vectors.iovecs).cast::<[IoSlice<'_>; SLICES_MAX]>();
    // SAFETY: an IoSlice has the layout of an iovec on unix, as its documentation promises. The entries left
    // from an earlier send are overwritten or, beyond the count, never read: `Outgoing::slices` only writes to
    // the front, and the kernel reads `count` entries.
    let slices = unsafe { &mut *slices };
    outgoing.slices(slices)
}
