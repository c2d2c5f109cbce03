//! Running cases go over to another version only when told to: first a list of where each would land, then the same for those named.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::adoption::{Adoption, Obstacle};
use sojourn_engine::definition::{Definition, Finding, InstanceId};
use sojourn_engine::ids::{CallId, CaseId, WorkflowVersionId};
use sojourn_engine::machine::Running;
use sojourn_engine::vocabulary::{AccountStatus, StateKind, VersionStatus, Via};
use utoipa::ToSchema;

use super::store;
use crate::access::{Caller, Policy};
use crate::app::scene::Scene;
use crate::app::transition::adopt::{adopt, carried, write};
use crate::app::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, demand, sound};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::records::{self, RecordError, Records};
use crate::store::workflows::Version;

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It would go over as listed.
    Lands,
    /// It has gone over.
    Adopted,
    /// It may not go over, for the obstacles named.
    Refused,
    /// It has moved since it was listed, and was left alone: list it again.
    Moved,
    /// It follows this version already, or has ended.
    Nothing,
}

/// One case and where it lands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LandingView {
    /// The case.
    pub id: CaseId,
    /// Its short code.
    pub reference: String,
    /// The version of its row, to be sent back with the real run.
    pub version: i32,
    /// Number of the version it follows.
    pub follows: i32,
    /// The state it stands in, and lands in.
    pub state: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What keeps it from landing.
    pub obstacles: Vec<ObstacleView>,
    /// What it has of each account there.
    pub accounts: Vec<AccountView>,
    /// Clocks that run there.
    pub clocks: Vec<ClockView>,
}

/// What keeps a case from landing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ObstacleView {
    /// What kind of obstacle.
    pub code: String,
    /// In a sentence, in the reader's language.
    pub message: String,
}

/// What a case has of an account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountView {
    /// The account.
    pub account: String,
    /// What it has.
    pub status: AccountStatus,
}

/// A clock of the state a case lands in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClockView {
    /// `main`, or the track with the key of its instance.
    pub machine: String,
    /// Its name.
    pub clock: String,
    /// When it ends under the version it follows; `null` when it does not run there.
    pub was_due_at: Option<DateTime<Utc>>,
    /// When it ends in the version it goes over to.
    pub due_at: DateTime<Utc>,
}

/// The version that cases go over to.
struct Target {
    version: Version,
    definition: Arc<Definition>,
    /// Numbers of all versions of the workflow.
    numbers: HashMap<WorkflowVersionId, i32>,
}

impl Target {
    async fn of(app: &App, id: &str, number: i32) -> Result<Self> {
        let conn = app.store.read();
        store::find(conn, id).await?.ok_or(Error::NotFound)?;
        let all = store::versions(conn, id).await?;
        let numbers = all.iter().map(|version| (version.id, version.number)).collect();
        let unknown =
            || Error::Invalid(vec![FieldError::new("/version", "no such version of this workflow")]);
        let version = all.into_iter().find(|version| version.number == number).ok_or_else(unknown)?;
        if version.status != VersionStatus::Approved {
            let why = format!("version {number} is a draft: cases go over to an approved version alone");
            return Err(Error::Conflict(Conflict::NotNow(why)));
        }
        let definition = app.definitions.get(conn, version.id).await?;
        Ok(Self { version, definition, numbers })
    }

    fn adoption(&self) -> Result<Adoption<'_>> {
        let too_large = |finding: Finding| {
            let why = format!("no case can go over to this version: {}", finding.message);
            Error::Conflict(Conflict::NotNow(why))
        };
        Adoption::to(&self.definition).map_err(too_large)
    }
}

/// A page of the open cases that follow another version of the workflow, each with where it would land; nothing changes.
pub async fn list(
    app: &App,
    caller: &Caller,
    (id, number): (&str, i32),
    call: Option<CallId>,
    asked: &Asked,
) -> Result<Page<LandingView>> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let target = Target::of(app, id, number).await?;
    let adoption = target.adoption()?;
    let conn = app.store.read();
    let page = store::elsewhere(conn, &target.version, call, asked).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for case in page.items {
        let scene = Scene::look(app, &caller.scope(), case, &at).await?;
        let plan = Plan::of(app, conn, (&target, &adoption), scene, &at).await?;
        items.push(plan.view(caller, &target, plan.outcome(None)));
    }
    Ok(Page { items, next: page.next })
}

