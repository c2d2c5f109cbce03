//! A programme that is vetted by a case of its own: an internship offer, from draft to filled or withdrawn.
//!
//! The case follows a workflow of subject `programme`, and its states say who sees the programme. What happens to it may concern
//! applications: it is raised in each as the event that their workflow names for it, each in a transaction of its own.

mod course;
mod due;
mod told;
mod view;

use std::sync::Arc;

use serde_json::json;
use sojourn_engine::definition::MAIN;
use sojourn_engine::ids::ProgrammeId;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{Subject, Via};

use self::course::{Course, Deed};
use super::applications::fresh_case;
use super::holders::Holders;
use super::transition::{self, Attempt};
use super::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, history};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::dossiers::Institution;
use crate::store::programmes::{self, Programme};
use crate::store::records::{self, Opened, RecordError, Records};
use crate::store::{Conn, Tx, holders, institutions, vettings as store, workflows};

pub(super) use due::act;
pub use view::VettingView;

/// The short code by which mails speak of a programme.
pub(super) fn reference(id: ProgrammeId) -> String {
    let digits = uuid::Uuid::from(id).simple().to_string().to_uppercase();
    digits.get(digits.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}

/// Opens the case of a programme that is being entered, and makes the programme as visible as its first state says.
///
/// # Errors
/// [`Error::Invalid`] for a workflow that cannot vet programmes, [`Error::Refused`] for a caller who may not open it.
pub(super) async fn open(
    app: &App,
    tx: &Tx,
    (caller, at): (&Caller, &Moment),
    programme: &mut Programme,
    workflow: &str,
) -> Result<Records> {
    let known = workflows::find(tx, workflow).await?.filter(|known| known.subject == Subject::Programme);
    let current = match known {
        Some(_) => app.definitions.current(tx, workflow).await?,
        None => None,
    };
    let wrong = |detail: &str| Error::Invalid(vec![FieldError::new("/vetted_by", detail)]);
    let (version, definition) =
        current.ok_or_else(|| wrong("no workflow for programmes with this id is in force"))?;
    if let Some(why) = course::unfit(&definition) {
        return Err(wrong(&format!("this workflow cannot vet a programme: {why}")));
    }
    let row = fresh_case(&definition, version, at);
    let mut course = stage(app, tx, at, (programme.clone(), row, definition)).await?;
    let mut written = Records::default();
    course.open(at, caller.person, &mut written).map_err(Error::Refused)?;
    programme.case_id = Some(course.row.id);
    programme.status = course.publication();
    written.opened.push(Opened {
        subject: Subject::Programme,
        due_at: course.case.due_at(),
        case: course.row,
        application: None,
    });
    Ok(written)
}

async fn stage(
    app: &App,
    conn: &impl Conn,
    at: &Moment,
    (programme, row, definition): (
        Programme,
        crate::store::dossiers::CaseRow,
        Arc<sojourn_engine::definition::Definition>,
    ),
) -> Result<Course> {
    let alliance = sojourn_engine::deadline::Calendar::plain(app.zone);
    let today = alliance.date(at.now);
    let host = institutions::find(conn, programme.host_id).await?.ok_or(Error::NotFound)?;
    let host = Institution::try_from(host)?;
    let above = institutions::units_above(conn, &programme.unit_id.into_iter().collect::<Vec<_>>()).await?;
    let units = programme.unit_id.and_then(|unit| above.get(&unit).cloned()).unwrap_or_default();
    let holders = Holders {
        applicant: None,
        staff: holders::staff(conn, &[host.id], today, &[row.id]).await?,
        chair: holders::chair(conn, today).await?,
        linked: Vec::new(),
    };
    let case = sojourn_engine::machine::Case::new(&definition, row.created_at);
    Ok(Course { programme, host, row, case, definition, holders, units, alliance, clocks: Vec::new() })
}

/// The case of a programme, for whoever has a part in it.
async fn read(
    app: &App,
    conn: &impl Conn,
    caller: Option<&Caller>,
    id: ProgrammeId,
    at: &Moment,
) -> Result<Course> {
    let programme = programmes::any(conn, id).await?.ok_or(Error::NotFound)?;
    if let Some(caller) = caller {
        let here = caller.coordinated().contains(&programme.host_id);
        if !here && !caller.is_secretariat() && !caller.is_chair() {
            return Err(Error::NotFound);
        }
    }
    let case = programme.case_id.ok_or(Error::NotFound)?;
    let row = store::case(conn, case).await?.ok_or(Error::NotFound)?;
    let definition = app.definitions.get(conn, row.workflow).await?;
    let mut course = stage(app, conn, at, (programme, row, definition)).await?;
    course.resume(&store::clocks(conn, case).await?)?;
    Ok(course)
}

/// The case of a programme as the caller sees it.
///
/// # Errors
/// [`Error::NotFound`] when it has none, or the caller has no part in it.
pub async fn get(app: &App, caller: &Caller, id: ProgrammeId) -> Result<VettingView> {
    let at = app.clock.moment();
    let course = read(app, app.store.read(), Some(caller), id, &at).await?;
    Ok(view::of(&course, caller, &at))
}

/// The same with a page of its history, read together.
///
/// # Errors
/// As [`get`].
pub async fn with_steps(
    app: &App,
    caller: &Caller,
    id: ProgrammeId,
    asked: &Asked,
) -> Result<(VettingView, Page<history::StepView>)> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let course = read(app, conn, Some(caller), id, &at).await?;
    let steps = history::of_programme(conn, caller, &course.definition, course.row.id, asked).await?;
    Ok((view::of(&course, caller, &at), steps))
}

