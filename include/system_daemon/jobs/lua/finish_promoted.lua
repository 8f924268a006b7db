-- Ends a promoted job: it succeeded, or it moves to the failed list.
--
-- KEYS[1] system_daemon:promoted:<q>   hash, id to payload
-- KEYS[2] stat:processed               string, an integer
-- KEYS[3] stat:failed                  string, an integer
-- KEYS[4] failed                       list, failure items
-- KEYS[5] job:<id>:status              string, only if the producer asked
-- ARGV[1] id    ARGV[2] seconds since the epoch    ARGV[3] the failure item, or '' for success
-- Returns 1, or 0 when it was not there any more
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('INCR', KEYS[2])
if ARGV[3] == '' then
  set_status(KEYS[5], '4', ARGV[2])
else
  redis.call('INCR', KEYS[3])
  redis.call('RPUSH', KEYS[4], ARGV[3])
  set_status(KEYS[5], '3', ARGV[2])
end
return 1