/// Moves the cases named over, each in a transaction of its own and only in the version of its row that was listed.
///
/// # Errors
/// [`Error::Invalid`] when one is no case of this workflow, before any has moved.
pub async fn run(
    app: &App,
    caller: &Caller,
    via: Via,
    (id, number): (&str, i32),
    once: &Once,
    items: &[(CaseId, i32)],
) -> Result<Vec<serde_json::Value>> {
    demand(Policy::Secretariat, caller)?;
    let target = Target::of(app, id, number).await?;
    let adoption = target.adoption()?;
    let known = store::followed(app.store.read(), items.iter().map(|(case, _)| *case)).await?;
    let is_ours = |case: &CaseId| known.get(case).is_some_and(|version| target.numbers.contains_key(version));
    let strange = items.iter().enumerate().filter(|(_, (case, _))| !is_ours(case));
    let told = |at| FieldError::new(format!("/items/{at}/id"), "no case of this workflow");
    sound(strange.map(|(at, _)| told(at)).collect())?;
    let mut views = Vec::with_capacity(items.len());
    for &(case, read) in items {
        let item = once.item(case);
        let answer = Box::pin(one(app, caller, via, (&target, &adoption), &item, (case, read))).await?;
        views.push(serde_json::from_slice(&answer.body).map_err(|error| Error::Internal(Box::new(error)))?);
    }
    app.wake.notify_one();
    Ok(views)
}

async fn one(
    app: &App,
    caller: &Caller,
    via: Via,
    (target, adoption): (&Target, &Adoption<'_>),
    once: &Once,
    (case, read): (CaseId, i32),
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &caller.scope(), case, &at).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let plan = Plan::of(app, &tx, (target, adoption), scene, &at).await?;
    let outcome = plan.outcome(Some(read));
    let view = plan.view(caller, target, outcome);
    // Only what changed something is kept under its key.
    let (Outcome::Adopted, Ok(after)) = (outcome, &plan.after) else { return Answer::report(&view) };
    let numbers = (view.follows, target.version.number);
    let mut written = Records::default();
    let stage = after.stage(&at, via);
    write(&plan.scene, &stage, after.live.clone(), numbers, caller.person, &mut written);
    match records::keep(&tx, written).await {
        Ok(()) => turn.finish(tx, &at, Answer::report(&view)?).await,
        Err(RecordError::Stale(_) | RecordError::Answered) => {
            Answer::report(&plan.view(caller, target, Outcome::Moved))
        }
        Err(RecordError::Full(line)) => Err(Error::Internal(format!("line {line} changed").into())),
        Err(RecordError::Store(error)) => Err(error.into()),
    }
}

/// One case under both versions.
struct Plan {
    scene: Scene,
    /// The case as it stands under the new version.
    after: std::result::Result<Scene, Vec<Obstacle>>,
    /// Whether there is anything to do at all.
    open: bool,
}

