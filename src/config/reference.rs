//! The reference of all settings: their doc comments with present values, secrets hidden.

use std::collections::BTreeMap;
use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

use super::{Alliance, Auth, Clocks, Config, Database, Files, Http, Log, Mail, Retention, Vault, Watch};

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// One section: its name, what it is for, and its keys with what they mean.
pub(super) struct Section {
    pub(super) name: &'static str,
    about: String,
    pub(super) keys: BTreeMap<String, String>,
}

/// Every section, as its doc comments describe it.
pub(super) fn sections() -> Vec<Section> {
    let schemas = [
        ("alliance", Alliance::schema()),
        ("http", Http::schema()),
        ("database", Database::schema()),
        ("mail", Mail::schema()),
        ("auth", Auth::schema()),
        ("clocks", Clocks::schema()),
        ("files", Files::schema()),
        ("vault", Vault::schema()),
        ("retention", Retention::schema()),
        ("log", Log::schema()),
        ("watch", Watch::schema()),
    ];
    let section = |(name, schema)| {
        let RefOr::T(Schema::Object(object)) = schema else {
            return Section { name, about: String::new(), keys: BTreeMap::new() };
        };
        let keys = object.properties.iter().map(|(key, schema)| (key.clone(), description(schema)));
        Section { name, about: object.description.clone().unwrap_or_default(), keys: keys.collect() }
    };
    schemas.into_iter().map(section).collect()
}

fn description(schema: &RefOr<Schema>) -> String {
    let described = match schema {
        RefOr::T(Schema::Object(object)) => object.description.clone(),
        RefOr::T(Schema::Array(array)) => array.description.clone(),
        RefOr::T(_) | RefOr::Ref(_) => None,
    };
    described.unwrap_or_default()
}

impl Config {
    /// The reference as a TOML file that would set what is set now, secrets hidden.
    pub fn reference(&self) -> String {
        let values = serde_json::to_value(self).unwrap_or_default();
        let mut text = String::from("# Settings of Sojourn with their present values.\n");
        for section in sections() {
            let upper = section.name.to_uppercase();
            let _ = write!(text, "\n# {}\n[{}]\n", section.about, section.name);
            for (key, value) in values[section.name].as_object().into_iter().flatten() {
                let about = section.keys.get(key).map(|about| about.replace('\n', "\n# "));
                let _ = writeln!(text, "# {}", about.unwrap_or_default());
                let _ = writeln!(text, "# Environment: SOJOURN_{upper}__{}", key.to_uppercase());
                let _ = match value {
                    serde_json::Value::Null => writeln!(text, "# {key} ="),
                    serde_json::Value::Object(map) => {
                        let pairs: Vec<_> = map.iter().map(|(id, value)| format!("{id} = {value}")).collect();
                        writeln!(text, "{key} = {{ {} }}", pairs.join(", "))
                    }
                    value => writeln!(text, "{key} = {value}"),
                };
            }
        }
        text
    }
}

/// Shows where the database is, without its password.
pub(super) fn without_password<S: Serializer>(url: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    let url = url.expose_secret();
    let hidden = match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:{HIDDEN}{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    };
    // A password may also stand among the options behind the question mark.
    let shown =
        if hidden.contains("password=") { hidden.split('?').next().unwrap_or_default() } else { &hidden };
    to.serialize_str(shown)
}

#[expect(clippy::ref_option, reason = "the shape that serde calls with")]
pub(super) fn hidden_if_set<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| HIDDEN).serialize(to)
}

pub(super) fn hidden_values<S: Serializer>(
    secrets: &BTreeMap<String, SecretString>,
    to: S,
) -> Result<S::Ok, S::Error> {
    secrets.keys().map(|id| (id, HIDDEN)).collect::<BTreeMap<_, _>>().serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_explains_every_setting_and_shows_no_secret() {
        let secret = "0123456789".repeat(5);
        let text = format!(
            "[database]\nurl = \"postgres://ann:{secret}@db/sojourn\"\n[mail]\nsmtp = \"smtps://u:{secret}@h\"\n\
             [auth]\ninstance_key = \"{secret}\"\nkeys = {{ k1 = \"{secret}\" }}"
        );
        let reference = Config::parse(&text).unwrap().reference();
        assert!(!reference.contains(&secret), "{reference}");
        assert!(reference.contains("url = \"postgres://ann:(hidden)@db/sojourn\""), "{reference}");
        assert!(!reference.contains("# \n"), "a setting without a word of explanation: {reference}");
    }

    #[test]
    fn the_reference_of_the_defaults_reads_as_the_defaults() {
        let config = Config::parse("").unwrap();
        assert_eq!(Config::parse(&config.reference()).unwrap().reference(), config.reference());
    }
}
