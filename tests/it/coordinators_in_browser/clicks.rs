//! How many clicks the main tasks take from the log-in on, or from the mail: as many as the README says, with a mouse or by keys alone.

use std::collections::BTreeMap;

use rstest::rstest;
use thirtyfour::prelude::*;

use super::{HOME, HOST, browser, finished};
use crate::bulks::accepted;
use crate::links::{links, referred};
use crate::support::browser::Browser;
use crate::support::cast::{Cast, address};
use crate::support::data::own;
use crate::support::database::Db;
use crate::support::process::{Server, sojourn};
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// Somebody with a browser whose presses are counted; typing is not.
struct Clicker<'b> {
    browser: &'b Browser,
    clicks: usize,
}

impl<'b> Clicker<'b> {
    /// Signs in: one press, once address and password are typed.
    async fn sign_in(browser: &'b Browser, part: &str) -> Self {
        browser.sign_in(&address(part)).await;
        Self { browser, clicks: 1 }
    }

    /// Presses what leads to another page.
    async fn press(&mut self, selector: &str) {
        self.clicks += 1;
        self.browser.press(selector).await;
    }

    /// Presses what stays on the page.
    async fn toggle(&mut self, selector: &str) {
        self.clicks += 1;
        self.browser.toggle(selector).await;
    }

    /// Fills in the form of an event as it has to be, and sends it, twice where it is asked again.
    async fn act(&mut self, form: &str) {
        let closed = format!("details.offer:not([open]):has({form}) > summary");
        if self.browser.count(&closed).await > 0 {
            self.toggle(&closed).await;
        }
        let all = async |what: &str| {
            let found = self.browser.driver.find_all(By::Css(format!("{form} {what}"))).await;
            found.expect("a selector")
        };
        for control in all("input[type=checkbox][required]").await {
            self.browser.tick(&control).await;
            self.clicks += 1;
        }
        for list in all("select[required]").await {
            self.browser.pick(&list, 1).await;
            self.clicks += 1;
        }
        for field in all(":is(textarea, input[type=text])[required]").await {
            self.browser.type_into(&field, "As talked over.").await;
        }
        for field in all("input[type=date][required]").await {
            self.browser.type_into(&field, "02152027").await;
        }
        for field in all("input[type=number][required]").await {
            self.browser.type_into(&field, "20").await;
        }
        self.press(&format!("{form} > p:last-of-type button")).await;
        if self.browser.count("input[name=sure]").await > 0 {
            self.press("main button.main").await;
        }
        let path = self.browser.path().await;
        assert!(path.contains("done="), "{form} at {path}: {}", self.browser.text().await);
    }
}

/// The rows of the table.
fn written() -> BTreeMap<String, usize> {
    let readme = std::fs::read_to_string(own("README.md")).expect("the README");
    let table = readme.split("**Clicks**").nth(1).expect("a table of clicks");
    let rows = table.lines().skip_while(|line| !line.starts_with("| --")).skip(1);
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        Some(((*cells.first()?).to_owned(), cells.get(1)?.parse().ok()?))
    };
    rows.map_while(row).collect()
}

/// An event on the case of somebody who waits in the queue.
async fn in_queue(browser: &Browser, (part, name): (&str, &str), event: &str) -> usize {
    let mut clicker = Clicker::sign_in(browser, part).await;
    clicker.press("nav a[href='/queue']").await;
    let person = format!("{name} Student");
    let link = browser.driver.find(By::LinkText(&person)).await.expect("in the queue");
    browser.follow(&link).await;
    clicker.clicks += 1;
    clicker.act(&format!("#do-{event}")).await;
    clicker.clicks
}

async fn by_mail(browser: &Browser, path: &str, event: &str) -> usize {
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go(path).await;
    browser.audit().await;
    let mut outside = Clicker { browser, clicks: 1 };
    outside.act(event).await;
    browser.audit().await;
    outside.clicks
}

async fn applies(browser: &Browser) -> usize {
    let mut student = Clicker::sign_in(browser, "Zoe").await;
    student.press("main a[href$='/apply']").await;
    browser.pick(&browser.find("#choice-1").await, 1).await;
    student.clicks += 1;
    student.press("main form button.main").await;
    student.press("#do-submit > p:last-of-type button").await;
    student.press("main button.main").await;
    assert!(browser.path().await.contains("done=given"), "{}", browser.text().await);
    student.clicks
}

