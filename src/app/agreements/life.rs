//! The case behind an agreement: given to each that has none, and what its steps do to the agreement.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use sojourn_engine::definition::{Definition, StateIx};
use sojourn_engine::ids::{InstitutionId, PersonId, WorkflowVersionId};
use sojourn_engine::machine;
use sojourn_engine::vocabulary::{self, AgreementStatus, Subject, Via};

use super::terms::Terms;
use super::{Agreement, renewal, store};
use crate::app::applications::fresh_case;
use crate::app::courses::{self, About, Course, Effect, Taken};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::dossiers::Institution;
use crate::store::records::Records;
use crate::store::{Conn, Tx, institutions, waiting_lists};

/// The workflow of an agreement that names none.
pub const USUAL: &str = "agreement";
/// Agreements that are given their cases at a time.
const BATCH: u64 = 100;

/// The agreement that a case is about.
///
/// # Errors
/// [`Error::Internal`] for a case about anything else.
pub fn agreement(course: &Course) -> Result<&Agreement> {
    match &course.about {
        About::Agreement(agreement) => Ok(agreement),
        About::Programme(_) => Err(Error::Internal("a programme's case is no agreement's".into())),
    }
}

/// The case of an agreement.
///
/// # Errors
/// [`Error::NotFound`] while it has none.
pub async fn of(app: &App, conn: &impl Conn, row: Agreement, at: &Moment) -> Result<Course> {
    let case = row.case_id.ok_or(Error::NotFound)?;
    courses::resume(app, conn, at, About::Agreement(Box::new(row)), case).await
}

/// Gives an agreement from before there were such cases its own.
pub async fn ensure(app: &App, tx: &Tx, row: &mut Agreement, at: &Moment) -> Result<()> {
    if row.case_id.is_some() {
        return Ok(());
    }
    let mut rows = [row.clone()];
    let written = lay(app, tx, (None, at), &mut rows).await?;
    give(tx, &rows, written).await?;
    let [given] = rows;
    *row = Agreement { version: given.version + 1, ..given };
    Ok(())
}

impl App {
    /// Gives agreements from before there were such cases their own, a batch at a time; how many were given one.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn run_agreements(&self, at: &Moment) -> Result<usize> {
        let mut given = 0;
        loop {
            let mut rows = store::without_case(self.store.read(), BATCH).await?;
            if rows.is_empty() {
                return Ok(given);
            }
            let tx = self.store.begin().await?;
            let written = lay(self, &tx, (None, at), &mut rows).await?;
            match give(&tx, &rows, written).await {
                Ok(()) => tx.commit().await?,
                // Another process is at it.
                Err(Error::Stale) => return Ok(given),
                Err(fault) => return Err(fault),
            }
            given += rows.len();
        }
    }
}

async fn give(tx: &Tx, rows: &[Agreement], written: Records) -> Result<()> {
    for row in rows {
        let case = row.case_id.ok_or_else(|| Error::Internal("laid without a case".into()))?;
        if !store::run_by(tx, row, case).await? {
            return Err(Error::Stale);
        }
    }
    courses::keep(tx, written).await
}

/// Lays a case for each of these agreements where the agreement stands, telling nobody; by `None` it is the system's doing.
///
/// # Errors
/// [`Error::Invalid`] when the usual workflow is not in force.
pub async fn lay(
    app: &App,
    conn: &impl Conn,
    (by, at): (Option<PersonId>, &Moment),
    rows: &mut [Agreement],
) -> Result<Records> {
    let (version, definition) =
        courses::in_force(app, conn, (USUAL, Subject::Agreement), "/workflow").await?;
    let ids: Vec<InstitutionId> = rows.iter().flat_map(Agreement::sides).collect();
    let mut ends: BTreeMap<InstitutionId, Institution> = BTreeMap::new();
    for found in institutions::several(conn, &ids).await? {
        ends.insert(found.id, Institution::try_from(found)?);
    }
    let mut written = Records::default();
    for row in rows {
        let end = |id: InstitutionId| ends.get(&id).cloned();
        let sides = (end(row.proposer_id), row.partner_id.and_then(end));
        let course = land(row, sides, (version, &definition), (app, by, at), &mut written)?;
        row.case_id = Some(course.row.id);
        row.status = definition.states[course.case.state.at()].standing.unwrap_or(row.status);
    }
    Ok(written)
}

fn land(
    row: &Agreement,
    sides: (Option<Institution>, Option<Institution>),
    (version, definition): (WorkflowVersionId, &Arc<Definition>),
    (app, by, at): (&App, Option<PersonId>, &Moment),
    written: &mut Records,
) -> Result<Course> {
    let about = About::Agreement(Box::new(row.clone()));
    let fresh = fresh_case(definition, version, at);
    let mut course = Course::bare(about, sides, (fresh, Arc::clone(definition)), app);
    course.quiet = true;
    let state = standing(definition, row.status).ok_or_else(|| {
        Error::Internal(format!("no state of `{}` stands for `{}`", definition.id, row.status).into())
    })?;
    let mut records = Records::default();
    course.land(at, state, by, &mut records);
    while let Some(event) = over(&course, at) {
        let nothing = serde_json::Map::new();
        let deed = courses::Deed {
            event: &event,
            data: &nothing,
            reason: None,
            note: None,
            actor: None,
            via: Via::Clock,
        };
        if course.step(at, &deed, &mut records).is_err() {
            break;
        }
    }
    records.stopped.clear();
    records.clocks.retain(|clock| course.clocks.iter().any(|(row, _)| *row == clock.id));
    records.waits = course.waits();
    records.opened.push(course.opened());
    written.append(records);
    Ok(course)
}

