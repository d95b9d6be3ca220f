//! Tells code from comments and literals, so that a rule about code is not fooled by a sentence about it.
//!
//! A scanner, not a parser: it knows where comments, strings and characters begin and end, and nothing else.

/// What a character of a Rust file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Tokens.
    Code,
    /// A comment, its slashes included.
    Comment,
    /// A string, byte string or character, its quotes included.
    Literal,
}

/// The part that each character of `text` belongs to.
pub(crate) fn parts(text: &str) -> Vec<Part> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer {
        chars: &chars,
        parts: Vec::with_capacity(chars.len()),
    };
    while lexer.at() < chars.len() {
        lexer.step();
    }
    lexer.parts
}

/// The lines of `text` with everything blanked that does not belong to `wanted`; columns stay where they were.
pub(crate) fn only(text: &str, parts: &[Part], wanted: Part) -> Vec<String> {
    let keep = |(character, part): (char, &Part)| match (character, *part == wanted) {
        ('\n', _) => '\n',
        (other, true) => other,
        (_, false) => ' ',
    };
    let kept: String = text.chars().zip(parts).map(keep).collect();
    kept.lines().map(str::to_owned).collect()
}

struct Lexer<'a> {
    chars: &'a [char],
    /// One entry per character read so far.
    parts: Vec<Part>,
}

impl Lexer<'_> {
    fn at(&self) -> usize {
        self.parts.len()
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at() + ahead).copied()
    }

    fn take(&mut self, count: usize, part: Part) {
        let end = (self.at() + count).min(self.chars.len());
        self.parts.resize(end, part);
    }

    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.line_comment(),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('\''), Some(next)) => self.character_or_lifetime(next),
            (Some('r'), Some('"' | '#')) => self.raw_string_or_code(),
            _ => self.take(1, Part::Code),
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|next| next != '\n') {
            self.take(1, Part::Comment);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_u32;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.take(2, Part::Comment);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.take(2, Part::Comment);
                }
                (Some(_), _) => self.take(1, Part::Comment),
                (None, _) => return,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.take(1, Part::Literal);
        while let Some(next) = self.peek(0) {
            let escape = next == '\\';
            self.take(if escape { 2 } else { 1 }, Part::Literal);
            if next == '"' {
                return;
            }
        }
    }

    fn character_or_lifetime(&mut self, next: char) {
        if next == '\\' {
            // The quote, the backslash and what it escapes; then up to the closing quote.
            self.take(3, Part::Literal);
            while self.peek(0).is_some_and(|inner| inner != '\'') {
                self.take(1, Part::Literal);
            }
            self.take(1, Part::Literal);
        } else if self.peek(2) == Some('\'') {
            self.take(3, Part::Literal);
        } else {
            self.take(1, Part::Code);
        }
    }

    /// `r"..."` and `r#"..."#`, also behind a `b` or a `c`; but also `r#type` and any name that ends in `r`.
    fn raw_string_or_code(&mut self) {
        let word = |back: usize| {
            let before = self
                .at()
                .checked_sub(back)
                .and_then(|at| self.chars.get(at));
            before.is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        let prefixed = matches!(
            self.at().checked_sub(1).map(|at| self.chars[at]),
            Some('b' | 'c')
        );
        let inside_a_name = word(1) && (!prefixed || word(2));
        let hashes = self.chars[self.at() + 1..]
            .iter()
            .take_while(|next| **next == '#')
            .count();
        if inside_a_name || self.peek(1 + hashes) != Some('"') {
            self.take(1, Part::Code);
            return;
        }
        self.take(2 + hashes, Part::Literal);
        while let Some(next) = self.peek(0) {
            let closes = next == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if closes {
                self.take(1 + hashes, Part::Literal);
                return;
            }
            self.take(1, Part::Literal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, only, parts};

    fn code(text: &str) -> String {
        only(text, &parts(text), Part::Code).join("\n")
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(
            code("a // b\nc /* d /* e */ f */ g")
                .split_whitespace()
                .collect::<Vec<_>>(),
            ["a", "c", "g"]
        );
    }

    #[test]
    fn strings_are_not_code_and_end_where_they_end() {
        assert_eq!(code(r#"a("b \" // c"); d"#).trim_end(), "a(           ); d");
        assert_eq!(code("a(r#\"b \" c\"#); d"), "a(          ); d");
        assert_eq!(code(r#"a(br"\"); d"#), "a(b    ); d");
        assert_eq!(code(r#"colour"x" r#type"#), "colour    r#type");
    }

    #[test]
    fn a_quote_may_open_a_lifetime_or_a_character() {
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
        assert_eq!(
            code(r"x == '\'' || y == '\u{1F600}' || z == '/'"),
            "x ==      || y ==             || z ==    "
        );
    }

    #[test]
    fn columns_and_lines_stay_where_they_were() {
        let text = "let é = \"ü\"; // ö\n\nend";
        let lines = only(text, &parts(text), Part::Code);
        assert_eq!(lines, ["let é =    ;     ", "", "end"]);
    }
}
