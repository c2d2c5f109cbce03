//! The same of forms that stand elsewhere than on the page of a case: links of mails, the queue, many at once, scores, messages.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::{Before, LASTS, page, up_to};
use crate::links::{links, referred};
use crate::support::actor::{etag, send};
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::{Visitor, seal};
use crate::walks::take;

const HOME: &str = "home_coordinator";

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn what_was_typed_by_a_link_of_a_mail_is_not_lost_after_it_has_ended(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[case] expires: bool,
) {
    let cast = Cast::of(db).await;
    let (mut walk, rae) = referred(&cast).await;
    let [path] = links(&walk, rae).await.try_into().expect("one link");
    let visitor = Visitor::new(&cast.app.address);
    let shown = visitor.get(&path).await.text();
    let refers = Before::on(visitor.clone(), &shown, ("/events", "refer"));
    let hands_on = Before::on(visitor, &shown, ("/hand-on", ""));
    let now = if expires {
        cast.app.advance(TimeDelta::days(200));
        "/renew\""
    } else {
        take(&mut walk, "withdraw").await;
        "<h1>"
    };
    refers.is_late(now).await;
    hands_on.is_late(now).await;
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn what_was_typed_in_the_queue_before_a_deadline_is_not_lost_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &merged(without_documents(), &json!({ "scores": true }))).await;
    let mut walk = up_to(&cast, &round, "Anna", "submit").await;
    let scored = cast.who(HOME).request(Method::PUT, &format!("{}/score", walk.path()));
    let scored = scored.header("If-Match", etag(&walk.seen_by(HOME).await["version"]));
    send(scored.json(&json!({ "score": 80 }))).await.ok();
    walk.look().await;
    for event in ["find_eligible", "allocate", "accept_offer"] {
        take(&mut walk, event).await;
    }
    let (case, review) = (page(&walk), format!("/queue/review/{}", id(&walk.case)));
    let nominates = Before::of(&cast, HOME, (&review, "/events", "nominate")).await;
    let scores = Before::of(&cast, HOME, (&review, "/score", "")).await;
    let scores_there = Before::of(&cast, HOME, (&case, "/score", "")).await;
    take(&mut walk, "!miss_nomination").await;
    for before in [nominates, scores, scores_there] {
        before.is_late("<h2 id=\"now\"><span class=\"state").await;
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn what_was_typed_for_many_before_a_deadline_is_not_lost_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = up_to(&cast, &round, "Anna", "TAKEN").await;
    let visitor = cast.app.browsing(&address(HOME), LASTS).await;
    let seal = seal(&visitor.get("/queue").await.text());
    let case = id(&walk.case).to_owned();
    let ticked = [("seal", seal.as_str()), ("case", case.as_str()), ("event", "nominate")];
    let chosen = send(visitor.form("/bulk/choose", &visitor.address, &ticked)).await.text();
    let fills = Before::on(visitor.clone(), &chosen, ("/bulk/preview", ""));
    let seen = fills.send().await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    let does = Before::on(visitor.clone(), &seen.text(), ("/bulk", ""));
    take(&mut walk, "!miss_nomination").await;

    fills.is_late("href=\"/queue\"").await;
    // It is tried, and its page says of each case why it was not done.
    let done = does.send().await;
    assert_eq!(done.status, 303, "{}", done.text());
    let told = visitor.get(done.header("location")).await.text();
    assert!(told.contains(&format!("/cases/{case}")) && told.contains("class=\"state failure"), "{told}");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_message_typed_before_the_other_side_went_is_not_lost_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = up_to(&cast, &round, "Anna", "APPROVED").await;
    let messages = format!("{}/messages", page(&walk));
    let mut student = Before::of(&cast, "Anna", (&messages, "/messages", "")).await;
    student.fields.retain(|(name, _)| name != "to");
    student.fields.push(("to".to_owned(), "host".to_owned()));
    let host = Before::of(&cast, "host_coordinator", (&messages, "/messages", "")).await;
    take(&mut walk, "!lapse").await;
    for before in [student, host] {
        let answer = before.send().await;
        let shown = answer.text();
        // Whoever still sees the other side has sent it.
        if answer.status != 303 {
            assert!([404, 409].contains(&answer.status), "{}: {shown}", answer.status);
            before.is_kept(&shown);
            assert!(shown.contains("class=\"button") || shown.contains("name=\"text\""), "{shown}");
        }
    }
    cast.verified().await;
}
