//! What code names: words, and paths with their `use` trees spread out and their `super` resolved.

use crate::tree::Source;

/// The words of one line: names and keywords, in order.
pub(crate) fn words(line: &str) -> Vec<&str> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.split(|c| !part(c))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Every path that the code names, with the index of its line: `use` trees give one path per leaf, and `core`,
/// `alloc`, `self` and `super` are written out as `std` and `crate`.
pub(crate) fn paths(source: &Source) -> Vec<(usize, String)> {
    let mut reader = Reader {
        tokens: tokens(&source.code),
        at: 0,
        found: Vec::new(),
    };
    reader.all();
    let module = module_of(&source.path);
    let resolve = |(line, segments): (usize, Vec<String>)| {
        let mut here = module.clone();
        if source.is_in_inner_tests(line) {
            here.push("tests".to_owned());
        }
        (line, resolved(segments, here).join("::"))
    };
    reader.found.into_iter().map(resolve).collect()
}

/// Whether `path` is `place` or lies inside it.
pub(crate) fn is_inside(path: &str, place: &str) -> bool {
    path.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The module that a file is, from the root of its crate.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, inside)| inside);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut segments: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if segments
        .last()
        .is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod"))
    {
        segments.pop();
    }
    segments
}

fn resolved(mut segments: Vec<String>, mut here: Vec<String>) -> Vec<String> {
    let relative = segments
        .iter()
        .take_while(|segment| matches!(segment.as_str(), "self" | "super"))
        .count();
    if relative > 0 {
        let levels = segments
            .drain(..relative)
            .filter(|segment| segment == "super")
            .count();
        here.truncate(here.len().saturating_sub(levels));
        let root = std::iter::once("crate".to_owned());
        return root.chain(here).chain(segments).collect();
    }
    if let Some(first) = segments.first_mut()
        && matches!(first.as_str(), "core" | "alloc")
    {
        *first = "std".to_owned();
    }
    segments
}

#[derive(Debug)]
struct Token {
    line: usize,
    /// A word, `::`, or a single sign.
    text: String,
}

fn tokens(code: &[String]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (line, text) in code.iter().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let bytes = match (word, rest.starts_with("::")) {
                (0, true) => 2,
                (0, false) => first.len_utf8(),
                (bytes, _) => bytes,
            };
            tokens.push(Token {
                line,
                text: rest[..bytes].to_owned(),
            });
            rest = rest[bytes..].trim_start();
        }
    }
    tokens
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    found: Vec<(usize, Vec<String>)>,
}

impl Reader {
    fn text(&self) -> Option<&str> {
        self.tokens.get(self.at).map(|token| token.text.as_str())
    }

    fn skip(&mut self, text: &str) -> bool {
        let there = self.text() == Some(text);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self) -> Option<String> {
        let word = self.text()?.to_owned();
        let is_word = word.chars().all(|c| c.is_alphanumeric() || c == '_');
        self.at += usize::from(is_word);
        is_word.then_some(word)
    }

    fn all(&mut self) {
        while self.at < self.tokens.len() {
            if self.skip("use") && self.text() != Some("<") {
                self.skip("::");
                self.tree(&[]);
            } else if !self.inline() {
                self.at += 1;
            }
        }
    }

    /// One branch of a `use` tree, `prefix` being what stands before it.
    fn tree(&mut self, prefix: &[String]) {
        let mut path = prefix.to_vec();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        loop {
            if self.skip("{") {
                while !self.skip("}") && self.at < self.tokens.len() {
                    self.tree(&path);
                    self.skip(",");
                }
                return;
            }
            if let Some(word) = self.word() {
                // `a::{self}` names `a` itself.
                if word != "self" || path.is_empty() {
                    path.push(word);
                }
            } else if !self.skip("*") {
                // Not a tree after all: step over what is here, so that reading always goes on.
                self.at += 1;
            }
            if !self.skip("::") {
                break;
            }
        }
        if self.skip("as") {
            self.at += 1;
        }
        self.found.push((line, path));
    }

    /// A path of two words or more inside code.
    fn inline(&mut self) -> bool {
        let line = self.tokens[self.at].line;
        let Some(first) = self.word() else {
            return false;
        };
        let mut path = vec![first];
        while self.skip("::") {
            let Some(word) = self.word() else { break };
            path.push(word);
        }
        if path.len() > 1 {
            self.found.push((line, path));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, is_inside, paths};

    fn named(path: &str, text: &str) -> Vec<String> {
        paths(&Source::new(path, text))
            .into_iter()
            .map(|(_, path)| path)
            .collect()
    }

    #[test]
    fn a_use_tree_gives_one_path_per_leaf() {
        let text =
            "use std::{fmt, io::{self, Read as R}, net::*};\nfn f() -> impl Fn() + use<'_> {}";
        assert_eq!(
            named("engine/src/x.rs", text),
            ["std::fmt", "std::io", "std::io::Read", "std::net"]
        );
    }

    #[test]
    fn paths_inside_code_are_found_and_core_is_std() {
        let text = "let a = core::net::Ipv4Addr::LOCALHOST; b.c::<std::os::fd::RawFd>();";
        assert_eq!(
            named("engine/src/x.rs", text),
            ["std::net::Ipv4Addr::LOCALHOST", "std::os::fd::RawFd"]
        );
    }

    #[test]
    fn super_is_written_out() {
        assert_eq!(
            named(
                "engine/src/pipe/writer.rs",
                "use super::super::reactor::Turn;"
            ),
            ["crate::reactor::Turn"]
        );
        assert_eq!(
            named("engine/src/pipe/mod.rs", "use super::reactor; use self::a;"),
            ["crate::reactor", "crate::pipe::a"]
        );
        let tests = "//! Writes.\n#[cfg(test)]\nmod tests {\n    use super::Writer;\n}";
        assert_eq!(
            named("engine/src/pipe/writer.rs", tests),
            ["crate::pipe::writer::Writer"]
        );
    }

    #[test]
    fn a_place_does_not_contain_what_only_begins_like_it() {
        assert!(is_inside("std::net::TcpStream", "std::net"));
        assert!(!is_inside("std::network", "std::net"));
    }
}
