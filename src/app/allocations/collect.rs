//! What a run is made from, as it stands now: who waits for a place, what they want in which order, and what there is to give.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sojourn_engine::allocation::{Choice, Draw, Input, Line, Place, Rules, Seats, Student};
use sojourn_engine::definition::{Definition, PlaceOp, Transition, TransitionIx, Trigger};
use sojourn_engine::guard::Decimal;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, OfferingId, PlaceLineId};
use sojourn_engine::machine;
use sojourn_engine::vocabulary::{ChoiceResult, PlaceSource, Via};

use crate::app::scene::Scene;
use crate::app::transition::drive::View;
use crate::app::transition::places::{Bound, bind, draws};
use crate::app::{App, Result};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::allocations as store;
use crate::store::dossiers;
use crate::store::places;

/// Applications read at a time.
const BATCH: usize = 250;
/// Thousandths of a score in one of its hundredths.
const THOUSANDTHS: i64 = 10;

/// Whose applications a run takes in.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The call.
    pub call: CallId,
    /// Whether its applications are scored.
    pub scored: bool,
    /// The homes.
    pub homes: Vec<InstitutionId>,
    /// What ties are broken by.
    pub seed: String,
}

/// What a run is made from, with how it was read.
#[derive(Debug)]
pub struct Collected {
    /// What is allocated from.
    pub input: Input,
    /// Applications that stand where a run may move them, each in the version it was read in.
    pub standing: Vec<(CaseId, i32)>,
    /// Lines that places draw on, as they were read.
    pub lines: BTreeMap<PlaceLineId, places::Line>,
}

/// Collects it.
///
/// # Errors
/// Faults of the database.
pub async fn collect(app: &App, conn: &impl Conn, wanted: &Wanted, at: &Moment) -> Result<Collected> {
    let standing = standing(app, conn, wanted).await?;
    let mut gathered = Gathered::default();
    for batch in standing.chunks(BATCH) {
        let ids: Vec<CaseId> = batch.iter().map(|(id, _)| *id).collect();
        for scene in Scene::look_all(app, conn, &ids, at).await? {
            gathered.take(&scene, at);
        }
    }
    let rules = Rules { seed: wanted.seed.clone(), scored: wanted.scored };
    let seats = Seats { lines: gathered.units, places: gathered.places.into_values().collect() };
    let input = Input { students: gathered.students, choices: gathered.choices, seats, rules };
    Ok(Collected { input, standing, lines: gathered.lines })
}

/// Applications that stand where a run may move them, by id.
///
/// # Errors
/// Faults of the database.
pub async fn standing(app: &App, conn: &impl Conn, wanted: &Wanted) -> Result<Vec<(CaseId, i32)>> {
    let homes = (wanted.call, wanted.homes.as_slice());
    let mut states = Vec::new();
    for version in store::followed(conn, wanted.call, &wanted.homes).await? {
        let definition = app.definitions.get(conn, version).await?;
        let names: Vec<String> = run_from(&definition).map(str::to_owned).collect();
        if !names.is_empty() {
            states.push((version, names));
        }
    }
    if states.is_empty() {
        return Ok(Vec::new());
    }
    Ok(store::standing(conn, homes, &states).await?)
}

/// The states that a run may move a case from.
fn run_from(definition: &Definition) -> impl Iterator<Item = &str> {
    let on_run = definition.transitions.iter().filter(|transition| transition.on == Some(Trigger::Run));
    on_run.flat_map(|transition| &transition.from).map(|state| definition.states[state.at()].name.as_str())
}

#[derive(Debug, Default)]
struct Gathered {
    students: Vec<Student>,
    choices: Vec<Choice>,
    units: Vec<Line>,
    places: BTreeMap<(OfferingId, PlaceLineId), Place>,
    lines: BTreeMap<PlaceLineId, places::Line>,
}

