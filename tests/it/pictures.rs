//! Every page in Traditional Chinese, and every form as it comes back when something in it is wrong: pictures for people to look at, and
//! no word of the other language that is not somebody's own.

pub mod places;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use thirtyfour::Cookie;

use self::places::PLACES;
use crate::every_form::rows::rows;
use crate::every_form::scene::{Filled, LASTS, Scene, TYPED};
use crate::support::app::SECRETARIAT;
use crate::support::browser::Browser;
use crate::support::cast::address;
use crate::support::database::Db;
use crate::support::visitor::Visitor;

/// Latin words that a page shows, but for what somebody has typed, codes, addresses and names of files.
const WORDS: &str = r"
const own = arguments[0];
const found = new Set();
const given = [/\S+@\S+/g, /https?:\S+/g, /[A-Z][a-z]+\/[A-Z][A-Za-z_]+/g, /[0-9A-Z]{5}-[0-9A-Z]{5}/g, /[0-9a-f-]{10,}/g];
const words = (text) => {
  for (const one of given) text = text.replace(one, ' ');
  for (const one of own) text = text.replaceAll(one, ' ');
  return text.match(/[A-Za-z][A-Za-z'-]{2,}/g) || [];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (!node.parentElement || node.parentElement.closest('script, template, textarea, code, pre, body [lang=en], .ref, iframe, datalist, a[href*=documents]')) continue;
  for (const word of words(node.textContent)) found.add(word);
}
for (const one of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
  for (const name of ['aria-label', 'placeholder', 'title']) {
    if (one.closest('body [lang=en]')) continue;
    for (const word of words(one.getAttribute(name) || '')) found.add(word);
  }
}
return [...found];";

/// What is typed where only a number, a day or one of some can be.
const NONE_SUCH: &str = "none-such";

/// Sends a form as a page of ours would.
const SEND: &str = r"
const [action, multipart, fields] = arguments;
const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype: multipart ? 'multipart/form-data' : '' });
if (!multipart) form.removeAttribute('enctype');
for (const [name, value] of fields) {
  const field = document.createElement('textarea');
  Object.assign(field, { name, value });
  form.append(field);
}
document.body.append(form);
HTMLFormElement.prototype.submit.call(form);
return true;";

/// Addresses that the router answers with a page, with their names left out.
fn routes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            routes(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        let named = text.split(".route(").skip(1).filter(|route| route.contains("get("));
        found.extend(named.map(|route| bare(route.split('"').nth(1).expect("an address"))));
    }
}

