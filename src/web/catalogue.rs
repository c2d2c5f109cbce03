//! The catalogue: what can be looked for among programmes, and what the address of a page says of it.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sojourn_engine::vocabulary::{Level, ProgrammeKind, Publication};

use super::visit::Visit;
use crate::app::programmes::{self, Wanted};
use crate::app::{Asked, Result};

/// Programmes on one page.
const MANY: u64 = 30;

/// What the filters say; empty is no filter, and what makes no sense neither.
#[derive(Debug, Default, Deserialize)]
pub struct Sought {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    language: String,
    /// Year and code of a term, as in `2027-S1`.
    #[serde(default)]
    term: String,
    #[serde(default)]
    free: String,
    #[serde(default)]
    cursor: String,
}

impl Sought {
    /// The programmes it asks for.
    pub fn wanted(&self, visit: &Visit) -> Wanted {
        let text = |text: &str| Some(text.trim().replace('\0', "")).filter(|text| !text.is_empty());
        let (academic_year, term) = match self.term.split_once('-') {
            Some((year, term)) => (year.parse().ok(), text(term)),
            None => (None, None),
        };
        let homes = visit.caller.as_ref().map(|caller| caller.registered_at.clone());
        Wanted {
            // What is over is for those who look after it.
            status: (!visit.is_staff()).then_some(Publication::Published),
            kind: self.kind.parse::<ProgrammeKind>().ok(),
            country: text(&self.country),
            field: text(&self.field),
            level: self.level.parse::<Level>().ok(),
            language: text(&self.language),
            academic_year,
            term,
            free_for: homes.filter(|homes| self.free == "true" && !homes.is_empty()),
            q: text(&self.q),
            ..Wanted::default()
        }
    }

    /// The page of the list it asks for.
    pub fn asked(&self) -> Asked {
        Asked { limit: MANY, cursor: Some(self.cursor.clone()).filter(|cursor| !cursor.is_empty()) }
    }

    /// The filters that are set.
    fn set(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("q", &self.q),
            ("kind", &self.kind),
            ("country", &self.country),
            ("field", &self.field),
            ("level", &self.level),
            ("language", &self.language),
            ("term", &self.term),
            ("free", &self.free),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.as_str()))
            .collect()
    }

    /// The list without one filter, or with where it goes on.
    fn address(&self, without: &str, cursor: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.set().into_iter().filter(|(name, _)| *name != without));
        query.extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
        let query = query.finish();
        if query.is_empty() { "/programmes".to_owned() } else { format!("/programmes?{query}") }
    }

    /// What the page says of the filters.
    pub async fn shown(&self, visit: &Visit, next: Option<&str>) -> Result<Value> {
        let facets = programmes::facets(visit.app(), visit.caller.as_ref()).await?;
        let terms: Vec<String> = facets.terms.iter().map(|(year, term)| format!("{year}-{term}")).collect();
        let country = |code: String| {
            let word = format!("countries.{code}");
            let name = Some(visit.word(&word)).filter(|name| *name != word);
            let name = name.unwrap_or_else(|| code.clone());
            (code, name)
        };
        let countries: Vec<_> = facets.countries.into_iter().map(country).collect();
        let set: std::collections::BTreeMap<_, _> = self.set().into_iter().collect();
        let chips: Vec<Value> = self
            .set()
            .into_iter()
            .filter(|(name, _)| *name != "q")
            .map(|(name, value)| context! { name, value, without => self.address(name, None) })
            .collect();
        Ok(context! {
            set => Value::from(Serde(&set)),
            chips,
            later => !self.cursor.is_empty(),
            countries => countries,
            terms,
            levels => Level::ALL.iter().map(|level| level.as_str()).collect::<Vec<_>>(),
            kinds => ProgrammeKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
            next => next.map(|next| self.address("", Some(next))),
        })
    }
}
