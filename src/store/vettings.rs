//! Cases of programmes, and the applications that what happens to them concerns.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sojourn_engine::ids::{CaseId, ProgrammeId};
use sojourn_engine::vocabulary::StateKind;
use sojourn_entities::{application, case, choice, offering, programme};

use super::dossiers::{CaseRow, RunningClock, clocks_of};
use super::{Conn, Result, Tx, json};

/// One case as it stands in its row.
pub async fn case(conn: &impl Conn, id: CaseId) -> Result<Option<CaseRow>> {
    case::Entity::find_by_id(id).one(conn.db()).await?.map(CaseRow::try_from).transpose()
}

/// Its clocks that run.
pub async fn clocks(conn: &impl Conn, id: CaseId) -> Result<Vec<RunningClock>> {
    Ok(clocks_of(conn, &[id]).await?.remove(&id).unwrap_or_default())
}

/// A programme to which something has happened that applications have not been told of yet.
#[derive(Debug)]
pub struct Raised {
    /// Which.
    pub programme: ProgrammeId,
    /// The version in which it was read.
    pub version: i32,
    /// What happened, in order, as `workflow.event`.
    pub happened: Vec<String>,
}

/// Programmes to which something has happened that applications have not been told of yet.
pub async fn raised(conn: &impl Conn) -> Result<Vec<Raised>> {
    let rows = programme::Entity::find()
        .filter(programme::Column::Raises.is_not_null())
        .order_by_asc(programme::Column::Id)
        .all(conn.db())
        .await?;
    let raised = |row: programme::Model| {
        let happened = json(row.raises.unwrap_or_default())?;
        Ok(Raised { programme: row.id, version: row.version, happened })
    };
    rows.into_iter().map(raised).collect()
}

/// Open applications that are about that programme: their current choice is of it, or all their choices while none is current.
pub async fn concerned(conn: &impl Conn, of: ProgrammeId) -> Result<Vec<CaseId>> {
    let rows = choice::Entity::find()
        .filter(choice::Column::ApplicationId.in_subquery(choosing(of)))
        .find_also(choice::Entity, offering::Entity)
        .find_also(choice::Entity, application::Entity)
        .find_also(application::Entity, case::Entity)
        .filter(case::Column::Kind.eq(StateKind::Open))
        .order_by_asc(choice::Column::ApplicationId)
        .all(conn.db())
        .await?;
    let mut about: BTreeMap<CaseId, bool> = BTreeMap::new();
    for (choice, offering, application, _) in rows {
        let (Some(offering), Some(application)) = (offering, application) else { continue };
        if application.current_choice_id.is_none_or(|current| current == choice.id) {
            *about.entry(application.id).or_insert(true) &= offering.programme_id == of;
        }
    }
    Ok(about.into_iter().filter_map(|(case, is_about)| is_about.then_some(case)).collect())
}

/// Applications with a choice of that programme.
fn choosing(of: ProgrammeId) -> SelectStatement {
    choice::Entity::find()
        .inner_join(offering::Entity)
        .filter(offering::Column::ProgrammeId.eq(of))
        .select_only()
        .column(choice::Column::ApplicationId)
        .into_query()
}

/// Notes that applications have been told, unless the programme has changed meanwhile: then they are told once more.
pub async fn settle(tx: &Tx, raised: &Raised) -> Result<()> {
    programme::Entity::update_many()
        .col_expr(programme::Column::Raises, Expr::value(Option::<serde_json::Value>::None))
        .filter(programme::Column::Id.eq(raised.programme))
        .filter(programme::Column::Version.eq(raised.version))
        .exec(tx.db())
        .await?;
    Ok(())
}
