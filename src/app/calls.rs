//! Calls: what opens offerings to the applicants of some homes, until when, under which conditions.
//!
//! A call is written as a draft by coordinators of its homes or by the secretariat. Once it is published applicants count on
//! it: dates may only move forward, and nothing that was given is taken back.

mod check;
mod offered;
mod promise;
mod ranking;
mod rules;
mod terms;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::allocation::Digest;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId};
use sojourn_engine::vocabulary::{Deed, Matter, Publication};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::calendars::of_zone;
use super::programmes::forward;
use super::{Answer, App, Asked, Error, Once, Page, Result, current};
use crate::access::{Caller, Place};
use crate::store::Conn;
use crate::store::calls::{self as store, Home, Whole};

pub use offered::{OfferedView, offered};
pub use ranking::{Ranking, ranking};
pub use rules::{ClockRule, Coming, Rules, coming, rules};
pub use terms::{Condition, Terms, terms};

pub use crate::store::calls::{AnswerKind, CallRow, Question, SlotRule, Wanted};

/// The last second of a day: when a date without a time ends.
pub const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 59) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// A call for applications.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice the call makes for itself")]
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallView {
    /// Its id.
    pub id: CallId,
    /// Title.
    pub title: String,
    /// Who sees it.
    pub status: Publication,
    /// The homes it is for.
    pub homes: Vec<InstitutionId>,
    /// The offerings it opens.
    pub offerings: Vec<OfferingId>,
    /// `home`, or an IANA name: where the dates below are meant.
    pub zone: String,
    /// Day on which it opens.
    pub opens_on: NaiveDate,
    /// Time of that day.
    pub opens_time: NaiveTime,
    /// Day on which it closes.
    pub closes_on: NaiveDate,
    /// Last second of that day at which it is open.
    pub closes_time: NaiveTime,
    /// Minutes after closing in which a complete draft is still submitted.
    pub grace_minutes: i32,
    /// Day by which results are due.
    pub results_on: Option<NaiveDate>,
    /// Time of that day.
    pub results_time: Option<NaiveTime>,
    /// Last day on which hosts take nominations.
    pub nomination_closes_on: Option<NaiveDate>,
    /// Time of that day.
    pub nomination_closes_time: Option<NaiveTime>,
    /// Day by which hosts decide.
    pub host_decision_on: Option<NaiveDate>,
    /// Time of that day.
    pub host_decision_time: Option<NaiveTime>,
    /// The dates above as instants for the reader's home; `null` when the reader belongs to none of several homes.
    pub instants: Option<CallInstants>,
    /// How many choices an application may list; `null`: no cap.
    pub max_choices: Option<i16>,
    /// Guard over the applicant's facts and answers.
    pub eligibility: Option<String>,
    /// Questions asked of the applicant.
    #[schema(value_type = Vec<Question>)]
    pub form: Value,
    /// What becomes of a document slot; one not named is as the workflow says.
    #[schema(value_type = std::collections::BTreeMap<String, SlotRule>)]
    pub documents: Value,
    /// Tracks by name, true for those the call asks for; one not named is not asked for.
    #[schema(value_type = std::collections::BTreeMap<String, bool>)]
    pub tracks: Value,
    /// Spans that replace the workflow's, by `<state>.<clock>`.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub clocks: Value,
    /// Whether applications are scored.
    pub scores: bool,
    /// Whether a stay may begin before its learning agreement is complete.
    pub agreement_later: bool,
    /// Whether there are waiting lists.
    pub waiting_list: bool,
    /// Whether a student applies for a host only while the home offers that host places too.
    pub reciprocal: bool,
    /// Whether a refused applicant moves on to the next choice.
    pub next_choice_allowed: bool,
    /// The SHA-256 of the seed by which ties between applications are broken: the seed is drawn when the call is published, and shown
    /// with the first run of its allocation; `null` while it is not drawn.
    pub seed_commitment: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

/// The dates of a call as instants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallInstants {
    /// IANA zone they were resolved in.
    pub zone: String,
    /// When it opens.
    pub opens_at: DateTime<Utc>,
    /// Last second at which it is open.
    pub closes_at: DateTime<Utc>,
    /// Until when a complete draft is still submitted.
    pub grace_until: DateTime<Utc>,
    /// When results are due.
    pub results_at: Option<DateTime<Utc>>,
    /// Until when hosts take nominations.
    pub nomination_closes_at: Option<DateTime<Utc>>,
    /// When hosts have decided.
    pub host_decision_at: Option<DateTime<Utc>>,
}

