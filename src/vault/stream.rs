//! Contents sealed piece by piece: both ways with no more in memory than one piece.
//!
//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): pieces of 64 KiB, each sealed under its number and
//! whether it is the last, so that none can be left out, doubled, moved or cut off. Before them stand 19 random bytes.

use aead_stream::{DecryptorBE32, EncryptorBE32, Nonce, StreamBE32};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Generate, Payload};

use super::VaultError;

/// Bytes of a piece.
pub const CHUNK: usize = 64 * 1024;
/// Random bytes before the first piece.
const HEAD: usize = 19;
/// Bytes a piece grows by.
const TAG: usize = 16;
/// Bytes of a sealed piece.
const SEALED: usize = CHUNK + TAG;

type Start = Nonce<XChaCha20Poly1305, StreamBE32<XChaCha20Poly1305>>;

/// Bytes that a content of so many takes when it is sealed.
pub const fn sealed_length(plain: u64) -> u64 {
    let pieces = plain.div_ceil(CHUNK as u64);
    HEAD as u64 + plain + TAG as u64 * if pieces == 0 { 1 } else { pieces }
}

/// Seals a content.
pub struct Sealer {
    encryptor: EncryptorBE32<XChaCha20Poly1305>,
    place: Vec<u8>,
    head: Option<Start>,
    held: Vec<u8>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    pub(super) fn new(cipher: XChaCha20Poly1305, place: Vec<u8>) -> Self {
        let head = Start::generate();
        Self { encryptor: EncryptorBE32::from_aead(cipher, &head), place, head: Some(head), held: Vec::new() }
    }

    /// Takes more of the content, and gives what can be written of it.
    ///
    /// # Errors
    /// A content of more than 2^32 pieces.
    pub fn put(&mut self, mut plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut out = self.head.take().map(|head| head.to_vec()).unwrap_or_default();
        // A full piece waits until it is known not to be the last.
        while self.held.len() + plain.len() > CHUNK {
            let (now, later) = plain.split_at(CHUNK - self.held.len());
            self.held.extend_from_slice(now);
            plain = later;
            let piece = Payload { msg: &self.held, aad: &self.place };
            out.extend(self.encryptor.encrypt_next(piece).map_err(|_| VaultError::Changed)?);
            self.held.clear();
        }
        self.held.extend_from_slice(plain);
        Ok(out)
    }

    /// Gives the rest.
    ///
    /// # Errors
    /// None that a content of less than 2^32 pieces can have.
    pub fn end(self) -> Result<Vec<u8>, VaultError> {
        let head = self.head.map(|head| head.to_vec()).unwrap_or_default();
        let piece = Payload { msg: &self.held, aad: &self.place };
        let last = self.encryptor.encrypt_last(piece).map_err(|_| VaultError::Changed)?;
        Ok([head, last].concat())
    }
}

/// Opens a sealed content.
pub struct Opener {
    cipher: XChaCha20Poly1305,
    decryptor: Option<DecryptorBE32<XChaCha20Poly1305>>,
    place: Vec<u8>,
    held: Vec<u8>,
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener")
    }
}

impl Opener {
    pub(super) fn new(cipher: XChaCha20Poly1305, place: Vec<u8>) -> Self {
        Self { cipher, decryptor: None, place, held: Vec::new() }
    }

    /// Takes more of what was kept, and gives what is certain of the content.
    ///
    /// # Errors
    /// [`VaultError::Changed`].
    pub fn put(&mut self, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.held.extend_from_slice(sealed);
        let mut from = 0;
        if self.decryptor.is_none() {
            let Some(head) = self.held.get(..HEAD) else { return Ok(Vec::new()) };
            let head = Start::try_from(head).map_err(|_| VaultError::Changed)?;
            self.decryptor = Some(DecryptorBE32::from_aead(self.cipher.clone(), &head));
            from = HEAD;
        }
        let mut out = Vec::new();
        while let Some(decryptor) = &mut self.decryptor
            && self.held.len() - from > SEALED
        {
            let piece = Payload { msg: &self.held[from..from + SEALED], aad: &self.place };
            out.extend(decryptor.decrypt_next(piece).map_err(|_| VaultError::Changed)?);
            from += SEALED;
        }
        self.held.drain(..from);
        Ok(out)
    }

    /// Gives the rest, and proves that it is the end.
    ///
    /// # Errors
    /// [`VaultError::Changed`], also for what was cut off.
    pub fn end(self) -> Result<Vec<u8>, VaultError> {
        let decryptor = self.decryptor.ok_or(VaultError::Changed)?;
        let piece = Payload { msg: &self.held, aad: &self.place };
        decryptor.decrypt_last(piece).map_err(|_| VaultError::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{DataKey, Vault, Wrapped};

    fn key() -> (Wrapped, DataKey) {
        let keys = [("m".to_owned(), "m".repeat(43).into())].into();
        Vault::new(&crate::config::Vault { keys, current: Some("m".to_owned()), file: None })
            .make(&[1; 16])
            .unwrap()
    }

    fn sealed(key: &DataKey, plain: &[u8], step: usize) -> Vec<u8> {
        let mut sealer = key.sealer(b"here".to_vec());
        let mut out = Vec::new();
        for piece in plain.chunks(step) {
            out.extend(sealer.put(piece).unwrap());
        }
        out.extend(sealer.end().unwrap());
        out
    }

    fn opened(key: &DataKey, sealed: &[u8], place: &[u8], step: usize) -> Result<Vec<u8>, VaultError> {
        let mut opener = key.opener(place.to_vec());
        let mut out = Vec::new();
        for piece in sealed.chunks(step) {
            out.extend(opener.put(piece)?);
        }
        out.extend(opener.end()?);
        Ok(out)
    }

    #[test]
    fn a_content_of_any_length_in_any_pieces_comes_back() {
        let (_, key) = key();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17] {
            let plain: Vec<u8> = (0..=250_u8).cycle().take(length).collect();
            for (write, read) in [(7_919, 4_099), (CHUNK, SEALED), (10 * CHUNK, 10 * CHUNK)] {
                let kept = sealed(&key, &plain, write);
                assert_eq!(kept.len() as u64, sealed_length(length as u64), "{length}");
                assert_eq!(opened(&key, &kept, b"here", read).unwrap(), plain, "{length} {write} {read}");
            }
        }
    }

    #[test]
    fn a_content_that_was_cut_changed_reordered_or_moved_does_not_open() {
        let (_, key) = key();
        let plain = vec![b'x'; 3 * CHUNK];
        let kept = sealed(&key, &plain, CHUNK);
        for length in [0, 10, HEAD, HEAD + TAG, HEAD + SEALED, HEAD + 2 * SEALED, kept.len() - 1] {
            assert!(opened(&key, &kept[..length], b"here", CHUNK).is_err(), "cut to {length}");
        }
        for at in [0, HEAD, HEAD + CHUNK, kept.len() - 1] {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert!(opened(&key, &changed, b"here", CHUNK).is_err(), "byte {at}");
        }
        let swapped = [
            &kept[..HEAD],
            &kept[HEAD + SEALED..HEAD + 2 * SEALED],
            &kept[HEAD..HEAD + SEALED],
            &kept[HEAD + 2 * SEALED..],
        ];
        assert!(opened(&key, &swapped.concat(), b"here", CHUNK).is_err());
        assert!(opened(&key, &[&kept[..], b"x"].concat(), b"here", CHUNK).is_err());
        assert!(opened(&key, &kept, b"there", CHUNK).is_err());
    }
}
