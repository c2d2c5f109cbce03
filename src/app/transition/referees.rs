//! The person a new instance of a track names: known by their address, or entered with it.

use validator::ValidateEmail;

use super::Attempt;
use crate::app::people::address;
use crate::app::scene::Scene;
use crate::app::{Error, FieldError, Result};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::holders;
use crate::store::people::{self, Person};
use sojourn_engine::vocabulary::{Duty, Mails};

/// Finds out whom the attempt would name, if its event makes such an instance; the row to enter when nobody has the address yet.
///
/// # Errors
/// [`Error::Invalid`] for an address that is none.
pub(super) async fn meant(
    conn: &impl Conn,
    scene: &mut Scene,
    at: &Moment,
    attempt: &Attempt,
) -> Result<Option<Person>> {
    let event = scene.definition.event_named(&attempt.event);
    let mut here = scene.definition.leaving(scene.live.case.state).map(|(_, transition)| transition);
    if !here.any(|transition| Some(transition.event) == event && transition.adds.is_some()) {
        return Ok(None);
    }
    let given = |field: &str| attempt.data.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    let email = address(given("email"));
    if !email.validate_email() {
        let detail = "write an e-mail address such as name@example.org";
        return Err(Error::Invalid(vec![FieldError::new("/data/email", detail)]));
    }
    let known = people::by_email(conn, std::slice::from_ref(&email)).await?.into_iter().next();
    let (person, new) = match known {
        Some(person) => (person, false),
        None => {
            let applicant = scene.holders.applicant.as_ref();
            let language = applicant.map_or_else(|| "en".to_owned(), |holder| holder.language.clone());
            (entered(at, given("name"), email, language), true)
        }
    };
    scene.live.named = Some(person.id);
    scene.holders.linked.push(holders::of(person.clone(), Duty::Coordinator));
    Ok(new.then_some(person))
}

/// A person of whom no more is known than what somebody wrote.
pub(super) fn entered(at: &Moment, name: &str, email: String, language: String) -> Person {
    let name = name.trim();
    let (given, family) = name.rsplit_once(' ').unwrap_or(("", name));
    Person {
        id: at.id(),
        given_name: given.trim().to_owned(),
        family_name: family.to_owned(),
        email: Some(email),
        language,
        nationality: None,
        gender: None,
        birth_year: None,
        mails: Mails::AtOnce,
        technical: false,
        erased_at: None,
        created_at: at.now,
        version: 1,
        unreachable_since: None,
        unreachable_words: None,
    }
}
