//! What belongs to one institution: its units, the terms of its calendar, and how its people log in.

use axum::extract::Path;
use axum::http::StatusCode;
use secrecy::SecretString;
use sojourn_engine::ids::{InstitutionId, PeriodId, UnitId};
use sojourn_engine::vocabulary::Office;

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Takes, may, must};
use super::institutions::{ALL, to};
use super::sheet::{Answer, Sheet};
use crate::access::Caller;
use crate::app::institutions::{self, InstitutionView, Unit, UnitView};
use crate::app::log_ins::{self, LogInView, NewLogIn};
use crate::app::periods::{self, NewPeriod, PeriodView};
use crate::app::{Error, Result};

/// The page of an institution with that of what belongs to it.
fn sheet(visit: &Visit, of: &InstitutionView, title: &str, version: Option<i32>) -> Sheet {
    Sheet {
        title: visit.word(title),
        trail: vec![
            ("/institutions".to_owned(), visit.word("institution.title")),
            (format!("/institutions/{}", of.id), of.name.clone()),
        ],
        button: visit.word("desk.save"),
        version,
        ..Sheet::default()
    }
}

async fn unit_asks(visit: &Visit, of: InstitutionId, but: Option<UnitId>) -> Result<Vec<Ask>> {
    let units = institutions::units(visit.app(), of, &ALL).await?.items;
    let others = units.into_iter().filter(|unit| Some(unit.id) != but);
    let parents = visit.by_name(others.map(|unit| (unit.id.to_string(), unit.name)));
    Ok(vec![must("name", Takes::Line(200)), may("code", Takes::Line(50)), may("parent", Takes::One(parents))])
}

fn fill_unit(form: &Form, row: &mut Unit) {
    (row.name, row.code, row.parent_id) = (form.text("name"), form.maybe("code"), form.parsed("parent"));
}

pub async fn ask_unit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, .. } = signed_in;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    let form = Form::of(unit_asks(&visit, of.id, None).await?);
    Ok(sheet(&visit, &of, "institution.new_unit", None).page(&visit, StatusCode::OK, &form))
}

pub async fn enter_unit(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(unit_asks(&visit, of.id, None).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        let fill = |row: &mut Unit| fill_unit(&form, row);
        match institutions::create_unit(visit.app(), &caller, of.id, &once, fill).await {
            Ok(_) => return Ok(to(&named, "unit")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, &of, "institution.new_unit", None).page(&visit, status, &form))
}

async fn unit(visit: &Visit, named: &(String, String)) -> Result<(InstitutionView, UnitView)> {
    let (of, unit): (InstitutionId, UnitId) = (id(&named.0)?, id(&named.1)?);
    let of = institutions::get(visit.app(), of).await?;
    Ok((of.clone(), institutions::unit(visit.app(), of.id, unit).await?))
}

fn held_unit(asks: Vec<Ask>, unit: &UnitView) -> Form {
    Form::of(asks)
        .with("name", &unit.name)
        .with_some("code", unit.code.as_ref())
        .with_some("parent", unit.parent)
}

pub async fn edit_unit(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, .. } = signed_in;
    let (of, unit) = unit(&visit, &named).await?;
    let form = held_unit(unit_asks(&visit, of.id, Some(unit.id)).await?, &unit);
    let sheet = sheet(&visit, &of, "institution.change_unit", Some(unit.version));
    Ok(sheet.page(&visit, StatusCode::OK, &form))
}

