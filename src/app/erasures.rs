//! Erasing somebody, on their own wish or by the secretariat, once nothing stands in the way.
//!
//! The rows go in one transaction, and the person's key with them: from then on nothing that was sealed opens. What lies outside the
//! database (contents, mails kept on this machine) and in its free pages goes behind that, by a worker, as often as it takes.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::{ErasureId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::personal_data::disposable;
use super::{Answer, App, Conflict, Error, FieldError, Once, Result, current};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::erasures::{self as store, InTheWay};
use crate::store::people::Person;

pub use crate::store::erasures::{Remains, Untidy};

/// What an erasure would do, and what stands in its way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProspectView {
    /// Whose data.
    pub person: PersonId,
    /// What has to be sent as `confirm`.
    pub confirm: String,
    /// What stands in the way; empty when nothing does.
    pub in_the_way: Vec<ObstacleView>,
    /// Applications that stay without a name.
    pub applications: u64,
    /// Versions of documents whose contents go.
    pub documents: u64,
    /// Mails that are emptied.
    pub mails: u64,
    /// The version of the person.
    pub version: i32,
}

/// Something that stands in the way of an erasure.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ErasureObstacle)]
pub struct ObstacleView {
    /// What it is.
    pub what: Obstacle,
    /// References of applications, or names of duties.
    pub about: Vec<String>,
    /// What it is and how to mend it, in the reader's language.
    pub detail: String,
}

/// What may stand in the way of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Applications of the person that have not ended.
    Running,
    /// A legal hold.
    Hold,
    /// Duties that the person holds, or will.
    Duties,
    /// The chair, now or later.
    Chair,
    /// Applications of others that wait for the person.
    Awaited,
    /// A duty of imported history, which is no person.
    Technical,
}

/// An erasure that was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasureView {
    /// Its id.
    pub id: ErasureId,
    /// Who was erased.
    pub person: PersonId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What would have to be written to confirm.
fn word(person: &Person) -> String {
    person.email.clone().unwrap_or_else(|| person.id.to_string())
}

impl Obstacle {
    /// What it is and how to mend it.
    fn told(self, about: &[String], chinese: bool) -> String {
        let about = about.join(", ");
        match (self, chinese) {
            (Self::Running, false) => {
                format!("applications of theirs still run ({about}): withdraw them, or wait until they end")
            }
            (Self::Running, true) => format!("尚有進行中的申請（{about}）：請撤回，或待其結束"),
            (Self::Hold, false) => {
                "a legal hold keeps these data: ask the secretariat, who lifts it when its reason is gone"
                    .to_owned()
            }
            (Self::Hold, true) => "資料依法保全中：請洽秘書處，於原因消滅後解除".to_owned(),
            (Self::Duties, false) => format!("they hold duties ({about}): have these taken back first"),
            (Self::Duties, true) => format!("仍擔任職務（{about}）：請先解除職務"),
            (Self::Chair, false) => "they hold the chair, or will: have their term end first".to_owned(),
            (Self::Chair, true) => "現任或候任主席：請先結束任期".to_owned(),
            (Self::Awaited, false) => {
                format!("applications of others wait for them ({about}): answer, or hand these on")
            }
            (Self::Awaited, true) => format!("他人的申請正等候處理（{about}）：請先回覆或轉交"),
            (Self::Technical, false) => {
                "they stand for a duty in imported history, and are nobody".to_owned()
            }
            (Self::Technical, true) => "此為匯入紀錄中的職務代稱，並非個人".to_owned(),
        }
    }
}

fn obstacles(way: InTheWay, technical: bool, language: &str) -> Vec<ObstacleView> {
    let duties: Vec<String> = way.duties.iter().map(|duty| duty.as_str().to_owned()).collect();
    let found = [
        (Obstacle::Running, !way.running.is_empty(), way.running),
        (Obstacle::Hold, way.holds > 0, Vec::new()),
        (Obstacle::Duties, !duties.is_empty(), duties),
        (Obstacle::Chair, way.chair, Vec::new()),
        (Obstacle::Awaited, !way.awaited.is_empty(), way.awaited),
        (Obstacle::Technical, technical, Vec::new()),
    ];
    let standing = found.into_iter().filter(|(_, stands, _)| *stands);
    let view = |(what, _, about): (Obstacle, bool, Vec<String>)| {
        let detail = what.told(&about, language.starts_with("zh"));
        ObstacleView { what, about, detail }
    };
    standing.map(view).collect()
}

async fn in_the_way(
    app: &App,
    conn: &impl Conn,
    person: &Person,
    language: &str,
) -> Result<Vec<ObstacleView>> {
    Ok(obstacles(store::in_the_way(conn, person.id, app.today()).await?, person.technical, language))
}

/// What an erasure would do.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn prospect(app: &App, caller: &Caller, id: PersonId) -> Result<ProspectView> {
    let conn = app.store.read();
    let person = disposable(conn, caller, id).await?;
    let extent = store::extent(conn, id).await?;
    Ok(ProspectView {
        person: id,
        confirm: word(&person),
        in_the_way: in_the_way(app, conn, &person, &caller.language).await?,
        applications: extent.applications,
        documents: extent.documents,
        mails: extent.mails,
        version: person.version,
    })
}

/// Erases somebody in the version that was read; `confirm` is their address, written once more.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`], [`Error::Invalid`] without the right word, [`Error::Conflict`] while
/// something stands in the way.
pub async fn erase(
    app: &App,
    caller: &Caller,
    once: &Once,
    (id, read): (PersonId, i32),
    confirm: &str,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let person = disposable(&tx, caller, id).await?;
    current(person.version, read)?;
    if super::people::address(confirm) != word(&person) {
        let told = "write the e-mail address of the person once more, as `GET …/erasure` tells it";
        return Err(Error::Invalid(vec![FieldError::new("/confirm", told)]));
    }
    if let Some(first) = in_the_way(app, &tx, &person, "en").await?.into_iter().next() {
        return Err(Error::Conflict(Conflict::NotNow(first.detail)));
    }
    let erasure = ErasureView { id: at.id(), person: id, at: at.now };
    if !store::erase(&tx, &person, caller.person, at.now, erasure.id).await? {
        return Err(Error::Stale);
    }
    Deeds::new(Deed::End, Matter::Person, id).note(&tx, &at, caller).await?;
    let answer = turn.finish(tx, &at, Answer::report(&erasure)?).await?;
    app.callers.forget(id);
    app.wake.notify_one();
    Ok(answer)
}

impl App {
    /// Erasures of which something may be left outside the rows.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn untidy_erasures(&self) -> Result<Vec<Untidy>> {
        Ok(store::untidy(self.store.read()).await?)
    }

    /// Removes contents, and what is left in free pages; says whether nothing is left. What lies elsewhere has gone before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn tidy_up(&self, at: &Moment, untidy: &[Untidy]) -> Result<bool> {
        let ids: Vec<ErasureId> = untidy.iter().map(|one| one.id).collect();
        let mut gone = true;
        for name in untidy.iter().flat_map(|one| &one.remains.objects) {
            gone &= self.files.remove(name).await;
        }
        if !gone {
            return Ok(false);
        }
        let tx = self.store.begin().await?;
        store::empty_remains(&tx, &ids).await?;
        tx.commit().await?;
        if !self.store.scrub().await? {
            return Ok(false);
        }
        let tx = self.store.begin().await?;
        store::tidied(&tx, &ids, at.now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
