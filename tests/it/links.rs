//! Links by which people outside act without signing in: for one thing, once, never by being opened, sent again and handed on.

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_entities::{action_link, delegation, outbox};

use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::visitor::{Visitor, hidden};
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// Paths of the links that mails about the case have carried to a person, the oldest first.
pub async fn links(walk: &Walk<'_>, person: PersonId) -> Vec<String> {
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let rows = outbox::Entity::find()
        .filter(outbox::Column::CaseId.eq(id))
        .filter(outbox::Column::RecipientId.eq(person))
        .filter(outbox::Column::LinkId.is_not_null())
        .order_by_asc(outbox::Column::Id)
        .all(&walk.cast.app.database.connect().await)
        .await
        .expect("notices");
    let path = |row: outbox::Model| {
        let address = walk.cast.app.app.links.act(row.link_id.expect("a link"));
        address.split_once("/act/").map(|(_, token)| format!("/act/{token}")).expect("a path")
    };
    rows.into_iter().map(path).collect()
}

async fn spent(walk: &Walk<'_>) -> usize {
    let rows = action_link::Entity::find().filter(action_link::Column::UsedAt.is_not_null());
    rows.all(&walk.cast.app.database.connect().await).await.expect("links").len()
}

/// An application that waits for a reference of somebody who never signs in.
pub async fn referred(cast: &Cast) -> (Walk<'_>, PersonId) {
    let mut call = without_documents();
    call["tracks"] = json!({ "references": true });
    let round = cast.exchange(3, &call).await;
    let mut walk = Walk::open(cast, &round, &cast.student("Anna").await).await;
    let data = json!({ "name": "Rae Fern", "email": "rae@elsewhere.example" });
    walk.act_with("student", "name_referee", &data).await;
    let person = cast.app.person("rae@elsewhere.example").await;
    (walk, person)
}

fn referee_state(case: &Value) -> &Value {
    let tracks = case["tracks"].as_array().expect("tracks");
    let of = tracks.iter().find(|track| track["track"] == "references").expect("a reference");
    &of["state"]
}

const FORM: [(&str, &str); 5] = [
    ("event", "refer"),
    ("track", "references"),
    ("instance", "1"),
    ("data.reference", "She reads everything."),
    ("data.no_relative", "true"),
];

