//! Dossier → facts: what guards may ask about a case, each from its place in the rows.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Term, Track};
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::{Decimal, Value};
use sojourn_engine::vocabulary::ChoiceResult;

use super::places::{Bound, bind, host_tracks, limits_nominees};
use crate::app::calendars::{calendar, of_zone};
use crate::app::eligibility;
use crate::store::calls::Call;
use crate::store::dossiers::{Choice, Dossier, Student};
use crate::store::places::in_force;

/// What the facts of one attempt are about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Tracks of its definition.
    pub tracks: &'a [Track],
    /// The case.
    pub dossier: &'a Dossier,
    /// The choice that facts about host, agreement, stay and places speak of.
    pub choice: Option<&'a Choice>,
    /// The lines that choice draws on, per account of the definition.
    pub bound: &'a [Bound],
    /// The instant.
    pub now: DateTime<Utc>,
}

impl Asked<'_> {
    /// The value of one fact; `None` when it is not known.
    #[expect(clippy::too_many_lines, reason = "a table, one line per fact")]
    pub fn value(&self, fact: &Fact) -> Option<Value> {
        let dossier = self.dossier;
        match fact {
            Fact::Now => Some(Value::Instant(self.now)),
            Fact::CaseEnteredAt => Some(Value::Instant(dossier.case.entered_at)),
            Fact::ApplicationChoices => i64::try_from(dossier.choices.len()).ok().map(Value::Int),
            Fact::ApplicationComplete => Some(Value::Bool(eligibility::complete(dossier))),
            Fact::ApplicationSubmitAtBell => Some(Value::Bool(dossier.application.submit_at_bell)),
            Fact::ApplicationScore => dossier.application.score_hundredths.map(hundredths),
            Fact::StudentLevel
            | Fact::StudentYear
            | Fact::StudentCredits
            | Fact::StudentField
            | Fact::StudentLanguages
            | Fact::HomeCountry => of_student(&dossier.student, &dossier.home.country, fact),
            Fact::CallOpensAt
            | Fact::CallClosesAt
            | Fact::CallGraceUntil
            | Fact::CallResultsAt
            | Fact::CallNominationClosesAt
            | Fact::CallHostDecisionAt
            | Fact::CallAgreementLater
            | Fact::CallScores
            | Fact::CallWaitingList
            | Fact::CallReciprocal
            | Fact::CallNextChoiceAllowed => of_call(&dossier.call, &call_calendar(dossier), fact),
            Fact::CallEligible => Some(Value::Bool(eligibility::eligible(dossier))),
            Fact::ChoicesEligible => Some(Value::Bool(eligibility::choices_fit(dossier))),
            Fact::ChoicesReciprocated => Some(Value::Bool(eligibility::reciprocated(dossier))),
            Fact::ChoicesOpen => Some(Value::Int(open(dossier).count().try_into().unwrap_or(i64::MAX))),
            Fact::NextExists => Some(Value::Bool(next(dossier).is_some())),
            Fact::NextPlaceFree => Some(Value::Bool(self.next_free())),
            Fact::PlacesFree(account) => self.bound.get(account.at()).and_then(Bound::free).map(Value::Int),
            Fact::PlacesWaiters(account) => {
                self.bound.get(account.at()).map(|bound| Value::Int(bound.waiters))
            }
            Fact::HostCountry
            | Fact::HostTracksPlaces
            | Fact::HostLimitsNominees
            | Fact::AgreementRequired
            | Fact::AgreementInForce
            | Fact::OfferingCredit
            | Fact::StayStartAt
            | Fact::StayEndAt
            | Fact::StayStartOn
            | Fact::StayEndOn
            | Fact::StayMonths
            | Fact::ExtraTermStartAt
            | Fact::ExtraTermStartOn
            | Fact::ExtraTermEndOn
            | Fact::HostTracksExtraTerm => self.choice.and_then(|choice| self.of_choice(fact, choice)),
            Fact::CallTracks => Some(Value::List(self.tracks().map(text).collect())),
            // The case itself answers where its machines stand.
            Fact::Main
            | Fact::TrackState(_)
            | Fact::TrackVersion(_)
            | Fact::TrackStates(_)
            | Fact::Ever(..)
            | Fact::Input(_)
            | Fact::Answer(_)
            // An application is about no agreement of its own.
            | Fact::AgreementFromAt
            | Fact::AgreementUntilAt => None,
        }
    }

    fn of_choice(&self, fact: &Fact, choice: &Choice) -> Option<Value> {
        let offering = &choice.offering;
        let calendar = || calendar(&offering.host);
        let (start_on, end_on) = self.dossier.days(choice);
        let tracks = |term| Some(Value::Bool(host_tracks(term, self.dossier, offering)));
        let extra = self.dossier.extra_term;
        match fact {
            Fact::HostCountry => Some(text(&offering.host.country)),
            Fact::HostTracksPlaces => tracks(Term::Chosen),
            Fact::HostLimitsNominees => Some(Value::Bool(limits_nominees(self.dossier, offering))),
            Fact::HostTracksExtraTerm => tracks(Term::Extra),
            Fact::ExtraTermStartAt => extra.map(|term| Value::Instant(calendar().start_of(term.start_on))),
            Fact::ExtraTermStartOn => extra.map(|term| Value::Date(term.start_on)),
            Fact::ExtraTermEndOn => extra.map(|term| Value::Date(term.end_on)),
            Fact::AgreementRequired => Some(Value::Bool(self.agreement().is_some())),
            Fact::AgreementInForce => {
                Some(Value::Bool(self.agreement().is_none_or(|line| in_force(line, offering.start_on))))
            }
            Fact::OfferingCredit => Some(Value::Bool(offering.gives_credit)),
            Fact::StayStartAt => Some(Value::Instant(calendar().start_of(start_on))),
            Fact::StayEndAt => Some(Value::Instant(calendar().end_of(end_on))),
            Fact::StayStartOn => Some(Value::Date(start_on)),
            Fact::StayEndOn => Some(Value::Date(end_on)),
            Fact::StayMonths => months(start_on, end_on).map(Value::Decimal),
            _ => None,
        }
    }

    /// Tracks the call asks for; none for imported history.
    fn tracks(&self) -> impl Iterator<Item = &str> {
        let call = &self.dossier.call;
        let asked = |name: &&str| !call.historic && call.tracks.get(*name) == Some(&true);
        self.tracks.iter().map(|track| track.name.as_str()).filter(asked)
    }

    /// The line of an agreement the choice draws on.
    fn agreement(&self) -> Option<&crate::store::places::Line> {
        let chosen = self.bound.iter().filter(|bound| bound.draws.1 == Term::Chosen);
        let ids: Vec<_> = chosen.filter_map(|bound| bound.line).collect();
        self.dossier.lines.iter().find(|line| ids.contains(&line.id) && line.agreement.is_some())
    }

    fn next_free(&self) -> bool {
        let Some(choice) = next(self.dossier) else { return false };
        let bound =
            bind(self.bound.iter().map(|b| (b.name.as_str(), b.draws)), self.dossier, &choice.offering, &[]);
        bound.first().is_none_or(Bound::has_room)
    }
}

