//! What imported cases are about: institutions and employers with everything that imports have given them so far.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, QueryFilter};
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId, PeriodId, PersonId, PlaceLineId, ProgrammeId};
use sojourn_engine::vocabulary::{Duty, InstitutionKind, PlaceSource, ProgrammeKind};
use sojourn_entities::{
    call, call_home, call_offering, institution, offering, period, person, place_line, programme, role,
};

use crate::store::calls::CallRow;
use crate::store::institutions::Institution;
use crate::store::people::{Person, Role};
use crate::store::periods::Period;
use crate::store::places::{LineChange, PlaceLine};
use crate::store::programmes::{Offering, Programme};
use crate::store::write::insert_many;
use crate::store::{Conn, Result, Tx};

/// An institution or employer with what imports have given it.
#[derive(Debug)]
pub struct House {
    /// Itself.
    pub institution: Institution,
    /// Technical people, by duty.
    pub staff: BTreeMap<Duty, PersonId>,
    /// As host: its imported programmes, by kind.
    pub programmes: BTreeMap<ProgrammeKind, ProgrammeId>,
    /// As host: its periods, by the year in which the academic year begins.
    pub periods: BTreeMap<i16, PeriodId>,
    /// As host: offerings of those programmes, by first and last day.
    pub offerings: HashMap<(ProgrammeId, NaiveDate, NaiveDate), OfferingId>,
    /// As home: its imported calls by the day they open, with their offerings.
    pub calls: BTreeMap<NaiveDate, (CallId, HashSet<OfferingId>)>,
    /// As home: the lines of its flows, by programme of the host.
    pub lines: HashMap<ProgrammeId, PlaceLineId>,
}

impl House {
    /// A house that has nothing yet.
    pub fn new(institution: Institution) -> Self {
        Self {
            institution,
            staff: BTreeMap::new(),
            programmes: BTreeMap::new(),
            periods: BTreeMap::new(),
            offerings: HashMap::new(),
            calls: BTreeMap::new(),
            lines: HashMap::new(),
        }
    }

    /// How many things it holds, as a measure of its size in memory; itself counts for twenty.
    pub fn size(&self) -> usize {
        let opened: usize = self.calls.values().map(|(_, offerings)| offerings.len()).sum();
        20 + self.offerings.len() + self.lines.len() + opened
    }
}

/// By which names imports tell their own from what else there is.
#[derive(Debug, Clone)]
pub struct Names {
    /// Titles of the programmes, by kind.
    pub programmes: BTreeMap<ProgrammeKind, String>,
    /// Term of the periods.
    pub term: &'static str,
}

/// Reads the houses with these Erasmus codes (in capitals without blanks) and the employers with these names.
pub async fn houses(
    conn: &impl Conn,
    names: &Names,
    keys: Vec<String>,
    employers: Vec<String>,
) -> Result<Vec<House>> {
    let by_key = institution::Column::ErasmusKey.is_in(padded(keys));
    let by_name = Condition::all()
        .add(institution::Column::Kind.eq(InstitutionKind::Employer))
        .add(institution::Column::Name.is_in(padded(employers)));
    let mut found = institution::Entity::find().filter(by_key).all(conn.db()).await?;
    found.extend(institution::Entity::find().filter(by_name).all(conn.db()).await?);
    let mut houses: BTreeMap<InstitutionId, House> =
        found.into_iter().map(|row| (row.id, House::new(row))).collect();
    if houses.is_empty() {
        return Ok(Vec::new());
    }
    let ids = padded(houses.keys().copied().collect());
    furnish_staff(conn, &mut houses, &ids).await?;
    furnish_programmes(conn, names, &mut houses, &ids).await?;
    furnish_calls(conn, &mut houses, &ids).await?;
    Ok(houses.into_values().collect())
}

/// Fills up to a power of two with repeats, so that statements come in few sizes and are prepared once each.
fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

async fn furnish_staff(
    conn: &impl Conn,
    houses: &mut BTreeMap<InstitutionId, House>,
    ids: &[InstitutionId],
) -> Result<()> {
    let rows = role::Entity::find()
        .filter(role::Column::InstitutionId.is_in(ids.iter().copied()))
        .filter(person::Column::Technical.eq(true))
        .find_also(role::Entity, person::Entity)
        .all(conn.db())
        .await?;
    for (role, _) in rows {
        if let Some(house) = role.institution_id.and_then(|id| houses.get_mut(&id)) {
            house.staff.insert(role.duty, role.person_id);
        }
    }
    Ok(())
}

