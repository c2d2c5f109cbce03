//! Messages about a case: two conversations, each read by its sides alone, told by mail, attached to, exported and erased.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
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
    let empty = visitor.submit_with(&page, &[("to", "home"), ("text", " ")], &[]).await;
    assert!(empty.status == 422 && empty.text().contains("between 1 and 5000"), "{}", empty.text());
    let early = visitor.submit_with(&page, &[("to", "host"), ("text", "I <b>hope</b> to come.")], &[]).await;
    assert!(early.status == 409 && early.text().contains("I &lt;b&gt;hope&lt;"), "{}", early.text());
    let sent = visitor.submit_with(&page, &[("to", "home"), ("text", "I <b>hope</b> to come.")], &[]).await;
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

const LETTER: &[u8] = b"%PDF-1.7\n1 0 obj<</Title(A letter)>>endobj\n%%EOF\n";

/// A message with files of its own.
async fn write(
    by: &Actor,
    path: &str,
    key: &str,
    fields: &[(&str, &str)],
    files: &[&'static [u8]],
) -> Answer {
    let said = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let form = said.fold(Form::new(), |form, (name, value)| form.text(name, value));
    let file = |form: Form, content: &&'static [u8]| {
        form.part("files", Part::bytes(*content).file_name("a letter.pdf"))
    };
    let form = files.iter().fold(form, file);
    send(by.request(Method::POST, path).header("Idempotency-Key", key).multipart(form)).await
}

#[rstest]
#[tokio::test]
async fn a_file_that_comes_with_a_message_is_for_those_who_read_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    for (who, event) in [("student", "submit"), ("home_coordinator", "find_eligible")] {
        walk.act(who, event).await;
    }
    let path = format!("{}/messages", walk.path());
    let paper = async |sent: Answer| {
        let location = sent.ok()["documents"][0].as_str().expect("a document").to_owned();
        format!("{}/documents/{location}", walk.path())
    };
    let slots = anna.get(&walk.path()).await.ok()["documents"].clone();
    let key = fresh_key();
    let first = write(&anna, &path, &key, &[("text", "My letter")], &[LETTER]).await;
    let again = write(&anna, &path, &key, &[("text", "My letter")], &[LETTER]).await;
    assert_eq!((again.status, &again.body), (201, &first.body), "the same request");
    let to_home = paper(first).await;
    let home = cast.who("home_coordinator");
    let read = home.get(&to_home).await;
    assert_eq!((read.status, &*read.body, read.header("content-type")), (200, LETTER, "application/pdf"));
    assert_eq!(anna.get(&to_home).await.body, LETTER);
    for stranger in ["secretariat", "other_coordinator", "host_coordinator", "chair"] {
        cast.who(stranger).get(&to_home).await.problem(404);
    }

    let listed = home.get(&format!("{}/documents", walk.path())).await.ok()["items"].clone();
    let message = home.get(&path).await.ok()["items"][0].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed[0]["message"], &listed[0]["label"]), (&message["id"], &json!("a letter.pdf")));
    assert_eq!(message["documents"], json!([listed[0]["id"]]));
    assert_eq!(anna.get(&walk.path()).await.ok()["documents"], slots, "it fills no slot");
    anna.delete(&to_home, &json!(1)).await.problem(409);
    let further = json!({ "text": "Once more", "documents": [listed[0]["id"]] });
    anna.post(&path, &further).await.problem(422);

    let refused = |files: &'static [&'static [u8]]| write(&anna, &path, "k", &[("text", "Look")], files);
    refused(&[b"MZ no paper"]).await.problem(415);
    let many = refused(&[LETTER, LETTER, LETTER, LETTER]).await.problem(422);
    assert_eq!(many["errors"][0]["pointer"], "/files");
    for fields in [&[("text", " ")][..], &[("text", "Look"), ("with_host", "maybe")], &[("txt", "Look")]] {
        write(&anna, &path, "k", fields, &[LETTER]).await.problem(422);
    }
    write(&anna, &path, "k", &[("text", "Look"), ("with_host", "true")], &[LETTER]).await.problem(409);
    write(cast.who("secretariat"), &path, "k", &[("text", "Look")], &[LETTER]).await.problem(403);
    let left = home.get(&format!("{}/documents", walk.path())).await.ok()["items"].clone();
    assert_eq!(left, listed, "nothing of what was refused stays");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_host_opens_what_was_sent_to_the_host_and_the_home_does_not(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    for (who, event) in [
        ("student", "submit"),
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
    ] {
        walk.act(who, event).await;
    }
    let path = format!("{}/messages", walk.path());
    let host = cast.who("host_coordinator");
    let to_host = &[("text", "For you alone"), ("with_host", "true")];
    for (by, other) in [(&anna, host), (host, &anna)] {
        let sent = write(by, &path, &fresh_key(), to_host, &[LETTER, LETTER]).await.ok();
        for document in sent["documents"].as_array().expect("documents") {
            let at = format!("{}/documents/{}", walk.path(), document.as_str().expect("an id"));
            assert_eq!(other.get(&at).await.body, LETTER);
            for stranger in ["home_coordinator", "second_coordinator", "secretariat"] {
                cast.who(stranger).get(&at).await.problem(404);
            }
        }
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn files_are_sent_from_the_page_and_opened_on_the_page_of_the_other_side(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    walk.act("student", "submit").await;
    let page = format!("/cases/{}/messages", id(&walk.case));
    let lasts = chrono::TimeDelta::days(1);
    let visitor = cast.app.browsing(&address("Anna"), lasts).await;
    let text = &[("to", "home"), ("text", "Here is my letter.")];

    for (files, told) in [
        (&[("a.pdf", &b"MZ no paper"[..])][..], "neither a PDF"),
        (&[("a.pdf", LETTER), ("b.pdf", LETTER), ("c.pdf", LETTER), ("d.pdf", LETTER)], "at most three"),
    ] {
        let refused = visitor.submit_with(&page, text, files).await;
        let shown = refused.text();
        assert!(refused.status == 422 && shown.contains(told), "{}: {shown}", refused.status);
        assert!(shown.contains("id=\"file-fault\"") && shown.contains("Here is my letter."), "{shown}");
    }
    let sent = visitor.submit_with(&page, text, &[("", b""), ("a letter.pdf", LETTER)]).await;
    assert_eq!(sent.header("location"), format!("{page}?done=sent"), "{}", sent.text());

    let home = cast.app.browsing(&address("home_coordinator"), lasts).await;
    let shown = home.get(&page).await.text();
    assert!(shown.contains("a letter.pdf"), "{shown}");
    let (_, rest) = shown.split_once(&format!("/cases/{}/documents/", id(&walk.case))).expect("a link");
    let at = format!("/cases/{}/documents/{}", id(&walk.case), rest.split('"').next().expect("an id"));
    assert_eq!(home.get(&at).await.body, LETTER);
    let stranger = cast.app.browsing(&address("other_coordinator"), lasts).await;
    assert_eq!((stranger.get(&at).await.status, stranger.get(&page).await.status), (404, 404));
    let case = home.get(&format!("/cases/{}", id(&walk.case))).await.text();
    assert!(!case.contains("a letter.pdf"), "it is no document of a slot: {case}");
}
