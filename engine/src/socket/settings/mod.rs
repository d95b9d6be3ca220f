//! The socket's options, typed; one file per theme.
//!
//! No option is accepted without effect: a setter refuses what means nothing to the socket's type, and values that
//! nothing could be made of.

mod connections;
mod publishing;
mod queues;
mod routing;
mod system;

use super::{OptionError, Socket};
use crate::pattern::Setting;

impl Socket {
    /// Refuses an option that has no effect on a socket of this type.
    const fn only_if(&self, has_effect: bool) -> Result<(), OptionError> {
        if has_effect {
            Ok(())
        } else {
            Err(OptionError::NotForThisType)
        }
    }

    fn set(&mut self, setting: Setting<'_>) -> Result<(), OptionError> {
        if self.pattern.set(setting) {
            Ok(())
        } else {
            Err(OptionError::NotForThisType)
        }
    }
}
