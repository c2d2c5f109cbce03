//! Text to tokens, each with its place in the source.
//!
//! One more sign is one line of [`MARKS`], longer signs before their beginnings.

use std::{ops::Range, sync::Arc};

use super::{Decimal, GuardError};

/// The largest source, in bytes.
pub(super) const MAX_SOURCE: usize = 1024;

/// A sign of the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    Equal,
    NotEqual,
    AtMost,
    AtLeast,
    Less,
    More,
    And,
    Or,
    Not,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    Dot,
}

const MARKS: [(&str, Mark); 20] = [
    ("==", Mark::Equal),
    ("!=", Mark::NotEqual),
    ("<=", Mark::AtMost),
    (">=", Mark::AtLeast),
    ("<", Mark::Less),
    (">", Mark::More),
    ("&&", Mark::And),
    ("||", Mark::Or),
    ("!", Mark::Not),
    ("+", Mark::Plus),
    ("-", Mark::Minus),
    ("*", Mark::Times),
    ("/", Mark::Over),
    ("%", Mark::Modulo),
    ("(", Mark::Open),
    (")", Mark::Close),
    ("[", Mark::OpenList),
    ("]", Mark::CloseList),
    (",", Mark::Comma),
    (".", Mark::Dot),
];

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind<'s> {
    Int(i64),
    Decimal(Decimal),
    Text(Arc<str>),
    Word(&'s str),
    Mark(Mark),
    End,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token<'s> {
    pub kind: Kind<'s>,
    pub at: Range<usize>,
}

/// Splits the source into tokens; the last is always [`Kind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>, GuardError> {
    if source.len() > MAX_SOURCE {
        let end = source.floor_char_boundary(MAX_SOURCE);
        return Err(GuardError::new(
            end..source.len(),
            format!(
                "the expression has {} bytes and may have {MAX_SOURCE}; split it into several",
                source.len()
            ),
        ));
    }
    let mut lexer = Lexer { source, next: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let ended = token.kind == Kind::End;
        tokens.push(token);
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    next: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.next..]
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
        self.next += taken.len();
        taken
    }

    fn error<T>(&self, from: usize, message: impl Into<String>) -> Result<T, GuardError> {
        Err(GuardError::new(from..self.next, message))
    }

    fn token(&mut self) -> Result<Token<'s>, GuardError> {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
        let from = self.next;
        let kind = match self.rest().chars().next() {
            None => Kind::End,
            Some('0'..='9') => self.number()?,
            Some(quote @ ('\'' | '"')) => self.text(quote)?,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
                if self.rest().starts_with(['\'', '"']) {
                    return self
                        .error(from, "texts have no prefix; write only the quotes, with escapes inside");
                }
                Kind::Word(word)
            }
            Some(c) => match MARKS.iter().find(|(sign, _)| self.rest().starts_with(sign)) {
                Some((sign, mark)) => {
                    self.next += sign.len();
                    Kind::Mark(*mark)
                }
                None => return Err(self.stranger(c)),
            },
        };
        Ok(Token { kind, at: from..self.next })
    }

    fn stranger(&self, c: char) -> GuardError {
        let mend = match c {
            '=' => "equality is written `==`",
            '&' => "and is written `&&`",
            '|' => "or is written `||`",
            '?' | ':' => "there is no choice `? :`; write the two cases as `(a && b) || (!a && c)`",
            '≤' => "write `<=`",
            '≥' => "write `>=`",
            '≠' => "write `!=`",
            '‘' | '’' | '“' | '”' | '「' | '」' | '`' => "texts stand in straight quotes: 'text'",
            _ => "outside of texts only ASCII letters, digits and the signs of the language may stand",
        };
        GuardError::new(
            self.next..self.next + c.len_utf8(),
            format!("`{}` means nothing here; {mend}", c.escape_debug()),
        )
    }

    fn number(&mut self) -> Result<Kind<'s>, GuardError> {
        let from = self.next;
        let whole = self.take_while(|c| c.is_ascii_digit());
        let mut after = self.rest().chars();
        let decimal = after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit());
        if decimal {
            self.next += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let number = &self.source[from..self.next];
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
            let written = &self.source[from..self.next];
            return self.error(
                from,
                format!(
                    "`{written}` is no number; write digits alone (12 or 12.5), a duration as duration('72h')"
                ),
            );
        }
        if decimal {
            return match number.parse() {
                Ok(decimal) => Ok(Kind::Decimal(decimal)),
                Err(error) => self.error(from, format!("`{number}` {error}")),
            };
        }
        match whole.parse() {
            Ok(int) => Ok(Kind::Int(int)),
            Err(_) => {
                self.error(from, format!("`{whole}` is too large; the largest whole number is {}", i64::MAX))
            }
        }
    }

    fn text(&mut self, quote: char) -> Result<Kind<'s>, GuardError> {
        let from = self.next;
        self.next += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| !matches!(c, '\\' | '\n' | '\r') && c != quote));
            match self.rest().chars().next() {
                Some('\\') => text.push(self.escape()?),
                Some(c) if c == quote => {
                    self.next += 1;
                    if text.is_empty() && self.rest().starts_with(quote) {
                        return self.error(
                            from,
                            format!("there are no triple quotes; write one {quote} on each side"),
                        );
                    }
                    return Ok(Kind::Text(text.into()));
                }
                Some(_) => {
                    return self.error(from, "a text ends in the line it began in; write \\n for a new line");
                }
                None => return self.error(from, format!("the text is not closed; end it with {quote}")),
            }
        }
    }

    /// Reads one escape as CEL has them.
    fn escape(&mut self) -> Result<char, GuardError> {
        let from = self.next;
        self.next += 1;
        let Some(letter) = self.rest().chars().next() else {
            return self.error(from, "an escape is cut off; write \\\\ for a backslash");
        };
        let digits = match letter {
            '0'..='3' => 3,
            'x' | 'X' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let radix = if letter.is_ascii_digit() { 8 } else { 16 };
        self.next += if radix == 8 { 0 } else { letter.len_utf8() };
        let plain = match letter {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '?' | '"' | '\'' | '`' => letter,
            _ => return self.code_point(from, digits, radix),
        };
        Ok(plain)
    }

    fn code_point(&mut self, from: usize, digits: usize, radix: u32) -> Result<char, GuardError> {
        let code =
            self.rest().get(..digits).filter(|code| digits > 0 && code.chars().all(|c| c.is_digit(radix)));
        let code = code.inspect(|code| self.next += code.len());
        match code.and_then(|code| u32::from_str_radix(code, radix).ok()).and_then(char::from_u32) {
            Some(c) => Ok(c),
            None => self.error(
                from,
                "is no escape; write \\\\ for a backslash, \\' for a quote, \\u00e9 for a code point",
            ),
        }
    }
}
