//! A table whose keys are never reused: a late event for something that is gone finds nothing.

/// Names one entry of one table: slot in the low half, uses of the slot before it in the high half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

/// Generations use 31 bits, so that the top bit of a key is free for its table's name.
const GENERATION_MASK: u32 = (1 << 31) - 1;

impl Key {
    const fn new(index: usize, generation: u32) -> Self {
        Self((generation as u64) << 32 | index as u64)
    }

    /// The key as a number below 2⁶³.
    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    /// The key that [`Self::to_bits`] gave.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    const fn index(self) -> usize {
        (self.0 & 0xFFFF_FFFF) as usize
    }

    const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    entry: Option<T>,
}

/// Entries by key. Slots are reused; keys are not, until a slot was used 2³¹ times.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Adds the entry that `make` builds from its key.
    pub(crate) fn insert_with(&mut self, make: impl FnOnce(Key) -> T) -> Key {
        let index = self.free.pop().unwrap_or(self.slots.len());
        if index == self.slots.len() {
            self.slots.push(Slot {
                generation: 0,
                entry: None,
            });
        }
        let slot = &mut self.slots[index];
        let key = Key::new(index, slot.generation);
        slot.entry = Some(make(key));
        key
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation == key.generation() {
            slot.entry.as_mut()
        } else {
            None
        }
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation != key.generation() {
            return None;
        }
        let entry = slot.entry.take()?;
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        self.free.push(key.index());
        Some(entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The keys of all entries.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.entry.is_some())
            .map(|(index, slot)| Key::new(index, slot.generation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_removed_entry_finds_nothing_after_its_slot_is_reused() {
        let mut table = Table::new();
        let old = table.insert_with(|_| "old");
        assert_eq!(table.remove(old), Some("old"));
        let new = table.insert_with(|_| "new");
        assert_eq!(old.index(), new.index());
        assert_eq!(table.get_mut(old), None);
        assert_eq!(table.remove(old), None);
        assert_eq!(table.get_mut(new), Some(&mut "new"));
        assert_eq!(table.len(), 1);
        assert_eq!(table.keys().collect::<Vec<_>>(), [new]);
    }

    #[test]
    fn keys_survive_a_round_trip_through_bits() {
        let mut table = Table::new();
        table.insert_with(|_| ());
        let key = table.insert_with(|_| ());
        assert_eq!(Key::from_bits(key.to_bits()), key);
        assert!(key.to_bits() < 1 << 63);
    }
}
