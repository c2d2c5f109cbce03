//! A Rust file taken apart into code, string literals and comments, so that a rule looks only where it means to.

use std::path::{Path, PathBuf};

/// One piece of a file with the number of the line it begins on.
#[derive(Debug)]
pub struct Piece {
    pub line: usize,
    pub text: String,
}

/// A file of the repository.
#[derive(Debug)]
pub struct Source {
    /// From the top of the repository, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and the content of literals blanked, line for line.
    pub code: String,
    pub literals: Vec<Piece>,
    pub comments: Vec<Piece>,
}

impl Source {
    /// Every `.rs` file under the given folders.
    pub fn all(folders: &[&str]) -> Vec<Self> {
        let mut files = Vec::new();
        for folder in folders {
            collect(&super::own(folder), &mut files);
        }
        files.sort();
        assert!(!files.is_empty(), "no Rust file under {folders:?}");
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("a Rust file is UTF-8");
        let path = file.strip_prefix(super::own("")).expect("inside the repository").display().to_string();
        Self::of(path, text)
    }

    fn of(path: String, text: String) -> Self {
        let mut reader =
            Reader { rest: &text, line: 1, code: String::new(), literals: vec![], comments: vec![] };
        while reader.step() {}
        let Reader { code, literals, comments, .. } = reader;
        Self { path, text, code, literals, comments }
    }

    pub fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// Whether the file holds tests alone.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.starts_with("tests/") || self.path.ends_with("/tests.rs")
    }

    /// The line on which the tests at the end of a file begin.
    pub fn shipped_until(&self) -> usize {
        let found = self.code.lines().position(|line| line.trim() == "#[cfg(test)]");
        found.map_or(usize::MAX, |before| before + 1)
    }

    /// The lines of code that hold a word as a whole, with their numbers.
    pub fn lines_with(&self, word: &str) -> Vec<(usize, &str)> {
        let numbered = self.code.lines().enumerate().map(|(before, line)| (before + 1, line));
        numbered.filter(|(_, line)| holds(line, word)).collect()
    }
}

/// Whether `text` holds `word` with no letter, digit or `_` on either side.
pub fn holds(text: &str, word: &str) -> bool {
    let joins = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(at, _)| {
        !joins(text[..at].chars().next_back()) && !joins(text[at + word.len()..].chars().next())
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

struct Reader<'text> {
    rest: &'text str,
    line: usize,
    code: String,
    literals: Vec<Piece>,
    comments: Vec<Piece>,
}

impl Reader<'_> {
    /// Takes the next piece; false at the end.
    fn step(&mut self) -> bool {
        let Some(next) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            let comment = self.take(length);
            self.comments.push(comment);
        } else if self.rest.starts_with("/*") {
            let length = self.rest.find("*/").map_or(self.rest.len(), |end| end + 2);
            let comment = self.take(length);
            self.comments.push(comment);
        } else if let Some((start, length)) = literal(self.rest, self.code.chars().next_back()) {
            self.code.push('"');
            let mut piece = self.take(length);
            piece.text = piece.text[start..].trim_end_matches('#').trim_end_matches('"').to_owned();
            self.literals.push(piece);
            self.code.push('"');
        } else {
            let length = character(self.rest).unwrap_or(next.len_utf8());
            let kept = if length > next.len_utf8() { "' '" } else { &self.rest[..length] };
            self.code.push_str(kept);
            self.line += usize::from(next == '\n');
            self.rest = &self.rest[length..];
        }
        true
    }

    /// Removes a piece from the text, leaving its line ends in the code.
    fn take(&mut self, length: usize) -> Piece {
        let (text, rest) = self.rest.split_at(length);
        let piece = Piece { line: self.line, text: text.to_owned() };
        let ends = text.matches('\n').count();
        self.line += ends;
        self.code.push_str(&"\n".repeat(ends));
        self.rest = rest;
        piece
    }
}

/// Where a string literal at the start of `text` has its content, and its whole length.
fn literal(text: &str, before: Option<char>) -> Option<(usize, usize)> {
    if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = text[prefix.len()..].find('"')?;
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some((start, start + text[start..].find(&end)? + end.len()));
    }
    let mut escaped = false;
    for (at, letter) in text[start..].char_indices() {
        match letter {
            '"' if !escaped => return (hashes == 0).then_some((start, start + at + 1)),
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    None
}

/// The length of a character literal at the start of `text`; a lifetime has none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return Some(1 + 2 + inner[2..].find('\'')? + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(1 + first + 1)
}

mod tests {
    use super::Source;

    #[test]
    fn code_literals_and_comments_are_told_apart() {
        let text =
            "//! a \"b\"\nfn f<'x>() -> &'x str { '\"'; r#\"c // \"d\"#; \"e\\\"\n/*f*/\" /* g\n*/ }\n";
        let source = Source::of("x.rs".to_owned(), text.to_owned());

        let texts =
            |pieces: &[super::Piece]| pieces.iter().map(|p| (p.line, p.text.clone())).collect::<Vec<_>>();
        assert_eq!(texts(&source.comments), [(1, "//! a \"b\"".to_owned()), (3, "/* g\n*/".to_owned())]);
        assert_eq!(texts(&source.literals), [(2, "c // \"d".to_owned()), (2, "e\\\"\n/*f*/".to_owned())]);
        assert_eq!(source.code.lines().count(), text.lines().count());
        assert_eq!(source.lines_with("str"), [(2, "fn f<'x>() -> &'x str { ' '; \"\"; \"")]);
    }
}
