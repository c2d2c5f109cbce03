//! What a changed definition would have made of past cases: rows are read in ranges, the engine decides; nothing is written.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, Span};
use sojourn_engine::guard::{Decimal, Value};
use sojourn_engine::ids::{CallId, CaseId, WorkflowVersionId};
use sojourn_engine::machine::Calendars;
use sojourn_engine::simulate::{Attempted, Past, Posted, Recorded, Report, Simulation, Written};
use sojourn_engine::vocabulary::Via;
use utoipa::ToSchema;

use super::{store, versions};
use crate::access::{Caller, Policy};
use crate::app::calendars::calendar;
use crate::app::{App, Error, FieldError, Result, demand};
use crate::store::dossiers::Student;
use crate::store::records::NewHistory;
use crate::store::simulations::{self as rows, Around, Attempt, PastCase, Posting, Range, Wanted};

/// Cases read at a time.
const RANGE: u64 = 500;

/// The definition that is tried.
#[derive(Debug, Clone)]
pub enum Changed {
    /// A text.
    Source(String),
    /// A version that stands in the store, be it a draft.
    Version(i32),
}

/// Which past cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Over {
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only of the academic year that begins in this year.
    pub year: Option<i16>,
}

/// What came out; the same for the same definition and the same record, byte for byte.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimulationView {
    /// The workflow.
    pub workflow: String,
    /// SHA-256 of the definition that was tried, in hexadecimal.
    pub sha256: String,
    /// Only cases of this call.
    pub call: Option<CallId>,
    /// Only cases of this academic year.
    pub academic_year: Option<i16>,
    /// What would have been otherwise.
    #[schema(value_type = Object)]
    pub report: Report,
}

/// Tries a definition on the past cases of its workflow; `seen` is told how many have been looked at.
///
/// # Errors
/// [`Error::Invalid`] for a definition that is not sound or of another workflow, [`Error::NotFound`] for an unknown workflow or version.
pub async fn simulate(
    app: &App,
    caller: &Caller,
    id: &str,
    changed: Changed,
    over: Over,
    mut seen: impl FnMut(u64),
) -> Result<SimulationView> {
    demand(Policy::SecretariatOrChair, caller)?;
    let conn = app.store.read();
    store::find(conn, id).await?.ok_or(Error::NotFound)?;
    let (changed, sha256) = definition(app, id, changed).await?;
    let mut decided: BTreeMap<WorkflowVersionId, Arc<Definition>> = BTreeMap::new();
    for version in store::versions(conn, id).await? {
        decided.insert(version.id, app.definitions.get(conn, version.id).await?);
    }
    let wanted = Wanted { versions: decided.keys().copied().collect(), call: over.call, year: over.year };
    let mut simulation =
        Simulation::new(&changed, decided.iter().map(|(id, definition)| (*id, &**definition)));
    let alliance = Calendar::plain(app.zone);
    let mut around = Around::default();
    let mut looked = HashSet::new();
    let mut after = None;
    while let Some(range) = rows::range(conn, &wanted, after, RANGE).await? {
        after = range.cases.last().map(|case| case.id);
        around.learn(conn, &range).await?;
        for case in &range.cases {
            one(&mut simulation, case, &range, &around, &alliance);
            looked.insert(case.id);
        }
        seen(u64::try_from(looked.len()).unwrap_or(u64::MAX));
        tokio::task::yield_now().await;
    }
    beside(app, &mut simulation, &looked).await?;
    let report = simulation.report();
    Ok(SimulationView { workflow: id.to_owned(), sha256, call: over.call, academic_year: over.year, report })
}

/// What else happened to the lines that would have been used otherwise.
async fn beside(app: &App, simulation: &mut Simulation<'_>, looked: &HashSet<CaseId>) -> Result<()> {
    for (line, case, at, kind, amount) in rows::of_lines(app.store.read(), &simulation.lines()).await? {
        if case.is_none_or(|case| !looked.contains(&case)) {
            simulation.beside(line, at, kind, amount);
        }
    }
    Ok(())
}

async fn definition(app: &App, id: &str, changed: Changed) -> Result<(Arc<Definition>, String)> {
    let conn = app.store.read();
    let source = match changed {
        Changed::Source(source) => source,
        Changed::Version(number) => {
            let version = store::version(conn, id, number).await?.ok_or(Error::NotFound)?;
            let definition = app.definitions.get(conn, version.id).await?;
            return Ok((definition, hex::encode(version.sha256)));
        }
    };
    versions::sound(&app.definitions.check(source.clone()).await?)?;
    let sha256 = hex::encode(Sha256::digest(&source));
    let definition = Definition::parse(&source).map_err(|found| Error::Invalid(versions::told(&found)))?;
    if definition.id != id {
        let detail = format!(
            "the definition calls itself `{}`: post it there, or give it the id of this workflow",
            definition.id
        );
        return Err(Error::Invalid(vec![FieldError::new("/source", detail)]));
    }
    Ok((Arc::new(definition), sha256))
}

