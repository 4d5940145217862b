-- For whom a use was, as tags say, and what failed calls cost. An older version writes neither, and its rows stay as
-- they are.

alter table usage_hourly
  add column team text not null default '',
  add column app text not null default '',
  add column customer text not null default '',
  add column task text not null default '',
  add column failed_nano_usd bigint not null default 0;
