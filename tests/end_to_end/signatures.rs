//! Tokens that are signed with a key of two halves, and what the document's examples sign: who has the public half signs nothing.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lamplight_core::code::Code;
use lamplight_tests::outside::backend::{chance, signed};
use lamplight_tests::outside::{Account, Relay};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::doors::refuses;
use crate::minting::chat_token;
use crate::sites::{SHOP, options, registers, site};
use crate::visitors::{brings, claims, shop};

const DOCUMENT: &str = include_str!("../../docs/EMBEDDING.md");

/// 32 bytes of an Ed25519 key as `openssl pkey -pubout` writes them.
fn pem(public: &[u8]) -> String {
    let info = [
        &[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..],
        public,
    ]
    .concat();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(info)
    )
}

#[tokio::test]
async fn a_site_with_a_public_key_signs_by_eddsa_and_nobody_signs_with_what_is_public() {
    let relay = Relay::start(options()).await;
    let mut seed = [0; 32];
    chance(&mut seed);
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed");
    let public = pem(pair.public_key().as_ref());
    let alice = Account::sign_up(&relay, "alice").await;
    let key = json!({ "key": { "alg": "EdDSA", "public_key": public } });
    let made = registers(&relay, &alice, key).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let key = &made.json()["keys"][0];
    assert!(key["secret"].is_null(), "{key}");
    let kid = key["kid"].as_str().expect("a kid").to_owned();
    let header = |alg: &str| json!({ "alg": alg, "kid": kid });
    let own = |alg: &str| {
        signed(&header(alg), &claims("customer 17"), |bytes| {
            pair.sign(bytes).as_ref().to_vec()
        })
    };
    assert_eq!(brings(&relay, &own("EdDSA")).await.status, 201);
    refuses(
        &brings(&relay, &own("HS256")).await,
        403,
        Code::TokenInvalid,
    );
    for secret in [public.as_bytes(), pair.public_key().as_ref()] {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        for alg in ["HS256", "EdDSA"] {
            let forged = signed(&header(alg), &claims("customer 17"), |bytes| {
                hmac::sign(&secret, bytes).as_ref().to_vec()
            });
            refuses(&brings(&relay, &forged).await, 403, Code::TokenInvalid);
        }
    }
}

/// What a program says that is given this script and this input, if there is such a program here.
fn run(
    program: &str,
    arguments: &[&str],
    input: &str,
    variables: &[(&str, &str)],
) -> Option<String> {
    let child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("there is no {program} here; what it would do is not tried");
        return None;
    };
    let mut typing = child.stdin.take().expect("a piped stdin");
    typing.write_all(input.as_bytes()).expect("it reads");
    drop(typing);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{program} failed");
    Some(
        String::from_utf8(output.stdout)
            .expect("a text")
            .trim()
            .to_owned(),
    )
}

/// Makes an RSA key and signs; on a line each its public key (as base64), a token and one signed with what is public.
const RSA: &str = r#"
const { generateKeyPairSync, createHmac, sign } = require("node:crypto");
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: +process.env.BITS });
const pem = publicKey.export({ type: "spki", format: "pem" });
const lines = require("node:readline").createInterface({ input: process.stdin });
console.log(JSON.stringify(pem));
lines.on("line", (line) => {
  const { header, claims, by } = JSON.parse(line);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = part(header) + "." + part(claims);
  const signature = by === "private" ? sign("sha256", text, privateKey) : createHmac("sha256", pem).update(text).digest();
  console.log(text + "." + signature.toString("base64url"));
});
"#;

/// A backend with an RSA key, in Node.
struct Rsa {
    child: std::process::Child,
    said: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Rsa {
    fn start(bits: &str) -> Option<(Self, String)> {
        use std::io::BufRead;
        let child = Command::new("node")
            .args(["-e", RSA])
            .env("BITS", bits)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("there is no node here; RS256 is not tried");
            return None;
        };
        let output = child.stdout.take().expect("a piped stdout");
        let mut said = std::io::BufReader::new(output).lines();
        let pem = said.next().expect("a key").expect("a text");
        let pem = serde_json::from_str(&pem).expect("a text in JSON");
        Some((Self { child, said }, pem))
    }

