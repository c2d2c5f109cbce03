//! Adoption: where a running case lands under another version of its definition, or why it may not land there.
//!
//! Nothing is guessed and nothing is mended: a case keeps its state, its places and its signatures by name, and lands only where
//! some order of events of the new version would have led it too.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::definition::check::Combinations;
use crate::definition::{Clock, ClockIx, Definition, EventIx, Finding, InstanceId, RoleIx, Run, StateIx};
use crate::facts::Facts;
use crate::machine::{Case, ClockStart, Context, Instance, Paused, Running, start_clocks};
use crate::vocabulary::{AccountStatus, StateKind};

/// The event of the step by which a case moves to another version; no definition can declare one of that name.
pub const EVENT: &str = "@adopt";

/// A version that cases may be moved to, with all that a case can be like under it.
#[derive(Debug)]
pub struct Adoption<'d> {
    to: &'d Definition,
    combinations: Combinations,
}

/// Why a case may not land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Obstacle {
    /// Its state is not there.
    StateMissing {
        /// The state.
        state: String,
    },
    /// Its state is an end there.
    StateFinal {
        /// The state.
        state: String,
    },
    /// It came to its state from one that is not there.
    OriginMissing {
        /// The state it came from.
        state: String,
    },
    /// It has a place of an account that is not there.
    AccountMissing {
        /// The account.
        account: String,
    },
    /// It has a place of an account that draws on other lines there.
    AccountElsewhere {
        /// The account.
        account: String,
    },
    /// Somebody has signed what nobody signs there, or in another role.
    SignatureLost {
        /// The event.
        event: String,
        /// The role.
        role: String,
    },
    /// A track in which something has happened is not there, or has its instances for something else.
    TrackMissing {
        /// The track.
        track: String,
    },
    /// An instance of a track stands in a state that is not there.
    TrackStateMissing {
        /// The track with the key of the instance.
        track: String,
        /// The state.
        state: String,
    },
    /// No order of events leads to its state with its places, its origin and what has happened once.
    NotReachable {
        /// The state.
        state: String,
    },
}

/// A clock of the state a case lands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Landed {
    /// Counts on as it did: the same in both versions.
    Kept(ClockIx),
    /// Counts anew from the entry of the state, or from now where that would be over already.
    Started(ClockStart),
}

/// Where a machine of a case stands in both versions.
#[derive(Debug, Clone, Copy)]
struct Stand<'c> {
    was: StateIx,
    is: StateIx,
    entered_at: DateTime<Utc>,
    running: &'c [Running],
}

impl<'d> Adoption<'d> {
    /// Explores the version that cases are to move to.
    ///
    /// # Errors
    /// The finding W00 of a definition that is too large to prove.
    pub fn to(definition: &'d Definition) -> Result<Self, Finding> {
        Ok(Self { to: definition, combinations: definition.combinations()? })
    }

