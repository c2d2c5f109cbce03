//! Places that were left in one term, carried over to a later one: what it would change is shown before it is done.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::PlaceLineId;

use super::lines::{LONGEST, MOST, found, why};
use crate::app::agreements::AgreementView;
use crate::app::balances::{self, Carried, Carry};
use crate::app::places::PlaceLineView;
use crate::app::{Conflict, Error, Result, places};
use crate::web::fault::{Fault, status_of};
use crate::web::faults::{self, Wrong};
use crate::web::form::{Fields, Posted};
use crate::web::visit::{SignedIn, Visit};

type Answer = std::result::Result<Response, Fault>;
type Of = (AgreementView, PlaceLineView);

/// The empty form.
pub async fn ask(SignedIn { visit, caller }: SignedIn, Path(named): Path<(String, String)>) -> Answer {
    let of = found(&visit, &caller, &named).await?;
    Ok(page(&visit, &of, StatusCode::OK, &Fields::default(), &[]).await?)
}

/// Later terms that places can go to, each with what is left in it.
async fn heirs(visit: &Visit, row: &PlaceLineView) -> Result<Vec<(String, String)>> {
    let caller = visit.caller.as_ref().ok_or(Error::Unauthenticated)?;
    let lines = balances::heirs(visit.app(), caller, row.id).await?;
    let bound: Vec<_> = lines.iter().filter_map(|line| line.period).collect();
    let periods = places::periods(visit.app(), &bound).await?;
    let named = |line: &PlaceLineView| {
        let period = line.period.and_then(|period| periods.get(&period)).map_or("", String::as_str);
        let left = visit.word("carry.left").replacen("{}", &line.free.to_string(), 1);
        (line.id.to_string(), format!("{period} · {left}"))
    };
    Ok(lines.iter().map(named).collect())
}

async fn page(
    visit: &Visit,
    (agreement, row): &Of,
    status: StatusCode,
    typed: &Fields,
    wrong: &[Wrong],
) -> Result<Response> {
    let own = context! {
        line => super::line(visit, agreement).await?,
        one => super::rows(visit, std::slice::from_ref(row)).await?.pop(),
        heirs => Value::from(Serde(&heirs(visit, row).await?)),
        to => typed.get("to"), amount => typed.get("amount"), reason => typed.get("reason"),
        most => MOST, longest => LONGEST, faults => Value::from(Serde(wrong)),
    };
    Ok(visit.page(status, "agreements/carry.html", own))
}

/// Shows what it would change, and does it once that was seen.
pub async fn carry(Path(named): Path<(String, String)>, Posted { visit, fields }: Posted) -> Answer {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = found(&visit, &caller, &named).await?;
    let mut wrong = Vec::new();
    let Some(asked) = read(&visit, &fields, &mut wrong).filter(|_| wrong.is_empty()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page(&visit, &of, status, &fields, &wrong).await?);
    };
    let done = if fields.get("sure") == "yes" {
        let once = fields.once(&visit.path)?;
        let done = balances::carry(visit.app(), &caller, of.1.id, &once, asked).await;
        done.map(|_| Redirect::to(&format!("/agreements/{}?done=carried#lines", of.0.id)).into_response())
    } else {
        match balances::preview(visit.app(), &caller, of.1.id, &asked).await {
            Ok(both) => preview(&visit, &of.0, asked, &both).await,
            Err(error) => Err(error),
        }
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let status = status_of(&error);
            let too_many = matches!(error, Error::Conflict(Conflict::NotNow(_)));
            let mut wrong = faults::of(&visit, error)?;
            for one in wrong.iter_mut().filter(|_| too_many) {
                "amount".clone_into(&mut one.name);
            }
            Ok(page(&visit, &of, status, &fields, &wrong).await?)
        }
    }
}

fn read(visit: &Visit, typed: &Fields, wrong: &mut Vec<Wrong>) -> Option<Carry> {
    let to = typed.get("to").parse::<PlaceLineId>().ok();
    if to.is_none() {
        wrong.push(Wrong::at("to", visit.word("carry.faults.to")));
    }
    let amount = typed.get("amount").parse::<i32>().ok().filter(|amount| (1..=MOST).contains(amount));
    if amount.is_none() {
        wrong.push(Wrong::at("amount", visit.word("carry.faults.amount")));
    }
    let reason = why(visit, typed, wrong);
    Some(Carry { to: to?, amount: amount?, reason })
}

/// Both lines as they are and as they would be.
async fn preview(
    visit: &Visit,
    agreement: &AgreementView,
    asked: Carry,
    [was, is]: &[Carried; 2],
) -> Result<Response> {
    let before = super::rows(visit, &[was.from.clone(), was.to.clone()]).await?;
    let own = context! {
        line => super::line(visit, agreement).await?,
        lines => before, after => Value::from(Serde(&[&is.from, &is.to])),
        to => asked.to.to_string(), amount => asked.amount, reason => asked.reason,
    };
    Ok(visit.page(StatusCode::OK, "agreements/carry_preview.html", own))
}
