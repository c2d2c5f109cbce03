//! An event that was not done, told beside the form that asked for it: one way for cases, the queue, links and agreements.

use axum::http::StatusCode;
use sojourn_engine::refusal::Refusal;

use super::applications::events;
use super::applications::show::Said;
use super::fault::status_of;
use super::form::Fields;
use super::visit::Visit;
use crate::app::applications::view::OfferView;
use crate::app::{Conflict, Error, Result};

/// The form of an event as it came, with what is wrong with it.
pub fn said(typed: Fields, told: String, faults: Vec<String>) -> Said {
    let parts = ["track", "instance", "event"].map(|part| typed.get(part));
    let form = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    Said { form, typed, told: Some(told), faults, ..Said::default() }
}

/// The same where parts of it are missing or too long.
pub fn unfit(visit: &Visit, offer: &OfferView, typed: &Fields) -> Option<Said> {
    let faults = events::unfit(offer, typed);
    (!faults.is_empty()).then(|| said(typed.clone(), visit.word("case.mend"), faults))
}

/// Why an event was not done, `explain` for what the workflow refuses; what is no matter of the form goes on.
pub async fn told<F: Future<Output = Result<String>>>(
    visit: &Visit,
    typed: Fields,
    error: Error,
    explain: impl FnOnce(Refusal) -> F,
) -> Result<(StatusCode, Said)> {
    let status = status_of(&error);
    let (told, faults) = match error {
        Error::Stale => (visit.word("case.stale"), Vec::new()),
        Error::Refused(Refusal::InputInvalid { fields }) => {
            (visit.word("case.mend"), fields.into_iter().map(|fault| fault.field).collect())
        }
        Error::Refused(refusal) => {
            let reason = matches!(refusal, Refusal::ReasonNeeded { .. }).then(|| "reason".to_owned());
            (explain(refusal).await?, reason.into_iter().collect())
        }
        Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => {
            (visit.word("case.twice"), Vec::new())
        }
        Error::Invalid(wrong) if wrong.iter().all(|fault| fault.pointer.starts_with("/data")) => {
            let told: Vec<String> = wrong.iter().map(|fault| visit.said(&fault.detail)).collect();
            let name = |pointer: &str| pointer.trim_start_matches("/data/").to_owned();
            (told.join(" "), wrong.iter().map(|fault| name(&fault.pointer)).collect())
        }
        error => return Err(error),
    };
    Ok((status, said(typed, told, faults)))
}
