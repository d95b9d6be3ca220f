//! Tasks that wait for an owner, and pollers that watch it, on one thread; `loom_tests` has the races.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use crate::pipe::{Mailbox, Owner, Watch};

/// Counts how often a task is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn task() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

fn count(woken: &Woken) -> usize {
    woken.0.load(Ordering::SeqCst)
}

/// An owner with a mailbox, which makes the simplest news.
fn owner() -> (Owner, Mailbox<()>) {
    let owner = Owner::parker();
    let mailbox = Mailbox::new(owner.clone());
    (owner, mailbox)
}

#[test]
fn a_task_is_woken_once_by_the_first_of_many_news() {
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    assert!(owner.register_waker(&waker));
    assert_eq!(count(&woken), 0);
    for _ in 0..3 {
        mailbox.send(());
    }
    assert_eq!(count(&woken), 1);
    assert!(!owner.register_waker(&waker), "there is news");
    mailbox.drain(&mut Vec::new());
    assert!(owner.register_waker(&waker));
    mailbox.send(());
    assert_eq!(count(&woken), 2);
}

#[test]
fn another_task_takes_the_place_of_the_first() {
    let (owner, mailbox) = owner();
    let ((first, first_waker), (second, second_waker)) = (task(), task());
    assert!(owner.register_waker(&first_waker));
    assert!(owner.register_waker(&second_waker));
    drop(first_waker);
    assert_eq!(Arc::strong_count(&first), 1, "the first is not kept");
    mailbox.send(());
    assert_eq!((count(&first), count(&second)), (0, 1));
}

#[test]
fn a_task_that_asks_again_is_not_cloned_again() {
    let (owner, _mailbox) = owner();
    let (woken, waker) = task();
    for _ in 0..5 {
        assert!(owner.register_waker(&waker));
        assert_eq!(Arc::strong_count(&woken), 3);
    }
}

#[test]
fn a_task_that_was_forgotten_is_neither_woken_nor_kept() {
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    assert!(owner.register_waker(&waker));
    owner.forget_waker();
    drop(waker);
    assert_eq!(Arc::strong_count(&woken), 1);
    mailbox.send(());
    assert_eq!(count(&woken), 0);
    assert!(owner.park(None), "a thread may sleep there");
}

#[test]
fn a_task_that_went_away_without_a_word_does_no_harm() {
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    assert!(owner.register_waker(&waker));
    drop(waker);
    mailbox.send(());
    assert_eq!(count(&woken), 1, "woken for nothing");
    assert_eq!(Arc::strong_count(&woken), 1, "and then let go of");
    assert!(owner.park(None));
    mailbox.drain(&mut Vec::new());
    let (next, waker) = task();
    assert!(owner.register_waker(&waker));
    mailbox.send(());
    assert_eq!((count(&woken), count(&next)), (1, 1));
}

#[test]
fn a_thread_that_sleeps_takes_the_bell_over() {
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    assert!(owner.register_waker(&waker));
    assert!(owner.prepare_sleep());
    mailbox.send(());
    assert!(owner.park(None));
    assert_eq!(count(&woken), 0);
    mailbox.drain(&mut Vec::new());
    assert!(owner.register_waker(&waker));
    mailbox.send(());
    assert_eq!(count(&woken), 1);
}

#[test]
fn an_owner_that_goes_lets_go_of_its_task() {
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    assert!(owner.register_waker(&waker));
    drop((owner, waker));
    assert_eq!(Arc::strong_count(&woken), 1);
    mailbox.send(());
    assert_eq!(count(&woken), 0);
}

#[test]
fn a_watch_tells_the_owners_that_have_news_once() {
    let poller = Owner::parker();
    let watch = Watch::new(&poller);
    let owners: Vec<_> = (0..1000).map(|_| owner()).collect();
    for (key, (owner, _)) in owners.iter().enumerate() {
        owner.watch(&watch, key as u64);
    }
    assert!(poller.prepare_sleep());
    for key in [700, 3, 700, 42, 3] {
        owners[key].1.send(());
    }
    assert!(poller.park(None));
    let mut keys = Vec::new();
    watch.drain(&mut keys);
    assert_eq!(keys, [700, 3, 42]);
    assert!(!poller.has_news());
    owners[3].1.send(());
    assert!(!poller.has_news(), "it is not armed");
    owners[3].0.watch(&watch, 3);
    owners[3].1.send(());
    keys.clear();
    watch.drain(&mut keys);
    assert_eq!(keys, [3]);
}

#[test]
fn two_pollers_may_watch_one_owner() {
    let pollers = [Owner::parker(), Owner::parker()];
    let watches = [Watch::new(&pollers[0]), Watch::new(&pollers[1])];
    let (owner, mailbox) = owner();
    owner.watch(&watches[0], 10);
    owner.watch(&watches[1], 11);
    mailbox.send(());
    owner.unwatch(&watches[0]);
    assert!(!pollers[0].has_news(), "the watch has ended");
    let mut keys = Vec::new();
    for watch in &watches {
        watch.drain(&mut keys);
    }
    assert_eq!(keys, [11]);
    owner.watch(&watches[1], 12);
    mailbox.send(());
    keys.clear();
    watches[1].drain(&mut keys);
    assert_eq!(keys, [12]);
}

#[test]
fn a_poller_that_waits_by_descriptor_or_as_a_task_is_told_too() {
    let poller = Owner::parker();
    let watch = Watch::new(&poller);
    let (owner, mailbox) = owner();
    let (woken, waker) = task();
    poller
        .descriptor()
        .expect("the system has two descriptors left");
    assert!(poller.register_waker(&waker));
    owner.watch(&watch, 1);
    assert!(!poller.is_descriptor_readable());
    mailbox.send(());
    assert!(poller.is_descriptor_readable());
    assert_eq!(count(&woken), 1);
}

#[test]
fn an_owner_with_a_descriptor_may_be_watched() {
    let poller = Owner::parker();
    let watch = Watch::new(&poller);
    let (owner, mailbox) = owner();
    owner
        .descriptor()
        .expect("the system has two descriptors left");
    owner.watch(&watch, 1);
    for armed in [true, false] {
        mailbox.send(());
        assert!(owner.is_descriptor_readable());
        assert_eq!(poller.has_news(), armed);
        watch.drain(&mut Vec::new());
    }
}

#[test]
fn watches_may_outlive_their_poller_and_their_owners() {
    let poller = Owner::parker();
    let watch = Watch::new(&poller);
    let (first, first_mailbox) = owner();
    first.watch(&watch, 1);
    drop(first);
    first_mailbox.send(());
    assert!(!poller.has_news(), "its owner is gone");
    let (second, second_mailbox) = owner();
    second.watch(&watch, 2);
    drop((poller, watch));
    second_mailbox.send(());
    second_mailbox.send(());
}
