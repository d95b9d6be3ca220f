//! Mailboxes: how threads tell each other about rare things, with a lock.
//!
//! Control only (connect, close, changed limits, handed-over halves); messages go through pipes.

use std::collections::VecDeque;
use std::fmt;

use super::owner::{Owner, Sleeper};
use crate::sync::{Arc, Mutex, lock};

/// A queue of letters to one owner, which is rung if it sleeps. Any thread sends; the owner drains.
pub(crate) struct Mailbox<T>(Arc<Letters<T>>);

struct Letters<T> {
    queue: Mutex<Queue<T>>,
    sleeper: Arc<Sleeper>,
}

struct Queue<T> {
    letters: VecDeque<T>,
    /// The owner is gone, and takes none.
    closed: bool,
}

impl<T> Mailbox<T> {
    /// A mailbox of `owner`, which may have several.
    pub(crate) fn new(owner: Owner) -> Self {
        Self(Arc::new(Letters {
            queue: Mutex::new(Queue {
                letters: VecDeque::new(),
                closed: false,
            }),
            sleeper: owner.into_sleeper(),
        }))
    }

    /// Leaves a letter and rings the owner if it sleeps. A closed mailbox drops it.
    pub(crate) fn send(&self, letter: T) {
        // Outside of the lock, because the letter may be the last name of anything.
        drop(self.try_send(letter));
    }

    /// Leaves a letter and rings the owner if it sleeps.
    ///
    /// # Errors
    /// The mailbox is closed; the letter comes back.
    pub(crate) fn try_send(&self, letter: T) -> Result<(), T> {
        let mut queue = lock(&self.0.queue);
        if queue.closed {
            return Err(letter);
        }
        queue.letters.push_back(letter);
        self.0.sleeper.add_letter();
        drop(queue);
        self.0.sleeper.notify();
        Ok(())
    }

    /// Leaves a letter, unless `waiting_max` are there already. Returns whether it did.
    pub(crate) fn offer(&self, letter: T, waiting_max: usize) -> bool {
        let mut queue = lock(&self.0.queue);
        if queue.letters.len() >= waiting_max {
            return false;
        }
        queue.letters.push_back(letter);
        self.0.sleeper.add_letter();
        drop(queue);
        self.0.sleeper.notify();
        true
    }

    /// Moves all letters to the end of `letters`, oldest first.
    pub(crate) fn drain(&self, letters: &mut Vec<T>) {
        let mut queue = lock(&self.0.queue);
        self.0.sleeper.remove_letters(queue.letters.len());
        letters.extend(queue.letters.drain(..));
    }

    /// Takes no letter any more. Moves those that are there to the end of `letters`.
    pub(crate) fn close(&self, letters: &mut Vec<T>) {
        lock(&self.0.queue).closed = true;
        self.drain(letters);
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}
