//! Places of an agreement: a new line, and more or fewer places on one, each with its reason.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{AgreementStatus, InstitutionKind, PlaceSource};

use crate::access::Caller;
use crate::app::agreements::{self, AgreementView};
use crate::app::places::{self, NewLine, PlaceLineView};
use crate::app::{Asked, Error, Result, institutions, periods};
use crate::web::calls::id;
use crate::web::fault::{Fault, status_of};
use crate::web::faults::{self, Wrong};
use crate::web::form::{Fields, Posted};
use crate::web::study;
use crate::web::visit::{SignedIn, Visit};

/// Institutions and terms to choose from.
const MANY: Asked = Asked { limit: 200, cursor: None };
/// Most places of a line, and most that are posted at once.
pub(super) const MOST: i32 = 1_000_000;
/// Letters of a reason, at most.
pub(super) const LONGEST: usize = 1_000;
/// Says that a line is for every member.
const ALL: &str = "all";

type Answer = std::result::Result<Response, Fault>;

/// The empty form of a line.
pub async fn ask(SignedIn { visit, caller }: SignedIn, Path(named): Path<String>) -> Answer {
    let agreement = agreements::get(visit.app(), &caller, id(&named)?).await?;
    Ok(new_page(&visit, &agreement, StatusCode::OK, &Fields::default(), &[]).await?)
}

/// Ends of a line: the sides of the agreement; of one with the alliance as a whole its side, every member, and each of them.
async fn ends(visit: &Visit, agreement: &AgreementView) -> Result<Vec<(String, String)>> {
    let mut ends = Vec::new();
    let one = institutions::get(visit.app(), agreement.proposer).await?;
    ends.push((one.id.to_string(), one.name));
    if let Some(partner) = agreement.partner {
        let other = institutions::get(visit.app(), partner).await?;
        ends.push((other.id.to_string(), other.name));
        return Ok(ends);
    }
    ends.push((ALL.to_owned(), visit.word("agreements.every_member")));
    let wanted = institutions::Wanted { kind: Some(InstitutionKind::Member), ..Default::default() };
    let members = institutions::list(visit.app(), &MANY, &wanted).await?.items;
    let others = members.into_iter().filter(|member| member.id != agreement.proposer);
    ends.extend(visit.by_name(others.map(|member| (member.id.to_string(), member.name))));
    Ok(ends)
}

/// Terms of the sides, by institution.
async fn terms(visit: &Visit, agreement: &AgreementView) -> Result<Vec<(String, String)>> {
    let mut terms = Vec::new();
    for side in std::iter::once(agreement.proposer).chain(agreement.partner) {
        let name = institutions::get(visit.app(), side).await?.name;
        let wanted = periods::Wanted { institution: Some(side), ..Default::default() };
        for period in periods::list(visit.app(), &MANY, &wanted).await?.items {
            let term = period.name.unwrap_or(period.term);
            terms.push((period.id.to_string(), format!("{name} · {} {term}", period.academic_year)));
        }
    }
    Ok(terms)
}

async fn new_page(
    visit: &Visit,
    agreement: &AgreementView,
    status: StatusCode,
    typed: &Fields,
    wrong: &[Wrong],
) -> Result<Response> {
    let ends = ends(visit, agreement).await?;
    let end = |name: &str, nth: usize| match typed.get(name) {
        "" => ends.get(nth).map(|(id, _)| id.clone()).unwrap_or_default(),
        said => said.to_owned(),
    };
    let own = context! {
        line => super::line(visit, agreement).await?,
        home => end("home", 0), host => end("host", 1),
        ends => Value::from(Serde(&ends)),
        periods => Value::from(Serde(terms(visit, agreement).await?)),
        period => typed.get("period"), unit => typed.get("unit"), capacity => typed.get("capacity"),
        fields => typed.get("fields"), levels => study::ticked(typed),
        reason => typed.get("reason"), most => MOST, longest => LONGEST, faults => Value::from(Serde(wrong)),
    };
    Ok(visit.page(status, "agreements/line.html", own))
}

/// Enters a line with its first places.
pub async fn enter(Path(named): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let agreement = agreements::get(visit.app(), &caller, id(&named)?).await?;
    let mut wrong = Vec::new();
    let new = line(&visit, &agreement, &fields, &mut wrong).filter(|_| wrong.is_empty());
    let Some(new) = new else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(new_page(&visit, &agreement, status, &fields, &wrong).await?);
    };
    match places::create(visit.app(), &caller, &fields.once(&visit.path)?, new).await {
        Ok(_) => Ok(Redirect::to(&format!("/agreements/{}?done=line#lines", agreement.id)).into_response()),
        Err(error) => {
            let status = status_of(&error);
            let wrong = faults::of(&visit, error)?;
            Ok(new_page(&visit, &agreement, status, &fields, &wrong).await?)
        }
    }
}

