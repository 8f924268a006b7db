-- Takes one failure item: to the tail of its queue, to the promoted jobs, or away.
--
-- KEYS[1] failed                       list, failure items
-- KEYS[2] queue:<q>                    list, payloads
-- KEYS[3] queues                       set, names of queues
-- KEYS[4] system_daemon:promoted:<q>   hash, id to payload
-- KEYS[5] job:<id>:status              string, only if the producer asked
-- ARGV[1] the item    ARGV[2] 'queue', 'promoted' or 'away'    ARGV[3] payload
-- ARGV[4] the queue's name    ARGV[5] id    ARGV[6] seconds since the epoch
-- Returns 1, or 0 when the item is not there any more or another job with its id is promoted
if ARGV[2] == 'promoted' and redis.call('HEXISTS', KEYS[4], ARGV[5]) == 1 then
  return 0
end
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then
  return 0
end
if ARGV[2] == 'queue' then
  redis.call('SADD', KEYS[3], ARGV[4])
  redis.call('RPUSH', KEYS[2], ARGV[3])
  set_status(KEYS[5], '1', ARGV[6])
elseif ARGV[2] == 'promoted' then
  redis.call('HSET', KEYS[4], ARGV[5], ARGV[3])
  set_status(KEYS[5], '2', ARGV[6])
end
return 1
