//! One event of many that somebody fires at once: tried beforehand, and taken with its notices held back for a while.

use chrono::{DateTime, Utc};
use sojourn_engine::definition::{Choose, Definition, Transition};
use sojourn_engine::ids::PersonId;
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::Via;

use super::{Attempt, Declined, decide, kept, settled};
use crate::app::scene::Scene;
use crate::app::{Error, FieldError};
use crate::clock::Moment;
use crate::store::outbox::NewNotice;
use crate::store::records::{self, Records};

/// Whether a step along it can be called back: it freezes nothing, and adds nothing that stays.
pub fn can_be_undone(transition: &Transition) -> bool {
    transition.join.is_none()
        && transition.adds.is_none()
        && !transition.widens
        && !transition.freezes
        && transition.choose != Some(Choose::All)
}

/// The transition that an event takes from where a case stands, among those that can be called back.
fn way<'d>(definition: &'d Definition, scene: &Scene, event: &str) -> Option<&'d Transition> {
    let event = definition.event_named(event);
    let mut leaving = definition.leaving(scene.live.case.state).map(|(_, transition)| transition);
    leaving.find(|transition| Some(transition.event) == event && can_be_undone(transition))
}

/// What an attempt would bring, or why it would not be made; the scene stands as it would afterwards.
///
/// # Errors
/// As [`fire`](super::fire).
pub fn tried(
    scene: &mut Scene,
    at: &Moment,
    (via, actor): (Via, PersonId),
    attempt: &Attempt,
) -> Result<Records, (Error, Option<Box<records::Refused>>)> {
    let definition = std::sync::Arc::clone(&scene.definition);
    let known = definition.event_named(&attempt.event).is_some();
    if known
        && way(&definition, scene, &attempt.event).is_none()
        && leaves(&definition, scene, &attempt.event)
    {
        let detail = "this event is for one case at a time: fire it there";
        return Err((Error::Invalid(vec![FieldError::new("/event", detail)]), None));
    }
    let mut written = Records::default();
    match decide(scene, at, via, Some(actor), attempt, &mut written) {
        Ok(()) => Ok(written),
        Err(Declined::NoTrack) => Err((Error::NotFound, None)),
        Err(Declined::Invalid(_)) => {
            let detail = "the workflow of this case has no such event";
            Err((Error::Invalid(vec![FieldError::new("/event", detail)]), None))
        }
        Err(Declined::Refused(refused)) => {
            let refusal = refused.refusal.clone();
            let kept = kept(scene, at, Some(actor), (None, &attempt.event), refused);
            Err((Error::Refused(refusal), Some(Box::new(kept))))
        }
    }
}

fn leaves(definition: &Definition, scene: &Scene, event: &str) -> bool {
    let event = definition.event_named(event);
    definition.leaving(scene.live.case.state).any(|(_, transition)| Some(transition.event) == event)
}

/// What one event brings with its notices held back until `until`, the case as it stands at its end.
///
/// # Errors
/// As [`fire`](super::fire), with the refusal to keep where there is one.
pub fn taken(
    scene: &mut Scene,
    (at, until): (&Moment, DateTime<Utc>),
    by: (Via, PersonId),
    attempt: &Attempt,
) -> Result<Records, (Error, Option<Box<records::Refused>>)> {
    if attempt.if_version != scene.live.dossier.case.version {
        return Err((Error::Stale, None));
    }
    let mut written = tried(scene, at, by, attempt)?;
    for notice in &mut written.notices {
        hold(notice, until);
    }
    Ok(settled(scene, at, by.0, written))
}

/// Nothing of it goes out before.
fn hold(notice: &mut NewNotice, until: DateTime<Utc>) {
    notice.not_before = notice.not_before.max(Some(until));
    if let Pace::Digest(at) = notice.pace {
        notice.pace = Pace::Digest(at.max(until));
    }
}
