//! What waits for somebody who works on cases of others, the first to end first, to be ticked for one event or gone through one by one.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::fault::Fault;
use super::query;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::calls::{self, Wanted};
use crate::app::queue::{self, Filter};
use crate::app::{Asked, Error, Result, bulks, institutions};

/// Tasks on one page.
const MANY: u64 = 25;

/// What the filters of the queue say; empty is no filter.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct Sought {
    #[serde(default)]
    asks: String,
    #[serde(default)]
    home: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    call: String,
    #[serde(default)]
    overdue: String,
    #[serde(default)]
    at_risk: String,
    #[serde(default)]
    q: String,
}

impl Sought {
    /// As the use case reads them.
    pub fn filter(&self) -> Filter {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Filter {
            asks: text(&self.asks),
            home: self.home.parse().ok(),
            host: self.host.parse().ok(),
            call: self.call.parse().ok(),
            overdue: self.overdue == "true",
            at_risk: self.at_risk == "true",
            q: text(&self.q),
        }
    }

    /// Those that are set, as names and values.
    fn set(&self) -> Vec<(&'static str, &str)> {
        query::set([
            ("asks", &self.asks),
            ("home", &self.home),
            ("host", &self.host),
            ("call", &self.call),
            ("overdue", &self.overdue),
            ("at_risk", &self.at_risk),
            ("q", &self.q),
        ])
    }

    /// Those that are set, as a query without its mark.
    pub fn query(&self) -> String {
        query::text(&self.set())
    }
}

/// Where the list goes on, and what has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Onward {
    #[serde(default)]
    cursor: String,
    #[serde(default)]
    done: String,
}

/// Passes for whoever works on cases of others.
pub fn staff(visit: &Visit) -> Result<()> {
    if visit.is_staff() { Ok(()) } else { Err(Error::Forbidden { needs: visit.word("queue.staff") }) }
}

pub async fn show(
    signed_in: SignedIn,
    Query(sought): Query<Sought>,
    Query(onward): Query<Onward>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    staff(&visit)?;
    let asked = Asked { limit: MANY, cursor: Some(onward.cursor).filter(|cursor| !cursor.is_empty()) };
    let page = queue::list(visit.app(), &caller, &asked, sought.filter()).await?;
    let more = |next: &String| query::text(&[sought.set(), vec![("cursor", next.as_str())]].concat());
    let next = page.next.as_ref().map(|next| query::address("/queue", &more(next)));
    let set: std::collections::BTreeMap<_, _> = sought.set().into_iter().collect();
    let tab = ["at_risk", "overdue"].into_iter().find(|name| set.contains_key(name));
    let filtered = set.keys().any(|name| !["overdue", "at_risk"].contains(name));
    let own = context! {
        tasks => Value::from(Serde(&page.items)),
        next,
        query => sought.query(),
        first => query::address("/queue", &sought.query()),
        later => asked.cursor.is_some(),
        ended => onward.done == "last",
        set => Value::from(Serde(&set)),
        tab, filtered,
        here => "queue",
        open => Value::from(Serde(&bulks::open(visit.app(), &caller).await?)),
        ..filters(&visit, &caller).await?
    };
    Ok(visit.page(StatusCode::OK, "queue/list.html", own))
}

/// What the filters offer.
async fn filters(visit: &Visit, caller: &Caller) -> Result<Value> {
    let all = Asked { limit: 200, cursor: None };
    let app = visit.app();
    let places = institutions::list(app, &all, &institutions::Wanted::default()).await?.items;
    let calls = calls::list(app, Some(caller), &all, &Wanted::default()).await?.items;
    let asks = queue::asks(app, caller).await?;
    Ok(context! {
        places => Value::from(Serde(&places)),
        calls => Value::from(Serde(&calls)),
        asks => Value::from(Serde(&asks)),
    })
}
