//! The desk: pages of the secretariat, the chair and administrators of institutions, over the same use cases as the API.
//!
//! A form is a list of [`asked::Ask`]s: [`asked::Form`] checks what was typed and keeps it, [`sheet::Sheet`] shows it, and
//! [`sheet::Sure`] asks once more before what cannot be undone. A new form needs its labels in `[asked]` of the words.

mod adoption;
mod asked;
mod audit;
mod call_rules;
pub mod calls;
mod chair;
mod editor;
mod holidays;
mod houses;
mod institutions;
mod lines;
mod offerings;
mod overview;
mod people;
pub mod programmes;
mod roles;
mod sheet;
mod simulation;
mod stand_ins;
mod studies;
mod takes;
mod waiting;
mod workflows;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::Web;

pub use institutions::Came;
pub use sheet::done;

/// Largest form with the text of a workflow.
const TEXT: usize = 4 * sojourn_engine::definition::parse::LONGEST;

/// Every page of the desk.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/desk", get(overview::show))
        .route("/waiting", get(waiting::list))
        .route("/waiting/{at}/{party}", get(waiting::show))
        .route("/audit", get(audit::list))
        .route("/chair", get(chair::show))
        .route("/chair/new", get(chair::ask).post(chair::enter))
        .route("/chair/{id}/edit", get(chair::edit).post(chair::change))
        .merge(of_institutions())
        .merge(of_people())
        .merge(of_calls())
        .merge(of_workflows())
}

fn of_institutions() -> Router<Web> {
    let upload = || DefaultBodyLimit::max(holidays::FORM);
    Router::new()
        .route("/institutions", get(institutions::list))
        .route("/institutions/new", get(institutions::ask).post(institutions::enter))
        .route("/institutions/{id}", get(institutions::show))
        .route("/institutions/{id}/edit", get(institutions::edit).post(institutions::change))
        .route("/institutions/{id}/log-in", get(houses::edit_log_in).post(houses::put_log_in))
        .route("/institutions/{id}/holidays", post(holidays::attempt).layer(upload()))
        .route("/institutions/{id}/holidays/take", post(holidays::take).layer(upload()))
        .route("/institutions/{id}/units/new", get(houses::ask_unit).post(houses::enter_unit))
        .route("/institutions/{id}/units/{unit}/edit", get(houses::edit_unit).post(houses::change_unit))
        .route("/institutions/{id}/periods/new", get(houses::ask_period).post(houses::enter_period))
        .route(
            "/institutions/{id}/periods/{period}/edit",
            get(houses::edit_period).post(houses::change_period),
        )
}

fn of_people() -> Router<Web> {
    Router::new()
        .route("/people", get(people::list))
        .route("/people/invite", get(roles::ask_invitation).post(roles::invite))
        .route("/people/{id}", get(people::show))
        .route("/people/{id}/edit", get(people::edit).post(people::change))
        .route("/people/{id}/roles/new", get(roles::ask_grant).post(roles::grant))
        .route("/people/{id}/roles/{role}/end", get(roles::ask_end).post(roles::end))
        .route("/people/{id}/registrations/new", get(studies::ask).post(studies::enter))
        .route("/people/{id}/registrations/{registration}/edit", get(studies::edit).post(studies::change))
        .route("/people/{id}/absences/new", get(stand_ins::ask).post(stand_ins::enter))
        .route("/people/{id}/absences/{absence}/end", get(stand_ins::ask_end).post(stand_ins::end))
}

fn of_calls() -> Router<Web> {
    Router::new()
        .route("/calls/new", get(calls::ask).post(calls::enter))
        .route("/calls/{id}/edit", get(calls::edit).post(calls::change))
        .route("/calls/{id}/rules", get(call_rules::edit).post(call_rules::change))
        .route("/calls/{id}/publish", get(calls::ask_publish).post(calls::publish))
        .route("/programmes/new", get(programmes::ask).post(programmes::enter))
        .route("/programmes/{id}/edit", get(programmes::edit).post(programmes::change))
        .route("/programmes/{id}/publish", get(programmes::ask_publish).post(programmes::publish))
        .route("/programmes/{id}/offerings/new", get(offerings::ask).post(offerings::enter))
        .route("/programmes/{id}/offerings/{offering}/edit", get(offerings::edit).post(offerings::change))
}

fn of_workflows() -> Router<Web> {
    let text = || DefaultBodyLimit::max(TEXT);
    Router::new()
        .route("/workflows", get(workflows::list))
        .route("/workflows/new", get(editor::begin).post(editor::post_new).layer(text()))
        .route("/workflows/check", post(editor::preview).layer(text()))
        .route("/workflows/{id}", get(workflows::show))
        .route("/workflows/{id}/edit", get(editor::edit).post(editor::post).layer(text()))
        .route("/workflows/{id}/simulate", get(simulation::show))
        .route("/workflows/{id}/versions/{number}", get(workflows::version))
        .route("/workflows/{id}/versions/{number}/text", get(workflows::text))
        .route("/workflows/{id}/versions/{number}/picture.svg", get(workflows::picture))
        .route(
            "/workflows/{id}/versions/{number}/approve",
            get(workflows::ask_approval).post(workflows::approve),
        )
        .route("/workflows/{id}/versions/{number}/adopt", get(adoption::list).post(adoption::adopt))
}
