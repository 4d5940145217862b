-- What bills come to in a currency for which no rate is known. An older version writes none of it, and the bills it
-- read are not listed.

alter table usage_hourly
  add column currency text not null default '',
  add column unrated_lines bigint not null default 0,
  add column unrated_micro bigint not null default 0;
