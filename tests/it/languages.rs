//! In which language pages come: as the reader's mails do; to whoever has not signed in as chosen, else as the browser asks.

use rstest::rstest;
use serde_json::{Value, json};

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

const NAMES: [&str; 7] = ["Zürich", "臺灣大學", "北京大學", "Österreich", "Łódź", "山東大學", "Ångström"];

/// Where names stand on a page, one after the other; each stands there once.
fn order(page: &str) -> Vec<&'static str> {
    let place = |name: &&'static str| {
        let all: Vec<usize> = page.match_indices(&format!(">{name}<")).map(|(at, _)| at).collect();
        all.first().map(|at| (*at, *name))
    };
    let mut places: Vec<_> = NAMES.iter().filter_map(place).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, name)| name).collect()
}

/// Every name of the list of institutions, page after page.
async fn listed(by: &Visitor) -> Vec<String> {
    let (mut names, mut path) = (Vec::new(), "/institutions?kind=member".to_owned());
    loop {
        let page = by.get(&path).await.text();
        let (_, body) = page.split_once("<tbody>").expect("a table");
        let rows = body.split("<th scope=\"row\">").skip(1).filter_map(|row| row.split(['<', '>']).nth(2));
        names.extend(rows.map(str::to_owned));
        let Some((_, next)) = page.split_once("rel=\"next\" href=\"") else { return names };
        path = next.split('"').next().unwrap_or_default().replace("&amp;", "&").replace("&#x2f;", "/");
    }
}

#[rstest]
#[tokio::test]
async fn institutions_stand_in_the_order_of_the_readers_language(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let member =
        |name: &str| json!({ "kind": "member", "name": name, "country": "CH", "zone": "Europe/Zurich" });
    let numbered = (10..60).map(|number| member(&format!("Mid {number}")));
    for body in NAMES.into_iter().map(member).chain(numbered).collect::<Vec<Value>>() {
        sol.post("/institutions", &body).await.ok();
    }
    let reader = cast.app.browsing(crate::support::app::SECRETARIAT, chrono::TimeDelta::days(1)).await;
    let [zurich, taiwan, beijing, austria, lodz, shandong, angstrom] = NAMES;
    for (language, expected) in [
        ("en", [angstrom, lodz, austria, zurich, beijing, shandong, taiwan]),
        // By strokes, and before other scripts.
        ("zh-Hant", [shandong, beijing, taiwan, angstrom, lodz, austria, zurich]),
    ] {
        reader.submit("/", "/language", &[("language", language), ("back", "/")]).await;
        for page in ["/people", "/queue", "/reports/funnel", "/calls/new"] {
            let shown = reader.get(page).await.text();
            assert_eq!(order(&shown), expected, "{language} {page}");
        }
        let listed = listed(&reader).await;
        assert_eq!(listed.len(), NAMES.len() + 50 + 4, "each once: {listed:?}");
        let known: Vec<&str> =
            listed.iter().map(String::as_str).filter(|name| NAMES.contains(name)).collect();
        assert_eq!(known, expected, "{language}");
        let at = |name: &str| listed.iter().position(|one| one == name).expect("listed");
        assert!(at(lodz) < at("Mid 10") && at("Mid 10") < at("Mid 59") && at("Mid 59") < at(austria));
    }
}

#[rstest]
#[tokio::test]
async fn large_numbers_are_grouped_and_years_are_not(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(987_654, &crate::support::rounds::without_documents()).await;
    let home = cast.app.browsing(&address("home_coordinator"), chrono::TimeDelta::days(1)).await;
    for language in ["en", "zh-Hant"] {
        home.submit("/", "/language", &[("language", language), ("back", "/")]).await;
        let page = home.get("/places?by=pair,period").await.text();
        assert!(page.contains(">987,654<"), "{page}");
        assert!(page.contains("202") && !page.contains("2,02"), "{page}");
    }
    drop(round);
}
