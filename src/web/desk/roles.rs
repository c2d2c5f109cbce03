//! Inviting people, and the duties they are granted and give back; each is asked for twice.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::Deserialize;
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId};
use sojourn_engine::vocabulary::{Duty, Level, Mails};

use super::super::calls::id;
use super::super::faults::sentence;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Options, Takes, may, must};
use super::institutions::{ALL, made};
use super::people::{Names, above, places, to};
use super::sheet::{Answer, Sheet, Sure, goes_back, is_sure, of_version};
use crate::access::{Caller, Policy, full_name};
use crate::app::people::{self, NewPerson, NewRole, PersonView, RoleView};
use crate::app::registrations::NewRegistration;
use crate::app::{Conflict, Error, Result, demand, institutions};

/// Which institution a page has in mind.
#[derive(Debug, Default, Deserialize)]
pub struct At {
    #[serde(default)]
    institution: String,
}

fn duties(visit: &Visit, caller: &Caller) -> Options {
    let granted = Duty::ALL.iter().filter(|duty| **duty != Duty::Secretariat || caller.is_secretariat());
    granted.map(|duty| (duty.to_string(), visit.word(&format!("duties.{duty}")))).collect()
}

/// What an invitation asks for; `at` is the institution that somebody comes from.
async fn invited(visit: &Visit, caller: &Caller, at: Option<InstitutionId>) -> Result<Vec<Ask>> {
    let level = |level: &Level| (level.to_string(), visit.word(&format!("levels.{level}")));
    let tongue = |tag: &&str| ((*tag).to_owned(), visit.word(&format!("languages.{tag}")));
    let languages = crate::access::language::LANGUAGES.iter().map(tongue).collect();
    Ok(vec![
        must("given_name", Takes::Line(100)),
        must("family_name", Takes::Line(100)),
        must("email", Takes::Email),
        may("language", Takes::One(languages)),
        may("institution", Takes::One(places(visit, caller, at).await?)),
        may("duty", Takes::One(duties(visit, caller))),
        may("from_on", Takes::Day),
        may("until_on", Takes::Day),
        may("level", Takes::One(Level::ALL.iter().map(level).collect())),
    ])
}

fn invitation(visit: &Visit) -> Sheet {
    Sheet {
        title: visit.word("person.invite"),
        trail: vec![("/people".to_owned(), visit.word("person.title"))],
        lead: Some(visit.word("person.invite_lead")),
        button: visit.word("desk.go_on"),
        version: None,
    }
}

pub async fn ask_invitation(signed_in: SignedIn, Query(from): Query<At>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let at = from.institution.parse().ok();
    let mut form = Form::of(invited(&visit, &caller, at).await?).with("from_on", &visit.app().today());
    let own: Vec<_> = caller.administered().map(|seat| seat.institution).collect();
    let at = at.or(if own.len() == 1 { own.first().copied() } else { None });
    form = form.with_some("institution", at);
    Ok(invitation(&visit).page(&visit, StatusCode::OK, &form))
}

/// Whoever the form speaks of; `None` where what it says about them does not go together, and says so.
fn newcomer(visit: &Visit, form: &mut Form) -> Option<NewPerson> {
    let institution: Option<InstitutionId> = form.parsed("institution");
    let (duty, level): (Option<Duty>, Option<Level>) = (form.parsed("duty"), form.parsed("level"));
    if duty.is_none() && level.is_none() {
        form.blame("duty", visit.word("person.nothing"));
        return None;
    }
    let from_on = form.parsed("from_on").unwrap_or_else(|| visit.app().today());
    let until_on = form.parsed("until_on");
    let role = |duty: Duty| NewRole {
        duty,
        institution: institution.filter(|_| duty != Duty::Secretariat),
        unit: None,
        from_on,
        until_on,
    };
    if level.is_some() && institution.is_none() {
        form.blame("institution", visit.word("wrong.one"));
        return None;
    }
    let study = institution.zip(level).map(|(institution, level)| NewRegistration::at(institution, level));
    Some(NewPerson {
        given_name: form.text("given_name"),
        family_name: form.text("family_name"),
        email: form.text("email"),
        language: form.maybe("language"),
        mails: Mails::default(),
        roles: duty.map(role).into_iter().collect(),
        registrations: study.into_iter().collect(),
        ..NewPerson::default()
    })
}

