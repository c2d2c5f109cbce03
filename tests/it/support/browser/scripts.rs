//! Pictures and scripts of a test, taken of and run on the page that stands in the browser.

use serde_json::Value;
use thirtyfour::prelude::*;

use super::{AUDIT, Browser, PATIENCE, STEP};

impl Browser {
    /// Looks at the present page so wide, with a picture of each in one theme; says what is wrong.
    pub async fn picture(&self, kind: &str, widths: &[(u32, &str)]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (width, theme) in widths.iter().copied() {
            self.show_in(theme).await;
            self.resize(width).await;
            wrong.extend(self.ask::<Vec<String>>(AUDIT, Vec::new()).await);
            self.keep_as(kind, width).await;
        }
        wrong
    }

    /// Runs a script of the test on the present page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.ask(script, arguments).await
    }

    /// Runs a script of the test that leads to another page, and waits for that.
    pub async fn run_away(&self, script: &str, arguments: Vec<Value>) {
        let page = self.find("html").await;
        self.driver.execute(script, arguments).await.expect("the page runs it");
        page.wait_until().wait(PATIENCE, STEP).stale().await.expect("another page");
    }
}
