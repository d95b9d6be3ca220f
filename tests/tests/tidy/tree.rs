//! The files of the workspace, read once.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use ringmq_tests::workspace_root;

use crate::lexer::{Part, only, parts};

/// A text file.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// From the root of the workspace, with forward slashes.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// A Rust file, split.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root of the workspace, with forward slashes.
    pub(crate) path: String,
    /// The lines as they stand.
    pub(crate) lines: Vec<String>,
    /// The same lines with comments and literals blanked.
    pub(crate) code: Vec<String>,
    /// The same lines with everything but comments blanked.
    pub(crate) comments: Vec<String>,
    /// The index of the first line of the tests at the end of the file; the number of lines where there are none.
    tests_from: usize,
}

impl Source {
    /// Splits the text of one Rust file.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let parts = parts(text);
        let code = only(text, &parts, Part::Code);
        let tests_from = if is_test_file(path) {
            0
        } else {
            tests_from(&code)
        };
        Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            code,
            comments: only(text, &parts, Part::Comment),
            tests_from,
        }
    }

    /// Whether only tests are compiled from the line with this index.
    pub(crate) fn is_test_line(&self, index: usize) -> bool {
        index >= self.tests_from
    }

    /// Whether the line with this index stands in a test module inside a file of shipped code.
    pub(crate) fn is_in_inner_tests(&self, index: usize) -> bool {
        self.tests_from > 0 && self.is_test_line(index)
    }

    /// Whether the file lies under one of these places. A place that ends in `/` is a folder; any other names a file
    /// without its ending, or the folder of the same name.
    pub(crate) fn is_under(&self, places: &[&str]) -> bool {
        places
            .iter()
            .any(|place| match self.path.strip_prefix(place) {
                Some(rest) => {
                    place.ends_with('/')
                        || rest.starts_with('/')
                        || rest == ".rs"
                        || rest.is_empty()
                }
                None => false,
            })
    }
}

/// Whether a file holds nothing but tests, by where it lies and how it is called.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("tests/")
        || path.contains("/tests/")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

/// Where the module of tests at the end of a file begins: an attribute `cfg(test)` on a module with a body.
fn tests_from(code: &[String]) -> usize {
    for (index, line) in code.iter().enumerate() {
        let line = line.trim();
        if !line.starts_with("#[cfg(") || !line.contains("test") {
            continue;
        }
        let next = code[index + 1..]
            .iter()
            .map(|next| next.trim())
            .find(|next| !next.starts_with("#["));
        if next.is_some_and(|next| next.starts_with("mod ") && next.ends_with('{')) {
            return index;
        }
    }
    code.len()
}

/// Every text file of the workspace: what is built, what git keeps for itself, and what is not text is left out.
pub(crate) fn text_files() -> &'static [TextFile] {
    static FILES: OnceLock<Vec<TextFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        read_folder(workspace_root(), "", &mut files);
        assert!(
            files.len() > 10,
            "the workspace lies elsewhere: found {} files",
            files.len()
        );
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    })
}

/// Every Rust file of the workspace.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let rust = text_files()
            .iter()
            .filter(|file| file.path.ends_with(".rs"));
        rust.map(|file| Source::new(&file.path, &file.text))
            .collect()
    })
}

/// The text of one file that has to be there.
pub(crate) fn text_of(path: &str) -> &'static str {
    let file = text_files().iter().find(|file| file.path == path);
    &file
        .unwrap_or_else(|| panic!("{path} is missing from the root of the workspace"))
        .text
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<TextFile>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            if !is_left_out(&name) {
                read_folder(&entry.path(), &format!("{path}/"), files);
            }
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(TextFile { path, text });
        }
    }
}

/// Folders that hold no source: git's own, cargo's output, what fuzzing leaves or is seeded with, Python's cache.
fn is_left_out(name: &str) -> bool {
    let built = name == "target" || name.starts_with("target-");
    built
        || matches!(
            name,
            ".git" | "artifacts" | "corpus" | "coverage" | "__pycache__"
        )
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn tests_at_the_end_of_a_file_are_told_from_the_code_above_them() {
        let source = Source::new(
            "engine/src/x.rs",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n}\n",
        );
        assert!(!source.is_test_line(0));
        assert!(source.is_test_line(1));
        let declared = Source::new("engine/src/x.rs", "#[cfg(test)]\nmod tests;\nfn f() {}\n");
        assert!(!declared.is_test_line(2));
        assert!(Source::new("engine/src/pipe/tests.rs", "fn f() {}").is_test_line(0));
    }

    #[test]
    fn a_place_is_a_folder_or_a_file_or_both() {
        let under = |path: &str, place: &str| Source::new(path, "").is_under(&[place]);
        assert!(under("engine/src/message.rs", "engine/src/message"));
        assert!(under("engine/src/message/mod.rs", "engine/src/message"));
        assert!(!under("engine/src/messages.rs", "engine/src/message"));
        assert!(under("engine/src/ring/send.rs", "engine/src/ring/"));
    }
}
