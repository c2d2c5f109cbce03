//! Somebody who calls the API: a signed-in person, or nobody yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder};
use serde::Serialize;
use serde_json::{Value, json};
use sojourn::access::token::Keys;
use sojourn::clock::Clock;
use sojourn_engine::ids::{PersonId, SessionId};

use super::answer::Answer;
use super::logs;

/// A caller with the address of one server.
#[derive(Debug, Clone)]
pub struct Actor {
    client: Client,
    /// As in `http://127.0.0.1:PORT`.
    address: String,
    bearer: Bearer,
}

/// What a caller shows.
#[derive(Debug, Clone)]
enum Bearer {
    Nothing,
    Token(String),
    Session(Signed),
}

/// A session whose tokens are signed as they are needed, however far the clock is moved.
#[derive(Debug, Clone)]
pub struct Signed {
    pub keys: Arc<Keys>,
    pub clock: Clock,
    pub person: PersonId,
    pub session: SessionId,
}

/// A client that lets go of a connection before the server does, which ends those that are silent for fifteen seconds: whatever is
/// sent at that very moment has no answer.
pub fn client() -> ClientBuilder {
    Client::builder().pool_idle_timeout(Duration::from_secs(10))
}

impl Actor {
    /// Somebody who has not signed in.
    pub fn stranger(address: &str) -> Self {
        let client = client().build().expect("a client");
        Self { client, address: address.to_owned(), bearer: Bearer::Nothing }
    }

    /// A person who signed in with e-mail and password.
    pub async fn signed_in(address: &str, email: &str, password: &str) -> Self {
        let stranger = Self::stranger(address);
        let credentials = json!({ "grant_type": "password", "email": email, "password": password });
        let tokens = stranger.post("/auth/token", &credentials).await.ok();
        let token = tokens["access_token"].as_str().expect("an access token").to_owned();
        stranger.with_token(&token)
    }

    /// The same server in a session.
    pub fn in_session(&self, signed: Signed) -> Self {
        Self { bearer: Bearer::Session(signed), ..self.clone() }
    }

    /// The same server with another bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { bearer: Bearer::Token(token.to_owned()), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// Posts JSON under a fresh idempotency key.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        send(self.request(Method::POST, path).header("Idempotency-Key", fresh_key()).json(body)).await
    }

    /// Fires an event on a case as its viewer last saw it.
    pub async fn fire(&self, case: &Value, event: &str, data: Value) -> Answer {
        self.fire_as(case, &json!({ "event": event, "data": data })).await
    }

    /// The same with the whole body: event, data, reason, note.
    pub async fn fire_as(&self, case: &Value, body: &Value) -> Answer {
        self.fire_at(case, "", body).await
    }

    /// The same at a part of the case: `/tracks/` with the track and the key of its instance, or nothing.
    pub async fn fire_at(&self, case: &Value, part: &str, body: &Value) -> Answer {
        let id = case["id"].as_str().expect("the id of the case");
        let request = self.request(Method::POST, &format!("/applications/{id}{part}/events")).json(body);
        let request = request.header("If-Match", etag(&case["version"]));
        send(request.header("Idempotency-Key", fresh_key())).await
    }

    /// Moves an agreement in the version the caller has read.
    pub async fn fire_agreement(&self, path: &str, version: i32, body: &Value) -> Answer {
        let request = self.request(Method::POST, &format!("{path}/events")).json(body);
        let request = request.header("If-Match", etag(&json!(version)));
        send(request.header("Idempotency-Key", fresh_key())).await
    }

    /// Gives notice of an agreement for a day, in its present version.
    pub async fn end_agreement(&self, path: &str, on: &str) -> Answer {
        let version = self.get(path).await.ok()["version"].as_i64().expect("a version");
        let reason = json!({ "code": "strategy", "text": "Other partners." });
        let body = json!({ "event": "end", "data": { "ended_on": on }, "reason": reason });
        self.fire_agreement(path, i32::try_from(version).expect("small"), &body).await
    }

    /// Uploads a file into a slot of a case.
    pub async fn upload(&self, case: &Value, slot: &str, name: &str, content: &[u8]) -> Answer {
        let id = case["id"].as_str().expect("the id of the case");
        let file = Part::bytes(content.to_vec()).file_name(name.to_owned());
        let form = Form::new().text("slot", slot.to_owned()).part("file", file);
        let request = self.request(Method::POST, &format!("/applications/{id}/documents")).multipart(form);
        send(request.header("Idempotency-Key", fresh_key())).await
    }

    /// Changes a row whose version the caller has read.
    pub async fn patch(&self, path: &str, version: &Value, body: &impl Serialize) -> Answer {
        send(self.request(Method::PATCH, path).header("If-Match", etag(version)).json(body)).await
    }

    /// Removes a row whose version the caller has read.
    pub async fn delete(&self, path: &str, version: &Value) -> Answer {
        send(self.request(Method::DELETE, path).header("If-Match", etag(version))).await
    }

    /// The caller's token, for other clients.
    pub fn token(&self) -> Option<String> {
        match &self.bearer {
            Bearer::Nothing => None,
            Bearer::Token(token) => Some(token.clone()),
            Bearer::Session(signed) => Some(signed.token()),
        }
    }

    /// A request with the caller's token, for headers and bodies of its own; [`send`] sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let prefix = if path.starts_with("/api/") { "" } else { "/api/v1" };
        let request = self.client.request(method, format!("{}{prefix}{path}", self.address));
        match self.token() {
            None => request,
            Some(token) => request.bearer_auth(token),
        }
    }
}

impl Signed {
    fn token(&self) -> String {
        self.keys.sign(self.person, self.session, &self.clock.moment()).expect("a token is signed")
    }
}

/// The version of a row as `ETag` and `If-Match` carry it.
pub fn etag(version: &Value) -> String {
    format!("\"{}\"", version.as_i64().expect("a version is a whole number"))
}

/// An idempotency key nobody has used.
pub fn fresh_key() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("key-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Sends a request and reads the whole answer.
pub async fn send(request: RequestBuilder) -> Answer {
    let asked = request.try_clone().and_then(|request| request.build().ok());
    if let Some(body) = asked.as_ref().and_then(|request| request.body()?.as_bytes()) {
        logs::plant_all(body);
    }
    let response = request.send().await.expect("the server answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.expect("the whole answer").to_vec();
    logs::plant_all(&body);
    Answer { status, headers, body }
}
