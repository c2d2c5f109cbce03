//! Forms with a file of text, which is tried first and then taken over from the page that shows what it would do.

use axum::extract::{Multipart, Request};

use super::Web;
use super::fault::Fault;
use super::form::{Fields, SEAL};
use super::uploads::{opened, unread};
use super::visit::Visit;
use crate::access::Caller;
use crate::app::{Error, Result};

/// A form with such a file, and who sent it.
#[derive(Debug)]
pub struct Sent {
    pub visit: Visit,
    pub caller: Caller,
    /// Its fields, the text of the file as `file`; or why it cannot be read.
    pub said: Result<Fields>,
}

/// Reads one from a page of ours. Whoever is not signed in goes on at `again`, where the file has to be chosen once more.
///
/// # Errors
/// [`Error::Unauthenticated`], and the fault of a form that was not shown to whoever sends it.
pub async fn sent(
    request: Request,
    web: &Web,
    again: impl FnOnce(&Fields) -> String,
) -> std::result::Result<Sent, Fault> {
    let (visit, form) = opened(request, web).await?;
    let said = match form {
        Ok(form) => read(form).await,
        Err(error) => Err(error),
    };
    if let Ok(said) = &said {
        visit.remember(said);
    }
    let Some(caller) = visit.caller.clone() else {
        visit.stands_on(again(&said.unwrap_or_default()));
        return Err(Error::Unauthenticated.into());
    };
    match said {
        Ok(said) if !visit.sealed(said.get(SEAL)) => Err(Fault::FOREIGN),
        said => Ok(Sent { visit, caller, said }),
    }
}

async fn read(mut form: Multipart) -> Result<Fields> {
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(|error| unread(error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| unread(error.body_text()))?;
        let text = String::from_utf8(bytes.into())
            .map_err(|_| unread("the file is not in UTF-8: save it so, and send that".to_owned()))?;
        fields.0.push((name, text));
    }
    Ok(fields)
}

/// The file of a form, where one was chosen.
///
/// # Errors
/// [`Error::Invalid`] for none.
pub fn chosen<'f>(visit: &Visit, said: &'f Fields) -> Result<&'f str> {
    let file = said.exact("file");
    if file.is_empty() { Err(unread(visit.word("documents.none"))) } else { Ok(file) }
}