impl Plan {
    async fn of(
        app: &App,
        conn: &impl Conn,
        (target, adoption): (&Target, &Adoption<'_>),
        scene: Scene,
        at: &Moment,
    ) -> Result<Self> {
        let row = &scene.live.dossier.case;
        let open = row.kind == StateKind::Open && row.workflow != target.version.id;
        let after = match carried(adoption, &scene, target.version.id) {
            Err(obstacles) => Err(obstacles),
            Ok(dossier) => {
                let mut after = Scene::over(app, conn, dossier, Arc::clone(&target.definition), at).await?;
                let mut live = after.live.clone();
                adopt(adoption, &scene, &after.stage(at, Via::Api), &mut live)?;
                after.live = live;
                Ok(after)
            }
        };
        Ok(Self { scene, after, open })
    }

    /// What becomes of the case; `read` is the version it was listed in, `None` while it is only listed.
    fn outcome(&self, read: Option<i32>) -> Outcome {
        match (read, &self.after) {
            _ if !self.open => Outcome::Nothing,
            (Some(read), _) if read != self.scene.live.dossier.case.version => Outcome::Moved,
            (_, Err(_)) => Outcome::Refused,
            (None, Ok(_)) => Outcome::Lands,
            (Some(_), Ok(_)) => Outcome::Adopted,
        }
    }

    fn view(&self, caller: &Caller, target: &Target, outcome: Outcome) -> LandingView {
        let dossier = &self.scene.live.dossier;
        let shown = matches!(outcome, Outcome::Lands | Outcome::Adopted);
        let after = self.after.as_ref().ok().filter(|_| shown);
        let obstacles = self.after.as_ref().err().filter(|_| outcome == Outcome::Refused);
        let version = dossier.case.version + i32::from(outcome == Outcome::Adopted);
        LandingView {
            id: dossier.case.id,
            reference: dossier.application.reference.clone(),
            version,
            follows: target.numbers.get(&dossier.case.workflow).copied().unwrap_or_default(),
            state: dossier.case.state.clone(),
            outcome,
            obstacles: obstacles.into_iter().flatten().map(|one| obstacle(one, &caller.language)).collect(),
            accounts: after.map(accounts).unwrap_or_default(),
            clocks: after.map(|after| self.clocks(after)).unwrap_or_default(),
        }
    }

    fn clocks(&self, after: &Scene) -> Vec<ClockView> {
        let was = |machine: &str, name: &str| {
            let mut before = self.scene.live.dossier.clocks.iter();
            let same = before.find(|clock| clock.machine == machine && clock.clock == name);
            same.map(|clock| clock.due_at)
        };
        let definition = &after.definition;
        let view = |(of, running): (Option<InstanceId>, &Running)| {
            let machine = definition.machine_text(of);
            let clock = definition.clocks[running.clock.at()].id.clone();
            ClockView { was_due_at: was(&machine, &clock), due_at: running.due_at, machine, clock }
        };
        let case = &after.live.case;
        let tracks = case.tracks.iter().flat_map(|one| one.clocks.iter().map(|clock| (Some(one.id), clock)));
        case.clocks.iter().map(|clock| (None, clock)).chain(tracks).map(view).collect()
    }
}

fn accounts(after: &Scene) -> Vec<AccountView> {
    let all = after.definition.accounts.iter().zip(&after.live.case.accounts);
    all.map(|(account, status)| AccountView { account: account.name.clone(), status: *status }).collect()
}

#[expect(clippy::too_many_lines, reason = "a table: the words for each obstacle in both languages")]
fn obstacle(obstacle: &Obstacle, language: &str) -> ObstacleView {
    let chinese = language.starts_with("zh");
    let say = |english: String, other: String| if chinese { other } else { english };
    let (code, message) = match obstacle {
        Obstacle::StateMissing { state } => (
            "state_missing",
            say(format!("There is no state `{state}` there."), format!("該版本沒有狀態 `{state}`。")),
        ),
        Obstacle::StateFinal { state } => {
            ("state_final", say(format!("`{state}` is an end there."), format!("`{state}` 在該版本為終點。")))
        }
        Obstacle::OriginMissing { state } => (
            "origin_missing",
            say(
                format!("It came from `{state}`, which is not there."),
                format!("案件來自 `{state}`，該版本沒有此狀態。"),
            ),
        ),
        Obstacle::AccountMissing { account } => (
            "account_missing",
            say(
                format!("It has a place of `{account}`, which is not there."),
                format!("案件持有 `{account}` 的名額，該版本沒有此項。"),
            ),
        ),
        Obstacle::AccountElsewhere { account } => (
            "account_elsewhere",
            say(
                format!("It has a place of `{account}`, which draws on other lines there."),
                format!("案件持有 `{account}` 的名額，該版本取自其他名額。"),
            ),
        ),
        Obstacle::SignatureLost { event, role } => (
            "signature_lost",
            say(
                format!("`{role}` has done `{event}`, which counts for nothing there."),
                format!("`{role}` 已執行 `{event}`，該版本不予承認。"),
            ),
        ),
        Obstacle::TrackMissing { track } => (
            "track_missing",
            say(
                format!("Something has happened in `{track}`, which is not there."),
                format!("`{track}` 已有進度，該版本沒有此項。"),
            ),
        ),
        Obstacle::TrackStateMissing { track, state } => (
            "track_state_missing",
            say(
                format!("`{track}` stands in `{state}`, which is not there."),
                format!("`{track}` 目前為 `{state}`，該版本沒有此狀態。"),
            ),
        ),
        Obstacle::NotReachable { state } => (
            "not_reachable",
            say(
                format!("No way leads to `{state}` there with the places it has and what has happened."),
                format!("以案件現有的名額與經過，該版本無法到達 `{state}`。"),
            ),
        ),
    };
    ObstacleView { code: code.to_owned(), message }
}
