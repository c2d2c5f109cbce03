//! What stands around the applications of a batch: one statement for each kind of row, however many applications there are.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CaseId, InstitutionId, ProgrammeId, UnitId};
use sojourn_entities::{
    account, application, call, case, choice, clock, document, institution, offering, period, programme,
    registration, stay,
};

use super::{
    Account, ApplicationRow, Call, CaseRow, Choice, Dossier, Institution, RunningClock, Stay, build_choice,
    student_of,
};
use crate::store::institutions::units_above;
use crate::store::places::{Line, lines_for};
use crate::store::{Conn, StoreError};

/// An application with the rows its own refers to.
pub(super) type Joined = (
    application::Model,
    Option<case::Model>,
    Option<registration::Model>,
    Option<institution::Model>,
    Option<call::Model>,
    Option<stay::Model>,
);

/// Rows around applications, by the application they belong to.
pub(super) struct Around {
    choices: BTreeMap<CaseId, Vec<Choice>>,
    accounts: BTreeMap<CaseId, Vec<Account>>,
    clocks: BTreeMap<CaseId, Vec<RunningClock>>,
    filled: BTreeMap<CaseId, Vec<String>>,
    lines: Vec<Line>,
    back: Vec<Line>,
    units: BTreeMap<UnitId, Vec<UnitId>>,
}

impl Around {
    /// Reads what stands around these applications.
    pub async fn read(conn: &impl Conn, rows: &[Joined]) -> Result<Self, StoreError> {
        let ids: Vec<CaseId> = rows.iter().map(|(application, ..)| application.id).collect();
        let choices = choices_of(conn, &ids).await?;
        let chosen = || choices.values().flatten();
        let hosts: Vec<InstitutionId> = chosen().map(|choice| choice.offering.host.id).collect();
        let programmes: Vec<ProgrammeId> = chosen().map(|choice| choice.offering.programme).collect();
        let homes: Vec<InstitutionId> = rows.iter().map(|(application, ..)| application.home_id).collect();
        let own = rows.iter().filter_map(|(application, ..)| application.home_unit_id);
        let units: Vec<UnitId> = chosen().filter_map(|choice| choice.offering.unit).chain(own).collect();
        let asks = rows.iter().any(|(_, _, _, _, call, _)| call.as_ref().is_some_and(|call| call.reciprocal));
        let back = if asks { lines_for(conn, &hosts, &homes, None).await? } else { Vec::new() };
        Ok(Self {
            back,
            units: units_above(conn, &units).await?,
            accounts: accounts_of(conn, &ids).await?,
            clocks: clocks_of(conn, &ids).await?,
            filled: filled_of(conn, &ids).await?,
            lines: lines_for(conn, &homes, &hosts, Some(&programmes)).await?,
            choices,
        })
    }

    /// The dossier of one of them.
    pub fn dossier(
        &mut self,
        application: application::Model,
        (case, registration, home, call): (case::Model, registration::Model, institution::Model, call::Model),
        stay: Option<stay::Model>,
    ) -> Result<Dossier, StoreError> {
        let id = application.id;
        let choices = self.choices.remove(&id).unwrap_or_default();
        let serves = |line: &&Line| line.may_serve(application.home_id, &choices);
        let lines = self.lines.iter().filter(serves).cloned().collect();
        let parties =
            choices.iter().filter_map(|choice| choice.offering.unit).chain(application.home_unit_id);
        let above = |unit: UnitId| Some((unit, self.units.get(&unit)?.clone()));
        Ok(Dossier {
            units: parties.filter_map(above).collect(),
            accounts: self.accounts.remove(&id).unwrap_or_default(),
            clocks: self.clocks.remove(&id).unwrap_or_default(),
            filled: self.filled.remove(&id).unwrap_or_default(),
            back: self
                .back
                .iter()
                .filter(|line| line.covers.host == Some(application.home_id))
                .cloned()
                .collect(),
            lines,
            student: student_of(&application, registration)?,
            case: CaseRow::try_from(case)?,
            application: ApplicationRow::from(application),
            home: Institution::try_from(home)?,
            call: Call::try_from(call)?,
            choices,
            stay: stay.map(Stay::from),
            extra_term: None,
            waiters: BTreeMap::new(),
        })
    }
}

