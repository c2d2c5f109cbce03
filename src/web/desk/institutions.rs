//! Institutions: members, partners and employers, found, looked at, entered and changed.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::InstitutionKind;

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may, must};
use super::sheet::{self, Answer, Sheet};
use crate::access::{Caller, Place, Policy};
use crate::app::institutions::{self, Institution, InstitutionView, Wanted};
use crate::app::{Asked, Error, Result, demand, log_ins, periods};

/// Institutions on one page.
const MANY: usize = 50;
/// Units, periods and the like shown of one institution; what others pick from.
pub const ALL: Asked = Asked { limit: 200, cursor: None };

/// What is looked for; empty is everything.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    cursor: String,
}

impl Sought {
    fn wanted(&self) -> Wanted {
        let text = self.q.trim().replace('\0', "");
        Wanted {
            kind: self.kind.parse().ok(),
            q: Some(text).filter(|text| !text.is_empty()),
            ..Wanted::default()
        }
    }

    /// One page by name in the reader's language, and after which one the next begins.
    async fn page(&self, visit: &Visit) -> Result<(Vec<InstitutionView>, Option<String>)> {
        let all = visit.in_order(institutions::every(visit.app(), &self.wanted()).await?, |one| &one.1);
        let last = all.iter().position(|(id, _)| id.to_string() == self.cursor);
        let begin = last.map_or(0, |last| last + 1);
        let ids: Vec<InstitutionId> = all.iter().skip(begin).take(MANY).map(|(id, _)| *id).collect();
        let next = ids.last().filter(|_| all.len() > begin + MANY).map(ToString::to_string);
        Ok((institutions::several(visit.app(), &ids).await?, next))
    }
}

pub async fn list(signed_in: SignedIn, Query(sought): Query<Sought>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let (items, next) = sought.page(&visit).await?;
    let next = next.as_deref();
    let next = next.map(|next| sheet::query([("q", &*sought.q), ("kind", &sought.kind), ("cursor", next)]));
    let mut own = Vec::new();
    for id in caller.institutions().collect::<std::collections::BTreeSet<_>>() {
        own.push(institutions::get(visit.app(), id).await?);
    }
    let context = context! {
        items => Value::from(Serde(&items)),
        own => Value::from(Serde(&own)),
        q => sought.q.trim(), kind => sought.kind.clone(),
        kinds => InstitutionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        next,
        later => !sought.cursor.is_empty(),
    };
    Ok(visit.page(StatusCode::OK, "desk/institutions.html", context))
}

/// What the address of a page says.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// What has just been done.
    pub done: Option<String>,
    /// `file`: it has to be chosen again.
    pub again: Option<String>,
    /// What was said of that file.
    pub instead: Option<String>,
}

