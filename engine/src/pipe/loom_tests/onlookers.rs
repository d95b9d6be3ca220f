//! Tasks and pollers, like sleeping threads, miss nothing.

use std::sync::Arc as StdArc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::{Ends, ends, expect_frame, model};
use crate::pipe::{Mailbox, Owner, Reader, Role, Watch};

/// A task's thread, which runs it again each time it is woken.
struct Task {
    woken: Mutex<usize>,
    bell: Condvar,
}

impl Task {
    fn new() -> StdArc<Self> {
        StdArc::new(Self {
            woken: Mutex::new(0),
            bell: Condvar::new(),
        })
    }

    /// Sleeps until it is woken, and returns how often it was.
    fn sleep(&self) -> usize {
        let mut woken = self.woken.lock().unwrap();
        while *woken == 0 {
            woken = self.bell.wait(woken).unwrap();
        }
        std::mem::take(&mut woken)
    }

    fn times_woken(&self) -> usize {
        *self.woken.lock().unwrap()
    }
}

impl Wake for Task {
    fn wake(self: StdArc<Self>) {
        *self.woken.lock().unwrap() += 1;
        self.bell.notify_one();
    }
}

/// What a future does each time it is run: looks, asks to be woken, and looks again if there is news already.
/// Returns whether a message is there.
fn run(reader: &mut Reader, readers: &Owner, waker: &Waker) -> bool {
    loop {
        readers.ready_events(|_| ());
        if reader.has_message() {
            return true;
        }
        if reader.wait_for_message() && readers.register_waker(waker) {
            return false;
        }
    }
}

#[test]
fn a_task_is_woken_by_the_next_message() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        let writing = thread::spawn(move || {
            writer.write_frame(false, b"a");
            writer.publish();
            writer
        });
        let task = Task::new();
        let waker = Waker::from(task.clone());
        while !run(&mut reader, &readers, &waker) {
            task.sleep();
        }
        expect_frame(&mut reader, false, b"a");
        drop(writing.join().unwrap());
    });
}

#[test]
fn one_of_two_who_announce_at_once_wakes_the_task_and_it_hears_both() {
    model(|| {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let task = Task::new();
        let waker = Waker::from(task.clone());
        assert!(owner.register_waker(&waker));
        let sending: Vec<_> = (0..2)
            .map(|letter| {
                let mailbox = mailbox.clone();
                thread::spawn(move || mailbox.send(letter))
            })
            .collect();
        let mut letters = Vec::new();
        loop {
            assert_eq!(task.sleep(), 1, "woken once for each time it asked");
            mailbox.drain(&mut letters);
            while letters.len() < 2 && !owner.register_waker(&waker) {
                mailbox.drain(&mut letters);
            }
            if letters.len() == 2 {
                break;
            }
        }
        for sending in sending {
            sending.join().unwrap();
        }
    });
}

#[test]
fn a_second_task_is_woken_in_place_of_the_first() {
    model(|| {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let first = Task::new();
        assert!(owner.register_waker(&Waker::from(first.clone())));
        let sending = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.send(()))
        };
        let second = Task::new();
        if owner.register_waker(&Waker::from(second.clone())) && first.times_woken() == 0 {
            second.sleep();
        }
        sending.join().unwrap();
        assert!(owner.has_mail());
    });
}

#[test]
fn a_thread_may_sleep_where_a_task_went_away() {
    model(|| {
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let task = Task::new();
        assert!(owner.register_waker(&Waker::from(task)));
        let sending = {
            let mailbox = mailbox.clone();
            thread::spawn(move || mailbox.send(()))
        };
        owner.forget_waker();
        while !owner.has_mail() {
            owner.park(None);
        }
        sending.join().unwrap();
    });
}

#[test]
fn a_poller_misses_nothing_that_is_announced_to_what_it_watches() {
    model(|| {
        let poller = Owner::parker();
        let watch = Watch::new(&poller);
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        let sending: Vec<_> = (0..2)
            .map(|letter| {
                let mailbox = mailbox.clone();
                thread::spawn(move || mailbox.send(letter))
            })
            .collect();
        let (mut letters, mut keys) = (Vec::new(), Vec::new());
        owner.watch(&watch, 5);
        mailbox.drain(&mut letters);
        while letters.len() < 2 {
            poller.park(None);
            watch.drain(&mut keys);
            for key in keys.drain(..) {
                assert_eq!(key, 5);
                owner.watch(&watch, key);
                mailbox.drain(&mut letters);
            }
        }
        for sending in sending {
            sending.join().unwrap();
        }
    });
}

#[test]
fn a_poller_is_told_of_a_watched_pipe() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        let poller = Owner::parker();
        let watch = Watch::new(&poller);
        let writing = thread::spawn(move || {
            writer.write_frame(false, b"a");
            writer.publish();
            writer
        });
        let mut keys = vec![7];
        let mut seen = false;
        while !seen {
            for key in keys.drain(..) {
                readers.watch(&watch, key);
                readers.ready_events(|_| ());
                seen = !reader.wait_for_message();
            }
            if !seen {
                poller.park(None);
                watch.drain(&mut keys);
            }
        }
        expect_frame(&mut reader, false, b"a");
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_poller_that_only_looks_at_the_list_is_told_of_what_it_misses() {
    model(|| {
        let Ends {
            mut writer,
            mut reader,
            readers,
            ..
        } = ends(0, Role::Application);
        let poller = Owner::parker();
        let watch = Watch::new(&poller);
        assert!(reader.wait_for_message());
        let writing = thread::spawn(move || {
            writer.write_frame(false, b"a");
            writer.publish();
            writer
        });
        readers.watch(&watch, 7);
        let mut keys = Vec::new();
        while !readers.has_ready() {
            poller.park(None);
            watch.drain(&mut keys);
        }
        readers.ready_events(|_| ());
        expect_frame(&mut reader, false, b"a");
        drop(writing.join().unwrap());
    });
}

#[test]
fn a_watch_that_ended_tells_nothing_more() {
    model(|| {
        let poller = Owner::parker();
        let watch = Watch::new(&poller);
        let owner = Owner::parker();
        let mailbox = Mailbox::new(owner.clone());
        owner.watch(&watch, 5);
        let sending = thread::spawn(move || mailbox.send(()));
        owner.unwatch(&watch);
        assert!(!poller.has_news());
        sending.join().unwrap();
        assert!(!poller.has_news());
    });
}
