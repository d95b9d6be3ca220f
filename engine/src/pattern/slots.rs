//! The pipes of one pattern: all by slot, and the active ones in the order of their turns.

use crate::pipe::Event;

/// Pipes by key, and whose turn it is. Keys carry a generation, so that an event for a pipe that is gone finds
/// nothing.
#[derive(Debug)]
pub(super) struct Slots<P> {
    pipes: Vec<Slot<P>>,
    /// Slots that can be used now, in the order of their turns.
    active: Vec<u32>,
    /// Whose turn it is: a place in `active`.
    turn: usize,
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
        }
    }

    /// Adds a pipe, active, behind the others; `make` gets the key that its events carry.
    pub(super) fn add(&mut self, make: impl FnOnce(u64) -> P) {
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
    }

    /// The pipe whose turn it is, and its slot.
    #[inline]
    pub(super) fn current(&mut self) -> Option<(u32, &mut P)> {
        let index = *self.active.get(self.turn)?;
        self.pipes[index as usize]
            .pipe
            .as_mut()
            .map(|pipe| (index, pipe))
    }

    /// A pipe by its slot.
    #[inline]
    pub(super) fn at(&mut self, index: u32) -> Option<&mut P> {
        self.pipes.get_mut(index as usize)?.pipe.as_mut()
    }

    /// The turn goes to the next active pipe.
    #[inline]
    pub(super) fn next_turn(&mut self) {
        self.turn += 1;
        if self.turn >= self.active.len() {
            self.turn = 0;
        }
    }

    /// The pipe whose turn it is cannot be used until an event says so; the next one gets its turn.
    pub(super) fn deactivate_current(&mut self) {
        let index = self.active.remove(self.turn);
        self.pipes[index as usize].active = false;
        if self.turn >= self.active.len() {
            self.turn = 0;
        }
    }

    /// An event named a pipe: it is active again.
    pub(super) fn activate(&mut self, event: Event) {
        let index = (event.key & 0xFFFF_FFFF) as u32;
        let generation = (event.key >> 32) as u32;
        let known = self.pipes.get(index as usize).is_some_and(|slot| {
            slot.generation == generation && slot.pipe.is_some() && !slot.active
        });
        if known {
            self.activate_slot(index);
        }
    }

    fn activate_slot(&mut self, index: u32) {
        self.pipes[index as usize].active = true;
        self.active.push(index);
    }

    /// Removes the pipe whose turn it is.
    pub(super) fn remove_current(&mut self) -> Option<P> {
        let index = *self.active.get(self.turn)?;
        self.deactivate_current();
        self.remove(index)
    }

    fn remove(&mut self, index: u32) -> Option<P> {
        let slot = &mut self.pipes[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.pipe.take()
    }

    /// Removes all pipes.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = P> + '_ {
        self.active.clear();
        self.turn = 0;
        self.pipes.iter_mut().filter_map(|slot| {
            slot.generation = slot.generation.wrapping_add(1);
            slot.active = false;
            slot.pipe.take()
        })
    }
}
