//! Lines without an agent: frames written by hand, for what no honest agent would say and for reading every answer.

use lamplight_core::address::{DeviceId, Principal, SessionId, Token};
use lamplight_core::service::Identity;
use lamplight_core::wire::{Codec, Credentials, Cursor, ToAgent, ToService, VERSION};

use super::line::{End, Reading};
use super::{LATENCY, Room};

/// The login of lines by hand, which no device uses.
pub(super) const BY_HAND: u64 = u64::MAX;

/// What came over a line that the test itself holds.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// With the moment at which each came; taken away by [`Room::hears`].
    pub frames: Vec<(u64, ToAgent)>,
    /// When the relay's end closed.
    pub closed_at: Option<u64>,
    /// Answers no pings.
    pub deaf: bool,
}

impl Room {
    /// Opens a line and says nothing.
    pub fn dials(&mut self, codec: Codec) -> SessionId {
        let session = self.opens_line(End::Raw(Raw::default()), codec, LATENCY);
        self.settles();
        session
    }

    /// Opens a line and says hello for this person; the answers stay to be heard.
    pub fn logs_in(&mut self, who: &str, device: &str, cursor: Option<Cursor>) -> SessionId {
        let session = self.dials(Codec::Json);
        let hello = self.hello_of(who, device, cursor);
        self.says(session, &hello);
        session
    }

    /// Opens a line and says hello as exactly this one; the answers stay to be heard.
    pub fn logs_in_as(&mut self, identity: Identity, device: &str) -> SessionId {
        let session = self.dials(Codec::Json);
        let hello = ToService::Hello {
            version: VERSION,
            credentials: self.ticket_as(identity),
            device: device_id(device),
            cursor: None,
        };
        self.says(session, &hello);
        session
    }

    /// Opens a visitor's line by way of a site and says hello; the answers stay to be heard.
    pub fn comes_by(&mut self, site: Option<&str>) -> SessionId {
        let session = self.dials(Codec::Json);
        self.sites.insert(session, site.map(str::to_owned));
        let hello = ToService::Hello {
            version: VERSION,
            credentials: Credentials::Visitor,
            device: device_id("page"),
            cursor: None,
        };
        self.says(session, &hello);
        session
    }

    /// Who this person is on a line by hand.
    pub fn identity(&self, who: &str) -> Identity {
        self.identity_of(&self.principal(who), BY_HAND)
    }

    /// This member as they speak for a group.
    pub fn speaks_for(&self, member: &str, group: &str) -> Identity {
        Identity {
            by: Some(self.principal(member)),
            ..self.identity(group)
        }
    }

    /// A hello with a ticket that is good.
    pub fn hello_of(&mut self, who: &str, device: &str, cursor: Option<Cursor>) -> ToService {
        let principal = self.principal(who);
        ToService::Hello {
            version: VERSION,
            credentials: self.good_ticket(&principal),
            device: device_id(device),
            cursor,
        }
    }

    /// A ticket for one line of this person, of a login that no device uses.
    pub fn good_ticket(&mut self, principal: &Principal) -> Credentials {
        self.ticket_for(principal, BY_HAND)
    }

    /// Writes a frame, and lets everything arrive.
    pub fn says(&mut self, session: SessionId, frame: &ToService) {
        self.writes_frame(session, frame);
        self.settles();
    }

    /// Writes a frame and does not wait.
    pub fn writes_frame(&mut self, session: SessionId, frame: &ToService) {
        let codec = self.lines.get(&session).map(|line| line.codec);
        if let Some(codec) = codec {
            self.sends_up(session, codec.encode(frame));
        }
    }

    /// Writes any bytes, and lets everything arrive.
    pub fn says_bytes(&mut self, session: SessionId, bytes: &[u8]) {
        self.sends_up(session, bytes.to_vec());
        self.settles();
    }

    /// Takes the frames that came since the last call.
    pub fn hears(&mut self, session: SessionId) -> Vec<ToAgent> {
        let frames = self.hears_when(session);
        frames.into_iter().map(|(_, frame)| frame).collect()
    }

    /// Takes the frames that came since the last call, each with its moment.
    pub fn hears_when(&mut self, session: SessionId) -> Vec<(u64, ToAgent)> {
        self.raw(session)
            .map(|raw| std::mem::take(&mut raw.frames))
            .unwrap_or_default()
    }

    /// Writes a frame and takes what came in answer.
    pub fn asks_relay(&mut self, session: SessionId, frame: &ToService) -> Vec<ToAgent> {
        self.hears(session);
        self.says(session, frame);
        self.hears(session)
    }

    /// Whether the relay has closed this line.
    pub fn is_closed(&mut self, session: SessionId) -> bool {
        self.raw(session).is_none_or(|raw| raw.closed_at.is_some())
    }

    /// The test's end of the line closes.
    pub fn hangs_up(&mut self, session: SessionId) {
        self.closes_from_device(session);
        self.settles();
    }

    /// The test's end stays open and answers no pings any more.
    pub fn falls_deaf(&mut self, session: SessionId) {
        if let Some(raw) = self.raw(session) {
            raw.deaf = true;
        }
    }

    /// The test's end does not take what is written to it.
    pub fn stops_reading(&mut self, session: SessionId) {
        self.reads_on(session, Reading::Nothing);
    }

    /// The test's end takes everything again.
    pub fn reads_again(&mut self, session: SessionId) {
        self.reads_on(session, Reading::Everything);
        self.settles();
    }

    fn raw(&mut self, session: SessionId) -> Option<&mut Raw> {
        match &mut self.lines.get_mut(&session)?.end {
            End::Raw(raw) => Some(raw),
            End::Device(_) => None,
        }
    }
}

/// A device's name as the wire has it.
pub fn device_id(name: &str) -> DeviceId {
    Token::parse(name).expect("a device is named by a token")
}
