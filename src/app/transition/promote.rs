//! A place that has become free is offered to one who waits for it, in a transaction of its own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use sojourn_engine::definition::Choose;
use sojourn_engine::ids::{ChoiceId, PlaceLineId};
use sojourn_engine::vocabulary::Via;

use super::drive::lines_of;
use super::{Attempt, decide, write};
use crate::access::Scope;
use crate::app::scene::Scene;
use crate::app::waiting_lists::Ticket;
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::dossiers::Choice;
use crate::store::records::Records;
use crate::store::waiting_lists::{self, Claim};

/// What came of offering a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is held for the case, and its people are told.
    Offered,
    /// The case does not wait any more, or its rules refuse it: the next one is asked.
    Passed,
    /// The case, the line or the claim has changed meanwhile.
    Changed,
}

/// Offers a place of a claimed line to one on its list, and keeps the claim until then.
///
/// # Errors
/// Faults of the database.
pub async fn offer(
    app: &App,
    at: &Moment,
    (claim, until): (Claim, DateTime<Utc>),
    ticket: &Ticket,
) -> Result<Offered> {
    let tx = app.store.begin().await?;
    let mut scene = Scene::read(app, &tx, &Scope::system(), ticket.case(), at).await?;
    let mut written = Records::default();
    if !take(&mut scene, at, claim.line, ticket.choice, &mut written) {
        return Ok(Offered::Passed);
    }
    match write(&tx, &scene, at, Via::Clock, written).await {
        Ok(()) => {}
        Err(Error::Stale | Error::Refused(_)) => return Ok(Offered::Changed),
        Err(error) => return Err(error),
    }
    if !waiting_lists::renew(&tx, claim, until).await? {
        return Ok(Offered::Changed);
    }
    tx.commit().await?;
    Ok(Offered::Offered)
}

/// Whether a case could be offered a place of a line now.
pub fn could(mut scene: Scene, at: &Moment, line: PlaceLineId, choice: ChoiceId) -> bool {
    take(&mut scene, at, line, choice, &mut Records::default())
}

/// Takes the step by which the case's workflow offers a free place; `false` when it takes none, or not of that line.
fn take(scene: &mut Scene, at: &Moment, line: PlaceLineId, choice: ChoiceId, written: &mut Records) -> bool {
    let definition = Arc::clone(&scene.definition);
    let Some(transition) = definition.offered_in(scene.live.case.state) else { return false };
    let dossier = &scene.live.dossier;
    let covers = |one: &Choice| {
        one.line == Some(line) || lines_of(&definition, &scene.live, one).iter().any(|of| of.id == line)
    };
    if !dossier.choices.iter().any(|one| one.id == choice && covers(one)) {
        return false;
    }
    let mut data = Map::new();
    let is_open = match &transition.choose {
        Some(Choose::Input(field)) => data.insert(field.clone(), json!(choice)).is_none(),
        _ => dossier.application.current_choice.is_none_or(|current| current == choice),
    };
    if !is_open {
        return false;
    }
    let event = definition.events[transition.event.at()].name.clone();
    let if_version = dossier.case.version;
    scene.live.promised = Some(line);
    let attempt = Attempt { track: None, event, data, reason: None, note: None, if_version };
    let taken = decide(scene, at, Via::Clock, None, &attempt, written).is_ok();
    taken && written.lines.get(&line).is_some_and(|change| change.held > 0)
}
