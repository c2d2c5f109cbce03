//! Which place line a choice draws on: the narrowest one in force that covers it.

use crate::vocabulary::{Level, PlaceSource};

/// What a place line covers; an absent restriction covers everything. Generic over the keys of institutions and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covers<I, P, T> {
    /// Where the line comes from.
    pub source: PlaceSource,
    /// Only applicants of this home.
    pub home: Option<I>,
    /// Only stays at this host.
    pub host: Option<I>,
    /// Only this programme.
    pub programme: Option<P>,
    /// Only this period.
    pub period: Option<T>,
    /// Only these levels; empty is any.
    pub levels: Vec<Level>,
    /// Only fields of study that begin with one of these ISCED-F codes; empty is any.
    pub fields: Vec<String>,
}

/// What a choice wants covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a, I, P, T> {
    /// The applicant's home.
    pub home: I,
    /// The host of the choice.
    pub host: I,
    /// The programme of the choice.
    pub programme: P,
    /// The period of the choice.
    pub period: Option<T>,
    /// The applicant's level.
    pub level: Level,
    /// The applicant's field of study, an ISCED-F code.
    pub field: &'a str,
}

impl<I: Copy + PartialEq, P: Copy + PartialEq, T: Copy + PartialEq> Covers<I, P, T> {
    /// Whether the line covers what a choice wants.
    pub fn covers(&self, wanted: &Wanted<'_, I, P, T>) -> bool {
        let period = self.period.is_none() || self.period == wanted.period;
        let field = self.fields.is_empty() || self.longest(wanted.field).is_some();
        let level = self.levels.is_empty() || self.levels.contains(&wanted.level);
        let within = |only: Option<I>, is: I| only.is_none_or(|only| only == is);
        let programme = self.programme.is_none_or(|only| only == wanted.programme);
        within(self.home, wanted.home)
            && within(self.host, wanted.host)
            && programme
            && period
            && field
            && level
    }

    /// How narrow the line is for that field: restrictions first, then the length of the matching field code.
    fn narrowness(&self, field: &str) -> (usize, usize) {
        let restrictions = [
            self.home.is_some(),
            self.host.is_some(),
            self.programme.is_some(),
            self.period.is_some(),
            !self.levels.is_empty(),
            !self.fields.is_empty(),
        ];
        (restrictions.iter().filter(|restricted| **restricted).count(), self.longest(field).unwrap_or(0))
    }

    fn longest(&self, field: &str) -> Option<usize> {
        self.fields.iter().filter(|code| field.starts_with(code.as_str())).map(String::len).max()
    }
}

/// The narrowest lines that cover what is wanted: none, the one, or several equally narrow that a person must pick from.
pub fn narrowest<'l, K, I, P, T>(
    lines: &'l [(K, Covers<I, P, T>)],
    wanted: &Wanted<'_, I, P, T>,
) -> Vec<&'l K>
where
    I: Copy + PartialEq,
    P: Copy + PartialEq,
    T: Copy + PartialEq,
{
    let covering: Vec<_> = lines.iter().filter(|(_, line)| line.covers(wanted)).collect();
    let best = covering.iter().map(|(_, line)| line.narrowness(wanted.field)).max();
    covering
        .into_iter()
        .filter(|(_, line)| Some(line.narrowness(wanted.field)) == best)
        .map(|(key, _)| key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Line = Covers<u8, u8, u8>;

    fn line() -> Line {
        Line {
            source: PlaceSource::Agreement,
            home: Some(1),
            host: Some(2),
            programme: None,
            period: None,
            levels: Vec::new(),
            fields: Vec::new(),
        }
    }

    const WANTED: Wanted<'static, u8, u8, u8> =
        Wanted { home: 1, host: 2, programme: 3, period: Some(4), level: Level::First, field: "0413" };

    #[test]
    fn the_narrowest_line_wins_over_a_wider_one() {
        let lines = [("any", line()), ("business", Line { fields: vec!["04".into()], ..line() })];
        assert_eq!(narrowest(&lines, &WANTED), [&"business"]);
    }

    #[test]
    fn a_line_for_another_level_or_period_does_not_cover() {
        let other = [
            ("level", Line { levels: vec![Level::Third], ..line() }),
            ("period", Line { period: Some(9), ..line() }),
            ("field", Line { fields: vec!["06".into()], ..line() }),
        ];
        assert!(narrowest(&other, &WANTED).is_empty());
    }

    #[test]
    fn equally_narrow_lines_are_all_named() {
        assert_eq!(narrowest(&[("a", line()), ("b", line())], &WANTED).len(), 2);
    }
}
