//! The audit: who administered what, narrowed by person, matter and day.

use axum::extract::Query;
use axum::http::StatusCode;
use chrono::NaiveDate;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::{Deed, Matter};

use super::super::visit::{SignedIn, Visit};
use super::sheet::{self, Answer};
use crate::access::Policy;
use crate::app::audit::{self, AuditView, Wanted};
use crate::app::{Asked, Result, demand, people};

/// Entries on one page.
const MANY: u64 = 50;
/// Letters shown of what something was or is.
const SHOWN: usize = 160;

/// What is looked for; empty is everything.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    /// A person's id, or their address.
    #[serde(default)]
    person: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    deed: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    on: String,
    #[serde(default)]
    cursor: String,
}

impl Sought {
    /// What it asks for, and whether the person it names is not known.
    async fn wanted(&self, visit: &Visit) -> Result<(Wanted, bool)> {
        let text = self.person.trim();
        let mut person: Option<PersonId> = text.parse().ok();
        if person.is_none() && !text.is_empty() {
            person = people::named(visit.app(), &text.replace('\0', "")).await?;
        }
        let unknown = person.is_none() && !text.is_empty();
        let day: Option<NaiveDate> = self.on.parse().ok();
        let wanted = Wanted {
            person,
            deed: self.deed.parse().ok(),
            subject: self.subject.parse().ok(),
            about: self.about.parse().ok(),
            within: day.map(|day| audit::day(visit.app(), day)),
            ..Wanted::default()
        };
        Ok((wanted, unknown))
    }

    fn onward(&self, next: &str) -> String {
        sheet::query([
            ("person", self.person.trim()),
            ("subject", &self.subject),
            ("deed", &self.deed),
            ("about", &self.about),
            ("on", &self.on),
            ("cursor", next),
        ])
    }
}

pub async fn list(signed_in: SignedIn, Query(sought): Query<Sought>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::SecretariatOrChair, &caller)?;
    let (wanted, unknown) = sought.wanted(&visit).await?;
    let asked =
        Asked { limit: MANY, cursor: Some(sought.cursor.clone()).filter(|cursor| !cursor.is_empty()) };
    let page = audit::list(visit.app(), &asked, &wanted).await?;
    let items: Vec<Value> = if unknown { Vec::new() } else { page.items.iter().map(shown).collect() };
    let own = context! {
        items,
        unknown,
        next => page.next.as_deref().filter(|_| !unknown).map(|next| sought.onward(next)),
        later => asked.cursor.is_some(),
        person => sought.person.trim(), subject => sought.subject.clone(), deed => sought.deed.clone(),
        on => sought.on.clone(),
        filtered => wanted.person.is_some() || wanted.subject.is_some() || wanted.deed.is_some()
            || wanted.about.is_some() || wanted.within.is_some() || unknown,
        subjects => Matter::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        deeds => Deed::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
    };
    Ok(visit.page(StatusCode::OK, "desk/audit.html", own))
}

fn shown(entry: &AuditView) -> Value {
    context! { entry => Value::from(Serde(entry)), door => door(entry), changes => changes(&entry.changes) }
}

/// The page of what a deed was done to, where it has one.
fn door(entry: &AuditView) -> Option<String> {
    let page = match entry.subject {
        Matter::Institution => "institutions",
        Matter::Person => "people",
        Matter::Agreement => "agreements",
        Matter::Programme => "programmes",
        Matter::Call => "calls",
        Matter::Application => "cases",
        Matter::Notice => "notifications",
        _ => return None,
    };
    Some(format!("/{page}/{}", entry.about))
}

/// What changed: the name of each field, with what it was and is where that is written down.
fn changes(changes: &serde_json::Value) -> Vec<Value> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => brief(text),
        other => brief(&other.to_string()),
    };
    let named = changes.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    let named = named.map(|name| context! { name, was => (), is => () });
    let told = changes.as_object().into_iter().flatten();
    let told = told.map(|(name, pair)| context! { name, was => text(&pair[0]), is => text(&pair[1]) });
    named.chain(told).collect()
}

fn brief(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(std::iter::once('…')).collect()
}
