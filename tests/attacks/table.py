"""The attack table: what is tried, what must come of it, and the tests that show it.

The numbers are those of the list the rows were drawn from; it has gaps.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    attack: str
    answer: str
    #: Node ids below `tests/`, without parameters.
    tests: tuple[str, ...] = ()
    #: Why it cannot be tried here, or what differs from the usual answer.
    reason: str = ""


def _row(attack: str, answer: str, tests: str = "", *, reason: str = "") -> Row:
    return Row(attack, answer, tuple(tests.split()), reason)


ROWS: dict[int, Row] = {
    1: _row(
        "Another organization's company, connection, run, file, webhook or key by id, every method",
        "404 as for an id that nobody has, nothing changed, the look in the log",
        """
        test_tenancy.py::test_outsiders_find_nothing_and_change_nothing
        api/test_tenancy.py::test_no_program_reaches_another_organization
        attacks/test_tenants.py::test_what_is_somebody_elses_looks_like_what_does_not_exist
        attacks/test_tenants.py::test_a_refused_look_is_in_the_log
        """,
    ),
    4: _row(
        "Filter, sort or expand by somebody else's id in the query language",
        "an empty result",
        """
        attacks/test_tenants.py::test_a_query_finds_nothing_of_others
        sync/test_past.py::test_the_past_of_another_organization_is_not_seen
        """,
    ),
    7: _row(
        "Raw SQL in the app's role without an organization, or for another one",
        "no row, or refused",
        """
        attacks/test_tenants.py::test_raw_sql_without_an_organization_finds_and_changes_nothing
        attacks/test_tenants.py::test_raw_sql_for_another_organization_finds_and_changes_nothing
        companies/test_row_level_security.py::test_outside_an_organization_nothing_is_seen
        """,
    ),
    9: _row(
        "A task that names no organization, or the wrong one",
        "not run; the wrong one finds nothing",
        """
        attacks/test_tenants.py::test_a_task_that_is_not_told_its_organization_is_not_run
        test_tenancy.py::test_every_task_is_known
        test_tenancy.py::test_a_worker_finds_nothing_of_another_organization
        """,
    ),
    11: _row(
        "Members nobody may set: organization, author, role, state",
        "ignored or 400; unchanged",
        """
        attacks/test_requests.py::test_what_programs_may_not_set_is_not_set
        attacks/test_requests.py::test_what_forms_may_not_set_is_not_set
        """,
    ),
    12: _row(
        "An API key in the query, the body, a cookie or as a password",
        "401",
        "attacks/test_requests.py::test_a_key_counts_in_its_header_only",
    ),
    13: _row(
        "A key revoked, expired, cut, too long, in other letters, with NUL",
        "401, without comparing letters; never 500",
        """
        attacks/test_requests.py::test_a_key_that_is_not_quite_one_opens_nothing
        attacks/test_requests.py::test_keys_are_found_by_their_digest
        api/test_gateway.py::test_a_revoked_key_opens_nothing
        api/test_gateway.py::test_an_expired_key_is_forbidden
        """,
        reason="An expired key gets 403 with words: whoever holds it proves to have had it.",
    ),
    14: _row(
        "A key that may read asks for a refresh or a deletion",
        "403 with the scope that is needed",
        """
        api/test_gateway.py::test_a_key_does_only_what_its_scopes_say
        attacks/test_registers.py::test_a_key_without_the_scope_is_refused_by_every_operation
        api/test_settings.py::test_a_key_gives_none_more_than_it_has
        """,
    ),
    16: _row(
        "31 sign-ins a minute from one address; six wrong passwords of one account from many",
        "refused for a while, the right password as well",
        """
        attacks/test_signing_in.py::test_one_address_has_so_many_tries_a_minute
        attacks/test_signing_in.py::test_one_account_is_guessed_so_often_from_wherever
        """,
    ),
    17: _row(
        "Known and unknown address at sign-in, reset and sign-up",
        "the same answer after the same work",
        """
        attacks/test_signing_in.py::test_a_wrong_password_and_an_unknown_address_look_alike
        portal/test_signup.py::test_unknown_and_known_addresses_get_the_same_answer
        attacks/test_signing_in.py::test_signing_up_with_an_address_that_is_taken_changes_nothing
        """,
        reason="Sign-up says that an address is taken: one is in at once, without waiting for a "
        "mail, so there is no answer that would fit both. It is slowed down instead.",
    ),
    19: _row(
        "A code of the app, a recovery code or a passkey's answer used again or made up; another "
        "person's passkey; one for another site",
        "refused",
        """
        attacks/test_signing_in.py::test_a_code_of_the_app_works_once
        portal/test_account.py::test_a_recovery_code_works_once
        portal/test_account.py::test_a_passkey_that_is_none_is_refused
        attacks/test_passkeys.py::test_ones_own_passkey_opens_the_door
        attacks/test_passkeys.py::test_what_was_signed_for_another_site_or_by_nobody_is_refused
        attacks/test_passkeys.py::test_an_answer_opens_one_door_once
        attacks/test_passkeys.py::test_nobody_is_let_in_as_the_owner_of_anothers_passkey
        attacks/test_passkeys.py::test_the_second_step_takes_ones_own_passkey_only
        """,
    ),
    21: _row(
        "A session cookie set before sign-in",
        "another session afterwards",
        "attacks/test_signing_in.py::test_the_session_is_another_one_after_signing_in",
    ),
    22: _row(
        "A form without token, with another session's, from another origin, as text/plain",
        "403",
        """
        attacks/test_requests.py::test_forms_need_the_token_of_their_own_session
        attacks/test_requests.py::test_a_right_token_from_another_origin_is_refused
        link/test_link_pages.py::test_forms_of_other_sites_are_refused
        """,
    ),
    24: _row(
        "Host, X-Forwarded-Host and X-Forwarded-For made up",
        "400 or ignored; mails carry our address; limits count the real one",
        """
        attacks/test_requests.py::test_a_host_that_is_not_ours_is_refused
        attacks/test_requests.py::test_a_host_that_a_proxy_is_said_to_have_seen_is_nothing
        portal/test_signup.py::test_links_in_mails_lead_to_our_own_address
        portal/test_proxies.py::test_a_visitor_who_makes_up_addresses_is_still_one
        portal/test_proxies.py::test_nobody_but_a_proxy_speaks_for_others
        """,
    ),
    25: _row(
        "next, HX-Redirect and Link's redirect lead elsewhere or break the header",
        "our own pages; Link leads to the registered address only",
        """
        attacks/test_requests.py::test_sign_in_leads_to_our_own_pages_only
        attacks/test_requests.py::test_htmx_headers_allow_nothing
        portal/test_account.py::test_how_times_are_read_is_remembered_and_leads_back
        link/test_visits.py::test_values_are_encoded_so_that_none_can_reach_beyond_its_place
        link/test_settings.py::test_what_is_wrong_is_said_beside_it_and_nothing_is_kept
        """,
    ),
    26: _row(
        "Forged answers of an OpenID provider",
        "refused",
        reason="Nobody signs in with another provider: there are passwords, a second step and "
        "passkeys. Platforms authorize access to books, which tells us no identity.",
    ),
    27: _row(
        "OAuth callback without, with another's, an old or a used state; other browser; other path",
        "400 in words, and no code is redeemed",
        """
        link/test_link_pages.py::test_a_state_nobody_gave_is_refused
        link/test_link_pages.py::test_a_state_in_another_browser_is_refused
        link/test_link_pages.py::test_a_state_that_is_too_old_is_refused
        link/test_link_pages.py::test_a_state_for_another_platform_is_refused
        link/test_link_pages.py::test_a_reload_of_the_callback_shows_the_result_again
        link/test_link_pages.py::test_a_callback_without_its_parts_is_refused
        """,
    ),
    28: _row(
        "Callback with an error that carries markup",
        "a calm page, escaped; the connection stays pending",
        """
        link/test_link_pages.py::test_what_a_platform_calls_its_error_is_not_repeated_blindly
        link/test_link_pages.py::test_saying_no_leaves_it_pending_with_the_reason
        """,
    ),
    32: _row(
        "A Link URL guessed, altered, expired, revoked, used or of a deleted company",
        "one and the same page; only so many tries a minute",
        """
        link/test_link_pages.py::test_unknown_expired_and_revoked_links_look_alike
        connections/test_links.py::test_a_token_that_was_altered_leads_nowhere
        connections/test_links.py::test_the_id_alone_does_not_open_the_link
        link/test_one_time.py::test_another_browser_finds_the_code_used
        link/test_link_pages.py::test_opening_a_link_too_often_is_slowed_down
        """,
    ),
    34: _row(
        "Look on a Link page for data, people, ids, other connections",
        "none of it",
        """
        attacks/test_tenants.py::test_a_link_page_tells_nothing_but_whom_it_is_for
        link/test_upload.py::test_a_link_shows_no_files_but_its_own_uploads
        """,
    ),
    36: _row(
        "A token endpoint refuses, fails, answers HTML or nothing",
        "deauthorized only where the authorization ended; else tried again with the token before",
        """
        connections/test_refresh.py::test_an_ended_authorization_deauthorizes_once
        connections/test_refresh.py::test_an_outage_or_a_fault_of_ours_never_deauthorizes
        connections/test_refresh.py::test_no_answer_at_all_never_deauthorizes
        connections/test_refresh.py::test_after_a_lost_answer_the_token_before_is_offered_too
        """,
    ),
    38: _row(
        "An encrypted token copied to another row, with a bit flipped, in another field",
        "it does not open",
        """
        connections/test_lifecycle.py::test_tokens_are_sealed_for_their_row_and_field
        attacks/test_secrets.py::test_a_ciphertext_with_any_bit_flipped_does_not_open
        webhooks/test_operations.py::test_what_is_sealed_opens_in_its_own_row_only
        """,
    ),
    39: _row(
        "Search log, database, broker and task arguments for secrets",
        "none",
        """
        attacks/test_secrets.py::test_no_secret_is_kept_or_written_anywhere
        attacks/test_secrets.py::test_a_dump_of_the_database_has_no_secret
        sync/test_tasks.py::test_a_message_carries_ids_and_nothing_else
        portal/test_logs.py::test_a_link_url_is_never_written_whole
        api/test_gateway.py::test_the_database_does_not_hold_the_key
        """,
    ),
    40: _row(
        "Many refreshes at once, and with the same Idempotency-Key",
        "one pull of each type; another body under the same key is refused",
        """
        sync/test_races.py::test_refreshes_at_once_pull_every_type_once
        sync/test_tasks.py::test_of_many_who_ask_at_once_one_starts_the_pull
        api/test_gateway.py::test_another_body_is_refused
        """,
    ),
    43: _row(
        "A worker dies in the middle",
        "its pull goes on after the last page, or fails with its reason",
        """
        sync/test_claims.py::test_the_pull_of_a_lost_worker_goes_on_after_its_last_page
        sync/test_claims.py::test_a_pull_that_loses_every_worker_without_progress_is_given_up
        chaos/test_points.py::test_a_worker_that_dies_at_a_point_loses_and_doubles_nothing
        """,
    ),
    44: _row(
        "A platform closes after half a page",
        "what was published stays; nothing partial",
        """
        sync/test_publishing.py::test_a_fault_in_the_last_step_leaves_everything_as_it_was
        sync/test_sandbox_faults.py::test_what_passes_by_itself_is_waited_for
        sync/test_sandbox_faults.py::test_what_does_not_pass_ends_the_pull_in_words
        """,
    ),
    47: _row(
        "A record without id, of wrong types, with 1e400, NaN, NUL, half a pair, day 0",
        "kept aside with its reason; the rest stored; counts add up",
        """
        attacks/test_records.py::test_a_record_that_cannot_be_is_kept_aside_and_the_rest_stored
        sync/test_engine.py::test_a_bad_record_is_kept_aside_and_stops_no_other
        sync/test_engine.py::test_with_a_nameless_bad_record_nothing_is_taken_for_deleted
        """,
    ),
    49: _row(
        "Retry-After of 30, a date, −5, 999999, nonsense",
        "waited for, within bounds",
        """
        connections/platforms/test_http.py::test_retry_after_is_read_and_clamped
        connections/platforms/test_http.py::test_date_in_retry_after_is_waited_for
        connections/platforms/test_http.py::test_long_wait_is_left_to_the_caller
        """,
    ),
    50: _row(
        "A gzip bomb, a byte a second, an answer without end",
        "cut at the limits of size and time",
        """
        connections/platforms/test_http.py::test_size_counts_after_decompression
        connections/platforms/test_http.py::test_endless_answer_is_cut
        connections/platforms/test_http.py::test_dripping_answer_ends_at_the_deadline
        """,
    ),
    51: _row(
        "A webhook to our own machine or network, however it is written",
        "refused when saved and when sent; nothing dialled",
        """
        connections/test_addresses.py::test_an_inner_address_is_refused_when_saved
        connections/test_addresses.py::test_an_inner_address_is_refused_when_sending_and_nothing_is_dialled
        connections/test_addresses.py::test_one_private_address_among_public_ones_is_enough
        connections/platforms/test_guard.py::test_private_address_is_known_in_every_form
        webhooks/test_relay.py::test_a_private_address_is_refused_when_sending_too
        """,
    ),
    53: _row(
        "An endpoint that redirects to the metadata service",
        "a failure; not followed",
        """
        webhooks/test_relay.py::test_odd_endpoints_are_bounded
        connections/platforms/test_http.py::test_redirect_is_not_followed
        """,
    ),
    54: _row(
        "Another scheme or port, control characters in an address",
        "refused",
        """
        connections/test_addresses.py::test_what_nothing_may_be_sent_to_is_refused
        connections/test_addresses.py::test_control_characters_are_refused
        """,
    ),
    55: _row(
        "An endpoint that hangs, drips, or answers without end",
        "cut; other endpoints are served meanwhile",
        """
        webhooks/test_relay.py::test_odd_endpoints_are_bounded
        webhooks/test_relay.py::test_at_most_five_requests_at_once_whatever_number_of_relays
        webhooks/test_flaky.py::test_no_event_is_lost_to_flaky_endpoints
        """,
    ),
    57: _row(
        "An endpoint that fails for days, once answers, or is gone",
        "disabled and told / stays / disabled at once; all can be sent again",
        """
        webhooks/test_relay.py::test_an_endpoint_that_only_fails_is_disabled_and_one_success_clears_it
        webhooks/test_relay.py::test_gone_disables_at_once_and_what_waits_can_be_recovered
        webhooks/test_alerts.py::test_those_who_can_mend_it_hear_of_a_disabled_endpoint_once
        """,
    ),
    59: _row(
        "Uploads: HTML as CSV, polyglots, SVG, a virus, a bomb, odd names, nothing, too much",
        "refused, or kept inert and only ever saved; names cleaned",
        """
        attacks/test_uploads.py::test_what_pretends_is_refused_or_only_ever_saved
        attacks/test_uploads.py::test_an_archive_that_unpacks_without_end_is_not_unpacked
        files/test_kinds.py::test_nothing_else_is_taken_whatever_it_is_called
        files/test_kinds.py::test_a_name_keeps_its_sense_and_loses_what_harms
        files/test_views.py::test_a_download_is_saved_and_never_shown
        files/test_scanning.py::test_an_infected_file_stays_locked_for_good
        portal/test_body_limit.py::test_a_large_body_that_is_announced_is_not_read_at_all
        """,
    ),
    61: _row(
        "Names that a spreadsheet would run, in an export",
        "text; numbers stay numbers",
        """
        portal/test_csv.py::test_a_text_that_would_be_a_formula_is_marked_as_text
        portal/test_csv.py::test_numbers_stay_numbers_to_the_last_digit
        companies/test_views.py::test_the_list_is_taken_away_as_a_table_without_formulas
        """,
    ),
    62: _row(
        "Markup, scripts and htmx in every text of the platform's and of people's, on every page",
        "text; nothing runs, nothing is asked for, the policy has nothing to stop",
        """
        browser/test_hostile_texts.py::test_nothing_that_anybody_wrote_runs
        portal/test_mail.py::test_what_people_are_called_is_no_markup
        attacks/test_static.py::test_markup_is_never_taken_from_texts
        """,
    ),
    64: _row(
        "Queries with SQL, lookups, depth, length, look-alikes, numbers beyond all",
        "400 with the place; never 500, never slow",
        """
        attacks/test_queries.py::test_a_query_that_attacks_is_refused_or_a_plain_text
        sync/query/test_parser.py::test_any_text_is_read_or_refused_with_its_own_error
        sync/query/test_parser.py::test_length_depth_and_clauses_are_limited
        sync/query/test_parser.py::test_reading_takes_time_in_proportion_to_the_length
        """,
    ),
    66: _row(
        "Page 10⁹, sizes of 0, −1 and words, positions made up",
        "400, or the first page",
        """
        api/test_hostile.py::test_pages_that_are_none
        api/test_hostile.py::test_the_last_page_there_could_be
        companies/test_listing.py::test_a_tampered_position_leads_to_the_first_page
        portal/test_keyset.py::test_a_tampered_position_leads_to_the_first_page
        """,
    ),
    67: _row(
        "JSON too large, too deep, twice, in other encodings, of another type",
        "413, 400 or 415; never 500",
        """
        attacks/test_requests.py::test_bodies_that_readers_disagree_about_are_refused
        attacks/test_requests.py::test_a_body_of_another_type_is_read_as_json_or_refused
        attacks/test_requests.py::test_a_body_that_is_said_to_be_huge_is_not_read
        api/test_hostile.py::test_bodies_that_are_none
        api/test_conformance.py::test_it_does_what_its_document_says
        """,
    ),
    68: _row(
        "Two thousand parameters, doubled ones, NUL in paths, endless paths, TRACE",
        "400, 404 or 405",
        """
        attacks/test_requests.py::test_parameters_without_end_or_twice
        attacks/test_requests.py::test_paths_that_are_none
        attacks/test_requests.py::test_methods_that_nothing_knows
        """,
    ),
    71: _row(
        "Support staff without a grant, after it, for another organization; make a key meanwhile",
        "nothing; what they did stands in the organization's own log",
        """
        support/test_admin.py::test_without_a_grant_every_page_leads_to_asking_for_one
        support/test_grants.py::test_access_that_ran_out_is_closed
        support/test_admin.py::test_a_grant_for_one_organization_opens_no_other
        attacks/test_tenants.py::test_support_staff_are_no_members_with_or_without_a_grant
        support/test_admin.py::test_the_organization_reads_it_in_its_audit_log
        """,
    ),
    73: _row(
        "An invitation used again or by somebody else; the last administrator leaves",
        "refused",
        """
        companies/test_team.py::test_a_link_is_good_for_one
        companies/test_team.py::test_somebody_else_cannot_take_an_invitation
        companies/test_team.py::test_a_link_that_ended_opens_nothing
        companies/test_team.py::test_the_last_administrator_stays
        """,
    ),
}
