//! How people sign in: passwords, sessions with their refresh tokens, one-time links.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QuerySelect};
use sojourn_engine::ids::{InstitutionId, PersonId, SessionId, TokenId, UnitId};
use sojourn_engine::vocabulary::{Duty, TokenKind};
use sojourn_entities::{
    chair_term, credential, institution, one_time_token, person, refresh_token, registration, role, session,
};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::Held;

pub use sojourn_entities::one_time_token::Model as OneTimeToken;
pub use sojourn_entities::refresh_token::Model as RefreshToken;
pub use sojourn_entities::session::Model as Session;

/// Somebody who may sign in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person.
    pub person: PersonId,
    /// BCP 47 tag of the language they read.
    pub language: String,
    /// Names and, last, the address.
    pub names: Vec<String>,
    /// Hash of their password; `None` until they have set one.
    pub password_hash: Option<String>,
}

impl Account {
    /// The address in lower case.
    pub fn email(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

/// A duty with its days and the zone they are counted in.
#[derive(Debug, Clone)]
pub struct DutyRow {
    /// The duty.
    pub duty: Duty,
    /// Where.
    pub institution: Option<InstitutionId>,
    /// In which unit.
    pub unit: Option<UnitId>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: Option<NaiveDate>,
    /// IANA zone of the institution; `None` for the secretariat.
    pub zone: Option<String>,
}

impl DutyRow {
    /// The duty with where it is held.
    pub fn held(self) -> Held {
        Held { duty: self.duty, institution: self.institution, unit: self.unit }
    }
}

/// The person with this address in lower case; technical and erased people have none.
pub async fn account(conn: &impl Conn, email: &str) -> Result<Option<Account>> {
    let known = person::Entity::find()
        .filter(person::Column::Email.eq(email))
        .filter(person::Column::Technical.eq(false));
    let Some(person) = known.one(conn.db()).await? else { return Ok(None) };
    Ok(Some(with_password(conn, person).await?))
}

/// The account of a person; technical and erased people have none.
pub async fn account_of(conn: &impl Conn, id: PersonId) -> Result<Option<Account>> {
    let known = person::Entity::find_by_id(id)
        .filter(person::Column::Email.is_not_null())
        .filter(person::Column::Technical.eq(false));
    let Some(person) = known.one(conn.db()).await? else { return Ok(None) };
    Ok(Some(with_password(conn, person).await?))
}

async fn with_password(conn: &impl Conn, person: person::Model) -> Result<Account> {
    let kept = credential::Entity::find_by_id(person.id).one(conn.db()).await?;
    Ok(Account {
        person: person.id,
        language: person.language,
        names: [person.given_name, person.family_name].into_iter().chain(person.email).collect(),
        password_hash: kept.map(|kept| kept.password_hash),
    })
}

/// Sets or replaces a password.
pub async fn set_password(tx: &Tx, person: PersonId, hash: String, at: DateTime<Utc>) -> Result<()> {
    let row = credential::ActiveModel { person_id: Set(person), password_hash: Set(hash), set_at: Set(at) };
    let replace = OnConflict::column(credential::Column::PersonId)
        .update_columns([credential::Column::PasswordHash, credential::Column::SetAt])
        .to_owned();
    credential::Entity::insert(row).on_conflict(replace).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Takes a password away.
pub async fn forget_password(tx: &Tx, person: PersonId) -> Result<()> {
    credential::Entity::delete_by_id(person).exec(tx.db()).await?;
    Ok(())
}

/// Begins a session with its first refresh token.
pub async fn open(tx: &Tx, session: Session, token: RefreshToken) -> Result<()> {
    insert_many(tx, vec![session::ActiveModel::from(session)]).await?;
    add_refresh(tx, token).await
}

async fn add_refresh(tx: &Tx, token: RefreshToken) -> Result<()> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token.token_hash),
        session_id: Set(token.session_id),
        issued_at: Set(token.issued_at),
        expires_at: Set(token.expires_at),
        rotated_at: Set(token.rotated_at),
        successor_hash: Set(token.successor_hash),
    };
    insert_many(tx, vec![row]).await
}

/// One session.
pub async fn session(conn: &impl Conn, id: SessionId) -> Result<Option<Session>> {
    Ok(session::Entity::find_by_id(id).one(conn.db()).await?)
}

/// A page of a person's sessions that go on, the latest begun first.
pub async fn of(
    conn: &impl Conn,
    person: PersonId,
    now: DateTime<Utc>,
    asked: &Asked,
) -> Result<Page<Session>> {
    let keyset = Keyset::<(SessionId,)>::read(asked, "-id", &person)?;
    let query = session::Entity::find()
        .filter(session::Column::PersonId.eq(person))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now));
    let rows = keyset.narrow(query, [session::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// Notes that a session is used.
pub async fn touch(tx: &Tx, id: SessionId, at: DateTime<Utc>) -> Result<()> {
    let update = session::Entity::update_many()
        .col_expr(session::Column::UsedAt, Expr::value(at))
        .filter(session::Column::Id.eq(id));
    guarded(tx, update).await?;
    Ok(())
}

/// A refresh token by its hash.
pub async fn refresh(conn: &impl Conn, hash: &[u8]) -> Result<Option<RefreshToken>> {
    Ok(refresh_token::Entity::find_by_id(hash.to_vec()).one(conn.db()).await?)
}

/// Gives a refresh token its successor; `false` when it has one already.
pub async fn rotate(tx: &Tx, token: &[u8], successor: RefreshToken) -> Result<bool> {
    let update = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::RotatedAt, Expr::value(successor.issued_at))
        .col_expr(refresh_token::Column::SuccessorHash, Expr::value(successor.token_hash.clone()))
        .filter(refresh_token::Column::TokenHash.eq(token.to_vec()))
        .filter(refresh_token::Column::RotatedAt.is_null());
    if !guarded(tx, update).await? {
        return Ok(false);
    }
    add_refresh(tx, successor).await?;
    Ok(true)
}

/// Ends one session with all its refresh tokens.
pub async fn revoke(tx: &Tx, id: SessionId, at: DateTime<Utc>) -> Result<()> {
    let update = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(at))
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::RevokedAt.is_null());
    guarded(tx, update).await?;
    Ok(())
}