fn line(visit: &Visit, agreement: &AgreementView, typed: &Fields, wrong: &mut Vec<Wrong>) -> Option<NewLine> {
    let mut end = |name: &str| match typed.get(name) {
        ALL => None,
        said => {
            let end = said.parse::<InstitutionId>().ok();
            if end.is_none() {
                wrong.push(Wrong::at(name, visit.word("agreements.faults.end")));
            }
            end
        }
    };
    let (home, host) = (end("home"), end("host"));
    let capacity = typed.get("capacity").parse().ok().filter(|places| (0..=MOST).contains(places));
    if capacity.is_none() {
        wrong.push(Wrong::at("capacity", visit.word("agreements.faults.capacity")));
    }
    let period = match typed.get("period") {
        "" => None,
        said => {
            let period = said.parse::<PeriodId>().ok();
            if period.is_none() {
                wrong.push(Wrong::at("period", visit.word("agreements.faults.period")));
            }
            period
        }
    };
    let unit = typed.get("unit").parse().ok();
    if unit.is_none() {
        wrong.push(Wrong::at("unit", visit.word("agreements.faults.unit")));
    }
    let fields = study::fields(visit, typed, wrong);
    let reason = reason(visit, typed, wrong);
    Some(NewLine {
        source: PlaceSource::Agreement,
        agreement: Some(agreement.id),
        programme: None,
        direction: None,
        home,
        host,
        period,
        levels: study::levels(typed),
        fields,
        unit: unit?,
        capacity: capacity?,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
    })
}

fn reason(visit: &Visit, typed: &Fields, wrong: &mut Vec<Wrong>) -> String {
    let reason = typed.get("reason").to_owned();
    if reason.chars().count() > LONGEST {
        wrong.push(Wrong::at("reason", visit.word("agreements.faults.reason")));
    }
    reason
}

/// A reason that has to be given.
pub(super) fn why(visit: &Visit, typed: &Fields, wrong: &mut Vec<Wrong>) -> String {
    let reason = reason(visit, typed, wrong);
    if reason.is_empty() {
        wrong.push(Wrong::at("reason", visit.word("agreements.faults.reason")));
    }
    reason
}

/// Whether an agreement takes lines and places still, from somebody who may give some.
pub fn is_open(agreement: &AgreementView, caller: &Caller) -> bool {
    let over = matches!(agreement.status, AgreementStatus::Ended | AgreementStatus::Dropped);
    let sides = std::iter::once(agreement.proposer).chain(agreement.partner);
    !over && (caller.is_secretariat() || sides.into_iter().any(|side| speaks(caller, side)))
}

fn speaks(caller: &Caller, side: InstitutionId) -> bool {
    caller.coordinates(&crate::access::Place::whole(side))
}

/// One line of an agreement the caller sees.
pub(super) async fn found(
    visit: &Visit,
    caller: &Caller,
    (agreement, line): &(String, String),
) -> Result<(AgreementView, PlaceLineView)> {
    let agreement: AgreementId = id(agreement)?;
    let line: PlaceLineId = id(line)?;
    let line = places::get(visit.app(), caller, line).await?;
    if line.agreement != Some(agreement) {
        return Err(Error::NotFound);
    }
    Ok((agreements::get(visit.app(), caller, agreement).await?, line))
}

/// The form for more or fewer places.
pub async fn ask_places(SignedIn { visit, caller }: SignedIn, Path(named): Path<(String, String)>) -> Answer {
    let of = found(&visit, &caller, &named).await?;
    Ok(places_page(&visit, &of, StatusCode::OK, &Fields::default(), &[]).await?)
}

async fn places_page(
    visit: &Visit,
    (agreement, row): &(AgreementView, PlaceLineView),
    status: StatusCode,
    typed: &Fields,
    wrong: &[Wrong],
) -> Result<Response> {
    let own = context! {
        line => super::line(visit, agreement).await?,
        one => super::rows(visit, std::slice::from_ref(row)).await?.pop(),
        amount => typed.get("amount"), reason => typed.get("reason"),
        least => -row.capacity, most => MOST, longest => LONGEST,
        faults => Value::from(Serde(wrong)),
    };
    Ok(visit.page(status, "agreements/places.html", own))
}

/// Posts more or fewer places.
pub async fn post(Path(named): Path<(String, String)>, Posted { visit, fields }: Posted) -> Answer {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let of = found(&visit, &caller, &named).await?;
    let mut wrong = Vec::new();
    let amount = fields.get("amount").parse::<i32>().ok();
    let amount = amount.filter(|amount| *amount != 0 && (-MOST..=MOST).contains(amount));
    if amount.is_none() {
        wrong.push(Wrong::at("amount", visit.word("agreements.faults.amount")));
    }
    let reason = why(&visit, &fields, &mut wrong);
    let (Some(amount), true) = (amount, wrong.is_empty()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(places_page(&visit, &of, status, &fields, &wrong).await?);
    };
    let once = fields.once(&visit.path)?;
    match places::post(visit.app(), &caller, of.1.id, &once, amount, reason).await {
        Ok(_) => Ok(Redirect::to(&format!("/agreements/{}?done=places#lines", of.0.id)).into_response()),
        Err(error) => {
            let status = status_of(&error);
            let wrong = faults::of(&visit, error)?;
            Ok(places_page(&visit, &of, status, &fields, &wrong).await?)
        }
    }
}
