//! A file that is sent as a part of a form (RFC 7578), under the key that makes its request do its work once.

use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::StatusCode;
use utoipa::ToSchema;

use super::extract::{Keyed, media_type, once, read};
use super::problem::{Kind, Problem};
use crate::app::FieldError;
use crate::app::documents::{self, FILE};

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

/// The form as it was sent.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Slot of the workflow.
    pub slot: String,
    /// Name of the file at its owner's.
    pub file_name: String,
    /// Kind of the content, as [`documents::kind`] tells it.
    pub media_type: &'static str,
    /// The content.
    pub content: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Keyed<Upload> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = read(request, state).await?;
        if !media_type(&parts.headers).eq_ignore_ascii_case("multipart/form-data") {
            let detail = "Send a form, with `Content-Type: multipart/form-data`.";
            return Err(Problem::new(Kind::UnsupportedMediaType, detail));
        }
        let mut again = Request::from_parts(parts.clone(), Body::from(body));
        DefaultBodyLimit::disable().apply(&mut again);
        let form = Multipart::from_request(again, state).await;
        let form = form.map_err(|rejection| malformed(&rejection.body_text()))?;
        let upload = fields(form).await?;
        // A repeat draws another boundary: it is the same request all the same.
        let said = format!("{}\0{}\0", upload.slot, upload.file_name);
        let once = once(&parts, &[said.as_bytes(), &upload.content].concat().into())?;
        Ok(Self(once, upload))
    }
}

async fn fields(mut form: Multipart) -> Result<Upload, Problem> {
    let (mut slot, mut file) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| unread(&error))? {
        match field.name() {
            Some("slot") if slot.is_none() => {
                slot = Some(field.text().await.map_err(|error| unread(&error))?);
            }
            Some("file") if file.is_none() => file = Some(content(field).await?),
            name => {
                let pointer = format!("/{}", name.unwrap_or_default());
                return Err(wrong(&pointer, "the form has `slot` and `file`, each once"));
            }
        }
    }
    let slot = slot.ok_or_else(|| wrong("/slot", "name the slot that the file is for"))?;
    let (file_name, content) = file.ok_or_else(|| wrong("/file", "send the file itself"))?;
    Ok(Upload { slot, file_name, media_type: kind(&content)?, content })
}

async fn content(field: Field<'_>) -> Result<(String, Bytes), Problem> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let content = field.bytes().await.map_err(|error| unread(&error))?;
    if content.len() > FILE {
        return Err(Problem::new(Kind::TooLarge, "The file is larger than 10 MiB: send a smaller one."));
    }
    Ok((name, content))
}

fn kind(content: &[u8]) -> Result<&'static str, Problem> {
    documents::kind(content).ok_or_else(|| {
        let detail = "The content of the file is neither PDF, PNG nor JPEG: send it as one of these.";
        Problem::new(Kind::UnsupportedMediaType, detail)
    })
}

fn wrong(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, detail)])
}

fn malformed(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(Kind::Malformed, format!("The form cannot be read: {why}."))
}

fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(Kind::TooLarge, "The form is larger than this operation takes: send less.");
    }
    malformed(&error.body_text())
}
