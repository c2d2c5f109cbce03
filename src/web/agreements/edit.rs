//! Writing an agreement, and its terms while both sides have not agreed yet.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::{AgreementId, InstitutionId};
use sojourn_engine::vocabulary::{AgreementStatus, InstitutionKind, Level};

use crate::access::{Caller, Place};
use crate::app::agreements::{self, AgreementChange, AgreementView, NewAgreement};
use crate::app::institutions::{self, InstitutionView, Meant};
use crate::app::{Asked, Error, Result};
use crate::web::calls::id;
use crate::web::fault::{Fault, status_of};
use crate::web::faults::{self, Wrong};
use crate::web::form::{Fields, Posted};
use crate::web::study;
use crate::web::visit::{SignedIn, Visit};

/// Institutions to choose from.
const MANY: Asked = Asked { limit: 200, cursor: None };
/// Letters of the note, at most.
const LONGEST: usize = 5_000;
/// Says that the other side is the alliance as a whole.
const ALL: &str = "all";
/// Says that it is one institution.
const ONE: &str = "one";

type Page = std::result::Result<Response, Fault>;

/// Members of which the caller may write agreements.
pub async fn own(visit: &Visit, caller: &Caller) -> Result<Vec<InstitutionView>> {
    let wanted = institutions::Wanted { kind: Some(InstitutionKind::Member), ..Default::default() };
    if caller.is_secretariat() {
        return Ok(institutions::list(visit.app(), &MANY, &wanted).await?.items);
    }
    let mut own = Vec::new();
    for at in caller.coordinated() {
        let found = institutions::get(visit.app(), at).await?;
        if found.kind == InstitutionKind::Member && caller.coordinates(&Place::whole(at)) {
            own.push(found);
        }
    }
    Ok(own)
}

/// Passes for somebody who may write agreements; to others there is no such page.
async fn writer(visit: &Visit, caller: &Caller) -> Result<Vec<InstitutionView>> {
    let own = own(visit, caller).await?;
    if own.is_empty() { Err(Error::NotFound) } else { Ok(own) }
}

/// The empty form.
pub async fn ask(SignedIn { visit, caller }: SignedIn) -> Page {
    Ok(new_page(&visit, &caller, StatusCode::OK, &Fields::default(), &[]).await?)
}

async fn new_page(
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    typed: &Fields,
    wrong: &[Wrong],
) -> Result<Response> {
    let own = writer(visit, caller).await?;
    let others = institutions::list(visit.app(), &MANY, &institutions::Wanted::default()).await?.items;
    let others = others.into_iter().filter(|one| one.kind != InstitutionKind::Employer);
    let others: Vec<String> = others.map(|one| one.name).collect();
    let named = |one: &InstitutionView| (one.id.to_string(), one.name.clone());
    let proposer = match (typed.get("proposer"), own.as_slice()) {
        ("", [only]) => only.id.to_string(),
        (said, _) => said.to_owned(),
    };
    let whole = context! {
        agreement => (), title => visit.word("agreements.new"), door => "/agreements/new", version => (),
        own => Value::from(Serde(own.iter().map(named).collect::<Vec<_>>())),
        others, proposer,
        with => if typed.get("with") == ALL { ALL } else { ONE },
        partner => typed.get("partner"),
        ..terms(typed, wrong)
    };
    Ok(visit.page(status, "agreements/edit.html", whole))
}

/// What both forms show.
fn terms(typed: &Fields, wrong: &[Wrong]) -> Value {
    context! {
        valid_from_on => typed.get("valid_from_on"), valid_until_on => typed.get("valid_until_on"),
        fields => typed.get("fields"), levels => study::ticked(typed),
        note => typed.get("note"), longest => LONGEST, faults => Value::from(Serde(wrong)),
    }
}

/// Writes an agreement as a draft.
pub async fn write(Posted { visit, fields }: Posted) -> Page {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    writer(&visit, &caller).await?;
    let mut wrong = Vec::new();
    let terms = Terms::read(&visit, &fields, &mut wrong);
    let proposer = fields.get("proposer").parse::<InstitutionId>().ok();
    if proposer.is_none() {
        wrong.push(Wrong::at("proposer", visit.word("agreements.faults.proposer")));
    }
    let partner = partner(&visit, &fields, &mut wrong).await?;
    let (Some(terms), Some(proposer), true) = (terms, proposer, wrong.is_empty()) else {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(new_page(&visit, &caller, status, &fields, &wrong).await?);
    };
    let new = NewAgreement {
        proposer,
        partner,
        valid_from_on: terms.from,
        valid_until_on: terms.until,
        fields: terms.fields,
        levels: terms.levels,
        note: terms.note,
        workflow: None,
    };
    match agreements::create(visit.app(), &caller, &fields.once(&visit.path)?, new).await {
        Ok(answer) => {
            let made: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let door = format!("/agreements/{}?done=written", made["id"].as_str().unwrap_or_default());
            Ok(Redirect::to(&door).into_response())
        }
        Err(error) => {
            let status = status_of(&error);
            let wrong = faults::of(&visit, error)?;
            Ok(new_page(&visit, &caller, status, &fields, &wrong).await?)
        }
    }
}

