//! What an event comes to: read, judged, and told as the answer, before anything of it is written.

use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Via;

use super::refuse::Declined;
use super::{Attempt, decide, referees, widening};
use crate::access::Caller;
use crate::app::applications::view;
use crate::app::scene::Scene;
use crate::app::{Answer, App, Error, Result, waiting_lists};
use crate::clock::Moment;
use crate::store::people::Person;
use crate::store::records::{self, Records};
use crate::store::{Conn, Tx, dossiers};

/// An event on a case that is in the version that was read.
pub(super) struct Step {
    pub(super) scene: Scene,
    pub(super) outcome: Outcome,
    /// The version.
    read: i32,
}

/// What comes of it.
pub(super) enum Outcome {
    /// The caller read another version.
    Stale,
    /// The rules refuse it.
    Declined(Declined),
    /// The person to enter whom the attempt names anew, what is to be written, and the answer.
    Done(Box<(Option<Person>, Records, Answer)>),
}

impl Step {
    /// Works an event out, and begins the transaction in which it is written. On SQLite, whose one writer all others wait for, it is worked
    /// out before its turn comes at the first try: that nobody moved the case meanwhile is proven as it is written, or looked at here.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the caller may not see the case, and those of the database.
    pub(super) async fn of(
        app: &App,
        caller: &Caller,
        (at, via, first): (&Moment, Via, bool),
        (id, attempt): (CaseId, &Attempt),
    ) -> Result<(Tx, Self)> {
        let scope = caller.scope();
        let mut ahead = None;
        if first && app.store.is_sqlite() {
            let _place = app.ahead.acquire().await.ok();
            let scene = Scene::look(app, &scope, id, at).await?;
            ahead = Some(Self::on(app, app.store.read(), scene, (caller, at, via), attempt).await?);
        }
        let tx = app.store.begin().await?;
        if let Some(step) = ahead {
            let is_proven = matches!(step.outcome, Outcome::Done(_));
            if is_proven || dossiers::version(&tx, id).await? == Some(step.read) {
                return Ok((tx, step));
            }
        }
        let scene = Scene::read(app, &tx, &scope, id, at).await?;
        let step = Self::on(app, &tx, scene, (caller, at, via), attempt).await?;
        Ok((tx, step))
    }

    async fn on(
        app: &App,
        conn: &impl Conn,
        mut scene: Scene,
        (caller, at, via): (&Caller, &Moment, Via),
        attempt: &Attempt,
    ) -> Result<Self> {
        let read = scene.live.dossier.case.version;
        let outcome = if attempt.if_version == read {
            match judge(conn, &mut scene, at, via, caller, attempt).await? {
                Ok((referee, mut written)) => {
                    // On PostgreSQL it is sealed as it is written, in as many statements.
                    if app.store.is_sqlite() {
                        records::seal(conn, &mut written).await?;
                    }
                    let answer = answer(app, conn, &scene, caller, at).await?;
                    Outcome::Done(Box::new((referee, written, answer)))
                }
                Err(declined) => Outcome::Declined(declined),
            }
        } else {
            Outcome::Stale
        };
        Ok(Self { scene, outcome, read })
    }
}

/// Lets the rules decide, with whom and what the attempt names; the person to enter whom it names anew, and what is to be written.
async fn judge(
    conn: &impl Conn,
    scene: &mut Scene,
    at: &Moment,
    via: Via,
    caller: &Caller,
    attempt: &Attempt,
) -> Result<std::result::Result<(Option<Person>, Records), Declined>> {
    let named = async {
        let referee = referees::meant(conn, scene, at, attempt).await?;
        widening::meant(conn, scene, at, attempt).await?;
        Ok(referee)
    };
    let referee = match named.await {
        Ok(referee) => referee,
        Err(Error::Invalid(faults)) => return Ok(Err(Declined::Invalid(faults))),
        Err(error) => return Err(error),
    };
    let mut written = Records::default();
    let decided = decide(scene, at, via, Some(caller.person), attempt, &mut written);
    Ok(decided.map(|()| (referee, written)))
}

/// The case after the step. It may lead on to another host: whoever took it for the former one is told no more than that it is done.
async fn answer(app: &App, conn: &impl Conn, scene: &Scene, caller: &Caller, at: &Moment) -> Result<Answer> {
    if !scene.live.dossier.visible(&caller.scope()) {
        return Ok(Answer::done());
    }
    let mut view = view::after(scene, caller, at);
    view.waiting_list = waiting_lists::standings(app, conn, scene, caller, at).await?;
    Answer::ok(view.version, &view)
}
