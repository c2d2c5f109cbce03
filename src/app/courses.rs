//! Cases that no application is about: of a programme that is vetted, of an agreement from its draft to its end.
//!
//! One machine, one history and one outbox as for applications; what differs is what stands behind the case, who are its ends, and
//! what its steps do to that.

mod about;
mod course;
mod due;
mod told;
mod view;

use std::sync::Arc;

use serde_json::json;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, MAIN, Resolver};
use sojourn_engine::ids::{CaseId, WorkflowVersionId};
use sojourn_engine::machine::Case;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::Subject;

use super::applications::fresh_case;
use super::holders::Holders;
use super::transition::Attempt;
use super::{App, Error, FieldError, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::dossiers::{CaseRow, Institution};
use crate::store::holders::{self, Sought};
use crate::store::records::{self, Opened, RecordError, Records};
use crate::store::{Conn, Tx, institutions, vettings as store, workflows};

pub(super) use about::{About, short};
pub(super) use course::{Course, Deed, Effect, Taken};
pub(super) use due::act;
pub use view::CourseView;
pub(super) use view::of as view;

/// The version of a workflow that new cases of this subject begin with.
///
/// # Errors
/// [`Error::Invalid`] at `pointer` for a workflow that is not in force or cannot carry such a case.
pub(super) async fn in_force(
    app: &App,
    conn: &impl Conn,
    (workflow, subject): (&str, Subject),
    pointer: &str,
) -> Result<(WorkflowVersionId, Arc<Definition>)> {
    let known = workflows::find(conn, workflow).await?.filter(|known| known.subject == subject);
    let current = match known {
        Some(_) => app.definitions.current(conn, workflow).await?,
        None => None,
    };
    let wrong = |detail: String| Error::Invalid(vec![FieldError::new(pointer, detail)]);
    let (version, definition) =
        current.ok_or_else(|| wrong(format!("no workflow for {subject}s with this id is in force")))?;
    match unfit(&definition) {
        Some(why) => Err(wrong(format!("no {subject} can follow this workflow: {why}"))),
        None => Ok((version, definition)),
    }
}

/// Why a workflow cannot carry such a case; `None` when it can.
fn unfit(definition: &Definition) -> Option<&'static str> {
    let programme = definition.subject == Subject::Programme;
    let strange = |role: &sojourn_engine::definition::Role| match role.resolver {
        Resolver::Home(_) => programme,
        Resolver::Applicant | Resolver::Link(_) => true,
        Resolver::Host(_) | Resolver::Secretariat | Resolver::Chair | Resolver::System => false,
    };
    if definition.roles.iter().any(strange) {
        return Some("its roles must be of those it is between, the secretariat, the chair or the system");
    }
    let beside = definition.machines().next().is_some();
    let more = beside || !definition.documents.is_empty() || !definition.accounts.is_empty();
    more.then_some("it must do without tracks, documents and accounts, which only applications have")
}

/// Opens the case of what is being entered; what it brings is yet to be kept.
///
/// # Errors
/// As [`in_force`], and [`Error::Refused`] for a caller who may not open it.
pub(super) async fn begin(
    app: &App,
    tx: &Tx,
    (caller, at): (&Caller, &Moment),
    about: About,
    (workflow, pointer): (&str, &str),
) -> Result<(Course, Records)> {
    let (version, definition) = in_force(app, tx, (workflow, about.subject()), pointer).await?;
    let row = fresh_case(&definition, version, at);
    let mut course = stage(app, tx, at, about, (row, definition)).await?;
    let mut written = Records::default();
    course.open(at, caller.person, &mut written).map_err(Error::Refused)?;
    written.opened.push(course.opened());
    Ok((course, written))
}

impl Course {
    /// The row of a case that is new.
    pub(super) fn opened(&self) -> Opened {
        Opened {
            subject: self.about.subject(),
            due_at: self.case.due_at(),
            case: self.row.clone(),
            application: None,
        }
    }

