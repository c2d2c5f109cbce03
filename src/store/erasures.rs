//! Erasing somebody: rows emptied or removed, their key destroyed, and a note of what lies outside the database.
//!
//! What explains sums and chains stays: cases with their states, steps with their hashes, places and postings. `templates/privacy.toml`
//! says of every column what becomes of it.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, IntoColumnRef, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sojourn_engine::ids::{CaseId, ErasureId, NoticeId, PersonId};
use sojourn_engine::vocabulary::{Duty, Mails, NoticeStatus, StateKind};
use sojourn_entities::{
    action_link, application, calendar_address, case, chair_term, consent, credential, delegation, document,
    email_change, erasure, idempotency, identity, legal_hold, message, one_time_token, origin, outbox,
    payload, person, recovery_code, refresh_token, refusal, registration, role, second_factor, session, wait,
};

use super::write::insert_many;
use super::{Conn, Result, Tx, json, legal_holds, person_keys, unwritten};

/// One row.
pub type Erasure = erasure::Model;

/// What stands in the way of erasing somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InTheWay {
    /// References of applications of theirs that have not ended.
    pub running: Vec<String>,
    /// References of others' applications that wait for them.
    pub awaited: Vec<String>,
    /// Duties they hold, or will.
    pub duties: Vec<Duty>,
    /// Whether they hold the chair, or will.
    pub chair: bool,
    /// Legal holds that stand.
    pub holds: u64,
}

/// What an erasure is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Applications.
    pub applications: u64,
    /// Versions of documents whose contents go.
    pub documents: u64,
    /// Mails that are emptied.
    pub mails: u64,
}

/// What lies outside the database and has still to go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// Names of contents.
    pub objects: Vec<String>,
    /// Notices whose mails are kept on this machine.
    pub notices: Vec<NoticeId>,
    /// The address by which mails that came back are known.
    pub address: Option<String>,
}

/// An erasure that is not tidied up yet.
#[derive(Debug, Clone)]
pub struct Untidy {
    /// Its id.
    pub id: ErasureId,
    /// What has still to go.
    pub remains: Remains,
}

/// What stands in the way on a day.
pub async fn in_the_way(conn: &impl Conn, person: PersonId, today: NaiveDate) -> Result<InTheWay> {
    let running = application::Entity::find()
        .inner_join(case::Entity)
        .filter(application::Column::ApplicantId.eq(person))
        .filter(case::Column::Kind.eq(StateKind::Open));
    let waits = Query::select()
        .column(wait::Column::CaseId)
        .from(wait::Entity)
        .and_where(wait::Column::PersonId.eq(person))
        .to_owned();
    let awaited = application::Entity::find()
        .filter(application::Column::Id.in_subquery(waits))
        .filter(application::Column::ApplicantId.ne(person));
    let lasts = |until: SimpleExpr, open: SimpleExpr| Condition::any().add(open).add(until);
    let duties = role::Entity::find()
        .filter(role::Column::PersonId.eq(person))
        .filter(lasts(role::Column::UntilOn.gte(today), role::Column::UntilOn.is_null()));
    let mut duties: Vec<Duty> = duties.all(conn.db()).await?.into_iter().map(|role| role.duty).collect();
    duties.dedup();
    let chair = chair_term::Entity::find()
        .filter(chair_term::Column::PersonId.eq(person))
        .filter(chair_term::Column::UntilOn.gte(today));
    Ok(InTheWay {
        running: references(conn, running).await?,
        awaited: references(conn, awaited).await?,
        duties,
        chair: chair.count(conn.db()).await? > 0,
        holds: legal_holds::standing(conn, person).await?,
    })
}

async fn references(conn: &impl Conn, query: sea_orm::Select<application::Entity>) -> Result<Vec<String>> {
    let rows = query.order_by_asc(application::Column::Id).limit(20).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| row.reference).collect())
}

/// What would be erased.
pub async fn extent(conn: &impl Conn, person: PersonId) -> Result<Extent> {
    let cases = applications(conn, person).await?;
    let ids = || cases.iter().map(|(id, _)| *id);
    let documents = document::Entity::find()
        .filter(document::Column::CaseId.is_in(ids()))
        .filter(document::Column::Object.is_not_null());
    let mails = outbox::Entity::find().filter(theirs(person, ids()));
    Ok(Extent {
        applications: cases.len() as u64,
        documents: documents.count(conn.db()).await?,
        mails: mails.count(conn.db()).await?,
    })
}

