//! Reads settings from the defaults, a file and the environment, and reports every mistake at once with its place.

use std::fmt;
use std::path::Path;

use figment::providers::{Env, Format, Toml};
use figment::value::{Dict, Value};
use figment::{Error, Figment};
use serde::de::DeserializeOwned;

use super::{Config, reference};

/// Name of the file that is read when none is named and it is there.
const FILE: &str = "sojourn.toml";
const PREFIX: &str = "SOJOURN_";
/// Between a section and its key in the name of an environment variable.
const NESTING: &str = "__";

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings are not right: {}", self.0.join("; "))
    }
}

impl Config {
    /// Reads the settings: defaults, then `file` (else `sojourn.toml` if it is there), then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Faults> {
        let figment = Figment::from(Toml::string(include_str!("defaults.toml")));
        let file = file.or_else(|| Some(Path::new(FILE)).filter(|file| file.exists()));
        let figment = match file {
            Some(file) if !file.exists() => {
                return Err(Faults(vec![format!("there is no file {}", file.display())]));
            }
            Some(file) => figment.merge(Toml::file_exact(file)),
            None => figment,
        };
        // Other variables with the prefix belong to the tests and to the operator's scripts.
        let nested = Env::prefixed(PREFIX).filter(|key| key.as_str().contains(NESTING));
        Self::extract(&figment.merge(nested.split(NESTING)))
    }

    /// The settings of a TOML text over the defaults, without file or environment.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::extract(&Figment::from(Toml::string(include_str!("defaults.toml"))).merge(Toml::string(text)))
    }

    fn extract(figment: &Figment) -> Result<Self, Faults> {
        let mut faults = unknown_keys(figment);
        let read = Self::sections(figment, &mut faults);
        faults.extend(read.iter().flat_map(Self::faults));
        read.filter(|_| faults.is_empty()).ok_or(Faults(faults))
    }

    fn sections(figment: &Figment, faults: &mut Vec<String>) -> Option<Self> {
        let alliance = section(figment, "alliance", faults);
        let http = section(figment, "http", faults);
        let database = section(figment, "database", faults);
        let mail = section(figment, "mail", faults);
        let auth = section(figment, "auth", faults);
        let clocks = section(figment, "clocks", faults);
        let files = section(figment, "files", faults);
        let vault = section(figment, "vault", faults);
        let retention = section(figment, "retention", faults);
        let log = section(figment, "log", faults);
        let watch = section(figment, "watch", faults);
        Some(Self {
            alliance: alliance?,
            http: http?,
            database: database?,
            mail: mail?,
            auth: auth?,
            clocks: clocks?,
            files: files?,
            vault: vault?,
            retention: retention?,
            log: log?,
            watch: watch?,
        })
    }
}

fn section<T: DeserializeOwned>(figment: &Figment, name: &str, faults: &mut Vec<String>) -> Option<T> {
    let told = |error: Error| {
        error.into_iter().map(|fault| {
            // The path is told from the section on, the section itself last.
            let key = fault.path.iter().filter(|part| *part != name).map(String::as_str);
            let key: Vec<&str> = std::iter::once(name).chain(key).collect();
            let place =
                fault.metadata.as_ref().map_or_else(String::new, |from| format!(" (in {})", from.name));
            format!("{}{place}: {}", key.join("."), fault.kind)
        })
    };
    figment.extract_inner(name).map_err(|error| faults.extend(told(error))).ok()
}

/// Keys that no section has, each with where it stands.
fn unknown_keys(figment: &Figment) -> Vec<String> {
    let settings: Dict = match figment.extract() {
        Ok(settings) => settings,
        Err(error) => return error.into_iter().map(|error| error.to_string()).collect(),
    };
    let mut faults = Vec::new();
    let place = |value: &Value| {
        figment.get_metadata(value.tag()).map_or_else(String::new, |metadata| match &metadata.source {
            Some(source) => format!(" (in {source})"),
            None => format!(" (in {})", metadata.name),
        })
    };
    let sections = reference::sections();
    for (name, value) in &settings {
        let Some(section) = sections.iter().find(|section| section.name == name) else {
            let known: Vec<_> = sections.iter().map(|section| section.name).collect();
            faults.push(format!("{name}{}: no such section, there are {}", place(value), known.join(", ")));
            continue;
        };
        for (key, value) in value.as_dict().into_iter().flatten() {
            if !section.keys.contains_key(key) {
                let known: Vec<_> = section.keys.keys().map(String::as_str).collect();
                let known = known.join(", ");
                faults.push(format!("{name}.{key}{}: no such setting, there are {known}", place(value)));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_alone_are_settings() {
        let config = Config::parse("").unwrap();
        assert_eq!(config.http.bind.port(), 8080);
        assert_eq!(config.sqlite_file().unwrap(), Path::new("sojourn.db"));
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_key() {
        let text =
            "[http]\nprot = 1\nbind = \"nowhere\"\n[maill]\n[auth]\naccess_minutes = 60\n[files]\ndir = 3";
        let Faults(faults) = Config::parse(text).unwrap_err();
        for key in ["http.prot", "http.bind", "maill", "files.dir"] {
            assert!(faults.iter().any(|fault| fault.contains(key)), "{key} is missing in {faults:#?}");
        }
    }

    #[test]
    fn a_value_out_of_bounds_is_refused_by_name() {
        let Faults(faults) =
            Config::parse("[auth]\naccess_minutes = 60\nkeys = { a = \"short\" }").unwrap_err();
        assert!(faults[0].starts_with("auth.access_minutes"), "{faults:?}");
        assert!(faults[1].starts_with("auth.keys.a") && !faults[1].contains("\"short\""), "{faults:?}");
    }
}
