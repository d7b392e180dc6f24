//! What people with an account have beside it: groups that they speak for, programs that they own, and tokens.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::Scope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::doors::{answered, login_of, read, read_if_any, refuse_when_draining};
use super::{Site, answer, query};
use crate::identity::programs::{NewToken, read_scope, scope_words};
use crate::listener::Visitor;
use crate::store::accounts::members::Circle;
use crate::store::accounts::tokens::Token;

#[derive(Deserialize)]
struct GroupForm {
    name: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Default, Deserialize)]
struct MemberForm {
    /// Whether the member owns the group as well.
    #[serde(default)]
    owner: Option<bool>,
}

#[derive(Deserialize)]
struct ProgramForm {
    name: String,
    scope: Vec<String>,
}

#[derive(Deserialize)]
struct TokenForm {
    name: String,
    scope: Vec<String>,
    /// A program of one's own; none: oneself.
    #[serde(default)]
    of: Option<String>,
}

type Named = Result<Path<String>, PathRejection>;

pub async fn make_group(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: GroupForm = read(&site, request).await?;
        let made = site
            .keeper
            .make_group(&login, &form.name, &form.members, visitor.ip);
        Ok(answer::json(StatusCode::CREATED, &group_json(&made.await?)))
    };
    answered(work.await)
}

/// The groups that one is a member of.
pub async fn groups(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let groups = site.keeper.groups(&login).await?;
        let groups: Vec<Value> = groups.iter().map(group_json).collect();
        Ok(answer::json(StatusCode::OK, &json!({ "groups": groups })))
    };
    answered(work.await)
}

pub async fn set_member(
    State(site): State<Arc<Site>>,
    named: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let Path((group, member)) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, request.headers()).await?;
        let (parts, body) = request.into_parts();
        let form: MemberForm = read_if_any(&site, &parts.headers, body).await?;
        site.keeper
            .set_member(&login, &group, &member, form.owner)
            .await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

pub async fn remove_member(
    State(site): State<Arc<Site>>,
    named: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let Path((group, member)) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, &headers).await?;
        site.keeper.remove_member(&login, &group, &member).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

pub async fn drop_group(
    State(site): State<Arc<Site>>,
    named: Named,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let Path(group) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, &headers).await?;
        site.keeper.drop_group(&login, &group).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

pub async fn make_program(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: ProgramForm = read(&site, request).await?;
        let scope = scope_in(&form.scope)?;
        let made = site
            .keeper
            .make_program(&login, &form.name, scope, visitor.ip);
        let (program, token) = made.await?;
        let answer = json!({ "program": program, "token": new_token_json(&token) });
        Ok(answer::json(StatusCode::CREATED, &answer))
    };
    answered(work.await)
}

/// The programs that one owns.
pub async fn programs(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let programs = site.keeper.programs(&login).await?;
        let programs: Vec<Value> = programs
            .iter()
            .map(|circle| json!({ "program": circle.principal }))
            .collect();
        Ok(answer::json(
            StatusCode::OK,
            &json!({ "programs": programs }),
        ))
    };
    answered(work.await)
}

pub async fn drop_program(
    State(site): State<Arc<Site>>,
    named: Named,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let Path(program) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, &headers).await?;
        site.keeper.drop_program(&login, &program).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

pub async fn make_token(State(site): State<Arc<Site>>, request: Request) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: TokenForm = read(&site, request).await?;
        let scope = scope_in(&form.scope)?;
        let made = site
            .keeper
            .make_token(&login, form.of.as_deref(), &form.name, scope);
        let made = new_token_json(&made.await?);
        Ok(answer::json(StatusCode::CREATED, &made))
    };
    answered(work.await)
}

/// The tokens of oneself, or of a program of one's own.
pub async fn tokens(
    State(site): State<Arc<Site>>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let of = query::values(asked.as_deref(), "of")?;
        let tokens = site
            .keeper
            .tokens(&login, of.first().map(String::as_str))
            .await?;
        let tokens: Vec<Value> = tokens.iter().map(token_json).collect();
        Ok(answer::json(StatusCode::OK, &json!({ "tokens": tokens })))
    };
    answered(work.await)
}

pub async fn drop_token(
    State(site): State<Arc<Site>>,
    named: Result<Path<u64>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let Path(id) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, &headers).await?;
        site.keeper.drop_token(&login, id).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

fn scope_in(words: &[String]) -> Result<Scope, Refusal> {
    read_scope(words).ok_or_else(|| Code::BadFrame.refusal())
}

fn group_json(group: &Circle) -> Value {
    let members: Vec<Value> = group
        .members
        .iter()
        .map(|member| json!({ "member": member.principal, "owner": member.owner }))
        .collect();
    json!({ "group": group.principal, "members": members })
}

fn token_json(token: &Token) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scope": scope_words(token.scope),
        "created": token.created,
        "used": token.used,
    })
}

/// The one answer that holds a token's secret.
fn new_token_json(made: &NewToken) -> Value {
    let mut json = token_json(&made.token);
    json["token"] = made.secret.as_str().into();
    json
}
