//! One life driven by REST and the same life driven by the import: the record is the same but for ids and the door.

use rstest::rstest;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sojourn::app::imports;
use sojourn::app::imports::plan::{Plan, Planned};
use sojourn::store::payloads;
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Direction;
use sojourn_entities::{account, case, clock, history, outbox, place_line, posting, stay, wait};

use crate::support::actor::Actor;
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;

/// Everything a case has left behind, without ids and the door it came by.
async fn record(app: &TestApp) -> Vec<Value> {
    let tables = app.database.connect().await;
    let case = case::Entity::find().one(&tables).await.expect("read").expect("one case");
    let mut record = vec![json!({
        "state": case.state, "phase": case.phase, "kind": case.kind, "entered": case.entered_at, "due": case.due_at,
        "steps": case.steps, "registers": case.registers, "collected": case.collected, "created": case.created_at,
    })];
    record.extend(steps(app, &tables).await);
    record.extend(places(&tables).await);
    record.extend(clocks(&tables).await);
    record.extend(told(&tables, case.id).await);
    for row in stay::Entity::find().all(&tables).await.expect("read") {
        record.push(json!({ "stay": row.seq, "kind": row.kind, "start": row.start_on, "end": row.end_on }));
    }
    let waits = wait::Entity::find().all(&tables).await.expect("read");
    record.push(json!({ "waits": waits.len() }));
    record
}

/// Its history, with the choices and reasons that stand beside it.
async fn steps(app: &TestApp, tables: &DatabaseConnection) -> Vec<Value> {
    let mut record = Vec::new();
    let steps =
        history::Entity::find().order_by_asc(history::Column::Number).all(tables).await.expect("read");
    for step in steps {
        let facts: Value = serde_json::from_str(&step.facts).expect("facts are JSON");
        let kept =
            payloads::of_steps(app.app.store.read(), step.case_id, [step.number]).await.expect("opened");
        let payload = kept.into_values().next();
        let named = |data: String| {
            let mut data: Value = serde_json::from_str(&data).expect("data is JSON");
            if let Some(choice) = data.get_mut("choice") {
                *choice = json!("the choice");
            }
            data
        };
        let payload = payload.map(|row| (row.data.map(named), row.reason.map(|(_, text)| text), row.note));
        record.push(json!({
            "step": step.number, "at": step.at, "event": step.event, "from": step.from_state, "to": step.to_state,
            "role": step.actor_role, "facts": facts, "payload": payload,
        }));
    }
    record
}

/// Its postings and its accounts.
async fn places(tables: &DatabaseConnection) -> Vec<Value> {
    let mut record = Vec::new();
    let postings =
        posting::Entity::find().order_by_asc(posting::Column::Number).order_by_asc(posting::Column::Kind);
    for row in postings.all(tables).await.expect("read") {
        record.push(
            json!({ "posting": row.kind, "amount": row.amount, "account": row.account, "step": row.number }),
        );
    }
    for row in account::Entity::find().order_by_asc(account::Column::Account).all(tables).await.expect("read")
    {
        record.push(json!({
            "account": row.account, "status": row.status, "enabled": row.enabled, "amount": row.amount,
            "bound": row.place_line_id.is_some(),
        }));
    }
    record
}

/// Its clocks.
async fn clocks(tables: &DatabaseConnection) -> Vec<Value> {
    let mut record = Vec::new();
    let clocks =
        clock::Entity::find().order_by_asc(clock::Column::EnteredAt).order_by_asc(clock::Column::Clock);
    for row in clocks.all(tables).await.expect("read") {
        record.push(json!({
            "clock": row.clock, "entered": row.entered_at, "due": row.due_at, "remind": row.remind_at,
            "wake": row.wake_at, "fired": row.fired_at, "ended": row.ended_at,
        }));
    }
    record
}

/// Its notices.
async fn told(tables: &DatabaseConnection, case: CaseId) -> Vec<Value> {
    let mut record = Vec::new();
    let notices = outbox::Entity::find()
        .filter(outbox::Column::CaseId.eq(case))
        .order_by_asc(outbox::Column::Number)
        .order_by_asc(outbox::Column::Notice);
    for row in notices.all(tables).await.expect("read") {
        record.push(json!({
            "notice": row.notice, "step": row.number, "action": row.action, "queued": row.queued_at,
            "to somebody": row.recipient_id.is_some(),
        }));
    }
    record
}

