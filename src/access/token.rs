//! Access tokens: who signed in and by which session, for some minutes; never what they may do.
//!
//! HS256 with a key id; two keys are live while one replaces the other (RFC 8725, RFC 9068 for the claims). The instants are
//! compared with the clock of the command, so the library's own check of time is off. A header or a claim that no token of ours
//! has is refused, too, however well it is signed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{PersonId, SessionId};
use uuid::Uuid;

use crate::clock::Moment;

/// The type of token (RFC 9068 §2.1), so that no other kind passes for one.
const TYPE: &str = "at+jwt";
/// Longest token that is looked at.
const LONGEST: usize = 2048;

/// The claims of an access token; all are required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// The person.
    pub sub: PersonId,
    /// The session.
    pub sid: SessionId,
    /// Its own id.
    pub jti: Uuid,
    /// Seconds since 1970 at which it was issued.
    pub iat: i64,
    /// Seconds since 1970 before which it does not work.
    pub nbf: i64,
    /// Seconds since 1970 from which it no longer works.
    pub exp: i64,
}

/// The whole header of a token of ours: nothing in it says where a key is to be found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: Algorithm,
    typ: String,
    kid: String,
}

impl Head {
    fn of(token: &str) -> Option<Self> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
        let head: Self = serde_json::from_slice(&text).ok()?;
        (head.alg == Algorithm::HS256 && head.typ == TYPE).then_some(head)
    }
}

/// The keys that sign and verify access tokens.
pub struct Keys {
    current: (String, EncodingKey),
    live: BTreeMap<String, DecodingKey>,
    issuer: String,
    audience: String,
    lifetime: TimeDelta,
    validation: Validation,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("live", &self.live.keys()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys by their id, of which `current` signs; `None` if it is not among them.
    pub fn new(
        secrets: &BTreeMap<String, SecretString>,
        current: &str,
        (issuer, audience): (&str, &str),
        lifetime: TimeDelta,
    ) -> Option<Self> {
        let bytes = |secret: &SecretString| secret.expose_secret().as_bytes().to_vec();
        let signing = EncodingKey::from_secret(&bytes(secrets.get(current)?));
        let live = secrets.iter().map(|(id, secret)| (id.clone(), DecodingKey::from_secret(&bytes(secret))));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        Some(Self {
            current: (current.to_owned(), signing),
            live: live.collect(),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetime,
            validation,
        })
    }

    /// Seconds a token works.
    pub const fn lifetime(&self) -> TimeDelta {
        self.lifetime
    }

    /// A token for a session, from that moment on.
    pub fn sign(
        &self,
        person: PersonId,
        session: SessionId,
        at: &Moment,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = at.now;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: person,
            sid: session,
            jti: Uuid::from_bytes(at.random()),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + self.lifetime).timestamp(),
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.current.0.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.current.1)
    }

    /// The claims of a token that is ours and works at `now`; every fault is the same `None`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        if token.len() > LONGEST {
            return None;
        }
        let key = self.live.get(&Head::of(token)?.kid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims;
        let life = claims.exp.checked_sub(claims.nbf)?;
        let lasts = life <= self.lifetime.num_seconds() && claims.iat <= now.timestamp();
        (lasts && (claims.nbf..claims.exp).contains(&now.timestamp())).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ids: &[&str], current: &str) -> Keys {
        let secret = |id: &str| SecretString::from(id.repeat(32));
        let secrets = ids.iter().map(|id| ((*id).to_owned(), secret(id))).collect();
        Keys::new(&secrets, current, ("us", "api"), TimeDelta::minutes(15)).unwrap()
    }

    fn now() -> DateTime<Utc> {
        "2026-09-01T08:00:00Z".parse().unwrap()
    }

    fn token(keys: &Keys) -> String {
        let id = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
        let at = crate::clock::Clock::fixed(now(), 7).moment();
        keys.sign(id.parse().unwrap(), id.parse().unwrap(), &at).unwrap()
    }

    #[test]
    fn a_token_works_for_its_fifteen_minutes_and_no_longer() {
        let keys = keys(&["a"], "a");
        let token = token(&keys);
        assert!(keys.verify(&token, now()).is_some());
        assert!(keys.verify(&token, now() + TimeDelta::seconds(899)).is_some());
        assert!(keys.verify(&token, now() + TimeDelta::minutes(15)).is_none());
        assert!(keys.verify(&token, now() - TimeDelta::seconds(1)).is_none());
    }

    #[test]
    fn a_token_of_the_key_before_works_until_that_key_is_gone() {
        let token = token(&keys(&["a"], "a"));
        assert!(keys(&["a", "b"], "b").verify(&token, now()).is_some());
        assert!(keys(&["b"], "b").verify(&token, now()).is_none());
    }

    #[test]
    fn a_token_with_another_issuer_audience_algorithm_or_a_missing_claim_is_refused() {
        let keys = keys(&["a"], "a");
        let key = EncodingKey::from_secret("a".repeat(32).as_bytes());
        let id = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
        let good = serde_json::json!({ "iss": "us", "aud": "api", "sub": id, "sid": id, "jti": id,
            "iat": now().timestamp(), "nbf": now().timestamp(), "exp": now().timestamp() + 60 });
        let sign = |algorithm, claims: &serde_json::Value| {
            let typ = Some(TYPE.to_owned());
            let header = Header { typ, kid: Some("a".to_owned()), ..Header::new(algorithm) };
            jsonwebtoken::encode(&header, claims, &key).unwrap()
        };
        assert!(keys.verify(&sign(Algorithm::HS256, &good), now()).is_some());
        assert!(keys.verify(&sign(Algorithm::HS384, &good), now()).is_none());
        for claim in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
            let mut without = good.clone();
            without.as_object_mut().unwrap().remove(claim);
            assert!(keys.verify(&sign(Algorithm::HS256, &without), now()).is_none(), "without {claim}");
            let mut other = good.clone();
            other[claim] = "other".into();
            assert!(keys.verify(&sign(Algorithm::HS256, &other), now()).is_none(), "with another {claim}");
        }
    }
}
