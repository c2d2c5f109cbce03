//! The editor of workflows: a text with what the checker says beside its lines, its picture, and the draft that is made of it.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use super::super::fault::status_of;
use super::super::faults::sentence;
use super::super::form::{Fields, Posted};
use super::super::visit::{SignedIn, Visit};
use super::sheet::Answer;
use super::workflows::above;
use super::{lines, simulation};
use crate::access::{Caller, Policy};
use crate::app::workflows::bench::{self, PreviewView};
use crate::app::workflows::simulation::Changed;
use crate::app::workflows::{self, CheckView, versions};
use crate::app::{Conflict, Error, Result, demand};

/// Longest text that is looked at, in bytes.
const LONGEST: usize = sojourn_engine::definition::parse::LONGEST;

/// Which version somebody begins with.
#[derive(Debug, Default, Deserialize)]
pub struct Begun {
    from: Option<i32>,
    /// Another workflow, for a new one.
    workflow: Option<String>,
}

/// A text at work.
struct Draft<'a> {
    /// The workflow; none for a new one.
    of: Option<&'a str>,
    /// The newest version that whoever writes knows of.
    base: i32,
    source: String,
    check: CheckView,
    /// The address of its picture, where it can be drawn.
    picture: Option<String>,
    told: Vec<String>,
}

/// A picture as an address that holds it.
fn data(picture: Option<&String>) -> Option<String> {
    picture.map(|svg| format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(svg)))
}

impl Draft<'_> {
    fn page(&self, visit: &Visit, status: StatusCode) -> Response {
        let findings = &self.check.findings;
        let own = context! {
            of => self.of,
            above => self.of.map(|of| above(visit, of)),
            base => self.base,
            source => self.source.clone(),
            rows => lines::count(&self.source) + 5,
            columns => lines::longest(&self.source).max(80),
            gutter => lines::gutter(&self.source, findings),
            beside => lines::beside(&self.source, findings),
            check => Value::from(Serde(&self.check)),
            picture => self.picture.clone(),
            told => self.told.clone(),
            longest => LONGEST,
        };
        visit.page(status, "desk/editor.html", own)
    }
}

async fn newest(visit: &Visit, caller: &Caller, of: &str) -> Result<i32> {
    let one = workflows::get(visit.app(), caller, of).await?;
    Ok(one.versions.first().map_or(0, |version| version.number))
}

pub async fn edit(Path(id): Path<String>, signed_in: SignedIn, Query(begun): Query<Begun>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::SecretariatOrChair, &caller)?;
    let base = newest(&visit, &caller, &id).await?;
    let (source, picture) = kept(&visit, &caller, &id, begun.from.unwrap_or(base)).await?;
    let check = workflows::check(visit.app(), source.clone()).await?;
    let draft = Draft { of: Some(&id), base, source, check, picture: Some(picture), told: Vec::new() };
    Ok(draft.page(&visit, StatusCode::OK))
}

/// A workflow of its own, begun with the text of another.
pub async fn begin(signed_in: SignedIn, Query(begun): Query<Begun>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Secretariat, &caller)?;
    let (source, picture) = match &begun.workflow {
        Some(of) => {
            let base = newest(&visit, &caller, of).await?;
            let (source, picture) = kept(&visit, &caller, of, begun.from.unwrap_or(base)).await?;
            (source, Some(picture))
        }
        None => (String::new(), None),
    };
    let check = workflows::check(visit.app(), source.clone()).await?;
    Ok(Draft { of: None, base: 0, source, check, picture, told: Vec::new() }.page(&visit, StatusCode::OK))
}

/// The text of a version, and the address of its picture.
async fn kept(visit: &Visit, caller: &Caller, of: &str, number: i32) -> Result<(String, String)> {
    let source = workflows::version(visit.app(), caller, of, number).await?.source;
    Ok((source, format!("/workflows/{of}/versions/{number}/picture.svg")))
}

/// The text of a form; lines end as they are kept.
fn source(fields: &Fields) -> String {
    fields.exact("source").replace("\r\n", "\n")
}

