//! Which cores there are, which of them this program may use, and which two it takes.

use std::error::Error;
use std::fmt;
use std::fs;

use serde::Serialize;

/// One core that this program may run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Core {
    /// The system's number for it.
    pub(crate) id: usize,
    /// The processor package it is in, where the system says so.
    pub(crate) package: Option<usize>,
    /// All hardware threads of the same physical core, itself included; empty where unknown.
    pub(crate) siblings: Vec<usize>,
}

/// Where the two processes of a measurement run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Placement {
    /// The receiver's core.
    pub(crate) receiver: usize,
    /// The sender's core.
    pub(crate) sender: usize,
}

/// Why no two cores could be taken.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum CoresError {
    /// The system does not say which cores are allowed.
    Unknown,
    /// Fewer than two cores are allowed.
    TooFew {
        /// How many are.
        allowed: usize,
    },
    /// A core that was asked for does not exist or is not allowed.
    NotAllowed {
        /// The core.
        core: usize,
        /// Those that are.
        allowed: Vec<usize>,
    },
    /// The same core was asked for twice.
    Twice(usize),
}

impl fmt::Display for CoresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("this system does not say which cores a program may use"),
            Self::TooFew { allowed } => write!(
                f,
                "a measurement needs two cores, one for each process, and this program may use \
                 {allowed}; look at taskset, the container's cpuset, or the virtual machine's size"
            ),
            Self::NotAllowed { core, allowed } => write!(
                f,
                "core {core} is not among those this program may use, which are {}",
                listed(allowed)
            ),
            Self::Twice(core) => write!(
                f,
                "sender and receiver would share core {core}; name two different cores"
            ),
        }
    }
}

impl Error for CoresError {}

/// The cores this program may use, in the order of their numbers.
pub(crate) fn allowed() -> Result<Vec<Core>, CoresError> {
    let ids = core_affinity::get_core_ids().ok_or(CoresError::Unknown)?;
    Ok(ids.into_iter().map(|core| described(core.id)).collect())
}

/// Reads what Linux says about a core; other systems say nothing.
fn described(id: usize) -> Core {
    let read = |name: &str| {
        fs::read_to_string(format!("/sys/devices/system/cpu/cpu{id}/topology/{name}")).ok()
    };
    Core {
        id,
        package: read("physical_package_id").and_then(|text| text.trim().parse().ok()),
        siblings: read("thread_siblings_list").map_or_else(Vec::new, |text| ranges(&text)),
    }
}

/// Reads the kernel's way of writing sets: `0-2,8`.
fn ranges(text: &str) -> Vec<usize> {
    let bounds = |range: &str| -> Option<(usize, usize)> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.trim()
        .split(',')
        .filter_map(bounds)
        .flat_map(|(first, last)| first..=last)
        .collect()
}

/// Takes the two cores asked for, or else the two that suit best: of one package, and not two threads of
/// one physical core, where there are such.
pub(crate) fn place(
    allowed: &[Core],
    asked: Option<(usize, usize)>,
) -> Result<Placement, CoresError> {
    if let Some((receiver, sender)) = asked {
        for core in [receiver, sender] {
            if !allowed.iter().any(|one| one.id == core) {
                let allowed = allowed.iter().map(|core| core.id).collect();
                return Err(CoresError::NotAllowed { core, allowed });
            }
        }
        if receiver == sender {
            return Err(CoresError::Twice(receiver));
        }
        return Ok(Placement { receiver, sender });
    }
    let (first, rest) = match allowed {
        [first, rest @ ..] if !rest.is_empty() => (first, rest),
        _ => {
            return Err(CoresError::TooFew {
                allowed: allowed.len(),
            });
        }
    };
    let apart = |core: &&Core| !first.siblings.contains(&core.id);
    let near = |core: &&Core| core.package == first.package;
    let second = rest
        .iter()
        .find(|core| apart(core) && near(core))
        .or_else(|| rest.iter().find(apart))
        .unwrap_or(&rest[0]);
    Ok(Placement {
        receiver: first.id,
        sender: second.id,
    })
}

