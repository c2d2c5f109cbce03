//! Carrying a confirmed run out: each application moves by an event of its own workflow, in batches, each one transaction.
//!
//! A place that the run holds becomes its case's in the transaction that moves the case: the run gives it back and the case holds it,
//! so that the line never shows it as free in between. How far a run has come stands in its row and advances with the batch, so
//! that a process that dies leaves nothing doubled or missed, and any other goes on from there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sojourn_engine::allocation::{Draw, Got, Input, Placed};
use sojourn_engine::definition::{Choose, Transition};
use sojourn_engine::ids::{CaseId, OfferingId, PlaceLineId};
use sojourn_engine::machine;
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{AllocationStatus, PostingKind, Via};
use tracing::warn;

use super::file::Frozen;
use super::frozen;
use crate::app::scene::Scene;
use crate::app::transition::drive::{self, Deed, Refused, Stage};
use crate::app::transition::{self, settle};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::allocations::{self as store, Allocation, Miss};
use crate::store::places::{LineChange, NewPosting};
use crate::store::records::{self, Records};

/// Applications of one batch: what is done while nobody else can write to an SQLite file.
pub const BATCH: usize = 75;

/// What each place of a run draws on.
#[derive(Debug)]
pub struct Draws(BTreeMap<(OfferingId, PlaceLineId), Vec<Draw>>);

impl Draws {
    /// Those of an input.
    pub fn of(input: &Input) -> Self {
        let places = input.seats.places.iter();
        Self(places.map(|place| ((place.offering, place.line), place.draws.clone())).collect())
    }

    /// Those of what somebody got.
    pub fn by(&self, got: &Got) -> &[Draw] {
        self.0.get(&(got.offering, got.line)).map_or(&[], Vec::as_slice)
    }
}

/// Everybody in the order in which a run moves them: those who got a place, then the others, each by application.
pub fn order(run: &Frozen) -> Vec<Placed> {
    let (placed, others): (Vec<Placed>, Vec<Placed>) =
        run.outcome.placed.iter().partition(|placed| placed.got.is_some());
    [placed, others].concat()
}

impl App {
    /// Carries confirmed runs on until all are done or `stop` says so, and says how many batches that took.
    ///
    /// # Errors
    /// Faults of the database; what a workflow refuses is no error but kept with the run.
    pub async fn carry_runs_on(&self, stop: impl Fn() -> bool) -> Result<usize> {
        let mut batches = 0;
        for row in store::going_on(self.store.read()).await? {
            let run = frozen(self.store.read(), row.id).await?;
            let mut carried = Carried { draws: Draws::of(&run.input), order: order(&run), row };
            while !stop() && carried.step(self).await? {
                batches += 1;
                self.wake.notify_one();
            }
        }
        Ok(batches)
    }
}

/// A run that is being carried out.
struct Carried {
    row: Allocation,
    order: Vec<Placed>,
    draws: Draws,
}

/// What a batch writes.
#[derive(Default)]
struct Batch {
    written: Records,
    refused: Vec<records::Refused>,
    misses: Vec<Miss>,
}

impl Carried {
    /// Carries one batch out; `false` when there is nothing left to do.
    async fn step(&mut self, app: &App) -> Result<bool> {
        let done = usize::try_from(self.row.done).unwrap_or_default();
        let until = self.order.len().min(done + BATCH);
        if self.row.status != AllocationStatus::Confirmed || (done == until && done > 0) {
            return Ok(false);
        }
        match self.carry(app, (done, until), false).await {
            Ok(won) => self.reached(app, won, until).await,
            // Whatever one case runs into keeps no other from its place.
            Err(Error::Refused(_) | Error::Stale) => self.each(app, (done, until)).await,
            Err(error) => Err(error),
        }
    }