/// What a script asks while somebody writes: what the checker says, as the page would show it.
pub async fn preview(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let source = source(&fields);
    let preview = bench::preview(visit.app(), &caller, source.clone()).await?;
    let findings = &preview.check.findings;
    let listed =
        visit.fragment("parts/findings.html", context! { check => Value::from(Serde(&preview.check)) })?;
    let told = json!({
        "sound": preview.check.sound,
        "findings": listed,
        "gutter": lines::gutter(&source, findings).to_string(),
        "beside": lines::beside(&source, findings).to_string(),
        "picture": data(preview.picture.as_ref()),
    });
    Ok(Json(told).into_response())
}

pub async fn post(Path(id): Path<String>, posted: Posted) -> Answer {
    work(Some(&id), posted).await
}

pub async fn post_new(posted: Posted) -> Answer {
    work(None, posted).await
}

async fn work(of: Option<&str>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::SecretariatOrChair, &caller)?;
    let source = source(&fields);
    let PreviewView { id: named, check, picture } =
        bench::preview(visit.app(), &caller, source.clone()).await?;
    let base = fields.get("base").parse().unwrap_or_default();
    let mut draft = Draft { of, base, source, check, picture: data(picture.as_ref()), told: Vec::new() };
    let id = of.map(ToOwned::to_owned).or(named).unwrap_or_default();
    let status = match fields.get("do") {
        "save" => match save(&visit, &caller, (&fields, &id), &mut draft).await? {
            Ok(done) => return Ok(done),
            Err(status) => status,
        },
        "simulate" if draft.check.sound => {
            let changed = Changed::Source(draft.source.clone());
            return simulation::of_text(&visit, &caller, &id, changed).await;
        }
        "simulate" => {
            draft.told = vec![visit.word("flows.unsound")];
            StatusCode::UNPROCESSABLE_ENTITY
        }
        _ => StatusCode::OK,
    };
    Ok(draft.page(&visit, status))
}

/// Posts the text as the next version of a workflow, or says why not.
async fn save(
    visit: &Visit,
    caller: &Caller,
    (fields, id): (&Fields, &str),
    draft: &mut Draft<'_>,
) -> Result<Result<Response, StatusCode>> {
    if draft.source.trim().is_empty() {
        draft.told = vec![visit.word("flows.empty")];
        return Ok(Err(StatusCode::UNPROCESSABLE_ENTITY));
    }
    if let Some(of) = draft.of {
        let newest = newest(visit, caller, of).await?;
        if newest != draft.base && reads_like(visit, caller, (of, newest), &draft.source).await? {
            return Ok(Ok(saved(of, newest)));
        }
        if newest != draft.base {
            draft.base = newest;
            draft.told = vec![visit.word("flows.newer").replace("{}", &newest.to_string())];
            return Ok(Err(StatusCode::CONFLICT));
        }
    }
    if !draft.check.sound {
        draft.told = vec![visit.word("flows.unsound")];
        return Ok(Err(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let once = fields.once(&visit.path)?;
    match versions::post(visit.app(), caller, id, &once, draft.source.clone()).await {
        Ok(answer) => {
            let made: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let number = made["number"].as_i64().and_then(|number| i32::try_from(number).ok());
            Ok(Ok(saved(id, number.unwrap_or_default())))
        }
        Err(error) => {
            let status = status_of(&error);
            draft.told = told(visit, error)?;
            Ok(Err(status))
        }
    }
}

/// Whether a version reads like this already, as after a double click.
async fn reads_like(visit: &Visit, caller: &Caller, (of, number): (&str, i32), source: &str) -> Result<bool> {
    Ok(workflows::version(visit.app(), caller, of, number).await?.source == source)
}

fn saved(id: &str, number: i32) -> Response {
    Redirect::to(&format!("/workflows/{id}/versions/{number}?done=flow_saved")).into_response()
}

fn told(visit: &Visit, error: Error) -> Result<Vec<String>> {
    match error {
        Error::Invalid(wrong) => Ok(wrong.iter().map(|fault| sentence(visit, &fault.detail)).collect()),
        Error::Conflict(Conflict::NotNow(detail)) => Ok(vec![sentence(visit, &detail)]),
        error => Err(error),
    }
}
