//! Standings and sources as bytes.

use super::bytes::{Reader, Writer};
use crate::sources::{From, Kept, SourceId};
use doorward_vocab::{CallId, Classes, Confidentiality, Integrity, Label, Owners, Standing, TurnId};

const LEVELS: [Confidentiality; 4] =
    [Confidentiality::Public, Confidentiality::Internal, Confidentiality::Confidential, Confidentiality::Secret];

pub(super) fn standing(w: &mut Writer, standing: &Standing) {
    w.number((standing.label.integrity == Integrity::Untrusted).into());
    w.number(standing.label.confidentiality as u64);
    w.number(standing.classes.bits().into());
    w.number(standing.owners.is_many().into());
    let owners: Vec<_> = standing.owners.iter().collect();
    w.all(owners.into_iter(), |w, owner| w.text(owner));
}

pub(super) fn read_standing(r: &mut Reader<'_>) -> Option<Standing> {
    let integrity = match r.number()? {
        0 => Integrity::Trusted,
        1 => Integrity::Untrusted,
        _ => return None,
    };
    let confidentiality = *LEVELS.get(r.small::<usize>()?)?;
    let classes = Classes::from_bits(r.small()?)?;
    let many = match r.number()? {
        0 => Owners::NONE,
        1 => Owners::MANY,
        _ => return None,
    };
    let owners = r.all(Reader::text)?.into_iter().fold(many, |all, owner| all.join(&Owners::just(owner)));
    Some(Standing { label: Label::new(integrity, confidentiality), owners, classes })
}

pub(super) fn source(w: &mut Writer, source: &Kept) {
    w.number(source.id.0.into());
    let (tag, id) = match source.from {
        From::Turn(id) => (0, id.bits()),
        From::Result(id) => (1, id.bits()),
        From::Definition => (2, 0),
        From::Written(id) => (3, id.bits()),
    };
    w.number(tag);
    if tag != 2 {
        w.bytes(&id.to_le_bytes());
    }
    for number in [source.server, source.tool, source.resource, source.standing] {
        w.number(number.into());
    }
    w.number(source.left.into());
    w.number(source.lost.into());
}

pub(super) fn read_source(r: &mut Reader<'_>) -> Option<Kept> {
    let id = SourceId(r.small()?);
    let tag = r.number()?;
    let bits = if tag != 2 { r.take(16)?.try_into().map(u128::from_le_bytes).ok()? } else { 0 };
    let from = match tag {
        0 => From::Turn(TurnId::from_bits(bits)),
        1 => From::Result(CallId::from_bits(bits)),
        2 => From::Definition,
        3 => From::Written(CallId::from_bits(bits)),
        _ => return None,
    };
    let (server, tool, resource, standing) = (r.small()?, r.small()?, r.small()?, r.small()?);
    Some(Kept { id, from, server, tool, resource, standing, left: r.small()?, lost: r.number()? == 1 })
}
