//! What a call opens, by name: for whoever has to choose.

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId, ProgrammeId};
use sojourn_engine::vocabulary::Level;

use super::store;
use crate::access::Caller;
use crate::app::applications::view::InstitutionView;
use crate::app::eligibility::offers_back;
use crate::app::{App, Error, Result};
use crate::store::dossiers::{self, Offering};
use crate::store::places::{Reached, lines_for};

/// One offering of a call, named.
#[derive(Debug, Clone, Serialize)]
pub struct OfferedView {
    /// Its id, as choices name it.
    pub id: OfferingId,
    /// Its programme.
    pub programme: ProgrammeId,
    /// Title of the programme.
    pub title: String,
    /// Who hosts it.
    pub host: InstitutionView,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// Study cycles it is for; empty: all.
    pub levels: Vec<Level>,
    /// ISCED-F 2013 codes it is for; empty: all.
    pub fields: Vec<String>,
    /// Languages with CEFR level, one of which it asks for; empty: none.
    pub languages: Vec<String>,
    /// Whether the reader cannot apply for it, since none of their homes offers its host places as the call asks.
    pub one_sided: bool,
}

impl From<Offering> for OfferedView {
    fn from(row: Offering) -> Self {
        Self {
            id: row.id,
            programme: row.programme,
            title: row.title,
            host: InstitutionView { id: row.host.id, name: row.host.name },
            start_on: row.start_on,
            end_on: row.end_on,
            levels: row.levels,
            fields: row.fields,
            languages: row.languages,
            one_sided: false,
        }
    }
}

/// What a call opens, in the order of hosts' names.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the call.
pub async fn offered(app: &App, by: Option<&Caller>, id: CallId) -> Result<Vec<OfferedView>> {
    let conn = app.store.read();
    let whole = store::find(conn, by, id).await?.ok_or(Error::NotFound)?;
    let rows = dossiers::offerings(conn, &whole.offerings).await?;
    let hosts: Vec<InstitutionId> = rows.iter().map(|row| row.host.id).collect();
    let mut offered: Vec<OfferedView> = rows.into_iter().map(Into::into).collect();
    if let Some(caller) = by.filter(|caller| whole.row.reciprocal && !caller.registered_at.is_empty()) {
        let homes = &caller.registered_at;
        let reached = Reached { homes: hosts, hosts: homes.clone(), programmes: Vec::new() };
        let back = lines_for(conn, &reached).await?;
        for one in &mut offered {
            let (host, on) = (one.host.id, one.start_on);
            one.one_sided = !homes.iter().any(|home| offers_back(&back, *home, (host, on)));
        }
    }
    offered.sort_by(|one, other| (&one.host.name, one.start_on).cmp(&(&other.host.name, other.start_on)));
    Ok(offered)
}