impl Gathered {
    /// Takes in one application, if a run may move it as it stands.
    fn take(&mut self, scene: &Scene, at: &Moment) {
        let definition = &scene.definition;
        let Some((ix, way)) = machine::placed_by(definition, &scene.live.case) else { return };
        let dossier = &scene.live.dossier;
        let score = dossier.application.score_hundredths;
        let events = dossier.case.acts.iter().map(|(event, _)| event.as_str());
        self.students.push(Student {
            id: dossier.case.id,
            home: dossier.home.id,
            level: dossier.student.level,
            field: dossier.student.field.as_deref().and_then(|field| field.parse().ok()),
            score: score.map(|score| Decimal::from_thousandths(i64::from(score) * THOUSANDTHS)),
            displaced: definition.past(events).displaced,
        });
        for choice in dossier.choices.iter().filter(|choice| choice.result == ChoiceResult::Open) {
            let line = self.seat(scene, way, choice);
            self.choices.push(Choice {
                student: dossier.case.id,
                rank: u16::try_from(choice.rank).unwrap_or_default(),
                offering: choice.offering.id,
                line,
                score: None,
                eligible: line.is_none() || may_have(scene, (ix, way), choice, at),
            });
        }
    }

    /// The line that a choice is bound to, with what it draws on noted; `None` where something it needs is covered by no line.
    fn seat(&mut self, scene: &Scene, way: &Transition, choice: &dossiers::Choice) -> Option<PlaceLineId> {
        let dossier = &scene.live.dossier;
        let held = way.effects.iter().filter(|effect| effect.op == PlaceOp::Hold);
        let accounts: Vec<_> = held.map(|effect| &scene.definition.accounts[effect.account.at()]).collect();
        let bound = bind(accounts.iter().map(|account| draws(account)), dossier, &choice.offering, &[]);
        let optional = |at: usize| accounts.get(at).is_some_and(|account| account.enabled.is_some());
        if bound.iter().enumerate().any(|(at, bound)| bound.line.is_none() && !optional(at)) {
            return None;
        }
        // A choice keeps the line of an agreement that is over, so that whoever holds is told; a run has nothing of it to give.
        if bound.iter().any(|bound| bound.line.is_some() && !bound.in_force) {
            return None;
        }
        let line = bound.iter().find_map(|bound| bound.line)?;
        for of in bound.iter().filter_map(|bound| bound.line) {
            self.note(dossier, of);
        }
        let draw = |bound: &Bound| {
            let units = u32::try_from(bound.amount).unwrap_or_default();
            bound.line.map(|line| Draw { line, units })
        };
        self.places.entry((choice.offering.id, line)).or_insert_with(|| Place {
            offering: choice.offering.id,
            line,
            host: choice.offering.host.id,
            draws: bound.iter().filter_map(draw).collect(),
        });
        Some(line)
    }

    /// Notes what a line has to give: what is free, and nothing while somebody waits for it.
    fn note(&mut self, dossier: &dossiers::Dossier, of: PlaceLineId) {
        let Some(line) = dossier.lines.iter().find(|line| line.id == of) else { return };
        let Entry::Vacant(unread) = self.lines.entry(of) else { return };
        let waited_for = dossier.waiters.get(&of).is_some_and(|waiters| *waiters > 0);
        self.units.push(Line {
            id: of,
            capacity: if waited_for { 0 } else { line.free().max(0) },
            period: line.covers.period,
            pool: line.covers.source == PlaceSource::Pool,
        });
        unread.insert(line.clone());
    }
}

/// Whether the rules let an application have a choice, places aside.
fn may_have(
    scene: &Scene,
    (ix, way): (TransitionIx, &Transition),
    choice: &dossiers::Choice,
    at: &Moment,
) -> bool {
    if way.require.is_empty() && way.documents.is_empty() {
        return true;
    }
    let stage = scene.stage(at, Via::Run);
    let view = View::of(&stage, &scene.live, Some(choice.id), scene.definition.asks_of(ix));
    let context = view.context(&stage, &scene.live);
    machine::may_run(&scene.definition, &scene.live.case, ix, &context).is_ok()
}
