//! The suite that every driver passes: one function per behaviour, named after it; the rules are D1 to D16.
//!
//! A driver's tests implement [`Subject`] and call [`conformance_suite!`](crate::conformance_suite) once per
//! subject, which makes one `#[test]` of each behaviour. Both ends of each connection live in one driver. The
//! suite knows the contract alone: it never sleeps, it polls until the awaited completions have come, and a
//! deadline on the driver's own clock fails the test. Whatever arrives is also checked against the rules that
//! hold always (the memory that comes back is the memory that was lent, nothing follows `Closed`, and so on).

mod closing;
mod ending;
mod establishing;
mod memory;
mod rig;
mod transfer;
mod waiting;
mod watching;

pub use closing::{
    a_closed_socket_returns_what_was_lent_once_and_then_says_closed,
    a_closed_stream_demand_ends_before_closed, a_closing_listener_keeps_no_connection,
    a_connect_can_be_closed_before_it_completes, a_reused_slot_never_gets_completions_of_its_past,
    dropping_the_driver_frees_what_was_lent,
};
pub use ending::{
    a_reset_fails_the_receive_and_the_next_sends, a_socket_that_ended_its_writing_still_receives,
    the_end_comes_once_after_all_bytes,
};
pub use establishing::{
    a_connect_and_its_accept_complete_once,
    a_failed_accept_stops_the_listener_until_it_is_restarted,
    a_listener_accepts_a_burst_of_connections, a_paused_listener_stops_until_it_is_restarted,
    an_accepted_connection_goes_on_at_another_driver,
    an_address_in_use_is_refused_and_free_after_close, connecting_where_nobody_listens_fails,
    listening_on_port_zero_reports_the_real_address,
};
pub use memory::{Ledger, TestIn, TestOut};
pub use transfer::{
    a_flood_on_one_socket_does_not_starve_the_others, a_send_waits_for_a_reader_that_comes_late,
    bytes_of_every_size_come_back_in_order, once_fetches_no_more_than_it_was_asked_for,
    pausing_loses_no_byte, pausing_what_does_not_stream_does_nothing, the_demands_may_be_mixed,
};
pub use waiting::{
    a_wake_before_the_poll_makes_it_return, a_wake_from_another_thread_is_never_lost,
    an_idle_poll_brings_nothing, waiting_until_an_instant_reaches_it,
};

pub use watching::{
    a_reset_is_told_to_who_watches, a_reset_is_told_to_who_watches_later,
    a_watched_socket_loses_nothing_that_came_before_the_end, watching_disturbs_nothing,
};

use crate::{Address, Driver};

/// A driver under test.
pub trait Subject {
    /// The driver, over the suite's memory.
    type Driver: Driver<Outgoing = TestOut, Incoming = TestIn>;

    /// Makes a driver of its own.
    fn driver(&self) -> Self::Driver;

    /// Where to listen: each behaviour is tested at each of them. Every call gives names that are free (port 0,
    /// paths that were not given before).
    fn addresses(&self) -> Vec<Address>;

    /// Lets virtual time pass, after each poll. Nothing to do where time is real.
    fn step(&self) {}

    /// The most bytes that one scenario moves through one connection.
    fn bytes_max(&self) -> usize {
        4 << 20
    }

    /// Whether a poll really waits, so that another thread can wake it.
    fn waits(&self) -> bool {
        true
    }

    /// Makes every accept fail, or lets them succeed again; whether the subject can do that at all.
    fn fail_accepts(&self, _fail: bool) -> bool {
        false
    }
}

/// Expands to one `#[test]` per behaviour, each on a subject of its own that the expression makes.
#[macro_export]
macro_rules! conformance_suite {
    ($subject:expr) => {
        $crate::conformance_suite! { @tests $subject;
            a_closed_socket_returns_what_was_lent_once_and_then_says_closed
            a_closed_stream_demand_ends_before_closed
            a_closing_listener_keeps_no_connection
            a_connect_and_its_accept_complete_once
            a_connect_can_be_closed_before_it_completes
            a_failed_accept_stops_the_listener_until_it_is_restarted
            a_flood_on_one_socket_does_not_starve_the_others
            a_listener_accepts_a_burst_of_connections
            a_paused_listener_stops_until_it_is_restarted
            an_accepted_connection_goes_on_at_another_driver
            a_reset_fails_the_receive_and_the_next_sends
            a_reset_is_told_to_who_watches
            a_reset_is_told_to_who_watches_later
            a_reused_slot_never_gets_completions_of_its_past
            a_send_waits_for_a_reader_that_comes_late
            a_socket_that_ended_its_writing_still_receives
            a_wake_before_the_poll_makes_it_return
            a_wake_from_another_thread_is_never_lost
            a_watched_socket_loses_nothing_that_came_before_the_end
            an_address_in_use_is_refused_and_free_after_close
            an_idle_poll_brings_nothing
            bytes_of_every_size_come_back_in_order
            connecting_where_nobody_listens_fails
            dropping_the_driver_frees_what_was_lent
            listening_on_port_zero_reports_the_real_address
            once_fetches_no_more_than_it_was_asked_for
            pausing_loses_no_byte
            pausing_what_does_not_stream_does_nothing
            the_demands_may_be_mixed
            the_end_comes_once_after_all_bytes
            waiting_until_an_instant_reaches_it
            watching_disturbs_nothing
        }
    };
    (@tests $subject:expr; $($behaviour:ident)*) => {
        $(
            #[test]
            fn $behaviour() {
                $crate::conformance::$behaviour(&$subject);
            }
        )*
    };
}
