//! A field of study as four bytes, because a run holds a million of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::codes::is_field;

/// An ISCED-F 2013 code of two, three or four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Field([u8; 4]);

/// Text that is no ISCED-F 2013 code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no ISCED-F 2013 code: write two, three or four digits of that list, such as 0413")]
pub struct NotAField {
    /// What was given.
    pub text: String,
}

impl Field {
    /// The broad field it lies in, its first two digits.
    #[must_use]
    pub fn broad(self) -> Self {
        let [first, second, ..] = self.0;
        Self([first, second, 0, 0])
    }

    pub(super) fn bytes(self) -> [u8; 4] {
        self.0
    }
}

impl FromStr for Field {
    type Err = NotAField;

    fn from_str(text: &str) -> Result<Self, NotAField> {
        if !is_field(text) {
            return Err(NotAField { text: text.to_owned() });
        }
        let mut digits = [0; 4];
        digits.iter_mut().zip(text.bytes()).for_each(|(digit, byte)| *digit = byte);
        Ok(Self(digits))
    }
}

impl TryFrom<String> for Field {
    type Error = NotAField;

    fn try_from(text: String) -> Result<Self, NotAField> {
        text.parse()
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.iter().take_while(|digit| **digit != 0);
        f.pad(&digits.map(|digit| char::from(*digit)).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_as_written_and_lies_in_its_broad_field() {
        let field: Field = "0413".parse().unwrap();
        assert_eq!((field.to_string(), field.broad().to_string()), ("0413".to_owned(), "04".to_owned()));
        assert_eq!("041".parse::<Field>().unwrap().to_string(), "041");
    }

    #[test]
    fn what_is_on_no_list_is_refused_by_name() {
        for text in ["", "4", "0499x", "1234", "０４"] {
            assert_eq!(text.parse::<Field>(), Err(NotAField { text: text.to_owned() }));
        }
    }
}
