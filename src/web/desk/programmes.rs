//! Programmes and their offerings: entered, changed, published and closed by those who run exchanges for the host.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::{InstitutionKind, Level, ProgrammeKind, Subject};

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may, must};
use super::calls::{onward, refused};
use super::institutions::{ALL, made};
use super::sheet::{Answer, Sheet, Sure, is_sure, moving};
use crate::access::Caller;
use crate::app::programmes::{self, NewProgramme, Programme, ProgrammeView};
use crate::app::{Error, Result, institutions, workflows};

/// Whether somebody runs exchanges for a host, in whichever unit.
pub fn runs(caller: &Caller, host: InstitutionId) -> bool {
    caller.is_secretariat() || caller.coordinated().contains(&host)
}

/// Whether somebody enters programmes at all.
pub fn runs_any(caller: &Caller) -> bool {
    caller.is_secretariat() || !caller.coordinated().is_empty()
}

async fn hosts(visit: &Visit, caller: &Caller) -> Result<Options> {
    let mut all = Vec::new();
    if caller.is_secretariat() {
        let wanted = institutions::Wanted::default();
        all = institutions::list(visit.app(), &ALL, &wanted).await?.items;
        all.retain(|place| place.kind != InstitutionKind::Partner || place.left_on.is_none());
    } else {
        for host in caller.coordinated() {
            all.push(institutions::get(visit.app(), host).await?);
        }
    }
    all.dedup_by_key(|place| place.id);
    Ok(visit.by_name(all.into_iter().map(|place| (place.id.to_string(), place.name))))
}

/// Workflows in force whose cases are about this, by id.
async fn flows(visit: &Visit, caller: &Caller, subject: Subject) -> Result<Options> {
    let all = workflows::list(visit.app(), caller, &ALL).await?.items;
    let in_force = all.into_iter().filter(|one| one.subject == subject && one.current.is_some());
    Ok(visit.by_name(in_force.map(|one| (one.id.clone(), workflow_name(visit, &one.id)))))
}

/// What a workflow is called; its id where the pages have no word for it.
pub fn workflow_name(visit: &Visit, id: &str) -> String {
    let word = format!("workflows.{id}");
    let name = visit.word(&word);
    if name == word { id.to_owned() } else { name }
}

fn about(visit: &Visit) -> Vec<Ask> {
    let level = |level: &Level| (level.to_string(), visit.word(&format!("levels.{level}")));
    vec![
        must("title", Takes::Line(200)),
        may("summary", Takes::Long(20_000)),
        may("levels", Takes::Some(Level::ALL.iter().map(level).collect())),
        may("fields", Takes::Studies),
        may("languages", Takes::Tongues),
        may("gives_credit", Takes::Tick),
    ]
}

async fn asks_new(visit: &Visit, caller: &Caller) -> Result<Vec<Ask>> {
    let kind = |kind: &ProgrammeKind| (kind.to_string(), visit.word(&format!("kinds.{kind}")));
    let mut asks = vec![
        must("kind", Takes::One(ProgrammeKind::ALL.iter().map(kind).collect())),
        must("host", Takes::One(hosts(visit, caller).await?)),
        must("workflow", Takes::One(flows(visit, caller, Subject::Application).await?)),
        may("vetted_by", Takes::One(flows(visit, caller, Subject::Programme).await?)),
    ];
    asks.extend(about(visit));
    Ok(asks)
}

async fn asks_of(visit: &Visit, programme: &ProgrammeView) -> Result<Vec<Ask>> {
    let units = institutions::units(visit.app(), programme.host, &ALL).await?.items;
    let mut asks = about(visit);
    if !units.is_empty() {
        let units = units.into_iter().map(|unit| (unit.id.to_string(), unit.name));
        asks.push(may("unit", Takes::One(visit.by_name(units))));
    }
    Ok(asks)
}

fn held(asks: Vec<Ask>, programme: &ProgrammeView) -> Form {
    let list = |of: &serde_json::Value| -> Vec<String> {
        of.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect()
    };
    Form::of(asks)
        .with("title", &programme.title)
        .with_some("summary", programme.summary.as_ref())
        .with_each("levels", list(&programme.levels))
        .with("fields", &list(&programme.fields).join(", "))
        .with("languages", &list(&programme.languages).join(", "))
        .with_some("gives_credit", programme.gives_credit.then_some("true"))
        .with_some("unit", programme.unit)
}

fn fill(form: &Form, row: &mut Programme) {
    row.title = form.text("title");
    row.summary = form.maybe("summary");
    row.levels = json!(form.each::<Level>("levels"));
    row.fields = json!(form.list("fields"));
    row.languages = json!(form.list("languages"));
    row.gives_credit = form.tick("gives_credit");
    row.unit_id = form.parsed("unit");
}

fn new(form: &Form) -> Option<NewProgramme> {
    Some(NewProgramme {
        kind: form.parsed("kind")?,
        host: form.parsed("host")?,
        unit: None,
        workflow: form.text("workflow"),
        title: form.text("title"),
        summary: form.maybe("summary"),
        fields: form.list("fields"),
        levels: form.each("levels"),
        languages: form.list("languages"),
        gives_credit: form.tick("gives_credit"),
        vetted_by: form.maybe("vetted_by"),
    })
}

