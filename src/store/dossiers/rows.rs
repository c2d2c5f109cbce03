//! A case with its surroundings, as plain values.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sojourn_engine::ids::{
    ChoiceId, ClockRowId, InstitutionId, OfferingId, PeriodId, PersonId, PlaceLineId, ProgrammeId,
    RegistrationId, UnitId,
};
use sojourn_engine::vocabulary::{
    AccountStatus, ChoiceResult, InstitutionKind, Level, ProgrammeKind, Publication,
};
use sojourn_entities::{application, institution, period, registration, stay};

use super::case_row::CaseRow;
use crate::access::{Place, Scope, Seat};
use crate::store::calls::Call;
use crate::store::places::Line;
use crate::store::{StoreError, json};

/// One application with its surroundings.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Its case.
    pub case: CaseRow,
    /// What it has beside its state.
    pub application: ApplicationRow,
    /// The applicant's registration: as frozen at submission, else as it is.
    pub student: Student,
    /// The home institution.
    pub home: Institution,
    /// The call.
    pub call: Call,
    /// Choices by rank.
    pub choices: Vec<Choice>,
    /// The last of its stays, where it was read.
    pub stay: Option<Stay>,
    /// The host's term after the one chosen, where a rule may ask for it.
    pub extra_term: Option<ExtraTerm>,
    /// Accounts that were ever bound.
    pub accounts: Vec<Account>,
    /// Clocks that run.
    pub clocks: Vec<RunningClock>,
    /// Slots with at least one document.
    pub filled: Vec<String>,
    /// Place lines any of the choices might draw on.
    pub lines: Vec<Line>,
    /// Place lines by which the home takes students of the hosts, where the call asks whether it does.
    pub back: Vec<Line>,
    /// Cases waiting for a place, per line.
    pub waiters: BTreeMap<PlaceLineId, i64>,
    /// Units of the parties, each with itself and all that stand above it, the nearest first.
    pub units: BTreeMap<UnitId, Vec<UnitId>>,
}

/// What an application has beside its state.
#[derive(Debug, Clone)]
pub struct ApplicationRow {
    /// Short code.
    pub reference: String,
    /// Who applies.
    pub applicant: PersonId,
    /// With which registration.
    pub registration: RegistrationId,
    /// The home's unit.
    pub home_unit: Option<UnitId>,
    /// The choice the case is about.
    pub current_choice: Option<ChoiceId>,
    /// Answers to the call's questions.
    pub answers: serde_json::Value,
    /// What the applicant consented to.
    pub consents: serde_json::Value,
    /// Whether a complete draft is submitted when the call closes.
    pub submit_at_bell: bool,
    /// Score in hundredths.
    pub score_hundredths: Option<i32>,
    /// When it was last submitted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When the home's sight began.
    pub home_sees_from: Option<DateTime<Utc>>,
    /// Whether the registration is frozen.
    pub frozen: bool,
    /// The digest of the list as it was last submitted.
    pub receipt: Option<String>,
}

/// What guards may ask about the applicant's studies.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Student {
    /// Study cycle.
    pub level: Level,
    /// ISCED-F 2013 code.
    pub field: Option<String>,
    /// Year of study.
    pub year: Option<i16>,
    /// Credits reached, in hundredths of ECTS.
    pub credits_hundredths: Option<i32>,
    /// Languages with CEFR level.
    pub languages: Vec<String>,
}

/// An institution as the rules see it.
#[derive(Debug, Clone)]
pub struct Institution {
    /// Its id.
    pub id: InstitutionId,
    /// What it is to the alliance.
    pub kind: InstitutionKind,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// IANA zone.
    pub zone: String,
    /// ISO weekday numbers on which its office works.
    pub working_week: Vec<u8>,
    /// Days on which it is closed.
    pub holidays: Vec<NaiveDate>,
}

/// One choice with what it chooses.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Its id.
    pub id: ChoiceId,
    /// 1 = most wanted.
    pub rank: i16,
    /// The line it is bound to.
    pub line: Option<PlaceLineId>,
    /// How it came out.
    pub result: ChoiceResult,
    /// When the host's sight began.
    pub host_sees_from: Option<DateTime<Utc>>,
    /// When the host was left behind.
    pub host_sees_until: Option<DateTime<Utc>>,
    /// What is chosen.
    pub offering: Offering,
}

/// What can be chosen.
#[derive(Debug, Clone)]
pub struct Offering {
    /// Its id.
    pub id: OfferingId,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// The period.
    pub period: PeriodId,
    /// Share of an academic year, in twelfths.
    pub twelfths: i16,
    /// The programme.
    pub programme: ProgrammeId,
    /// The host's unit that runs it.
    pub unit: Option<UnitId>,
    /// Who sees it.
    pub status: Publication,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: ProgrammeKind,
    /// Whether a stay brings credits.
    pub gives_credit: bool,
    /// ISCED-F codes it is for; empty is all.
    pub fields: Vec<String>,
    /// Levels it is for; empty is all.
    pub levels: Vec<Level>,
    /// Languages it asks for, any of them.
    pub languages: Vec<String>,
    /// Its host.
    pub host: Institution,
}

/// What may change of a stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// Which of the application's stays.
    pub seq: i16,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// The last day somebody has asked for.
    pub asked_end_on: Option<NaiveDate>,
}

