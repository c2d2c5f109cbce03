//! Whose applications a report counts: those the caller sees, narrowed to what was asked for.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_engine::ids::InstitutionId;

use crate::access::Caller;
use crate::app::balances::{self, End};
use crate::app::{Error, Result};
use crate::store::{Conn, institutions};

/// Passes for whoever has a part in exchanges.
///
/// # Errors
/// [`Error::Forbidden`] for anybody else.
pub(super) fn demand(caller: &Caller) -> Result<()> {
    if balances::may_read(caller) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: "a coordinator, the secretariat or the chair".to_owned() })
}

/// Names of institutions.
pub(super) struct Names(BTreeMap<InstitutionId, String>);

impl Names {
    pub(super) async fn of(conn: &impl Conn, ids: impl Iterator<Item = InstitutionId>) -> Result<Self> {
        let ids: BTreeSet<_> = ids.collect();
        Ok(Self(institutions::names(conn, &ids.into_iter().collect::<Vec<_>>()).await?))
    }

    pub(super) fn end(&self, id: InstitutionId) -> End {
        End { name: self.0.get(&id).cloned().unwrap_or_default(), id }
    }
}