async fn sure_to_invite(visit: &Visit, form: &Form) -> Result<Sure> {
    let mut facts = vec![
        (
            visit.word("person.who"),
            full_name(form.fields().get("given_name"), form.fields().get("family_name")),
        ),
        (visit.word("asked.email"), form.text("email")),
    ];
    if let Some(id) = form.parsed("institution") {
        facts.push((visit.word("asked.institution"), institutions::get(visit.app(), id).await?.name));
    }
    for (name, words) in [("duty", "duties"), ("level", "levels")] {
        if let Some(value) = form.maybe(name) {
            facts.push((visit.word(&format!("asked.{name}")), visit.word(&format!("{words}.{value}"))));
        }
    }
    Ok(Sure {
        title: visit.word("person.invite_sure"),
        texts: vec![visit.word("person.invite_consequence")],
        facts,
        yes: visit.word("person.invite_yes"),
        back: "/people".to_owned(),
        form: true,
        ..Sure::default()
    })
}

pub async fn invite(posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    demand(Policy::Admin, &caller)?;
    let once = fields.once(&visit.path)?;
    let asks = invited(&visit, &caller, fields.get("institution").parse().ok()).await?;
    let (again, sure) = (goes_back(&fields), is_sure(&fields));
    let mut form = Form::said(asks, fields);
    if again {
        return Ok(invitation(&visit).page(&visit, StatusCode::OK, &form));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(new) = newcomer(&visit, &mut form)
    {
        if people::named(visit.app(), &new.email).await?.is_some() && !sure {
            form.blame("email", visit.word("person.known"));
            return Ok(invitation(&visit).page(&visit, StatusCode::CONFLICT, &form));
        }
        if !sure {
            let asked = sure_to_invite(&visit, &form).await?;
            return Ok(asked.page(&visit, StatusCode::OK, form.fields()));
        }
        match people::invite(visit.app(), &caller, &once, &new).await {
            Ok(answer) => return Ok(to(&made(&answer.body)?, "invitation")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(invitation(&visit).page(&visit, status, &form))
}

/// What a duty to grant asks for; its unit is one of those of the institution that is named already.
async fn granted(visit: &Visit, caller: &Caller, at: Option<InstitutionId>) -> Result<Vec<Ask>> {
    let mut asks = vec![
        must("duty", Takes::One(duties(visit, caller))),
        may("institution", Takes::One(places(visit, caller, at).await?)),
    ];
    asks.extend(units(visit, at).await?);
    asks.extend([must("from_on", Takes::Day), may("until_on", Takes::Day)]);
    Ok(asks)
}

/// Which unit of an institution, where it has any.
pub async fn units(visit: &Visit, at: Option<InstitutionId>) -> Result<Option<Ask>> {
    let Some(at) = at else { return Ok(None) };
    let units = institutions::units(visit.app(), at, &ALL).await?.items;
    let units = visit.by_name(units.into_iter().map(|unit| (unit.id.to_string(), unit.name)));
    Ok((!units.is_empty()).then(|| may("unit", Takes::One(units))))
}

fn grant_sheet(visit: &Visit, person: &PersonView) -> Sheet {
    Sheet {
        title: visit.word("person.grant"),
        trail: above(visit, person),
        lead: Some(visit.word("person.grant_lead")),
        button: visit.word("desk.go_on"),
        version: None,
    }
}

/// Where somebody most likely works or studies: where they belong, as far as the caller looks after it.
pub fn likely(caller: &Caller, person: &PersonView, from: &At) -> Option<InstitutionId> {
    let theirs = person.roles.iter().rev().find_map(|role| role.institution);
    let own = caller.administered().map(|seat| seat.institution).next();
    from.institution.parse().ok().or(theirs).or(own)
}

pub async fn ask_grant(Path(named): Path<String>, signed_in: SignedIn, Query(from): Query<At>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    let at = likely(&caller, &person, &from);
    let form = Form::of(granted(&visit, &caller, at).await?)
        .with_some("institution", at)
        .with("from_on", &visit.app().today());
    Ok(grant_sheet(&visit, &person).page(&visit, StatusCode::OK, &form))
}

fn new_role(form: &Form) -> Option<NewRole> {
    let duty: Duty = form.parsed("duty")?;
    Some(NewRole {
        duty,
        institution: form.parsed("institution").filter(|_| duty != Duty::Secretariat),
        unit: form.parsed("unit"),
        from_on: form.parsed("from_on")?,
        until_on: form.parsed("until_on"),
    })
}

async fn sure_to_grant(visit: &Visit, person: &PersonView, role: &NewRole) -> Result<Sure> {
    let mut facts = vec![
        (visit.word("person.who"), full_name(&person.given_name, &person.family_name)),
        (visit.word("asked.duty"), visit.word(&format!("duties.{}", role.duty))),
    ];
    if let Some(at) = role.institution {
        facts.push((visit.word("asked.institution"), institutions::get(visit.app(), at).await?.name));
        if let Some(unit) = role.unit {
            facts.push((visit.word("asked.unit"), institutions::unit(visit.app(), at, unit).await?.name));
        }
    }
    let mut days = vec![(visit.word("asked.from_on"), role.from_on)];
    days.extend(role.until_on.map(|until| (visit.word("asked.until_on"), until)));
    Ok(Sure {
        days,
        title: visit.word("person.grant_sure"),
        texts: vec![visit.word(&format!("person.grants.{}", role.duty))],
        facts,
        yes: visit.word("person.grant"),
        back: format!("/people/{}", person.id),
        form: true,
        ..Sure::default()
    })
}

pub async fn grant(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    let once = fields.once(&visit.path)?;
    let asks = granted(&visit, &caller, fields.get("institution").parse().ok()).await?;
    let (again, sure) = (goes_back(&fields), is_sure(&fields));
    let mut form = Form::said(asks, fields);
    if again {
        return Ok(grant_sheet(&visit, &person).page(&visit, StatusCode::OK, &form));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit)
        && let Some(role) = new_role(&form)
    {
        if !sure {
            let asked = sure_to_grant(&visit, &person, &role).await?;
            return Ok(asked.page(&visit, StatusCode::OK, form.fields()));
        }
        match people::grant(visit.app(), &caller, person.id, &once, &role).await {
            Ok(_) => return Ok(to(&named, "granted")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    Ok(grant_sheet(&visit, &person).page(&visit, status, &form))
}

async fn role(visit: &Visit, caller: &Caller, named: &(String, String)) -> Result<(PersonView, RoleView)> {
    let (person, role): (PersonId, RoleId) = (id(&named.0)?, id(&named.1)?);
    let person = people::get(visit.app(), caller, person).await?;
    let role = person.roles.iter().find(|known| known.id == role).cloned().ok_or(Error::NotFound)?;
    Ok((person, role))
}

async fn sure_to_end(visit: &Visit, person: &PersonView, role: &RoleView) -> Result<Sure> {
    let mut names = Names::default();
    let mut facts = vec![
        (visit.word("person.who"), full_name(&person.given_name, &person.family_name)),
        (visit.word("asked.duty"), visit.word(&format!("duties.{}", role.duty))),
    ];
    if let Some(at) = role.institution {
        facts.push((visit.word("asked.institution"), names.of(visit, at).await?));
    }
    let begun = role.from_on < visit.app().today();
    let told = if begun { "person.end_consequence" } else { "person.end_unbegun" };
    Ok(Sure {
        title: visit.word("person.end_sure"),
        texts: vec![visit.word(told)],
        facts,
        yes: visit.word("person.end"),
        back: format!("/people/{}", person.id),
        ..Sure::default()
    })
}

pub async fn ask_end(Path(named): Path<(String, String)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let (person, role) = role(&visit, &caller, &named).await?;
    Ok(sure_to_end(&visit, &person, &role).await?.page(&visit, StatusCode::OK, &of_version(person.version)))
}

pub async fn end(Path(named): Path<(String, String)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (person, role) = match role(&visit, &caller, &named).await {
        // Taken back meanwhile is taken back.
        Err(Error::NotFound) if people::get(visit.app(), &caller, id(&named.0)?).await.is_ok() => {
            return Ok(to(&named.0, "ended"));
        }
        found => found?,
    };
    let ended = people::take_back(visit.app(), &caller, (person.id, role.id), fields.version()?).await;
    let (status, told) = match ended {
        Ok(()) => return Ok(to(&named.0, "ended")),
        Err(Error::Stale) => (StatusCode::CONFLICT, visit.word("desk.stale_look")),
        Err(Error::Conflict(Conflict::NotNow(detail))) => (StatusCode::CONFLICT, sentence(&visit, &detail)),
        Err(error) => return Err(error.into()),
    };
    let asked = Sure { told: vec![told], ..sure_to_end(&visit, &person, &role).await? };
    Ok(asked.page(&visit, status, &of_version(person.version)))
}
