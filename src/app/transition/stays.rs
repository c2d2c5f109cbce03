//! Stays of a case: which it has, how long they last, and the place in the term that a longer one takes.

use sojourn_engine::definition::{Account as Declared, Choose};
use sojourn_engine::machine::{Move, NewLastDay};
use sojourn_engine::vocabulary::{ChoiceResult, ProgrammeKind, StayKind};

use super::effects::unused;
use super::live::Live;
use super::places::{bind, draws};
use crate::store::dossiers::{Choice, Stay};
use crate::store::records::NewStay;

/// Stays of what is chosen: one for each choice, most often one; imported cases may set more before they settle.
pub(super) fn of(live: &Live) -> Vec<NewStay> {
    if !live.parts.is_empty() {
        return live.parts.clone();
    }
    if live.dossier.current().is_none() {
        return Vec::new();
    }
    let chosen = live.dossier.choices.iter().filter(|choice| choice.result == ChoiceResult::Chosen);
    (1..).zip(chosen).map(|(seq, choice)| stay(live, seq, choice)).collect()
}

/// Makes every open choice one of the chosen, beside the current one: each becomes a stay.
pub(super) fn choose_all(live: &mut Live) {
    for choice in live.dossier.choices.iter_mut().filter(|choice| choice.result == ChoiceResult::Open) {
        choice.result = ChoiceResult::Chosen;
        (choice.host_sees_from, choice.host_sees_until) = (None, None);
    }
}

/// How many stays the transition makes that chooses in this way.
pub(super) fn count(live: &Live, choose: Option<&Choose>) -> u16 {
    let open = || live.dossier.choices.iter().filter(|choice| choice.result == ChoiceResult::Open).count();
    let count = match choose {
        Some(Choose::All) => open(),
        Some(Choose::Input(_) | Choose::First | Choose::Next | Choose::Nothing) | None => {
            live.parts.len().max(1)
        }
    };
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn stay(live: &Live, seq: i16, choice: &Choice) -> NewStay {
    let kind = match choice.offering.kind {
        ProgrammeKind::Internship | ProgrammeKind::StaffExchange => StayKind::Work,
        ProgrammeKind::Exchange
        | ProgrammeKind::MultiCampus
        | ProgrammeKind::LeadershipTraining
        | ProgrammeKind::Conference => StayKind::Study,
    };
    let is_current = Some(choice.id) == live.dossier.application.current_choice;
    NewStay {
        application: live.dossier.case.id,
        seq,
        choice: choice.id,
        offering: choice.offering.id,
        host: choice.offering.host.id,
        kind,
        days: live.dossier.days(choice),
        asked_end_on: live.dossier.stay.filter(|_| is_current).and_then(|stay| stay.asked_end_on),
        credits_hundredths: None,
        months_hundredths: None,
    }
}

/// Notes or moves the last day of the last stay; what was asked for falls with the state in which it was asked.
pub(super) fn move_last_day(live: &mut Live, made: &Move) {
    match (made.last_day, &mut live.dossier.stay) {
        (Some(day), _) => set_last_day(live, day),
        (None, Some(stay)) if made.entered && stay.asked_end_on.is_some() => {
            stay.asked_end_on = None;
            live.touched.last_day = true;
        }
        (None, _) => {}
    }
}

/// A stay that has not been written yet is the one the choice gives.
fn set_last_day(live: &mut Live, day: NewLastDay) {
    let Some(choice) = live.dossier.current() else { return };
    let (start_on, end_on) = live.dossier.days(choice);
    let stay = live.dossier.stay.get_or_insert(Stay { seq: 1, start_on, end_on, asked_end_on: None });
    match day {
        NewLastDay::Asked(day) => stay.asked_end_on = Some(day),
        NewLastDay::Set(day) => (stay.end_on, stay.asked_end_on) = (day, None),
        NewLastDay::Granted => stay.end_on = stay.asked_end_on.take().unwrap_or(stay.end_on),
    }
    live.touched.last_day = true;
}

/// Binds the account of an extra term: terms and lines may have come since the choice was made.
pub(super) fn bind_extra(live: &mut Live, account: &Declared) {
    let Some(choice) = live.dossier.current() else { return };
    let bound = bind(std::iter::once(draws(account)), &live.dossier, &choice.offering, &[]);
    let accounts = &mut live.dossier.accounts;
    accounts.retain(|known| known.name != account.name);
    accounts.extend(bound.into_iter().map(unused));
}
