//! A run that is killed between its batches is carried to its end by whoever comes after, with nothing doubled or missed.

use reqwest::Method;
use rstest::rstest;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_entities::{call, history, place_line};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::app::PASSWORD;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::offers::id;
use crate::support::process::{Server, run, sojourn};
use crate::support::season::Season;

/// Looks at a run before the test gives it up.
const LOOKS: usize = 4_000;

fn serve(season: &Season) -> Server {
    let settings = season.settings();
    let environment: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
    let mut command = sojourn(season.database.folder.path(), &environment);
    command.args(["serve", "--bind", "127.0.0.1:0"]);
    Server::start(command)
}

/// Opens, submits and finds eligible so many applications of some students.
async fn apply(season: &Season, server: &Server, home: &Actor, many: u64) {
    let mut students = Vec::new();
    for email in &season.students {
        students.push(Actor::signed_in(&server.address, email, PASSWORD).await);
    }
    for nth in 0..usize::try_from(many).expect("few") {
        let student = &students[nth % students.len()];
        let case = season.apply(student, 0).await;
        let case = student.fire(&case, "submit", json!({})).await.ok();
        let seen = home.get(&format!("/applications/{}", id(&case))).await.ok();
        home.fire(&seen, "find_eligible", json!({})).await.ok();
    }
}

/// The call has closed, and its line has so many places.
async fn close(conn: &DatabaseConnection, home: &Actor, places: i64) {
    let day = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day");
    let closed = call::Entity::update_many()
        .col_expr(call::Column::OpensOn, Expr::value(day))
        .col_expr(call::Column::ClosesOn, Expr::value(day));
    closed.exec(conn).await.expect("closed");
    let line = place_line::Entity::find().one(conn).await.expect("read").expect("a line");
    let path = format!("/place-lines/{}", line.id);
    let seen = home.get(&path).await.ok();
    let body =
        json!({ "amount": places - seen["capacity"].as_i64().expect("a number"), "reason": "As agreed." });
    let post =
        home.request(Method::POST, &format!("{path}/postings")).header("If-Match", etag(&seen["version"]));
    send(post.header("Idempotency-Key", fresh_key()).json(&body)).await.ok();
}

async fn confirmed(home: &Actor, path: &str) -> Value {
    let run = home.post(path, &json!({})).await.ok();
    let request = home.request(Method::POST, &format!("{path}/{}/confirm", id(&run)));
    let request = request.header("If-Match", etag(&run["version"])).json(&json!({}));
    send(request.header("Idempotency-Key", fresh_key())).await.ok()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_again_and_again_ends_with_everybody_moved_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let many = count("allocated_under_kills");
    let season = Season::open(db, 4, 1).await;
    let mut server = serve(&season);
    let email = "coordinator@alpha.example";
    let home = Actor::signed_in(&server.address, email, PASSWORD).await;
    apply(&season, &server, &home, many).await;
    let conn = season.database.connect().await;
    let places = many * 2 / 3;
    close(&conn, &home, i64::try_from(places).expect("few")).await;
    let path = format!("/calls/{}/allocations", season.calls[0]);
    let confirmed = confirmed(&home, &path).await;
    assert_eq!((&confirmed["total"], &confirmed["placed"]), (&json!(many), &json!(places)));

    let token = home.token().expect("a token");
    let (mut done, mut met, mut kills) = (0, Vec::new(), 0);
    for _ in 0..LOOKS {
        server.kill();
        kills += 1;
        server = serve(&season);
        let by = Actor::stranger(&server.address).with_token(&token);
        // Each server gets as far as one batch at least.
        let run = loop {
            let run = by.get(&format!("{path}/{}", id(&confirmed))).await.ok();
            if run["done"].as_u64() > Some(done) || run["status"] == "done" {
                break run;
            }
        };
        done = run["done"].as_u64().expect("a number");
        met.push(done);
        if run["status"] == "done" {
            break;
        }
    }
    server.stop();

    assert_eq!(done, many, "{met:?}");
    assert!(met.iter().any(|done| *done > 0 && *done < many), "killed in between: {met:?}");
    for (event, expected) in [("allocate", places), ("waitlist", many - places), ("not_select", 0)] {
        let steps = history::Entity::find().filter(history::Column::Event.eq(event));
        assert_eq!(steps.count(&conn).await.expect("counted"), expected, "{event}");
    }
    let settings = season.settings();
    let environment: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
    let verified = run(season.database.folder.path(), &environment, &["verify"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success(), "{said}{}", String::from_utf8_lossy(&verified.stderr));
    measured(
        &format!("Applications of a run that is killed between its batches, {db:?}"),
        many,
        "",
        format!("{kills} kills, each moved once; it stood at {met:?}"),
    );
}
