//! The operations of the document that describes the API.

use reqwest::Method;
use serde_json::Value;

use super::actor::{Actor, fresh_key, send};
use super::answer::Answer;
use super::app::TestApp;

/// An id of nothing.
const NOTHING: &str = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";

/// An operation of the document.
#[derive(Debug)]
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub policy: String,
    /// Media type of its body.
    pub body: Option<String>,
    /// Headers it names, as text.
    pub headers: String,
}

impl Operation {
    fn all(document: &Value) -> Vec<Self> {
        let paths = document["paths"].as_object().expect("paths").iter();
        let of = |(path, item): (&String, &Value)| -> Vec<Self> {
            let operations = item.as_object().expect("operations").iter();
            let read = |(method, operation): (&String, &Value)| Self {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                policy: operation["x-policy"].as_str().expect("a policy").to_owned(),
                body: operation["requestBody"]["content"].as_object().and_then(|kinds| {
                    // What may also come as a spreadsheet is asked for with text.
                    let text = kinds.keys().find(|kind| *kind == "text/csv");
                    text.or_else(|| kinds.keys().next()).cloned()
                }),
                headers: operation["parameters"].to_string(),
            };
            operations.map(read).collect()
        };
        paths.flat_map(of).collect()
    }

    pub fn is_open(&self) -> bool {
        self.policy == "anyone"
    }

    pub fn names_something(&self) -> bool {
        self.path.contains('{')
    }

    /// The address with ids and numbers of nothing.
    pub fn address(&self) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "{n}" => "9",
            id if id.starts_with('{') => NOTHING,
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    }

    pub async fn ask(&self, by: &Actor, address: &str) -> Answer {
        let mut request = by.request(self.method.clone(), address);
        request = request.header("Idempotency-Key", fresh_key()).header("If-Match", "\"1\"");
        if let Some(kind) = &self.body {
            request = request.header("Content-Type", kind).body("{}");
        }
        send(request).await
    }
}

/// All of them, but the two that tell of the process.
pub async fn operations(app: &TestApp) -> Vec<Operation> {
    let all = Operation::all(&app.stranger().get("/api/openapi.json").await.ok());
    let api = all.into_iter().filter(|operation| operation.path.starts_with("/api/v1/"));
    let api: Vec<Operation> = api.collect();
    assert!(api.len() > 25, "{} operations", api.len());
    api
}
