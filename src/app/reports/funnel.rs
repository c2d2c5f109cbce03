//! How far applications come: how many reach each phase, stand in it now, and end there and how.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::definition::Definition;
use sojourn_engine::vocabulary::{Phase, StateKind};
use utoipa::ToSchema;

use super::asked::demand;
use super::picture::{self, About, BAR, Bar, Fill, phase};
use super::{Report, table};
use crate::access::Caller;
use crate::app::{App, Result};
use crate::store::reports::{self as store, Standing, Wanted};

/// Applications that ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FunnelEnd {
    /// The state they ended in, as its workflow names it.
    pub state: String,
    /// The same in the reader's language.
    pub label: String,
    /// How many.
    pub number: i64,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FunnelPhase {
    /// The phase.
    pub phase: Phase,
    /// Applications that have come this far, those that have gone further counted in.
    pub reached: i64,
    /// Of these, how many stand here now.
    pub now: i64,
    /// Of these, how many ended here otherwise than hoped.
    pub ended: i64,
    /// In which ways, the most frequent first.
    pub ends: Vec<FunnelEnd>,
}

/// How far applications come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FunnelView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// All applications that are counted.
    pub total: i64,
    /// Of these, how many ended as hoped.
    pub completed: i64,
    /// The phases in their order.
    pub phases: Vec<FunnelPhase>,
}

/// How far the applications that a caller sees come.
///
/// # Errors
/// [`crate::app::Error::Forbidden`] for whoever has no part in exchanges.
pub async fn funnel(app: &App, caller: &Caller, wanted: &Wanted) -> Result<FunnelView> {
    demand(caller)?;
    let conn = app.store.read();
    let mut counts = Counts::default();
    for standing in store::standings(conn, &caller.scope(), wanted).await? {
        let definition = app.definitions.get(conn, standing.workflow).await?;
        counts.add(&definition, &standing, &caller.language);
    }
    Ok(counts.view(app.clock.now()))
}

#[derive(Default)]
struct Counts {
    completed: i64,
    /// By phase: those that stand there, and those that went no further.
    now: BTreeMap<Phase, i64>,
    last: BTreeMap<Phase, i64>,
    ends: BTreeMap<Phase, BTreeMap<(String, String), i64>>,
}

impl Counts {
    fn add(&mut self, definition: &Definition, standing: &Standing, language: &str) {
        let named = |name: &str| definition.state_named(name).map(|ix| &definition.states[ix.at()]);
        // Whoever is over stood last where their last step left.
        let before = standing.left.as_deref().and_then(named).map_or(standing.phase, |state| state.phase);
        let stood = match standing.kind {
            StateKind::Open => standing.phase,
            StateKind::Success | StateKind::Failure => before,
        };
        *self.last.entry(stood).or_default() += standing.number;
        match standing.kind {
            StateKind::Open => *self.now.entry(stood).or_default() += standing.number,
            StateKind::Success => self.completed += standing.number,
            StateKind::Failure => {
                let label = named(&standing.state).map(|state| state.label.get(language).to_owned());
                let way = (standing.state.clone(), label.unwrap_or_else(|| standing.state.clone()));
                *self.ends.entry(stood).or_default().entry(way).or_default() += standing.number;
            }
        }
    }

    fn view(mut self, at: DateTime<Utc>) -> FunnelView {
        let of = |counts: &BTreeMap<Phase, i64>, phase| counts.get(&phase).copied().unwrap_or(0);
        let mut reached = 0;
        let mut phases: Vec<FunnelPhase> = Vec::new();
        for phase in Phase::ALL.iter().rev().copied().filter(|phase| *phase != Phase::Closed) {
            reached += of(&self.last, phase);
            let ways = self.ends.remove(&phase).unwrap_or_default().into_iter();
            let mut ends: Vec<FunnelEnd> =
                ways.map(|((state, label), number)| FunnelEnd { state, label, number }).collect();
            ends.sort_by_key(|end| std::cmp::Reverse(end.number));
            let ended = ends.iter().map(|end| end.number).sum();
            phases.push(FunnelPhase { phase, reached, now: of(&self.now, phase), ended, ends });
        }
        phases.reverse();
        FunnelView { at, total: reached, completed: self.completed, phases }
    }
}

impl Report for FunnelView {
    fn csv(&self) -> Result<String> {
        let columns = ["phase", "reached", "now", "ended", "way", "number"];
        let rows = self.phases.iter().flat_map(|row| {
            let head = [row.phase.as_str().to_owned(), row.reached.to_string(), row.now.to_string()];
            let alone = row.ends.is_empty().then(|| [String::new(), String::new()]);
            let ways = row.ends.iter().map(|end| [table::plain(&end.label), end.number.to_string()]);
            let ended = row.ended.to_string();
            ways.chain(alone).map(move |way| head.iter().cloned().chain([ended.clone()]).chain(way).collect())
        });
        table::csv(columns, rows.collect::<Vec<Vec<String>>>().into_iter())
    }

    fn picture(&self, language: &str) -> String {
        let words = if language.starts_with("zh") { &CHINESE } else { &ENGLISH };
        let most = self.total.max(1);
        let bars: Vec<Bar> = self.phases.iter().map(|row| bar(row, most, words, language)).collect();
        let legend = [(Fill::Dark, words.further), (Fill::Hatched, words.now), (Fill::Pale, words.ended)];
        let title = words.title.replace("{}", &self.at.format("%Y-%m-%d %H:%M UTC").to_string());
        picture::draw(About { title: &title, legend: &legend, none: words.none, more: "" }, &bars)
    }
}

struct Words {
    title: &'static str,
    further: &'static str,
    now: &'static str,
    ended: &'static str,
    reached: &'static str,
    none: &'static str,
}

const ENGLISH: Words = Words {
    title: "How far applications come, as of {}",
    further: "went further",
    now: "here now",
    ended: "ended here",
    reached: "{} reached, {} here now, {} ended here",
    none: "There are no applications.",
};

const CHINESE: Words = Words {
    title: "申請進展，統計時間 {}",
    further: "已進入下一階段",
    now: "目前在此階段",
    ended: "於此階段結束",
    reached: "到達 {}，目前 {}，結束 {}",
    none: "尚無申請。",
};

fn bar(row: &FunnelPhase, most: i64, words: &Words, language: &str) -> Bar {
    let wide = |number: i64| number * BAR / most;
    let name = phase(row.phase, language.starts_with("zh")).to_owned();
    let numbers = [row.reached, row.now, row.ended]
        .iter()
        .fold(words.reached.to_owned(), |text, number| text.replacen("{}", &number.to_string(), 1));
    Bar {
        parts: vec![
            (Fill::Dark, wide(row.reached - row.now - row.ended)),
            (Fill::Hatched, wide(row.now)),
            (Fill::Pale, wide(row.ended)),
        ],
        told: format!("{name}: {numbers}."),
        name,
        numbers,
        over: false,
    }
}