fn bare(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_that_answers_with_a_page_is_pictured() {
    let mut all = BTreeSet::new();
    routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web"), &mut all);
    let placed: BTreeSet<String> = PLACES.iter().map(|(path, _)| bare(path)).collect();
    let none: BTreeSet<String> = places::NO_PAGES.iter().map(|path| bare(path)).collect();
    assert!(all.len() > 100, "{}", all.len());
    assert_eq!(all.difference(&placed).cloned().collect::<BTreeSet<_>>(), none);
}

/// A browser that asks for Chinese, and whoever sits before it, who reads it too.
struct Eyes {
    browser: Browser,
    scene: Scene,
    passes: std::collections::BTreeMap<&'static str, String>,
    /// What stands on Chinese pages in Latin letters: names that somebody has given, codes, and what is called so everywhere.
    own: Vec<String>,
    wrong: Vec<String>,
}

impl Eyes {
    async fn of(db: Db) -> Self {
        let scene = Scene::of(db).await;
        let browser = Browser::open(&scene.stage.cast.app.address).await;
        browser.go("/login").await;
        let chosen = Cookie::new("sojourn-language", "zh-Hant");
        browser.driver.add_cookie(chosen).await.expect("a cookie");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/pictures/latin.txt");
        let own = std::fs::read_to_string(file).expect("a file");
        let mut own: Vec<String> = own.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        own.extend([TYPED.0, NONE_SUCH].map(str::to_owned));
        own.sort_by_key(|one| std::cmp::Reverse(one.len()));
        Self { browser, scene, passes: std::collections::BTreeMap::new(), own, wrong: Vec::new() }
    }

    /// Somebody else sits down.
    async fn be(&mut self, who: &'static str) {
        self.browser.driver.delete_cookie("sojourn").await.expect("a cookie");
        if who.is_empty() {
            return;
        }
        if !self.passes.contains_key(who) {
            let email = if who == "secretariat" { SECRETARIAT.to_owned() } else { address(who) };
            let app = &self.scene.stage.cast.app;
            let pass = app.pass(&email, LASTS).await;
            let reader = Visitor::with_pass(&app.address, &pass);
            reader.submit("/account", "/language", &[("language", "zh-Hant")]).await;
            self.passes.insert(who, pass);
        }
        let pass = Cookie::new("sojourn", self.passes[who].clone());
        self.browser.driver.add_cookie(pass).await.expect("a cookie");
    }

    /// Takes down what is wrong with the present page.
    async fn look(&mut self, kind: &str, view: (u32, &str), what: &str) {
        let faults = self.browser.picture(kind, &[view]).await;
        self.wrong.extend(faults.iter().map(|fault| format!("{what}: {fault}")));
        let words: Vec<String> =
            serde_json::from_value(self.browser.run(WORDS, vec![json!(self.own)]).await).expect("words");
        if !words.is_empty() {
            self.wrong.push(format!("{what}: {}", words.join(" ")));
        }
    }

    /// Sends a form whose fields are wrong, and looks at what comes back.
    async fn send(&mut self, form: &Filled) {
        let fields: Vec<(&String, &String)> = form.fields.iter().map(|(name, value)| (name, value)).collect();
        let arguments = vec![json!(form.path), json!(form.multipart), json!(fields)];
        self.browser.run_away(SEND, arguments).await;
    }
}

#[tokio::test]
async fn every_page_and_every_form_that_is_wrong_is_sound_in_chinese() {
    let mut eyes = Eyes::of(Db::Sqlite).await;
    for (path, who) in PLACES {
        eyes.be(who).await;
        let here = eyes.scene.named(path, false);
        eyes.browser.go(&here).await;
        eyes.look("zh-", (360, "light"), &format!("{path} as {who}")).await;
        let faults = eyes.browser.faults().await;
        eyes.wrong.extend(faults.iter().map(|fault| format!("{path} as {who}: {fault}")));
    }
    let mut seen = BTreeSet::new();
    for row in rows() {
        // What follows from another form has no page of its own; and the language stays.
        if row.page.is_empty() || row.at == "/language" {
            continue;
        }
        let Ok(mut form) = eyes.scene.form(row).await else { continue };
        // What words there are is typed, and what has to be a number, a day or one of some is not.
        for control in form.controls.clone() {
            match control.kind.as_str() {
                "textarea" | "text" | "search" => form.set(&control.name, TYPED.0),
                "number" | "date" | "email" | "select" => form.set(&control.name, NONE_SUCH),
                "checkbox" | "radio" => form.fields.retain(|(name, _)| *name != control.name),
                _ => {}
            }
        }
        if !seen.insert(row.at) {
            continue;
        }
        eyes.be(row.who).await;
        let page = eyes.scene.named(row.page, false);
        eyes.browser.go(&page).await;
        let seal: Value = eyes
            .browser
            .run("return document.querySelector('input[name=seal]')?.value || ''", Vec::new())
            .await;
        form.set("seal", seal.as_str().unwrap_or_default());
        eyes.send(&form).await;
        eyes.look("zh-wrong-", (1440, "dark"), &format!("{} wrong as {}", row.at, row.who)).await;
    }
    assert_eq!(eyes.wrong, Vec::<String>::new());
    eyes.browser.close().await;
}
