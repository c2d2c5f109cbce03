//! Which period of the host's calendar a list means by a code.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use sojourn_engine::ids::{InstitutionId, PeriodId};

use super::row::Fault;
use crate::app::Result;
use crate::store::Conn;
use crate::store::periods::{self, Period};

/// The calendars of hosts.
#[derive(Debug, Default)]
pub struct Periods(BTreeMap<InstitutionId, Vec<Period>>);

impl Periods {
    /// Reads the calendars of hosts.
    pub async fn of(conn: &impl Conn, hosts: BTreeSet<InstitutionId>) -> Result<Self> {
        let hosts: Vec<_> = hosts.into_iter().collect();
        let mut calendars = BTreeMap::<_, Vec<_>>::new();
        for period in periods::of(conn, &hosts).await? {
            calendars.entry(period.institution_id).or_default().push(period);
        }
        for calendar in calendars.values_mut() {
            calendar.sort_by_key(|period: &Period| period.start_on);
        }
        Ok(Self(calendars))
    }

    /// The period that a term means within the days of a row, or a year and a term: `S1`, `2026/S1`.
    ///
    /// # Errors
    /// A code that means none, or several.
    pub fn find(
        &self,
        host: InstitutionId,
        written: &str,
        days: Option<(NaiveDate, NaiveDate)>,
    ) -> Result<PeriodId, Fault> {
        let named = written.split_once('/').and_then(|(year, term)| Some((year.parse::<i16>().ok()?, term)));
        let fits = |period: &&Period| match named {
            Some((year, term)) if period.academic_year == year && period.term == term => true,
            _ => {
                let within =
                    |(from, until): (NaiveDate, NaiveDate)| (from..=until).contains(&period.start_on);
                period.term == written && days.is_none_or(within)
            }
        };
        let found: Vec<_> = self.0.get(&host).into_iter().flatten().filter(fits).collect();
        match found[..] {
            [period] => Ok(period.id),
            [] => {
                let told = format!(
                    "`{written}` is no period of the host's calendar in these days: enter it there first"
                );
                Err((Some("period"), told))
            }
            [first, ..] => {
                let (year, term) = (first.academic_year, &first.term);
                let told =
                    format!("`{written}` means several periods: write the year too, such as {year}/{term}");
                Err((Some("period"), told))
            }
        }
    }
}
