//! How a rule complains: where, what, and how to mend it.

use std::fmt;

/// One breach of one rule.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The file, from the root of the workspace.
    pub(crate) path: String,
    /// The line, counted from 1; 0 where the breach is not on a line.
    pub(crate) line: usize,
    /// What was found.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) mend: &'static str,
}

impl Finding {
    /// A breach on the line with this index (counted from 0).
    pub(crate) fn at(
        path: &str,
        index: usize,
        what: impl Into<String>,
        mend: &'static str,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line: index + 1,
            what: what.into(),
            mend,
        }
    }

    /// A breach by a whole file.
    pub(crate) fn file(path: &str, what: impl Into<String>, mend: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            line: 0,
            what: what.into(),
            mend,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}\n    {}", self.what, self.mend)
    }
}

/// Fails the running test if there is any finding, and prints all of them.
#[track_caller]
pub(crate) fn none(findings: &[Finding]) {
    let list: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(
        list.is_empty(),
        "{} to mend:\n{}",
        list.len(),
        list.join("\n")
    );
}

/// Fails the running test unless these lines, and no others, were found; for the rules' own samples.
#[track_caller]
pub(crate) fn exactly(findings: &[Finding], lines: &[usize]) {
    let found: Vec<_> = findings.iter().map(|finding| finding.line).collect();
    assert_eq!(found, lines, "found {findings:#?}");
}
