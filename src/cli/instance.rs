//! An instance as the settings describe it: log, database and use cases, opened in that order.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

use crate::app::{App, Definitions};
use crate::clock::Clock;
use crate::config::Config;
use crate::mail::{Maildir, Renderer, Sender, Smtp, Transport, UrlError};
use crate::store::{Options, Store, person_keys};
use crate::telemetry;
use crate::worker::Worker;

/// How long a command waits for the database.
const WAIT: Duration = Duration::from_secs(10);

/// Reads the settings and starts the log.
pub fn settings(file: Option<&Path>) -> Result<Config, Box<dyn Error + Send + Sync>> {
    let config = Config::load(file)?;
    telemetry::start(&config.log, &config.watch)?;
    Ok(config)
}

/// Opens the database that the settings name.
pub async fn store(config: &Config) -> Result<Store, Box<dyn Error + Send + Sync>> {
    let slow = Duration::from_millis(config.database.slow_milliseconds);
    let options = Options { connections: config.database.connections, wait: WAIT, slow };
    Ok(Store::open(config.database.url.expose_secret(), &options).await?)
}

/// Opens everything; the schema of a file is brought up to date, that of a server only when `migrate` says so.
pub async fn open(
    file: Option<&Path>,
    migrate: bool,
) -> Result<(Config, Arc<App>), Box<dyn Error + Send + Sync>> {
    let clock = Clock::system();
    let config = settings(file)?;
    let store = store(&config).await?;
    if migrate || store.is_sqlite() {
        store.migrate().await?;
    }
    store.check_schema().await?;
    if let Some(missing) = config.missing_key_file()
        && person_keys::are_there(store.read()).await?
    {
        let told = "it holds the master key that people's keys are kept under: put it back from where secrets are kept";
        return Err(format!("there is no file {}: {told}", missing.display()).into());
    }
    let config = config.with_keys(|| clock.moment().random())?;
    Definitions::ship(&store, &clock.moment()).await?;
    let app = App::new(store, clock, &config).map_err(|fault| place_of_files(&config, &fault))?;
    app.prove_keys().await?;
    let (payloads, contents) = app.seal_old().await?;
    if payloads + contents > 0 {
        tracing::info!(payloads, contents, "sealed what lay open since before there were keys");
    }
    Ok((config, Arc::new(app)))
}

/// Why contents of documents cannot be kept where the settings say, in one line.
pub fn place_of_files(config: &Config, fault: &dyn Error) -> String {
    let why = fault.source().map_or_else(|| fault.to_string(), ToString::to_string);
    // What an S3 server says is XML of many lines.
    let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
    match &config.files.url {
        Some(url) => {
            format!("files.url: {url}: {why}; see that the bucket, its credentials and its region are right")
        }
        None => format!(
            "files.dir: {} cannot be written: {why}; give this user the right to, or name another folder",
            config.files.dir.display()
        ),
    }
}

/// The worker that delivers by the way the settings name: an SMTP server, else a maildir.
pub fn worker(config: &Config, app: Arc<App>) -> Result<Worker, Box<dyn Error + Send + Sync>> {
    let from = config.mail.from.parse().map_err(|_| {
        format!("mail.from: `{}` is no sender: write it as `Name <address@example.org>`", config.mail.from)
    })?;
    let address: &str = config.http.public_url.split("//").last().unwrap_or_default();
    let host = address.split(['/', ':']).next().unwrap_or_default().to_owned();
    let transport = if let Some(url) = &config.mail.smtp {
        let opened = Smtp::trusting(url, &host, config.mail.connections, authority(config)?.as_deref());
        Transport::Smtp(opened.map_err(|fault| match fault {
            UrlError::Authority(_) => format!("mail.ca_file: {fault}"),
            UrlError::Shape(_) | UrlError::OpenPassword => format!("mail.smtp: {fault}"),
        })?)
    } else {
        let folder = &config.mail.maildir;
        let opened = Maildir::open(folder);
        Transport::Maildir(opened.map_err(|fault| format!("mail.maildir: {}: {fault}", folder.display()))?)
    };
    let renderer = Renderer::open(Sender { from, reply_to: None, host }, config.mail.texts.as_deref())
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let worker = Worker::new(app, renderer, transport);
    let Some(folder) = &config.mail.bounces else { return Ok(worker) };
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(part))
            .map_err(|fault| format!("mail.bounces: {}: {fault}", folder.display()))?;
    }
    Ok(worker.with_bounces(folder))
}

/// What the file with the certificate of the mail server's authority holds.
fn authority(config: &Config) -> Result<Option<Vec<u8>>, String> {
    let Some(file) = &config.mail.ca_file else { return Ok(None) };
    std::fs::read(file).map(Some).map_err(|fault| format!("mail.ca_file: {}: {fault}", file.display()))
}
