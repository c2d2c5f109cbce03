//! Agreements: one side writes and proposes, the other agrees; the places are lines of their own.
//!
//! Each is run by a case of its own, whose state says how far it has come. What both sides have agreed on changes by an amendment
//! that one proposes and the other accepts.

mod events;
mod life;
mod renewal;
mod terms;
pub mod windows;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::ids::{AgreementId, CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{AgreementStatus, Deed, InstitutionKind, Level, Matter};
use utoipa::ToSchema;

use self::windows::NominationWindow;
use super::audit::Deeds;
use super::courses::{self, About};
use super::{
    Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, coordinates, current, sound,
};
use crate::access::{Caller, Place};
use crate::store::{Tx, agreements as store, institutions};

pub use crate::store::agreements::{Agreement, Wanted};
pub use events::{case, explain, fire, next, steps, with_steps};
pub use life::USUAL;
pub(super) use life::{carry, lay};
pub use terms::{PastTerms, Terms};

const WRITER: &str = "a coordinator of the side that wrote it as a whole, or the secretariat";

/// An agreement between two institutions, or of a member with the alliance as a whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AgreementView {
    /// Its id.
    pub id: AgreementId,
    /// The side that wrote it.
    pub proposer: InstitutionId,
    /// The other side; none: the alliance as a whole, for every member.
    pub partner: Option<InstitutionId>,
    /// How far it has come, as the state of its case says.
    pub status: AgreementStatus,
    /// First day.
    pub valid_from_on: NaiveDate,
    /// Last day.
    pub valid_until_on: NaiveDate,
    /// ISCED-F 2013 codes it covers; empty: all.
    #[schema(value_type = Vec<String>)]
    pub fields: Value,
    /// Study cycles it covers; empty: all.
    #[schema(value_type = Vec<Level>)]
    pub levels: Value,
    /// Who agreed for the proposer.
    pub proposed_by: Option<PersonId>,
    /// When.
    pub proposed_at: Option<DateTime<Utc>>,
    /// Who agreed for the partner.
    pub agreed_by: Option<PersonId>,
    /// When.
    pub agreed_at: Option<DateTime<Utc>>,
    /// Last day, when ended before its time.
    pub ended_on: Option<NaiveDate>,
    /// Free text, seen by both sides.
    pub note: Option<String>,
    /// The case that runs it.
    pub case: Option<CaseId>,
    /// The amendment that one side has proposed.
    pub proposed_terms: Option<Terms>,
    /// Terms that amendments have replaced, the oldest first.
    pub past_terms: Vec<PastTerms>,
    /// When each side takes nominations as a host: its own to say, so it is not amended with the terms.
    pub nomination_windows: Vec<NominationWindow>,
    /// The agreement it goes on from.
    pub renews: Option<AgreementId>,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Agreement> for AgreementView {
    fn from(row: Agreement) -> Self {
        let (proposed_terms, past_terms) = (Terms::proposed(&row), Terms::past(&row));
        Self {
            case: row.case_id,
            proposed_terms,
            past_terms,
            nomination_windows: NominationWindow::of(&row),
            renews: row.renews_id,
            id: row.id,
            proposer: row.proposer_id,
            partner: row.partner_id,
            status: row.status,
            valid_from_on: row.valid_from_on,
            valid_until_on: row.valid_until_on,
            fields: row.fields,
            levels: row.levels,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            agreed_by: row.agreed_by,
            agreed_at: row.agreed_at,
            ended_on: row.ended_on,
            note: row.note,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A page of the agreements the caller sees.
pub async fn list(app: &App, caller: &Caller, asked: &Asked, wanted: &Wanted) -> Result<Page<AgreementView>> {
    Ok(store::list(app.store.read(), caller, asked, wanted).await?.map(Into::into))
}

/// One agreement the caller sees.
pub async fn get(app: &App, caller: &Caller, id: AgreementId) -> Result<AgreementView> {
    Ok(store::find(app.store.read(), caller, id).await?.ok_or(Error::NotFound)?.into())
}

/// An agreement to write, as a draft.
#[derive(Debug, Clone)]
pub struct NewAgreement {
    /// The side that writes it.
    pub proposer: InstitutionId,
    /// The other side; none: the alliance as a whole, for every member.
    pub partner: Option<InstitutionId>,
    /// First day.
    pub valid_from_on: NaiveDate,
    /// Last day.
    pub valid_until_on: NaiveDate,
    /// ISCED-F 2013 codes it covers; empty: all.
    pub fields: Vec<String>,
    /// Study cycles it covers; empty: all.
    pub levels: Vec<Level>,
    /// Free text, seen by both sides.
    pub note: Option<String>,
    /// The workflow its case follows.
    pub workflow: Option<String>,
}

/// What to change of an agreement; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct AgreementChange {
    /// First day.
    pub valid_from_on: Option<NaiveDate>,
    /// Last day.
    pub valid_until_on: Option<NaiveDate>,
    /// ISCED-F 2013 codes it covers.
    pub fields: Option<Vec<String>>,
    /// Study cycles it covers.
    pub levels: Option<Vec<Level>>,
    /// Free text, seen by both sides.
    pub note: Option<Option<String>>,
}

/// Writes an agreement as a draft.
pub async fn create(app: &App, caller: &Caller, once: &Once, new: NewAgreement) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    coordinates(
        caller,
        &Place::whole(new.proposer),
        "a coordinator of the proposing side, or the secretariat",
    )?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let mut row = Agreement {
        id: at.id(),
        proposer_id: new.proposer,
        partner_id: new.partner,
        status: AgreementStatus::Draft,
        valid_from_on: new.valid_from_on,
        valid_until_on: new.valid_until_on,
        fields: json!(new.fields),
        levels: json!(new.levels),
        proposed_by: None,
        proposed_at: None,
        agreed_by: None,
        agreed_at: None,
        ended_on: None,
        note: new.note,
        case_id: None,
        proposed_terms: None,
        past_terms: None,
        nomination_windows: None,
        renews_id: None,
        created_at: at.now,
        version: 1,
    };
    sides(&tx, &row).await?;
    days(&row)?;
    let about = About::Agreement(Box::new(row.clone()));
    let workflow = new.workflow.as_deref().unwrap_or(USUAL);
    let (course, written) = courses::begin(app, &tx, (caller, &at), about, (workflow, "/workflow")).await?;
    row.case_id = Some(course.row.id);
    let view = AgreementView::from(row.clone());
    store::add(&tx, row).await?;
    courses::keep(&tx, written).await?;
    let deed = Deeds::new(Deed::Create, Matter::Agreement, view.id).at(view.proposer);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::created(format!("/api/v1/agreements/{}", view.id), 1, &view)?).await
}

/// Changes the terms or the note of an agreement in the version that was read; [`fire`] moves it.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: AgreementId,
    read: i32,
    change: AgreementChange,
) -> Result<AgreementView> {
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    current(row.version, read)?;
    let was = AgreementView::from(row.clone());
    revise(&mut row, caller, &change)?;
    days(&row)?;
    keep(app, tx, caller, &was, row).await
}

