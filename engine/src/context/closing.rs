//! Closing a context within a time, and saying what it waited for.
//!
//! A socket is open until its handle is dropped and its last session has gone: the engines hold its shared part until
//! then, and the register of sockets hears of the end of that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc;
use std::time::Duration;

use super::Context;
use crate::clock;
use crate::reactor::{Command, Report};
use crate::socket::SocketType;

/// How long engines may take to say what they hold, once the time is up. Only one that is gone takes so long.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// A socket that was still open when the time to close its context was up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenSocket {
    /// Its number in its context, as its `Debug` text names it.
    pub id: u64,
    /// Its type.
    pub socket_type: SocketType,
    /// Its handle was dropped; it only lingers, to send what is queued.
    pub is_closed: bool,
    /// Where it listens, and whom it is connected to, or tries to be.
    pub endpoints: Vec<String>,
    /// Messages that wait to be sent over tcp and ipc.
    pub queued: u64,
}

/// A context could not be closed in time, for these sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillOpen {
    sockets: Vec<OpenSocket>,
}

impl StillOpen {
    /// The sockets, in the order in which they were made.
    #[must_use]
    pub fn sockets(&self) -> &[OpenSocket] {
        &self.sockets
    }
}

impl fmt::Display for OpenSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_closed { "lingers" } else { "is open" };
        write!(f, "{:?} {} {state}", self.socket_type, self.id)?;
        if !self.endpoints.is_empty() {
            write!(f, " at {}", self.endpoints.join(", "))?;
        }
        write!(f, " with {} messages to send", self.queued)
    }
}

impl fmt::Display for StillOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the context is still in use")?;
        for (place, socket) in self.sockets.iter().enumerate() {
            write!(f, "{} {socket}", if place == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for StillOpen {}

impl Context {
    /// Shuts the context down and waits until each socket is dropped and what it had accepted has left, within its linger
    /// time, but for no longer than `timeout`.
    ///
    /// After an error the context is shut down all the same, and can be closed again. Dropping it would go on waiting
    /// for what lingers: [`Self::abandon`] ends that.
    ///
    /// ```
    /// use ringmq::{Context, SocketType};
    /// use std::time::Duration;
    ///
    /// let context = Context::new()?;
    /// let mut push = context.socket(SocketType::Push)?;
    /// push.connect("tcp://127.0.0.1:1")?;
    /// push.send("to nobody")?;
    /// drop(push);
    /// let left = context.close(Duration::from_millis(10)).unwrap_err();
    /// assert_eq!(left.sockets()[0].queued, 1);
    /// println!("{left}");
    /// context.abandon();
    /// assert!(context.close(Duration::from_secs(10)).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The time was up before; the error names what is still open, and what for.
    pub fn close(&self, timeout: Duration) -> Result<(), StillOpen> {
        self.shutdown();
        let deadline = clock::deadline(Some(timeout));
        if self.host.sockets().wait_until_gone(deadline) {
            return Ok(());
        }
        let mut sockets: BTreeMap<u64, OpenSocket> = BTreeMap::new();
        for open in self.host.sockets().list() {
            let described = OpenSocket {
                id: open.id,
                socket_type: open.socket_type,
                is_closed: open.is_closed(),
                endpoints: Vec::new(),
                queued: 0,
            };
            sockets.insert(open.id, described);
        }
        for report in self.reports() {
            if let Some(socket) = sockets.get_mut(&report.socket) {
                socket.endpoints.extend(report.endpoint);
                socket.queued += report.queued;
            }
        }
        if sockets.is_empty() {
            // The last one went between the two looks.
            return Ok(());
        }
        Err(StillOpen {
            sockets: sockets.into_values().collect(),
        })
    }

    /// Ends everything at once: sockets are shut down, and what they had still to send is dropped and counted. Then
    /// nothing lingers, and dropping the context waits for nothing.
    pub fn abandon(&self) {
        self.shutdown();
        self.host.tell_all(|| Command::Stop { at_once: true });
    }

    /// What each engine holds of each socket.
    fn reports(&self) -> Vec<Report> {
        let (tell, answers) = mpsc::channel();
        self.host.tell_all(|| Command::Report(tell.clone()));
        drop(tell);
        let mut reports = Vec::new();
        let deadline = clock::deadline(Some(ANSWER_TIME));
        for _ in self.host.engines().iter() {
            let wait = deadline.map_or(ANSWER_TIME, clock::until);
            let Ok(of_engine) = answers.recv_timeout(wait) else {
                break;
            };
            reports.extend(of_engine);
        }
        reports
    }
}