    fn signs(&mut self, header: &Value, by: &str) -> String {
        let typing = self.child.stdin.as_mut().expect("a piped stdin");
        let line = json!({ "header": header, "claims": claims("customer 17"), "by": by });
        writeln!(typing, "{line}").expect("it reads");
        self.said.next().expect("a token").expect("a text")
    }
}

impl Drop for Rsa {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_public_rsa_key_is_no_secret_that_signs() {
    let Some((mut rsa, pem)) = Rsa::start("2048") else {
        return;
    };
    let relay = Relay::start(options()).await;
    Account::sign_up(&relay, "alice").await;
    let file = relay.folder().join("shop.pem");
    std::fs::write(&file, &pem).expect("it can be written");
    let key = format!("rs256:{}", file.display());
    let words = [
        "add",
        "shop.example",
        "--origin",
        SHOP,
        "--chat",
        "alice@localhost",
        "--key",
        &key,
    ];
    let said = site(relay.folder(), &words).expect("it is registered");
    let kid = said
        .split("\"kid\": \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let header = |alg: &str| json!({ "alg": alg, "kid": kid.expect("a kid") });
    let good = brings(&relay, &rsa.signs(&header("RS256"), "private")).await;
    assert_eq!(good.status, 201, "{}", good.text());
    for (alg, by) in [
        ("HS256", "public"),
        ("RS256", "public"),
        ("HS256", "private"),
        ("none", "private"),
        ("RS512", "private"),
    ] {
        let answer = brings(&relay, &rsa.signs(&header(alg), by)).await;
        refuses(&answer, 403, Code::TokenInvalid);
    }
    // A key that is too short to be one is not taken.
    let (_, short) = Rsa::start("1024").expect("node was there");
    std::fs::write(&file, short).expect("it can be written");
    let refused = site(
        relay.folder(),
        &[
            "rotate",
            "shop.example",
            "--of",
            "alice@localhost",
            "--key",
            &key,
        ],
    );
    assert!(refused.is_err_and(|why| why.contains("2048 to 8192 bits")));
}

/// The example in this language, out of the document.
fn example(language: &str) -> &'static str {
    let (_, examples) = DOCUMENT.split_once("### Minting").expect("examples");
    let (_, code) = examples
        .split_once(&format!("```{language}\n"))
        .unwrap_or_else(|| panic!("EMBEDDING.md mints nothing in {language}"));
    let (code, _) = code.split_once("```").expect("the end of the example");
    code
}

#[tokio::test]
async fn what_the_document_mints_is_taken() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({ "origins": [SHOP] })).await;
    let variables = [
        ("LAMPLIGHT_KID", backend.kid.as_str()),
        ("LAMPLIGHT_SECRET", backend.secret.as_str()),
    ];
    let call = |code: &str, last: &str| {
        let code = code.replace("chat.example.org", "localhost");
        format!("{code}\n{last}\n")
    };
    let node = call(
        example("js"),
        r#"console.log(chatToken("customer-17", "Maria"));"#,
    );
    let python = call(
        example("python"),
        r#"print(chat_token("customer-17", "Maria"))"#,
    );
    let php = call(
        example("php"),
        r#"echo chat_token("customer-17", "Maria"), "\n";"#,
    );
    let mut principals = Vec::new();
    for (program, arguments, code) in [
        ("node", &["--input-type=module", "-"][..], node),
        ("python3", &["-"], python),
        ("php", &[], php),
    ] {
        let Some(token) = run(program, arguments, &code, &variables) else {
            continue;
        };
        let answer = brings(&relay, &token).await;
        assert_eq!(answer.status, 201, "{program}: {} {token}", answer.text());
        assert_eq!(answer.field("name"), "Maria", "{program}");
        principals.push(answer.field("principal"));
        refuses(&brings(&relay, &token).await, 403, Code::TokenUsed);
    }
    // The one in Rust is compiled with these tests.
    let source = include_str!("minting.rs");
    let (_, source) = source
        .split_once("\n\n")
        .expect("code behind the first line");
    assert_eq!(example("rust"), source);
    let minted = chat_token(&backend.kid, &backend.secret, "customer-17", "Maria");
    let elsewhere = brings(&relay, &minted.expect("a token")).await;
    refuses(&elsewhere, 403, Code::TokenWrongAudience);
    principals.dedup();
    assert!(
        principals.len() <= 1,
        "all of them mean one visitor: {principals:?}"
    );
}
