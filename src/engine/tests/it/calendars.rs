//! Deadlines on the clocks of every zone of the IANA database, 2020 to 2040: the walls are asked, never the code under test.

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike,
    Utc, Weekday,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use sojourn_engine::deadline::{Calendar, Workdays};
use sojourn_engine::definition::{Span, SpanUnit};

use crate::counts::count;

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn first_day() -> NaiveDate {
    day(2020, 1, 1)
}

/// Days of the years 2020 to 2040.
const DAYS: u64 = 7_671;

fn second() -> TimeDelta {
    TimeDelta::seconds(1)
}

fn offset(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    let seconds = zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    TimeDelta::seconds(seconds.into())
}

/// What a clock on the wall shows.
fn wall(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc() + offset(zone, at)
}

/// The first instants of new offsets in those years, found by halving.
fn transitions(zone: Tz) -> Vec<DateTime<Utc>> {
    let start = first_day().and_time(NaiveTime::MIN).and_utc();
    let noons = (0..=DAYS * 2).map(|half| start + TimeDelta::hours(12) * i32::try_from(half).unwrap());
    let mut found = Vec::new();
    let mut before = start;
    for at in noons.skip(1) {
        if offset(zone, before) != offset(zone, at) {
            let (mut old, mut new) = (before, at);
            while new - old > second() {
                let middle = old + TimeDelta::seconds((new - old).num_seconds() / 2);
                if offset(zone, middle) == offset(zone, old) { old = middle } else { new = middle }
            }
            found.push(new);
        }
        before = at;
    }
    found
}

/// A wall-clock time comes back as itself, the later of two; or it stands in a gap, and the first instant behind that comes back.
fn assert_named(zone: Tz, local: NaiveDateTime, offsets: &BTreeSet<TimeDelta>) {
    let found = Calendar::plain(zone).instant(local);
    let showing =
        offsets.iter().map(|offset| local.and_utc() - *offset).filter(|at| wall(zone, *at) == local);
    match showing.max() {
        Some(latest) => assert_eq!(found, latest, "{zone}: {local}"),
        None => {
            assert!(wall(zone, found) > local, "{zone}: {local} stands in a gap, {found} is not behind it");
            assert!(wall(zone, found - second()) < local, "{zone}: {found} is not the first behind {local}");
        }
    }
}

/// Every instant belongs to one day, which ends once: its last second is its own, the next one is not.
fn assert_one_end(zone: Tz, day: NaiveDate) {
    let calendar = Calendar::plain(zone);
    let (start, end) = (calendar.start_of(day), calendar.end_of(day));
    assert!(start < end, "{zone}: {day} ends before it starts");
    assert_eq!(wall(zone, start).date(), day, "{zone}: {day} starts on another day");
    assert_eq!(wall(zone, end).date(), day, "{zone}: {day} ends on another day");
    assert_eq!(end + second(), calendar.start_of(day + Days::new(1)), "{zone}: between {day} and the next");
    assert!(wall(zone, start - second()).date() < day, "{zone}: {day} has begun before its start");
    assert_eq!(calendar.date(end), day);
}

#[test]
fn around_every_change_of_the_clocks_of_every_zone_a_time_on_the_wall_is_found() {
    let mut seen = 0;
    for zone in TZ_VARIANTS {
        for change in transitions(zone) {
            let offsets = BTreeSet::from([offset(zone, change - second()), offset(zone, change)]);
            let from = wall(zone, change).min(wall(zone, change - second())) - TimeDelta::hours(2);
            for quarter in 0..=24 {
                for seconds in [-1, 0, 1, 17 * 60 + 13] {
                    let local = from + TimeDelta::minutes(15) * quarter + TimeDelta::seconds(seconds);
                    assert_named(zone, local, &offsets);
                }
            }
            for days in 0..=3 {
                assert_one_end(zone, wall(zone, change).date() - Days::new(1) + Days::new(days));
            }
            seen += 1;
        }
    }
    assert!(seen > 5_000, "only {seen} changes in all zones: the data has gone");
}