pub async fn change_unit(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (of, row) = unit(&visit, &named).await?;
    let read = fields.version()?;
    let asks = unit_asks(&visit, of.id, Some(row.id)).await?;
    let held = held_unit(asks.clone(), &row);
    let mut form = Form::said(asks, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != row.version && form.same(&held) {
            return Ok(to(&named.0, "kept"));
        }
        let fill = |row: &mut Unit| fill_unit(&form, row);
        match institutions::change_unit(visit.app(), &caller, (of.id, row.id), read, fill).await {
            Ok(_) => return Ok(to(&named.0, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let (of, row) = unit(&visit, &named).await?;
    Ok(sheet(&visit, &of, "institution.change_unit", Some(row.version)).page(&visit, status, &form))
}

fn period_asks() -> Vec<Ask> {
    vec![
        must("academic_year", Takes::Whole(1987, 2100)),
        must("term", Takes::Line(20)),
        may("name", Takes::Line(200)),
        must("start_on", Takes::Day),
        must("end_on", Takes::Day),
        must("twelfths", Takes::Whole(1, 12)),
    ]
}

fn held_period(row: &PeriodView) -> Form {
    Form::of(period_asks())
        .with("academic_year", &row.academic_year)
        .with("term", &row.term)
        .with_some("name", row.name.as_ref())
        .with("start_on", &row.start_on)
        .with("end_on", &row.end_on)
        .with("twelfths", &row.twelfths)
}

pub async fn ask_period(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, .. } = signed_in;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    let form = Form::of(period_asks()).with("twelfths", &6);
    Ok(sheet(&visit, &of, "institution.new_term", None).page(&visit, StatusCode::OK, &form))
}

fn new_period(of: InstitutionId, form: &Form) -> Option<NewPeriod> {
    Some(NewPeriod {
        institution: of,
        academic_year: form.parsed("academic_year")?,
        term: form.text("term"),
        name: form.maybe("name"),
        start_on: form.parsed("start_on")?,
        end_on: form.parsed("end_on")?,
        twelfths: form.parsed("twelfths")?,
    })
}

pub async fn enter_period(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = institutions::get(visit.app(), id(&named)?).await?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(period_asks(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(new) = new_period(of.id, &form)
    {
        match periods::create(visit.app(), &caller, &once, new).await {
            Ok(_) => return Ok(to(&named, "term")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, &of, "institution.new_term", None).page(&visit, status, &form))
}

async fn period(visit: &Visit, named: &(String, String)) -> Result<(InstitutionView, PeriodView)> {
    let (of, period): (InstitutionId, PeriodId) = (id(&named.0)?, id(&named.1)?);
    let period = periods::get(visit.app(), period).await?;
    if period.institution != of {
        return Err(Error::NotFound);
    }
    Ok((institutions::get(visit.app(), of).await?, period))
}

pub async fn edit_period(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, .. } = signed_in;
    let (of, row) = period(&visit, &named).await?;
    let sheet = sheet(&visit, &of, "institution.change_term", Some(row.version));
    Ok(sheet.page(&visit, StatusCode::OK, &held_period(&row)))
}

pub async fn change_period(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (of, row) = period(&visit, &named).await?;
    let read = fields.version()?;
    let mut form = Form::said(period_asks(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(new) = new_period(of.id, &form)
    {
        if read != row.version && form.same(&held_period(&row)) {
            return Ok(to(&named.0, "kept"));
        }
        let fill = |row: &mut periods::Period| {
            (row.academic_year, row.term, row.name) = (new.academic_year, new.term, new.name);
            (row.start_on, row.end_on, row.twelfths) = (new.start_on, new.end_on, new.twelfths);
        };
        match periods::change(visit.app(), &caller, row.id, read, fill).await {
            Ok(_) => return Ok(to(&named.0, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let (of, row) = period(&visit, &named).await?;
    Ok(sheet(&visit, &of, "institution.change_term", Some(row.version)).page(&visit, status, &form))
}

fn log_in_asks(visit: &Visit) -> Vec<Ask> {
    let office = |office: &Office| (office.to_string(), visit.word(&format!("duties.{office}")));
    let theirs = |office: &&Office| !matches!(office, Office::Secretariat | Office::Chair);
    vec![
        may("issuer", Takes::Line(500)),
        may("client_id", Takes::Line(200)),
        may("secret", Takes::Secret),
        may("domains", Takes::Domains),
        may("registers", Takes::Tick),
        may("signs_up", Takes::Tick),
        may("second_factor_for", Takes::Some(Office::ALL.iter().filter(theirs).map(office).collect())),
    ]
}

fn held_log_in(visit: &Visit, view: &LogInView) -> Form {
    Form::of(log_in_asks(visit))
        .with_some("issuer", view.issuer.as_ref())
        .with_some("client_id", view.client_id.as_ref())
        .with("domains", &view.domains.join(", "))
        .with_some("registers", view.registers.then_some("true"))
        .with_some("signs_up", view.signs_up.then_some("true"))
        .with_each("second_factor_for", &view.second_factor_for)
}

fn log_in_sheet(visit: &Visit, of: &InstitutionView, view: &LogInView) -> Sheet {
    let told = visit.word("institution.log_in_lead").replace("{}", &view.redirect_uri);
    Sheet { lead: Some(told), ..sheet(visit, of, "institution.log_in", Some(view.version)) }
}

async fn log_in(visit: &Visit, caller: &Caller, named: &str) -> Result<(InstitutionView, LogInView)> {
    let of = institutions::get(visit.app(), id(named)?).await?;
    let view = log_ins::get(visit.app(), caller, of.id).await?;
    Ok((of, view))
}

pub async fn edit_log_in(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let (of, view) = log_in(&visit, &caller, &named).await?;
    Ok(log_in_sheet(&visit, &of, &view).page(&visit, StatusCode::OK, &held_log_in(&visit, &view)))
}

pub async fn put_log_in(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (of, view) = log_in(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let mut form = Form::said(log_in_asks(&visit), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        let new = NewLogIn {
            issuer: form.maybe("issuer"),
            client_id: form.maybe("client_id"),
            secret: form.maybe("secret").map(SecretString::from),
            domains: form.list("domains"),
            registers: form.tick("registers"),
            signs_up: form.tick("signs_up"),
            second_factor_for: form.each("second_factor_for"),
        };
        match log_ins::put(visit.app(), &caller, view.institution, read, new).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let (_, view) = log_in(&visit, &caller, &named).await?;
    Ok(log_in_sheet(&visit, &of, &view).page(&visit, status, &form))
}
