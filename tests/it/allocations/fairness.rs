//! Who got which choice of a run, to read, to count on and to paste into a report.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::{Stand, id};
use crate::support::actor::send;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::visitor::Visitor;

#[rstest]
#[tokio::test]
async fn the_fairness_of_a_run_is_read_as_json_a_table_and_a_picture(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    // Whoever has set a password signs in with it: earlier sessions are over.
    for part in ["home_coordinator", "other_coordinator"] {
        cast.app.accept(&address(part)).await;
    }
    stand.close();
    let home = cast.app.sign_in(&address("home_coordinator")).await;
    let run = home.post(&stand.path(), &json!({})).await.ok();
    let path = format!("{}/fairness", stand.at(&run));
    let view = home.get(&path).await.ok();
    assert_eq!((&view["groups"], &view["number"]), (&run["fairness"], &json!(1)));
    assert_eq!(
        (&view["run"], &view["digest"], &view["status"]),
        (&run["id"], &run["digest"], &json!("trial"))
    );
    let by: Vec<&str> =
        view["groups"].as_array().expect("groups").iter().filter_map(|one| one["by"].as_str()).collect();
    assert_eq!(by, ["all", "home", "level", "field"]);

    let accepting = async |kind: &str, language: &str| {
        let request = home.request(Method::GET, &path).header("Accept", kind);
        send(request.header("Accept-Language", language)).await
    };
    let table = accepting("text/csv", "en").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "by,is,name,students,choice_1,percent_within_1,choice_2,percent_within_2,unplaced,percent_unplaced"
        )
    );
    assert_eq!(lines.next(), Some("all,,,5,2,40.0,2,80.0,1,20.0"));
    assert!(
        lines.next().is_some_and(|line| line.starts_with("home,") && line.contains("University of Alpha"))
    );
    let picture = accepting("image/svg+xml", "en").await;
    assert_eq!(picture.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    let text = picture.text();
    for part in
        ["Run 1: who got which choice", "<desc id", "Everybody (applications: 5)", "first choice 40.0 %"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let chinese = accepting("image/svg+xml", "zh-Hant").await.text();
    assert!(chinese.contains("第一志願 40.0 %"), "{chinese}");

    for stranger in ["host_coordinator", "home_academic"] {
        cast.who(stranger).get(&path).await.problem(404);
    }
    stand.walks[0].student.get(&path).await.problem(404);
    cast.who("secretariat").get(&path).await.ok();

    let page = stand.at(&run);
    let visitor = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    let shown = visitor.get(&page).await.text();
    assert!(shown.contains("/fairness.svg") && shown.contains("who got which choice</title>"), "{shown}");
    let file = visitor.get(&format!("{page}/fairness.csv")).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(visitor.get(&format!("{page}/fairness.svg")).await.header("content-type"), "image/svg+xml");
    assert_eq!(visitor.get(&format!("{page}/fairness.pdf")).await.status, 404);
    let other = Visitor::signed_in(&cast.app.address, &address("other_coordinator")).await;
    assert_eq!(other.get(&format!("{page}/fairness.csv")).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn confirmed_runs_are_a_report_by_call(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    stand.close();
    let path = "/reports/allocation";
    let run = stand.trial().await;
    assert_eq!(stand.home().get(path).await.ok()["calls"], json!([]), "a trial gives nobody anything");
    stand.confirm(stand.home(), &run).await.ok();
    stand.trial().await;
    let call = &stand.round.call["id"];
    for part in ["home_coordinator", "secretariat", "chair"] {
        let view = cast.who(part).get(path).await.ok();
        assert_eq!(
            (&view["ranks"], view["calls"].as_array().map(Vec::len)),
            (&json!(2), Some(1)),
            "{part}: {view}"
        );
        let one = &view["calls"][0];
        assert_eq!((&one["call"], &one["runs"], &one["groups"]), (call, &json!(1), &run["fairness"]));
        assert_eq!(one["title"], "Spring 2027");
    }
    for part in ["other_coordinator", "host_coordinator"] {
        assert_eq!(cast.who(part).get(path).await.ok()["calls"], json!([]), "{part}");
    }
    stand.walks[0].student.get(path).await.problem(403);
    let sol = cast.who("secretariat");
    for (query, of, many) in
        [("home", cast.at("Alpha"), 1), ("home", cast.at("Gamma"), 0), ("call", &stand.round.call, 1)]
    {
        let query = format!("{query}={}", id(of));
        let view = sol.get(&format!("{path}?{query}")).await.ok();
        assert_eq!(view["calls"].as_array().map(Vec::len), Some(many), "{query}");
    }
    assert_eq!(sol.get(&format!("{path}?host={}", id(cast.at("Omega")))).await.status, 400);

    let table = send(sol.request(Method::GET, path).header("Accept", "text/csv")).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    assert!(text.starts_with("call_id,call,runs,by,is,name,students,choice_1,percent_within_1,"), "{text}");
    let all = format!("{},Spring 2027,1,all,,,5,2,40.0,2,80.0,1,20.0", id(&stand.round.call));
    assert_eq!(text.lines().nth(1), Some(all.as_str()));
    let page = cast.app.browsing(&address("host_coordinator"), TimeDelta::hours(12)).await;
    let shown = page.get(path).await.text();
    assert!(
        shown.contains("aria-current=\"page\">公平性") && shown.contains("尚無已確認的分發。"),
        "{shown}"
    );
    let page = cast.app.browsing(&address("home_coordinator"), TimeDelta::hours(12)).await;
    let shown = page.get(path).await.text();
    for part in
        ["<desc id", "Everybody (applications: 5)", "2 <small>(80.0 %)</small>", "University of Alpha</th>"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(page.get(&format!("{path}.csv?call={}", id(&stand.round.call))).await.body, table.body);
    assert_eq!(page.get(&format!("{path}.svg")).await.header("content-type"), "image/svg+xml");
}
