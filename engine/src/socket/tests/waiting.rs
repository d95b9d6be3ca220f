//! Calls with a time-out end in time, whatever else the socket hears of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{DRIVERS, context, pull, push};
use crate::clock;
use crate::reactor::AttachmentId;
use crate::socket::{Socket, SocketEvent, SocketShared};
use crate::{RecvError, SendError};

/// News of something that this socket does not wait for.
fn tell_something(shared: &SocketShared) {
    let attachment = AttachmentId(u64::MAX);
    shared.mailbox.send(SocketEvent::Detached { attachment });
}

#[test]
fn a_wait_whose_time_is_up_says_so_although_there_are_news() {
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        tell_something(&pull.shared);
        assert!(pull.wait(clock::deadline(Some(Duration::ZERO))));
        tell_something(&pull.shared);
        assert!(!pull.wait(None));
    }
}

/// Calls while news that say nothing keep coming; they stop only when the call has returned.
fn amid_news<T>(socket: &mut Socket, call: impl FnOnce(&mut Socket) -> T) -> T {
    let returned = AtomicBool::new(false);
    let shared = Arc::clone(&socket.shared);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !returned.load(Ordering::Relaxed) {
                tell_something(&shared);
            }
        });
        let result = call(socket);
        returned.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn a_timeout_passes_while_unrelated_news_keep_coming() {
    let timeout = Some(Duration::from_millis(50));
    for driver in DRIVERS {
        let context = context(*driver);
        let mut pull = pull(&context);
        pull.set_receive_timeout(timeout).unwrap();
        let received = amid_news(&mut pull, Socket::recv);
        assert_eq!(received.unwrap_err(), RecvError::TimedOut);
        let mut push = push(&context);
        push.set_send_timeout(timeout).unwrap();
        let sent = amid_news(&mut push, |push| push.send("to nobody"));
        assert!(matches!(sent, Err(SendError::TimedOut(_))));
        let sent = amid_news(&mut push, |push| push.send_bytes(b"to nobody"));
        assert!(matches!(sent, Err(SendError::TimedOut(()))));
        let sent = amid_news(&mut push, |push| push.send_multipart(vec!["to", "nobody"]));
        assert!(matches!(sent, Err(SendError::TimedOut(_))));
    }
}
