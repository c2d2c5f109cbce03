//! Where a case stands, as far as a step may change it: read before the step, and put back when the step is called back.
//!
//! Its history only grows: the calling back is a step of its own, and so is each posting that takes one back.

mod since;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{
    CaseId, ChoiceId, ClockRowId, InstitutionId, OfferingId, PersonId, PlaceLineId, UnitId,
};
use sojourn_engine::vocabulary::{AccountStatus, ChoiceResult, Duty, Phase, StateKind, StayKind};
use sojourn_entities::{account, application, case, choice, clock, stay, wait};

use super::dossiers::CaseRow;
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx, json, unwritten};

pub use since::{Posted, end_links, postings, withdraw};

/// All of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Before {
    /// State of the main machine.
    pub state: String,
    /// Number of the last step.
    pub steps: i32,
    /// When the steps happen that may be called back.
    pub at: DateTime<Utc>,
    case: CaseBefore,
    application: ApplicationBefore,
    choices: Vec<ChoiceBefore>,
    accounts: Vec<AccountBefore>,
    stays: Vec<StayBefore>,
    clocks: Vec<ClockBefore>,
    waits: Vec<WaitBefore>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CaseBefore {
    phase: Phase,
    kind: StateKind,
    entered_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    registers: serde_json::Value,
    collected: serde_json::Value,
    tracks: serde_json::Value,
    paused: serde_json::Value,
    hidden_until: Option<DateTime<Utc>>,
    acts: serde_json::Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ApplicationBefore {
    current_choice: Option<ChoiceId>,
    submitted_at: Option<DateTime<Utc>>,
    home_sees_from: Option<DateTime<Utc>>,
    receipt: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChoiceBefore {
    id: ChoiceId,
    line: Option<PlaceLineId>,
    result: ChoiceResult,
    host_sees_from: Option<DateTime<Utc>>,
    host_sees_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AccountBefore {
    account: String,
    status: AccountStatus,
    enabled: bool,
    line: Option<PlaceLineId>,
    amount: i32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StayBefore {
    seq: i16,
    choice: ChoiceId,
    offering: OfferingId,
    host: InstitutionId,
    kind: StayKind,
    days: (NaiveDate, NaiveDate, Option<NaiveDate>),
    credits: Option<i32>,
    months: Option<i32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ClockBefore {
    id: ClockRowId,
    wake_at: Option<DateTime<Utc>>,
    rungs: i16,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct WaitBefore {
    machine: String,
    role: String,
    duty: Option<Duty>,
    institution: Option<InstitutionId>,
    unit: Option<UnitId>,
    person: Option<PersonId>,
    since: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

/// Reads where applications stand before steps of that instant, each kind of row with one statement; whatever is none is left out.
pub async fn read(tx: &Tx, ids: &[CaseId], at: DateTime<Utc>) -> Result<BTreeMap<CaseId, Before>> {
    let rows = application::Entity::find()
        .filter(application::Column::Id.is_in(ids.iter().copied()))
        .find_also(application::Entity, case::Entity)
        .all(tx.db())
        .await?;
    let one =
        |(own, row): (application::Model, Option<case::Model>)| Some((own.id, Before::new(row?, own, at)));
    let mut read: BTreeMap<CaseId, Before> = rows.into_iter().filter_map(one).collect();
    choices(tx, ids, &mut read).await?;
    accounts(tx, ids, &mut read).await?;
    stays(tx, ids, &mut read).await?;
    clocks(tx, ids, &mut read).await?;
    waits(tx, ids, &mut read).await?;
    Ok(read)
}

type Read = BTreeMap<CaseId, Before>;

async fn choices(tx: &Tx, ids: &[CaseId], read: &mut Read) -> Result<()> {
    let theirs = choice::Column::ApplicationId.is_in(ids.iter().copied());
    for row in choice::Entity::find().filter(theirs).all(tx.db()).await? {
        let Some(before) = read.get_mut(&row.application_id) else { continue };
        before.choices.push(ChoiceBefore {
            id: row.id,
            line: row.place_line_id,
            result: row.result,
            host_sees_from: row.host_sees_from,
            host_sees_until: row.host_sees_until,
        });
    }
    Ok(())
}

async fn accounts(tx: &Tx, ids: &[CaseId], read: &mut Read) -> Result<()> {
    let theirs = account::Column::CaseId.is_in(ids.iter().copied());
    for row in account::Entity::find().filter(theirs).all(tx.db()).await? {
        let Some(before) = read.get_mut(&row.case_id) else { continue };
        before.accounts.push(AccountBefore {
            account: row.account,
            status: row.status,
            enabled: row.enabled,
            line: row.place_line_id,
            amount: row.amount,
        });
    }
    Ok(())
}

async fn stays(tx: &Tx, ids: &[CaseId], read: &mut Read) -> Result<()> {
    let theirs = stay::Column::ApplicationId.is_in(ids.iter().copied());
    for row in stay::Entity::find().filter(theirs).all(tx.db()).await? {
        let Some(before) = read.get_mut(&row.application_id) else { continue };
        before.stays.push(StayBefore {
            seq: row.seq,
            choice: row.choice_id,
            offering: row.offering_id,
            host: row.host_id,
            kind: row.kind,
            days: (row.start_on, row.end_on, row.asked_end_on),
            credits: row.credits_hundredths,
            months: row.months_hundredths,
        });
    }
    Ok(())
}

async fn clocks(tx: &Tx, ids: &[CaseId], read: &mut Read) -> Result<()> {
    let theirs = clock::Column::CaseId.is_in(ids.iter().copied());
    let running = clock::Entity::find().filter(theirs).filter(clock::Column::EndedAt.is_null());
    for row in running.all(tx.db()).await? {
        let Some(before) = read.get_mut(&row.case_id) else { continue };
        before.clocks.push(ClockBefore { id: row.id, wake_at: row.wake_at, rungs: row.rungs });
    }
    Ok(())
}

async fn waits(tx: &Tx, ids: &[CaseId], read: &mut Read) -> Result<()> {
    let theirs = wait::Column::CaseId.is_in(ids.iter().copied());
    for row in wait::Entity::find().filter(theirs).all(tx.db()).await? {
        let Some(before) = read.get_mut(&row.case_id) else { continue };
        before.waits.push(WaitBefore {
            machine: row.machine,
            role: row.role,
            duty: row.duty,
            institution: row.institution_id,
            unit: row.unit_id,
            person: row.person_id,
            since: row.since,
            due_at: row.due_at,
        });
    }
    Ok(())
}

/// Puts a case back where it stood, behind the history that `now` has; `false` when it changed since it was read.
pub async fn restore(tx: &Tx, now: &CaseRow, before: Before, at: DateTime<Utc>) -> Result<bool> {
    let was = before.case;
    let row = case::ActiveModel {
        state: Set(before.state),
        phase: Set(was.phase),
        kind: Set(was.kind),
        entered_at: Set(was.entered_at),
        due_at: Set(was.due_at),
        registers: Set(was.registers),
        collected: Set(was.collected),
        tracks: Set(was.tracks),
        paused: Set(was.paused),
        hidden_until: Set(was.hidden_until),
        acts: Set(was.acts),
        steps: Set(now.steps),
        head: Set(now.head.clone()),
        version: Set(now.version + 1),
        ..Default::default()
    };
    let update = case::Entity::update_many().set(row);
    let update = update.filter(case::Column::Id.eq(now.id)).filter(case::Column::Version.eq(now.version));
    if !guarded(tx, update).await? {
        return Ok(false);
    }
    own(tx, now.id, before.application).await?;
    choose(tx, before.choices).await?;
    seat(tx, now.id, before.accounts).await?;
    stay_again(tx, now.id, before.stays).await?;
    run_again(tx, now.id, &before.clocks, at).await?;
    wait_again(tx, now.id, before.waits).await?;
    Ok(true)
}

async fn own(tx: &Tx, id: CaseId, was: ApplicationBefore) -> Result<()> {
    let row = application::ActiveModel {
        current_choice_id: Set(was.current_choice),
        submitted_at: Set(was.submitted_at),
        home_sees_from: Set(was.home_sees_from),
        receipt: Set(was.receipt),
        ..Default::default()
    };
    application::Entity::update_many().set(row).filter(application::Column::Id.eq(id)).exec(tx.db()).await?;
    Ok(())
}

async fn choose(tx: &Tx, choices: Vec<ChoiceBefore>) -> Result<()> {
    for was in choices {
        let row = choice::ActiveModel {
            place_line_id: Set(was.line),
            result: Set(was.result),
            host_sees_from: Set(was.host_sees_from),
            host_sees_until: Set(was.host_sees_until),
            ..Default::default()
        };
        choice::Entity::update_many().set(row).filter(choice::Column::Id.eq(was.id)).exec(tx.db()).await?;
    }
    Ok(())
}

async fn seat(tx: &Tx, id: CaseId, accounts: Vec<AccountBefore>) -> Result<()> {
    account::Entity::delete_many().filter(account::Column::CaseId.eq(id)).exec(tx.db()).await?;
    let row = |was: AccountBefore| account::ActiveModel {
        case_id: Set(id),
        account: Set(was.account),
        status: Set(was.status),
        enabled: Set(was.enabled),
        place_line_id: Set(was.line),
        amount: Set(was.amount),
    };
    insert_many::<account::ActiveModel>(tx, accounts.into_iter().map(row).collect()).await
}

async fn stay_again(tx: &Tx, id: CaseId, stays: Vec<StayBefore>) -> Result<()> {
    stay::Entity::delete_many().filter(stay::Column::ApplicationId.eq(id)).exec(tx.db()).await?;
    let row = |was: StayBefore| stay::ActiveModel {
        application_id: Set(id),
        seq: Set(was.seq),
        choice_id: Set(was.choice),
        offering_id: Set(was.offering),
        host_id: Set(was.host),
        kind: Set(was.kind),
        start_on: Set(was.days.0),
        end_on: Set(was.days.1),
        asked_end_on: Set(was.days.2),
        credits_hundredths: Set(was.credits),
        months_hundredths: Set(was.months),
    };
    insert_many::<stay::ActiveModel>(tx, stays.into_iter().map(row).collect()).await
}

/// Ends the clocks that came since, and lets those run on that ran then.
async fn run_again(tx: &Tx, id: CaseId, clocks: &[ClockBefore], at: DateTime<Utc>) -> Result<()> {
    clock::Entity::update_many()
        .col_expr(clock::Column::EndedAt, Expr::value(at))
        .col_expr(clock::Column::WakeAt, Expr::value(None::<DateTime<Utc>>))
        .filter(clock::Column::CaseId.eq(id))
        .filter(clock::Column::EndedAt.is_null())
        .exec(tx.db())
        .await?;
    for was in clocks {
        clock::Entity::update_many()
            .col_expr(clock::Column::EndedAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(clock::Column::FiredAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(clock::Column::WakeAt, Expr::value(was.wake_at))
            .col_expr(clock::Column::Rungs, Expr::value(was.rungs))
            .filter(clock::Column::CaseId.eq(id))
            .filter(clock::Column::Id.eq(was.id))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

async fn wait_again(tx: &Tx, id: CaseId, waits: Vec<WaitBefore>) -> Result<()> {
    wait::Entity::delete_many().filter(wait::Column::CaseId.eq(id)).exec(tx.db()).await?;
    let row = |was: WaitBefore| wait::ActiveModel {
        case_id: Set(id),
        machine: Set(was.machine),
        role: Set(was.role),
        duty: Set(was.duty),
        institution_id: Set(was.institution),
        unit_id: Set(was.unit),
        person_id: Set(was.person),
        since: Set(was.since),
        due_at: Set(was.due_at),
    };
    insert_many::<wait::ActiveModel>(tx, waits.into_iter().map(row).collect()).await
}

impl Before {
    fn new(row: case::Model, own: application::Model, at: DateTime<Utc>) -> Self {
        Self {
            state: row.state,
            steps: row.steps,
            at,
            case: CaseBefore {
                phase: row.phase,
                kind: row.kind,
                entered_at: row.entered_at,
                due_at: row.due_at,
                registers: row.registers,
                collected: row.collected,
                tracks: row.tracks,
                paused: row.paused,
                hidden_until: row.hidden_until,
                acts: row.acts,
            },
            application: ApplicationBefore {
                current_choice: own.current_choice_id,
                submitted_at: own.submitted_at,
                home_sees_from: own.home_sees_from,
                receipt: own.receipt,
            },
            choices: Vec::new(),
            accounts: Vec::new(),
            stays: Vec::new(),
            clocks: Vec::new(),
            waits: Vec::new(),
        }
    }

    /// As a column keeps it.
    pub fn kept(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self).map_err(unwritten)
    }

    /// From the column.
    pub fn of(kept: serde_json::Value) -> Result<Self> {
        json(kept)
    }
}