async fn nominates_three(browser: &Browser) -> usize {
    let mut home = Clicker::sign_in(browser, HOME).await;
    home.press("nav a[href='/queue']").await;
    home.press(".tabs a[href='/nominations']").await;
    home.press(".case button.main").await;
    home.toggle("#do-nominate-no_conflict").await;
    home.press("form[action='/bulk/preview'] button.main").await;
    home.press("form[action='/bulk'] button.main").await;
    finished(browser).await;
    assert_eq!(browser.count("tbody .state.success").await, 3, "{}", browser.text().await);
    home.clicks
}

#[rstest]
#[tokio::test]
async fn the_main_tasks_take_as_many_clicks_as_the_readme_says(#[values(false, true)] keys: bool) {
    let cast = Cast::of(Db::Sqlite).await;
    let round = cast.exchange(8, &without_documents()).await;
    cast.student("Zoe").await;
    for name in ["Fay", "Gus"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
    }
    accepted(&cast, &round, &["Anna", "Berta", "Carla"]).await;
    for walk in &mut accepted(&cast, &round, &["Dora", "Edda"]).await {
        walk.act(HOME, "nominate").await;
        walk.act(HOST, "acknowledge").await;
    }
    let browser = browser(&cast, &[HOME, HOST, "Zoe"], true).await;
    if keys {
        browser.by_keyboard();
    }
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |task: &str, clicks| counted.insert(task.to_owned(), clicks);
    count("student applies", applies(&browser).await);
    count("coordinator finds eligible", in_queue(&browser, (HOME, "Fay"), "find_eligible").await);
    count("coordinator returns", in_queue(&browser, (HOME, "Gus"), "return").await);
    count("coordinator allocates", in_queue(&browser, (HOME, "Fay"), "allocate").await);
    count("coordinator nominates three", nominates_three(&browser).await);
    count("host accepts", in_queue(&browser, (HOST, "Dora"), "approve").await);
    count("host refuses", in_queue(&browser, (HOST, "Edda"), "refuse").await);
    browser.close().await;
    counted.extend(by_mails(keys).await);
    assert_eq!(written(), counted);
}

/// Whoever is asked by mail and has no account.
async fn by_mails(keys: bool) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    let cast = Cast::of(Db::Sqlite).await;
    let browser = browser(&cast, &[], true).await;
    if keys {
        browser.by_keyboard();
    }
    let (walk, rae) = referred(&cast).await;
    let path = links(&walk, rae).await.pop().expect("a link");
    counted.insert(
        "referee gives a reference, from the mail".to_owned(),
        by_mail(&browser, &path, "#do-references-1-refer").await,
    );
    let work = cast.internship(2, &without_work_documents()).await;
    let mut walk = Walk::open(&cast, &work, &cast.student("Ines").await).await;
    for word in events("submit endorse forward", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let employer = cast.person("employer").parse().expect("an id");
    let path = links(&walk, employer).await.pop().expect("a link");
    counted
        .insert("employer decides, from the mail".to_owned(), by_mail(&browser, &path, "#do-refuse").await);
    browser.close().await;
    counted
}

#[tokio::test]
async fn a_newcomer_to_the_demo_nominates_three_in_under_ten_clicks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    command.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
    let server = Server::start(command);
    let browser = Browser::open(&server.address).await;
    browser.go("/login").await;
    let mut home = Clicker { browser: &browser, clicks: 0 };
    home.press("form:has(input[name=email][value='coordinator@lindenau.example']) button").await;
    home.press("nav a[href='/queue']").await;
    home.press(".tabs a[href='/nominations']").await;
    browser.audit().await;
    home.press(".case:has(input[name=case] ~ input[name=case] ~ input[name=case]) button.main").await;
    home.toggle("#do-nominate-no_conflict").await;
    home.press("form[action='/bulk/preview'] button.main").await;
    home.press("form[action='/bulk'] button.main").await;
    finished(&browser).await;
    assert_eq!(browser.count("tbody .state.success").await, 3, "{}", browser.text().await);
    assert!(home.clicks < 10, "{} clicks", home.clicks);
    browser.close().await;
}
