//! What guards personal data where it is kept: every person has a key of their own, kept under a master key of the settings.
//!
//! XChaCha20-Poly1305 throughout (draft-irtf-cfrg-xchacha): its nonces have 192 bits and are drawn from the operating system for each
//! sealing, so that none comes twice; never from a [`Clock`](crate::clock::Clock), whose randomness tests repeat. What is sealed is bound
//! to its place, the row and the person, and opens nowhere else. Destroying somebody's key destroys what was sealed with it.

pub mod seal;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::config::{self, Faults};

pub use stream::{CHUNK, Opener, Sealer, sealed_length};

/// Bytes of a nonce.
const NONCE: usize = 24;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The settings have none.
    #[error(
        "there is no master key: set vault.keys and vault.current (`sojourn secret new` prints them), or auth.key_file"
    )]
    NoMaster,
    /// Something was kept under a key that the settings no longer name.
    #[error(
        "the master key `{0}` is neither in the settings nor in the key file: put it back from where secrets are kept"
    )]
    UnknownMaster(String),
    /// The settings name another key under that id.
    #[error(
        "the master key `{0}` is not the one that people's keys are kept under: put the right one back from where secrets are kept"
    )]
    WrongMaster(String),
    /// It was changed, cut short, or put where it does not belong.
    #[error("what was kept cannot be opened: it was changed, cut short, or moved")]
    Changed,
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] Faults),
}

/// The master keys of this process.
#[derive(Debug, Default)]
pub struct Vault {
    masters: RwLock<Masters>,
    file: Option<PathBuf>,
}

#[derive(Default)]
struct Masters {
    ciphers: BTreeMap<String, XChaCha20Poly1305>,
    current: Option<String>,
    stamp: Option<Stamp>,
}

/// By which a changed file is known: inode, seconds and nanoseconds of its last change.
type Stamp = (u64, i64, i64);

impl fmt::Debug for Masters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masters").field("current", &self.current).finish_non_exhaustive()
    }
}

impl Masters {
    fn of(settings: &config::Vault, stamp: Option<Stamp>) -> Self {
        let cipher = |secret: &str| {
            let key = Sha256::new().chain_update(b"sojourn master key\0").chain_update(secret).finalize();
            XChaCha20Poly1305::new(&key)
        };
        let ciphers =
            settings.keys.iter().map(|(id, secret)| (id.clone(), cipher(secret.expose_secret()))).collect();
        Self { ciphers, current: settings.current.clone(), stamp }
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let known = std::fs::metadata(file).ok()?;
    Some((known.ino(), known.mtime(), known.mtime_nsec()))
}

/// Somebody's key as it is kept: under which master key, and the sealed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Id of the master key.
    pub master: String,
    /// Nonce and sealed key.
    pub sealed: Vec<u8>,
}

/// Somebody's own key.
#[derive(Clone)]
pub struct DataKey(XChaCha20Poly1305);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl Vault {
    /// The master keys of the settings.
    pub fn new(settings: &config::Vault) -> Self {
        let stamp = settings.file.as_deref().and_then(stamp);
        Self { masters: RwLock::new(Masters::of(settings, stamp)), file: settings.file.clone() }
    }

    /// Reads the key file again if it has changed: another process may have put a new master key there.
    fn refresh(&self) -> Result<(), VaultError> {
        let Some(file) = self.file.as_deref() else { return Ok(()) };
        let present = stamp(file);
        if self.masters.read().unwrap_or_else(PoisonError::into_inner).stamp != present {
            let read = Masters::of(&config::read_vault(file)?, present);
            *self.masters.write().unwrap_or_else(PoisonError::into_inner) = read;
        }
        Ok(())
    }

    /// Id of the master key that new keys are kept under.
    ///
    /// # Errors
    /// [`VaultError::NoMaster`], and a key file that cannot be read.
    pub fn current(&self) -> Result<String, VaultError> {
        self.refresh()?;
        let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
        masters.current.clone().ok_or(VaultError::NoMaster)
    }

    /// A new key for somebody, by 16 bytes that name them.
    ///
    /// # Errors
    /// As [`Self::current`].
    pub fn make(&self, owner: &[u8; 16]) -> Result<(Wrapped, DataKey), VaultError> {
        let key: [u8; 32] = Generate::generate();
        let wrapped = self.wrap(owner, &key)?;
        Ok((wrapped, DataKey(XChaCha20Poly1305::new(&key.into()))))
    }

    /// Somebody's key, opened.
    ///
    /// # Errors
    /// [`VaultError::UnknownMaster`], [`VaultError::Changed`].
    pub fn open(&self, owner: &[u8; 16], kept: &Wrapped) -> Result<DataKey, VaultError> {
        Ok(DataKey(XChaCha20Poly1305::new(&self.unwrap(owner, kept)?.into())))
    }