/// A term of the host in which a stay may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtraTerm {
    /// The period.
    pub id: PeriodId,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// Share of an academic year, in twelfths.
    pub twelfths: i16,
}

/// What the case has of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Name in the definition.
    pub name: String,
    /// What it has.
    pub status: AccountStatus,
    /// Whether effects apply.
    pub enabled: bool,
    /// The line.
    pub line: Option<PlaceLineId>,
    /// Units it takes.
    pub amount: i32,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningClock {
    /// Its id.
    pub id: ClockRowId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Its name in the definition.
    pub clock: String,
    /// When its state was entered.
    pub entered_at: DateTime<Utc>,
    /// When it ends.
    pub due_at: DateTime<Utc>,
    /// How many roles of its escalation have been reached.
    pub rungs: u8,
}

impl Dossier {
    /// The stay that a choice brought, when it is the current one.
    pub fn stay_of(&self, choice: &Choice) -> Option<Stay> {
        self.stay.filter(|_| self.application.current_choice == Some(choice.id))
    }

    /// First and last day at the host of a choice: of the stay, for the current one, else of what it offers.
    pub fn days(&self, choice: &Choice) -> (NaiveDate, NaiveDate) {
        let stay = self.stay_of(choice);
        stay.map_or((choice.offering.start_on, choice.offering.end_on), |stay| (stay.start_on, stay.end_on))
    }

    /// The choice the case is about.
    pub fn current(&self) -> Option<&Choice> {
        self.choices.iter().find(|choice| Some(choice.id) == self.application.current_choice)
    }

    /// Whether it lies in a scope: of somebody who has a part in it, or whom a track names.
    pub fn visible(&self, scope: &Scope) -> bool {
        self.partaken(scope) || self.case.tracks.iter().any(|row| row.names(scope))
    }

    /// Whether it is the applicant's own, shown to a seat of the home or of the present host, or everything is seen.
    pub fn partaken(&self, scope: &Scope) -> bool {
        let own = scope.person() == Some(self.application.applicant);
        scope.sees_everything() || own || self.shown_to_home(scope) || self.shown_to_host(scope)
    }

    /// Whether a seat of the scope is at the home, and the case has been shown there.
    pub fn shown_to_home(&self, scope: &Scope) -> bool {
        let seated = |seat: &Seat| seat.reaches(self.home.id, self.line_of(self.application.home_unit));
        self.application.home_sees_from.is_some() && scope.seats().iter().any(seated)
    }

    /// Whether a seat of the scope is at a present host, and the case has been shown there.
    pub fn shown_to_host(&self, scope: &Scope) -> bool {
        let shown = |choice: &&Choice| choice.host_sees_from.is_some() && choice.host_sees_until.is_none();
        self.chosen().filter(shown).any(|choice| self.hosted(choice, scope))
    }

    /// Whether a seat of the scope is at the host of a choice.
    pub fn hosted(&self, choice: &Choice, scope: &Scope) -> bool {
        let seated = |seat: &Seat| seat.reaches(choice.offering.host.id, self.line_of(choice.offering.unit));
        scope.seats().iter().any(seated)
    }

    /// What is chosen, in the order of its ranks: the current choice, and beside it one for each further stay.
    pub fn chosen(&self) -> impl Iterator<Item = &Choice> {
        self.choices.iter().filter(|choice| choice.result == ChoiceResult::Chosen)
    }

    /// The unit, the one above it, and so on up; nothing for the whole institution.
    pub fn line_of(&self, unit: Option<UnitId>) -> &[UnitId] {
        unit.and_then(|unit| self.units.get(&unit)).map_or(&[], Vec::as_slice)
    }

    /// Where it lies at home.
    pub fn at_home(&self) -> Place {
        Place { institution: self.home.id, line: self.line_of(self.application.home_unit).to_vec() }
    }
}

impl TryFrom<registration::Model> for Student {
    type Error = StoreError;

    fn try_from(row: registration::Model) -> Result<Self, StoreError> {
        Ok(Self {
            level: row.level,
            field: row.field,
            year: row.year,
            credits_hundredths: row.credits_hundredths,
            languages: json(row.languages)?,
        })
    }
}

impl From<application::Model> for ApplicationRow {
    fn from(row: application::Model) -> Self {
        Self {
            reference: row.reference,
            applicant: row.applicant_id,
            registration: row.registration_id,
            home_unit: row.home_unit_id,
            current_choice: row.current_choice_id,
            answers: row.answers,
            consents: row.consents,
            submit_at_bell: row.submit_at_bell,
            score_hundredths: row.score_hundredths,
            submitted_at: row.submitted_at,
            home_sees_from: row.home_sees_from,
            frozen: row.frozen_registration.is_some(),
            receipt: row.receipt,
        }
    }
}

impl From<stay::Model> for Stay {
    fn from(row: stay::Model) -> Self {
        Self { seq: row.seq, start_on: row.start_on, end_on: row.end_on, asked_end_on: row.asked_end_on }
    }
}

impl From<period::Model> for ExtraTerm {
    fn from(row: period::Model) -> Self {
        Self { id: row.id, start_on: row.start_on, end_on: row.end_on, twelfths: row.twelfths }
    }
}

impl TryFrom<institution::Model> for Institution {
    type Error = StoreError;

    fn try_from(row: institution::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            country: row.country,
            zone: row.zone,
            working_week: json(row.working_week)?,
            holidays: json(row.holidays)?,
        })
    }
}
