//! The commands that a proxy obeys.

use super::Proxy;
use crate::message::{Message, Multipart};
use crate::socket::SocketType;

/// What a proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Active,
    /// Messages wait where they are.
    Paused,
    Terminated,
}

impl Proxy<'_> {
    /// Carries out all commands that are there. What it does not know it ignores, as libzmq does.
    pub(super) fn obey(&mut self) {
        while self.mode != Mode::Terminated
            && let Some(control) = self.ends.control.as_deref_mut()
            && let Ok(command) = control.try_recv_multipart()
        {
            match command.first().map(|frame| &frame[..]) {
                Some(b"PAUSE") => self.mode = Mode::Paused,
                Some(b"RESUME") => self.mode = Mode::Active,
                Some(b"TERMINATE") => self.mode = Mode::Terminated,
                Some(b"STATISTICS") => {
                    let answer = self.numbers();
                    self.answer(answer);
                    continue;
                }
                _ => {}
            }
            let control = self.ends.control.as_deref();
            if control.is_some_and(|control| control.socket_type() == SocketType::Rep) {
                self.answer(Multipart::from_iter([Message::new()]));
            }
        }
    }

    /// Whoever asked may be gone, or the type may not send: a proxy does not wait for that.
    fn answer(&mut self, answer: Multipart) {
        if let Some(control) = self.ends.control.as_deref_mut() {
            let _ = control.try_send_multipart(answer);
        }
    }

    fn numbers(&self) -> Multipart {
        let statistics = self.statistics();
        let in_order = [
            statistics.frontend_received,
            statistics.frontend_sent,
            statistics.backend_received,
            statistics.backend_sent,
        ];
        let numbers = in_order
            .into_iter()
            .flat_map(|traffic| [traffic.messages, traffic.bytes]);
        numbers
            .map(|number| Message::from(number.to_ne_bytes().to_vec()))
            .collect()
    }
}
