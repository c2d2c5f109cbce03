//! Writes what a batch of steps brought: slices in, set-based statements out.
//!
//! One event over HTTP is a batch of one, an import a batch of hundreds of whole lives; both take this one way. Guarded updates come
//! before anything that would have to be undone, rows that others refer to before those.

mod rows;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};
use serde_json::json;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PlaceLineId};
use sojourn_entities::{
    account, action_link, application, case, choice, clock, history, outbox, posting, refusal, stay, wait,
};

pub use rows::{
    ChoiceState, Moved, NewChoice, NewClock, NewHistory, NewPayload, NewStay, NewWait, Opened,
    OpenedApplication, Records, Refused, Stopped,
};

use super::dossiers::{Account, ApplicationRow, Stay, Student};
use super::write::{Batch, insert_many};
use super::{Conn, StoreError, Tx, idempotency, payloads, places, waiting_lists};

/// Why a batch was not written; nothing of it stays.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A case changed since it was read.
    #[error("case {0} changed meanwhile")]
    Stale(CaseId),
    /// A line has no place left.
    #[error("line {0} has no place left")]
    Full(PlaceLineId),
    /// The request that brought it has been answered already.
    #[error("the request has been answered meanwhile")]
    Answered,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The instant that stands for "no clock runs": the last second of the year 9999.
pub fn never() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What one batch writes, each guard with what it means that it was lost.
type Writing = Batch<RecordError>;

/// Writes a batch.
///
/// # Errors
/// [`RecordError::Answered`], [`RecordError::Stale`] and [`RecordError::Full`] when a guarded statement finds the row changed; drop the
/// transaction then.
pub async fn keep(tx: &Tx, mut records: Records) -> Result<(), RecordError> {
    let steps = records.history.iter().map(|step| step.recorded_at);
    let at = steps.chain(records.postings.iter().map(|posting| posting.at)).max();
    let mut sealed = std::mem::take(&mut records.sealed);
    sealed.append(&mut payloads::sealed(tx, std::mem::take(&mut records.payloads)).await?);
    let mut batch = Writing::default();
    guard(&mut batch, &mut records)?;
    open(&mut batch, records.opened)?;
    choose(&mut batch, records.choices, records.changed_choices)?;
    batch.insert(records.new_accounts.into_iter().map(account_row).collect())?;
    accounts(&mut batch, records.accounts)?;
    stays(&mut batch, &records.stays_of, records.stays)?;
    change_stays(&mut batch, &records.changed_stays);
    batch.insert::<history::ActiveModel>(records.history.into_iter().map(Into::into).collect())?;
    batch.insert(sealed)?;
    batch.insert::<posting::ActiveModel>(records.postings.into_iter().map(Into::into).collect())?;
    stop(&mut batch, &records.stopped);
    batch.insert::<clock::ActiveModel>(records.clocks.into_iter().map(Into::into).collect())?;
    waits(&mut batch, &records.waits_of, records.waits)?;
    batch.insert::<action_link::ActiveModel>(records.links.into_iter().map(Into::into).collect())?;
    batch.insert::<outbox::ActiveModel>(records.notices.into_iter().map(Into::into).collect())?;
    // After all guards, as in every transaction that changes a line: whoever offers its places changes it before it looks at the mark.
    if let Some(at) = at {
        let (marks, again) = waiting_lists::marks(&records.awaited, at);
        batch.put(marks, again)?;
    }
    match batch.run(tx).await? {
        Some(lost) => Err(lost),
        None => Ok(()),
    }
}

/// Seals what people wrote before the batch is written, as far as each of them has a key already.
///
/// # Errors
/// Those of the database and of the vault.
pub async fn seal(conn: &impl Conn, records: &mut Records) -> Result<(), StoreError> {
    records.sealed.append(&mut payloads::sealed_ahead(conn, &mut records.payloads).await?);
    Ok(())
}

/// What decides races: the answer, so that a repeat is one whatever has changed since; cases; lines.
fn guard(batch: &mut Writing, records: &mut Records) -> Result<(), StoreError> {
    if let Some(answer) = records.answer.take() {
        idempotency::add(batch, answer, RecordError::Answered)?;
    }
    advance(batch, std::mem::take(&mut records.moved))?;
    for (&line, &by) in &records.lines {
        batch.guard(places::change(line, by).into_query(), RecordError::Full(line));
        if by.held + by.used < 0 {
            records.awaited.insert(line);
        }
    }
    Ok(())
}

