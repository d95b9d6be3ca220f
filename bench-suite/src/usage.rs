//! What a process has used of its core: CPU time and context switches, from getrusage(2).

use std::mem::MaybeUninit;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// CPU time and context switches of a process, all threads together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// CPU time in the program, microseconds.
    pub(crate) user_us: i64,
    /// CPU time in the kernel on the program's behalf, microseconds.
    pub(crate) system_us: i64,
    /// How often a thread gave its core up: how often something waited.
    pub(crate) voluntary_switches: i64,
    /// How often a thread's core was taken from it.
    pub(crate) involuntary_switches: i64,
}

impl Usage {
    /// What this process has used since it started.
    pub(crate) fn of_this_process() -> Self {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `usage` is writable memory of the right type for the whole call.
        let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
        assert_eq!(
            result, 0,
            "getrusage of the calling process takes no argument that can be wrong"
        );
        // SAFETY: all fields are integers, for which the zeroes written above are valid values.
        let usage = unsafe { usage.assume_init() };
        Self {
            user_us: microseconds(usage.ru_utime),
            system_us: microseconds(usage.ru_stime),
            voluntary_switches: usage.ru_nvcsw,
            involuntary_switches: usage.ru_nivcsw,
        }
    }

    /// Seconds of CPU time, in the program and in the kernel.
    pub(crate) fn cpu_seconds(self) -> f64 {
        (self.user_us + self.system_us) as f64 / 1e6
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "the fields are narrower on some hosts"
)]
fn microseconds(time: libc::timeval) -> i64 {
    i64::from(time.tv_sec) * 1_000_000 + i64::from(time.tv_usec)
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user_us: self.user_us - earlier.user_us,
            system_us: self.system_us - earlier.system_us,
            voluntary_switches: self.voluntary_switches - earlier.voluntary_switches,
            involuntary_switches: self.involuntary_switches - earlier.involuntary_switches,
        }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            user_us: self.user_us + other.user_us,
            system_us: self.system_us + other.system_us,
            voluntary_switches: self.voluntary_switches + other.voluntary_switches,
            involuntary_switches: self.involuntary_switches + other.involuntary_switches,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows_up_as_cpu_time() {
        let before = Usage::of_this_process();
        let mut sum = 0u64;
        while (Usage::of_this_process() - before).cpu_seconds() <= 0.0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let used = Usage::of_this_process() - before;
        assert!(used.user_us + used.system_us > 0);
        assert_eq!((before + used) - before, used);
    }
}
