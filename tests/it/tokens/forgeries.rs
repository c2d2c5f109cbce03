//! The forgeries: what has been tried on services that take JSON Web Tokens (RFC 8725 §2 names most of it).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::{Sha256, Sha384, Sha512};

use crate::support::app::TestApp;

/// One try: values of the header `Authorization`, usually one.
pub struct Forgery {
    pub what: String,
    pub values: Vec<Vec<u8>>,
}

impl Forgery {
    pub fn new(what: impl Into<String>, values: Vec<Vec<u8>>) -> Self {
        Self { what: what.into(), values }
    }
}

/// Makes tokens as the service does, and with whatever else is wanted.
pub struct Mint {
    secret: String,
    pub head: Value,
    pub claims: Value,
}

fn encoded(json: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn mac(algorithm: &str, secret: &[u8], text: &str) -> Vec<u8> {
    macro_rules! with {
        ($hash:ty) => {{
            let mut mac = <Hmac<$hash>>::new_from_slice(secret).expect("any length");
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }};
    }
    match algorithm {
        "HS384" => with!(Sha384),
        "HS512" => with!(Sha512),
        _ => with!(Sha256),
    }
}

impl Mint {
    /// With the secret of the service, and header and claims of a token it has made.
    pub fn of(app: &TestApp, tokens: &Value) -> Self {
        let file = std::fs::read_to_string(app.database.folder.path().join("keys.toml")).expect("the keys");
        let keys: toml::Table = toml::from_str(&file).expect("TOML");
        let token = tokens["access_token"].as_str().expect("a token");
        let parts: Vec<&str> = token.split('.').collect();
        let secret = keys["keys"]["k1"].as_str().expect("a secret").to_owned();
        Self { secret, head: decoded(parts[0]), claims: decoded(parts[1]) }
    }

    /// A token of ours, made here.
    pub fn good(&self) -> String {
        self.signed(&self.head, &self.claims)
    }

    /// Signed as we do, whatever it says.
    pub fn signed(&self, head: &Value, claims: &Value) -> String {
        sealed(&head.to_string(), &claims.to_string(), ("HS256", self.secret.as_bytes()))
    }

    /// The claims with one of them otherwise.
    pub fn with(&self, name: &str, value: Value) -> Value {
        with(&self.claims, name, value)
    }

    fn now(&self) -> i64 {
        self.claims["nbf"].as_i64().expect("an instant")
    }
}

/// What a header says of a token.
pub fn bearer(token: &str) -> Vec<u8> {
    format!("Bearer {token}").into_bytes()
}

fn sealed(head: &str, claims: &str, (algorithm, secret): (&str, &[u8])) -> String {
    let text = format!("{}.{}", encoded(head), encoded(claims));
    let seal = BASE64_URL_SAFE_NO_PAD.encode(mac(algorithm, secret, &text));
    format!("{text}.{seal}")
}

fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut changed = object.clone();
    changed[name] = value;
    changed
}

fn without(object: &Value, name: &str) -> Value {
    let mut left: Map<String, Value> = object.as_object().expect("an object").clone();
    left.remove(name);
    left.into()
}

/// Every forgery that needs no more than a token.
pub fn all(mint: &Mint) -> Vec<Forgery> {
    let mut all = Vec::new();
    let lists = [algorithms(mint), key_ids(mint), headers(mint), claims(mint), texts(mint)];
    for (what, token) in lists.into_iter().flatten() {
        all.push(Forgery::new(what, vec![bearer(&token)]));
    }
    all.extend(carried(mint));
    all
}

type Named = Vec<(String, String)>;

fn algorithms(mint: &Mint) -> Named {
    let mut tokens = Named::new();
    for spelled in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!("nOnE"),
        json!("none "),
        json!(""),
        json!(null),
        json!(0),
        json!([]),
        json!(["HS256"]),
        json!({ "HS256": 1 }),
        json!("hs256"),
        json!("HS256 "),
    ] {
        let head = with(&mint.head, "alg", spelled.clone());
        let signed = mint.signed(&head, &mint.claims);
        let bare = signed.rsplit_once('.').expect("a seal").0.to_owned() + ".";
        tokens.push((format!("alg {spelled} with our seal"), signed));
        tokens.push((format!("alg {spelled} without a seal"), bare));
    }
    let claims = mint.claims.to_string();
    for other in
        ["HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
    {
        let head = with(&mint.head, "alg", json!(other)).to_string();
        let ours = sealed(&head, &claims, (other, mint.secret.as_bytes()));
        tokens.push((format!("alg {other} with our secret"), ours));
        let public =
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
        let confused = sealed(&head, &claims, (other, public.as_bytes()));
        tokens.push((format!("alg {other} with a public key as the secret"), confused));
    }
    tokens.push(("no alg".to_owned(), mint.signed(&without(&mint.head, "alg"), &mint.claims)));
    for secret in ["", "secret", "k1", "sojourn", "changeme"] {
        let guessed = sealed(&mint.head.to_string(), &claims, ("HS256", secret.as_bytes()));
        tokens.push((format!("the secret `{secret}`"), guessed));
    }
    tokens
}

