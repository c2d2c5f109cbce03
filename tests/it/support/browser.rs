//! A real Chromium with a profile of its own, driven by a chromedriver that this starts on a free port and ends when dropped.

mod hands;
mod scripts;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

use super::app::PASSWORD;

/// Switches of a browser without a window that asks nobody but the service under test.
const SWITCHES: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
];

/// How long a page may take, and how often is looked whether it is there.
const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(25);

/// A screen of 1280 CSS pixels at 400 % (WCAG 2.2, 1.4.10).
const NARROWEST: u32 = 320;

/// How long the end of a browser may take.
const END: Duration = Duration::from_secs(10);

/// What is wrong with a page for somebody with a narrow screen, a keyboard or a screen reader.
const AUDIT: &str = include_str!("audit.js");

/// Runs axe-core over the present page: all its rules, or those that are named.
const ASK_AXE: &str = "const [rules, done] = arguments;
const only = rules ? { runOnly: rules } : {};
axe.run(document, { resultTypes: ['violations'], ...only }).then(
  ({ violations }) => done(violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} ${failureSummary}`))),
  (fault) => done([String(fault)]));";

/// What sets a page apart for whoever audits it: all that it shows, but for ids, and for digits, whose width is the same.
const LOOKS: &str = "const whole = document.documentElement.outerHTML;
return whole.replace(/[0-9a-f-]{30,}|(?<=value=\")[\\w-]{20,}/g, 'x').replace(/[0-9]/g, '0');";

/// The rules of axe-core, which a page keeps.
fn axe() -> &'static str {
    static RULES: LazyLock<String> = LazyLock::new(|| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/node_modules/axe-core/axe.min.js");
        let rules = std::fs::read_to_string(file).expect("tests/run installs axe-core");
        format!("{rules}\nwindow.axe = axe;")
    });
    &RULES
}

/// Whether this is the first of its kind in this process.
fn is_new(kinds: &LazyLock<Mutex<HashSet<u64>>>, what: &impl Hash) -> bool {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(hasher.finish())
}

static AUDITED: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);
static PICTURED: LazyLock<Mutex<HashSet<u64>>> = LazyLock::new(Mutex::default);

/// A browser with one window.
#[derive(Debug)]
pub struct Browser {
    pub driver: WebDriver,
    /// As in `http://127.0.0.1:PORT`: the service under test.
    pub address: String,
    control: String,
    /// Whether pages do without their script.
    plain: AtomicBool,
    /// Whether everything is done by keys.
    keys: AtomicBool,
    _chromedriver: Chromedriver,
    // Removed last: the browser writes into it until its end.
    _profile: TempDir,
}

#[derive(Debug)]
struct Chromedriver(Child);

impl Chromedriver {
    /// Starts it on a port it chooses itself.
    fn start() -> (Self, String) {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("chromedriver is installed");
        let lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let told = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = told.expect("chromedriver says its port");
        (Self(child), format!("http://127.0.0.1:{port}"))
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Browser {
    /// Ends the session of a test that failed.
    fn drop(&mut self) {
        if self.driver.clone().leak().is_err() {
            return;
        }
        // The driver's own end would ask over a connection of the runtime that waits here, and give up after two minutes.
        let url = format!("{}/session/{}", self.control, self.driver.session_id());
        let end = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let asked = async { reqwest::Client::new().delete(url).timeout(END).send().await };
            Ok::<_, std::io::Error>(runtime.block_on(asked).is_ok())
        };
        std::thread::spawn(end).join().ok();
    }
}

impl Browser {
    /// A fresh browser for the service at an address.
    pub async fn open(address: &str) -> Self {
        let (chromedriver, control) = Chromedriver::start();
        let profile = TempDir::new().expect("a folder");
        let mut wanted = DesiredCapabilities::chrome();
        for switch in SWITCHES {
            wanted.add_arg(switch).expect("a switch");
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        wanted.add_arg(&folder).expect("a switch");
        wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" })).expect("a capability");
        let driver = WebDriver::new(&control, wanted).await.expect("Chromium starts");
        let browser = Self {
            driver,
            address: address.to_owned(),
            control,
            plain: AtomicBool::new(false),
            keys: AtomicBool::new(false),
            _chromedriver: chromedriver,
            _profile: profile,
        };
        browser.resize(1440).await;
        browser
    }

    /// Goes to a path of the service, or to a whole address.
    pub async fn go(&self, path: &str) {
        let address = if path.starts_with('/') { format!("{}{path}", self.address) } else { path.to_owned() };
        self.driver.goto(address).await.expect("the page loads");
    }

    /// Where the browser is, as a path with its query.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("an address");
        url.as_str().strip_prefix(&self.address).unwrap_or(url.as_str()).to_owned()
    }

    /// The one element that a CSS selector names first.
    pub async fn find(&self, selector: &str) -> WebElement {
        match self.driver.find(By::Css(selector.to_owned())).await {
            Ok(element) => element,
            Err(error) => panic!("no {selector} at {}: {error}\n{}", self.path().await, self.text().await),
        }
    }

    /// How many elements a CSS selector names.
    pub async fn count(&self, selector: &str) -> usize {
        self.driver.find_all(By::Css(selector.to_owned())).await.expect("a selector").len()
    }

    /// Everything the page shows.
    pub async fn text(&self) -> String {
        let body = self.driver.find(By::Css("body")).await.expect("a page");
        body.text().await.expect("text")
    }

    /// Makes the window so many CSS pixels wide.
    pub async fn resize(&self, width: u32) {
        let screen = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", screen).await.expect("a size");
    }

