//! `sojourn mail archive`

use std::path::Path;

use chrono::{Days, NaiveDate, NaiveTime};
use clap::Args;
use indicatif::ProgressBar;

use crate::app::Error;
use crate::cli::{Fault, Outcome, instance, output};

/// Days after which a mail is archived where no day is named.
const USUAL: u64 = 90;

/// Move mails that were sent long ago out of the outbox; who got which one and when is kept, what it said is not
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn mail archive --before 2026-07-01")]
pub struct Arguments {
    /// Only mails sent before this day, at least 30 days ago [default: 90 days ago]
    #[arg(long, value_name = "DAY")]
    before: Option<NaiveDate>,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    let at = app.clock.moment();
    let today = at.now.date_naive();
    let day = arguments.before.or_else(|| today.checked_sub_days(Days::new(USUAL))).unwrap_or(today);
    let bar = ProgressBar::new_spinner();
    let before = day.and_time(NaiveTime::MIN).and_utc();
    let moved = app.archive_mails(&at, before, |moved| bar.set_position(moved)).await;
    bar.finish_and_clear();
    let moved = moved.map_err(|error| match error {
        Error::Invalid(faults) => faults
            .iter()
            .map(|fault| format!("--before: {}", fault.detail))
            .collect::<Vec<_>>()
            .join("; ")
            .into(),
        error => Fault::from(error),
    })?;
    Ok(output::say(format_args!("{moved} mails sent before {day} are in the archive now"))?)
}
