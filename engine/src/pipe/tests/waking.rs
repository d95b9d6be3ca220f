//! Events, letters and descriptors, on one thread; `loom_tests` and `threads` have the races.

use super::{pair, walk};
use crate::memory::Pool;
use crate::pipe::{Event, EventKind, Mailbox, Owner, PipeConfig, Role, pipe};

fn events(owner: &Owner) -> Vec<Event> {
    let mut events = Vec::new();
    owner.ready_events(|event| events.push(event));
    events
}

#[test]
fn events_come_in_the_order_in_which_pipes_became_ready() {
    let owner = Owner::parker();
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let mut halves: Vec<_> = (0..5)
        .map(|key| pipe(config, Pool::new(), Owner::parker(), 0, owner.clone(), key))
        .collect();
    for (_, reader) in &mut halves {
        assert!(reader.wait_for_message());
    }
    for index in [3, 0, 4] {
        halves[index].0.write_frame(false, b"x");
        halves[index].0.publish();
        halves[index].0.write_frame(false, b"y");
        halves[index].0.publish();
    }
    assert!(!owner.prepare_sleep());
    let keys: Vec<_> = events(&owner)
        .iter()
        .map(|event| (event.key, event.kind))
        .collect();
    assert_eq!(keys, [3, 0, 4].map(|key| (key, EventKind::Readable)));
    assert!(owner.prepare_sleep());
    owner.awake();
}

#[test]
fn nothing_is_asked_of_a_pipe_that_has_something() {
    let (mut writer, mut reader) = pair(0, Role::Application);
    writer.write_frame(false, b"x");
    writer.publish();
    assert!(!reader.wait_for_message());
    walk(&mut reader);
    assert!(reader.wait_for_message());
    drop(writer);
    assert!(!reader.wait_for_message());
    assert!(reader.is_finished());
}

#[test]
fn a_half_that_is_gone_tells_no_event() {
    let owner = Owner::parker();
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let (mut writer, mut reader) = pipe(config, Pool::new(), Owner::parker(), 0, owner.clone(), 5);
    assert!(reader.wait_for_message());
    writer.write_frame(false, b"x");
    writer.publish();
    drop(reader);
    assert!(owner.has_ready());
    assert_eq!(events(&owner), []);
}

#[test]
fn a_key_may_be_set_after_the_pipe_is_made() {
    let owner = Owner::parker();
    let config = PipeConfig {
        high_water_mark: 0,
        reader_role: Role::Application,
    };
    let (mut writer, mut reader) = pipe(config, Pool::new(), Owner::parker(), 0, owner.clone(), 5);
    reader.set_key(77);
    assert!(reader.wait_for_message());
    writer.write_frame(false, b"x");
    writer.publish();
    assert_eq!(events(&owner)[0].key, 77);
}

#[test]
fn letters_of_two_mailboxes_are_counted_apart() {
    let owner = Owner::parker();
    let (first, second) = (Mailbox::new(owner.clone()), Mailbox::new(owner.clone()));
    first.send(1);
    second.send(2);
    let mut letters = Vec::new();
    first.drain(&mut letters);
    assert!(owner.has_mail());
    second.drain(&mut letters);
    assert_eq!(letters, [1, 2]);
    assert!(!owner.has_mail());
}

#[test]
fn the_descriptor_is_readable_from_news_until_it_is_cleared() {
    let owner = Owner::parker();
    let mailbox = Mailbox::new(owner.clone());
    mailbox.send(());
    owner
        .descriptor()
        .expect("the system has two descriptors left");
    assert!(
        owner.is_descriptor_readable(),
        "what came before it was made"
    );
    for _ in 0..200 {
        mailbox.send(());
    }
    owner.clear_descriptor();
    assert!(!owner.is_descriptor_readable());
    mailbox.send(());
    assert!(owner.is_descriptor_readable());
}
