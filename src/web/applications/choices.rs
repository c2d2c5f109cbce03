//! The ordered choices in the form of a draft: their places, how they are moved and added, and which of them are not right.

use minijinja::{Value, context};
use sojourn_engine::ids::OfferingId;

use super::super::form::Fields;
use super::show::Said;
use crate::app::{Error, FieldError, Result};

/// Name of the buttons that move a choice.
pub const MOVE: &str = "move";
/// Name of the button that makes room for one more.
pub const ADD: &str = "add";
/// Choices of a form where the call sets no cap.
const USUAL: usize = 5;

/// Whether a form was sent to be put in order or to grow.
pub fn is_arranged(said: &Fields) -> bool {
    !said.get(MOVE).is_empty() || !said.get(ADD).is_empty()
}

/// Where on the page a form goes on that was sent by one of its buttons.
pub fn onward(said: &Fields) -> String {
    match (said.get(MOVE), said.get(ADD)) {
        ("", "") => String::new(),
        ("", _) => format!("#choice-{}", listed(said.all("choice")) + 1),
        _ => "#choices".to_owned(),
    }
}

fn listed<'a>(places: impl Iterator<Item = &'a str>) -> usize {
    places.filter(|choice| !choice.is_empty()).count()
}

/// Moves a choice by one place, where a button of the form says so: `2-up`.
pub fn moved(said: &mut Fields) -> bool {
    let wish = said.get(MOVE).split_once('-').map(|(nth, way)| (nth.parse::<usize>(), way == "up"));
    let Some((Ok(nth), up)) = wish else { return false };
    let mut choices: Vec<&mut String> =
        said.0.iter_mut().filter(|(name, _)| name == "choice").map(|(_, value)| value).collect();
    let from = nth.wrapping_sub(1);
    let to = if up { from.wrapping_sub(1) } else { from.wrapping_add(1) };
    if from.max(to) >= choices.len() {
        return false;
    }
    let (low, high) = choices.split_at_mut(from.max(to));
    std::mem::swap(&mut *low[from.min(to)], &mut *high[0]);
    true
}

/// Offerings in the order of their numbers; a number left empty is skipped.
pub fn read(said: &Fields) -> Result<Vec<OfferingId>> {
    let wrong = |nth: usize| {
        Error::Invalid(vec![FieldError::new(format!("/choices/{nth}"), "this call has no such offering")])
    };
    let chosen = said.all("choice").filter(|text| !text.is_empty()).enumerate();
    chosen.map(|(nth, text)| text.parse().map_err(|_| wrong(nth))).collect()
}

/// The places of a form for the choices that are listed.
#[derive(Debug)]
pub struct Places {
    chosen: Vec<String>,
    /// Whether there may be more of them.
    pub more: bool,
}

impl Places {
    /// As many as the call takes; without a cap one more than are listed, and the usual number at least; no more than can be chosen.
    pub fn of(held: Vec<String>, said: Option<&Said>, cap: Option<i16>, offered: usize) -> Self {
        let mut chosen = match said {
            Some(said) => said.typed.all("choice").map(ToOwned::to_owned).collect(),
            None => held,
        };
        let wanted = match cap {
            Some(cap) => usize::from(cap.unsigned_abs()),
            None => USUAL.max(listed(chosen.iter().map(String::as_str)) + 1),
        };
        let asked = said.is_some_and(|said| !said.typed.get(ADD).is_empty());
        let wanted = if asked && cap.is_none() { wanted.max(chosen.len() + 1) } else { wanted };
        chosen.resize(wanted.min(offered).max(chosen.len()).max(1), String::new());
        let more = cap.is_none() && chosen.len() < offered;
        Self { chosen, more }
    }

    /// What the form shows of each: its offering, and what is wrong with it.
    pub fn shown(&self, said: Option<&Said>) -> Vec<Value> {
        // A command counts the places that are filled.
        let mut filled = 0..;
        let one = |offering: &String| {
            let nth = if offering.is_empty() { None } else { filled.next() };
            let fault = said.zip(nth).and_then(|(said, nth)| said.details.get(&format!("choices.{nth}")));
            context! { offering, fault }
        };
        self.chosen.iter().map(one).collect()
    }

    /// The number on the page of the choice that a command counts as `nth`, from 0.
    pub fn number(&self, nth: usize) -> usize {
        let mut filled = self.chosen.iter().enumerate().filter(|(_, offering)| !offering.is_empty());
        filled.nth(nth).map_or(1, |(place, _)| place + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(choices: &[&str], button: (&str, &str)) -> Fields {
        let choices = choices.iter().map(|one| ("choice", *one));
        let pairs = choices.chain([("x", "y"), button]);
        Fields(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn moved_by(wish: &str) -> Vec<String> {
        let mut said = form(&["a"], ("z", "z"));
        said.0.extend(form(&["b", ""], (MOVE, wish)).0);
        moved(&mut said);
        said.all("choice").map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_button_moves_a_choice_by_one_place_and_none_beyond_the_ends() {
        assert_eq!(moved_by("2-up"), ["b", "a", ""]);
        assert_eq!(moved_by("1-down"), ["b", "a", ""]);
        assert_eq!(moved_by("2-down"), ["a", "", "b"]);
        for nothing in ["", "1-up", "3-down", "0-up", "9-up", "x-up", "18446744073709551615-down"] {
            assert_eq!(moved_by(nothing), ["a", "b", ""], "{nothing}");
        }
    }

    #[test]
    fn a_form_has_a_place_to_spare_until_everything_is_listed_or_the_call_takes_no_more() {
        let room = |held: usize, cap, offered| {
            let places = Places::of(vec!["a".to_owned(); held], None, cap, offered);
            (places.chosen.len(), places.more)
        };
        assert_eq!(room(0, None, 9), (5, true));
        assert_eq!(room(5, None, 9), (6, true));
        assert_eq!(room(8, None, 9), (9, false));
        assert_eq!(room(9, None, 9), (9, false));
        assert_eq!(room(0, None, 2), (2, false));
        assert_eq!(room(2, Some(3), 9), (3, false));
        assert_eq!(room(0, Some(8), 2), (2, false));
        assert_eq!(room(0, None, 0), (1, false));
        let said = Said { typed: form(&["a", "", "", "", ""], (ADD, "yes")), ..Said::default() };
        assert_eq!(Places::of(Vec::new(), Some(&said), None, 9).chosen.len(), 6);
        assert_eq!(onward(&said.typed), "#choice-2");
    }

    #[test]
    fn a_fault_stands_at_the_choice_that_it_is_about() {
        let details = [("choices.1".to_owned(), "twice".to_owned())].into();
        let said = Said { typed: form(&["a", "", "a"], ("", "")), details, ..Said::default() };
        let places = Places::of(Vec::new(), Some(&said), Some(3), 9);
        let shown = places.shown(Some(&said));
        let faulty: Vec<bool> = shown.iter().map(|one| one.get_attr("fault").unwrap().is_true()).collect();
        assert_eq!((faulty.as_slice(), places.number(1)), (&[false, false, true][..], 3));
    }
}
