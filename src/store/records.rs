//! Writes what a batch of steps brought: slices in, set-based statements out.
//!
//! One event over HTTP is a batch of one, an import a batch of hundreds of whole lives; both take this one way. The order matters:
//! rows that others refer to first, guarded updates before anything that would have to be undone.

mod rows;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PlaceLineId};
use sojourn_entities::{account, application, case, choice, clock, history, posting, refusal, stay, wait};

pub use rows::{
    ChoiceState, Moved, NewChoice, NewClock, NewHistory, NewPayload, NewStay, NewWait, Opened,
    OpenedApplication, Records, Refused, Stopped,
};

use super::dossiers::{Account, ApplicationRow, Stay, Student};
use super::{Conn, StoreError, Tx, write::insert_many};
use super::{action_links, outbox, payloads, places, waiting_lists};

/// Why a batch was not written; nothing of it stays.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A case changed since it was read.
    #[error("case {0} changed meanwhile")]
    Stale(CaseId),
    /// A line has no place left.
    #[error("line {0} has no place left")]
    Full(PlaceLineId),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The instant that stands for "no clock runs": the last second of the year 9999.
pub fn never() -> DateTime<Utc> {
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Writes a batch.
///
/// # Errors
/// [`RecordError::Stale`] and [`RecordError::Full`] when a guarded update finds the row changed; drop the transaction then.
pub async fn keep(tx: &Tx, mut records: Records) -> Result<(), RecordError> {
    let steps = records.history.iter().map(|step| step.recorded_at);
    let at = steps.chain(records.postings.iter().map(|posting| posting.at)).max();
    for moved in &records.moved {
        advance(tx, moved).await?;
    }
    for (&line, &by) in &records.lines {
        if !places::change(tx, line, by).await? {
            return Err(RecordError::Full(line));
        }
        if by.held + by.used < 0 {
            records.awaited.insert(line);
        }
    }
    open(tx, records.opened).await?;
    choose(tx, records.choices, records.changed_choices).await?;
    insert_many(tx, records.new_accounts.into_iter().map(account_row).collect()).await?;
    accounts(tx, records.accounts).await?;
    stays(tx, &records.stays_of, records.stays).await?;
    change_stays(tx, &records.changed_stays).await?;
    insert_many::<history::ActiveModel>(tx, records.history.into_iter().map(Into::into).collect()).await?;
    payloads::add(tx, records.payloads).await?;
    insert_many::<posting::ActiveModel>(tx, records.postings.into_iter().map(Into::into).collect()).await?;
    stop(tx, &records.stopped).await?;
    insert_many::<clock::ActiveModel>(tx, records.clocks.into_iter().map(Into::into).collect()).await?;
    waits(tx, &records.waits_of, records.waits).await?;
    action_links::add(tx, records.links).await?;
    outbox::add(tx, records.notices).await?;
    // Last, as in every transaction that changes a line: whoever offers its places changes it before it looks at the mark.
    if let Some(at) = at {
        waiting_lists::mark(tx, &records.awaited, at).await?;
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

async fn advance(tx: &Tx, moved: &Moved) -> Result<(), RecordError> {
    let row = &moved.case;
    let update = case::Entity::update_many()
        .set(case::ActiveModel {
            workflow_version_id: Set(row.workflow),
            state: Set(row.state.clone()),
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
            head: Set(row.head.clone()),
            version: Set(row.version + 1),
            ..Default::default()
        })
        .filter(case::Column::Id.eq(row.id))
        .filter(case::Column::Version.eq(row.version));
    if update.exec(tx.db()).await.map_err(StoreError::from)?.rows_affected != 1 {
        return Err(RecordError::Stale(row.id));
    }
    let Some((application, frozen)) = &moved.application else { return Ok(()) };
    let model = application::ActiveModel {
        current_choice_id: Set(application.current_choice),
        submitted_at: Set(application.submitted_at),
        home_sees_from: Set(application.home_sees_from),
        receipt: Set(application.receipt.clone()),
        frozen_registration: frozen.as_ref().map_or(NotSet, |student| Set(Some(json!(student)))),
        ..Default::default()
    };
    let update = application::Entity::update_many().set(model).filter(application::Column::Id.eq(row.id));
    update.exec(tx.db()).await.map_err(StoreError::from)?;
    Ok(())
}

async fn open(tx: &Tx, opened: Vec<Opened>) -> Result<(), StoreError> {
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
    insert_many(tx, cases).await?;
    insert_many(tx, applications).await
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

async fn choose(tx: &Tx, new: Vec<NewChoice>, changed: Vec<NewChoice>) -> Result<(), StoreError> {
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
    insert_many::<choice::ActiveModel>(tx, new.into_iter().map(row).collect()).await?;
    let rows: Vec<_> = changed.into_iter().map(row).collect();
    let anew = OnConflict::column(choice::Column::Id)
        .update_columns([
            choice::Column::PlaceLineId,
            choice::Column::Result,
            choice::Column::HostSeesFrom,
            choice::Column::HostSeesUntil,
        ])
        .to_owned();
    for chunk in rows.chunks(1_000) {
        let insert = choice::Entity::insert_many(chunk.to_vec()).on_conflict(anew.clone());
        insert.exec_without_returning(tx.db()).await?;
    }
    Ok(())
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

async fn accounts(tx: &Tx, accounts: Vec<(CaseId, Account)>) -> Result<(), StoreError> {
    let rows: Vec<_> = accounts.into_iter().map(account_row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let anew = OnConflict::columns([account::Column::CaseId, account::Column::Account])
        .update_columns([
            account::Column::Status,
            account::Column::Enabled,
            account::Column::PlaceLineId,
            account::Column::Amount,
        ])
        .to_owned();
    for chunk in rows.chunks(2_000) {
        let insert = account::Entity::insert_many(chunk.to_vec()).on_conflict(anew.clone());
        insert.exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

async fn stays(tx: &Tx, of: &[CaseId], new: Vec<NewStay>) -> Result<(), StoreError> {
    if !of.is_empty() {
        let gone = stay::Entity::delete_many().filter(stay::Column::ApplicationId.is_in(of.iter().copied()));
        gone.exec(tx.db()).await?;
    }
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
    insert_many::<stay::ActiveModel>(tx, new.into_iter().map(row).collect()).await
}

async fn change_stays(tx: &Tx, changed: &[(CaseId, Stay)]) -> Result<(), StoreError> {
    for (id, stay) in changed {
        stay::Entity::update_many()
            .col_expr(stay::Column::EndOn, Expr::value(stay.end_on))
            .col_expr(stay::Column::AskedEndOn, Expr::value(stay.asked_end_on))
            .filter(stay::Column::ApplicationId.eq(*id))
            .filter(stay::Column::Seq.eq(stay.seq))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

async fn stop(tx: &Tx, stopped: &[Stopped]) -> Result<(), StoreError> {
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
        update.exec(tx.db()).await?;
    }
    Ok(())
}

async fn waits(tx: &Tx, of: &[CaseId], new: Vec<NewWait>) -> Result<(), StoreError> {
    if !of.is_empty() {
        wait::Entity::delete_many()
            .filter(wait::Column::CaseId.is_in(of.iter().copied()))
            .exec(tx.db())
            .await?;
    }
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
    insert_many::<wait::ActiveModel>(tx, new.into_iter().map(row).collect()).await
}
