//! `sojourn demo`: a complete alliance with people, calls and cases in every state, in a new SQLite file.
//!
//! Every case reached its state through the pipeline with a moved clock; no row is written otherwise.

mod alliance;
mod mailbox;
mod others;
mod people;
mod play;
mod seasons;
mod stories;
mod tales;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use clap::Args;

use super::{Outcome as Ended, instance, output, serve};
use crate::app::{Answer, App, Definitions, Once};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Options, Store};
use crate::web::demo::{Demo as Shown, LogIn};
use mailbox::Mailbox;

/// How a step of the making of the demo ends.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Everybody's password in the demo.
const PASSWORD: &str = "sojourn for everybody";

/// Log-ins a minute, of one account as of all.
const DEMO_ATTEMPTS: u32 = 600;

/// Make a complete alliance to try, and serve it on this machine
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn demo --bind 127.0.0.1:8080")]
pub struct Arguments {
    /// Loopback address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// New SQLite file [default: one in a new temporary folder]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Make the alliance and end, without serving it
    #[arg(long)]
    no_serve: bool,
}

/// The making of a demo: the use cases under a clock that is moved.
#[derive(Debug)]
struct Demo {
    app: Arc<App>,
    clock: Clock,
    today: DateTime<Utc>,
}

pub async fn run(arguments: Arguments) -> Ended {
    if !arguments.bind.ip().is_loopback() {
        let told = "the demo shows its passwords: it only listens on this machine; use --bind 127.0.0.1:PORT";
        return Err(told.into());
    }
    let listener = serve::listen(arguments.bind).await?;
    let path = place(arguments.database)?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let address = format!("http://{}", listener.local_addr()?);
    let config = settings(&path, &folder, &address)?;
    let store = Store::open(&path.to_string_lossy(), &Options::default()).await?;
    store.migrate().await?;
    let now = Clock::system();
    let config = config.with_keys(|| now.moment().random())?;
    output::say(format_args!("Making an alliance in {} …", path.display()))?;
    let log_ins = make(&store, &config, now.now()).await?;
    tell(&log_ins, &address)?;
    if arguments.no_serve {
        return Ok(store.close().await?);
    }
    output::say(format_args!(
        "\nSojourn listens on {address}; the API is described at {address}/api/docs. Stop with Ctrl-C."
    ))?;
    // What ran out while the demo was made stays as it is, so that there are cases in every state.
    let made_at = now.now();
    let mut app = App::new(store, now, &config)?;
    app.clocks_from = made_at;
    let app = Arc::new(app);
    let worker = instance::worker(&config, app.clone())?;
    let mailbox = Arc::new(Mailbox::open(&config.mail.maildir)?);
    let shown = Shown { log_ins, password: PASSWORD.to_owned(), mailbox };
    serve::until_stopped(Some(listener), app, Some(worker), &config, Some(shown)).await
}

/// Says who can sign in.
fn tell(log_ins: &[LogIn], address: &str) -> Result<(), String> {
    output::say(format_args!(
        "\nOpen {address} in a browser and sign in with the password `{PASSWORD}` as:"
    ))?;
    for log_in in log_ins {
        let place = if log_in.place.is_empty() { String::new() } else { format!(", {}", log_in.place) };
        output::say(format_args!("  {:<42} {}{place}", log_in.email, log_in.duty))?;
    }
    Ok(())
}

/// A file that is not there yet.
fn place(asked: Option<PathBuf>) -> Outcome<PathBuf> {
    let path = match asked {
        Some(path) => path,
        None => {
            let folder = std::env::temp_dir().join(format!("sojourn-demo-{}", std::process::id()));
            std::fs::create_dir_all(&folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
            folder.join("alliance.db")
        }
    };
    if path.exists() {
        return Err(format!("{} exists already: name a new file with --database", path.display()).into());
    }
    Ok(path)
}

fn settings(path: &std::path::Path, folder: &std::path::Path, address: &str) -> Outcome<Config> {
    let mut config = Config::parse("")?;
    config.database.url = path.to_string_lossy().into_owned().into();
    address.clone_into(&mut config.http.public_url);
    config.mail.maildir = folder.join("mail");
    config.files.dir = folder.join("files");
    config.auth.key_file = Some(folder.join("keys.toml"));
    // Whoever tries the demo changes places often, and its password is no secret.
    config.auth.attempts_per_account = DEMO_ATTEMPTS;
    config.auth.attempts_per_address = DEMO_ATTEMPTS;
    Ok(config)
}

async fn make(store: &Store, config: &Config, now: DateTime<Utc>) -> Outcome<Vec<LogIn>> {
    let clock = Clock::moved(now);
    let app = Arc::new(App::new(store.clone(), clock.clone(), config)?);
    let demo = Demo { app, clock, today: now };
    demo.at_day(-1_000);
    Definitions::ship(store, &demo.clock.moment()).await?;
    let alliance = demo.found().await?;
    demo.begin_agreements().await?;
    let seasons = demo.open_seasons(&alliance).await?;
    let cases = demo.play(&alliance, &seasons).await?;
    output::say(format_args!("{cases} applications, each moved step by step to where it stands."))?;
    Ok(alliance.log_ins)
}

impl Demo {
    /// Lets the first day of all agreements come, before there are other cases with clocks.
    async fn begin_agreements(&self) -> Outcome<()> {
        self.at_day(alliance::AGREED_FROM + 1);
        loop {
            let at = self.clock.moment();
            if self.app.act_on_clocks(&at, at.id(), self.app.clocks_per_round).await?.claimed == 0 {
                return Ok(());
            }
        }
    }

    /// Sets the clock to eight in the morning so many days from today, never later than now.
    fn at_day(&self, days: i64) {
        let morning = self.today + TimeDelta::days(days);
        let morning = morning.with_hour(8).and_then(|at| at.with_minute(0)).unwrap_or(morning);
        self.clock.set(morning.min(self.today));
    }
}

/// A request of its own.
fn once() -> Once {
    use std::sync::atomic::{AtomicU64, Ordering};
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    Once::new(format!("demo-{}", REQUESTS.fetch_add(1, Ordering::Relaxed)), [0; 32])
}

/// The id of what an answer tells of.
fn id<T: std::str::FromStr>(answer: &Answer) -> Outcome<T> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let id = alliance::id_of(&body).and_then(|id| id.parse().ok());
    id.ok_or_else(|| "an answer without an id".into())
}
