//! Calls for applications.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId};
use sojourn_engine::vocabulary::Publication;
use sojourn_entities::{call, call_home, call_offering, institution, offering, programme};

use super::page::{Asked, Keyset, Page};
use super::programmes::Programme;
use super::write::{guarded, insert_many};
use super::{Conn, StoreError, Tx, json};
use crate::access::Caller;

pub use sojourn_entities::call::Model as CallRow;

/// A call as the rules see it.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice the call makes for itself")]
#[derive(Debug, Clone)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Title.
    pub title: String,
    /// Who sees it.
    pub status: Publication,
    /// `home`, or an IANA name.
    pub zone: String,
    /// When it opens.
    pub opens: (NaiveDate, NaiveTime),
    /// Last second at which it is open.
    pub closes: (NaiveDate, NaiveTime),
    /// Minutes after closing in which a complete draft is still submitted.
    pub grace_minutes: i32,
    /// When results are due.
    pub results: Option<(NaiveDate, NaiveTime)>,
    /// Until when hosts take nominations.
    pub nomination_closes: Option<(NaiveDate, NaiveTime)>,
    /// When hosts have to decide.
    pub host_decision: Option<(NaiveDate, NaiveTime)>,
    /// How many choices an application may list.
    pub max_choices: Option<i16>,
    /// Guard over the applicant's facts and answers.
    pub eligibility: Option<String>,
    /// Questions asked of the applicant.
    pub form: Vec<Question>,
    /// What becomes of each document slot; a slot not named is as the definition says.
    pub documents: BTreeMap<String, SlotRule>,
    /// Tracks by name, true for those the call asks for.
    pub tracks: BTreeMap<String, bool>,
    /// Spans that replace the definition's: `<state>.<clock>` → span.
    pub clocks: BTreeMap<String, String>,
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
    /// Whether it stands for imported history.
    pub historic: bool,
    /// When the seed of its draw was drawn.
    pub seed_drawn_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub version: i32,
}

/// One question of a call's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Name of the answer: lower case letters, digits and underscores.
    pub name: String,
    /// The question, by BCP 47 tag.
    pub label: BTreeMap<String, String>,
    /// Type of the answer.
    pub kind: AnswerKind,
    /// Whether it must be answered before submitting.
    #[serde(default)]
    pub required: bool,
}

/// Type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Text of at most 5,000 characters.
    Text,
    /// A whole number.
    Int,
    /// A decimal number, at most three decimals.
    Decimal,
    /// A calendar date.
    Date,
    /// Yes or no.
    Bool,
}

impl AnswerKind {
    /// Whether a value answers a question of this kind; else what would.
    pub fn takes(self, value: &serde_json::Value) -> Result<(), &'static str> {
        let text = value.as_str();
        let fits = match self {
            Self::Text => text.is_some_and(|text| text.chars().count() <= 5_000),
            Self::Int => value.is_i64(),
            Self::Decimal => value.is_number(),
            Self::Date => text.is_some_and(|text| text.parse::<NaiveDate>().is_ok()),
            Self::Bool => value.is_boolean(),
        };
        match self {
            _ if fits || value.is_null() => Ok(()),
            Self::Text => Err("answer with text of at most 5,000 characters"),
            Self::Int => Err("answer with a whole number"),
            Self::Decimal => Err("answer with a number"),
            Self::Date => Err("answer with a date as in 2027-03-31"),
            Self::Bool => Err("answer with true or false"),
        }
    }
}

/// What a call does with a document slot of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotRule {
    /// Must be filled where the definition requires it.
    Required,
    /// May be filled; counts as filled where the definition requires it.
    Optional,
    /// Not asked for; counts as filled.
    Off,
}

impl TryFrom<call::Model> for Call {
    type Error = StoreError;

