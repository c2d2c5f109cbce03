//! `sojourn person`

use std::path::Path;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::Duty;

use super::{Fault, Outcome, instance, output};
use crate::app::institutions;
use crate::app::people::{self, NewPerson, NewRole};
use crate::app::second_factors;
use crate::app::{App, Error};

/// Invite people and grant duties, above all the first ones
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Invite(Invite),
    Role(Role),
    ForgetFactor(ForgetFactor),
}

/// Take the second factor of somebody who has lost telephone and recovery codes away, and send them a link for a new password
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn person forget-factor --email jo@a.example")]
pub struct ForgetFactor {
    /// E-mail address of the person
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Enter a person with a duty, and print the link with which they choose a password
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn person invite --given-name Mei --family-name Lin --email mei@alliance.example secretariat"
)]
pub struct Invite {
    /// Given name
    #[arg(long, value_name = "NAME")]
    given_name: String,
    /// Family name
    #[arg(long, value_name = "NAME")]
    family_name: String,
    /// E-mail address, with which they log in
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    /// BCP 47 tag of the language they read [default: the institution's]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    #[command(flatten)]
    duty: DutyArguments,
}

/// Grant a duty to somebody who is there already
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn person role --email jo@a.example coordinator --institution 'D  BERLIN01'"
)]
pub struct Role {
    /// E-mail address of the person
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    duty: DutyArguments,
}

#[derive(Debug, Args)]
struct DutyArguments {
    /// secretariat, admin, coordinator, head, academic, grants, safety or employer
    duty: Duty,
    /// At which institution: its Erasmus code, ROR id, domain (SCHAC) or id; the secretariat has none
    #[arg(long, value_name = "CODE")]
    institution: Option<String>,
    /// First day, as 2027-01-31 [default: today]
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Last day, as 2027-01-31 [default: none]
    #[arg(long, value_name = "DAY")]
    until: Option<NaiveDate>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl DutyArguments {
    async fn role(&self, app: &App) -> Result<NewRole, Fault> {
        let institution = match &self.institution {
            Some(written) => Some(named(app, written).await?),
            None => None,
        };
        let today = app.clock.now().with_timezone(&app.zone).date_naive();
        let from_on = self.from.unwrap_or(today);
        Ok(NewRole { duty: self.duty, institution, unit: None, from_on, until_on: self.until })
    }
}

async fn named(app: &App, written: &str) -> Result<InstitutionId, Fault> {
    let found = institutions::named(app.store.read(), written).await?;
    found.ok_or_else(|| format!("no institution has the code or id `{written}`").into())
}

pub async fn run(arguments: Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    match arguments {
        Arguments::Invite(invite) => {
            let new = NewPerson {
                roles: vec![invite.duty.role(&app).await?],
                given_name: invite.given_name,
                family_name: invite.family_name,
                email: invite.email,
                language: invite.language,
                ..NewPerson::default()
            };
            let (person, link) = people::appoint(&app, &new).await?;
            if invite.duty.json {
                output::say(json!({ "person": person, "link": link }))?;
            } else {
                output::say(format_args!("{} is entered; they choose a password at\n{link}", person.id))?;
            }
        }
        Arguments::Role(role) => {
            let granted = people::appoint_to(&app, &role.email, &role.duty.role(&app).await?).await;
            let person = granted.map_err(|error| match error {
                Error::NotFound => {
                    format!("nobody has the e-mail address {}: invite them first", role.email).into()
                }
                other => Fault::from(other),
            })?;
            if role.duty.json {
                output::say(json!(person))?;
            } else {
                output::say(format_args!("{} has the duty {} now", person.id, role.duty.duty))?;
            }
        }
        Arguments::ForgetFactor(whose) => forget_factor(&app, whose).await?,
    }
    Ok(app.store.clone().close().await?)
}

async fn forget_factor(app: &App, ForgetFactor { email, json }: ForgetFactor) -> Outcome {
    second_factors::forget(app, &email).await.map_err(|error| match error {
        Error::NotFound => format!("nobody with the e-mail address {email} has a second factor").into(),
        other => Fault::from(other),
    })?;
    if json {
        output::say(json!({ "email": email }))?;
    } else {
        let told = "has no second factor now; a link for a new password is on its way";
        output::say(format_args!("{email} {told}"))?;
    }
    Ok(())
}
