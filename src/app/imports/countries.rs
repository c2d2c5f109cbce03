//! Countries as tables of the field name them, and the zone most of their institutions live in.

use std::collections::BTreeMap;

use serde::Deserialize;
use sojourn_engine::codes::is_country;

use crate::app::{Error, Result};

/// `templates/imports/countries.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Countries {
    prefix: BTreeMap<String, String>,
    also: BTreeMap<String, String>,
    zone: BTreeMap<String, String>,
}

impl Countries {
    /// The list shipped with the binary.
    pub fn shipped() -> Result<Self> {
        toml::from_str(include_str!("../../../templates/imports/countries.toml"))
            .map_err(|fault| Error::Internal(fault.into()))
    }

    /// The ISO 3166-1 alpha-2 code of a country, given as that or as the European Commission writes it.
    pub fn iso<'a>(&'a self, code: &'a str) -> Option<&'a str> {
        match self.also.get(code) {
            Some(iso) => Some(iso),
            None => is_country(code).then_some(code),
        }
    }

    /// The zone of a country; `None` where one has to be named.
    pub fn zone(&self, iso: &str) -> Option<&str> {
        self.zone.get(iso).map(String::as_str)
    }

    /// The country whose prefix an Erasmus code has: `D  KONSTAN01` → `DE`.
    ///
    /// The prefix ends at the first blank or `_`; a code written without any is read only when its prefix has three letters.
    pub fn of_code(&self, code: &str) -> Option<&str> {
        let prefix = match code.split_once(|letter: char| letter.is_whitespace() || letter == '_') {
            Some((prefix, _)) => prefix,
            None => code.get(..3)?,
        };
        let long = code.get(..3).filter(|long| self.prefix.contains_key(*long));
        self.prefix.get(long.unwrap_or(prefix)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_tells_its_country_however_it_is_padded() {
        let countries = Countries::shipped().unwrap();
        let all = [
            ("D  KONSTAN01", "DE"),
            ("UK X", "GB"),
            ("IRLDUBLIN02", "IE"),
            ("D_KOELN03", "DE"),
            ("G  ATHINE01", "GR"),
        ];
        for (code, country) in all {
            assert_eq!(countries.of_code(code), Some(country), "{code}");
        }
        assert!(["XX NOWHERE01", "KONSTAN01", ""].into_iter().all(|code| countries.of_code(code).is_none()));
    }

    #[test]
    fn every_country_that_is_named_is_on_the_list_of_iso_and_every_zone_is_known() {
        let countries = Countries::shipped().unwrap();
        assert!(countries.prefix.values().chain(countries.also.values()).all(|iso| is_country(iso)));
        assert!(countries.prefix.values().all(|iso| countries.zone(iso).is_some()));
        for (country, zone) in &countries.zone {
            assert!(is_country(country) && zone.parse::<chrono_tz::Tz>().is_ok(), "{country}: {zone}");
        }
    }
}
