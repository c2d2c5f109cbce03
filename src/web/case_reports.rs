//! Reports of applications: a picture, the table of what it shows, and both to take along.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;

use super::calls;
use super::desk::programmes::workflow_name;
use super::fault::Fault;
use super::reports::{file, shape};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::reports::{self, Report, Shape, Wanted};
use crate::app::{self, Asked, Error, Result, institutions};

/// Names that the choice of an institution or call offers at most.
const MOST: u64 = 200;

/// Which applications; what is empty narrows nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Of {
    #[serde(default)]
    home: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    call: String,
}

impl Of {
    fn wanted(&self) -> Result<Wanted> {
        Ok(Wanted { home: id(&self.home)?, host: id(&self.host)?, call: id(&self.call)? })
    }

    /// The same as a query for the files of a page.
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("home", &self.home), ("host", &self.host), ("call", &self.call)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

fn id<T: std::str::FromStr>(text: &str) -> Result<Option<T>> {
    if text.is_empty() { Ok(None) } else { calls::id(text).map(Some) }
}

/// The reports there are, by the name in their address.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Allocation,
    Funnel,
    Traffic,
    Waiting,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Allocation, Self::Funnel, Self::Traffic, Self::Waiting];

    const fn name(self) -> &'static str {
        match self {
            Self::Allocation => "allocation",
            Self::Funnel => "funnel",
            Self::Traffic => "traffic",
            Self::Waiting => "waiting",
        }
    }
}

/// A report as a page, or as the file that its name ends like.
pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(of): Query<Of>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let kind = Kind::ALL.into_iter().find(|kind| named.split('.').next() == Some(kind.name()));
    let kind = kind.ok_or(Error::NotFound)?;
    let shape = if named == kind.name() { None } else { Some(shape(kind.name(), &named)?) };
    let wanted = of.wanted()?;
    let app = visit.app();
    Ok(match kind {
        Kind::Allocation => {
            answer(&visit, &caller, (kind, shape, &of), &reports::allocation(app, &caller, &wanted).await?)
                .await?
        }
        Kind::Funnel => {
            answer(&visit, &caller, (kind, shape, &of), &reports::funnel(app, &caller, &wanted).await?)
                .await?
        }
        Kind::Traffic => {
            answer(&visit, &caller, (kind, shape, &of), &reports::traffic(app, &caller, &wanted).await?)
                .await?
        }
        Kind::Waiting => {
            let waiting = reports::waiting(app, &caller, &wanted).await?;
            // A table to take along is for programs, which know a workflow by its code.
            let waiting = match shape {
                Some(Shape::Table) => waiting,
                Some(Shape::Picture) | None => waiting.called(|id| workflow_name(&visit, id)),
            };
            answer(&visit, &caller, (kind, shape, &of), &waiting).await?
        }
    })
}

async fn answer(
    visit: &Visit,
    caller: &Caller,
    (kind, shape, of): (Kind, Option<Shape>, &Of),
    report: &impl Report,
) -> Result<Response> {
    if let Some(shape) = shape {
        return file(visit, (kind.name(), shape), report);
    }
    let asked = Asked { limit: MOST, cursor: None };
    let places = institutions::list(visit.app(), &asked, &institutions::Wanted::default()).await?;
    let open = app::calls::list(visit.app(), Some(caller), &asked, &app::calls::Wanted::default()).await?;
    let own = context! {
        report => Value::from(Serde(report)),
        picture => Value::from_safe_string(report.picture(visit.language)),
        here => kind.name(),
        query => of.query(),
        home => &of.home,
        host => &of.host,
        call => &of.call,
        places => Value::from(Serde(&places.items)),
        calls => Value::from(Serde(&open.items)),
    };
    Ok(visit.page(StatusCode::OK, "reports.html", own))
}
