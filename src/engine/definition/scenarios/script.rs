//! What a scenario file may say, as it stands there.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

/// Facts by path; in the file the dots of a path nest tables.
pub(super) type Facts = toml::Table;
/// Names that may be anything of a kind, each once.
pub(super) type Names = Vec<String>;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub world: World,
    /// An example of the input of each event; a key that ends in `?` may be left out.
    #[serde(default)]
    pub inputs: BTreeMap<String, Facts>,
    /// When the guard behind each message holds and when not.
    #[serde(default)]
    pub rules: BTreeMap<String, Spanned<RuleCase>>,
    /// Steps that several situations share.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeMap<String, Spanned<May>>>,
    /// What is proven never to be so, by the names of the invariants.
    #[serde(default)]
    pub invariants: Names,
    pub open: Spanned<Opens>,
    #[serde(default)]
    pub situations: BTreeMap<String, Spanned<Situation>>,
    #[serde(default)]
    pub apart: Vec<Spanned<Apart>>,
    #[serde(default)]
    pub walks: Vec<Spanned<Walk>>,
}

/// What is so unless something else is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    pub now: Spanned<Datetime>,
    pub zones: Spanned<Zones>,
    /// How many stays a choice makes; 1 unless it is said.
    #[serde(default)]
    pub stays: Option<u16>,
    pub facts: Spanned<Facts>,
}

/// IANA zones; everybody works Monday to Friday.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zones {
    pub home: String,
    pub host: String,
    pub alliance: String,
}

/// Facts under which a guard holds, and facts under which it does not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleCase {
    #[serde(default)]
    pub meets: Vec<Facts>,
    pub fails: Vec<Facts>,
}

/// Opening a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opens {
    pub by: Names,
    #[serde(default)]
    pub told: BTreeMap<String, Names>,
    #[serde(default)]
    pub unmet: Names,
}

/// A point a case can have come to, and all that may happen there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Situation {
    /// The situation before; none: a case that has just been opened.
    pub after: Option<String>,
    /// `role: event`, the step from there; of a track `role: event at track/key`, by somebody else `role 2: event`.
    pub step: Option<String>,
    /// Input of that step, instead of the example.
    pub with: Option<Facts>,
    /// When that step happens, and all that follows.
    pub now: Option<Datetime>,
    /// Facts that hold from that step on.
    #[serde(default)]
    pub facts: Facts,
    /// The machine that all of this is about, as `track` or `track/key`; the main one without it.
    pub track: Option<String>,
    /// The state it is in; by default the situation's name.
    pub state: Option<String>,
    /// The part of the life of a case that the state belongs to.
    pub phase: Option<String>,
    /// `success` or `failure`, when the case ends there.
    pub ends: Option<String>,
    /// Whether the clocks of the state left behind pause there.
    #[serde(default)]
    pub stops_clocks: bool,
    /// Who sees the programme that the case is about; by default as in a definition: draft while it is open, closed at its end.
    pub publication: Option<String>,
    pub standing: Option<String>,
    /// The instant from which the applicant reads what it is.
    pub public_until: Option<String>,
    /// How long a final state can still be left.
    pub appeal: Option<String>,
    /// Roles it waits for; the first is the one that the state names.
    #[serde(default)]
    pub waits_for: Names,
    /// The role that the state names, where it is not the first; `nobody` when it names none.
    pub shown: Option<String>,
    #[serde(default)]
    pub clocks: BTreeMap<String, Spanned<Runs>>,
    /// Every event that may happen here; when it is left out, of all below the state only the clocks that are named are compared.
    pub may: Option<BTreeMap<String, Spanned<May>>>,
    /// Groups that belong to `may`.
    #[serde(default)]
    pub also: Names,
}

/// A clock that runs in a situation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    pub ends: Datetime,
    #[serde(default)]
    pub reminds: Vec<Datetime>,
    #[serde(default)]
    pub bounds: Vec<String>,
    pub fires: Option<String>,
    #[serde(default)]
    pub escalates: Names,
    pub allows: Option<String>,
    /// Its end under other facts.
    #[serde(default)]
    pub otherwise: Vec<End>,
}

/// What the end of a clock does under some facts; nothing when none of the three is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub facts: Facts,
    pub fires: Option<String>,
    #[serde(default)]
    pub escalates: Names,
    pub allows: Option<String>,
}