/// What is known of a student wherever they apply; `None` for a fact of something else.
pub fn of_student(student: &Student, country: &str, fact: &Fact) -> Option<Value> {
    match fact {
        Fact::StudentLevel => Some(Value::Int(i64::from(student.level.eqf()))),
        Fact::StudentYear => student.year.map(|year| Value::Int(i64::from(year))),
        Fact::StudentCredits => student.credits_hundredths.map(hundredths),
        Fact::StudentField => student.field.as_deref().map(text),
        Fact::StudentLanguages => Some(Value::List(student.languages.iter().map(|l| text(l)).collect())),
        Fact::HomeCountry => Some(text(country)),
        _ => None,
    }
}

/// What a call says to everybody of one home, whose calendar its dates are meant in; `None` for a fact of something else.
pub fn of_call(call: &Call, calendar: &Calendar, fact: &Fact) -> Option<Value> {
    let instant = |(date, time): (NaiveDate, NaiveTime)| calendar.instant(date.and_time(time));
    match fact {
        Fact::CallOpensAt => Some(Value::Instant(instant(call.opens))),
        Fact::CallClosesAt => Some(Value::Instant(instant(call.closes))),
        Fact::CallGraceUntil => (call.grace_minutes != 0)
            .then(|| Value::Instant(instant(call.closes) + TimeDelta::minutes(call.grace_minutes.into()))),
        Fact::CallResultsAt => call.results.map(instant).map(Value::Instant),
        Fact::CallNominationClosesAt => call.nomination_closes.map(instant).map(Value::Instant),
        Fact::CallHostDecisionAt => call.host_decision.map(instant).map(Value::Instant),
        Fact::CallAgreementLater => Some(Value::Bool(call.agreement_later)),
        Fact::CallScores => Some(Value::Bool(call.scores)),
        Fact::CallWaitingList => Some(Value::Bool(call.waiting_list)),
        Fact::CallReciprocal => Some(Value::Bool(call.reciprocal)),
        Fact::CallNextChoiceAllowed => Some(Value::Bool(call.next_choice_allowed)),
        _ => None,
    }
}

/// The calendar the dates of a call are meant in, for this case's home.
pub fn call_calendar(dossier: &Dossier) -> Calendar {
    match dossier.call.zone.as_str() {
        "home" => calendar(&dossier.home),
        zone => of_zone(zone),
    }
}

/// The choice after the present one that is still open.
pub fn next(dossier: &Dossier) -> Option<&Choice> {
    let after = dossier.current().map_or(0, |choice| choice.rank);
    open(dossier).find(|choice| choice.rank > after)
}

/// The choices that are still open.
fn open(dossier: &Dossier) -> impl Iterator<Item = &Choice> {
    dossier.choices.iter().filter(|choice| choice.result == ChoiceResult::Open)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn hundredths(value: i32) -> Value {
    Value::Decimal(Decimal::from_thousandths(i64::from(value) * 10))
}

/// Length in months of 30.4375 days, both days counted.
fn months(start: NaiveDate, end: NaiveDate) -> Option<Decimal> {
    let days = (end - start).num_days() + 1;
    days.checked_mul(10_000_000)?.checked_div(304_375).map(Decimal::from_thousandths)
}
