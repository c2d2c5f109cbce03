//! Somebody who reads pages and sends forms over plain HTTP, with the cookies a browser would keep.

use reqwest::header::{COOKIE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

use super::actor::{client, fresh_key, send};
use super::answer::Answer;
use super::app::PASSWORD;

/// A visitor of one server; redirects are not followed.
#[derive(Debug, Clone)]
pub struct Visitor {
    client: Client,
    /// As in `http://127.0.0.1:PORT`.
    pub address: String,
}

impl Visitor {
    /// Somebody without a cookie.
    pub fn new(address: &str) -> Self {
        let client = client().cookie_store(true).redirect(Policy::none()).build().expect("a client");
        Self { client, address: address.to_owned() }
    }

    /// Somebody whose browser has kept a session.
    pub fn with_pass(address: &str, pass: &str) -> Self {
        let cookie = HeaderValue::from_str(&format!("sojourn={pass}")).expect("a header");
        let client = client().default_headers(HeaderMap::from_iter([(COOKIE, cookie)]));
        let client = client.redirect(Policy::none()).build().expect("a client");
        Self { client, address: address.to_owned() }
    }

    /// Somebody who has signed in with everybody's password.
    pub async fn signed_in(address: &str, email: &str) -> Self {
        let visitor = Self::new(address);
        let answer = visitor.submit("/login", "/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
        visitor
    }

    /// Somebody of the demo, whose page of log-ins carries everybody's password.
    pub async fn in_demo(address: &str, email: &str) -> Self {
        let visitor = Self::new(address);
        let page = visitor.get("/login").await.text();
        let password = hidden(&page, "password").expect("the demo shows it");
        let answer = visitor.submit("/login", "/login", &[("email", email), ("password", &password)]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text());
        visitor
    }

    /// A page, as a browser asks for it.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.asking(path)).await
    }

    /// The request for a page, to be added to.
    pub fn asking(&self, path: &str) -> RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.address));
        request.header("Accept", "text/html,*/*;q=0.8")
    }

    /// A form with fields of its own, as a browser sends it from a page of that origin.
    pub fn form(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.post(path, origin).form(fields)
    }

    /// A form without its body, as a browser sends it from a page of that origin.
    pub fn post(&self, path: &str, origin: &str) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.address));
        request.header("Accept", "text/html,*/*;q=0.8").header("Origin", origin)
    }

    /// A request that was made by hand.
    pub async fn execute(&self, request: reqwest::Request) -> Answer {
        send(RequestBuilder::from_parts(self.client.clone(), request)).await
    }

    /// Opens a page, takes the seal from its forms, and sends a form with it.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let seal = seal(&self.get(page).await.text());
        send(self.form(path, &self.address, &[&[("seal", seal.as_str()), ("key", "k1")], fields].concat()))
            .await
    }

    /// The same with a form that takes files.
    pub async fn submit_with(
        &self,
        page: &str,
        fields: &[(&str, &str)],
        files: &[(&'static str, &'static [u8])],
    ) -> Answer {
        let carried =
            [("seal".to_owned(), seal(&self.get(page).await.text())), ("key".to_owned(), fresh_key())];
        let typed = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let form =
            carried.into_iter().chain(typed).fold(Form::new(), |form, (name, value)| form.text(name, value));
        let file = |form: Form, (name, content): &(&'static str, &'static [u8])| {
            form.part("file", Part::bytes(*content).file_name(*name))
        };
        send(self.post(page, &self.address).multipart(files.iter().fold(form, file))).await
    }
}

/// What the forms of a page carry.
pub fn seal(page: &str) -> String {
    hidden(page, "seal").unwrap_or_else(|| panic!("a form with a seal: {page}"))
}

/// The value of the first hidden field of that name.
pub fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
