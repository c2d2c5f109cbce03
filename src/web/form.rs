//! Forms as they arrive: nothing passes that another site sent, or that was shown to somebody else.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::fault::Fault;
use super::visit::{Visit, once};
use super::{Web, recent};
use crate::app::{Error, FieldError, Once};

/// Name of the hidden field with the seal.
pub const SEAL: &str = "seal";
/// Name of the hidden field with the key under which the form does its work once.
pub const KEY: &str = "key";

/// A form and who sent it.
#[derive(Debug)]
pub struct Posted {
    pub visit: Visit,
    pub fields: Fields,
}

/// The fields of a form, in order; a name may come several times.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// What a field says, blanks around it left out; empty where it is absent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// What a field says exactly as it was typed, for passwords.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The version that was read.
    pub fn version(&self) -> Result<i32, Error> {
        self.get("version").parse().map_err(|_| Error::Stale)
    }

    /// The request that this form makes: a double click makes it once.
    pub fn once(&self, path: &str) -> Result<Once, Error> {
        let key = self.get(KEY);
        if key.is_empty() || key.len() > 100 {
            return Err(Error::Invalid(vec![FieldError::new("/key", "open the page again, then repeat")]));
        }
        let said = self.0.iter().filter(|(name, _)| name != SEAL);
        let said = said.fold(path.to_owned(), |said, (name, value)| format!("{said}\0{name}\0{value}"));
        Ok(once(key, said.as_bytes()))
    }
}

impl FromRequest<Web> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Fault> {
        let posted = read(request, web).await?;
        match posted.visit.ended {
            _ if posted.is_sealed() => Ok(posted),
            true => Err(Error::Unauthenticated.into()),
            false => Err(Fault::FOREIGN),
        }
    }
}

impl Posted {
    /// Whether the form was shown to this visitor.
    pub fn is_sealed(&self) -> bool {
        self.visit.sealed(self.fields.get(SEAL))
    }
}

/// A form of this site, whose seal has still to be looked at.
pub async fn read(request: Request, web: &Web) -> Result<Posted, Fault> {
    let (mut parts, body) = request.into_parts();
    let visit = admitted(&mut parts, web).await?;
    let read = Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), web).await;
    let Form(fields) = read.map_err(|rejection| unread(&rejection))?;
    // PostgreSQL keeps no text with a NUL in it.
    let fields = Fields(fields.into_iter().map(|(name, value)| (name, value.replace('\0', ""))).collect());
    let form = recent::known_by(&visit.path, &fields);
    if let Some(to) = web.0.recent.find(&form, web.app().clock.now()) {
        return Err(Fault::done(to));
    }
    visit.remember(&fields);
    visit.knows(form);
    Ok(Posted { visit, fields })
}

/// The visitor, once the request is known to come from a page of this instance.
pub async fn admitted(parts: &mut Parts, web: &Web) -> Result<Visit, Fault> {
    let visit = Visit::from_request_parts(parts, web).await?;
    if !own_origin(&parts.headers, &web.0.public_url) {
        return Err(Fault::FOREIGN);
    }
    Ok(visit)
}

fn unread(rejection: &FormRejection) -> Fault {
    let told = format!("the form cannot be read: {}", rejection.body_text());
    Error::Invalid(vec![FieldError::new("", told)]).into()
}

/// Whether the browser says that the request comes from here; one that says nothing is left to the seal.
fn own_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return text(header::HeaderName::from_static("sec-fetch-site"))
            .is_none_or(|site| matches!(site, "same-origin" | "none"));
    };
    let host = text(header::HOST).unwrap_or_default();
    let here = origin.split_once("://").is_some_and(|(_, named)| !host.is_empty() && named == host);
    here || origin == public_url
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_form_of_another_site_is_told_by_its_origin() {
        let ours = |pairs: &[(&'static str, &'static str)]| own_origin(&headers(pairs), "https://us.example");
        assert!(ours(&[("origin", "https://us.example"), ("host", "10.0.0.1:8080")]));
        assert!(ours(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(!ours(&[("origin", "https://them.example"), ("host", "us.example")]));
        assert!(!ours(&[("origin", "null"), ("host", "us.example")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site"), ("host", "us.example")]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]) && ours(&[]));
    }

    #[test]
    fn the_same_form_makes_the_same_request() {
        let form = |text: &str, seal: &str| {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            Fields(vec![pair("key", "k"), pair("note", text), pair("seal", seal)]).once("/x").unwrap()
        };
        assert_eq!(form("one", "a"), form("one", "b"));
        assert_ne!(form("one", "a"), form("two", "a"));
    }
}
