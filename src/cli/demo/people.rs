//! The demo's people: how they are appointed, and who is registered.

use chrono::NaiveDate;
use secrecy::SecretString;
use sojourn_engine::ids::{InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Duty, Level, Mails, TokenKind};

use super::{Demo, Outcome, PASSWORD};
use crate::app::passwords;
use crate::app::people::{self, NewPerson, NewRole};
use crate::app::registrations::NewRegistration;

/// Whoever is registered.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Studies.
    Student,
    /// Works there.
    Staff,
}

const GIVEN: [&str; 18] = [
    "Anna", "Ben", "Chiara", "Daniel", "Emeka", "Freya", "Gita", "Hugo", "Ines", "Jamal", "Kaia", "Leon",
    "Mina", "Noor", "Otto", "Pia", "Quirin", "Rosa",
];
const FELLOWS: [&str; 9] = ["Ruth", "Anders", "Noor", "Tomás", "Keiko", "Samuel", "Leila", "Bram", "Yara"];
const FAMILY: [&str; 6] = ["Sommer", "Wu", "Ramírez", "Mokoena", "Walker", "Leblanc"];

impl Demo {
    /// People whom a university has registered, numbered; the first can sign in.
    pub(super) async fn registered(
        &self,
        kind: Kind,
        domain: &str,
        member: InstitutionId,
    ) -> Outcome<Vec<PersonId>> {
        let (word, given, level) = match kind {
            Kind::Student => ("student", &GIVEN[..], Level::First),
            Kind::Staff => ("staff", &FELLOWS[..], Level::Third),
        };
        let mut people = Vec::new();
        for (nth, given) in given.iter().enumerate() {
            let email = format!("{word}{}@{}", nth + 1, domain);
            let name = (*given, FAMILY[(nth + 4) % FAMILY.len()]);
            people.push(self.student((name, level), &email, member, nth == 0).await?);
        }
        Ok(people)
    }

    /// Somebody with a duty, who can sign in.
    pub(super) async fn person(
        &self,
        (given, family): (&str, &str),
        email: &str,
        duty: Duty,
        institution: Option<InstitutionId>,
        from_on: NaiveDate,
    ) -> Outcome<PersonId> {
        let role = NewRole { duty, institution, unit: None, from_on, until_on: None };
        let new = NewPerson {
            // Who tries the demo looks at each mail as it comes.
            mails: Mails::AtOnce,
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            email: email.to_owned(),
            roles: vec![role],
            ..NewPerson::default()
        };
        let (view, link) = people::appoint(&self.app, &new).await?;
        self.accept(&link).await?;
        Ok(view.id)
    }

    async fn student(
        &self,
        ((given, family), level): ((&str, &str), Level),
        email: &str,
        institution: InstitutionId,
        signs_in: bool,
    ) -> Outcome<PersonId> {
        let registration = NewRegistration {
            institution,
            unit: None,
            student_no: None,
            esi: None,
            level,
            field: Some("0613".to_owned()),
            year: Some(2),
            credits_hundredths: Some(9_000),
            languages: vec!["en:C1".to_owned()],
        };
        let new = NewPerson {
            // Who tries the demo looks at each mail as it comes.
            mails: Mails::AtOnce,
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            email: email.to_owned(),
            registrations: vec![registration],
            ..NewPerson::default()
        };
        let (view, link) = people::appoint(&self.app, &new).await?;
        if signs_in {
            self.accept(&link).await?;
        }
        Ok(view.id)
    }

    /// Follows an invitation, as a person would, with everybody's password.
    async fn accept(&self, link: &str) -> Outcome<()> {
        let token = link.rsplit(['=', '/', '#']).next().unwrap_or_default();
        let password = SecretString::from(PASSWORD.to_owned());
        passwords::set_password(&self.app, token, TokenKind::Invitation, password, None).await?;
        Ok(())
    }
}