/// To the page of a programme, where something has been done.
pub fn to(id: &str, done: &str) -> Response {
    Redirect::to(&format!("/programmes/{id}?done={done}")).into_response()
}

fn sheet_new(visit: &Visit) -> Sheet {
    Sheet {
        title: visit.word("programme_form.new"),
        trail: vec![("/programmes".to_owned(), visit.word("layout.programmes"))],
        lead: Some(visit.word("programme_form.new_lead")),
        button: visit.word("programme_form.enter"),
        version: None,
    }
}

fn may_run(caller: &Caller) -> Result<()> {
    if runs_any(caller) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: "a coordinator of the host, or the secretariat".to_owned() })
}

pub async fn ask(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    may_run(&caller)?;
    let own = hosts(&visit, &caller).await?;
    let only = own.first().filter(|_| own.len() == 1).map(|(id, _)| id.clone());
    let form =
        Form::of(asks_new(&visit, &caller).await?).with("gives_credit", "true").with_some("host", only);
    Ok(sheet_new(&visit).page(&visit, StatusCode::OK, &form))
}

pub async fn enter(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    may_run(&caller)?;
    let once = fields.once(&visit.path)?;
    let mut form = Form::said(asks_new(&visit, &caller).await?, fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(new) = new(&form)
    {
        match programmes::create(visit.app(), &caller, &once, new).await {
            Ok(answer) => return Ok(to(&made(&answer.body)?, "programme")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet_new(&visit).page(&visit, status, &form))
}

/// A programme of a host that somebody runs exchanges for.
pub async fn seen(visit: &Visit, caller: &Caller, named: &str) -> Result<ProgrammeView> {
    let programme = programmes::get(visit.app(), Some(caller), id(named)?).await?;
    if runs(caller, programme.host) {
        return Ok(programme);
    }
    Err(Error::Forbidden { needs: "a coordinator of the host, or the secretariat".to_owned() })
}

/// The page of a form about a programme.
pub fn sheet_of(visit: &Visit, programme: &ProgrammeView, title: &str, version: Option<i32>) -> Sheet {
    Sheet {
        title: visit.word(title),
        trail: vec![
            ("/programmes".to_owned(), visit.word("layout.programmes")),
            (format!("/programmes/{}", programme.id), programme.title.clone()),
        ],
        button: visit.word("desk.save"),
        version,
        ..Sheet::default()
    }
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let programme = seen(&visit, &caller, &named).await?;
    let form = held(asks_of(&visit, &programme).await?, &programme);
    let sheet = sheet_of(&visit, &programme, "programme_form.change", Some(programme.version));
    Ok(sheet.page(&visit, StatusCode::OK, &form))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let programme = seen(&visit, &caller, &named).await?;
    let read = fields.version()?;
    let asks = asks_of(&visit, &programme).await?;
    let mut form = Form::said(asks.clone(), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != programme.version && form.same(&held(asks, &programme)) {
            return Ok(to(&named, "kept"));
        }
        match programmes::change(visit.app(), &caller, programme.id, read, |row| fill(&form, row)).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let programme = seen(&visit, &caller, &named).await?;
    let sheet = sheet_of(&visit, &programme, "programme_form.change", Some(programme.version));
    Ok(sheet.page(&visit, status, &form))
}

fn sure(visit: &Visit, programme: &ProgrammeView, told: Vec<String>) -> Result<Sure> {
    let next = onward(programme.status).filter(|_| programme.case.is_none()).ok_or(Error::NotFound)?;
    Ok(Sure {
        title: visit.word(&format!("programme_form.sure.{next}")),
        texts: vec![visit.word(&format!("programme_form.consequence.{next}"))],
        facts: vec![(visit.word("asked.title"), programme.title.clone())],
        yes: visit.word(&format!("call_form.yes.{next}")),
        back: format!("/programmes/{}", programme.id),
        told,
        ..Sure::default()
    })
}

pub async fn ask_publish(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let programme = seen(&visit, &caller, &named).await?;
    let next = onward(programme.status).ok_or(Error::NotFound)?;
    let asked = sure(&visit, &programme, Vec::new())?;
    Ok(asked.page(&visit, StatusCode::OK, &moving(programme.version, next)))
}

pub async fn publish(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let programme = seen(&visit, &caller, &named).await?;
    let (read, meant) = (fields.version().unwrap_or_default(), fields.get("to").to_owned());
    let next = match onward(programme.status) {
        Some(next) if meant != programme.status.as_str() => next,
        // Done meanwhile, as by a double click.
        _ => return Ok(to(&named, "kept")),
    };
    let mut told = (StatusCode::OK, Vec::new());
    if read != programme.version || !["", next.as_str()].contains(&meant.as_str()) {
        told = refused(&visit, Error::Stale)?;
    } else if is_sure(&fields) {
        let fill = |row: &mut Programme| row.status = next;
        match programmes::change(visit.app(), &caller, programme.id, read, fill).await {
            Ok(_) => return Ok(to(&named, &format!("programme_{next}"))),
            Err(error) => told = refused(&visit, error)?,
        }
    }
    Ok(sure(&visit, &programme, told.1)?.page(&visit, told.0, &moving(programme.version, next)))
}
