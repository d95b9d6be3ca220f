//! Who waits for a socket: one task at most for each kind of call, behind the one waker that an owner knows.
//!
//! ```text
//!   tasks ──wait──▶ [receiving, sending, attaching] ── one bell ──▶ owner
//!   bell  ──wakes─▶ every task that stands there, and lets go of it
//! ```
//!
//! An owner rings once for what is announced first. Whoever takes news in may find what another waits for, so it
//! tells the others; each then looks by itself. This file must not know what the calls do.

use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::pipe::{self, Owner};
use crate::sync::{Mutex, lock};

/// A kind of call that may have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Receiving,
    Sending,
    /// Binding, or undoing a bind or connect.
    Attaching,
}

const CALLS: usize = 3;

/// The tasks that wait for one socket. Going, it lets go of them.
pub(super) struct Waiting {
    owner: Owner,
    tasks: Arc<Tasks>,
    /// Wakes `tasks`; made once, because a clone of it is all that a wait then costs.
    bell: Waker,
    /// Where a task has stood since it was last told: spares the lock where there was none.
    asked: [bool; CALLS],
}

struct Tasks(Mutex<[Option<Waker>; CALLS]>);

impl Waiting {
    pub(super) fn new(owner: Owner) -> Self {
        let tasks = Arc::new(Tasks(Mutex::new([const { None }; CALLS])));
        Self {
            owner,
            bell: Waker::from(Arc::clone(&tasks)),
            tasks,
            asked: [false; CALLS],
        }
    }

    /// Announces that a task is about to wait: the next news wake it. Returns false if there are news already; then
    /// whoever takes them in must [`Self::tell_others`].
    pub(super) fn wait(&mut self, call: Call, waker: &Waker) -> bool {
        let mut tasks = lock(&self.tasks.0);
        let place = &mut tasks[call as usize];
        let known = place.as_ref().is_some_and(|known| known.will_wake(waker));
        let replaced = if known {
            None
        } else {
            place.replace(waker.clone())
        };
        drop(tasks);
        // Outside of the lock, because it may be the last name of a task.
        drop(replaced);
        self.asked[call as usize] = true;
        self.owner.register_waker(&self.bell)
    }

    /// If there are news, which the caller is about to take in: wakes the tasks of all other calls.
    #[inline]
    pub(super) fn share_news(&mut self, call: Call) {
        if self.owner.has_news() {
            self.tell_others(call);
        }
    }

    /// Wakes the tasks of all other calls, if there are any.
    pub(super) fn tell_others(&mut self, call: Call) {
        self.tell(|other| other != call as usize);
    }

    /// Wakes all tasks, if there are any.
    pub(super) fn tell_all(&mut self) {
        self.tell(|_| true);
    }

    fn tell(&mut self, selected: impl Fn(usize) -> bool) {
        for place in 0..CALLS {
            if selected(place) && std::mem::take(&mut self.asked[place]) {
                let task = lock(&self.tasks.0)[place].take();
                if let Some(task) = task {
                    pipe::wake(task);
                }
            }
        }
    }

    /// Lets go of the task of a call, which waits no longer.
    pub(super) fn forget(&mut self, call: Call) {
        if !std::mem::take(&mut self.asked[call as usize]) {
            return;
        }
        let mut tasks = lock(&self.tasks.0);
        let task = tasks[call as usize].take();
        let nobody = tasks.iter().all(Option::is_none);
        drop(tasks);
        if nobody {
            self.owner.forget_waker();
        }
        drop(task);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.owner.forget_waker();
        // A task may own its socket: while it stands here, both would live for ever.
        let tasks = std::mem::take(&mut *lock(&self.tasks.0));
        drop(tasks);
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let tasks = std::mem::take(&mut *lock(&self.0));
        // Each by itself: that one panics is nothing to the others.
        tasks.into_iter().flatten().for_each(pipe::wake);
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Arc, Call, Owner, Waiting, Wake, Waker};
    use crate::pipe::Mailbox;

