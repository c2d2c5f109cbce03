//! What applicants count on once a call is published: dates move forward alone, and nothing given is taken back.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{END_OF_DAY, Plan, calendar};
use crate::app::{Conflict, Error, FieldError, Result, sound};
use crate::store::calls::{CallRow, Home};

/// Passes when a change of a published call takes nothing back.
pub fn kept(before: &Plan, after: &Plan) -> Result<()> {
    let mut wrong = dates(&before.row, &after.row);
    wrong.extend(rights(&before.row, &after.row));
    let mut fixed = |pointer: &str, same: bool| {
        if !same {
            wrong.push(FieldError::new(pointer, "stays as it is once the call is published"));
        }
    };
    let (was, is) = (&before.row, &after.row);
    fixed("/homes", same(&before.homes, &after.homes));
    fixed("/offerings", same(&before.offerings, &after.offerings));
    fixed("/zone", was.zone == is.zone);
    fixed("/opens_on", (was.opens_on, was.opens_time) == (is.opens_on, is.opens_time));
    fixed("/eligibility", was.eligibility == is.eligibility);
    fixed("/form", was.form == is.form);
    fixed("/documents", was.documents == is.documents);
    fixed("/tracks", was.tracks == is.tracks);
    fixed("/clocks", was.clocks == is.clocks);
    fixed("/agreement_later", was.agreement_later == is.agreement_later);
    fixed("/reciprocal", was.reciprocal == is.reciprocal);
    fixed("/scores", was.scores == is.scores);
    sound(wrong)
}

fn same<T: Ord + Clone>(one: &[T], other: &[T]) -> bool {
    let sorted = |list: &[T]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    sorted(one) == sorted(other)
}

type Day = (Option<NaiveDate>, Option<NaiveTime>);

fn dates(was: &CallRow, is: &CallRow) -> Vec<FieldError> {
    let closes = |row: &CallRow| (Some(row.closes_on), Some(row.closes_time));
    let results = |row: &CallRow| (row.results_on, row.results_time);
    let nomination = |row: &CallRow| (row.nomination_closes_on, row.nomination_closes_time);
    let decision = |row: &CallRow| (row.host_decision_on, row.host_decision_time);
    [
        ("/closes_on", closes(was), closes(is)),
        ("/results_on", results(was), results(is)),
        ("/nomination_closes_on", nomination(was), nomination(is)),
        ("/host_decision_on", decision(was), decision(is)),
    ]
    .into_iter()
    .filter(|(_, was, is)| earlier(*was, *is))
    .map(|(pointer, ..)| FieldError::new(pointer, "may only move forward once the call is published"))
    .collect()
}

fn earlier(was: Day, is: Day) -> bool {
    let instant = |(day, time): Day| day.map(|day| day.and_time(time.unwrap_or(END_OF_DAY)));
    match (instant(was), instant(is)) {
        (Some(was), Some(is)) => is < was,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn rights(was: &CallRow, is: &CallRow) -> Vec<FieldError> {
    let fewer = match (was.max_choices, is.max_choices) {
        (Some(was), Some(is)) => is < was,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    [
        ("/grace_minutes", is.grace_minutes < was.grace_minutes),
        ("/max_choices", fewer),
        ("/waiting_list", was.waiting_list && !is.waiting_list),
        ("/next_choice_allowed", was.next_choice_allowed && !is.next_choice_allowed),
    ]
    .into_iter()
    .filter(|(_, taken)| *taken)
    .map(|(pointer, _)| FieldError::new(pointer, "applicants count on it: give more, or leave it"))
    .collect()
}

/// Passes when a published call has closed everywhere, so that closing it for good takes nothing from anybody.
pub fn over(row: &CallRow, homes: &[Home], now: DateTime<Utc>) -> Result<()> {
    let closes = |home: &Home| calendar(row, &home.zone).instant(row.closes_on.and_time(row.closes_time));
    match homes.iter().map(closes).max() {
        Some(last) if now <= last => {
            let detail = format!("applicants may apply until {}: close it after that", last.format("%FT%TZ"));
            Err(Error::Conflict(Conflict::NotNow(detail)))
        }
        _ => Ok(()),
    }
}
