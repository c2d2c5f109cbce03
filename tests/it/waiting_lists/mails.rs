//! A mail about a waiting list says where its reader stands when it goes out, and says the same when it is tried again.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::json;
use sojourn::app::notices::NoticeFacts;
use sojourn::app::notifications::Outcome;

use super::{listed, post};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;

/// Positions told by the mails that are about to go out, by application; all others are sent.
async fn told(cast: &Cast) -> Vec<(String, usize, usize)> {
    loop {
        let at = cast.app.clock.moment();
        let lease = at.id();
        let claimed = cast.app.app.claim_notices(&at, lease, 500).await.expect("the database answers");
        let waits = |due: &&sojourn::app::notifications::Due| {
            due.letter.as_ref().is_ok_and(|letter| letter.notice == "on_waiting_list")
        };
        let others: Vec<_> = claimed.iter().filter(|due| !waits(due)).collect();
        if others.is_empty() {
            let mut told = Vec::new();
            for due in &claimed {
                let letter = due.letter.as_ref().expect("a letter");
                let NoticeFacts::Case(case) = &letter.facts else { panic!("a case") };
                let [one] = case.standing.as_slice() else { panic!("one list: {:?}", case.standing) };
                assert!(one.choice.contains("University of Omega"), "{}", one.choice);
                told.push((case.case.to_string(), one.position, one.of));
            }
            return told;
        }
        let sent: Vec<_> = others.iter().map(|due| (lease, (*due).clone(), Outcome::Sent)).collect();
        cast.app.app.settle_notices(&at, &sent).await.expect("the database answers");
        // Those that are kept back are claimed anew once their claim is over.
        cast.app.advance(TimeDelta::hours(1));
    }
}

#[rstest]
#[tokio::test]
async fn a_mail_about_a_waiting_list_says_where_its_reader_stands(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["Anna", "Berta", "Carla"]).await;
    let case = |at: usize| walks[at].case["id"].as_str().expect("an id").to_owned();
    let mut first = told(&cast).await;
    first.sort();
    let mut wanted = vec![(case(0), 1, 3), (case(1), 2, 3), (case(2), 3, 3)];
    wanted.sort();
    assert_eq!(first, wanted);

    walks[0].act("student", "withdraw").await;
    cast.app.advance(TimeDelta::hours(1));
    let again = told(&cast).await;
    let carla = walks[2].case["id"].as_str().expect("an id");
    assert!(again.contains(&(carla.to_owned(), 3, 3)), "a second try says what the first said: {again:?}");

    assert_eq!(walks[2].case["waiting_list"][0]["position"], json!(3));
}
