//! How the lists of a call become places: what somebody has to know before they rank.

use std::collections::BTreeSet;

use serde::Serialize;
use sojourn_engine::definition::Trigger;

use super::{CallView, store};
use crate::app::{App, Result};

/// What decides between the applications of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ranking {
    /// Whether its places can be given all at once, by the published rules: under both of them nobody gains by another order than
    /// the one they mean.
    pub by_run: bool,
    /// Whether there is an order to be thought of.
    pub several: bool,
    /// How many choices a list may have, where more can be chosen: which of them are left out may matter then.
    pub at_most: Option<u16>,
    /// Whether applications are scored.
    pub scores: bool,
    /// The SHA-256 of the seed by which ties are broken, once it is drawn.
    pub seed_commitment: Option<String>,
}

/// How the lists of a call that somebody sees become places.
///
/// # Errors
/// Faults of the database.
pub async fn ranking(app: &App, call: &CallView) -> Result<Ranking> {
    let conn = app.store.read();
    let programmes = store::behind(conn, &call.offerings).await?;
    let workflows: BTreeSet<&str> = programmes.iter().map(|(_, row)| row.workflow_id.as_str()).collect();
    let mut by_run = !workflows.is_empty();
    for workflow in workflows {
        let found = app.definitions.current(conn, workflow).await?;
        let runs = found.is_some_and(|(_, definition)| {
            definition.transitions.iter().any(|transition| transition.on == Some(Trigger::Run))
        });
        by_run &= runs;
    }
    let offered = call.offerings.len();
    let cap = call.max_choices.map(i16::unsigned_abs);
    Ok(Ranking {
        by_run,
        several: offered > 1 && cap.is_none_or(|cap| cap > 1),
        at_most: cap.filter(|cap| usize::from(*cap) < offered),
        scores: call.scores,
        seed_commitment: call.seed_commitment.clone(),
    })
}
