//! An answer of the API, and what every answer of its kind must hold.

use reqwest::header::HeaderMap;
use serde_json::Value;
use sojourn::http::problem::chinese;

/// One whole HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of a success: 200 or 201; null for 204.
    #[track_caller]
    pub fn ok(&self) -> Value {
        match self.status {
            204 => Value::Null,
            200 | 202 => self.json(),
            201 => {
                assert_ne!(self.header("location"), "", "201 says where: {}", self.text());
                self.json()
            }
            other => panic!("{other} is no success: {}", self.text()),
        }
    }

    /// The members of a problem document with this status, checked against RFC 9457 and the API's own rules.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "RFC 9457 §3");
        let problem = self.json();
        let text = |member: &str| problem[member].as_str().unwrap_or_default();
        assert!(text("type").starts_with("/problems/"), "`type` names a page: {problem}");
        assert_eq!(problem["status"], status, "`status` repeats the status line: {problem}");
        for member in ["title", "detail", "instance"] {
            assert_ne!(text(member), "", "`{member}` is there: {problem}");
        }
        assert_both_languages(&problem);
        match status {
            401 => assert!(self.header("www-authenticate").starts_with("Bearer"), "{problem}"),
            422 => assert_fields(&problem),
            429 => assert_ne!(self.header("retry-after"), "", "{problem}"),
            _ => {}
        }
        problem
    }
}

/// Whatever a problem says is said in every language: a refusal by the engine's words, all else by the words of problems.
#[track_caller]
fn assert_both_languages(problem: &Value) {
    let errors = problem["errors"].as_array().into_iter().flatten().map(|error| &error["detail"]);
    let detail = Some(&problem["detail"]).filter(|_| problem["refusal"].is_null());
    for text in errors.chain(detail).chain([&problem["title"]]).filter_map(Value::as_str) {
        let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert!(text.contains(is_han) || chinese(text).is_some(), "no Chinese for: {text}");
    }
}

/// The list of faulty fields of a 422: each has a JSON pointer (RFC 6901) and a sentence.
#[track_caller]
fn assert_fields(problem: &Value) {
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("`errors` is a list: {problem}"));
    assert!(!errors.is_empty(), "a 422 names a field: {problem}");
    for error in errors {
        let pointer = error["pointer"].as_str().unwrap_or("absent");
        assert!(pointer.is_empty() || pointer.starts_with('/'), "a JSON pointer: {error}");
        assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "a sentence: {error}");
    }
}

mod tests {
    use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::Answer;

    fn problem(body: &Value) -> Answer {
        let kind = HeaderValue::from_static("application/problem+json");
        Answer {
            status: 422,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
            body: body.to_string().into(),
        }
    }

    fn whole() -> Value {
        json!({
            "type": "/problems/invalid", "title": "Some fields are not right", "status": 422, "detail": "Sign in first.", "instance": "r1",
            "errors": [{ "pointer": "/name", "detail": "write something here" }],
        })
    }

    #[test]
    fn a_whole_problem_document_passes() {
        assert_eq!(problem(&whole()).problem(422), whole());
    }

    #[rstest]
    #[should_panic(expected = ": {")]
    fn a_problem_document_without_a_member_fails(
        #[values("type", "title", "status", "detail", "instance", "errors")] member: &str,
    ) {
        let mut body = whole();
        body[member] = Value::Null;
        problem(&body).problem(422);
    }
}
