//! What a form of the desk asks for: what each field takes, what is wrong with what was typed, and what the controls show.

use std::str::FromStr;

use axum::http::StatusCode;
use chrono::NaiveTime;
use minijinja::{Value, context};

use super::super::fault::status_of;
use super::super::faults::sentence;
use super::super::form::Fields;
use super::super::visit::Visit;
use super::takes::{parts, time};
use crate::app::{Conflict, Error, FieldError};

pub use super::takes::{Options, Takes};

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Ask {
    name: String,
    takes: Takes,
    needed: bool,
    /// What it is called, where its name has no word.
    label: Option<String>,
    hinted: bool,
}

impl Ask {
    /// What its hint is called.
    fn hint(&self) -> String {
        if !self.hinted {
            return String::new();
        }
        let other = matches!(self.takes, Takes::HomeOrZone).then(|| "home_or_zone".to_owned());
        other.unwrap_or_else(|| self.name.clone())
    }

    /// Called otherwise than its name.
    #[must_use]
    pub fn called(mut self, label: String) -> Self {
        self.label = Some(label);
        self
    }

    /// Without the hint that its name has elsewhere.
    #[must_use]
    pub const fn without_hint(mut self) -> Self {
        self.hinted = false;
        self
    }
}

/// A field that has to be filled in.
pub fn must(name: impl Into<String>, takes: Takes) -> Ask {
    Ask { name: name.into(), takes, needed: true, label: None, hinted: true }
}

/// A field that may stay empty.
pub fn may(name: impl Into<String>, takes: Takes) -> Ask {
    Ask { name: name.into(), takes, needed: false, label: None, hinted: true }
}

/// A form with what it holds, or with what was typed into it and what is wrong with that.
#[derive(Debug, Clone)]
pub struct Form {
    asks: Vec<Ask>,
    said: Fields,
    /// By field; those of no field have no name.
    faults: Vec<(String, String)>,
}

impl Form {
    /// An empty form.
    pub fn of(asks: Vec<Ask>) -> Self {
        Self::said(asks, Fields::default())
    }

    /// A form as it came.
    pub const fn said(asks: Vec<Ask>, said: Fields) -> Self {
        Self { asks, said, faults: Vec::new() }
    }

