//! The templates and the words of all pages, embedded in the binary and read once at the start.
//!
//! A language is one file, `words.<tag>.toml`; every language has the same names. Labels of states, events, roles and documents
//! come from the definitions, never from here.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use minijinja::value::{Rest, Serde};
use minijinja::{AutoEscape, Environment, State, UndefinedBehavior, Value};
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::locales;
use super::moments::Calendar;
use crate::access::language::LANGUAGES;

/// How each language writes moments.
type Calendars = BTreeMap<&'static str, Calendar>;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/templates/web"]
struct Shipped;

/// Everything a page is made of.
#[derive(Debug)]
pub struct Templates {
    engine: Environment<'static>,
    words: BTreeMap<&'static str, Value>,
    calendars: Arc<Calendars>,
}

/// A file of words.
#[derive(Debug, Deserialize)]
struct Words {
    calendar: Calendar,
    #[serde(flatten)]
    phrases: BTreeMap<String, toml::Value>,
}

impl Templates {
    /// Reads everything that is embedded; `icons` is the address of the pictures that `icon(name)` shows.
    ///
    /// # Errors
    /// The first file that cannot be read, and what is wrong with it.
    pub fn load(icons: &str) -> Result<Self, String> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_auto_escape_callback(|_| AutoEscape::Html);
        let mut words = BTreeMap::new();
        let mut calendars = Calendars::new();
        for language in LANGUAGES {
            let name = format!("words.{language}.toml");
            let read: Words = toml::from_str(&text(&name)?).map_err(|fault| format!("{name}: {fault}"))?;
            words.insert(*language, Value::from(Serde(&read.phrases)));
            calendars.insert(*language, read.calendar);
        }
        for file in Shipped::iter().filter(|file| file.ends_with(".html")) {
            let source = text(&file)?;
            let added = engine.add_template_owned(file.to_string(), source);
            added.map_err(|fault| format!("{file}: {fault:#}"))?;
        }
        let calendars = Arc::new(calendars);
        add_moments(&mut engine, &calendars);
        locales::add_filters(&mut engine);
        let icons = icons.to_owned();
        engine.add_function("icon", move |name: &str| icon(&icons, name));
        engine.add_filter("human", human);
        engine.add_filter("filled", filled);
        Ok(Self { engine, words, calendars })
    }

    /// The words of a language.
    pub fn words(&self, language: &str) -> Value {
        self.words.get(language).or_else(|| self.words.get(LANGUAGES[0])).cloned().unwrap_or_default()
    }

    /// How a language writes days and moments.
    pub fn calendar(&self, language: &str) -> Option<&Calendar> {
        self.calendars.get(language)
    }

    /// A page.
    pub fn render(&self, template: &str, context: Value) -> Result<String, minijinja::Error> {
        self.engine.get_template(template)?.render(context)
    }
}

/// The filters that write days and moments as the page's language and the reader's zone have them.
fn add_moments(engine: &mut Environment<'static>, calendars: &Arc<Calendars>) {
    let known = Arc::clone(calendars);
    engine.add_filter("day", move |state: &State<'_, '_>, day: &str| {
        let day: NaiveDate = day.parse().map_err(unreadable)?;
        Ok::<_, minijinja::Error>(calendar(&known, state).map_or(String::new(), |c| c.day(day)))
    });
    let known = Arc::clone(calendars);
    engine.add_filter("yearly", move |state: &State<'_, '_>, day: &str| {
        // A leap year has every day.
        let day: NaiveDate = format!("2000-{day}").parse().map_err(unreadable)?;
        Ok::<_, minijinja::Error>(calendar(&known, state).map_or(String::new(), |c| c.yearly(day)))
    });
    let known = Arc::clone(calendars);
    engine.add_filter("brief", move |state: &State<'_, '_>, at: &str| {
        let at: DateTime<Utc> = at.parse().map_err(unreadable)?;
        let written = calendar(&known, state).map(|c| c.brief(at, reader_zone(state)));
        Ok::<_, minijinja::Error>(written.unwrap_or_default())
    });
    let known = Arc::clone(calendars);
    engine.add_filter("moment", move |state: &State<'_, '_>, at: &str, zone: Rest<String>| {
        let at: DateTime<Utc> = at.parse().map_err(unreadable)?;
        let zone = zone.first().and_then(|zone| zone.parse().ok()).unwrap_or_else(|| reader_zone(state));
        Ok::<_, minijinja::Error>(calendar(&known, state).map_or(String::new(), |c| c.moment(at, zone)))
    });
}

/// A file of the pages.
pub(super) fn text(file: &str) -> Result<String, String> {
    let bytes = Shipped::get(file).ok_or_else(|| format!("{file} is missing"))?.data;
    String::from_utf8(bytes.into_owned()).map_err(|fault| format!("{file}: {fault}"))
}

