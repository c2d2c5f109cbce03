//! Calls: what is open, until when, for whom, and what can be chosen.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::CallId;
use sojourn_engine::vocabulary::Publication;

use super::allocations;
use super::applications::draft;
use super::desk::{self, Came};
use super::fault::Fault;
use super::scores;
use super::visit::Visit;
use crate::app::calls::{self, CallView, Wanted};
use crate::app::{App, Asked, Error, Page, Result, institutions};

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct Onward {
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl Onward {
    /// The page that is asked for.
    pub fn asked(self, limit: u64) -> Asked {
        Asked { limit, cursor: self.cursor.filter(|cursor| !cursor.is_empty()) }
    }
}

/// An id in an address; what is none names nothing.
pub fn id<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::NotFound)
}

pub async fn list(visit: Visit, Query(onward): Query<Onward>) -> std::result::Result<Response, Fault> {
    let mut page = page(&visit, &onward.asked(100), &Wanted::default()).await?;
    // Those one can still apply to first, then the newest.
    page.items.sort_by_key(|call| (!is_open(visit.app(), call), std::cmp::Reverse(call.opens_on)));
    let items: Vec<Value> = page.items.iter().map(|call| line(visit.app(), call)).collect();
    let writes = visit.caller.as_ref().is_some_and(desk::calls::writes_any);
    Ok(visit.page(StatusCode::OK, "calls/list.html", context! { items, writes, next => page.next }))
}

/// A page of the calls the visitor sees.
pub async fn page(visit: &Visit, asked: &Asked, wanted: &Wanted) -> Result<Page<CallView>> {
    calls::list(visit.app(), visit.caller.as_ref(), asked, wanted).await
}

pub async fn show(
    visit: Visit,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let id: CallId = id(&named)?;
    let call = calls::get(visit.app(), visit.caller.as_ref(), id).await?;
    let offered = calls::offered(visit.app(), visit.caller.as_ref(), id).await?;
    let homes: Vec<String> = institutions::names(visit.app(), &call.homes).await?.into_values().collect();
    let own = visit
        .caller
        .as_ref()
        .is_some_and(|caller| caller.registered_at.iter().any(|home| call.homes.contains(home)));
    let apply = own && is_open(visit.app(), &call);
    let offered = Value::from(Serde(&offered));
    let allocates = visit.caller.as_ref().is_some_and(|caller| allocations::allocates(caller, &call));
    let scores = call.scores && visit.caller.as_ref().is_some_and(|caller| scores::enters(caller, &call));
    let writes = visit.caller.as_ref().is_some_and(|caller| desk::calls::writes(caller, &call));
    let onward = desk::calls::onward(call.status).map(Publication::as_str);
    let done = desk::done(&visit, came.done.as_ref());
    let labels = draft::labels(&visit, &draft::asked(&call)?);
    let terms = calls::terms(&call);
    let ranking = calls::ranking(visit.app(), &call).await?;
    let told = context! {
        labels => Value::from(Serde(&labels)),
        terms => Value::from(Serde(&terms)),
        ranking => Value::from(Serde(&ranking)),
    };
    let own = context! {
        line => line(visit.app(), &call), homes, offered, apply, allocates, scores, writes, onward, done, ..told
    };
    Ok(visit.page(StatusCode::OK, "calls/show.html", own))
}

/// Whether somebody whose home it is for could apply now; where no zone is known, the days of the call decide.
pub fn is_open(app: &App, call: &CallView) -> bool {
    let now = app.clock.now();
    match &call.instants {
        Some(instants) => instants.opens_at <= now && now < instants.closes_at,
        None => call.opens_on <= now.date_naive() && now.date_naive() <= call.closes_on,
    }
}

/// A call with whether it is open.
pub fn line(app: &App, call: &CallView) -> Value {
    let upcoming = call.opens_on > app.clock.now().date_naive() && !is_open(app, call);
    context! { call => Value::from(Serde(call)), is_open => is_open(app, call), upcoming }
}
