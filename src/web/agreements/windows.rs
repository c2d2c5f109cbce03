//! When a side takes nominations as a host: a row for each window, some more to add others, all of it without script.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use sojourn_engine::ids::{AgreementId, InstitutionId};

use crate::access::Caller;
use crate::app::agreements::windows::{self, MOST, MonthDay, Window, may_say};
use crate::app::agreements::{self, AgreementView};
use crate::app::places::import::{TERMS, month_day};
use crate::app::{Asked, Error, Result, institutions, periods};
use crate::web::calls::id;
use crate::web::fault::{Fault, status_of};
use crate::web::faults::{self, Wrong};
use crate::web::form::{Fields, Posted};
use crate::web::visit::{SignedIn, Visit};

/// Terms to choose from.
const MANY: Asked = Asked { limit: 200, cursor: None };
/// Rows in which windows can be added.
const MORE: usize = 2;

type Answer = std::result::Result<Response, Fault>;

/// Sides of which somebody may say when they take nominations, by id and name.
pub async fn own(
    visit: &Visit,
    agreement: &AgreementView,
    caller: &Caller,
) -> Result<Vec<(InstitutionId, String)>> {
    let sides = std::iter::once(agreement.proposer).chain(agreement.partner);
    let own: Vec<InstitutionId> = sides.filter(|side| may_say(agreement, *side, caller)).collect();
    let names = institutions::names(visit.app(), &own).await?;
    Ok(own.into_iter().map(|side| (side, names.get(&side).cloned().unwrap_or_default())).collect())
}

/// A window as it is typed.
#[derive(Debug, Default, Serialize)]
struct Row {
    /// Its term; empty: all.
    term: String,
    opens: String,
    closes: String,
    /// Whether it is to be taken away.
    away: bool,
}

impl Row {
    /// A row of a form; `None` where the form has no such row.
    fn of(fields: &Fields, nth: usize) -> Option<Self> {
        let name = |of: &str| format!("windows-{nth}-{of}");
        let closes = name("closes");
        fields.0.iter().any(|(known, _)| *known == closes).then(|| Self {
            term: fields.get(&name("term")).to_owned(),
            opens: fields.get(&name("opens")).to_owned(),
            closes: fields.get(&closes).to_owned(),
            away: !fields.get(&name("away")).is_empty(),
        })
    }

    /// Whether nothing is typed in it.
    const fn is_blank(&self) -> bool {
        self.term.is_empty() && self.opens.is_empty() && self.closes.is_empty()
    }
}

/// An agreement the caller sees, and the side of it that they may speak for, with its name and its terms.
struct Side {
    agreement: AgreementView,
    host: InstitutionId,
    name: String,
    terms: Vec<(String, String)>,
}

/// Passes for somebody who may speak for that side; to others there is no such page.
async fn side(visit: &Visit, caller: &Caller, (agreement, host): &(String, String)) -> Result<Side> {
    let (of, host): (AgreementId, InstitutionId) = (id(agreement)?, id(host)?);
    let agreement = agreements::get(visit.app(), caller, of).await?;
    let own = own(visit, &agreement, caller).await?;
    let (host, name) = own.into_iter().find(|(side, _)| *side == host).ok_or(Error::NotFound)?;
    let terms = terms(visit, &agreement, host).await?;
    Ok(Side { agreement, host, name, terms })
}

/// Terms that a window can be for: all, those of a year, those of the host's calendar, and those that windows are for already.
async fn terms(
    visit: &Visit,
    agreement: &AgreementView,
    host: InstitutionId,
) -> Result<Vec<(String, String)>> {
    let mut terms = vec![(String::new(), visit.word("windows.terms.every"))];
    let of_year = TERMS.iter().map(|term| term.name.to_owned());
    terms.extend(of_year.map(|name| (name.clone(), visit.word(&format!("windows.terms.{name}")))));
    let wanted = periods::Wanted { institution: Some(host), ..Default::default() };
    let calendar = periods::list(visit.app(), &MANY, &wanted).await?.items.into_iter();
    let named = calendar.map(|period| (period.term.clone(), period.name.unwrap_or(period.term)));
    let said = agreement.nomination_windows.iter().filter(|one| one.host == host);
    let said = said.filter_map(|one| one.term.clone()).map(|term| (term.clone(), term));
    for (term, name) in named.chain(said) {
        if terms.iter().all(|(known, _)| *known != term) {
            terms.push((term, name));
        }
    }
    Ok(terms)
}