/// A page of its history.
///
/// # Errors
/// As [`get`].
pub async fn steps(
    app: &App,
    caller: &Caller,
    id: ProgrammeId,
    asked: &Asked,
) -> Result<Page<history::StepView>> {
    Ok(with_steps(app, caller, id, asked).await?.1)
}

/// Why a step was refused, in the words of the case's workflow.
///
/// # Errors
/// As [`get`].
pub async fn explain(app: &App, caller: &Caller, id: ProgrammeId, refusal: &Refusal) -> Result<String> {
    let at = app.clock.moment();
    let course = read(app, app.store.read(), Some(caller), id, &at).await?;
    Ok(super::refusals::told(refusal, &course.definition, &caller.language))
}

/// Carries out one event on the case of a programme: checks it, records it, and queues what it causes.
///
/// # Errors
/// As [`transition::fire`](super::transition::fire).
pub async fn fire(
    app: &App,
    (caller, via): (&Caller, Via),
    once: &Once,
    id: ProgrammeId,
    attempt: &Attempt,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let mut course = read(app, &tx, Some(caller), id, &at).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if attempt.if_version != course.row.version {
        return Err(Error::Stale);
    }
    if course.definition.event_named(&attempt.event).is_none() {
        let detail =
            format!("this workflow has no event `{}`: take one of the case's `offers`", attempt.event);
        return Err(Error::Invalid(vec![FieldError::new("/event", detail)]));
    }
    let deed = Deed {
        event: &attempt.event,
        data: &attempt.data,
        reason: attempt.reason.as_ref().map(|(code, text)| (code.as_str(), text.as_str())),
        note: attempt.note.as_deref(),
        actor: Some(caller.person),
        via,
    };
    if let Err(refusal) = take(&tx, &mut course, &at, &deed).await? {
        return decline(tx, &course, &at, &deed, refusal).await;
    }
    course.row.version += 1;
    let answer = Answer::ok(course.row.version, &view::of(&course, caller, &at))?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Takes the deed and writes what comes of it; the inner error is the engine's refusal.
async fn take(
    tx: &Tx,
    course: &mut Course,
    at: &Moment,
    deed: &Deed<'_>,
) -> Result<std::result::Result<(), Refusal>> {
    let mut written = Records::default();
    if let Err(refusal) = course.fire(at, deed, &mut written) {
        return Ok(Err(refusal));
    }
    match records::keep(tx, written).await {
        Ok(()) => {}
        Err(RecordError::Stale(_) | RecordError::Full(_)) => return Err(Error::Stale),
        Err(RecordError::Store(error)) => return Err(error.into()),
    }
    publish(tx, course, deed.event).await?;
    Ok(Ok(()))
}

/// Makes the programme as visible as its case now says, and notes what applications have to be told.
async fn publish(tx: &Tx, course: &Course, event: &str) -> Result<()> {
    let mut programme = course.programme.clone();
    programme.status = course.publication();
    programme.raises = Some(json!(raised(&programme, format!("{}.{event}", course.definition.id))));
    programme.version += 1;
    if programmes::replace(tx, programme).await? { Ok(()) } else { Err(Error::Stale) }
}

/// What applications have still to be told, with one thing more.
fn raised(programme: &Programme, happened: String) -> Vec<String> {
    let known = programme.raises.as_ref().and_then(|known| known.as_array());
    let known = known.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned));
    known.chain([happened]).collect()
}

/// Keeps the refused attempt, alone, and tells why.
async fn decline(tx: Tx, course: &Course, at: &Moment, deed: &Deed<'_>, refusal: Refusal) -> Result<Answer> {
    records::refuse(&tx, kept(course, at, deed, &refusal)).await?;
    tx.commit().await?;
    Err(Error::Refused(refusal))
}

/// The row that keeps a refused attempt.
fn kept(course: &Course, at: &Moment, deed: &Deed<'_>, refusal: &Refusal) -> records::Refused {
    records::Refused {
        id: at.id(),
        case: course.row.id,
        machine: MAIN.to_owned(),
        at: at.now,
        actor: deed.actor,
        role: None,
        event: deed.event.to_owned(),
        workflow: course.row.workflow,
        facts: "{}".to_owned(),
        refusal: json!(refusal),
    }
}

impl App {
    /// Raises what has happened to programmes in the applications it concerns; how many moved.
    ///
    /// # Errors
    /// Faults of the database and of a case; the other programmes are told all the same, and what failed is tried again.
    pub async fn raise(&self, at: &Moment) -> Result<usize> {
        let mut moved = 0;
        let mut failed = Ok(());
        for raised in store::raised(self.store.read()).await? {
            match raise_one(self, at, &raised).await {
                Ok(number) => moved += number,
                // Somebody else has just moved a case: the next round looks again.
                Err(Error::Stale) => {}
                Err(fault) => failed = Err(fault),
            }
        }
        failed.map(|()| moved)
    }
}

async fn raise_one(app: &App, at: &Moment, raised: &store::Raised) -> Result<usize> {
    let mut moved = 0;
    for happened in &raised.happened {
        for case in store::concerned(app.store.read(), raised.programme).await? {
            moved += usize::from(transition::raise(app, at, case, happened).await?);
        }
    }
    let tx = app.store.begin().await?;
    store::settle(&tx, raised).await?;
    tx.commit().await?;
    Ok(moved)
}

/// A programme whose case says who sees it.
///
/// # Errors
/// [`Error::Conflict`] for one that is vetted.
pub(super) fn free(programme: &Programme) -> Result<()> {
    if programme.case_id.is_none() {
        return Ok(());
    }
    let detail = "its own case says who sees it: move that by `POST /programmes/{id}/events`";
    Err(Error::Conflict(Conflict::NotNow(detail.to_owned())))
}
