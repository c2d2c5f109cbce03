//! A draft on its page: as many choices as the call takes, how they become places, what does not fit and why, and a receipt to check.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::merged;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::visitor::{Visitor, hidden, seal};

const MEI: &str = "mei@student.example";

/// So many offerings of one programme.
pub async fn offerings(pair: &Pair, many: usize) -> Vec<String> {
    let offer = pair.offer().await;
    let path = format!("/programmes/{}/offerings", id(&offer.programme));
    let mut all = vec![id(&offer.offering).to_owned()];
    for day in 1..many {
        let other = json!({ "period": offer.period["id"], "start_on": format!("2027-03-{day:02}") });
        all.push(id(&pair.otto.post(&path, &other).await.ok()).to_owned());
    }
    all
}

/// A published call that is open for them, as `change` has it.
pub async fn opened(pair: &Pair, offerings: &[String], change: &Value) -> Value {
    let call = json!({
        "title": "Spring 2027", "homes": [pair.home["id"]], "offerings": offerings, "opens_on": "2026-08-15", "closes_on": "2026-10-31",
        "documents": { "transcript": "off", "motivation": "off", "language_proof": "off" },
    });
    let call = pair.hanna.post("/calls", &merged(call, change)).await.ok();
    let published = json!({ "status": "published" });
    pair.hanna.patch(&format!("/calls/{}", id(&call)), &call["version"], &published).await.ok()
}

/// A student whose registration differs.
async fn registered(app: &TestApp, pair: &Pair, change: &Value) -> Actor {
    let registration = json!({
        "institution": pair.home["id"], "level": "first", "field": "0613", "year": 2, "languages": ["en:B2"],
    });
    let body = json!({
        "given_name": "Mei", "family_name": "Student", "email": MEI, "language": "en",
        "registrations": [merged(registration, change)],
    });
    pair.sol.post("/people", &body).await.ok();
    app.accept(MEI).await
}

async fn draft(student: &Actor, call: &Value, choices: &[String]) -> String {
    let body = json!({ "call_id": call["id"], "choices": choices });
    format!("/cases/{}", id(&student.post("/applications", &body).await.ok()))
}

/// Sends the form of a draft with its choices and more, as it stands on its page.
async fn save(visitor: &Visitor, case: &str, choices: &[String], more: &[(&str, &str)]) -> Answer {
    let page = visitor.get(case).await.text();
    let (seal, version) = (seal(&page), hidden(&page, "version").expect("a version"));
    let choices = choices.iter().map(|choice| ("choice", choice.as_str()));
    let known = [("seal", seal.as_str()), ("key", "k"), ("version", version.as_str())];
    let fields: Vec<(&str, &str)> = known.into_iter().chain(choices).chain(more.iter().copied()).collect();
    send(visitor.form(&format!("{case}/draft"), &visitor.address, &fields)).await
}

fn places(page: &str) -> usize {
    page.matches("name=\"choice\"").count()
}

#[rstest]
#[tokio::test]
async fn a_call_without_a_cap_takes_as_many_choices_as_it_opens(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let all = offerings(&pair, 7).await;
    let call = opened(&pair, &all, &json!({})).await;
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let visitor = Visitor::signed_in(&app.address, MEI).await;

    // Before there is a draft, the button makes room and nothing is lost.
    let apply = format!("/calls/{}/apply", id(&call));
    assert_eq!(places(&visitor.get(&apply).await.text()), 5);
    let five: Vec<(&str, &str)> = all[..5].iter().map(|choice| ("choice", choice.as_str())).collect();
    let grown = visitor.submit(&apply, &apply, &[&five[..], &[("add", "yes")]].concat()).await;
    assert_eq!((grown.status, places(&grown.text())), (200, 6));
    assert!(grown.text().contains(&format!("value=\"{}\" selected", all[4])), "{}", grown.text());

    // In a draft it saves, and goes on at the new place.
    let case = draft(&mei, &call, &all[..4]).await;
    assert_eq!(places(&visitor.get(&case).await.text()), 5);
    let added = save(&visitor, &case, &all[..5], &[("add", "yes")]).await;
    assert_eq!(
        (added.status, added.header("location")),
        (303, format!("{case}?done=draft#choice-6").as_str())
    );
    assert_eq!(places(&visitor.get(&case).await.text()), 6);
    assert_eq!(save(&visitor, &case, &all[..6], &[]).await.status, 303);
    let now = mei.get(&format!("/applications/{}", case.trim_start_matches("/cases/"))).await.ok();
    let listed = now["choices"].as_array().expect("choices").len();
    let page = visitor.get(&case).await.text();
    assert_eq!((listed, places(&page)), (6, 7));
    assert!(!page.contains("name=\"add\""), "there are no more than seven to choose from");

    let capped = opened(&pair, &all, &json!({ "max_choices": 3 })).await;
    let case = draft(&mei, &capped, &all[..1]).await;
    let page = visitor.get(&case).await.text();
    assert!(places(&page) == 3 && !page.contains("name=\"add\""), "{page}");
}

