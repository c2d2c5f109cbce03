//! Waiting lists: a place that becomes free is offered to the first who waits for it, whoever freed it and however.
//!
//! The order of a list: who has let no offer pass before who has, by the number of offers; then whose place was taken back by its host;
//! then the higher score, none last; then who has waited longer; then whose case was opened first. Of several choices on one line the most wanted is offered. A place goes to the
//! first who can take it: whose guards hold, and whose stay is not longer than what is free.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sojourn_engine::definition::{Definition, Past, StateIx};
use sojourn_engine::ids::{CaseId, ChoiceId, LeaseId, PlaceLineId};
use sojourn_engine::vocabulary::ChoiceResult;
use tracing::error;
use utoipa::ToSchema;

use super::applications::view::{Reader, hidden, reader};
use super::scene::Scene;
use super::transition::drive::lines_of;
use super::transition::promote::{Offered, could, offer};
use super::{App, Result};
use crate::access::{Caller, Scope};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::dossiers::Choice;
use crate::store::places::{self, Line};
use crate::store::waiting_lists::{self as store, Claim, Waiter, Whose};

/// Cases looked at together.
const BATCH: usize = 250;
/// How long a worker has a line it has claimed; each offer renews it.
const LEASE: TimeDelta = TimeDelta::seconds(15);

/// Where a case stands on the list of one of its choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WaitingListPlace)]
pub struct StandingView {
    /// The choice.
    pub choice: ChoiceId,
    /// 1 is offered the next place.
    pub position: usize,
    /// How many wait for the same places.
    pub of: usize,
}

/// The same as a mail tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The choice by title and host.
    pub choice: String,
    /// 1 is offered the next place.
    pub position: usize,
    /// How many wait for the same places.
    pub of: usize,
}

/// What decides who is first; the least is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    passed: usize,
    displaced: std::cmp::Reverse<bool>,
    score: std::cmp::Reverse<Option<i32>>,
    since: DateTime<Utc>,
    case: CaseId,
}

impl Turn {
    const fn of(past: Past, score: Option<i32>, since: DateTime<Utc>, case: CaseId) -> Self {
        let (passed, displaced) = (past.passed, std::cmp::Reverse(past.displaced));
        Self { passed, displaced, score: std::cmp::Reverse(score), since, case }
    }
}

/// Somebody on a list.
#[derive(Debug, Clone)]
pub struct Ticket {
    turn: Turn,
    rank: i16,
    /// The choice that would be offered.
    pub choice: ChoiceId,
}