    /// Counts how often a task is woken, and then panics if it was told to.
    #[derive(Default)]
    struct Task {
        woken: AtomicUsize,
        panics: bool,
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::SeqCst);
            assert!(!self.panics, "a waker that panics: the test is about it");
        }
    }

    impl Task {
        fn new(panics: bool) -> (Arc<Self>, Waker) {
            let task = Arc::new(Self {
                panics,
                ..Self::default()
            });
            (Arc::clone(&task), Waker::from(task))
        }

        fn count(&self) -> usize {
            self.woken.load(Ordering::SeqCst)
        }
    }

    fn waiting() -> (Waiting, Mailbox<()>) {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        (Waiting::new(owner), mailbox)
    }

    #[test]
    fn news_wake_every_task_although_the_first_panics() {
        let (mut waiting, mailbox) = waiting();
        let (first, receiving) = Task::new(true);
        let (second, sending) = Task::new(false);
        assert!(waiting.wait(Call::Receiving, &receiving));
        assert!(waiting.wait(Call::Sending, &sending));
        mailbox.send(());
        mailbox.send(());
        assert_eq!((first.count(), second.count()), (1, 1));
    }

    #[test]
    fn a_call_that_takes_news_in_tells_the_others_once() {
        let (mut waiting, mailbox) = waiting();
        let (first, receiving) = Task::new(false);
        let (second, sending) = Task::new(false);
        assert!(waiting.wait(Call::Receiving, &receiving));
        waiting.share_news(Call::Sending);
        assert_eq!(first.count(), 0, "there are no news");
        mailbox.send(());
        assert_eq!(first.count(), 1);
        mailbox.drain(&mut Vec::new());
        assert!(waiting.wait(Call::Receiving, &receiving));
        mailbox.send(());
        assert!(!waiting.wait(Call::Sending, &sending), "there are news");
        assert!(!waiting.wait(Call::Receiving, &receiving));
        for _ in 0..3 {
            waiting.share_news(Call::Sending);
        }
        assert_eq!((first.count(), second.count()), (3, 0));
    }

    #[test]
    fn tasks_that_wait_no_longer_are_neither_woken_nor_kept() {
        let (mut waiting, mailbox) = waiting();
        let (first, receiving) = Task::new(false);
        let (second, sending) = Task::new(false);
        assert!(waiting.wait(Call::Receiving, &receiving));
        assert!(waiting.wait(Call::Sending, &sending));
        drop((receiving, sending));
        waiting.forget(Call::Receiving);
        assert_eq!(Arc::strong_count(&first), 1);
        mailbox.send(());
        assert_eq!((first.count(), second.count()), (0, 1));
        mailbox.drain(&mut Vec::new());
        let (third, attaching) = Task::new(false);
        assert!(waiting.wait(Call::Attaching, &attaching));
        drop((attaching, waiting));
        mailbox.send(());
        assert_eq!((Arc::strong_count(&third), third.count()), (1, 0));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use loom::sync::{Condvar, Mutex};
    use loom::thread;

    use super::{Arc, Call, Owner, Waiting, Wake, Waker};
    use crate::pipe::Mailbox;

    /// A task's thread, which runs it again each time it is woken.
    struct Task {
        woken: Mutex<bool>,
        bell: Condvar,
    }

    impl Task {
        fn new() -> (Arc<Self>, Waker) {
            let task = Arc::new(Self {
                woken: Mutex::new(false),
                bell: Condvar::new(),
            });
            (Arc::clone(&task), Waker::from(task))
        }

        fn sleep(&self) {
            let mut woken = self.woken.lock().unwrap();
            while !*woken {
                woken = self.bell.wait(woken).unwrap();
            }
            *woken = false;
        }

        fn is_woken(&self) -> bool {
            *self.woken.lock().unwrap()
        }
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            *self.woken.lock().unwrap() = true;
            self.bell.notify_one();
        }
    }

    /// A socket that is told of two things, each of which one of the calls waits for.
    struct Inbox {
        waiting: Waiting,
        mailbox: Mailbox<Call>,
        came: Vec<Call>,
    }

    impl Inbox {
        /// What a poll does: shares the news, takes them in, and waits if they are another's.
        fn poll(&mut self, call: Call, waker: &Waker) -> bool {
            loop {
                self.waiting.share_news(call);
                self.mailbox.drain(&mut self.came);
                if self.came.contains(&call) {
                    return true;
                }
                if self.waiting.wait(call, waker) {
                    return false;
                }
            }
        }
    }

    #[test]
    fn a_task_hears_of_its_news_whichever_call_takes_them_in() {
        loom::model(|| {
            let owner = Owner::parker();
            let mailbox = Mailbox::new(owner.clone());
            let mut inbox = Inbox {
                waiting: Waiting::new(owner),
                mailbox: mailbox.clone(),
                came: Vec::new(),
            };
            let (receiver, receiving) = Task::new();
            let (_sender, sending) = Task::new();
            let has_received = inbox.poll(Call::Receiving, &receiving);
            let telling = thread::spawn(move || mailbox.send(Call::Receiving));
            // The other call polls at any moment; that it takes the news in must not keep them from the first.
            inbox.poll(Call::Sending, &sending);
            assert!(!has_received, "nothing was sent yet");
            receiver.sleep();
            while !inbox.poll(Call::Receiving, &receiving) {
                receiver.sleep();
            }
            telling.join().unwrap();
        });
    }

    #[test]
    fn a_task_that_stays_is_woken_after_the_other_went_away() {
        loom::model(|| {
            let owner = Owner::parker();
            let mailbox = Mailbox::new(owner.clone());
            let mut inbox = Inbox {
                waiting: Waiting::new(owner),
                mailbox: mailbox.clone(),
                came: Vec::new(),
            };
            let (receiver, receiving) = Task::new();
            let (_sender, sending) = Task::new();
            assert!(!inbox.poll(Call::Receiving, &receiving));
            assert!(!inbox.poll(Call::Sending, &sending));
            let telling = thread::spawn(move || mailbox.send(Call::Receiving));
            inbox.waiting.forget(Call::Sending);
            receiver.sleep();
            assert!(!receiver.is_woken(), "once");
            telling.join().unwrap();
            assert!(inbox.poll(Call::Receiving, &receiving));
        });
    }
}
