//! The one way to move a case: page, API, clock and import all come through here.
//!
//! [`fire`] reads the case, lets the engine decide, and writes state, history, places, clocks, waits and notices in one
//! transaction. New behaviour belongs in a guard, an effect or a fact; this file is frozen.

pub mod adopt;
mod again;
mod alternatives;
pub mod call_back;
pub mod chain;
mod clocks;
pub mod drive;
pub mod due;
mod effects;
pub mod facts;
pub mod hand_on;
pub mod held;
pub mod live;
mod notify;
pub mod places;
pub mod promote;
mod referees;
mod refuse;
mod settle;
mod situation;
mod stays;
mod step;
mod tracks;
mod widening;

use std::sync::Arc;

use serde_json::{Map, Value};
use sojourn_engine::definition::{DocumentIx, Each, InstanceId, Track, Trigger};
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_engine::machine::Instance;
use sojourn_engine::refusal::{Instead, NoPlace, Refusal};
use sojourn_engine::vocabulary::Via;

use self::again::again;
use self::drive::{Deed, Stage};
pub(super) use self::refuse::kept;
use self::refuse::{Declined, outrun, refuse};
use self::step::{Outcome, Step};
use super::scene::Scene;
use super::{Answer, App, Error, FieldError, Once, Result};
use crate::access::{Caller, Scope};
use crate::clock::Moment;
use crate::store::action_links::{self, ActionLink};
use crate::store::people;
use crate::store::records::{self, RecordError, Records};
use crate::store::{StoreError, Tx};

pub use notify::{asks, otherwise, zone};
pub use settle::{settle, settle_new};

/// One attempt as it came in.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The track and the key of its instance; `None` is the main machine.
    pub track: Option<(String, String)>,
    /// The event.
    pub event: String,
    /// Its raw input.
    pub data: Map<String, Value>,
    /// Code and text of the reason.
    pub reason: Option<(String, String)>,
    /// For the writer's institution only.
    pub note: Option<String>,
    /// The version the caller has read.
    pub if_version: i32,
}

/// Carries out one event on one application: checks it, records it, and queues what it causes.
///
/// All or nothing: state, history, places, clocks and notices commit together with the answer.
///
/// # Errors
/// [`Error::NotFound`] if the caller may not see it, [`Error::Stale`] if it changed since the caller read it,
/// [`Error::Refused`] with the engine's reason.
pub async fn fire(
    app: &App,
    caller: &Caller,
    via: Via,
    once: &Once,
    id: CaseId,
    attempt: &Attempt,
) -> Result<Answer> {
    let at = app.clock.moment();
    // What somebody else has moved meanwhile may not be committed yet: once more, it is read in its turn.
    match again(|tried| fired(app, caller, &at, (via, tried == 0), (once, id, attempt))).await {
        Err(error) => Err(alternatives::told(app, caller, &at, (id, attempt), error).await),
        done => done,
    }
}

async fn fired(
    app: &App,
    caller: &Caller,
    at: &Moment,
    (via, first): (Via, bool),
    (once, id, attempt): (&Once, CaseId, &Attempt),
) -> Result<Answer> {
    let turn = app.turn(caller, once).await?;
    let step = Step::of(app, caller, (at, via, first), (id, attempt));
    let (tx, Step { scene, outcome, .. }) = Box::pin(step).await?;
    // A request that was carried out before is answered as it was then; it is looked for where this one cannot be carried out.
    let (referee, mut written, answer) = match outcome {
        Outcome::Done(done) => *done,
        Outcome::Stale => return turn.replay(&tx, at).await?.ok_or(Error::Stale),
        Outcome::Declined(declined) => {
            if let Some(answer) = turn.replay(&tx, at).await? {
                return Ok(answer);
            }
            return Err(refuse(tx, &scene, at, Some(caller.person), attempt, declined).await);
        }
    };
    people::add(&tx, referee.into_iter().collect()).await?;
    written.answer = Some(turn.row(at, &answer));
    match records::keep(&tx, settled(&scene, at, via, written)).await {
        Ok(()) => tx.commit().await?,
        Err(RecordError::Answered) => return turn.yield_to(tx, at).await,
        // Somebody moved the case after it was read ahead.
        Err(RecordError::Stale(_)) if first && app.store.is_sqlite() => {
            return Err(StoreError::Crossed.into());
        }
        Err(error) => {
            drop(tx);
            let error = told(&scene, error);
            return Err(outrun(app, &scene, at, Some(caller.person), attempt, error).await);
        }
    }
    app.wake.notify_one();
    Ok(answer)
}

