//! `sojourn mail …`

mod archive;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use sojourn_engine::definition::Definition;

use super::{Fault, Outcome, output};
use crate::app::definitions::shipped;
use crate::mail::samples::{self, Sample, Written};
use crate::mail::{Renderer, Sender};

/// Stands in a folder that a preview has made, so that the next one may write over it.
const MARK: &str = ".sojourn-mail-preview";

/// Look at the mails that the shipped workflows send, and put those away that were sent long ago
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Preview(Preview),
    Archive(archive::Arguments),
}

/// Write every notice in every language, as samples to look at: HTML, plain text, the whole message, and an index of all
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn mail preview /tmp/mails && xdg-open /tmp/mails/index.html")]
pub struct Preview {
    /// Folder to write into: a new or empty one, or one that an earlier preview has made
    folder: PathBuf,
    /// Folder with texts that take the place of the shipped ones, as in mail.texts
    #[arg(long, value_name = "FOLDER")]
    texts: Option<PathBuf>,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    match arguments {
        Arguments::Preview(arguments) => preview(arguments),
        Arguments::Archive(arguments) => archive::run(arguments, file).await,
    }
}

fn preview(preview: &Preview) -> Outcome {
    ready(&preview.folder)?;
    let from =
        "Sojourn <sojourn@sojourn.example>".parse().map_err(|_| "the sender of samples is not usable")?;
    let sender = Sender { from, reply_to: None, host: "sojourn.example".to_owned() };
    let renderer = Renderer::open(sender, preview.texts.as_deref())
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let samples = samples::samples(&definitions()?);
    let languages: Vec<String> = renderer.templates().languages().map(str::to_owned).collect();
    let bar = ProgressBar::new((samples.len() * languages.len()) as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} mails")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut written = Vec::new();
    for sample in samples {
        for language in &languages {
            written.push(write(&preview.folder, &renderer, &sample, language)?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let index = preview.folder.join("index.html");
    put(&index, renderer.index(&written)?.as_bytes())?;
    output::say(format_args!(
        "{} mails in {} languages: open {}",
        written.len(),
        languages.len(),
        index.display()
    ))?;
    Ok(())
}

fn definitions() -> Result<Vec<Arc<Definition>>, Fault> {
    let parse = |(name, source): (String, String)| {
        Definition::parse(&source)
            .map(Arc::new)
            .map_err(|_| format!("the workflow {name} is not sound: see `sojourn check`").into())
    };
    shipped().into_iter().map(parse).collect()
}

/// Refuses a folder that holds something else.
fn ready(folder: &Path) -> Outcome {
    let told = |fault: io::Error| format!("{}: {fault}", folder.display());
    let foreign = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some() && !folder.join(MARK).exists(),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => false,
        Err(fault) => return Err(told(fault).into()),
    };
    if foreign {
        let place = folder.display();
        return Err(
            format!("{place} holds files that no preview has made: name a new or empty folder").into()
        );
    }
    fs::create_dir_all(folder).map_err(told)?;
    put(&folder.join(MARK), b"")
}

fn write(folder: &Path, renderer: &Renderer, sample: &Sample, language: &str) -> Result<Written, Fault> {
    let mut letter = sample.letter.clone();
    language.clone_into(&mut letter.reader.language);
    let place = format!("{}/{language}/{}-{}", sample.workflow, letter.notice, sample.kind.name());
    let mail = renderer.render(&letter).map_err(|fault| format!("{place}: {fault}"))?;
    let file = folder.join(&place);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(|fault| format!("{}: {fault}", parent.display()))?;
    }
    for (ending, bytes) in
        [("html", mail.html.as_bytes()), ("txt", mail.text.as_bytes()), ("eml", &mail.bytes)]
    {
        put(&file.with_extension(ending), bytes)?;
    }
    Ok(Written {
        workflow: sample.workflow.clone(),
        notice: letter.notice,
        language: language.to_owned(),
        kind: sample.kind.name(),
        action: letter.action,
        subject: mail.subject,
        place,
    })
}

fn put(file: &Path, bytes: &[u8]) -> Outcome {
    fs::write(file, bytes).map_err(|fault| format!("{}: cannot be written: {fault}", file.display()).into())
}