    /// The same key kept under the current master key.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn rewrap(&self, owner: &[u8; 16], kept: &Wrapped) -> Result<Wrapped, VaultError> {
        let key = self.unwrap(owner, kept)?;
        self.wrap(owner, &key)
    }

    fn wrap(&self, owner: &[u8; 16], key: &[u8; 32]) -> Result<Wrapped, VaultError> {
        let master = self.current()?;
        let sealed = seal(&self.master(&master)?, &place(owner, &master), key)?;
        Ok(Wrapped { master, sealed })
    }

    fn unwrap(&self, owner: &[u8; 16], kept: &Wrapped) -> Result<[u8; 32], VaultError> {
        let master = match self.master(&kept.master) {
            Err(VaultError::UnknownMaster(_)) => {
                self.refresh()?;
                self.master(&kept.master)?
            }
            known => known?,
        };
        let key = unseal(&master, &place(owner, &kept.master), &kept.sealed)?;
        key.try_into().map_err(|_| VaultError::Changed)
    }

    fn master(&self, id: &str) -> Result<XChaCha20Poly1305, VaultError> {
        let masters = self.masters.read().unwrap_or_else(PoisonError::into_inner);
        masters.ciphers.get(id).cloned().ok_or_else(|| VaultError::UnknownMaster(id.to_owned()))
    }
}

/// A name of 128 random bits, in hexadecimal digits.
pub fn random_name() -> String {
    hex::encode(<[u8; 16]>::generate())
}

fn place(owner: &[u8; 16], master: &str) -> Vec<u8> {
    [b"key of a person\0", owner.as_slice(), master.as_bytes()].concat()
}

impl DataKey {
    /// Seals a text for one place, which is named by bytes that occur nowhere else.
    ///
    /// # Errors
    /// [`VaultError::Changed`] for what is too long to be sealed.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal(&self.0, place, plain)
    }

    /// Opens what was sealed for that place.
    ///
    /// # Errors
    /// [`VaultError::Changed`].
    pub fn unseal(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        unseal(&self.0, place, sealed)
    }

    /// Seals a content for one place, piece by piece.
    pub fn sealer(&self, place: Vec<u8>) -> Sealer {
        Sealer::new(self.0.clone(), place)
    }

    /// Opens a content that was sealed for that place, piece by piece.
    pub fn opener(&self, place: Vec<u8>) -> Opener {
        Opener::new(self.0.clone(), place)
    }
}

fn seal(cipher: &XChaCha20Poly1305, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = XNonce::generate();
    let payload = Payload { msg: plain, aad: place };
    let sealed = cipher.encrypt(&nonce, payload).map_err(|_| VaultError::Changed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn unseal(cipher: &XChaCha20Poly1305, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(VaultError::Changed)?;
    let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Changed)?;
    cipher.decrypt(&nonce, Payload { msg: sealed, aad: place }).map_err(|_| VaultError::Changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(current: &str, keys: &[&str]) -> config::Vault {
        let secret = |id: &&str| ((*id).to_owned(), id.repeat(30).into());
        config::Vault {
            keys: keys.iter().map(secret).collect(),
            current: Some(current.to_owned()),
            file: None,
        }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let vault = Vault::new(&settings("m1", &["m1"]));
        let (wrapped, key) = vault.make(&[1; 16]).unwrap();
        let sealed = key.seal(b"row 1", b"Mei").unwrap();
        assert!(!sealed.windows(3).any(|some| some == b"Mei"));
        assert_ne!(sealed, key.seal(b"row 1", b"Mei").unwrap(), "no nonce comes twice");

        let again = vault.open(&[1; 16], &wrapped).unwrap();
        assert_eq!(again.unseal(b"row 1", &sealed).unwrap(), b"Mei");
        assert!(matches!(again.unseal(b"row 2", &sealed), Err(VaultError::Changed)));
        assert!(matches!(again.unseal(b"row 1", &sealed[..20]), Err(VaultError::Changed)));
        assert!(matches!(vault.open(&[2; 16], &wrapped), Err(VaultError::Changed)), "another person's");
        let (_, other) = vault.make(&[1; 16]).unwrap();
        assert!(other.unseal(b"row 1", &sealed).is_err(), "the key is gone, and with it what it sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(again.unseal(b"row 1", &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_key_goes_from_one_master_key_to_the_next_and_stays_the_same() {
        let (wrapped, key) = Vault::new(&settings("m1", &["m1"])).make(&[1; 16]).unwrap();
        let sealed = key.seal(b"row", b"text").unwrap();
        let rewrapped = Vault::new(&settings("m2", &["m1", "m2"])).rewrap(&[1; 16], &wrapped).unwrap();
        assert_eq!(rewrapped.master, "m2");

        let after = Vault::new(&settings("m2", &["m2"]));
        assert_eq!(after.open(&[1; 16], &rewrapped).unwrap().unseal(b"row", &sealed).unwrap(), b"text");
        assert!(matches!(after.open(&[1; 16], &wrapped), Err(VaultError::UnknownMaster(id)) if id == "m1"));
        let claimed = Wrapped { master: "m2".to_owned(), ..wrapped };
        assert!(matches!(after.open(&[1; 16], &claimed), Err(VaultError::Changed)));
    }

    #[test]
    fn no_secret_is_shown_in_a_debug_text() {
        let vault = Vault::new(&settings("m1", &["m1"]));
        let (_, key) = vault.make(&[1; 16]).unwrap();
        assert!(!format!("{vault:?} {key:?}").contains("m1m1"));
    }
}
