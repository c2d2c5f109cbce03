//! Forms that this process took a moment ago: a second click is led where the first was.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::form::Fields;

/// For how long a form is known.
const LASTS: TimeDelta = TimeDelta::seconds(30);
/// Forms known at a time.
const MOST: usize = 10_000;

/// What tells a form from every other: its seal differs each time that its page is shown.
pub type Form = [u8; 32];

/// What a form is known by.
pub fn known_by(path: &str, fields: &Fields) -> Form {
    let mut hash = Sha256::new();
    for text in std::iter::once(path).chain(fields.0.iter().flat_map(|(name, value)| [&**name, &**value])) {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// Where forms have led that were taken.
#[derive(Debug, Default)]
pub struct Recent(Mutex<HashMap<Form, (DateTime<Utc>, String)>>);

impl Recent {
    /// Keeps where a form has led.
    pub fn keep(&self, form: Form, to: &str, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (at, _)| now - *at < LASTS);
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert(form, (now, to.to_owned()));
    }

    /// Where the same form has led a moment ago.
    pub fn find(&self, form: &Form, now: DateTime<Utc>) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(form).filter(|(at, _)| now - *at < LASTS).map(|(_, to)| to.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_same_form_is_led_where_it_was_for_a_moment_and_no_other_is() {
        let now = DateTime::UNIX_EPOCH;
        let recent = Recent::default();
        let one = known_by("/a", &form(&[("x", "y"), ("z", "")]));
        recent.keep(one, "/there", now);
        assert_eq!(recent.find(&one, now + TimeDelta::seconds(29)).as_deref(), Some("/there"));
        assert_eq!(recent.find(&one, now + TimeDelta::seconds(30)), None);
        for other in [
            known_by("/b", &form(&[("x", "y"), ("z", "")])),
            known_by("/a", &form(&[("x", "yz"), ("", "")])),
            known_by("/a", &form(&[("x", "y")])),
        ] {
            assert_eq!(recent.find(&other, now), None);
        }
    }

    #[test]
    fn no_more_is_known_than_fits() {
        let recent = Recent::default();
        for number in 0..=MOST {
            recent.keep(known_by(&number.to_string(), &Fields::default()), "/", DateTime::UNIX_EPOCH);
        }
        assert!(recent.0.lock().unwrap().len() <= MOST);
    }
}
