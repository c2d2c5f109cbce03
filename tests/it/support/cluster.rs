//! Clusters of PostgreSQL that a test starts for itself, breaks and throws away: a primary, and its synchronous standby.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a standby may take until it has everything.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cluster that listens on a port of its own; stopped and removed when dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    /// Where it listens, on 127.0.0.1; everybody may be `sojourn`.
    pub port: u16,
    /// More settings, as the server's command line takes them.
    settings: String,
}

/// The folder of the newest server's programs.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("tests/run installs PostgreSQL");
    let folders = versions.map(|entry| entry.expect("an entry").path().join("bin"));
    let newest = folders.filter(|folder| folder.join("initdb").is_file()).max_by_key(|folder| {
        let version = folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok());
        version.unwrap_or(0)
    });
    newest.expect("a server's programs")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

/// A program of PostgreSQL, which refuses to run as root.
fn program(name: &str) -> Command {
    as_owner(programs().join(name))
}

/// Something run as whoever owns clusters.
fn as_owner(program: impl AsRef<OsStr>) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn run(mut command: Command) -> String {
    let output = command.current_dir("/tmp").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Cluster {
    fn new() -> Self {
        let folder = TempDir::with_prefix_in("sojourn-cluster.", "/tmp").expect("a folder");
        if is_root() {
            let mut own = Command::new("chown");
            own.arg("postgres").arg(folder.path());
            run(own);
        }
        Self { folder, port: free_port(), settings: String::new() }
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// A primary without a standby.
    pub fn start() -> Self {
        Self::new().init()
    }

    /// A primary that keeps its log, for back-ups.
    pub fn archiving() -> Self {
        let mut cluster = Self::new();
        let archive = cluster.archive();
        cluster.settings =
            format!("-c archive_mode=on -c 'archive_command=mkdir -p {archive} && cp %p {archive}/%f'");
        cluster.init()
    }

    fn archive(&self) -> String {
        self.folder.path().join("archive").display().to_string()
    }

    fn init(self) -> Self {
        let cluster = self;
        let mut init = program("initdb");
        init.arg(format!("--pgdata={}", cluster.data()));
        init.args(["--username=sojourn", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        run(init);
        cluster.serve();
        cluster
    }

    /// Starts it, or starts it again.
    pub fn serve(&self) {
        let mut start = program("pg_ctl");
        start.arg(format!("--pgdata={}", self.data())).args(["--wait", "start"]);
        start.arg(format!("--log={}/server.log", self.folder.path().display()));
        let folder = self.folder.path().display();
        start.arg(format!(
            "--options=-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {}",
            self.port, self.settings
        ));
        // What it starts would keep a pipe open for as long as it runs.
        start.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        start.current_dir("/tmp").stderr(std::process::Stdio::null());
        let until = Instant::now() + PATIENCE;
        // What a killed one has left behind holds the place for a moment.
        while !start.status().expect("it runs").success() {
            assert!(Instant::now() < until, "{start:?}");
        }
    }

    /// What a statement gives, without ornament.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let mut psql = program("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "-v", "ON_ERROR_STOP=1"]);
        psql.args(["-h", "127.0.0.1", "-U", "sojourn", "-p"]).arg(self.port.to_string());
        psql.args(["-d", database, "-c", sql]);
        run(psql).trim().to_owned()
    }

    /// Takes a copy of a database of another cluster, under the same name.
    pub fn take_over(&self, url: &str) {
        let name = url.rsplit('/').next().expect("a name");
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        let file = self.folder.path().join("dump").display().to_string();
        let mut dump = program("pg_dump");
        dump.args(["--format=custom", "--file", &file, url]);
        run(dump);
        let mut restore = program("pg_restore");
        restore.args(["--exit-on-error", "--dbname"]);
        restore.arg(format!("postgres://sojourn@127.0.0.1:{}/{name}", self.port)).arg(&file);
        run(restore);
    }

    /// A copy of everything, as it is now.
    pub fn back_up(&self) -> Self {
        let copied = Self::new();
        self.copy_to(&copied, &["--wal-method=stream"]);
        copied
    }

    fn copy_to(&self, other: &Self, how: &[&str]) {
        let mut copy = program("pg_basebackup");
        copy.args(["--checkpoint=fast", "--pgdata"]).arg(other.data()).args(how);
        copy.arg("--dbname");
        copy.arg(format!("host=127.0.0.1 port={} user=sojourn application_name=standby", self.port));
        run(copy);
    }

    /// Waits until the whole log so far is kept.
    pub fn keep_log(&self) {
        let last = self.ask("postgres", "SELECT pg_walfile_name(pg_switch_wal())");
        let kept = "SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver";
        let until = Instant::now() + PATIENCE;
        while self.ask("postgres", kept) < last {
            assert!(Instant::now() < until, "{last} is kept");
        }
    }

    /// Starts a back-up with the log that another cluster kept since, and waits until all of it is there.
    pub fn restore(&self, from: &Self) {
        let data = self.data();
        let settings = format!("restore_command = 'cp {}/%f %p'", from.archive());
        let script =
            format!("touch {data}/recovery.signal && echo \"{settings}\" >> {data}/postgresql.auto.conf");
        let mut shell = as_owner("sh");
        shell.args(["-c", &script]);
        run(shell);
        self.serve();
        let until = Instant::now() + PATIENCE;
        while self.ask("postgres", "SELECT pg_is_in_recovery()") != "f" {
            assert!(Instant::now() < until, "the log is read");
        }
    }

    /// A standby without which nothing is acknowledged any more.
    pub fn standby(&self) -> Self {
        let standby = Self::new();
        self.copy_to(&standby, &["--write-recovery-conf", "--wal-method=stream"]);
        standby.serve();
        self.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        self.ask("postgres", "SELECT pg_reload_conf()");
        let until = Instant::now() + PATIENCE;
        while self.ask("postgres", "SELECT sync_state FROM pg_stat_replication") != "sync" {
            assert!(Instant::now() < until, "the standby follows");
        }
        standby
    }

    /// Ends it as a power cut would: SIGKILL for the postmaster, whose children follow it.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(format!("{}/postmaster.pid", self.data())).expect("it runs");
        let mut kill = Command::new("kill");
        kill.args(["-KILL", pid.lines().next().expect("a number")]);
        run(kill);
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        let mut promote = program("pg_ctl");
        promote.arg(format!("--pgdata={}", self.data())).args(["--wait", "promote"]);
        run(promote);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = program("pg_ctl");
        stop.arg(format!("--pgdata={}", self.data())).args(["--mode=immediate", "stop"]);
        // One that was killed is stopped already.
        stop.current_dir("/tmp").output().ok();
    }
}
