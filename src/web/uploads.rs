//! Forms with files, as pages send them for a case.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use sojourn_engine::ids::CaseId;

use super::Web;
use super::fault::Fault;
use super::form::{Fields, admitted};
use super::visit::Visit;
use crate::access::Caller;
use crate::app::documents::{self, NewFile, Unfit};
use crate::app::{Error, FieldError, Result};

/// Name of the fields with files.
const FILE: &str = "file";

/// Who sends a form from a page of ours, and the form, to be read piece by piece.
pub async fn opened(request: Request, web: &Web) -> std::result::Result<(Visit, Result<Multipart>), Fault> {
    let (mut parts, body) = request.into_parts();
    let visit = admitted(&mut parts, web).await?;
    let form = Multipart::from_request(Request::from_parts(parts, body), web).await;
    Ok((visit, form.map_err(|rejection| unread(rejection.body_text()))))
}

/// What a form says, with its files.
#[derive(Debug, Default)]
pub struct Upload {
    pub fields: Fields,
    pub files: Vec<NewFile>,
}

impl Upload {
    /// Reads a form; what was read before a fault stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the file for one that is not taken, [`Error::NotFound`] for a case that the caller does not see.
    pub async fn read(
        &mut self,
        visit: &Visit,
        caller: &Caller,
        case: CaseId,
        mut form: Multipart,
    ) -> Result<()> {
        while let Some(field) = form.next_field().await.map_err(|error| cut(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == FILE {
                self.files.extend(receive(visit, caller, case, field).await?);
            } else {
                self.say(name, field).await?;
            }
        }
        Ok(())
    }

    /// The same without the files, for whoever has to log in first; all of it is read, for a browser shows no answer before.
    pub async fn words(mut form: Multipart) -> Fields {
        let mut upload = Self::default();
        while let Ok(Some(field)) = form.next_field().await {
            let name = field.name().unwrap_or_default().to_owned();
            if name != FILE {
                upload.say(name, field).await.ok();
            }
        }
        upload.fields
    }

    async fn say(&mut self, name: String, field: Field<'_>) -> Result<()> {
        let text = field.text().await.map_err(|error| cut(&error))?;
        // PostgreSQL keeps no text with a NUL in it.
        self.fields.0.push((name, text.replace('\0', "")));
        Ok(())
    }
}

/// A file; nothing where none was chosen.
async fn receive(
    visit: &Visit,
    caller: &Caller,
    case: CaseId,
    mut field: Field<'_>,
) -> Result<Option<NewFile>> {
    let unfit = |why| match why {
        Unfit::TooLarge => unread(visit.word("documents.too_large")),
        Unfit::Kind => unread(visit.word("documents.wrong_kind")),
        Unfit::Content(flaw) => unread(visit.word(&format!("documents.flaws.{}", flaw.name()))),
        Unfit::Failed(error) => error,
    };
    let file_name = field.file_name().unwrap_or_default().to_owned();
    let mut piece = loop {
        match field.chunk().await.map_err(|error| cut(&error))? {
            Some(piece) if piece.is_empty() => {}
            Some(piece) => break piece,
            None if file_name.is_empty() => return Ok(None),
            None => return Err(unread(visit.word("documents.wrong_kind"))),
        }
    };
    let mut intake = documents::begin(visit.app(), caller, case).await.map_err(unfit)?;
    loop {
        intake.put(piece).await.map_err(unfit)?;
        piece = match field.chunk().await.map_err(|error| cut(&error))? {
            Some(piece) => piece,
            None => break,
        };
    }
    let received = intake.end().await.map_err(unfit)?;
    Ok(Some(NewFile { file_name, received }))
}

/// A fault of the file.
pub fn unread(why: String) -> Error {
    Error::Invalid(vec![FieldError::new("/file", why)])
}

/// What is wrong with a form that ends too early or is too large.
pub fn cut(error: &MultipartError) -> Error {
    unread(error.body_text())
}
