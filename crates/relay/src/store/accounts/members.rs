//! Groups with their members, and programs with their owners, as SQL.
//!
//! Both stand in one table: who belongs to a principal that is no person, and whether they own it. A program has its owner there and
//! nobody else; a group has at least one owner for as long as it lives.

use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use lamplight_core::wire::Class;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Decided, NewPrincipal, create};
use crate::store::rows::{address, class_number};

/// Most groups, and most programs, that one account owns.
const OWNED_MAX: u32 = 20;
/// Most members of one group.
const MEMBERS_MAX: u32 = 50;

/// A group or a program, with those who belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    pub principal: Principal,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub principal: Principal,
    pub owner: bool,
}

/// Makes a group or a program, with its owner first among the members.
pub fn create_circle(
    db: &Connection,
    new: &NewPrincipal,
    owner: &Principal,
    others: &[Principal],
) -> Decided<()> {
    let owned: u32 = db
        .prepare_cached(
            "SELECT count(*) FROM members m JOIN principals g ON g.id = m.grp JOIN principals p ON p.id = m.member
             WHERE p.address = ?1 AND m.owner = 1 AND g.class = ?2",
        )?
        .query_row(params![owner.as_str(), class_number(new.class)], |row| {
            row.get(0)
        })?;
    if owned >= OWNED_MAX {
        return Ok(Err(Code::TooManyAddresses));
    }
    let mut members = Vec::new();
    for member in std::iter::once(owner).chain(others) {
        let Some(id) = account(db, member)? else {
            return Ok(Err(Code::UnknownAddress));
        };
        if !members.contains(&id) {
            members.push(id);
        }
    }
    if members.len() > MEMBERS_MAX as usize {
        return Ok(Err(Code::TooManyAddresses));
    }
    if let Some(code) = create(db, new)?.refusal() {
        return Ok(Err(code));
    }
    let circle = db.last_insert_rowid();
    for (place, member) in members.into_iter().enumerate() {
        add(db, circle, member, place == 0)?;
    }
    Ok(Ok(()))
}

/// The groups, or the programs, that someone belongs to, each with all who do.
pub fn circles_of(db: &Connection, member: &Principal, class: Class) -> Result<Vec<Circle>> {
    let mut statement = db.prepare_cached(
        "SELECT g.address, o.address, all_of.owner
         FROM principals p JOIN members mine ON mine.member = p.id JOIN principals g ON g.id = mine.grp
         JOIN members all_of ON all_of.grp = g.id JOIN principals o ON o.id = all_of.member
         WHERE p.address = ?1 AND g.class = ?2 ORDER BY g.address, all_of.owner DESC, o.address",
    )?;
    let mut rows = statement.query(params![member.as_str(), class_number(class)])?;
    let mut circles: Vec<Circle> = Vec::new();
    while let Some(row) = rows.next()? {
        let principal = Principal(address(row, 0)?);
        let member = Member {
            principal: Principal(address(row, 1)?),
            owner: row.get(2)?,
        };
        match circles.last_mut() {
            Some(last) if last.principal == principal => last.members.push(member),
            _ => circles.push(Circle {
                principal,
                members: vec![member],
            }),
        }
    }
    Ok(circles)
}

/// In whose names someone may speak.
pub fn groups_of(db: &Connection, member: &Principal) -> Result<Vec<Principal>> {
    db.prepare_cached(
        "SELECT g.address FROM members m JOIN principals g ON g.id = m.grp JOIN principals p ON p.id = m.member
         WHERE p.address = ?1 AND g.class = ?2",
    )?
    .query_map(params![member.as_str(), class_number(Class::Group)], |row| {
        Ok(Principal(address(row, 0)?))
    })?
    .collect()
}

/// Whether someone may speak in a group's name.
pub fn is_member(db: &Connection, group: &Principal, member: &Principal) -> Result<bool> {
    Ok(belongs(db, group, Class::Group, member)?.is_some())
}

/// Whether someone owns this group or program.
pub fn owns(db: &Connection, of: &Principal, class: Class, who: &Principal) -> Result<bool> {
    Ok(belongs(db, of, class, who)? == Some(true))
}

