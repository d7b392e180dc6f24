//! Who the visitor was, as far as this browser remembers it for this site: what a frame keeps is kept apart for each site around
//! it, and not at all where the browser forbids that.

use lamplight_embed::{Principal, Visitor, joined, local};

use super::Asked;

fn name(asked: &Asked) -> String {
    joined(&["lamplight-visitor ", &asked.origin])
}

pub fn recall(asked: &Asked) -> Option<Visitor> {
    let kept = local().get(&name(asked))?;
    let mut lines = kept.split('\n');
    Some(Visitor {
        principal: Principal::parse(lines.next()?).ok()?,
        token: lines.next()?.into(),
        called: lines.next().filter(|name| !name.is_empty()).map(Into::into),
    })
}

/// Whether it is remembered.
pub fn keep(asked: &Asked, visitor: &Visitor) -> bool {
    let called = visitor.called.as_deref().unwrap_or_default();
    let lines = [
        visitor.principal.as_str(),
        "\n",
        &visitor.token,
        "\n",
        called,
    ];
    local().set(&name(asked), &joined(&lines))
}

pub fn forget(asked: &Asked) {
    local().remove(&name(asked));
}
