//! Rows that stand for imported history.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveTime};
use serde_json::json;
use sojourn_engine::ids::{CallId, InstitutionId, PeriodId, PersonId, ProgrammeId};
use sojourn_engine::vocabulary::{Direction, Duty, InstitutionKind, PlaceSource, PlaceUnit, Publication};

use super::plan::Walk;
use crate::app::{Error, Result};
use crate::clock::Moment;
use crate::store::calls::{AnswerKind, CallRow, Question};
use crate::store::institutions::Institution;
use crate::store::people::{Person, Role};
use crate::store::periods::Period;
use crate::store::places::PlaceLine;
use crate::store::programmes::{Offering, Programme};

/// The day from which technical people hold their duties: before every record of the field.
const LONG_AGO: (i32, u32, u32) = (1987, 1, 1);
/// Status of everything that stands for history: nobody applies to it any more.
pub const OVER: Publication = Publication::Closed;

pub fn institution(kind: InstitutionKind, name: &str, country: &str, zone: &str, at: &Moment) -> Institution {
    Institution {
        id: at.id(),
        kind,
        name: name.to_owned(),
        country: country.to_owned(),
        zone: zone.to_owned(),
        language: "en".to_owned(),
        working_week: json!([1, 2, 3, 4, 5]),
        holidays: json!([]),
        erasmus_code: None,
        erasmus_key: None,
        ror_id: None,
        schac: None,
        founding: false,
        unverified: true,
        joined_on: None,
        left_on: None,
        created_at: at.now,
        version: 1,
    }
}

/// A technical person who stands for a duty and cannot sign in.
pub fn technical(id: PersonId, duty: Duty, at: &Moment) -> Person {
    person(id, ("Imported", duty.as_str()), at)
}

/// A person without an address.
pub fn person(id: PersonId, (given_name, family_name): (&str, &str), at: &Moment) -> Person {
    Person {
        id,
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        email: None,
        language: "en".to_owned(),
        nationality: None,
        gender: None,
        birth_year: None,
        mails: sojourn_engine::vocabulary::Mails::Daily,
        technical: true,
        erased_at: None,
        created_at: at.now,
        version: 1,
        unreachable_since: None,
        unreachable_words: None,
    }
}

/// A duty that ended the day before the import, so that nobody technical holds a role in a case of today.
pub fn role(person: PersonId, duty: Duty, institution: Option<InstitutionId>, at: &Moment) -> Role {
    let (year, month, day) = LONG_AGO;
    Role {
        id: at.id(),
        person_id: person,
        duty,
        institution_id: institution,
        unit_id: None,
        from_on: NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default(),
        until_on: Some(at.now.date_naive() - Days::new(1)),
        granted_by: None,
        created_at: at.now,
    }
}

pub fn programme(walk: &Walk, host: InstitutionId, at: &Moment) -> Programme {
    Programme {
        id: at.id(),
        kind: walk.kind,
        host_id: host,
        unit_id: None,
        workflow_id: walk.workflow.clone(),
        title: walk.title.clone(),
        summary: None,
        fields: json!([]),
        levels: json!([]),
        languages: json!([]),
        gives_credit: true,
        status: OVER,
        case_id: None,
        raises: None,
        created_at: at.now,
        version: 1,
    }
}

pub fn period(
    institution: InstitutionId,
    year: i16,
    (term, start_on, end_on): (&str, NaiveDate, NaiveDate),
    at: &Moment,
) -> Period {
    Period {
        id: at.id(),
        institution_id: institution,
        academic_year: year,
        term: term.to_owned(),
        name: Some(title(year)),
        start_on,
        end_on,
        twelfths: 12,
        created_at: at.now,
        version: 1,
    }
}

pub fn offering(
    programme: ProgrammeId,
    period: PeriodId,
    (start_on, end_on): (NaiveDate, NaiveDate),
    at: &Moment,
) -> Offering {
    Offering {
        id: at.id(),
        programme_id: programme,
        period_id: period,
        start_on,
        end_on,
        created_at: at.now,
        version: 1,
    }
}

