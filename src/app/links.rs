//! Texts that only this instance can make: one-time links, the successors of refresh tokens, passes
//! of browsers and seals of forms. No row holds them.
//!
//! A one-time token is base64url of `id ‖ HMAC-SHA-256(instance key, purpose ‖ id)`: who reads the database cannot use it, and the
//! mail that carries it is written from the id alone. To add a purpose, add a [`TokenKind`].

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use sojourn_engine::ids::{PersonId, SessionId, TokenId};
use sojourn_engine::vocabulary::TokenKind;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::access::Whence;
use crate::access::softlock::Lane;

/// Purpose of links by which one thing can be done in one case.
const ACT: &str = "act";
/// Purpose of what shows that only a code is missing.
const HALF: &str = "half";
/// Purpose of addresses at which digests end.
const UNSUBSCRIBE: &str = "unsubscribe";

/// The key of the instance and the address its links begin with.
#[derive(Clone)]
pub struct Links {
    key: Hmac<Sha256>,
    public_url: String,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl Links {
    /// Links of the instance that has this key and is reached at this address.
    pub fn new(instance_key: &SecretString, public_url: &str) -> Self {
        // HMAC takes keys of any length.
        let key = Hmac::new_from_slice(instance_key.expose_secret().as_bytes());
        let key = key.unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        Self { key, public_url: public_url.to_owned() }
    }

    /// The token of a one-time link.
    pub fn token(&self, id: TokenId, kind: TokenKind) -> String {
        self.sealed(id, kind.as_str())
    }

    fn sealed(&self, id: TokenId, purpose: &str) -> String {
        let id = Uuid::from(id);
        let seal = self.seal(purpose, id.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &seal].concat())
    }

    /// The address a one-time link leads to.
    pub fn address(&self, id: TokenId, kind: TokenKind) -> String {
        let page = match kind {
            TokenKind::Invitation => "invitation",
            TokenKind::PasswordReset => "password-reset",
            TokenKind::EmailPresent | TokenKind::EmailNext => "email-change",
            TokenKind::SignUp => "sign-up/confirm",
        };
        format!("{}/{page}?token={}", self.public_url, self.token(id, kind))
    }

    /// The address of a link by which one thing can be done in one case without signing in.
    pub fn act(&self, id: TokenId) -> String {
        format!("{}/act/{}", self.public_url, self.sealed(id, ACT))
    }

    /// The id in such a token that this instance made.
    pub fn read_act(&self, token: &str) -> Option<TokenId> {
        self.opened(token, ACT)
    }

    /// The address at which somebody ends their digests, by one POST (RFC 8058).
    pub fn unsubscribe(&self, person: PersonId) -> String {
        let person = Uuid::from(person);
        let seal = self.seal(UNSUBSCRIBE, person.as_bytes());
        let token = BASE64_URL_SAFE_NO_PAD.encode([person.as_bytes().as_slice(), &seal].concat());
        format!("{}/digest/{token}", self.public_url)
    }

    /// The person whose digests such an address ends.
    pub fn read_unsubscribe(&self, token: &str) -> Option<PersonId> {
        self.opened(token, UNSUBSCRIBE).map(|id| Uuid::from(id).into())
    }

    /// Any page of this instance; `path` begins with a slash.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The host that pages of this instance are at, for names that must be unique everywhere.
    pub fn host(&self) -> &str {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        rest.split(['/', ':']).next().filter(|host| !host.is_empty()).unwrap_or("sojourn")
    }

    /// The id in a token that this instance made for that purpose.
    pub fn read(&self, token: &str, kind: TokenKind) -> Option<TokenId> {
        self.opened(token, kind.as_str())
    }

