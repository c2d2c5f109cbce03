//! A choice that was not applied for: an offering that is found when the one applied for is gone.

use sojourn_engine::definition::{Choose, Transition};
use sojourn_engine::ids::OfferingId;
use sojourn_engine::vocabulary::{ChoiceResult, Publication};

use super::Attempt;
use crate::app::scene::Scene;
use crate::app::{Error, FieldError, Result};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::dossiers::{self, Choice, Dossier, Offering};
use crate::store::places::{Reached, lines_for};
use crate::store::{applications, institutions};

/// Adds the offering that the attempt names to the choices, where its event may choose beyond them.
///
/// # Errors
/// [`Error::Invalid`] for an offering that this workflow does not lead to, or that takes no applications now.
pub(super) async fn meant(conn: &impl Conn, scene: &mut Scene, at: &Moment, attempt: &Attempt) -> Result<()> {
    let event = scene.definition.event_named(&attempt.event);
    let leaving = scene.definition.leaving(scene.live.case.state).map(|(_, transition)| transition);
    let widens = |t: &&Transition| Some(t.event) == event && t.widens && attempt.track.is_none();
    let Some(Choose::Input(field)) = leaving.into_iter().find(widens).and_then(|t| t.choose.clone()) else {
        return Ok(());
    };
    let given = attempt.data.get(&field).and_then(serde_json::Value::as_str).unwrap_or_default();
    let dossier = &mut scene.live.dossier;
    let is_known =
        |choice: &Choice| choice.id.to_string() == given || choice.offering.id.to_string() == given;
    let Ok(id) = given.parse::<OfferingId>() else { return Ok(()) };
    if dossier.choices.iter().any(is_known) {
        return Ok(());
    }
    let follows = applications::workflow_of(conn, &[id]).await? == [scene.definition.id.clone()];
    let offering = dossiers::offerings(conn, &[id]).await?.pop();
    let goes_on = |offering: &Offering| {
        offering.status == Publication::Published && offering.end_on > at.now.date_naive()
    };
    let offering = offering.filter(|offering| follows && goes_on(offering));
    let Some(offering) = offering else {
        let detail = "name a choice of this application, or an offering to come of a published programme of the same workflow";
        return Err(Error::Invalid(vec![FieldError::new(format!("/data/{field}"), detail)]));
    };
    reach(conn, dossier, &offering).await?;
    let last = dossier.choices.iter().map(|choice| choice.rank).max().unwrap_or(0);
    let choice = Choice {
        id: at.id(),
        rank: last + 1,
        line: None,
        result: ChoiceResult::Open,
        host_sees_from: None,
        host_sees_until: None,
        offering,
    };
    scene.live.added = Some(choice.id);
    scene.live.dossier.choices.push(choice);
    Ok(())
}

/// Adds the lines that a choice of an offering might draw on, and the units above it.
async fn reach(conn: &impl Conn, dossier: &mut Dossier, offering: &Offering) -> Result<()> {
    let reached = Reached {
        homes: vec![dossier.home.id],
        hosts: vec![offering.host.id],
        programmes: vec![offering.programme],
    };
    let lines = lines_for(conn, &reached).await?;
    dossier.lines.retain(|known| lines.iter().all(|line| line.id != known.id));
    dossier.lines.extend(lines);
    if dossier.call.reciprocal {
        dossier.back.extend(lines_for(conn, &reached.back()).await?);
    }
    let units: Vec<_> = offering.unit.into_iter().collect();
    dossier.units.extend(institutions::units_above(conn, &units).await?);
    Ok(())
}
