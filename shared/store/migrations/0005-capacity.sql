-- What of a bill is for capacity that is paid by the hour. An older version adds nothing to it, and its bills stay as
-- they are.

alter table usage_hourly add column capacity_nano_usd bigint not null default 0;