async fn applications(conn: &impl Conn, person: PersonId) -> Result<Vec<(CaseId, String)>> {
    let query = application::Entity::find()
        .select_only()
        .columns([application::Column::Id, application::Column::Reference])
        .filter(application::Column::ApplicantId.eq(person));
    Ok(query.into_tuple().all(conn.db()).await?)
}

/// Notices to somebody or about their applications.
fn theirs(person: PersonId, cases: impl Iterator<Item = CaseId>) -> Condition {
    let to_them = outbox::Column::RecipientId.eq(person);
    Condition::any().add(to_them).add(outbox::Column::CaseId.is_in(cases))
}

/// Whether a column holds one of these texts.
fn mentions(tx: &Tx, column: impl IntoColumnRef + Copy, texts: &[String], binary: bool) -> Condition {
    let postgres = tx.db().get_database_backend() == DbBackend::Postgres;
    texts.iter().fold(Condition::any(), |any, text| {
        let column = Expr::col(column);
        any.add(match (postgres, binary) {
            (true, true) => {
                Expr::cust_with_exprs("position($1 in $2) > 0", [Expr::value(text.as_bytes()), column])
            }
            (true, false) => {
                Expr::cust_with_exprs("position($1 in $2::text) > 0", [Expr::value(text), column])
            }
            (false, true) => Expr::cust_with_exprs("instr(?, ?) > 0", [column, Expr::value(text.as_bytes())]),
            (false, false) => Expr::cust_with_exprs("instr(?, ?) > 0", [column, Expr::value(text)]),
        })
    })
}

/// Erases a person's rows in the version that was read, and notes what lies outside; `false` when they were changed meanwhile.
pub async fn erase(
    tx: &Tx,
    row: &person::Model,
    by: PersonId,
    at: DateTime<Utc>,
    id: ErasureId,
) -> Result<bool> {
    if !blank_person(tx, row, at).await? {
        return Ok(false);
    }
    let person = row.id;
    let cases = applications(tx, person).await?;
    let ids: Vec<CaseId> = cases.iter().map(|(id, _)| *id).collect();
    let name = crate::access::full_name(&row.given_name, &row.family_name);
    let mut known: Vec<String> = ids.iter().map(ToString::to_string).collect();
    known.extend([person.to_string(), name]);
    known.extend(cases.into_iter().map(|(_, reference)| reference));
    known.extend(row.email.clone());
    let remains = Remains {
        objects: objects(tx, &ids).await?,
        notices: notices(tx, person, &ids, &known).await?,
        address: row.email.clone(),
    };
    blank_documents(tx, person, &ids, at).await?;
    blank_applications(tx, person, &ids).await?;
    end_access(tx, person, &ids).await?;
    let told = Condition::any().add(idempotency::Column::Caller.eq(person)).add(mentions(
        tx,
        idempotency::Column::Body,
        &known,
        true,
    ));
    idempotency::Entity::delete_many().filter(told).exec(tx.db()).await?;
    payload::Entity::delete_many().filter(payload::Column::OwnerId.eq(person)).exec(tx.db()).await?;
    message::Entity::delete_many().filter(message::Column::OwnerId.eq(person)).exec(tx.db()).await?;
    person_keys::destroy(tx, person).await?;
    let remains = serde_json::to_value(remains).map_err(unwritten)?;
    let erasure = Erasure { id, person_id: person, asked_by: by, at, remains, tidied_at: None };
    insert_many(tx, vec![erasure::ActiveModel::from(erasure)]).await?;
    Ok(true)
}

