//! Local dates and spans of an institution's calendar → instants, right across daylight saving.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
    Utc, Weekday,
};
use chrono_tz::{GapInfo, Tz};

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

impl Calendar {
    /// A calendar of that zone that works Monday to Friday and has no holidays.
    pub const fn plain(zone: Tz) -> Self {
        Self { zone, workdays: Workdays::MONDAY_TO_FRIDAY, holidays: BTreeSet::new() }
    }

    /// The instant `span` after `from`: exact for hours, the last second of the last day there for days.
    pub fn after(&self, from: DateTime<Utc>, span: Span) -> DateTime<Utc> {
        match span.unit {
            SpanUnit::Hours => from.checked_add_signed(hours(span)).unwrap_or(DateTime::<Utc>::MAX_UTC),
            SpanUnit::Days => self.end_of(later(self.date(from), span.count)),
            SpanUnit::WorkingDays => {
                let last = (0..span.count).fold(self.date(from), |day, _| self.next_working(day));
                self.end_of(last)
            }
        }
    }

    /// The instant `span` before `end`: exact for hours, the same time of day for days.
    pub fn before(&self, end: DateTime<Utc>, span: Span) -> DateTime<Utc> {
        let local = self.wall(end);
        match span.unit {
            SpanUnit::Hours => end.checked_sub_signed(hours(span)).unwrap_or(DateTime::<Utc>::MIN_UTC),
            SpanUnit::Days => self.instant(earlier(local.date(), span.count).and_time(local.time())),
            SpanUnit::WorkingDays => {
                let first = (0..span.count).fold(local.date(), |day, _| self.previous_working(day));
                self.instant(first.and_time(local.time()))
            }
        }
    }

    /// The date there at that instant.
    pub fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        self.wall(at).date()
    }

    /// The first instant of a day there; of a day that the zone left out, that of the next.
    ///
    /// A midnight that comes twice starts its day the first time, unless the day before goes on in between.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        match self.zone.from_local_datetime(&midnight) {
            LocalResult::Ambiguous(earlier, later)
                if (later - TimeDelta::seconds(1)).naive_local() >= midnight =>
            {
                earlier.to_utc()
            }
            _ => self.instant(midnight),
        }
    }

    /// The last whole second of a day there.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        day.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |next| self.start_of(next) - TimeDelta::seconds(1))
    }

    /// The instant of a wall-clock time there: the later of two in autumn, the first after the gap in spring.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) => at.to_utc(),
            LocalResult::Ambiguous(_, later) => later.to_utc(),
            LocalResult::None => {
                let behind = GapInfo::new(&local, &self.zone).and_then(|gap| gap.end);
                behind.map_or_else(|| local.and_utc(), |at| at.to_utc())
            }
        }
    }

    /// What the clocks there show; at the ends of time what they show in Greenwich.
    fn wall(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let offset = self.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        at.naive_utc().checked_add_offset(offset).unwrap_or(at.naive_utc())
    }

    fn works(&self, day: NaiveDate) -> bool {
        self.workdays.has(day.weekday()) && !self.holidays.contains(&day)
    }

    fn next_working(&self, day: NaiveDate) -> NaiveDate {
        day.iter_days().skip(1).find(|day| self.works(*day)).unwrap_or(NaiveDate::MAX)
    }

    fn previous_working(&self, day: NaiveDate) -> NaiveDate {
        let mut days = std::iter::successors(day.pred_opt(), NaiveDate::pred_opt);
        days.find(|day| self.works(*day)).unwrap_or(NaiveDate::MIN)
    }
}

fn hours(span: Span) -> TimeDelta {
    TimeDelta::hours(i64::from(span.count))
}

fn later(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

fn earlier(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN)
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
