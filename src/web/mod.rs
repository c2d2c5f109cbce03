//! Pages for people, made on the server: the same use cases as the API, forms in, HTML out. They
//! are better with the script of ours and need none.
//!
//! A handler takes a [`visit::Visit`] (who asks, in which language) and answers with a page or a [`fault::Fault`], which
//! [`fault::dress`] turns into a page of the same layout. A form is read by [`form::Posted`], which lets nothing pass that another
//! site sent. To add a page: its handler in the file of its resource, its line in [`routes`], its template in `templates/web`.

mod absences;
mod account;
mod act;
mod agreements;
mod allocations;
mod applications;
mod assets;
mod balances;
mod bulks;
mod calendar;
mod calls;
mod case_reports;
mod catalogue;
mod cookies;
mod courses;
pub mod demo;
mod desk;
mod documents;
mod email_changes;
mod fault;
mod faults;
mod fields;
mod form;
mod home;
mod hosting;
mod locales;
mod mails;
mod messages;
mod moments;
mod notifications;
mod oidc;
mod packing;
mod passwords;
mod personal_data;
mod place_lists;
mod preferences;
mod programmes;
mod query;
mod queue;
mod recent;
mod refused;
mod reports;
mod review;
mod scores;
mod second_factors;
mod sessions;
mod sign_ups;
mod statements;
mod study;
mod templates;
mod text_file;
mod themes;
mod uploads;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::app::App;
use crate::config::Config;
use assets::Assets;
use demo::Demo;
use templates::Templates;

/// Largest request with a file: ten MiB and the form around it.
const FORM: usize = documents::FILE + 64 * 1024;

/// What every page can ask for; cheap to clone.
#[derive(Debug, Clone)]
pub struct Web(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    app: Arc<App>,
    templates: Templates,
    assets: Assets,
    alliance: String,
    public_url: String,
    demo: Option<Demo>,
    recent: recent::Recent,
}

