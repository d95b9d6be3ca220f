//! Licences, sources and duplicate versions of everything that is built, read from `cargo metadata`.
//!
//! What is accepted stands in `deny.toml`, which cargo-deny reads too; this test needs no extra tool and no network.

use std::collections::BTreeMap;
use std::process::Command;

use ringmq_tests::workspace_root;
use toml::{Table, Value};

use crate::finding::{Finding, exactly, none};
use crate::tree::text_of;

/// Crates that only some members may depend on, each with the reason.
const RESERVED: &[(&str, &[&str], &str)] = &[(
    "tokio-uring",
    &["ringmq-tests", "ringmq-bench"],
    "a second runtime on the ring may test or measure us, never serve us: depend on it from there only",
)];

/// What the rules need to know about one package.
#[derive(Clone, Debug, Default)]
struct Package {
    name: String,
    version: String,
    licence: String,
    /// Where it comes from; empty for members of the workspace.
    registry: String,
    needs: Vec<String>,
}

/// The whole graph, without the network where that is possible.
fn packages() -> Vec<Package> {
    let run = |offline: &[&str]| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(offline);
        let output = command
            .current_dir(workspace_root())
            .output()
            .expect("cargo can be started");
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    };
    let json = run(&["--offline"])
        .or_else(|_| run(&[]))
        .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    let metadata: serde_json::Value =
        serde_json::from_slice(&json).expect("cargo metadata prints JSON");
    let list = metadata["packages"]
        .as_array()
        .expect("cargo metadata lists packages");
    list.iter().map(package).collect()
}

fn package(json: &serde_json::Value) -> Package {
    let text = |field: &str| json[field].as_str().unwrap_or("").to_owned();
    let needs = json["dependencies"].as_array().into_iter().flatten();
    Package {
        name: text("name"),
        version: text("version"),
        licence: text("license"),
        registry: text("source"),
        needs: needs
            .filter_map(|need| need["name"].as_str())
            .map(str::to_owned)
            .collect(),
    }
}

/// The accepted licences of `deny.toml`.
fn accepted_licences(deny: &Table) -> Vec<&str> {
    let allow = deny
        .get("licenses")
        .and_then(|licences| licences.get("allow"))
        .and_then(Value::as_array);
    allow
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The accepted older versions of `deny.toml`, each `name@version`, where the version may be only its beginning.
fn accepted_duplicates(deny: &Table) -> Vec<&str> {
    let skip = deny
        .get("bans")
        .and_then(|bans| bans.get("skip"))
        .and_then(Value::as_array);
    let reasoned = skip
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("reason").is_some());
    reasoned
        .filter_map(|entry| entry.get("crate").and_then(Value::as_str))
        .collect()
}

fn licences(packages: &[Package], accepted: &[&str]) -> Vec<Finding> {
    let mend = "choose another crate, or accept the licence in deny.toml with the reason";
    let refused = packages
        .iter()
        .filter(|package| !Licence::satisfied(&package.licence, accepted));
    refused
        .map(|package| {
            let what = format!(
                "{} {} is under `{}`",
                package.name, package.version, package.licence
            );
            Finding::file("Cargo.lock", what, mend)
        })
        .collect()
}

fn duplicates(packages: &[Package], accepted: &[&str]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        let skipped = accepted.iter().any(|entry| {
            let (name, version) = entry.split_once('@').unwrap_or((entry, ""));
            let rest = package.version.strip_prefix(version);
            name == package.name
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if !skipped {
            versions
                .entry(&package.name)
                .or_default()
                .push(&package.version);
        }
    }
    let mend =
        "bring both users to one version, or accept the older one in deny.toml with the reason";
    let doubled = versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1);
    doubled
        .map(|(name, versions)| {
            Finding::file(
                "Cargo.lock",
                format!("{name} twice: {}", versions.join(", ")),
                mend,
            )
        })
        .collect()
}

fn strangers(packages: &[Package]) -> Vec<Finding> {
    let known = "registry+https://github.com/rust-lang/crates.io-index";
    let strange = packages
        .iter()
        .filter(|package| !package.registry.is_empty() && package.registry != known);
    strange
        .map(|package| {
            let what = format!("{} comes from {}", package.name, package.registry);
            Finding::file(
                "Cargo.lock",
                what,
                "take it from crates.io, where a released version stays what it was",
            )
        })
        .collect()
}

