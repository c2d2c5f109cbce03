//! The annual chair: its terms, what one leaves to the next, and the next term entered.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::vocabulary::InstitutionKind;

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Takes, must};
use super::institutions::{ALL, Came};
use super::sheet::{self, Answer, Sheet, Sure, goes_back, is_sure};
use crate::access::{Caller, Policy};
use crate::app::chair_terms::{self, ChairTermView, NamedTerm, TermOf};
use crate::app::{Error, Result, demand, institutions, people};

pub async fn show(signed_in: SignedIn, Query(came): Query<Came>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let terms = chair_terms::roll(visit.app(), &caller).await?;
    let today = visit.app().today();
    let present = terms.iter().find(|one| one.term.from_on <= today && today <= one.term.until_on);
    let next = terms.iter().rev().find(|one| one.term.from_on > today);
    // What is left to the next: of the present term, else of the last.
    let last = terms.iter().find(|one| one.term.until_on < today);
    let left = match present.or(last) {
        Some(one) => Some(chair_terms::hand_over(visit.app(), &caller, one.term.id).await?),
        None => None,
    };
    let shown =
        |one: &NamedTerm| context! { one => Value::from(Serde(one)), over => one.term.until_on < today };
    let own = context! {
        done => sheet::done(&visit, came.done.as_ref()),
        terms => terms.iter().map(shown).collect::<Vec<_>>(),
        present => present.map(|one| Value::from(Serde(one))),
        next => next.map(|one| Value::from(Serde(one))),
        left => left.as_ref().map(|left| Value::from(Serde(left))),
    };
    Ok(visit.page(StatusCode::OK, "desk/chair.html", own))
}

async fn asks(visit: &Visit) -> Result<Vec<Ask>> {
    let kind = Some(InstitutionKind::Member);
    let wanted = institutions::Wanted { kind, ..institutions::Wanted::default() };
    let members = institutions::list(visit.app(), &ALL, &wanted).await?.items;
    let members = visit.by_name(members.into_iter().map(|one| (one.id.to_string(), one.name)));
    Ok(vec![
        must("institution", Takes::One(members)),
        must("person", Takes::Email),
        must("from_on", Takes::Day),
        must("until_on", Takes::Day),
    ])
}

fn sheet(visit: &Visit, term: Option<&ChairTermView>) -> Sheet {
    Sheet {
        title: visit.word(if term.is_some() { "chair.change" } else { "chair.new" }),
        trail: vec![("/chair".to_owned(), visit.word("chair.title"))],
        lead: Some(visit.word("chair.lead")),
        button: visit.word("desk.go_on"),
        version: term.map(|term| term.version),
    }
}

pub async fn ask(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Secretariat, &caller)?;
    let next = chair_terms::proposal(visit.app()).await?;
    let form = Form::of(asks(&visit).await?)
        .with_some("institution", next.institution)
        .with("from_on", &next.from_on)
        .with("until_on", &next.until_on);
    Ok(sheet(&visit, None).page(&visit, StatusCode::OK, &form))
}

/// What the form says; `None` where nobody has the address, and says so.
async fn said(visit: &Visit, form: &mut Form) -> Result<Option<TermOf>> {
    let Some(person) = people::named(visit.app(), &form.text("person")).await? else {
        form.blame("person", visit.word("chair.unknown"));
        return Ok(None);
    };
    let days = form.parsed("from_on").zip(form.parsed("until_on"));
    Ok(form.parsed("institution").zip(days).map(|(institution, (from_on, until_on))| TermOf {
        institution,
        person,
        from_on,
        until_on,
    }))
}

async fn sure(visit: &Visit, form: &Form, term: &TermOf) -> Result<Response> {
    let place = institutions::get(visit.app(), term.institution).await?.name;
    let asked = Sure {
        title: visit.word("chair.sure"),
        texts: vec![visit.word("chair.consequence")],
        facts: vec![
            (visit.word("asked.institution"), place),
            (visit.word("asked.person"), form.text("person")),
        ],
        days: vec![
            (visit.word("asked.from_on"), term.from_on),
            (visit.word("asked.until_on"), term.until_on),
        ],
        yes: visit.word("desk.save"),
        back: "/chair".to_owned(),
        form: true,
        told: Vec::new(),
    };
    Ok(asked.page(visit, StatusCode::OK, form.fields()))
}

fn done() -> Response {
    Redirect::to("/chair?done=term_saved").into_response()
}

pub async fn enter(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::Secretariat, &caller)?;
    let once = fields.once(&visit.path)?;
    let (again, is_sure) = (goes_back(&fields), is_sure(&fields));
    let mut form = Form::said(asks(&visit).await?, fields);
    let mut status = if again { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    if !again
        && form.check(&visit)
        && let Some(term) = said(&visit, &mut form).await?
    {
        if !is_sure {
            return Ok(sure(&visit, &form, &term).await?);
        }
        match chair_terms::create(visit.app(), &caller, &once, term).await {
            Ok(_) => return Ok(done()),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(sheet(&visit, None).page(&visit, status, &form))
}

async fn held(visit: &Visit, caller: &Caller, term: &ChairTermView) -> Result<Form> {
    let address = chair_terms::address(visit.app(), caller, term.id).await?;
    Ok(Form::of(asks(visit).await?)
        .with("institution", &term.institution)
        .with_some("person", address)
        .with("from_on", &term.from_on)
        .with("until_on", &term.until_on))
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Secretariat, &caller)?;
    let term = chair_terms::get(visit.app(), id(&named)?).await?;
    let form = held(&visit, &caller, &term).await?;
    Ok(sheet(&visit, Some(&term)).page(&visit, StatusCode::OK, &form))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::Secretariat, &caller)?;
    let term = chair_terms::get(visit.app(), id(&named)?).await?;
    let read = fields.version()?;
    let (again, is_sure) = (goes_back(&fields), is_sure(&fields));
    let mut form = Form::said(asks(&visit).await?, fields);
    let mut status = if again { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    if !again
        && form.check(&visit)
        && let Some(next) = said(&visit, &mut form).await?
    {
        if read != term.version && form.same(&held(&visit, &caller, &term).await?) {
            return Ok(done());
        }
        if !is_sure {
            return Ok(sure(&visit, &form, &next).await?);
        }
        match chair_terms::change(visit.app(), &caller, term.id, read, |said| *said = next).await {
            Ok(_) => return Ok(done()),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let term = chair_terms::get(visit.app(), term.id).await?;
    Ok(sheet(&visit, Some(&term)).page(&visit, status, &form))
}