/// Whether the two processes would compete for one physical core.
pub(crate) fn share_a_physical_core(allowed: &[Core], placement: Placement) -> bool {
    allowed
        .iter()
        .any(|core| core.id == placement.receiver && core.siblings.contains(&placement.sender))
}

/// Numbers as a person writes them.
fn listed(numbers: &[usize]) -> String {
    numbers
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The text of `ringmq-bench cores`.
pub(crate) fn list(allowed: &[Core]) -> String {
    let mut text = String::from("Cores this program may use:\n\n");
    for core in allowed {
        text.push_str(&format!("  core {:<4}", core.id));
        if let Some(package) = core.package {
            text.push_str(&format!(" package {package:<3}"));
        }
        let others: Vec<usize> = core
            .siblings
            .iter()
            .copied()
            .filter(|&other| other != core.id)
            .collect();
        if !others.is_empty() {
            text.push_str(&format!(
                " shares its physical core with {}",
                listed(&others)
            ));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    match place(allowed, None) {
        Ok(Placement { receiver, sender }) => text.push_str(&format!(
            "\nWithout --cores, receivers run on core {receiver} and senders on core {sender}; \
             --cores RECEIVER,SENDER chooses others."
        )),
        Err(error) => text.push_str(&format!("\nNothing can be measured: {error}.")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(id: usize, package: usize, siblings: &[usize]) -> Core {
        Core {
            id,
            package: Some(package),
            siblings: siblings.to_vec(),
        }
    }

    #[test]
    fn two_threads_of_one_physical_core_are_not_taken_while_there_is_another() {
        let cores = [
            core(0, 0, &[0, 1]),
            core(1, 0, &[0, 1]),
            core(2, 0, &[2, 3]),
        ];
        let placement = place(&cores, None).unwrap();
        assert_eq!(
            placement,
            Placement {
                receiver: 0,
                sender: 2
            }
        );
        assert!(!share_a_physical_core(&cores, placement));
    }

    #[test]
    fn two_packages_are_not_taken_while_one_will_do() {
        let cores = [core(0, 0, &[0]), core(1, 1, &[1]), core(2, 0, &[2])];
        assert_eq!(
            place(&cores, None),
            Ok(Placement {
                receiver: 0,
                sender: 2
            })
        );
    }

    #[test]
    fn siblings_are_taken_where_there_is_nothing_else() {
        let cores = [core(4, 0, &[4, 5]), core(5, 0, &[4, 5])];
        let placement = place(&cores, None).unwrap();
        assert_eq!(
            placement,
            Placement {
                receiver: 4,
                sender: 5
            }
        );
        assert!(share_a_physical_core(&cores, placement));
    }

    #[test]
    fn one_core_is_refused_with_the_number_there_is() {
        let cores = [core(3, 0, &[3])];
        assert_eq!(place(&cores, None), Err(CoresError::TooFew { allowed: 1 }));
    }

    #[test]
    fn a_core_outside_the_allowed_set_is_refused_with_the_set() {
        let cores = [core(0, 0, &[0]), core(2, 0, &[2])];
        let refused = CoresError::NotAllowed {
            core: 1,
            allowed: vec![0, 2],
        };
        assert_eq!(refused.to_string().matches("0, 2").count(), 1);
        assert_eq!(place(&cores, Some((0, 1))), Err(refused));
    }

    #[test]
    fn one_core_for_both_is_refused() {
        let cores = [core(0, 0, &[0]), core(2, 0, &[2])];
        assert_eq!(place(&cores, Some((2, 2))), Err(CoresError::Twice(2)));
    }

    #[test]
    fn the_first_core_named_is_the_receivers() {
        let cores = [core(0, 0, &[0]), core(2, 0, &[2])];
        assert_eq!(
            place(&cores, Some((2, 0))),
            Ok(Placement {
                receiver: 2,
                sender: 0
            })
        );
    }

    #[test]
    fn the_kernels_sets_are_read() {
        assert_eq!(ranges("0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!(ranges("5\n"), [5]);
        assert_eq!(ranges(""), [0; 0]);
    }
}