    /// Finds nothing wrong with the present page, as wide as a telephone, a tablet, a desk's screen and that at 400 %, and in both themes.
    /// A page that looks like one that was looked at before is not looked at again.
    pub async fn audit(&self) {
        let found = self.faults().await;
        assert!(found.is_empty(), "{}: {found:#?}", self.path().await);
    }

    /// What is wrong with the present page so.
    pub async fn faults(&self) -> Vec<String> {
        let plain = self.plain.load(Ordering::Relaxed);
        if plain {
            self.let_run(true).await;
        }
        let looks: String = self.ask(LOOKS, Vec::new()).await;
        let found = if is_new(&AUDITED, &looks) { self.look_through().await } else { Vec::new() };
        if plain {
            self.let_run(false).await;
        }
        found
    }

    async fn look_through(&self) -> Vec<String> {
        self.driver.execute(axe(), Vec::new()).await.expect("axe-core is read");
        let mut wrong = Vec::new();
        // What a page holds is the same in both themes; what can be read is not.
        for (theme, rules) in [("dark", json!(["color-contrast"])), ("light", Value::Null)] {
            self.show_in(theme).await;
            let found = self.driver.execute_async(ASK_AXE, vec![rules]).await.expect("axe-core runs");
            let found: Vec<String> = found.convert().expect("a list of faults");
            wrong.extend(found.iter().map(|fault| format!("in {theme}: {fault}")));
        }
        for width in [NARROWEST, 360, 768, 1440] {
            self.resize(width).await;
            let found: Vec<String> = self.ask(AUDIT, Vec::new()).await;
            wrong.extend(found.iter().map(|fault| format!("at {width} px: {fault}")));
            if width != NARROWEST {
                self.keep_as("", width).await;
                self.show_in("dark").await;
                self.keep_as("dark-", width).await;
                self.show_in("light").await;
            }
        }
        wrong
    }

    async fn ask<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> T {
        let answer = self.driver.execute(script, arguments).await.expect("the page is read");
        answer.convert().expect("an answer")
    }

    /// Keeps a picture of the present page, for people to look at: in `target/screenshots`, by its address and width.
    async fn keep_as(&self, kind: &str, width: u32) {
        let path = self.path().await;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let plain = |part: &str| if part.len() > 30 { "one".to_owned() } else { part.to_owned() };
        let name = path.split('/').filter(|part| !part.is_empty()).map(plain).collect::<Vec<_>>().join("-");
        let name = format!("{kind}{}", if name.is_empty() { "home" } else { &name });
        if !is_new(&PICTURED, &(&name, width)) {
            return;
        }
        let whole = json!({ "format": "jpeg", "quality": 60, "captureBeyondViewport": true });
        let picture = self.driver.cdp().send_raw("Page.captureScreenshot", whole).await.expect("a picture");
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().expect("data")).expect("base64");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/screenshots");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(format!("{folder}/{name}-{width}.jpg"), picture).expect("a place for pictures");
    }

    /// Pages go on without their script, as where it cannot be loaded.
    pub async fn without_script(&self) {
        self.plain.store(true, Ordering::Relaxed);
        self.let_run(false).await;
    }

    async fn let_run(&self, runs: bool) {
        let disabled = json!({ "value": !runs });
        self.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", disabled).await.expect("a switch");
    }

    /// Signs in with the password of all tests.
    pub async fn sign_in(&self, email: &str) {
        self.driver.delete_all_cookies().await.expect("cookies are deleted");
        self.go("/login").await;
        self.fill("#email", email).await;
        self.fill("#password", PASSWORD).await;
        self.press("form:has(#password) button.main").await;
        assert_eq!(self.path().await, "/", "{email} is signed in: {}", self.text().await);
    }

    /// Does one event on the page of a case: fills what must be filled, and confirms where it is asked once more.
    pub async fn act(&self, case: &str, event: &str) {
        self.go(case).await;
        let form = format!("#do-{event}");
        let closed = format!("details.offer:not([open]):has({form}) > summary");
        if self.count(&closed).await > 0 {
            self.toggle(&closed).await;
        }
        for check in self.all(&format!("{form} input[type=checkbox]")).await {
            self.tick(&check).await;
        }
        for list in self.all(&format!("{form} select[required]")).await {
            self.pick(&list, 1).await;
        }
        self.press(&format!("{form} > p:last-of-type button")).await;
        if self.count("input[name=sure]").await > 0 {
            self.audit().await;
            self.press("main button.main").await;
        }
        assert!(self.count("p.done, .panel").await == 1, "{event} is done:\n{}", self.text().await);
        self.audit().await;
    }

    async fn all(&self, selector: &str) -> Vec<WebElement> {
        self.driver.find_all(By::Css(selector.to_owned())).await.expect("a selector")
    }

    /// Makes the system's theme light or dark, and everything stand still.
    pub async fn show_in(&self, theme: &str) {
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", features).await.expect("a theme");
    }

    /// What the browser's console holds since this was last asked: nothing on a page without a fault.
    pub async fn console(&self) -> Vec<Value> {
        let url = format!("{}/session/{}/se/log", self.control, self.driver.session_id());
        let answer = reqwest::Client::new().post(url).json(&json!({ "type": "browser" })).send().await;
        let log: Value = answer.expect("chromedriver answers").json().await.expect("JSON");
        log["value"].as_array().expect("a list").clone()
    }

    /// Ends the browser; for a test that fails, its drop does.
    pub async fn close(self) {
        self.driver.clone().quit().await.expect("the browser ends");
    }
}
