//! Facts: the documented, closed catalogue of typed values guards may ask about.
//!
//! A definition's [`FactTable`] numbers the facts it really uses, so that a step looks values up by slot. To add one: a line
//! in [`catalogue`], and an arm where the store gathers it; the compiler names the arm.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::definition::{AccountIx, MachineIx, StateIx};
use crate::guard::{Names, Slot, Type, Value, Values};

macro_rules! catalogue {
    ($($name:ident $path:literal $type:expr, $doc:literal;)*) => {
        /// One fact of the catalogue.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fact {
            $(#[doc = $doc] $name,)*
            /// `places.<account>.free`: places left on the account's line, in its unit.
            PlacesFree(AccountIx),
            /// `places.<account>.waiters`: cases waiting for a place on that line.
            PlacesWaiters(AccountIx),
            /// `track.<track>.state`: the present state of a track with one instance.
            TrackState(MachineIx),
            /// `track.<track>.version`: its version, from 1.
            TrackVersion(MachineIx),
            /// `tracks.<track>`: the states of all instances of a track with several.
            TrackStates(MachineIx),
            /// `ever.<track>.<state>`: whether an instance has entered a latched state since the track began anew.
            Ever(MachineIx, StateIx),
            /// `input.<field>`: the checked input of the attempt.
            Input(String),
            /// `answers.<field>`: an answer to the call's form; only in a call's own eligibility guard.
            Answer(String),
        }

        /// The fixed part of the catalogue: path, type, meaning.
        pub fn catalogue() -> Vec<(&'static str, Type, &'static str)> {
            vec![$(($path, $type, $doc),)*]
        }

        fn fixed(path: &str) -> Option<(Fact, Type)> {
            match path {
                $($path => Some((Fact::$name, $type)),)*
                _ => None,
            }
        }
    };
}

catalogue! {
    Now "now" Type::Instant, "The instant of the step.";
    Main "main" Type::Text, "The present state of the main machine.";
    CaseEnteredAt "case.entered_at" Type::Instant, "When the case entered its present state.";
    ApplicationChoices "application.choices" Type::Int, "How many choices the application lists.";
    ApplicationComplete "application.complete" Type::Bool, "Whether every required answer and document is there.";
    ApplicationSubmitAtBell "application.submit_at_bell" Type::Bool, "Whether the applicant wants a complete draft submitted when the call closes.";
    ApplicationScore "application.score" Type::Decimal, "The score entered; absent until there is one.";
    StudentLevel "student.level" Type::Int, "EQF level of study: 5 short, 6 first, 7 second, 8 third cycle.";
    StudentYear "student.year" Type::Int, "Year of study.";
    StudentCredits "student.credits" Type::Decimal, "Credits reached so far, in ECTS.";
    StudentField "student.field" Type::Text, "ISCED-F 2013 code of the field of study.";
    StudentLanguages "student.languages" Type::List(Box::new(Type::Text)), "Languages with CEFR level, as in 'en:B2'.";
    HomeCountry "home.country" Type::Text, "ISO 3166-1 alpha-2 code of the home institution's country.";
    HostCountry "host.country" Type::Text, "ISO 3166-1 alpha-2 code of the host's country.";
    HostTracksPlaces "host.tracks_places" Type::Bool, "Whether the host publishes a capacity of its own.";
    HostLimitsNominees "host.limits_nominees" Type::Bool, "Whether the programme takes a limited number of nominations at a time.";
    CallOpensAt "call.opens_at" Type::Instant, "When the call opens for this home.";
    CallClosesAt "call.closes_at" Type::Instant, "When the call closes for this home.";
    CallGraceUntil "call.grace_until" Type::Instant, "Until when a complete draft may still be submitted at the bell.";
    CallResultsAt "call.results_at" Type::Instant, "When results are due.";
    CallNominationClosesAt "call.nomination_closes_at" Type::Instant, "Until when the host takes nominations.";
    CallHostDecisionAt "call.host_decision_at" Type::Instant, "When the host's decision is due.";
    CallEligible "call.eligible" Type::Bool, "Whether the call's own eligibility guard holds for this student.";
    CallScores "call.scores" Type::Bool, "Whether the call scores applications.";
    CallWaitingList "call.waiting_list" Type::Bool, "Whether the call keeps waiting lists.";
    CallTracks "call.tracks" Type::List(Box::new(Type::Text)), "Names of the tracks the call asks for.";
    CallAgreementLater "call.agreement_later" Type::Bool, "Whether the call lets a stay begin before the learning agreement is complete.";
    CallReciprocal "call.reciprocal" Type::Bool, "Whether a student applies for a host only while the home offers that host places too.";
    CallNextChoiceAllowed "call.next_choice_allowed" Type::Bool, "Whether a refused student moves on to the next choice.";
    ChoicesEligible "choices.eligible" Type::Bool, "Whether every choice fits the student: level, field, language, period.";
    ChoicesReciprocated "choices.reciprocated" Type::Bool, "Whether the home offers places to the host of every choice, or the call does not ask for it.";
    ChoicesOpen "choices.open" Type::Int, "How many choices can still be had: neither given, nor left, nor void.";
    AgreementRequired "agreement.required" Type::Bool, "Whether the choice draws on an inter-institutional agreement.";
    AgreementInForce "agreement.in_force" Type::Bool, "Whether that agreement is in force for the period.";
    AgreementFromAt "agreement.from_at" Type::Instant, "The first instant of the agreement's first day, in the alliance's zone; of a case about an agreement.";
    AgreementUntilAt "agreement.until_at" Type::Instant, "The last second of its last day, in the alliance's zone; of a case about an agreement.";
    OfferingCredit "offering.credit" Type::Bool, "Whether the offering gives credit.";
    StayStartAt "stay.start_at" Type::Instant, "The first instant of the first day, in the host's zone.";
    StayEndAt "stay.end_at" Type::Instant, "The last second of the last day, in the host's zone.";
    StayStartOn "stay.start_on" Type::Date, "The first day.";
    StayEndOn "stay.end_on" Type::Date, "The last day.";
    StayMonths "stay.months" Type::Decimal, "Length in months.";
    ExtraTermStartAt "extra_term.start_at" Type::Instant, "The first instant of the host's term after the one chosen, in the host's zone; in placement and stay.";
    ExtraTermStartOn "extra_term.start_on" Type::Date, "The first day of that term.";
    ExtraTermEndOn "extra_term.end_on" Type::Date, "The last day of that term.";
    HostTracksExtraTerm "host.tracks_extra_term" Type::Bool, "Whether the host publishes a capacity of its own for that term.";
    NextExists "next.exists" Type::Bool, "Whether the application lists a choice after the present one.";
    NextPlaceFree "next.place_free" Type::Bool, "Whether the line of that next choice, for the first of the accounts, has a free place that nobody waits for.";
}

