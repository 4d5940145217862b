-- The ledger, its sums, and what was found. Names come from logs and may be long: every row is found by a 128-bit
-- key that Gnomon computes. Documents are json and not jsonb: they are written far more often than looked into,
-- and json keeps an escaped U+0000, which a stranger may well have put into a user agent.

create table activity (
  uid uuid primary key,
  -- Epoch milliseconds, as all times here; event time.
  start_time bigint not null,
  entry json not null
);
create index activity_by_start on activity (start_time, uid);

create table usage_hourly (
  key uuid primary key,
  hour bigint not null,
  view text not null,
  source text not null,
  account text not null,
  principal text not null,
  provider text not null,
  model text not null,
  region text not null,
  owner text not null,
  verdict text not null,
  calls bigint not null,
  failures bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cache_read_tokens bigint not null,
  reasoning_tokens bigint not null,
  estimated_nano_usd bigint not null,
  billed_nano_usd bigint not null,
  unpriced_calls bigint not null
);
create index usage_hourly_by_hour on usage_hourly (hour);

create table entity (
  key uuid primary key,
  type text not null,
  uid text not null,
  name text not null,
  first_seen_time bigint not null,
  last_seen_time bigint not null
);

-- What one rule knows about one group; whoever holds the row's lock may change what is remembered of it.
create table rule_group (
  key uuid primary key,
  state json not null
);

create table rule_state (
  key uuid primary key,
  group_key uuid not null,
  state json not null
);
create index rule_state_by_group on rule_state (group_key);

create table finding (
  uid uuid primary key,
  status text not null,
  revision integer not null,
  finding json not null,
  -- What is needed to restate it: matches by level, the earliest matches and the latest.
  held json not null
);

-- Each activity, or group of a rule, that supports a finding.
create table finding_match (
  finding uuid not null,
  time bigint not null,
  supporter uuid not null,
  match json not null,
  primary key (finding, time, supporter)
);
