//! What the database or a browser keeps for us without reading it: encrypted, and bound to whom it is for.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

/// Bytes of the nonce before what is sealed.
pub const NONCE: usize = 24;

/// Seals bytes for an owner; `None` when they are too many for the cipher.
pub fn close(key: [u8; 32], nonce: [u8; NONCE], owner: &[u8], open: &[u8]) -> Option<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(&Key::from(key));
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: open, aad: owner }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// What was sealed for an owner with this key.
pub fn open(key: [u8; 32], owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(&Key::from(key));
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: owner }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_owner_under_its_key_alone() {
        let sealed = close([1; 32], [2; 24], b"anna", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(open([1; 32], b"anna", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(open([1; 32], b"else", &sealed), None);
        assert_eq!(open([3; 32], b"anna", &sealed), None);
        assert_eq!(open([1; 32], b"anna", &sealed[..20]), None);
    }
}
