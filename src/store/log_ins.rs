//! How the people of an institution sign in beside passwords.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::InstitutionId;
use sojourn_entities::{institution, log_in, log_in_domain};

use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

pub use sojourn_entities::log_in::Model as LogIn;

/// The settings of an institution; `None` for one that has none.
pub async fn find(conn: &impl Conn, of: InstitutionId) -> Result<Option<LogIn>> {
    Ok(log_in::Entity::find_by_id(of).one(conn.db()).await?)
}

/// The settings of several institutions.
pub async fn of(conn: &impl Conn, institutions: &[InstitutionId]) -> Result<Vec<LogIn>> {
    if institutions.is_empty() {
        return Ok(Vec::new());
    }
    let theirs = log_in::Column::InstitutionId.is_in(institutions.iter().copied());
    Ok(log_in::Entity::find().filter(theirs).all(conn.db()).await?)
}

/// Domains that an institution lists, in order.
pub async fn domains(conn: &impl Conn, of: InstitutionId) -> Result<Vec<String>> {
    let theirs = log_in_domain::Entity::find().filter(log_in_domain::Column::InstitutionId.eq(of));
    let rows = theirs.order_by_asc(log_in_domain::Column::Domain).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| row.domain).collect())
}

/// The institution that lists a domain.
pub async fn listing(conn: &impl Conn, domain: &str) -> Result<Option<InstitutionId>> {
    let row = log_in_domain::Entity::find_by_id(domain.to_owned()).one(conn.db()).await?;
    Ok(row.map(|row| row.institution_id))
}

/// Institutions that have a provider, by name.
pub async fn providers(conn: &impl Conn) -> Result<Vec<(InstitutionId, String)>> {
    let set = log_in::Entity::find().filter(log_in::Column::Issuer.is_not_null()).all(conn.db()).await?;
    let named = institution::Entity::find()
        .filter(institution::Column::Id.is_in(set.iter().map(|row| row.institution_id)))
        .order_by_asc(institution::Column::Name)
        .select_only()
        .columns([institution::Column::Id, institution::Column::Name]);
    Ok(named.into_tuple().all(conn.db()).await?)
}

/// Whether addresses may sign up anywhere.
pub async fn some_sign_up(conn: &impl Conn) -> Result<bool> {
    Ok(log_in::Entity::find().filter(log_in::Column::SignsUp.eq(true)).one(conn.db()).await?.is_some())
}

/// Writes the next version of the settings with their domains; `false` when that version is there already.
///
/// # Errors
/// The conflict `log_in_domains_domain` when another institution lists a domain.
pub async fn put(tx: &Tx, row: LogIn, domains: Vec<String>) -> Result<bool> {
    let (of, read) = (row.institution_id, row.version - 1);
    let written = if read == 0 {
        let row = log_in::ActiveModel::from(row).reset_all();
        let there = OnConflict::column(log_in::Column::InstitutionId).do_nothing().to_owned();
        log_in::Entity::insert(row).on_conflict(there).exec_without_returning(tx.db()).await? == 1
    } else {
        let update = log_in::Entity::update_many()
            .set(log_in::ActiveModel::from(row).reset_all())
            .filter(log_in::Column::InstitutionId.eq(of))
            .filter(log_in::Column::Version.eq(read));
        guarded(tx, update).await?
    };
    if !written {
        return Ok(false);
    }
    let theirs = log_in_domain::Column::InstitutionId.eq(of);
    log_in_domain::Entity::delete_many().filter(theirs).exec(tx.db()).await?;
    let rows = domains.into_iter().map(|domain| log_in_domain::Model { domain, institution_id: of });
    insert_many(tx, rows.map(|row| log_in_domain::ActiveModel::from(row).reset_all()).collect()).await?;
    Ok(true)
}
