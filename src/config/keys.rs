//! The file that holds the secrets of an instance when the settings hold none, made on first start.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Auth, Config, Faults, Vault};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: String,
    instance_key: SecretString,
    keys: BTreeMap<String, SecretString>,
    /// Files made before there were master keys have none.
    vault: Option<Masters>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Masters {
    current: String,
    keys: BTreeMap<String, SecretString>,
}

impl Config {
    /// Fills in the secrets that are not set from the key file, which is made of `random` if it is not there.
    ///
    /// With PostgreSQL and no `auth.key_file` there is no folder to put it in: the secrets have to be set.
    pub fn with_keys(mut self, mut random: impl FnMut() -> [u8; 32]) -> Result<Self, Faults> {
        if self.auth.is_complete() && self.vault.is_complete() {
            return Ok(self);
        }
        let Some(file) = self.key_file() else {
            let mend = "set auth.keys, auth.current, auth.instance_key, vault.keys and vault.current \
                        (`sojourn secret new` prints them), or auth.key_file";
            return Err(Faults(vec![format!("this database has no file to keep secrets beside: {mend}")]));
        };
        let place = |error: io::Error| Faults(vec![format!("{}: {error}", file.display())]);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&file, &mut random).map_err(place)?
            }
            Err(error) => return Err(place(error)),
        };
        let mut read = parse(&file, &text)?;
        if read.vault.is_none() && !self.vault.is_complete() {
            let text = format!("{}\n{}", text.trim_end(), vault_section(&mut random));
            replace(&file, &text).map_err(place)?;
            read = parse(&file, &text)?;
        }
        self.vault.take(read.vault.take(), &file);
        self.auth.take(read);
        let faults = [self.auth.faults(), self.vault.faults()].concat();
        if faults.is_empty() { Ok(self) } else { Err(Faults(faults)) }
    }
}

impl Auth {
    fn is_complete(&self) -> bool {
        self.instance_key.is_some() && self.current.is_some() && !self.keys.is_empty()
    }

    /// What the settings name wins over what the file holds.
    fn take(&mut self, file: KeyFile) {
        self.instance_key.get_or_insert(file.instance_key);
        if self.keys.is_empty() {
            self.keys = file.keys;
            self.current.get_or_insert(file.current);
        }
    }
}

impl Config {
    /// The key file that would have to be made because it is not there.
    pub fn missing_key_file(&self) -> Option<PathBuf> {
        let file = self.key_file().filter(|_| !self.auth.is_complete() || !self.vault.is_complete())?;
        (!file.exists()).then_some(file)
    }

    fn key_file(&self) -> Option<PathBuf> {
        self.auth.key_file.clone().or_else(|| self.sqlite_file().map(|database| beside(&database)))
    }
}

impl Vault {
    /// Adds a new master key, and makes it the current one.
    pub fn renew(&mut self, random: [u8; 32]) {
        let number = |id: &String| id.strip_prefix('m').and_then(|number| number.parse::<u32>().ok());
        let next = self.keys.keys().filter_map(number).max().unwrap_or(0).saturating_add(1);
        let id = format!("m{next}");
        self.keys.insert(id.clone(), secret(&mut || random).into());
        self.current = Some(id);
    }

    /// Leaves the current master key alone.
    pub fn retire(&mut self) {
        let Some(current) = &self.current else { return };
        self.keys.retain(|id, _| id == current);
    }

    fn is_complete(&self) -> bool {
        self.current.is_some() && !self.keys.is_empty()
    }

    fn take(&mut self, masters: Option<Masters>, file: &Path) {
        if let Some(masters) = masters.filter(|_| !self.is_complete()) {
            self.keys = masters.keys;
            self.current = Some(masters.current);
            self.file = Some(file.to_owned());
        }
    }
}

/// The master keys as a key file holds them now.
///
/// # Errors
/// A file that cannot be read, or has none.
pub fn read_vault(file: &Path) -> Result<Vault, Faults> {
    let text =
        fs::read_to_string(file).map_err(|error| Faults(vec![format!("{}: {error}", file.display())]))?;
    let mut vault = Vault::default();
    vault.take(parse(file, &text)?.vault, file);
    let none = || Faults(vec![format!("{}: it holds no master keys", file.display())]);
    if vault.is_complete() { Ok(vault) } else { Err(none()) }
}

