//! The relay's door over HTTP: what kind of relay it is, who I am there, how to get in and out, and a ticket for the line. And
//! what one has beside one's own account: groups, programs and tokens.
//!
//! The session stands in a cookie that no script can read. Every request carries the header `x-lamplight`, which a page of
//! another site cannot add without being asked first. Answers are JSON, read by the browser's own parser.

use js_sys::{Array, Object, Promise, Reflect, encode_uri_component};
use lamplight_core::address::{Address, Presentity, Principal};
use lamplight_core::code::Code;
use lamplight_core::presence::View;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::from_cbor;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::hear::settled;
use crate::keep::clear;

/// What a relay says of itself before anyone is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// What stands behind the `@` of its addresses.
    pub domain: String,
    /// Whether anyone may make an account.
    pub registration: bool,
    /// Whether it lets people in without one.
    pub guests: bool,
}

/// Who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub principal: Principal,
}

/// A link that lets somebody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub secret: String,
    /// Whose password is chosen by it; otherwise it opens an account.
    pub password: bool,
    /// Whoever comes by it is an admin.
    pub admin: bool,
    /// Who invites, if not whoever runs the relay; or whose password it is.
    pub of: Option<Principal>,
}

/// A principal of several members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub principal: Principal,
    pub members: Vec<Member>,
}

/// Who speaks for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub principal: Principal,
    /// May take members in and send them away, and end the group.
    pub owner: bool,
}

/// What a program says instead of a password; its secret is shown once, by [`NewToken`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    pub id: u64,
    pub name: String,
    /// `watch`, `publish`, `send`, `read`, `manage`.
    pub scope: Vec<String>,
    pub created: Timestamp,
    /// When it was used last, if ever.
    pub used: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub token: AccessToken,
    /// Whose it is: oneself, or the program that was made with it.
    pub of: Option<Principal>,
    pub secret: String,
}

/// Who came in from a page of another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub principal: Principal,
    /// What opens a line for them: there is no cookie in a frame.
    pub token: String,
    /// What those who answer read.
    pub called: Option<String>,
}

/// Why the door stayed shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorError {
    /// The relay said no.
    Refused(Code),
    /// There was no answer, or none of the relay's.
    Unreachable,
}

/// The door of the relay that served this page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door;

impl Door {
    pub async fn relay(self) -> Result<Relay, DoorError> {
        let answer = ask("GET", "/v1/relay", None).await?;
        Ok(Relay {
            domain: text(&answer, "domain").ok_or(DoorError::Unreachable)?,
            registration: flag(&answer, "registration"),
            guests: flag(&answer, "guests"),
        })
    }

    /// Who the browser's cookie says I am.
    pub async fn session(self) -> Result<SignedIn, DoorError> {
        signed_in(&ask("GET", "/v1/session", None).await?)
    }

    /// Comes in with a new account, perhaps by a link, or by a link with a new password.
    pub async fn sign_up(
        self,
        name: &str,
        password: &str,
        link: Option<&Invitation>,
    ) -> Result<SignedIn, DoorError> {
        let mut fields = vec![("name", name), ("password", password)];
        fields.extend(link.map(|link| ("invitation", link.secret.as_str())));
        let resets = link.is_some_and(|link| link.password);
        let path = ["/v1/accounts", "/v1/passwords"][usize::from(resets)];
        signed_in(&ask("POST", path, Some(object(&fields))).await?)
    }

    /// Makes a link by which one other person gets an account and becomes a contact of mine; its secret.
    pub async fn invite(self) -> Result<String, DoorError> {
        let answer = ask("POST", "/v1/invitations", Some(object(&[]))).await?;
        text(&answer, "invitation").ok_or(DoorError::Unreachable)
    }

    /// What a link opens.
    pub async fn invitation(self, secret: &str) -> Result<Invitation, DoorError> {
        let body = object(&[("invitation", secret)]);
        let answer = ask("POST", "/v1/invitations/look", Some(body)).await?;
        let opens = text(&answer, "opens");
        Ok(Invitation {
            secret: secret.into(),
            password: opens.as_deref() == Some("password"),
            admin: opens.as_deref() == Some("admin"),
            of: named(&answer, "of"),
        })
    }