    fn try_from(row: call::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            title: row.title,
            status: row.status,
            zone: row.zone,
            opens: (row.opens_on, row.opens_time),
            closes: (row.closes_on, row.closes_time),
            grace_minutes: row.grace_minutes,
            results: row.results_on.zip(row.results_time),
            nomination_closes: row.nomination_closes_on.zip(row.nomination_closes_time),
            host_decision: row.host_decision_on.zip(row.host_decision_time),
            max_choices: row.max_choices,
            eligibility: row.eligibility,
            form: json(row.form)?,
            documents: json(row.documents)?,
            tracks: json(row.tracks)?,
            clocks: json(row.clocks)?,
            scores: row.scores,
            agreement_later: row.agreement_later,
            waiting_list: row.waiting_list,
            reciprocal: row.reciprocal,
            next_choice_allowed: row.next_choice_allowed,
            historic: row.historic,
            seed_drawn_at: row.seed_drawn_at,
            version: row.version,
        })
    }
}

/// Which calls.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only as far as this.
    pub status: Option<Publication>,
    /// Only those for this home.
    pub home: Option<InstitutionId>,
    /// Only those that open this offering.
    pub offering: Option<OfferingId>,
}

/// A home that a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Its id.
    pub id: InstitutionId,
    /// IANA zone.
    pub zone: String,
}

/// A call with what it is for and what it opens.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The call.
    pub row: CallRow,
    /// The homes it is for.
    pub homes: Vec<Home>,
    /// The offerings it opens.
    pub offerings: Vec<OfferingId>,
}

/// What was published is seen by everybody; drafts and imported history by those who run exchanges for one of the homes.
fn seen(by: Option<&Caller>) -> Condition {
    if by.is_some_and(Caller::is_secretariat) {
        return Condition::all();
    }
    let own = call_home::Entity::find()
        .select_only()
        .column(call_home::Column::CallId)
        .filter(call_home::Column::InstitutionId.is_in(by.map(Caller::coordinated).unwrap_or_default()));
    let public = Condition::all()
        .add(call::Column::Status.ne(Publication::Draft))
        .add(call::Column::Historic.eq(false));
    Condition::any().add(public).add(call::Column::Id.in_subquery(own.into_query()))
}