fn unreadable(fault: chrono::ParseError) -> minijinja::Error {
    minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, fault.to_string())
}

fn calendar<'a>(calendars: &'a Calendars, state: &State<'_, '_>) -> Option<&'a Calendar> {
    let language = state.lookup("language")?;
    calendars.get(language.as_str()?)
}

/// The zone of the reader's own institution.
fn reader_zone(state: &State<'_, '_>) -> Tz {
    let named = state.lookup("zone");
    named.and_then(|zone| zone.as_str().and_then(|zone| zone.parse().ok())).unwrap_or(Tz::UTC)
}

/// A picture beside a text that says the same; readers of screens pass over it.
fn icon(icons: &str, name: &str) -> Value {
    let known = name.bytes().all(|letter| letter.is_ascii_lowercase());
    let name = if known { name } else { "" };
    Value::from_safe_string(format!(
        "<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{icons}#{name}\"/></svg>"
    ))
}

/// A name that has no label, as words.
fn human(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A phrase with its braces filled in order.
fn filled(phrase: &str, Rest(values): Rest<Value>) -> String {
    values.into_iter().fold(phrase.to_owned(), |text, value| text.replacen("{}", &value.to_string(), 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(prefix: &str, table: &toml::Table, into: &mut BTreeSet<String>) {
        for (name, value) in table {
            match value {
                toml::Value::Table(inner) => names(&format!("{prefix}{name}."), inner, into),
                _ => {
                    into.insert(format!("{prefix}{name}"));
                }
            }
        }
    }

    #[test]
    fn every_language_has_the_same_words() {
        Templates::load("").unwrap();
        let mut all = Vec::new();
        for language in LANGUAGES {
            let table: toml::Table =
                toml::from_str(&text(&format!("words.{language}.toml")).unwrap()).unwrap();
            let mut found = BTreeSet::new();
            names("", &table, &mut found);
            all.push(found);
        }
        assert!(all[0].len() > 100);
        assert_eq!(all[0], all[1]);
    }

    /// Names of what events ask for, anywhere in a definition.
    fn asked(value: &toml::Value, into: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, inner) in table {
                    match inner {
                        toml::Value::Table(fields) if name == "input" => into.extend(fields.keys().cloned()),
                        inner => asked(inner, into),
                    }
                }
            }
            toml::Value::Array(all) => all.iter().for_each(|inner| asked(inner, into)),
            _ => {}
        }
    }

    #[test]
    fn whatever_a_shipped_workflow_asks_for_has_a_label() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/workflows");
        let mut named = BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            let name = file.to_string_lossy();
            if name.ends_with(".toml") && !name.ends_with(".scenarios.toml") {
                let table: toml::Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                asked(&toml::Value::Table(table), &mut named);
            }
        }
        let words: toml::Table = toml::from_str(&text("words.en.toml").unwrap()).unwrap();
        let labels = words["fields"].as_table().unwrap();
        assert!(named.len() > 40, "{}", named.len());
        let without: Vec<&String> = named.iter().filter(|name| !labels.contains_key(*name)).collect();
        assert_eq!(without, Vec::<&String>::new());
    }

    #[test]
    fn every_rule_of_the_checker_has_a_title_in_every_language() {
        let source = include_str!("../engine/definition/finding.rs");
        let (_, rules) = source.split_once("pub enum Rule {").unwrap();
        let (rules, _) = rules.split_once('}').unwrap();
        let names: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_suffix(',')).collect();
        assert!(names.contains("Form") && names.contains("W16"), "{names:?}");
        for language in LANGUAGES {
            let words: toml::Table =
                toml::from_str(&text(&format!("words.{language}.toml")).unwrap()).unwrap();
            let titled = words["rules"].as_table().unwrap().iter();
            let titled: BTreeSet<&str> = titled
                .filter(|(_, title)| title.as_str() != Some(""))
                .map(|(rule, _)| rule.as_str())
                .collect();
            assert_eq!(titled, names, "{language}");
        }
    }

    #[test]
    fn every_mail_has_a_name_for_lists() {
        let table: toml::Table = toml::from_str(&text("words.en.toml").unwrap()).unwrap();
        let texts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mail/en");
        let files = std::fs::read_dir(texts).unwrap().map(|file| file.unwrap().path());
        let mails: BTreeSet<String> = files
            .filter(|file| file.extension().is_some_and(|kind| kind == "txt"))
            .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let named: BTreeSet<String> = table["notices"].as_table().unwrap().keys().cloned().collect();
        assert_eq!(named, mails);
    }
}