impl CallInstants {
    fn of(row: &CallRow, zone: &str) -> Self {
        let there = of_zone(zone);
        let at = |day: NaiveDate, time: NaiveTime| there.instant(day.and_time(time));
        let maybe = |day: Option<NaiveDate>, time: Option<NaiveTime>| {
            day.map(|day| at(day, time.unwrap_or(END_OF_DAY)))
        };
        let closes_at = at(row.closes_on, row.closes_time);
        Self {
            zone: zone.to_owned(),
            opens_at: at(row.opens_on, row.opens_time),
            closes_at,
            grace_until: closes_at + TimeDelta::minutes(row.grace_minutes.into()),
            results_at: maybe(row.results_on, row.results_time),
            nomination_closes_at: maybe(row.nomination_closes_on, row.nomination_closes_time),
            host_decision_at: maybe(row.host_decision_on, row.host_decision_time),
        }
    }
}

/// The zone a call's dates are meant in for a reader: the call's own, else that of the reader's home, else of the only home.
fn zone<'a>(row: &'a CallRow, homes: &'a [Home], by: Option<&Caller>) -> Option<&'a str> {
    if row.zone != "home" {
        return Some(&row.zone);
    }
    let own = by.and_then(|caller| {
        let mut belongs = caller.registered_at.iter().copied().chain(caller.institutions());
        belongs.find_map(|id| homes.iter().find(|home| home.id == id))
    });
    let only = || match homes {
        [home] => Some(home),
        _ => None,
    };
    own.or_else(only).map(|home| home.zone.as_str())
}

fn view(whole: Whole, by: Option<&Caller>) -> CallView {
    let Whole { row, homes, offerings } = whole;
    CallView {
        instants: zone(&row, &homes, by).map(|zone| CallInstants::of(&row, zone)),
        id: row.id,
        title: row.title,
        status: row.status,
        homes: homes.iter().map(|home| home.id).collect(),
        offerings,
        zone: row.zone,
        opens_on: row.opens_on,
        opens_time: row.opens_time,
        closes_on: row.closes_on,
        closes_time: row.closes_time,
        grace_minutes: row.grace_minutes,
        results_on: row.results_on,
        results_time: row.results_time,
        nomination_closes_on: row.nomination_closes_on,
        nomination_closes_time: row.nomination_closes_time,
        host_decision_on: row.host_decision_on,
        host_decision_time: row.host_decision_time,
        max_choices: row.max_choices,
        eligibility: row.eligibility,
        form: row.form,
        documents: row.documents,
        tracks: row.tracks,
        clocks: row.clocks,
        scores: row.scores,
        agreement_later: row.agreement_later,
        waiting_list: row.waiting_list,
        reciprocal: row.reciprocal,
        next_choice_allowed: row.next_choice_allowed,
        seed_commitment: row.seed.map(|seed| Digest::of(seed.as_bytes()).to_string()),
        created_at: row.created_at,
        version: row.version,
    }
}

/// A page of the calls somebody sees.
pub async fn list(app: &App, by: Option<&Caller>, asked: &Asked, wanted: &Wanted) -> Result<Page<CallView>> {
    Ok(store::list(app.store.read(), by, asked, wanted).await?.map(|whole| view(whole, by)))
}

/// One call somebody sees.
pub async fn get(app: &App, by: Option<&Caller>, id: CallId) -> Result<CallView> {
    let whole = store::find(app.store.read(), by, id).await?.ok_or(Error::NotFound)?;
    Ok(view(whole, by))
}

/// A call somebody sees, with what it is for and what it opens.
pub(super) async fn seen(conn: &impl Conn, by: &Caller, id: CallId) -> Result<Whole> {
    store::find(conn, Some(by), id).await?.ok_or(Error::NotFound)
}

/// A call with what it is for and what it opens, as it is written.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The call.
    pub row: CallRow,
    /// The homes it is for.
    pub homes: Vec<InstitutionId>,
    /// The offerings it opens.
    pub offerings: Vec<OfferingId>,
}

impl Plan {
    /// A day without a time ends with that day; a time without a day says nothing.
    fn complete_times(&mut self) {
        let row = &mut self.row;
        for (day, time) in [
            (row.results_on, &mut row.results_time),
            (row.nomination_closes_on, &mut row.nomination_closes_time),
            (row.host_decision_on, &mut row.host_decision_time),
        ] {
            *time = day.map(|_| time.unwrap_or(END_OF_DAY));
        }
    }

