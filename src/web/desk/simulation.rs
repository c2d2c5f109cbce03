//! Trying versions of a workflow on past cases, two beside each other: how many come out how, and which steps differ.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::simulate::Report;

use super::super::visit::{SignedIn, Visit};
use super::institutions::ALL;
use super::programmes::workflow_name;
use super::sheet::Answer;
use super::workflows::above;
use crate::access::{Caller, Policy};
use crate::app::calls::{self, Wanted};
use crate::app::workflows::simulation::{self, Changed, Over};
use crate::app::workflows::{self, WorkflowView};
use crate::app::{Result, demand};

/// What is tried on which cases.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    version: Option<i32>,
    #[serde(default)]
    against: String,
    #[serde(default)]
    call: String,
    #[serde(default)]
    year: String,
    #[serde(default)]
    run: String,
}

impl Sought {
    fn over(&self) -> Over {
        Over { call: self.call.parse().ok(), year: self.year.parse().ok() }
    }
}

/// One of the two that are tried.
struct Side {
    name: String,
    report: Report,
}

async fn side(
    visit: &Visit,
    caller: &Caller,
    id: &str,
    (name, changed): (String, Changed),
    over: Over,
) -> Result<Side> {
    let report = simulation::simulate(visit.app(), caller, id, changed, over, |_| {}).await?.report;
    Ok(Side { name, report })
}

fn called(visit: &Visit, number: i32) -> String {
    visit.word("flows.version").replace("{}", &number.to_string())
}

pub async fn show(Path(id): Path<String>, signed_in: SignedIn, Query(sought): Query<Sought>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::SecretariatOrChair, &caller)?;
    let one = workflows::get(visit.app(), &caller, &id).await?;
    let first = sought.version.or(one.versions.first().map(|version| version.number)).unwrap_or_default();
    let second: Option<i32> = sought.against.parse().ok().filter(|other| *other != first);
    let mut sides = Vec::new();
    if sought.run == "yes" {
        for number in [Some(first), second].into_iter().flatten() {
            let tried = (called(&visit, number), Changed::Version(number));
            sides.push(side(&visit, &caller, &id, tried, sought.over()).await?);
        }
    }
    Ok(page(&visit, &caller, &one, (&sought, first, second), &sides).await?)
}

/// A text that is being written, beside the version that is in force.
pub async fn of_text(visit: &Visit, caller: &Caller, id: &str, text: Changed) -> Answer {
    let one = workflows::get(visit.app(), caller, id).await?;
    let sought = Sought::default();
    let mut sides =
        vec![side(visit, caller, id, (visit.word("flows.text_at_work"), text), Over::default()).await?];
    if let Some(number) = one.current {
        let tried = (called(visit, number), Changed::Version(number));
        sides.push(side(visit, caller, id, tried, Over::default()).await?);
    }
    let first = one.versions.first().map_or(0, |version| version.number);
    Ok(page(visit, caller, &one, (&sought, first, one.current), &sides).await?)
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    one: &WorkflowView,
    (sought, first, second): (&Sought, i32, Option<i32>),
    sides: &[Side],
) -> Result<Response> {
    let calls = calls::list(visit.app(), Some(caller), &ALL, &Wanted::default()).await?.items;
    let labels = labels(visit, caller, one).await?;
    let own = context! {
        above => above(visit, &one.id),
        name => workflow_name(visit, &one.id),
        one => Value::from(Serde(one)),
        first, second,
        call => sought.call.clone(), year => sought.year.clone(),
        calls => Value::from(Serde(&calls)),
        sides => sides.iter().map(|side| side.name.clone()).collect::<Vec<_>>(),
        counts => counts(sides),
        states => states(sides, &labels),
        steps => steps(sides, &labels),
        lapsed => lapsed(sides, &labels),
        mails => mails(sides),
        unknown => sides.iter().map(|side| side.report.questions.iter().map(|one| one.times).sum()).collect::<Vec<u64>>(),
        short => sides.iter().map(|side| side.report.overdrawn.len()).collect::<Vec<_>>(),
    };
    Ok(visit.page(StatusCode::OK, "desk/simulation.html", own))
}

/// Labels of states and events in the reader's language.
async fn labels(visit: &Visit, caller: &Caller, one: &WorkflowView) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for version in one.versions.iter().rev() {
        let view = workflows::version(visit.app(), caller, &one.id, version.number).await?;
        labels.extend(view.states.into_iter().map(|state| (state.name, state.label)));
        labels.extend(view.events.into_iter().map(|event| (event.name, event.label)));
    }
    Ok(labels)
}

