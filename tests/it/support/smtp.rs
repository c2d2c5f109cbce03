//! A real SMTP server (Debian's aiosmtpd) that keeps what it accepts; its script says which addresses misbehave, and how.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::data::own;

/// How long a message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// One message as an independent parser read it.
#[derive(Debug, serde::Deserialize)]
pub struct Mail {
    pub sender: String,
    pub subject: String,
    pub headers: Vec<(String, String)>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub raw: String,
}

impl Mail {
    /// The value of a header, without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct SmtpServer {
    child: Child,
    /// Closing it ends the server.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    folder: tempfile::TempDir,
    pub address: SocketAddr,
}

impl SmtpServer {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The server with options, as its script names them.
    pub fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new("/usr/bin/python3")
            .arg(own("tests/it/support/smtp_sink.py"))
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("/usr/bin/python3 runs; tests/run installs it");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("standard output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let first =
            lines.recv_timeout(PATIENCE).expect("aiosmtpd answers; tests/run installs python3-aiosmtpd");
        let port = first.strip_prefix("port ").and_then(|port| port.parse().ok()).expect("a port");
        Self { child, stdin, lines, folder, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// Every message kept for an address so far, in order of arrival.
    pub fn mailbox(&self, address: &str) -> Vec<Mail> {
        let Ok(entries) = self.folder.path().join(address).read_dir() else { return Vec::new() };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let read = |file: &PathBuf| std::fs::read(file).expect("a kept message");
        files.iter().map(|file| serde_json::from_slice(&read(file)).expect("the message as JSON")).collect()
    }

    /// Waits until an address has `count` messages; for deliveries that another process makes.
    pub fn wait_for(&self, address: &str, count: usize) -> Vec<Mail> {
        let end = Instant::now() + PATIENCE;
        loop {
            let mails = self.mailbox(address);
            if mails.len() >= count {
                return mails;
            }
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            assert!(line.is_ok(), "{address} has {} messages after {PATIENCE:?}, not {count}", mails.len());
        }
    }

    /// What the server says next; `None` when it is silent for so long.
    pub fn next_line(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    /// The answers given to an address, one per try.
    pub fn tries(&self, address: &str) -> Vec<String> {
        self.log(&format!("{address}/tries"))
    }

    /// The lines of one of its logs, such as `faults` and `logins`.
    pub fn log(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(name));
        text.unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.child.wait().ok();
    }
}

mod tests {
    use lettre::message::{Mailbox, Message};
    use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
    use rstest::rstest;

    use super::SmtpServer;

    async fn send(server: &SmtpServer, to: &str) -> Result<(), String> {
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.address.ip().to_string())
                .port(server.address.port())
                .build();
        let address = |text: &str| text.parse::<Mailbox>().expect("an address");
        let message =
            Message::builder().from(address("office@a.example")).to(address(to)).subject("提名 nomination");
        let message = message.body("Line.\n".to_owned()).expect("a message");
        transport.send(message).await.map(drop).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn an_accepted_message_is_kept_as_it_was_sent() {
        let server = SmtpServer::start();
        send(&server, "anna@b.example").await.expect("accepted");

        let mails = server.wait_for("anna@b.example", 1);
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].sender, "office@a.example");
        assert_eq!(mails[0].subject, "提名 nomination");
        assert_eq!(mails[0].header("to"), Some("anna@b.example"));
        assert_eq!(mails[0].text.as_deref().map(str::trim), Some("Line."));
        assert!(mails[0].html.is_none() && mails[0].raw.contains("Subject: ="));
        assert!(server.mailbox("nobody@b.example").is_empty());
    }

    #[rstest]
    #[case::a_deferred_message_is_taken_after_two_tries("defer+2@b.example", 2)]
    #[case::a_cut_connection_is_taken_after_one_try("drop+1@b.example", 1)]
    #[tokio::test]
    async fn a_fault_that_passes(#[case] address: &str, #[case] faults: usize) {
        let server = SmtpServer::start();
        for _ in 0..faults {
            assert!(send(&server, address).await.is_err());
            assert!(server.mailbox(address).is_empty());
        }
        assert!(send(&server, address).await.is_ok());
        assert_eq!((server.mailbox(address).len(), server.tries(address).len()), (1, faults + 1));
    }

    #[tokio::test]
    async fn a_refused_address_keeps_nothing() {
        let server = SmtpServer::start();
        let refusal = send(&server, "refuse@b.example").await.expect_err("refused");
        assert!(refusal.contains("550"), "{refusal}");
        assert!(server.mailbox("refuse@b.example").is_empty());
    }
}