/// Writes other master keys into a key file, all at once, and leaves its other secrets as they are.
///
/// # Errors
/// A file that cannot be read or written.
pub fn keep_vault(file: &Path, vault: &Vault) -> Result<(), Faults> {
    let place = |error: io::Error| Faults(vec![format!("{}: {error}", file.display())]);
    let text = fs::read_to_string(file).map_err(place)?;
    let read = parse(file, &text)?;
    let entry = |(id, key): (&String, &SecretString)| format!("{id} = \"{}\"\n", key.expose_secret());
    let keys: String = read.keys.iter().map(entry).collect();
    let masters: String = vault.keys.iter().map(entry).collect();
    let text = format!(
        "{HEAD}current = \"{}\"\ninstance_key = \"{}\"\n\n[keys]\n{keys}\n[vault]\ncurrent = \"{}\"\n\n[vault.keys]\n{masters}",
        read.current,
        read.instance_key.expose_secret(),
        vault.current.as_deref().unwrap_or_default(),
    );
    replace(file, &text).map_err(place)
}

fn parse(file: &Path, text: &str) -> Result<KeyFile, Faults> {
    toml::from_str(text).map_err(|error| Faults(vec![format!("{}: {}", file.display(), error.message())]))
}

fn beside(database: &Path) -> PathBuf {
    database.with_extension("keys.toml")
}

/// Writes a key file that only its owner reads, and returns its text.
fn make(file: &Path, random: impl FnMut() -> [u8; 32]) -> io::Result<String> {
    let text = generate(random);
    private(OpenOptions::new().write(true).create_new(true), file, &text)?;
    Ok(text)
}

/// Puts another text into the place of a key file; whoever reads it sees the one or the other.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let part = file.with_extension("part");
    private(OpenOptions::new().write(true).create(true).truncate(true), &part, text)?;
    fs::rename(&part, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn private(how: &mut OpenOptions, file: &Path, text: &str) -> io::Result<()> {
    let mut open = how.mode(0o600).open(file)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()
}

const HEAD: &str = "# Secrets of this instance: keep them with its backups and show them to nobody.\n";

/// New secrets as the text of a key file.
pub fn generate(mut random: impl FnMut() -> [u8; 32]) -> String {
    let head = format!(
        "{HEAD}current = \"k1\"\ninstance_key = \"{}\"\n\n[keys]\nk1 = \"{}\"\n",
        secret(&mut random),
        secret(&mut random),
    );
    format!("{head}\n{}", vault_section(&mut random))
}

fn vault_section(random: &mut impl FnMut() -> [u8; 32]) -> String {
    let about = "# Lost, everything that is kept under it is lost: documents, and what people wrote.";
    format!("{about}\n[vault]\ncurrent = \"m1\"\n\n[vault.keys]\nm1 = \"{}\"\n", secret(random))
}

fn secret(random: &mut impl FnMut() -> [u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config(folder: &Path) -> Config {
        Config::parse(&format!("[database]\nurl = \"sqlite:{}\"", folder.join("a.db").display())).unwrap()
    }

    #[test]
    fn secrets_are_made_once_beside_the_database_and_read_by_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = config(folder.path()).with_keys(|| [7; 32]).unwrap();
        let second = config(folder.path()).with_keys(|| [8; 32]).unwrap();
        let secret = |config: &Config| config.auth.keys["k1"].expose_secret().to_owned();
        let master = |config: &Config| config.vault.keys["m1"].expose_secret().to_owned();
        assert_eq!((secret(&first), master(&first)), (secret(&second), master(&second)));
        let mode = fs::metadata(folder.path().join("a.keys.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_from_before_there_were_master_keys_gets_one_and_keeps_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.keys.toml");
        let secret = "0123456789".repeat(5);
        fs::write(
            &file,
            format!("current = \"k1\"\ninstance_key = \"{secret}\"\n\n[keys]\nk1 = \"{secret}\"\n"),
        )
        .unwrap();
        let first = config(folder.path()).with_keys(|| [7; 32]).unwrap();
        let second = config(folder.path()).with_keys(|| [8; 32]).unwrap();
        assert_eq!(first.auth.keys["k1"].expose_secret(), secret);
        assert_eq!(first.vault.keys["m1"].expose_secret(), second.vault.keys["m1"].expose_secret());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        let mut vault = first.vault.clone();
        vault.keys.insert("m2".to_owned(), secret.clone().into());
        vault.current = Some("m2".to_owned());
        keep_vault(&file, &vault).unwrap();
        let third = config(folder.path()).with_keys(|| [9; 32]).unwrap();
        assert_eq!((third.vault.current.as_deref(), third.vault.keys.len()), (Some("m2"), 2));
        assert_eq!(third.auth.keys["k1"].expose_secret(), secret);
    }

    #[test]
    fn a_database_without_a_file_asks_for_secrets() {
        let config = Config::parse("[database]\nurl = \"postgres://localhost/sojourn\"").unwrap();
        let Faults(faults) = config.with_keys(|| [7; 32]).unwrap_err();
        assert!(faults[0].contains("auth.keys"), "{faults:?}");
    }
}