async fn furnish_programmes(
    conn: &impl Conn,
    names: &Names,
    houses: &mut BTreeMap<InstitutionId, House>,
    ids: &[InstitutionId],
) -> Result<()> {
    let programmes = programme::Entity::find()
        .filter(programme::Column::HostId.is_in(ids.iter().copied()))
        .filter(programme::Column::Title.is_in(names.programmes.values()))
        .all(conn.db())
        .await?;
    let hosts: HashMap<ProgrammeId, InstitutionId> =
        programmes.iter().map(|row| (row.id, row.host_id)).collect();
    for row in programmes {
        if let Some(house) = houses.get_mut(&row.host_id) {
            house.programmes.insert(row.kind, row.id);
        }
    }
    let periods = period::Entity::find()
        .filter(period::Column::InstitutionId.is_in(ids.iter().copied()))
        .filter(period::Column::Term.eq(names.term))
        .all(conn.db())
        .await?;
    for row in periods {
        if let Some(house) = houses.get_mut(&row.institution_id) {
            house.periods.insert(row.academic_year, row.id);
        }
    }
    let mut offerings = offering::Entity::find()
        .filter(offering::Column::ProgrammeId.is_in(padded(hosts.keys().copied().collect())))
        .stream(conn.db())
        .await?;
    while let Some(row) = offerings.try_next().await? {
        if let Some(house) = hosts.get(&row.programme_id).and_then(|host| houses.get_mut(host)) {
            house.offerings.insert((row.programme_id, row.start_on, row.end_on), row.id);
        }
    }
    Ok(())
}

async fn furnish_calls(
    conn: &impl Conn,
    houses: &mut BTreeMap<InstitutionId, House>,
    ids: &[InstitutionId],
) -> Result<()> {
    let rows = call_home::Entity::find()
        .filter(call_home::Column::InstitutionId.is_in(ids.iter().copied()))
        .filter(call::Column::Historic.eq(true))
        .find_also(call_home::Entity, call::Entity)
        .all(conn.db())
        .await?;
    let mut opened: HashMap<CallId, HashSet<OfferingId>> = HashMap::new();
    let calls = padded(rows.iter().map(|(home, _)| home.call_id).collect());
    let mut offerings = call_offering::Entity::find()
        .filter(call_offering::Column::CallId.is_in(calls))
        .stream(conn.db())
        .await?;
    while let Some(row) = offerings.try_next().await? {
        opened.entry(row.call_id).or_default().insert(row.offering_id);
    }
    for (home, call) in rows {
        if let (Some(house), Some(call)) = (houses.get_mut(&home.institution_id), call) {
            house.calls.insert(call.opens_on, (call.id, opened.remove(&call.id).unwrap_or_default()));
        }
    }
    let mut lines = place_line::Entity::find()
        .filter(place_line::Column::HomeId.is_in(ids.iter().copied()))
        .filter(place_line::Column::Source.eq(PlaceSource::Programme))
        .stream(conn.db())
        .await?;
    while let Some(row) = lines.try_next().await? {
        let house = row.home_id.and_then(|home| houses.get_mut(&home));
        if let (Some(house), Some(programme)) = (house, row.programme_id) {
            house.lines.insert(programme, row.id);
        }
    }
    Ok(())
}

/// What a batch of records needs and was not there yet.
#[derive(Debug, Default)]
pub struct NewHouses {
    /// Institutions and employers.
    pub institutions: Vec<Institution>,
    /// Technical people.
    pub people: Vec<Person>,
    /// Their duties.
    pub roles: Vec<Role>,
    /// Programmes.
    pub programmes: Vec<Programme>,
    /// Periods.
    pub periods: Vec<Period>,
    /// Offerings.
    pub offerings: Vec<Offering>,
    /// Calls, each with its home.
    pub calls: Vec<(CallRow, InstitutionId)>,
    /// Offerings that calls open.
    pub opened: Vec<(CallId, OfferingId)>,
    /// Place lines.
    pub lines: Vec<PlaceLine>,
}

impl NewHouses {
    /// Writes what the same batch changes of its new lines into their rows.
    pub(super) fn take_changes(&mut self, changes: &mut BTreeMap<PlaceLineId, LineChange>) {
        for line in &mut self.lines {
            if let Some(change) = changes.remove(&line.id) {
                line.capacity += change.capacity;
                line.held += change.held;
                line.used += change.used;
            }
        }
    }
}

/// Writes new houses, those that others refer to first.
pub(super) async fn add(tx: &Tx, new: NewHouses) -> Result<()> {
    let homes = new
        .calls
        .iter()
        .map(|(call, home)| call_home::ActiveModel { call_id: Set(call.id), institution_id: Set(*home) });
    let homes: Vec<_> = homes.collect();
    let opened = new.opened.into_iter().map(|(call, offering)| call_offering::ActiveModel {
        call_id: Set(call),
        offering_id: Set(offering),
    });
    rows::<institution::ActiveModel, _>(tx, new.institutions).await?;
    rows::<person::ActiveModel, _>(tx, new.people).await?;
    rows::<role::ActiveModel, _>(tx, new.roles).await?;
    rows::<programme::ActiveModel, _>(tx, new.programmes).await?;
    rows::<period::ActiveModel, _>(tx, new.periods).await?;
    rows::<offering::ActiveModel, _>(tx, new.offerings).await?;
    rows::<call::ActiveModel, _>(tx, new.calls.into_iter().map(|(call, _)| call).collect()).await?;
    insert_many(tx, homes).await?;
    insert_many(tx, opened.collect()).await?;
    rows::<place_line::ActiveModel, _>(tx, new.lines).await
}

async fn rows<A: ActiveModelTrait, M: Into<A>>(tx: &Tx, models: Vec<M>) -> Result<()> {
    insert_many::<A>(tx, models.into_iter().map(Into::into).collect()).await
}
