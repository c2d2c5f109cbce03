//! The one source of instants, ids and random bytes; everything else takes them from a [`Moment`].
//!
//! A command reads the clock once. Tests use [`Clock::fixed`]: time moves only when told to, and ids are the same in every run.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, DurationRound, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use rand::rngs::ChaCha12Rng;
use rand::{Rng, SeedableRng};
use uuid::{Builder, Uuid, Variant, Version};

/// Where time comes from; cheap to clone, and clones share their state.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Source,
    random: Arc<Mutex<ChaCha12Rng>>,
    last_id: Arc<Mutex<u128>>,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The clock of the machine, with randomness of the operating system.
    pub fn system() -> Self {
        Self::of(Source::System, rand::make_rng())
    }

    /// A clock that stands at `now` until it is moved; the same `seed` gives the same ids.
    pub fn fixed(now: DateTime<Utc>, seed: u64) -> Self {
        Self::of(Source::Set(Arc::new(Mutex::new(now))), ChaCha12Rng::seed_from_u64(seed))
    }

    /// A clock that stands at `now` until it is moved, with randomness of the operating system.
    pub fn moved(now: DateTime<Utc>) -> Self {
        Self { source: Source::Set(Arc::new(Mutex::new(now))), ..Self::system() }
    }

    fn of(source: Source, random: ChaCha12Rng) -> Self {
        Self { source, random: Arc::new(Mutex::new(random)), last_id: Arc::default() }
    }

    /// Whether it is the machine's, which the clocks of other machines have to agree with.
    pub const fn is_of_machine(&self) -> bool {
        matches!(self.source, Source::System)
    }

    /// Moves a clock that is not the machine's; the machine's stays as it is.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Source::Set(at) = &self.source {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
    }

    /// Moves a clock that is not the machine's forward.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }

    /// The present instant, to the microsecond both databases keep.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.source {
            Source::System => Utc::now(),
            Source::Set(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    /// One instant and its id stream, for one command.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), recorded_at: self.now(), clock: self.clone() }
    }
}

/// The one instant of a command, and the ids and random bytes it hands out.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The instant everything in the command happens at.
    pub now: DateTime<Utc>,
    /// The true time of the record; later than `now` only for imported history.
    pub recorded_at: DateTime<Utc>,
    clock: Clock,
}

/// Where the milliseconds of an id stand.
const MILLIS_AT: u32 = 80;
/// The first random bit behind the variant begins as zero, so that steps of one millisecond never reach the variant.
const ROOM: u128 = 1 << 61;

impl Moment {
    /// The same command as if it happened at `now`, for history that is recorded later.
    #[must_use]
    pub fn as_of(&self, now: DateTime<Utc>) -> Self {
        Self { now, ..self.clone() }
    }

    /// A new id, ordered by the true time of its making, within a millisecond too (`UUIDv7`, RFC 9562 §5.7 and §6.2,
    /// method 2: there the one before plus a random step).
    pub fn id<T: From<Uuid>>(&self) -> T {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        let millis = u64::try_from(self.recorded_at.timestamp_millis()).unwrap_or(0);
        let mut id = Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().as_u128() & !ROOM;
        let mut last = self.clock.last_id.lock().unwrap_or_else(PoisonError::into_inner);
        if *last >> MILLIS_AT == id >> MILLIS_AT {
            id = *last + u128::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) + 1;
        }
        *last = id;
        T::from(
            Builder::from_u128(id).with_version(Version::SortRand).with_variant(Variant::RFC4122).into_uuid(),
        )
    }

    /// `N` random bytes, fit for secrets.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.clock.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// A zone as people read it, with what its clocks differ from UTC then: `Asia/Kathmandu, UTC+5:45`, and `UTC` alone.
pub fn zone_label(at: DateTime<Utc>, zone: Tz) -> String {
    let minutes = at.with_timezone(&zone).offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    let offset = match (minutes.abs() / 60, minutes.abs() % 60) {
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    };
    match zone.name() {
        "UTC" => "UTC".to_owned(),
        name => format!("{}, {offset}", name.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fixed_clocks_of_one_seed_give_the_same_ids() {
        let now = "2026-09-01T00:00:00Z".parse().unwrap();
        let ids = || Clock::fixed(now, 7).moment().id::<Uuid>();
        assert_eq!(ids(), ids());
    }

    #[test]
    fn ids_of_one_instant_keep_their_order() {
        let moment = Clock::fixed("2026-09-01T00:00:00Z".parse().unwrap(), 7).moment();
        let ids: Vec<Uuid> = (0..10_000).map(|_| moment.id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| (id.get_version_num(), id.get_variant()) == (7, Variant::RFC4122)));
    }

    #[test]
    fn time_stands_still_until_it_is_moved() {
        let clock = Clock::fixed("2026-09-01T00:00:00Z".parse().unwrap(), 7);
        let before = clock.now();
        clock.advance(TimeDelta::hours(2));
        assert_eq!(clock.now() - before, TimeDelta::hours(2));
    }
}
