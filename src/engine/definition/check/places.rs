//! W05: places are conserved, with each optional account on and off.
//!
//! In an open state the status of an account is a function of the state and its remembered origins, so that nobody has to
//! look up whether a place is held there; final states answer to their own rules. An extra term is taken by few: whether its place
//! was used may differ from case to case, whether it is held may not, and a success may do without.

use std::collections::{BTreeSet, HashMap};

use super::super::{AccountIx, Finding, PlaceEffect, PlaceOp, Rule, StateIx, Term, Transition, TransitionIx};
use super::space::Space;
use super::walk::Firing;
use crate::machine::starts_from;
use crate::vocabulary::{AccountStatus, StateKind};

/// Status of an account, and whether its place was given back after use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    None,
    Held,
    Used,
    Returned,
}

impl Standing {
    pub const fn status(self) -> AccountStatus {
        match self {
            Self::None | Self::Returned => AccountStatus::None,
            Self::Held => AccountStatus::Held,
            Self::Used => AccountStatus::Used,
        }
    }

    const fn after(self, op: PlaceOp) -> Self {
        match op {
            PlaceOp::Hold => Self::Held,
            PlaceOp::Use => Self::Used,
            PlaceOp::Return => Self::Returned,
            PlaceOp::Release | PlaceOp::Free => Self::None,
            PlaceOp::Keep => self,
        }
    }
}

/// What the effects of one transition may come to.
pub(super) struct Outcome {
    pub accounts: Box<[Standing]>,
    kept: Vec<AccountIx>,
    wrong: Vec<(AccountIx, PlaceOp, AccountStatus)>,
}

/// Every way the conditions of the effects can fall; equal texts fall the same way.
pub(super) fn outcomes(space: &Space<'_>, before: &[Standing], transition: &Transition) -> Vec<Outcome> {
    let conditions = conditions(transition);
    let free = 1_usize << conditions.len();
    let case = |case: usize| {
        let holds = |text: &str| {
            conditions.iter().position(|known| *known == text).is_some_and(|at| case >> at & 1 == 1)
        };
        outcome(space, before, transition, |effect| condition(effect).is_none_or(holds))
    };
    (0..free).map(case).collect()
}

/// The different conditions of a transition's effects.
pub(super) fn conditions(transition: &Transition) -> Vec<&str> {
    let mut conditions: Vec<&str> = transition.effects.iter().filter_map(condition).collect();
    conditions.sort_unstable();
    conditions.dedup();
    conditions
}

fn condition(effect: &PlaceEffect) -> Option<&str> {
    effect.when.as_ref().map(crate::guard::Guard::source)
}

fn outcome(
    space: &Space<'_>,
    before: &[Standing],
    transition: &Transition,
    holds: impl Fn(&PlaceEffect) -> bool,
) -> Outcome {
    let mut outcome = Outcome { accounts: before.into(), kept: Vec::new(), wrong: Vec::new() };
    for effect in transition.effects.iter().filter(|effect| !space.off.contains(&effect.account)) {
        let Some(op) = (if holds(effect) { Some(effect.op) } else { effect.otherwise }) else { continue };
        let standing = outcome.accounts[effect.account.at()];
        if !starts_from(op, standing.status()) {
            outcome.wrong.push((effect.account, op, standing.status()));
        }
        if op == PlaceOp::Keep {
            outcome.kept.push(effect.account);
        }
        outcome.accounts[effect.account.at()] = standing.after(op);
    }
    outcome
}

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for at in 0..space.len() {
        for Firing { ix, transition, .. } in space.firing(at) {
            for outcome in outcomes(space, space.standings(at), transition) {
                let faults = stranded(space, at, transition)
                    .into_iter()
                    .chain(wrong(space, &outcome))
                    .chain(unsettled(space, at, transition, &outcome));
                findings.extend(
                    faults
                        .filter(|(account, kind, _)| seen.insert((ix, *account, *kind)))
                        .map(|(_, _, message)| shown(space, at, ix, message)),
                );
            }
        }
    }
    findings.extend(ambiguous(space));
    findings
}

fn shown(space: &Space<'_>, at: usize, ix: TransitionIx, message: String) -> Finding {
    let place = space.definition.transitions[ix.at()].place;
    Finding::error(Rule::W05, place, message).shown_by(space.path_along(at, ix))
}

/// An account that is at fault, the kind of fault, the sentence.
type Fault = (AccountIx, u8, String);

fn wrong(space: &Space<'_>, outcome: &Outcome) -> Vec<Fault> {
    let sentence = |account: AccountIx, op: PlaceOp, status: AccountStatus| {
        format!(
            "`{}` of `{}` starts from {}, and its place is {} here: {}",
            op.word(),
            space.definition.accounts[account.at()].name,
            starts(op),
            worded(status),
            mend(op, status)
        )
    };
    outcome.wrong.iter().map(|&(account, op, status)| (account, 0, sentence(account, op, status))).collect()
}

