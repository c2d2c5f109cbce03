//! Soft locks: how long to wait after wrong guesses, and how many are taken a day.
//!
//! After Kanidm's `CredSoftLock`: waits grow with the number of wrong guesses, a right one does not reset it, and the count ends with
//! its day. A try is counted before anything is hashed, so that tries at the same time count too; a right one is given back. For an
//! account, strangers and the addresses it was used from before wait separately: nobody keeps its person out from elsewhere.

use chrono::{DateTime, TimeDelta, Utc};

/// How long wrong guesses are counted together.
pub const DAY: TimeDelta = TimeDelta::hours(24);

/// Whose tries are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// For one account, from addresses it was never used from.
    Strangers,
    /// For one account, from all addresses it was used from; only counted, nobody waits here.
    Familiar,
    /// For one account, from one address it was used from.
    Known,
    /// From one address, for accounts that were never used from there.
    Address,
}

impl Lane {
    /// Most wrong guesses a day: those of strangers and of familiar addresses are a hundred together.
    pub const fn most(self) -> Option<u32> {
        match self {
            Self::Strangers => Some(60),
            Self::Familiar => Some(40),
            Self::Known => Some(25),
            // Behind one address may be a whole campus.
            Self::Address => None,
        }
    }

    /// How long to wait after so many wrong guesses.
    fn wait(self, failures: u32) -> TimeDelta {
        let failures = match self {
            Self::Familiar => 0,
            Self::Strangers | Self::Known => failures,
            Self::Address => failures / 20,
        };
        TimeDelta::seconds(match failures {
            0 => 0,
            1..=2 => 1,
            3..=8 => 3,
            9..=24 => 5,
            _ => 10,
        })
    }
}

/// The state of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftLock {
    /// Tries counted since [`since`](Self::since) that were not right, those still being looked at among them.
    pub failures: u32,
    /// When counting began.
    pub since: DateTime<Utc>,
    /// Until when no further try is taken.
    pub until: Option<DateTime<Utc>>,
}

impl SoftLock {
    /// Nothing counted.
    pub const fn new(now: DateTime<Utc>) -> Self {
        Self { failures: 0, since: now, until: None }
    }

    /// Counts one more try, or says when the next one is taken.
    ///
    /// # Errors
    /// The instant until which to wait.
    pub fn ask(self, lane: Lane, now: DateTime<Utc>) -> Result<Self, DateTime<Utc>> {
        let here = self.at(now);
        if let Some(until) = here.until.filter(|until| now < *until) {
            return Err(until);
        }
        if lane.most().is_some_and(|most| here.failures >= most) {
            return Err(here.since + DAY);
        }
        // After the first wrong guesses one try is looked at at a time.
        let until = (here.failures > 2).then(|| now + lane.wait(here.failures));
        Ok(Self { failures: here.failures.saturating_add(1), until, ..here })
    }

    /// The try that was counted is wrong.
    #[must_use]
    pub fn wrong(self, lane: Lane, now: DateTime<Utc>) -> Self {
        let wait = now + lane.wait(self.failures);
        Self { until: Some(self.until.map_or(wait, |until| until.max(wait))), ..self }
    }

    /// The try that was counted is right: it was no guess.
    #[must_use]
    pub fn right(self) -> Self {
        Self { failures: self.failures.saturating_sub(1), until: None, ..self }
    }

    /// The same as of now: what was counted a day ago is forgotten, and so is what a clock that was set back says.
    fn at(self, now: DateTime<Utc>) -> Self {
        if now < self.since || self.since + DAY <= now { Self::new(now) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dawn() -> DateTime<Utc> {
        "2026-09-01T08:00:00Z".parse().unwrap()
    }

    const LANES: [Lane; 4] = [Lane::Strangers, Lane::Familiar, Lane::Known, Lane::Address];

    #[test]
    fn waits_grow_with_wrong_guesses_until_the_day_is_used_up() {
        let (mut lock, mut now, mut waits) = (SoftLock::new(dawn()), dawn(), Vec::new());
        let end = loop {
            match lock.ask(Lane::Strangers, now) {
                Ok(asked) => lock = asked.wrong(Lane::Strangers, now),
                Err(until) => break until,
            }
            let until = lock.until.unwrap();
            waits.push((until - now).num_seconds());
            now = until;
        };
        let expected = [vec![1; 2], vec![3; 6], vec![5; 16], vec![10; 36]].concat();
        assert_eq!(waits, expected);
        assert_eq!(end, dawn() + DAY);
        assert!(lock.ask(Lane::Strangers, end).is_ok(), "the next day begins anew");
    }

    #[test]
    fn a_right_password_waits_for_nothing_and_forgives_nothing() {
        let mut lock = SoftLock::new(dawn());
        for _ in 0..5 {
            lock = SoftLock { until: None, ..lock };
            lock = lock.ask(Lane::Known, dawn()).unwrap().wrong(Lane::Known, dawn());
        }
        let later = dawn() + TimeDelta::seconds(3);
        assert_eq!(lock.ask(Lane::Known, dawn()), Err(later));
        let right = lock.ask(Lane::Known, later).unwrap().right();
        assert_eq!((right.failures, right.until), (5, None));
    }

    /// What happens: time passes, somebody asks, or one of the tries that are being looked at ends.
    #[derive(Debug, Clone)]
    enum Event {
        Pass(i64),
        Ask,
        End(bool),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            1 => (0_i64..20).prop_map(Event::Pass),
            4 => Just(Event::Ask),
            3 => prop::bool::weighted(0.1).prop_map(Event::End),
        ];
        prop::collection::vec(event, 1..600)
    }

    proptest! {
        #[test]
        fn no_more_wrong_guesses_are_looked_at_than_a_day_takes_however_many_come_at_once(
            events in events(), lane in prop::sample::select(&LANES[..]),
        ) {
            let (mut lock, mut now) = (SoftLock::new(dawn()), dawn());
            let (mut looked_at, mut right, mut running) = (0_u32, 0_u32, 0_u32);
            for event in events {
                match event {
                    Event::Pass(seconds) => now += TimeDelta::seconds(seconds),
                    Event::Ask => match lock.ask(lane, now) {
                        Ok(asked) => {
                            prop_assert!(lock.until.is_none_or(|until| until <= now));
                            lock = asked;
                            looked_at += 1;
                            running += 1;
                        }
                        Err(until) => {
                            prop_assert!(now < until);
                            let longest = if lane.most().is_some_and(|most| lock.failures >= most) { DAY } else { TimeDelta::seconds(10) };
                            prop_assert!(until <= now + longest);
                        }
                    },
                    Event::End(fits) if running > 0 => {
                        running -= 1;
                        right += u32::from(fits);
                        lock = if fits { lock.right() } else { lock.wrong(lane, now) };
                    }
                    Event::End(_) => {}
                }
                if now < dawn() + DAY {
                    prop_assert_eq!(lock.failures, looked_at - right);
                    prop_assert!(lane.most().is_none_or(|most| lock.failures <= most));
                }
            }
        }
    }
}