/// Carries out one event as the system: an expiry, a promotion, a run. `at` is the instant it happens at.
///
/// # Errors
/// As [`fire`].
pub async fn fire_as_system(
    app: &App,
    at: &Moment,
    via: Via,
    id: CaseId,
    (track, event): (Option<(String, String)>, &str),
    data: &Map<String, Value>,
) -> Result<()> {
    again(|_| {
        let track = track.clone();
        async move {
            let tx = app.store.begin().await?;
            let scene = Scene::read(app, &tx, &Scope::system(), id, at).await?;
            by_itself(app, tx, scene, (at, via), (track, event.to_owned()), data.clone()).await
        }
    })
    .await
}

/// Fires the event that a case's workflow names for something that happened elsewhere, as `workflow.event`; `false` where it names none from
/// the case's present state, or its rules refuse it, which is kept like any refusal.
///
/// # Errors
/// As [`fire`].
pub async fn raise(app: &App, at: &Moment, id: CaseId, happened: &str) -> Result<bool> {
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &Scope::system(), id, at).await?;
    let is_it = |on: &Option<Trigger>| matches!(on, Some(Trigger::Case(named)) if named == happened);
    let definition = Arc::clone(&scene.definition);
    let mut leaving = definition.leaving(scene.live.case.state);
    let Some((_, transition)) = leaving.find(|(_, transition)| is_it(&transition.on)) else {
        return Ok(false);
    };
    let event = definition.events[transition.event.at()].name.clone();
    match by_itself(app, tx, scene, (at, Via::Clock), (None, event), Map::new()).await {
        Ok(()) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Carries out one event for somebody who came by a link, which is spent with it; the transaction has read the case.
///
/// # Errors
/// As [`fire`], and [`Error::Stale`] when the link was spent meanwhile.
pub async fn fire_by_link(
    app: &App,
    tx: Tx,
    mut scene: Scene,
    (at, link): (&Moment, &ActionLink),
    attempt: &Attempt,
) -> Result<()> {
    let actor = Some(link.person_id);
    if attempt.if_version != scene.live.dossier.case.version {
        return Err(Error::Stale);
    }
    let mut written = Records::default();
    if let Err(refused) = decide(&mut scene, at, Via::Link, actor, attempt, &mut written) {
        return Err(refuse(tx, &scene, at, actor, attempt, refused).await);
    }
    if !action_links::spend(&tx, link.id, &attempt.event, at.now).await? {
        return Err(Error::Stale);
    }
    if let Err(error) = write(&tx, &scene, at, Via::Link, written).await {
        drop(tx);
        return Err(outrun(app, &scene, at, actor, attempt, error).await);
    }
    tx.commit().await?;
    app.wake.notify_one();
    Ok(())
}

async fn by_itself(
    app: &App,
    tx: Tx,
    mut scene: Scene,
    (at, via): (&Moment, Via),
    (track, event): (Option<(String, String)>, String),
    data: Map<String, Value>,
) -> Result<()> {
    let if_version = scene.live.dossier.case.version;
    let attempt = Attempt { track, event, data, reason: None, note: None, if_version };
    let mut written = Records::default();
    if let Err(refused) = decide(&mut scene, at, via, None, &attempt, &mut written) {
        return Err(refuse(tx, &scene, at, None, &attempt, refused).await);
    }
    if let Err(error) = write(&tx, &scene, at, via, written).await {
        drop(tx);
        return Err(outrun(app, &scene, at, None, &attempt, error).await);
    }
    tx.commit().await?;
    app.wake.notify_one();
    Ok(())
}

/// Lets the track of a document's slot take note that one was supplied; `false` when it has none, or its rules do not let it.
///
/// # Errors
/// Those of the database, and [`Error::Stale`] when the case changed meanwhile.
pub async fn uploaded(tx: &Tx, scene: &mut Scene, at: &Moment, slot: DocumentIx) -> Result<bool> {
    let definition = Arc::clone(&scene.definition);
    let asked = |track: &Track| scene.live.dossier.call.tracks.get(&track.name) == Some(&true);
    let takes_note = |instance: &&Instance| {
        let leaving = definition.leaving(instance.state);
        instance.id == InstanceId::of_document(instance.id.machine, slot)
            && definition
                .track(instance.id.machine)
                .is_some_and(|track| track.each == Some(Each::Document) && asked(track))
            && leaving.into_iter().any(|(_, transition)| transition.on == Some(Trigger::Upload))
    };
    let Some(instance) = scene.live.case.tracks.iter().find(takes_note) else { return Ok(false) };
    let mut leaving = definition.leaving(instance.state).map(|(_, transition)| transition);
    let event = leaving.find(|transition| transition.on == Some(Trigger::Upload)).map(|t| t.event);
    let (Some(event), Some(track)) = (event, definition.track(instance.id.machine)) else { return Ok(false) };
    let attempt = Attempt {
        track: Some((track.name.clone(), definition.key(instance.id))),
        event: definition.events[event.at()].name.clone(),
        data: Map::new(),
        reason: None,
        note: None,
        if_version: scene.live.dossier.case.version,
    };
    let mut written = Records::default();
    if decide(scene, at, Via::Api, None, &attempt, &mut written).is_err() {
        return Ok(false);
    }
    write(tx, scene, at, Via::Api, written).await?;
    Ok(true)
}

fn decide(
    scene: &mut Scene,
    at: &Moment,
    via: Via,
    actor: Option<PersonId>,
    attempt: &Attempt,
    written: &mut Records,
) -> std::result::Result<(), Declined> {
    let Some(event) = scene.definition.event_named(&attempt.event) else {
        let detail =
            format!("this workflow has no event `{}`: take one of the case's `offers`", attempt.event);
        return Err(Declined::Invalid(vec![FieldError::new("/event", detail)]));
    };
    let instance = match &attempt.track {
        None => None,
        Some((track, key)) => Some(scene.definition.instance_named(track, key).ok_or(Declined::NoTrack)?),
    };
    let (definition, dossier) = (&scene.definition, &scene.live.dossier);
    if actor.is_some_and(|person| !scene.holders.see(definition, person, dossier, instance)) {
        return Err(Declined::NoTrack);
    }
    let deed = Deed {
        event: &attempt.event,
        instance,
        data: &attempt.data,
        reason: attempt.reason.as_ref().map(|(code, text)| (code.as_str(), text.as_str())),
        note: attempt.note.as_deref(),
        actor,
    };
    let stage = Stage {
        definition: &scene.definition,
        version: scene.version,
        holders: &scene.holders,
        alliance: &scene.alliance,
        via,
        at,
    };
    drive::fire(&stage, &mut scene.live, &deed, event, written).map(|_| ()).map_err(Declined::Refused)
}

/// Settles the case and writes the batch.
async fn write(tx: &Tx, scene: &Scene, at: &Moment, via: Via, written: Records) -> Result<()> {
    keep(tx, scene, settled(scene, at, via, written)).await
}

/// The batch with the case as it stands at its end.
fn settled(scene: &Scene, at: &Moment, via: Via, mut written: Records) -> Records {
    settle(&scene.stage(at, via), scene.live.clone(), &mut written);
    written
}

/// Writes a batch; a race that was lost is told in the words of the rules.
pub(super) async fn keep(tx: &Tx, scene: &Scene, written: Records) -> Result<()> {
    records::keep(tx, written).await.map_err(|error| told(scene, error))
}

/// A race that was lost, in the words of the rules.
fn told(scene: &Scene, error: RecordError) -> Error {
    match error {
        RecordError::Stale(_) | RecordError::Answered => Error::Stale,
        RecordError::Full(line) => {
            let bound = scene.live.dossier.accounts.iter().find(|account| account.line == Some(line));
            let account = bound.map_or_else(String::new, |account| account.name.clone());
            let (code, instead) = (NoPlace::Full, Instead::default());
            Error::Refused(Refusal::NoPlace { account, code, free: 0, instead })
        }
        RecordError::Store(error) => error.into(),
    }
}
