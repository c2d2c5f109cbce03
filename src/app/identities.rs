//! Log-ins elsewhere that are one's own.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::{IdentityId, InstitutionId};
use utoipa::ToSchema;

use super::passwords::tell;
use super::{App, Asked, Conflict, Error, Page, Result};
use crate::access::{Caller, Whence};
use crate::store::identities::{self as store, Identity};
use crate::store::sessions;

/// A log-in elsewhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IdentityView {
    /// Its id.
    pub id: IdentityId,
    /// Whose provider it is.
    pub institution: InstitutionId,
    /// The provider, as it names itself.
    pub issuer: String,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
}

impl From<Identity> for IdentityView {
    fn from(row: Identity) -> Self {
        Self { id: row.id, institution: row.institution_id, issuer: row.issuer, created_at: row.created_at }
    }
}

/// A page of the caller's log-ins elsewhere.
pub async fn list(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<IdentityView>> {
    Ok(store::of(app.store.read(), caller.person, asked).await?.map(Into::into))
}

/// Takes one of the caller's log-ins elsewhere away.
///
/// # Errors
/// [`Error::NotFound`] when it is none of theirs, [`Error::Conflict`] without a password.
pub async fn remove(app: &App, caller: &Caller, id: IdentityId, from: &Whence) -> Result<()> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    if !store::remove(&tx, caller.person, id).await? {
        return Err(Error::NotFound);
    }
    let account = sessions::account_of(&tx, caller.person).await?.ok_or(Error::Unauthenticated)?;
    if account.password_hash.is_none() {
        let told = "you have no password yet: set one first, with a link of “Forgotten your password?”";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    tell(&tx, &at, &account, "log_in_removed", Some(from)).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(())
}
