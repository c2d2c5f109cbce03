//! The desk of the secretariat and the chair: what needs them, and the way to everything they look after.

use axum::http::StatusCode;
use minijinja::{Value, context};
use sojourn_engine::vocabulary::{NoticeStatus, Publication, VersionStatus};

use super::super::visit::{MOST, SignedIn, Visit};
use super::institutions::ALL;
use super::sheet::Answer;
use crate::access::{Caller, Policy};
use crate::app::balances::statements::desk as statements;
use crate::app::calls::{self, Wanted as Calls};
use crate::app::notifications::{self, Filter};
use crate::app::people::{self, Wanted as People};
use crate::app::{Asked, Result, applications, chair_terms, demand, waits, workflows};

/// Days before the end of a term on which somebody should know who follows.
const AHEAD: i64 = 60;

/// As many as are counted.
const COUNTED: Asked = Asked { limit: MOST + 1, cursor: None };

/// Something that needs somebody.
struct Need {
    name: &'static str,
    count: u64,
    door: &'static str,
}

pub async fn show(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    demand(Policy::SecretariatOrChair, &caller)?;
    let needs = needs(&visit, &caller).await?;
    let shown = |need: &Need| context! { name => need.name, count => need.count, door => need.door };
    let some: Vec<Value> = needs.iter().filter(|need| need.count > 0).map(shown).collect();
    let rest: Vec<Value> = needs.iter().filter(|need| need.count == 0).map(shown).collect();
    let vacancy = vacancy(&visit, &caller).await?;
    Ok(visit.page(StatusCode::OK, "desk/overview.html", context! { some, rest, vacancy, most => MOST }))
}

async fn needs(visit: &Visit, caller: &Caller) -> Result<Vec<Need>> {
    let app = visit.app();
    let need = |name, count: usize, door| Need { name, count: count as u64, door };
    let mine = applications::list::waiting(app, caller, MOST + 1).await?;
    let overdue = waits::overdue(app, caller, MOST + 1).await?;
    let mut needs = vec![
        Need { name: "mine", count: mine, door: "/cases?waiting_for_me=true" },
        Need { name: "overdue", count: overdue, door: "/waiting" },
        need("workflow_drafts", drafts(visit, caller).await?, "/workflows"),
    ];
    let disputes = statements::all(app, caller, &ALL).await?.items;
    let disputes = disputes.iter().filter(|one| one.may_settle).count();
    needs.push(need("disputes", disputes, "/statements"));
    if !caller.is_secretariat() {
        return Ok(needs);
    }
    for (name, status, door) in [
        ("failed", NoticeStatus::Failed, "/notifications?status=failed"),
        ("bounced", NoticeStatus::Bounced, "/notifications?status=bounced"),
    ] {
        let filter = Filter { status: Some(status), ..Filter::default() };
        needs.push(need(name, notifications::list(app, &COUNTED, &filter).await?.items.len(), door));
    }
    let lost = People { unreachable: true, ..People::default() };
    let lost = people::list(app, caller, &COUNTED, &lost).await?.items.len();
    needs.push(need("unreachable", lost, "/people?unreachable=true"));
    let written = Calls { status: Some(Publication::Draft), home: None, offering: None };
    let written = calls::list(app, Some(caller), &COUNTED, &written).await?.items.len();
    needs.push(need("call_drafts", written, "/calls"));
    Ok(needs)
}

/// Drafts of workflows that could come into force.
async fn drafts(visit: &Visit, caller: &Caller) -> Result<usize> {
    let all = workflows::list(visit.app(), caller, &ALL).await?.items;
    let newer = |one: &workflows::WorkflowView| {
        let drafts = one.versions.iter().filter(|version| version.status == VersionStatus::Draft);
        drafts.filter(|version| one.current.is_none_or(|current| current < version.number)).count()
    };
    Ok(all.iter().map(newer).sum())
}

/// Until when somebody holds the chair, where nobody follows and it is soon.
async fn vacancy(visit: &Visit, caller: &Caller) -> Result<Option<Value>> {
    let terms = chair_terms::roll(visit.app(), caller).await?;
    let today = visit.app().today();
    let last = terms.iter().map(|one| one.term.until_on).max();
    let soon = last.is_none_or(|last| (last - today).num_days() <= AHEAD);
    let over = last.is_none_or(|last| last < today);
    Ok(soon.then(|| context! { over, until => last.map(|last| last.to_string()) }))
}