/// The first state that stands for how far an agreement has come.
fn standing(definition: &Definition, status: AgreementStatus) -> Option<StateIx> {
    let mut states = (0..).map(StateIx).zip(&definition.states);
    states.find(|(_, state)| state.standing == Some(status)).map(|(ix, _)| ix)
}

/// The event of a clock whose end has passed.
fn over(course: &Course, at: &Moment) -> Option<String> {
    let definition = &course.definition;
    let over = course.case.clocks.iter().find(|running| running.due_at <= at.now)?;
    let fires = course.within(at, |context| machine::outcome(definition, over.clock, context.facts));
    let machine::Outcome::Fires(event) = fires? else { return None };
    Some(definition.events[event.at()].name.clone())
}

impl Course {
    /// Opens the case in a state it has come to elsewhere.
    fn land(&mut self, at: &Moment, state: StateIx, by: Option<PersonId>, records: &mut Records) {
        let definition = Arc::clone(&self.definition);
        let (case, clocks) = self.within(at, |context| machine::land(&definition, state, context));
        self.case = case;
        crate::app::transition::live::lay(&mut self.row, &definition, &self.case);
        self.start(at, &clocks, records);
        let first = definition.create.by.first().copied().filter(|_| by.is_some());
        let taken = Taken {
            event: "create",
            from: None,
            role: first,
            deed: None,
            via: Via::Import,
            actor: by,
            facts: "{}".to_owned(),
            is_step: true,
        };
        self.record(at, &taken, records);
    }
}

/// Writes into an agreement what the steps of its case have done to it.
///
/// # Errors
/// [`Error::Stale`] when the agreement has changed meanwhile.
pub async fn carry(app: &App, tx: &Tx, course: &mut Course, at: &Moment) -> Result<()> {
    let effects = std::mem::take(&mut course.effects);
    let mut row = agreement(course)?.clone();
    let before = row.status;
    let state = &course.definition.states[course.case.state.at()];
    row.status = state.standing.unwrap_or(before);
    let actor = effects.first().and_then(|effect| effect.actor);
    sign(&mut row, before, actor, at);
    let settles = |effect: &Effect| effect.terms == Some(vocabulary::Terms::Settle);
    let counts = before != AgreementStatus::Agreed || effects.iter().any(settles);
    let mut renewed = None;
    for effect in effects {
        if apply(&mut row, &effect, at)? {
            renewed = Some(effect);
        }
    }
    row.version += 1;
    if !store::replace(tx, row.clone()).await? {
        return Err(Error::Stale);
    }
    if counts && row.status == AgreementStatus::Agreed {
        waiting_lists::mark_agreement(tx, row.id, at.now).await?;
    }
    if let Some(effect) = renewed {
        renewal::draft(app, tx, (&row, course), &effect, at).await?;
    }
    course.about = About::Agreement(Box::new(row));
    Ok(())
}

/// Notes who agreed for which side, and when.
fn sign(row: &mut Agreement, before: AgreementStatus, actor: Option<PersonId>, at: &Moment) {
    match (before, row.status) {
        (was, AgreementStatus::Draft) if was != AgreementStatus::Draft => {
            (row.proposed_by, row.proposed_at) = (None, None);
        }
        (AgreementStatus::Draft, AgreementStatus::Proposed) => {
            (row.proposed_by, row.proposed_at) = (actor, Some(at.now));
        }
        (AgreementStatus::Draft | AgreementStatus::Proposed, AgreementStatus::Agreed) => {
            (row.agreed_by, row.agreed_at) = (actor, Some(at.now));
        }
        _ => {}
    }
}

/// Does to the row what a move asks for; whether an agreement for the time after is to be written.
fn apply(row: &mut Agreement, effect: &Effect, at: &Moment) -> Result<bool> {
    if let Some(day) = effect.last_day {
        row.ended_on = Some(day);
    }
    match effect.terms {
        None => {}
        Some(vocabulary::Terms::Propose) => {
            row.proposed_terms = Some(json!(Terms::amended(row, &effect.data, row.valid_from_on)?));
        }
        Some(vocabulary::Terms::Settle) => {
            if let Some(terms) = Terms::proposed(row) {
                terms.settle(row, at.now);
            }
        }
        Some(vocabulary::Terms::Drop) => row.proposed_terms = None,
        Some(vocabulary::Terms::Renew) => return Ok(true),
    }
    Ok(false)
}
