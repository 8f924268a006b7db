-- Puts a promoted job back to the tail of its queue.
--
-- KEYS[1] system_daemon:promoted:<q>   hash, id to payload
-- KEYS[2] queue:<q>                    list, payloads
-- KEYS[3] queues                       set, names of queues
-- KEYS[4] job:<id>:status              string, only if the producer asked
-- ARGV[1] id    ARGV[2] seconds since the epoch    ARGV[3] payload    ARGV[4] the queue's name
-- Returns 1, or 0 when it was not there any more
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('SADD', KEYS[3], ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[3])
set_status(KEYS[4], '1', ARGV[2])
return 1