impl Ticket {
    /// The case.
    pub const fn case(&self) -> CaseId {
        self.turn.case
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offers {
    /// Lines that were claimed.
    pub claimed: usize,
    /// Places offered.
    pub offered: usize,
    /// Lines left for the next round because of a fault.
    pub failed: usize,
}

/// What the past of a case says of its turn; `None` for one that waits for no place.
fn past<'e>(definition: &Definition, state: StateIx, events: impl Iterator<Item = &'e str>) -> Option<Past> {
    definition.offered_in(state).map(|_| definition.past(events))
}

/// Who waits for each of the lines, in order.
async fn queues(
    app: &App,
    conn: &impl Conn,
    lines: &[PlaceLineId],
) -> Result<BTreeMap<PlaceLineId, Vec<Ticket>>> {
    ordered(app, conn, waiting(app, conn, Whose::BoundTo(lines)).await?).await
}

/// Those that wait, in no order.
async fn waiting(app: &App, conn: &impl Conn, whose: Whose<'_>) -> Result<Vec<Waiter>> {
    let mut waiting = Vec::new();
    for (workflow, state) in store::states(conn, whose).await? {
        let definition = app.definitions.get(conn, workflow).await?;
        if definition.state_named(&state).is_some_and(|state| definition.offered_in(state).is_some()) {
            waiting.push((workflow, state));
        }
    }
    Ok(store::waiters(conn, whose, &waiting).await?)
}

/// Who may be offered the places of a line, in order: whoever waits for them, and whoever waits for those of another line but could
/// have these as well, such as a line that was entered later.
async fn in_order(app: &App, conn: &impl Conn, line: PlaceLineId, at: &Moment) -> Result<Vec<Ticket>> {
    let mut waiters = waiting(app, conn, Whose::BoundTo(&[line])).await?;
    if let Some(row) = places::known(conn, line).await? {
        let beside = waiting(app, conn, Whose::Beside(&row)).await?;
        let cases: BTreeSet<CaseId> = beside.iter().map(|waiter| waiter.case).collect();
        let covered = covered(app, conn, line, &cases.into_iter().collect::<Vec<_>>(), at).await?;
        waiters.extend(beside.into_iter().filter(|waiter| covered.contains(&waiter.choice)));
    }
    Ok(ordered(app, conn, waiters).await?.remove(&line).unwrap_or_default())
}

/// Choices of these cases that a line covers as narrowly as any.
async fn covered(
    app: &App,
    conn: &impl Conn,
    line: PlaceLineId,
    cases: &[CaseId],
    at: &Moment,
) -> Result<BTreeSet<ChoiceId>> {
    let mut covered = BTreeSet::new();
    for some in cases.chunks(BATCH) {
        for scene in looked_at(app, conn, some, at).await {
            let is_one = |of: &&Line| of.id == line;
            let covers =
                |choice: &&Choice| lines_of(&scene.definition, &scene.live, choice).iter().any(is_one);
            covered.extend(scene.live.dossier.choices.iter().filter(covers).map(|choice| choice.id));
        }
    }
    Ok(covered)
}

/// Cases that can be read; one that cannot keeps no other back.
async fn looked_at(app: &App, conn: &impl Conn, cases: &[CaseId], at: &Moment) -> Vec<Scene> {
    if let Ok(scenes) = Scene::look_all(app, conn, cases, at).await {
        return scenes;
    }
    let mut scenes = Vec::new();
    for case in cases {
        match Scene::look_all(app, conn, &[*case], at).await {
            Ok(scene) => scenes.extend(scene),
            Err(fault) => error!(%case, %fault, "a case that waits cannot be read"),
        }
    }
    scenes
}

/// Waiters by line, in order, each case once; whoever is in no state to be offered a place is left out.
async fn ordered(
    app: &App,
    conn: &impl Conn,
    waiters: Vec<Waiter>,
) -> Result<BTreeMap<PlaceLineId, Vec<Ticket>>> {
    let mut queues: BTreeMap<PlaceLineId, Vec<Ticket>> = BTreeMap::new();
    for waiter in waiters {
        let definition = app.definitions.get(conn, waiter.workflow).await?;
        let events = || waiter.events.iter().map(String::as_str);
        let past = definition.state_named(&waiter.state).and_then(|state| past(&definition, state, events()));
        let Some(past) = past else { continue };
        let turn = Turn::of(past, waiter.score, waiter.since, waiter.case);
        let ticket = Ticket { turn, rank: waiter.rank, choice: waiter.choice };
        queues.entry(waiter.line).or_default().push(ticket);
    }
    for queue in queues.values_mut() {
        queue.sort_by(|one, other| (&one.turn, one.rank).cmp(&(&other.turn, other.rank)));
        queue.dedup_by_key(|ticket| ticket.case());
    }
    Ok(queues)
}

/// Where a case stands, for its applicant and its home; nothing while it waits for no place, or its decision is not shown yet.
pub async fn standings(
    app: &App,
    conn: &impl Conn,
    scene: &Scene,
    caller: &Caller,
    at: &Moment,
) -> Result<Vec<StandingView>> {
    let (dossier, state) = (&scene.live.dossier, scene.live.case.state);
    let events = dossier.case.acts.iter().map(|(event, _)| event.as_str());
    let reader = reader(scene, caller);
    let Some(past) = past(&scene.definition, state, events).filter(|_| reader != Reader::Host) else {
        return Ok(Vec::new());
    };
    if hidden(scene, reader, at).is_some() {
        return Ok(Vec::new());
    }
    let wanted = |choice: &&Choice| {
        let current = dossier.application.current_choice == Some(choice.id);
        choice.result != ChoiceResult::Void && (current || choice.host_sees_from.is_none())
    };
    let choices: Vec<(ChoiceId, PlaceLineId)> =
        dossier.choices.iter().filter(wanted).filter_map(|choice| Some((choice.id, choice.line?))).collect();
    let lines: Vec<PlaceLineId> = choices.iter().map(|(_, line)| *line).collect();
    let queues = queues(app, conn, &lines).await?;
    let score = dossier.application.score_hundredths;
    let turn = Turn::of(past, score, dossier.case.entered_at, dossier.case.id);
    let standing = |(choice, line): (ChoiceId, PlaceLineId)| {
        let others = queues.get(&line).into_iter().flatten().filter(|ticket| ticket.case() != turn.case);
        let ahead = others.clone().filter(|ticket| ticket.turn < turn).count();
        StandingView { choice, position: ahead + 1, of: others.count() + 1 }
    };
    Ok(choices.into_iter().map(standing).collect())
}

/// Where each of these cases stands, by name; nothing of one that waits for no place.
pub(super) async fn standings_of(
    app: &App,
    conn: &impl Conn,
    cases: &[CaseId],
) -> Result<BTreeMap<CaseId, Vec<Standing>>> {
    let wanted = store::wanted(conn, cases).await?;
    let lines: BTreeSet<PlaceLineId> = wanted.iter().map(|one| one.line).collect();
    let queues = queues(app, conn, &lines.into_iter().collect::<Vec<_>>()).await?;
    let mut places = BTreeMap::new();
    for (line, queue) in &queues {
        let at = queue.iter().enumerate().map(|(before, ticket)| ((*line, ticket.case()), before + 1));
        places.extend(at);
    }
    let mut standings: BTreeMap<CaseId, Vec<Standing>> = BTreeMap::new();
    for one in wanted {
        let Some(position) = places.get(&(one.line, one.case)).copied() else { continue };
        let of = queues.get(&one.line).map_or(position, Vec::len);
        let choice = format!("{} — {}", one.title, one.host);
        standings.entry(one.case).or_default().push(Standing { choice, position, of });
    }
    Ok(standings)
}

impl App {
    /// Offers the places of lines that were marked, the longest marked first, at most so many lines.
    ///
    /// # Errors
    /// Faults of the database; a line that cannot be worked on is counted, logged and tried again when its lease is over.
    pub async fn offer_places(&self, at: &Moment, lease: LeaseId, most: u64) -> Result<Offers> {
        let tx = self.store.begin().await?;
        let lines = store::claim(&tx, lease, (self.clocks_from, at.now), at.now + LEASE, most).await?;
        tx.commit().await?;
        let mut offers = Offers { claimed: lines.len(), ..Offers::default() };
        for line in lines {
            if let Err(fault) = self.offer_line(lease, line, &mut offers.offered).await {
                offers.failed += 1;
                error!(%line, %fault, "the places of a line could not be offered");
            }
        }
        if offers.offered > 0 {
            self.wake.notify_one();
        }
        Ok(offers)
    }

