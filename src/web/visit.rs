//! Who asks for a page, in which language, and the layout around the answer.

mod forms;
mod words;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::assets::Dress;
use super::fault::{Fault, Typed};
use super::form::Fields;
use super::packing::Unpacks;
use super::{Web, themes};
use crate::access::language::{self, LANGUAGES};
use crate::access::{Caller, full_name};
use crate::app::{App, Error, Once, applications, balances, institutions, people};

pub use super::cookies::{Keeps, keep};

/// Scripts: the one we send. Frames: the mails of the demo.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// One request for a page.
#[derive(Debug, Clone)]
pub struct Visit {
    pub web: Web,
    pub caller: Option<Caller>,
    pub language: &'static str,
    /// Path and query.
    pub path: String,
    me: Option<Me>,
    /// What the seals of forms are bound to: the session, or a mark that the browser keeps.
    bound: String,
    /// A mark that the browser does not have yet.
    fresh_mark: bool,
    /// Light, dark, or as the system has it.
    theme: &'static str,
    takes: Takes,
    typed: Typed,
    /// Whether they are signed in and have to set up a second factor first: elsewhere they are nobody.
    pub lacks_factor: bool,
    /// Whether they come with a session that is over.
    pub ended: bool,
}

/// How a browser takes an answer.
#[derive(Debug, Clone, Copy, Default)]
struct Takes {
    /// Packed.
    packed: Unpacks,
    /// As JSON: a script of the page asks.
    json: bool,
}

impl Takes {
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Self { packed: Unpacks::of(headers), json: accepted == Some("application/json") }
    }
}

/// Where a second factor is set up.
pub const SET_UP: &str = "/account/second-factor";
/// Pages for whoever still has to set up a second factor, with those below.
const BEFORE: [&str; 4] = ["/account", "/logout", "/language", "/login"];

/// The line that says who one is.
#[derive(Debug, Clone, Serialize)]
pub struct Me {
    name: String,
    duties: Vec<DutyLine>,
    zone: String,
    look: Dress,
    /// Cases that wait for them; counted as far as [`MOST`].
    waiting: u64,
}

/// Cases counted at most for the mark beside their page.
pub const MOST: u64 = 99;

#[derive(Debug, Clone, Serialize)]
struct DutyLine {
    duty: String,
    institution: Option<String>,
}

impl FromRequestParts<Web> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Fault> {
        let jar = CookieJar::from_headers(&parts.headers);
        let kept = |what: Keeps| jar.get(what.name(web.is_secure())).map(|cookie| cookie.value().to_owned());
        let pass = kept(Keeps::Pass);
        let came = pass.is_some();
        let mut caller = signed_in(web.app(), pass).await?;
        let ended = came && caller.is_none();
        let language = language_of(kept(Keeps::Language).as_deref(), &parts.headers, caller.as_ref());
        if let Some(caller) = &mut caller {
            language.clone_into(&mut caller.language);
        }
        let me = match &caller {
            Some(caller) => Some(me(web, caller).await?),
            None => None,
        };
        let session = caller.as_ref().and_then(|caller| caller.session);
        let mark = kept(Keeps::Mark).filter(|mark| mark.len() == 22);
        let fresh_mark = session.is_none() && mark.is_none();
        let bound = session.map(|session| session.to_string()).or(mark);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let bound = bound.unwrap_or_else(|| new_mark(web.app()));
        let lacks_factor = caller.as_ref().is_some_and(|caller| caller.lacks_factor);
        if lacks_factor && !is_before(parts.uri.path()) {
            caller = None;
        }
        let theme = themes::known(kept(Keeps::Theme).as_deref());
        let takes = Takes::of(&parts.headers);
        let typed = parts.extensions.get().cloned().unwrap_or_default();
        let web = web.clone();
        Ok(Self {
            web,
            caller,
            language,
            path,
            me,
            bound,
            fresh_mark,
            theme,
            takes,
            typed,
            lacks_factor,
            ended,
        })
    }
}

