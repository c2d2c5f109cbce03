//! Institutions and their units.
//!
//! Everybody signed in sees them; the secretariat enters and changes institutions, an administrator the units of the
//! own institution.

pub mod holidays;
mod import;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, UnitId};
use sojourn_engine::vocabulary::{Deed, InstitutionKind, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::{Answer, App, Asked, Error, FieldError, Once, Page, Result, current, demand};
use crate::access::{Caller, Place, Policy};
use crate::store::institutions::Mentioned;
use crate::store::{Conn, Tx, institutions as store};

pub use crate::store::institutions::{Institution, Unit, Wanted};
pub use import::{Mapping, Report, import_file};

/// A member, partner or employer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InstitutionView {
    /// Its id.
    pub id: InstitutionId,
    /// What it is to the alliance.
    pub kind: InstitutionKind,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// IANA time zone.
    pub zone: String,
    /// BCP 47 tag of the language its people are written to in.
    pub language: String,
    /// ISO weekday numbers on which its office works, 1 = Monday.
    #[schema(value_type = Vec<u8>)]
    pub working_week: serde_json::Value,
    /// Days on which its office is closed.
    #[schema(value_type = Vec<NaiveDate>)]
    pub holidays: serde_json::Value,
    /// Erasmus code, as published.
    pub erasmus_code: Option<String>,
    /// Research Organization Registry id.
    pub ror_id: Option<String>,
    /// SCHAC home organisation.
    pub schac: Option<String>,
    /// Whether it founded the alliance.
    pub founding: bool,
    /// Whether it came with imported history and nobody has checked it.
    pub unverified: bool,
    /// First day of membership.
    pub joined_on: Option<NaiveDate>,
    /// Last day of membership.
    pub left_on: Option<NaiveDate>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Institution> for InstitutionView {
    fn from(row: Institution) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            country: row.country,
            zone: row.zone,
            language: row.language,
            working_week: row.working_week,
            holidays: row.holidays,
            erasmus_code: row.erasmus_code,
            ror_id: row.ror_id,
            schac: row.schac,
            founding: row.founding,
            unverified: row.unverified,
            joined_on: row.joined_on,
            left_on: row.left_on,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A faculty or department.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnitView {
    /// Its id.
    pub id: UnitId,
    /// Its institution.
    pub institution: InstitutionId,
    /// The unit above it.
    pub parent: Option<UnitId>,
    /// Its name.
    pub name: String,
    /// The institution's own code for it.
    pub code: Option<String>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Unit> for UnitView {
    fn from(row: Unit) -> Self {
        Self {
            id: row.id,
            institution: row.institution_id,
            parent: row.parent_id,
            name: row.name,
            code: row.code,
            version: row.version,
        }
    }
}

/// A page of the institutions.
pub async fn list(app: &App, asked: &Asked, wanted: &Wanted) -> Result<Page<InstitutionView>> {
    Ok(store::list(app.store.read(), asked, wanted).await?.map(Into::into))
}

/// The name of every institution that fits, in no order: there are thousands at most.
pub async fn every(app: &App, wanted: &Wanted) -> Result<Vec<(InstitutionId, String)>> {
    Ok(store::named(app.store.read(), wanted).await?)
}

/// Institutions in the order of their ids here; those that are none are left out.
pub async fn several(app: &App, ids: &[InstitutionId]) -> Result<Vec<InstitutionView>> {
    let mut found: BTreeMap<_, _> =
        store::several(app.store.read(), ids).await?.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).map(Into::into).collect())
}

/// One institution.
pub async fn get(app: &App, id: InstitutionId) -> Result<InstitutionView> {
    Ok(store::find(app.store.read(), id).await?.ok_or(Error::NotFound)?.into())
}

/// Names of institutions, read together.
pub async fn names(app: &App, ids: &[InstitutionId]) -> Result<BTreeMap<InstitutionId, String>> {
    Ok(store::names(app.store.read(), ids).await?)
}

/// The institution that an id, an Erasmus code, a ROR id or a SCHAC home organisation names.
pub async fn named(conn: &impl Conn, written: &str) -> Result<Option<InstitutionId>> {
    let found = match written.parse() {
        Ok(id) => store::find(conn, id).await?,
        Err(_) => store::by_code(conn, &erasmus_key(written), &written.trim().to_lowercase()).await?,
    };
    Ok(found.map(|row| row.id))
}

/// Whom somebody means by a name, a code or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// Just this one.
    One(InstitutionId),
    /// Nobody is called so.
    Nobody,
    /// Several have this name: a code tells them apart.
    Several,
}

/// Whom a text means: an id, an Erasmus code, a ROR id, a SCHAC home organisation, or a whole name.
pub async fn meant(app: &App, text: &str) -> Result<Meant> {
    let conn = app.store.read();
    if text.is_empty() {
        return Ok(Meant::Nobody);
    }
    if let Some(one) = named(conn, text).await? {
        return Ok(Meant::One(one));
    }
    let by = Mentioned { names: [text.to_owned()].into(), ..Mentioned::default() };
    Ok(match store::mentioned(conn, &by).await?.as_slice() {
        [] => Meant::Nobody,
        [one] => Meant::One(one.id),
        [..] => Meant::Several,
    })
}

/// Enters an institution, which `fill` writes into a row that has only its id.
pub async fn create(
    app: &App,
    caller: &Caller,
    once: &Once,
    fill: impl FnOnce(&mut Institution),
) -> Result<Answer> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let row = new(at.id(), at.now, fill);
    check(&row)?;
    let view = InstitutionView::from(row.clone());
    store::add(&tx, row).await?;
    let deed = Deeds::new(Deed::Create, Matter::Institution, view.id).at(view.id);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::created(format!("/api/v1/institutions/{}", view.id), 1, &view)?).await
}