async fn blank_person(tx: &Tx, row: &person::Model, at: DateTime<Utc>) -> Result<bool> {
    let blank = person::ActiveModel {
        given_name: Set(String::new()),
        family_name: Set("—".to_owned()),
        email: Set(None),
        language: Set("en".to_owned()),
        mails: Set(Mails::Needed),
        nationality: Set(None),
        gender: Set(None),
        birth_year: Set(None),
        erased_at: Set(Some(at)),
        version: Set(row.version + 1),
        unreachable_since: Set(None),
        unreachable_words: Set(None),
        ..Default::default()
    };
    let update = person::Entity::update_many()
        .set(blank)
        .filter(person::Column::Id.eq(row.id))
        .filter(person::Column::Version.eq(row.version))
        .filter(person::Column::ErasedAt.is_null());
    super::write::guarded(tx, update).await
}

async fn objects(tx: &Tx, cases: &[CaseId]) -> Result<Vec<String>> {
    let query = document::Entity::find()
        .select_only()
        .column(document::Column::Object)
        .filter(document::Column::CaseId.is_in(cases.iter().copied()))
        .filter(document::Column::Object.is_not_null());
    Ok(query.into_tuple().all(tx.db()).await?)
}

/// Empties what notices say of somebody, gives up those that were not sent, and names all of them.
async fn notices(tx: &Tx, person: PersonId, cases: &[CaseId], known: &[String]) -> Result<Vec<NoticeId>> {
    let about = theirs(person, cases.iter().copied()).add(mentions(tx, outbox::Column::Facts, known, false));
    let ids: Vec<NoticeId> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Id)
        .filter(about)
        .into_tuple()
        .all(tx.db())
        .await?;
    for some in ids.chunks(1_000) {
        let these = || outbox::Column::Id.is_in(some.iter().copied());
        let blank = outbox::ActiveModel {
            address: Set(None),
            link_id: Set(None),
            facts: Set(None),
            last_error: Set(None),
            ..Default::default()
        };
        outbox::Entity::update_many().set(blank).filter(these()).exec(tx.db()).await?;
        let given_up = outbox::ActiveModel {
            status: Set(NoticeStatus::Failed),
            next_attempt_at: Set(None),
            digest_at: Set(None),
            leased_until: Set(None),
            lease: Set(None),
            ..Default::default()
        };
        let unsent = outbox::Column::Status.is_in([NoticeStatus::Queued, NoticeStatus::Deferred]);
        outbox::Entity::update_many().set(given_up).filter(these()).filter(unsent).exec(tx.db()).await?;
    }
    Ok(ids)
}

async fn blank_documents(tx: &Tx, person: PersonId, cases: &[CaseId], at: DateTime<Utc>) -> Result<()> {
    let emptied =
        document::ActiveModel { object: Set(None), emptied_at: Set(Some(at)), ..Default::default() };
    let here = || document::Column::CaseId.is_in(cases.iter().copied());
    let full = document::Column::Object.is_not_null();
    document::Entity::update_many().set(emptied).filter(here()).filter(full).exec(tx.db()).await?;
    let blank = document::ActiveModel {
        file_name: Set("document".to_owned()),
        sha256: Set(Vec::new()),
        ..Default::default()
    };
    document::Entity::update_many().set(blank).filter(here()).exec(tx.db()).await?;
    let nameless = document::ActiveModel { file_name: Set("document".to_owned()), ..Default::default() };
    let supplied = document::Column::SupplierId.eq(person);
    document::Entity::update_many().set(nameless).filter(supplied).exec(tx.db()).await?;
    Ok(())
}

async fn blank_applications(tx: &Tx, person: PersonId, cases: &[CaseId]) -> Result<()> {
    let blank = application::ActiveModel {
        frozen_registration: Set(None),
        answers: Set(json!({})),
        consents: Set(json!({})),
        score_hundredths: Set(None),
        scoring: Set(None),
        ..Default::default()
    };
    let theirs = application::Column::ApplicantId.eq(person);
    application::Entity::update_many().set(blank).filter(theirs).exec(tx.db()).await?;
    let nameless = registration::ActiveModel {
        student_no: Set(None),
        esi: Set(None),
        year: Set(None),
        credits_hundredths: Set(None),
        languages: Set(json!([])),
        ..Default::default()
    };
    let theirs = registration::Column::PersonId.eq(person);
    registration::Entity::update_many().set(nameless).filter(theirs).exec(tx.db()).await?;
    let refused = refusal::Column::CaseId.is_in(cases.iter().copied());
    refusal::Entity::delete_many().filter(refused).exec(tx.db()).await?;
    consent::Entity::delete_many().filter(consent::Column::PersonId.eq(person)).exec(tx.db()).await?;
    let silent = legal_hold::ActiveModel { reason: Set(String::new()), ..Default::default() };
    let theirs = legal_hold::Column::PersonId.eq(person);
    legal_hold::Entity::update_many().set(silent).filter(theirs).exec(tx.db()).await?;
    Ok(())
}