fn one(
    simulation: &mut Simulation<'_>,
    case: &PastCase,
    range: &Range,
    around: &Around,
    alliance: &Calendar,
) {
    let steps: Vec<Recorded<'_>> =
        range.steps.get(&case.id).into_iter().flatten().map(|step| recorded(step, range)).collect();
    let attempts: Vec<(&Attempt, Vec<&str>)> =
        range.refused.get(&case.id).into_iter().flatten().map(|attempt| (attempt, unmet(attempt))).collect();
    let refused: Vec<Attempted<'_>> =
        attempts.iter().map(|(attempt, rules)| attempted(attempt, rules)).collect();
    let postings: Vec<Posted<'_>> = range.postings.get(&case.id).into_iter().flatten().map(posted).collect();
    let of = |id| around.institutions.get(&id).map(calendar);
    let home = of(case.home).unwrap_or_else(|| alliance.clone());
    let host = case.host.and_then(of).unwrap_or_else(|| home.clone());
    let calendars = Calendars { home, host, alliance: alliance.clone() };
    let call = around.calls.get(&case.call);
    let overrides: Vec<(&str, Span)> = call
        .into_iter()
        .flat_map(|call| &call.clocks)
        .filter_map(|(name, span)| Some((name.as_str(), Span::from_str(span).ok()?)))
        .collect();
    let frozen = case.frozen.as_ref().map(facts).unwrap_or_default();
    simulation.case(&Past {
        case: case.id,
        applicant: case.applicant,
        steps: &steps,
        refused: &refused,
        frozen: &frozen,
        calendars: &calendars,
        overrides: &overrides,
        postings: &postings,
    });
}

fn recorded<'r>(step: &'r NewHistory, range: &'r Range) -> Recorded<'r> {
    let written = match (range.payloads.get(&(step.case, step.number)), &step.payload_hmac) {
        (Some(payload), _) => Written::Kept {
            data: payload.data.as_deref(),
            reason: payload.reason.as_ref().map(|(code, _)| code.as_str()),
        },
        (None, Some(_)) => Written::Erased,
        (None, None) => Written::Nothing,
    };
    Recorded {
        number: step.number,
        machine: &step.machine,
        at: step.at,
        version: step.workflow,
        event: &step.event,
        from: step.from.as_deref(),
        to: &step.to,
        role: &step.role,
        actor: step.actor,
        imported: step.via == Via::Import,
        facts: &step.facts,
        written,
    }
}

/// Codes of the rules that did not hold.
fn unmet(attempt: &Attempt) -> Vec<&str> {
    let many = attempt.refusal["rules"].as_array().into_iter().flatten();
    let rules = many.chain([&attempt.refusal["rule"]]);
    rules.filter_map(|rule| rule["code"].as_str()).collect()
}

fn attempted<'r>(attempt: &'r Attempt, rules: &'r [&'r str]) -> Attempted<'r> {
    Attempted {
        machine: &attempt.machine,
        at: attempt.at,
        version: attempt.workflow,
        event: &attempt.event,
        role: attempt.role.as_deref(),
        actor: attempt.actor,
        facts: &attempt.facts,
        code: attempt.refusal["code"].as_str().unwrap_or_default(),
        rules,
    }
}

fn posted(posting: &Posting) -> Posted<'_> {
    Posted {
        line: posting.line,
        account: &posting.account,
        number: posting.number,
        at: posting.at,
        kind: posting.kind,
        amount: posting.amount,
    }
}

/// What guards may ask of a frozen registration.
fn facts(student: &Student) -> Vec<(&'static str, Option<Value>)> {
    let hundredths = |value: i32| Value::Decimal(Decimal::from_thousandths(i64::from(value) * 10));
    let languages = student.languages.iter().map(|language| Value::text(language.as_str()));
    vec![
        ("student.level", Some(Value::Int(student.level.eqf().into()))),
        ("student.year", student.year.map(|year| Value::Int(year.into()))),
        ("student.credits", student.credits_hundredths.map(hundredths)),
        ("student.field", student.field.as_deref().map(Value::text)),
        ("student.languages", Some(Value::list(languages))),
    ]
}
