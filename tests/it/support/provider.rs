//! An OpenID provider as a process of its own: npm's `oidc-provider`, with people whom the test names, and a liar beside it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use chrono::{DateTime, Utc};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use super::data::own;

/// The provider; stopped when dropped.
#[derive(Debug)]
pub struct Provider {
    child: Child,
    /// Where it says what it does; kept, since it ends when nobody listens.
    _said: BufReader<ChildStdout>,
    /// As it names itself: `http://127.0.0.1:PORT`.
    pub address: String,
}

impl Provider {
    /// Starts it for a client that gets people back at that address.
    pub fn start(redirect_uri: &str) -> Self {
        let there: PathBuf = own("target/provider");
        let script = own("tests/reference/provider/provider.mjs");
        std::fs::copy(script, there.join("provider.mjs"))
            .expect("tests/run installs it: npm ci in target/provider");
        let mut command = Command::new("node");
        command.current_dir(there).args(["provider.mjs", redirect_uri]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("node runs");
        let mut said = BufReader::new(child.stdout.take().expect("standard output"));
        let mut address = String::new();
        said.read_line(&mut address).expect("an address");
        Self { child, _said: said, address: address.trim().to_owned() }
    }

    /// What time it is there: nobody believes a token of another time.
    pub async fn now(&self) -> DateTime<Utc> {
        let url = format!("{}/.well-known/openid-configuration", self.address);
        let answer = reqwest::get(url).await.expect("the provider answers");
        let date = answer.headers()["date"].to_str().expect("text");
        DateTime::parse_from_rfc2822(date).expect("a date").to_utc()
    }

    /// Says who logs in next.
    pub async fn person(&self, person: &Value) {
        self.tell("people", person).await;
    }

    /// Says what the liar says.
    pub async fn lies(&self, lies: &Value) {
        self.tell("lies", lies).await;
    }

    async fn tell(&self, what: &str, body: &Value) {
        let sent = Client::new().post(format!("{}/{what}", self.address)).json(body).send().await;
        assert_eq!(sent.expect("the provider answers").status(), 200);
    }

    /// Logs in there in a browser of its own, and gives the address it is sent back to, without its host.
    pub async fn log_in(&self, location: &str) -> String {
        let browser =
            Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
        let mut next = location.to_owned();
        for _ in 0..10 {
            let answer = browser.get(&next).send().await.expect("the provider answers");
            let to = answer.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
            let Some(to) = to else {
                panic!("{next}: {} {}", answer.status(), answer.text().await.unwrap_or_default())
            };
            next = if to.starts_with('/') { format!("{}{to}", self.address) } else { to };
            if !next.starts_with(&self.address) {
                let (_, path) = next.split_once("/api/").expect("our callback");
                return format!("/api/{path}");
            }
        }
        panic!("no end of redirects");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
