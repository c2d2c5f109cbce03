//! Lines that applications might draw on, and how many wait for them.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryTrait,
};
use sojourn_engine::ids::{InstitutionId, PlaceLineId, ProgrammeId, WorkflowVersionId};
use sojourn_entities::{agreement, place_line};

use super::Line;
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
    let lines = place_line::Entity::find()
        .filter(reached.condition())
        .find_also(place_line::Entity, agreement::Entity);
    let mut query = lines.into_query();
    let asked = || waiting.iter().enumerate().map(|(at, of)| (format!("waiting_{at}"), of));
    for (name, (_, states)) in asked() {
        let these = Query::select()
            .column(place_line::Column::Id)
            .from(place_line::Entity)
            .cond_where(reached.condition())
            .to_owned();
        let line =
            Expr::col((name.clone(), "place_line_id")).equals((place_line::Entity, place_line::Column::Id));
        query
            .join_subquery(JoinType::LeftJoin, counted(these, states), name.clone(), line)
            .expr_as(Expr::col((name.clone(), "waiting")), name);
    }
    let (mut lines, mut numbers) = (Vec::new(), Numbers::new());
    for row in conn.db().query_all(&query).await? {
        let line = place_line::Model::from_query_result(&row, "A_")?;
        for (name, (version, _)) in asked() {
            if let Some(count) = row.try_get::<Option<i64>>("", &name)? {
                numbers.entry(*version).or_default().insert(line.id, count);
            }
        }
        lines.push(Line::try_from((line, agreement::Model::from_query_result_optional(&row, "B_")?))?);
    }
    Ok((lines, numbers))
}
