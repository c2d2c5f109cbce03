//! Who a session's caller is, with the duties of today; remembered for some seconds so that a request costs no query.
//!
//! What this process changes is forgotten at once; what another process changes, after [`REMEMBERED`]; what ends with a day, with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sojourn_engine::ids::{PersonId, SessionId};
use sojourn_engine::vocabulary::Duty;

use super::{App, Error, Result};
use crate::access::{Caller, Held};
use crate::store::{Conn, delegations, sessions};

/// How long a caller is remembered.
const REMEMBERED: TimeDelta = TimeDelta::seconds(30);
/// Seconds between instants at which a day can begin somewhere: zones are whole quarters of an hour apart.
const QUARTER: i64 = 15 * 60;
/// Sessions remembered before those that have run out are forgotten.
const MOST: usize = 10_000;

/// Callers by session, each with the instant it was read at.
#[derive(Debug, Clone, Default)]
pub struct Callers(Arc<Mutex<Remembered>>);

type Remembered = HashMap<SessionId, (DateTime<Utc>, Caller)>;

impl Callers {
    fn get(&self, session: SessionId, now: DateTime<Utc>) -> Option<Caller> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, caller) = known.get(&session)?;
        fresh(*read_at, now).then(|| caller.clone())
    }

    fn put(&self, session: SessionId, caller: Caller, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (read_at, _)| fresh(*read_at, now));
        }
        known.insert(session, (now, caller));
    }

    /// Forgets everybody, after something changed about many.
    pub fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets a person, after their duties, their language or their sessions changed.
    pub fn forget(&self, person: PersonId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, caller)| caller.person != person);
    }
}

/// Duties end with a day, so nobody is remembered past where one can end.
fn fresh(read_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let quarter = |at: DateTime<Utc>| at.timestamp().div_euclid(QUARTER);
    read_at <= now && now < read_at + REMEMBERED && quarter(read_at) == quarter(now)
}

impl App {
    /// The caller of a session that goes on.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it has ended or is another person's.
    pub async fn caller(&self, session: SessionId, person: PersonId) -> Result<Caller> {
        let now = self.clock.now();
        if let Some(caller) = self.callers.get(session, now).filter(|caller| caller.person == person) {
            return Ok(caller);
        }
        let row = sessions::session(self.store.read(), session).await?.ok_or(Error::Unauthenticated)?;
        if row.person_id != person || row.revoked_at.is_some() || row.expires_at <= now {
            return Err(Error::Unauthenticated);
        }
        super::sessions::used(self, &row, now).await;
        let mut caller = Caller { session: Some(session), ..self.person_as_caller(person).await? };
        caller.lacks_factor = super::second_factors::is_lacking(self, &caller).await?;
        self.callers.put(session, caller.clone(), now);
        Ok(caller)
    }

    /// A person as a caller without a session, for commands of the operator.
    pub async fn person_as_caller(&self, person: PersonId) -> Result<Caller> {
        let conn = self.store.read();
        let now = self.clock.now();
        let language = sessions::language(conn, person).await?.ok_or(Error::Unauthenticated)?;
        Ok(Caller {
            person,
            session: None,
            language,
            duties: duties_today(conn, person, now, self.zone).await?,
            chair_of: sessions::chair_of(conn, person, day(now, self.zone)).await?,
            registered_at: sessions::homes(conn, person).await?,
            lacks_factor: false,
        })
    }
}

/// Days begin in the institution's zone; the secretariat's in the alliance's.
async fn duties_today(
    conn: &impl Conn,
    person: PersonId,
    now: DateTime<Utc>,
    alliance: Tz,
) -> Result<Vec<Held>> {
    // Whoever does somebody's work while they are away may do what they may, except look after people.
    let away = delegations::stood_in_for(conn, person, day(now, alliance)).await?;
    let mut rows = sessions::duties(conn, &[person]).await?;
    if !away.is_empty() {
        let lent = sessions::duties(conn, &away).await?;
        rows.extend(lent.into_iter().filter(|row| row.duty != Duty::Admin));
    }
    let holds = |row: &sessions::DutyRow| {
        let zone = row.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(alliance);
        let today = day(now, zone);
        row.from_on <= today && row.until_on.is_none_or(|until| today <= until)
    };
    Ok(rows.into_iter().filter(holds).map(sessions::DutyRow::held).collect())
}

fn day(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}
