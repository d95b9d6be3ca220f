//! The table of sockets. A slot is used again under a new generation, so an old name never finds a new socket.

use ringmq_driver::SocketId;

#[derive(Debug)]
pub(crate) struct Slots<T> {
    entries: Vec<Slot<T>>,
    /// Empty slots; the one freed last is used first, while it is still in the cache.
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The slot that the next [`Self::insert`] fills.
    pub(crate) fn next_index(&self) -> u32 {
        self.free.last().copied().unwrap_or_else(|| {
            u32::try_from(self.entries.len()).expect("descriptors run out long before 32 bits do")
        })
    }

    pub(crate) fn insert(&mut self, value: T) -> SocketId {
        let index = self.next_index();
        if self.free.pop().is_none() {
            self.entries.push(Slot {
                generation: 0,
                value: None,
            });
        }
        let slot = &mut self.entries[index as usize];
        debug_assert!(slot.value.is_none(), "a free slot is empty");
        slot.value = Some(value);
        SocketId {
            index,
            generation: slot.generation,
        }
    }

    pub(crate) fn get(&self, id: SocketId) -> Option<&T> {
        let slot = self.entries.get(id.index as usize)?;
        slot.value
            .as_ref()
            .filter(|_| slot.generation == id.generation)
    }

    pub(crate) fn get_mut(&mut self, id: SocketId) -> Option<&mut T> {
        let slot = self.entries.get_mut(id.index as usize)?;
        slot.value
            .as_mut()
            .filter(|_| slot.generation == id.generation)
    }

    /// Whatever lives in the slot now.
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entries.get_mut(index as usize)?.value.as_mut()
    }

    pub(crate) fn remove(&mut self, id: SocketId) -> Option<T> {
        let slot = self.entries.get_mut(id.index as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.index);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn an_old_name_does_not_find_the_new_socket_in_its_slot() {
        let mut slots = Slots::new();
        let old = slots.insert("old");
        assert_eq!(slots.remove(old), Some("old"));
        let new = slots.insert("new");
        assert_eq!(new.index, old.index);
        assert_eq!(slots.get(old), None);
        assert_eq!(slots.get_mut(old), None);
        assert_eq!(slots.remove(old), None);
        assert_eq!(slots.get(new), Some(&"new"));
    }
}
