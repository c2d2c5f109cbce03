//! One event fired at many cases at once: seen beforehand, carried out case by case, and called back while nobody has been told.
//!
//! Cases move some at a time, each as its own rules let it. Their notices wait until [`HELD`] is over; until then the bulk can be called
//! back: a step of its own puts each case back where it stood, unless something has happened to it since.

mod carry;
mod choose;
mod drawn;
mod preview;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sojourn_engine::ids::{BulkId, CaseId};
use sojourn_engine::vocabulary::{BulkItemStatus, BulkStatus, Via};
use utoipa::ToSchema;

use super::transition::Attempt;
use super::{Answer, App, Conflict, Error, FieldError, Once, Result, current};
use crate::access::Caller;
use crate::access::language::LANGUAGES;
use crate::clock::Moment;
use crate::store::bulks::{self as store, Bulk, BulkItem, Named};
use crate::store::{Conn, Tx};

pub use choose::{Chosen, EventChoice, choices};
pub use preview::{PreviewItem, PreviewView, Told, preview};

/// How long it can be called back.
pub const HELD: TimeDelta = TimeDelta::minutes(10);
/// How long its notices wait beyond that, so that a calling back of the last moment is done before the first of them goes out.
const BEYOND: TimeDelta = TimeDelta::minutes(1);
/// Cases of one bulk at most.
pub const MOST: usize = 500;
/// Cases that are moved before the request is answered; the rest follows.
const AT_ONCE: usize = 50;
/// Bulks shown that can still be called back.
const FEW: u64 = 5;

/// What somebody wants to do to many cases.
#[derive(Debug, Clone)]
pub struct NewBulk {
    /// The event.
    pub event: String,
    /// Which cases, in which version, with data of their own.
    pub items: Vec<(CaseId, i32, Map<String, Value>)>,
    /// Data for all; a case's own goes before it.
    pub data: Map<String, Value>,
    /// A coded reason for all.
    pub reason: Option<(String, String)>,
    /// For the writer's institution only.
    pub note: Option<String>,
}

/// What is kept of it until each case has been tried.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Words {
    data: Map<String, Value>,
    reason: Option<(String, String)>,
    note: Option<String>,
    via: Via,
}

/// A bulk, and what became of each of its cases.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Bulk)]
pub struct BulkView {
    /// Its id.
    pub id: BulkId,
    /// The event.
    pub event: String,
    /// The words on its button, in the reader's language.
    pub event_label: String,
    /// How far it has come.
    pub status: BulkStatus,
    /// How many cases it has.
    pub total: i32,
    /// How many of them stand in each way.
    #[schema(value_type = Object)]
    pub numbers: BTreeMap<&'static str, i64>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be called back, and its notices wait.
    pub until: DateTime<Utc>,
    /// Whether it can be called back now.
    pub callable: bool,
    /// Grows with every change, also its `ETag`.
    pub version: i32,
    /// Its cases.
    pub items: Vec<BulkItemView>,
}

/// One case of a bulk.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkItem)]
pub struct BulkItemView {
    /// The case.
    pub id: CaseId,
    /// Short code.
    pub reference: String,
    /// Who applies.
    pub applicant: String,
    /// What became of it.
    pub status: BulkItemStatus,
    /// Why it was not done, or not put back.
    pub why: Option<String>,
}

/// A bulk that can still be called back, in short.
#[derive(Debug, Clone, Serialize)]
pub struct OpenBulk {
    /// Its id.
    pub id: BulkId,
    /// The words on the button of its event.
    pub event_label: String,
    /// How many cases it has moved.
    pub done: u64,
    /// Until when it can be called back.
    pub until: DateTime<Utc>,
}

