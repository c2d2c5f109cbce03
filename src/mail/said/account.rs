//! What letters about an account say.

use serde::Serialize;

use super::{Said, Tongue, some};
use crate::app::notices::{AccountNotice, Letter};
use crate::mail::cleanse;
use crate::mail::render::RenderError;

/// When something was done about an account, and from where.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct AccountWords {
    when: String,
    from: Option<String>,
}

impl Tongue<'_> {
    /// Something was changed about the reader's account.
    pub(super) fn account(&self, letter: &Letter, facts: &AccountNotice) -> Result<Said, RenderError> {
        let moment = self.words.parts(facts.at, letter.reader.zone);
        let from = [&facts.agent, &facts.network].map(|text| cleanse::line(text));
        let known: Vec<&str> = from.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        let account = AccountWords {
            when: self.templates.phrase(self.language, "moment", &moment)?,
            from: some(known.join(" · ")),
        };
        Ok(Said { account: Some(account), ..Self::bare(letter) })
    }
}