pub async fn show(Path(named): Path<String>, signed_in: SignedIn, Query(came): Query<Came>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let row = institutions::get(visit.app(), id(&named)?).await?;
    let here = Place::whole(row.id);
    let units = institutions::units(visit.app(), row.id, &ALL).await?.items;
    let wanted = periods::Wanted { institution: Some(row.id), ..periods::Wanted::default() };
    let terms = periods::list(visit.app(), &ALL, &wanted).await?.items;
    let log_in = match log_ins::get(visit.app(), &caller, row.id).await {
        Ok(view) => Some(Value::from(Serde(&view))),
        Err(Error::Forbidden { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let secretariat = caller.is_secretariat();
    let own = context! {
        done => sheet::done(&visit, came.done.as_ref()),
        again => came.again.as_deref() == Some("file"),
        instead => came.instead.as_deref() == Some("true"),
        days => days_off(&row, visit.app().today()),
        row => Value::from(Serde(&row)),
        units => Value::from(Serde(&units)),
        terms => Value::from(Serde(&terms)),
        log_in,
        may_change => secretariat,
        administers => secretariat || caller.administers(&here),
        coordinates => secretariat || caller.coordinates(&here),
    };
    Ok(visit.page(StatusCode::OK, "desk/institution.html", own))
}

/// Days off to come, and how many there are in all.
fn days_off(row: &InstitutionView, today: NaiveDate) -> Value {
    let all: Vec<NaiveDate> = serde_json::from_value(row.holidays.clone()).unwrap_or_default();
    let next: Vec<String> =
        all.iter().filter(|day| **day >= today).take(12).map(ToString::to_string).collect();
    context! { next, all => all.len() }
}

fn asks(visit: &Visit) -> Vec<Ask> {
    let words = |name: &str, of: &[&str]| -> Options {
        of.iter().map(|one| ((*one).to_owned(), visit.word(&format!("{name}.{one}")))).collect()
    };
    vec![
        must("name", Takes::Line(200)),
        must("country", Takes::Country),
        must("zone", Takes::Zone),
        may("language", Takes::Language),
        must(
            "working_week",
            Takes::Some(words("institution.weekdays", &["1", "2", "3", "4", "5", "6", "7"])),
        ),
        may("erasmus_code", Takes::Erasmus),
        may("ror_id", Takes::Ror),
        may("schac", Takes::Schac),
        may("joined_on", Takes::Day),
        may("left_on", Takes::Day),
        may("founding", Takes::Tick),
    ]
}

/// What a new one is asked for beside: it stays what it is.
fn asks_new(visit: &Visit) -> Vec<Ask> {
    let kind = |kind: &InstitutionKind| (kind.to_string(), visit.word(&format!("institution.kinds.{kind}")));
    let kinds = Takes::One(InstitutionKind::ALL.iter().map(kind).collect());
    std::iter::once(must("kind", kinds)).chain(asks(visit)).collect()
}

fn held(visit: &Visit, row: &InstitutionView) -> Form {
    let week: Vec<u8> = serde_json::from_value(row.working_week.clone()).unwrap_or_default();
    Form::of(asks(visit))
        .with("name", &row.name)
        .with("country", &row.country)
        .with("zone", &row.zone)
        .with("language", &row.language)
        .with_each("working_week", week)
        .with_some("erasmus_code", row.erasmus_code.as_ref())
        .with_some("ror_id", row.ror_id.as_ref())
        .with_some("schac", row.schac.as_ref())
        .with_some("joined_on", row.joined_on)
        .with_some("left_on", row.left_on)
        .with_some("founding", row.founding.then_some("true"))
}

fn fill(form: &Form, row: &mut Institution) {
    row.kind = form.parsed("kind").unwrap_or(row.kind);
    row.name = form.text("name");
    row.country = form.text("country");
    row.zone = form.text("zone");
    row.language = form.maybe("language").unwrap_or_else(|| "en".to_owned());
    let mut week: Vec<u8> = form.each("working_week");
    week.sort_unstable();
    week.dedup();
    row.working_week = serde_json::json!(week);
    row.erasmus_code = form.maybe("erasmus_code");
    row.ror_id = form.maybe("ror_id");
    row.schac = form.maybe("schac");
    row.founding = form.tick("founding");
    (row.joined_on, row.left_on) = (form.parsed("joined_on"), form.parsed("left_on"));
    // Whoever changes it has looked at it.
    row.unverified = false;
}

fn above(visit: &Visit) -> Vec<(String, String)> {
    vec![("/institutions".to_owned(), visit.word("institution.title"))]
}

fn sheet_new(visit: &Visit) -> Sheet {
    Sheet {
        title: visit.word("institution.new"),
        trail: above(visit),
        button: visit.word("institution.enter"),
        ..Sheet::default()
    }
}

pub async fn ask(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Secretariat, &caller)?;
    let form = Form::of(asks_new(&visit))
        .with("kind", &InstitutionKind::Member)
        .with("language", "en")
        .with_each("working_week", 1..=5);
    Ok(sheet_new(&visit).page(&visit, StatusCode::OK, &form))
}

pub async fn enter(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::Secretariat, &caller)?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(asks_new(&visit), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        match institutions::create(visit.app(), &caller, &once, |row| fill(&form, row)).await {
            Ok(answer) => return Ok(to(&made(&answer.body)?, "entered")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet_new(&visit).page(&visit, status, &form))
}

/// The id of what an answer tells of.
pub fn made(body: &[u8]) -> Result<String> {
    let body: serde_json::Value =
        serde_json::from_slice(body).map_err(|fault| Error::Internal(Box::new(fault)))?;
    let id = body["id"].as_str().map(ToOwned::to_owned);
    id.ok_or_else(|| Error::Internal("an answer without an id".into()))
}

/// To the page of an institution, where something has been done.
pub fn to(id: &str, done: &str) -> axum::response::Response {
    Redirect::to(&format!("/institutions/{id}?done={done}")).into_response()
}

fn sheet_of(visit: &Visit, row: &InstitutionView) -> Sheet {
    let mut trail = above(visit);
    trail.push((format!("/institutions/{}", row.id), row.name.clone()));
    Sheet {
        title: visit.word("institution.change"),
        trail,
        button: visit.word("desk.save"),
        version: Some(row.version),
        ..Sheet::default()
    }
}

async fn seen(visit: &Visit, caller: &Caller, named: &str) -> Result<InstitutionView> {
    let id: InstitutionId = id(named)?;
    let row = institutions::get(visit.app(), id).await?;
    demand(Policy::Secretariat, caller)?;
    Ok(row)
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let row = seen(&visit, &caller, &named).await?;
    Ok(sheet_of(&visit, &row).page(&visit, StatusCode::OK, &held(&visit, &row)))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let row = seen(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let mut form = Form::said(asks(&visit), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != row.version && form.same(&held(&visit, &row)) {
            return Ok(to(&named, "kept"));
        }
        match institutions::change(visit.app(), &caller, row.id, read, |row| fill(&form, row)).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let row = institutions::get(visit.app(), row.id).await?;
    Ok(sheet_of(&visit, &row).page(&visit, status, &form))
}
