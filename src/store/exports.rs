//! What of a person is in no list of the API.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::{application, credential, identity, outbox, refusal, role, second_factor, session};

use super::{Conn, Result};

/// A mail to them.
#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    /// Its id.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// To which address, where that was noted.
    pub address: Option<String>,
    /// The case it tells about.
    pub case: Option<CaseId>,
    /// What its text was filled with.
    pub facts: Option<serde_json::Value>,
    /// How far it has come.
    pub status: NoticeStatus,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
}

/// A log-in of theirs.
#[derive(Debug, Clone, Serialize)]
pub struct LogIn {
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last.
    pub used_at: Option<DateTime<Utc>>,
    /// With which browser or program.
    pub agent: String,
    /// From which network.
    pub network: String,
}

/// A step of theirs that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// The case.
    pub case: CaseId,
    /// When.
    pub at: DateTime<Utc>,
    /// What they wanted to do.
    pub event: String,
    /// Why it was refused.
    pub refusal: serde_json::Value,
}

/// A linked log-in of a university.
#[derive(Debug, Clone, Serialize)]
pub struct Linked {
    /// The provider.
    pub issuer: String,
    /// The person, as the provider names them.
    pub subject: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What is in no list of the API.
#[derive(Debug, Clone, Serialize)]
pub struct Rest {
    /// Mails to them.
    pub mails: Vec<Mail>,
    /// Log-ins.
    pub sessions: Vec<LogIn>,
    /// Log-ins of universities that are linked.
    pub linked: Vec<Linked>,
    /// Since when they have a second factor; its secret stays sealed.
    pub second_factor_since: Option<DateTime<Utc>>,
    /// When they set their password; the password itself is nowhere.
    pub password_set_at: Option<DateTime<Utc>>,
    /// Steps that were refused.
    pub refused: Vec<Refused>,
    /// When duties were given to them.
    pub duties_granted_at: Vec<DateTime<Utc>>,
}

/// Applications of theirs, with references.
pub async fn applications(conn: &impl Conn, person: PersonId) -> Result<Vec<(CaseId, String)>> {
    let query = application::Entity::find()
        .select_only()
        .columns([application::Column::Id, application::Column::Reference])
        .filter(application::Column::ApplicantId.eq(person))
        .order_by_asc(application::Column::Id);
    Ok(query.into_tuple().all(conn.db()).await?)
}

/// The rest.
pub async fn rest(conn: &impl Conn, person: PersonId) -> Result<Rest> {
    let mails = outbox::Entity::find().filter(outbox::Column::RecipientId.eq(person));
    let sessions = session::Entity::find().filter(session::Column::PersonId.eq(person));
    let refused = refusal::Entity::find().filter(refusal::Column::ActorId.eq(person));
    let roles = role::Entity::find().filter(role::Column::PersonId.eq(person));
    let linked = identity::Entity::find().filter(identity::Column::PersonId.eq(person));
    let factor = second_factor::Entity::find_by_id(person).one(conn.db()).await?;
    Ok(Rest {
        mails: mails.order_by_asc(outbox::Column::Id).all(conn.db()).await?.into_iter().map(mail).collect(),
        sessions: sessions.all(conn.db()).await?.into_iter().map(log_in).collect(),
        linked: linked.all(conn.db()).await?.into_iter().map(link).collect(),
        second_factor_since: factor.and_then(|row| row.confirmed_at),
        password_set_at: credential::Entity::find_by_id(person).one(conn.db()).await?.map(|row| row.set_at),
        refused: refused
            .order_by_asc(refusal::Column::Id)
            .all(conn.db())
            .await?
            .into_iter()
            .map(attempt)
            .collect(),
        duties_granted_at: roles.all(conn.db()).await?.into_iter().map(|row| row.created_at).collect(),
    })
}

fn mail(row: outbox::Model) -> Mail {
    Mail {
        id: row.id,
        notice: row.notice,
        address: row.address,
        case: row.case_id,
        facts: row.facts,
        status: row.status,
        queued_at: row.queued_at,
        sent_at: row.sent_at,
    }
}

fn link(row: identity::Model) -> Linked {
    Linked { issuer: row.issuer, subject: row.subject, since: row.created_at }
}

fn log_in(row: session::Model) -> LogIn {
    LogIn {
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        used_at: row.used_at,
        agent: row.agent,
        network: row.network,
    }
}

fn attempt(row: refusal::Model) -> Refused {
    Refused { case: row.case_id, at: row.at, event: row.event, refusal: row.refusal }
}
