//! What moves an agreement: events of its case, in the version of the agreement that was read.

use chrono::NaiveDate;
use sojourn_engine::definition::{Definition, LastDay, Transition};
use sojourn_engine::ids::AgreementId;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{self, Deed as Done, Matter, Via};

use super::life::agreement;
use super::terms::{Terms, within};
use super::{AgreementView, life, store};
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::courses::{self, Course, CourseView, Deed};
use crate::app::transition::Attempt;
use crate::app::{Answer, App, Asked, Error, Once, Page, Result, current, history, refusals};
use crate::clock::Moment;
use crate::store::Conn;

/// The case of an agreement, for whoever sees that.
async fn read(app: &App, conn: &impl Conn, caller: &Caller, id: AgreementId, at: &Moment) -> Result<Course> {
    let row = store::find(conn, caller, id).await?.ok_or(Error::NotFound)?;
    life::of(app, conn, row, at).await
}

/// The case of an agreement as the caller sees it.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the agreement, or no case runs it yet.
pub async fn case(app: &App, caller: &Caller, id: AgreementId) -> Result<CourseView> {
    let at = app.clock.moment();
    let course = read(app, app.store.read(), caller, id, &at).await?;
    Ok(courses::view(&course, caller, &at))
}

/// The same with a page of its history, read together.
///
/// # Errors
/// As [`case`].
pub async fn with_steps(
    app: &App,
    caller: &Caller,
    id: AgreementId,
    asked: &Asked,
) -> Result<(CourseView, Page<history::StepView>)> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let course = read(app, conn, caller, id, &at).await?;
    let steps = history::of_course(conn, caller, &course.definition, course.row.id, asked).await?;
    Ok((courses::view(&course, caller, &at), steps))
}

/// The agreement that goes on from one the caller sees.
///
/// # Errors
/// Faults of the database.
pub async fn next(app: &App, caller: &Caller, id: AgreementId) -> Result<Option<AgreementId>> {
    let conn = app.store.read();
    let Some(next) = store::next(conn, id).await? else { return Ok(None) };
    Ok(store::find(conn, caller, next).await?.map(|row| row.id))
}

/// A page of its history.
///
/// # Errors
/// As [`case`].
pub async fn steps(
    app: &App,
    caller: &Caller,
    id: AgreementId,
    asked: &Asked,
) -> Result<Page<history::StepView>> {
    Ok(with_steps(app, caller, id, asked).await?.1)
}

/// Why a step was refused, in the words of the case's workflow.
///
/// # Errors
/// As [`case`].
pub async fn explain(app: &App, caller: &Caller, id: AgreementId, refusal: &Refusal) -> Result<String> {
    let at = app.clock.moment();
    let course = read(app, app.store.read(), caller, id, &at).await?;
    Ok(refusals::told(refusal, &course.definition, &caller.language))
}

/// Carries out one event on the case of an agreement: checks it, records it, and queues what it causes.
///
/// # Errors
/// As [`transition::fire`](crate::app::transition::fire), and [`Error::Invalid`] for days and terms that cannot be.
pub async fn fire(
    app: &App,
    (caller, via): (&Caller, Via),
    once: &Once,
    id: AgreementId,
    attempt: &Attempt,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    current(row.version, attempt.if_version)?;
    life::ensure(app, &tx, &mut row, &at).await?;
    let was = AgreementView::from(row.clone());
    let mut course = life::of(app, &tx, row, &at).await?;
    courses::known(&course, attempt)?;
    let deed = Deed {
        event: &attempt.event,
        data: &attempt.data,
        reason: attempt.reason.as_ref().map(|(code, text)| (code.as_str(), text.as_str())),
        note: attempt.note.as_deref(),
        actor: Some(caller.person),
        via,
    };
    check(&course, &deed, at.now.with_timezone(&app.zone).date_naive())?;
    if let Err(refusal) = courses::take(app, &tx, &mut course, &at, &deed).await? {
        return courses::decline(tx, &course, &at, &deed, refusal).await;
    }
    let view = AgreementView::from(agreement(&course)?.clone());
    let noted = Deeds::new(Done::Change, Matter::Agreement, id).at(view.proposer);
    noted.differing(&was, &view)?.note(&tx, &at, caller).await?;
    let answer = turn.finish(tx, &at, Answer::ok(view.version, &view)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// The transition that somebody asks for from where the case stands.
fn meant<'d>(definition: &'d Definition, course: &Course, event: &str) -> Option<&'d Transition> {
    let event = definition.event_named(event)?;
    let mut leaving = definition.leaving(course.case.state).map(|(_, transition)| transition);
    leaving.find(|transition| transition.event == event && transition.join.is_none())
}

/// Passes for days and terms that can be; whether the step may be taken at all is the engine's to say.
fn check(course: &Course, deed: &Deed<'_>, today: NaiveDate) -> Result<()> {
    let row = agreement(course)?;
    let Some(transition) = meant(&course.definition, course, deed.event) else { return Ok(()) };
    let may = deed.actor.map(|actor| course.roles(actor));
    if !transition.by.iter().any(|role| may.is_some_and(|held| held.has(*role))) {
        return Ok(());
    }
    if let Some(LastDay::Set(field)) = &transition.last_day {
        let day = deed.data.get(field).and_then(|day| day.as_str()).and_then(|day| day.parse().ok());
        day.map_or(Ok(()), |day| within(row, field, day))?;
    }
    if transition.terms == Some(vocabulary::Terms::Propose) {
        Terms::amended(row, deed.data, today)?;
    }
    Ok(())
}