    /// Becomes a contact of whoever invites, with the account that one has.
    pub async fn accept(self, link: &Invitation) -> Result<(), DoorError> {
        let body = object(&[("invitation", &link.secret)]);
        let answer = ask("POST", "/v1/invitations/accept", Some(body)).await;
        answer.map(|_| ())
    }

    pub async fn sign_in(self, name: &str, password: &str) -> Result<SignedIn, DoorError> {
        let body = object(&[("name", name), ("password", password)]);
        signed_in(&ask("POST", "/v1/sessions", Some(body)).await?)
    }

    pub async fn enter_as_guest(self) -> Result<SignedIn, DoorError> {
        signed_in(&ask("POST", "/v1/guests", Some(object(&[]))).await?)
    }

    /// Lets a visitor of a site in, on a page of this origin: by a token of the site's backend, or as a guest of the site who wants
    /// to talk with `to`. `kept`: the login that this browser has of whom the site vouched for before.
    pub async fn visit(
        self,
        origin: &str,
        to: &str,
        token: Option<&str>,
        kept: Option<&str>,
        name: &str,
    ) -> Result<Visitor, DoorError> {
        let mut fields = vec![("origin", origin), ("to", to)];
        fields.extend(token.map(|token| ("token", token)));
        fields.extend(kept.map(|kept| ("login", kept)));
        if !name.is_empty() {
            fields.push(("name", name));
        }
        let answer = ask("POST", "/v1/visitors", Some(object(&fields))).await?;
        let read = || {
            Some(Visitor {
                principal: principal(&answer)?,
                token: text(&answer, "token")?,
                called: text(&answer, "name"),
            })
        };
        read().ok_or(DoorError::Unreachable)
    }

    pub async fn sign_out(self) -> Result<(), DoorError> {
        ask("DELETE", SESSION, None).await.map(|_| ())
    }

    /// A visitor's login ends, and what this browser kept of them is forgotten.
    pub async fn leave(self, visitor: Visitor) {
        // A relay that cannot be reached forgets them by itself, only later.
        let _ = ask_as(Some(&visitor.token), "DELETE", SESSION, None).await;
        clear(visitor.principal).await;
    }

    /// A single-use ticket for one hello, and for whom it is if the relay says so. `group`: in whose name, if not one's own.
    pub(crate) async fn ticket(
        self,
        group: Option<&Principal>,
    ) -> Result<(String, Option<Principal>), DoorError> {
        let body = match group {
            Some(group) => object(&[("as", group.as_str())]),
            None => object(&[]),
        };
        let answer = ask("POST", "/v1/tickets", Some(body)).await?;
        let ticket = text(&answer, "ticket").ok_or(DoorError::Unreachable)?;
        Ok((ticket, principal(&answer)))
    }

    /// Says the password again: for a while this login counts as fresh, also on lines that are open. Tell the agent by
    /// `Intent::Confirmed`.
    pub async fn confirm(self, password: &str) -> Result<(), DoorError> {
        let body = object(&[("password", password)]);
        let answer = ask("POST", "/v1/sessions/current/confirm", Some(body)).await;
        answer.map(|_| ())
    }

    /// What this one gets of one of my presentities now.
    pub async fn seen_by(
        self,
        presentity: &Presentity,
        watcher: &Address,
    ) -> Result<View, DoorError> {
        let (own, watcher) = (escaped(presentity.as_str()), escaped(watcher.as_str()));
        let path = ["/v1/presence/", &own, "?as=", &watcher].concat();
        let answer = ask("GET", &path, None).await?;
        let text = text(&answer, "cbor").ok_or(DoorError::Unreachable)?;
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        bytes
            .and_then(|bytes| from_cbor(&bytes).ok())
            .ok_or(DoorError::Unreachable)
    }

    /// The groups that I am a member of; tells [`Told::Groups`].
    pub fn groups(self) -> Question {
        Question::new("GET", "/v1/groups".into(), None, |answer| {
            Some(Told::Groups(list(answer, "groups", group)))
        })
    }

