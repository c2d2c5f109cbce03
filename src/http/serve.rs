//! How requests come in: over plain TCP or TLS, within limits of their own, and from whom by whose word.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use tokio::net::TcpListener;

/// How long the head of a request may take, as one that comes a byte at a time holds a connection.
const HEAD: Duration = Duration::from_secs(15);
/// Largest head of a request, in bytes; a larger one is answered 431.
const HEAD_BYTES: usize = 32 * 1024;
/// Most fields of a head.
const FIELDS: usize = 100;
/// How long running requests may go on once the service is asked to stop.
const DRAIN: Duration = Duration::from_mins(1);
/// How often the files of the certificate are read again, as they are renewed while the service runs.
const RENEWED: Duration = Duration::from_hours(1);

/// Certificate and key of TLS, read from files.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Arc<(PathBuf, PathBuf)>,
    config: RustlsConfig,
}

impl Tls {
    /// Reads a chain of certificates and its private key, both PEM.
    ///
    /// # Errors
    /// One line that names the file and what is wrong with it.
    pub async fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        for (name, file) in [("http.tls_certificate", certificate), ("http.tls_key", key)] {
            if let Err(fault) = std::fs::File::open(file) {
                return Err(format!("{name}: {} cannot be read: {fault}", file.display()));
            }
        }
        let config = RustlsConfig::from_pem_file(certificate, key).await.map_err(|fault| {
            let files = format!("{} and {}", certificate.display(), key.display());
            format!(
                "http.tls_certificate: {files} are no chain of certificates with its key, both PEM: {fault}"
            )
        })?;
        Ok(Self { files: Arc::new((certificate.to_owned(), key.to_owned())), config })
    }

    async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(RENEWED).await;
            let (certificate, key) = &*self.files;
            if let Err(fault) = self.config.reload_from_pem_file(certificate, key).await {
                tracing::warn!(%fault, "the certificate could not be read again: the one before goes on");
            }
        }
    }
}

/// Serves until `stop` ends, then lets running requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(DRAIN));
    });
    let mut server: Server<_> = axum_server::from_tcp(listener.into_std()?)?.handle(handle);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(FIELDS);
    let largest = u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX);
    server.http_builder().http2().timer(TokioTimer::new()).max_header_list_size(largest);
    match tls {
        None => server.serve(service).await,
        Some(tls) => {
            let fresh = tokio::spawn(tls.clone().keep_fresh());
            let acceptor = RustlsAcceptor::new(tls.config);
            let served = server.acceptor(acceptor).serve(service).await;
            fresh.abort();
            served
        }
    }
}

/// Puts the address that a request comes from in the place of a proxy's, where the proxy is one of those trusted.
pub(super) async fn know_whence(
    State(trusted): State<Arc<[IpNet]>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let from = whence(peer, request.headers(), &trusted);
        request.extensions_mut().insert(ConnectInfo(from));
    }
    next.run(request).await
}

/// Each proxy adds whom it heard from at the end of `X-Forwarded-For`: the last that is none of ours is who asks; what stands before
/// could have been written by anybody.
fn whence(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> SocketAddr {
    let trusts = |address: IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let listed: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut from = peer;
    for address in listed.into_iter().rev() {
        if !trusts(from.ip()) {
            break;
        }
        let Ok(address) = address.parse() else { break };
        from = SocketAddr::new(address, 0);
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&'static str]) -> String {
        let trusted: Vec<IpNet> = ["127.0.0.0/8", "10.1.0.0/16"].map(|net| net.parse().unwrap()).into();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        whence(SocketAddr::new(peer.parse().unwrap(), 9), &headers, &trusted).ip().to_string()
    }

    #[test]
    fn who_is_no_proxy_of_ours_says_nothing_about_addresses() {
        assert_eq!(from("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
    }

    #[test]
    fn behind_a_proxy_of_ours_the_last_address_that_is_none_of_ours_asks() {
        assert_eq!(from("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(from("127.0.0.1", &["1.1.1.1, 198.51.100.1", "10.1.2.3"]), "198.51.100.1");
        assert_eq!(from("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn a_list_that_is_none_leaves_the_last_address_that_is_known() {
        assert_eq!(from("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["unknown"]), "127.0.0.1");
        assert_eq!(from("127.0.0.1", &["nonsense, 10.1.2.3"]), "10.1.2.3");
    }
}