/// An owner takes an account in, or says whether a member owns the group as well.
pub fn set_member(
    db: &Connection,
    group: &Principal,
    by: &Principal,
    member: &Principal,
    owner: Option<bool>,
) -> Decided<()> {
    if !owns(db, group, Class::Group, by)? {
        return Ok(Err(Code::NotAllowed));
    }
    let (Some(circle), Some(id)) = (number(db, group)?, account(db, member)?) else {
        return Ok(Err(Code::UnknownAddress));
    };
    match (belongs(db, group, Class::Group, member)?, owner) {
        (None, owner) => {
            let members: u32 = db
                .prepare_cached("SELECT count(*) FROM members WHERE grp = ?1")?
                .query_row([circle], |row| row.get(0))?;
            if members >= MEMBERS_MAX {
                return Ok(Err(Code::TooManyAddresses));
            }
            add(db, circle, id, owner.unwrap_or(false))?;
        }
        (Some(true), Some(false)) if owners(db, circle)? == 1 => {
            return Ok(Err(Code::NotAllowed));
        }
        (Some(_), Some(owner)) => {
            db.prepare_cached("UPDATE members SET owner = ?3 WHERE grp = ?1 AND member = ?2")?
                .execute(params![circle, id, owner])?;
        }
        (Some(_), None) => {}
    }
    Ok(Ok(()))
}

/// An owner sends a member away, or a member goes; their logins, which may have sessions in the group's name. The last owner stays
/// for as long as the group does.
pub fn remove_member(
    db: &Connection,
    group: &Principal,
    by: &Principal,
    member: &Principal,
) -> Decided<Vec<u64>> {
    let may = belongs(db, group, Class::Group, by)?;
    if may.is_none_or(|owner| !owner && by != member) {
        return Ok(Err(Code::NotAllowed));
    }
    let Some(circle) = number(db, group)? else {
        return Ok(Err(Code::NotAllowed));
    };
    match belongs(db, group, Class::Group, member)? {
        None => return Ok(Ok(Vec::new())),
        Some(true) if owners(db, circle)? == 1 => return Ok(Err(Code::NotAllowed)),
        Some(_) => {}
    }
    db.prepare_cached(
        "DELETE FROM members WHERE grp = ?1 AND member = (SELECT id FROM principals WHERE address = ?2)",
    )?
    .execute(params![circle, member.as_str()])?;
    let logins = db
        .prepare_cached(
            "SELECT l.id FROM logins l JOIN principals p ON p.id = l.principal WHERE p.address = ?1",
        )?
        .query_map([member.as_str()], |row| Ok(row.get::<_, i64>(0)? as u64))?
        .collect::<Result<_>>()?;
    Ok(Ok(logins))
}

/// An owner ends a group or a program: it goes with all that was kept for it.
pub fn drop_circle(
    db: &Connection,
    circle: &Principal,
    class: Class,
    by: &Principal,
) -> Decided<()> {
    if !owns(db, circle, class, by)? {
        return Ok(Err(Code::NotAllowed));
    }
    db.prepare_cached("DELETE FROM principals WHERE address = ?1")?
        .execute([circle.as_str()])?;
    Ok(Ok(()))
}

/// Whether someone belongs to a group or program of this class, and if so whether they own it.
fn belongs(
    db: &Connection,
    circle: &Principal,
    class: Class,
    who: &Principal,
) -> Result<Option<bool>> {
    db.prepare_cached(
        "SELECT m.owner FROM members m JOIN principals g ON g.id = m.grp JOIN principals p ON p.id = m.member
         WHERE g.address = ?1 AND g.class = ?2 AND p.address = ?3",
    )?
    .query_row(
        params![circle.as_str(), class_number(class), who.as_str()],
        |row| row.get(0),
    )
    .optional()
}

fn owners(db: &Connection, circle: i64) -> Result<u32> {
    db.prepare_cached("SELECT count(*) FROM members WHERE grp = ?1 AND owner = 1")?
        .query_row([circle], |row| row.get(0))
}

fn add(db: &Connection, circle: i64, member: i64, owner: bool) -> Result<()> {
    db.prepare_cached("INSERT INTO members (grp, member, owner) VALUES (?1, ?2, ?3)")?
        .execute(params![circle, member, owner])?;
    Ok(())
}

fn number(db: &Connection, of: &Principal) -> Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM principals WHERE address = ?1")?
        .query_row([of.as_str()], |row| row.get(0))
        .optional()
}

/// The number of an account: neither guests nor groups nor programs belong to anything.
fn account(db: &Connection, of: &Principal) -> Result<Option<i64>> {
    db.prepare_cached("SELECT id FROM principals WHERE address = ?1 AND class = ?2")?
        .query_row(params![of.as_str(), class_number(Class::Account)], |row| {
            row.get(0)
        })
        .optional()
}
