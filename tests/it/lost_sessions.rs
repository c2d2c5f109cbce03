//! Forms with files whose session has ended: with the script the file stays chosen until it is sent, without it the way leads back to its field.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::support::browser::Browser;
use crate::support::process::{Server, sojourn};

const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(25);
const STUDENT: &str = "student1@lindenau.example";
const HOME: &str = "coordinator@lindenau.example";
const ADMIN: &str = "secretariat@alliance.example";

/// The demo with a browser, and a paper to send.
struct Stand {
    browser: Browser,
    paper: PathBuf,
    list: PathBuf,
    _server: Server,
    _folder: TempDir,
}

impl Stand {
    async fn of() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
        command.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
        let server = Server::start(command);
        let browser = Browser::open(&server.address).await;
        let (paper, list) = (folder.path().join("paper.pdf"), folder.path().join("list.csv"));
        std::fs::write(&paper, "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n").expect("written");
        std::fs::write(&list, "partner,places\nNowhere,2\n").expect("written");
        Self { browser, paper, list, _server: server, _folder: folder }
    }

    /// Logs in by one click, from the log-in that is shown.
    async fn log_in(&self, email: &str) {
        self.browser.press(&format!("form:has(input[name=email][value='{email}']) button")).await;
    }

    async fn begin(&self, email: &str) {
        self.end().await;
        self.browser.go("/login").await;
        self.log_in(email).await;
    }

    /// The session is over.
    async fn end(&self) {
        self.browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    }

    async fn choose(&self, field: &str, file: &std::path::Path) {
        let field = self.browser.find(field).await;
        field.send_keys(file.to_str().expect("a name")).await.expect("a file");
    }

    async fn shows(&self, selector: &str) -> WebElement {
        let found =
            self.browser.driver.query(By::Css(selector.to_owned())).wait(PATIENCE, STEP).first().await;
        found.unwrap_or_else(|_| panic!("{selector} is shown"))
    }

    /// Presses the button of a form, which tells that nobody is logged in; logs in in the window that it opens, and tries again.
    async fn goes_once_logged_in(&self, form: &str, email: &str) {
        self.browser.toggle(&format!("{form} button:not([name])")).await;
        let told = self.shows(&format!("{form} div.ended")).await;
        assert_eq!(self.browser.driver.active_element().await.expect("one").element_id(), told.element_id());
        self.browser.audit().await;
        self.browser.toggle(&format!("{form} div.ended button")).await;
        self.shows(&format!("{form} .still:not([hidden])")).await;

        let here = self.browser.driver.window().await.expect("a window");
        self.browser.toggle(&format!("{form} div.ended a")).await;
        let windows = self.browser.driver.windows().await.expect("windows");
        let other = windows.into_iter().find(|window| *window != here).expect("another window");
        self.browser.driver.switch_to_window(other).await.expect("it is there");
        self.shows("form input[name=email]").await;
        self.log_in(email).await;
        assert_eq!(self.browser.path().await, "/signed-in");
        self.browser.audit().await;
        self.browser.driver.close_window().await.expect("closed");
        self.browser.driver.switch_to_window(here).await.expect("it is there");
        self.browser.press(&format!("{form} div.ended button")).await;
    }

    /// What has the focus, by its id.
    async fn focused(&self) -> String {
        let focused = self.browser.driver.active_element().await.expect("an element");
        focused.attr("id").await.expect("read").unwrap_or_default()
    }
}

const UPLOAD: &str = ".slot:first-of-type form.upload";

#[tokio::test]
async fn a_file_stays_chosen_until_its_sender_has_logged_in_again() {
    let stand = Stand::of().await;
    stand.begin(STUDENT).await;
    stand.browser.press(".case h3 a").await;
    stand.choose(&format!("{UPLOAD} input[type=file]"), &stand.paper).await;
    stand.end().await;
    stand.goes_once_logged_in(UPLOAD, STUDENT).await;
    stand.shows(".slot:first-of-type ul a").await;
    assert!(stand.browser.text().await.contains("paper.pdf"));
    assert_eq!(stand.browser.console().await, Vec::<serde_json::Value>::new());

    // A list with what was typed beside it.
    stand.begin(HOME).await;
    stand.browser.go("/place-lists").await;
    stand.browser.fill("#columns", "partner = \"partner\"").await;
    stand.choose("#file", &stand.list).await;
    stand.end().await;
    stand.goes_once_logged_in("form[aria-labelledby=choose]", HOME).await;
    assert!(
        stand.browser.count("#report, .summary").await > 0,
        "it was read: {}",
        stand.browser.text().await
    );
    let columns = stand.browser.find("#columns").await.value().await.expect("read");
    assert_eq!(columns.as_deref(), Some("partner = \"partner\""));
    stand.browser.close().await;
}

#[tokio::test]
async fn without_the_script_the_log_in_leads_back_to_the_field_of_the_file() {
    let stand = Stand::of().await;
    let browser = &stand.browser;
    stand.begin(STUDENT).await;
    browser.press(".case h3 a").await;
    let case = browser.path().await;
    browser.without_script().await;
    browser.go(&case).await;
    let field = browser.find(&format!("{UPLOAD} input[type=file]")).await.attr("id").await.expect("read");
    stand.choose(&format!("{UPLOAD} input[type=file]"), &stand.paper).await;
    stand.end().await;
    browser.press(&format!("{UPLOAD} button")).await;
    browser.audit().await;
    browser.press("main a.button").await;
    stand.log_in(STUDENT).await;
    assert!(browser.path().await.starts_with(&case), "{}", browser.path().await);
    assert_eq!(Some(stand.focused().await), field);
    assert!(browser.text().await.contains("Choose it once more"));
    browser.audit().await;

    stand.begin(HOME).await;
    browser.go("/place-lists").await;
    browser.fill("#columns", "partner = \"partner\"").await;
    stand.choose("#file", &stand.list).await;
    stand.end().await;
    browser.press("form[aria-labelledby=choose] button").await;
    browser.press("main a.button").await;
    stand.log_in(HOME).await;
    assert!(browser.text().await.contains("Choose it once more"));
    let columns = browser.find("#columns").await.value().await.expect("read");
    assert_eq!((columns.as_deref(), stand.focused().await.as_str()), (Some("partner = \"partner\""), "file"));
    browser.audit().await;

    stand.begin(ADMIN).await;
    browser.go("/institutions").await;
    browser.press("main table a, main .tasks a").await;
    browser.toggle("details:has(#file) summary").await;
    browser.toggle("#instead").await;
    stand.choose("#file", &stand.list).await;
    stand.end().await;
    browser.press("form[enctype] button").await;
    browser.press("main a.button").await;
    stand.log_in(ADMIN).await;
    assert!(browser.text().await.contains("Choose it once more"));
    assert!(browser.find("#instead").await.is_selected().await.expect("read"));
    assert_eq!(stand.focused().await, "file");
    browser.audit().await;
    stand.browser.close().await;
}
