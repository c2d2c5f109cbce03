//! Reports of places on pages: whose numbers count, and files of them to take along.

use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::vocabulary::PlacesBy;

use super::fault::Fault;
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::balances::Asked;
use crate::app::documents::attachment;
use crate::app::place_reports::{self, PlacesView};
use crate::app::reports::{Report, Shape};
use crate::app::{Error, Result};

/// Ways to tell places apart that the page offers.
const WAYS: [&str; 6] = ["pair,period,level,field", "pair", "pair,period", "period", "level", "field"];

/// Of which day, and how told apart.
#[derive(Debug, Default, Deserialize)]
pub struct Of {
    /// The day whose end counts; without one, now.
    on: Option<String>,
    /// What places are told apart by.
    by: Option<String>,
}

impl Of {
    /// The day, where one is named.
    pub fn day(&self) -> Option<NaiveDate> {
        self.on.as_deref().and_then(|day| day.parse().ok())
    }

    /// The end of that day, where it is past.
    fn instant(&self, visit: &Visit) -> Option<DateTime<Utc>> {
        let ends = self.day().map(|day| Calendar::plain(visit.app().zone).end_of(day));
        ends.filter(|ends| *ends < visit.app().clock.now())
    }

    /// All numbers of that day.
    pub fn asked(&self, visit: &Visit) -> Asked {
        Asked { at: self.instant(visit), ..Asked::default() }
    }

    /// The same as a query for the files of a page.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(day) = self.day() {
            query.append_pair("on", &day.to_string());
        }
        if let Some(by) = &self.by {
            query.append_pair("by", by);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

/// A file of a report called `name`, by the name in its address.
///
/// # Errors
/// [`Error::NotFound`] for any other name.
pub fn shape(name: &str, file: &str) -> Result<Shape> {
    let named = |shape: &Shape| file.strip_prefix(name) == Some(&format!(".{}", shape.ending()));
    [Shape::Table, Shape::Picture].into_iter().find(named).ok_or(Error::NotFound)
}

/// A report to take along.
///
/// # Errors
/// None that a table in memory can meet.
pub fn file(visit: &Visit, (name, shape): (&str, Shape), report: &impl Report) -> Result<Response> {
    let headers = [
        (header::CONTENT_TYPE, shape.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&format!("{name}.{}", shape.ending()))),
    ];
    Ok((headers, shape.of(report, visit.language)?).into_response())
}

async fn read(visit: &Visit, caller: &Caller, of: &Of) -> Result<PlacesView> {
    let by = place_reports::told_apart_by(of.by.as_deref())?;
    place_reports::report(visit.app(), caller, &of.asked(visit), by).await
}

/// Places offered, held, used and unfilled.
pub async fn places(signed_in: SignedIn, Query(of): Query<Of>) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let view = read(&visit, &caller, &of).await?;
    let way = view.by.iter().map(|by| by.as_str()).collect::<Vec<_>>().join(",");
    let apart = |by| view.by.contains(&by);
    let own = context! {
        places => Value::from(Serde(&view)),
        picture => Value::from_safe_string(view.picture(visit.language)),
        on => of.day().map(|on| on.to_string()),
        query => of.query(),
        ways => WAYS.map(|way| context! { value => way, name => way.replace(',', "_") }).to_vec(),
        way,
        pairs => apart(PlacesBy::Pair),
        periods => apart(PlacesBy::Period),
        levels => apart(PlacesBy::Level),
        fields => apart(PlacesBy::Field),
    };
    Ok(visit.page(StatusCode::OK, "places.html", own))
}

/// The same as a file.
pub async fn places_file(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(of): Query<Of>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let shape = shape("places", &named)?;
    Ok(file(&visit, ("places", shape), &read(&visit, &caller, &of).await?)?)
}
