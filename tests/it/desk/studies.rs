//! What is entered for somebody: where they study, and who stands in for them.

use rstest::rstest;
use serde_json::json;

use super::{at_browser, between, filled, led, with};
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;

const STUDIES: [(&str, &str); 7] = [
    ("level", "second"),
    ("field", "0613"),
    ("year", "1"),
    ("credits", "27.5"),
    ("languages", "en:B2, de:A1"),
    ("student_no", "s-7"),
    ("esi", ""),
];

#[rstest]
#[tokio::test]
async fn a_registration_is_entered_and_changed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    cast.student("Anna").await;
    let admin = at_browser(&cast, "home_admin").await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let person = format!("/people/{}", cast.app.person(&address("Anna")).await);
    let form = format!("{person}/registrations/new");
    let usual = [&STUDIES[..], &[("institution", &alpha)]].concat();
    for (change, told) in [
        (&[("level", "")][..], "Fill this in."),
        (&[("level", "fourth")], "Choose from the list."),
        (&[("field", "physics")], "Write one code of ISCED-F 2013"),
        (&[("year", "first")], "from 1 to 20"),
        (&[("credits", "27.555")], "at most two decimals"),
        (&[("languages", "en")], "Write language and level"),
        (&[("institution", "nowhere")], "Choose from the list."),
    ] {
        let answer = admin.submit(&form, &form, &with(&usual, change)).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(told), "{told}: {text}");
        assert!(text.contains("value=\"s-7\""), "what was typed is kept: {text}");
    }
    let sent = admin.submit(&form, &form, &usual).await;
    assert_eq!(led(&sent), format!("{person}?done=registered"));
    assert_eq!(led(&admin.submit(&form, &form, &usual).await), led(&sent), "once");
    let sol = cast.who("secretariat");
    let all = sol.get(&format!("{person}/registrations")).await.ok();
    let all = all["items"].as_array().expect("a list").clone();
    let new: Vec<_> = all.iter().filter(|row| row["level"] == "second").collect();
    assert_eq!((all.len(), new.len()), (2, 1));
    assert_eq!(
        (&new[0]["credits"], &new[0]["student_no"], &new[0]["esi"]),
        (&json!(27.5), &json!("s-7"), &json!(null))
    );

    let edit = format!("{person}/registrations/{}/edit", id(new[0]));
    let shown = admin.get(&edit).await.text();
    assert!(shown.contains("value=\"27.5\"") && shown.contains("value=\"en:B2, de:A1\""), "{shown}");
    led(&filled(&admin, &edit, &with(&STUDIES, &[("year", "2"), ("credits", "30")])).await);
    let stale = with(&STUDIES, &[("year", "3"), ("version", "1")]);
    let stale = admin.submit(&edit, &edit, &stale).await;
    assert!(stale.status == 409 && stale.text().contains("value=\"3\""), "{}", stale.text());
    let now = sol.get(&format!("{person}/registrations")).await.ok();
    let now = now["items"].as_array().expect("a list").iter().find(|row| row["id"] == new[0]["id"]).cloned();
    assert_eq!(now.expect("there")["year"], 2);

    let (other, own) =
        (at_browser(&cast, "other_coordinator").await, at_browser(&cast, "home_coordinator").await);
    for stranger in [other, own] {
        assert_eq!(stranger.submit("/", &form, &usual).await.status, 404);
        assert_eq!(stranger.submit("/", &edit, &STUDIES).await.status, 404);
    }
}

#[rstest]
#[tokio::test]
async fn an_absence_of_somebody_else_is_entered_and_ended(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let admin = at_browser(&cast, "home_admin").await;
    let person = format!("/people/{}", cast.person("home_coordinator"));
    let head = cast.person("home_head").to_owned();
    let form = format!("{person}/absences/new");
    let usual = [("deputy", head.as_str()), ("from_on", "2026-09-10"), ("until_on", "2026-09-20")];
    for (change, told) in [
        (&[("deputy", "")][..], "Fill this in."),
        (&[("deputy", cast.person("host_head"))], "Choose from the list."),
        (&[("from_on", "soon")], "Write a day that exists."),
        (&[("until_on", "2026-09-09")], "Before the first day"),
    ] {
        let answer = admin.submit(&form, &form, &with(&usual, change)).await;
        assert!(answer.status == 422 && answer.text().contains(told), "{told}: {}", answer.text());
    }
    assert_eq!(led(&admin.submit(&form, &form, &usual).await), format!("{person}?done=away"));
    let again = with(&usual, &[("key", "k2")]);
    assert_eq!(admin.submit(&form, &form, &again).await.status, 409, "they are away already");
    let page = admin.get(&person).await.text();
    let absence = between(&page, "/absences/0", "/end").expect("a way to end it").to_owned();
    let end = format!("{person}/absences/0{absence}/end");
    assert!(admin.get(&end).await.text().contains("End this absence?"));
    assert_eq!(filled(&admin, &end, &[("version", "7")]).await.status, 409);
    assert!(led(&filled(&admin, &end, &[]).await).ends_with("?done=back"));
    assert!(led(&admin.submit(&person, &end, &[("version", "1")]).await).ends_with("?done=back"), "once");
    assert!(!admin.get(&person).await.text().contains(&end));
    assert_eq!(at_browser(&cast, "host_coordinator").await.submit("/", &form, &usual).await.status, 404);
}
