//! Who keeps whom waiting over the whole alliance, for the secretariat and the chair.

use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, InstitutionId};
use sojourn_engine::vocabulary::{Duty, Office, Subject};
use utoipa::ToSchema;

use super::{App, Asked, Error, Page, Result, demand};
use crate::access::{Caller, Policy};
use crate::store::waits::{self as store, MOST, Party, Tally};
use crate::store::{Conn, institutions};

/// People by name, in an address.
const NAMED: &str = "people";
/// The year of a wait that no clock ends.
const NEVER: i32 = 9999;

/// What waits for one party.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyView {
    /// A duty, the chair, or people by name.
    pub party: String,
    /// How many cases.
    pub cases: i64,
    /// Whether there are more, which were not counted.
    pub more: bool,
    /// Since when the first of them waits.
    pub oldest: DateTime<Utc>,
    /// For how many whole days.
    pub days: i64,
    /// How many of them are overdue.
    pub overdue: i64,
}

/// What waits at one institution.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitsAt {
    /// The institution.
    pub id: InstitutionId,
    /// Its name.
    pub name: String,
    /// By party, the longest wait first.
    pub parties: Vec<PartyView>,
}

/// What waits for the alliance's own offices.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitsOfAlliance {
    /// By office, and for people by name, the longest wait first.
    pub parties: Vec<PartyView>,
}

/// A case that waits for a party.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitView {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: Subject,
    /// Reference of its application; `null` for other cases.
    pub reference: Option<String>,
    /// Its state in the reader's language.
    pub state: String,
    /// The role it waits for in the reader's language.
    pub role: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// For how many whole days.
    pub days: i64,
    /// Until when; `null` where no clock runs.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether that is over.
    pub overdue: bool,
}

fn views(tallies: Vec<Tally>, now: DateTime<Utc>) -> Vec<PartyView> {
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let view = |one: Tally| PartyView {
        party: match one.party {
            Party::Holders(_, duty) => duty.to_string(),
            Party::Chair => Office::Chair.to_string(),
            Party::Named => NAMED.to_owned(),
        },
        more: one.cases > most,
        cases: one.cases.min(most),
        oldest: one.oldest,
        days: (now - one.oldest).num_days(),
        overdue: one.overdue,
    };
    let mut all: Vec<PartyView> = tallies.into_iter().map(view).collect();
    all.sort_by_key(|one| one.oldest);
    all
}

/// What waits for the alliance's own offices, and for people by name.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but the secretariat and the chair.
pub async fn of_alliance(app: &App, caller: &Caller) -> Result<WaitsOfAlliance> {
    demand(Policy::SecretariatOrChair, caller)?;
    let now = app.clock.now();
    let parties = [Party::Holders(None, Duty::Secretariat), Party::Chair, Party::Named];
    Ok(WaitsOfAlliance { parties: views(store::tallies(app.store.read(), &parties, now).await?, now) })
}

/// A page of the institutions that cases wait for, with what waits there.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but the secretariat and the chair.
pub async fn list(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<WaitsAt>> {
    demand(Policy::SecretariatOrChair, caller)?;
    let (conn, now) = (app.store.read(), app.clock.now());
    let page = store::institutions(conn, asked).await?;
    let held = |duty: &&Duty| **duty != Duty::Secretariat;
    let parties: Vec<Party> = page
        .items
        .iter()
        .flat_map(|(id, _)| Duty::ALL.iter().filter(held).map(|duty| Party::Holders(Some(*id), *duty)))
        .collect();
    let mut tallies = store::tallies(conn, &parties, now).await?;
    Ok(page.map(|(id, name)| {
        let here = |one: &mut Tally| matches!(one.party, Party::Holders(Some(at), _) if at == id);
        let parties = views(tallies.extract_if(.., here).collect(), now);
        WaitsAt { id, name, parties }
    }))
}

/// How many cases are overdue, counted as far as `most`.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but the secretariat and the chair.
pub async fn overdue(app: &App, caller: &Caller, most: u64) -> Result<u64> {
    demand(Policy::SecretariatOrChair, caller)?;
    Ok(store::overdue(app.store.read(), app.clock.now(), most).await?)
}

/// The party that an address names, with the institution it is at.
async fn party(conn: &impl Conn, at: Option<InstitutionId>, named: &str) -> Result<(Party, Option<String>)> {
    let name = match at {
        Some(id) => Some(institutions::find(conn, id).await?.ok_or(Error::NotFound)?.name),
        None => None,
    };
    let party = match (at, named.parse::<Duty>()) {
        (_, Ok(duty)) => Party::Holders(at, duty),
        (None, Err(_)) if named == Office::Chair.as_str() => Party::Chair,
        (None, Err(_)) if named == NAMED => Party::Named,
        _ => return Err(Error::NotFound),
    };
    Ok((party, name))
}

/// A page of the cases that wait for a party, the longest wait first, with the name of its institution.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but the secretariat and the chair, [`Error::NotFound`] for no such party.
pub async fn of(
    app: &App,
    caller: &Caller,
    (at, named): (Option<InstitutionId>, &str),
    asked: &Asked,
) -> Result<(Option<String>, Page<WaitView>)> {
    demand(Policy::SecretariatOrChair, caller)?;
    let (conn, now) = (app.store.read(), app.clock.now());
    let (party, name) = party(conn, at, named).await?;
    let page = store::of_party(conn, party, asked).await?;
    let mut items: Vec<WaitView> = Vec::with_capacity(page.items.len());
    for row in page.items {
        let definition = app.definitions.get(conn, row.workflow).await?;
        let state = definition.state_named(&row.state).map(|ix| &definition.states[ix.at()].label);
        let role = definition.role_named(&row.role).map(|ix| &definition.roles[ix.at()].label);
        items.push(WaitView {
            case: row.case,
            subject: row.subject,
            reference: row.reference,
            state: state.map_or(row.state.clone(), |label| label.get(&caller.language).to_owned()),
            role: role.map_or(row.role.clone(), |label| label.get(&caller.language).to_owned()),
            since: row.since,
            days: (now - row.since).num_days(),
            due_at: Some(row.due_at).filter(|due| due.year() < NEVER),
            overdue: row.due_at < now,
        });
    }
    // One that waits for several in the same party stands once.
    items.dedup_by_key(|one| one.case);
    Ok((name, Page { items, next: page.next }))
}
