//! Words, days and moments in the language of a visitor.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::Visit;
use crate::web::locales;

impl Visit {
    /// A word of the pages, by its dotted name.
    pub fn word(&self, name: &str) -> String {
        let words = self.web.0.templates.words(self.language);
        let found = name.split('.').try_fold(words, |table, part| table.get_attr(part));
        found.ok().and_then(|word| word.as_str().map(ToOwned::to_owned)).unwrap_or_else(|| name.to_owned())
    }

    /// A sentence of a command in the page's language, where it has words there, its moments by the visitor's clock.
    pub fn said(&self, text: &str) -> String {
        let other = if self.language.starts_with("zh") { crate::app::chinese(text) } else { None };
        let sentence = other.as_deref().unwrap_or(text);
        let calendar = self.web.0.templates.calendar(self.language);
        calendar.map_or_else(|| sentence.to_owned(), |calendar| calendar.told(sentence, self.zone()))
    }

    /// A stay from its first to its last day.
    pub fn days(&self, first: NaiveDate, last: NaiveDate) -> String {
        let calendar = self.web.0.templates.calendar(self.language);
        let day = |day: NaiveDate| calendar.map_or_else(|| day.to_string(), |calendar| calendar.day(day));
        format!("{} – {}", day(first), day(last))
    }

    /// Things in the order that the visitor's language has for their names.
    pub fn in_order<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
        all.sort_by(|one, other| locales::compare(self.language, name(one), name(other)));
        all
    }

    /// Values to choose from in the order of what they are called.
    pub fn by_name(&self, all: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
        self.in_order(all.into_iter().collect(), |one| &one.1)
    }

    /// The zone of the visitor's own institution, else the alliance's.
    pub(super) fn zone(&self) -> Tz {
        let own = self.me.as_ref().and_then(|me| me.zone.parse().ok());
        own.unwrap_or_else(|| self.app().zone)
    }
}
