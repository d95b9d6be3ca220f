//! How long polls wait, and what makes them return.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Subject;
use super::rig::Rig;
use crate::{Driver, Wait};

/// D11: a poll of an idle driver returns, and brings nothing.
pub fn an_idle_poll_brings_nothing<S: Subject>(subject: &S) {
    let mut driver = subject.driver();
    let mut completions = Vec::new();
    for _ in 0..100 {
        driver
            .poll(Wait::Now, &mut completions)
            .expect("a working driver polls");
        assert!(completions.is_empty());
        assert!(!driver.is_ready());
    }
}

/// D11: polling until an instant gets there, forwards only, and without spinning through the time.
pub fn waiting_until_an_instant_reaches_it<S: Subject>(subject: &S) {
    let mut driver = subject.driver();
    let mut completions = Vec::new();
    for wait in [300, 2_000, 30_000].map(Duration::from_micros) {
        let mut last = driver.now();
        let end = last.after(wait);
        let mut polls = 0;
        while driver.now() < end {
            driver
                .poll(Wait::Until(end), &mut completions)
                .expect("a working driver polls");
            subject.step();
            assert!(driver.now() >= last, "the clock runs backwards");
            last = driver.now();
            polls += 1;
            assert!(polls < 1000, "the driver spins through its wait");
        }
        // An instant that has passed is no wait at all.
        driver
            .poll(Wait::Until(end), &mut completions)
            .expect("a working driver polls");
        assert!(completions.is_empty());
    }
}

/// D12: a wake that comes before the poll is not lost, and wakes may be merged.
pub fn a_wake_before_the_poll_makes_it_return<S: Subject>(subject: &S) {
    let mut rig = Rig::new(subject);
    let waker = rig.driver.waker();
    for wakes in [1, 1000, 1] {
        for _ in 0..wakes {
            waker.wake();
        }
        // For ever, if the wake were lost.
        rig.turn(Wait::Forever);
    }
}

/// D12: each wake of another thread ends a poll that started before it or after it.
pub fn a_wake_from_another_thread_is_never_lost<S: Subject>(subject: &S) {
    const WAKES: u64 = 2000;
    if !subject.waits() {
        return;
    }
    let mut driver = subject.driver();
    let mut completions = Vec::new();
    let waker = driver.waker();
    let (go, goes) = mpsc::channel::<u64>();
    let (tell, told) = mpsc::channel::<u64>();
    let thread = thread::spawn(move || {
        for number in goes {
            // As an engine's doorbell does: first the news, then the wake.
            tell.send(number).expect("the test waits for it");
            waker.wake();
        }
    });
    for number in 0..WAKES {
        go.send(number).expect("the thread lives");
        let deadline = driver.now().after(Duration::from_secs(30));
        loop {
            driver
                .poll(Wait::Until(deadline), &mut completions)
                .expect("a working driver polls");
            if told.try_recv() == Ok(number) {
                break;
            }
            assert!(driver.now() < deadline, "wake {number} was lost");
        }
    }
    drop(go);
    thread.join().expect("the thread ends when nothing goes");
    assert!(completions.is_empty());
}
