//! Place lines: how many places there are for whom, posted by those they belong to.
//!
//! Capacity changes by postings alone, each with its reason, and may fall below what is taken: the line is then overdrawn and
//! refuses holds. Coordinators see the lines of their institution, home or host; the secretariat sees all.

pub mod import;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId, ProgrammeId};
use sojourn_engine::vocabulary::{
    AgreementStatus, Deed, Direction, InstitutionKind, Level, Matter, PlaceSource, PlaceUnit, PostingKind,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit::Deeds;
use super::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, sound};
use crate::access::{Caller, Place};
use crate::clock::Moment;
use crate::store::agreements::Agreement;
use crate::store::places::{self as store, NewPosting};
use crate::store::programmes::{self, Programme};
use crate::store::{Tx, agreements, institutions, periods};

pub use crate::store::places::{PlaceLine, Wanted};

/// A line of places.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceLineView {
    /// Its id.
    pub id: PlaceLineId,
    /// Where it comes from.
    pub source: PlaceSource,
    /// The agreement, when that is the source.
    pub agreement: Option<AgreementId>,
    /// The programme, when that is the source.
    pub programme: Option<ProgrammeId>,
    /// Which way it points.
    pub direction: Direction,
    /// Only for those this home sends.
    pub home: Option<InstitutionId>,
    /// Only at this host.
    pub host: Option<InstitutionId>,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only for these study cycles; empty: all.
    #[schema(value_type = Vec<Level>)]
    pub levels: Value,
    /// Only for these ISCED-F 2013 codes; empty: all.
    #[schema(value_type = Vec<String>)]
    pub fields: Value,
    /// What is counted.
    pub unit: PlaceUnit,
    /// How many there are.
    pub capacity: i32,
    /// How many are reserved.
    pub held: i32,
    /// How many are taken for good.
    pub used: i32,
    /// How many are left; negative when overdrawn.
    pub free: i64,
    /// Whether more are taken than there are; holds are then refused.
    pub overdrawn: bool,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every posting of capacity.
    pub version: i32,
}

