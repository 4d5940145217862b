-- What the watch over spend has learned of each series, up to a morning some days back: later hours are read again from
-- usage_hourly. All rows are of the same morning, and are written together.

create table series_state (
  key uuid primary key,
  kind text not null,
  uid text not null,
  -- Hours since 1970: those before are learned.
  next_hour integer not null,
  -- 256 float32, little-endian: shared/cost/series-state.ts.
  state bytea not null,
  rest json not null
);

-- What a person said of an alert, and of which series it was: the watch learns from it whenever it passes that hour.
alter table finding_event
  add column feedback json;