fn reserved(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, users, mend) in RESERVED {
        let breaches = packages.iter().filter(|package| {
            package.needs.iter().any(|need| need == name) && !users.contains(&package.name.as_str())
        });
        findings.extend(
            breaches
                .map(|package| Finding::file(&package.name, format!("depends on {name}"), mend)),
        );
    }
    findings
}

/// A licence expression, read from left to right: AND binds more tightly than OR.
struct Licence<'a> {
    tokens: Vec<String>,
    at: usize,
    accepted: &'a [&'a str],
}

impl Licence<'_> {
    /// Whether the accepted licences allow what the expression asks for.
    fn satisfied(expression: &str, accepted: &[&str]) -> bool {
        let spaced = expression
            .replace('/', " OR ")
            .replace('(', " ( ")
            .replace(')', " ) ");
        let tokens = spaced.split_whitespace().map(str::to_owned).collect();
        let mut licence = Licence {
            tokens,
            at: 0,
            accepted,
        };
        licence.any() && licence.at == licence.tokens.len()
    }

    fn next_is(&mut self, word: &str) -> bool {
        let there = self.tokens.get(self.at).is_some_and(|token| token == word);
        self.at += usize::from(there);
        there
    }

    fn any(&mut self) -> bool {
        let mut holds = self.every();
        while self.next_is("OR") {
            holds |= self.every();
        }
        holds
    }

    fn every(&mut self) -> bool {
        let mut holds = self.one();
        while self.next_is("AND") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.next_is("(") {
            let holds = self.any();
            return self.next_is(")") && holds;
        }
        let mut name = self.tokens.get(self.at).cloned().unwrap_or_default();
        self.at += 1;
        if self.next_is("WITH") {
            name = format!(
                "{name} WITH {}",
                self.tokens.get(self.at).map_or("", String::as_str)
            );
            self.at += 1;
        }
        self.accepted.contains(&name.as_str())
    }
}

#[test]
fn everything_that_is_built_is_permissively_licensed_known_and_there_once() {
    let deny: Table = text_of("deny.toml").parse().expect("deny.toml is TOML");
    let packages = packages();
    let mut findings = licences(&packages, &accepted_licences(&deny));
    findings.extend(duplicates(&packages, &accepted_duplicates(&deny)));
    findings.extend(strangers(&packages));
    findings.extend(reserved(&packages));
    none(&findings);
}

#[cfg(test)]
mod tests {
    use super::{Licence, Package, duplicates, exactly, licences, reserved, strangers};

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            ..Package::default()
        }
    }

    #[test]
    fn a_licence_expression_means_what_it_says() {
        let satisfied = |expression: &str| Licence::satisfied(expression, &["MIT", "Unicode-3.0"]);
        assert!(satisfied("MIT"));
        assert!(satisfied("MIT/Apache-2.0"));
        assert!(satisfied("GPL-3.0 OR MIT"));
        assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!satisfied("MIT AND GPL-3.0"));
        assert!(!satisfied("MPL-2.0 OR (MIT AND GPL-3.0)"));
        assert!(!satisfied("Apache-2.0 WITH LLVM-exception"));
        assert!(!satisfied(""));
    }

    #[test]
    fn a_licence_that_is_not_accepted_is_found() {
        let copyleft = Package {
            licence: "GPL-3.0".to_owned(),
            ..package("a", "1.0.0")
        };
        exactly(&licences(&[copyleft], &["MIT"]), &[0]);
        exactly(&licences(&[package("b", "1.0.0")], &["MIT"]), &[0]);
    }

    #[test]
    fn a_second_version_is_found_unless_it_is_accepted() {
        let two = [package("io-uring", "0.6.4"), package("io-uring", "0.7.15")];
        exactly(&duplicates(&two, &[]), &[0]);
        exactly(&duplicates(&two, &["io-uring@0.6"]), &[]);
        exactly(&duplicates(&two, &["io-uring@0.8"]), &[0]);
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        let git = Package {
            registry: "git+https://example.org/x".to_owned(),
            ..package("x", "1.0.0")
        };
        exactly(&strangers(&[git, package("ringmq", "0.1.0")]), &[0]);
    }

    #[test]
    fn a_reserved_crate_in_the_engine_is_found() {
        let needs = vec!["tokio-uring".to_owned()];
        let engine = Package {
            needs: needs.clone(),
            ..package("ringmq", "0.1.0")
        };
        let tests = Package {
            needs,
            ..package("ringmq-tests", "0.1.0")
        };
        exactly(&reserved(&[engine, tests]), &[0]);
    }
}