#[test]
fn every_day_of_every_zone_has_one_start_and_one_end() {
    let every = count("calendar_days_every");
    for (nth, zone) in (0..).zip(TZ_VARIANTS) {
        let days = (0..DAYS).filter(|day| (day + nth) % every == 0);
        days.for_each(|day| assert_one_end(zone, first_day() + Days::new(day)));
    }
}

#[test]
fn a_day_that_a_zone_left_out_ends_with_the_day_before() {
    let apia = Calendar::plain(chrono_tz::Pacific::Apia);
    let left_out = day(2011, 12, 30);
    assert_eq!(apia.start_of(left_out), apia.start_of(day(2011, 12, 31)));
    assert_eq!(apia.end_of(left_out), apia.end_of(day(2011, 12, 29)));
    assert_eq!(apia.instant(left_out.and_hms_opt(12, 0, 0).unwrap()), apia.start_of(day(2011, 12, 31)));
}

#[test]
fn a_midnight_that_comes_twice_starts_its_day_the_first_time() {
    let havana = Calendar::plain(chrono_tz::America::Havana);
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    assert_eq!(havana.start_of(day(2026, 11, 1)), at("2026-11-01T04:00:00Z"));
    assert_eq!(havana.end_of(day(2026, 10, 31)), at("2026-11-01T03:59:59Z"));
}

#[test]
fn years_without_a_working_day_are_looked_across() {
    let mut calendar = Calendar::plain(Tz::UTC);
    calendar.holidays = (0..800).map(|days| first_day() + Days::new(days)).collect();
    let span = "1 working day".parse().unwrap();
    let at = calendar.after(calendar.start_of(first_day()), span);
    assert_eq!(calendar.date(at), day(2022, 3, 11));
    assert_eq!(calendar.date(calendar.before(at, span)), day(2019, 12, 31));
}

#[test]
fn at_the_end_of_time_a_span_ends_there() {
    let calendar = Calendar::plain(chrono_tz::Pacific::Kiritimati);
    for span in ["3650 days", "3650 working days", "3650 hours"] {
        let span: Span = span.parse().unwrap();
        assert!(calendar.after(DateTime::<Utc>::MAX_UTC, span) <= DateTime::<Utc>::MAX_UTC);
        assert!(calendar.before(DateTime::<Utc>::MIN_UTC, span) >= DateTime::<Utc>::MIN_UTC);
    }
    assert!(calendar.end_of(NaiveDate::MAX) <= DateTime::<Utc>::MAX_UTC);
    assert!(calendar.start_of(NaiveDate::MIN) >= DateTime::<Utc>::MIN_UTC);
}

fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(TZ_VARIANTS.to_vec())
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let start = first_day().and_time(NaiveTime::MIN).and_utc();
    (0..DAYS * 86_400).prop_map(move |seconds| start + TimeDelta::seconds(i64::try_from(seconds).unwrap()))
}

fn spans() -> impl Strategy<Value = Span> {
    let units = prop::sample::select(vec![SpanUnit::Hours, SpanUnit::Days, SpanUnit::WorkingDays]);
    (1..=400_u32, units).prop_map(|(count, unit)| Span { count, unit })
}

/// A calendar with any working week, and holidays alone and in runs.
fn calendars() -> impl Strategy<Value = Calendar> {
    let runs = prop::collection::vec((0..DAYS + 600, 1..40_u64), 0..30);
    (zones(), 1..128_u8, runs).prop_map(|(zone, week, runs)| {
        let days: Vec<Weekday> =
            (0..7).filter(|day| week >> day & 1 == 1).map(|day| Weekday::try_from(day).unwrap()).collect();
        let run = |(from, length): (u64, u64)| (from..from + length).map(|day| first_day() + Days::new(day));
        Calendar { zone, workdays: Workdays::of(&days), holidays: runs.into_iter().flat_map(run).collect() }
    })
}

