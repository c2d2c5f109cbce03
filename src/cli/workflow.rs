//! `sojourn workflow`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::Value;
use sojourn_engine::ids::CallId;
use sojourn_engine::vocabulary::Via;

use super::{Fault, Outcome, instance, output, source};
use crate::access::Caller;
use crate::app::workflows::adoption::{self, LandingView, Outcome as Becomes};
use crate::app::workflows::{self, versions};
use crate::app::{Answer, App, Asked, Error, Once, people};

/// Cases of one page and of one batch.
const PAGE: u64 = 200;

/// Bring a changed workflow into force, and running cases over to it
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Post(Post),
    Approve(Approve),
    Adopt(Adopt),
}

#[derive(Debug, Args)]
struct Acting {
    /// E-mail address of the person who does it: their duties decide whether they may, and the record names them
    #[arg(long = "as", value_name = "ADDRESS")]
    person: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Post a definition as a draft of the next version
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn workflow post exchange.toml --as mei@alliance.example")]
pub struct Post {
    /// The definition
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    acting: Acting,
}

/// Approve a draft: the chair puts it in force; while nobody holds the chair, two people of the secretariat do
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn workflow approve student-exchange 2 --as jo@berlin.example")]
pub struct Approve {
    /// The workflow
    workflow: String,
    /// The version
    version: i32,
    #[command(flatten)]
    acting: Acting,
}

/// List where each running case would land in an approved version; with `--yes`, move those that land
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn workflow adopt student-exchange 2 --as mei@alliance.example")]
pub struct Adopt {
    /// The workflow
    workflow: String,
    /// The version
    version: i32,
    /// Only cases of this call
    #[arg(long, value_name = "ID")]
    call: Option<uuid::Uuid>,
    /// Move them
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    acting: Acting,
}

pub async fn run(arguments: Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    match arguments {
        Arguments::Post(asked) => post(&app, &asked).await?,
        Arguments::Approve(asked) => approve(&app, &asked).await?,
        Arguments::Adopt(asked) => adopt(&app, &asked).await?,
    }
    Ok(app.store.clone().close().await?)
}

async fn caller(app: &App, acting: &Acting) -> Result<Caller, Fault> {
    let found = people::named(app, &acting.person).await?;
    let person = found.ok_or_else(|| format!("nobody has the e-mail address {}", acting.person))?;
    Ok(app.person_as_caller(person).await?)
}

fn once(app: &App) -> Once {
    Once::new(app.clock.moment().id::<uuid::Uuid>().to_string(), [0; 32])
}

/// What keeps a command from its end, with the fields that are wrong.
fn told(error: Error) -> Fault {
    match error {
        Error::Invalid(fields) => {
            fields.iter().map(|field| field.detail.clone()).collect::<Vec<_>>().join("; ").into()
        }
        Error::NotFound => "there is no such workflow or version".into(),
        error => error.into(),
    }
}

fn say(acting: &Acting, answer: &Answer) -> Result<(), Fault> {
    let view: Value = serde_json::from_slice(&answer.body)?;
    if acting.json {
        return Ok(output::say(view)?);
    }
    let status = view["status"].as_str().unwrap_or_default();
    let rest = if view["status"] == "draft" && !view["approved_by"].is_null() {
        ", approved once: somebody else of the secretariat approves it too"
    } else {
        ""
    };
    Ok(output::say(format_args!("version {} is {status} now{rest}", view["number"]))?)
}

async fn post(app: &App, asked: &Post) -> Result<(), Fault> {
    let caller = caller(app, &asked.acting).await?;
    let text = source::read(&asked.file)?;
    let id = match sojourn_engine::definition::Definition::parse(&text) {
        Ok(definition) => definition.id,
        Err(findings) => {
            let first = findings.first().map(|finding| source::told(&asked.file, finding));
            return Err(first.unwrap_or_default().into());
        }
    };
    say(&asked.acting, &versions::post(app, &caller, &id, &once(app), text).await.map_err(told)?)
}

async fn approve(app: &App, asked: &Approve) -> Result<(), Fault> {
    let caller = caller(app, &asked.acting).await?;
    let (id, number) = (asked.workflow.as_str(), asked.version);
    let read = workflows::version(app, &caller, id, number).await.map_err(told)?.version.version;
    let answer = versions::approve(app, &caller, (id, number), read, &once(app)).await;
    say(&asked.acting, &answer.map_err(told)?)
}

async fn adopt(app: &App, asked: &Adopt) -> Result<(), Fault> {
    let caller = caller(app, &asked.acting).await?;
    let of = (asked.workflow.as_str(), asked.version);
    let mut listed: Vec<LandingView> = Vec::new();
    let mut cursor = None;
    loop {
        let page = Asked { limit: PAGE, cursor };
        let page =
            adoption::list(app, &caller, of, asked.call.map(CallId::from), &page).await.map_err(told)?;
        listed.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let mut items: Vec<Value> = listed.iter().map(|item| serde_json::json!(item)).collect();
    if asked.yes {
        let lands = listed.iter().filter(|item| item.outcome == Becomes::Lands);
        let lands: Vec<_> = lands.map(|item| (item.id, item.version)).collect();
        items.retain(|item| item["outcome"] != "lands");
        for batch in lands.chunks(usize::try_from(PAGE)?) {
            items.extend(adoption::run(app, &caller, Via::Cli, of, &once(app), batch).await.map_err(told)?);
        }
    }
    if asked.acting.json {
        return Ok(output::say(Value::Array(items))?);
    }
    for item in &items {
        output::say(line(item))?;
    }
    let count = |outcome: &str| items.iter().filter(|item| item["outcome"] == outcome).count();
    let (lands, adopted) = (count("lands"), count("adopted"));
    let moved = count("moved");
    let refused = items.len() - lands - adopted - moved;
    Ok(output::say(format_args!(
        "{lands} land, {adopted} adopted, {refused} refused, {moved} moved meanwhile"
    ))?)
}

fn line(item: &Value) -> String {
    let text = |field: &str| item[field].as_str().unwrap_or_default().to_owned();
    let obstacles = item["obstacles"].as_array().into_iter().flatten();
    let why: Vec<&str> = obstacles.filter_map(|one| one["message"].as_str()).collect();
    let clocks = item["clocks"].as_array().into_iter().flatten();
    let due: Vec<String> = clocks
        .map(|clock| format!("{} until {}", text_of(&clock["clock"]), text_of(&clock["due_at"])))
        .collect();
    let rest = [why.join(" "), due.join(", ")].into_iter().filter(|part| !part.is_empty());
    let line = format!("{} in {} {}", text("reference"), text("state"), text("outcome"));
    std::iter::once(line).chain(rest).collect::<Vec<_>>().join(": ")
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
