//! A programme that is vetted by a case of its own: an internship offer, from draft to filled or withdrawn.
//!
//! The case follows a workflow of subject `programme`, and its states say who sees the programme. What happens to it may concern
//! applications: it is raised in each as the event that their workflow names for it, each in a transaction of its own.

use serde_json::json;
use sojourn_engine::ids::ProgrammeId;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{Publication, Via};

use super::courses::{self, About, Course, CourseView, Deed};
use super::transition::{self, Attempt};
use super::{Answer, App, Asked, Conflict, Error, Once, Page, Result, history};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::programmes::{self, Programme};
use crate::store::records::Records;
use crate::store::{Conn, Tx, vettings as store};

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
    let about = About::Programme(Box::new(programme.clone()));
    let (course, written) = courses::begin(app, tx, (caller, at), about, (workflow, "/vetted_by")).await?;
    programme.case_id = Some(course.row.id);
    programme.status = publication(&course);
    Ok(written)
}

/// The case of a programme, for whoever has a part in it.
async fn read(app: &App, conn: &impl Conn, caller: &Caller, id: ProgrammeId, at: &Moment) -> Result<Course> {
    let programme = programmes::any(conn, id).await?.ok_or(Error::NotFound)?;
    let here = caller.coordinated().contains(&programme.host_id);
    if !here && !caller.is_secretariat() && !caller.is_chair() {
        return Err(Error::NotFound);
    }
    let case = programme.case_id.ok_or(Error::NotFound)?;
    courses::resume(app, conn, at, About::Programme(Box::new(programme)), case).await
}

/// The case of a programme as the caller sees it.
///
/// # Errors
/// [`Error::NotFound`] when it has none, or the caller has no part in it.
pub async fn get(app: &App, caller: &Caller, id: ProgrammeId) -> Result<CourseView> {
    let at = app.clock.moment();
    let course = read(app, app.store.read(), caller, id, &at).await?;
    Ok(courses::view(&course, caller, &at))
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
) -> Result<(CourseView, Page<history::StepView>)> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let course = read(app, conn, caller, id, &at).await?;
    let steps = history::of_course(conn, caller, &course.definition, course.row.id, asked).await?;
    Ok((courses::view(&course, caller, &at), steps))
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
    let course = read(app, app.store.read(), caller, id, &at).await?;
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
    let mut course = read(app, &tx, caller, id, &at).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if attempt.if_version != course.row.version {
        return Err(Error::Stale);
    }
    courses::known(&course, attempt)?;
    let deed = Deed {
        event: &attempt.event,
        data: &attempt.data,
        reason: attempt.reason.as_ref().map(|(code, text)| (code.as_str(), text.as_str())),
        note: attempt.note.as_deref(),
        actor: Some(caller.person),
        via,
    };
    if let Err(refusal) = courses::take(app, &tx, &mut course, &at, &deed).await? {
        return courses::decline(tx, &course, &at, &deed, refusal).await;
    }
    let answer = Answer::ok(course.row.version, &courses::view(&course, caller, &at))?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Makes the programme as visible as its case now says, and notes what applications have to be told.
pub(super) async fn publish(tx: &Tx, course: &Course, programme: &Programme, event: &str) -> Result<()> {
    let mut programme = programme.clone();
    programme.status = publication(course);
    programme.raises = Some(json!(raised(&programme, format!("{}.{event}", course.definition.id))));
    programme.version += 1;
    if programmes::replace(tx, programme).await? { Ok(()) } else { Err(Error::Stale) }
}

/// Who sees the programme as its case stands.
fn publication(course: &Course) -> Publication {
    course.definition.states[course.case.state.at()].publication.unwrap_or(Publication::Draft)
}

/// What applications have still to be told, with one thing more.
fn raised(programme: &Programme, happened: String) -> Vec<String> {
    let known = programme.raises.as_ref().and_then(|known| known.as_array());
    let known = known.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned));
    known.chain([happened]).collect()
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
