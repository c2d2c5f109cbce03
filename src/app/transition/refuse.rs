//! What is kept of an attempt that was not carried out, and what is told of it.

use sojourn_engine::definition::MAIN;
use sojourn_engine::ids::PersonId;

use super::Attempt;
use super::drive::Refused;
use crate::app::scene::Scene;
use crate::app::{App, Error, FieldError};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::records;

/// Why an attempt was not carried out, before anything is written.
pub(super) enum Declined {
    Invalid(Vec<FieldError>),
    NoTrack,
    Refused(Refused),
}

/// Keeps the refused attempt, alone, and tells why.
pub(super) async fn refuse(
    tx: Tx,
    scene: &Scene,
    at: &Moment,
    actor: Option<PersonId>,
    attempt: &Attempt,
    declined: Declined,
) -> Error {
    let refused = match declined {
        Declined::Invalid(faults) => return Error::Invalid(faults),
        Declined::NoTrack => return Error::NotFound,
        Declined::Refused(refused) => refused,
    };
    let refusal = refused.refusal.clone();
    let kept = kept(scene, at, actor, (attempt.track.as_ref(), &attempt.event), refused);
    let written = async {
        records::refuse(&tx, kept).await?;
        tx.commit().await
    };
    match written.await {
        Ok(()) => Error::Refused(refusal),
        Err(error) => error.into(),
    }
}

/// The row that keeps a refused attempt.
pub(in crate::app) fn kept(
    scene: &Scene,
    at: &Moment,
    actor: Option<PersonId>,
    (track, event): (Option<&(String, String)>, &str),
    refused: Refused,
) -> records::Refused {
    records::Refused {
        id: at.id(),
        case: scene.live.dossier.case.id,
        machine: track.map_or_else(|| MAIN.to_owned(), |(track, key)| format!("{track}/{key}")),
        at: at.now,
        actor,
        role: scene.acting(actor, event),
        event: event.to_owned(),
        workflow: scene.version,
        facts: refused.facts,
        refusal: serde_json::json!(refused.refusal),
    }
}

/// Keeps the attempt that lost a race for a place like one that was refused at once.
pub(super) async fn outrun(
    app: &App,
    scene: &Scene,
    at: &Moment,
    actor: Option<PersonId>,
    attempt: &Attempt,
    error: Error,
) -> Error {
    let Error::Refused(refusal) = error else { return error };
    let declined = Declined::Refused(Refused { refusal, facts: "{}".to_owned() });
    match app.store.begin().await {
        Ok(tx) => refuse(tx, scene, at, actor, attempt, declined).await,
        Err(error) => error.into(),
    }
}
