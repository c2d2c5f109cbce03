//! Partner lists with places: chosen, looked at with all they would change, then taken over.

mod columns;

use std::collections::BTreeMap;

use axum::extract::{Multipart, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Value as Json;
use sojourn_engine::ids::PeriodId;

use super::Site;
use super::agreements::edit::own;
use super::fault::{Fault, status_of};
use super::faults::{self, Wrong};
use super::form::{Fields, SEAL};
use super::uploads::{cut, opened};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::places::import::{self, Form, How};
use crate::app::{Error, Result, places};

/// Largest list that a page takes, which goes there and back for the second look; the command line and REST take larger ones.
const LARGEST: usize = 2 * 1024 * 1024;
/// The form around it, with what it was encoded as.
pub const FORM: usize = LARGEST / 3 * 4 + 128 * 1024;
/// Lines and rows shown.
const SHOWN: usize = 500;

type Page = std::result::Result<Response, Fault>;

/// A form with the list, or with the one that was looked at.
#[derive(Debug, Default)]
struct Sent {
    fields: Fields,
    list: Vec<u8>,
}

/// The empty form, or what was typed before a log-in.
pub async fn ask(SignedIn { visit, caller }: SignedIn, Query(typed): Query<Vec<(String, String)>>) -> Page {
    let sent = Sent { fields: Fields(typed), list: Vec::new() };
    Ok(page(&visit, &caller, StatusCode::OK, (&sent, None), &[]).await?)
}

/// The address of the form with what was typed, whose file has to be chosen again.
fn anew(fields: &Fields) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let typed = |(name, value): &&(String, String)| {
        ["institution", "columns", "new_partners"].contains(&name.as_str()) && !value.is_empty()
    };
    query.extend_pairs(fields.0.iter().filter(typed));
    format!("/place-lists?{}#file", query.append_pair("again", "file").finish())
}

async fn page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    (sent, report): (&Sent, Option<Value>),
    wrong: &[Wrong],
) -> Result<Response> {
    let own = own(visit, caller).await?;
    if own.is_empty() {
        return Err(Error::NotFound);
    }
    let institution = match (sent.fields.get("institution"), own.as_slice()) {
        ("", [only]) => only.id.to_string(),
        (said, _) => said.to_owned(),
    };
    let options: Vec<_> = own.into_iter().map(|one| (one.id.to_string(), one.name)).collect();
    let asked = columns::asked(sent, report.as_ref()).await;
    let whole = context! {
        own => Value::from(Serde(&options)), institution,
        columns => sent.fields.get("columns"), longest => import::LONGEST_MAP,
        new_partners => sent.fields.get("new_partners") == "true",
        enters => caller.is_secretariat(), megabytes => LARGEST / 1024 / 1024,
        again => sent.fields.get("again") == "file",
        report, asked, kept => BASE64_STANDARD.encode(&sent.list),
        faults => Value::from(Serde(wrong)),
    };
    Ok(visit.page(status, "place_lists.html", whole))
}

/// Shows what a list would change, or takes over the one that was shown.
pub async fn take(State(web): Site, request: Request) -> Page {
    let (visit, form) = opened(request, &web).await?;
    let told = |name: &str| visit.word(&format!("lists.faults.{name}"));
    let sent = match form {
        Ok(form) => read(form).await,
        Err(_) => Err(None),
    };
    if let Ok(sent) = &sent {
        visit.remember(&sent.fields);
    }
    let sent = match sent {
        Ok(sent) if visit.caller.is_none() => {
            visit.stands_on(anew(&sent.fields));
            return Err(Error::Unauthenticated.into());
        }
        Ok(sent) if !visit.sealed(sent.fields.get(SEAL)) => return Err(Fault::FOREIGN),
        Ok(sent) if sent.list.is_empty() => Err((sent, "file")),
        Ok(sent) if sent.list.len() > LARGEST => Err((Sent { list: Vec::new(), ..sent }, "large")),
        Ok(sent) => Ok(sent),
        Err(Some(error)) => return Err(error.into()),
        Err(None) => Err((Sent::default(), "file")),
    };
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    match sent {
        Ok(sent) => Ok(judge(&visit, &caller, sent).await?),
        Err((sent, why)) => {
            let wrong = [Wrong::at("file", told(why))];
            Ok(page(&visit, &caller, StatusCode::UNPROCESSABLE_ENTITY, (&sent, None), &wrong).await?)
        }
    }
}

async fn read(mut form: Multipart) -> std::result::Result<Sent, Option<Error>> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.map_err(|error| Some(cut(&error)))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file = field.bytes().await.map_err(|error| Some(cut(&error)))?;
            sent.list = file.into();
            continue;
        }
        let text = field.text().await.map_err(|error| Some(cut(&error)))?;
        if name == "kept" {
            sent.list = BASE64_STANDARD.decode(text.trim()).map_err(|_| None)?;
        } else {
            sent.fields.0.push((name, text));
        }
    }
    Ok(sent)
}

async fn judge(visit: &Visit, caller: &Caller, mut sent: Sent) -> Result<Response> {
    if let Err(wrong) = columns::said(&mut sent.fields) {
        let wrong = faults::of(visit, wrong)?;
        return page(visit, caller, StatusCode::UNPROCESSABLE_ENTITY, (&sent, None), &wrong).await;
    }
    let columns = sent.fields.exact("columns").trim();
    let how = How {
        institution: sent.fields.get("institution").to_owned(),
        columns: Some(columns.to_owned()).filter(|columns| !columns.is_empty()),
        dry_run: sent.fields.get("step") != "take",
        new_partners: sent.fields.get("new_partners") == "true",
    };
    let once = sent.fields.once(&visit.path)?;
    let form = Form::of(&sent.list);
    match import::import(visit.app(), caller, &once, (sent.list.clone(), form), &how).await {
        Ok(answer) => {
            let report: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
            let report = shown(visit, report).await?;
            page(visit, caller, StatusCode::OK, (&sent, Some(report)), &[]).await
        }
        Err(error) => {
            let status = status_of(&error);
            let mut wrong = faults::of(visit, error)?;
            for one in &mut wrong {
                if !matches!(one.name.as_str(), "institution" | "columns") {
                    "file".clone_into(&mut one.name);
                }
            }
            wrong.truncate(SHOWN);
            page(visit, caller, status, (&sent, None), &wrong).await
        }
    }
}

/// The report with the names of terms, cut to what a page can show.
async fn shown(visit: &Visit, mut report: Json) -> Result<Value> {
    let mut besides = BTreeMap::new();
    for (name, rows) in report.as_object_mut().into_iter().flatten() {
        if let Some(rows) = rows.as_array_mut().filter(|rows| rows.len() > SHOWN) {
            besides.insert(name.clone(), rows.len() - SHOWN);
            rows.truncate(SHOWN);
        }
    }
    let period = |line: &Json| line["period"].as_str()?.parse::<PeriodId>().ok();
    let lists = ["lines", "counted_otherwise"];
    let lines = lists.iter().filter_map(|list| report[list].as_array()).flatten();
    let called = places::periods(visit.app(), &lines.filter_map(period).collect::<Vec<_>>()).await?;
    for list in lists {
        for line in report[list].as_array_mut().into_iter().flatten() {
            line["period"] = period(line).and_then(|id| called.get(&id)).cloned().into();
        }
    }
    Ok(context! { besides, ..Value::from(Serde(report)) })
}