/// Keeps a refused attempt.
pub async fn refuse(tx: &Tx, refused: Refused) -> Result<(), StoreError> {
    let row = refusal::ActiveModel {
        id: Set(refused.id),
        case_id: Set(refused.case),
        machine: Set(refused.machine),
        at: Set(refused.at),
        actor_id: Set(refused.actor),
        actor_role: Set(refused.role),
        event: Set(refused.event),
        workflow_version_id: Set(refused.workflow),
        facts: Set(refused.facts),
        refusal: Set(refused.refusal),
    };
    insert_many(tx, vec![row]).await
}

/// Removes refused attempts made before an instant, and says how many.
pub async fn forget_refusals(tx: &Tx, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let old = refusal::Entity::delete_many().filter(refusal::Column::At.lt(before));
    Ok(old.exec(tx.db()).await?.rows_affected)
}

/// Cases in the version they were read in, and what moved with them.
fn advance(batch: &mut Writing, all: Vec<Moved>) -> Result<(), StoreError> {
    let Some(first) = all.first().map(|moved| moved.case.id) else { return Ok(()) };
    let (mut cases, mut applications, mut frozen) = (Vec::with_capacity(all.len()), Vec::new(), Vec::new());
    for moved in all {
        let row = moved.case;
        if let Some((application, student)) = moved.application {
            let model = application::ActiveModel {
                id: Set(row.id),
                current_choice_id: Set(application.current_choice),
                submitted_at: Set(application.submitted_at),
                home_sees_from: Set(application.home_sees_from),
                receipt: Set(application.receipt),
                ..Default::default()
            };
            match student {
                None => applications.push(model),
                Some(student) => frozen.push(application::ActiveModel {
                    frozen_registration: Set(Some(json!(student))),
                    ..model
                }),
            }
        }
        cases.push(case::ActiveModel {
            id: Set(row.id),
            workflow_version_id: Set(row.workflow),
            state: Set(row.state),
            phase: Set(row.phase),
            kind: Set(row.kind),
            entered_at: Set(row.entered_at),
            due_at: Set(moved.due_at),
            registers: Set(json!(row.registers)),
            collected: Set(json!(row.collected)),
            tracks: Set(json!(row.tracks)),
            paused: Set(json!(row.paused)),
            hidden_until: Set(row.hidden_until),
            acts: Set(json!(row.acts)),
            steps: Set(row.steps),
            head: Set(row.head),
            version: Set(row.version + 1),
            ..Default::default()
        });
    }
    batch.guard_changes(cases, RecordError::Stale(first))?;
    batch.change(applications)?;
    batch.change(frozen)
}

fn open(batch: &mut Writing, opened: Vec<Opened>) -> Result<(), StoreError> {
    let mut cases = Vec::with_capacity(opened.len());
    let mut applications = Vec::with_capacity(opened.len());
    for new in opened {
        let row = new.case;
        applications.extend(
            new.application.map(|new| application_row(row.id, new.row, new.home, new.call, new.frozen)),
        );
        cases.push(case::ActiveModel {
            id: Set(row.id),
            subject: Set(new.subject),
            workflow_version_id: Set(row.workflow),
            state: Set(row.state),
            phase: Set(row.phase),
            kind: Set(row.kind),
            entered_at: Set(row.entered_at),
            due_at: Set(new.due_at),
            registers: Set(json!(row.registers)),
            collected: Set(json!(row.collected)),
            tracks: Set(json!(row.tracks)),
            paused: Set(json!(row.paused)),
            hidden_until: Set(row.hidden_until),
            acts: Set(json!(row.acts)),
            steps: Set(row.steps),
            head: Set(row.head),
            created_at: Set(row.created_at),
            version: Set(row.version),
        });
    }
    batch.insert(cases)?;
    batch.insert(applications)
}

fn application_row(
    id: CaseId,
    row: ApplicationRow,
    home: InstitutionId,
    call: CallId,
    frozen: Option<Student>,
) -> application::ActiveModel {
    application::ActiveModel {
        id: Set(id),
        reference: Set(row.reference),
        applicant_id: Set(row.applicant),
        registration_id: Set(row.registration),
        frozen_registration: Set(frozen.map(|student| json!(student))),
        home_id: Set(home),
        home_unit_id: Set(row.home_unit),
        call_id: Set(call),
        current_choice_id: Set(row.current_choice),
        answers: Set(row.answers),
        consents: Set(row.consents),
        submit_at_bell: Set(row.submit_at_bell),
        score_hundredths: Set(row.score_hundredths),
        scoring: Set(None),
        submitted_at: Set(row.submitted_at),
        home_sees_from: Set(row.home_sees_from),
        receipt: Set(row.receipt),
    }
}

