//! What forms of a visitor's page are sealed with, and where they go on.

use super::Visit;
use crate::web::recent;

impl Visit {
    /// Notes what the form of this request is known by.
    pub fn knows(&self, form: recent::Form) {
        self.typed.know(form);
    }

    /// Names the page on which a form goes on after a log-in, where its own address is none.
    pub fn stands_on(&self, page: String) {
        self.typed.stand(page);
    }

    /// A seal for forms of this visitor.
    pub fn fresh_seal(&self) -> String {
        self.app().links.form_seal(&self.bound, self.app().clock.moment().random())
    }
}
