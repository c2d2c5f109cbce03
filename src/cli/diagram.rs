//! `sojourn diagram`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sojourn_engine::definition::diagram::{Extent, View};
use sojourn_engine::definition::{Definition, Finding, MachineIx};

use super::{Outcome, output, source};

/// Draw a definition of a workflow, as SVG, as text for Mermaid, or as SCXML
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn diagram exchange.toml --language zh-Hant --output exchange.svg\n  sojourn diagram exchange.toml --track learning_agreement --output agreement.svg\n  sojourn diagram exchange.toml --format mermaid --main-road"
)]
pub struct Arguments {
    /// File with the definition
    file: PathBuf,
    /// Form of the picture
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    /// BCP 47 tag of the language of its labels, one the definition has
    #[arg(long, default_value = "en")]
    language: String,
    /// Leave out the exits that end a case early (SCXML is always whole)
    #[arg(long)]
    main_road: bool,
    /// For SVG and SCXML: the track that is drawn [default: the main machine]
    #[arg(long, value_name = "NAME")]
    track: Option<String>,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Svg,
    Mermaid,
    Scxml,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let text = source::read(&arguments.file)?;
    let definition = Definition::parse(&text).map_err(|findings| faulty(arguments, &findings))?;
    if arguments.track.is_some() && matches!(arguments.format, Format::Mermaid) {
        return Err("--track is for --format svg and scxml: text for Mermaid shows all tracks".into());
    }
    if !definition.languages.contains(&arguments.language) {
        let known = definition.languages.join(", ");
        let (place, asked) = (arguments.file.display(), &arguments.language);
        return Err(format!("{place} has no texts in `{asked}`: --language is one of {known}").into());
    }
    let extent = if arguments.main_road { Extent::MainRoad } else { Extent::Whole };
    let view = View { language: &arguments.language, extent, ..View::default() };
    let drawn = match arguments.format {
        Format::Svg => definition.svg(machine(arguments, &definition)?, &view),
        Format::Mermaid => definition.mermaid(&view),
        Format::Scxml => definition.scxml(machine(arguments, &definition)?, &view),
    };
    match &arguments.output {
        Some(file) => std::fs::write(file, drawn)
            .map_err(|error| format!("{}: cannot be written: {error}", file.display()).into()),
        None => Ok(output::put(&drawn)?),
    }
}

/// The machine that is asked for.
fn machine(arguments: &Arguments, definition: &Definition) -> Result<MachineIx, String> {
    let Some(name) = &arguments.track else { return Ok(MachineIx::MAIN) };
    definition.track_named(name).ok_or_else(|| {
        let known: Vec<&str> = definition.tracks.iter().map(|track| track.name.as_str()).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
        format!("{} has no track `{name}`: {known}", arguments.file.display())
    })
}

/// The first fault, and how to see all.
fn faulty(arguments: &Arguments, findings: &[Finding]) -> String {
    let file = &arguments.file;
    let first = findings.first().map(|finding| source::told(file, finding)).unwrap_or_default();
    format!("{first} (one of {}: see `sojourn check {}`)", findings.len(), file.display())
}
