//! The engines of one context, and which of them serves the next peer: the least loaded that the socket allows. A
//! connection never moves once it is served.

use crate::reactor::ReactorHandle;
use crate::sync::{Arc, AtomicUsize, Ordering};

/// How many peers an engine serves, or was given to serve.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load(Arc<AtomicUsize>);

impl Load {
    /// A peer is given to the engine.
    pub(crate) fn add(&self) {
        // Relaxed: a count to choose by, which orders nothing.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// A peer is gone.
    pub(crate) fn remove(&self) {
        // Relaxed: a count to choose by, which orders nothing.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn get(&self) -> usize {
        // Relaxed: a count to choose by, which orders nothing.
        self.0.load(Ordering::Relaxed)
    }
}

/// The ways to all engines of a context, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engines(Vec<ReactorHandle>);

impl Engines {
    pub(crate) const fn new(handles: Vec<ReactorHandle>) -> Self {
        Self(handles)
    }

    pub(crate) fn get(&self, engine: usize) -> &ReactorHandle {
        &self.0[engine]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ReactorHandle> {
        self.0.iter()
    }

    pub(crate) fn loads(&self) -> Vec<usize> {
        self.0.iter().map(|engine| engine.load.get()).collect()
    }

    /// The least loaded engine that the mask allows: bit n allows engine n, and 0 allows all. Without one that is
    /// allowed, all are.
    pub(crate) fn choose(&self, allowed: u64) -> Option<usize> {
        let least = |allowed: u64| {
            let mine = (0..self.0.len()).filter(|engine| is_allowed(allowed, *engine));
            mine.min_by_key(|engine| self.0[*engine].load.get())
        };
        least(allowed).or_else(|| least(0))
    }

    /// Whether the mask allows at least one engine that there is.
    pub(crate) fn allows_any(&self, allowed: u64) -> bool {
        (0..self.0.len()).any(|engine| is_allowed(allowed, engine))
    }
}

fn is_allowed(allowed: u64, engine: usize) -> bool {
    allowed == 0 || engine < u64::BITS as usize && allowed >> engine & 1 == 1
}