/// Ends every way in: passwords, sessions, links, calendars, standing in.
async fn end_access(tx: &Tx, person: PersonId, cases: &[CaseId]) -> Result<()> {
    let sessions = Query::select()
        .column(session::Column::Id)
        .from(session::Entity)
        .and_where(session::Column::PersonId.eq(person))
        .to_owned();
    let tokens = refresh_token::Column::SessionId.in_subquery(sessions);
    refresh_token::Entity::delete_many().filter(tokens).exec(tx.db()).await?;
    session::Entity::delete_many().filter(session::Column::PersonId.eq(person)).exec(tx.db()).await?;
    credential::Entity::delete_many().filter(credential::Column::PersonId.eq(person)).exec(tx.db()).await?;
    forget_factors(tx, person).await?;
    let tokens = one_time_token::Column::PersonId.eq(person);
    one_time_token::Entity::delete_many().filter(tokens).exec(tx.db()).await?;
    let calendar = calendar_address::Column::PersonId.eq(person);
    calendar_address::Entity::delete_many().filter(calendar).exec(tx.db()).await?;
    let links = Condition::any()
        .add(action_link::Column::PersonId.eq(person))
        .add(action_link::Column::CaseId.is_in(cases.iter().copied()));
    action_link::Entity::delete_many().filter(links).exec(tx.db()).await?;
    let stands_in = Condition::any()
        .add(delegation::Column::PersonId.eq(person))
        .add(delegation::Column::DeputyId.eq(person));
    delegation::Entity::delete_many().filter(stands_in).exec(tx.db()).await?;
    Ok(())
}

/// Removes second factors, linked log-ins, changes of address that are begun, and where somebody has signed in from.
async fn forget_factors(tx: &Tx, person: PersonId) -> Result<()> {
    let db = tx.db();
    recovery_code::Entity::delete_many().filter(recovery_code::Column::PersonId.eq(person)).exec(db).await?;
    second_factor::Entity::delete_many().filter(second_factor::Column::PersonId.eq(person)).exec(db).await?;
    identity::Entity::delete_many().filter(identity::Column::PersonId.eq(person)).exec(db).await?;
    email_change::Entity::delete_many().filter(email_change::Column::PersonId.eq(person)).exec(db).await?;
    origin::Entity::delete_many().filter(origin::Column::PersonId.eq(person)).exec(db).await?;
    Ok(())
}

/// Erasures that are not tidied up, the first first.
pub async fn untidy(conn: &impl Conn) -> Result<Vec<Untidy>> {
    let query = erasure::Entity::find().filter(erasure::Column::TidiedAt.is_null());
    let rows = query.order_by_asc(erasure::Column::Id).limit(100).all(conn.db()).await?;
    rows.into_iter().map(|row| Ok(Untidy { id: row.id, remains: json(row.remains)? })).collect()
}

/// Notes that nothing of these lies outside any more.
pub async fn empty_remains(tx: &Tx, ids: &[ErasureId]) -> Result<()> {
    let remains = serde_json::to_value(Remains::default()).map_err(unwritten)?;
    let row = erasure::ActiveModel { remains: Set(remains), ..Default::default() };
    let these = erasure::Column::Id.is_in(ids.iter().copied());
    erasure::Entity::update_many().set(row).filter(these).exec(tx.db()).await?;
    Ok(())
}

/// Notes that these are tidied up.
pub async fn tidied(tx: &Tx, ids: &[ErasureId], at: DateTime<Utc>) -> Result<()> {
    let row = erasure::ActiveModel { tidied_at: Set(Some(at)), ..Default::default() };
    let these = erasure::Column::Id.is_in(ids.iter().copied());
    erasure::Entity::update_many().set(row).filter(these).exec(tx.db()).await?;
    Ok(())
}
