//! The pipes of one pattern: all by slot, and the active ones in the order of their turns.

use std::collections::HashMap;

use crate::peer::PeerId;
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
    /// Slots without a pipe.
    free: Vec<u32>,
    /// The slot of each peer's pipe.
    by_peer: HashMap<PeerId, u32>,
    /// Whose turn it is: a place in `active`.
    turn: usize,
    /// The slot at that place, looked up once per turn; [`NONE`] without one.
    current: u32,
}

#[derive(Debug)]
struct Slot<P> {
    generation: u32,
    active: bool,
    peer: PeerId,
    pipe: Option<P>,
}

impl<P> Slots<P> {
    pub(super) fn new() -> Self {
        Self {
            pipes: Vec::new(),
            active: Vec::new(),
            free: Vec::new(),
            by_peer: HashMap::new(),
            turn: 0,
            current: NONE,
        }
    }

    /// Adds a pipe of a peer, active, behind the others; `make` gets the key that its events carry. Returns its slot:
    /// the one that was left last, if one is free.
    pub(super) fn add(&mut self, peer: PeerId, make: impl FnOnce(u64) -> P) -> u32 {
        let index = self.free.pop().unwrap_or(self.pipes.len() as u32);
        if index as usize == self.pipes.len() {
            self.pipes.push(Slot {
                generation: 0,
                active: false,
                peer,
                pipe: None,
            });
        }
        let slot = &mut self.pipes[index as usize];
        let key = u64::from(slot.generation) << 32 | u64::from(index);
        slot.peer = peer;
        slot.pipe = Some(make(key));
        let before = self.by_peer.insert(peer, index);
        debug_assert_eq!(before, None, "a peer has one pipe in each direction");
        self.activate_slot(index);
        index
    }

    /// The pipe in a slot, and whether it is active.
    #[inline]
    pub(super) fn in_slot(&mut self, index: u32) -> Option<(&mut P, bool)> {
        let slot = self.pipes.get_mut(index as usize)?;
        let active = slot.active;
        slot.pipe.as_mut().map(|pipe| (pipe, active))
    }

    /// The slot of a key, if its pipe is still there.
    fn index_of(&self, key: u64) -> Option<u32> {
        let index = (key & 0xFFFF_FFFF) as u32;
        let slot = self.pipes.get(index as usize)?;
        let generation = (key >> 32) as u32;
        (slot.generation == generation && slot.pipe.is_some()).then_some(index)
    }

    /// The slot of a peer's pipe.
    pub(super) fn slot_of_peer(&self, peer: PeerId) -> Option<u32> {
        self.by_peer.get(&peer).copied()
    }

    /// Whose pipe is in a slot.
    pub(super) fn peer_in_slot(&self, index: u32) -> Option<PeerId> {
        let slot = self.pipes.get(index as usize)?;
        slot.pipe.is_some().then_some(slot.peer)
    }

    /// All pipes, active or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = &P> {
        self.pipes.iter().filter_map(|slot| slot.pipe.as_ref())
    }

    /// All pipes with their peers, active or not.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (PeerId, &mut P)> {
        self.pipes
            .iter_mut()
            .filter_map(|slot| slot.pipe.as_mut().map(|pipe| (slot.peer, pipe)))
    }

    /// How many slots there are, with a pipe or without.
    pub(super) const fn slots(&self) -> u32 {
        self.pipes.len() as u32
    }

    /// Whose turn it is.
    #[inline]
    pub(super) fn current_peer(&self) -> Option<PeerId> {
        self.pipes.get(self.current as usize).map(|slot| slot.peer)
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
        self.leave_turns(self.turn);
    }

    /// The pipe in a slot cannot be used until an event says so.
    pub(super) fn deactivate(&mut self, index: u32) {
        if let Some(place) = self.active.iter().position(|active| *active == index) {
            self.leave_turns(place);
        }
    }

    /// An event named a pipe: it is active again. Returns its slot, if it is still there.
    pub(super) fn activate(&mut self, event: Event) -> Option<u32> {
        let index = self.index_of(event.key)?;
        if !self.pipes[index as usize].active {
            self.activate_slot(index);
        }
        Some(index)
    }

    fn activate_slot(&mut self, index: u32) {
        self.pipes[index as usize].active = true;
        self.active.push(index);
        self.settle_turn();
    }

    /// Takes a pipe out of the turns; whoever has the turn keeps it, unless it is this one.
    fn leave_turns(&mut self, place: usize) {
        let index = self.active.remove(place);
        self.pipes[index as usize].active = false;
        if place < self.turn {
            self.turn -= 1;
        }
        self.settle_turn();
    }

    /// Removes the pipe whose turn it is.
    pub(super) fn remove_current(&mut self) -> Option<P> {
        let index = *self.active.get(self.turn)?;
        self.remove_slot(index)
    }

    /// Removes the pipe in a slot.
    pub(super) fn remove_slot(&mut self, index: u32) -> Option<P> {
        self.deactivate(index);
        let slot = self.pipes.get_mut(index as usize)?;
        let pipe = slot.pipe.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.by_peer.remove(&slot.peer);
        self.free.push(index);
        Some(pipe)
    }

    /// Removes a peer's pipe.
    pub(super) fn remove_peer(&mut self, peer: PeerId) -> Option<P> {
        let index = self.slot_of_peer(peer)?;
        self.remove_slot(index)
    }

    /// Removes all pipes.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = P> + '_ {
        self.active.clear();
        self.free = (0..self.pipes.len() as u32).collect();
        self.by_peer.clear();
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
            slots.add(PeerId(u64::from(u32::from(*name))), |_| *name);
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
    fn an_event_of_a_removed_pipe_does_not_touch_its_successor() {
        let mut slots = named(&['a']);
        assert_eq!(slots.remove_current(), Some('a'));
        let mut key = 0;
        slots.add(PeerId(1), |new| {
            key = new;
            'b'
        });
        slots.deactivate_current();
        slots.activate(event(0));
        assert_eq!(slots.current(), None);
        slots.activate(event(key));
        assert_eq!(slots.current(), Some(&mut 'b'));
    }

    #[test]
    fn a_pipe_that_is_removed_out_of_turn_takes_nobodys_turn() {
        for gone in ['a', 'b', 'c', 'd'] {
            let mut slots = named(&['a', 'b', 'c', 'd']);
            slots.next_turn();
            slots.next_turn();
            let peer = PeerId(u64::from(u32::from(gone)));
            assert_eq!(slots.remove_peer(peer), Some(gone));
            assert_eq!(slots.remove_peer(peer), None);
            let expected = if gone == 'c' { 'd' } else { 'c' };
            assert_eq!(slots.current(), Some(&mut expected.clone()));
            assert_eq!(slots.iter().count(), 3);
        }
    }
}