/// Whom the form names as the other side.
async fn partner(visit: &Visit, fields: &Fields, wrong: &mut Vec<Wrong>) -> Result<Option<InstitutionId>> {
    match fields.get("with") {
        ALL => return Ok(None),
        ONE => {}
        _ => wrong.push(Wrong::at("with", visit.word("wrong.one"))),
    }
    let told = match institutions::meant(visit.app(), fields.get("partner")).await? {
        Meant::One(one) => return Ok(Some(one)),
        Meant::Nobody => "agreements.faults.nobody",
        Meant::Several => "agreements.faults.several",
    };
    wrong.push(Wrong::at("partner", visit.word(told)));
    Ok(None)
}

/// Terms as a form says them.
struct Terms {
    from: NaiveDate,
    until: NaiveDate,
    fields: Vec<String>,
    levels: Vec<Level>,
    note: Option<String>,
}

impl Terms {
    fn read(visit: &Visit, typed: &Fields, wrong: &mut Vec<Wrong>) -> Option<Self> {
        let mut day = |name: &str| {
            let day = typed.get(name).parse::<NaiveDate>().ok();
            if day.is_none() {
                wrong.push(Wrong::at(name, visit.word(&format!("agreements.faults.{name}"))));
            }
            day
        };
        let (from, until) = (day("valid_from_on"), day("valid_until_on"));
        let fields = study::fields(visit, typed, wrong);
        let levels = study::levels(typed);
        let note = Some(typed.get("note").to_owned()).filter(|note| !note.is_empty());
        if typed.get("note").chars().count() > LONGEST {
            wrong.push(Wrong::at("note", visit.word("agreements.faults.note")));
        }
        Some(Self { from: from?, until: until?, fields, levels, note })
    }
}

/// The terms as they stand, to be changed.
pub async fn ask_terms(SignedIn { visit, caller }: SignedIn, Path(named): Path<String>) -> Page {
    let id: AgreementId = id(&named)?;
    let agreement = agreements::get(visit.app(), &caller, id).await?;
    let mut typed = Vec::new();
    let mut say = |name: &str, value: &str| typed.push((name.to_owned(), value.to_owned()));
    say("version", &agreement.version.to_string());
    say("valid_from_on", &agreement.valid_from_on.to_string());
    say("valid_until_on", &agreement.valid_until_on.to_string());
    let texts = |list: &serde_json::Value| {
        let texts = list.as_array().into_iter().flatten().filter_map(|one| one.as_str());
        texts.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    say("fields", &texts(&agreement.fields).join(", "));
    for level in texts(&agreement.levels) {
        say("levels", &level);
    }
    say("note", agreement.note.as_deref().unwrap_or_default());
    Ok(terms_page(&visit, &caller, &agreement, StatusCode::OK, &Fields(typed), &[]).await?)
}

/// Whether somebody may still write the terms of an agreement.
pub fn is_open(agreement: &AgreementView, caller: &Caller) -> bool {
    matches!(agreement.status, AgreementStatus::Draft | AgreementStatus::Proposed)
        && (caller.is_secretariat() || caller.coordinates(&Place::whole(agreement.proposer)))
}

async fn terms_page(
    visit: &Visit,
    caller: &Caller,
    agreement: &AgreementView,
    status: StatusCode,
    typed: &Fields,
    wrong: &[Wrong],
) -> Result<Response> {
    if !is_open(agreement, caller) {
        return Err(Error::NotFound);
    }
    let line = super::line(visit, agreement).await?;
    let own = context! {
        agreement => Value::from(Serde(agreement)), line, title => visit.word("agreements.change"),
        door => format!("/agreements/{}/edit", agreement.id), version => typed.get("version"),
        ..terms(typed, wrong)
    };
    Ok(visit.page(status, "agreements/edit.html", own))
}

/// Changes the terms in the version that was read.
pub async fn change(Path(named): Path<String>, Posted { visit, fields }: Posted) -> Page {
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let id: AgreementId = id(&named)?;
    let mut wrong = Vec::new();
    let terms = Terms::read(&visit, &fields, &mut wrong).filter(|_| wrong.is_empty());
    let changed = match terms {
        None => Err((StatusCode::UNPROCESSABLE_ENTITY, wrong)),
        Some(terms) => {
            let change = AgreementChange {
                valid_from_on: Some(terms.from),
                valid_until_on: Some(terms.until),
                fields: Some(terms.fields),
                levels: Some(terms.levels),
                note: Some(terms.note),
            };
            let read = fields.version().unwrap_or_default();
            match agreements::change(visit.app(), &caller, id, read, change).await {
                Ok(_) => Ok(()),
                Err(error) => Err((status_of(&error), faults::of(&visit, error)?)),
            }
        }
    };
    match changed {
        Ok(()) => Ok(Redirect::to(&format!("/agreements/{id}?done=saved")).into_response()),
        Err((status, wrong)) => {
            let agreement = agreements::get(visit.app(), &caller, id).await?;
            Ok(terms_page(&visit, &caller, &agreement, status, &fields, &wrong).await?)
        }
    }
}
