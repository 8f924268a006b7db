-- Takes jobs from a dead consumer: back to the head of the queue in their order, or to failed.
--
-- KEYS[1] system_daemon:reaper:<q>                  string, who reaps; expires
-- KEYS[2] system_daemon:consumer:<consumer>:<q>     hash, the consumer's session; expires
-- KEYS[3] system_daemon:processing:<consumer>:<q>   hash, token to payload
-- KEYS[4] queue:<q>                                 list, payloads
-- KEYS[5] queues                                    set, names of queues
-- KEYS[6] failed                                    list, failure items
-- KEYS[7] stat:processed    KEYS[8] stat:failed     strings, integers
-- KEYS[9] ... job:<id>:status of each job           strings, only if the producer asked
-- ARGV[1] the reaper    ARGV[2] seconds since the epoch    ARGV[3] the queue's name
-- ARGV[4] ... of each job token, payload as it was read, 'queue' or 'failed', what to push there
-- Returns {given back, buried}; {-1, -1} when the consumer lives or another one reaps
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then
  return {-1, -1}
end
local given, buried = 0, 0
for index = #KEYS - 8, 1, -1 do
  local at = 4 * index
  if redis.call('HGET', KEYS[3], ARGV[at]) == ARGV[at + 1] then
    redis.call('HDEL', KEYS[3], ARGV[at])
    if ARGV[at + 2] == 'queue' then
      redis.call('LPUSH', KEYS[4], ARGV[at + 3])
      set_status(KEYS[8 + index], '1', ARGV[2])
      given = given + 1
    else
      redis.call('RPUSH', KEYS[6], ARGV[at + 3])
      set_status(KEYS[8 + index], '3', ARGV[2])
      buried = buried + 1
    end
  end
end
if given > 0 then
  redis.call('SADD', KEYS[5], ARGV[3])
end
if buried > 0 then
  redis.call('INCRBY', KEYS[7], buried)
  redis.call('INCRBY', KEYS[8], buried)
end
return {given, buried}
