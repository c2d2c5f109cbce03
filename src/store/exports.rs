//! What of a person is in no list of the API.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{
    AgreementId, AllocationId, BalanceStatementId, CallId, CaseId, NoticeId, PersonId,
};
use sojourn_engine::vocabulary::{NoticeStatus, Phase};
use sojourn_entities::{
    allocation, application, archived_notice, balance_statement, case, credential, identity, outbox, refusal,
    role, second_factor, session,
};

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

/// How an application of theirs was scored.
#[derive(Debug, Clone, Serialize)]
pub struct Scored {
    /// The application.
    pub application: CaseId,
    /// The score, in hundredths.
    pub score_hundredths: i32,
    /// How it came about, where that was noted.
    pub scoring: Option<serde_json::Value>,
}

/// A statement of a balance they had a part in.
#[derive(Debug, Clone, Serialize)]
pub struct Stated {
    /// The statement.
    pub id: BalanceStatementId,
    /// Its agreement.
    pub agreement: AgreementId,
    /// The instant whose balance it states.
    pub as_of: DateTime<Utc>,
    /// When they made it.
    pub made_at: Option<DateTime<Utc>>,
    /// When they confirmed or disputed it.
    pub answered_at: Option<DateTime<Utc>>,
    /// What they said is wrong.
    pub dispute: Option<String>,
    /// When they settled it.
    pub settled_at: Option<DateTime<Utc>>,
    /// How they did.
    pub settlement: Option<String>,
}

/// A run of an allocation they had a part in.
#[derive(Debug, Clone, Serialize)]
pub struct Ran {
    /// The run.
    pub id: AllocationId,
    /// Its call.
    pub call: CallId,
    /// When they made it.
    pub created_at: Option<DateTime<Utc>>,
    /// When they confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
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
    /// How their applications were scored, once decisions are told.
    pub scores: Vec<Scored>,
    /// Statements of balances they made, answered or settled.
    pub statements: Vec<Stated>,
    /// Runs of allocations they made or confirmed.
    pub runs: Vec<Ran>,
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
pub async fn rest(conn: &impl Conn, person: PersonId, now: DateTime<Utc>) -> Result<Rest> {
    let mails = outbox::Entity::find().filter(outbox::Column::RecipientId.eq(person));
    let archived = archived_notice::Entity::find()
        .filter(archived_notice::Column::RecipientId.eq(person))
        .order_by_asc(archived_notice::Column::Id);
    let sessions = session::Entity::find().filter(session::Column::PersonId.eq(person));
    let refused = refusal::Entity::find().filter(refusal::Column::ActorId.eq(person));
    let roles = role::Entity::find().filter(role::Column::PersonId.eq(person));
    let linked = identity::Entity::find().filter(identity::Column::PersonId.eq(person));
    let factor = second_factor::Entity::find_by_id(person).one(conn.db()).await?;
    Ok(Rest {
        mails: archived
            .all(conn.db())
            .await?
            .into_iter()
            .map(archived_mail)
            .chain(mails.order_by_asc(outbox::Column::Id).all(conn.db()).await?.into_iter().map(mail))
            .collect(),
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
        scores: scores(conn, person, now).await?,
        statements: statements(conn, person).await?,
        runs: runs(conn, person).await?,
    })
}

/// Scores of applications whose selection is over and told.
async fn scores(conn: &impl Conn, person: PersonId, now: DateTime<Utc>) -> Result<Vec<Scored>> {
    let told =
        Condition::any().add(case::Column::HiddenUntil.is_null()).add(case::Column::HiddenUntil.lte(now));
    let rows: Vec<(CaseId, Option<i32>, Option<serde_json::Value>)> = application::Entity::find()
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .filter(application::Column::ApplicantId.eq(person))
        .filter(case::Column::Phase.is_not_in([Phase::Application, Phase::Selection]))
        .filter(told)
        .order_by_asc(application::Column::Id)
        .select_only()
        .columns([
            application::Column::Id,
            application::Column::ScoreHundredths,
            application::Column::Scoring,
        ])
        .into_tuple()
        .all(conn.db())
        .await?;
    let scored = |(application, score, scoring): (CaseId, Option<i32>, Option<serde_json::Value>)| {
        score.map(|score_hundredths| Scored { application, score_hundredths, scoring })
    };
    Ok(rows.into_iter().filter_map(scored).collect())
}

async fn statements(conn: &impl Conn, person: PersonId) -> Result<Vec<Stated>> {
    use balance_statement::Column::{AnsweredBy, Id, MadeBy, SettledBy};
    let part = Condition::any().add(MadeBy.eq(person)).add(AnsweredBy.eq(person)).add(SettledBy.eq(person));
    let rows = balance_statement::Entity::find().filter(part).order_by_asc(Id).all(conn.db()).await?;
    let stated = |row: balance_statement::Model| {
        let (answered, settled) = (row.answered_by == Some(person), row.settled_by == Some(person));
        Stated {
            id: row.id,
            agreement: row.agreement_id,
            as_of: row.as_of,
            made_at: (row.made_by == person).then_some(row.made_at),
            answered_at: row.answered_at.filter(|_| answered),
            dispute: row.dispute.filter(|_| answered),
            settled_at: row.settled_at.filter(|_| settled),
            settlement: row.settlement.filter(|_| settled),
        }
    };
    Ok(rows.into_iter().map(stated).collect())
}

async fn runs(conn: &impl Conn, person: PersonId) -> Result<Vec<Ran>> {
    use allocation::Column::{ConfirmedBy, CreatedBy, Id};
    let part = Condition::any().add(CreatedBy.eq(person)).add(ConfirmedBy.eq(person));
    let rows = allocation::Entity::find().filter(part).order_by_asc(Id).all(conn.db()).await?;
    let ran = |row: allocation::Model| Ran {
        id: row.id,
        call: row.call_id,
        created_at: (row.created_by == Some(person)).then_some(row.created_at),
        confirmed_at: row.confirmed_at.filter(|_| row.confirmed_by == Some(person)),
    };
    Ok(rows.into_iter().map(ran).collect())
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

fn archived_mail(row: archived_notice::Model) -> Mail {
    Mail {
        id: row.id,
        notice: row.notice,
        address: None,
        case: row.case_id,
        facts: None,
        status: NoticeStatus::Sent,
        queued_at: row.queued_at,
        sent_at: Some(row.sent_at),
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
