//! Steps that nobody has been told of yet are taken back: one step more of the history, and the case stands where it stood.

use serde_json::json;
use sojourn_engine::machine::CALLED_BACK;
use sojourn_engine::vocabulary::{PostingKind, Via};

use super::effects::{Entry, record};
use super::keep;
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::{Error, Result};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::places::NewPosting;
use crate::store::records::Records;
use crate::store::undo::{self, Before, Posted};

/// Why a case is not put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// Something has happened to it since.
    Moved,
    /// A mail that tells of the step has gone out.
    Told,
    /// The place it gave back has gone to somebody else.
    Placed,
}

/// Puts a case back that still is in the version in which the steps left it; the transaction has read it, and is dropped when it stays.
///
/// # Errors
/// Those of the database.
pub async fn call_back(
    tx: &Tx,
    mut scene: Scene,
    (at, by, via): (&Moment, &Caller, Via),
    (left, before): (i32, Before),
) -> Result<std::result::Result<(), Stays>> {
    if scene.live.dossier.case.version != left {
        return Ok(Err(Stays::Moved));
    }
    let id = scene.live.dossier.case.id;
    if !undo::withdraw(tx, id, &before, at.now).await? {
        return Ok(Err(Stays::Told));
    }
    let Some(to) = scene.definition.state_named(&before.state) else { return Ok(Err(Stays::Moved)) };
    let mut records = Records::default();
    for posted in undo::postings(tx, id, &before).await? {
        take_back(&scene, posted, at, &mut records);
    }
    let role = scene.acting(Some(by.person), CALLED_BACK);
    let role = role.and_then(|name| scene.definition.role_named(&name));
    let definition = std::sync::Arc::clone(&scene.definition);
    let entry = Entry {
        event: CALLED_BACK,
        at: (None, to),
        from: Some(scene.live.dossier.case.state.clone()),
        role,
        actor: Some(by.person),
        facts: json!({ "after": before.steps }).to_string(),
        words: None,
    };
    let stage = super::drive::Stage {
        definition: &definition,
        version: scene.version,
        holders: &scene.holders,
        alliance: &scene.alliance,
        via,
        at,
    };
    record(&stage, &mut scene.live, entry, &mut records);
    let written = keep(tx, &scene, records).await;
    match written {
        Ok(()) => {}
        Err(Error::Refused(_)) => return Ok(Err(Stays::Placed)),
        Err(error) => return Err(error),
    }
    undo::end_links(tx, id, before.at, at.now).await?;
    if undo::restore(tx, &scene.live.dossier.case, before, at.now).await? {
        Ok(Ok(()))
    } else {
        Ok(Err(Stays::Moved))
    }
}

/// A posting is taken back by one of its own kind with the other sign.
fn take_back(scene: &Scene, posted: Posted, at: &Moment, records: &mut Records) {
    let Posted { line, kind, amount, account } = posted;
    let change = records.lines.entry(line).or_default();
    match kind {
        PostingKind::Hold => change.held -= amount,
        PostingKind::Use => {
            change.held += amount;
            change.used -= amount;
        }
        PostingKind::Release => change.held += amount,
        PostingKind::Capacity | PostingKind::Carry => return,
    }
    let case = &scene.live.dossier.case;
    records.postings.push(NewPosting {
        id: at.id(),
        line,
        kind,
        amount: -amount,
        step: Some((case.id, account, case.steps + 1)),
        run: None,
        person: None,
        reason: None,
        at: at.now,
    });
}