impl From<PlaceLine> for PlaceLineView {
    fn from(row: PlaceLine) -> Self {
        let free = i64::from(row.capacity) - i64::from(row.held) - i64::from(row.used);
        Self {
            id: row.id,
            source: row.source,
            agreement: row.agreement_id,
            programme: row.programme_id,
            direction: row.direction,
            home: row.home_id,
            host: row.host_id,
            period: row.period_id,
            levels: row.levels.unwrap_or_else(|| json!([])),
            fields: row.fields.unwrap_or_else(|| json!([])),
            unit: row.unit,
            capacity: row.capacity,
            held: row.held,
            used: row.used,
            free,
            overdrawn: free < 0,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A page of the lines the caller sees.
pub async fn list(app: &App, caller: &Caller, asked: &Asked, wanted: &Wanted) -> Result<Page<PlaceLineView>> {
    Ok(store::list(app.store.read(), caller, asked, wanted).await?.map(Into::into))
}

/// One line the caller sees.
pub async fn get(app: &App, caller: &Caller, id: PlaceLineId) -> Result<PlaceLineView> {
    Ok(store::find(app.store.read(), caller, id).await?.ok_or(Error::NotFound)?.into())
}

/// The terms that lines are bound to, as people call them.
pub async fn periods(app: &App, bound: &[PeriodId]) -> Result<BTreeMap<PeriodId, String>> {
    let found = periods::named(app.store.read(), bound).await?.into_iter();
    let called = |(id, period): (PeriodId, periods::Period)| {
        (id, format!("{} {}", period.academic_year, period.name.unwrap_or(period.term)))
    };
    Ok(found.map(called).collect())
}

/// A line to enter, with the places there are to begin with.
#[derive(Debug, Clone)]
pub struct NewLine {
    /// Where it comes from.
    pub source: PlaceSource,
    /// The agreement, when that is the source.
    pub agreement: Option<AgreementId>,
    /// The programme, when that is the source.
    pub programme: Option<ProgrammeId>,
    /// Which way it points; an agreement's points out, a programme's in.
    pub direction: Option<Direction>,
    /// Only for those this home sends.
    pub home: Option<InstitutionId>,
    /// Only at this host.
    pub host: Option<InstitutionId>,
    /// Only for this period.
    pub period: Option<PeriodId>,
    /// Only for these study cycles; empty: all.
    pub levels: Vec<Level>,
    /// Only for these ISCED-F 2013 codes; empty: all.
    pub fields: Vec<String>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// How many there are.
    pub capacity: i32,
    /// Why there are so many.
    pub reason: Option<String>,
}

/// Enters a line with its first posting of capacity.
pub async fn create(app: &App, caller: &Caller, once: &Once, new: NewLine) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let between = ends(&tx, caller, &new).await?;
    between.demand(caller)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    check(&tx, &new, &between).await?;
    let some = |list: Value| Some(list).filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    let mut row = PlaceLine {
        id: at.id(),
        source: new.source,
        agreement_id: new.agreement,
        programme_id: new.programme,
        direction: between.direction,
        home_id: between.home,
        host_id: between.host,
        period_id: new.period,
        levels: some(json!(new.levels)),
        fields: some(json!(new.fields)),
        unit: new.unit,
        capacity: 0,
        held: 0,
        used: 0,
        created_at: at.now,
        version: 0,
    };
    store::add(&tx, row.clone()).await?;
    store::post(&tx, capacity(row.id, new.capacity, new.reason, caller, &at)).await?;
    (row.capacity, row.version) = (new.capacity, 1);
    let view = PlaceLineView::from(row);
    let deed = Deeds::new(Deed::Create, Matter::PlaceLine, view.id).at(view.host);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let answer = Answer::created(format!("/api/v1/place-lines/{}", view.id), 1, &view)?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Posts more or fewer places to a line, with the reason.
pub async fn post(
    app: &App,
    caller: &Caller,
    id: PlaceLineId,
    once: &Once,
    amount: i32,
    reason: String,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let row = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    Ends::of(&tx, caller, &row).await?.demand(caller)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if row.capacity.checked_add(amount).is_none_or(|capacity| capacity < 0) {
        let detail = format!("there are {} places: take away at most these", row.capacity);
        return Err(Error::Invalid(vec![FieldError::new("/amount", detail)]));
    }
    store::post(&tx, capacity(id, amount, Some(reason), caller, &at)).await?;
    let was = PlaceLineView::from(row);
    let row = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    let location = format!("/api/v1/place-lines/{id}");
    let (version, view) = (row.version, PlaceLineView::from(row));
    let deed = Deeds::new(Deed::Change, Matter::PlaceLine, id).at(view.host);
    deed.differing(&was, &view)?.note(&tx, &at, caller).await?;
    let answer = Answer::created(location, version, &view)?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn capacity(
    line: PlaceLineId,
    amount: i32,
    reason: Option<String>,
    caller: &Caller,
    at: &Moment,
) -> NewPosting {
    NewPosting {
        id: at.id(),
        line,
        kind: PostingKind::Capacity,
        amount,
        step: None,
        run: None,
        // The operator is nobody.
        person: Some(caller.person).filter(|person| !Uuid::from(*person).is_nil()),
        reason,
        at: at.now,
    }
}

/// Between whom a line lies, and whose places they are.
pub(super) struct Ends {
    direction: Direction,
    home: Option<InstitutionId>,
    host: Option<InstitutionId>,
    owners: Vec<Place>,
}

impl Ends {
    pub(super) async fn of(tx: &Tx, caller: &Caller, row: &PlaceLine) -> Result<Self> {
        let whole = |end: Option<InstitutionId>| end.map(Place::whole);
        let owners = match (row.source, row.direction) {
            (PlaceSource::Agreement, _) => {
                let agreement = match row.agreement_id {
                    Some(id) => agreements::known(tx, id).await?,
                    None => None,
                };
                agreement.map_or_else(Vec::new, |of| owners(&of, row.home_id, row.host_id))
            }
            (PlaceSource::Programme | PlaceSource::Nominees, _) => match row.programme_id {
                Some(id) => match programmes::find(tx, Some(caller), id).await? {
                    Some(programme) => vec![of_programme(tx, &programme).await?],
                    None => Vec::new(),
                },
                None => Vec::new(),
            },
            (PlaceSource::Pool, Direction::In) => whole(row.host_id).into_iter().collect(),
            (PlaceSource::Pool, Direction::Out) => whole(row.home_id).into_iter().collect(),
        };
        Ok(Self { direction: row.direction, home: row.home_id, host: row.host_id, owners })
    }

    /// Sides of an agreement, the host of a programme, the keeper of a pool; and the secretariat.
    pub(super) fn demand(&self, caller: &Caller) -> Result<()> {
        if caller.is_secretariat() || self.owners.iter().any(|owner| caller.coordinates(owner)) {
            return Ok(());
        }
        let needs = "a coordinator of the institution these places belong to, or the secretariat";
        Err(Error::Forbidden { needs: needs.to_owned() })
    }
}

async fn of_programme(tx: &Tx, programme: &Programme) -> Result<Place> {
    Ok(institutions::place(tx, programme.host_id, programme.unit_id).await?)
}

/// Between whom a new line lies, as its source says.
async fn ends(tx: &Tx, caller: &Caller, new: &NewLine) -> Result<Ends> {
    let wrong = |pointer: &str, detail: &str| Error::Invalid(vec![FieldError::new(pointer, detail)]);
    match (new.source, new.agreement, new.programme) {
        (PlaceSource::Agreement, Some(id), None) => {
            let agreement = agreements::find(tx, caller, id).await?;
            let agreement = agreement.ok_or_else(|| wrong("/agreement", "no agreement that you see"))?;
            if matches!(agreement.status, AgreementStatus::Ended | AgreementStatus::Dropped) {
                return Err(Error::Conflict(Conflict::NotNow(
                    "the agreement is over: write another".to_owned(),
                )));
            }
            between(&agreement, new)
        }
        (PlaceSource::Programme | PlaceSource::Nominees, None, Some(id)) => {
            let programme = programmes::find(tx, Some(caller), id).await?;
            let programme = programme.ok_or_else(|| wrong("/programme", "no programme that you see"))?;
            let host = programme.host_id;
            if new.host.is_some_and(|named| named != host) {
                return Err(wrong("/host", "another than the programme's: leave it out"));
            }
            Ok(Ends {
                direction: Direction::In,
                home: new.home,
                host: Some(host),
                owners: vec![of_programme(tx, &programme).await?],
            })
        }
        (PlaceSource::Pool, None, None) => pool(new),
        (PlaceSource::Agreement, ..) => Err(wrong("/agreement", "name the agreement, and no programme")),
        (PlaceSource::Programme | PlaceSource::Nominees, ..) => {
            Err(wrong("/programme", "name the programme, and no agreement"))
        }
        (PlaceSource::Pool, ..) => Err(wrong("/source", "a pool has neither agreement nor programme")),
    }
}

/// Between the two sides of an agreement; where that is with the alliance as a whole, between its side and a member, or every member.
fn between(agreement: &Agreement, new: &NewLine) -> Result<Ends> {
    let wrong = |detail: &str| Error::Invalid(vec![FieldError::new("/home", detail)]);
    let sides: Vec<InstitutionId> = agreement.sides().collect();
    let is_side = |end: Option<InstitutionId>| end.is_some_and(|end| sides.contains(&end));
    if new.home == new.host {
        return Err(wrong("the same as `host`: name two"));
    }
    match agreement.partner_id {
        Some(_) if !is_side(new.home) || !is_side(new.host) => {
            return Err(wrong("`home` and `host` are the two sides of the agreement"));
        }
        None if !is_side(new.home) && !is_side(new.host) => {
            return Err(wrong(
                "`home` or `host` is the side that wrote the agreement, the other a member or left out",
            ));
        }
        Some(_) | None => {}
    }
    let owners = owners(agreement, new.home, new.host);
    Ok(Ends { direction: Direction::Out, home: new.home, host: new.host, owners })
}

/// Whose the places of an agreement are: both sides'; of one with the alliance as a whole the host's, who alone can give them to all.
fn owners(of: &Agreement, home: Option<InstitutionId>, host: Option<InstitutionId>) -> Vec<Place> {
    let home = home.filter(|_| of.partner_id.is_some());
    home.into_iter().chain(host).map(Place::whole).collect()
}

/// A pool is what a home may send altogether, or what a host may receive altogether.
fn pool(new: &NewLine) -> Result<Ends> {
    let (home, host) = (new.home, new.host);
    match (new.direction, home, host) {
        (Some(direction @ Direction::Out), Some(end), None)
        | (Some(direction @ Direction::In), None, Some(end)) => {
            Ok(Ends { direction, home, host, owners: vec![Place::whole(end)] })
        }
        (None, ..) => Err(Error::Invalid(vec![FieldError::new("/direction", "say `out` or `in`")])),
        (Some(Direction::Out), ..) => {
            Err(Error::Invalid(vec![FieldError::new("/home", "a pool out has a home, and no host")]))
        }
        (Some(Direction::In), ..) => {
            Err(Error::Invalid(vec![FieldError::new("/host", "a pool in has a host, and no home")]))
        }
    }
}

async fn check(tx: &Tx, new: &NewLine, between: &Ends) -> Result<()> {
    let mut wrong = Vec::new();
    if new.direction.is_some_and(|direction| direction != between.direction) {
        let detail = format!("places from this source point {}", between.direction);
        wrong.push(FieldError::new("/direction", detail));
    }
    for (pointer, id) in [("/home", between.home), ("/host", between.host)] {
        let Some(id) = id else { continue };
        match institutions::find(tx, id).await? {
            None => wrong.push(FieldError::new(pointer, "no such institution")),
            Some(row) if pointer == "/home" && row.kind == InstitutionKind::Employer => {
                wrong.push(FieldError::new(pointer, "an employer sends nobody"));
            }
            Some(_) => {}
        }
    }
    if let Some(id) = new.period {
        let period = periods::find(tx, id).await?;
        let fits = |of: InstitutionId| between.host.is_none_or(|host| host == of);
        if !period.is_some_and(|period| fits(period.institution_id)) {
            wrong.push(FieldError::new("/period", "no such period in the host's calendar"));
        }
    }
    sound(wrong)
}
