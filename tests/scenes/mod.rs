//! Scenes: conversations of named people over both machines, each with what everyone then sees.
//!
//! Every scene stands in the list below; the list becomes a table here, which WebAssembly runs, and one test each natively.
//! The ids in the scenes' docs are the rows of the model's checklist (`docs/RFC2778.md`).

mod leases;
mod limits;
mod messaging;
mod presence;
mod reconnecting;
mod refusals;
mod support;
mod watching;

/// A scene: its theme, its sentence and what happens.
#[derive(Clone, Copy)]
pub struct Scene {
    pub theme: &'static str,
    pub name: &'static str,
    pub play: fn(),
}

/// Hands the list of all scenes to a macro.
#[macro_export]
macro_rules! all_scenes {
    ($each:ident) => {
        $each! {
            watching {
            }
            presence {
            }
            leases {
            }
            messaging {
            }
            reconnecting {
            }
            limits {
                ten_sessions_and_no_more
                frames_faster_than_the_rate_are_refused
                messages_faster_than_the_rate_are_refused_and_none_of_them_arrives
                thirty_two_messages_in_flight_and_no_more
                eight_tuples_of_a_session_and_no_more
                status_changes_faster_than_the_rate_are_refused
                a_fetch_names_a_hundred_and_no_more
                a_contact_list_has_its_limit
                a_presentity_has_its_most_watchers
                requests_of_strangers_have_their_limit
                asking_strangers_has_its_rate
                a_full_inbox_refuses_and_deleting_makes_room
                a_deletion_names_a_hundred_and_no_more
                a_session_that_does_not_acknowledge_has_its_window
                a_page_holds_three_hundred_and_no_more
                thirty_two_frames_wait_for_the_disk_and_no_more
                values_for_a_slow_session_replace_each_other
            }
            refusals {
                a_wrong_version_is_answered_and_closed
                a_line_without_a_hello_is_closed_after_ten_seconds
                the_first_frame_must_be_a_hello
                a_ticket_is_good_for_one_line
                a_second_hello_changes_nothing
                a_tuple_that_is_not_sound_is_refused
                a_tuple_at_every_limit_is_carried_unchanged
                an_unknown_address_is_told_as_such
                an_unknown_address_becomes_known_when_somebody_signs_up
                a_frame_over_the_limit_closes_the_line
                a_body_over_the_limit_is_refused
                the_welcome_announces_the_limits
                nobody_decides_for_another
                an_inbox_in_a_tuple_must_be_ones_own
                one_cannot_watch_or_block_oneself
                a_refusal_for_haste_says_how_long_to_wait
            }
        }
    };
}

macro_rules! table {
    ($($theme:ident { $($name:ident)* })*) => {
        /// All scenes, theme by theme.
        pub const ALL: &[Scene] = &[$($(
            Scene { theme: stringify!($theme), name: stringify!($name), play: $theme::$name },
        )*)*];
    };
}

all_scenes!(table);

/// Plays a scene by its sentence.
///
/// # Panics
/// If there is no such scene, and where the scene finds something else than it says.
pub fn play(name: &str) {
    let scene = ALL.iter().find(|scene| scene.name == name);
    (scene.expect("the scene is in the table").play)();
}
