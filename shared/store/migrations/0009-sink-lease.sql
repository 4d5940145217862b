-- Who tells a sink now, and until when nobody else does. Gone when that one is done, expired where it was killed.
create table sink_lease (
  sink text primary key,
  holder uuid not null,
  until timestamptz not null
);
