//! A reader over spanned TOML: typed getters that report instead of failing, and never forget a place.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use serde_json as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::{Finding, Place, Rule};

/// Most findings kept of one text.
const MOST_FINDINGS: usize = 1_000;
/// Findings after which no nearest name is looked for any more.
const MOST_MENDED: usize = 100;
/// Bytes between two counts of characters.
const STRIDE: usize = 64;

/// Collects findings and turns byte offsets into lines and columns.
pub(in super::super) struct Reader<'s> {
    source: &'s str,
    lines: Vec<usize>,
    /// Characters that begin before each stride.
    chars: Vec<usize>,
    findings: RefCell<Vec<Finding>>,
    more: Cell<usize>,
}

impl<'s> Reader<'s> {
    pub fn new(source: &'s str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let mut count = 0;
        let strides = source.as_bytes().chunks(STRIDE).map(|chunk| {
            let before = count;
            count += begun(chunk);
            before
        });
        Self {
            source,
            lines: std::iter::once(0).chain(ends).collect(),
            chars: strides.collect(),
            findings: RefCell::default(),
            more: Cell::new(0),
        }
    }

    pub fn place(&self, span: Range<usize>) -> Place {
        let at = span.start.min(self.source.len());
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let column = self.chars_before(at).saturating_sub(self.chars_before(self.lines[line - 1]));
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { line: count(line), column: count(column + 1) }
    }

    /// Where in the file the byte `at` of a string is written: behind the opening quotes, escapes as long as they are written.
    pub fn inside(&self, string: Range<usize>, at: usize) -> usize {
        let raw = self.source.get(string.clone()).unwrap_or_default();
        let literal = raw.starts_with('\'');
        let mut written = if raw.starts_with("\'\'\'") || raw.starts_with("\"\"\"") { 3 } else { 1 };
        if written == 3 {
            let rest = &raw[written..];
            written +=
                rest.len() - rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')).unwrap_or(rest).len();
        }
        let mut read = 0;
        while read < at {
            let rest = raw.get(written..).unwrap_or_default();
            let Some(char) = rest.chars().next() else { break };
            let (long, meant) =
                if char == '\\' && !literal { escape(rest) } else { (char.len_utf8(), char.len_utf8()) };
            written += long;
            read += meant;
        }
        string.start + written
    }

    /// Characters that begin before a byte.
    fn chars_before(&self, at: usize) -> usize {
        let stride = (at / STRIDE).min(self.chars.len().saturating_sub(1));
        let rest = self.source.as_bytes().get(stride * STRIDE..at).map_or(0, begun);
        self.chars.get(stride).copied().unwrap_or(0) + rest
    }

    /// Whether there are so few findings that each deserves a guess at what was meant.
    pub fn guesses(&self) -> bool {
        self.findings.borrow().len() < MOST_MENDED
    }

    pub fn finding(&self, rule: Rule, span: Range<usize>, message: &str) {
        if self.findings.borrow().len() >= MOST_FINDINGS {
            self.more.set(self.more.get() + 1);
            return;
        }
        self.findings.borrow_mut().push(Finding::error(rule, self.place(span), message));
    }

    pub fn form(&self, span: Range<usize>, message: &str) {
        self.finding(Rule::Form, span, message);
    }

    pub fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| finding.place);
        if let (more @ 1.., Some(last)) = (self.more.get(), findings.last()) {
            let message = format!("there are {more} more of these: mend the first ones and check again");
            findings.push(Finding::error(Rule::Form, last.place, message));
        }
        findings
    }
}

/// How many bytes an escape of TOML takes as it is written, and in the string it makes.
fn escape(rest: &str) -> (usize, usize) {
    let digits = match rest.chars().nth(1) {
        Some('x') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some(blank) if blank.is_whitespace() => {
            let ended = rest[1..].trim_start();
            return (rest.len() - ended.len(), 0);
        }
        letter => return (1 + letter.map_or(0, char::len_utf8), 1),
    };
    let code = rest.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
    (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

/// Characters that begin in a piece of UTF-8.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// A value with its place.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub reader: &'a Reader<'a>,
    pub key: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Node<'a> {
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    pub fn place(&self) -> Place {
        self.reader.place(self.span())
    }

    pub fn as_text(&self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    /// The text, or a finding that it is none.
    pub fn text(&self) -> Option<&'a str> {
        let text = self.as_text();
        if text.is_none() {
            self.wants("text in quotes");
        }
        text
    }

    pub fn bool(&self) -> bool {
        self.value.get_ref().as_bool().unwrap_or_else(|| {
            self.wants("true or false");
            false
        })
    }

    pub fn number(&self) -> Option<u16> {
        let number = self.value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
        if number.is_none() {
            self.wants("a whole number from 0 to 65535");
        }
        number
    }

    pub fn list(&self) -> Vec<Node<'a>> {
        let Some(items) = self.value.get_ref().as_array() else {
            self.wants("a list in [ ]");
            return Vec::new();
        };
        items.iter().map(|value| Node { reader: self.reader, key: self.key.clone(), value }).collect()
    }

    pub fn table(&self) -> Option<Table<'a>> {
        let entries = self.value.get_ref().as_table();
        if entries.is_none() {
            self.wants("a table in { }");
        }
        Some(Table { reader: self.reader, span: self.span(), entries: entries? })
    }

    fn wants(&self, what: &str) {
        self.reader.form(self.span(), &format!("`{}` must be {what}", self.key));
    }
}

/// A table with its place.
#[derive(Clone)]
pub(super) struct Table<'a> {
    pub reader: &'a Reader<'a>,
    pub span: Range<usize>,
    entries: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub fn root(reader: &'a Reader<'_>, entries: &'a DeTable<'_>) -> Self {
        Self { reader, span: 0..0, entries }
    }

    pub fn place(&self) -> Place {
        self.reader.place(self.span.clone())
    }

    /// Reports every key that is none of `keys`.
    pub fn only(&self, keys: &[&str]) {
        for key in self.entries.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            let known = super::names::nearest(key.get_ref(), keys.iter().copied());
            let mend = known.map_or_else(
                || format!("known here: {}", keys.join(", ")),
                |k| format!("did you mean `{k}`?"),
            );
            self.reader.form(key.span(), &format!("unknown key `{}`; {mend}", key.get_ref()));
        }
    }

    pub fn node(&self, key: &str) -> Option<Node<'a>> {
        let value = self.entries.get(key)?;
        Some(Node { reader: self.reader, key: key.to_owned(), value })
    }

    /// Keys with their places and values, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (Range<usize>, Node<'a>)> + '_ {
        self.entries.iter().map(|(key, value)| {
            (key.span(), Node { reader: self.reader, key: key.get_ref().to_string(), value })
        })
    }

    pub fn text(&self, key: &str) -> Option<String> {
        match self.node(key) {
            Some(node) => node.text().map(str::to_owned),
            None => {
                self.missing(key, "text in quotes");
                None
            }
        }
    }

    pub fn flag(&self, key: &str) -> bool {
        self.node(key).is_some_and(|node| node.bool())
    }

    pub fn list(&self, key: &str) -> Vec<Node<'a>> {
        self.node(key).map(|node| node.list()).unwrap_or_default()
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.node(key)?.table()
    }

    /// The tables of an array, whether written `[[key]]` or in one line.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        self.list(key).iter().filter_map(Node::table).collect()
    }

    pub fn missing(&self, key: &str, what: &str) {
        self.reader.form(self.span.clone(), &format!("`{key}` is missing here: give {what}"));
    }
}
