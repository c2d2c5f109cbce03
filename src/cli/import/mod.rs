//! `sojourn import`: history and master data from files.

mod holidays;
mod institutions;
mod mobilities;
mod people;
mod places;
mod scores;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use sojourn_engine::ids::CallId;

use super::Outcome;
use crate::app::people::RefusedRow;

/// Bring in what stands in files: past mobilities, institutions, people, places, scores
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Mobilities(Mobilities),
    Institutions(Institutions),
    People(File),
    Holidays(Holidays),
    Places(Places),
    Scores(Scores),
}

/// Import past mobilities: every record becomes a case with its whole life; a repeat or a kill doubles nothing
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn import mobilities erasmus_2008-09.csv.gz --mapping erasmus --json > report.json"
)]
pub struct Mobilities {
    /// Table with a header, UTF-8, `;` or `,`, plain or gzip
    file: PathBuf,
    /// How its columns are read
    #[arg(long, value_enum)]
    mapping: Mapping,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// How the columns of mobilities are read.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mapping {
    /// Individual Erasmus mobilities as the European Commission publishes them
    Erasmus,
}

/// Enter institutions, and give those that came unverified with past mobilities their names
#[derive(Debug, Args)]
#[command(
    after_help = "Columns of the service's own: name, country, and if wanted kind, zone, language, erasmus_code, ror_id, schac\n\nExample:\n  sojourn import institutions charter_holders.json.gz --mapping eche"
)]
pub struct Institutions {
    /// Table with a header, UTF-8, `;` or `,`, or a list of objects in JSON; plain or gzip
    file: PathBuf,
    /// How its columns are called
    #[arg(long, value_enum, default_value = "table")]
    mapping: Listed,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// How the columns of institutions are called.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Listed {
    /// By the service's own names
    Table,
    /// Holders of an Erasmus University Charter 2007-2013
    Euc,
    /// Holders of an Erasmus Charter for Higher Education 2021-2027
    Eche,
}

/// Enter and invite the people of a table
#[derive(Debug, Args)]
#[command(
    after_help = "Columns: given_name, family_name, email, level, and if wanted institution (Erasmus code, ROR id, domain or id), language, nationality, student_no, esi, field, year, credits, languages\n\nExample:\n  sojourn import people students.csv"
)]
pub struct File {
    /// Table with a header, UTF-8, `;` or `,`, plain or gzip
    file: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Take over the days off of an iCalendar file (.ics) for one institution; deadlines that run stay as they are
#[derive(Debug, Args)]
#[command(
    after_help = "Whole days, once or every year. What is no day off is named by its line.\n\nExample:\n  sojourn import holidays bank-holidays.ics --institution uni-berlin.example --dry-run"
)]
pub struct Holidays {
    /// iCalendar file, UTF-8, at most 1 MiB
    file: PathBuf,
    /// Whose days off: Erasmus code, ROR id, domain or id
    #[arg(long, value_name = "CODE")]
    institution: String,
    /// Let its days take the place of those that stand in the years it speaks of
    #[arg(long)]
    replace: bool,
    /// Only say what would be
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Take over a partner list with places for one institution: all of its rows, or none
#[derive(Debug, Args)]
#[command(
    after_help = "Columns of the service's own: partner, direction, places, and if wanted name, country, level, field, period, valid_from_on, valid_until_on, unit, note, taken, winter_opens, winter_closes, summer_opens, summer_closes (each with …_month beside it, where day and month stand apart)\n\nExample:\n  sojourn import places partners.xlsx --institution uni-berlin.example --columns map.toml --dry-run"
)]
pub struct Places {
    /// Table with a header, UTF-8, `;` or `,`, plain or gzip, or a spreadsheet (XLSX); at most 10 MiB
    file: PathBuf,
    /// Whose list it is: Erasmus code, ROR id, domain or id
    #[arg(long, value_name = "CODE")]
    institution: String,
    /// TOML that says what the list calls its columns and values
    #[arg(long, value_name = "MAP.toml")]
    columns: Option<PathBuf>,
    /// Only say what would be
    #[arg(long)]
    dry_run: bool,
    /// Enter partners whom nobody knows, unverified
    #[arg(long)]
    new_partners: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Enter the scores of a call's applications from a table: all of its rows, or none
#[derive(Debug, Args)]
#[command(
    after_help = "Columns: score, and application (id or code) or student_no\n\nExample:\n  sojourn import scores scores.csv --call 019a7c3e-5b1f-7a20-8c44-1d2e3f405162 --dry-run"
)]
pub struct Scores {
    /// Table with a header, UTF-8, `;` or `,`; at most 10 MiB
    file: PathBuf,
    /// The id of the call, as in the address of its page
    #[arg(long, value_name = "ID")]
    call: CallId,
    /// Only say what would be
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, config: Option<&Path>) -> Outcome {
    match arguments {
        Arguments::Mobilities(asked) => mobilities::run(&asked, config).await,
        Arguments::Institutions(asked) => institutions::run(&asked, config).await,
        Arguments::Holidays(asked) => holidays::run(&asked, config).await,
        Arguments::People(asked) => people::run(&asked, config).await,
        Arguments::Places(asked) => places::run(&asked, config).await,
        Arguments::Scores(asked) => scores::run(&asked, config).await,
    }
}

/// One line per row that was refused.
fn refused(rows: &[RefusedRow]) -> impl Iterator<Item = String> {
    rows.iter().map(|row| {
        let column = row.column.as_ref().map(|column| format!(", {column}")).unwrap_or_default();
        format!("row {}{column}: {}", row.row, row.detail)
    })
}