/// One entry of the documented catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Documented {
    /// As written in guards; a part in `<…>` stands for a name of the definition.
    pub path: &'static str,
    /// Its type; of an input or an answer that of its field.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Type>,
    /// What it says.
    pub meaning: &'static str,
}

/// The whole catalogue: the fixed part, then the facts that a definition names the parts of.
pub fn documented() -> Vec<Documented> {
    let texts = || Type::List(Box::new(Type::Text));
    let named = [
        ("places.<account>.free", Some(Type::Int), "Places left on the account's line, in its unit."),
        ("places.<account>.waiters", Some(Type::Int), "Cases that wait for a place on that line."),
        ("track.<track>.state", Some(Type::Text), "The present state of a track with one instance."),
        ("track.<track>.version", Some(Type::Int), "The version of a track that counts them, from 1."),
        ("tracks.<track>", Some(texts()), "The present states of all instances of a track with several."),
        (
            "ever.<track>.<state>",
            Some(Type::Bool),
            "Whether a state of the track's `latch` has been entered since the track began anew.",
        ),
        ("input.<field>", None, "A field of the event's input, of that field's type."),
        (
            "answers.<field>",
            None,
            "An answer to the call's form, of that field's type; only in a call's own guard of eligibility.",
        ),
    ];
    let fixed = catalogue().into_iter().map(|(path, kind, meaning)| (path, Some(kind), meaning));
    fixed.chain(named).map(|(path, kind, meaning)| Documented { path, kind, meaning }).collect()
}

/// The facts one definition uses, numbered.
#[derive(Debug, Clone, Default)]
pub struct FactTable {
    entries: Vec<(Fact, String, Type)>,
    slots: BTreeMap<String, Slot>,
}

impl FactTable {
    /// How many facts the definition uses.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it uses none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The fact in that slot.
    pub fn fact(&self, slot: Slot) -> &Fact {
        &self.entries[usize::from(slot.0)].0
    }

    /// Its path as written in guards.
    pub fn path(&self, slot: Slot) -> &str {
        &self.entries[usize::from(slot.0)].1
    }

    /// Its type.
    pub fn kind(&self, slot: Slot) -> &Type {
        &self.entries[usize::from(slot.0)].2
    }

    /// Slots of facts that the case itself answers: where its machines stand.
    pub fn own(&self) -> impl Iterator<Item = (Slot, &Fact)> {
        let own = |fact: &Fact| {
            matches!(
                fact,
                Fact::Main
                    | Fact::TrackState(_)
                    | Fact::TrackVersion(_)
                    | Fact::TrackStates(_)
                    | Fact::Ever(..)
            )
        };
        (0..)
            .map(Slot)
            .zip(&self.entries)
            .filter(move |(_, (fact, ..))| own(fact))
            .map(|(slot, (fact, ..))| (slot, fact))
    }

