//! Institutions → calendars: zone, working week, holidays; and deadlines as entries of calendars of people.

mod entry;

use chrono::Weekday;
use chrono_tz::Tz;
use sojourn_engine::deadline::{Calendar, Workdays};

use crate::store::dossiers::Institution;

pub use entry::{Entry, feed, published};

/// The calendar of an institution; a zone nobody knows any more is read as UTC.
pub fn calendar(institution: &Institution) -> Calendar {
    let day = |number: &u8| Weekday::try_from(number.wrapping_sub(1)).ok();
    let days: Vec<Weekday> = institution.working_week.iter().filter_map(day).collect();
    Calendar {
        zone: zone(&institution.zone),
        workdays: Workdays::of(&days),
        holidays: institution.holidays.iter().copied().collect(),
    }
}

/// A plain calendar of a zone.
pub fn of_zone(name: &str) -> Calendar {
    Calendar::plain(zone(name))
}

fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}
