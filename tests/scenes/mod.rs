//! Scenes: conversations of named people over both machines, each with what everyone then sees.
//!
//! Every scene stands in the list below; the list becomes a table here, which WebAssembly runs, and one test each natively.
//! The ids in the scenes' docs are the rows of the model's checklist (`docs/RFC2778.md`).

mod badges;
mod doors;
mod fates;
mod further;
mod groups;
mod leases;
mod limits;
mod looks;
mod messaging;
mod model_rows;
mod no_difference;
mod presence;
mod reconnecting;
mod refusals;
mod requests;
mod rules;
mod scripts;
mod shops;
mod signals;
mod stepping_up;
mod support;
mod visiting;
mod watched;
mod watchers;
mod watching;

pub use support::free_of_rates;

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
            scripts {
                a_script_watches_for_as_long_as_it_runs_and_keeps_nobody
                what_a_script_watches_and_what_a_person_keeps_are_apart
                a_script_that_watches_nobody_reads_so
                a_script_deals_with_one_message_after_the_other
            }
            watching {
                a_stranger_is_asked_about_and_sees_nothing_before_the_answer
                a_request_is_told_once
                denial_is_told_and_can_be_taken_back
                a_changed_decision_reaches_the_watcher_at_once
                who_is_allowed_in_advance_is_not_asked_about
                a_request_and_its_answer_wait_for_those_who_are_away
                decisions_outlive_the_relay
                a_contact_is_on_every_device
                unsubscribing_stops_at_once
                a_request_is_taken_back_with_the_contact
                one_request_watches_many
                a_fetch_answers_by_the_same_rules_and_subscribes_to_nothing
                blocking_looks_like_going_offline
                a_blocked_stranger_waits_for_ever
                the_blocked_find_the_same_wherever_they_ask
            }
            presence {
                two_people_see_each_other
                the_list_is_headed_by_how_people_are_and_each_moves_with_their_presence
                no_flicker_when_one_of_two_devices_leaves
                one_counts_ones_own_devices
                away_when_all_devices_are_idle_and_back_with_a_touch
                by_hand_is_stronger_than_idle
                a_status_by_hand_belongs_to_the_account
                the_newest_status_by_hand_wins
                a_status_from_the_future_counts_from_now
                a_status_by_hand_ends_when_it_was_said_to
                a_wall_clock_that_jumps_makes_nobody_leave
                invisible_equals_offline_frame_by_frame
                the_invisible_see_and_know_that_they_are
                an_equal_publish_makes_no_notification
                quick_changes_come_at_most_once_a_second_and_the_last_one_always
                followers_latecomers_and_fetchers_see_the_same
                the_inbox_to_write_to_comes_with_the_presence
                what_is_published_with_the_hello_is_what_one_sees_of_oneself
            }
            leases {
                a_reload_is_seen_by_nobody
                a_closed_tab_is_gone_within_twelve_seconds
                a_broken_line_is_gone_within_twelve_seconds
                a_silent_cut_is_gone_within_forty_five_seconds
                coming_back_within_the_grace_is_seen_by_nobody
                a_stuck_page_is_not_gone
                a_line_that_freezes_for_a_moment_is_not_gone
                a_sign_out_is_seen_at_once
                a_revoked_login_is_out_at_once
                a_withdrawn_tuple_is_gone_at_once
                after_a_crash_the_absent_are_unknown_then_offline
                after_a_crash_those_who_come_back_are_there
                when_someone_was_last_there_is_kept
                a_restart_in_order_is_seen_by_nobody
                a_relay_that_was_held_up_takes_nobody_for_gone
                a_relay_that_goes_on_hears_everyone_before_it_judges
                a_session_that_answers_no_pings_is_closed
                a_session_that_answers_pings_stays
            }
            messaging {
                a_message_is_accepted_and_then_delivered
                messages_wait_for_someone_absent
                all_devices_see_one_order_without_a_gap
                a_repeated_message_is_kept_once_for_ever
                an_id_stands_for_one_content
                a_cursor_brings_what_was_missed_and_nothing_else
                delivered_is_one_mark_that_moves
                an_acknowledgement_goes_no_further_than_the_log
                a_deleted_message_is_gone_everywhere_in_that_inbox
                read_on_one_device_is_read_on_the_other
                unread_is_counted_for_each_conversation
                what_one_sends_stands_on_all_of_ones_devices
                a_message_to_oneself_stands_once
                messages_of_the_blocked_are_accepted_and_never_arrive
                a_closed_inbox_says_so
                a_message_to_nobody_fails_and_can_be_discarded
                a_failed_message_does_not_hold_up_the_others
                a_message_is_told_once_and_not_to_who_looks_at_it
                a_stranger_who_writes_has_a_row
                history_comes_page_by_page
                two_hundred_and_fifty_six_are_on_their_way_and_no_more
                nothing_is_acknowledged_before_it_is_kept
                a_disk_that_lies_is_found_out
                a_fault_of_the_disk_is_a_refusal_and_keeps_nothing
                messages_outwait_a_full_disk
                a_delivery_outwaits_a_full_disk
                writing_faster_than_allowed_loses_nothing
                a_message_carries_its_id_and_when_it_was_taken
            }
            reconnecting {
                a_lost_line_is_resumed_where_it_broke
                a_restored_store_is_told_and_read_anew
                who_missed_too_much_is_reset_and_finds_everything
                messages_written_offline_go_out_in_order
                messages_written_offline_outlive_a_reload
                a_line_that_breaks_at_any_moment_loses_and_doubles_nothing
                a_receiver_that_breaks_off_at_any_moment_misses_and_doubles_nothing
                a_relay_killed_at_any_moment_loses_and_doubles_nothing
                a_restart_keeps_everything
                everybody_is_back_soon_after_a_restart
                trouble_is_shown_after_three_seconds
                an_agent_notices_a_line_that_died_without_a_word
                a_line_that_thaws_brings_everything_once
                a_device_that_does_not_read_misses_nothing
                what_was_wanted_offline_happens_on_return
                a_decision_that_was_under_way_is_not_lost
                a_reload_without_the_relay_shows_what_was_known
                a_draft_outlives_a_reload
                a_signed_out_device_stays_away_until_it_signs_in_again
            }
            limits {
                ten_sessions_and_no_more
                frames_faster_than_the_rate_are_refused
                messages_faster_than_the_rate_are_refused_and_none_of_them_arrives
                thirty_two_messages_in_flight_and_no_more
                eight_tuples_of_a_session_and_no_more
                status_changes_faster_than_the_rate_are_refused
                the_default_rates_hold_as_they_are_documented
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
            rules {
                the_person_comes_before_rules_and_the_first_rule_before_others
                a_rule_speaks_of_a_domain_a_class_or_anyone
                moving_a_contact_to_another_group_decides_anew_at_once
                a_rule_begins_and_ends_at_its_moment
                busy_away_invisible_and_offline_are_one_frame_to_who_sees_availability
                of_the_means_each_sees_what_was_chosen
                a_change_of_rules_reaches_standing_subscriptions_at_once
                after_the_answer_nothing_protected_is_written
                rules_hold_for_the_absent_and_after_a_restart
                fifty_rules_and_no_more
                nobody_edits_the_rules_of_another
                rules_that_cannot_be_kept_are_taken_back
            }
            further {
                each_presentity_has_rules_of_its_own
                each_presentity_has_a_status_of_its_own
                each_presentity_has_requests_and_decisions_of_its_own
                a_dropped_presentity_is_an_unknown_address
                a_further_presentity_leads_to_an_inbox_of_its_own
                eight_further_presentities_and_no_more
                a_presentity_that_is_not_there_cannot_be_published
                a_presentity_that_cannot_be_kept_is_taken_back
                a_device_that_leaves_is_no_ghost_in_a_new_presentity
                a_contact_that_cannot_be_kept_is_taken_back
            }
            stepping_up {
                a_fresh_login_is_asked_for_and_the_same_subscription_goes_on
                a_password_counts_where_it_was_said
                a_fetch_is_asked_to_sign_in_again_too
                a_rule_that_wants_an_account_shows_nothing_to_guests_and_programs
                a_presentity_says_how_one_must_have_signed_in_to_publish
                a_relay_requires_a_login_of_all_who_watch_or_publish
                a_relay_can_require_a_fresh_login_to_watch
            }
            watchers {
                subscribers_fetchers_and_pollers_are_told_apart
                attempts_that_got_nothing_stand_apart
                five_times_subscribed_and_cancelled_is_five_and_ended
                watcher_information_is_told_as_it_changes
                after_the_span_watchers_are_forgotten_also_by_the_store
                nobody_is_told_of_anothers_watchers
                a_watcher_says_how_it_stands
                who_hides_is_turned_away_by_one_who_wants_to_know
                two_devices_are_one_row_and_coming_back_counts_nothing
                blocking_a_subscriber_shows_as_ended
                each_presentity_has_watchers_of_its_own
                a_visibility_that_cannot_be_kept_is_taken_back
            }
            watched {
                ones_watchers_are_a_presentity_to_fetch_and_to_watch
                the_watchers_of_others_are_nobody
            }
            requests {
                a_strangers_message_is_held_and_the_stranger_is_not_told
                admitting_brings_in_what_was_held_and_what_comes_later
                clearing_empties_what_was_held_and_tells_nobody
                a_thousand_messages_of_a_stranger_end_with_one_decision
                rules_speak_of_senders_classes_groups_lengths_and_hours
                refused_is_told_dropped_is_not_and_signing_in_helps
                each_inbox_has_rules_of_its_own
                contacts_and_those_one_wrote_to_are_not_held
                an_inbox_has_fifty_rules_and_no_more
            }
            doors {
                a_further_address_is_a_door_of_its_own
                a_further_address_ends_at_its_moment
                a_revoked_address_is_unknown_and_what_came_through_it_stays
                an_answer_from_a_further_address_shows_no_other
                who_is_blocked_at_one_door_is_blocked_at_the_other
                an_inbox_closed_by_hand_says_why_beforehand
                an_inbox_with_hours_opens_and_closes_by_itself
                fifty_addresses_and_no_more
            }
            looks {
                a_look_is_answered_for_each_and_subscribes_to_nothing
                nobody_cannot_tell_the_unknown_from_those_who_share_nothing
                a_rule_for_anyone_opens_the_badge_and_visitors_are_counted
                polling_too_fast_is_refused_with_a_time_to_wait
                haste_is_the_same_for_the_unknown
                a_program_does_what_its_token_says
                only_who_sets_it_up_looks_through_anothers_eyes
                a_relay_without_presence_carries_messages
                a_relay_without_messages_carries_presence
            }
            badges {
                a_badge_shows_nothing_until_it_is_switched_on
                the_badge_of_the_absent_the_invisible_and_the_blocking_is_one
                the_badge_of_nobody_is_that_of_all_who_have_none
                visitors_are_counted_by_their_site
                a_hundred_sites_are_remembered_and_the_rest_together
            }
            visiting {
                a_visitor_is_told_at_once_of_what_visitors_are_shown
                to_a_visitor_nobody_is_there_and_nobody_is_not
                the_gone_the_invisible_and_the_blocking_are_one_to_a_visitor
                a_visitor_may_look_and_nothing_else
                a_page_that_nobody_looks_at_pauses
                visitors_lock_nobody_out
                a_line_of_a_visitor_counts_once_by_its_site
                a_relay_that_wants_to_know_who_watches_shows_visitors_nothing
            }
            shops {
                a_visitor_of_a_site_is_called_as_their_login_says
                who_waits_for_an_answer_is_called_the_same
                a_visitor_of_a_site_reaches_whom_it_shows_and_nobody_else
                who_has_written_to_a_visitor_is_answered
                nobody_says_of_themselves_that_a_site_vouches_for_them
            }
            signals {
                typing_is_told_to_who_sees_me_and_takes_my_letters
                typing_comes_from_the_address_by_which_one_speaks
                who_seems_absent_does_not_type
                who_seems_absent_has_taken_nothing
                what_was_taken_unseen_is_told_when_one_is_seen_again
                typing_is_throttled
                who_pauses_is_told_of_messages_and_requests_alone
                what_time_takes_away_is_taken_from_who_pauses_too
            }
            groups {
                a_group_is_there_while_any_member_is
                a_group_does_not_tell_of_its_members
                a_group_takes_messages_of_strangers_at_once
                the_groups_log_says_who_answered_and_the_customers_does_not
                a_member_speaks_in_the_groups_name
            }
            no_difference {
                who_saw_everything_finds_no_difference
                a_restart_makes_no_difference
                who_saw_the_availability_finds_no_difference
                who_was_let_see_by_a_decision_alone_finds_no_difference
                parts_and_means_stay_as_they_were_at_a_block
                an_inbox_stays_as_it_was_at_a_block
                a_block_by_a_rule_makes_no_difference
                who_waits_at_a_block_waits_for_ever
                a_demand_for_names_makes_no_difference
                a_block_at_work_makes_no_difference
                a_rule_that_closes_the_badge_makes_no_difference_to_visitors
                who_is_let_in_again_sees_her_as_she_is
                a_block_that_goes_on_in_another_form_shows_nothing_new
                an_old_block_shows_what_it_showed
                a_stranger_cannot_tell_waiting_from_being_blocked
                who_asks_again_and_again_is_as_slow_when_blocked
            }
            model_rows {
                each_user_agent_works_alone
                a_buddy_list_shows_oneself_and_others_and_nothing_else
                after_sign_up_there_is_one_presentity_with_one_inbox_and_one_watcher
                unknown_values_and_markup_come_through_as_they_were
                values_combine_with_open_unless_they_exclude_it
                a_notification_alone_says_where_messages_are_taken
                an_address_that_hides_while_closed_is_there_when_it_is_open_and_no_sooner
                an_address_that_is_withdrawn_while_closed_is_seen_by_nobody
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

impl Scene {
    /// Plays the scene in Rooms of this seed; the answer stands for everything that happened in them.
    pub fn trace(&self, seed: u64) -> u64 {
        crate::room::trace_of(seed, self.play)
    }
}

/// Plays a scene by its sentence.
///
/// # Panics
/// If there is no such scene, and where the scene finds something else than it says.
pub fn play(name: &str) {
    let scene = ALL.iter().find(|scene| scene.name == name);
    (scene.expect("the scene is in the table").play)();
}
