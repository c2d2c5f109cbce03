//! How soon somebody hears of something: at once, in the digest of their morning, or not by mail.
//!
//! What only one person can unblock never waits, nor does what is due soon: a digest that came after it would be of no use.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};

use crate::deadline::Calendar;
use crate::vocabulary::Mails;

/// How long before its end a deadline does not wait for a digest.
pub const SOON: TimeDelta = TimeDelta::hours(48);

/// What decides how soon a notice goes to somebody with a duty.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// How they want their mails.
    pub mails: Mails,
    /// Whether they are asked to act.
    pub action: bool,
    /// Whether others are asked who could act as well.
    pub others: bool,
    /// When what they are asked for is due.
    pub due_at: Option<DateTime<Utc>>,
}

/// How soon it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once.
    AtOnce,
    /// In the digest of that morning.
    Digest(DateTime<Utc>),
    /// Not by mail: it waits in their list.
    Withheld,
}

/// How soon a notice goes, for somebody whose next digest is due at `morning`.
pub fn pace(told: Told, morning: DateTime<Utc>) -> Pace {
    let soon = told.due_at.is_some_and(|due| due < morning + SOON);
    if told.mails == Mails::AtOnce || (told.action && (!told.others || soon)) {
        return Pace::AtOnce;
    }
    match told.mails {
        Mails::Daily => Pace::Digest(morning),
        Mails::AtOnce | Mails::Needed => Pace::Withheld,
    }
}

/// Looks ahead that many days for a morning on which an office works.
const AHEAD: u64 = 30;

impl Calendar {
    /// Seven in the morning there, of the next day on which the office works, after an instant.
    pub fn next_morning(&self, after: DateTime<Utc>) -> DateTime<Utc> {
        let seven = NaiveTime::from_hms_opt(7, 0, 0).unwrap_or_default();
        let today = self.date(after);
        let mut days = (0..AHEAD).map(|n| today + Days::new(n)).filter(|day| self.works(*day));
        let found = days.find_map(|day| Some(self.instant(day.and_time(seven))).filter(|at| *at > after));
        found.unwrap_or(after + TimeDelta::days(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_only_one_can_unblock_and_what_is_due_soon_never_waits() {
        let morning = at("2026-09-02T05:00:00Z");
        let told = |mails, action, others, due: Option<&str>| {
            pace(Told { mails, action, others, due_at: due.map(at) }, morning)
        };
        let (late, soon) = (Some("2026-09-20T05:00:00Z"), Some("2026-09-04T04:59:00Z"));
        assert_eq!(told(Mails::Daily, false, true, None), Pace::Digest(morning));
        assert_eq!(told(Mails::Daily, true, true, late), Pace::Digest(morning));
        assert_eq!(told(Mails::Daily, true, true, soon), Pace::AtOnce);
        assert_eq!(told(Mails::Daily, true, false, late), Pace::AtOnce);
        assert_eq!(
            told(Mails::Daily, false, false, soon),
            Pace::Digest(morning),
            "a receipt asks for nothing"
        );
        assert_eq!(told(Mails::Needed, true, false, late), Pace::AtOnce);
        assert_eq!(told(Mails::Needed, true, true, soon), Pace::AtOnce);
        assert_eq!(told(Mails::Needed, true, true, late), Pace::Withheld);
        assert_eq!(told(Mails::Needed, false, true, None), Pace::Withheld);
        assert_eq!(told(Mails::AtOnce, false, true, None), Pace::AtOnce);
    }

    #[test]
    fn a_digest_comes_on_the_next_morning_the_office_works() {
        let mut calendar = Calendar::plain(chrono_tz::Europe::Berlin);
        assert_eq!(calendar.next_morning(at("2026-09-01T08:00:00Z")), at("2026-09-02T05:00:00Z"));
        assert_eq!(calendar.next_morning(at("2026-09-01T04:59:00Z")), at("2026-09-01T05:00:00Z"));
        assert_eq!(
            calendar.next_morning(at("2026-09-04T08:00:00Z")),
            at("2026-09-07T05:00:00Z"),
            "no weekend"
        );
        calendar.holidays.insert("2026-09-07".parse().unwrap());
        assert_eq!(calendar.next_morning(at("2026-09-04T08:00:00Z")), at("2026-09-08T05:00:00Z"));
    }
}