fn choose(batch: &mut Writing, new: Vec<NewChoice>, changed: Vec<NewChoice>) -> Result<(), StoreError> {
    let row = |new: NewChoice| choice::ActiveModel {
        id: Set(new.id),
        application_id: Set(new.application),
        rank: Set(new.rank),
        offering_id: Set(new.offering),
        host_id: Set(new.host),
        place_line_id: Set(new.state.line),
        result: Set(new.state.result),
        host_sees_from: Set(new.state.host_sees_from),
        host_sees_until: Set(new.state.host_sees_until),
    };
    batch.insert::<choice::ActiveModel>(new.into_iter().map(row).collect())?;
    let anew = OnConflict::column(choice::Column::Id)
        .update_columns([
            choice::Column::PlaceLineId,
            choice::Column::Result,
            choice::Column::HostSeesFrom,
            choice::Column::HostSeesUntil,
        ])
        .to_owned();
    batch.put::<choice::ActiveModel>(changed.into_iter().map(row).collect(), anew)
}

fn account_row((case, account): (CaseId, Account)) -> account::ActiveModel {
    account::ActiveModel {
        case_id: Set(case),
        account: Set(account.name),
        status: Set(account.status),
        enabled: Set(account.enabled),
        place_line_id: Set(account.line),
        amount: Set(account.amount),
    }
}

fn accounts(batch: &mut Writing, accounts: Vec<(CaseId, Account)>) -> Result<(), StoreError> {
    let anew = OnConflict::columns([account::Column::CaseId, account::Column::Account])
        .update_columns([
            account::Column::Status,
            account::Column::Enabled,
            account::Column::PlaceLineId,
            account::Column::Amount,
        ])
        .to_owned();
    batch.put(accounts.into_iter().map(account_row).collect(), anew)
}

fn stays(batch: &mut Writing, of: &[CaseId], new: Vec<NewStay>) -> Result<(), StoreError> {
    let row = |new: NewStay| stay::ActiveModel {
        application_id: Set(new.application),
        seq: Set(new.seq),
        choice_id: Set(new.choice),
        offering_id: Set(new.offering),
        host_id: Set(new.host),
        kind: Set(new.kind),
        start_on: Set(new.days.0),
        end_on: Set(new.days.1),
        asked_end_on: Set(new.asked_end_on),
        credits_hundredths: Set(new.credits_hundredths),
        months_hundredths: Set(new.months_hundredths),
    };
    let rows: Vec<stay::ActiveModel> = new.into_iter().map(row).collect();
    if of.is_empty() {
        return batch.insert(rows);
    }
    let gone = stay::Entity::delete_many().filter(stay::Column::ApplicationId.is_in(of.iter().copied()));
    batch.replace(gone.into_query(), rows)
}

fn change_stays(batch: &mut Writing, changed: &[(CaseId, Stay)]) {
    for (id, stay) in changed {
        let update = stay::Entity::update_many()
            .col_expr(stay::Column::EndOn, Expr::value(stay.end_on))
            .col_expr(stay::Column::AskedEndOn, Expr::value(stay.asked_end_on))
            .filter(stay::Column::ApplicationId.eq(*id))
            .filter(stay::Column::Seq.eq(stay.seq));
        batch.update(update.into_query());
    }
}

fn stop(batch: &mut Writing, stopped: &[Stopped]) {
    for one in stopped.chunk_by(|one, next| (one.at, one.fired) == (next.at, next.fired)) {
        let [first, ..] = one else { continue };
        let mut update = clock::Entity::update_many()
            .col_expr(clock::Column::EndedAt, Expr::value(first.at))
            .col_expr(clock::Column::WakeAt, Expr::value(None::<DateTime<Utc>>))
            .filter(clock::Column::CaseId.is_in(one.iter().map(|stopped| stopped.case)))
            .filter(clock::Column::Id.is_in(one.iter().map(|stopped| stopped.row)));
        if first.fired {
            update = update.col_expr(clock::Column::FiredAt, Expr::value(first.at));
        }
        batch.update(update.into_query());
    }
}

fn waits(batch: &mut Writing, of: &[CaseId], new: Vec<NewWait>) -> Result<(), StoreError> {
    let row = |new: NewWait| wait::ActiveModel {
        case_id: Set(new.case),
        machine: Set(new.machine),
        role: Set(new.role),
        duty: Set(new.duty),
        institution_id: Set(new.institution),
        unit_id: Set(new.unit),
        person_id: Set(new.person),
        since: Set(new.since),
        due_at: Set(new.due_at.unwrap_or_else(never)),
    };
    let rows: Vec<wait::ActiveModel> = new.into_iter().map(row).collect();
    if of.is_empty() {
        return batch.insert(rows);
    }
    let gone = wait::Entity::delete_many().filter(wait::Column::CaseId.is_in(of.iter().copied()));
    batch.replace(gone.into_query(), rows)
}
