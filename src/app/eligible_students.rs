//! Who may apply to a call: students of its homes that meet its eligibility guard, as far as it can be told before they apply.
//!
//! Seen by those who run exchanges at a home of the call, for their own institution or unit, and by the secretariat.

use serde::Serialize;
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::Value;
use sojourn_engine::ids::{CallId, InstitutionId, PersonId, RegistrationId, UnitId};
use sojourn_engine::vocabulary::Level;
use utoipa::ToSchema;

use super::calendars::of_zone;
use super::transition::facts::{of_call, of_student};
use super::{App, Asked, Error, Page, Result, eligibility};
use crate::access::{Caller, full_name};
use crate::store::calls::{self, Call};
use crate::store::dossiers::Student;
use crate::store::eligible_students::{self as store, Candidate};

/// A student who may apply.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EligibleStudentView {
    /// Where they study.
    pub registration: RegistrationId,
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The home institution.
    pub institution: InstitutionId,
    /// Faculty or department.
    pub unit: Option<UnitId>,
    /// Study cycle.
    pub level: Level,
    /// ISCED-F 2013 code of the field of study.
    pub field: Option<String>,
    /// Year of study, 1 = first.
    pub year: Option<i16>,
    /// Credits reached so far, in ECTS.
    pub credits: Option<f64>,
    /// Languages with CEFR level.
    pub languages: Vec<String>,
    /// Facts of an application that decide too, such as `answers.weeks`; empty: eligible whatever they are.
    pub depends_on: Vec<String>,
}

/// A page of the students who meet a call's eligibility guard; it may hold fewer than asked for, and still go on.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the call, [`Error::Forbidden`] when they run exchanges at none of its homes.
pub async fn list(
    app: &App,
    caller: &Caller,
    id: CallId,
    asked: &Asked,
) -> Result<Page<EligibleStudentView>> {
    let conn = app.store.read();
    let whole = calls::find(conn, Some(caller), id).await?.ok_or(Error::NotFound)?;
    let homes: Vec<InstitutionId> = whole.homes.iter().map(|home| home.id).collect();
    if !caller.is_secretariat() && !caller.coordinates_at().any(|seat| homes.contains(&seat.institution)) {
        let needs = "a coordinator of one of the call's homes, or the secretariat".to_owned();
        return Err(Error::Forbidden { needs });
    }
    let call = Call::try_from(whole.row)?;
    let source = call.eligibility.as_deref().unwrap_or("true");
    // A guard is compiled when its call is written; one that no longer compiles lets nobody in.
    let Ok(guard) = eligibility::compile(source, &call.form) else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    let (filter, _) = store::condition(&guard.filter(), &|slot| guard.fact(slot));
    let now = app.clock.now();
    let keep = |candidate: Candidate| {
        let student = Student::try_from(candidate.registration.clone()).ok()?;
        let zone = if call.zone == "home" { &candidate.zone } else { &call.zone };
        let calendar = of_zone(zone);
        let value = |fact: &Fact| match fact {
            Fact::Now => Some(Value::Instant(now)),
            _ => of_student(&student, &candidate.country, fact).or_else(|| of_call(&call, &calendar, fact)),
        };
        let depends_on = verdict(&guard, value)?;
        Some(view(candidate, student, depends_on))
    };
    Ok(store::page(conn, caller, (id, &homes), &filter, asked, keep).await?)
}

/// What the verdict still depends on; `None` when it is no, whatever an application will say.
pub(super) fn verdict(
    guard: &Eligibility,
    value: impl Fn(&Fact) -> Option<Value> + Copy,
) -> Option<Vec<String>> {
    if guard.holds(value) {
        return Some(Vec::new());
    }
    let open = guard.may_hold(value, comes_later);
    open.then(|| {
        guard.explain(value).into_iter().filter(|(_, value)| value.is_none()).map(|(path, _)| path).collect()
    })
}

/// Whether a fact is known only once there is an application.
fn comes_later(fact: &Fact) -> bool {
    let student = matches!(
        fact,
        Fact::StudentLevel
            | Fact::StudentYear
            | Fact::StudentCredits
            | Fact::StudentField
            | Fact::StudentLanguages
            | Fact::HomeCountry
    );
    let call = matches!(
        fact,
        Fact::Now
            | Fact::CallOpensAt
            | Fact::CallClosesAt
            | Fact::CallGraceUntil
            | Fact::CallResultsAt
            | Fact::CallNominationClosesAt
            | Fact::CallHostDecisionAt
            | Fact::CallScores
            | Fact::CallWaitingList
            | Fact::CallNextChoiceAllowed
    );
    !student && !call
}

fn view(candidate: Candidate, student: Student, depends_on: Vec<String>) -> EligibleStudentView {
    let row = candidate.registration;
    EligibleStudentView {
        registration: row.id,
        person: row.person_id,
        name: full_name(&candidate.given_name, &candidate.family_name),
        institution: row.institution_id,
        unit: row.unit_id,
        level: row.level,
        field: row.field,
        year: row.year,
        credits: row.credits_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
        languages: student.languages,
        depends_on,
    }
}