    /// Makes a group; I own it.
    pub fn make_group(self, name: &str) -> Question {
        let body = object(&[("name", name)]);
        Question::new("POST", "/v1/groups".into(), Some(body), nothing)
    }

    /// Takes someone in; of a member: whether they own the group as well.
    pub fn set_member(
        self,
        group: &Principal,
        member: &Principal,
        owner: Option<bool>,
    ) -> Question {
        let body = owner.map(|owner| {
            let body = object(&[]);
            set(&body, "owner", &owner.into());
            body
        });
        Question::new("PUT", member_path(group, member), body, nothing)
    }

    /// Sends a member away, or leaves.
    pub fn remove_member(self, group: &Principal, member: &Principal) -> Question {
        remove(&member_path(group, member), "")
    }

    pub fn drop_group(self, group: &Principal) -> Question {
        remove("/v1/groups/", group.as_str())
    }

    /// The programs that I own; tells [`Told::Programs`].
    pub fn programs(self) -> Question {
        Question::new("GET", "/v1/programs".into(), None, |answer| {
            let program = |one: &JsValue| named(one, "program");
            Some(Told::Programs(list(answer, "programs", program)))
        })
    }

    /// Makes a program with its first token; tells [`Told::Made`].
    pub fn make_program(self, name: &str, scope: &[&str]) -> Question {
        let body = Some(named_scope(name, scope));
        Question::new("POST", "/v1/programs".into(), body, |answer| {
            let made = new_token(&field(answer, "token")?)?;
            let of = named(answer, "program");
            Some(Told::Made(NewToken { of, ..made }))
        })
    }

    pub fn drop_program(self, program: &Principal) -> Question {
        remove("/v1/programs/", program.as_str())
    }

    /// My tokens, or those of a program of mine; tells [`Told::Tokens`].
    pub fn tokens(self, of: Option<&Principal>) -> Question {
        let path = match of {
            Some(of) => ["/v1/tokens?of=", &escaped(of.as_str())].concat(),
            None => "/v1/tokens".into(),
        };
        Question::new("GET", path, None, |answer| {
            Some(Told::Tokens(list(answer, "tokens", token)))
        })
    }

    /// Makes a token of mine, or of a program of mine; tells [`Told::Made`].
    pub fn make_token(self, of: Option<&Principal>, name: &str, scope: &[&str]) -> Question {
        let body = named_scope(name, scope);
        if let Some(of) = of {
            set(&body, "of", &of.as_str().into());
        }
        Question::new("POST", "/v1/tokens".into(), Some(body), |answer| {
            new_token(answer).map(Told::Made)
        })
    }

    pub fn drop_token(self, id: u64) -> Question {
        remove("/v1/tokens/", &id.to_string())
    }
}

/// What the door tells of those who act beside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is done.
    Nothing,
    Groups(Vec<Group>),
    Programs(Vec<Principal>),
    Tokens(Vec<AccessToken>),
    Made(NewToken),
}

/// Something to ask at the door, and how its answer is read: whatever it is, a page waits for it in one place.
pub struct Question {
    method: &'static str,
    path: String,
    body: Option<JsValue>,
    read: fn(&JsValue) -> Option<Told>,
}

impl Question {
    fn new(
        method: &'static str,
        path: String,
        body: Option<JsValue>,
        read: fn(&JsValue) -> Option<Told>,
    ) -> Self {
        Self {
            method,
            path,
            body,
            read,
        }
    }

