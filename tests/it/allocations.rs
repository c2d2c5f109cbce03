//! Allocations: tried, compared, explained, checked offline, confirmed, and carried out with nothing doubled or missed.

mod alliance;
mod archive;
mod displaced;
mod fairness;
mod kills;
mod load;
mod meanwhile;
mod pages;
mod stand;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::actor::{etag, fresh_key, send};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::process::run;
use crate::support::walk::Walk;

use stand::{Stand, in_chinese, scored};

#[rstest]
#[tokio::test]
async fn a_trial_gives_places_by_score_and_says_why(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    let early = stand.home().post(&stand.path(), &json!({})).await.problem(409);
    assert!(early["detail"].as_str().expect("words").contains("2026-09-30T21:59:59Z"), "{early}");
    stand.close();

    let run = stand.trial().await;
    assert_eq!((&run["status"], &run["number"]), (&json!("trial"), &json!(1)));
    assert_eq!((&run["total"], &run["placed"], &run["unplaced"]), (&json!(5), &json!(4), &json!(1)));
    assert_eq!(run["rule"], "deferred_acceptance");
    let all = &run["fairness"][0];
    assert_eq!((&all["by"], &all["by_rank"], &all["unplaced"]), (&json!("all"), &json!([2, 2]), &json!(1)));
    assert_eq!(all["within"], json!([400, 800]));
    let seed = run["seed"].as_str().expect("a seed");
    let call = stand.home().get(&format!("/calls/{}", id(&stand.round.call))).await.ok();
    assert_eq!(call["seed_commitment"], hex::encode(Sha256::digest(seed)), "the seed was promised before");
    assert!(call.get("seed").is_none());
    assert_eq!(stand.taken().await, [(0, 0), (0, 0)], "a trial holds nothing");

    let edda = format!("{}/explanations/{}", stand.at(&run), id(&stand.walks[4].case));
    let told = stand.home().get(&edda).await.ok();
    assert!(told["got"].is_null());
    let because = told["choices"][0]["because"].as_str().expect("words");
    assert!(
        because.contains("All 2 places at University of Omega") && because.contains("score 80.5"),
        "{because}"
    );
    assert_eq!(told["choices"][0]["reason"]["code"], "full");
    let told = in_chinese(stand.home(), &edda).await;
    assert!(told["choices"][1]["because"].as_str().expect("words").contains("的 2 個名額均已分發"), "{told}");
    let carla = format!("{}/explanations/{}", stand.at(&run), id(&stand.walks[2].case));
    let told = stand.home().get(&carla).await.ok();
    assert_eq!((&told["got"], &told["choices"][1]["reason"]["code"]), (&json!(2), &json!("placed")));
    stand.walks[4].student.get(&edda).await.problem(404);

    for stranger in ["other_coordinator", "host_coordinator", "home_academic"] {
        let by = cast.who(stranger);
        by.get(&stand.at(&run)).await.problem(404);
        by.get(&edda).await.problem(404);
        by.get(&format!("{}/file", stand.at(&run))).await.problem(404);
        stand.confirm(by, &run).await.problem(404);
        by.post(&stand.path(), &json!({})).await.problem(403);
        assert_eq!(by.get(&stand.path()).await.ok()["items"], json!([]));
    }
    let sol = cast.who("secretariat");
    sol.get(&stand.at(&run)).await.ok();
    sol.get(&edda).await.ok();
    assert_eq!(stand.home().get(&stand.path()).await.ok()["items"][0]["id"], run["id"]);
    let wrong = json!({ "homes": [cast.at("Gamma")["id"]] });
    stand.home().post(&stand.path(), &wrong).await.problem(422);
}

