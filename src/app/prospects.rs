//! What a student is told of a programme before they apply: whether it fits them, and by which calls they could apply.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::Value;
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId, ProgrammeId, RegistrationId};
use sojourn_engine::vocabulary::{Level, Publication};

use super::calendars::of_zone;
use super::eligibility::{self, Fit};
use super::eligible_students::verdict;
use super::transition::facts::{of_call, of_student};
use super::{App, Asked, Error, Result};
use crate::access::Caller;
use crate::store::calls::{self, Call, Wanted, Whole};
use crate::store::dossiers::{self, Institution, Student};
use crate::store::{institutions, programmes, registrations};

/// Registrations and calls that are looked at; nobody has more.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// How facts of the answers to a call's questions begin.
const ANSWERS: &str = "answers.";

/// A programme as one registration of a student sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Prospect {
    /// Where they study.
    pub registration: RegistrationId,
    /// The home.
    pub home: InstitutionId,
    /// Its name.
    pub home_name: String,
    /// Study cycle.
    pub level: Level,
    /// Field of study as stated, ISCED-F 2013.
    pub field: Option<String>,
    /// Languages as stated, with CEFR levels.
    pub languages: Vec<String>,
    /// What of the programme fits.
    pub fit: Fit,
    /// Calls of the home that open the programme, those one can apply to first.
    pub calls: Vec<Opening>,
    /// Whether one can apply now: everything fits and a call is open to them.
    pub can_apply: bool,
}

/// A call that opens a programme.
#[derive(Debug, Clone, Serialize)]
pub struct Opening {
    /// The call.
    pub call: CallId,
    /// Its title.
    pub title: String,
    /// When it opens.
    pub opens_at: DateTime<Utc>,
    /// When it closes.
    pub closes_at: DateTime<Utc>,
    /// IANA zone of the home.
    pub zone: String,
    /// Whether it is open now.
    pub is_open: bool,
    /// Whether it is over.
    pub is_over: bool,
    /// What its own rule says; what it still depends on where that is known with the application alone.
    pub verdict: Verdict,
}

/// What the rule of a call says of a student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Verdict {
    /// They may apply.
    Yes,
    /// It depends on these facts of the application.
    Depends { on: Vec<String> },
    /// They may not.
    No {
        /// The rule as the call has it.
        rule: String,
        /// What is stated of them that keeps it from holding.
        stated: Vec<Stated>,
    },
}

/// A fact of a student with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The fact, as rules write it.
    pub fact: String,
    /// Its value; `None` where nothing is stated.
    pub value: Option<String>,
}

impl Verdict {
    /// Whether they may not, whatever they will write.
    pub const fn is_no(&self) -> bool {
        matches!(self, Self::No { .. })
    }
}

/// What each registration of the caller makes of a programme; empty for a programme that is never held.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the programme.
pub async fn of_programme(app: &App, caller: &Caller, id: ProgrammeId) -> Result<Vec<Prospect>> {
    let conn = app.store.read();
    programmes::find(conn, Some(caller), id).await?.ok_or(Error::NotFound)?;
    let held: Vec<OfferingId> =
        programmes::offerings(conn, id, &MANY).await?.items.iter().map(|(offering, _)| offering.id).collect();
    let offerings = dossiers::offerings(conn, &held).await?;
    let Some(offering) = offerings.first() else { return Ok(Vec::new()) };
    let now = app.clock.now();
    let mut prospects = Vec::new();
    for row in registrations::list(conn, caller.person, &MANY).await?.items {
        let Some(home) = institutions::find(conn, row.institution_id).await? else { continue };
        let home = Institution::try_from(home)?;
        let (registration, level) = (row.id, row.level);
        let student = Student::try_from(row)?;
        let (field, languages) = (student.field.clone(), student.languages.clone());
        let fit = eligibility::fit(&student, offering);
        let wanted =
            Wanted { status: Some(Publication::Published), home: Some(home.id), ..Wanted::default() };
        let opened = calls::list(conn, Some(caller), &MANY, &wanted).await?.items;
        let opened = opened.into_iter().filter(|whole| whole.offerings.iter().any(|one| held.contains(one)));
        let mut openings = Vec::new();
        for whole in opened {
            openings.push(opening(whole, &student, &home, now)?);
        }
        openings.sort_by_key(|one| (one.is_over, !one.is_open, one.closes_at));
        let open = openings.iter().any(|one| one.is_open && !one.verdict.is_no());
        prospects.push(Prospect {
            registration,
            home: home.id,
            home_name: home.name,
            level,
            field,
            languages,
            can_apply: fit.all() && open,
            fit,
            calls: openings,
        });
    }
    Ok(prospects)
}

fn opening(whole: Whole, student: &Student, home: &Institution, now: DateTime<Utc>) -> Result<Opening> {
    let call = Call::try_from(whole.row)?;
    let zone = if call.zone == "home" { home.zone.clone() } else { call.zone.clone() };
    let calendar = of_zone(&zone);
    let value = |fact: &Fact| match fact {
        Fact::Now => Some(Value::Instant(now)),
        _ => of_student(student, &home.country, fact).or_else(|| of_call(&call, &calendar, fact)),
    };
    let source = call.eligibility.as_deref().unwrap_or("true");
    // A guard is compiled when its call is written; one that no longer compiles lets nobody in.
    let guard = eligibility::compile(source, &call.form).ok();
    let verdict = match guard.as_ref().and_then(|guard| verdict(guard, value)) {
        None => Verdict::No {
            rule: source.to_owned(),
            stated: guard.map_or_else(Vec::new, |guard| before_answers(guard.explain(value))),
        },
        Some(on) if on.is_empty() => Verdict::Yes,
        Some(on) => Verdict::Depends { on },
    };
    let at = |fact| match of_call(&call, &calendar, &fact) {
        Some(Value::Instant(at)) => at,
        _ => now,
    };
    let (opens_at, closes_at) = (at(Fact::CallOpensAt), at(Fact::CallClosesAt));
    Ok(Opening {
        call: call.id,
        title: call.title.clone(),
        opens_at,
        closes_at,
        zone,
        is_open: opens_at <= now && now < closes_at,
        is_over: closes_at <= now,
        verdict,
    })
}

/// The same as long as nothing is answered.
fn before_answers(facts: Vec<(String, Option<Value>)>) -> Vec<Stated> {
    stated(facts.into_iter().filter(|(fact, _)| !fact.starts_with(ANSWERS)).collect())
}

/// Whether a fact is the student's own: what they are registered with, and what they answer.
pub(super) fn is_own(fact: &str) -> bool {
    fact.starts_with("student.") || fact.starts_with(ANSWERS) || fact == "home.country"
}

/// What of the facts that keep a rule from holding is the student's own.
pub(super) fn stated(facts: Vec<(String, Option<Value>)>) -> Vec<Stated> {
    let own = facts.into_iter().filter(|(fact, _)| is_own(fact));
    let text = |value: Option<Value>| value.map(|value| value.to_string()).filter(|text| !text.is_empty());
    own.map(|(fact, value)| Stated { fact, value: text(value) }).collect()
}
