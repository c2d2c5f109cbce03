//! Programmes and what they offer: drafted and published by those who run exchanges for the host.
//!
//! Everybody sees what was published, signed in or not. An internship offer is a programme whose host is an employer.

mod offerings;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::ids::{CaseId, InstitutionId, ProgrammeId, UnitId};
use sojourn_engine::vocabulary::{Deed, InstitutionKind, Level, Matter, ProgrammeKind, Publication, Subject};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::{
    Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, coordinates, current, sound, vetting,
};
use crate::access::Caller;
use crate::store::records::{self, RecordError};
use crate::store::{Tx, institutions, programmes as store, workflows};

pub use crate::store::programmes::{Facets, Programme, Wanted};
pub use offerings::{
    NewOffering, OfferingChange, OfferingView, change_offering, create_offering, offering, offerings,
};

const NEEDS: &str = "a coordinator of the host, or the secretariat";

/// A programme; an internship offer is one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProgrammeView {
    /// Its id.
    pub id: ProgrammeId,
    /// What it is about.
    pub kind: ProgrammeKind,
    /// Who hosts it.
    pub host: InstitutionId,
    /// The host's unit.
    pub unit: Option<UnitId>,
    /// The workflow its applications follow.
    pub workflow: String,
    /// Title.
    pub title: String,
    /// Description, as Markdown.
    pub summary: Option<String>,
    /// ISCED-F 2013 codes it is for; empty: all.
    #[schema(value_type = Vec<String>)]
    pub fields: Value,
    /// Study cycles it is for; empty: all.
    #[schema(value_type = Vec<Level>)]
    pub levels: Value,
    /// Languages with CEFR level, one of which it asks for; empty: none.
    #[schema(value_type = Vec<String>)]
    pub languages: Value,
    /// Whether a stay brings credits.
    pub gives_credit: bool,
    /// Who sees it.
    pub status: Publication,
    /// The case that vets it, at `GET /programmes/{id}/case`; none for one whose status is set by hand.
    pub case: Option<CaseId>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Programme> for ProgrammeView {
    fn from(row: Programme) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            host: row.host_id,
            unit: row.unit_id,
            workflow: row.workflow_id,
            title: row.title,
            summary: row.summary,
            fields: row.fields,
            levels: row.levels,
            languages: row.languages,
            gives_credit: row.gives_credit,
            status: row.status,
            case: row.case_id,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A page of the programmes somebody sees.
pub async fn list(
    app: &App,
    by: Option<&Caller>,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<ProgrammeView>> {
    Ok(store::list(app.store.read(), by, asked, wanted).await?.map(Into::into))
}

/// What the programmes somebody sees can be narrowed to.
pub async fn facets(app: &App, by: Option<&Caller>) -> Result<Facets> {
    Ok(store::facets(app.store.read(), by).await?)
}

/// One programme somebody sees.
pub async fn get(app: &App, by: Option<&Caller>, id: ProgrammeId) -> Result<ProgrammeView> {
    Ok(store::find(app.store.read(), by, id).await?.ok_or(Error::NotFound)?.into())
}

/// A programme to enter, as a draft.
#[derive(Debug, Clone)]
pub struct NewProgramme {
    /// What it is about.
    pub kind: ProgrammeKind,
    /// Who hosts it.
    pub host: InstitutionId,
    /// The host's unit.
    pub unit: Option<UnitId>,
    /// The workflow its applications follow.
    pub workflow: String,
    /// Title.
    pub title: String,
    /// Description, as Markdown.
    pub summary: Option<String>,
    /// ISCED-F 2013 codes it is for; empty: all.
    pub fields: Vec<String>,
    /// Study cycles it is for; empty: all.
    pub levels: Vec<Level>,
    /// Languages it asks for with CEFR level.
    pub languages: Vec<String>,
    /// Whether a stay brings credits.
    pub gives_credit: bool,
    /// The workflow by which it is vetted, whose case says who sees it; none: its status is set by hand.
    pub vetted_by: Option<String>,
}

/// Enters a programme as a draft.
pub async fn create(app: &App, caller: &Caller, once: &Once, new: NewProgramme) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    coordinates(caller, &institutions::place(&tx, new.host, new.unit).await?, NEEDS)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let mut row = Programme {
        id: at.id(),
        kind: new.kind,
        host_id: new.host,
        unit_id: new.unit,
        workflow_id: new.workflow,
        title: new.title,
        summary: new.summary,
        fields: json!(new.fields),
        levels: json!(new.levels),
        languages: json!(new.languages),
        gives_credit: new.gives_credit,
        status: Publication::Draft,
        case_id: None,
        raises: None,
        created_at: at.now,
        version: 1,
    };
    check(&tx, &row).await?;
    if let Some(workflow) = &new.vetted_by {
        let written = vetting::open(app, &tx, (caller, &at), &mut row, workflow).await?;
        records::keep(&tx, written).await.map_err(|error| match error {
            RecordError::Store(error) => error.into(),
            RecordError::Stale(_) | RecordError::Full(_) | RecordError::Answered => Error::Stale,
        })?;
    }
    let view = ProgrammeView::from(row.clone());
    store::add(&tx, row).await?;
    let deed = Deeds::new(Deed::Create, Matter::Programme, view.id).at(view.host);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::created(format!("/api/v1/programmes/{}", view.id), 1, &view)?).await
}

