//! The pages that forms of the desk stand on: a form with what it is for, and the question before it is done.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use minijinja::{Value, context};
use sojourn_engine::vocabulary::Publication;

use super::super::fault::Fault;
use super::super::form::{Fields, KEY, SEAL};
use super::super::visit::Visit;
use super::asked::Form;

/// How a page of the desk ends.
pub type Answer = Result<Response, Fault>;

/// What is hidden in the question and was no field of the form before.
const OWN: [&str; 4] = [SEAL, KEY, "sure", "again"];

/// What a form's page says beside its fields.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Its heading.
    pub title: String,
    /// Pages above it: address and name.
    pub trail: Vec<(String, String)>,
    /// What it is for.
    pub lead: Option<String>,
    /// What its button says.
    pub button: String,
    /// The version of what is changed.
    pub version: Option<i32>,
}

impl Sheet {
    /// The page of a form.
    pub fn page(&self, visit: &Visit, status: StatusCode, form: &Form) -> Response {
        let trail: Vec<Value> = self.trail.iter().map(|(to, name)| context! { to, name }).collect();
        let own = context! {
            heading => self.title.clone(),
            above => trail,
            lead => self.lead.clone(),
            button => self.button.clone(),
            version => self.version,
            zones => chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect::<Vec<_>>(),
            form => form.shown(),
        };
        visit.page(status, "desk/form.html", own)
    }
}

/// The question before something is done.
#[derive(Debug, Clone, Default)]
pub struct Sure {
    /// What is asked.
    pub title: String,
    /// What happens then.
    pub texts: Vec<String>,
    /// What it is about: names and values.
    pub facts: Vec<(String, String)>,
    /// The same of days.
    pub days: Vec<(String, NaiveDate)>,
    /// What the button says.
    pub yes: String,
    /// Where somebody goes who does not want it.
    pub back: String,
    /// Whether a form came before, to which one can go back.
    pub form: bool,
    /// Why it was not done.
    pub told: Vec<String>,
}

impl Sure {
    /// The page that asks, carrying what was said.
    pub fn page(&self, visit: &Visit, status: StatusCode, said: &Fields) -> Response {
        let carried: Vec<_> =
            said.0.iter().filter(|(name, _)| !OWN.contains(&name.as_str())).cloned().collect();
        let own = context! {
            heading => self.title.clone(),
            texts => self.texts.clone(),
            facts => self.facts.clone(),
            days => self.days.iter().map(|(name, day)| (name.clone(), day.to_string())).collect::<Vec<_>>(),
            yes => self.yes.clone(),
            back => self.back.clone(),
            form => self.form,
            told => self.told.clone(),
            carried,
        };
        visit.page(status, "desk/confirm.html", own)
    }
}

/// Whether it was asked for twice.
pub fn is_sure(said: &Fields) -> bool {
    said.get("sure") == "yes"
}

/// Whether somebody goes back to the form to change what it says.
pub fn goes_back(said: &Fields) -> bool {
    said.get("again") == "yes"
}

/// What has just been done, where the page has words for it.
pub fn done(visit: &Visit, done: Option<&String>) -> Option<String> {
    let plain = |name: &&String| name.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    let name = format!("desk.done.{}", done.filter(plain)?);
    let told = visit.word(&name);
    (told != name).then_some(told)
}

/// A query of names and values; nothing where no value is.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// The version of what a question is about, as it carries it.
pub fn of_version(version: i32) -> Fields {
    Fields(vec![("version".to_owned(), version.to_string())])
}

/// The same with what it becomes, so that a second press is told from another wish.
pub fn moving(version: i32, next: Publication) -> Fields {
    let Fields(mut carried) = of_version(version);
    carried.push(("to".to_owned(), next.to_string()));
    Fields(carried)
}