/// A page of the calls somebody sees, in the order they were written.
pub async fn list(
    conn: &impl Conn,
    by: Option<&Caller>,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<Whole>, StoreError> {
    let keyset: Keyset<(CallId,)> = Keyset::read(asked, "calls", wanted)?;
    let mut query = call::Entity::find().filter(seen(by));
    if let Some(status) = wanted.status {
        query = query.filter(call::Column::Status.eq(status));
    }
    if let Some(home) = wanted.home {
        let homes = call_home::Entity::find()
            .select_only()
            .column(call_home::Column::CallId)
            .filter(call_home::Column::InstitutionId.eq(home));
        query = query.filter(call::Column::Id.in_subquery(homes.into_query()));
    }
    if let Some(offering) = wanted.offering {
        let opened = call_offering::Entity::find()
            .select_only()
            .column(call_offering::Column::CallId)
            .filter(call_offering::Column::OfferingId.eq(offering));
        query = query.filter(call::Column::Id.in_subquery(opened.into_query()));
    }
    let rows = keyset.narrow(query, [call::Column::Id], Order::Asc).all(conn.db()).await?;
    let page = keyset.page(rows, |row| (row.id,));
    Ok(Page { items: whole(conn, page.items).await?, next: page.next })
}

/// One call, when it is seen.
pub async fn find(conn: &impl Conn, by: Option<&Caller>, id: CallId) -> Result<Option<Whole>, StoreError> {
    let row = call::Entity::find_by_id(id).filter(seen(by)).one(conn.db()).await?;
    Ok(whole(conn, row.into_iter().collect()).await?.pop())
}

async fn whole(conn: &impl Conn, rows: Vec<CallRow>) -> Result<Vec<Whole>, StoreError> {
    let ids: Vec<CallId> = rows.iter().map(|row| row.id).collect();
    let mut homes: BTreeMap<CallId, Vec<Home>> = BTreeMap::new();
    let found = call_home::Entity::find()
        .filter(call_home::Column::CallId.is_in(ids.iter().copied()))
        .order_by_asc(call_home::Column::InstitutionId)
        .find_also(call_home::Entity, institution::Entity)
        .all(conn.db())
        .await?;
    for (link, institution) in found {
        let home = institution.map(|row| Home { id: row.id, zone: row.zone });
        homes.entry(link.call_id).or_default().extend(home);
    }
    let mut offerings: BTreeMap<CallId, Vec<OfferingId>> = BTreeMap::new();
    let found = call_offering::Entity::find()
        .filter(call_offering::Column::CallId.is_in(ids))
        .order_by_asc(call_offering::Column::OfferingId)
        .all(conn.db())
        .await?;
    for link in found {
        offerings.entry(link.call_id).or_default().push(link.offering_id);
    }
    let join = |row: CallRow| Whole {
        homes: homes.remove(&row.id).unwrap_or_default(),
        offerings: offerings.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(join).collect())
}

/// Enters a call with what it is for and what it opens.
pub async fn add(
    tx: &Tx,
    row: CallRow,
    homes: &[InstitutionId],
    offerings: &[OfferingId],
) -> Result<(), StoreError> {
    let id = row.id;
    insert_many(tx, vec![call::ActiveModel::from(row)]).await?;
    link(tx, id, homes, offerings).await
}

/// Writes the next version of a call; `false` when that version is there already.
pub async fn replace(
    tx: &Tx,
    row: CallRow,
    homes: &[InstitutionId],
    offerings: &[OfferingId],
) -> Result<bool, StoreError> {
    let (id, read) = (row.id, row.version - 1);
    let update = call::Entity::update_many()
        .set(call::ActiveModel::from(row).reset_all())
        .filter(call::Column::Id.eq(id))
        .filter(call::Column::Version.eq(read));
    if !guarded(tx, update).await? {
        return Ok(false);
    }
    call_home::Entity::delete_many().filter(call_home::Column::CallId.eq(id)).exec(tx.db()).await?;
    call_offering::Entity::delete_many().filter(call_offering::Column::CallId.eq(id)).exec(tx.db()).await?;
    link(tx, id, homes, offerings).await?;
    Ok(true)
}

/// Gives a call that was published without one the seed of its draw, in its next version; `false` when it has one.
pub async fn draw(tx: &Tx, id: CallId, seed: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let update = call::Entity::update_many()
        .col_expr(call::Column::Seed, Expr::value(seed))
        .col_expr(call::Column::SeedDrawnAt, Expr::value(at))
        .col_expr(call::Column::Version, Expr::col(call::Column::Version).add(1))
        .filter(call::Column::Id.eq(id))
        .filter(call::Column::Seed.is_null());
    guarded(tx, update).await
}

async fn link(
    tx: &Tx,
    call: CallId,
    homes: &[InstitutionId],
    offerings: &[OfferingId],
) -> Result<(), StoreError> {
    let home = |id: &InstitutionId| call_home::ActiveModel { call_id: Set(call), institution_id: Set(*id) };
    insert_many::<call_home::ActiveModel>(tx, homes.iter().map(home).collect()).await?;
    let offering = |id: &OfferingId| call_offering::ActiveModel { call_id: Set(call), offering_id: Set(*id) };
    insert_many::<call_offering::ActiveModel>(tx, offerings.iter().map(offering).collect()).await
}

/// The programmes behind offerings: who hosts each, how far it is published, which workflow it follows.
pub async fn behind(
    conn: &impl Conn,
    offerings: &[OfferingId],
) -> Result<Vec<(OfferingId, Programme)>, StoreError> {
    let rows = offering::Entity::find()
        .filter(offering::Column::Id.is_in(offerings.iter().copied()))
        .find_also(offering::Entity, programme::Entity)
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().filter_map(|(row, programme)| Some((row.id, programme?))).collect())
}
