//! Lines that applications might draw on, and how many wait for them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{ExprTrait, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryTrait,
};
use sojourn_engine::ids::{InstitutionId, PlaceLineId, ProgrammeId, WorkflowVersionId};
use sojourn_entities::{agreement, place_line};

use super::Line;
use crate::store::text::{Text, values};
use crate::store::waiting_lists::counted;
use crate::store::{Conn, StoreError};

/// Between whom lines are looked for.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    /// Who sends.
    pub homes: Vec<InstitutionId>,
    /// Who receives.
    pub hosts: Vec<InstitutionId>,
    /// What is attended; none is anything.
    pub programmes: Vec<ProgrammeId>,
}

/// States of definitions in which cases wait for a place, by the definition's version.
pub type Waiting = BTreeMap<WorkflowVersionId, Vec<String>>;

/// How many cases wait for each line in the states of each definition.
pub type Numbers = BTreeMap<WorkflowVersionId, BTreeMap<PlaceLineId, i64>>;

impl Reached {
    /// The way back: places of the homes for those whom the hosts send.
    #[must_use]
    pub fn back(&self) -> Self {
        Self { homes: self.hosts.clone(), hosts: self.homes.clone(), programmes: Vec::new() }
    }

    fn condition(&self) -> Condition {
        let hosts = || self.hosts.iter().copied();
        let of_home = Condition::all()
            .add(place_line::Column::HomeId.is_in(self.homes.iter().copied()))
            .add(place_line::Column::HostId.is_null().or(place_line::Column::HostId.is_in(hosts())));
        let of_hosts = Condition::all()
            .add(place_line::Column::HomeId.is_null())
            .add(place_line::Column::HostId.is_in(hosts()));
        let between = Condition::any().add(of_home).add(of_hosts);
        if self.programmes.is_empty() {
            return between;
        }
        // A host may count the places of very many programmes: only those of what is attended are read.
        let plain = Condition::all().add(between).add(place_line::Column::ProgrammeId.is_null());
        let of_programmes = place_line::Column::ProgrammeId.is_in(self.programmes.iter().copied());
        Condition::any().add(plain).add(of_programmes)
    }
}

/// Lines any choice among the hosts and programmes might draw on for the homes.
pub async fn lines_for(conn: &impl Conn, reached: &Reached) -> Result<Vec<Line>, StoreError> {
    Ok(lines_with_numbers(conn, reached, &Waiting::new()).await?.0)
}

/// The same with how many wait for each line.
pub async fn lines_with_numbers(
    conn: &impl Conn,
    reached: &Reached,
    waiting: &Waiting,
) -> Result<(Vec<Line>, Numbers), StoreError> {
    static TEXT: Text = Text::new();
    let counts = vec![reached.homes.len(), reached.hosts.len(), reached.programmes.len(), waiting.len()];
    let words: Vec<String> = waiting.values().map(|states| states.join(",")).collect();
    let (homes, hosts) = (values(&reached.homes), values(&reached.hosts));
    let mut bound = [homes, hosts.clone(), hosts].concat();
    if !reached.programmes.is_empty() {
        bound.extend(values(&reached.programmes));
    }
    let backend = conn.db().get_database_backend();
    let query = TEXT.naming(words.join(";"), backend, counts, bound, || select(backend, reached, waiting));
    let (mut lines, mut numbers) = (Vec::new(), Numbers::new());
    for row in conn.db().query_all_raw(query).await? {
        let line = place_line::Model::from_query_result(&row, "A_")?;
        for (nth, version) in waiting.keys().enumerate() {
            let count = row.try_get("", &numbered(nth))?;
            numbers.entry(*version).or_default().insert(line.id, count);
        }
        lines.push(Line::try_from((line, agreement::Model::from_query_result_optional(&row, "B_")?))?);
    }
    Ok((lines, numbers))
}

fn select(backend: DbBackend, reached: &Reached, waiting: &Waiting) -> SelectStatement {
    let lines = place_line::Entity::find()
        .filter(reached.condition())
        .find_also(place_line::Entity, agreement::Entity);
    let mut query = lines.into_query();
    for (nth, states) in waiting.values().enumerate() {
        query.expr_as(counted(backend, states), numbered(nth));
    }
    query
}

fn numbered(nth: usize) -> String {
    format!("waiting_{nth}")
}