#[rstest]
#[tokio::test]
async fn two_runs_are_compared_and_a_file_is_checked_without_the_service(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    stand.close();
    let first = stand.trial().await;
    let again = stand.trial().await;
    assert_eq!((&again["digest"], &again["since"]["changed"]), (&first["digest"], &json!(0)));
    scored(&stand.walks[4], 95.0).await;
    let third = stand.trial().await;
    assert_eq!((&third["since"]["run"], &third["since"]["changed"]), (&again["id"], &json!(3)));
    let of = |walk: usize| {
        let changes = third["since"]["changes"].as_array().expect("changes").iter();
        let mut own = changes.filter(|change| change["application"] == stand.walks[walk].case["id"]);
        own.next().unwrap_or_else(|| panic!("no change of {walk}: {third}"))
    };
    assert_eq!((&of(4)["before"], &of(4)["after"]["rank"]), (&Value::Null, &json!(1)));
    assert_eq!(of(4)["causes"][0]["code"], "score_changed");
    assert_eq!((&of(1)["after"]["rank"], &of(1)["causes"][0]["code"]), (&json!(2), &json!("others")));
    assert_eq!((&of(3)["after"], &of(3)["causes"][0]["code"]), (&Value::Null, &json!("others")));

    let folder = tempfile::tempdir().expect("a folder");
    let file = stand.home().get(&format!("{}/file", stand.at(&third))).await.ok();
    let check = |name: &str, file: &Value| {
        std::fs::write(folder.path().join(name), file.to_string()).expect("written");
        let ran = run(folder.path(), &[], &["allocation", "verify", name]);
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (sound, said) = check("run.json", &file);
    assert!(sound && said.contains("5 applications, 4 of them placed"), "{said}");
    let mut forged = file.clone();
    let mut placed = forged["outcome"]["placed"].as_array_mut().expect("a list").iter_mut();
    placed.find(|one| !one["got"].is_null()).expect("somebody")["got"] = Value::Null;
    let (sound, said) = check("forged.json", &forged);
    assert!(
        !sound && said.contains("would rather have choice") && said.contains("another outcome"),
        "{said}"
    );
    let mut forged = file.clone();
    forged["input"]["rules"]["seed"] = json!("mine");
    let (sound, said) = check("seed.json", &forged);
    assert!(!sound && said.contains("not the one that the call promised"), "{said}");
    let (sound, said) = check("none.json", &json!({ "format": "sojourn allocation 1" }));
    assert!(!sound && said.contains("no file of an allocation"), "{said}");
    let missing = run(folder.path(), &[], &["allocation", "verify", "nowhere.json"]);
    assert!(!missing.status.success());
}

#[rstest]
#[tokio::test]
async fn an_application_without_a_score_is_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    stand.close();
    let path = format!("{}/score", stand.walks[1].path());
    let seen = stand.walks[1].seen_by("home_coordinator").await;
    let request = stand.home().request(Method::PUT, &path).header("If-Match", etag(&seen["version"]));
    send(request.json(&json!({ "score": null }))).await.ok();
    let refused = stand.home().post(&stand.path(), &json!({})).await.problem(422);
    let errors = refused["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{refused}");
    assert_eq!(errors[0]["pointer"], format!("/applications/{}", id(&stand.walks[1].case)));
    let code = seen["reference"].as_str().expect("a code");
    let who = format!("{code} {}", seen["applicant"]["name"].as_str().expect("a name"));
    assert_eq!(
        errors[0]["detail"],
        format!("this call scores applications, and that of {who} has no score: enter it first")
    );
}

#[rstest]
#[tokio::test]
async fn a_confirmed_run_holds_its_places_at_once_and_moves_everybody_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = Stand::of(&cast, &json!({ "results_on": "2026-10-01" })).await;
    stand.close();
    let first = stand.trial().await;
    let mut unread = first.clone();
    unread["version"] = json!(7);
    stand.confirm(stand.home(), &unread).await.problem(412);
    scored(&stand.walks[4], 95.0).await;
    let refused = stand.confirm(stand.home(), &first).await.problem(409);
    assert_eq!(refused["type"], "/problems/outdated");
    let change = &refused["changes"][0];
    assert_eq!((&change["code"], &change["application"]), (&json!("score"), &stand.walks[4].case["id"]));
    assert_eq!((&change["was"], &change["is"]), (&json!("50"), &json!("95")));
    let line = format!("/place-lines/{}/postings", id(&stand.round.lines[0]));
    let second = stand.trial().await;
    let seen = stand.home().get(&format!("/place-lines/{}", id(&stand.round.lines[0]))).await.ok();
    let more = stand.home().request(Method::POST, &line).header("If-Match", etag(&seen["version"]));
    let more = more.header("Idempotency-Key", fresh_key());
    send(more.json(&json!({ "amount": -1, "reason": "Fewer." }))).await.ok();
    let refused = stand.confirm(stand.home(), &second).await.problem(409);
    let change = &refused["changes"][0];
    assert_eq!((&change["code"], &change["line"]), (&json!("capacity"), &stand.round.lines[0]["id"]));
    assert_eq!((&change["was"], &change["is"]), (&json!("2"), &json!("1")));
    assert_eq!(stand.taken().await, [(0, 0), (0, 0)]);
    cast.verified().await;

    let run = stand.trial().await;
    let key = fresh_key();
    let confirm = || {
        let request = stand.home().request(Method::POST, &format!("{}/confirm", stand.at(&run)));
        let request = request.header("If-Match", etag(&run["version"])).json(&json!({}));
        send(request.header("Idempotency-Key", &key))
    };
    let confirmed = confirm().await;
    assert_eq!((confirmed.ok()["status"].clone(), &confirmed.ok()["done"]), (json!("confirmed"), &json!(0)));
    assert_eq!(confirm().await.body, confirmed.body, "a repeat gets the same answer");
    assert_eq!(stand.taken().await, [(1, 0), (2, 0)], "held at once");
    cast.verified().await;
    let edda = stand.walks[1].seen_by("home_coordinator").await;
    let choice = json!({ "choice": stand.walks[1].choice(2) });
    let refused = stand.home().fire(&edda, "allocate", choice).await.problem(409);
    assert_eq!(refused["refusal"]["code"], "no_place", "other holds cannot take them: {refused}");

    stand.carry().await;
    let done = stand.home().get(&stand.at(&run)).await.ok();
    assert_eq!((&done["status"], &done["done"], &done["missed"]), (&json!("done"), &json!(5), &json!([])));
    assert_eq!(
        stand.states().await,
        ["allocated", "allocated", "waitlisted", "waitlisted", "allocated"],
        "{done}"
    );
    assert_eq!(stand.taken().await, [(1, 0), (2, 0)]);
    cast.verified().await;
    stand.carry().await;
    for walk in &stand.walks {
        let steps = walk.history().await;
        let by_run = steps
            .iter()
            .filter(|step| ["allocate", "waitlist"].contains(&step["event"].as_str().unwrap_or("")));
        assert_eq!(by_run.count(), 1, "once each");
    }
    let edda = &stand.walks[4];
    let told = edda.student.get(&format!("{}/explanations/{}", stand.at(&run), id(&edda.case))).await.ok();
    assert_eq!((&told["got"], &told["choices"][0]["reason"]["code"]), (&json!(1), &json!("placed")));
    let other = format!("{}/explanations/{}", stand.at(&run), id(&stand.walks[0].case));
    edda.student.get(&other).await.problem(404);
    stand.confirm(stand.home(), &done).await.problem(409);
    let entries = cast.who("secretariat").get("/audit?subject=allocation&deed=approve").await.ok();
    assert_eq!(entries["items"].as_array().expect("entries").len(), 1);
}

