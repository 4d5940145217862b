-- What the pipeline remembers beside what it found: where collectors stand, what sinks were told, what people did.

create table cursor (
  collector text not null,
  part text not null,
  value text not null,
  primary key (collector, part)
);

-- Per source: the latest event it told of, and when we heard it last. Silence is a finding.
create table coverage (
  source text primary key,
  last_event_time bigint not null,
  heard_time bigint not null
);

create table reject (
  key uuid primary key,
  source text,
  reason text not null,
  place text not null,
  record integer,
  seen_time bigint not null,
  replayed boolean not null default false
);

-- Status and level that a sink was told last; `refused` where it will never take the finding.
create table delivery (
  sink text not null,
  finding uuid not null,
  status text not null,
  level text not null,
  times integer not null,
  reference text,
  refused text,
  primary key (sink, finding)
);

-- Who changed a finding's status, when, and up to which event it had been seen then.
create table finding_event (
  finding uuid not null,
  number integer not null,
  time bigint not null,
  status text not null,
  by_whom text not null,
  note text,
  seen_until bigint not null,
  primary key (finding, number)
);