/// An institution that `fill` writes into a row with an id alone.
pub fn new(id: InstitutionId, now: DateTime<Utc>, fill: impl FnOnce(&mut Institution)) -> Institution {
    let mut row = Institution {
        id,
        kind: InstitutionKind::Member,
        name: String::new(),
        country: String::new(),
        zone: "UTC".to_owned(),
        language: "en".to_owned(),
        working_week: serde_json::json!([1, 2, 3, 4, 5]),
        holidays: serde_json::json!([]),
        erasmus_code: None,
        erasmus_key: None,
        ror_id: None,
        schac: None,
        founding: false,
        unverified: false,
        joined_on: None,
        left_on: None,
        created_at: now,
        version: 1,
    };
    fill(&mut row);
    row.erasmus_key = row.erasmus_code.as_deref().map(erasmus_key);
    row
}

/// An Erasmus code as codes are compared: in capitals without blanks.
pub fn erasmus_key(code: &str) -> String {
    code.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_uppercase).collect()
}

fn check(row: &Institution) -> Result<()> {
    match (row.joined_on, row.left_on) {
        (Some(joined), Some(left)) if left < joined => {
            Err(invalid("/left_on", "before the day it joined: give the days in order"))
        }
        (None, Some(_)) => Err(invalid("/joined_on", "say when it joined, before when it left")),
        _ => Ok(()),
    }
}

fn invalid(pointer: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new(pointer, detail)])
}

/// Changes an institution in the version that was read.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: InstitutionId,
    read: i32,
    fill: impl FnOnce(&mut Institution),
) -> Result<InstitutionView> {
    demand(Policy::Secretariat, caller)?;
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, id).await?.ok_or(Error::NotFound)?;
    current(row.version, read)?;
    let before = InstitutionView::from(row.clone());
    fill(&mut row);
    row.erasmus_key = row.erasmus_code.as_deref().map(erasmus_key);
    row.version = read + 1;
    check(&row)?;
    let view = InstitutionView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Institution, id).at(id);
    deed.differing(&before, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

/// A page of an institution's units.
pub async fn units(app: &App, of: InstitutionId, asked: &Asked) -> Result<Page<UnitView>> {
    get(app, of).await?;
    Ok(store::units(app.store.read(), of, asked).await?.map(Into::into))
}

/// One unit of an institution.
pub async fn unit(app: &App, of: InstitutionId, id: UnitId) -> Result<UnitView> {
    Ok(store::unit(app.store.read(), of, id).await?.ok_or(Error::NotFound)?.into())
}

/// Administrators look after their own institution, or their unit and those below it; the secretariat after all.
pub(super) fn administers(caller: &Caller, place: &Place) -> Result<()> {
    if caller.is_secretariat() || caller.administers(place) {
        return Ok(());
    }
    let needs = match place.line[..] {
        [] => "an administrator of this institution as a whole, or the secretariat",
        [..] => "an administrator of this unit, of one above it or of the institution, or the secretariat",
    };
    Err(Error::Forbidden { needs: needs.to_owned() })
}

/// Enters a unit, which `fill` writes into a row that has only its id and institution.
pub async fn create_unit(
    app: &App,
    caller: &Caller,
    of: InstitutionId,
    once: &Once,
    fill: impl FnOnce(&mut Unit),
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    store::find(&tx, of).await?.ok_or(Error::NotFound)?;
    let mut row = Unit {
        id: at.id(),
        institution_id: of,
        parent_id: None,
        name: String::new(),
        code: None,
        created_at: at.now,
        version: 1,
    };
    fill(&mut row);
    store::hold(&tx, of).await?;
    administers(caller, &store::place(&tx, of, row.parent_id).await?)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    check_parent(&tx, &row).await?;
    let view = UnitView::from(row.clone());
    store::add_unit(&tx, row).await?;
    let deed = Deeds::new(Deed::Create, Matter::Unit, view.id).at(of);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/institutions/{of}/units/{}", view.id);
    turn.finish(tx, &at, Answer::created(location, 1, &view)?).await
}

/// Changes a unit in the version that was read.
pub async fn change_unit(
    app: &App,
    caller: &Caller,
    (of, id): (InstitutionId, UnitId),
    read: i32,
    fill: impl FnOnce(&mut Unit),
) -> Result<UnitView> {
    let tx = app.store.begin().await?;
    store::hold(&tx, of).await?;
    let mut row = store::unit(&tx, of, id).await?.ok_or(Error::NotFound)?;
    administers(caller, &store::place(&tx, of, Some(id)).await?)?;
    current(row.version, read)?;
    let (before, was) = (row.parent_id, UnitView::from(row.clone()));
    fill(&mut row);
    row.version = read + 1;
    if row.parent_id != before {
        // Whoever moves a unit looks after what it leaves and what it comes under.
        administers(caller, &store::place(&tx, of, before).await?)?;
        administers(caller, &store::place(&tx, of, row.parent_id).await?)?;
    }
    check_parent(&tx, &row).await?;
    let view = UnitView::from(row.clone());
    if !store::replace_unit(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Unit, id).at(of);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

/// The units above are the institution's own, and none is its own parent.
async fn check_parent(tx: &Tx, row: &Unit) -> Result<()> {
    let mut above = row.parent_id;
    while let Some(id) = above {
        if id == row.id {
            return Err(invalid("/parent", "a unit cannot stand above itself"));
        }
        let unit = store::unit(tx, row.institution_id, id).await?;
        above = unit.ok_or_else(|| invalid("/parent", "no such unit of this institution"))?.parent_id;
    }
    Ok(())
}
