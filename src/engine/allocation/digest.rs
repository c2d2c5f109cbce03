//! SHA-256 over what a run is made from, so that nothing of it can change unseen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

/// Text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no SHA-256: write 64 hexadecimal digits")]
pub struct NotADigest {
    /// What was given.
    pub text: String,
}

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Its first eight bytes as a number.
    pub(super) fn number(self) -> u64 {
        self.0.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(super) fn finish(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let wrong = || NotADigest { text: text.to_owned() };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Bytes on their way into a digest, fed in large pieces.
pub(super) struct Feed {
    hasher: Sha256,
    waiting: Vec<u8>,
}

/// Bytes that wait at most.
const PIECE: usize = 1 << 14;

impl Feed {
    pub(super) fn new(purpose: &str) -> Self {
        let mut feed = Self { hasher: Sha256::new(), waiting: Vec::with_capacity(PIECE + 64) };
        feed.text(purpose);
        feed
    }

    /// Takes bytes of a length that what was fed before tells; inlined, so that few bytes are stored and no copy is called for them.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.pass();
        }
    }

    #[cold]
    fn pass(&mut self) {
        self.hasher.update(&self.waiting);
        self.waiting.clear();
    }

    pub(super) fn count(&mut self, count: usize) {
        self.bytes(&(count as u64).to_be_bytes());
    }

    pub(super) fn id(&mut self, id: impl Into<uuid::Uuid>) {
        self.bytes(id.into().as_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    pub(super) fn finish(mut self) -> Digest {
        self.hasher.update(&self.waiting);
        Digest::finish(self.hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_sha_256_of_its_bytes_and_reads_back_as_written() {
        // FIPS 180-4, the example of one block.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(Digest::of(b"abc").number(), 0xba78_16bf_8f01_cfea);
    }

    #[test]
    fn what_is_no_digest_is_refused_by_name() {
        for text in ["", "ba78", &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(text.parse::<Digest>(), Err(NotADigest { text: text.to_owned() }));
        }
    }
}
