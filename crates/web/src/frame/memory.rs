//! Who the visitor was, as far as this browser remembers it for this site: what a frame keeps is kept apart for each site around
//! it, and not at all where the browser forbids that.

use lamplight_embed::{Principal, Visitor, joined, local};

use super::Asked;

/// A guest, as whom one goes on by being remembered.
const GUEST: &str = "lamplight-visitor ";
/// Whom the site vouched for last. Remembered only to be said beside the next token, so that a browser has one login however many
/// pages it opens: nobody goes on by it.
const VOUCHED: &str = "lamplight-vouched ";

fn name(kind: &str, asked: &Asked) -> String {
    joined(&[kind, &asked.origin])
}

pub fn recall(asked: &Asked) -> Option<Visitor> {
    read(GUEST, asked)
}

/// Whether it is remembered.
pub fn keep(asked: &Asked, visitor: &Visitor) -> bool {
    write(GUEST, asked, visitor)
}

pub fn forget(asked: &Asked) {
    local().remove(&name(GUEST, asked));
}

pub fn recall_vouched(asked: &Asked) -> Option<Visitor> {
    read(VOUCHED, asked)
}

pub fn keep_vouched(asked: &Asked, visitor: &Visitor) {
    write(VOUCHED, asked, visitor);
}

pub fn forget_vouched(asked: &Asked) {
    local().remove(&name(VOUCHED, asked));
}

fn read(kind: &str, asked: &Asked) -> Option<Visitor> {
    let kept = local().get(&name(kind, asked))?;
    let mut lines = kept.split('\n');
    Some(Visitor {
        principal: Principal::parse(lines.next()?).ok()?,
        token: lines.next()?.into(),
        called: lines.next().filter(|name| !name.is_empty()).map(Into::into),
    })
}

fn write(kind: &str, asked: &Asked, visitor: &Visitor) -> bool {
    let called = visitor.called.as_deref().unwrap_or_default();
    let lines = [
        visitor.principal.as_str(),
        "\n",
        &visitor.token,
        "\n",
        called,
    ];
    local().set(&name(kind, asked), &joined(&lines))
}
