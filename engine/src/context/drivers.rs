//! Which driver runs: io_uring where it works, found out by trying it; readiness everywhere else.

use std::env;

use ringmq_driver::DriverKind;
use ringmq_shim_epoll::Shim;

use super::ContextError;
use crate::pipe::{Batch, Filling};

/// The environment variable that decides where the program leaves the choice open: `ring`, `shim` or `auto`.
pub(crate) const DRIVER_VARIABLE: &str = "RINGMQ_DRIVER";

/// Which driver a context should run on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverChoice {
    /// What the environment variable `RINGMQ_DRIVER` names (`ring` or `shim`); without it the ring if the host
    /// allows it, else the shim.
    #[default]
    Auto,
    /// io_uring, or an error.
    Ring,
    /// epoll or kqueue.
    Shim,
}

impl DriverChoice {
    /// Demands a driver that runs already.
    pub(super) const fn of(driver: DriverKind) -> Self {
        match driver {
            DriverKind::Ring => Self::Ring,
            _ => Self::Shim,
        }
    }

    /// Asks the environment where the program left the choice open.
    pub(super) fn settled(self) -> Result<Self, ContextError> {
        if self != Self::Auto {
            return Ok(self);
        }
        match env::var(DRIVER_VARIABLE) {
            Err(_) => Ok(Self::Auto),
            Ok(name) => match name.as_str() {
                "" | "auto" => Ok(Self::Auto),
                "ring" => Ok(Self::Ring),
                "shim" => Ok(Self::Shim),
                _ => Err(ContextError::UnknownDriver),
            },
        }
    }
}

/// The driver over readiness.
pub(super) fn shim() -> Result<Shim<Batch, Filling>, ContextError> {
    Shim::new().map_err(ContextError::Io)
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
mod with_ring {
    use std::sync::Once;

    use crate::context::ContextError;
    use crate::pipe::{Batch, Filling};
    use crate::ring::{Ring, RingConfig};

    /// The driver over io_uring; made on the thread that will use it.
    pub(in crate::context) fn ring() -> Result<Ring<Batch, Filling>, ContextError> {
        Ring::new(&RingConfig::default())
            .map_err(|refused| ContextError::RingRefused(Box::new(refused)))
    }

    /// Says once per process why the shim runs although the ring was wanted.
    pub(in crate::context) fn tell_refused(refused: &ContextError) {
        static TOLD: Once = Once::new();
        TOLD.call_once(|| eprintln!("ringmq: using the epoll shim: {refused}"));
    }
}

#[cfg(all(target_os = "linux", not(ringmq_portable)))]
pub(super) use with_ring::{ring, tell_refused};

#[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
mod without_ring {
    use ringmq_shim_epoll::Shim;

    use crate::context::ContextError;
    use crate::pipe::{Batch, Filling};

    /// This host has no io_uring.
    pub(in crate::context) fn ring() -> Result<Shim<Batch, Filling>, ContextError> {
        Err(ContextError::NoRing)
    }

    /// Nobody expects a ring here: there is nothing to tell.
    pub(in crate::context) const fn tell_refused(_refused: &ContextError) {}
}

#[cfg(not(all(target_os = "linux", not(ringmq_portable))))]
pub(super) use without_ring::{ring, tell_refused};