fn label(labels: &BTreeMap<String, String>, name: &str) -> String {
    labels.get(name).cloned().unwrap_or_else(|| name.to_owned())
}

/// How many cases came out how, one column for each side.
fn counts(sides: &[Side]) -> Vec<Value> {
    type Count = fn(&Report) -> u64;
    let rows: [(&str, Count); 7] = [
        ("cases", |report| report.cases),
        ("unchanged", |report| report.unchanged),
        ("unknown", |report| report.unknown),
        ("diverged", |report| report.diverged),
        ("foreign", |report| report.foreign),
        ("steps", |report| report.steps),
        ("attempts", |report| report.attempts),
    ];
    let row = |(name, count): (&str, Count)| {
        let each: Vec<u64> = sides.iter().map(|side| count(&side.report)).collect();
        context! { name, differ => each.windows(2).any(|pair| pair[0] != pair[1]), each }
    };
    rows.into_iter().map(row).collect()
}

/// Numbers by key, one for each side.
fn beside<K: Ord>(sides: &[Side], of: impl Fn(&Report) -> Vec<(K, u64)>) -> BTreeMap<K, Vec<u64>> {
    let mut all: BTreeMap<K, Vec<u64>> = BTreeMap::new();
    for (nth, side) in sides.iter().enumerate() {
        for (key, number) in of(&side.report) {
            all.entry(key).or_insert_with(|| vec![0; sides.len()])[nth] += number;
        }
    }
    all
}

/// Cases whose course parts in a state, by how it does.
fn states(sides: &[Side], labels: &BTreeMap<String, String>) -> Vec<Value> {
    let found = beside(sides, |report| {
        report.differences.iter().map(|one| ((one.state.clone(), one.kind), one.cases)).collect()
    });
    let row = |((state, kind), each): ((String, _), Vec<u64>)| {
        context! { state => label(labels, &state), kind => Value::from(Serde(&kind)), each }
    };
    found.into_iter().map(row).collect()
}

/// Steps that come out otherwise, with some of the cases.
fn steps(sides: &[Side], labels: &BTreeMap<String, String>) -> Vec<Value> {
    let key = |one: &sojourn_engine::simulate::Difference| {
        (one.state.clone(), one.event.clone(), one.kind, one.what.clone())
    };
    let found = beside(sides, |report| report.differences.iter().map(|one| (key(one), one.cases)).collect());
    let mut examples: BTreeMap<_, Vec<(String, i32)>> = BTreeMap::new();
    for one in sides.iter().flat_map(|side| &side.report.differences) {
        let named = examples.entry(key(one)).or_default();
        named.extend(one.first.iter().map(|first| (first.case.to_string(), first.step)));
        named.sort();
        named.dedup();
    }
    let row = |(key, each): ((String, String, _, String), Vec<u64>)| {
        let first = examples.get(&key).cloned().unwrap_or_default();
        let (state, event, kind, what) = key;
        context! {
            state => label(labels, &state), event => label(labels, &event),
            kind => Value::from(Serde(&kind)), what, each, first,
        }
    };
    found.into_iter().map(row).collect()
}

fn lapsed(sides: &[Side], labels: &BTreeMap<String, String>) -> Vec<Value> {
    let found = beside(sides, |report| {
        let key =
            |one: &sojourn_engine::simulate::Lapsed| (one.state.clone(), one.clock.clone(), one.then.clone());
        report.lapsed.iter().map(|one| (key(one), one.times)).collect()
    });
    let row = |((state, clock, then), each): ((String, String, String), Vec<u64>)| {
        context! { state => label(labels, &state), clock, then, each }
    };
    found.into_iter().map(row).collect()
}

/// Mails that would have gone and did not, and the other way round.
fn mails(sides: &[Side]) -> Vec<Value> {
    let more =
        beside(sides, |report| report.mails.iter().map(|one| (one.notice.clone(), one.more)).collect());
    let fewer =
        beside(sides, |report| report.mails.iter().map(|one| (one.notice.clone(), one.fewer)).collect());
    let row = |(notice, more): (String, Vec<u64>)| {
        let fewer = fewer.get(&notice).cloned().unwrap_or_default();
        let each: Vec<(u64, u64)> = more.into_iter().zip(fewer).collect();
        context! { notice, each }
    };
    more.into_iter().map(row).collect()
}
