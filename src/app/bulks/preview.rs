//! What one event would do to many cases: who would be told, and which of them refuse it and why. Nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::Via;
use utoipa::ToSchema;

use super::carry::why_not;
use super::drawn::Drawn;
use super::{NewBulk, sound};
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::transition::{Attempt, held};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::records::Records;

/// What one event would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkPreview)]
pub struct PreviewView {
    /// The event.
    pub event: String,
    /// The words on its button, in the reader's language.
    pub event_label: String,
    /// How many cases it would move.
    pub able: usize,
    /// How many it would not.
    pub barred: usize,
    /// Fields of the input that are not right.
    pub faults: Vec<String>,
    /// Each case, in the order of the request.
    pub items: Vec<PreviewItem>,
}

/// What it would do to one case.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkPreviewItem)]
pub struct PreviewItem {
    /// The case.
    pub id: CaseId,
    /// The version that was tried.
    pub version: i32,
    /// Short code; nothing for a case that is not seen.
    pub reference: String,
    /// Who applies.
    pub applicant: String,
    /// Its state now, in the reader's language.
    pub from: String,
    /// Its state afterwards.
    pub to: Option<String>,
    /// Whether it would be done.
    pub able: bool,
    /// Why not.
    pub why: Option<String>,
    /// Who would be told what.
    pub told: Vec<Told>,
}

/// A notice that would go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BulkNotice)]
pub struct Told {
    /// Name of the notice.
    pub notice: String,
    /// Who would get it.
    pub people: Vec<String>,
}

/// Tries an event on many cases, each as if those before it were done, so that the last places are given once.
///
/// # Errors
/// [`Error::Invalid`] as [`create`](super::create) has it.
pub async fn preview(app: &App, caller: &Caller, new: &NewBulk) -> Result<PreviewView> {
    sound(new)?;
    let at = app.clock.moment();
    let conn = app.store.read();
    let ids: Vec<CaseId> = new.items.iter().map(|(id, ..)| *id).collect();
    let mut scenes: BTreeMap<CaseId, Scene> = BTreeMap::new();
    for scene in Scene::look_all(app, conn, &ids, &at).await? {
        if scene.live.dossier.visible(&caller.scope()) {
            scenes.insert(scene.live.dossier.case.id, scene);
        }
    }
    let mut drawn = Drawn::default();
    let mut items = Vec::with_capacity(new.items.len());
    let mut faults: BTreeSet<String> = BTreeSet::new();
    for (id, version, data) in &new.items {
        let mut merged = new.data.clone();
        merged.extend(data.clone());
        let attempt = Attempt {
            track: None,
            event: new.event.clone(),
            data: merged,
            reason: new.reason.clone(),
            note: None,
            if_version: *version,
        };
        items.push(match scenes.get_mut(id) {
            Some(scene) => one(scene, (caller, &at), &attempt, (&mut drawn, &mut faults)),
            None => unseen(*id, &attempt, &caller.language),
        });
    }
    let able = items.iter().filter(|item| item.able).count();
    Ok(PreviewView {
        event: new.event.clone(),
        event_label: super::label(app, conn, &new.event, &caller.language).await?,
        able,
        barred: items.len() - able,
        faults: faults.into_iter().collect(),
        items,
    })
}

fn unseen(id: CaseId, attempt: &Attempt, language: &str) -> PreviewItem {
    PreviewItem {
        id,
        version: attempt.if_version,
        reference: String::new(),
        applicant: String::new(),
        from: String::new(),
        to: None,
        able: false,
        why: Some(why_not(&Error::NotFound, None, language)),
        told: Vec::new(),
    }
}

fn one(
    scene: &mut Scene,
    (caller, at): (&Caller, &Moment),
    attempt: &Attempt,
    (drawn, faults): (&mut Drawn, &mut BTreeSet<String>),
) -> PreviewItem {
    let language = caller.language.as_str();
    drawn.lay(scene);
    let from = state(scene, language);
    let stale = attempt.if_version != scene.live.dossier.case.version;
    let tried = if stale {
        Err(Error::Stale)
    } else {
        held::tried(scene, at, (Via::Api, caller.person), attempt).map_err(|(error, _)| error)
    };
    let (why, told) = match &tried {
        Ok(written) => (None, told(scene, written)),
        Err(error) => (Some(why_not(error, Some(scene), language)), Vec::new()),
    };
    if let Err(Error::Refused(Refusal::InputInvalid { fields })) = &tried {
        faults.extend(fields.iter().map(|fault| fault.field.clone()));
    }
    if let Ok(written) = &tried {
        drawn.add(written);
    }
    let applicant = scene.holders.applicant.as_ref().map(|holder| holder.name.clone());
    PreviewItem {
        id: scene.live.dossier.case.id,
        version: attempt.if_version,
        reference: scene.live.dossier.application.reference.clone(),
        applicant: applicant.unwrap_or_default(),
        from,
        to: tried.is_ok().then(|| state(scene, language)),
        able: tried.is_ok(),
        why,
        told,
    }
}

fn state(scene: &Scene, language: &str) -> String {
    scene.definition.states[scene.live.case.state.at()].label.get(language).to_owned()
}

/// Notices with the names of those who would get them.
fn told(scene: &Scene, written: &Records) -> Vec<Told> {
    let name = |person: PersonId| {
        let holders = &scene.holders;
        let all = holders.applicant.iter().chain(&holders.staff).chain(&holders.chair).chain(&holders.linked);
        all.into_iter().find(|holder| holder.person == person).map(|holder| holder.name.clone())
    };
    let mut told: Vec<Told> = Vec::new();
    for notice in &written.notices {
        let person = name(notice.recipient).unwrap_or_default();
        match told.iter_mut().find(|known| known.notice == notice.notice) {
            Some(known) => known.people.push(person),
            None => told.push(Told { notice: notice.notice.clone(), people: vec![person] }),
        }
    }
    told
}
