//! What is asked of a provider over HTTP: with TLS, nothing inside our own network, bounded in time and size, and without redirects.

use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use tower::Service;
use url::{Host, Url};

/// Longest time until somebody answers, and until the whole answer is there.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(8));
/// Largest answer in bytes.
const LARGEST: usize = 512 * 1024;

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none that is asked.
    #[error("only https:// outside our own network is asked")]
    Place,
    /// The name leads nowhere.
    #[error("the name leads nowhere")]
    Name(#[from] std::io::Error),
    /// No answer.
    #[error("no answer")]
    Silent(#[from] hyper_util::client::legacy::Error),
    /// No answer in time.
    #[error("no answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    /// The answer breaks off, or has too many bytes.
    #[error("the answer breaks off, or is longer than {LARGEST} bytes")]
    Unread(#[source] Box<dyn std::error::Error + Send + Sync>),
}

type Body = Full<Cursor<Vec<u8>>>;

/// Asks providers.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client<HttpsConnector<HttpConnector<Outside>>, Body>,
    /// Whether this machine may be asked, and without TLS.
    plain: bool,
}

/// Names that lead outside our own network.
#[derive(Debug, Clone)]
struct Outside {
    plain: bool,
}

impl Service<Name> for Outside {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, FetchError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let plain = self.plain;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| is_allowed(at.ip(), plain)).collect();
            if allowed.is_empty() { Err(FetchError::Place) } else { Ok(allowed.into_iter()) }
        })
    }
}

impl Fetcher {
    /// With `plain`, this machine may be asked as well, and without TLS.
    pub fn new(plain: bool) -> Self {
        let mut lines = HttpConnector::new_with_resolver(Outside { plain });
        lines.enforce_http(false);
        lines.set_connect_timeout(Some(PATIENCE.0));
        let tls = HttpsConnectorBuilder::new().with_tls_config(authorities()).https_or_http();
        // A line that a provider has closed meanwhile would fail whoever comes next, and a code goes only once.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(tls.enable_http1().wrap_connector(lines));
        Self { client, plain }
    }

    /// Whether an address is one that is asked, as far as it says itself.
    pub fn may_ask(&self, url: &Url) -> bool {
        let place = match url.host() {
            Some(Host::Domain(name)) => !name.is_empty(),
            Some(Host::Ipv4(address)) => is_allowed(address.into(), self.plain),
            Some(Host::Ipv6(address)) => is_allowed(address.into(), self.plain),
            None => false,
        };
        let safe = url.scheme() == "https" || (self.plain && url.scheme() == "http" && is_this_machine(url));
        place && safe
    }

    /// Sends one request.
    ///
    /// # Errors
    /// An address that is not asked, an answer that is too long, or none.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let asked = Url::parse(&request.uri().to_string()).map_err(|_| FetchError::Place)?;
        if !self.may_ask(&asked) {
            return Err(FetchError::Place);
        }
        let request = request.map(|body| Full::new(Cursor::new(body)));
        let answered = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = Limited::new(body, LARGEST).collect().await.map_err(FetchError::Unread)?;
            Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(PATIENCE.1, answered).await?
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn authorities() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    match config {
        Ok(config) => config.with_root_certificates(roots).with_no_client_auth(),
        // Ring knows the protocols that are safe.
        Err(_) => unreachable!("no protocol that is safe"),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether somebody outside may stand at an address; with `plain`, this machine too.
fn is_allowed(address: IpAddr, plain: bool) -> bool {
    match address.to_canonical() {
        ours if ours.is_loopback() => plain,
        IpAddr::V4(address) => is_outside(address),
        IpAddr::V6(address) => is_outside_v6(address),
    }
}

fn is_outside(address: Ipv4Addr) -> bool {
    let [one, two, three, _] = address.octets();
    let shared = one == 100 && (64..128).contains(&two);
    let special = one == 0
        || one >= 224
        || (one, two, three) == (192, 0, 0)
        || (one == 198 && (two == 18 || two == 19));
    !(shared || special || address.is_private() || address.is_link_local() || address.is_documentation())
}

fn is_outside_v6(address: Ipv6Addr) -> bool {
    // Global unicast, without what carries an address of IPv4 inside and what is for examples.
    let [one, two, ..] = address.segments();
    one & 0xe000 == 0x2000 && one != 0x2002 && !(one == 0x2001 && (two == 0 || two == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_our_own_network_is_asked() {
        let may = |plain: bool, url: &str| Fetcher::new(plain).may_ask(&Url::parse(url).unwrap());
        for outside in ["https://idp.uni.example", "https://93.184.216.34/x", "https://[2606:4700::1111]"] {
            assert!(may(false, outside), "{outside}");
        }
        for inside in [
            "http://idp.uni.example",
            "ftp://idp.uni.example",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://192.168.1.1",
            "https://172.16.0.1",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1",
            "https://0.0.0.0",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fd00::1]",
            "https://[fe80::1]",
            "https://[2002:a00:1::]",
            "https://[64:ff9b::a00:1]",
            "http://2130706433",
            "https://0x7f.1",
            "https://224.0.0.1",
            "https://255.255.255.255",
            "file:///etc/passwd",
        ] {
            assert!(!may(false, inside), "{inside}");
        }
        assert!(may(true, "http://127.0.0.1:4000") && may(true, "http://localhost:4000"));
        assert!(
            !may(true, "http://10.0.0.1")
                && !may(true, "http://idp.uni.example")
                && !may(true, "https://10.0.0.1")
        );
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let name: Name = "localhost".parse().unwrap();
        assert!(Outside { plain: false }.call(name.clone()).await.is_err());
        assert!(Outside { plain: true }.call(name).await.is_ok());
    }
}
