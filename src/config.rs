//! Every setting of the service; the doc comments here are the reference that `sojourn config` prints.
//!
//! Embedded defaults are overridden by a file, the file by environment variables such as `SOJOURN_HTTP__BIND`. A key that
//! nobody knows and a value that cannot be are refused, all of them at once. To add a setting, name it in its section here and
//! in `config/defaults.toml`, and check it in [`Config::faults`] if its type allows too much.

mod keys;
mod look;
mod read;
mod reference;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use chrono_tz::Tz;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sojourn_engine::vocabulary::Office;
use utoipa::ToSchema;

pub use keys::{generate, keep_vault, read_vault};
pub use look::{Colour, Look};
pub use read::Faults;

/// All settings, checked.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Config {
    /// The alliance this instance serves.
    pub alliance: Alliance,
    /// The HTTP interface.
    pub http: Http,
    /// Where everything is kept.
    pub database: Database,
    /// How e-mail leaves.
    pub mail: Mail,
    /// How people sign in.
    pub auth: Auth,
    /// How deadlines are acted on.
    pub clocks: Clocks,
    /// Where uploaded files are kept.
    pub files: Files,
    /// What guards personal data where it is kept.
    pub vault: Vault,
    /// How long contents of documents are kept.
    pub retention: Retention,
    /// What is written to the log.
    pub log: Log,
    /// How the service is watched over.
    pub watch: Watch,
}

/// The alliance this instance serves.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Alliance {
    /// Its name, as pages and e-mails show it.
    pub name: String,
    /// IANA time zone in which the days of the chair and the secretariat begin.
    #[schema(value_type = String)]
    pub zone: Tz,
    /// How pages look to people of an institution, by its SCHAC home organisation, such as
    /// `"uni-berlin.example" = { colour = "#8a1538", logo = "berlin.png" }`; `alliance` is for everybody else.
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(default)]
    pub looks: BTreeMap<String, Look>,
}

/// The HTTP interface.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Http {
    /// Address and port to listen on.
    #[schema(value_type = String)]
    pub bind: SocketAddr,
    /// Address at which people reach the service, without a slash at the end; links in e-mails begin with it.
    pub public_url: String,
    /// Largest request body in bytes; uploaded files have a limit of their own.
    pub body_limit: usize,
    /// Longest time a request may take, in seconds.
    pub timeout_seconds: u64,
    /// Networks of reverse proxies, such as `10.1.0.0/16`, whose `X-Forwarded-For` is believed; of others it is not.
    #[schema(value_type = Vec<String>)]
    pub trusted_proxies: Vec<IpNet>,
    /// File with the chain of certificates, PEM; with it the service speaks TLS itself. Read again every hour.
    #[schema(value_type = Option<String>)]
    pub tls_certificate: Option<PathBuf>,
    /// File with the private key of the certificate, PEM.
    #[schema(value_type = Option<String>)]
    pub tls_key: Option<PathBuf>,
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Database {
    /// `sqlite:FILE`, or `postgres://user:password@host/name`.
    #[schema(value_type = String)]
    #[serde(serialize_with = "reference::without_password")]
    pub url: SecretString,
    /// Most connections that are open at a time.
    pub connections: u32,
    /// A statement that takes longer, in milliseconds, is written to the log, without its values.
    pub slow_milliseconds: u64,
}

/// How e-mail leaves.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Mail {
    /// Address of the SMTP server, such as `smtps://user:password@mail.example:465`; without one, mails go to `maildir`.
    #[schema(value_type = Option<String>)]
    #[serde(default, serialize_with = "reference::hidden_if_set")]
    pub smtp: Option<SecretString>,
    /// Sender of every e-mail, as `Name <address>`.
    pub from: String,
    /// Folder that takes the mails when there is no SMTP server.
    #[schema(value_type = String)]
    pub maildir: PathBuf,
    /// Connections to the SMTP server that are used at the same time, 1 to 64.
    pub connections: usize,
    /// File with the certificate of the authority that signed the SMTP server's (PEM), when it is none that browsers know.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Folder with texts that take the place of the shipped ones of the same name, such as `en/invitation.txt`.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub texts: Option<PathBuf>,
    /// Maildir into which the mail server puts what comes back to the sender's address; without one, bounces are not read.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub bounces: Option<PathBuf>,
    /// Seconds until a mail that was put off is tried again, after the first, second and so on; the last repeats.
    pub retry_seconds: Vec<u32>,
    /// Tries until a mail is given up.
    pub tries: u16,
    /// Seconds after which another process takes over the mails of one that has died; a living one renews its claim.
    pub lease_seconds: u32,
}

