//! Applications beside their cases: drafts, and what they may be opened with.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, OfferingId, PersonId, RegistrationId, UnitId};
use sojourn_engine::vocabulary::StateKind;
use sojourn_entities::{
    application, call_home, call_offering, case, choice, institution, offering, programme, registration,
};

use super::dossiers::{Choice, Institution, Student};
use super::write::{guarded, insert_many};
use super::{Conn, StoreError, Tx};

/// A registration a person may apply with.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its id.
    pub id: RegistrationId,
    /// The home's unit.
    pub unit: Option<UnitId>,
    /// What guards may ask about it.
    pub student: Student,
    /// The home institution.
    pub home: Institution,
}

/// What changes of a draft; `None` stays as it is.
#[derive(Debug, Default)]
pub struct Draft {
    /// Choices that replace all there are.
    pub choices: Option<Vec<Choice>>,
    /// Answers.
    pub answers: Option<serde_json::Value>,
    /// Whether a complete draft is submitted when the call closes.
    pub submit_at_bell: Option<bool>,
    /// Score in hundredths.
    pub score_hundredths: Option<i32>,
}

/// A person's registrations at homes a call is for.
pub async fn registered(
    conn: &impl Conn,
    person: PersonId,
    call: CallId,
) -> Result<Vec<Registered>, StoreError> {
    let homes = call_home::Entity::find().filter(call_home::Column::CallId.eq(call)).all(conn.db()).await?;
    let rows = registration::Entity::find()
        .filter(registration::Column::PersonId.eq(person))
        .filter(registration::Column::InstitutionId.is_in(homes.iter().map(|home| home.institution_id)))
        .find_also(registration::Entity, institution::Entity)
        .all(conn.db())
        .await?;
    let plain = |(row, home): (registration::Model, Option<institution::Model>)| {
        let home = home?;
        let (id, unit) = (row.id, row.unit_id);
        let both = Student::try_from(row).and_then(|student| Ok((student, Institution::try_from(home)?)));
        Some(both.map(|(student, home)| Registered { id, unit, student, home }))
    };
    rows.into_iter().filter_map(plain).collect()
}

/// Which of the offerings a call opens.
pub async fn offered(
    conn: &impl Conn,
    call: CallId,
    ids: &[OfferingId],
) -> Result<Vec<OfferingId>, StoreError> {
    let rows = call_offering::Entity::find()
        .filter(call_offering::Column::CallId.eq(call))
        .filter(call_offering::Column::OfferingId.is_in(ids.iter().copied()))
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().map(|row| row.offering_id).collect())
}

/// Workflows the offerings follow, each once.
pub async fn workflow_of(conn: &impl Conn, ids: &[OfferingId]) -> Result<Vec<String>, StoreError> {
    let rows = offering::Entity::find()
        .filter(offering::Column::Id.is_in(ids.iter().copied()))
        .find_also(offering::Entity, programme::Entity)
        .all(conn.db())
        .await?;
    let mut workflows: Vec<String> =
        rows.into_iter().filter_map(|(_, programme)| Some(programme?.workflow_id)).collect();
    workflows.sort();
    workflows.dedup();
    Ok(workflows)
}

/// An application of a call as whoever scores it looks it up.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Its id.
    pub id: CaseId,
    /// Short code.
    pub reference: String,
    /// Version of its case.
    pub version: i32,
    /// Who applies.
    pub applicant: PersonId,
    /// Their student number.
    pub student_no: Option<String>,
    /// The home institution.
    pub home: InstitutionId,
    /// The home's unit.
    pub unit: Option<UnitId>,
    /// Score in hundredths.
    pub score: Option<i32>,
}

/// Open applications to a call that their homes see.
pub async fn of_call(conn: &impl Conn, call: CallId) -> Result<Vec<Scored>, StoreError> {
    let rows = application::Entity::find()
        .filter(application::Column::CallId.eq(call))
        .filter(application::Column::HomeSeesFrom.is_not_null())
        .filter(case::Column::Kind.eq(StateKind::Open))
        .order_by_asc(application::Column::Id)
        .find_also(application::Entity, case::Entity)
        .find_also(application::Entity, registration::Entity)
        .all(conn.db())
        .await?;
    let scored = |(row, case, registration): (
        application::Model,
        Option<case::Model>,
        Option<registration::Model>,
    )| {
        Some(Scored {
            id: row.id,
            reference: row.reference,
            version: case?.version,
            applicant: row.applicant_id,
            student_no: registration?.student_no,
            home: row.home_id,
            unit: row.home_unit_id,
            score: row.score_hundredths,
        })
    };
    Ok(rows.into_iter().filter_map(scored).collect())
}

/// The homes a call is for.
pub async fn homes(conn: &impl Conn, call: CallId) -> Result<Vec<InstitutionId>, StoreError> {
    let rows = call_home::Entity::find().filter(call_home::Column::CallId.eq(call)).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| row.institution_id).collect())
}

/// Writes the score of an application and the next version of its case; `false` when it changed since it was read in `version`.
pub async fn score(tx: &Tx, id: CaseId, version: i32, hundredths: Option<i32>) -> Result<bool, StoreError> {
    if !next_version(tx, id, version).await? {
        return Ok(false);
    }
    let update = application::Entity::update_many()
        .col_expr(application::Column::ScoreHundredths, Expr::value(hundredths))
        .filter(application::Column::Id.eq(id));
    guarded(tx, update).await
}

async fn next_version(tx: &Tx, id: CaseId, version: i32) -> Result<bool, StoreError> {
    let update = case::Entity::update_many()
        .col_expr(case::Column::Version, Expr::col(case::Column::Version).add(1))
        .filter(case::Column::Id.eq(id))
        .filter(case::Column::Version.eq(version));
    guarded(tx, update).await
}

/// Edits a draft; `false` when it changed since it was read in `version`.
pub async fn edit(tx: &Tx, id: CaseId, version: i32, draft: Draft) -> Result<bool, StoreError> {
    if !next_version(tx, id, version).await? {
        return Ok(false);
    }
    let mut row = application::ActiveModel::default();
    let mut changed = false;
    if let Some(answers) = draft.answers {
        row.answers = Set(answers);
        changed = true;
    }
    if let Some(bell) = draft.submit_at_bell {
        row.submit_at_bell = Set(bell);
        changed = true;
    }
    if let Some(score) = draft.score_hundredths {
        row.score_hundredths = Set(Some(score));
        changed = true;
    }
    if changed {
        application::Entity::update_many()
            .set(row)
            .filter(application::Column::Id.eq(id))
            .exec(tx.db())
            .await?;
    }
    if let Some(choices) = draft.choices {
        choice::Entity::delete_many().filter(choice::Column::ApplicationId.eq(id)).exec(tx.db()).await?;
        let new = |choice: Choice| choice::ActiveModel {
            id: Set(choice.id),
            application_id: Set(id),
            rank: Set(choice.rank),
            offering_id: Set(choice.offering.id),
            host_id: Set(choice.offering.host.id),
            place_line_id: Set(choice.line),
            result: Set(choice.result),
            host_sees_from: Set(None),
            host_sees_until: Set(None),
        };
        insert_many::<choice::ActiveModel>(tx, choices.into_iter().map(new).collect()).await?;
    }
    Ok(true)
}
