//! Why an application came out of a run as it did, choice by choice.

use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::allocation::{Explained, Grounds};
use sojourn_engine::ids::{AllocationId, CallId, CaseId, OfferingId};
use sojourn_engine::vocabulary::AllocationStatus;
use utoipa::ToSchema;

use super::words::{self, Names};
use super::{frozen, unsound};
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::{App, Error, Result};
use crate::store::allocations as store;

/// Why an application came out as it did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// The application.
    pub application: CaseId,
    /// The run.
    pub run: AllocationId,
    /// Its number.
    pub number: i32,
    /// How far it has come.
    pub status: AllocationStatus,
    /// The rule in words, and why it holds.
    pub rule_in_words: String,
    /// The position of the choice it got; `null` for none.
    pub got: Option<u16>,
    /// Where it stood, in words.
    pub standing: Option<String>,
    /// Its choices, best first.
    pub choices: Vec<ChoiceExplained>,
}

/// One choice, explained.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChoiceExplained {
    /// Its position on the list.
    pub rank: u16,
    /// What it is.
    pub offering: OfferingId,
    /// What it is called.
    pub title: String,
    /// Where.
    pub host: String,
    /// Where the application stood for it, typed.
    #[schema(value_type = Object)]
    pub own: Value,
    /// How it came out, typed: `code` is `placed`, `better_obtained`, `no_line`, `not_eligible`, `full` or `spent`.
    #[schema(value_type = Object)]
    pub reason: Value,
    /// The same in words.
    pub because: String,
}

/// Why an application came out of a run as it did, in the caller's language. Its applicant reads it once the run is confirmed.
///
/// # Errors
/// [`Error::NotFound`] for a run or an application that the caller does not see, or that took no part.
pub async fn explanation(
    app: &App,
    caller: &Caller,
    of: (CallId, AllocationId),
    application: CaseId,
) -> Result<Explanation> {
    let conn = app.store.read();
    let at = app.clock.moment();
    let row = store::get(conn, of).await?.ok_or(Error::NotFound)?;
    let scene = Scene::look(app, &caller.scope(), application, &at).await?;
    let dossier = &scene.live.dossier;
    let own = dossier.application.applicant == caller.person;
    let decided = row.status != AllocationStatus::Trial
        && dossier.case.hidden_until.is_none_or(|until| until <= at.now);
    let runs = store::find(conn, caller, of).await?.is_some();
    let reads = if own { decided } else { runs && dossier.shown_to_home(&caller.scope()) };
    if !(reads || (runs && caller.is_secretariat() && !own)) {
        return Err(Error::NotFound);
    }
    let run = frozen(conn, row.id).await?;
    let placed = run.outcome.of(application).ok_or(Error::NotFound)?;
    let names = Names::of(conn, &run.input).await?;
    let instance = run.input.instance().map_err(|faults| unsound(&faults))?;
    let explained = Grounds::new(&instance, &run.outcome).of(application);
    let language = caller.language.as_str();
    let choice = |one: &Explained| ChoiceExplained {
        rank: one.rank,
        offering: one.offering,
        title: names.title(one.offering),
        host: names.host(one.offering),
        own: json!(one.own),
        reason: json!(one.reason),
        because: words::reason(&names, one, language),
    };
    Ok(Explanation {
        application,
        run: row.id,
        number: row.number,
        status: row.status,
        rule_in_words: words::rule(&names, (run.outcome.rule, run.outcome.why), language),
        got: placed.got.map(|got| got.rank),
        standing: explained.first().map(|one| words::standing(&one.own, language)),
        choices: explained.iter().map(choice).collect(),
    })
}

/// Why an application came out as it did of every run of its call that the caller reads it of, the latest first.
///
/// # Errors
/// Faults of the database.
pub async fn explanations(
    app: &App,
    caller: &Caller,
    call: CallId,
    application: CaseId,
) -> Result<Vec<Explanation>> {
    let mut all = Vec::new();
    for row in store::confirmed_of(app.store.read(), call).await? {
        match explanation(app, caller, (call, row.id), application).await {
            Ok(one) => all.push(one),
            Err(Error::NotFound) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(all)
}

/// The run that moved an application of a call, the latest of them.
///
/// # Errors
/// Faults of the database.
pub async fn moved_by(app: &App, call: CallId, application: CaseId) -> Result<Option<AllocationId>> {
    let conn = app.store.read();
    for row in store::confirmed_of(conn, call).await? {
        if frozen(conn, row.id).await?.outcome.of(application).is_some() {
            return Ok(Some(row.id));
        }
    }
    Ok(None)
}