/// Writes a changed agreement as the version after the one that was read, with the deed.
async fn keep(
    app: &App,
    tx: Tx,
    caller: &Caller,
    was: &AgreementView,
    row: Agreement,
) -> Result<AgreementView> {
    let row = Agreement { version: was.version + 1, ..row };
    let view = AgreementView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Agreement, view.id).at(view.proposer);
    deed.differing(was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

/// The terms are the proposer's to write until both have agreed; the note is both sides'.
fn revise(row: &mut Agreement, caller: &Caller, change: &AgreementChange) -> Result<()> {
    either(row, caller)?;
    if let Some(note) = &change.note {
        row.note.clone_from(note);
    }
    let terms = change.valid_from_on.is_some()
        || change.valid_until_on.is_some()
        || change.fields.is_some()
        || change.levels.is_some();
    if !terms {
        return Ok(());
    }
    coordinates(caller, &Place::whole(row.proposer_id), WRITER)?;
    match row.status {
        AgreementStatus::Draft | AgreementStatus::Proposed => {}
        AgreementStatus::Agreed => {
            return Err(not_now("both sides have agreed on these terms: propose an amendment"));
        }
        AgreementStatus::Ended | AgreementStatus::Dropped => {
            return Err(not_now("it is over: write another"));
        }
    }
    row.valid_from_on = change.valid_from_on.unwrap_or(row.valid_from_on);
    row.valid_until_on = change.valid_until_on.unwrap_or(row.valid_until_on);
    if let Some(fields) = &change.fields {
        row.fields = json!(fields);
    }
    if let Some(levels) = &change.levels {
        row.levels = json!(levels);
    }
    Ok(())
}

/// Passes for people of both sides, and for the secretariat.
fn either(row: &Agreement, caller: &Caller) -> Result<()> {
    let needs = "a coordinator of either side as a whole, or the secretariat";
    let first = coordinates(caller, &Place::whole(row.proposer_id), needs);
    match row.partner_id {
        Some(partner) => first.or_else(|_| coordinates(caller, &Place::whole(partner), needs)),
        None => first,
    }
}

fn not_now(detail: &str) -> Error {
    Error::Conflict(Conflict::NotNow(detail.to_owned()))
}

async fn sides(tx: &Tx, row: &Agreement) -> Result<()> {
    let mut wrong = Vec::new();
    let kind = async |id| institutions::find(tx, id).await.map(|found| found.map(|row| row.kind));
    if kind(row.proposer_id).await? != Some(InstitutionKind::Member) {
        wrong.push(FieldError::new("/proposer", "no such member of the alliance"));
    }
    let Some(partner) = row.partner_id else { return sound(wrong) };
    match kind(partner).await? {
        None => wrong.push(FieldError::new("/partner", "no such institution")),
        Some(InstitutionKind::Employer) => {
            wrong.push(FieldError::new("/partner", "an employer: its places stand in its programmes"));
        }
        Some(InstitutionKind::Member | InstitutionKind::Partner) => {}
    }
    if row.proposer_id == partner {
        wrong.push(FieldError::new("/partner", "the same as the proposer: name the other side"));
    }
    sound(wrong)
}

fn days(row: &Agreement) -> Result<()> {
    if row.valid_until_on < row.valid_from_on {
        let detail = "before the first day: give the days in order";
        return Err(Error::Invalid(vec![FieldError::new("/valid_until_on", detail)]));
    }
    Ok(())
}