    fn opened(&self, token: &str, purpose: &str) -> Option<TokenId> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
        let (id, seal) = bytes.split_at_checked(16)?;
        let ours = self.seal(purpose, id);
        bool::from(ours.ct_eq(seal)).then(|| Uuid::from_slice(id).ok().map(TokenId::from))?
    }

    /// The one successor of a refresh token.
    pub fn successor(&self, refresh_token: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.seal("refresh", refresh_token.as_bytes()))
    }

    /// What a browser shows to act in a session; the session itself says whether it still goes on.
    pub fn pass(&self, session: SessionId, person: PersonId) -> String {
        let ids = [Uuid::from(session).into_bytes(), Uuid::from(person).into_bytes()].concat();
        let seal = self.seal("pass", &ids);
        BASE64_URL_SAFE_NO_PAD.encode([ids.as_slice(), &seal].concat())
    }

    /// The session and the person of a pass that this instance made.
    pub fn read_pass(&self, pass: &str) -> Option<(SessionId, PersonId)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(pass).ok()?;
        let (ids, seal) = bytes.split_at_checked(32)?;
        let (session, person) = ids.split_at_checked(16)?;
        let id = |bytes: &[u8]| Uuid::from_slice(bytes).ok();
        bool::from(self.seal("pass", ids).ct_eq(seal)).then_some(())?;
        Some((id(session)?.into(), id(person)?.into()))
    }

    /// What shows for some minutes that somebody has given all but the code of their second factor.
    pub fn half(&self, person: PersonId, until: DateTime<Utc>) -> String {
        let content = [Uuid::from(person).into_bytes().as_slice(), &until.timestamp().to_be_bytes()].concat();
        let seal = self.seal(HALF, &content);
        BASE64_URL_SAFE_NO_PAD.encode([content.as_slice(), &seal].concat())
    }

    /// The person who has given all but that code.
    pub fn read_half(&self, half: &str, now: DateTime<Utc>) -> Option<PersonId> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(half).ok()?;
        let (content, seal) = bytes.split_at_checked(24)?;
        bool::from(self.seal(HALF, content).ct_eq(seal)).then_some(())?;
        let (person, until) = content.split_first_chunk::<16>()?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        (now.timestamp() < until).then(|| Uuid::from_bytes(*person).into())
    }

    /// The key under which something is kept where others could read it.
    pub fn cipher_key(&self, what: &str) -> [u8; 32] {
        self.seal("cipher", what.as_bytes())
    }

    /// What a network address is known again by, without saying which it is.
    pub fn origin(&self, from: &Whence) -> Vec<u8> {
        self.seal("origin", &from.origin()).to_vec()
    }

    /// What tries are counted under, without saying for whom or from where.
    pub fn lock(&self, lane: Lane, account: &str, origin: &[u8]) -> Vec<u8> {
        let lane = match lane {
            Lane::Strangers => "strangers",
            Lane::Familiar => "familiar",
            Lane::Known => "known",
            Lane::Address => "address",
        };
        self.seal(lane, &[account.as_bytes(), &[0], origin].concat()).to_vec()
    }

    /// What the forms carry that were shown to the holder of `bound`: a session or a visitor's mark.
    ///
    /// Under a mask, so that the seals of two pages have nothing in common that the size of a compressed page could tell.
    pub fn form_seal(&self, bound: &str, mask: [u8; 32]) -> String {
        let masked = masked(self.seal("form", bound.as_bytes()), mask);
        BASE64_URL_SAFE_NO_PAD.encode([mask, masked].concat())
    }

    /// Whether a form was shown to the holder of `bound`.
    pub fn is_form_seal(&self, bound: &str, given: &str) -> bool {
        let given = BASE64_URL_SAFE_NO_PAD.decode(given).unwrap_or_default();
        let Some((Ok(mask), Ok(seal))) =
            given.split_at_checked(32).map(|(one, two)| (one.try_into(), two.try_into()))
        else {
            return false;
        };
        bool::from(masked(seal, mask).ct_eq(&self.seal("form", bound.as_bytes())))
    }

    fn seal(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        let mut mac = self.key.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(content);
        mac.finalize().into_bytes().into()
    }
}

fn masked(bytes: [u8; 32], mask: [u8; 32]) -> [u8; 32] {
    std::array::from_fn(|nth| bytes[nth] ^ mask[nth])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(key: &str) -> Links {
        Links::new(&SecretString::from(key), "https://sojourn.example")
    }

    #[test]
    fn a_token_opens_its_own_purpose_at_its_own_instance_alone() {
        let id: TokenId = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162".parse().unwrap();
        let token = links("a").token(id, TokenKind::Invitation);
        assert_eq!(links("a").read(&token, TokenKind::Invitation), Some(id));
        assert_eq!(links("a").read(&token, TokenKind::PasswordReset), None);
        assert_eq!(links("b").read(&token, TokenKind::Invitation), None);
        assert_eq!(links("a").read(&token[1..], TokenKind::Invitation), None);
        assert_eq!(links("a").read("", TokenKind::Invitation), None);
    }

    #[test]
    fn a_pass_opens_the_session_it_was_made_for_at_its_own_instance_alone() {
        let session = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162".parse().unwrap();
        let person = "019a7c3e-5b1f-7a20-8c44-1d2e3f405163".parse().unwrap();
        let pass = links("a").pass(session, person);
        assert_eq!(links("a").read_pass(&pass), Some((session, person)));
        assert_eq!(links("b").read_pass(&pass), None);
        assert_eq!(links("a").read_pass(&pass[2..]), None);
        assert_eq!(links("a").read_pass(""), None);
    }

    #[test]
    fn half_a_log_in_is_good_for_its_person_and_its_minutes() {
        let person: PersonId = "019a7c3e-5b1f-7a20-8c44-1d2e3f405163".parse().unwrap();
        let until = DateTime::from_timestamp(1_000, 0).unwrap();
        let half = links("a").half(person, until);
        let just_before = DateTime::from_timestamp(999, 0).unwrap();
        assert_eq!(links("a").read_half(&half, just_before), Some(person));
        assert_eq!(links("a").read_half(&half, until), None);
        assert_eq!(links("b").read_half(&half, just_before), None);
        assert_eq!(links("a").read_half(&half[4..], just_before), None);
    }

    #[test]
    fn the_seal_of_a_form_holds_for_one_holder() {
        let seal = links("a").form_seal("one", [7; 32]);
        assert_ne!(seal, links("a").form_seal("one", [8; 32]));
        assert!(links("a").is_form_seal("one", &seal));
        assert!(!links("a").is_form_seal("other", &seal));
        assert!(!links("b").is_form_seal("one", &seal));
    }

    #[test]
    fn a_refresh_token_has_one_successor() {
        assert_eq!(links("a").successor("x"), links("a").successor("x"));
        assert_ne!(links("a").successor("x"), links("b").successor("x"));
    }
}
