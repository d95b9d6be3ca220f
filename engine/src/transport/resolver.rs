//! Host names become addresses here, on threads of their own: the system's resolver may take seconds, and neither an
//! engine nor a caller of `connect` waits for it.
//!
//! This module knows neither who asks nor what becomes of the answer, which is a call.

use std::collections::VecDeque;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc as StdArc;
use std::{fmt, io, thread};

use ringmq_driver::Address;

use crate::sync::{Arc, Mutex, lock};

/// So many names are looked up at once; one that the system cannot find does not hold up all others.
const THREADS_MAX: usize = 4;

/// A host by name, and a port of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HostName {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// What knows the addresses of names.
pub(crate) trait Names: fmt::Debug + Send + Sync {
    /// All addresses of a host, the preferred first. May take its time.
    fn addresses(&self, host: &HostName) -> io::Result<Vec<SocketAddr>>;
}

/// The names that the system knows.
#[derive(Debug)]
pub(crate) struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, host: &HostName) -> io::Result<Vec<SocketAddr>> {
        (host.name.as_str(), host.port)
            .to_socket_addrs()
            .map(Iterator::collect)
    }
}

/// What to do with the addresses of a name.
type Answer = Box<dyn FnOnce(io::Result<Vec<Address>>) + Send>;

/// Looks names up for one reactor. Its threads start when they are needed and end when nothing is asked any more;
/// nobody waits for them.
#[derive(Debug)]
pub(crate) struct Resolver {
    names: StdArc<dyn Names>,
    questions: Arc<Mutex<Questions>>,
}

#[derive(Default)]
struct Questions {
    waiting: VecDeque<(HostName, Answer)>,
    threads: usize,
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions")
            .field("waiting", &self.waiting.len())
            .field("threads", &self.threads)
            .finish()
    }
}

impl Resolver {
    pub(crate) fn new(names: StdArc<dyn Names>) -> Self {
        Self {
            names,
            questions: Arc::default(),
        }
    }

    /// Asks for the addresses of a host. `answer` is called with them, or with why there are none, on another thread,
    /// or on this one if the system has no other.
    pub(crate) fn ask(
        &self,
        host: HostName,
        answer: impl FnOnce(io::Result<Vec<Address>>) + Send + 'static,
    ) {
        {
            let mut questions = lock(&self.questions);
            questions.waiting.push_back((host, Box::new(answer)));
            if questions.threads == THREADS_MAX {
                return;
            }
            questions.threads += 1;
        }
        let (names, questions) = (StdArc::clone(&self.names), Arc::clone(&self.questions));
        let started = thread::Builder::new()
            .name("ringmq-names".to_owned())
            .spawn(move || answer_all(&*names, &questions));
        if started.is_err() {
            self.refuse_if_alone();
        }
    }

    /// The system has no thread: unless one is there already, what waits has to be asked again later.
    fn refuse_if_alone(&self) {
        let mut questions = lock(&self.questions);
        questions.threads -= 1;
        if questions.threads > 0 {
            return;
        }
        let refused = std::mem::take(&mut questions.waiting);
        drop(questions);
        for (_, answer) in refused {
            answer(Err(io::ErrorKind::WouldBlock.into()));
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        // Nobody waits for these answers any more.
        lock(&self.questions).waiting.clear();
    }
}

fn answer_all(names: &dyn Names, questions: &Mutex<Questions>) {
    loop {
        let (host, answer) = {
            let mut questions = lock(questions);
            let Some(next) = questions.waiting.pop_front() else {
                questions.threads -= 1;
                return;
            };
            next
        };
        let found = names.addresses(&host);
        answer(found.map(|found| found.into_iter().map(Address::Tcp).collect()));
    }
}
