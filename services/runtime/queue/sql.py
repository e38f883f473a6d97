"""The queue's statements.

`:now` is the transaction's time by the database's clock, a constant, so partial indexes serve. Statements marked
"under the slot" run after the user's row of `user_slots` was locked, with a snapshot taken after that: that row is the
lock of all the user's work, so waiting work needs no lock of its own and counts are plain arithmetic.
"""

from services.runtime.statements import Statement

ENQUEUE = Statement(
    """
    with slot as (
        insert into user_slots as s (kind, tenant_id, user_id, waiting, running, next_at)
        values (:kind, :tenant_id, :user_id, 1, 0, :run_after)
        on conflict (kind, tenant_id, user_id) do update
            set waiting = s.waiting + 1, next_at = least(s.next_at, excluded.next_at)
            where s.waiting < :waiting_limit
        returning 1
    )
    insert into work_items (
        id, kind, tenant_id, user_id, priority, run_after, attempt, spent, max_attempts, enqueued_at
    )
    select cast(:id as uuid), cast(:kind as text), cast(:tenant_id as uuid), cast(:user_id as uuid),
        cast(:priority as smallint), cast(:run_after as timestamptz), cast(:attempt as int), 0,
        cast(:max_attempts as int), cast(:now as timestamptz)
    from slot
    returning id
    """
)

ENQUEUE_LEASED = Statement(
    """
    with slot as (
        insert into user_slots as s (kind, tenant_id, user_id, waiting, running)
        values (:kind, :tenant_id, :user_id, 0, 1)
        on conflict (kind, tenant_id, user_id) do update set running = s.running + 1
            where s.running < :running_limit and s.waiting = 0
        returning 1
    )
    insert into work_items (
        id, kind, tenant_id, user_id, priority, run_after, attempt, spent, max_attempts, enqueued_at, owner,
        lease_expires_at, started_at
    )
    select cast(:id as uuid), cast(:kind as text), cast(:tenant_id as uuid), cast(:user_id as uuid),
        cast(:priority as smallint), cast(:run_after as timestamptz), cast(:attempt as int) + 1, 1,
        cast(:max_attempts as int), cast(:now as timestamptz), cast(:owner as uuid),
        cast(:expires_at as timestamptz), cast(:now as timestamptz)
    from slot
    returning attempt
    """
)
"""ENQUEUE and CLAIM in one, for a worker that waits. Only where nothing of the user's waits: order and limits hold."""

LOCK_CANDIDATES = Statement(
    """
    with expired as (
        select kind, tenant_id, user_id from work_items
        where owner is not null and lease_expires_at <= :now and kind = any(:kinds)
        order by lease_expires_at limit :expired_limit
    ), lost as (
        select s.kind, s.tenant_id, s.user_id from user_slots s
        where (s.kind, s.tenant_id, s.user_id) in (select kind, tenant_id, user_id from expired)
        for update of s skip locked
    ), ready as (
        select s.kind, s.tenant_id, s.user_id from user_slots s
        where s.running < :running_limit and s.next_at <= :now and s.kind = any(:kinds)
        order by s.running, s.next_at limit :limit
        for update of s skip locked
    )
    select kind, tenant_id, user_id, true as lost from lost
    union all
    select kind, tenant_id, user_id, false as lost from ready
    """
)
"""Never waits: a slot somebody else has is passed over. Users with expired leases, then the readiest users."""

EXPIRED = Statement(
    """
    select w.id, w.kind, w.tenant_id, w.user_id, w.owner, w.attempt, w.spent, w.max_attempts, w.run_after,
        w.cancel_requested, w.last_error
    from work_items w
    join unnest(cast(:kinds as text[]), cast(:tenants as uuid[]), cast(:users as uuid[]))
            as s (kind, tenant_id, user_id)
        on (w.kind, w.tenant_id, w.user_id) = (s.kind, s.tenant_id, s.user_id)
    where w.owner is not null and w.lease_expires_at <= :now
    for update of w skip locked
    """
)
"""Under the slots. A lease being renewed at this moment is passed over."""

