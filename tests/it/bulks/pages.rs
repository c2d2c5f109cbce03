//! The pages of what waits and of many cases at once, over plain HTTP: what is wrong, doubled, stale or foreign.

use rstest::rstest;
use serde_json::{Value, json};

use super::accepted;
use crate::support::actor::{etag, send};
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{documents_at_will, without_documents};
use crate::support::visitor::{Visitor, hidden, seal};
use crate::support::walk::Walk;

/// Every value of the hidden fields of that name.
fn all_hidden(page: &str, name: &str) -> Vec<String> {
    let mark = format!("name=\"{name}\" value=\"");
    page.split(&mark)
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(value, _)| value.to_owned())
        .collect()
}

fn id(walk: &Walk<'_>) -> String {
    walk.case["id"].as_str().expect("an id").to_owned()
}

#[rstest]
#[tokio::test]
async fn many_are_nominated_from_the_page_of_a_partner_and_called_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta", "Carla"]).await;
    let home = cast.visitor("home_coordinator").await;

    let page = home.get("/nominations").await;
    assert!(page.status == 200 && page.text().contains("Nominate 3"), "{}", page.text());
    let (seal, cases) = (seal(&page.text()), all_hidden(&page.text(), "case"));
    assert_eq!(cases.len(), 3);
    let mut fields = vec![("seal", seal.as_str()), ("event", "nominate")];
    fields.extend(cases.iter().map(|case| ("case", case.as_str())));
    let chosen = send(home.form("/bulk/choose", &cast.app.address, &fields)).await;
    assert!(chosen.status == 200 && chosen.text().contains("no conflict of interest"), "{}", chosen.text());

    let empty = send(home.form("/bulk/preview", &cast.app.address, &fields)).await;
    assert!(empty.status == 422 && empty.text().contains("#do-nominate-no_conflict"), "{}", empty.text());
    let mut filled = fields.clone();
    filled.extend([("data.no_conflict", "true"), ("note", "As <b>talked</b> over.")]);
    let seen = send(home.form("/bulk/preview", &cast.app.address, &filled)).await;
    let text = seen.text();
    assert!(seen.status == 200 && text.contains("host_coordinator Omega"), "{text}");
    let (key, items) = (hidden(&text, "key").expect("a key"), all_hidden(&text, "item"));
    assert_eq!(items.len(), 3);

    let mut sure = vec![
        ("seal", seal.as_str()),
        ("key", key.as_str()),
        ("event", "nominate"),
        ("data", "{\"no_conflict\":true}"),
    ];
    sure.extend(items.iter().map(|item| ("item", item.as_str())));
    let mut to = String::new();
    for _ in 0..2 {
        let done = send(home.form("/bulk", &cast.app.address, &sure)).await;
        assert_eq!(done.status, 303, "{}", done.text());
        to = done.header("location").to_owned();
    }
    let page = home.get(&to).await.text();
    assert!(page.contains("/call-back") && page.contains("Anna Student"), "{page}");
    let version = hidden(&page, "version").expect("a version");
    let stale = [("key", "k-stale"), ("version", "99")];
    let stale = home.submit(&to, &format!("{to}/call-back"), &stale).await;
    assert!(stale.status == 409 && stale.text().contains("changed meanwhile"), "{}", stale.text());
    let back = [("key", "k-back"), ("version", version.as_str())];
    let back = home.submit(&to, &format!("{to}/call-back"), &back).await;
    assert_eq!((back.status, back.header("location")), (303, to.as_str()), "{}", back.text());
    assert!(home.get(&to).await.text().contains("called back"));
    for walk in &mut walks {
        walk.look().await;
        assert_eq!(walk.case["state"], "home_accepted");
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn forms_that_are_empty_foreign_or_cut_off_say_what_to_do(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walks = accepted(&cast, &round, &["Anna"]).await;
    let home = cast.visitor("home_coordinator").await;
    let case = id(&walks[0]);

    let none = home.submit("/queue", "/bulk/choose", &[]).await;
    assert!(none.status == 422 && none.text().contains("Nothing is ticked"), "{}", none.text());
    let junk = home.submit("/queue", "/bulk/choose", &[("case", "no id")]).await;
    assert_eq!(junk.status, 422);
    let unsealed = send(home.form("/bulk/choose", &cast.app.address, &[("case", case.as_str())])).await;
    assert_eq!(unsealed.status, 403);
    let unknown =
        home.submit("/queue", "/bulk/preview", &[("case", case.as_str()), ("event", "no such event")]).await;
    assert!(unknown.status == 409 && unknown.text().contains("Choose again"), "{}", unknown.text());
    let cut = home.submit("/queue", "/bulk", &[("event", "nominate"), ("item", "x")]).await;
    assert!(cut.status == 422 && cut.text().contains("begin anew"), "{}", cut.text());
    let long = "w".repeat(6_000);
    let long = [
        ("case", case.as_str()),
        ("event", "nominate"),
        ("data.no_conflict", "maybe"),
        ("note", long.as_str()),
    ];
    assert_eq!(home.submit("/queue", "/bulk/preview", &long).await.status, 422);
    assert_eq!(home.get("/bulk/019a7c3e-5b1f-7a20-8c44-1d2e3f405162").await.status, 404);

    let student = cast.visitor("Anna").await;
    for path in ["/queue", "/queue/review", "/nominations", "/incoming", "/arrivals", "/capacity"] {
        assert_eq!(student.get(path).await.status, 403, "{path}");
        assert!(
            Visitor::new(&cast.app.address).get(path).await.header("location").starts_with("/login?next=")
        );
        assert_eq!(home.get(path).await.status / 100, if path == "/queue/review" { 3 } else { 2 }, "{path}");
    }
    let foreign =
        home.get(&format!("/incoming?at={}", cast.at("Omega")["id"].as_str().expect("an id"))).await;
    assert_eq!(foreign.status, 404);
    let lost =
        Visitor::new(&cast.app.address).submit("/login", "/bulk/choose", &[("case", case.as_str())]).await;
    assert_eq!(lost.status, 401, "{}", lost.text());
}

#[rstest]
#[tokio::test]
async fn the_review_goes_on_to_the_next_and_a_return_marks_what_is_wrong(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let question =
        json!([{ "name": "why", "label": { "en": "Why there?", "zh-Hant": "原因" }, "kind": "text" }]);
    let rules = merged(documents_at_will("exchange"), &json!({ "scores": true, "form": question }));
    let round = cast.exchange(3, &rules).await;
    let mut walks = Vec::new();
    for name in ["Anna", "Berta"] {
        let student = cast.student(name).await;
        let mut walk =
            Walk::open_with(&cast, &round, &student, &json!({ "answers": { "why": "Because." } })).await;
        for slot in ["transcript", "motivation"] {
            student.upload(&walk.case, slot, "paper.pdf", b"%PDF-1.7\n%%EOF\n").await.ok();
            walk.look().await;
        }
        walk.act("student", "submit").await;
        walks.push(walk);
    }
    let home = cast.visitor("home_coordinator").await;
    let first = home.get("/queue/review?asks=event%3Areturn").await;
    let anna = first.header("location").to_owned();
    assert_eq!(
        anna,
        format!("/queue/review/{}?asks=event%3Areturn", id(&walks[0])),
        "the first to end comes first"
    );
    let page = home.get(&anna).await.text();
    assert!(
        page.contains("1 of 2") && page.contains("data-key=\"j\"") && !page.contains("data-key=\"k\""),
        "{page}"
    );
    let mut sources = page.split("src=\"").skip(1).filter_map(|part| part.split_once('"'));
    let look = sources.find(|(source, _)| source.contains("documents")).expect("a paper");
    let look = look.0.replace("&#x2f;", "/");
    let paper = home.get(&look).await;
    assert_eq!(
        (paper.header("content-disposition"), paper.header("x-frame-options")),
        ("inline", "SAMEORIGIN")
    );
    assert!(paper.header("content-security-policy").starts_with("default-src 'none'"));

    let door = format!("/queue/review/{}", id(&walks[0]));
    let version = hidden(&page, "version").expect("a version");
    let wrong = [("version", version.as_str()), ("score", "many"), ("back", "asks=event%3Areturn")];
    let wrong = home.submit(&anna, &format!("{door}/score"), &wrong).await;
    assert!(wrong.status == 422 && wrong.text().contains("value=\"many\""), "{}", wrong.text());
    let score = [("version", version.as_str()), ("score", "87.5"), ("back", "asks=event%3Areturn")];
    let scored = home.submit(&anna, &format!("{door}/score"), &score).await;
    assert!(scored.status == 303 && scored.header("location").ends_with("done=score"), "{}", scored.text());
    for form in [format!("{door}/score"), format!("/cases/{}/score", id(&walks[0]))] {
        let again = home.submit(&anna, &form, &score).await;
        assert!(again.status == 409 && again.text().contains("value=\"87.5\""), "{form}: {}", again.text());
    }

    let page = home.get(&anna).await.text();
    let version = hidden(&page, "version").expect("a version");
    let fields = |words: &str| {
        [
            ("version", version.clone()),
            ("event", "return".to_owned()),
            ("back", "asks=event%3Areturn".to_owned()),
            ("reason.code", "documents".to_owned()),
            ("reason.text", "Two things are missing.".to_owned()),
            ("mark.code:document:transcript", "unreadable".to_owned()),
            ("mark.text:document:transcript", words.to_owned()),
            ("mark.code:answer:why", "other".to_owned()),
            ("mark.text:answer:why", "More than one word.".to_owned()),
        ]
    };
    let post = async |words: &str| {
        let fields = fields(words);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        home.submit(&anna, &format!("{door}/events"), &fields).await
    };
    let unsaid = post("").await;
    assert!(unsaid.status == 409 && unsaid.text().contains("More than one word."), "{}", unsaid.text());
    let done = post("Page two is blurred.").await;
    let next = format!("/queue/review/{}?asks=event%3Areturn&done=step", id(&walks[1]));
    assert_eq!((done.status, done.header("location")), (303, next.as_str()), "{}", done.text());

    let student = cast.visitor("Anna").await;
    let page = student.get(&format!("/cases/{}", id(&walks[0]))).await.text();
    let beside = page.split("id=\"slot-transcript\"").nth(1).expect("the slot");
    assert!(beside.split("class=\"slot\"").next().expect("it").contains("Page two is blurred."), "{page}");
    assert!(page.contains("More than one word."), "{page}");
    let history = walks[0].history().await;
    let marks = &history.last().expect("a step")["marks"];
    assert_eq!(
        (&marks[0]["name"], &marks[0]["label"]),
        (&json!("Transcript of records (home)"), &json!("Unreadable"))
    );
    assert_eq!(marks[1]["name"], "Why there?");
    let sol = cast.who("secretariat");
    let mails = sol.get("/notifications?limit=200").await.ok();
    let returned =
        mails["items"].as_array().expect("mails").iter().find(|one| one["notice"] == "corrections_needed");
    let returned: &Value = returned.expect("a mail");
    assert_eq!(etag(&json!(1)), "\"1\"");
    assert_eq!(returned["status"], "queued");
}

#[rstest]
#[tokio::test]
async fn a_host_sees_what_comes_in_by_home_and_term_and_who_arrives(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta"]).await;
    for walk in &mut walks {
        walk.act("home_coordinator", "nominate").await;
    }
    let host = cast.visitor("host_head").await;
    let english = async |path: &str| {
        send(host.form(
            "/language",
            &cast.app.address,
            &[("seal", &seal(&host.get("/queue").await.text())), ("language", "en"), ("back", "/queue")],
        ))
        .await;
        host.get(path).await.text()
    };
    let page = english("/incoming").await;
    assert!(page.contains("University of Alpha") && page.contains("Berta Student"), "{page}");
    let one = format!(
        "/incoming?home={}&period={}",
        cast.at("Alpha")["id"].as_str().expect("an id"),
        round.offerings[0]["period"].as_str().expect("an id")
    );
    assert!(host.get(&one).await.text().contains("Anna Student"));
    let other = format!("/incoming?home={}", cast.at("Gamma")["id"].as_str().expect("an id"));
    assert!(!host.get(&other).await.text().contains("Anna Student"));
    assert!(!host.get("/arrivals").await.text().contains("Anna Student"));

    walks[0].act("host_coordinator", "acknowledge").await;
    walks[0].act("host_coordinator", "approve").await;
    walks[0].act("student", "confirm").await;
    let expected = host.get("/arrivals").await.text();
    assert!(expected.contains("Anna Student") && !expected.contains("Berta Student"), "{expected}");
    let fields = [("case", id(&walks[0]))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let chosen = host.submit("/arrivals", "/bulk/choose", &fields).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text());
    for show in ["here", "absent"] {
        assert!(!host.get(&format!("/arrivals?show={show}")).await.text().contains("Anna Student"));
    }
    let host = cast.visitor("host_coordinator").await;
    let capacity = host.get("/capacity").await.text();
    assert!(capacity.contains("University of Alpha"), "{capacity}");
}
