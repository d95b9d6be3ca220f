//! Foreign bodies: memory that the application lent, with the application's own code to release it. That code may
//! block, panic, or drop the very context whose engine let go of the body, so an engine's thread never runs it: it
//! hands the dead body to its context's reaper.
//!
//! ```text
//!   application thread ──last clone dropped──▶ released there, as the last act of the call
//!   engine thread ───────last clone dropped──▶ queue (never full, never waits) ──▶ reaper thread: released, panics kept in
//! ```
//!
//! The reaper's thread starts with the first body it gets, and ends when the engine is gone and all is released. This
//! module must not know contexts, nor what a foreign body is.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::sync::{Arc, Mutex, lock};

/// What is to be dropped elsewhere. The box is the price of one body that was too large to be copied.
type Dead = Box<dyn Any + Send>;

thread_local! {
    /// The reaper of the engine that runs on this thread.
    static OF_ENGINE: RefCell<Option<EngineSide>> = const { RefCell::new(None) };
    /// This thread is a reaper's.
    static IS_REAPER: Cell<bool> = const { Cell::new(false) };
}

/// The context's side of a reaper: to wait for it.
pub(crate) struct Reaper {
    shared: Arc<Shared>,
}

struct Shared {
    /// Held by the reaper's thread for as long as it runs.
    dead: Mutex<Receiver<Dead>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The engine thread's side of a reaper.
struct EngineSide {
    dead: Sender<Dead>,
    shared: Arc<Shared>,
    is_running: bool,
}

/// While this lives, its thread is an engine's and releases no foreign body itself.
#[derive(Debug)]
pub(crate) struct OnEngine(());

impl Reaper {
    /// Makes the calling thread an engine's for as long as the second value lives.
    pub(crate) fn of_this_engine() -> (Self, OnEngine) {
        let (dead, queue) = mpsc::channel();
        let shared = Arc::new(Shared {
            dead: Mutex::new(queue),
            thread: Mutex::new(None),
        });
        OF_ENGINE.set(Some(EngineSide {
            dead,
            shared: Arc::clone(&shared),
            is_running: false,
        }));
        (Self { shared }, OnEngine(()))
    }

    /// Waits until every body is released. The engine has ended before; the caller is no engine's or reaper's thread.
    pub(crate) fn finish(self) {
        let thread = lock(&self.shared.thread).take();
        if let Some(thread) = thread {
            // It lets no panic out.
            let _ = thread.join();
        }
        // What is left if the system never had a thread for the reaper.
        release_all(&self.shared);
    }
}

impl fmt::Debug for Reaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaper").finish_non_exhaustive()
    }
}

impl Drop for OnEngine {
    fn drop(&mut self) {
        OF_ENGINE.set(None);
    }
}

/// Whether this thread may wait for engines and reapers: it is none of them. A reaper that waited for another could
/// be waited for by it.
pub(crate) fn may_wait() -> bool {
    let is_engine = OF_ENGINE.with_borrow(Option::is_some);
    !is_engine && !IS_REAPER.get()
}

/// Drops something foreign: here, or on an engine's thread by its reaper.
pub(super) fn release<T: Any + Send>(foreign: T) {
    let mut foreign = Some(foreign);
    // A thread whose locals are gone is no engine's any more.
    let _ = OF_ENGINE.try_with(|engine| {
        if let Some(engine) = &mut *engine.borrow_mut() {
            engine.bury(Box::new(foreign.take()));
        }
    });
    drop(foreign);
}

impl EngineSide {
    /// Hands a body over without waiting for anybody.
    fn bury(&mut self, dead: Dead) {
        // The receiving end lives as long as `shared`.
        let _ = self.dead.send(dead);
        if self.is_running {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let started = thread::Builder::new()
            .name("ringmq-reaper".to_owned())
            .spawn(move || {
                IS_REAPER.set(true);
                release_all(&shared);
            });
        // Where the system has no thread now, the body waits for the next one, or for `finish`.
        if let Ok(thread) = started {
            self.is_running = true;
            *lock(&self.shared.thread) = Some(thread);
        }
    }
}

/// Releases what comes until the engine is gone.
fn release_all(shared: &Shared) {
    let dead = lock(&shared.dead);
    while let Ok(mut next) = dead.recv() {
        // A panic was told by its hook. What it carries is the application's too, and may panic when it is dropped.
        while let Err(panic) = catch_unwind(AssertUnwindSafe(move || drop(next))) {
            next = panic;
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread::{self, ThreadId};

    use super::{Reaper, may_wait, release};

    /// Says on which thread it is dropped, and whether that thread may wait.
    struct Told(mpsc::Sender<(ThreadId, bool)>);

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send((thread::current().id(), may_wait()));
        }
    }

    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            // This panic carries another one.
            std::panic::panic_any(PanicsToo);
        }
    }

    struct PanicsToo;

    impl Drop for PanicsToo {
        fn drop(&mut self) {
            panic!("a free function that panics: this is what the test is about");
        }
    }

    /// What an engine's thread drops in turn, and where it was dropped.
    fn on_an_engine(work: impl FnOnce() + Send + 'static) -> ThreadId {
        let (reaper, id) = thread::spawn(move || {
            let (reaper, _on_engine) = Reaper::of_this_engine();
            work();
            (reaper, thread::current().id())
        })
        .join()
        .expect("nothing foreign runs on an engine's thread");
        reaper.finish();
        id
    }

    #[test]
    fn a_foreign_body_is_released_at_once_on_any_thread_but_an_engines() {
        let (told, heard) = mpsc::channel();
        release(Told(told.clone()));
        assert_eq!(heard.try_recv(), Ok((thread::current().id(), true)));

        let engine = on_an_engine(move || release(Told(told)));
        let (place, may_wait) = heard.try_recv().expect("`finish` waits for it");
        assert!(place != engine && place != thread::current().id());
        assert!(!may_wait);
        assert_eq!(heard.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_panic_ends_neither_the_engine_nor_the_reaper() {
        let (told, heard) = mpsc::channel();
        on_an_engine(move || {
            release(Panics);
            release(Told(told));
        });
        assert!(heard.try_recv().is_ok());
    }

    #[test]
    fn an_engine_goes_on_while_its_reaper_is_held_up() {
        struct HeldUp(mpsc::Receiver<()>);
        impl Drop for HeldUp {
            fn drop(&mut self) {
                let _ = self.0.recv();
            }
        }
        let (let_go, held_up) = mpsc::channel();
        let (told, heard) = mpsc::channel();
        on_an_engine(move || {
            release(HeldUp(held_up));
            for _ in 0..1_000 {
                release(Told(told.clone()));
            }
            // Reached although nothing was released yet.
            drop(let_go);
        });
        assert_eq!(heard.iter().count(), 1_000);
    }
}