CLAIM = Statement(
    """
    with slot as (
        select s.kind, s.tenant_id, s.user_id, s.running
        from user_slots s
        join unnest(cast(:kinds as text[]), cast(:tenants as uuid[]), cast(:users as uuid[]))
                as c (kind, tenant_id, user_id)
            on (s.kind, s.tenant_id, s.user_id) = (c.kind, c.tenant_id, c.user_id)
        where s.running < :running_limit
    ), picked as (
        select w.id, slot.kind, slot.tenant_id, slot.user_id
        from slot
        cross join lateral (
            select id, run_after,
                slot.running + row_number() over (order by priority desc, run_after, id) as place
            from work_items
            where kind = slot.kind and tenant_id = slot.tenant_id and user_id = slot.user_id
                and owner is null and run_after <= :now
            order by place
            limit least(:limit, :running_limit - slot.running)
        ) w
        order by w.place, w.run_after, w.id
        limit :limit
    ), leased as (
        update work_items w
        set owner = :owner, lease_expires_at = :expires_at, started_at = :now,
            attempt = w.attempt + 1, spent = w.spent + 1, progress = 0, step = ''
        from picked where w.id = picked.id
        returning w.id, w.kind, w.tenant_id, w.user_id, w.attempt, w.spent, w.max_attempts, w.enqueued_at
    ), counted as (
        update user_slots s
        set running = s.running + taken.number, waiting = s.waiting - taken.number, next_at = (
            select min(w.run_after) from work_items w
            where w.kind = s.kind and w.tenant_id = s.tenant_id and w.user_id = s.user_id and w.owner is null
                and w.id not in (select id from picked)
        )
        from (select kind, tenant_id, user_id, count(*) as number from picked group by 1, 2, 3) taken
        where (s.kind, s.tenant_id, s.user_id) = (taken.kind, taken.tenant_id, taken.user_id)
    )
    select id, kind, tenant_id, user_id, attempt, spent, max_attempts, enqueued_at from leased
    """
)
"""Under the slots. A user's second piece counts as if the first ran already, so a large claim is fair within itself."""

LOCK_SLOT = Statement(
    """
    select s.kind from user_slots s
    join work_items w on (w.kind, w.tenant_id, w.user_id) = (s.kind, s.tenant_id, s.user_id)
    where w.id = :id
    for update of s
    """
)

FETCH = Statement(
    """
    select id, kind, tenant_id, user_id, owner, attempt, spent, max_attempts, run_after, cancel_requested, last_error
    from work_items where id = :id for update
    """
)
"""Under the slot. Waits at most for a heartbeat."""

END = Statement(
    """
    with gone as (
        delete from work_items where id = :id
        returning kind, tenant_id, user_id, owner is not null as leased
    )
    update user_slots s
    set running = s.running - case when gone.leased then 1 else 0 end,
        waiting = s.waiting - case when gone.leased then 0 else 1 end,
        next_at = case when gone.leased then s.next_at else (
            select min(w.run_after) from work_items w
            where w.kind = s.kind and w.tenant_id = s.tenant_id and w.user_id = s.user_id and w.owner is null
                and w.id <> :id
        ) end
    from gone
    where (s.kind, s.tenant_id, s.user_id) = (gone.kind, gone.tenant_id, gone.user_id)
    returning s.kind, s.next_at
    """
)
"""Under the slot."""

FINISH = Statement(
    """
    with slot as materialized (
        select s.kind, s.tenant_id, s.user_id from user_slots s
        join work_items w on (w.kind, w.tenant_id, w.user_id) = (s.kind, s.tenant_id, s.user_id)
        where w.id = :id
        for update of s
    ), gone as (
        delete from work_items w using slot
        where w.id = :id and w.owner = :owner and w.attempt = :attempt and not w.cancel_requested
            and (w.kind, w.tenant_id, w.user_id) = (slot.kind, slot.tenant_id, slot.user_id)
        returning w.kind, w.tenant_id, w.user_id, w.spent, w.max_attempts
    )
    update user_slots s set running = s.running - 1
    from gone
    where (s.kind, s.tenant_id, s.user_id) = (gone.kind, gone.tenant_id, gone.user_id)
    returning s.kind, s.next_at, gone.spent, gone.max_attempts
    """
)
"""LOCK_SLOT, FETCH and END of held work in one round trip. The join makes the slot's lock come before the work's.
Ending leased work changes `running` by arithmetic on the newest row and `next_at` not at all, so the older snapshot
does no harm.
"""

