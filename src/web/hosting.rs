//! Nominations by partner, what comes in at a host, who arrives, and how many places are taken.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::{InstitutionKind, Phase, PlacesBy};
use url::form_urlencoded::Serializer;

use super::applications::list::shown;
use super::fault::Fault;
use super::query;
use super::queue::staff;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::list::{self, Filter};
use crate::app::hosting::{self, Stand};
use crate::app::institutions::{self, InstitutionView};
use crate::app::{Asked, Error, Result, balances, bulks, place_reports};

/// Rows of one page.
const MANY: u64 = 25;

/// Which institution a page is about, and what it is narrowed by.
#[derive(Debug, Default, Deserialize)]
pub struct Of {
    /// The institution; the first of one's own where none is named.
    #[serde(default)]
    at: String,
    #[serde(default)]
    home: String,
    #[serde(default)]
    period: String,
    /// `expected`, `here` or `absent`.
    #[serde(default)]
    show: String,
    #[serde(default)]
    cursor: String,
}

impl Of {
    fn asked(&self) -> Asked {
        Asked { limit: MANY, cursor: Some(self.cursor.clone()).filter(|cursor| !cursor.is_empty()) }
    }

    /// The same page, from where the list goes on.
    fn onward(&self, path: &str, next: Option<&String>) -> String {
        let all = [("at", &self.at), ("home", &self.home), ("period", &self.period), ("show", &self.show)];
        let set = all.into_iter().filter(|(_, value)| !value.is_empty());
        let mut query = Serializer::new(String::new());
        query.extend_pairs(set);
        if let Some(next) = next {
            query.append_pair("cursor", next);
        }
        query::address(path, &query.finish())
    }
}

/// The institution that a page is about, with those that could be chosen instead.
struct Place {
    id: InstitutionId,
    name: String,
    others: Vec<InstitutionView>,
}

/// One's own institutions; for the secretariat every member.
async fn place(visit: &Visit, caller: &Caller, of: &Of) -> Result<Option<Place>> {
    staff(visit)?;
    let mut own: Vec<InstitutionView> = Vec::new();
    if caller.is_secretariat() {
        let wanted = institutions::Wanted { kind: Some(InstitutionKind::Member), ..Default::default() };
        let all = Asked { limit: 200, cursor: None };
        own = institutions::list(visit.app(), &all, &wanted).await?.items;
    } else {
        for id in caller.institutions() {
            if own.iter().all(|known| known.id != id) {
                own.push(institutions::get(visit.app(), id).await?);
            }
        }
    }
    let named = of.at.parse::<InstitutionId>().ok();
    let found = own.iter().find(|known| Some(known.id) == named);
    if named.is_some() && found.is_none() {
        return Err(Error::NotFound);
    }
    let found = found.or(own.first()).map(|found| (found.id, found.name.clone()));
    Ok(found.map(|(id, name)| Place { id, name, others: own }))
}

fn around(place: &Place, here: &str) -> Value {
    context! {
        here,
        at => context! { id => place.id.to_string(), name => place.name.clone() },
        others => Value::from(Serde(&place.others)),
    }
}

fn nowhere(visit: &Visit, here: &str) -> Response {
    visit.page(StatusCode::OK, "hosting/nowhere.html", context! { here })
}

/// What a home can nominate, by host and term.
pub async fn nominations(signed_in: SignedIn, Query(of): Query<Of>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let Some(place) = place(&visit, &caller, &of).await? else { return Ok(nowhere(&visit, "nominations")) };
    let view = hosting::nominations(visit.app(), &caller, place.id).await?;
    let own = context! {
        groups => Value::from(Serde(&view.groups)),
        ways => Value::from(Serde(&view.ways)),
        beyond => view.beyond,
        open => Value::from(Serde(&bulks::open(visit.app(), &caller).await?)),
        ..around(&place, "nominations")
    };
    Ok(visit.page(StatusCode::OK, "hosting/nominations.html", own))
}

/// What comes in at a host and is not decided yet.
pub async fn incoming(signed_in: SignedIn, Query(of): Query<Of>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let Some(place) = place(&visit, &caller, &of).await? else { return Ok(nowhere(&visit, "incoming")) };
    let groups = hosting::incoming(visit.app(), &caller, place.id).await?;
    let filter = Filter {
        host: Some(place.id),
        home: of.home.parse().ok(),
        period: of.period.parse().ok(),
        phases: vec![Phase::Nomination, Phase::Approval],
        ..Filter::default()
    };
    let page = list::list(visit.app(), &caller, &of.asked(), filter).await?;
    let items: Vec<Value> = page.items.iter().map(|item| shown(visit.app(), item)).collect();
    let own = context! {
        groups => Value::from(Serde(&groups)),
        items,
        narrowed => !of.home.is_empty() || !of.period.is_empty(),
        home => of.home.clone(),
        period => of.period.clone(),
        first => of.onward("/incoming", None),
        next => page.next.as_ref().map(|next| of.onward("/incoming", Some(next))),
        later => !of.cursor.is_empty(),
        open => Value::from(Serde(&bulks::open(visit.app(), &caller).await?)),
        ..around(&place, "incoming")
    };
    Ok(visit.page(StatusCode::OK, "hosting/incoming.html", own))
}

/// Who is expected, has come, and has not.
pub async fn arrivals(signed_in: SignedIn, Query(of): Query<Of>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let Some(place) = place(&visit, &caller, &of).await? else { return Ok(nowhere(&visit, "arrivals")) };
    let (stand, show) = match of.show.as_str() {
        "here" => (Stand::Here, "here"),
        "absent" => (Stand::Absent, "absent"),
        _ => (Stand::Expected, "expected"),
    };
    let page = hosting::arrivals(visit.app(), &caller, place.id, (stand, &of.asked())).await?;
    let own = context! {
        arrivals => Value::from(Serde(&page.items)),
        show,
        today => visit.app().today().to_string(),
        first => of.onward("/arrivals", None),
        next => page.next.as_ref().map(|next| of.onward("/arrivals", Some(next))),
        later => !of.cursor.is_empty(),
        open => Value::from(Serde(&bulks::open(visit.app(), &caller).await?)),
        ..around(&place, "arrivals")
    };
    Ok(visit.page(StatusCode::OK, "hosting/arrivals.html", own))
}

/// Places of a host by term and home.
pub async fn capacity(signed_in: SignedIn, Query(of): Query<Of>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let Some(place) = place(&visit, &caller, &of).await? else { return Ok(nowhere(&visit, "capacity")) };
    let rows = if balances::may_read(&caller) {
        let by = vec![PlacesBy::Pair, PlacesBy::Period];
        let report = place_reports::report(visit.app(), &caller, &balances::Asked::default(), by).await?;
        let here = |row: &place_reports::PlacesRow| row.host.as_ref().is_some_and(|end| end.id == place.id);
        report.rows.into_iter().filter(here).collect()
    } else {
        Vec::new()
    };
    let own = context! { rows => Value::from(Serde(&rows)), ..around(&place, "capacity") };
    Ok(visit.page(StatusCode::OK, "hosting/capacity.html", own))
}
