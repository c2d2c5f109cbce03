//! People: found by name or address, looked at, invited, and what is known of them changed.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::{InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Duty, Mails};

use super::super::calls::id;
use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::asked::{Ask, Form, Takes, may, must};
use super::institutions::{ALL, Came};
use super::sheet::{self, Answer, Sheet};
use crate::access::{Caller, Policy, full_name};
use crate::app::people::{self, Person, PersonView, Wanted};
use crate::app::{Asked, Error, Result, absences, demand, institutions, registrations};

/// People on one page.
const MANY: u64 = 50;

/// What is looked for; empty is everybody.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    #[serde(default)]
    q: String,
    #[serde(default)]
    duty: String,
    #[serde(default)]
    institution: String,
    #[serde(default)]
    unreachable: String,
    #[serde(default)]
    cursor: String,
}

impl Sought {
    fn wanted(&self) -> Wanted {
        let text = self.q.trim().replace('\0', "");
        Wanted {
            institution: self.institution.parse().ok(),
            duty: self.duty.parse().ok(),
            unreachable: self.unreachable == "true",
            q: Some(text).filter(|text| !text.is_empty()),
            ..Wanted::default()
        }
    }

    fn asked(&self) -> Asked {
        Asked { limit: MANY, cursor: Some(self.cursor.clone()).filter(|cursor| !cursor.is_empty()) }
    }

    fn onward(&self, next: &str) -> String {
        sheet::query([
            ("q", &*self.q),
            ("duty", &self.duty),
            ("institution", &self.institution),
            ("unreachable", &self.unreachable),
            ("cursor", next),
        ])
    }
}

/// Names of institutions, each asked for once.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<InstitutionId, String>);

impl Names {
    /// The name of an institution.
    pub async fn of(&mut self, visit: &Visit, id: InstitutionId) -> Result<String> {
        if let Some(known) = self.0.get(&id) {
            return Ok(known.clone());
        }
        let name = institutions::get(visit.app(), id).await?.name;
        self.0.insert(id, name.clone());
        Ok(name)
    }
}

/// What somebody does, with where and whether it is so today.
async fn roles(visit: &Visit, names: &mut Names, person: &PersonView) -> Result<Vec<Value>> {
    let today = visit.app().today();
    let mut roles = Vec::with_capacity(person.roles.len());
    for role in &person.roles {
        let place = match role.institution {
            Some(id) => Some(names.of(visit, id).await?),
            None => None,
        };
        let unit = match (role.institution, role.unit) {
            (Some(of), Some(unit)) => Some(institutions::unit(visit.app(), of, unit).await?.name),
            _ => None,
        };
        let over = role.until_on.is_some_and(|until| until < today);
        roles.push(context! {
            role => Value::from(Serde(role)), place, unit, over, coming => role.from_on > today,
        });
    }
    Ok(roles)
}

pub async fn list(signed_in: SignedIn, Query(sought): Query<Sought>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::Admin, &caller)?;
    let page = people::list(visit.app(), &caller, &sought.asked(), &sought.wanted()).await?;
    let mut names = Names::default();
    let mut items = Vec::with_capacity(page.items.len());
    for person in &page.items {
        items.push(context! {
            name => full_name(&person.given_name, &person.family_name),
            person => Value::from(Serde(person)),
            roles => roles(&visit, &mut names, person).await?,
        });
    }
    let own = context! {
        items,
        next => page.next.as_deref().map(|next| sought.onward(next)),
        later => !sought.cursor.is_empty(),
        q => sought.q.trim(), duty => sought.duty.clone(), institution => sought.institution.clone(),
        unreachable => sought.unreachable == "true",
        places => places(&visit, &caller, sought.institution.parse().ok()).await?,
        duties => Duty::ALL.iter().map(|duty| duty.as_str()).collect::<Vec<_>>(),
    };
    Ok(visit.page(StatusCode::OK, "desk/people.html", own))
}

/// Institutions whose people somebody looks after, and one that is asked for.
pub async fn places(
    visit: &Visit,
    caller: &Caller,
    asked: Option<InstitutionId>,
) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    if caller.is_secretariat() {
        all = institutions::list(visit.app(), &ALL, &institutions::Wanted::default()).await?.items;
    } else {
        let own: std::collections::BTreeSet<_> = caller.administered().map(|seat| seat.institution).collect();
        for id in own {
            all.push(institutions::get(visit.app(), id).await?);
        }
    }
    if let Some(id) = asked.filter(|id| all.iter().all(|place| place.id != *id)) {
        all.push(institutions::get(visit.app(), id).await?);
    }
    Ok(visit.by_name(all.into_iter().map(|place| (place.id.to_string(), place.name))))
}

