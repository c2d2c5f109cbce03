//! Who may apply to a call, and the database's reading of guards beside the engine's own.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use rand::seq::IndexedRandom;
use rstest::rstest;
use sea_orm::ActiveValue::Set;
use serde_json::{Value, json};
use sojourn::app::transition::facts::of_student;
use sojourn::clock::{Clock, Moment};
use sojourn::store::dossiers::Student;
use sojourn::store::registrations::Registration;
use sojourn::store::write::insert_many;
use sojourn::store::{Options, Store, eligible_students, registrations};
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::facts::Fact;
use sojourn_engine::ids::{InstitutionId, RegistrationId};
use sojourn_engine::vocabulary::{InstitutionKind, Level};
use sojourn_entities::{institution, person};

use crate::support::actor::Actor;
use crate::support::app::TestApp;
use crate::support::counts::count;
use crate::support::database::{Db, TestDatabase};
use crate::support::measured::measured;
use crate::support::offers::{Pair, id};
use crate::support::seed::{random, seed};

async fn enter(by: &Actor, name: &str, institution: &Value, rest: &Value) {
    let mut registration = json!({ "institution": institution["id"], "level": "first", "languages": [] });
    registration.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
    let email = format!("{}@student.example", name.to_lowercase());
    let body =
        json!({ "given_name": name, "family_name": "S", "email": email, "registrations": [registration] });
    by.post("/people", &body).await.ok();
}

/// Whom the list names, with what it still depends on.
async fn listed(by: &Actor, path: &str) -> BTreeMap<String, Value> {
    let page = by.get(path).await.ok();
    let items = page["items"].as_array().expect("items").iter();
    items
        .map(|item| (item["name"].as_str().expect("a name").replace(" S", ""), item["depends_on"].clone()))
        .collect()
}

fn names(listed: &BTreeMap<String, Value>) -> Vec<&str> {
    listed.keys().map(String::as_str).collect()
}