    /// A case in nobody's hands yet.
    pub(super) fn bare(
        about: About,
        (home, host): (Option<Institution>, Option<Institution>),
        (row, definition): (CaseRow, Arc<Definition>),
        app: &App,
    ) -> Self {
        Self {
            about,
            home,
            host,
            case: Case::new(&definition, row.created_at),
            row,
            definition,
            holders: Holders::default(),
            units: Vec::new(),
            alliance: Calendar::plain(app.zone),
            whole: app.name.clone(),
            clocks: Vec::new(),
            effects: Vec::new(),
            quiet: false,
        }
    }
}

async fn stage(
    app: &App,
    conn: &impl Conn,
    at: &Moment,
    about: About,
    (row, definition): (CaseRow, Arc<Definition>),
) -> Result<Course> {
    let today = Calendar::plain(app.zone).date(at.now);
    let mut ends = [None, None];
    let named = about.ends();
    for (end, id) in ends.iter_mut().zip([named.0, named.1]) {
        let Some(id) = id else { continue };
        let found = institutions::find(conn, id).await?.ok_or(Error::NotFound)?;
        *end = Some(Institution::try_from(found)?);
    }
    let unit = about.unit();
    let above = institutions::units_above(conn, &unit.into_iter().collect::<Vec<_>>()).await?;
    let units = unit.and_then(|unit| above.get(&unit).cloned()).unwrap_or_default();
    let ids: Vec<_> = named.0.into_iter().chain(named.1).collect();
    let sought = Sought { staff_of: Some(ids), cases: vec![row.id], chair: true, ..Sought::default() };
    let company = holders::company(conn, &sought, today).await?;
    let holders = Holders { staff: company.staff, chair: company.chair, ..Holders::default() };
    let [home, host] = ends;
    let bare = Course::bare(about, (home, host), (row, definition), app);
    Ok(Course { holders, units, ..bare })
}

/// The case as it stands.
///
/// # Errors
/// [`Error::NotFound`] for no such case.
pub(super) async fn resume(
    app: &App,
    conn: &impl Conn,
    at: &Moment,
    about: About,
    case: CaseId,
) -> Result<Course> {
    let row = store::case(conn, case).await?.ok_or(Error::NotFound)?;
    let definition = app.definitions.get(conn, row.workflow).await?;
    let mut course = stage(app, conn, at, about, (row, definition)).await?;
    course.resume(&store::clocks(conn, case).await?)?;
    Ok(course)
}

/// Passes for an event that the case's workflow knows.
///
/// # Errors
/// [`Error::Invalid`] for any other.
pub(super) fn known(course: &Course, attempt: &Attempt) -> Result<()> {
    if course.definition.event_named(&attempt.event).is_some() {
        return Ok(());
    }
    let detail = format!("this workflow has no event `{}`: take one of the case's `offers`", attempt.event);
    Err(Error::Invalid(vec![FieldError::new("/event", detail)]))
}

/// Takes the deed and writes what comes of it; the inner error is the engine's refusal.
pub(super) async fn take(
    app: &App,
    tx: &Tx,
    course: &mut Course,
    at: &Moment,
    deed: &Deed<'_>,
) -> Result<std::result::Result<(), Refusal>> {
    let mut written = Records::default();
    if let Err(refusal) = course.fire(at, deed, &mut written) {
        return Ok(Err(refusal));
    }
    keep(tx, written).await?;
    course.row.version += 1;
    course.carry(app, tx, at, deed.event).await?;
    Ok(Ok(()))
}

/// Writes what cases without places bring.
///
/// # Errors
/// [`Error::Stale`] when one of them has moved meanwhile.
pub(super) async fn keep(tx: &Tx, written: Records) -> Result<()> {
    records::keep(tx, written).await.map_err(|error| match error {
        RecordError::Store(error) => error.into(),
        RecordError::Stale(_) | RecordError::Full(_) | RecordError::Answered => Error::Stale,
    })
}

/// Keeps the refused attempt, alone, and tells why.
pub(super) async fn decline<T>(
    tx: Tx,
    course: &Course,
    at: &Moment,
    deed: &Deed<'_>,
    refusal: Refusal,
) -> Result<T> {
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
