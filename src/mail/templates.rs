//! The texts of all notices: embedded in the binary, and replaced file by file from an optional directory.
//!
//! Everything is read and checked when the service starts, so that no mail fails later for a typing error. A language is a directory
//! of `templates/mail`: its words, and one file per notice with a head in TOML between `+++` lines and a body in Markdown.

mod known;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use self::known::KNOWN;
use super::markdown;
use super::words::Words;

/// The language every notice has a text in, and the one to fall back on.
const FALLBACK: &str = "en";
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/templates/mail"]
struct Shipped;

/// A file of the mail texts that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The file, below `templates/mail` or the directory that overrides it.
    pub file: String,
    /// What is wrong, and where.
    pub detail: String,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mail text {}: {}", self.file, self.detail)
    }
}

impl std::error::Error for TemplateFault {}

/// All texts, ready to be filled in.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    languages: BTreeMap<String, Language>,
}

#[derive(Debug)]
struct Language {
    words: Words,
    /// Label of the button per notice, where its text names one.
    notices: BTreeMap<String, Option<String>>,
}

/// The head of a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    subject: String,
    action: Option<String>,
}

impl Templates {
    /// Reads the embedded texts, each replaced by the file of the same name in `over` where there is one.
    ///
    /// # Errors
    /// Every file that cannot be used.
    pub fn load(over: Option<&Path>) -> Result<Self, Vec<TemplateFault>> {
        let mut files = shipped();
        let mut faults = Vec::new();
        if let Some(directory) = over {
            replace(&mut files, directory, "", &mut faults);
        }
        let mut templates = Self { engine: engine(), languages: BTreeMap::new() };
        // Words come before texts, which belong to a language that has them.
        let (words, texts): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(file, _)| file.ends_with("words.toml"));
        let mut unusable = Vec::new();
        for (file, source) in words.into_iter().chain(texts) {
            let language = file.split('/').next().unwrap_or_default().to_owned();
            if unusable.contains(&language) {
                continue;
            }
            if let Err(detail) = templates.add(&file, source) {
                // Its texts are not to blame.
                unusable.extend(file.ends_with("/words.toml").then_some(language));
                faults.push(TemplateFault { file, detail });
            }
        }
        if faults.is_empty() { Ok(templates) } else { Err(faults) }
    }

    /// Tags of all languages.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// Whether a notice has a text in exactly that language.
    pub fn has(&self, language: &str, notice: &str) -> bool {
        self.languages.get(language).is_some_and(|language| language.notices.contains_key(notice))
    }

    /// Names of all notices that have a text in exactly that language.
    pub fn notices(&self, language: &str) -> impl Iterator<Item = &str> {
        let known = self.languages.get(language).into_iter();
        known.flat_map(|language| language.notices.keys().map(String::as_str))
    }

    /// The language to write a notice in for somebody who reads `tag`: the same, else a near one, else English.
    pub fn language_for(&self, tag: &str, notice: &str) -> Option<&str> {
        let near = near(tag);
        let wanted = [tag, near.as_str(), FALLBACK];
        let found = wanted.into_iter().find(|language| self.has(language, notice))?;
        self.languages.get_key_value(found).map(|(language, _)| language.as_str())
    }

    pub(super) fn words(&self, language: &str) -> Option<&Words> {
        self.languages.get(language).map(|language| &language.words)
    }

    /// The label the text gives its button.
    pub(super) fn button(&self, language: &str, notice: &str) -> Option<&str> {
        self.languages.get(language)?.notices.get(notice)?.as_deref()
    }

    pub(super) fn subject(
        &self,
        language: &str,
        notice: &str,
        said: &Value,
    ) -> Result<String, minijinja::Error> {
        self.engine.get_template(&format!("{language}/{notice}.subject"))?.render(said)
    }

    /// The body as Markdown, values escaped.
    pub(super) fn body(
        &self,
        language: &str,
        notice: &str,
        said: &Value,
    ) -> Result<String, minijinja::Error> {
        self.engine.get_template(&format!("{language}/{notice}.md"))?.render(said)
    }

    pub(super) fn phrase(
        &self,
        language: &str,
        phrase: &str,
        parts: impl Serialize,
    ) -> Result<String, minijinja::Error> {
        self.engine.get_template(&format!("{language}/words.{phrase}"))?.render(Serde(parts))
    }

    pub(super) fn layout(&self, file: &str, parts: &Value) -> Result<String, minijinja::Error> {
        self.engine.get_template(file)?.render(parts)
    }

    fn add(&mut self, file: &str, source: String) -> Result<(), String> {
        let Some((language, name)) = file.split_once('/') else {
            return self.compile(file, source, None);
        };
        if name == "words.toml" {
            let words: Words = toml::from_str(&source).map_err(|fault| shape(&source, &fault))?;
            for (phrase, source) in words.phrases() {
                self.compile(&format!("{language}/words.{phrase}"), source.to_owned(), None)?;
            }
            let language = language.to_owned();
            self.languages.insert(language, Language { words, notices: BTreeMap::new() });
            return Ok(());
        }
        let notice = name.strip_suffix(".txt").ok_or("name it words.toml or <notice>.txt")?;
        let (head, body) = split(&source)?;
        self.compile(&format!("{language}/{notice}.subject"), head.subject, Some(KNOWN))?;
        self.compile(&format!("{language}/{notice}.md"), body.to_owned(), Some(KNOWN))?;
        let known = self.languages.get_mut(language).ok_or("its directory has no usable words.toml")?;
        known.notices.insert(notice.to_owned(), head.action);
        Ok(())
    }

    /// Adds a template; with `known`, one that uses no other names.
    fn compile(&mut self, name: &str, source: String, known: Option<&[&str]>) -> Result<(), String> {
        self.engine.add_template_owned(name.to_owned(), source).map_err(|fault| at(&fault))?;
        let template = self.engine.get_template(name).map_err(|fault| at(&fault))?;
        let mut unknown: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        unknown.retain(|used| known.is_some_and(|known| !known.contains(&used.as_str())));
        unknown.sort();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(format!("no mail knows `{}`: use {}", unknown.join("`, `"), KNOWN.join(", ")))
    }
}

