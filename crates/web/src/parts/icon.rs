//! Line icons of one hand, 24 by 24. They say nothing to a screen reader: the control beside them has a name.

use crate::draw::{Tag, path, svg, tag};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Add,
    Back,
    Close,
    Copy,
    Down,
    Failed,
    More,
    Search,
    Up,
    Send,
    Sending,
    Sent,
    Delivered,
    Waiting,
    Eye,
    EyeOff,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Add => "M12 5v14M5 12h14",
            Self::Back => "M15 5l-7 7 7 7",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => "M9 9h10v10H9zM5 15V5h10",
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Failed => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v5M12 16v.1",
            Self::More => "M12 5v.1M12 12v.1M12 19v.1",
            Self::Up => "M12 19V5M6 11l6-6 6 6",
            Self::Search => "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.5 4.5",
            Self::Send => "M5 12h13M12 5l7 7-7 7",
            Self::Sending => "M12 4a8 8 0 0 1 8 8M12 20a8 8 0 0 1-8-8",
            Self::Sent => "M5 13l4.5 4.5L19 7",
            Self::Delivered => "M2 13l4.5 4.5L16 7M11.5 16.5l1 1L22 7",
            Self::Waiting => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4.5l3 2",
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.5 6c.8-.3 1.6-.5 2.5-.5 6 0 9.5 6.5 9.5 6.500s-1 1.8-2.8 3.500M6 8c-2.3 1.7-3.5 4-3.5 4S6 18.5 12 18.500c1.2 0 2.3-.3 3.3-.7"
            }
        }
    }
}

/// The lamp of the product, as in its icon.
pub fn mark() -> Tag {
    svg("mark", "0 0 64 64")
        .with(
            tag("rect")
                .class("mark-tile")
                .attr("width", "64")
                .attr("height", "64")
                .attr("rx", "15"),
        )
        .with(path("mark-glow", "M23 37 9 54h46L41 37z"))
        .with(path("mark-cord", "M32 8v9"))
        .with(path("mark-shade", "M28 17h8l11 20H17z"))
        .with(circle("mark-bulb", "32", "41", "6"))
}

pub fn circle(class: &'static str, x: &'static str, y: &'static str, radius: &'static str) -> Tag {
    tag("circle")
        .class(class)
        .attr("cx", x)
        .attr("cy", y)
        .attr("r", radius)
}

pub fn glyph(icon: Icon) -> Tag {
    let turns = matches!(icon, Icon::Back | Icon::Send);
    let class = if turns { "icon icon-turns" } else { "icon" };
    svg(class, "0 0 24 24").with(path("", icon.path()))
}