/// Fires an event at many cases, after each has been tried and seen by [`preview`].
///
/// # Errors
/// [`Error::Invalid`] for no cases, too many, or one twice.
pub async fn create(app: &App, caller: &Caller, via: Via, once: &Once, new: NewBulk) -> Result<Answer> {
    sound(&new)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let id: BulkId = at.id();
    let words = Words { data: new.data, reason: new.reason, note: new.note, via };
    let row = Bulk {
        id,
        event: new.event,
        status: BulkStatus::GoingOn,
        total: i32::try_from(new.items.len()).unwrap_or(i32::MAX),
        words: Some(json!(words)),
        created_by: caller.person,
        created_at: at.now,
        until: at.now + HELD,
        called_back_by: None,
        called_back_at: None,
        version: 1,
    };
    let item = |(nth, (case, version, data)): (usize, (CaseId, i32, Map<String, Value>))| BulkItem {
        bulk_id: id,
        position: i32::try_from(nth + 1).unwrap_or(i32::MAX),
        case_id: case,
        status: BulkItemStatus::Waiting,
        read_version: version,
        left_version: None,
        data: Some(json!(data)).filter(|_| !data.is_empty()),
        told: None,
        before: None,
    };
    let items = new.items.into_iter().enumerate().map(item).collect();
    store::add(&tx, row.clone(), items).await?;
    let view = view(app, &tx, caller, row, &at).await?;
    let location = format!("/api/v1/bulk/{id}");
    let answer = turn.finish(tx, &at, Answer::created(location, view.version, &view)?).await?;
    Box::pin(app.carry_bulk(id, AT_ONCE)).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn sound(new: &NewBulk) -> Result<()> {
    let wrong = |detail: String| Err(Error::Invalid(vec![FieldError::new("/items", detail)]));
    if new.items.is_empty() || new.items.len() > MOST {
        return wrong(format!("name between 1 and {MOST} cases"));
    }
    let mut cases: Vec<CaseId> = new.items.iter().map(|(case, ..)| *case).collect();
    cases.sort_unstable();
    match cases.windows(2).find(|two| two[0] == two[1]) {
        Some(twice) => wrong(format!("{} is named twice: name each case once", twice[0])),
        None => Ok(()),
    }
}

/// One bulk of the caller's own, or for the secretariat anybody's.
///
/// # Errors
/// [`Error::NotFound`] when there is none they see.
pub async fn get(app: &App, caller: &Caller, id: BulkId) -> Result<BulkView> {
    let conn = app.store.read();
    let row = seen(conn, caller, id).await?;
    view(app, conn, caller, row, &app.clock.moment()).await
}

async fn seen(conn: &impl Conn, caller: &Caller, id: BulkId) -> Result<Bulk> {
    let own = |row: &Bulk| row.created_by == caller.person || caller.is_secretariat();
    store::find(conn, id).await?.filter(own).ok_or(Error::NotFound)
}

/// Bulks of the caller that can still be called back.
///
/// # Errors
/// Those of the database.
pub async fn open(app: &App, caller: &Caller) -> Result<Vec<OpenBulk>> {
    let conn = app.store.read();
    let mut open = Vec::new();
    for row in store::open_of(conn, caller.person, app.clock.now(), FEW).await? {
        let done = store::count(conn, row.id, BulkItemStatus::Done).await?;
        // One that has come to its end without moving a case leaves nothing to call back.
        if done == 0 && row.status == BulkStatus::Done {
            continue;
        }
        let event_label = label(app, conn, &row.event, &caller.language).await?;
        open.push(OpenBulk { id: row.id, event_label, done, until: row.until });
    }
    Ok(open)
}

/// Calls a bulk back in the version that was read: what was not tried never is, and each case is put back that nothing has happened to.
///
/// # Errors
/// [`Error::Conflict`] when its time is over or it was called back before.
pub async fn call_back(app: &App, caller: &Caller, once: &Once, id: BulkId, read: i32) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let row = seen(&tx, caller, id).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    current(row.version, read)?;
    if !is_callable(&row, at.now) {
        let told = "the time to call it back is over, or it was called back before: mend each case by itself";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    if !store::call_back(&tx, &row, caller.person, at.now).await? {
        return Err(Error::Stale);
    }
    let row = seen(&tx, caller, id).await?;
    let view = view(app, &tx, caller, row, &at).await?;
    let answer = turn.finish(tx, &at, Answer::ok(view.version, &view)?).await?;
    Box::pin(app.carry_bulk(id, AT_ONCE)).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn is_callable(row: &Bulk, now: DateTime<Utc>) -> bool {
    now < row.until && matches!(row.status, BulkStatus::GoingOn | BulkStatus::Done)
}

async fn view(app: &App, conn: &impl Conn, caller: &Caller, row: Bulk, at: &Moment) -> Result<BulkView> {
    let items = store::items(conn, row.id).await?;
    let mut numbers: BTreeMap<&'static str, i64> =
        BulkItemStatus::ALL.iter().map(|status| (status.as_str(), 0)).collect();
    for named in &items {
        *numbers.entry(named.item.status.as_str()).or_default() += 1;
    }
    let item = |named: Named| BulkItemView {
        id: named.item.case_id,
        reference: named.reference,
        applicant: named.applicant,
        status: named.item.status,
        why: named.item.told.as_ref().and_then(|told| told[&caller.language].as_str().map(str::to_owned)),
    };
    Ok(BulkView {
        id: row.id,
        event_label: label(app, conn, &row.event, &caller.language).await?,
        status: row.status,
        total: row.total,
        numbers,
        created_at: row.created_at,
        until: row.until,
        callable: is_callable(&row, at.now),
        version: row.version,
        event: row.event,
        items: items.into_iter().map(item).collect(),
    })
}

/// What an event is called by the newest rules that know it.
async fn label(app: &App, conn: &impl Conn, event: &str, language: &str) -> Result<String> {
    let all = app.definitions.approved(conn).await?;
    let called = |definition: &std::sync::Arc<sojourn_engine::definition::Definition>| {
        let event = definition.event_named(event)?;
        Some(definition.events[event.at()].label.get(language).to_owned())
    };
    Ok(all.iter().rev().find_map(called).unwrap_or_else(|| event.to_owned()))
}

/// A sentence in each language of the pages.
fn in_each(say: impl Fn(&str) -> String) -> Value {
    LANGUAGES
        .iter()
        .map(|language| ((*language).to_owned(), json!(say(language))))
        .collect::<Map<_, _>>()
        .into()
}

impl Words {
    /// The attempt on one case.
    fn attempt(&self, event: &str, item: &BulkItem) -> Attempt {
        let mut data = self.data.clone();
        if let Some(Value::Object(own)) = &item.data {
            data.extend(own.clone());
        }
        Attempt {
            track: None,
            event: event.to_owned(),
            data,
            reason: self.reason.clone(),
            note: self.note.clone(),
            if_version: item.read_version,
        }
    }
}

impl App {
    /// Empties what would put cases of a bulk back, once the time for it is over; says of how many.
    pub async fn forget_bulks(&self, at: &Moment) -> Result<u64> {
        let tx: Tx = self.store.begin().await?;
        let forgotten = store::forget(&tx, at.now - HELD).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
