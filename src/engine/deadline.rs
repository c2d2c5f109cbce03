//! Local dates and spans of an institution's calendar → instants, right across daylight saving.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc,
    Weekday,
};
use chrono_tz::Tz;

use crate::definition::{Span, SpanUnit};

/// When an institution works, and in which zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// IANA zone.
    pub zone: Tz,
    /// Days of the week it works.
    pub workdays: Workdays,
    /// Days off besides.
    pub holidays: BTreeSet<NaiveDate>,
}

/// A set of weekdays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workdays(u8);

impl Workdays {
    /// Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Self = Self(0b001_1111);

    /// The set of these days; an empty list gives Monday to Friday, for a week without work never ends.
    pub fn of(days: &[Weekday]) -> Self {
        let set = days.iter().fold(0, |set, day| set | 1 << day.num_days_from_monday());
        if set == 0 { Self::MONDAY_TO_FRIDAY } else { Self(set) }
    }

    /// Whether the day is in the set.
    pub const fn has(self, day: Weekday) -> bool {
        self.0 >> day.num_days_from_monday() & 1 == 1
    }
}

/// Longest run of days off looked across; a calendar with more is read as having none.
const LONGEST_BREAK: u32 = 400;

impl Calendar {
    /// A calendar of that zone that works Monday to Friday and has no holidays.
    pub const fn plain(zone: Tz) -> Self {
        Self { zone, workdays: Workdays::MONDAY_TO_FRIDAY, holidays: BTreeSet::new() }
    }

    /// The instant `span` after `from`: exact for hours, the last second of the last day there for days.
    pub fn after(&self, from: DateTime<Utc>, span: Span) -> DateTime<Utc> {
        let count = i64::from(span.count);
        match span.unit {
            SpanUnit::Hours => from + TimeDelta::hours(count),
            SpanUnit::Days => self.end_of(self.date(from) + Days::new(u64::from(span.count))),
            SpanUnit::WorkingDays => {
                let last = (0..span.count).fold(self.date(from), |day, _| self.next_working(day));
                self.end_of(last)
            }
        }
    }

    /// The instant `span` before `end`: exact for hours, the same time of day for days.
    pub fn before(&self, end: DateTime<Utc>, span: Span) -> DateTime<Utc> {
        let local = end.with_timezone(&self.zone).naive_local();
        match span.unit {
            SpanUnit::Hours => end - TimeDelta::hours(i64::from(span.count)),
            SpanUnit::Days => self.instant(local - Days::new(u64::from(span.count))),
            SpanUnit::WorkingDays => {
                let first = (0..span.count).fold(local.date(), |day, _| self.previous_working(day));
                self.instant(first.and_time(local.time()))
            }
        }
    }

    /// The date there at that instant.
    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The first instant of a day there.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant(day.and_time(NaiveTime::MIN))
    }

    /// The last whole second of a day there.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.start_of(day + Days::new(1)) - TimeDelta::seconds(1)
    }

    /// The instant of a wall-clock time there: the later of two in autumn, the first after the gap in spring.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) => at.to_utc(),
            LocalResult::Ambiguous(_, later) => later.to_utc(),
            LocalResult::None => self.after_gap(local),
        }
    }

    fn after_gap(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let mut minutes = (1..=24 * 60).map(|minutes| local + TimeDelta::minutes(minutes));
        let found = minutes.find_map(|later| self.zone.from_local_datetime(&later).earliest());
        found.map_or_else(|| self.zone.from_utc_datetime(&local).to_utc(), |at| at.to_utc())
    }

    fn works(&self, day: NaiveDate) -> bool {
        self.workdays.has(day.weekday()) && !self.holidays.contains(&day)
    }

    fn next_working(&self, day: NaiveDate) -> NaiveDate {
        let mut days = (1..=LONGEST_BREAK).map(|n| day + Days::new(u64::from(n)));
        days.find(|day| self.works(*day)).unwrap_or(day + Days::new(1))
    }

    fn previous_working(&self, day: NaiveDate) -> NaiveDate {
        let mut days = (1..=LONGEST_BREAK).map(|n| day - Days::new(u64::from(n)));
        days.find(|day| self.works(*day)).unwrap_or(day - Days::new(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        Calendar::plain(chrono_tz::Europe::Berlin)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn working_days_skip_weekends_and_holidays_and_end_with_the_day_there() {
        let mut calendar = calendar();
        calendar.holidays.insert(NaiveDate::from_ymd_opt(2026, 12, 25).unwrap());
        let span = "2 working days".parse().unwrap();
        assert_eq!(calendar.after(at("2026-12-24T09:00:00Z"), span), at("2026-12-29T22:59:59Z"));
    }

    #[test]
    fn a_day_is_a_day_on_the_wall_across_daylight_saving() {
        let span = "1 day".parse().unwrap();
        assert_eq!(calendar().after(at("2026-03-28T11:00:00Z"), span), at("2026-03-29T21:59:59Z"));
        assert_eq!(calendar().before(at("2026-03-29T10:00:00Z"), span), at("2026-03-28T11:00:00Z"));
    }

    #[test]
    fn a_wall_clock_time_inside_the_spring_gap_is_the_first_instant_after_it() {
        let local = "2026-03-29T02:30:00".parse().unwrap();
        assert_eq!(calendar().instant(local), at("2026-03-29T01:00:00Z"));
    }
}