    /// The slot of a path the definition uses.
    pub fn slot(&self, path: &str) -> Option<Slot> {
        self.slots.get(path).copied()
    }
}

/// What guards may ask of one track.
#[derive(Debug)]
pub(crate) struct TrackFacts {
    pub name: String,
    /// Whether it has several instances.
    pub each: bool,
    pub latch: Vec<(String, StateIx)>,
}

/// Resolves names while a definition is loaded: the catalogue, its accounts, and its inputs.
#[derive(Debug)]
pub(crate) struct FactNames<'a> {
    pub table: &'a mut FactTable,
    pub accounts: &'a [String],
    pub tracks: &'a [TrackFacts],
    pub inputs: &'a BTreeMap<String, Type>,
    pub answers: &'a BTreeMap<String, Type>,
}

impl FactNames<'_> {
    fn of_track(&self, path: &str) -> Option<(Fact, Type)> {
        let track = |name: &str| {
            let at = self.tracks.iter().position(|track| track.name == name)?;
            Some((MachineIx(u16::try_from(at + 1).ok()?), &self.tracks[at]))
        };
        if let Some(name) = path.strip_prefix("tracks.") {
            let (machine, _) = track(name).filter(|(_, track)| track.each)?;
            return Some((Fact::TrackStates(machine), Type::List(Box::new(Type::Text))));
        }
        if let Some((name, state)) = path.strip_prefix("ever.").and_then(|rest| rest.split_once('.')) {
            let (machine, track) = track(name)?;
            let (_, state) = track.latch.iter().find(|(latched, _)| latched == state)?;
            return Some((Fact::Ever(machine, *state), Type::Bool));
        }
        let (name, what) = path.strip_prefix("track.")?.split_once('.')?;
        let (machine, _) = track(name).filter(|(_, track)| !track.each)?;
        match what {
            "state" => Some((Fact::TrackState(machine), Type::Text)),
            "version" => Some((Fact::TrackVersion(machine), Type::Int)),
            _ => None,
        }
    }

    fn find(&self, path: &str) -> Option<(Fact, Type)> {
        if let Some(found) = fixed(path) {
            return Some(found);
        }
        if let Some(field) = path.strip_prefix("input.") {
            return Some((Fact::Input(field.to_owned()), self.inputs.get(field)?.clone()));
        }
        if let Some(field) = path.strip_prefix("answers.") {
            return Some((Fact::Answer(field.to_owned()), self.answers.get(field)?.clone()));
        }
        if let Some(found) = self.of_track(path) {
            return Some(found);
        }
        let (account, what) = path.strip_prefix("places.")?.rsplit_once('.')?;
        let at = self.accounts.iter().position(|name| name == account)?;
        let account = AccountIx(u16::try_from(at).ok()?);
        match what {
            "free" => Some((Fact::PlacesFree(account), Type::Int)),
            "waiters" => Some((Fact::PlacesWaiters(account), Type::Int)),
            _ => None,
        }
    }
}

impl Names for FactNames<'_> {
    fn resolve(&mut self, path: &str) -> Option<(Slot, Type)> {
        if let Some(&slot) = self.table.slots.get(path) {
            return Some((slot, self.table.kind(slot).clone()));
        }
        let (fact, kind) = self.find(path)?;
        let slot = Slot(u16::try_from(self.table.entries.len()).ok()?);
        self.table.entries.push((fact, path.to_owned(), kind.clone()));
        self.table.slots.insert(path.to_owned(), slot);
        Some((slot, kind))
    }

    fn names(&self) -> Vec<&str> {
        catalogue().into_iter().map(|(path, ..)| path).collect()
    }
}

/// The values of a case's facts at one instant, by slot; what was not gathered is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts(Vec<Option<Value>>);

impl Facts {
    /// Gathers `wanted` by asking `value` for each.
    pub fn gather(table: &FactTable, wanted: &[Slot], mut value: impl FnMut(&Fact) -> Option<Value>) -> Self {
        let mut values = vec![None; table.len()];
        for &slot in wanted {
            values[usize::from(slot.0)] = value(table.fact(slot));
        }
        Self(values)
    }

    /// The same facts with one more.
    pub fn set(&mut self, slot: Slot, value: Option<Value>) {
        let at = usize::from(slot.0);
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = value;
    }
}

impl Values for Facts {
    fn get(&self, slot: Slot) -> Option<&Value> {
        self.0.get(usize::from(slot.0))?.as_ref()
    }
}
