//! Two connections joined by a lossless wire, on a virtual clock.

use std::sync::Arc;

use ringmq_wire::{Config, Connection, Error};

/// Both ends of one connection.
pub(crate) struct Pair {
    pub(crate) ends: [Connection; 2],
    /// Bytes on their way to each end.
    wires: [Vec<u8>; 2],
    pub(crate) now: u64,
    /// Messages each end has scanned.
    pub(crate) messages: [u32; 2],
    /// The most bytes one step delivers to an end.
    chunk_bytes: usize,
}

impl Pair {
    pub(crate) fn new(configs: [Config; 2], chunk_bytes: usize) -> Self {
        Self {
            ends: configs.map(|config| Connection::new(Arc::new(config), 0)),
            wires: [Vec::new(), Vec::new()],
            now: 0,
            messages: [0, 0],
            chunk_bytes,
        }
    }

    /// Puts traffic on the wire behind what `from` has to say itself.
    pub(crate) fn send(&mut self, from: usize, bytes: &[u8]) {
        let wire = &mut self.wires[1 - from];
        self.ends[from].take_output(wire);
        wire.extend_from_slice(bytes);
    }

    /// Delivers one chunk to each end. Says whether any byte moved.
    pub(crate) fn step(&mut self) -> Result<bool, Error> {
        let mut moved = false;
        for to in [0, 1] {
            self.send(1 - to, &[]);
            let bytes = self.chunk_bytes.min(self.wires[to].len());
            let end = &mut self.ends[to];
            let used = if end.is_established() {
                if bytes > 0 {
                    end.bytes_arrived(self.now);
                }
                // Traffic waits on the wire until its frames are whole.
                let scan = end.scan(&self.wires[to])?;
                self.messages[to] += scan.messages;
                scan.frames
            } else {
                end.handshake(&self.wires[to][..bytes], self.now)?
            };
            self.wires[to].drain(..used);
            moved |= used > 0;
        }
        Ok(moved)
    }

    /// Steps until nothing moves.
    pub(crate) fn drive(&mut self) -> Result<(), Error> {
        while self.step()? {}
        Ok(())
    }

    /// Lets time pass, calling each end at its deadlines, and drives what comes of it.
    pub(crate) fn pass(&mut self, nanos: u64) -> Result<(), Error> {
        let until = self.now + nanos;
        while let Some(at) = self.ends.iter().filter_map(Connection::deadline).min()
            && at <= until
        {
            self.now = self.now.max(at);
            for end in &mut self.ends {
                end.handle_deadline(self.now)?;
            }
            self.drive()?;
        }
        self.now = until;
        Ok(())
    }
}
