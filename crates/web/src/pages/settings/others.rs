//! Who acts beside me: groups that I am in, programs of mine, and their tokens. All of it is asked at the door.

use std::rc::Rc;

use lamplight_embed::{
    AccessToken, Address, Door, DoorError, Group, NewToken, Principal, Question, Tag as Face, Told,
    View, joined,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{Page, framed};
use crate::dom;
use crate::draw::{Tag, bdi, button, div, p, span, tag, words};
use crate::house::{Asking, Deed, House};
use crate::parts::icon::{Icon, glyph};
use crate::parts::kit::{self, block};
use crate::route::Place;
use crate::texts::{fill, t};
use crate::times;

/// What the door said of groups, programs and tokens; none: not yet.
#[derive(Default)]
pub struct Known {
    groups: Option<Vec<Group>>,
    /// Mine, and each program's.
    tokens: Vec<(Option<Principal>, Vec<AccessToken>)>,
    /// The token that was just made: shown this once.
    made: Option<NewToken>,
    /// What somebody who is blocked gets.
    pub seen: Option<Seen>,
}

impl Known {
    pub fn of_view(seen: Seen) -> Self {
        Self {
            seen: Some(seen),
            ..Self::default()
        }
    }
}

/// What somebody gets of one of my presentities.
#[derive(Clone)]
pub struct Seen {
    pub of: Option<Face>,
    pub by: Address,
    /// None: asked for.
    pub view: Option<View>,
}

/// A page whose facts are asked for when it opens, and after each deed.
#[derive(Clone)]
struct Desk {
    house: House,
    groups: bool,
}

/// What is done at the door.
enum Act {
    MakeGroup(String),
    Take(Principal, Principal, Option<bool>),
    Send(Principal, Principal),
    DropGroup(Principal),
    MakeProgram(String, Vec<&'static str>),
    DropProgram(Principal),
    MakeToken(Option<Principal>, String, Vec<&'static str>),
    DropToken(u64),
    Look,
}

impl Act {
    fn question(&self) -> Option<Question> {
        Some(match self {
            Self::MakeGroup(name) => Door.make_group(name),
            Self::Take(group, member, owner) => Door.set_member(group, member, *owner),
            Self::Send(group, member) => Door.remove_member(group, member),
            Self::DropGroup(group) => Door.drop_group(group),
            Self::MakeProgram(name, scope) => Door.make_program(name, scope),
            Self::DropProgram(program) => Door.drop_program(program),
            Self::MakeToken(of, name, scope) => Door.make_token(of.as_ref(), name, scope),
            Self::DropToken(id) => Door.drop_token(*id),
            Self::Look => return None,
        })
    }
}

/// Does it, and looks how things are then.
async fn perform(act: &Act, groups: bool) -> Result<Known, DoorError> {
    let look = match groups {
        true => Door.groups(),
        false => Door.programs(),
    };
    let mut known = Known::default();
    // The last is asked first.
    let mut todo = vec![(None, look)];
    todo.extend(act.question().map(|question| (None, question)));
    while let Some((of, question)) = todo.pop() {
        match question.ask().await? {
            Told::Nothing => {}
            Told::Groups(groups) => known.groups = Some(groups),
            Told::Programs(programs) => {
                let all = programs.into_iter().rev().map(Some).chain([None]);
                todo.extend(all.map(|of| {
                    let question = Door.tokens(of.as_ref());
                    (of, question)
                }));
            }
            Told::Tokens(tokens) => known.tokens.push((of, tokens)),
            Told::Made(made) => known.made = Some(made),
        }
    }
    Ok(known)
}

impl Desk {
    /// What was asked for one page is no news on another.
    fn is_open(&self) -> bool {
        let page = if self.groups {
            Page::Groups
        } else {
            Page::Programs
        };
        self.house.place() == Some(Place::Settings(page))
    }

    fn does(&self, act: Rc<Act>) {
        let desk = self.clone();
        spawn_local(async move {
            match perform(&act, desk.groups).await {
                Ok(known) if desk.is_open() => desk.house.learn(known),
                Ok(_) => {}
                Err(error) => {
                    let again = desk.clone();
                    let again: Asking = Rc::new(move || again.does(act.clone()));
                    desk.house.refused(error, again);
                }
            }
        });
    }

    fn button(&self, class: &'static str, label: &'static str, about: &str, act: Act) -> Tag {
        let (desk, act) = (self.clone(), Rc::new(act));
        button(class, crate::draw::act(move |_| desk.does(act.clone())))
            .also("small")
            .attr_of("aria-label", &joined(&[label, ": ", about]))
            .say(label)
    }

    fn form(
        &self,
        label: &'static str,
        fields: Vec<Tag>,
        read: impl Fn(&Event) -> Result<Act, &'static str> + 'static,
    ) -> Tag {
        let desk = self.clone();
        let read = Box::new(move |event: &Event| {
            desk.does(Rc::new(read(event)?));
            Ok(Deed::Nothing)
        });
        kit::form(&self.house, label, label, fields, read)
    }
}

/// The desk of a page, and what is known there; none: it is on its way.
fn desk(house: &House, groups: bool) -> (Desk, Option<Rc<Known>>) {
    let desk = Desk {
        house: house.clone(),
        groups,
    };
    let known = house.known(|| desk.does(Rc::new(Act::Look)));
    (desk, known)
}

/// A principal by its name; a bare one is of this relay.
fn principal(house: &House, event: &Event, name: &str) -> Result<Principal, &'static str> {
    let text = dom::entered(event, name);
    let text = text.trim();
    let whole = match text.contains('@') {
        true => text.to_owned(),
        false => joined(&[text, "@", house.shell.principal().address().domain()]),
    };
    Principal::parse(&lamplight_embed::lower(&whole)).map_err(|_| t().address_missing)
}

fn name(event: &Event) -> Result<String, &'static str> {
    let name = dom::entered(event, "name").trim().to_owned();
    if name.is_empty() {
        Err(t().name_missing)
    } else {
        Ok(name)
    }
}

pub fn groups(house: &House) -> Html {
    let (desk, known) = desk(house, true);
    let Some(groups) = known.as_ref().and_then(|known| known.groups.as_ref()) else {
        return framed(
            house,
            Page::Groups,
            vec![p("muted").say(t().loading).into()],
        );
    };
    let make = desk.form(
        t().make_group,
        vec![kit::input("name", t().name, t().group_name_hint)],
        |event| Ok(Act::MakeGroup(name(event)?)),
    );
    let mut inside: Vec<Html> = groups
        .iter()
        .map(|group| one_group(&desk, group).into())
        .collect();
    if groups.is_empty() {
        inside.push(p("muted").say(t().no_groups).into());
    }
    inside.push(make.into());
    framed(house, Page::Groups, inside)
}

fn one_group(desk: &Desk, group: &Group) -> Tag {
    let me = desk.house.shell.principal();
    let of = &group.principal;
    let owner = group
        .members
        .iter()
        .any(|one| one.principal == *me && one.owner);
    let members = group.members.iter().map(|one| {
        let address = one.principal.as_str();
        let mine = one.principal == *me;
        let send = Act::Send(of.clone(), one.principal.clone());
        let label = if mine {
            t().leave_group
        } else {
            t().remove_rule
        };
        let mut acts = Vec::new();
        if owner && !mine {
            let label = match one.owner {
                true => t().make_member,
                false => t().make_owner,
            };
            let act = Act::Take(of.clone(), one.principal.clone(), Some(!one.owner));
            acts.push(desk.button("", label, address, act));
        }
        if owner || mine {
            acts.push(desk.button("grave", label, address, send));
        }
        kit::line(
            bdi("", address),
            if one.owner { t().owner } else { "" },
            acts,
        )
    });
    let take = || {
        let (house, of) = (desk.house.clone(), of.clone());
        let fields = vec![kit::input("member", t().address, "")];
        desk.form(t().add_member, fields, move |event| {
            Ok(Act::Take(
                of.clone(),
                principal(&house, event, "member")?,
                None,
            ))
        })
    };
    let end = || {
        desk.button(
            "grave",
            t().end_group,
            of.as_str(),
            Act::DropGroup(of.clone()),
        )
    };
    let speak = tag("a")
        .class("button")
        .attr_of("href", &joined(&["/?as=", of.as_str()]))
        .attr("target", "_blank")
        .text(&fill(t().answer_as, of.address().name()));
    block(bdi("", of.as_str()), "")
        .with(div("block-acts").with(speak).maybe(owner.then(end)))
        .with(tag("ul").class("lines").each(members))
        .maybe(owner.then(take))
}

/// What a token may do, in the words of the relay and in ours.
fn scopes() -> [(&'static str, &'static str); 5] {
    [
        ("watch", t().scope_watch),
        ("publish", t().scope_publish),
        ("send", t().scope_send),
        ("read", t().scope_read),
        ("manage", t().scope_manage),
    ]
}

fn scope_fields() -> Vec<Tag> {
    let boxes = scopes().map(|(name, label)| kit::check(name, label, false));
    let all = tag("fieldset")
        .class("radios")
        .with(tag("legend").say(t().may))
        .each(boxes);
    vec![kit::input("name", t().name, t().program_hint), all]
}

fn read_scope(event: &Event) -> Result<Vec<&'static str>, &'static str> {
    let chosen = scopes().into_iter().map(|(name, _)| name);
    let chosen: Vec<_> = chosen.filter(|name| dom::is_checked(event, name)).collect();
    if chosen.is_empty() {
        Err(t().scope_missing)
    } else {
        Ok(chosen)
    }
}

pub fn programs(house: &House) -> Html {
    let (desk, known) = desk(house, false);
    let Some(known) = known else {
        return framed(
            house,
            Page::Programs,
            vec![p("muted").say(t().loading).into()],
        );
    };
    let mut inside: Vec<Html> = Vec::new();
    if let Some(made) = &known.made {
        inside.push(secret(house, &made.secret).into());
    }
    for (of, tokens) in &known.tokens {
        inside.push(token_list(&desk, of.as_ref(), tokens).into());
    }
    let make = desk.form(t().make_program, scope_fields(), |event| {
        Ok(Act::MakeProgram(name(event)?, read_scope(event)?))
    });
    inside.push(make.into());
    framed(house, Page::Programs, inside)
}

/// A token that was just made.
fn secret(house: &House, secret: &str) -> Tag {
    let copy = house.does(Deed::Copy(secret.to_owned()));
    div("secret")
        .attr("role", "status")
        .with(p("strong").say(t().token_once))
        .with(tag("code").text(secret))
        .with(button("", copy).with(glyph(Icon::Copy)).say(t().copy_token))
}

fn token_list(desk: &Desk, of: Option<&Principal>, tokens: &[AccessToken]) -> Tag {
    let now = desk.house.shell.now().timestamp;
    let rows = tokens.iter().map(|token| {
        let known = scopes();
        let scope = token.scope.iter().map(|word| {
            let ours = known.iter().find(|(name, _)| name == word);
            ours.map_or(word.as_str(), |(_, label)| label)
        });
        let mut more = scope.collect::<Vec<_>>().join(", ");
        more.push_str(" · ");
        more.push_str(&match token.used {
            Some(at) => fill(t().used, &times::ago(at, now)),
            None => t().never_used.into(),
        });
        let revoke = desk.button("grave", t().revoke, &token.name, Act::DropToken(token.id));
        kit::line(span("strong").text(&token.name), &more, [revoke])
    });
    let rows = kit::lines(t().no_tokens, rows.collect());
    let whose = of.cloned();
    let make = desk.form(t().make_token, scope_fields(), move |event| {
        Ok(Act::MakeToken(
            whose.clone(),
            name(event)?,
            read_scope(event)?,
        ))
    });
    let title = match of {
        Some(program) => bdi("", program.as_str()).into(),
        None => words(t().my_tokens),
    };
    let end = of.map(|program| {
        let drop = Act::DropProgram(program.clone());
        div("block-acts").with(desk.button("grave", t().end_program, program.as_str(), drop))
    });
    block(title, "").with(rows).with(make).maybe(end)
}