    /// Holds a value.
    #[must_use]
    pub fn with<T: ToString + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.said.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Holds a value where there is one.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, &value),
            None => self,
        }
    }

    /// Holds several values of one field.
    #[must_use]
    pub fn with_each(self, name: &str, values: impl IntoIterator<Item = impl ToString>) -> Self {
        values.into_iter().fold(self, |form, value| form.with(name, &value))
    }

    /// What was typed.
    pub const fn fields(&self) -> &Fields {
        &self.said
    }

    /// What a field says; empty where it says nothing.
    pub fn text(&self, name: &str) -> String {
        self.said.get(name).to_owned()
    }

    /// What a field says, where it says something.
    pub fn maybe(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The same as a value.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.said.get(name).parse().ok()
    }

    /// A time of day.
    pub fn time(&self, name: &str) -> Option<NaiveTime> {
        time(self.said.get(name))
    }

    /// Every value of a field.
    pub fn each<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.said.all(name).filter_map(|text| text.parse().ok()).collect()
    }

    /// What a field says, part by part.
    pub fn list(&self, name: &str) -> Vec<String> {
        parts(self.said.get(name)).map(ToOwned::to_owned).collect()
    }

    /// Whether a field is ticked.
    pub fn tick(&self, name: &str) -> bool {
        self.said.get(name) == "true"
    }

    /// Takes down what cannot be taken as it was typed; says whether all can.
    pub fn check(&mut self, visit: &Visit) -> bool {
        let mut faults = Vec::new();
        for ask in &self.asks {
            let mut said = self.said.all(&ask.name).filter(|text| !text.is_empty()).peekable();
            let fault = if said.peek().is_none() {
                ask.needed.then(|| visit.word("wrong.empty"))
            } else if said.all(|text| ask.takes.fits(text)) {
                None
            } else {
                Some(wrong(visit, &ask.takes))
            };
            faults.extend(fault.map(|fault| (ask.name.clone(), fault)));
        }
        self.faults.extend(faults);
        self.faults.is_empty()
    }

    /// Takes down something that is wrong with a field.
    pub fn blame(&mut self, name: &str, told: String) {
        self.faults.push((name.to_owned(), told));
    }

    /// Takes down why a command did nothing; what no form can mend goes on.
    pub fn fail(&mut self, visit: &Visit, error: Error) -> Result<StatusCode, Error> {
        let status = status_of(&error);
        match error {
            Error::Invalid(wrong) => wrong.iter().for_each(|fault| self.place(visit, fault)),
            Error::Stale => self.blame("", visit.word("desk.stale")),
            Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => {
                self.blame("", visit.word("case.twice"));
            }
            Error::Conflict(conflict) => self.blame("", sentence(visit, &conflict.to_string())),
            error => return Err(error),
        }
        Ok(status)
    }

    /// Puts a fault beside the field that its pointer names.
    fn place(&mut self, visit: &Visit, fault: &FieldError) {
        let parts: Vec<&str> = fault.pointer.split('/').filter(|part| !part.is_empty()).collect();
        let known = |name: &&&str| self.asks.iter().any(|ask| ask.name == **name);
        let dotted = parts.join(".");
        let named = match parts.iter().rev().find(known) {
            Some(name) => (*name).to_owned(),
            None if self.asks.iter().any(|ask| ask.name == dotted) => dotted,
            None => String::new(),
        };
        self.blame(&named, sentence(visit, &fault.detail));
    }

    /// Whether another form holds the same: then what was typed stands already.
    pub fn same(&self, other: &Self) -> bool {
        let said = |form: &Self, name: &str| {
            let mut all: Vec<String> =
                form.said.all(name).filter(|text| !text.is_empty()).map(ToOwned::to_owned).collect();
            all.sort();
            all
        };
        self.asks.iter().all(|ask| said(self, &ask.name) == said(other, &ask.name))
    }

    /// What the page shows of it.
    pub fn shown(&self) -> Value {
        let field = |ask: &Ask| {
            let (low, high) = match ask.takes {
                Takes::Whole(low, high) => (low, high),
                _ => (0, 0),
            };
            let options = match &ask.takes {
                Takes::One(options) | Takes::Some(options) => options.clone(),
                _ => Vec::new(),
            };
            let value = if matches!(ask.takes, Takes::Secret) { String::new() } else { self.text(&ask.name) };
            context! {
                name => ask.name.clone(),
                label => ask.label.clone(),
                hint => ask.hint(),
                control => ask.takes.names().0,
                needed => ask.needed,
                value,
                ticked => self.said.all(&ask.name).map(ToOwned::to_owned).collect::<Vec<_>>(),
                options, low, high,
                most => ask.takes.most(),
                fault => self.faults.iter().find(|(name, _)| *name == ask.name).map(|(_, told)| told.clone()),
            }
        };
        let fault = |(name, told): &(String, String)| {
            let label = self.asks.iter().find(|ask| ask.name == *name).and_then(|ask| ask.label.clone());
            context! { name, told, label }
        };
        context! {
            fields => self.asks.iter().map(field).collect::<Vec<_>>(),
            faults => self.faults.iter().map(fault).collect::<Vec<_>>(),
        }
    }
}

fn wrong(visit: &Visit, takes: &Takes) -> String {
    let told = visit.word(&format!("wrong.{}", takes.names().1));
    match takes {
        Takes::Whole(low, high) => {
            told.replacen("{}", &low.to_string(), 1).replacen("{}", &high.to_string(), 1)
        }
        _ => told.replace("{}", &takes.most().unwrap_or_default().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_alike_whatever_the_order_of_what_was_ticked() {
        let asks = || vec![may("homes", Takes::Line(9)), may("title", Takes::Line(9))];
        let one = Form::of(asks()).with("title", "x").with_each("homes", ["a", "b"]);
        let other = Form::of(asks()).with_each("homes", ["b", "", "a"]).with("title", "x");
        assert!(one.same(&other) && !one.same(&Form::of(asks())));
    }
}