#[rstest]
#[tokio::test]
async fn whoever_has_moved_on_meanwhile_is_passed_over_and_their_place_is_free(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = Stand::of(&cast, &json!({ "waiting_list": false, "results_on": "2026-10-01" })).await;
    stand.close();
    let run = stand.trial().await;
    stand.confirm(stand.home(), &run).await.ok();
    stand.walks[1].look().await;
    stand.walks[1].act("student", "withdraw").await;
    cast.verified().await;

    stand.carry().await;
    let done = stand.home().get(&stand.at(&run)).await.ok();
    assert_eq!((&done["status"], &done["done"]), (&json!("done"), &json!(5)));
    assert_eq!(done["missed"].as_array().expect("a list").len(), 1, "{done}");
    assert_eq!(done["missed"][0]["application"], stand.walks[1].case["id"]);
    assert_eq!(done["missed"][0]["refusal"]["code"], "not_from_here");
    assert_eq!(
        stand.states().await,
        ["allocated", "withdrawn", "allocated", "allocated", "not_selected"],
        "without a waiting list the last is not selected"
    );
    assert_eq!(stand.taken().await, [(1, 0), (2, 0)], "the place of whoever withdrew is free again");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_place_of_whoever_has_moved_on_goes_to_the_first_on_the_list(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = Stand::of(&cast, &json!({ "waiting_list": true, "results_on": "2026-10-01" })).await;
    stand.close();
    let run = stand.trial().await;
    stand.confirm(stand.home(), &run).await.ok();
    stand.walks[1].look().await;
    stand.walks[1].act("student", "withdraw").await;

    stand.carry().await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(stand.states().await, ["allocated", "withdrawn", "allocated", "allocated", "list_offer"]);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn ties_are_broken_by_the_seed_and_one_run_goes_on_at_a_time(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({ "scores": false })).await;
    stand.close();
    let run = stand.trial().await;
    let seed = run["seed"].as_str().expect("a seed");
    let number = |walk: &Walk<'_>| hex::encode(Sha256::digest(format!("{seed}\n{}", id(&walk.case))));
    let mut drawn: Vec<&Walk<'_>> = stand.walks.iter().collect();
    drawn.sort_by_key(|walk| number(walk)[..16].to_owned());
    for (at, walk) in drawn.iter().enumerate() {
        let path = format!("{}/explanations/{}", stand.at(&run), id(&walk.case));
        let told = stand.home().get(&path).await.ok();
        let expected = [json!(1), json!(1), json!(2), json!(2), Value::Null];
        assert_eq!(told["got"], expected[at], "number {at} of the draw");
        assert_eq!(told["choices"][0]["own"]["draw"], at + 1);
    }
    let other = stand.trial().await;
    stand.confirm(stand.home(), &run).await.ok();
    let refused = stand.confirm(stand.home(), &other).await.problem(409);
    assert!(refused["detail"].as_str().expect("words").contains("being carried out"), "{refused}");
    stand.carry().await;
    let refused = stand.confirm(stand.home(), &other).await.problem(409);
    assert_eq!(
        (&refused["type"], &refused["changes"][0]["code"]),
        (&json!("/problems/outdated"), &json!("application_left"))
    );
}
