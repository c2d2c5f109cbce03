//! Whom a list means by the other side: somebody known by a code, an id or a name, or somebody new.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_engine::codes;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::InstitutionKind;

use super::row::{Fault, Wish};
use crate::app::Result;
use crate::app::imports::countries::Countries;
use crate::app::institutions::{self, Institution, erasmus_key};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::institutions::{Mentioned, mentioned};

/// Everybody a list may mean.
#[derive(Debug)]
pub struct Partners<'a> {
    own: InstitutionId,
    countries: &'a Countries,
    at: &'a Moment,
    /// Whether somebody whom nobody knows is entered.
    enters: bool,
    known: BTreeMap<InstitutionId, Institution>,
    /// By Erasmus code, ROR id or SCHAC home organisation.
    codes: BTreeMap<String, InstitutionId>,
    names: BTreeMap<String, Vec<InstitutionId>>,
    /// Those entered, in the order the list names them.
    pub new: Vec<InstitutionId>,
}

/// How a list names somebody.
enum Named {
    Id(InstitutionId),
    Erasmus(String),
    Ror(String),
    Schac(String),
    Name(String),
}

impl Named {
    fn of(text: &str, countries: &Countries) -> Self {
        let (lower, code) = (text.to_lowercase(), text.to_uppercase().replace('_', " "));
        // A code begins with a country and ends in digits, which tells it from a short name.
        let is_code = codes::is_erasmus_code(&code)
            && code.ends_with(|last: char| last.is_ascii_digit())
            && code.split_whitespace().count() <= 2
            && countries.of_code(&code).is_some();
        match text.parse() {
            Ok(id) => Self::Id(id),
            Err(_) if is_code => Self::Erasmus(code),
            Err(_) if codes::is_ror_id(&lower) => Self::Ror(lower),
            Err(_) if codes::is_schac(&lower) => Self::Schac(lower),
            Err(_) => Self::Name(text.to_owned()),
        }
    }
}

/// A name without what stands in brackets at its end.
fn plain(name: &str) -> &str {
    let before = name.strip_suffix(')').and_then(|name| name.rsplit_once('('));
    before.map(|(before, _)| before.trim_end()).filter(|before| !before.is_empty()).unwrap_or(name)
}

impl<'a> Partners<'a> {
    /// Looks everybody up whom the rows may mean.
    pub async fn look_up(
        conn: &impl Conn,
        own: InstitutionId,
        wishes: &[Wish],
        (countries, at): (&'a Countries, &'a Moment),
        enters: bool,
    ) -> Result<Self> {
        let mut by = Mentioned::default();
        for text in wishes.iter().map(|wish| wish.partner.as_str()).collect::<BTreeSet<_>>() {
            match Named::of(text, countries) {
                Named::Id(id) => by.ids.extend([id]),
                Named::Erasmus(code) => by.erasmus_keys.extend([erasmus_key(&code)]),
                Named::Ror(code) | Named::Schac(code) => by.codes.extend([code]),
                Named::Name(_) => {}
            }
            by.names.extend([text.to_owned(), plain(text).to_owned()]);
        }
        by.names.extend(wishes.iter().filter_map(|wish| wish.name.clone()));
        let mut partners = Self {
            own,
            countries,
            at,
            enters,
            known: BTreeMap::new(),
            codes: BTreeMap::new(),
            names: BTreeMap::new(),
            new: Vec::new(),
        };
        for row in mentioned(conn, &by).await? {
            partners.learn(row);
        }
        Ok(partners)
    }

    /// Somebody that was named.
    pub fn get(&self, id: InstitutionId) -> Option<&Institution> {
        self.known.get(&id)
    }

    fn learn(&mut self, row: Institution) {
        let codes = [&row.erasmus_key, &row.ror_id, &row.schac].into_iter().flatten();
        self.codes.extend(codes.map(|code| (code.clone(), row.id)));
        self.names.entry(row.name.clone()).or_default().push(row.id);
        self.known.insert(row.id, row);
    }

    /// The other side of a row.
    ///
    /// # Errors
    /// The cell that names nobody, several, or somebody no agreement can be with.
    pub fn of(&mut self, wish: &Wish) -> Result<InstitutionId, Fault> {
        let fault = |told: &str| (Some("partner"), told.to_owned());
        let id = match self.find(wish)? {
            Some(id) => id,
            None => self.enter(wish)?,
        };
        if id == self.own {
            return Err(fault("the same as the institution itself: name the other side"));
        }
        match self.known.get(&id).map(|row| row.kind) {
            Some(InstitutionKind::Employer) => Err(fault("an employer: its places stand in its programmes")),
            _ => Ok(id),
        }
    }