fn key_ids(mint: &Mint) -> Named {
    let mut tokens = Named::new();
    for kid in [
        json!(null),
        json!(""),
        json!("k2"),
        json!("K1"),
        json!(" k1"),
        json!("k1 "),
        json!("k1\0"),
        json!(1),
        json!(true),
        json!(["k1"]),
        json!({ "k1": "k1" }),
        json!("../../../../../../dev/null"),
        json!("/dev/null"),
        json!("/proc/sys/kernel/randomize_va_space"),
        json!("k1' OR '1'='1"),
        json!("x' UNION SELECT ''; --"),
        json!("k1; DROP TABLE sessions; --"),
        json!("https://evil.example/key"),
        json!("|sleep 10"),
        json!("k".repeat(900)),
        json!("ｋ１"),
    ] {
        let head = with(&mint.head, "kid", kid.clone());
        tokens.push((format!("kid {kid} with our seal"), mint.signed(&head, &mint.claims)));
        let empty = sealed(&head.to_string(), &mint.claims.to_string(), ("HS256", b""));
        tokens.push((format!("kid {kid} with an empty secret"), empty));
    }
    tokens.push(("no kid".to_owned(), mint.signed(&without(&mint.head, "kid"), &mint.claims)));
    tokens
}

fn headers(mint: &Mint) -> Named {
    let mut tokens = Named::new();
    let own = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75";
    for (name, value) in [
        ("jku", json!("https://evil.example/jwks.json")),
        ("jku", json!("http://169.254.169.254/latest/meta-data")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("jwk", json!({ "kty": "oct", "k": own, "kid": "k1" })),
        ("x5c", json!(["MIIC"])),
        ("x5t", json!("dGh1bWI")),
        ("x5t#S256", json!("dGh1bWI")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("typ", json!("JWT")),
        ("typ", json!("refresh+jwt")),
        ("typ", json!("dpop+jwt")),
        ("typ", json!(null)),
        ("typ", json!(["at+jwt"])),
        ("role", json!("secretariat")),
    ] {
        let head = with(&mint.head, name, value.clone());
        tokens.push((format!("header {name} {value} with our seal"), mint.signed(&head, &mint.claims)));
        let theirs = sealed(&head.to_string(), &mint.claims.to_string(), ("HS256", own.as_bytes()));
        tokens.push((format!("header {name} {value} with their own seal"), theirs));
    }
    tokens.push(("no typ".to_owned(), mint.signed(&without(&mint.head, "typ"), &mint.claims)));
    for head in [
        r#"{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"k9","kid":"k1"}"#,
        r#"["HS256","at+jwt","k1"]"#,
        "null",
        "\"HS256\"",
        "{",
        "",
        "{}",
    ] {
        let secret = ("HS256", mint.secret.as_bytes());
        tokens.push((format!("the header {head}"), sealed(head, &mint.claims.to_string(), secret)));
    }
    tokens
}

/// All of these are signed as we do.
#[expect(clippy::too_many_lines, reason = "a table, one line per claim")]
fn claims(mint: &Mint) -> Named {
    let now = mint.now();
    let mut tokens = Named::new();
    let mut add = |what: String, claims: &Value| tokens.push((what, mint.signed(&mint.head, claims)));
    for name in ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"] {
        add(format!("no {name}"), &without(&mint.claims, name));
        let own = mint.claims[name].clone();
        for value in [
            json!(null),
            json!([own]),
            json!({ "value": own }),
            json!(true),
            json!("other"),
            json!(-1.5),
            json!(own.to_string().trim_matches('"').to_owned() + " "),
        ] {
            add(format!("{name} is {value}"), &mint.with(name, value));
        }
    }
    for (what, name, value) in [
        ("expired", "exp", json!(now)),
        ("expired long ago", "exp", json!(1)),
        ("ends before it begins", "exp", json!(now - 60)),
        ("lasts a day", "exp", json!(now + 86_400)),
        ("lasts forever", "exp", json!(i64::MAX)),
        ("beyond all numbers", "exp", json!(u64::MAX)),
        ("as a fraction", "exp", json!(900.5 + 1e9)),
        ("as text", "exp", json!((now + 600).to_string())),
        ("not yet", "nbf", json!(now + 60)),
        ("since the beginning of time", "nbf", json!(i64::MIN)),
        ("since 1970", "nbf", json!(0)),
        ("issued tomorrow", "iat", json!(now + 86_400)),
        ("for others too", "aud", json!(["sojourn-api", "other"])),
        ("for us among others", "aud", json!(["other", "sojourn-api"])),
        ("for somebody like us", "aud", json!("sojourn-api.evil.example")),
        ("from us among others", "iss", json!(["sojourn", "evil"])),
        ("from somebody like us", "iss", json!("sojourn ")),
        ("for nobody", "sub", json!("00000000-0000-0000-0000-000000000000")),
        ("for somebody by SQL", "sub", json!("' OR 1=1 --")),
        ("for everybody", "sub", json!("*")),
        ("with a role", "role", json!("secretariat")),
        ("with duties", "duties", json!([{ "duty": "admin" }])),
        ("for a client", "client_id", json!("sojourn")),
    ] {
        add(what.to_owned(), &mint.with(name, value));
    }
    let (whole, secret) = (mint.claims.to_string(), ("HS256", mint.secret.as_bytes()));
    let doubled = whole.replacen('{', "{\"sub\":\"019a7c3e-5b1f-7a20-8c44-1d2e3f405162\",", 1);
    for body in [doubled.as_str(), "null", "[]", "{}", "", "\"\"", "{", "\u{feff}{}"] {
        tokens.push((format!("the claims {body}"), sealed(&mint.head.to_string(), body, secret)));
    }
    tokens
}

/// Texts near a good token.
fn texts(mint: &Mint) -> Named {
    let good = mint.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [head, claims, seal] = parts[..] else { unreachable!("three parts") };
    let mut tokens = Named::new();
    let mut add = |what: &str, token: String| tokens.push((what.to_owned(), token));
    for cut in [1, head.len() / 2, head.len(), head.len() + 1, head.len() + claims.len() / 2] {
        add(&format!("cut after {cut}"), good[..cut].to_owned());
    }
    for short in 1..=4 {
        add(&format!("cut {short} before the end"), good[..good.len() - short].to_owned());
    }
    for (part, name) in [(head, "header"), (claims, "claims"), (seal, "seal")] {
        let first = if part.starts_with('A') { "B" } else { "A" };
        add(
            &format!("another first letter of the {name}"),
            good.replacen(part, &format!("{first}{}", &part[1..]), 1),
        );
        add(&format!("no {name}"), good.replacen(part, "", 1));
        add(&format!("the {name} in capitals"), good.replacen(part, &part.to_uppercase(), 1));
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        let padded = BASE64_URL_SAFE.encode(&bytes) + "=";
        add(&format!("the {name} with padding"), good.replacen(part, &padded, 1));
        add(&format!("the {name} twice encoded"), good.replacen(part, &BASE64_STANDARD.encode(part), 1));
    }
    add("a seal of zeros", format!("{head}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 32])));
    add("a seal of ones", format!("{head}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode([255; 32])));
    add("a seal too long", format!("{good}AAAA"));
    add("parts in another order", format!("{claims}.{head}.{seal}"));
    add("four parts", format!("{good}.{seal}"));
    add("five parts, as if encrypted", format!("{head}..{claims}.{seal}.{seal}"));
    add("dots alone", "..".to_owned());
    add("much too long", format!("{head}.{}.{seal}", "A".repeat(24_000)));
    let padded = with(&mint.claims, "jti", json!("x".repeat(4_000)));
    add("too long and signed", mint.signed(&mint.head, &padded));
    add("ten thousand dots", ".".repeat(10_000));
    add(
        "a deep claim",
        sealed(&mint.head.to_string(), &"[".repeat(1_000), ("HS256", mint.secret.as_bytes())),
    );
    tokens
}

/// How a good token is not carried.
fn carried(mint: &Mint) -> Vec<Forgery> {
    let good = mint.good();
    let shown = bearer(&good);
    let one = |what: &str, value: String| Forgery::new(what, vec![value.into_bytes()]);
    vec![
        Forgery::new("two headers that say the same", vec![shown.clone(), shown.clone()]),
        Forgery::new("a good header before a bad one", vec![shown.clone(), b"Bearer x.y.z".to_vec()]),
        Forgery::new("a bad header before a good one", vec![b"Bearer x.y.z".to_vec(), shown.clone()]),
        Forgery::new("an empty header beside a good one", vec![Vec::new(), shown.clone()]),
        Forgery::new("bytes that are no text", vec![[shown.as_slice(), &[0xff, 0xfe]].concat()]),
        one("two in one header", format!("Bearer {good}, Bearer {good}")),
        one("twice in one header", format!("Bearer {good} {good}")),
        one("no scheme", good.clone()),
        one("another scheme", format!("Token {good}")),
        one("as a password", format!("Basic {}", BASE64_STANDARD.encode(format!("sol:{good}")))),
        one("the scheme with a colon", format!("Bearer: {good}")),
        one("in quotes", format!("Bearer \"{good}\"")),
        one("with a name", format!("Bearer token={good}")),
        one("nothing", "Bearer".to_owned()),
        one("empty", String::new()),
    ]
}
