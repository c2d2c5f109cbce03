//! What somebody does on a page: with a mouse, or by keys alone.

use std::sync::atomic::Ordering;

use thirtyfour::prelude::*;

use super::{Browser, PATIENCE, STEP};

/// Times that Tab is hit until something has to be reached.
const STOPS: usize = 300;

impl Browser {
    /// Presses what a CSS selector names, and waits for the page it leads to.
    pub async fn press(&self, selector: &str) {
        self.follow(&self.find(selector).await).await;
    }

    /// Presses a link or a button, and waits for the page it leads to.
    pub async fn follow(&self, element: &WebElement) {
        let page = self.find("html").await;
        self.hit(element, Key::Enter).await;
        page.wait_until().wait(PATIENCE, STEP).stale().await.expect("another page");
    }

    /// Opens or closes what a CSS selector names, on the same page.
    pub async fn toggle(&self, selector: &str) {
        self.hit(&self.find(selector).await, Key::Space).await;
    }

    /// Ticks a box.
    pub async fn tick(&self, control: &WebElement) {
        self.hit(control, Key::Space).await;
    }

    /// Picks the option so many places below the first one of a list.
    pub async fn pick(&self, list: &WebElement, below: usize) {
        if self.keys.load(Ordering::Relaxed) {
            self.reach(list).await;
            for _ in 0..below {
                list.send_keys(Key::Down + "").await.expect("a list");
            }
        } else {
            let option = format!("option:nth-child({})", below + 1);
            list.find(By::Css(option)).await.expect("an option").click().await.expect("an option");
        }
    }

    /// Clicks on something; where all is done by keys, goes there by Tab and hits the key.
    async fn hit(&self, element: &WebElement, key: Key) {
        if self.keys.load(Ordering::Relaxed) {
            self.reach(element).await;
            element.send_keys(key + "").await.expect("it can be pressed");
        } else {
            element.click().await.expect("it can be pressed");
        }
    }

    /// Goes to something as somebody without a mouse does.
    async fn reach(&self, element: &WebElement) {
        for _ in 0..STOPS {
            let here = self.driver.active_element().await.expect("a page");
            if here.element_id() == element.element_id() {
                return;
            }
            here.send_keys(Key::Tab + "").await.expect("a key");
        }
        panic!("Tab leads to {} at {}", element.outer_html().await.unwrap_or_default(), self.path().await);
    }

    /// Goes on by the keyboard alone.
    pub fn by_keyboard(&self) {
        self.keys.store(true, Ordering::Relaxed);
    }

    /// Types into a field, in place of what was there.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        if self.keys.load(Ordering::Relaxed) {
            self.reach(&field).await;
            field.send_keys(Key::Control + "a").await.expect("a field");
        } else {
            field.clear().await.expect("a field");
        }
        field.send_keys(text).await.expect("a field");
    }

    /// Types into a field that is empty.
    pub async fn type_into(&self, field: &WebElement, text: &str) {
        if self.keys.load(Ordering::Relaxed) {
            self.reach(field).await;
        }
        field.send_keys(text).await.expect("a field");
    }
}