    fn find(&self, wish: &Wish) -> Result<Option<InstitutionId>, Fault> {
        let named = Named::of(&wish.partner, self.countries);
        // Whoever stands under a short name is entered by the whole one.
        let whole = wish.name.as_deref().filter(|_| matches!(named, Named::Name(_)));
        let coded = match named {
            Named::Id(id) => Some(id).filter(|id| self.known.contains_key(id)),
            Named::Erasmus(code) => self.codes.get(&erasmus_key(&code)).copied(),
            Named::Ror(code) | Named::Schac(code) => self.codes.get(&code).copied(),
            Named::Name(_) => None,
        };
        if coded.is_some() {
            return Ok(coded);
        }
        for name in [wish.partner.as_str(), plain(&wish.partner)].into_iter().chain(whole) {
            let there = |id: &&InstitutionId| {
                let lies = self.known.get(id).map(|row| row.country.as_str());
                wish.country.as_deref().is_none_or(|country| lies == Some(country))
            };
            let found: Vec<_> = self.names.get(name).into_iter().flatten().filter(there).collect();
            match found[..] {
                [] => {}
                [id] => return Ok(Some(*id)),
                [..] => {
                    let told =
                        format!("several institutions are called `{name}`: write the code or id of one");
                    return Err((Some("partner"), told));
                }
            }
        }
        Ok(None)
    }

    /// Enters somebody nobody has checked yet, as the import of past mobilities does.
    fn enter(&mut self, wish: &Wish) -> Result<InstitutionId, Fault> {
        let named = Named::of(&wish.partner, self.countries);
        if !self.enters || matches!(named, Named::Id(_)) {
            let told = format!(
                "`{}` is nobody that is known here: write code, id or name as `GET /institutions` has them, \
                 or let the secretariat import with `new_partners`",
                wish.partner
            );
            return Err((Some("partner"), told));
        }
        let (erasmus, ror, schac, name) = match named {
            Named::Erasmus(code) => (Some(code.clone()), None, None, Some(code)),
            Named::Ror(code) => (None, Some(code), None, None),
            Named::Schac(code) => (None, None, Some(code), None),
            Named::Name(name) => (None, None, None, Some(plain(&name).to_owned())),
            Named::Id(_) => (None, None, None, None),
        };
        let name = wish.name.clone().or(name).filter(|name| name.chars().count() <= 200);
        let name = name.ok_or_else(|| {
            (Some("name"), "write the name of the new partner, in at most 200 characters".to_owned())
        })?;
        let prefix = erasmus.as_deref().and_then(|code| self.countries.of_code(code)).map(str::to_owned);
        let country = prefix.or_else(|| wish.country.clone()).ok_or_else(|| {
            (Some("country"), "write the country of the new partner, such as DE".to_owned())
        })?;
        let zone = self.countries.zone(&country).unwrap_or("Etc/UTC").to_owned();
        let row = institutions::new(self.at.id(), self.at.now, |row| {
            row.kind = InstitutionKind::Partner;
            (row.name, row.country, row.zone) = (name, country, zone);
            (row.erasmus_code, row.ror_id, row.schac) = (erasmus, ror, schac);
            row.unverified = true;
        });
        let id = row.id;
        self.new.push(id);
        self.learn(row);
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_brackets_at_the_end_is_no_part_of_a_name() {
        assert_eq!(plain("Hochschule Coburg (Alemania)"), "Hochschule Coburg");
        assert_eq!(plain("Institut (IUT) de Nice"), "Institut (IUT) de Nice");
        assert_eq!(plain("(none)"), "(none)");
    }

    #[test]
    fn a_code_is_told_from_a_name_by_its_form() {
        let countries = Countries::shipped().unwrap();
        let named = |text: &str| Named::of(text, &countries);
        assert!(matches!(named("d konstan01"), Named::Erasmus(code) if code == "D KONSTAN01"));
        assert!(matches!(named("F_PARIS472"), Named::Erasmus(_)));
        for name in ["Uni Bonn", "Université Paris 13", "A University of 2", "UJEP", "F  XX"] {
            assert!(matches!(named(name), Named::Name(_)), "{name}");
        }
        assert!(matches!(named("NTU.edu.tw"), Named::Schac(_)));
        assert!(matches!(named("05bqach95"), Named::Ror(_)));
    }
}
