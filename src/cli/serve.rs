//! `sojourn serve`

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, instance, output};
use crate::app::App;
use crate::config::Config;
use crate::http::{self, AppState, Tls};
use crate::web::demo::Demo;
use crate::web::{self, Web};
use crate::worker::Worker;

/// Serve the API and deliver e-mails until the process is told to stop
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  SOJOURN_DATABASE__URL=sqlite:alliance.db sojourn serve --bind 127.0.0.1:8080"
)]
pub struct Arguments {
    /// Address and port to listen on, instead of http.bind; port 0 takes a free one
    #[arg(long)]
    bind: Option<SocketAddr>,
    /// Bring the schema of a PostgreSQL database up to date first; one SQLite file always is
    #[arg(long)]
    migrate: bool,
}

pub async fn run(arguments: Arguments, file: Option<&Path>) -> Outcome {
    let (config, app) = instance::open(file, arguments.migrate).await?;
    let worker = instance::worker(&config, app.clone())?;
    app.files.probe().await.map_err(|fault| instance::place_of_files(&config, &fault))?;
    let listener = listen(arguments.bind.unwrap_or(config.http.bind)).await?;
    let scheme = if config.http.tls_certificate.is_some() { "https" } else { "http" };
    output::say(format_args!("Sojourn listens on {scheme}://{}", listener.local_addr()?))?;
    until_stopped(listener, app, worker, &config, None).await
}

/// Serves and delivers until a signal says stop; running requests and the running round of deliveries are finished.
pub async fn until_stopped(
    listener: TcpListener,
    app: Arc<App>,
    worker: Worker,
    config: &Config,
    demo: Option<Demo>,
) -> Outcome {
    let state = AppState::new(app, &config.auth)?;
    let router = router(&state, config, demo)?;
    let tls = tls(config).await?;
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let deliveries = tokio::spawn(async move {
        let stopping = async {
            let _ = stopping.await;
        };
        Box::pin(worker.run(stopping)).await;
    });
    http::serve(listener, router, tls, stopped()).await?;
    let _ = stop.send(());
    deliveries.await?;
    Ok(state.app.store.clone().close().await?)
}

async fn tls(config: &Config) -> Result<Option<Tls>, String> {
    match (&config.http.tls_certificate, &config.http.tls_key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Tls::read(certificate, key).await.map(Some),
        (Some(_), None) => {
            Err("http.tls_key: name the file with the private key of http.tls_certificate".to_owned())
        }
        (None, Some(_)) => {
            Err("http.tls_certificate: name the file with the certificate of http.tls_key".to_owned())
        }
    }
}

/// The API and the pages, under the same layers.
///
/// # Errors
/// A template or a file of words that cannot be read.
pub fn router(state: &AppState, config: &Config, demo: Option<Demo>) -> Result<Router, String> {
    let web = Web::new(state.app.clone(), config, demo)?;
    let whole = http::routes(state).merge(web::routes(&web));
    Ok(web::dressed(http::layered(whole, state, &config.http), &web))
}

/// Binds, and says in one line why it cannot.
pub async fn listen(bind: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(bind).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!(
                "{bind} is in use: stop the program that has it, or choose another with --bind or http.bind"
            )
        }
        ErrorKind::AddrNotAvailable => {
            format!("{bind} is no address of this machine: change --bind or http.bind")
        }
        ErrorKind::PermissionDenied => format!("{bind} wants more rights: choose a port above 1023"),
        _ => format!("{bind}: {error}"),
    })
}

/// Ends with the first SIGTERM or SIGINT; requests that are running then are finished.
async fn stopped() {
    let of = |kind| signal(kind).map_err(|error| tracing::error!(%error, "a signal cannot be awaited"));
    let (Ok(mut terminate), Ok(mut interrupt)) = (of(SignalKind::terminate()), of(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
}