fn works(calendar: &Calendar, day: NaiveDate) -> bool {
    calendar.workdays.has(day.weekday()) && !calendar.holidays.contains(&day)
}

/// Working days after `from` up to and with `until`.
fn worked(calendar: &Calendar, from: NaiveDate, until: NaiveDate) -> usize {
    from.iter_days().skip(1).take_while(|day| *day <= until).filter(|day| works(calendar, *day)).count()
}

proptest! {
    #[test]
    fn a_time_on_the_wall_comes_back(zone in zones(), at in instants()) {
        let offsets = (-2..=2).map(|day| offset(zone, at + TimeDelta::days(day))).collect();
        assert_named(zone, wall(zone, at), &offsets);
    }

    #[test]
    fn a_span_is_never_shorter_than_asked_and_ends_with_a_day_that_is_worked(
        calendar in calendars(), from in instants(), span in spans(),
    ) {
        let until = calendar.after(from, span);
        let (began, ended) = (wall(calendar.zone, from), wall(calendar.zone, until));
        match span.unit {
            SpanUnit::Hours => prop_assert_eq!(until - from, TimeDelta::hours(span.count.into())),
            SpanUnit::Days => {
                prop_assert!(ended - began >= TimeDelta::days(span.count.into()));
                prop_assert_eq!(ended.date() - began.date(), TimeDelta::days(span.count.into()));
            }
            SpanUnit::WorkingDays => {
                prop_assert!(works(&calendar, ended.date()));
                prop_assert_eq!(worked(&calendar, began.date(), ended.date()), span.count as usize);
            }
        }
        if span.unit != SpanUnit::Hours {
            prop_assert!(wall(calendar.zone, until + second()).date() > ended.date(), "the day goes on");
        }
    }

    #[test]
    fn who_starts_later_or_has_longer_never_ends_sooner(
        calendar in calendars(), from in instants(), waited in 0..100 * 86_400_i64, span in spans(),
    ) {
        let until = calendar.after(from, span);
        prop_assert!(calendar.after(from + TimeDelta::seconds(waited), span) >= until);
        let longer = Span { count: span.count + 1, ..span };
        let (ends_later, starts_sooner) = (calendar.after(from, longer), calendar.before(until, longer));
        prop_assert!(ends_later > until, "{} is not behind {}", ends_later, until);
        prop_assert!(starts_sooner < until, "{} is not before {}", starts_sooner, until);
    }

    #[test]
    fn before_undoes_after(calendar in calendars(), from in instants(), span in spans()) {
        let back = calendar.before(calendar.after(from, span), span);
        let (began, came) = (wall(calendar.zone, from), wall(calendar.zone, back));
        match span.unit {
            SpanUnit::Hours => prop_assert_eq!(back, from),
            SpanUnit::Days => {
                // The last second of a day may stand in a gap, and then comes as the first of the next.
                let gap = came.time() < NaiveTime::from_hms_opt(12, 0, 0).unwrap();
                prop_assert_eq!(came.date() - Days::new(gap.into()), began.date());
                prop_assert!(gap || came.time().num_seconds_from_midnight() >= began.time().num_seconds_from_midnight());
            }
            SpanUnit::WorkingDays => {
                prop_assert!(back < calendar.after(from, span));
                if works(&calendar, began.date()) && came.time().hour() == 23 {
                    prop_assert_eq!(came.date(), began.date());
                }
            }
        }
    }

    #[test]
    fn nothing_of_a_reminder_leaves_its_span(calendar in calendars(), from in instants(), count in 2..60_u32) {
        let span = |count, unit| Span { count, unit };
        for unit in [SpanUnit::Days, SpanUnit::WorkingDays] {
            let until = calendar.after(from, span(count, unit));
            let reminded = calendar.before(until, span(count - 1, unit));
            prop_assert!(from < reminded && reminded < until, "{} < {} < {}", from, reminded, until);
        }
    }
}
