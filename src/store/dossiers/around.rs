//! What stands around the applications of a batch: one statement for each kind of row, however many applications there are.

use std::collections::BTreeMap;

use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationTrait,
};
use sojourn_engine::ids::{CaseId, InstitutionId, UnitId};
use sojourn_entities::{choice, institution, offering, period, programme};

use super::covers::Cover;
use super::parts::Parts;
use super::{ApplicationRow, Call, CaseRow, Choice, Dossier, Institution, Stay, build_choice, student_of};
use crate::store::institutions::units_above;
use crate::store::places::{Line, Numbers, Reached, Waiting, lines_for, lines_with_numbers};
use crate::store::text::{Text, values};
use crate::store::{Conn, StoreError, columns};

/// Rows around applications, by the application they belong to.
pub(super) struct Around {
    choices: BTreeMap<CaseId, Vec<Choice>>,
    parts: Parts,
    lines: Vec<Line>,
    numbers: Numbers,
    back: Vec<Line>,
    units: BTreeMap<UnitId, Vec<UnitId>>,
}

impl Around {
    /// Reads what stands around these applications.
    pub async fn read(conn: &impl Conn, covers: &[Cover], waiting: &Waiting) -> Result<Self, StoreError> {
        let ids: Vec<CaseId> = covers.iter().map(|cover| cover.application.id).collect();
        let choices = choices_of(conn, &ids).await?;
        let chosen = || choices.values().flatten();
        let homes: Vec<InstitutionId> = covers.iter().map(|cover| cover.application.home_id).collect();
        let reached = Reached {
            hosts: chosen().map(|choice| choice.offering.host.id).collect(),
            programmes: chosen().map(|choice| choice.offering.programme).collect(),
            homes,
        };
        let own = covers.iter().filter_map(|cover| cover.application.home_unit_id);
        let units: Vec<UnitId> = chosen().filter_map(|choice| choice.offering.unit).chain(own).collect();
        let asks = covers.iter().any(|cover| cover.call.reciprocal);
        let back = if asks { lines_for(conn, &reached.back()).await? } else { Vec::new() };
        let (lines, numbers) = lines_with_numbers(conn, &reached, waiting).await?;
        Ok(Self {
            back,
            units: units_above(conn, &units).await?,
            parts: Parts::read(conn, &ids).await?,
            lines,
            numbers,
            choices,
        })
    }

    /// The dossier of one of them.
    pub fn dossier(&mut self, cover: Cover) -> Result<Dossier, StoreError> {
        let Cover { application, case, registration, home, call, stay } = cover;
        let id = application.id;
        let choices = self.choices.remove(&id).unwrap_or_default();
        let serves = |line: &&Line| line.may_serve(application.home_id, &choices);
        let lines = self.lines.iter().filter(serves).cloned().collect();
        let parties =
            choices.iter().filter_map(|choice| choice.offering.unit).chain(application.home_unit_id);
        let above = |unit: UnitId| Some((unit, self.units.get(&unit)?.clone()));
        Ok(Dossier {
            units: parties.filter_map(above).collect(),
            accounts: self.parts.accounts.remove(&id).unwrap_or_default(),
            clocks: self.parts.clocks.remove(&id).unwrap_or_default(),
            filled: self.parts.filled.remove(&id).unwrap_or_default(),
            back: self
                .back
                .iter()
                .filter(|line| line.covers.host == Some(application.home_id))
                .cloned()
                .collect(),
            lines,
            waiters: self.numbers.get(&case.workflow_version_id).cloned().unwrap_or_default(),
            student: student_of(&application, registration)?,
            case: CaseRow::try_from(case)?,
            application: ApplicationRow::from(application),
            home: Institution::try_from(home)?,
            call: Call::try_from(call)?,
            choices,
            stay: stay.map(Stay::from),
            extra_term: None,
        })
    }
}

impl Line {
    /// Whether a choice of an application from that home might draw on it.
    fn may_serve(&self, home: InstitutionId, choices: &[Choice]) -> bool {
        let covers = &self.covers;
        let at_host = |host| choices.iter().any(|choice| choice.offering.host.id == host);
        let of_programme = |programme| choices.iter().any(|choice| choice.offering.programme == programme);
        match covers.home {
            Some(of) if of == home && covers.host.is_none_or(at_host) => true,
            None if covers.host.is_some_and(at_host) => true,
            Some(_) | None => covers.programme.is_some_and(of_programme),
        }
    }
}

/// Choices by application and rank, with what they choose.
async fn choices_of(conn: &impl Conn, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Vec<Choice>>, StoreError> {
    static TEXT: Text = Text::new();
    let select = || chosen(ids);
    let query = TEXT.with(conn.db().get_database_backend(), vec![ids.len()], values(ids), select);
    let mut choices: BTreeMap<CaseId, Vec<Choice>> = BTreeMap::new();
    for row in conn.db().query_all_raw(query).await? {
        let choice = choice::Model::from_query_result(&row, "a_")?;
        let offering = offering::Model::from_query_result(&row, "b_")?;
        let period = period::Model::from_query_result(&row, "c_")?;
        let programme = programme::Model::from_query_result(&row, "d_")?;
        let host = institution::Model::from_query_result(&row, "e_")?;
        let built = build_choice(&choice, &offering, &period, programme, host)?;
        choices.entry(choice.application_id).or_default().push(built);
    }
    Ok(choices)
}

fn chosen(ids: &[CaseId]) -> SelectStatement {
    let mut query = choice::Entity::find()
        .select_only()
        .inner_join(offering::Entity)
        .join(JoinType::InnerJoin, offering::Relation::Period.def())
        .join(JoinType::InnerJoin, offering::Relation::Programme.def())
        .join(JoinType::InnerJoin, programme::Relation::Institution.def())
        .filter(choice::Column::ApplicationId.is_in(ids.iter().copied()))
        .order_by_asc(choice::Column::ApplicationId)
        .order_by_asc(choice::Column::Rank)
        .into_query();
    columns::add::<choice::Entity>(&mut query, "a_");
    columns::add::<offering::Entity>(&mut query, "b_");
    columns::add::<period::Entity>(&mut query, "c_");
    columns::add::<programme::Entity>(&mut query, "d_");
    columns::add::<institution::Entity>(&mut query, "e_");
    query
}