/// The windows as they stand, to be changed.
pub async fn ask(SignedIn { visit, caller }: SignedIn, Path(named): Path<(String, String)>) -> Answer {
    let side = side(&visit, &caller, &named).await?;
    let said = side.agreement.nomination_windows.iter().filter(|one| one.host == side.host);
    let day = |day: Option<MonthDay>| day.map(|day| day.to_string()).unwrap_or_default();
    let rows = said.map(|one| Row {
        term: one.term.clone().unwrap_or_default(),
        opens: day(one.window.opens),
        closes: day(Some(one.window.closes)),
        away: false,
    });
    let (rows, version) = (rows.collect(), side.agreement.version.to_string());
    Ok(page(&visit, &side, StatusCode::OK, (rows, &version), &[]).await?)
}

async fn page(
    visit: &Visit,
    side: &Side,
    status: StatusCode,
    (mut rows, version): (Vec<Row>, &str),
    wrong: &[Wrong],
) -> Result<Response> {
    let known = rows.len();
    rows.resize_with((known + MORE).min(MOST.max(known)), Row::default);
    let mut labels = BTreeMap::new();
    for nth in 0..rows.len() {
        let window = visit.word("windows.window").replace("{}", &(nth + 1).to_string());
        for of in ["term", "opens", "closes"] {
            let field = visit.word(&format!("windows.{of}"));
            labels.insert(
                format!("windows-{nth}-{of}"),
                format!("{window}{}{field}", visit.word("form.beside")),
            );
        }
    }
    let own = context! {
        line => super::line(visit, &side.agreement).await?,
        host => side.host.to_string(), name => side.name.clone(), version, known,
        rows => Value::from(Serde(&rows)), terms => Value::from(Serde(&side.terms)),
        labels => Value::from(Serde(&labels)), faults => Value::from(Serde(wrong)),
    };
    Ok(visit.page(status, "agreements/windows.html", own))
}

/// Sets the windows in the version that was read.
pub async fn say(Path(named): Path<(String, String)>, Posted { visit, fields }: Posted) -> Answer {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let side = side(&visit, &caller, &named).await?;
    let typed: Vec<Row> = (0..MOST).map_while(|nth| Row::of(&fields, nth)).collect();
    let mut wrong = Vec::new();
    if typed.is_empty() {
        wrong.push(Wrong::at("windows-0-closes", visit.word("windows.faults.last")));
    }
    // What is typed again stands in the rows that are left, so that faults are named by those.
    let rows: Vec<Row> = typed.into_iter().filter(|row| !row.away && !row.is_blank()).collect();
    let said: Vec<_> = rows
        .iter()
        .enumerate()
        .filter_map(|(nth, row)| read(&visit, &side, (nth, row), &mut wrong))
        .collect();
    let (of, version) = (&side.agreement, fields.version().unwrap_or_default());
    let told = if wrong.is_empty() {
        match windows::say(visit.app(), &caller, (of.id, side.host), version, said).await {
            Ok(_) => {
                let door = format!("/agreements/{}?done=windows#windows", of.id);
                return Ok(Redirect::to(&door).into_response());
            }
            Err(error) => (status_of(&error), faults::of(&visit, error)?),
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, wrong)
    };
    Ok(page(&visit, &side, told.0, (rows, fields.get("version")), &told.1).await?)
}

/// What a row says.
fn read(
    visit: &Visit,
    side: &Side,
    (nth, row): (usize, &Row),
    wrong: &mut Vec<Wrong>,
) -> Option<(Option<String>, Window)> {
    let mut fault = |of: &str, told: &str| {
        wrong.push(Wrong::at(&format!("windows-{nth}-{of}"), visit.word(&format!("windows.faults.{told}"))));
    };
    if side.terms.iter().all(|(term, _)| *term != row.term) {
        fault("term", "term");
    }
    let mut day = |of: &str, text: &str| match text {
        "" => None,
        text => month_day(text, None).unwrap_or_else(|_| {
            fault(of, "day");
            None
        }),
    };
    let (opens, closes) = (day("opens", &row.opens), day("closes", &row.closes));
    if row.closes.is_empty() {
        fault("closes", "last");
    }
    let term = Some(row.term.clone()).filter(|term| !term.is_empty());
    closes.map(|closes| (term, Window { opens, closes }))
}
