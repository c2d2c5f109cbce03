//! The file that holds the secrets of an instance when the settings hold none, made on first start.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Auth, Config, Faults};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: String,
    instance_key: SecretString,
    keys: BTreeMap<String, SecretString>,
}

impl Config {
    /// Fills in the secrets that are not set from the key file, which is made of `random` if it is not there.
    ///
    /// With PostgreSQL and no `auth.key_file` there is no folder to put it in: the secrets have to be set.
    pub fn with_keys(mut self, random: impl FnMut() -> [u8; 32]) -> Result<Self, Faults> {
        if self.auth.is_complete() {
            return Ok(self);
        }
        let file =
            self.auth.key_file.clone().or_else(|| self.sqlite_file().map(|database| beside(&database)));
        let Some(file) = file else {
            let mend = "set auth.keys, auth.current and auth.instance_key (`sojourn secret new` prints \
                        them), or auth.key_file";
            return Err(Faults(vec![format!("this database has no file to keep secrets beside: {mend}")]));
        };
        let place = |error: io::Error| Faults(vec![format!("{}: {error}", file.display())]);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&file, random).map_err(place)?,
            Err(error) => return Err(place(error)),
        };
        let read: KeyFile = toml::from_str(&text)
            .map_err(|error| Faults(vec![format!("{}: {}", file.display(), error.message())]))?;
        self.auth.take(read);
        let faults = self.auth.faults();
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

fn beside(database: &Path) -> PathBuf {
    database.with_extension("keys.toml")
}

/// Writes a key file that only its owner reads, and returns its text.
fn make(file: &Path, random: impl FnMut() -> [u8; 32]) -> io::Result<String> {
    let text = generate(random);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(text.as_bytes())?;
    Ok(text)
}

/// New secrets as the text of a key file.
pub fn generate(mut random: impl FnMut() -> [u8; 32]) -> String {
    let mut secret = || BASE64_URL_SAFE_NO_PAD.encode(random());
    format!(
        "# Secrets of this instance: keep them with its backups and show them to nobody.\n\
         current = \"k1\"\ninstance_key = \"{}\"\n\n[keys]\nk1 = \"{}\"\n",
        secret(),
        secret(),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

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
        assert_eq!(secret(&first), secret(&second));
        let mode = fs::metadata(folder.path().join("a.keys.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_database_without_a_file_asks_for_secrets() {
        let config = Config::parse("[database]\nurl = \"postgres://localhost/sojourn\"").unwrap();
        let Faults(faults) = config.with_keys(|| [7; 32]).unwrap_err();
        assert!(faults[0].contains("auth.keys"), "{faults:?}");
    }
}