/// The line of a flow; places are posted to it record by record.
pub fn place_line(
    home: InstitutionId,
    host: InstitutionId,
    programme: ProgrammeId,
    at: &Moment,
) -> PlaceLine {
    PlaceLine {
        id: at.id(),
        source: PlaceSource::Programme,
        agreement_id: None,
        programme_id: Some(programme),
        direction: Direction::Out,
        home_id: Some(home),
        host_id: Some(host),
        period_id: None,
        levels: None,
        fields: None,
        unit: PlaceUnit::Heads,
        capacity: 0,
        held: 0,
        used: 0,
        created_at: at.now,
        version: 1,
    }
}

/// The imported call of an academic year, its dates wide enough for every stay that begins in that year.
pub fn call(id: CallId, year: i16, at: &Moment) -> Result<CallRow> {
    let opens_on = opens_on(year);
    let month = |months| opens_on.checked_add_months(chrono::Months::new(months)).unwrap_or(opens_on);
    Ok(CallRow {
        id,
        title: format!("Imported mobilities {}", title(year)),
        status: OVER,
        zone: "home".to_owned(),
        opens_on,
        opens_time: NaiveTime::MIN,
        closes_on: month(15),
        closes_time: last_second(),
        grace_minutes: 0,
        results_on: Some(month(16)),
        results_time: Some(last_second()),
        nomination_closes_on: Some(month(17)),
        nomination_closes_time: Some(last_second()),
        host_decision_on: Some(month(18)),
        host_decision_time: Some(last_second()),
        max_choices: None,
        eligibility: None,
        form: serde_json::to_value(questions()).map_err(|fault| Error::Internal(fault.into()))?,
        documents: json!({}),
        tracks: json!({}),
        clocks: json!({}),
        scores: false,
        agreement_later: false,
        waiting_list: false,
        reciprocal: false,
        next_choice_allowed: false,
        historic: true,
        seed: None,
        seed_drawn_at: None,
        created_by: None,
        created_at: at.now,
        version: 1,
    })
}

/// What records say beside their stay, as questions with their labels.
fn questions() -> Vec<Question> {
    let asked = [
        ("sn_supplement", "Supplement for special needs, in EUR", "特殊需求補助（歐元）"),
        ("study_grant", "Grant for study, in EUR", "學習補助（歐元）"),
        ("work_grant", "Grant for work, in EUR", "實習補助（歐元）"),
        ("short_duration_reason", "Code of the reason for a short stay", "短期停留原因代碼"),
        (
            "previous_participation",
            "Earlier mobility (N none, S study, P placement, M other)",
            "先前交流經驗（N 無、S 學習、P 實習、M 其他）",
        ),
        ("host_institution", "Supervising university", "督導大學"),
        ("work_placement", "Employer of the work part", "實習部分之機構"),
        ("country_work_placement", "Country of that employer", "該機構所在國家"),
    ];
    let question = |(name, en, zh): (&str, &str, &str)| Question {
        name: name.to_owned(),
        label: BTreeMap::from([("en".to_owned(), en.to_owned()), ("zh-Hant".to_owned(), zh.to_owned())]),
        kind: AnswerKind::Text,
        required: false,
    };
    asked.map(question).to_vec()
}

/// An academic year as people write it: `2008/09`.
fn title(year: i16) -> String {
    format!("{year}/{:02}", (year + 1) % 100)
}

/// The day on which the imported call of an academic year opens: nine months ahead, early enough for every stay in it.
pub fn opens_on(year: i16) -> NaiveDate {
    NaiveDate::from_ymd_opt(i32::from(year) - 1, 11, 1).unwrap_or_default()
}

/// Last instant of a day, as calls close.
fn last_second() -> NaiveTime {
    NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default()
}