/// Places that another choice would leave behind: an account follows the choice to its line.
fn stranded(space: &Space<'_>, at: usize, transition: &Transition) -> Vec<Fault> {
    if transition.choose.is_none() {
        return Vec::new();
    }
    let accounts = (0..).map(AccountIx).zip(space.standings(at));
    let left = accounts.filter(|(_, standing)| standing.status() != AccountStatus::None);
    left.map(|(account, standing)| {
        let name = &space.definition.accounts[account.at()].name;
        let message = format!(
            "another choice draws on other lines, and the place of `{name}` is {} here: give it back by a step before",
            worded(standing.status())
        );
        (account, 2, message)
    })
    .collect()
}

/// What a final state does not allow.
///
/// An account that no transition touches is W01's to name.
fn unsettled(space: &Space<'_>, at: usize, transition: &Transition, outcome: &Outcome) -> Vec<Fault> {
    let Some(to) = space.spot(at).target(transition) else { return Vec::new() };
    let state = &space.definition.states[to.at()];
    let touched = |ix: AccountIx| {
        space
            .definition
            .transitions
            .iter()
            .flat_map(|other| &other.effects)
            .any(|effect| effect.account == ix)
    };
    let on =
        (0..).map(AccountIx).zip(&outcome.accounts).filter(|(ix, _)| !space.off.contains(ix) && touched(*ix));
    on.filter_map(|(ix, standing)| {
        let account = &space.definition.accounts[ix.at()];
        let name = &account.name;
        let message = match (state.kind, standing) {
            (StateKind::Failure, Standing::Held) => {
                format!("`{}` ends with the place of `{name}` still held: add {{ release = \"{name}\" }}", state.name)
            }
            (StateKind::Failure, Standing::Used) if !outcome.kept.contains(&ix) => format!(
                "`{}` ends with the place of `{name}` used: add {{ return = \"{name}\" }}, or {{ keep = \"{name}\" }} if it is forfeit",
                state.name
            ),
            (StateKind::Success, Standing::Held) => {
                format!("`{}` is a success with the place of `{name}` only held: add {{ use = \"{name}\" }} before it", state.name)
            }
            (StateKind::Success, Standing::None) if account.term == Term::Chosen => format!(
                "`{}` is a success that never used a place of `{name}`: hold and use one before it",
                state.name
            ),
            (StateKind::Open, _)
            | (
                StateKind::Failure | StateKind::Success,
                Standing::None | Standing::Used | Standing::Returned,
            ) => return None,
        };
        Some((ix, 1, message))
    })
    .collect()
}

/// What the status of an account may follow from: state, registers, account.
type Ground<'a> = (StateIx, &'a [(StateIx, StateIx)], usize);

/// Open states in which a status depends on how they were reached.
fn ambiguous(space: &Space<'_>) -> Vec<Finding> {
    let mut first: HashMap<Ground<'_>, (AccountStatus, usize)> = HashMap::new();
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for at in (0..space.len()).filter(|at| !space.is_final(*at)) {
        let spot = space.spot(at);
        for (account, standing) in space.standings(at).iter().enumerate() {
            let status = standing.status();
            let (before, other) =
                *first.entry((spot.state, &spot.registers, account)).or_insert((status, at));
            let extra = space.definition.accounts[account].term == Term::Extra;
            let may_differ = extra && ![before, status].contains(&AccountStatus::Held);
            if before != status && !may_differ && seen.insert((spot.state, account)) {
                findings.push(two_ways(space, account, (before, other), (status, at)));
            }
        }
    }
    findings
}

fn two_ways(
    space: &Space<'_>,
    account: usize,
    (before, other): (AccountStatus, usize),
    (status, at): (AccountStatus, usize),
) -> Finding {
    let state = space.state(at);
    let path = space.path(other);
    let way = if path.is_empty() { "at the start".to_owned() } else { format!("after {}", path.join(", ")) };
    let message = format!(
        "in `{}` the place of `{}` is {} {way}, but {} here: give every way into it the same effects",
        state.name,
        space.definition.accounts[account].name,
        worded(before),
        worded(status)
    );
    Finding::error(Rule::W05, state.place, message).shown_by(space.path(at))
}

const fn starts(op: PlaceOp) -> &'static str {
    match op {
        PlaceOp::Hold => "no place",
        PlaceOp::Use | PlaceOp::Release => "a held place",
        PlaceOp::Return | PlaceOp::Keep => "a used place",
        PlaceOp::Free => "any place",
    }
}

const fn worded(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::None => "not held",
        AccountStatus::Held => "held",
        AccountStatus::Used => "used",
    }
}

const fn mend(op: PlaceOp, status: AccountStatus) -> &'static str {
    match (op, status) {
        (PlaceOp::Hold, _) => "drop this effect, or release the place before",
        (PlaceOp::Use | PlaceOp::Release, AccountStatus::Used) => "use `return` to give a used place back",
        (PlaceOp::Return | PlaceOp::Keep, AccountStatus::Held) => "use `release` to give a held place back",
        (PlaceOp::Use | PlaceOp::Release, _) => "drop this effect, or hold a place before",
        (PlaceOp::Return | PlaceOp::Keep | PlaceOp::Free, _) => "drop this effect, or use the place before",
    }
}