#[rstest]
#[tokio::test]
async fn a_referee_gives_the_reference_by_the_link_without_signing_in_and_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (mut walk, rae) = referred(&cast).await;
    let [path] = links(&walk, rae).await.try_into().expect("one link");
    let visitor = Visitor::new(&cast.app.address);

    for _ in 0..3 {
        let page = visitor.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Anna Student"), "{}", page.text());
    }
    walk.look().await;
    assert_eq!(referee_state(&walk.case), "invited", "opening changes nothing");
    let page = visitor.get(&path).await.text();
    assert!(!page.contains("withdraw"), "nothing but what is asked for: {page}");
    let version = hidden(&page, "version").expect("a version");
    let form = [&FORM[..], &[("version", version.as_str())]].concat();

    let asked = visitor.submit(&path, &format!("{path}/events"), &form).await;
    assert!(asked.status == 200 && asked.text().contains("name=\"sure\""), "{}", asked.text());
    let sure = [&form[..], &[("sure", "yes")]].concat();
    let done = visitor.submit(&path, &format!("{path}/events"), &sure).await;
    assert_eq!((done.status, done.header("location")), (303, format!("{path}?done=step").as_str()));
    walk.look().await;
    assert_eq!(referee_state(&walk.case), "submitted");
    assert_eq!(spent(&walk).await, 1);

    let again = visitor.get(&path).await;
    assert!(again.text().contains("It was used on"), "{}", again.text());
    let history = walk.history().await;
    let step = history.iter().find(|step| step["event"] == "refer").expect("recorded");
    assert_eq!((&step["via"], &step["role"]), (&json!("link"), &json!("referee")));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_link_does_nothing_but_what_it_is_for_and_nothing_once_it_is_over(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (mut walk, rae) = referred(&cast).await;
    let path = links(&walk, rae).await.pop().expect("a link");
    let visitor = Visitor::new(&cast.app.address);
    let version = hidden(&visitor.get(&path).await.text(), "version").expect("a version");
    let events = format!("{path}/events");
    for event in ["submit", "withdraw", "waive_reference", "record_reference", "nonsense"] {
        let form =
            [("event", event), ("version", version.as_str()), ("sure", "yes"), ("data.reference", "x")];
        let answer = visitor.submit(&path, &events, &form).await;
        assert!(answer.status == 403, "{event}: {} {}", answer.status, answer.text());
    }
    let forged = format!("{}x{}", &path[..8], &path[9..]);
    assert_eq!(visitor.get(&forged).await.status, 404);
    assert_eq!(visitor.get("/act/nonsense").await.status, 404);
    let foreign = visitor.form(&events, "https://elsewhere.example", &FORM);
    assert_eq!(crate::support::actor::send(foreign).await.status, 403);

    cast.app.advance(TimeDelta::days(90));
    let over = visitor.get(&path).await;
    assert!(over.text().contains("Its time is over"), "{}", over.text());
    let form = [&FORM[..], &[("version", version.as_str()), ("sure", "yes")]].concat();
    assert_eq!(visitor.submit("/login", &events, &form).await.status, 409);
    let renewed = visitor.submit(&path, &format!("{path}/renew"), &[]).await;
    assert_eq!(renewed.header("location"), format!("{path}?done=renewed"));
    let fresh = links(&walk, rae).await;
    assert_eq!(fresh.len(), 2, "to the same person and nobody else");
    visitor.submit(&path, &format!("{path}/renew"), &[]).await;
    assert_eq!(links(&walk, rae).await.len(), 2, "not twice in a moment");
    let page = visitor.get(&fresh[1]).await.text();
    let form = [&FORM[..], &[("version", version.as_str()), ("sure", "yes")]].concat();
    assert!(page.contains("data.reference"), "{page}");
    assert_eq!(visitor.submit(&fresh[1], &format!("{}/events", fresh[1]), &form).await.status, 303);
    walk.look().await;
    assert_eq!(referee_state(&walk.case), "submitted");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_is_the_wrong_person_names_another_who_gets_a_link_of_their_own(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (mut walk, rae) = referred(&cast).await;
    let path = links(&walk, rae).await.pop().expect("a link");
    let visitor = Visitor::new(&cast.app.address);
    let anna = crate::support::cast::address("Anna");
    for (email, told) in
        [("nonsense", "valid e-mail"), ("rae@elsewhere.example", "valid"), (anna.as_str(), "valid")]
    {
        let form = [("name", "Kit Moss"), ("email", email)];
        let answer = visitor.submit(&path, &format!("{path}/hand-on"), &form).await;
        assert!(answer.status == 422 && answer.text().contains(told), "{email}: {}", answer.text());
        assert!(answer.text().contains("Kit Moss"), "nothing typed is lost");
    }
    let form = [("name", "Kit Moss"), ("email", "kit@elsewhere.example")];
    let handed = visitor.submit(&path, &format!("{path}/hand-on"), &form).await;
    assert_eq!(handed.header("location"), format!("{path}?done=handed_on"));
    let again = visitor.submit(&path, &format!("{path}/hand-on"), &form).await;
    assert!(again.status == 409 && again.text().contains("somebody else was asked"), "{}", again.text());
    let page = visitor.get(&path).await.text();
    assert!(page.contains("somebody else was asked"), "{page}");

    let kit = cast.app.person("kit@elsewhere.example").await;
    let [own] = links(&walk, kit).await.try_into().expect("one link");
    let page = visitor.get(&own).await.text();
    let version = hidden(&page, "version").expect("a version");
    let form = [&FORM[..], &[("version", version.as_str()), ("sure", "yes")]].concat();
    assert_eq!(visitor.submit(&own, &format!("{own}/events"), &form).await.status, 303);
    walk.look().await;
    assert_eq!(referee_state(&walk.case), "submitted");
    let history = walk.history().await;
    assert!(history.iter().any(|step| step["event"] == "@hand_on"), "recorded");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_employer_decides_by_the_link_and_a_colleague_may_be_asked(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.internship(2, &without_work_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Finn").await).await;
    for word in events("submit endorse forward", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let employer = cast.person("employer").parse().expect("an id");
    let path = links(&walk, employer).await.pop().expect("a link");
    let visitor = Visitor::new(&cast.app.address);
    let page = visitor.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = [("name", "Lin Works"), ("email", "lin@works.example")];
    let handed = visitor.submit(&path, &format!("{path}/hand-on"), &form).await;
    assert_eq!(handed.status, 303, "{}", handed.text());
    let lin = cast.app.person("lin@works.example").await;
    let own = links(&walk, lin).await.pop().expect("a link");
    let page = visitor.get(&own).await.text();
    let version = hidden(&page, "version").expect("a version");
    let form = [
        ("event", "refuse"),
        ("version", version.as_str()),
        ("sure", "yes"),
        ("reason.code", "other"),
        ("reason.text", "The project was stopped."),
    ];
    let refused = visitor.submit(&own, &format!("{own}/events"), &form).await;
    assert_eq!(refused.status, 303, "{}", refused.text());
    walk.look().await;
    assert_eq!(walk.case["state"], "employer_refused");
    let step = walk.history().await.pop().expect("steps");
    assert_eq!((&step["role"], &step["actor"]["name"]), (&json!("employer"), &json!("Lin Works")));
    let rows = delegation::Entity::find().all(&cast.app.database.connect().await).await.expect("rows");
    assert_eq!(rows.len(), 1);
    cast.verified().await;
}
