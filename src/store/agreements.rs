//! Agreements between two institutions; their places are lines of their own.
//!
//! Seen by those who run exchanges for either side, and by the secretariat.

use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder};
use serde::Serialize;
use sojourn_engine::ids::{AgreementId, InstitutionId};
use sojourn_engine::vocabulary::AgreementStatus;
use sojourn_entities::agreement;

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
}

fn seen(by: &Caller) -> Condition {
    if by.is_secretariat() {
        return Condition::all();
    }
    Condition::any()
        .add(agreement::Column::ProposerId.is_in(by.coordinated()))
        .add(agreement::Column::PartnerId.is_in(by.coordinated()))
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

/// Every agreement of an institution with whomever that is not ended, in the order they were written.
pub async fn standing(conn: &impl Conn, of: InstitutionId) -> Result<Vec<Agreement>> {
    let side =
        Condition::any().add(agreement::Column::ProposerId.eq(of)).add(agreement::Column::PartnerId.eq(of));
    let standing = agreement::Entity::find()
        .filter(side)
        .filter(agreement::Column::Status.ne(AgreementStatus::Ended))
        .order_by_asc(agreement::Column::Id);
    Ok(standing.all(conn.db()).await?)
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
