//! The pipes of one pattern: all by slot, and the active ones in the order of their turns.

use crate::pipe::Event;

/// `current` while no pipe is active.
const NONE: u32 = u32::MAX;

/// Pipes by key, and whose turn it is. Keys carry a generation, so that an event for a pipe that is gone finds
/// nothing.
#[derive(Debug)]
pub(super) struct Slots<P> {
    pipes: Vec<Slot<P>>,
    /// Slots that can be used now, in the order of their turns.
    active: Vec<u32>,
    /// Whose turn it is: a place in `active`.
    turn: usize,
    /// The slot at that place, looked up once per turn; [`NONE`] without one.
    current: u32,
}

#[derive(Debug)]
struct Slot<P> {
    generation: u32,
    active: bool,
    pipe: Option<P>,
}

impl<P> Slots<P> {
    pub(super) const fn new() -> Self {
        Self {
            pipes: Vec::new(),
            active: Vec::new(),
            turn: 0,
            current: NONE,
        }
    }

    /// Adds a pipe, active, behind the others; `make` gets the key that its events carry, which is returned.
    pub(super) fn add(&mut self, make: impl FnOnce(u64) -> P) -> u64 {
        let free = self.pipes.iter().position(|slot| slot.pipe.is_none());
        let index = free.unwrap_or(self.pipes.len());
        if index == self.pipes.len() {
            self.pipes.push(Slot {
                generation: 0,
                active: false,
                pipe: None,
            });
        }
        let slot = &mut self.pipes[index];
        let key = u64::from(slot.generation) << 32 | index as u64;
        slot.pipe = Some(make(key));
        self.activate_slot(index as u32);
        key
    }

    /// The pipe whose turn it is.
    #[inline]
    pub(super) fn current(&mut self) -> Option<&mut P> {
        self.pipes.get_mut(self.current as usize)?.pipe.as_mut()
    }

    /// The turn goes to the next active pipe.
    #[inline]
    pub(super) fn next_turn(&mut self) {
        if self.active.len() > 1 {
            self.turn += 1;
            self.settle_turn();
        }
    }

    /// Wraps the turn around and looks its slot up.
    fn settle_turn(&mut self) {
        if self.turn >= self.active.len() {
            self.turn = 0;
        }
        self.current = self.active.get(self.turn).copied().unwrap_or(NONE);
    }

    /// The pipe whose turn it is cannot be used until an event says so; the next one gets its turn.
    pub(super) fn deactivate_current(&mut self) {
        let index = self.active.remove(self.turn);
        self.pipes[index as usize].active = false;
        self.settle_turn();
    }

    /// An event named a pipe: it is active again.
    pub(super) fn activate(&mut self, event: Event) {
        if let Some(index) = self.index_of(event.key)
            && !self.pipes[index as usize].active
        {
            self.activate_slot(index);
        }
    }

    /// The slot of a pipe that is still there.
    fn index_of(&self, key: u64) -> Option<u32> {
        let index = (key & 0xFFFF_FFFF) as u32;
        let generation = (key >> 32) as u32;
        let slot = self.pipes.get(index as usize)?;
        (slot.generation == generation && slot.pipe.is_some()).then_some(index)
    }

    /// Whether it is this pipe's turn.
    pub(super) fn is_current(&self, key: u64) -> bool {
        self.index_of(key) == Some(self.current)
    }

