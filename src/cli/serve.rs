//! `sojourn serve`

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::{Outcome, instance, output};
use crate::app::App;
use crate::config::Config;
use crate::http::{self, AppState, Tls};
use crate::telemetry;
use crate::web::demo::Demo;
use crate::web::{self, Web};
use crate::worker::Worker;

/// Serve the API and deliver e-mails until the process is told to stop; any number of processes may share a PostgreSQL
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  SOJOURN_DATABASE__URL=sqlite:alliance.db sojourn serve --bind 127.0.0.1:8080"
)]
pub struct Arguments {
    /// Address and port to listen on, instead of http.bind; port 0 takes a free one
    #[arg(long)]
    bind: Option<SocketAddr>,
    /// Serve requests, and leave mails, deadlines and runs to other processes
    #[arg(long)]
    http: bool,
    /// Deliver mails, act on deadlines and carry runs out, and serve no requests
    #[arg(long)]
    worker: bool,
    /// Bring the schema of a PostgreSQL database up to date first; one SQLite file always is
    #[arg(long)]
    migrate: bool,
}

pub async fn run(arguments: Arguments, file: Option<&Path>) -> Outcome {
    let (config, app) = instance::open(file, arguments.migrate).await?;
    app.files.probe().await.map_err(|fault| instance::place_of_files(&config, &fault))?;
    // Without a word, a process does both.
    let (http, works) = (arguments.http || !arguments.worker, arguments.worker || !arguments.http);
    let worker = if works { Some(instance::worker(&config, app.clone())?) } else { None };
    let listener = if http { Some(listen(arguments.bind.unwrap_or(config.http.bind)).await?) } else { None };
    match &listener {
        Some(listener) => {
            let scheme = if config.http.tls_certificate.is_some() { "https" } else { "http" };
            output::say(format_args!("Sojourn listens on {scheme}://{}", listener.local_addr()?))?;
        }
        None => output::say(format_args!("Sojourn delivers mails, acts on deadlines and carries runs out"))?,
    }
    let watched = watched(&config, &app).await?;
    let ended = until_stopped(listener, app, worker, &config, None).await;
    if let Some(watched) = watched {
        watched.abort();
    }
    telemetry::end();
    ended
}

/// Begins to serve numbers on their own address, where one is set.
async fn watched(config: &Config, app: &Arc<App>) -> Outcome<Option<JoinHandle<()>>> {
    let Some(bind) = config.watch.bind else { return Ok(None) };
    let listener = listen(bind).await.map_err(|fault| format!("watch.bind: {fault}"))?;
    let routes = http::watch::routes(Arc::clone(app), telemetry::numbers()?.clone());
    output::say(format_args!("Numbers are at http://{}/metrics", listener.local_addr()?))?;
    Ok(Some(tokio::spawn(async move {
        if let Err(fault) = axum::serve(listener, routes).await {
            tracing::error!(%fault, "numbers are served no more");
        }
    })))
}

/// Serves and delivers until a signal says stop; running requests and the running round of deliveries are finished.
pub async fn until_stopped(
    listener: Option<TcpListener>,
    app: Arc<App>,
    worker: Option<Worker>,
    config: &Config,
    demo: Option<Demo>,
) -> Outcome {
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let works = worker.map(|worker| {
        tokio::spawn(async move {
            let stopping = async {
                let _ = stopping.await;
            };
            Box::pin(worker.run(stopping)).await;
        })
    });
    match listener {
        Some(listener) => {
            let state = AppState::new(app.clone(), &config.auth)?;
            let router = router(&state, config, demo)?;
            http::serve(listener, router, tls(config).await?, stopped()).await?;
        }
        None => stopped().await,
    }
    let _ = stop.send(());
    if let Some(works) = works {
        works.await?;
    }
    Ok(app.store.clone().close().await?)
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