impl Line {
    /// Whether a choice of an application from that home might draw on it.
    fn may_serve(&self, home: InstitutionId, choices: &[Choice]) -> bool {
        let covers = &self.covers;
        let at_host = |host| choices.iter().any(|choice| choice.offering.host.id == host);
        let of_programme = |programme| choices.iter().any(|choice| choice.offering.programme == programme);
        match covers.home {
            Some(of) if of == home && covers.host.is_none_or(at_host) => true,
            None if covers.host.is_some_and(at_host) => true,
            Some(_) | None => covers.programme.is_some_and(of_programme),
        }
    }
}

/// Choices by application and rank, with what they choose.
async fn choices_of(conn: &impl Conn, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Vec<Choice>>, StoreError> {
    let rows = choice::Entity::find()
        .filter(choice::Column::ApplicationId.is_in(ids.iter().copied()))
        .order_by_asc(choice::Column::ApplicationId)
        .order_by_asc(choice::Column::Rank)
        .find_also(choice::Entity, offering::Entity)
        .find_also(offering::Entity, period::Entity)
        .find_also(offering::Entity, programme::Entity)
        .find_also(programme::Entity, institution::Entity)
        .all(conn.db())
        .await?;
    let mut choices: BTreeMap<CaseId, Vec<Choice>> = BTreeMap::new();
    for (choice, offering, period, programme, host) in rows {
        if let (Some(offering), Some(period), Some(programme), Some(host)) =
            (offering, period, programme, host)
        {
            let built = build_choice(&choice, &offering, &period, programme, host)?;
            choices.entry(choice.application_id).or_default().push(built);
        }
    }
    Ok(choices)
}

async fn accounts_of(conn: &impl Conn, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Vec<Account>>, StoreError> {
    let rows = account::Entity::find().filter(account::Column::CaseId.is_in(ids.iter().copied()));
    let plain = rows.all(conn.db()).await?.into_iter().map(|row| {
        let account = Account {
            name: row.account,
            status: row.status,
            enabled: row.enabled,
            line: row.place_line_id,
            amount: row.amount,
        };
        (row.case_id, account)
    });
    Ok(by_case(plain))
}

/// Clocks that run, by case.
pub(in crate::store) async fn clocks_of(
    conn: &impl Conn,
    ids: &[CaseId],
) -> Result<BTreeMap<CaseId, Vec<RunningClock>>, StoreError> {
    let rows = clock::Entity::find()
        .filter(clock::Column::CaseId.is_in(ids.iter().copied()))
        .filter(clock::Column::EndedAt.is_null());
    let plain = rows.all(conn.db()).await?.into_iter().map(|row| {
        let clock = RunningClock {
            id: row.id,
            machine: row.machine,
            clock: row.clock,
            entered_at: row.entered_at,
            due_at: row.due_at,
            rungs: u8::try_from(row.rungs).unwrap_or(u8::MAX),
        };
        (row.case_id, clock)
    });
    Ok(by_case(plain))
}

async fn filled_of(conn: &impl Conn, ids: &[CaseId]) -> Result<BTreeMap<CaseId, Vec<String>>, StoreError> {
    let slots: Vec<(CaseId, String)> = document::Entity::find()
        .select_only()
        .columns([document::Column::CaseId, document::Column::Slot])
        .distinct()
        .filter(document::Column::CaseId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(by_case(slots.into_iter()))
}

fn by_case<T>(rows: impl Iterator<Item = (CaseId, T)>) -> BTreeMap<CaseId, Vec<T>> {
    let mut all: BTreeMap<CaseId, Vec<T>> = BTreeMap::new();
    for (case, row) in rows {
        all.entry(case).or_default().push(row);
    }
    all
}