/// Where TOML is not as it should be and why, on one line.
fn shape(source: &str, fault: &toml::de::Error) -> String {
    let before = fault.span().and_then(|span| source.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, fault.message().replace('\n', " "))
}

/// Where a template fault is and what it says.
fn at(fault: &minijinja::Error) -> String {
    match fault.line() {
        Some(line) => format!("line {line} of the text: {fault:#}"),
        None => format!("{fault:#}"),
    }
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|name| match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        Some((_, "md")) => AutoEscape::Custom("markdown".into()),
        Some(_) | None => AutoEscape::None,
    });
    engine.set_formatter(|out, state, value| {
        if value.is_none() {
            let detail = "a value that is not there is printed: ask `{% if … %}` before";
            return Err(minijinja::Error::new(minijinja::ErrorKind::UndefinedError, detail));
        }
        match state.auto_escape() {
            AutoEscape::Custom(_) if !value.is_safe() => {
                out.write_str(&markdown::escape(&value.to_string())).map_err(minijinja::Error::from)
            }
            _ => escape_formatter(out, state, value),
        }
    });
    engine
}

fn shipped() -> BTreeMap<String, String> {
    let read = |file: std::borrow::Cow<'static, str>| {
        let bytes = Shipped::get(&file)?.data;
        Some((file.into_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    };
    Shipped::iter().filter_map(read).collect()
}

/// Puts every file below `directory` over the one of the same name.
fn replace(
    files: &mut BTreeMap<String, String>,
    directory: &Path,
    prefix: &str,
    faults: &mut Vec<TemplateFault>,
) {
    let fault = |detail: std::io::Error| TemplateFault {
        file: directory.display().to_string(),
        detail: detail.to_string(),
    };
    let entries = match directory.read_dir() {
        Ok(entries) => entries,
        Err(error) => return faults.push(fault(error)),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let file = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            replace(files, &path, &format!("{file}/"), faults);
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(source) => drop(files.insert(file, source)),
            Err(error) => faults.push(TemplateFault { file, detail: error.to_string() }),
        }
    }
}