impl Web {
    /// The pages over the use cases; with `demo`, its log-ins and mails are shown to everybody.
    ///
    /// # Errors
    /// The first template or file of words that cannot be read.
    pub fn new(app: Arc<App>, config: &Config, demo: Option<Demo>) -> Result<Self, String> {
        let assets = Assets::load(&config.alliance.looks)?;
        let parts = Parts {
            app,
            templates: Templates::load(&assets.addresses.icons)?,
            assets,
            alliance: config.alliance.name.clone(),
            public_url: config.http.public_url.clone(),
            demo,
            recent: recent::Recent::default(),
        };
        Ok(Self(Arc::new(parts)))
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    /// Whether browsers reach this instance by TLS, so that cookies can be kept to it.
    fn is_secure(&self) -> bool {
        self.0.public_url.starts_with("https://")
    }
}

/// All pages, to be merged with the API and to get the layers of both.
pub fn routes(web: &Web) -> Router {
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/people/{id}/reachable", post(home::found))
        .route("/act/{token}", get(act::show))
        .route("/act/{token}/events", post(act::fire))
        .route("/act/{token}/hand-on", post(act::hand_on))
        .route("/act/{token}/renew", post(act::renew))
        .route("/absence", get(absences::show).post(absences::enter))
        .route("/absence/{id}/end", post(absences::end))
        .route("/preferences", get(preferences::show).post(preferences::save))
        .route("/account/data", get(personal_data::show))
        .route("/account/data/export", get(personal_data::export))
        .route("/account/data/consents/{kind}", post(personal_data::consent))
        .route("/account/data/erase", post(personal_data::erase))
        .route("/digest/{token}", get(preferences::ask_end).post(preferences::end))
        .route("/cases", get(applications::list::show))
        .route("/cases/{id}", get(applications::show::show))
        .route("/cases/{id}/events", post(applications::events::fire))
        .route("/cases/{id}/draft", post(applications::draft::change))
        .route(
            "/cases/{id}/messages",
            get(messages::show).post(messages::send).layer(DefaultBodyLimit::max(messages::FORM)),
        )
        .route("/cases/{id}/road", get(applications::road::show))
        .route("/cases/{id}/road.svg", get(applications::road::picture))
        .route("/cases/{id}/score", post(applications::draft::score))
        .route("/cases/{id}/documents", post(documents::supply).layer(DefaultBodyLimit::max(FORM)))
        .route("/cases/{id}/documents/{document}", get(documents::download))
        .route("/cases/{id}/documents/{document}/remove", post(documents::take_out))
        .route("/programmes", get(programmes::list))
        .route("/programmes/{id}", get(programmes::show))
        .route("/programmes/{id}/events", post(courses::fire_of_programme))
        .route("/calendar", get(calendar::show).post(calendar::renew))
        .route("/calendar/end", post(calendar::end))
        .route("/notifications", get(notifications::list))
        .route("/notifications/{id}", get(notifications::show))
        .route("/notifications/{id}/retry", post(notifications::retry))
        .route("/notifications/{id}/resend", post(notifications::resend))
        .route("/assets/{name}", get(assets::serve))
        .route("/favicon.svg", get(assets::icon))
        .route("/favicon.ico", get(|| async { Redirect::permanent("/favicon.svg") }));
    with_mails(
        pages.merge(of_calls()).merge(accounts()).merge(ledger()).merge(works()).merge(desk::routes()),
        web,
    )
    .with_state(web.clone())
}

/// Calls, with applying, scores and the allocation of their places.
fn of_calls() -> Router<Web> {
    let table = || DefaultBodyLimit::max(scores::FORM);
    Router::new()
        .route("/calls", get(calls::list))
        .route("/calls/{id}", get(calls::show))
        .route("/calls/{id}/allocations", get(allocations::list).post(allocations::attempt))
        .route("/calls/{id}/allocations/{run}", get(allocations::show))
        .route("/calls/{id}/allocations/{run}/{file}", get(allocations::file))
        .route("/calls/{id}/allocations/{run}/confirm", post(allocations::confirm))
        .route("/calls/{id}/allocations/{run}/explanations/{application}", get(allocations::explain))
        .route("/calls/{id}/scores", get(scores::ask).post(scores::attempt).layer(table()))
        .route("/calls/{id}/scores/take", post(scores::take).layer(table()))
        .route("/calls/{id}/apply", get(applications::open::ask).post(applications::open::open))
}

/// What waits for coordinators and hosts, and what they do with many cases at once.
fn works() -> Router<Web> {
    Router::new()
        .route("/queue", get(queue::show))
        .route("/cases/{id}/documents/{document}/look", get(documents::look))
        .route("/queue/review", get(review::first))
        .route("/queue/review/{id}", get(review::show))
        .route("/queue/review/{id}/events", post(review::fire))
        .route("/queue/review/{id}/score", post(review::score))
        .route("/bulk", post(bulks::create))
        .route("/bulk/choose", post(bulks::choose))
        .route("/bulk/preview", post(bulks::preview))
        .route("/bulk/{id}", get(bulks::show))
        .route("/bulk/{id}/call-back", post(bulks::call_back))
        .route("/nominations", get(hosting::nominations))
        .route("/incoming", get(hosting::incoming))
        .route("/arrivals", get(hosting::arrivals))
        .route("/capacity", get(hosting::capacity))
}

/// Agreements, their places and balances, and statements of these.
fn ledger() -> Router<Web> {
    Router::new()
        .route("/agreements", get(agreements::list))
        .route("/agreements/new", get(agreements::edit::ask).post(agreements::edit::write))
        .route("/agreements/{id}", get(agreements::show))
        .route("/agreements/{id}/edit", get(agreements::edit::ask_terms).post(agreements::edit::change))
        .route(
            "/agreements/{id}/windows/{host}",
            get(agreements::windows::ask).post(agreements::windows::say),
        )
        .route("/agreements/{id}/events", post(courses::fire_of_agreement))
        .route("/agreements/{id}/lines", get(agreements::lines::ask).post(agreements::lines::enter))
        .route(
            "/agreements/{id}/lines/{line}",
            get(agreements::lines::ask_places).post(agreements::lines::post),
        )
        .route(
            "/agreements/{id}/lines/{line}/carry",
            get(agreements::carry::ask).post(agreements::carry::carry),
        )
        .route(
            "/place-lists",
            get(place_lists::ask).post(place_lists::take).layer(DefaultBodyLimit::max(place_lists::FORM)),
        )
        .route("/balances", get(balances::show))
        .route("/balances/{file}", get(balances::file))
        .route("/statements", get(statements::list).post(statements::make))
        .route("/agreements/{id}/statements/{statement}", get(statements::show))
        .route("/agreements/{id}/statements/{statement}/confirm", post(statements::confirm))
        .route("/agreements/{id}/statements/{statement}/dispute", post(statements::dispute))
        .route("/agreements/{id}/statements/{statement}/settle", post(statements::settle))
        .route("/reports", get(|| async { Redirect::to("/reports/funnel") }))
        .route("/reports/{name}", get(case_reports::show))
        .route("/places", get(reports::places))
        .route("/places/{file}", get(reports::places_file))
}

/// How people sign in, and what is theirs alone to change.
fn accounts() -> Router<Web> {
    Router::new()
        .route("/login", get(sessions::ask).post(sessions::sign_in))
        .route("/session", get(sessions::state))
        .route("/signed-in", get(sessions::back))
        .route("/logout", post(sessions::sign_out))
        .route("/language", post(sessions::choose_language))
        .route("/theme", post(themes::choose))
        .route("/forgotten-password", get(passwords::ask).post(passwords::send_link))
        .route("/invitation", get(passwords::follow_invitation).post(passwords::accept_invitation))
        .route("/password-reset", get(passwords::follow_reset).post(passwords::reset))
        .route("/account", get(account::show))
        .route("/login/code", post(sessions::give_code))
        .route("/account/second-factor", get(second_factors::show).post(second_factors::begin))
        .route("/account/second-factor/confirm", post(second_factors::confirm))
        .route("/account/second-factor/codes", post(second_factors::renew_codes))
        .route("/account/second-factor/remove", post(second_factors::remove))
        .route("/api/v1/auth/oidc/{provider}/start", get(oidc::start))
        .route("/api/v1/auth/oidc/{provider}/callback", get(oidc::callback))
        .route("/account/identities/link/{provider}", post(oidc::link))
        .route("/account/identities/{id}/remove", post(oidc::unlink))
        .route("/sign-up", get(sign_ups::ask).post(sign_ups::send_link))
        .route("/sign-up/confirm", get(sign_ups::follow).post(sign_ups::complete))
        .route("/account/email", get(email_changes::show).post(email_changes::ask))
        .route("/email-change", get(email_changes::follow).post(email_changes::agree))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_sessions))
        .route("/account/sessions/{id}/end", post(account::end_session))
}

fn with_mails(pages: Router<Web>, web: &Web) -> Router<Web> {
    if web.0.demo.is_none() {
        return pages;
    }
    pages
        .route("/mails", get(mails::list))
        .route("/mails/{id}", get(mails::show))
        .route("/mails/{id}/html", get(mails::html))
}

/// Puts the pages' own answer in place of a problem document, where a browser asked for a page; the outermost layer.
pub fn dressed(routes: Router, web: &Web) -> Router {
    routes.layer(from_fn_with_state(web.clone(), fault::dress))
}

impl axum::extract::FromRef<Web> for Arc<App> {
    fn from_ref(web: &Web) -> Self {
        Arc::clone(&web.0.app)
    }
}

/// The state of a handler, taken apart.
type Site = State<Web>;