    pub async fn ask(self) -> Result<Told, DoorError> {
        let answer = ask(self.method, &self.path, self.body).await?;
        (self.read)(&answer).ok_or(DoorError::Unreachable)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one way to read among others")]
fn nothing(_: &JsValue) -> Option<Told> {
    Some(Told::Nothing)
}

fn remove(folder: &str, name: &str) -> Question {
    let path = [folder, &escaped(name)].concat();
    Question::new("DELETE", path, None, nothing)
}

fn member_path(group: &Principal, member: &Principal) -> String {
    let (group, member) = (escaped(group.as_str()), escaped(member.as_str()));
    ["/v1/groups/", &group, "/members/", &member].concat()
}

fn escaped(text: &str) -> String {
    encode_uri_component(text).into()
}

fn named_scope(name: &str, scope: &[&str]) -> JsValue {
    let body = object(&[("name", name)]);
    let words: Array = scope.iter().map(|word| JsValue::from_str(word)).collect();
    set(&body, "scope", &words);
    body
}

fn group(answer: &JsValue) -> Option<Group> {
    let member = |one: &JsValue| {
        Some(Member {
            principal: named(one, "member")?,
            owner: flag(one, "owner"),
        })
    };
    Some(Group {
        principal: named(answer, "group")?,
        members: list(answer, "members", member),
    })
}

fn token(answer: &JsValue) -> Option<AccessToken> {
    let number = |name: &str| Some(field(answer, name)?.as_f64()? as u64);
    Some(AccessToken {
        id: number("id")?,
        name: text(answer, "name")?,
        scope: list(answer, "scope", JsValue::as_string),
        created: Timestamp(number("created")?),
        used: number("used").map(Timestamp),
    })
}

fn new_token(answer: &JsValue) -> Option<NewToken> {
    Some(NewToken {
        token: token(answer)?,
        of: None,
        secret: text(answer, "token")?,
    })
}

fn signed_in(answer: &JsValue) -> Result<SignedIn, DoorError> {
    let principal = principal(answer).ok_or(DoorError::Unreachable)?;
    Ok(SignedIn { principal })
}

fn principal(answer: &JsValue) -> Option<Principal> {
    named(answer, "principal")
}

fn named(answer: &JsValue, name: &str) -> Option<Principal> {
    Principal::parse(&text(answer, name)?).ok()
}

#[wasm_bindgen(module = "/js/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = askDoor)]
    fn ask_door(method: &str, path: &str, body: &JsValue, bearer: Option<&str>) -> Promise;
}

/// The login of this request.
const SESSION: &str = "/v1/sessions/current";

async fn ask(method: &str, path: &str, body: Option<JsValue>) -> Result<JsValue, DoorError> {
    ask_as(None, method, path, body).await
}

/// Asks by the browser's cookie, or as whoever has this login.
async fn ask_as(
    bearer: Option<&str>,
    method: &str,
    path: &str,
    body: Option<JsValue>,
) -> Result<JsValue, DoorError> {
    let asked = ask_door(method, path, &body.unwrap_or_default(), bearer);
    let answered = settled(asked).await.map_err(|_| DoorError::Unreachable)?;
    let answered: Array = answered.unchecked_into();
    let (status, answer) = (answered.get(0).as_f64(), answered.get(1));
    let status = status.unwrap_or_default() as u16;
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    match text(&answer, "code") {
        Some(slug) => Err(DoorError::Refused(Code::from_slug(&slug))),
        None if status == 401 => Err(DoorError::Refused(Code::NotSignedIn)),
        // Not an answer of the relay: a proxy in front of it, most likely.
        None => Err(DoorError::Unreachable),
    }
}

fn object(fields: &[(&str, &str)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        set(&object, name, &(*value).into());
    }
    object.into()
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    // Setting a property of a plain new object cannot fail.
    let _ = Reflect::set(object, &name.into(), value);
}

/// Everything of a list that can be read.
fn list<T>(answer: &JsValue, name: &str, read: impl Fn(&JsValue) -> Option<T>) -> Vec<T> {
    let rows = field(answer, name).filter(Array::is_array);
    rows.map_or_else(Vec::new, |rows| {
        let rows = Array::from(&rows);
        rows.iter().filter_map(|row| read(&row)).collect()
    })
}

fn field(answer: &JsValue, name: &str) -> Option<JsValue> {
    answer
        .is_object()
        .then(|| Reflect::get(answer, &name.into()).ok())
        .flatten()
}

fn text(answer: &JsValue, name: &str) -> Option<String> {
    field(answer, name)?.as_string()
}

fn flag(answer: &JsValue, name: &str) -> bool {
    field(answer, name).is_some_and(|value| value.is_truthy())
}