/// One event that may happen: by whom, and everything it brings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of a definition")]
pub(super) struct May {
    pub by: Names,
    /// The state that is entered; none: the case stays where it is and its clocks run on.
    pub to: Option<String>,
    /// Joins that follow in the same step, by event; those of another machine as `event at track/key`.
    #[serde(default)]
    pub then: Names,
    /// `hold <account>` and so on, in order.
    #[serde(default)]
    pub places: Vec<String>,
    #[serde(default)]
    pub told: BTreeMap<String, Names>,
    /// Messages of all its guards.
    #[serde(default)]
    pub unmet: Names,
    #[serde(default)]
    pub documents: Names,
    pub reason: Option<String>,
    /// Input, instead of the example.
    pub with: Option<Facts>,
    /// What is so when it is tried, `now` included.
    #[serde(default)]
    pub facts: Facts,
    /// Whether every role of `by` must act.
    #[serde(default)]
    pub all: bool,
    #[serde(default)]
    pub irreversible: bool,
    /// Whether an offering may be chosen that was not applied for.
    #[serde(default)]
    pub widens: bool,
    #[serde(default)]
    pub once: bool,
    #[serde(default)]
    pub freezes: bool,
    /// Whether the case comes first from here on when places are given anew.
    #[serde(default)]
    pub displaces: bool,
    #[serde(default)]
    pub shows_to: Names,
    pub chooses: Option<String>,
    pub last_day: Option<String>,
    pub terms: Option<String>,
    pub on: Option<String>,
    /// Until when the applicant does not learn of the state that is entered.
    pub hidden_until: Option<Datetime>,
    /// Tracks that start anew.
    #[serde(default)]
    pub resets: Names,
    /// Machines whose signatures are forgotten; the main one is called `main`.
    #[serde(default)]
    pub invalidates: Names,
    pub adds: Option<String>,
    #[serde(default)]
    pub new_version: bool,
    /// What it is like under other facts.
    #[serde(default)]
    pub otherwise: Vec<Spanned<Otherwise>>,
}

/// The outcome of the same event under other facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Otherwise {
    pub facts: Facts,
    pub to: Option<String>,
    #[serde(default)]
    pub then: Names,
    #[serde(default)]
    pub places: Vec<String>,
    #[serde(default)]
    pub told: BTreeMap<String, Names>,
    pub chooses: Option<String>,
    pub hidden_until: Option<Datetime>,
}

/// Two events that one person may not both carry out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Apart {
    /// The event that came first.
    pub first: String,
    /// The event that is then refused to the same person.
    pub second: String,
    /// A situation in which `second` may happen, reached by way of `first`.
    pub at: String,
}

/// A story: steps in a row, each with what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Walk {
    pub after: Option<String>,
    pub steps: Vec<Spanned<WalkStep>>,
}

/// One step of a story.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WalkStep {
    /// `role: event`, or `expires: clock`; of a track with ` at track/key` behind it.
    #[serde(rename = "do")]
    pub does: String,
    pub with: Option<Facts>,
    pub now: Option<Datetime>,
    #[serde(default)]
    pub facts: Facts,
    /// The state of that machine afterwards.
    pub to: Option<String>,
    /// The code of the refusal it meets, with the message of the rule where there is one.
    pub refused: Option<String>,
    /// Notices it must send, among others.
    #[serde(default)]
    pub told: BTreeMap<String, Names>,
    /// What it does to places, in order; nothing is said of them when it is left out.
    pub places: Option<Vec<String>>,
}

impl May {
    /// Its outcome under the facts of the situation.
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome {
            to: self.to.as_deref(),
            then: &self.then,
            places: &self.places,
            told: &self.told,
            chooses: self.chooses.as_deref(),
            hidden_until: self.hidden_until.as_ref(),
        }
    }
}

impl Otherwise {
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome {
            to: self.to.as_deref(),
            then: &self.then,
            places: &self.places,
            told: &self.told,
            chooses: self.chooses.as_deref(),
            hidden_until: self.hidden_until.as_ref(),
        }
    }
}

/// What a step is to bring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'s> {
    pub to: Option<&'s str>,
    pub then: &'s [String],
    pub places: &'s [String],
    pub told: &'s BTreeMap<String, Names>,
    pub chooses: Option<&'s str>,
    pub hidden_until: Option<&'s Datetime>,
}
