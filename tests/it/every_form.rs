//! Every form of the pages, posted wrongly in every way: a page that helps, nothing done, what was typed kept.

pub mod rows;
pub mod scene;
mod twice;

use std::collections::BTreeSet;
use std::path::Path;

use rstest::rstest;

use self::rows::{Empty, rows};
use self::scene::{CARRIED, Filled, LASTS, Scene, TYPED};
use crate::support::answer::Answer;
use crate::support::database::Db;
use crate::support::measured::measured;

/// What somebody types over and over.
const ENDLESS: &str = "endless ";

/// An address with its names left out.
fn bare(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Addresses of the pages that take a form, as the router names them.
fn routes(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(routes(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        let named = text.split(".route(").skip(1).filter(|route| route.contains("post("));
        found.extend(named.map(|route| bare(route.split('"').nth(1).expect("an address"))));
    }
    found
}

#[test]
fn every_route_that_takes_a_form_has_a_row() {
    let routes = routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"));
    let rows: BTreeSet<String> = rows().map(|row| bare(row.at)).collect();
    assert!(routes.len() > 80, "{}", routes.len());
    assert_eq!(routes, rows);
}

/// What went wrong, one line each.
#[derive(Debug, Default)]
struct Told {
    asked: u64,
    wrong: Vec<String>,
}

impl Told {
    /// Takes down an answer that is no page, or tells of a fault of the service.
    fn page(&mut self, what: &str, form: &Filled, answer: &Answer) -> String {
        self.asked += 1;
        let text = answer.text();
        let page = answer.header("content-type").starts_with("text/html") && text.contains("<h1");
        if answer.status >= 500 || (answer.status >= 400 && !page) {
            self.say(what, form, &format!("{} and no page that helps", answer.status));
        }
        text
    }

    /// Takes down an answer that did not refuse.
    fn refused(&mut self, what: &str, form: &Filled, answer: &Answer) -> String {
        let text = self.page(what, form, answer);
        let onward = text.contains("class=\"button") || text.contains("name=\"seal\"");
        if !(400..500).contains(&answer.status) || !onward {
            self.say(what, form, &format!("{} {}", answer.status, answer.header("location")));
        }
        text
    }

    /// The same of one that has to give back what was typed.
    fn kept(&mut self, what: &str, form: &Filled, answer: &Answer) {
        let text = self.refused(what, form, answer);
        let wrote = |words: &str| {
            let secret =
                |name: &str| form.controls.iter().any(|one| one.name == name && one.kind == "password");
            form.fields.iter().any(|(name, value)| value.starts_with(words) && !secret(name))
        };
        if [TYPED, (ENDLESS, ENDLESS)].iter().any(|(sent, shown)| wrote(sent) && !text.contains(shown)) {
            self.say(what, form, &format!("{}: what was typed is lost", answer.status));
        }
    }

    fn say(&mut self, what: &str, form: &Filled, told: &str) {
        self.wrong.push(format!("{} as {}: {what}: {told}", form.row.at, form.row.who));
    }
}

/// The form with words of somebody in it.
fn typed(form: &Filled) -> Filled {
    form.words().map_or_else(|| form.clone(), |name| form.with(name, TYPED.0))
}

async fn unsealed(scene: &Scene, forms: &[Filled], told: &mut Told) {
    for form in forms.iter().filter(|form| !form.row.open) {
        let mut form = typed(form);
        form.fields.retain(|(name, _)| name != "seal");
        let answer = scene.post(&form).await;
        told.kept("without its seal", &form, &answer);
        if answer.status != 403 {
            told.say("without its seal", &form, &answer.status.to_string());
        }
    }
}

async fn nowhere(scene: &Scene, forms: &[Filled], told: &mut Told) {
    for form in forms.iter().filter(|form| form.row.at.contains('{')) {
        let answer = scene.post(&scene.elsewhere(form)).await;
        told.page("about nothing", form, &answer);
        if answer.status != form.row.absent {
            told.say("about nothing", form, &answer.status.to_string());
        }
    }
}

async fn empty(scene: &Scene, forms: &[Filled], told: &mut Told) {
    for form in forms.iter().filter(|form| form.row.empty == Empty::Refused) {
        let mut bare = form.clone();
        // A button says which it is.
        bare.fields.retain(|(name, _)| CARRIED.contains(&name.as_str()) || name == "do");
        told.refused("empty", form, &scene.post(&bare).await);
    }
}

/// Whether a control takes words.
fn takes_words(kind: &str) -> bool {
    ["text", "textarea", "email", "password", "search"].contains(&kind)
}

async fn endless(scene: &Scene, forms: &[Filled], told: &mut Told) {
    let long = ENDLESS.repeat(12_500);
    for form in forms {
        for control in form.controls.iter().filter(|control| takes_words(&control.kind)) {
            let endless = typed(form).with(&control.name, &long);
            told.kept(&format!("endless {}", control.name), &endless, &scene.post(&endless).await);
        }
    }
}

/// Fields that take one of some words, a number, a day or an id.
fn strict(form: &Filled) -> Vec<&str> {
    let carried = ["seal", "key", "back", "next", "sure", "agree"];
    let of = |control: &&super::support::html::Control| {
        let kind = ["number", "date", "time", "select", "radio", "hidden"].contains(&control.kind.as_str());
        let known = carried.contains(&control.name.as_str()) || form.row.lax.contains(&control.name.as_str());
        kind && !known
    };
    form.controls.iter().filter(of).map(|control| control.name.as_str()).collect()
}

async fn wrong(scene: &Scene, forms: &[Filled], told: &mut Told) {
    for form in forms {
        for name in strict(form) {
            let typed = typed(form).with(name, "none-such");
            told.kept(&format!("wrong {name}"), form, &scene.post(&typed).await);
        }
    }
}

async fn stale(scene: &Scene, forms: &[Filled], told: &mut Told) {
    for form in forms.iter().filter(|form| form.has("version") && !form.row.lax.contains(&"version")) {
        let answer = scene.post(&typed(form).with("version", "9999")).await;
        told.kept("stale", &typed(form), &answer);
    }
}

/// What a page says, for a message.
fn main(page: &str) -> String {
    let body = page.split_once("<main").map_or(page, |(_, body)| body);
    let text: Vec<&str> =
        body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim()).collect();
    text.join(" ").chars().take(300).collect()
}

async fn ended(scene: &Scene, forms: &[Filled], told: &mut Told) {
    scene.stage.cast.app.advance(LASTS);
    for form in forms.iter().filter(|form| !form.row.who.is_empty()) {
        let answer = scene.post(&typed(form)).await;
        if form.row.over == answer.status {
            continue;
        }
        told.kept("in a session that is over", &typed(form), &answer);
        let back = if form.row.page.is_empty() { "href=\"/login" } else { "href=\"/login?next=" };
        if ![401, 403].contains(&answer.status) || !answer.text().contains(back) {
            told.say("in a session that is over", form, &answer.status.to_string());
        }
    }
}

#[rstest]
#[tokio::test]
async fn every_form_takes_what_is_wrong_with_a_page_that_helps(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let scene = Scene::of(db).await;
    let (mut told, mut forms) = (Told::default(), Vec::new());
    for row in rows() {
        match scene.form(row).await {
            Ok(form) => forms.push(form),
            Err(none) => told.wrong.push(none),
        }
    }
    let before = scene.tables().await;
    unsealed(&scene, &forms, &mut told).await;
    nowhere(&scene, &forms, &mut told).await;
    empty(&scene, &forms, &mut told).await;
    endless(&scene, &forms, &mut told).await;
    wrong(&scene, &forms, &mut told).await;
    stale(&scene, &forms, &mut told).await;
    let after = scene.tables().await;
    let done = after.iter().filter(|(table, many)| before[*table] != **many);
    told.wrong.extend(done.map(|(table, many)| format!("{table}: {} rows, then {many}", before[table])));
    twice::sent(&scene, &mut told).await;
    ended(&scene, &forms, &mut told).await;
    assert_eq!(told.wrong, Vec::<String>::new());
    measured("Forms posted wrongly", told.asked, "", format!("{db:?}: each a page that helps"));
}