/// Changes a programme in the version that was read; kind and host stay, and once published its workflow too.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: ProgrammeId,
    read: i32,
    fill: impl FnOnce(&mut Programme),
) -> Result<ProgrammeView> {
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, Some(caller), id).await?.ok_or(Error::NotFound)?;
    coordinates(caller, &institutions::place(&tx, row.host_id, row.unit_id).await?, NEEDS)?;
    current(row.version, read)?;
    let before = row.clone();
    fill(&mut row);
    if row.unit_id != before.unit_id {
        coordinates(caller, &institutions::place(&tx, row.host_id, row.unit_id).await?, NEEDS)?;
    }
    row.version = read + 1;
    if before.status != row.status {
        vetting::free(&before)?;
    }
    forward(before.status, row.status)?;
    if before.status != Publication::Draft && before.workflow_id != row.workflow_id {
        let detail = "applications count on the workflow it was published with: enter another programme";
        return Err(Error::Conflict(Conflict::NotNow(detail.to_owned())));
    }
    check(&tx, &row).await?;
    let view = ProgrammeView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Programme, id).at(view.host);
    deed.differing(&ProgrammeView::from(before), &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

/// Passes when a publication goes on: draft, published, closed, never back.
pub(super) fn forward(before: Publication, after: Publication) -> Result<()> {
    if before <= after {
        return Ok(());
    }
    let detail = format!("it is {before} already: from there it never becomes {after} again");
    Err(Error::Conflict(Conflict::NotNow(detail)))
}

async fn check(tx: &Tx, row: &Programme) -> Result<()> {
    let mut wrong = Vec::new();
    match institutions::find(tx, row.host_id).await? {
        None => wrong.push(FieldError::new("/host", "no such institution")),
        // An employer offers internships, and only an employer does.
        Some(host) => {
            if (host.kind == InstitutionKind::Employer) != (row.kind == ProgrammeKind::Internship) {
                let detail = "an employer hosts internships, and internships are hosted by employers";
                wrong.push(FieldError::new("/kind", detail));
            }
        }
    }
    if let Some(unit) = row.unit_id
        && institutions::unit(tx, row.host_id, unit).await?.is_none()
    {
        wrong.push(FieldError::new("/unit", "no such unit of the host"));
    }
    let workflow = workflows::find(tx, &row.workflow_id).await?;
    if workflow.is_none_or(|workflow| workflow.subject != Subject::Application)
        || workflows::current(tx, &row.workflow_id).await?.is_none()
    {
        wrong.push(FieldError::new("/workflow", "no workflow for applications with this id is in force"));
    }
    sound(wrong)
}
