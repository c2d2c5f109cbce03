//! Lists of cases, with the filters of the API.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::super::fault::Fault;
use super::super::query;
use super::super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::list::{self, ApplicationItem, Filter};
use crate::app::calls::{self, Wanted};
use crate::app::{App, Asked, Page, Result, institutions, workflows};

/// Cases on one page.
const MANY: u64 = 25;

/// What the filters of a list say; empty is no filter.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    #[serde(default)]
    waiting_for_me: String,
    #[serde(default)]
    overdue: String,
    #[serde(default)]
    at_risk: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    home: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    call: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    cursor: String,
}

impl Sought {
    fn filter(&self) -> Filter {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            state: text(&self.state),
            phases: self.phase.parse().into_iter().collect(),
            role: text(&self.role),
            home: self.home.parse().ok(),
            host: self.host.parse().ok(),
            call: self.call.parse().ok(),
            period: None,
            waiting_for_me: self.waiting_for_me == "true",
            overdue: self.overdue == "true",
            at_risk: self.at_risk == "true",
            q: text(&self.q),
        }
    }

    /// The filters that are set, as names and values.
    fn set(&self) -> Vec<(&'static str, &str)> {
        query::set([
            ("waiting_for_me", &self.waiting_for_me),
            ("overdue", &self.overdue),
            ("at_risk", &self.at_risk),
            ("state", &self.state),
            ("phase", &self.phase),
            ("role", &self.role),
            ("home", &self.home),
            ("host", &self.host),
            ("call", &self.call),
            ("q", &self.q),
        ])
    }

    /// The filters with where the next page begins.
    fn onward(&self, next: &str) -> String {
        query::address("/cases", &query::text(&[self.set(), vec![("cursor", next)]].concat()))
    }
}

pub async fn show(signed_in: SignedIn, Query(sought): Query<Sought>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let asked =
        Asked { limit: MANY, cursor: Some(sought.cursor.clone()).filter(|cursor| !cursor.is_empty()) };
    let page = cases(&visit, &caller, &asked, sought.filter()).await?;
    let items: Vec<Value> = page.items.iter().map(|item| shown(visit.app(), item)).collect();
    let set: std::collections::BTreeMap<_, _> = sought.set().into_iter().collect();
    // The switches are tabs of their own; the rest lies behind the filters.
    let filtered = set.keys().any(|name| !["waiting_for_me", "overdue", "at_risk"].contains(name));
    let tab = ["waiting_for_me", "at_risk", "overdue"].into_iter().find(|name| set.contains_key(name));
    let next = page.next.as_ref().map(|next| sought.onward(next));
    let later = asked.cursor.is_some();
    let own = context! { items, next, set => Value::from(Serde(&set)), filtered, tab, later, ..filters(&visit, &caller).await? };
    Ok(visit.page(StatusCode::OK, "applications/list.html", own))
}

/// A page of the cases the caller sees.
pub async fn cases(
    visit: &Visit,
    caller: &Caller,
    asked: &Asked,
    filter: Filter,
) -> Result<Page<ApplicationItem>> {
    list::list(visit.app(), caller, asked, filter).await
}

/// A case of a list, with whether its time is over.
pub fn shown(app: &App, item: &ApplicationItem) -> Value {
    let overdue = item.due_at.is_some_and(|due| due < app.clock.now());
    context! { case => Value::from(Serde(item)), overdue }
}

/// What the filters offer.
async fn filters(visit: &Visit, caller: &Caller) -> Result<Value> {
    let all = Asked { limit: 200, cursor: None };
    let app = visit.app();
    let mut flows = Vec::new();
    for workflow in workflows::list(app, caller, &all).await?.items {
        if let Some(current) = workflow.current {
            let definition = workflows::version(app, caller, &workflow.id, current).await?;
            flows.push(context! {
                id => workflow.id,
                states => Value::from(Serde(&definition.states)),
                roles => Value::from(Serde(&definition.roles)),
            });
        }
    }
    let places = institutions::list(app, &all, &institutions::Wanted::default()).await?.items;
    let calls = calls::list(app, Some(caller), &all, &Wanted::default()).await?.items;
    let phases: Vec<&str> =
        sojourn_engine::vocabulary::Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    Ok(context! { flows, places => Value::from(Serde(&places)), calls => Value::from(Serde(&calls)), phases })
}