#[rstest]
#[tokio::test]
async fn those_who_run_exchanges_see_who_of_theirs_may_apply(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let units = format!("/institutions/{}/units", id(&pair.home));
    let physics = pair.sol.post(&units, &json!({ "name": "Physics" })).await.ok();
    let other = app.member(&pair.sol, "Beta", "AT", "Europe/Vienna").await;
    for (name, home, rest) in [
        ("Anna", &pair.home, json!({ "credits": 60, "year": 2, "unit": physics["id"] })),
        ("Ben", &pair.home, json!({ "credits": 59.5, "year": 2 })),
        ("Cem", &pair.home, json!({ "credits": 90 })),
        ("Dora", &pair.home, json!({ "year": 3, "level": "second", "languages": ["en:C1"] })),
        ("Edda", &pair.home, json!({ "year": 1, "level": "third" })),
        ("Finn", &other, json!({ "credits": 120, "year": 4 })),
        ("Gero", &pair.host, json!({ "credits": 120, "year": 4 })),
    ] {
        enter(&pair.sol, name, home, &rest).await;
    }
    let mut call = pair.call(&offer);
    call["homes"] = json!([pair.home["id"], other["id"]]);
    call["form"] = json!([{ "name": "weeks", "label": { "en": "Weeks?" }, "kind": "int" }]);
    call["eligibility"] = json!(
        "(student.credits >= 60 || 'en:C1' in student.languages) && (student.year > 1 || answers.weeks > 20)"
    );
    let call = pair.sol.post("/calls", &call).await.ok();
    let path = format!("/calls/{}/eligible-students", id(&call));

    let seen = listed(&pair.hanna, &path).await;
    assert_eq!(names(&seen), ["Anna", "Cem", "Dora"]);
    assert_eq!((&seen["Anna"], &seen["Cem"]), (&json!([]), &json!(["student.year", "answers.weeks"])));
    assert_eq!(names(&listed(&pair.sol, &path).await), ["Anna", "Cem", "Dora", "Finn"]);
    let sole = json!({ "duty": "coordinator", "institution": pair.home["id"], "unit": physics["id"], "from_on": "2026-01-01" });
    let body =
        json!({ "given_name": "Pia", "family_name": "Lab", "email": "pia@alpha.example", "roles": [sole] });
    let pia = app.invited(&pair.sol, &body).await;
    assert_eq!(names(&listed(&pia, &path).await), ["Anna"]);

    let mut walked = Vec::new();
    let mut next = format!("{path}?limit=1");
    loop {
        let page = pair.sol.get(&next).await.ok();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() < 2, "{page}");
        walked.extend(items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    walked.sort_unstable();
    assert_eq!(walked, ["Anna S", "Cem S", "Dora S", "Finn S"]);

    pair.otto.get(&path).await.problem(404);
    pair.sol.patch(&format!("/calls/{}", id(&call)), &json!(1), &json!({ "status": "published" })).await.ok();
    pair.otto.get(&path).await.problem(403);
    app.stranger().get(&path).await.problem(401);
    let hugo = app.student(&pair.sol, "Hugo", &pair.home).await;
    hugo.get(&path).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn a_call_whose_guard_asks_for_itself_or_divides_by_zero_is_refused(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    for (guard, said) in [
        ("student.year > 1 && call.eligible", "at character 21: `call.eligible` is what this guard decides"),
        ("student.credits / 0.0 > 1", "at character 19: nothing divides by zero"),
        ("student.year > '1'", "at character 1: compares a whole number with a text"),
    ] {
        let mut call = pair.call(&offer);
        call["eligibility"] = json!(guard);
        let problem = pair.hanna.post("/calls", &call).await.problem(422);
        let detail = problem["errors"][0]["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(said), "{detail}");
    }
}

/// A random condition over what is known of a student.
fn condition(random: &mut ChaCha12Rng, depth: u32) -> String {
    let any = |random: &mut ChaCha12Rng, of: &[&'static str]| *of.choose(random).expect("some");
    if depth > 0 && random.random_bool(0.6) {
        let parts: Vec<String> =
            (0..random.random_range(1..4)).map(|_| condition(random, depth - 1)).collect();
        return match random.random_range(0..3) {
            0 => format!("({})", parts.join(" && ")),
            1 => format!("({})", parts.join(" || ")),
            _ => format!("!({})", parts[0]),
        };
    }
    let relation = any(random, &["==", "!=", "<", "<=", ">", ">="]);
    let number = any(random, &["0", "2", "-1", "6", "60", "2.5", "60.005", "9223372036854775807", "0.001"]);
    let whole = any(random, &["0", "2", "3", "6", "7", "9223372036854775807"]);
    let text = any(random, &["'06'", "'0613'", "'AT'", "''", "'a'", "'A'", "'\\000'", "'校'", "'_6%'"]);
    let measure = any(random, &["student.credits", "student.year", "student.level"]);
    let word = any(random, &["student.field", "home.country"]);
    match random.random_range(0..9) {
        0 | 1 => format!("{measure} {relation} {number}"),
        2 => format!("{number} {relation} {measure}"),
        3 => format!("student.year in [1, {whole}]"),
        4 => format!("{word} {relation} {text}"),
        5 => format!("{word}.startsWith({text})"),
        6 => format!("{word} in [{text}, '0612']"),
        7 => format!(
            "has({})",
            any(random, &["student.year", "student.field", "student.credits", "home.country"])
        ),
        _ => any(random, &["'en:B2' in student.languages", "student.year + 1 > 3", "true", "1.0 / 2.0 > 1"])
            .to_owned(),
    }
}

fn registered(
    random: &mut ChaCha12Rng,
    at: &Moment,
    person_id: sojourn_engine::ids::PersonId,
    institution_id: InstitutionId,
) -> Registration {
    let maybe = |random: &mut ChaCha12Rng| random.random_bool(0.8);
    Registration {
        id: at.id(),
        person_id,
        institution_id,
        unit_id: None,
        student_no: None,
        esi: None,
        level: *Level::ALL.choose(random).expect("some"),
        field: maybe(random)
            .then(|| {
                ["06", "0613", "0612", "a", "A", "", "校園"].choose(random).map(|field| (*field).to_owned())
            })
            .flatten(),
        year: maybe(random).then(|| random.random_range(1..8)),
        credits_hundredths: maybe(random)
            .then(|| [0, 5_999, 6_000, 6_001, 250, i32::MAX][random.random_range(0..6)]),
        languages: [json!([]), json!(["en:B2"]), json!(["en:B2", "de:C1"])][random.random_range(0..3)]
            .clone(),
        created_at: at.now,
        version: 1,
    }
}

fn home(at: &Moment, country: &str) -> institution::ActiveModel {
    institution::ActiveModel {
        id: Set(at.id()),
        kind: Set(InstitutionKind::Member),
        name: Set(country.to_owned()),
        country: Set(country.to_owned()),
        zone: Set("Europe/Vienna".to_owned()),
        language: Set("de".to_owned()),
        working_week: Set(json!([1, 2, 3, 4, 5])),
        holidays: Set(json!([])),
        erasmus_code: Set(None),
        erasmus_key: Set(None),
        ror_id: Set(None),
        schac: Set(None),
        founding: Set(true),
        unverified: Set(false),
        joined_on: Set(None),
        left_on: Set(None),
        created_at: Set(at.now),
        version: Set(1),
    }
}

fn somebody(at: &Moment) -> person::ActiveModel {
    person::ActiveModel {
        id: Set(at.id()),
        given_name: Set("Any".to_owned()),
        family_name: Set("Body".to_owned()),
        email: Set(None),
        language: Set("en".to_owned()),
        nationality: Set(None),
        gender: Set(None),
        birth_year: Set(None),
        technical: Set(false),
        erased_at: Set(None),
        created_at: Set(at.now),
        version: Set(1),
        unreachable_since: Set(None),
        unreachable_words: Set(None),
    }
}

/// Students of two homes with the country of each.
async fn filled(store: &Store, random: &mut ChaCha12Rng, at: &Moment) -> Vec<(Registration, &'static str)> {
    let (person, homes) = (somebody(at), [home(at, "AT"), home(at, "TW")]);
    let of = |at: usize| homes[at].id.clone().unwrap();
    let countries = ["AT", "TW"];
    let who = person.id.clone().unwrap();
    let rows: Vec<(Registration, &str)> =
        (0..60).map(|n| (registered(random, at, who, of(n % 2)), countries[n % 2])).collect();
    let tx = store.begin().await.expect("begun");
    insert_many(&tx, homes.to_vec()).await.expect("written");
    insert_many(&tx, vec![person]).await.expect("written");
    registrations::add(&tx, rows.iter().map(|(row, _)| row.clone()).collect()).await.expect("written");
    tx.commit().await.expect("committed");
    rows
}

#[rstest]
#[tokio::test]
async fn the_database_passes_whom_the_engine_passes(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let database = TestDatabase::migrated(db).await;
    let store = Store::open(&database.url, &Options::default()).await.expect("opened");
    let at = Clock::fixed("2026-09-01T08:00:00Z".parse().expect("an instant"), 1).moment();
    let seed = seed();
    let mut random = random(seed);
    let rows = filled(&store, &mut random, &at).await;
    let homes: Vec<InstitutionId> =
        rows.iter().map(|(row, _)| row.institution_id).collect::<BTreeSet<_>>().into_iter().collect();
    let (mut exactly, mut partly) = (0, 0);
    let guards = count("guards_as_filters");
    for _ in 0..guards {
        let source = condition(&mut random, 3);
        if source.len() > 1024 {
            continue;
        }
        let guard = Eligibility::compile(&source, &BTreeMap::new())
            .unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        let holds = |(row, country): &&(Registration, &str)| {
            let student = Student::try_from(row.clone()).expect("a student");
            guard.holds(|fact: &Fact| of_student(&student, country, fact))
        };
        let mut wanted: Vec<RegistrationId> = rows.iter().filter(holds).map(|(row, _)| row.id).collect();
        wanted.sort_unstable();
        let (condition, exact) = eligible_students::condition(&guard.filter(), &|slot| guard.fact(slot));
        let mut passing = eligible_students::passing(store.read(), &homes, &condition)
            .await
            .unwrap_or_else(|error| panic!("{source}: {error}"));
        if exact {
            exactly += 1;
        } else {
            partly += 1;
            let all = passing.len();
            passing.retain(|id| wanted.contains(id));
            assert!(all >= wanted.len(), "{source}");
        }
        assert_eq!(passing, wanted, "{source}");
    }
    assert!(exactly > guards / 10 && partly > guards / 10, "{exactly} exact, {partly} in part");
    let result = format!("{exactly} said whole, {partly} in part, 60 students alike");
    measured(&format!("random guards as conditions of the database, {db:?}"), guards, seed, result);
}
