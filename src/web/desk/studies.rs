//! Where people study: registrations, entered and changed by whoever looks after them.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use sojourn_engine::ids::{InstitutionId, PersonId, RegistrationId};
use sojourn_engine::vocabulary::Level;

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may, must};
use super::institutions::ALL;
use super::people::{above, places, to};
use super::roles::{At, likely, units};
use super::sheet::{Answer, Sheet};
use super::takes::credits;
use crate::access::{Caller, Policy};
use crate::app::people::{self, PersonView};
use crate::app::registrations::{self, NewRegistration, Registration, RegistrationView};
use crate::app::{Error, Result, demand, institutions};

/// What a registration says of a student, beside where.
async fn asks(visit: &Visit, at: Option<InstitutionId>) -> Result<Vec<Ask>> {
    let level = |level: &Level| (level.to_string(), visit.word(&format!("levels.{level}")));
    let levels: Options = Level::ALL.iter().map(level).collect();
    let mut asks = units(visit, at).await?.into_iter().collect::<Vec<_>>();
    asks.extend([
        must("level", Takes::One(levels)).called(visit.word("person.level")).without_hint(),
        may("field", Takes::Study),
        may("year", Takes::Whole(1, 20)),
        may("credits", Takes::Credits),
        may("languages", Takes::Tongues).called(visit.word("person.languages")),
        may("student_no", Takes::Line(50)),
        may("esi", Takes::Line(200)),
    ]);
    Ok(asks)
}

fn sheet(visit: &Visit, person: &PersonView, title: &str, version: Option<i32>) -> Sheet {
    Sheet {
        title: visit.word(title),
        trail: above(visit, person),
        lead: None,
        button: visit.word("desk.save"),
        version,
    }
}

/// The fields of a registration to enter.
async fn new_asks(visit: &Visit, caller: &Caller, at: Option<InstitutionId>) -> Result<Vec<Ask>> {
    let mut all = vec![must("institution", Takes::One(places(visit, caller, at).await?))];
    all.extend(asks(visit, at).await?);
    Ok(all)
}

pub async fn ask(Path(named): Path<String>, signed_in: SignedIn, Query(from): Query<At>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    let at = likely(&caller, &person, &from);
    let form = Form::of(new_asks(&visit, &caller, at).await?).with_some("institution", at);
    Ok(sheet(&visit, &person, "person.register", None).page(&visit, StatusCode::OK, &form))
}

/// A registration as the form says it; `None` where it names no place or no level.
fn said(form: &Form) -> Option<NewRegistration> {
    let (institution, level) = form.parsed("institution").zip(form.parsed("level"))?;
    Some(NewRegistration {
        unit: form.parsed("unit"),
        student_no: form.maybe("student_no"),
        esi: form.maybe("esi"),
        field: form.maybe("field"),
        year: form.parsed("year"),
        credits_hundredths: credits(&form.text("credits")),
        languages: form.list("languages"),
        ..NewRegistration::at(institution, level)
    })
}

pub async fn enter(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    demand(Policy::Admin, &caller)?;
    let once = fields.once(&visit.path)?;
    let mut form =
        Form::said(new_asks(&visit, &caller, fields.get("institution").parse().ok()).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(new) = said(&form)
    {
        match registrations::create(visit.app(), &caller, person.id, &once, &new).await {
            Ok(_) => return Ok(to(&named, "registered")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, &person, "person.register", None).page(&visit, status, &form))
}

fn held(asks: Vec<Ask>, row: &RegistrationView) -> Form {
    let languages: Vec<&str> =
        row.languages.as_array().into_iter().flatten().filter_map(|tag| tag.as_str()).collect();
    Form::of(asks)
        .with_some("unit", row.unit)
        .with("level", &row.level)
        .with_some("field", row.field.as_ref())
        .with_some("year", row.year)
        .with_some("credits", row.credits)
        .with("languages", &languages.join(", "))
        .with_some("student_no", row.student_no.as_ref())
        .with_some("esi", row.esi.as_ref())
}

fn fill(form: &Form, row: &mut Registration) {
    row.unit_id = form.parsed("unit");
    row.level = form.parsed("level").unwrap_or(row.level);
    row.field = form.maybe("field");
    row.year = form.parsed("year");
    row.credits_hundredths = credits(&form.text("credits"));
    row.languages = serde_json::json!(form.list("languages"));
    (row.student_no, row.esi) = (form.maybe("student_no"), form.maybe("esi"));
}

/// A registration with its person.
async fn seen(
    visit: &Visit,
    caller: &Caller,
    named: &(String, String),
) -> Result<(PersonView, RegistrationView)> {
    let (person, row): (PersonId, RegistrationId) = (id(&named.0)?, id(&named.1)?);
    let person = people::get(visit.app(), caller, person).await?;
    let all = registrations::list(visit.app(), caller, person.id, &ALL).await?.items;
    let row = all.into_iter().find(|known| known.id == row).ok_or(Error::NotFound)?;
    Ok((person, row))
}

async fn change_sheet(visit: &Visit, person: &PersonView, row: &RegistrationView) -> Result<Sheet> {
    let lead = Some(institutions::get(visit.app(), row.institution).await?.name);
    Ok(Sheet { lead, ..sheet(visit, person, "person.registration", Some(row.version)) })
}

pub async fn edit(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let (person, row) = seen(&visit, &caller, &named).await?;
    let form = held(asks(&visit, Some(row.institution)).await?, &row);
    Ok(change_sheet(&visit, &person, &row).await?.page(&visit, StatusCode::OK, &form))
}

pub async fn change(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (person, row) = seen(&visit, &caller, &named).await?;
    demand(Policy::Admin, &caller)?;
    let read = fields.version()?;
    let asks = asks(&visit, Some(row.institution)).await?;
    let mut form = Form::said(asks.clone(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != row.version && form.same(&held(asks, &row)) {
            return Ok(to(&named.0, "kept"));
        }
        let fill = |row: &mut Registration| fill(&form, row);
        match registrations::change(visit.app(), &caller, (person.id, row.id), read, fill).await {
            Ok(_) => return Ok(to(&named.0, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let (person, row) = seen(&visit, &caller, &named).await?;
    Ok(change_sheet(&visit, &person, &row).await?.page(&visit, status, &form))
}