/// The life of one record, by the import.
async fn imported(db: Db) -> Vec<Value> {
    let app = TestApp::spawn(db).await;
    app.clock.set("2028-06-01T08:00:00Z".parse().expect("an instant"));
    let good = include_str!("../data/mobilities.csv");
    let header = good.lines().next().expect("a header");
    let row = "D  ALPHA01;22;F;DE;1;1;S;F  OMEGA01;;;4.0;0.0;;06-2027;;30.0;0.0;30.0;0.0;0.0;0;N";
    let file = app.database.folder.path().join("one.csv");
    std::fs::write(&file, format!("{header}\n{row}\n")).expect("written");
    let report = imports::mobilities(&app.app, &file, |_, _| {}).await.expect("imported");
    assert_eq!((report.imported, report.refused), (1, Vec::new()));
    record(&app).await
}

/// A programme, its one place for the home, and the call, with the dates that an import gives them.
async fn opened(cast: &Cast) -> (Value, Value) {
    let (home, host) = (&cast.at("Alpha")["id"], &cast.at("Gamma")["id"]);
    let (by, of_home) = (cast.who("other_coordinator"), cast.who("home_coordinator"));
    let period = json!({
        "institution": host, "academic_year": 2026, "term": "Y", "start_on": "2026-08-01", "end_on": "2028-07-31", "twelfths": 12,
    });
    let period = by.post("/periods", &period).await.ok();
    let programme = json!({
        "kind": "exchange", "host": host, "workflow": "student-exchange", "title": "Study abroad", "gives_credit": true,
    });
    let programme = by.post("/programmes", &programme).await.ok();
    let path = format!("/programmes/{}", id(&programme));
    let days = json!({ "period": period["id"], "start_on": "2027-06-01", "end_on": "2027-09-30" });
    let offering = by.post(&format!("{path}/offerings"), &days).await.ok();
    by.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let line = json!({
        "source": "programme", "programme": programme["id"], "home": home, "unit": "heads", "capacity": 1,
    });
    by.post("/place-lines", &line).await.ok();
    // The line of an imported flow leads out of its home; the API makes such lines for agreements alone.
    let tables = cast.app.database.connect().await;
    let out = place_line::ActiveModel { direction: Set(Direction::Out), ..Default::default() };
    place_line::Entity::update_many().set(out).exec(&tables).await.expect("written");
    let call = json!({
        "title": "Away", "homes": [home], "offerings": [offering["id"]], "opens_on": "2025-11-01",
        "closes_on": "2027-02-01", "results_on": "2027-03-01", "nomination_closes_on": "2027-04-01",
        "host_decision_on": "2027-05-01", "waiting_list": false, "next_choice_allowed": false,
    });
    let call = of_home.post("/calls", &crate::support::cast::merged(call, &without_documents())).await.ok();
    let call = of_home
        .patch(&format!("/calls/{}", id(&call)), &json!(1), &json!({ "status": "published" }))
        .await
        .ok();
    (call, offering)
}

/// The same life by REST, each step at the instant the plan of the import gives it.
async fn driven(db: Db) -> Vec<Value> {
    let cast = Cast::of(db).await;
    let (call, offering) = opened(&cast).await;
    let student = cast.registered("Anna", &json!({ "field": null, "credits": null, "languages": [] })).await;
    let (start, end) = ("2027-06-01".parse().expect("a day"), "2027-09-30".parse().expect("a day"));
    let mut case = Value::Null;
    for step in Plan::erasmus().expect("the plan").study.steps {
        cast.app.clock.set(step.at(start, end).expect("a day"));
        let actor = actor(&cast, &student, &step);
        case = if case.is_null() {
            let body = json!({ "call_id": call["id"], "choices": [offering["id"]] });
            actor.post("/applications", &body).await.ok()
        } else {
            let mut data = json!(step.data);
            if let Some(choice) = data.get_mut("choice") {
                *choice = case["choices"][0]["id"].clone();
            }
            let seen = student.get(&format!("/applications/{}", id(&case))).await.ok();
            actor.fire(&seen, &step.event, data).await.ok();
            seen
        };
    }
    record(&cast.app).await
}

fn actor<'a>(cast: &'a Cast, student: &'a Actor, step: &Planned) -> &'a Actor {
    match step.by.as_str() {
        "student" => student,
        "host_coordinator" => cast.who("other_coordinator"),
        home => cast.who(home),
    }
}

#[rstest]
#[tokio::test]
async fn a_case_driven_by_rest_and_one_driven_by_the_import_leave_the_same_record(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (imported, driven) = (imported(db).await, driven(db).await);

    for (by_import, by_rest) in imported.iter().zip(&driven) {
        assert_eq!(by_import, by_rest);
    }
    assert_eq!(imported.len(), driven.len());
    assert_eq!(imported[0]["state"], "closed");
}
