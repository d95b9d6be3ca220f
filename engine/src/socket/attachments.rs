//! What a socket is bound and connected to, by the application's names and by the engine's.
//!
//! A list and its look-ups; who carries anything out is not known here.

use std::io;

use crate::peer::PeerId;
use crate::reactor::AttachmentId;
use crate::transport::{Endpoint, Use};

/// The binds and connects of a socket.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    next: u64,
    entries: Vec<Attachment>,
    answers: Vec<(AttachmentId, io::Result<Endpoint>)>,
    /// The endpoint of the last bind or connect.
    pub(super) last: Option<String>,
}

#[derive(Debug)]
struct Attachment {
    id: AttachmentId,
    kind: Use,
    /// The text the application gave.
    text: String,
    /// The text it came to mean, where that differs (a chosen port).
    meaning: Option<String>,
    leaving: bool,
    /// The peer that a connect leads to.
    peer: Option<PeerId>,
    /// Who carries it out.
    engine: usize,
}

/// A bind or connect that is being ended.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) attachment: AttachmentId,
    pub(super) peer: Option<PeerId>,
    pub(super) engine: usize,
}

impl Attachments {
    pub(super) fn add(&mut self, kind: Use, text: &str) -> AttachmentId {
        let id = AttachmentId(self.next);
        self.next += 1;
        let text = text.to_owned();
        self.entries.push(Attachment {
            id,
            kind,
            text,
            meaning: None,
            leaving: false,
            peer: None,
            engine: 0,
        });
        id
    }

    pub(super) fn bound(&mut self, id: AttachmentId, result: io::Result<Endpoint>) {
        // Whoever gave a bind up does not ask for its result.
        let awaited = self
            .entries
            .iter()
            .any(|entry| entry.id == id && !entry.leaving);
        if awaited {
            self.answers.push((id, result));
        }
    }

    /// Nobody asks for the result of a bind any more, and it is to be undone; returns where it is and by which
    /// engine.
    pub(super) fn abandon(&mut self, id: AttachmentId) -> Option<(String, usize)> {
        drop(self.take_answer(id));
        let entry = self.entries.iter_mut().find(|entry| entry.id == id)?;
        entry.leaving = true;
        Some((entry.text.clone(), entry.engine))
    }

    pub(super) fn detached(&mut self, id: AttachmentId) {
        self.entries.retain(|entry| entry.id != id);
    }

    pub(super) fn take_answer(&mut self, id: AttachmentId) -> Option<io::Result<Endpoint>> {
        let place = self
            .answers
            .iter()
            .position(|(answered, _)| *answered == id)?;
        Some(self.answers.swap_remove(place).1)
    }

    pub(super) fn settle(&mut self, id: AttachmentId, endpoint: &Endpoint) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.meaning = Some(endpoint.to_string());
        }
        self.last = Some(endpoint.to_string());
    }

    pub(super) fn holds(&self, id: AttachmentId) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    pub(super) fn leave(&mut self, kind: Use, text: &str) -> Option<Leaving> {
        let entry = self.entries.iter_mut().find(|entry| {
            let named = entry.text == text || entry.meaning.as_deref() == Some(text);
            named && entry.kind == kind && !entry.leaving
        })?;
        entry.leaving = true;
        Some(Leaving {
            attachment: entry.id,
            peer: entry.peer,
            engine: entry.engine,
        })
    }

    /// Whether there never was one. An unbind leaves peers behind.
    pub(super) const fn were_none(&self) -> bool {
        self.next == 0
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is such a bind or connect.
    pub(super) fn has(&self, kind: Use, text: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.kind == kind && entry.text == text && !entry.leaving)
    }

    /// The engine that carries it out.
    pub(super) fn goes_to(&mut self, id: AttachmentId, engine: usize) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.engine = engine;
        }
    }

    /// The peer is gone for good, and the connect that led to it is over.
    pub(super) fn peer_left(&mut self, peer: PeerId) {
        self.entries.retain(|entry| entry.peer != Some(peer));
    }

    /// The connect leads to this peer.
    pub(super) fn reaches(&mut self, id: AttachmentId, peer: PeerId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.peer = Some(peer);
        }
    }
}
