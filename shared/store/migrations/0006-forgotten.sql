-- When an activity ended, which is its age. An older version does not note it; none of its rows lasts longer than the
-- month of a bill.
alter table activity add column end_time bigint;

-- One row: what ended before is forgotten. Read again it would count twice, so it is not taken.
create table forgotten (
  one boolean primary key default true check (one),
  before bigint not null
);