pub async fn show(Path(named): Path<String>, signed_in: SignedIn, Query(came): Query<Came>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let id: PersonId = id(&named)?;
    let person = people::get(visit.app(), &caller, id).await?;
    let mut names = Names::default();
    let mut studies = Vec::new();
    for row in registrations::list(visit.app(), &caller, id, &ALL).await?.items {
        studies.push(context! {
            place => names.of(&visit, row.institution).await?, row => Value::from(Serde(&row)),
        });
    }
    let absences = absences::list(visit.app(), &caller, id, &ALL).await?.items;
    let looks_after = Policy::Admin.admits(Some(&caller));
    let own = context! {
        done => sheet::done(&visit, came.done.as_ref()),
        name => full_name(&person.given_name, &person.family_name),
        roles => roles(&visit, &mut names, &person).await?,
        person => Value::from(Serde(&person)),
        studies,
        absences => Value::from(Serde(&absences)),
        today => visit.app().today().to_string(),
        looks_after,
        grants => looks_after && caller.person != id,
        audits => Policy::SecretariatOrChair.admits(Some(&caller)),
    };
    Ok(visit.page(StatusCode::OK, "desk/person.html", own))
}

/// To the page of a person, where something has been done.
pub fn to(id: &str, done: &str) -> Response {
    Redirect::to(&format!("/people/{id}?done={done}")).into_response()
}

/// The way to the page of a person.
pub fn above(visit: &Visit, person: &PersonView) -> Vec<(String, String)> {
    vec![
        ("/people".to_owned(), visit.word("person.title")),
        (format!("/people/{}", person.id), full_name(&person.given_name, &person.family_name)),
    ]
}

fn asks(visit: &Visit) -> Vec<Ask> {
    let mails = |one: &Mails| (one.to_string(), visit.word(&format!("preferences.ways.{one}")));
    vec![
        must("given_name", Takes::Line(100)),
        must("family_name", Takes::Line(100)),
        must("language", Takes::Language),
        must("mails", Takes::One(Mails::ALL.iter().map(mails).collect())),
        may("nationality", Takes::Country),
        may("gender", Takes::Line(50)),
        may("birth_year", Takes::Whole(1900, 2100)),
    ]
}

fn held(visit: &Visit, person: &PersonView) -> Form {
    Form::of(asks(visit))
        .with("given_name", &person.given_name)
        .with("family_name", &person.family_name)
        .with("language", &person.language)
        .with("mails", &person.mails)
        .with_some("nationality", person.nationality.as_ref())
        .with_some("gender", person.gender.as_ref())
        .with_some("birth_year", person.birth_year)
}

fn sheet_of(visit: &Visit, person: &PersonView) -> Sheet {
    Sheet {
        title: visit.word("person.edit"),
        trail: above(visit, person),
        lead: Some(visit.word("person.address_lead")),
        button: visit.word("desk.save"),
        version: Some(person.version),
    }
}

pub async fn edit(Path(named): Path<String>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    Ok(sheet_of(&visit, &person).page(&visit, StatusCode::OK, &held(&visit, &person)))
}

pub async fn change(Path(named): Path<String>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let person = people::get(visit.app(), &caller, id(&named)?).await?;
    let read = fields.version()?;
    let mut form = Form::said(asks(&visit), fields);
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if form.check(&visit) {
        if read != person.version && form.same(&held(&visit, &person)) {
            return Ok(to(&named, "kept"));
        }
        let fill = |row: &mut Person| {
            (row.given_name, row.family_name) = (form.text("given_name"), form.text("family_name"));
            row.language = form.text("language");
            row.mails = form.parsed("mails").unwrap_or(row.mails);
            (row.nationality, row.gender) = (form.maybe("nationality"), form.maybe("gender"));
            row.birth_year = form.parsed("birth_year");
        };
        match people::change(visit.app(), &caller, person.id, read, fill).await {
            Ok(_) => return Ok(to(&named, "kept")),
            Err(error) => status = form.fail(&visit, error)?,
        }
    }
    let person = people::get(visit.app(), &caller, person.id).await?;
    Ok(sheet_of(&visit, &person).page(&visit, status, &form))
}