/// Ends every session of a person, but for one.
pub async fn revoke_all(tx: &Tx, person: PersonId, but: Option<SessionId>, at: DateTime<Utc>) -> Result<()> {
    let update = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(at))
        .filter(session::Column::PersonId.eq(person))
        .filter(session::Column::RevokedAt.is_null());
    let update = match but {
        Some(but) => update.filter(session::Column::Id.ne(but)),
        None => update,
    };
    guarded(tx, update).await?;
    Ok(())
}

/// The language of a person.
pub async fn language(conn: &impl Conn, person: PersonId) -> Result<Option<String>> {
    let row = person::Entity::find_by_id(person).one(conn.db()).await?;
    Ok(row.filter(|row| row.erased_at.is_none()).map(|row| row.language))
}

/// Every duty that people hold, held or will hold.
pub async fn duties(conn: &impl Conn, people: &[PersonId]) -> Result<Vec<DutyRow>> {
    let theirs = role::Column::PersonId.is_in(people.iter().copied());
    let roles = role::Entity::find().filter(theirs).all(conn.db()).await?;
    let places = roles.iter().filter_map(|role| role.institution_id);
    let zones: Vec<(InstitutionId, String)> = institution::Entity::find()
        .filter(institution::Column::Id.is_in(places))
        .select_only()
        .columns([institution::Column::Id, institution::Column::Zone])
        .into_tuple()
        .all(conn.db())
        .await?;
    let zone_of = |id: InstitutionId| zones.iter().find(|(of, _)| *of == id).map(|(_, zone)| zone.clone());
    let row = |role: role::Model| DutyRow {
        duty: role.duty,
        institution: role.institution_id,
        unit: role.unit_id,
        from_on: role.from_on,
        until_on: role.until_on,
        zone: role.institution_id.and_then(zone_of),
    };
    Ok(roles.into_iter().map(row).collect())
}

/// The institution whose chair a person holds on that day.
pub async fn chair_of(conn: &impl Conn, person: PersonId, on: NaiveDate) -> Result<Option<InstitutionId>> {
    let term = chair_term::Entity::find()
        .filter(chair_term::Column::PersonId.eq(person))
        .filter(chair_term::Column::FromOn.lte(on))
        .filter(chair_term::Column::UntilOn.gte(on))
        .one(conn.db())
        .await?;
    Ok(term.map(|term| term.institution_id))
}

/// Home institutions of a person's registrations.
pub async fn homes(conn: &impl Conn, person: PersonId) -> Result<Vec<InstitutionId>> {
    let homes = registration::Entity::find()
        .filter(registration::Column::PersonId.eq(person))
        .select_only()
        .column(registration::Column::InstitutionId)
        .distinct();
    Ok(homes.into_tuple().all(conn.db()).await?)
}

/// Keeps a one-time link.
pub async fn add_link(tx: &Tx, link: OneTimeToken) -> Result<()> {
    let row = one_time_token::ActiveModel {
        id: Set(link.id),
        kind: Set(link.kind),
        person_id: Set(link.person_id),
        created_at: Set(link.created_at),
        expires_at: Set(link.expires_at),
        used_at: Set(link.used_at),
    };
    insert_many(tx, vec![row]).await
}

/// Whose link it is, used or not.
pub async fn bearer(conn: &impl Conn, id: TokenId) -> Result<Option<PersonId>> {
    Ok(one_time_token::Entity::find_by_id(id).one(conn.db()).await?.map(|link| link.person_id))
}

/// Uses up a link and says whose it is; `None` when it is spent, over, or for something else.
pub async fn use_link(tx: &Tx, id: TokenId, kind: TokenKind, now: DateTime<Utc>) -> Result<Option<PersonId>> {
    let update = one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::value(now))
        .filter(one_time_token::Column::Id.eq(id))
        .filter(one_time_token::Column::Kind.eq(kind))
        .filter(one_time_token::Column::UsedAt.is_null())
        .filter(one_time_token::Column::ExpiresAt.gt(now));
    if !guarded(tx, update).await? {
        return Ok(None);
    }
    let link = one_time_token::Entity::find_by_id(id).one(tx.db()).await?;
    Ok(link.map(|link| link.person_id))
}

/// Ends every unused link of a person: a new password makes the older ones void.
pub async fn end_links(tx: &Tx, person: PersonId, now: DateTime<Utc>) -> Result<()> {
    let update = one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::value(now))
        .filter(one_time_token::Column::PersonId.eq(person))
        .filter(one_time_token::Column::UsedAt.is_null());
    guarded(tx, update).await?;
    Ok(())
}