/// A text in its head and its body.
fn split(source: &str) -> Result<(Head, &str), String> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let rest = source.strip_prefix("+++\n").ok_or("it does not begin with a line `+++`")?;
    let (head, body) = rest.split_once("\n+++\n").ok_or("its head has no closing line `+++`")?;
    let head = toml::from_str(head).map_err(|fault| shape(head, &fault))?;
    Ok((head, body.trim()))
}

/// The tag of a language written alike: Chinese by script, others without their region.
fn near(tag: &str) -> String {
    let tag = tag.to_ascii_lowercase().replace('_', "-");
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    match first {
        "zh" if parts.any(|part| matches!(part, "hans" | "cn" | "sg")) => "zh-Hans".to_owned(),
        "zh" => "zh-Hant".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(files: &[(&str, &str)]) -> Result<Templates, Vec<TemplateFault>> {
        let directory = tempfile::tempdir().unwrap();
        for (file, source) in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        }
        Templates::load(Some(directory.path()))
    }

    #[test]
    fn the_shipped_texts_are_usable_and_every_language_has_the_same() {
        let templates = Templates::load(None).unwrap();
        let notices = |language: &Language| language.notices.keys().cloned().collect::<Vec<_>>();
        let mut languages = templates.languages.values();
        let first = languages.next().unwrap();
        assert!(languages.all(|language| notices(language) == notices(first)));
    }

    #[test]
    fn a_reader_gets_the_nearest_language_else_english() {
        let templates = Templates::load(None).unwrap();
        let wanted = ["zh-Hant", "zh-TW", "zh_HK", "en-GB", "cs", ""];
        let written = wanted.map(|tag| templates.language_for(tag, "invitation").unwrap());
        assert_eq!(written, ["zh-Hant", "zh-Hant", "zh-Hant", "en", "en", "en"]);
        assert_eq!(templates.language_for("zh-CN", "invitation"), Some("en"));
    }

    #[test]
    fn a_file_of_the_override_directory_takes_the_place_of_the_shipped_one() {
        let templates = over(&[("en/invitation.txt", "+++\nsubject = \"Welcome\"\n+++\nCome in.")]).unwrap();
        let said = Value::from(Serde(BTreeMap::<String, String>::new()));
        assert_eq!(templates.subject("en", "invitation", &said).unwrap(), "Welcome");
        assert_eq!(templates.button("en", "invitation"), None);
        assert!(templates.has("en", "password_reset"));
    }

    #[test]
    fn every_file_that_cannot_be_used_is_named_with_its_mend() {
        let faults = over(&[
            ("en/a.txt", "no head"),
            ("en/b.txt", "+++\nsubject = \"x\"\n+++\n{{ student.nmae }}"),
            ("en/c.txt", "+++\nsubject = \"x\"\n+++\n{% if %}"),
            ("fr/d.txt", "+++\nsubject = \"x\"\n+++\nx"),
        ]);
        let said = faults.unwrap_err().iter().map(TemplateFault::to_string).collect::<Vec<_>>().join("\n");
        for part in [
            "en/a.txt: it does not begin",
            "en/b.txt: no mail knows `student.nmae`",
            "en/c.txt: line 1",
            "fr/d.txt: its directory",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[test]
    fn a_value_that_is_not_there_is_never_printed() {
        let templates =
            over(&[("en/invitation.txt", "+++\nsubject = \"x\"\n+++\nFrom {{ institution }}.")]).unwrap();
        let said = minijinja::context! { institution => None::<String> };
        assert!(templates.body("en", "invitation", &said).is_err());
    }
}