    /// The version that cases move to.
    pub const fn version(&self) -> &'d Definition {
        self.to
    }

    /// The name of a state of the new version.
    pub fn name(&self, state: StateIx) -> String {
        self.to.states[state.at()].name.clone()
    }

    /// The case as it stands under the new version, its clocks left out.
    ///
    /// # Errors
    /// Everything that keeps it from landing.
    pub fn land(&self, from: &Definition, case: &Case) -> Result<Case, Vec<Obstacle>> {
        let mut obstacles = Vec::new();
        let state = self.state(from, case.state, &mut obstacles);
        let registers = self.registers(from, case, &mut obstacles);
        let accounts = self.accounts(from, case, &mut obstacles);
        let collected = self.signatures(from, (state, &case.collected), &mut obstacles);
        let tracks = self.tracks(from, case, &mut obstacles);
        let event = |ix: EventIx| self.to.event_named(&from.events[ix.at()].name);
        let landed = Case {
            state: state.unwrap_or(self.to.initial),
            entered_at: case.entered_at,
            registers,
            collected,
            accounts,
            clocks: Vec::new(),
            paused: case.paused.iter().filter_map(|paused| self.paused(from, paused)).collect(),
            tracks,
            acts: case.acts.iter().filter_map(|(act, who)| Some((event(*act)?, *who))).collect(),
        };
        if obstacles.is_empty() && !self.combinations.hold(&landed) {
            obstacles.push(Obstacle::NotReachable { state: from.states[case.state.at()].name.clone() });
        }
        if obstacles.is_empty() { Ok(landed) } else { Err(obstacles) }
    }

    /// A clock that stands still, where the new version has it too.
    fn paused(&self, from: &Definition, paused: &Paused) -> Option<Paused> {
        let instance = match paused.instance {
            None => None,
            Some(id) => {
                let track = &from.track(id.machine)?.name;
                Some(self.to.instance_named(track, &from.key(id))?)
            }
        };
        let name = &from.states[paused.state.at()].name;
        let state = match instance {
            None => self.to.state_named(name)?,
            Some(id) => self.to.state_in(id.machine, name)?,
        };
        let clock = self.to.clock_named(state, &from.clocks[paused.clock.at()].id)?;
        Some(Paused { instance, state, clock, left: paused.left })
    }

    fn state(&self, from: &Definition, ix: StateIx, obstacles: &mut Vec<Obstacle>) -> Option<StateIx> {
        let state = from.states[ix.at()].name.clone();
        let found = self.to.state_named(&state);
        match found {
            None => obstacles.push(Obstacle::StateMissing { state }),
            Some(there) if self.to.states[there.at()].kind != StateKind::Open => {
                obstacles.push(Obstacle::StateFinal { state });
            }
            Some(_) => {}
        }
        found
    }

    /// Origins of states that are not there any more are forgotten; those that can still be read must be there.
    fn registers(
        &self,
        from: &Definition,
        case: &Case,
        obstacles: &mut Vec<Obstacle>,
    ) -> Vec<(StateIx, StateIx)> {
        let mut registers = Vec::with_capacity(case.registers.len());
        for (state, origin) in &case.registers {
            let [state, origin] = [state, origin].map(|ix| &from.states[ix.at()].name);
            match (self.to.state_named(state), self.to.state_named(origin)) {
                (Some(there), Some(origin)) => registers.push((there, origin)),
                (Some(there), None) if self.to.states[there.at()].remember => {
                    obstacles.push(Obstacle::OriginMissing { state: origin.clone() });
                }
                (Some(_) | None, _) => {}
            }
        }
        registers
    }

    fn accounts(&self, from: &Definition, case: &Case, obstacles: &mut Vec<Obstacle>) -> Vec<AccountStatus> {
        let mut statuses = vec![AccountStatus::None; self.to.accounts.len()];
        for (known, status) in from.accounts.iter().zip(&case.accounts) {
            let there = self.to.accounts.iter().position(|account| account.name == known.name);
            let alike = |at: usize| {
                let account = &self.to.accounts[at];
                (account.line, account.term) == (known.line, known.term)
            };
            let account = known.name.clone();
            match there {
                Some(at) if alike(at) || *status == AccountStatus::None => statuses[at] = *status,
                Some(_) => obstacles.push(Obstacle::AccountElsewhere { account }),
                None if *status == AccountStatus::None => {}
                None => obstacles.push(Obstacle::AccountMissing { account }),
            }
        }
        statuses
    }

    /// Signatures of one machine, in the state it lands in.
    fn signatures(
        &self,
        from: &Definition,
        (state, given): (Option<StateIx>, &[(EventIx, RoleIx)]),
        obstacles: &mut Vec<Obstacle>,
    ) -> Vec<(EventIx, RoleIx)> {
        let mut collected = Vec::with_capacity(given.len());
        for (event, role) in given {
            let (event, role) = (&from.events[event.at()].name, &from.roles[role.at()].name);
            let there = self.to.event_named(event).zip(self.to.role_named(role));
            let signs = |(event, role): &(_, _)| {
                let mut leaving = state.into_iter().flat_map(|state| self.to.leaving(state));
                leaving.any(|(_, t)| t.collect && t.event == *event && t.by.contains(role))
            };
            match there.filter(signs) {
                Some(signature) => collected.push(signature),
                None => {
                    obstacles.push(Obstacle::SignatureLost { event: event.clone(), role: role.clone() });
                }
            }
        }
        collected
    }

    /// Instances by track and key; those the new version makes from the start stand in their initial state.
    fn tracks(&self, from: &Definition, case: &Case, obstacles: &mut Vec<Obstacle>) -> Vec<Instance> {
        let mut landed = Case::new(self.to, case.entered_at).tracks;
        for instance in &case.tracks {
            let Some(track) = from.track(instance.id.machine) else { continue };
            let there = self.to.track_named(&track.name).and_then(|ix| self.to.track(ix));
            let alike = there.is_some_and(|there| there.each == track.each);
            let id = self.to.instance_named(&track.name, &from.key(instance.id)).filter(|_| alike);
            let Some(id) = id else {
                let untouched = instance.state == track.initial && instance.collected.is_empty();
                if !untouched {
                    obstacles.push(Obstacle::TrackMissing { track: track.name.clone() });
                }
                continue;
            };
            let name = &from.states[instance.state.at()].name;
            let Some(state) = self.to.state_in(id.machine, name) else {
                let track = from.machine_text(Some(instance.id));
                obstacles.push(Obstacle::TrackStateMissing { track, state: name.clone() });
                continue;
            };
            let latched = |ix: &StateIx| self.to.state_in(id.machine, &from.states[ix.at()].name);
            landed.retain(|other| other.id != id);
            landed.push(Instance {
                id,
                state,
                entered_at: instance.entered_at,
                version: instance.version,
                ever: instance.ever.iter().filter_map(latched).collect(),
                collected: self.signatures(from, (Some(state), &instance.collected), obstacles),
                clocks: Vec::new(),
            });
        }
        landed.sort_by_key(|instance| instance.id);
        landed
    }

    /// The clocks of a case that lands, each with the instance it runs in: the same clock counts on, or stays fired; any other counts from
    /// when its state was entered.
    ///
    /// Where a new one would be over already, it counts from now: nobody is overtaken by a rule they could not know.
    pub fn clocks(
        &self,
        from: &Definition,
        case: &Case,
        landed: &Case,
        context: &Context<'_>,
        facts: &Facts,
    ) -> Vec<(Option<InstanceId>, Landed)> {
        let main =
            Stand { was: case.state, is: landed.state, entered_at: case.entered_at, running: &case.clocks };
        let mut clocks: Vec<_> =
            self.clocks_of(from, main, context, facts).into_iter().map(|clock| (None, clock)).collect();
        for instance in &landed.tracks {
            let before = case
                .tracks
                .iter()
                .find(|known| from.machine_text(Some(known.id)) == self.to.machine_text(Some(instance.id)));
            let Some(before) = before else { continue };
            let stand = Stand {
                was: before.state,
                is: instance.state,
                entered_at: before.entered_at,
                running: &before.clocks,
            };
            let of_track = self.clocks_of(from, stand, context, facts);
            clocks.extend(of_track.into_iter().map(|clock| (Some(instance.id), clock)));
        }
        clocks
    }

    fn clocks_of(
        &self,
        from: &Definition,
        stand: Stand<'_>,
        context: &Context<'_>,
        facts: &Facts,
    ) -> Vec<Landed> {
        let entry = Context { now: stand.entered_at, ..context.clone() };
        let from_entry = start_clocks(self.to, stand.is, &entry, facts);
        let from_now = start_clocks(self.to, stand.is, context, facts);
        let mut clocks = Vec::new();
        for &ix in &self.to.states[stand.is.at()].clocks {
            if let Some(known) = from.clock_named(stand.was, &self.to.clocks[ix.at()].id)
                && self.is_same(from, known, ix)
            {
                if stand.running.iter().any(|running| running.clock == known) {
                    clocks.push(Landed::Kept(ix));
                }
                continue;
            }
            let of = |all: &[ClockStart]| all.iter().find(|start| start.clock == ix).cloned();
            let ahead = of(&from_entry).filter(|start| start.due_at > context.now).map(|mut start| {
                start.remind_at.retain(|at| *at > context.now);
                start
            });
            clocks.extend(ahead.or_else(|| of(&from_now)).map(Landed::Started));
        }
        clocks
    }

    fn is_same(&self, from: &Definition, known: ClockIx, ix: ClockIx) -> bool {
        let (was, is) = (&from.clocks[known.at()], &self.to.clocks[ix.at()]);
        same_time(was, is) && was.remind == is.remind
    }
}

/// Whether two clocks run for the same time in the same calendar.
pub(crate) fn same_time(one: &Clock, other: &Clock) -> bool {
    let shorter = |clock: &Clock| {
        clock.shorter.as_ref().map(|shorter| (shorter.within, shorter.when.source().to_owned()))
    };
    same_run(&one.run, &other.run) && one.calendar == other.calendar && shorter(one) == shorter(other)
}

fn same_run(one: &Run, other: &Run) -> bool {
    match (one, other) {
        (Run::Within(one), Run::Within(other)) => one == other,
        (Run::Until(one), Run::Until(other)) => one.source() == other.source(),
        (Run::Within(_), Run::Until(_)) | (Run::Until(_), Run::Within(_)) => false,
    }
}
