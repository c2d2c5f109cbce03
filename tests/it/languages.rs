//! In which language pages come: as the reader's mails do; to whoever has not signed in as chosen, else as the browser asks.

use rstest::rstest;
use serde_json::json;

use crate::support::actor::send;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::visitor::{Visitor, hidden};

/// The language of a page that a browser asks for, with what it likes and the cookies it keeps.
async fn language(by: &Visitor, path: &str, likes: &str, cookies: Option<&str>) -> String {
    let request = by.asking(path).header("Accept-Language", likes);
    let request = cookies.into_iter().fold(request, |request, kept| request.header("Cookie", kept));
    let answer = send(request).await;
    let page = answer.text();
    assert_eq!(answer.status, 200, "{page}");
    let (_, rest) = page.split_once("<html lang=\"").expect("a language");
    let language = rest.split('"').next().unwrap_or_default().to_owned();
    assert_eq!(answer.header("content-language"), language);
    language
}

#[rstest]
#[tokio::test]
async fn pages_come_in_the_language_of_the_profile_whatever_the_browser_asks_for(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let pass = cast.app.pass(&address("host_coordinator"), chrono::TimeDelta::days(1)).await;
    let host = Visitor::with_pass(&cast.app.address, &pass);
    assert_eq!(language(&host, "/", "en", None).await, "zh-Hant");
    let chosen = format!("sojourn={pass}; sojourn-language=en");
    assert_eq!(language(&host, "/", "en", Some(&chosen)).await, "zh-Hant");

    // Of a language that only mails have, nothing is known here: the choice counts, then the browser.
    let me = format!("/people/{}", cast.person("host_coordinator"));
    let api = cast.who("host_coordinator");
    api.patch(&me, &json!(1), &json!({ "language": "de" })).await.ok();
    assert_eq!(language(&host, "/", "zh-TW", None).await, "zh-Hant");
    assert_eq!(language(&host, "/", "zh-TW", Some(&chosen)).await, "en");
    let page = host.get("/preferences").await.text();
    assert!(page.contains("<option value=\"de\" selected>"), "{page}");
}

#[rstest]
#[tokio::test]
async fn whoever_switches_the_language_reads_it_in_their_mails_too(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let home = cast.app.browsing(&address("home_coordinator"), chrono::TimeDelta::days(1)).await;
    let id = cast.person("home_coordinator").to_owned();
    let known = async || {
        let me = cast.who("home_coordinator").get(&format!("/people/{id}")).await.ok();
        (me["language"].clone(), me["version"].clone())
    };
    let switched = home.submit("/", "/language", &[("language", "zh-Hant"), ("back", "/cases")]).await;
    assert_eq!((switched.status, switched.header("location")), (303, "/cases"));
    assert_eq!(known().await, (json!("zh-Hant"), json!(2)));
    assert_eq!(language(&home, "/", "en", None).await, "zh-Hant");
    let record = cast.who("secretariat").get(&format!("/audit?about={id}")).await.ok();
    let change = &record["items"][0];
    assert_eq!(
        (&change["deed"], &change["person"], &change["changes"]),
        (&json!("change"), &json!(id), &json!(["language"])),
        "{record}"
    );
    home.submit("/", "/language", &[("language", "zh-Hant"), ("back", "/queue")]).await;
    home.submit("/", "/language", &[("language", "xx"), ("back", "/")]).await;
    assert_eq!(known().await, (json!("zh-Hant"), json!(2)), "nothing changed, so nothing is written");
}

#[rstest]
#[tokio::test]
async fn a_student_finds_their_language_among_the_preferences(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    cast.student("Anna").await;
    let anna = cast.app.browsing(&address("Anna"), chrono::TimeDelta::days(1)).await;
    assert!(anna.get("/").await.text().contains("href=\"/preferences\""));
    let page = anna.get("/preferences").await.text();
    assert!(page.contains("<option value=\"en\" selected>") && !page.contains("name=\"mails\""), "{page}");
    let version = hidden(&page, "version").expect("a version");
    let save = async |language: &str| {
        let fields = [("language", language), ("version", version.as_str())];
        anna.submit("/preferences", "/preferences", &fields).await
    };
    let wrong = save("xx").await;
    assert!(wrong.status == 422 && wrong.text().contains("id=\"language-fault\""), "{}", wrong.text());
    assert_eq!(save("zh-Hant").await.header("location"), "/preferences?done=saved");
    assert_eq!(language(&anna, "/preferences?done=saved", "en", None).await, "zh-Hant");
}

#[tokio::test]
async fn who_has_not_signed_in_reads_what_they_chose_then_what_the_browser_likes_then_english() {
    let cast = Cast::of(Db::Sqlite).await;
    let nobody = Visitor::new(&cast.app.address);
    assert_eq!(language(&nobody, "/login", "fr", None).await, "en");
    assert_eq!(language(&nobody, "/login", "fr, zh-TW;q=0.5", None).await, "zh-Hant");
    let chosen = nobody.submit("/login", "/language", &[("language", "en"), ("back", "/login")]).await;
    assert_eq!(chosen.status, 303);
    assert_eq!(language(&nobody, "/login", "zh-TW", None).await, "en", "the browser keeps the choice");
}
