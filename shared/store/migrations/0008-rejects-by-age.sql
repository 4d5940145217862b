-- Rejects are listed by age, and removed by it.
create index reject_by_seen on reject (seen_time, key);