    /// All pipes, active or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = &P> {
        self.pipes.iter().filter_map(|slot| slot.pipe.as_ref())
    }

    fn activate_slot(&mut self, index: u32) {
        self.pipes[index as usize].active = true;
        self.active.push(index);
        self.settle_turn();
    }

    /// Removes the pipe whose turn it is.
    pub(super) fn remove_current(&mut self) -> Option<P> {
        let index = *self.active.get(self.turn)?;
        self.deactivate_current();
        self.vacate(index)
    }

    /// Removes a pipe wherever it stands. Whose turn it is keeps it; if that is the removed one, the next gets it.
    pub(super) fn remove(&mut self, key: u64) -> Option<P> {
        let index = self.index_of(key)?;
        if let Some(place) = self.active.iter().position(|active| *active == index) {
            self.active.remove(place);
            self.pipes[index as usize].active = false;
            if place < self.turn {
                self.turn -= 1;
            }
            self.settle_turn();
        }
        self.vacate(index)
    }

    fn vacate(&mut self, index: u32) -> Option<P> {
        let slot = &mut self.pipes[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.pipe.take()
    }

    /// Removes all pipes.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = P> + '_ {
        self.active.clear();
        self.settle_turn();
        self.pipes.iter_mut().filter_map(|slot| {
            slot.generation = slot.generation.wrapping_add(1);
            slot.active = false;
            slot.pipe.take()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipe::EventKind;

    fn named(names: &[char]) -> Slots<char> {
        let mut slots = Slots::new();
        for name in names {
            slots.add(|_| *name);
        }
        slots
    }

    const fn event(key: u64) -> Event {
        Event {
            key,
            kind: EventKind::Readable,
        }
    }

    #[test]
    fn turns_go_round() {
        let mut slots = named(&['a', 'b', 'c']);
        let mut seen = String::new();
        for _ in 0..7 {
            seen.push(*slots.current().unwrap());
            slots.next_turn();
        }
        assert_eq!(seen, "abcabca");
    }

    #[test]
    fn a_pipe_that_cannot_be_used_is_passed_over_until_its_event() {
        let mut slots = named(&['a', 'b']);
        slots.deactivate_current();
        assert_eq!(slots.current(), Some(&mut 'b'));
        slots.next_turn();
        assert_eq!(slots.current(), Some(&mut 'b'));
        slots.deactivate_current();
        assert_eq!(slots.current(), None);
        slots.activate(event(0));
        slots.activate(event(0));
        assert_eq!(slots.current(), Some(&mut 'a'));
        slots.deactivate_current();
        assert_eq!(slots.current(), None);
    }

    #[test]
    fn a_pipe_removed_by_its_key_leaves_the_turns_of_the_others_as_they_were() {
        let names = ['a', 'b', 'c', 'd'];
        for turn in 0..names.len() {
            for removed in 0..names.len() {
                let mut slots = Slots::new();
                let keys = names.map(|name| slots.add(|_| name));
                for _ in 0..turn {
                    slots.next_turn();
                }
                assert_eq!(slots.is_current(keys[removed]), turn == removed);
                assert_eq!(slots.remove(keys[removed]), Some(names[removed]));
                assert_eq!(slots.remove(keys[removed]), None, "its key names nothing");
                let mut expected: Vec<char> = names.to_vec();
                expected.rotate_left(turn);
                expected.retain(|name| *name != names[removed]);
                let mut seen = Vec::new();
                for _ in 0..expected.len() {
                    seen.push(*slots.current().unwrap());
                    slots.next_turn();
                }
                assert_eq!(seen, expected, "turn {turn}, removed {removed}");
            }
        }
    }

    #[test]
    fn a_pipe_that_is_out_of_turn_is_removed_by_its_key() {
        let mut slots = Slots::new();
        let keys = ['a', 'b'].map(|name| slots.add(|_| name));
        slots.deactivate_current();
        assert_eq!(slots.remove(keys[0]), Some('a'));
        slots.activate(event(keys[0]));
        assert_eq!(slots.iter().collect::<Vec<_>>(), [&'b']);
        assert_eq!(slots.current(), Some(&mut 'b'));
        slots.next_turn();
        assert_eq!(slots.current(), Some(&mut 'b'));
        assert_eq!(slots.remove(keys[1]), Some('b'));
        assert_eq!(slots.current(), None);
    }

    #[test]
    fn an_event_of_a_removed_pipe_does_not_touch_its_successor() {
        let mut slots = named(&['a']);
        assert_eq!(slots.remove_current(), Some('a'));
        let mut key = 0;
        slots.add(|new| {
            key = new;
            'b'
        });
        slots.deactivate_current();
        slots.activate(event(0));
        assert_eq!(slots.current(), None);
        slots.activate(event(key));
        assert_eq!(slots.current(), Some(&mut 'b'));
    }
}
