//! An S3 server (moto, from `PyPI`) that keeps what it takes in memory.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use reqwest::{Client, Method};

use super::data::own;

/// How long the server may take until it listens.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct S3 {
    child: Child,
    /// As in `http://127.0.0.1:PORT`.
    address: String,
}

impl S3 {
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(Self::begin).await.expect("it starts")
    }

    fn begin() -> Self {
        let program = own("target/s3/bin/moto_server");
        let mut command = Command::new(&program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("NO_COLOR", "1");
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child =
            started.unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", program.display()));
        let stderr = BufReader::new(child.stderr.take().expect("standard error"));
        let (sender, addresses) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("Running on ") {
                    sender.send(address.trim().to_owned()).ok();
                }
            }
        });
        let address = addresses.recv_timeout(PATIENCE).expect("moto listens");
        Self { child, address }
    }

    /// The environment by which the service finds it.
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.address.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "somebody"),
            ("AWS_SECRET_ACCESS_KEY", "a secret"),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    async fn ask(&self, method: Method, path: &str) -> Vec<u8> {
        let answer = Client::new().request(method, format!("{}/{path}", self.address)).send().await;
        let answer = answer.expect("moto answers").error_for_status().expect("it is there");
        answer.bytes().await.expect("the whole answer").to_vec()
    }

    /// Makes a bucket.
    pub async fn make(&self, bucket: &str) {
        self.ask(Method::PUT, bucket).await;
    }

    /// Names of what lies in a bucket.
    pub async fn names(&self, bucket: &str) -> Vec<String> {
        let listed = self.ask(Method::GET, &format!("{bucket}?list-type=2")).await;
        let listed = String::from_utf8(listed).expect("text");
        let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// One content.
    pub async fn content(&self, bucket: &str, name: &str) -> Vec<u8> {
        self.ask(Method::GET, &format!("{bucket}/{name}")).await
    }

    /// How many uploads in parts are open.
    pub async fn parts(&self, bucket: &str) -> usize {
        let listed = self.ask(Method::GET, &format!("{bucket}?uploads")).await;
        String::from_utf8(listed).expect("text").matches("<UploadId>").count()
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