    /// Offers the places of one line until none is left that somebody waits for, as it is marked then.
    async fn offer_line(&self, lease: LeaseId, line: PlaceLineId, offered: &mut usize) -> Result<()> {
        while let Some(claim) = store::claimed(self.store.read(), lease, line).await? {
            if !self.offer_all(claim, offered).await? {
                continue;
            }
            let tx = self.store.begin().await?;
            if store::settle(&tx, claim).await? {
                return Ok(tx.commit().await?);
            }
        }
        Ok(())
    }

    /// `false` when something has changed, so that the list is to be read again. A case that cannot be moved keeps no other from its
    /// place; the line stays marked for it.
    async fn offer_all(&self, claim: Claim, offered: &mut usize) -> Result<bool> {
        let conn = self.store.read();
        if store::free(conn, claim.line).await? <= 0 {
            return Ok(true);
        }
        let queue = in_order(self, conn, claim.line, &self.clock.moment()).await?;
        let mut fault = None;
        for ticket in &queue {
            if store::free(conn, claim.line).await? <= 0 {
                break;
            }
            let at = self.clock.moment();
            match offer(self, &at, (claim, at.now + LEASE), ticket).await {
                Ok(Offered::Offered) => *offered += 1,
                Ok(Offered::Passed) => {}
                Ok(Offered::Changed) => return Ok(false),
                Err(error) => {
                    error!(line = %claim.line, case = %ticket.case(), fault = %error, "a case could not be offered a place");
                    fault = Some(error);
                }
            }
        }
        fault.map_or(Ok(true), Err)
    }

    /// Lines with free places that somebody could take and that nobody is about to offer, each with the case.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn idle_places(&self) -> Result<Vec<(PlaceLineId, CaseId)>> {
        let conn = self.store.read();
        let at = self.clock.moment();
        let mut idle = Vec::new();
        for (line, queue) in ordered(self, conn, store::unmarked(conn).await?).await? {
            for ticket in queue {
                let scene = Scene::look(self, &Scope::system(), ticket.case(), &at).await?;
                if could(scene, &at, line, ticket.choice) {
                    idle.push((line, ticket.case()));
                    break;
                }
            }
        }
        Ok(idle)
    }
}