/// How people sign in.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Auth {
    /// Who issues access tokens (claim `iss`).
    pub issuer: String,
    /// For whom access tokens are (claim `aud`).
    pub audience: String,
    /// Secrets that sign access tokens, by key id; two are live while one replaces the other. Made by `sojourn secret new`.
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(serialize_with = "reference::hidden_values")]
    pub keys: BTreeMap<String, SecretString>,
    /// Id of the key that signs new tokens.
    #[serde(default)]
    pub current: Option<String>,
    /// Secret from which one-time links are derived and under which second factors are kept; changing it ends all of them.
    #[schema(value_type = Option<String>)]
    #[serde(default, serialize_with = "reference::hidden_if_set")]
    pub instance_key: Option<SecretString>,
    /// File that holds `current`, `instance_key` and `keys` when they are not set here; made on first start. Without this
    /// setting it lies beside the SQLite database.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Life of an access token in minutes, 1 to 15.
    pub access_minutes: u32,
    /// Days after which a session that was not used has to sign in anew.
    pub session_days: u32,
    /// Days an invitation can be accepted.
    pub invitation_days: u32,
    /// Minutes a link for a new password works.
    pub reset_minutes: u32,
    /// Who must have a second factor: duties, and `chair`; until they have set one up they can do nothing else.
    pub second_factor_for: Vec<Office>,
    /// Whether OpenID providers may be on this machine and without TLS: for trying it out, never for real people.
    pub plain_providers: bool,
    /// Passwords hashed at the same time, each in 19 MiB; without this setting one less than there are cores.
    #[schema(value_type = Option<u64>)]
    #[serde(default)]
    pub hashers: Option<usize>,
    /// Links for a new password a minute that one account may ask for.
    pub attempts_per_account: u32,
    /// Log-ins a minute from one network address, for accounts that were never used from there.
    pub attempts_per_address: u32,
}

/// How deadlines are acted on.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Clocks {
    /// Clocks acted on in one round, before mails and other work have their turn.
    pub most_per_round: u64,
    /// Days without a look at clocks after which they act no more by themselves, because this machine's clock may be wrong;
    /// `sojourn clocks resume` lets them go on.
    pub longest_stop_days: u32,
}

/// Where uploaded files are kept.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Files {
    /// Folder of the files; never one that a web server hands out.
    #[schema(value_type = String)]
    pub dir: PathBuf,
    /// Bucket of an S3 server that takes the place of the folder, as `s3://bucket/prefix`; credentials, region and endpoint come
    /// from the usual variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` and `AWS_ENDPOINT_URL`.
    #[serde(default)]
    pub url: Option<String>,
    /// Command that gets each upload on its standard input and refuses it by another status than zero, such as `["clamdscan", "-"]`.
    #[serde(default)]
    pub scanner: Vec<String>,
    /// Seconds the command may take; an upload that is not judged by then is not taken.
    pub scanner_seconds: u64,
    /// Most versions of one document of an application.
    pub versions: u32,
    /// Most files of one application.
    pub per_application: u32,
}

/// Days that contents of documents are kept after the end of their case, by how sensitive they are.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
pub struct Retention {
    /// Letters, forms, signed agreements.
    pub ordinary_days: u32,
    /// Transcripts and what recognition rests on.
    pub academic_days: u32,
    /// Passports and identity cards.
    pub identity_days: u32,
    /// Certificates about health.
    pub health_days: u32,
}

/// What guards personal data where it is kept: every person's own key, itself kept under a master key.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct Vault {
    /// Master keys, by key id; two while one replaces the other. Made by `sojourn secret new`, replaced by `sojourn secret rotate`.
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(serialize_with = "reference::hidden_values")]
    pub keys: BTreeMap<String, SecretString>,
    /// Id of the master key that new keys are kept under.
    #[serde(default)]
    pub current: Option<String>,
    /// The key file that these came from; none when the settings hold them.
    #[serde(skip)]
    #[schema(ignore)]
    pub file: Option<PathBuf>,
}

/// What is written to the log.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Log {
    /// What to log, as directives of `tracing`: `info,sojourn=debug`.
    pub filter: String,
    /// One JSON object a line instead of text.
    pub json: bool,
}

/// How the service is watched over.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct Watch {
    /// Address and port of its own on which `/metrics` (Prometheus), `/healthz` and `/readyz` are served; without one, there are no metrics.
    /// Whoever reaches it reads them: keep it to this machine, or to a network of yours.
    #[schema(value_type = Option<String>)]
    pub bind: Option<SocketAddr>,
    /// Where traces are sent to: the address of an OpenTelemetry collector that speaks OTLP over HTTP, such as
    /// `http://127.0.0.1:4318`; without one, none are kept.
    pub otlp: Option<String>,
    /// How many of the requests that nobody else traces are traced, from 0 to 1.
    pub traced: f64,
}

/// Fewest characters of a secret: 32 bytes of base64url are 43.
const SECRET_LENGTH: usize = 43;