RELEASE = Statement(
    """
    with back as (
        update work_items
        set owner = null, lease_expires_at = null, started_at = null, progress = 0, step = '',
            run_after = :run_after, spent = :spent, last_error = :last_error
        where id = :id and owner is not null
        returning kind, tenant_id, user_id
    )
    update user_slots s
    set running = s.running - 1, waiting = s.waiting + 1, next_at = least(s.next_at, cast(:run_after as timestamptz))
    from back
    where (s.kind, s.tenant_id, s.user_id) = (back.kind, back.tenant_id, back.user_id)
    """
)
"""Under the slot."""

NEW_ROUND = Statement(
    """
    with again as (
        update work_items
        set run_after = :now, spent = 0, max_attempts = :max_attempts, priority = :priority,
            attempt = greatest(attempt, :attempt), last_error = ''
        where id = :id and owner is null
        returning kind, tenant_id, user_id
    )
    update user_slots s set next_at = least(cast(:now as timestamptz), (
        select min(w.run_after) from work_items w
        where w.kind = s.kind and w.tenant_id = s.tenant_id and w.user_id = s.user_id and w.owner is null
            and w.id <> :id
    ))
    from again
    where (s.kind, s.tenant_id, s.user_id) = (again.kind, again.tenant_id, again.user_id)
    """
)
"""Under the slot."""

REQUEST_CANCEL = Statement("update work_items set cancel_requested = true where id = :id")

HEARTBEAT = Statement(
    """
    with beat as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:attempts as int[]), cast(:progress as smallint[]), cast(:steps as text[])
        ) as b (id, attempt, progress, step)
    ), held as (
        select w.id from work_items w join beat on beat.id = w.id and beat.attempt = w.attempt
        where w.owner = :owner
        for no key update of w skip locked
    ), renewed as (
        update work_items w
        set lease_expires_at = :expires_at, progress = greatest(w.progress, beat.progress), step = beat.step
        from beat where w.id = beat.id and w.id in (select id from held)
    )
    select beat.id, w.id is null as lost, coalesce(w.cancel_requested, false) as cancelled
    from beat left join work_items w on w.id = beat.id and w.attempt = beat.attempt and w.owner = :owner
    """
)
"""Takes no slot, so it must wait for nobody: work that is being ended or cancelled right now is passed over."""

CONTENDED = Statement(
    """
    select exists (
        select 1 from user_slots where running < :running_limit and next_at <= :now and kind = any(:kinds)
    )
    """
)

STANDING = Statement(
    """
    select id, owner is not null as leased, progress, step, attempt, spent, max_attempts, run_after, started_at,
        cancel_requested, last_error
    from work_items where id = any(:ids)
    """
)

DEPTHS = Statement(
    """
    select kind,
        count(*) filter (where owner is null and run_after <= :now) as ready,
        count(*) filter (where owner is null and run_after > :now) as delayed,
        count(*) filter (where owner is not null and lease_expires_at > :now) as running,
        count(*) filter (where owner is not null and lease_expires_at <= :now) as expired,
        coalesce(extract(epoch from cast(:now as timestamptz)
            - min(run_after) filter (where owner is null and run_after <= :now)), 0) as oldest
    from work_items group by kind order by kind
    """
)

HOLD_SLOT = Statement(
    """
    insert into user_slots (kind, tenant_id, user_id, waiting, running) values (:kind, :tenant_id, :user_id, 0, 0)
    on conflict (kind, tenant_id, user_id) do update set waiting = user_slots.waiting
    """
)

LOCK_USER = Statement(
    """
    select kind from user_slots where tenant_id = :tenant_id and user_id = :user_id order by kind for update
    """
)
FORGET_WORK = Statement("delete from work_items where tenant_id = :tenant_id and user_id = :user_id")
FORGET_SLOTS = Statement("delete from user_slots where tenant_id = :tenant_id and user_id = :user_id")