    async fn each(&mut self, app: &App, (done, until): (usize, usize)) -> Result<bool> {
        for at in done..until {
            let won = match self.carry(app, (at, at + 1), false).await {
                Err(Error::Refused(_) | Error::Stale) => self.carry(app, (at, at + 1), true).await,
                decided => decided,
            };
            if !self.reached(app, won?, at + 1).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes how far the run has come, by this process or another.
    async fn reached(&mut self, app: &App, won: bool, until: usize) -> Result<bool> {
        if won {
            self.row.done = i32::try_from(until).unwrap_or(i32::MAX);
            return Ok(until < self.order.len());
        }
        let present = store::get(app.store.read(), (self.row.call_id, self.row.id)).await?;
        match present.filter(|row| row.status == AllocationStatus::Confirmed) {
            Some(row) => {
                self.row = row;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Moves some applications in one transaction, or with `barred` only gives their places back; `false` when somebody else did.
    async fn carry(&self, app: &App, (done, until): (usize, usize), barred: bool) -> Result<bool> {
        let at = &app.clock.moment();
        let number = |of: usize| i32::try_from(of).unwrap_or(i32::MAX);
        let over = (until == self.order.len()).then_some(at.now);
        let tx = app.store.begin().await?;
        if !store::advance(&tx, self.row.id, (number(done), number(until)), over).await? {
            return Ok(false);
        }
        let some = &self.order[done..until];
        let ids: Vec<CaseId> = some.iter().map(|placed| placed.student).collect();
        let mut scenes: BTreeMap<CaseId, Scene> = BTreeMap::new();
        for scene in Scene::read_all(app, &tx, &ids, at).await? {
            scenes.insert(scene.live.dossier.case.id, scene);
        }
        let mut batch = Batch::default();
        for placed in some {
            let scene = scenes.get_mut(&placed.student);
            self.play(scene.filter(|_| !barred), placed, at, &mut batch);
        }
        let Batch { mut written, refused, misses } = batch;
        // A place that passes from the run to its case leaves its line as it was.
        written.lines.retain(|_, change| *change != LineChange::default());
        if let Some(scene) = scenes.values().next() {
            transition::keep(&tx, scene, written).await?;
        }
        for refused in refused {
            records::refuse(&tx, refused).await?;
        }
        store::miss(&tx, self.row.id, misses).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Moves one application, as far as its rules let it; what the run holds for it is given back in any case.
    fn play(&self, scene: Option<&mut Scene>, placed: &Placed, at: &Moment, batch: &mut Batch) {
        let mut records = Records::default();
        if let Some(got) = &placed.got {
            self.give_back(got, at, &mut records);
        }
        let missed = match scene {
            None => Some(Value::Null),
            Some(scene) => {
                if let Some(got) = &placed.got {
                    self.set_aside(scene, got);
                }
                let moved = match &placed.got {
                    Some(got) => place(scene, got, at, &mut records),
                    None => pass(scene, at, &mut records),
                };
                match moved {
                    Ok(true) => {
                        settle(&scene.stage(at, Via::Run), scene.live.clone(), &mut records);
                        None
                    }
                    Ok(false) => None,
                    Err(unmoved) => {
                        let (event, refused) = *unmoved;
                        let refusal = json!(refused.refusal);
                        warn!(case = %placed.student, run = %self.row.id, "a run could not move an application");
                        batch.refused.push(transition::kept(
                            scene,
                            at,
                            None,
                            (None, event.as_str()),
                            refused,
                        ));
                        Some(refusal)
                    }
                }
            }
        };
        batch.misses.extend(missed.map(|refusal| Miss { case: placed.student, refusal }));
        batch.written.append(records);
    }

    /// The run gives back what it holds for a case.
    fn give_back(&self, got: &Got, at: &Moment, records: &mut Records) {
        for draw in self.draws.by(got) {
            let amount = i32::try_from(draw.units).unwrap_or(i32::MAX);
            records.lines.entry(draw.line).or_default().held -= amount;
            records.postings.push(NewPosting {
                id: at.id(),
                line: draw.line,
                kind: PostingKind::Release,
                amount,
                step: None,
                run: Some(self.row.id),
                person: None,
                reason: None,
                at: at.now,
            });
        }
    }

    /// What the run held for a case is there for that case, whoever waits for the line.
    fn set_aside(&self, scene: &mut Scene, got: &Got) {
        for draw in self.draws.by(got) {
            let dossier = &mut scene.live.dossier;
            dossier.waiters.remove(&draw.line);
            if let Some(line) = dossier.lines.iter_mut().find(|line| line.id == draw.line) {
                line.held -= i32::try_from(draw.units).unwrap_or(i32::MAX);
            }
        }
    }
}

/// An event that was refused.
type Unmoved = Box<(String, Refused)>;

/// Fires the event by which a run gives a case its choice.
fn place(scene: &mut Scene, got: &Got, at: &Moment, records: &mut Records) -> Result<bool, Unmoved> {
    let definition = std::sync::Arc::clone(&scene.definition);
    let Some((_, way)) = machine::placed_by(&definition, &scene.live.case) else {
        let state = scene.live.dossier.case.state.clone();
        let refusal = Refusal::NotFromHere { event: String::new(), state, allowed_from: Vec::new() };
        return Err(Box::new((String::new(), Refused { refusal, facts: "{}".to_owned() })));
    };
    let mut data = Map::new();
    let choices = &scene.live.dossier.choices;
    let choice = choices.iter().find(|choice| choice.offering.id == got.offering);
    if let (Some(Choose::Input(field)), Some(choice)) = (&way.choose, choice) {
        data.insert(field.clone(), json!(choice.id));
    }
    if let Some(field) = way.line_field() {
        data.insert(field.to_owned(), json!(got.line));
    }
    fire(scene, way, &data, at, records).map(|()| true)
}

/// Fires the first event that a run has for a case without a place and that its rules allow; `false` where there is none.
fn pass(scene: &mut Scene, at: &Moment, records: &mut Records) -> Result<bool, Unmoved> {
    let definition = std::sync::Arc::clone(&scene.definition);
    let ways: Vec<&Transition> =
        machine::passed_by(&definition, &scene.live.case).map(|(_, transition)| transition).collect();
    let mut last = Ok(false);
    for way in ways {
        match fire(scene, way, &Map::new(), at, records) {
            Ok(()) => return Ok(true),
            Err(refused) => last = Err(refused),
        }
    }
    last
}

fn fire(
    scene: &mut Scene,
    way: &Transition,
    data: &Map<String, Value>,
    at: &Moment,
    records: &mut Records,
) -> Result<(), Unmoved> {
    let stage = Stage {
        definition: &scene.definition,
        version: scene.version,
        holders: &scene.holders,
        alliance: &scene.alliance,
        via: Via::Run,
        at,
    };
    let event = &scene.definition.events[way.event.at()].name;
    let deed = Deed { event, instance: None, data, reason: None, note: None, actor: None };
    let fired = drive::fire(&stage, &mut scene.live, &deed, way.event, records);
    fired.map(|_| ()).map_err(|refused| Box::new((event.clone(), refused)))
}