    /// Coordinators write calls for their own institutions alone.
    fn demand(&self, caller: &Caller) -> Result<()> {
        let runs = |home: &InstitutionId| caller.coordinates(&Place::whole(*home));
        let own = !caller.coordinated().is_empty() && self.homes.iter().all(runs);
        if own || caller.is_secretariat() {
            return Ok(());
        }
        let needs = "a coordinator of every home the call is for as a whole, or the secretariat";
        Err(Error::Forbidden { needs: needs.to_owned() })
    }
}

fn blank(id: CallId, caller: &Caller, now: DateTime<Utc>) -> Plan {
    let row = CallRow {
        id,
        title: String::new(),
        status: Publication::Draft,
        zone: "home".to_owned(),
        opens_on: now.date_naive(),
        opens_time: NaiveTime::MIN,
        closes_on: now.date_naive(),
        closes_time: END_OF_DAY,
        grace_minutes: 0,
        results_on: None,
        results_time: None,
        nomination_closes_on: None,
        nomination_closes_time: None,
        host_decision_on: None,
        host_decision_time: None,
        max_choices: None,
        eligibility: None,
        form: json!([]),
        documents: json!({}),
        tracks: json!({}),
        clocks: json!({}),
        scores: false,
        agreement_later: false,
        waiting_list: false,
        reciprocal: false,
        next_choice_allowed: false,
        historic: false,
        seed: None,
        seed_drawn_at: None,
        created_by: Some(caller.person),
        created_at: now,
        version: 1,
    };
    Plan { row, homes: Vec::new(), offerings: Vec::new() }
}

/// Writes a call as a draft, which `fill` writes into a plan that has only its defaults.
pub async fn create(app: &App, caller: &Caller, once: &Once, fill: impl FnOnce(&mut Plan)) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let mut plan = blank(at.id(), caller, at.now);
    fill(&mut plan);
    plan.row.status = Publication::Draft;
    plan.demand(caller)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    plan.complete_times();
    check::plan(app, &tx, caller, &plan).await?;
    let id = plan.row.id;
    store::add(&tx, plan.row, &plan.homes, &plan.offerings).await?;
    let whole = store::find(&tx, Some(caller), id).await?.ok_or(Error::NotFound)?;
    let view = view(whole, Some(caller));
    let deed = Deeds::new(Deed::Create, Matter::Call, id);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let answer = Answer::created(format!("/api/v1/calls/{id}"), 1, &view)?;
    turn.finish(tx, &at, answer).await
}

/// Changes a call in the version that was read, or publishes or closes it.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: CallId,
    read: i32,
    fill: impl FnOnce(&mut Plan),
) -> Result<CallView> {
    let now = app.clock.now();
    let tx = app.store.begin().await?;
    let whole = store::find(&tx, Some(caller), id).await?.ok_or(Error::NotFound)?;
    let seen = view(whole.clone(), Some(caller));
    let Whole { row, homes, offerings } = whole;
    let before = Plan { row, homes: homes.iter().map(|home| home.id).collect(), offerings };
    before.demand(caller)?;
    current(before.row.version, read)?;
    let mut plan = before.clone();
    fill(&mut plan);
    plan.demand(caller)?;
    plan.complete_times();
    plan.row.version = read + 1;
    forward(before.row.status, plan.row.status)?;
    if before.row.status != Publication::Draft {
        promise::kept(&before, &plan)?;
    }
    check::plan(app, &tx, caller, &plan).await?;
    let (was, is) = (before.row.status, plan.row.status);
    if was == Publication::Draft && is == Publication::Published {
        check::publishable(&tx, &plan, now).await?;
        if plan.row.seed.is_none() {
            plan.row.seed = Some(hex::encode(app.clock.moment().random::<16>()));
            plan.row.seed_drawn_at = Some(now);
        }
    }
    if was == Publication::Published && is == Publication::Closed {
        promise::over(&before.row, &homes, now)?;
    }
    if !store::replace(&tx, plan.row, &plan.homes, &plan.offerings).await? {
        return Err(Error::Stale);
    }
    let whole = store::find(&tx, Some(caller), id).await?.ok_or(Error::NotFound)?;
    let view = view(whole, Some(caller));
    let deed = Deeds::new(Deed::Change, Matter::Call, id);
    deed.differing(&seen, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

/// The calendar of a call's dates for one home.
pub(super) fn calendar(row: &CallRow, home: &str) -> Calendar {
    of_zone(if row.zone == "home" { home } else { &row.zone })
}
