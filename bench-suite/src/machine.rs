//! The machine that figures belong to.

use std::fs;
use std::thread;

use serde::Serialize;

/// What a reader must know to compare figures with those of another machine.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// Name and version of the operating system's kernel.
    pub(crate) kernel: String,
    /// The processor's own name for itself.
    pub(crate) cpu_model: String,
    /// Cores this program may use.
    pub(crate) cores: usize,
    /// Whether a hypervisor stands between the program and the processor; waking a core is dear there.
    pub(crate) virtual_machine: bool,
    /// Processes that wanted to run during the last minute, on average, before the first measurement.
    pub(crate) load_average: Option<f64>,
}

impl Machine {
    /// This machine, as far as Linux tells; other systems tell less.
    pub(crate) fn describe() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            kernel: format!("{} {}", std::env::consts::OS, release.trim())
                .trim()
                .to_owned(),
            cpu_model: field(&cpu, "model name")
                .unwrap_or(std::env::consts::ARCH)
                .to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            virtual_machine: field(&cpu, "flags")
                .is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor")),
            load_average: load
                .split_whitespace()
                .next()
                .and_then(|text| text.parse().ok()),
        }
    }

    /// One line for above a table.
    pub(crate) fn line(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let place = if self.virtual_machine {
            ", virtual machine"
        } else {
            ""
        };
        format!(
            "{}, {} {cores}{place}, {}",
            self.cpu_model, self.cores, self.kernel
        )
    }
}

/// The value of the first `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_name_counts() {
        let text = "processor\t: 0\nmodel name\t: Fast CPU @ 3:1\nmodel name\t: Other\n";
        assert_eq!(field(text, "model name"), Some("Fast CPU @ 3:1"));
        assert_eq!(field(text, "flags"), None);
    }
}
