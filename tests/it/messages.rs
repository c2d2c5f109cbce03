//! Messages about a case: two conversations, each read by its sides alone, told by mail, attached to, exported and erased.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;

/// Who was told of messages, by their parts.
async fn told(cast: &Cast) -> Vec<&'static str> {
    let page = cast.who("secretariat").get("/notifications?limit=200").await.ok();
    let items = page["items"].as_array().expect("notices").iter();
    let of_messages = items.filter(|one| one["notice"] == "message_received");
    let mut told: Vec<_> =
        of_messages.map(|one| cast.part(one["recipient_id"].as_str().expect("a person"))).collect();
    told.sort_unstable();
    told
}

fn texts(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|one| one["text"].as_str().expect("a text"))
        .collect()
}

#[rstest]
#[tokio::test]
async fn applicant_home_and_host_write_to_each_other_and_nobody_else_reads(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    let path = format!("{}/messages", walk.path());
    let say = |text: &str| json!({ "text": text });

    anna.post(&path, &say("Is anybody there?")).await.problem(409);
    walk.act("student", "submit").await;
    let sent = anna.post(&path, &say("May I hand my transcript in later?")).await.ok();
    assert_eq!((&sent["with_host"], &sent["by_applicant"]), (&json!(false), &json!(true)));
    assert_eq!(told(&cast).await, ["home_coordinator"]);
    let home = cast.who("home_coordinator");
    home.post(&path, &say("Yes, until Friday.")).await.ok();
    assert_eq!(told(&cast).await, ["home_coordinator", "student"]);
    assert_eq!(
        texts(&anna.get(&path).await.ok()),
        ["Yes, until Friday.", "May I hand my transcript in later?"]
    );
    assert_eq!(texts(&home.get(&path).await.ok()).len(), 2);

    // No host yet, and nobody for whom the case is not.
    anna.post(&path, &json!({ "text": "Hello", "with_host": true })).await.problem(409);
    home.post(&path, &json!({ "text": "Hello", "with_host": true })).await.problem(403);
    for (who, status) in [("host_coordinator", 404), ("other_coordinator", 404)] {
        cast.who(who).get(&path).await.problem(status);
        cast.who(who).post(&path, &say("Hello")).await.problem(status);
    }
    let secretariat = cast.who("secretariat");
    assert_eq!(
        secretariat.get(&path).await.ok()["items"],
        json!([]),
        "what is said is not the secretariat's"
    );
    secretariat.post(&path, &say("Hello")).await.problem(403);

    for wrong in
        [json!({}), say(""), say("   "), say(&"x".repeat(5001)), json!({ "text": "x", "to": "host" })]
    {
        anna.post(&path, &wrong).await.problem(422);
    }
    let foreign = json!({ "text": "Look", "documents": ["01990000-0000-7000-8000-000000000000"] });
    anna.post(&path, &foreign).await.problem(422);
}

#[rstest]
#[tokio::test]
async fn the_page_of_messages_sends_and_keeps_what_was_typed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    walk.act("student", "submit").await;
    let page = format!("/cases/{}/messages", id(&walk.case));
    cast.app.accept(&address("Anna")).await;
    let visitor = Visitor::signed_in(&cast.app.address, &address("Anna")).await;
    let empty = visitor.submit(&page, &page, &[("to", "home"), ("text", " ")]).await;
    assert!(empty.status == 422 && empty.text().contains("between 1 and 5000"), "{}", empty.text());
    let early = visitor.submit(&page, &page, &[("to", "host"), ("text", "I <b>hope</b> to come.")]).await;
    assert!(early.status == 409 && early.text().contains("I &lt;b&gt;hope&lt;"), "{}", early.text());
    let sent = visitor.submit(&page, &page, &[("to", "home"), ("text", "I <b>hope</b> to come.")]).await;
    assert_eq!((sent.status, sent.header("location")), (303, format!("{page}?done=sent").as_str()));
    let shown = visitor.get(&format!("{page}?done=sent")).await.text();
    assert!(
        shown.contains("I &lt;b&gt;hope&lt;&#x2f;b&gt; to come.") && shown.contains("role=\"status\""),
        "{shown}"
    );
    cast.app.accept(&address("other_coordinator")).await;
    let other = Visitor::signed_in(&cast.app.address, &address("other_coordinator")).await;
    assert_eq!(other.get(&page).await.status, 404);
}
