//! What waits for somebody: the first to end first, narrowed, paged, and in few statements however much there is.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::bulks::accepted;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items").iter();
    items.map(|task| task["application"]["applicant"]["name"].as_str().expect("a name").to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn the_first_to_end_comes_first_and_pages_follow_on_whatever_is_asked(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let home = cast.who("home_coordinator");
    let mut walks = accepted(&cast, &round, &["Zoe"]).await;
    for name in ["Anna", "Berta", "Carla"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        walks.push(walk);
        cast.app.advance(TimeDelta::days(1));
    }

    let all = home.get("/queue").await.ok();
    assert_eq!(names(&all), ["Anna Student", "Berta Student", "Carla Student", "Zoe Student"], "{all}");
    assert_eq!((&all["items"][0]["days"], &all["items"][0]["overdue"]), (&json!(3), &json!(false)));
    let first = home.get("/queue?limit=3").await.ok();
    let rest =
        home.get(&format!("/queue?limit=3&cursor={}", first["next"].as_str().expect("more"))).await.ok();
    assert_eq!((names(&first).len(), names(&rest)), (3, vec!["Zoe Student".to_owned()]));
    let asked = home.get("/queue?asks=event:nominate").await.ok();
    assert_eq!(names(&asked), ["Zoe Student"]);
    home.get("/queue?asks=event:nothing").await.problem(422);
    assert_eq!(names(&home.get("/queue?q=ber").await.ok()), ["Berta Student"]);
    let host = cast.at("Omega")["id"].as_str().expect("an id");
    assert_eq!(names(&home.get(&format!("/queue?host={host}")).await.ok()), ["Zoe Student"]);
    assert_eq!(names(&cast.who("host_coordinator").get("/queue").await.ok()), Vec::<String>::new());
    assert_eq!(
        names(&walks[1].student.get("/queue").await.ok()),
        Vec::<String>::new(),
        "one's own is not work"
    );

    cast.app.advance(TimeDelta::days(14));
    let late = home.get("/queue?overdue=true&limit=1").await.ok();
    assert_eq!((names(&late), &late["items"][0]["overdue"]), (vec!["Anna Student".to_owned()], &json!(true)));
    cast.app.advance(TimeDelta::minutes(1));
    let next = late["next"].as_str().expect("more");
    let later = home.get(&format!("/queue?overdue=true&limit=1&cursor={next}")).await.ok();
    assert_eq!(names(&later), ["Berta Student"], "a cursor fits a page that is asked for later");
}

#[rstest]
#[tokio::test]
async fn a_longer_queue_takes_no_more_statements(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let home = cast.who("home_coordinator");
    let mut counted = Vec::new();
    for name in ["Anna", "Berta", "Carla", "Dora"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        home.get("/queue").await.ok();
        cast.app.statements();
        home.get("/queue").await.ok();
        counted.push(cast.app.statements().len());
    }
    assert!(counted.iter().all(|number| *number == counted[0] && *number <= 14), "{counted:?}");
}
