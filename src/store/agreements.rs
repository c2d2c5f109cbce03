//! Agreements between two institutions; their places are lines of their own.
//!
//! Seen by those who run exchanges for either side, and by the secretariat; one with the alliance as a whole by those of every member.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use sojourn_engine::ids::{AgreementId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::{AgreementStatus, InstitutionKind};
use sojourn_entities::{agreement, institution};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::Caller;

pub use sojourn_entities::agreement::Model as Agreement;

/// Which agreements.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only those this side wrote.
    pub proposer: Option<InstitutionId>,
    /// Only those with this other side.
    pub partner: Option<InstitutionId>,
    /// Only as far as this.
    pub status: Option<AgreementStatus>,
    /// Only those with this institution on either side.
    pub with: Option<InstitutionId>,
}

pub(super) fn seen(by: &Caller) -> Condition {
    if by.is_secretariat() {
        return Condition::all();
    }
    Condition::any()
        .add(agreement::Column::ProposerId.is_in(by.coordinated()))
        .add(agreement::Column::PartnerId.is_in(by.coordinated()))
        .add(with_all(by))
}

/// Those with the alliance as a whole, for whoever runs exchanges for a member.
pub(super) fn with_all(by: &Caller) -> Condition {
    with_every(by.coordinated())
}

/// Those with the alliance as a whole, where one of these institutions is a member.
fn with_every(of: Vec<InstitutionId>) -> Condition {
    let member = Query::select()
        .column(institution::Column::Id)
        .from(institution::Entity)
        .and_where(institution::Column::Id.is_in(of))
        .and_where(institution::Column::Kind.eq(InstitutionKind::Member))
        .to_owned();
    Condition::all().add(agreement::Column::PartnerId.is_null()).add(Expr::exists(member))
}

fn either_side(of: InstitutionId) -> Condition {
    Condition::any().add(agreement::Column::ProposerId.eq(of)).add(agreement::Column::PartnerId.eq(of))
}

/// A page of the agreements somebody sees, in the order they were written.
pub async fn list(conn: &impl Conn, by: &Caller, asked: &Asked, wanted: &Wanted) -> Result<Page<Agreement>> {
    let keyset: Keyset<(AgreementId,)> = Keyset::read(asked, "agreements", wanted)?;
    let mut query = agreement::Entity::find().filter(seen(by));
    if let Some(proposer) = wanted.proposer {
        query = query.filter(agreement::Column::ProposerId.eq(proposer));
    }
    if let Some(partner) = wanted.partner {
        query = query.filter(agreement::Column::PartnerId.eq(partner));
    }
    if let Some(with) = wanted.with {
        query = query.filter(either_side(with));
    }
    if let Some(status) = wanted.status {
        query = query.filter(agreement::Column::Status.eq(status));
    }
    let rows = keyset.narrow(query, [agreement::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One agreement, when it is seen.
pub async fn find(conn: &impl Conn, by: &Caller, id: AgreementId) -> Result<Option<Agreement>> {
    Ok(agreement::Entity::find_by_id(id).filter(seen(by)).one(conn.db()).await?)
}

/// One agreement, whoever asks.
pub async fn known(conn: &impl Conn, id: AgreementId) -> Result<Option<Agreement>> {
    Ok(agreement::Entity::find_by_id(id).one(conn.db()).await?)
}

/// Agreements by id, whoever asks.
pub async fn by_ids(conn: &impl Conn, ids: &[AgreementId]) -> Result<BTreeMap<AgreementId, Agreement>> {
    let query = agreement::Entity::find().filter(agreement::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(conn.db()).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// The agreement that a case runs.
pub async fn of_case(conn: &impl Conn, case: CaseId) -> Result<Option<Agreement>> {
    Ok(agreement::Entity::find().filter(agreement::Column::CaseId.eq(case)).one(conn.db()).await?)
}

/// The agreement that goes on from another, the newest where there are several.
pub async fn next(conn: &impl Conn, of: AgreementId) -> Result<Option<AgreementId>> {
    let query = agreement::Entity::find().filter(agreement::Column::RenewsId.eq(of));
    let found = query.order_by_desc(agreement::Column::Id).one(conn.db()).await?;
    Ok(found.map(|row| row.id))
}

/// The first agreements that no case runs yet.
pub async fn without_case(conn: &impl Conn, most: u64) -> Result<Vec<Agreement>> {
    let query = agreement::Entity::find().filter(agreement::Column::CaseId.is_null());
    Ok(query.order_by_asc(agreement::Column::Id).limit(most).all(conn.db()).await?)
}

/// Notes which case runs an agreement, and how far that has come, as its next version; `false` when it has changed meanwhile.
pub async fn run_by(tx: &Tx, row: &Agreement, case: CaseId) -> Result<bool> {
    let update = agreement::Entity::update_many()
        .col_expr(agreement::Column::CaseId, Expr::value(case))
        .col_expr(agreement::Column::Status, Expr::value(row.status))
        .col_expr(agreement::Column::Version, Expr::value(row.version + 1))
        .filter(agreement::Column::Id.eq(row.id))
        .filter(agreement::Column::Version.eq(row.version))
        .filter(agreement::Column::CaseId.is_null());
    guarded(tx, update).await
}

/// Every agreement of an institution with whomever that is not ended, in the order they were written.
pub async fn standing(conn: &impl Conn, of: InstitutionId) -> Result<Vec<Agreement>> {
    let standing = agreement::Entity::find()
        .filter(either_side(of))
        .filter(agreement::Column::Status.is_not_in([AgreementStatus::Ended, AgreementStatus::Dropped]))
        .order_by_asc(agreement::Column::Id);
    Ok(standing.all(conn.db()).await?)
}

/// The agreements that an institution sends under, those with every member among them, that are not over on a day and say when
/// nominations are taken.
pub async fn with_windows(conn: &impl Conn, of: InstitutionId, on: NaiveDate) -> Result<Vec<Agreement>> {
    let saying = agreement::Entity::find()
        .filter(either_side(of).add(with_every(vec![of])))
        .filter(agreement::Column::Status.is_not_in([AgreementStatus::Ended, AgreementStatus::Dropped]))
        .filter(agreement::Column::ValidUntilOn.gte(on))
        .filter(agreement::Column::NominationWindows.is_not_null())
        .order_by_asc(agreement::Column::Id);
    Ok(saying.all(conn.db()).await?)
}

/// Enters agreements.
pub async fn add_many(tx: &Tx, rows: Vec<Agreement>) -> Result<()> {
    insert_many::<agreement::ActiveModel>(tx, rows.into_iter().map(Into::into).collect()).await
}

/// Enters an agreement.
pub async fn add(tx: &Tx, row: Agreement) -> Result<()> {
    insert_many(tx, vec![agreement::ActiveModel::from(row)]).await
}

/// Writes the next version of an agreement; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Agreement) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = agreement::Entity::update_many()
        .set(agreement::ActiveModel::from(row).reset_all())
        .filter(agreement::Column::Id.eq(id))
        .filter(agreement::Column::Version.eq(read));
    guarded(tx, update).await
}
