//! Messages about an application, as JSON, or as a form with files.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sojourn_engine::ids::{CaseId, DocumentId};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{Id, Keyed, Listing, NoFilter, PageQuery, checked, media_type, once};
use super::openapi::IdempotencyHeader;
use super::problem::Problem;
use super::shape;
use super::upload::{self, FilePart, Form};
use crate::access::Caller;
use crate::app::documents::{FILE, NewFile};
use crate::app::messages::{self, FILES, MessageView, NewMessage};
use crate::app::{Answer, App, Once, Page};

/// Largest form: the files, and what is written around them.
const LARGEST: usize = FILES * FILE + 128 * 1024;

/// A message to send.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageIn {
    /// Whether it is for the host, or from there [default: it is the home's].
    with_host: Option<bool>,
    /// The text.
    #[validate(length(min = 1, max = 5000, message = "between 1 and 5000 characters"), custom(function = shape::filled))]
    text: String,
    /// Documents of the application that go with it [default: none].
    #[validate(length(max = 10, message = "at most 10"))]
    #[serde(default)]
    documents: Vec<DocumentId>,
}

/// A message to send with files of its own, which those who read it may open.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a form that an extractor reads")]
pub struct MessageForm {
    /// `true` for the host, or from there [default: it is the home's].
    with_host: Option<bool>,
    /// The text.
    text: String,
    /// Documents of the application that go with it, each a part [default: none].
    documents: Option<Vec<DocumentId>>,
    /// PDF, PNG or JPEG of at most 10 MiB each; at most three.
    files: Vec<FilePart>,
}

/// What is sent.
#[derive(Debug)]
pub enum Sent {
    /// Without a file.
    Plain(Once, MessageIn),
    /// As a form that is still to be read.
    Form(Form),
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        if media_type(request.headers()).eq_ignore_ascii_case("multipart/form-data") {
            DefaultBodyLimit::max(LARGEST).apply(&mut request);
            return Ok(Self::Form(Form::from_request(request, state).await?));
        }
        let Keyed(once, Json(body)) = Keyed::<Json<MessageIn>>::from_request(request, state).await?;
        Ok(Self::Plain(once, body))
    }
}

/// Messages that the caller exchanges about an application, the newest first.
#[utoipa::path(get, path = "/api/v1/applications/{id}/messages", tag = "applications",
    params(("id" = CaseId, Path), PageQuery), responses((status = 200, body = Page<MessageView>)))]
pub async fn list_messages(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<MessageView>>, Problem> {
    Ok(Json(messages::list(&app, &caller, id, &listing.asked).await?))
}

/// Sends a message to the other side, which is told by mail; with files of its own it is sent as a form.
#[utoipa::path(post, path = "/api/v1/applications/{id}/messages", tag = "applications",
    params(("id" = CaseId, Path), IdempotencyHeader),
    request_body(content((MessageIn = "application/json"), (MessageForm = "multipart/form-data"))),
    responses((status = 201, body = MessageView)))]
pub async fn send_message(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    sent: Sent,
) -> Result<Answer, Problem> {
    let (once, body, files) = match sent {
        Sent::Plain(once, body) => (once, body, Vec::new()),
        Sent::Form(form) => receive(&app, &caller, id, form).await?,
    };
    let MessageIn { with_host, text, documents } = body;
    let new = NewMessage { with_host: with_host.unwrap_or_default(), text, documents, files };
    Ok(messages::send(&app, &caller, &once, id, new).await?)
}

/// Takes the files of a form, as they come.
async fn receive(
    app: &App,
    caller: &Caller,
    case: CaseId,
    Form { parts, mut form }: Form,
) -> Result<(Once, MessageIn, Vec<NewFile>), Problem> {
    let (mut said, mut documents, mut files) = (Map::new(), Vec::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(|error| upload::unread(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "files" {
            if files.len() == FILES {
                return Err(upload::wrong("/files", "at most three files go with a message"));
            }
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let received = upload::content(app, caller, case, "/files", field).await?;
            files.push(NewFile { file_name, received });
            continue;
        }
        let text = field.text().await.map_err(|error| upload::unread(&error))?;
        match name.as_str() {
            "documents" => documents.push(Value::String(text)),
            "text" => {
                said.insert(name, json!(text));
            }
            // A truth value; what is none, and what has another name, is told like in JSON.
            _ => {
                said.insert(name, serde_json::from_str(&text).unwrap_or_else(|_| json!(text)));
            }
        }
    }
    said.insert("documents".to_owned(), Value::Array(documents));
    let body = Value::Object(said).to_string();
    let read = checked(body.as_bytes())?;
    // A repeat draws another boundary: it is the same request all the same.
    let mut hashed = body.into_bytes();
    for NewFile { file_name, received } in &files {
        hashed.extend([&[0], file_name.as_bytes(), &[0], &received.told.sha256].concat());
    }
    Ok((once(&parts, &hashed.into())?, read, files))
}