impl Config {
    /// What is wrong with values whose type allows too much, each by the name of its setting.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut demand = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        let url = self.http.public_url.as_str();
        demand(
            (url.starts_with("http://") || url.starts_with("https://")) && !url.ends_with('/'),
            "http.public_url: write http:// or https:// and the host, without a slash at the end",
        );
        demand(self.http.body_limit >= 1024, "http.body_limit: at least 1024 bytes");
        demand(self.http.timeout_seconds >= 1, "http.timeout_seconds: at least 1");
        let database = self.database.url.expose_secret();
        demand(
            ["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database.starts_with(scheme)),
            "database.url: begin with sqlite: or postgres:",
        );
        demand(self.database.connections >= 2, "database.connections: at least 2");
        demand((1..=64).contains(&self.mail.connections), "mail.connections: between 1 and 64");
        demand(
            !self.mail.retry_seconds.is_empty() && self.mail.retry_seconds.iter().all(|wait| *wait >= 1),
            "mail.retry_seconds: at least one wait, each of at least 1 second",
        );
        demand((1..=1000).contains(&self.mail.tries), "mail.tries: between 1 and 1000");
        demand((1..=3600).contains(&self.mail.lease_seconds), "mail.lease_seconds: between 1 and 3600");
        demand((1..=15).contains(&self.auth.access_minutes), "auth.access_minutes: between 1 and 15");
        for (name, number) in [
            ("session_days", self.auth.session_days),
            ("invitation_days", self.auth.invitation_days),
            ("reset_minutes", self.auth.reset_minutes),
            ("attempts_per_account", self.auth.attempts_per_account),
            ("attempts_per_address", self.auth.attempts_per_address),
        ] {
            demand(number >= 1, &format!("auth.{name}: at least 1"));
        }
        demand(self.auth.hashers.is_none_or(|number| number >= 1), "auth.hashers: at least 1");
        demand(
            (1..=10_000).contains(&self.clocks.most_per_round),
            "clocks.most_per_round: between 1 and 10000",
        );
        demand(self.database.slow_milliseconds >= 1, "database.slow_milliseconds: at least 1");
        demand(self.clocks.longest_stop_days >= 1, "clocks.longest_stop_days: at least 1");
        let looks = &self.alliance.looks;
        faults.extend(looks.iter().filter_map(|(name, look)| look.fault(&format!("alliance.looks.{name}"))));
        faults.extend(self.auth.faults());
        faults.extend(self.files.faults());
        faults.extend(self.vault.faults());
        faults.extend(self.watch.faults());
        faults
    }

    /// The file of a SQLite database; `None` for PostgreSQL and for a database in memory.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let url = self.database.url.expose_secret().strip_prefix("sqlite:")?;
        let file = url.strip_prefix("//").unwrap_or(url).split('?').next()?;
        (!file.is_empty() && file != ":memory:").then(|| PathBuf::from(file))
    }
}

/// What is wrong with secrets, each by the name of its setting.
fn short<'s>(secrets: impl Iterator<Item = (String, &'s SecretString)>) -> Vec<String> {
    let short = secrets.filter(|(_, secret)| secret.expose_secret().len() < SECRET_LENGTH);
    short.map(|(name, _)| format!("{name}: too short, take one that `sojourn secret new` prints")).collect()
}

impl Files {
    fn faults(&self) -> Vec<String> {
        let demands = [
            (
                self.url.as_ref().is_none_or(|url| url.starts_with("s3://")),
                "files.url: write s3://, the bucket, and if wanted a slash and a prefix",
            ),
            ((1..=300).contains(&self.scanner_seconds), "files.scanner_seconds: between 1 and 300"),
            (self.versions >= 1, "files.versions: at least 1"),
            (self.per_application >= 1, "files.per_application: at least 1"),
        ];
        demands.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault.to_owned()).collect()
    }
}

impl Watch {
    fn faults(&self) -> Vec<String> {
        let plain = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        let demands = [
            ((0.0..=1.0).contains(&self.traced), "watch.traced: from 0 to 1"),
            (
                self.otlp.as_ref().is_none_or(plain),
                "watch.otlp: write http:// or https://, the host, and its port",
            ),
        ];
        demands.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault.to_owned()).collect()
    }
}

impl Vault {
    fn faults(&self) -> Vec<String> {
        let mut faults = short(self.keys.iter().map(|(id, key)| (format!("vault.keys.{id}"), key)));
        let current = self.current.as_deref();
        if current.is_some_and(|current| !self.keys.contains_key(current) && !self.keys.is_empty()) {
            faults.push("vault.current: name one of vault.keys".to_owned());
        }
        faults
    }
}

impl Auth {
    /// Passwords hashed at the same time.
    pub fn hashers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.hashers.unwrap_or_else(|| cores().saturating_sub(1)).max(1)
    }

    fn faults(&self) -> Vec<String> {
        let secrets = self.keys.iter().map(|(id, key)| (format!("auth.keys.{id}"), key));
        let mut faults =
            short(secrets.chain(self.instance_key.iter().map(|key| ("auth.instance_key".to_owned(), key))));
        if self.keys.len() > 2 {
            faults.push("auth.keys: at most two, the current key and the one it replaces".to_owned());
        }
        let current = self.current.as_deref();
        if current.is_some_and(|current| !self.keys.contains_key(current) && !self.keys.is_empty()) {
            faults.push("auth.current: name one of auth.keys".to_owned());
        }
        faults
    }
}
