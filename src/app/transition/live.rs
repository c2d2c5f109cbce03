//! A case in the hands of a command: the dossier as it was read, carried along by each step.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sojourn_engine::definition::{ClockIx, Definition, EventIx, InstanceId, RoleIx, StateIx};
use sojourn_engine::ids::{ChoiceId, ClockRowId, PersonId, PlaceLineId};
use sojourn_engine::machine::{Case, Instance, Running};
use sojourn_engine::vocabulary::AccountStatus;

use super::{clocks, tracks};
use crate::app::Error;
use crate::store::dossiers::{CaseRow, Dossier};

/// A clock of a live case.
#[derive(Debug, Clone)]
pub(super) struct LiveClock {
    pub row: ClockRowId,
    /// The instance of a track it runs in; `None` is the main machine.
    pub instance: Option<InstanceId>,
    pub clock: ClockIx,
    pub entered_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub remind_at: Vec<DateTime<Utc>>,
    /// How many roles of its escalation have been reached.
    pub rungs: u8,
    /// Whether it started in this batch and stands in no row yet.
    pub fresh: bool,
}

/// A dossier with the engine's view of it.
#[derive(Debug, Clone)]
pub struct Live {
    /// The rows, kept true to every step taken.
    pub dossier: Dossier,
    /// The case as the engine sees it.
    pub case: Case,
    pub(super) clocks: Vec<LiveClock>,
    pub(super) touched: Touched,
    /// Stays that are not simply those of the current choice: parts of a combined case.
    pub parts: Vec<crate::store::records::NewStay>,
    /// How many stays the choice being chosen makes.
    pub(super) stays: u16,
    /// The choice that this batch adds.
    pub(super) added: Option<ChoiceId>,
    /// The person whom a new instance of a track names.
    pub(super) named: Option<PersonId>,
    /// The line that whoever acts has named for the choice being chosen.
    pub(super) picked: Option<PlaceLineId>,
    /// The line whose free place the next deed is for, unless whoever acts names another.
    pub(super) promised: Option<PlaceLineId>,
}

/// What beside the case itself has to be written.
#[expect(clippy::struct_excessive_bools, reason = "each is one table to write, in any combination")]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Touched {
    pub application: bool,
    pub frozen: bool,
    pub choices: bool,
    pub accounts: bool,
    pub stays: bool,
    pub last_day: bool,
}

impl Live {
    /// Reads a dossier by the names of its definition.
    ///
    /// # Errors
    /// [`Error::Internal`] when it names something the definition does not have.
    pub fn new(definition: &Definition, dossier: Dossier) -> Result<Self, Error> {
        let mut case = read(definition, &dossier.case)?;
        let clocks = running(definition, &dossier, case.state, &case.tracks)?;
        for clock in &clocks {
            let running = Running { clock: clock.clock, due_at: clock.due_at, rungs: clock.rungs };
            match clock.instance {
                None => case.clocks.push(running),
                Some(id) => {
                    if let Some(instance) = case.tracks.iter_mut().find(|one| one.id == id) {
                        instance.clocks.push(running);
                    }
                }
            }
        }
        case.accounts = definition.accounts.iter().map(|account| status(&dossier, &account.name)).collect();
        Ok(Self {
            dossier,
            case,
            clocks,
            touched: Touched::default(),
            parts: Vec::new(),
            stays: 1,
            added: None,
            named: None,
            picked: None,
            promised: None,
        })
    }

    /// Writes the engine's case back into the rows.
    pub(super) fn note(
        &mut self,
        definition: &Definition,
        event: &str,
        person: Option<PersonId>,
        named: tracks::Named,
    ) {
        let row = &mut self.dossier.case;
        lay(row, definition, &self.case);
        let before = std::mem::take(&mut row.tracks);
        row.tracks = tracks::rows(definition, &self.case, &before, named);
        row.acts.push((event.to_owned(), person));
    }
}

/// Writes where the main machine stands into the row of its case.
pub fn lay(row: &mut CaseRow, definition: &Definition, case: &Case) {
    let state = &definition.states[case.state.at()];
    let name = |ix: StateIx| definition.states[ix.at()].name.clone();
    row.state.clone_from(&state.name);
    row.phase = state.phase;
    row.kind = state.kind;
    row.entered_at = case.entered_at;
    row.registers = case.registers.iter().map(|(of, from)| (name(*of), name(*from))).collect();
    let acted = |(event, role): &(EventIx, RoleIx)| {
        (definition.events[event.at()].name.clone(), definition.roles[role.at()].name.clone())
    };
    row.collected = case.collected.iter().map(acted).collect();
    row.paused = clocks::rows(definition, case);
}

/// The case of a row, its accounts empty and no clock running.
///
/// # Errors
/// [`Error::Internal`] when the row names something the definition does not have.
pub fn read(definition: &Definition, row: &CaseRow) -> Result<Case, Error> {
    let state = |name: &str| definition.state_named(name).ok_or_else(|| unknown("state", name));
    let event = |name: &str| definition.event_named(name).ok_or_else(|| unknown("event", name));
    let role = |name: &str| definition.role_named(name).ok_or_else(|| unknown("role", name));
    let registers: &BTreeMap<String, String> = &row.registers;
    let act = |(name, person): &(String, Option<PersonId>)| {
        definition.event_named(name).map(|event| (event, *person))
    };
    Ok(Case {
        state: state(&row.state)?,
        entered_at: row.entered_at,
        registers: registers
            .iter()
            .map(|(of, from)| Ok((state(of)?, state(from)?)))
            .collect::<Result<_, Error>>()?,
        collected: row
            .collected
            .iter()
            .map(|(act, by)| Ok((event(act)?, role(by)?)))
            .collect::<Result<_, Error>>()?,
        accounts: vec![AccountStatus::None; definition.accounts.len()],
        clocks: Vec::new(),
        paused: clocks::paused(definition, &row.paused)?,
        tracks: tracks::instances(definition, row)?,
        acts: row.acts.iter().filter_map(act).collect(),
    })
}

/// Clocks that run, each in the state its machine is in.
fn running(
    definition: &Definition,
    dossier: &Dossier,
    here: StateIx,
    tracks: &[Instance],
) -> Result<Vec<LiveClock>, Error> {
    let mut clocks = Vec::with_capacity(dossier.clocks.len());
    for running in &dossier.clocks {
        let instance = definition.instance_of(&running.machine);
        let at = match instance {
            None => here,
            Some(id) => tracks
                .iter()
                .find(|one| one.id == id)
                .map(|one| one.state)
                .ok_or_else(|| unknown("track", &running.machine))?,
        };
        let clock =
            definition.clock_named(at, &running.clock).ok_or_else(|| unknown("clock", &running.clock))?;
        clocks.push(LiveClock {
            row: running.id,
            instance,
            clock,
            entered_at: running.entered_at,
            due_at: running.due_at,
            remind_at: Vec::new(),
            rungs: running.rungs,
            fresh: false,
        });
    }
    Ok(clocks)
}

fn status(dossier: &Dossier, account: &str) -> AccountStatus {
    let bound = dossier.accounts.iter().find(|row| row.name == account);
    bound.map_or(AccountStatus::None, |row| row.status)
}

pub fn unknown(what: &str, name: &str) -> Error {
    Error::Internal(
        format!("a stored case names the {what} `{name}`, which its definition does not have").into(),
    )
}
