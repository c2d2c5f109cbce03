//! A file that is sent as a part of a form (RFC 7578), under the key that makes its request do its work once.

use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use sojourn_engine::ids::CaseId;
use utoipa::ToSchema;

use super::extract::{media_type, once};
use super::problem::{Kind, Problem};
use crate::access::Caller;
use crate::app::documents::{self, FILE, NewDocument, Received, Unfit};
use crate::app::{App, FieldError, Once};

/// Largest request with a file: the file, and the form around it.
pub const FORM: usize = FILE + 64 * 1024;

/// A form with a slot and a file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a form that an extractor reads")]
pub struct UploadForm {
    /// Slot of the workflow.
    slot: String,
    /// PDF, PNG or JPEG of at most 10 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file in a form that takes several.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a form that an extractor reads")]
pub struct FilePart(Vec<u8>);

/// A form that is still to be read, under the key that makes its request do its work once.
#[derive(Debug)]
pub struct Form {
    pub(super) parts: Parts,
    pub(super) form: Multipart,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !media_type(&parts.headers).eq_ignore_ascii_case("multipart/form-data") {
            let detail = "Send a form, with `Content-Type: multipart/form-data`.";
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
        // A request without its key is refused before its file is read.
        once(&parts, &Bytes::new())?;
        let form = Multipart::from_request(Request::from_parts(parts.clone(), body), state).await;
        Ok(Self { parts, form: form.map_err(|rejection| malformed(&rejection.body_text()))? })
    }
}

/// Takes the file of a form, as it comes, for a case that the caller sees.
pub async fn receive(
    app: &App,
    caller: &Caller,
    case: CaseId,
    Form { parts, mut form }: Form,
) -> Result<(Once, NewDocument), Problem> {
    let (mut slot, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| unread(&error))? {
        match field.name() {
            Some("slot") if slot.is_none() => {
                slot = Some(field.text().await.map_err(|error| unread(&error))?);
            }
            Some("file") if file.is_none() => {
                let name = field.file_name().unwrap_or_default().to_owned();
                file = Some((name, content(app, caller, case, "/file", field).await?));
            }
            name => {
                let pointer = format!("/{}", name.unwrap_or_default());
                return Err(wrong(&pointer, "the form has `slot` and `file`, each once"));
            }
        }
    }
    let slot = slot.ok_or_else(|| wrong("/slot", "name the slot that the file is for"))?;
    let (file_name, received) = file.ok_or_else(|| wrong("/file", "send the file itself"))?;
    // A repeat draws another boundary: it is the same request all the same.
    let said = format!("{slot}\0{file_name}\0");
    let once = once(&parts, &[said.as_bytes(), &received.told.sha256].concat().into())?;
    Ok((once, NewDocument { slot, file_name, received }))
}

pub(super) async fn content(
    app: &App,
    caller: &Caller,
    case: CaseId,
    pointer: &str,
    mut field: Field<'_>,
) -> Result<Received, Problem> {
    let unfit = |why| unfit(pointer, why);
    let mut intake = documents::begin(app, caller, case).await.map_err(unfit)?;
    while let Some(piece) = field.chunk().await.map_err(|error| unread(&error))? {
        intake.put(piece).await.map_err(unfit)?;
    }
    intake.end().await.map_err(unfit)
}

fn unfit(pointer: &str, why: Unfit) -> Problem {
    match why {
        Unfit::TooLarge => {
            Problem::new(Kind::TooLarge, "The file is larger than 10 MiB: send a smaller one.")
        }
        Unfit::Kind => {
            let detail = "The content of the file is neither PDF, PNG nor JPEG: send it as one of these.";
            Problem::new(Kind::UnsupportedMediaType, detail)
        }
        Unfit::Content(flaw) => wrong(pointer, flaw.told()),
        Unfit::Failed(error) => error.into(),
    }
}

pub(super) fn wrong(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, detail)])
}

fn malformed(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::Malformed, format!("The form cannot be read: {why}."))
}

pub(super) fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(Kind::TooLarge, "The form is larger than this operation takes: send less.");
    }
    malformed(&error.body_text())
}
