//! The protocol: where somebody is sent, and what is believed of what comes back.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fetch::Fetcher;
use crate::clock::Moment;

/// How long what a provider says of itself is remembered for sending people there; it is asked anew before it is believed.
const REMEMBERED: TimeDelta = TimeDelta::minutes(10);
/// How far the clock of a provider may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(2);
/// Longest name of somebody that is taken.
const LONGEST: usize = 100;

/// Seals of ID tokens that are believed: those with a key that only the provider has.
const SEALS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider, and who we are to it.
#[derive(Clone)]
pub(super) struct Provider {
    pub issuer: String,
    pub client_id: String,
    pub secret: String,
    /// Where it gives people back to us.
    pub redirect_uri: String,
}

/// What is kept between sending somebody away and their return.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Question {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// What a provider says of somebody.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider knows that the address is theirs.
    pub verified: bool,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
}

/// Why nothing is believed, in words for the log.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The provider cannot be asked.
    Silent(String),
    /// What it answers does not hold.
    Untrue(String),
}

/// The providers, with what they last said of themselves.
#[derive(Debug)]
pub struct Providers {
    fetcher: Fetcher,
    known: Mutex<HashMap<String, (DateTime<Utc>, CoreProviderMetadata)>>,
}

impl Providers {
    /// With `plain`, providers may be on this machine and without TLS.
    pub fn new(plain: bool) -> Self {
        Self { fetcher: Fetcher::new(plain), known: Mutex::default() }
    }

    /// Whether a provider may be at that address.
    pub fn may_ask(&self, url: &Url) -> bool {
        self.fetcher.may_ask(url)
    }

    /// Forgets what providers said of themselves.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn metadata(
        &self,
        provider: &Provider,
        now: DateTime<Utc>,
        anew: bool,
    ) -> Result<CoreProviderMetadata, Failure> {
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known
                .get(&provider.issuer)
                .filter(|(at, _)| !anew && *at <= now && now < *at + REMEMBERED)
                .cloned()
        };
        if let Some((_, metadata)) = known {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(untrue)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.fetcher).await.map_err(silent)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(provider.issuer.clone(), (now, metadata.clone()));
        Ok(metadata)
    }

    /// Where somebody is sent, and what has to come back.
    pub(super) async fn ask(&self, provider: &Provider, at: &Moment) -> Result<(String, Question), Failure> {
        let metadata = self.metadata(provider, at.now, false).await?;
        let text = || BASE64_URL_SAFE_NO_PAD.encode(at.random::<32>());
        let question = Question { state: text(), nonce: text(), verifier: text() };
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(question.verifier.clone()));
        let (state, nonce) = (question.state.clone(), question.nonce.clone());
        let client = client(provider, metadata)?;
        let (address, ..) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok((address.to_string(), question))
    }

    /// What the provider says of whoever came back with a code.
    pub(super) async fn answer(
        &self,
        provider: &Provider,
        question: &Question,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Said, Failure> {
        let metadata = self.metadata(provider, now, true).await?;
        let client = client(provider, metadata)?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(untrue)?
            .set_pkce_verifier(PkceCodeVerifier::new(question.verifier.clone()))
            .request_async(&self.fetcher)
            .await
            .map_err(untrue)?;
        let claims = believed(&client, &tokens, question, now)?;
        let mut said = said(&provider.issuer, &claims);
        if said.email.is_none()
            && let Ok(request) =
                client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        {
            let more: CoreUserInfoClaims = request.request_async(&self.fetcher).await.map_err(untrue)?;
            said.email = more.email().map(|email| email.as_str().to_owned());
            said.verified = more.email_verified() == Some(true);
            let given =
                more.given_name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
            let family =
                more.family_name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
            said.given_name = said.given_name.or_else(|| plain(given));
            said.family_name = said.family_name.or_else(|| plain(family));
        }
        Ok(said)
    }
}

fn client(provider: &Provider, metadata: CoreProviderMetadata) -> Result<Client, Failure> {
    let redirect = RedirectUrl::new(provider.redirect_uri.clone()).map_err(untrue)?;
    let ways = metadata.token_endpoint_auth_methods_supported();
    let by_header = ways.is_none_or(|ways| ways.contains(&CoreClientAuthMethod::ClientSecretBasic));
    let (id, secret) = (provider.client_id.clone(), provider.secret.clone());
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(id), Some(ClientSecret::new(secret)));
    let way = if by_header { AuthType::BasicAuth } else { AuthType::RequestBody };
    Ok(client.set_redirect_uri(redirect).set_auth_type(way))
}

/// The claims of the ID token, once seal, issuer, audience, nonce, times and the hash of the access token hold.
fn believed(
    client: &Client,
    tokens: &CoreTokenResponse,
    question: &Question,
    now: DateTime<Utc>,
) -> Result<CoreIdTokenClaims, Failure> {
    let token = tokens.id_token().ok_or_else(|| Failure::Untrue("there is no ID token".to_owned()))?;
    let issued = move |at: DateTime<Utc>| {
        if at <= now + AHEAD { Ok(()) } else { Err("issued in the future".to_owned()) }
    };
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(SEALS)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(issued);
    let claims = token.claims(&verifier, &Nonce::new(question.nonce.clone())).map_err(untrue)?;
    // The crate leaves this one to whoever asks.
    if claims.authorized_party().is_some_and(|party| party != client.client_id()) {
        return Err(Failure::Untrue("the token is for another party".to_owned()));
    }
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(untrue)?;
        let key = token.signing_key(&verifier).map_err(untrue)?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(untrue)?;
        if actual != *expected {
            return Err(Failure::Untrue("the access token is another's".to_owned()));
        }
    }
    Ok(claims.clone())
}

fn said(issuer: &str, claims: &CoreIdTokenClaims) -> Said {
    let given = claims.given_name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
    let family = claims.family_name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
    Said {
        issuer: issuer.to_owned(),
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        verified: claims.email_verified() == Some(true),
        given_name: plain(given),
        family_name: plain(family),
    }
}

/// A name without what no name has.
fn plain(name: Option<String>) -> Option<String> {
    let kept: String = name?.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    Some(kept.trim().to_owned()).filter(|name| !name.is_empty())
}

fn silent(error: impl std::error::Error) -> Failure {
    Failure::Silent(chain(&error))
}

fn untrue(error: impl std::error::Error) -> Failure {
    Failure::Untrue(chain(&error))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}