#[rstest]
#[tokio::test]
async fn whoever_ranks_is_told_how_lists_become_places_where_it_is_true(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    app.student(&pair.sol, "Mei", &pair.home).await;
    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let all = offerings(&pair, 3).await;
    let (honest, among) = ("leaving out what is hard to get", "You can list 2 at most");
    let (scored, drawn) = ("the higher score comes first", "does not score applications");
    for (change, said, unsaid) in [
        (json!({}), vec![honest, drawn], vec![among, scored]),
        (json!({ "scores": true }), vec![honest, scored], vec![among, drawn]),
        (json!({ "max_choices": 2 }), vec![among, drawn], vec![honest]),
        (json!({ "max_choices": 3 }), vec![honest, drawn], vec![among]),
        (json!({ "max_choices": 1 }), vec![drawn], vec![honest, among]),
    ] {
        let call = opened(&pair, &all, &change).await;
        let commitment = call["seed_commitment"].as_str().expect("drawn when it was published").to_owned();
        for page in ["", "/apply"] {
            let text = visitor.get(&format!("/calls/{}{page}", id(&call))).await.text();
            for words in said.iter().copied().chain([commitment.as_str(), "How the draw works"]) {
                assert!(text.contains(words), "{change}: {words}: {text}");
            }
            for words in &unsaid {
                assert!(!text.contains(words), "{change}: not {words}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn where_no_run_gives_places_nothing_is_said_of_its_rules() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let pair = Pair::of(&app).await;
    let mut programme = pair.programme();
    (programme["kind"], programme["workflow"]) = (json!("conference"), json!("conference"));
    let programme = pair.otto.post("/programmes", &programme).await.ok();
    let path = format!("/programmes/{}", id(&programme));
    let period = pair.otto.post("/periods", &pair.period()).await.ok();
    let offering =
        pair.otto.post(&format!("{path}/offerings"), &json!({ "period": period["id"] })).await.ok();
    pair.otto.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let change = json!({ "documents": {} });
    let call = opened(&pair, &[id(&offering).to_owned()], &change).await;
    let text = Visitor::new(&app.address).get(&format!("/calls/{}", id(&call))).await.text();
    assert!(text.contains("Spring 2027") && !text.contains("How places are given"), "{text}");
}

/// What a program prints that is given `text`.
fn piped(program: &str, arguments: &[&str], text: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(text.as_bytes()).expect("it reads");
    let printed = child.wait_with_output().expect("it ends");
    String::from_utf8(printed.stdout).expect("text")
}

#[rstest]
#[tokio::test]
async fn a_receipt_is_made_again_by_the_recipe_of_the_guide_and_from_the_lines_of_the_page(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let all = offerings(&pair, 2).await;
    let call = opened(&pair, &all, &json!({})).await;
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let case = draft(&mei, &call, &all).await;
    let path = format!("/applications/{}", case.trim_start_matches("/cases/"));
    let now = mei.get(&path).await.ok();
    mei.fire_as(&now, &json!({ "event": "submit" })).await.ok();
    let now = mei.get(&path).await.ok();
    let receipt = now["receipt"].as_str().expect("a receipt").to_owned();

    // The guide's own lines, with what REST says in place of its example.
    let guide = include_str!("../../README.md");
    let (_, recipe) = guide.split_once("{ printf 'application %s").expect("a recipe");
    let (recipe, _) = recipe.split_once("```").expect("its end");
    let submitted = now["submitted_at"].as_str().expect("an instant");
    let seconds = format!("{}Z", submitted.split(['.', 'Z', '+']).next().expect("seconds"));
    let chosen = |nth: usize| now["choices"][nth]["offering_id"].as_str().expect("an id");
    let recipe = format!("{{ printf 'application %s{recipe}")
        .replace("019a7c3e-5b1f-7a20-8c44-1d2e3f405162", id(&now))
        .replace("2027-01-04T10:00:00Z", &seconds)
        .replace("019a7c3e-5b1f-7a20-8c44-1d2e3f4051aa", chosen(0))
        .replace("019a7c3e-5b1f-7a20-8c44-1d2e3f4051bb", chosen(1));
    assert_eq!(piped("sh", &["-c", &recipe], ""), format!("{receipt}  -\n"), "{recipe}");

    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let page = visitor.get(&case).await.text();
    let (_, lines) = page.split_once("id=\"receipt\">").expect("the lines");
    let (lines, _) = lines.split_once("</pre>").expect("their end");
    assert_eq!(piped("sha256sum", &[], lines), format!("{receipt}  -\n"), "{lines}");

    // A list that has changed since has other lines than its receipt, which are not shown for them.
    let now = mei.get(&path).await.ok();
    mei.fire_as(&now, &json!({ "event": "take_back" })).await.ok();
    let now = mei.get(&path).await.ok();
    mei.patch(&path, &now["version"], &json!({ "choices": [all[1], all[0]] })).await.ok();
    let page = visitor.get(&case).await.text();
    assert!(page.contains(&receipt) && !page.contains("id=\"receipt\">"), "{page}");
}

/// A call whose rule asks for two years and twelve weeks.
async fn ruled(pair: &Pair) -> (Value, Vec<String>) {
    let all = offerings(pair, 2).await;
    let rule = json!({
        "eligibility": "student.year >= 2 && answers.weeks >= 12",
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
    });
    (opened(pair, &all, &rule).await, all)
}

fn assert_says(text: &str, all: &[&str]) {
    for said in all {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[rstest]
#[tokio::test]
async fn a_draft_that_does_not_fit_says_which_choice_what_is_needed_and_what_is_stated(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (call, all) = ruled(&pair).await;
    let mei = registered(&app, &pair, &json!({ "languages": ["en:B1"], "field": "0213", "year": 1 })).await;
    let case = draft(&mei, &call, &all).await;
    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let open = visitor.get(&format!("/calls/{}", id(&call))).await.text();
    let rule =
        ["Your year of study: at least 2", "How many weeks?: at least 12", "<details><summary>The rule as"];
    assert_says(&open, &rule);

    let named = [
        "<a href=\"#choice-2\">Choice 2: ",
        "Needed, one of: English B2. You stated: English B1",
        "You stated: Arts and humanities (0213)",
        "Your year of study: 1",
        "<a href=\"#answer-weeks\">How many weeks?</a>: nothing",
    ];
    let beside = [
        "aria-describedby=\"choices-hint choice-1-fault\" aria-invalid=\"true\"",
        "id=\"choice-1-fault\">This choice does not fit yet: Your field of study.",
    ];
    let page = visitor.get(&case).await.text();
    assert_says(&page, &[&named[..], &beside[..]].concat());
    let version = hidden(&page, "version").expect("a version");
    let fields = [("version", version.as_str()), ("event", "submit"), ("sure", "yes")];
    let refused = visitor.submit(&case, &format!("{case}/events"), &fields).await;
    let text = refused.text();
    let (_, summary) = text.split_once("class=\"summary\"").expect("a summary");
    let (summary, form) = summary.split_once("<div class=\"split\">").expect("its end");
    assert_eq!(refused.status, 409);
    assert_says(summary, &named);
    assert_says(form, &beside);
}

#[rstest]
#[tokio::test]
async fn a_draft_that_cannot_be_saved_says_so_field_by_field(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (call, all) = ruled(&pair).await;
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let case = draft(&mei, &call, &all).await;
    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let doubled = [all[0].clone(), String::new(), all[0].clone()];
    let doubled = save(&visitor, &case, &doubled, &[]).await;
    assert_eq!(doubled.status, 422);
    let told = "<a href=\"#choice-3\">Choice 3: This offering is listed already: each at most once.</a>";
    assert_says(&doubled.text(), &[told, "id=\"choice-3-fault\""]);
    let wrong = save(&visitor, &case, &all, &[("answer.weeks", "many")]).await;
    assert_eq!(wrong.status, 422);
    let told = "<a href=\"#answer-weeks\">How many weeks?: Answer with a whole number.</a>";
    assert_says(&wrong.text(), &[told, "id=\"answer-weeks-fault\""]);
}

#[tokio::test]
async fn a_log_in_and_a_reason_that_are_not_right_say_so_at_their_fields() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let pair = Pair::of(&app).await;
    let all = offerings(&pair, 1).await;
    let call = opened(&pair, &all, &json!({})).await;
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let case = draft(&mei, &call, &all).await;
    let now = mei.get(&format!("/applications/{}", case.trim_start_matches("/cases/"))).await.ok();
    mei.fire_as(&now, &json!({ "event": "submit" })).await.ok();

    let stranger = Visitor::new(&app.address);
    let wrong = [("email", MEI), ("password", "not this one either")];
    let page = stranger.submit("/login", "/login", &wrong).await.text();
    let marked = "aria-invalid=\"true\" aria-describedby=\"login-fault\"";
    assert!(page.matches(marked).count() == 2 && page.contains("id=\"login-fault\""), "{page}");

    let home = Visitor::signed_in(&app.address, "coordinator@alpha.example").await;
    let version = hidden(&home.get(&case).await.text(), "version").expect("a version");
    let event = [("version", version.as_str()), ("event", "return")];
    for (typed, field, other) in [
        (&[][..], "code", "text"),
        (&[("reason.text", "Which?")][..], "code", "text"),
        (&[("reason.code", "choices")][..], "text", "code"),
    ] {
        let page = home.submit(&case, &format!("{case}/events"), &[&event[..], typed].concat()).await;
        let (status, text) = (page.status, page.text());
        let described = |field: &str| {
            let fault = format!("do-return-{field}-fault");
            text.contains(&format!("aria-invalid=\"true\" aria-describedby=\"{fault}\""))
                && text.contains(&format!("id=\"{fault}\""))
        };
        assert!(status == 422 && described(field), "{field}: {text}");
        assert!(text.contains(&format!("<a href=\"#do-return-{field}\">")), "{field}: {text}");
        assert!(typed.is_empty() || !described(other), "{other}: {text}");
    }
}
