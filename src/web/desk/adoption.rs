//! Running cases go over to a version: first a list of where each would land, then those that are ticked.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Via;

use super::super::fault::status_of;
use super::super::faults::sentence;
use super::super::form::{Fields, Posted};
use super::super::visit::{SignedIn, Visit};
use super::institutions::ALL;
use super::programmes::workflow_name;
use super::sheet::{self, Answer, Sure, is_sure};
use super::workflows::above;
use crate::access::{Caller, Policy};
use crate::app::calls::{self, Wanted};
use crate::app::workflows::adoption::{self, LandingView};
use crate::app::{Asked, Conflict, Error, Page, Result, demand, workflows};

/// Cases on one page.
const MANY: u64 = 50;

/// Which cases.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    #[serde(default)]
    call: String,
    #[serde(default)]
    cursor: String,
}

pub async fn list(
    Path((id, number)): Path<(String, i32)>,
    signed_in: SignedIn,
    Query(sought): Query<Sought>,
) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Secretariat, &caller)?;
    Ok(listed(&visit, &caller, (&id, number), &sought, (StatusCode::OK, Vec::new())).await?)
}

async fn listed(
    visit: &Visit,
    caller: &Caller,
    (id, number): (&str, i32),
    sought: &Sought,
    (status, told): (StatusCode, Vec<String>),
) -> Result<axum::response::Response> {
    let version = workflows::version(visit.app(), caller, id, number).await?;
    let asked =
        Asked { limit: MANY, cursor: Some(sought.cursor.clone()).filter(|cursor| !cursor.is_empty()) };
    let call = sought.call.parse().ok();
    let (page, told) = match adoption::list(visit.app(), caller, (id, number), call, &asked).await {
        Ok(page) => (page, told),
        Err(Error::Conflict(Conflict::NotNow(why))) => {
            (Page { items: Vec::new(), next: None }, vec![sentence(visit, &why)])
        }
        Err(error) => return Err(error),
    };
    let next = page.next.as_deref().map(|next| sheet::query([("call", &*sought.call), ("cursor", next)]));
    let label = |name: &str| {
        let state = version.states.iter().find(|state| state.name == name);
        state.map_or_else(|| name.to_owned(), |state| state.label.clone())
    };
    let row = |one: &LandingView| context! { one => Value::from(Serde(one)), state => label(&one.state) };
    let own = context! {
        above => above(visit, id),
        name => workflow_name(visit, id),
        id, number, told, next,
        items => page.items.iter().map(row).collect::<Vec<_>>(),
        call => sought.call.clone(),
        calls => Value::from(Serde(&calls::list(visit.app(), Some(caller), &ALL, &Wanted::default()).await?.items)),
    };
    Ok(visit.page(status, "desk/adopt.html", own))
}

/// Cases as the list named them: id and version.
fn ticked(fields: &Fields) -> Vec<(CaseId, i32)> {
    let one = |text: &str| {
        let (case, version) = text.split_once(':')?;
        Some((case.parse().ok()?, version.parse().ok()?))
    };
    fields.all("case").filter_map(one).collect()
}

pub async fn adopt(Path((id, number)): Path<(String, i32)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::Secretariat, &caller)?;
    let items = ticked(&fields);
    let sought = Sought { call: fields.get("call").to_owned(), cursor: String::new() };
    if items.is_empty() {
        let told = (StatusCode::UNPROCESSABLE_ENTITY, vec![visit.word("flows.tick")]);
        return Ok(listed(&visit, &caller, (&id, number), &sought, told).await?);
    }
    if !is_sure(&fields) {
        let many = items.len().to_string();
        let asked = Sure {
            title: visit.word("flows.adopt_sure").replacen("{}", &many, 1).replacen(
                "{}",
                &number.to_string(),
                1,
            ),
            texts: vec![visit.word("flows.adopt_consequence")],
            facts: vec![(visit.word("flows.workflow"), workflow_name(&visit, &id))],
            yes: visit.word("flows.adopt_yes"),
            back: format!("/workflows/{id}/versions/{number}/adopt"),
            ..Sure::default()
        };
        return Ok(asked.page(&visit, StatusCode::OK, &fields));
    }
    let once = fields.once(&visit.path)?;
    match adoption::run(visit.app(), &caller, Via::Page, (&id, number), &once, &items).await {
        Ok(done) => {
            let moved = |one: &&serde_json::Value| one["outcome"] == "adopted";
            let own = context! {
                above => above(&visit, &id), name => workflow_name(&visit, &id), id, number,
                moved => done.iter().filter(moved).count(),
                items => Value::from(Serde(&done)),
            };
            Ok(visit.page(StatusCode::OK, "desk/adopted.html", own))
        }
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            let status = status_of(&error);
            let told = super::super::fault::detail(&visit, &error).map(|told| sentence(&visit, &told));
            let told = (status, told.into_iter().collect());
            Ok(listed(&visit, &caller, (&id, number), &sought, told).await?)
        }
        Err(error) => Err(error.into()),
    }
}
