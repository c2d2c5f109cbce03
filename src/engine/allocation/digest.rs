//! SHA-256 over what a run is made from, so that nothing of it can change unseen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::block_api::compress256;
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
    waiting: Box<[u8; PIECE]>,
    filled: usize,
}

/// Bytes that wait at most.
const PIECE: usize = 1 << 14;

impl Feed {
    pub(super) fn new(purpose: &str) -> Self {
        let mut feed = Self { hasher: Sha256::new(), waiting: Box::new([0; PIECE]), filled: 0 };
        feed.text(purpose);
        feed
    }

    /// Takes bytes of a length that what was fed before tells; inlined, so that few bytes are stored and no copy is called for them.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        match self.waiting[self.filled..].split_at_mut_checked(bytes.len()) {
            Some((room, _)) => {
                room.copy_from_slice(bytes);
                self.filled += bytes.len();
            }
            None => self.pass(bytes),
        }
    }

    #[cold]
    fn pass(&mut self, bytes: &[u8]) {
        self.hasher.update(&self.waiting[..self.filled]);
        self.hasher.update(bytes);
        self.filled = 0;
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
        self.hasher.update(&self.waiting[..self.filled]);
        Digest::finish(self.hasher)
    }
}

/// Bytes of a block of SHA-256, and of the count of bits that its last one ends with.
const BLOCK: usize = 64;
const LENGTH: usize = 8;
/// What SHA-256 begins with (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Digests of texts that begin alike: the beginning is read once, and what is left is padded and compressed in one go.
pub(super) struct Prefixed {
    state: [u32; 8],
    rest: [u8; BLOCK],
    filled: usize,
    length: u64,
}

impl Prefixed {
    pub(super) fn new(prefix: &[u8]) -> Self {
        let (blocks, left) = prefix.as_chunks::<BLOCK>();
        let (mut state, mut rest) = (START, [0; BLOCK]);
        compress256(&mut state, blocks);
        rest[..left.len()].copy_from_slice(left);
        Self { state, rest, filled: left.len(), length: prefix.len() as u64 }
    }

    /// The first eight bytes of the digest of the beginning with `tail` behind it, as a number; of a tail at most as long as a block.
    pub(super) fn number<const N: usize>(&self, tail: &[u8; N]) -> u64 {
        const { assert!(N <= BLOCK, "what is left fits into three blocks") };
        let mut blocks = [[0; BLOCK]; 3];
        let flat = blocks.as_flattened_mut();
        let end = self.filled + N;
        flat[..self.filled].copy_from_slice(&self.rest[..self.filled]);
        flat[self.filled..end].copy_from_slice(tail);
        flat[end] = 0x80;
        let used = (end + 1 + LENGTH).div_ceil(BLOCK);
        let bits = (self.length + N as u64) * 8;
        flat[used * BLOCK - LENGTH..used * BLOCK].copy_from_slice(&bits.to_be_bytes());
        let mut state = self.state;
        compress256(&mut state, &blocks[..used]);
        u64::from(state[0]) << 32 | u64::from(state[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_behind_a_beginning_is_the_digest_of_both() {
        for length in 0..200 {
            let prefix = vec![b'p'; length];
            let whole = Digest::of(&[&prefix[..], b"and what is left"].concat());
            let number = u64::from_be_bytes(whole.0[..8].try_into().unwrap());
            assert_eq!(Prefixed::new(&prefix).number(b"and what is left"), number, "{length}");
        }
    }

    #[test]
    fn a_digest_is_the_sha_256_of_its_bytes_and_reads_back_as_written() {
        // FIPS 180-4, the example of one block.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_string(), text);
        assert_eq!(text.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(Prefixed::new(b"a").number(b"bc"), 0xba78_16bf_8f01_cfea);
    }

    #[test]
    fn what_is_no_digest_is_refused_by_name() {
        for text in ["", "ba78", &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(text.parse::<Digest>(), Err(NotADigest { text: text.to_owned() }));
        }
    }
}