fn is_before(path: &str) -> bool {
    BEFORE
        .iter()
        .any(|page| path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

async fn signed_in(app: &App, pass: Option<String>) -> Result<Option<Caller>, Error> {
    let Some((session, person)) = pass.and_then(|pass| app.links.read_pass(&pass)) else { return Ok(None) };
    match app.caller(session, person).await {
        Ok(caller) => Ok(Some(caller)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

fn new_mark(app: &App) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(app.clock.moment().random::<16>())
}

/// What somebody signed in reads, as in their mails; else what was chosen on a page, else what the browser asks for.
fn language_of(chosen: Option<&str>, headers: &HeaderMap, caller: Option<&Caller>) -> &'static str {
    let own = caller.and_then(|caller| language::liked(&caller.language));
    let chosen = || LANGUAGES.iter().find(|known| chosen == Some(**known)).copied();
    let accepted = || headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok().and_then(language::liked);
    own.or_else(chosen).or_else(accepted).unwrap_or(LANGUAGES[0])
}

async fn me(web: &Web, caller: &Caller) -> Result<Me, Error> {
    let app = web.app();
    let person = people::get(app, caller, caller.person).await?;
    let mut zone = None;
    let mut duties = Vec::new();
    let mut places = Vec::new();
    for held in &caller.duties {
        let place = match held.institution {
            Some(id) => Some(institutions::get(app, id).await?),
            None => None,
        };
        zone = zone.or_else(|| place.as_ref().map(|place| place.zone.clone()));
        places.extend(place.as_ref().and_then(|place| place.schac.clone()));
        duties.push(DutyLine {
            duty: held.duty.as_str().to_owned(),
            institution: place.map(|place| place.name),
        });
    }
    for home in &caller.registered_at {
        let place = institutions::get(app, *home).await?;
        zone = Some(place.zone);
        places.extend(place.schac);
        duties.push(DutyLine { duty: "registered".to_owned(), institution: Some(place.name) });
    }
    if let Some(chair) = caller.chair_of {
        let place = institutions::get(app, chair).await?;
        duties.push(DutyLine { duty: "chair".to_owned(), institution: Some(place.name) });
    }
    let zone = zone.unwrap_or_else(|| app.zone.name().to_owned());
    let name = full_name(&person.given_name, &person.family_name);
    let look = web.assets().look(places.iter().map(String::as_str));
    let waiting = applications::list::waiting(app, caller, MOST + 1).await?;
    Ok(Me { name, duties, zone, look, waiting })
}

impl Visit {
    /// The use cases.
    pub fn app(&self) -> &App {
        self.web.app()
    }

    /// A visit of nobody, for a page that must be shown whatever is wrong.
    pub fn of_nobody(web: &Web, headers: &HeaderMap) -> Self {
        let language = language_of(None, headers, None);
        let bound = new_mark(web.app());
        Self {
            web: web.clone(),
            caller: None,
            language,
            path: "/".to_owned(),
            me: None,
            bound,
            fresh_mark: true,
            theme: themes::known(None),
            takes: Takes::default(),
            typed: Typed::default(),
            lacks_factor: false,
            ended: false,
        }
    }

    /// Whether the person is registered as a student somewhere.
    pub fn is_student(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| !caller.registered_at.is_empty())
    }

    /// Whether the person works on cases of others.
    pub fn is_staff(&self) -> bool {
        self.caller.as_ref().is_some_and(|caller| !caller.duties.is_empty() || caller.is_chair())
    }

    /// Whether a script of the page asks, which stays where it is and reads JSON.
    pub const fn is_by_script(&self) -> bool {
        self.takes.json
    }

    /// Whether a form was shown to this visitor.
    pub fn sealed(&self, seal: &str) -> bool {
        self.app().links.is_form_seal(&self.bound, seal)
    }

    /// Keeps what was typed, for a page that tells of a fault.
    pub fn remember(&self, said: &Fields) {
        self.typed.keep(said);
    }

    /// A key under which a form does its work once.
    pub fn fresh_key(&self) -> String {
        self.app().clock.moment().id::<uuid::Uuid>().to_string()
    }

    /// A page in the layout.
    pub fn page(&self, status: StatusCode, template: &str, own: Value) -> Response {
        let templates = &self.web.0.templates;
        let caller = self.caller.as_ref();
        let layout = context! {
            w => templates.words(self.language),
            language => self.language,
            languages => LANGUAGES.to_vec(),
            alliance => self.web.0.alliance.clone(),
            path => self.path.clone(),
            assets => Value::from(Serde(&self.web.assets().addresses)),
            look => Value::from(Serde(self.look())),
            theme => self.theme,
            themes => themes::THEMES.to_vec(),
            most_waiting => MOST,
            seal => self.fresh_seal(),
            key => self.fresh_key(),
            me => Value::from(Serde(&self.me)),
            me_id => caller.map(|caller| caller.person.to_string()),
            zone => self.zone().name(),
            student => self.is_student(),
            staff => self.is_staff(),
            balances => caller.is_some_and(balances::may_read),
            secretariat => caller.is_some_and(Caller::is_secretariat),
            demo => self.web.0.demo.is_some(),
            ..own
        };
        match templates.render(template, layout) {
            Ok(page) => self.answer(status, page),
            Err(fault) => {
                Fault::from(Error::Internal(format!("{template}: {fault:#}").into())).into_response()
            }
        }
    }

    /// A part of a page, for the script of ours to put in its place.
    pub fn fragment(&self, template: &str, own: Value) -> Result<String, Error> {
        let templates = &self.web.0.templates;
        let words = context! { w => templates.words(self.language), language => self.language, ..own };
        let fault = |fault| Error::Internal(format!("{template}: {fault:#}").into());
        templates.render(template, words).map_err(fault)
    }

    fn look(&self) -> Dress {
        let own = self.me.as_ref().map(|me| me.look.clone());
        own.unwrap_or_else(|| self.web.assets().look(std::iter::empty()))
    }

    fn answer(&self, status: StatusCode, page: String) -> Response {
        let mut response = match self.takes.packed.pack(page.as_bytes()) {
            Some((how, packed)) => (status, [(header::CONTENT_ENCODING, how)], Html(packed)).into_response(),
            None => (status, Html(page)).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.language));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language, Accept-Encoding"));
        if self.fresh_mark {
            keep(headers, &self.cookie(Keeps::Mark, &self.bound));
        }
        response
    }

    /// A cookie that scripts cannot read and that other sites' forms do not carry.
    pub fn cookie(&self, what: Keeps, value: &str) -> Cookie<'static> {
        let secure = self.web.is_secure();
        Cookie::build((what.name(secure), value.to_owned()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(secure)
            .build()
    }

    /// The end of a cookie.
    pub fn forgotten(&self, what: Keeps) -> Cookie<'static> {
        let mut cookie = self.cookie(what, "");
        cookie.make_removal();
        cookie
    }
}

/// A visit of somebody who has signed in; others are led to the log-in and back.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub visit: Visit,
    pub caller: Caller,
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, web).await.map_err(IntoResponse::into_response)?;
        match visit.caller.clone() {
            Some(caller) => Ok(Self { visit, caller }),
            None if visit.lacks_factor => Err(Redirect::to(SET_UP).into_response()),
            None if parts.method == axum::http::Method::GET => Err(to_login(&visit.path)),
            None => Err(to_login("/")),
        }
    }
}

fn to_login(after: &str) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if after != "/" {
        query.append_pair("next", after);
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    Redirect::to(&format!("/login{mark}{query}")).into_response()
}

/// A form that does its work once: two that say the same are one request, and one that says something else is another.
pub fn once(key: &str, said: &[u8]) -> Once {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::digest(said).into();
    Once::new(format!("page-{key}-{}", hex::encode(&hash[..8])), hash)
}
